/*
 * export_nics - from the interfaces that a container has to the nic devices that would ask for
 * them.
 */
#pragma once

#include "reconciler/export.h"

/* Adds to E the nics among HELD (sorted): one device for each, called as it is inside, or as in the
 * record: OWNED (sorted; may be NULL). */
void export_nics(struct exported *e, const struct properties *held, const struct properties *owned);

/* Adds to OUT the interfaces that C's own config will bring, as if they were there. */
void export_own_nics(const struct container *c, struct properties *out);
