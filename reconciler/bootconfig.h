/*
 * bootconfig - what is fixed at a container's start: environment, id map, boot order, raw.lxc.
 * Objects "config" with an LXC item as attribute ("lxc.environment.FOO", "lxc.idmap"); observed by
 * what the running container was started with. Effect restart: in the boot file now, pending until
 * somebody restarts.
 */
#pragma once

#include "schema/driver.h"

extern const struct driver bootconfig_driver; /* object "config" */
