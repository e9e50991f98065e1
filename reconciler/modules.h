/*
 * modules - linux.kernel_modules: loaded on the host, never unloaded.
 */
#pragma once

#include "schema/driver.h"

extern const struct driver modules_driver; /* object "modules", attribute: the module's name */
