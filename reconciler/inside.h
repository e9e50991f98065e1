/*
 * inside - files below /proc/sys as a container's network and IPC namespaces show them.
 * To read, the calling thread joins these namespaces for a moment (never the mount, user or pid
 * namespace), reads the host's procfs, which shows the values of the reader's namespaces, and goes
 * back. To write, a small helper process joins them, answers over one pipe and ends. Neither runs
 * anything of theirs; no file of ours is open in the helper.
 */
#pragma once

#include "schema/driver.h"

enum inside { INSIDE_NET, INSIDE_IPC };

struct inside_job {
	const char *path; /* below /proc/sys: "net/ipv4/ip_forward" */
	enum inside where;
	const char *write; /* NULL: only read */
	int error;         /* the answer: 0 or an errno; EXDEV: the namespace is the host's own */
	const char *text;  /* the answer: what it holds (after the write), in A */
};

/* Does N jobs that only read, in the namespaces of C, on this thread, without waiting for anybody.
 * Returns as inside_run. There is no going on in a wrong namespace: when the way back fails the
 * program ends. */
int inside_look(const struct container *c, struct inside_job *jobs, size_t n, struct arena *a);

/* Does N jobs in the namespaces of C, or in fresh ones of a moment (C == NULL): what a start would
 * find. Returns 0 with an answer in each job, or -errno: -ETIMEDOUT, -ESRCH init has gone. */
int inside_run(const struct container *c, struct inside_job *jobs, size_t n, struct arena *a);
