/*
 * devices - the devices: of an instance or a profile: types known, options known, values good.
 */
#pragma once

#include "schema/reading.h"

void devices_read(struct reading *r, const struct node *value, struct devices *out);
