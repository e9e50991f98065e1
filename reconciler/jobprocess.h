/*
 * jobprocess - one process that works on a job: begun, killed, and what it answered.
 * In a process group of its own, with nothing of ours but three files.
 */
#pragma once

#include "reconciler/lifecycle.h"

struct jobprocess {
	pid_t pid;
	int pidfd;          /* readable when it has ended; -1: no fd for it */
	int answer, output; /* files in memory */
};

/* Begins one that reads the N bytes of SPEC. Returns 0 or -errno. */
int jobprocess_start(struct jobprocess *p, const char *spec, size_t n);

/* Has it ended? Never waits. */
bool jobprocess_ended(struct jobprocess *p, int *status);

/* What it left behind, into the job's answer. */
void jobprocess_answer(const struct jobprocess *p, int status, struct arena *a, int *error,
		       const char **reason);

/* It, and whatever it has begun; jobprocess_ended tells when it is over. */
void jobprocess_kill(const struct jobprocess *p);

void jobprocess_close(struct jobprocess *p);
