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
	size_t most_running, most;
	pid_t *pids;
	const char *aside, *place; /* what was prepared, and where it goes */
	char **paths; /* FLEET_FILES of each running container; NULL: not on this layout */
};

/* What the profiles few and rest say. */
struct fleet_profiles {
	const char *few_memory, *few_allowance;
	const char *rest_memory, *rest_allowance;
};

extern const struct fleet_profiles fleet_preset;

/* An empty one, with the profiles. */
struct fleet *fleet_new(struct harness *h);
/* Makes and starts more until N run (BENCH_RUNNING at most), with their manifests. */
void fleet_start(struct fleet *f, size_t n);
/* Makes the others too (BENCH_ALL in all): containers that do not run, with manifests. */
void fleet_complete(struct fleet *f);
/* Writes the profiles, one file, beside the manifests; fleet_publish puts them in place. */
void fleet_prepare_profiles(struct fleet *f, const struct fleet_profiles *p);
/* Likewise the manifest of the I-th; MORE: lines of its config, or "". */
void fleet_prepare_manifest(struct fleet *f, size_t i, const char *more);
/* By one rename. */
void fleet_publish(struct fleet *f);
/* Both steps at once. */
void fleet_profiles(struct fleet *f, const struct fleet_profiles *p);
void fleet_manifest(struct fleet *f, size_t i, const char *more);

const char *fleet_path(const struct fleet *f, size_t i, enum fleet_file file);

/* --- floors, in milliseconds --- */

/* What any diff has to do: parse all, list the active ones, a pidfd of each, read each file. */
double fleet_floor_diff(const struct fleet *f, bool ask_liblxc);
/* The same without the parsing: the manifests are only looked at, and the kernel's values read. */
double fleet_floor_look(const struct fleet *f);
/* Only the manifests, by readdir and fstatat. */
double fleet_floor_walk(const struct fleet *f);
/* open, write, close: VALUE to one FILE of the first N. */
double fleet_floor_writes(const struct fleet *f, size_t n, enum fleet_file file, const char *value);
/* N files of SIZE bytes beside the configs: temporaries, syncfs, renames, syncfs. */
double fleet_floor_renames(const struct fleet *f, size_t n, size_t size);
