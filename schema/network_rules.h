/*
 * network_rules - what the keys of a network have to do with its type and with one another.
 */
#pragma once

#include "schema/reading.h"

/* D is a network with its fields read; SOUND: nothing in them was wrong, so that what is not there
 * was not given. */
void network_rules_check(struct reading *r, const struct document *d, bool sound);
