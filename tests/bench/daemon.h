/*
 * daemon - the real one, as a bench sees it from outside.
 * Started as a process of its own, its sd_notify messages, its log, and what the kernel counts
 * about it. It goes when the bench goes.
 */
#pragma once

#include "tests/integration/harness.h"

#include <stdint.h>

struct daemon {
	struct harness *h;
	pid_t pid;
	int notify;        /* the socket that it tells us on */
	const char *log;   /* what it writes on standard error: a file */
	double ready;      /* ms from fork to READY=1 */
	double first_pass; /* ms from fork to its first rest: nothing was left to do */
};

/* Starts `evenkeel run` with MORE words (ended by NULL) and waits until it is ready and at rest. */
struct daemon *daemon_start(struct harness *h, const char *const *more);
/* SIGTERM; it has to end well. */
void daemon_stop(struct daemon *d);

/* SIGHUP; the milliseconds until it rests again, whatever it has to do. */
double daemon_reload(struct daemon *d);
/* Waits until it has used no CPU for a while. The moment of its last use, CLOCK_MONOTONIC, ns. */
uint64_t daemon_rest(const struct daemon *d);
uint64_t daemon_now(void);

/* Of all its threads. */
uint64_t daemon_cpu(const struct daemon *d); /* nanoseconds on a CPU */
uint64_t daemon_switches(const struct daemon *d);
size_t daemon_rss(const struct daemon *d); /* bytes */
size_t daemon_fds(const struct daemon *d);

/* How many lines of its log have WORD. */
size_t daemon_logged(const struct daemon *d, const char *word);
