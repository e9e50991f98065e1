/*
 * worker - a thread with a queue, for what the daemon's loop must not wait for.
 * Tasks run one after another, in the order in which they were given. What a task works on is the
 * thread's alone from worker_submit until its done() is called; the loop reads it afterwards. The
 * thread blocks all signals and sleeps while there is nothing to do.
 *
 * liblxc is for one thread only, the loop's: no task may reach it.
 */
#pragma once

#include <stddef.h>

/* Owned by who submits it, and alive until done(). */
struct task {
	void (*run)(struct task *t);  /* on the thread */
	void (*done)(struct task *t); /* in the loop, by worker_collect; may submit it again */
	void (*drop)(
	    struct task *t); /* by worker_close, where done() is not called; NULL: nothing */
	struct task *next;   /* the worker's */
};

struct worker;

/* THREAD_NAME, of at most 15 bytes, is what ps and top show. NULL with errno: there is no thread or
 * fd to be had. */
struct worker *worker_open(const char *thread_name);

/* Readable when worker_collect has something to do. */
int worker_fd(const struct worker *w);

void worker_submit(struct worker *w, struct task *t);

/* Calls done() of those that have run, in their order. */
void worker_collect(struct worker *w);

/* Makes the fd readable, so that the loop comes round to worker_collect. */
void worker_wake(struct worker *w);

/* How many were submitted and have not been collected yet. */
size_t worker_pending(const struct worker *w);

/* Waits for the task in hand; those queued are not begun. All that were not collected are dropped.
 * NULL is allowed. */
void worker_close(struct worker *w);
