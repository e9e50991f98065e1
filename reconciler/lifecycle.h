/*
 * lifecycle - create, start, stop, freeze, thaw, destroy: whatever may wait for a container.
 * Each runs as a job process (this program itself, a hidden command), with a deadline, killable,
 * a few at a time, and with rlimits, oom score, affinity, umask and environment put back to what a
 * fresh start would have, since LXC's monitor and the container inherit them.
 *
 * A job process outlives whoever submitted it: it holds a lock of its container as long as it
 * works, and ends itself at its deadline. The next job for that container, of whatever process,
 * waits for it and then looks again at what is left to do.
 */
#pragma once

#include "schema/driver.h"

enum step {
	STEP_CREATE,
	STEP_START,
	STEP_STOP,    /* cleanly within boot.host_shutdown_timeout (default 30 s), then by force */
	STEP_RESTART, /* both, in one job process: whoever dies meanwhile, it comes up again */
	STEP_FREEZE,
	STEP_THAW,
	STEP_DESTROY,
};

struct job {
	enum step step;
	const char *name;
	const struct instance *instance; /* create: source; stop: timeout. May be NULL */
	/* restart: init of the run that is to end. One that has ended meanwhile is not stopped
	 * again, only started. 0: whichever runs */
	pid_t init;
	void *context;      /* the caller's own */
	int error;          /* the answer: 0 or an errno */
	const char *reason; /* the answer: one line, with what liblxc or the template said last */
};

struct jobs;

/* NULL with errno: no fds for it. */
struct jobs *jobs_open(const char *lxcpath);
/* Leaves alone what runs: that goes on by itself, and nobody hears how it ended. What is queued is
 * not begun. */
void jobs_close(struct jobs *j);

/* An epoll fd, readable when jobs_collect has something to do. */
int jobs_fd(const struct jobs *j);

/* JOB is the caller's and stays where it is until it is collected; all that it points at is used
 * here only. Begun when its turn comes: a few at a time, those of one container one
 * after another. */
void jobs_submit(struct jobs *j, const struct host *host, struct job *job);

/* Takes JOB back, unless it has begun: then false. */
bool jobs_withdraw(struct jobs *j, const struct job *job);

/* Never waits. Those that ended, at most MOST of them: with their answers, the reasons in A. */
size_t jobs_collect(struct jobs *j, struct arena *a, struct job **done, size_t most);

/* Is a job for NAME queued, running, or not collected yet? */
bool jobs_busy(const struct jobs *j, const char *name);

/* Runs N jobs of different containers, at most a few at a time, each with its deadline. Answers in
 * each job. Never blocks longer than the deadlines. */
void jobs_run(const char *lxcpath, const struct host *host, struct job *jobs, size_t n,
	      struct arena *a);

/* The program that job processes run, instead of this very one; for tests. */
void jobs_set_program(const char *path);

/* The hidden command that a job process runs: evenkeel job. Returns its exit status. */
int job_main(int argc, char **argv);
