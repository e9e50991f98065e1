/*
 * asking - the other end of the daemon's socket: a command asks, and never waits for ever.
 */
#pragma once

#include "reconciler/message.h"

#include <stdbool.h>

struct asking {
	struct arena *arena;
	int fd;
	struct answer daemon; /* who answers: its hello */
	char *bytes;          /* received, not read yet */
	size_t at, n, capacity;
};

enum asked {
	ASKED_FINE,
	ASKED_NOBODY,  /* there is no daemon for this LXC path */
	ASKED_IN_VAIN, /* there is, but it does not answer, or not so that it is understood */
};

/* Asks who answers for LXCPATH, for at most two seconds. *WHY for ASKED_IN_VAIN: one line, in A. */
enum asked asking_open(struct asking *k, const char *lxcpath, struct arena *a, const char **why);
enum asked asking_open_below(const char *folder, struct asking *k, const char *lxcpath,
			     struct arena *a, const char **why);
void asking_close(struct asking *k);

/* Sends a request. 0 or -errno: -EMSGSIZE: too many names for one. */
int asking_send(struct asking *k, const struct request *r);

/* The next answer, into A, at the latest at DEADLINE (asking_now; UINT64_MAX: whenever it comes).
 * 0; -ETIMEDOUT; -EINTR: a signal came; -ECONNRESET: the daemon has gone; -EPIPE: nobody reads
 * standard output any more (looked at only with WATCH_OUTPUT); -EPROTO with *WHY. */
int asking_next(struct asking *k, uint64_t deadline, bool watch_output, struct arena *a,
		struct answer *out, const char **why);

/* One question, one answer of KIND, in K's arena. 0, or -errno with *WHY, a line. */
int asking_once(struct asking *k, const struct request *r, enum answer_kind kind,
		struct answer *out, const char **why);

/* CLOCK_MONOTONIC, ns. */
uint64_t asking_now(void);

#define ASKING_PATIENCE UINT64_C(2000000000) /* ns: for what a daemon has in its memory */

/* The daemon, if it would do what O asks for: false with *WHY where O names another directory,
 * host, owner or /etc than it works with. */
bool asking_is_about(const struct asking *k, const struct options *o, struct arena *a,
		     const char **why);
