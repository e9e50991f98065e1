/*
 * commandsock - the sockets on which monitors answer liblxc, and whose they really are.
 * Their names are abstract: any user of the host may take one, and liblxc asks whoever has it and
 * waits for the answer without end. So they are only listed here, and a name is believed when root
 * listens on it.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct arena;

/* Names of LXCPATH (open as DIR) on whose socket somebody listens, sorted, each once. Returns 0 or
 * -errno with OUT untouched. */
int commandsock_list(int dir, const char *lxcpath, struct arena *a, const char ***out, size_t *n);

enum listener {
	LISTENER_NONE,
	LISTENER_OURS,    /* of our own user */
	LISTENER_FOREIGN, /* somebody else has taken the name */
	LISTENER_BUSY,    /* cannot be told now */
};

/* Who listens for NAME? Never waits. *UID (may be NULL): a foreign one's. */
enum listener commandsock_listener(const char *lxcpath, const char *name, uid_t *uid);
