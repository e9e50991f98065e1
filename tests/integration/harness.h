/*
 * harness - real unprivileged containers for the integration tests.
 * A private mount namespace with an id range for root, a tmpfs on /run, a temporary LXC path and
 * manifest directory; busybox containers that cost a few hard links; and a janitor process that
 * removes every container, cgroup and folder however the test ends, also by a crash.
 *
 *     int main(void)
 *     {
 *             return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
 *     }
 *
 * Each test begins with: struct harness *h = harness_require_root(state);
 */
#pragma once

#include "schema/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define HARNESS_IDS 100000u /* the first host id of root's range, 65536 of them */

struct harness {
	struct arena *arena;
	const char *root;      /* the temporary folder that holds the rest; mode 0711 */
	const char *lxcpath;   /* root/lxc, mode 0711 */
	const char *manifests; /* root/manifests, mode 0755 */
	const char *etc;       /* root/etc: subuid and subgid, also bound over those of /etc */
	const char *program;   /* the evenkeel program of this build */
	int janitor;           /* closing it sends the janitor to work */
	pid_t janitor_pid;
};

/* Group setup and teardown for cmocka. Without root nothing is set up. */
int harness_setup(void **state);
int harness_teardown(void **state);

/* The harness; without root it says so on standard error and skips the test. */
struct harness *harness_require_root(void **state);

/* Moves this process, and all it starts from now on, into a network namespace of its own, with lo
 * up and a /sys that shows it: the machine's interfaces are out of reach, and two tests that run at
 * the same time do not meet. Before a container starts; a second call does nothing. */
void harness_own_network(struct harness *h);

/* A name that no other test process on this machine uses: "ek-test-PID-TAG". */
const char *harness_name(struct harness *h, const char *tag);

/* Makes an unprivileged busybox container: rootfs 0:0 with idmap=container, no network. MORE: lines
 * for the end of its config, or NULL. */
void harness_create(struct harness *h, const char *name, const char *more);

/* Starts it by plain lxc-start and returns init's pid; the test fails when it does not start. */
pid_t harness_start(struct harness *h, const char *name);
/* Starts N containers, two at a time. */
void harness_start_all(struct harness *h, const char *const *names, size_t n);
/* Likewise, but a refusal is an answer: lxc-start's exit status, with what it said in *OUTPUT. */
int harness_try_start(struct harness *h, const char *name, char **output);

/* Kills it and waits until its monitor has gone. */
void harness_stop(struct harness *h, const char *name);
/* Stops it and removes its folder. */
void harness_destroy(struct harness *h, const char *name);

/* Init's pid, or 0. */
pid_t harness_init(struct harness *h, const char *name);

/* A file of the container's cgroup: V1 where CONTROLLER is on a v1 hierarchy, else V2 (NULL: same
 * name). The final line break is dropped. NULL: no such file. */
char *harness_cgroup(struct harness *h, const char *name, const char *controller, const char *v1,
		     const char *v2);
/* Writes such a file; returns 0 or -errno. */
int harness_cgroup_write(struct harness *h, const char *name, const char *controller,
			 const char *v1, const char *v2, const char *text);
/* The directory itself; NULL when the container does not run. */
char *harness_cgroup_path(struct harness *h, const char *name, const char *controller);

/* Writes a file below the manifest directory ("instances/web1.yaml"), folders included, by rename.
 */
void harness_manifest(struct harness *h, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Removes all manifests. */
void harness_manifests_clear(struct harness *h);

/* Reads and writes any file. harness_read gives NULL when it cannot be read. */
char *harness_read(struct harness *h, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void harness_write(struct harness *h, const char *path, const char *text);

/* Runs a program (found on PATH) and returns its exit status, or 128 + the signal. *OUTPUT (may be
 * NULL) is what it wrote on both standard streams. The words end with NULL. */
int harness_run(struct harness *h, char **output, const char *word, ...) __attribute__((sentinel));
int harness_run_words(struct harness *h, char **output, const char *const *words);
/* Runs evenkeel with -d, -P and --etc of the harness. */
int harness_evenkeel(struct harness *h, char **output, const char *command, ...)
    __attribute__((sentinel));
/* Runs a shell command inside the container, as its root. */
int harness_attach(struct harness *h, const char *name, char **output, const char *command);
