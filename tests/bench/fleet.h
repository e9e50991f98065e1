/*
 * fleet - the containers and manifests that the benches measure on, and the floors of both.
 * Some run, each with its init and its cgroups; the rest are only defined. BENCH_RUNNING and
 * BENCH_ALL set the sizes; the harness removes everything.
 */
#pragma once

#include "tests/integration/harness.h"

#define FLEET_FEW 100 /* so many have the profile few, the others rest */

/* The kernel files that the fleet's manifests govern. */
enum fleet_file {
	FLEET_MEMORY,
	FLEET_MEMSW, /* v2: swap alone */
	FLEET_PIDS,
	FLEET_WEIGHT,
	FLEET_QUOTA,
	FLEET_PERIOD, /* not on v2 */
	FLEET_FILES,
};

struct fleet {
	struct harness *h;
	const char **names;
	size_t running; /* the first of them */
	size_t all;     /* that have a manifest by now */
	size_t most;
	pid_t *pids;
	char **paths; /* FLEET_FILES of each running container; NULL: not on this layout */
};

/* What the profiles few and rest say. */
struct fleet_profiles {
	const char *few_memory, *few_allowance;
	const char *rest_memory, *rest_allowance;
};

extern const struct fleet_profiles fleet_preset;

/* Makes and starts the running ones, with their manifests. Nothing of them is applied. */
struct fleet *fleet_new(struct harness *h);
/* Makes the others too: containers that do not run, with manifests. */
void fleet_complete(struct fleet *f);
/* Writes the profiles, by one rename of one file. */
void fleet_profiles(const struct fleet *f, const struct fleet_profiles *p);
/* The manifest of the I-th alone, by one rename; MORE: lines of its config, or "". */
void fleet_manifest(const struct fleet *f, size_t i, const char *more);

const char *fleet_path(const struct fleet *f, size_t i, enum fleet_file file);

/* --- floors, in milliseconds --- */

/* What any diff has to do: parse all, list the active ones, a pidfd of each, read each file. */
double fleet_floor_diff(const struct fleet *f, bool ask_liblxc);
/* open, write, close: VALUE to one FILE of the first N. */
double fleet_floor_writes(const struct fleet *f, size_t n, enum fleet_file file, const char *value);
/* N files of SIZE bytes beside the configs: temporaries, syncfs, renames, syncfs. */
double fleet_floor_renames(const struct fleet *f, size_t n, size_t size);
