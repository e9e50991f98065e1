/*
 * export_idmap - the lines of raw.idmap that punch a container's map into the default one.
 */
#pragma once

#include "reconciler/export.h"

/* Adds raw.idmap (or security.privileged for an empty one) to E for the map TEXT, "u 0 100000
 * 65536; g 0 100000 65536". Nothing where it is the default map, or has nothing to do with it. */
void export_idmap(struct exported *e, const struct host *host, const char *text);
