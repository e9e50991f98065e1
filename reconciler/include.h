/*
 * include - the last line of a container's config, which takes our boot file in.
 * Pure text: what a config says about us, the config as its owner wrote it, and the config mended.
 * The owner's lines keep their bytes and their order; only our include line comes and goes, and
 * lxc.idmap lines are commented out in place while the boot file holds the map.
 */
#pragma once

#include "reconciler/bootfile.h"

/* Before a line of the owner's that the boot file stands in for. */
#define INCLUDE_ASIDE "#evenkeel# "

/* A config file; NULL: there is none that can be read. Never waits: what is no file is none. */
char *include_read(int dir, const char *path, struct arena *a);

/* How CONFIG includes BOOT_PATH. A file of the same name elsewhere is another container's. */
enum include_state include_find(const char *config, const char *boot_path);

/* CONFIG as its owner wrote it: without our include lines, his own lines back in force. */
char *include_own(const char *config, struct arena *a);

/* CONFIG with BOOT_PATH included by the last line (NULL: by none) and other boot files by none.
 * TAKE_IDMAP: lxc.idmap lines are commented out, else put back. -EINVAL: the path cannot be
 * written into LXC's grammar. */
int include_mend(const char *config, const char *boot_path, bool take_idmap, struct arena *a,
		 char **out);

/* The first file among those that CONFIG includes (and they in turn) that sets lxc.idmap; NULL:
 * none. Our own boot files are not looked at. */
const char *include_with_idmap(const char *config, struct arena *a);

/* Has CONFIG itself lines for lxc.net.INDEX? *TYPE: what it says last of its type, as LXC reads it
 * and not NUL-terminated, N bytes; NULL: nothing. */
bool include_net(const char *config, unsigned index, const char **type, size_t *n);

/* The value of the last line of CONFIG itself that sets KEY, as LXC reads it; NULL: none. */
const char *include_value(const char *config, const char *key, struct arena *a);
