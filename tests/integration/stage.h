/*
 * stage - what most tests of the daemon begin with: a cleared directory, running containers with a
 * limit each, and their manifests.
 */
#pragma once

#include "tests/integration/daemon.h"
#include "tests/integration/witness.h"

/* A running container of which limits.processes is turned. */
struct actor {
	struct harness *h;
	const char *name;
	const char *file; /* "instances/NAME.yaml" */
	const char *pids; /* the kernel's file */
};

/* The harness, with a manifest directory that is new. */
struct harness *stage_begin(void **state);

/* After each test, failed or not: no daemon lives on, no container is left. */
int stage_end(void **state);

#define stage_test(f) cmocka_unit_test_teardown(f, stage_end)

/* Makes and starts one; CONFIG as harness_create's MORE. No manifest is written. */
struct actor stage_actor(struct harness *h, const char *tag, const char *config);
/* After another start: its files are new ones. */
void stage_again(struct actor *a);
/* Its manifest as a text. MORE: lines at its end ("state: running\n"), or NULL. */
char *stage_text(const struct actor *a, const char *value, const char *more);
/* Writes it, by rename. */
void stage_ask(const struct actor *a, const char *value, const char *more);
/* Writes it and waits until the kernel has it. */
void stage_turn(struct daemon *d, const struct actor *a, const char *value, const char *more);

/* A full pass later, once its jobs have ended, diff has nothing to say. */
void stage_expect_in_sync(struct daemon *d);
/* Nothing of ours lies about in the LXC path but boot files and records. */
void stage_expect_no_leftovers(struct harness *h);

bool stage_soak(void); /* EVENKEEL_SOAK: the long counts */
bool stage_asan(const struct harness *h);
