/*
 * paused - the field paused: of an instance: leave it alone, for now or until a date.
 */
#pragma once

#include "schema/reading.h"

#define PAUSED_MOST_REASON 500 /* bytes */

void paused_read(struct reading *r, const struct node *value, struct document *d);
