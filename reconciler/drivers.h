/*
 * drivers - the table of all drivers, one for each kind of object.
 */
#pragma once

#include "schema/driver.h"

/* Sorted by kind. */
extern const struct driver *const drivers[];
extern const size_t n_drivers;

/* NULL: nobody's. */
const struct driver *driver_for(const char *object);
