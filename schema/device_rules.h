/*
 * device_rules - what the options of one device owe each other: needed, excluding, only with some
 * kinds; and what the devices of one document owe each other.
 */
#pragma once

#include "schema/reading.h"

void device_rules_check(struct reading *r, const struct device *d);

/* No two disks of one document on one path. */
void device_rules_check_paths(struct reading *r, const struct devices *devices);
