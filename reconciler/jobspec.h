/*
 * jobspec - what a job process is told, as text on its standard input.
 */
#pragma once

#include "reconciler/lifecycle.h"

/* Where a job process writes its answer: an errno and a line. */
#define JOB_ANSWER_FD 3

/* Seconds that the clearing after a killed creation may take. */
#define JOB_CLEAR_SECONDS 300

struct jobspec {
	enum step step;
	bool clear; /* only remove what a killed creation left; STEP is not looked at */
	const char *lxcpath, *name;
	uint32_t seconds; /* it ends itself a little later, if nobody else does */
	uint32_t timeout; /* stop: seconds to wait for a clean shutdown */
	pid_t init;       /* restart: the run that is to end; 0: whichever runs */
	uint64_t started; /* when INIT was; 0: it has ended */
	/* create */
	const char *template, *config;
	struct jobspec_option {
		const char *key, *value;
	} * options;
	size_t n_options;
	const char **idmap; /* lines; none: privileged */
	size_t n_idmap;
	struct rlimit_pair rlimits[16];
};

/* The spec of JOB. -errno with its reason set where it cannot be done at all. */
int jobspec_make(const char *lxcpath, const struct host *host, struct job *job, struct arena *a,
		 struct jobspec *out);

char *jobspec_print(const struct jobspec *s, struct arena *a, size_t *n);
/* TEXT is taken apart. -EINVAL: it is none. */
int jobspec_parse(char *text, struct arena *a, struct jobspec *out);
