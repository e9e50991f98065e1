/*
 * lifecycle - create, start, stop, freeze, thaw, destroy: whatever may wait for a container.
 * Each runs as a job process (this program itself, a hidden command), with a deadline, killable,
 * a few at a time, and with rlimits, oom score, affinity, umask and environment put back to what a
 * fresh start would have, since LXC's monitor and the container inherit them.
 */
#pragma once

#include "schema/driver.h"

enum step {
	STEP_CREATE,
	STEP_START,
	STEP_STOP, /* cleanly within boot.host_shutdown_timeout (default 30 s), then by force */
	STEP_FREEZE,
	STEP_THAW,
	STEP_DESTROY,
};

struct job {
	enum step step;
	const char *name;
	const struct instance *instance; /* create: source; stop: timeout. May be NULL */
	int error;                       /* the answer: 0 or an errno */
	const char *reason; /* the answer: one line, with what liblxc or the template said last */
};

/* Runs N jobs of different containers, at most a few at a time, each with its deadline. Answers in
 * each job. Never blocks longer than the deadlines. */
void jobs_run(const char *lxcpath, const struct host *host, struct job *jobs, size_t n,
	      struct arena *a);

/* The program that job processes run, instead of this very one; for tests. */
void jobs_set_program(const char *path);

/* The hidden command that a job process runs: evenkeel job. Returns its exit status. */
int job_main(int argc, char **argv);
