/*
 * daemon - `evenkeel run` of this build, seen from outside.
 * Started with -d, -P and --etc of the harness, as a process group of its own; what it says goes
 * into a file, and what it tells systemd to a socket of the test. The kernel kills it when the test
 * process ends, daemon_end_all when a test leaves one behind (which is when it failed).
 */
#pragma once

#include "tests/integration/harness.h"

#include <jansson.h>

struct daemon {
	struct harness *h;
	pid_t pid;       /* 0: it has ended */
	const char *log; /* what it said: a file */
	size_t mark;     /* where in it daemon_said begins to look */
	int notify;
	unsigned ready, reloading, watchdog; /* so many times */
	bool stopping;
	char status[256]; /* the last STATUS= */
	struct daemon *next;
};

/* How one is started; zeroed: as usual. */
struct daemon_how {
	const char *const *flags;       /* for the end of the command line; NULL at the end */
	const char *directory;          /* NULL: the harness's */
	const char *const *environment; /* "NAME=VALUE"; NULL at the end */
	void (*prepare)(void *context); /* in the child, before it becomes the program */
	void *context;
	bool unready; /* do not wait for READY=1 */
};

struct daemon *daemon_start_how(struct harness *h, const struct daemon_how *how);
/* Starts one with these flags (NULL at the end) and waits until its first pass is done. */
struct daemon *daemon_start(struct harness *h, ...) __attribute__((sentinel));

/* SIGTERM; the test fails unless it ends by itself, with 0 and without a sanitizer's report. */
void daemon_stop(struct daemon *d);
/* SIGKILL. */
void daemon_kill(struct daemon *d);
/* Waits until it has ended by itself; its exit status, or 128 + the signal. */
int daemon_end(struct daemon *d);
/* SIGHUP; waits until the full pass is done: all that came before has been dealt with. */
void daemon_reload(struct daemon *d);

/* Kills what a failed test left, and prints what it said. */
void daemon_end_all(void);

/* ---- waiting ---- */

struct daemon_patience {
	unsigned long long until;
};

/* Sleeps 2 ms, or fails the test: the daemon has ended, or 20 s have gone by. */
void daemon_wait_more(struct daemon *d, struct daemon_patience *p, const char *what,
		      const char *file, int line);

/* Waits until the condition holds. */
#define daemon_await(d, condition)                                                                 \
	do {                                                                                       \
		struct daemon_patience daemon_patience_ = {0};                                     \
		while (!(condition))                                                               \
			daemon_wait_more(d, &daemon_patience_, #condition, __FILE__, __LINE__);    \
	} while (0)

/* Milliseconds of the monotonic clock, and a nap of some. */
unsigned long long daemon_clock(void);
void daemon_nap(unsigned milliseconds);

/* ---- what it says ---- */

/* What is said from here on counts. */
void daemon_mark(struct daemon *d);
/* All it said since the mark. */
char *daemon_words(struct daemon *d);
/* Was a line said since the mark that holds TEXT; how many were. */
bool daemon_said(struct daemon *d, const char *text);
size_t daemon_count(struct daemon *d, const char *text);
/* Lines that hold both. */
size_t daemon_count_both(struct daemon *d, const char *text, const char *other);

/* ---- what it answers ---- */

/* Runs evenkeel COMMAND with the harness's flags and the words that follow; standard output alone.
 */
int daemon_ask(struct daemon *d, char **output, const char *command, ...) __attribute__((sentinel));
/* Status of one instance, as JSON; the caller's. NULL: it is not told. */
json_t *daemon_standing(struct daemon *d, const char *name);
/* Is it in CONDITION, with TEXT (may be NULL) in the reason? */
bool daemon_holds(struct daemon *d, const char *name, const char *condition, const char *text);
