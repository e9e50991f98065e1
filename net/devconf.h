/*
 * devconf - settings of single interfaces: /proc/sys/net/FAMILY/conf/INTERFACE/KEY.
 */
#pragma once

#include <stddef.h>

#define DEVCONF_MOST 16

/* FAMILY: "ipv4", "ipv6"; INTERFACE may be "all" or "default". 0 or -errno: -ENOENT when this
 * kernel, or this host, has no such family. */
int devconf_read(const char *family, const char *interface, const char *key,
		 char value[DEVCONF_MOST]);
int devconf_write(const char *family, const char *interface, const char *key, const char *value);
