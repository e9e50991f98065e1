/*
 * pass - load, expand, desire, observe, diff, order, apply, verify: level, never edge.
 * diff and apply run the same code up to the last step. The result is plain data; report prints it.
 */
#pragma once

#include "reconciler/bootfile.h"
#include "reconciler/load.h"
#include "schema/driver.h"

struct pause;

/* What happens to an instance as a whole. */
enum whole { WHOLE_NONE, WHOLE_CREATE, WHOLE_UPDATE, WHOLE_REPLACE, WHOLE_DELETE };

struct outcome {
	const char *name;
	const struct instance *instance; /* NULL: released (its manifest is gone), or a network */
	const struct document *network;  /* of an outcome of a network; else NULL */
	enum status status;
	enum whole whole;
	struct changes changes;         /* in order */
	struct diagnostics diagnostics; /* of this instance: held back, released, warnings */
	bool in_sync; /* nothing to do now: waiting and unsupported do not count */
	bool held_back;
	const struct pause
	    *pause; /* left alone: its changes are shown, never made; NULL: it is not */
};

struct summary {
	size_t create, update, replace, remove, in_sync, live, pending_restart, unsupported,
	    skipped, failed, errors, paused;
};

/* Where a pass spent its time, in nanoseconds. */
struct timings {
	uint64_t load, look, draft; /* diff ends here */
	uint64_t live;              /* from the plan to the last value in the kernel */
	uint64_t persist;           /* boot files and their syncfs */
	uint64_t sweep;             /* what others have left on the host */
};

struct result {
	struct arena *arena;
	struct generation *generation; /* owned */
	const struct host *host;
	struct outcome *outcomes; /* sorted by name, those in sync too */
	size_t n;
	struct outcome *networks; /* sorted by name */
	size_t n_networks;
	struct summary summary;
	struct diagnostics diagnostics; /* of the host and of the pass as a whole */
	bool trouble;                   /* exit status 2: nothing could be done */
	bool applied;
	size_t kernel_writes; /* what apply wrote to the kernel */
	struct timings timings;
};

enum pass_mode { PASS_DIFF, PASS_APPLY };

/* Runs one pass over O->directory and O->lxcpath; only O->names are planned when given (the world
 * is built whole). Never NULL. */
struct result *pass_run(const struct options *o, enum pass_mode mode);
void result_free(struct result *r);

/* Is there an instance for each of O's names? Findings in DS: the unknown ones with a near miss. */
bool pass_knows_names(const struct generation *g, const struct options *o, struct diagnostics *ds);

/* Counts what the outcomes say. Every finding once: those of the load and the host, and those a
 * plan added. */
void result_summarize(struct result *r);

/* The exit status of an apply that ended so. */
int result_status(const struct result *r);
