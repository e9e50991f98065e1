/*
 * control - the daemon's socket: questions come in, answers go out, and nobody is waited for.
 * /run/evenkeel/control-DIGEST in a folder of root's that nobody else can enter; only peers of our
 * own user are heard. One request a line, JSON, with a version; answers likewise. Requests are
 * bounded, so are clients and what waits for slow readers: who hangs, floods or talks nonsense is
 * dropped and costs nothing.
 *
 * Clients are known to the daemon by a number that is never given twice: telling something to one
 * that has gone is nothing.
 */
#pragma once

#include "reconciler/standing.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONTROL_CLIENTS 32           /* at once; of more the one that is silent longest goes */
#define CONTROL_BEHIND (1024 * 1024) /* bytes that may wait for one who watches */

struct control;

/* Who answers, for those who ask: texts live as long as the control. */
struct control_identity {
	const char *directory; /* absolute */
	const char *lxcpath, *host, *etc;
	const char *owner; /* NULL */
	bool observe;      /* it only looks */
};

/* An apply that somebody asks for; lives until the call returns. */
struct control_apply {
	const char *const *names; /* n == 0: all */
	size_t n;
	int verbosity;
	bool json, color, all, show_secrets;
};

/* What holds for all instances together. */
struct control_summary {
	const char *generation; /* digest of the manifests; NULL: not asked for, or none */
	const char *findings;   /* what stands about manifests and host, as it is printed; NULL */
	bool trouble; /* status exits with 2: errors in the manifests, an unreadable directory */
};

/* What the daemon does for those who ask. Called from control_dispatch only; what it hands out is
 * used at once, and may be the daemon's own. */
struct control_calls {
	/* The standings of at most MOST instances, in the order of their names, from the first one
	 * behind the name AFTER (NULL: from the beginning). Returns how many. Thousands are asked
	 * for in pieces, so that nothing else has to wait. */
	size_t (*standings)(void *context, const char *after, size_t most, struct arena *a,
			    struct standing *out);
	/* That of one instance. False: there is none of that name. */
	bool (*standing)(void *context, const char *name, struct arena *a, struct standing *out);
	void (*summary)(void *context, bool digest, struct arena *a, struct control_summary *out);
	/* Somebody waits until all that is in the files by now has been looked at and acted upon as
	 * far as it can be at once. True: it has. False: control_settled(c, client) will be called.
	 */
	bool (*settle)(void *context, uint64_t client);
	/* An apply: print with control_print, end with control_end, now or later. The request is
	 * copied by who needs it longer. */
	void (*apply)(void *context, uint64_t client, const struct control_apply *request);
	/* The file of pauses has changed. */
	void (*poke)(void *context);
	/* Is there a manifest about the container NAME, so that letting go of it would not last? */
	bool (*managed)(void *context, const char *name);
};

/* Opens the socket for LXCPATH, whose lock the caller holds: a socket that is there is a dead
 * daemon's and is replaced. *OUT, or -errno with a finding in DS. */
int control_open(const char *lxcpath, const struct control_identity *identity,
		 const struct control_calls *calls, void *context, struct control **out,
		 struct diagnostics *ds);
int control_open_below(const char *folder, const char *lxcpath,
		       const struct control_identity *identity, const struct control_calls *calls,
		       void *context, struct control **out, struct diagnostics *ds);

/* Hangs up on everybody, and removes the socket. NULL is allowed. */
void control_close(struct control *c);

/* Readable when there is something to dispatch: an epoll fd. It never is while nobody asks. */
int control_fd(const struct control *c);

/* Does what can be done without waiting. NOW: CLOCK_BOOTTIME, ns. */
void control_dispatch(struct control *c, uint64_t now);

/* Part of an apply's output; ERROR: for standard error. */
void control_print(struct control *c, uint64_t client, bool error, const char *text, size_t n);
/* The apply is over. STATUS: to exit with. */
void control_end(struct control *c, uint64_t client, int status);
/* What CLIENT waited for has settled. */
void control_settled(struct control *c, uint64_t client);

/* Tells those who watch. Costs nothing when nobody does. */
void control_broadcast(struct control *c, const struct standing *s);
/* NAME is no longer managed: its manifest is gone. */
void control_broadcast_gone(struct control *c, const char *name);

/* Does anybody watch, or wait for something? */
bool control_busy(const struct control *c);
