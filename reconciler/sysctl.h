/*
 * sysctl - linux.sysctl.*: written live inside the container's namespaces where the kernel allows.
 */
#pragma once

#include "schema/driver.h"

extern const struct driver sysctl_driver; /* object "sysctl", attributes as in sysctl.conf(5) */
