/*
 * survey - taking stock before a plan: the host, every instance's container and record, the world.
 * Only reads. What it finds is what desire, observe and the difference work on.
 */
#pragma once

#include "reconciler/bootfile.h"
#include "reconciler/container.h"
#include "reconciler/load.h"
#include "reconciler/records.h"

/* One instance of this host with all that this pass knows of it. */
struct subject {
	struct world_instance *world; /* in survey.world */
	struct container *container;
	struct record record;
	struct properties desired;  /* sorted */
	struct properties observed; /* sorted; empty unless it runs */
	struct properties kept;     /* owned, not wanted, not put back yet: stays in the record */
	const char *text; /* the boot file that shall be, where a plan needs it; NULL: none */
	char digest[17];  /* of text */
	bool rendered;    /* text is known, with all of kept in it */
	struct outcome *outcome; /* NULL: not asked for */
};

struct survey {
	struct arena *arena;
	struct host *host;
	struct cgroup_layout *layout;
	struct containers *containers;
	struct world world;
	struct subject *subjects; /* parallel to world.instances */
	size_t n;
	bool boot_only;        /* boot files alone: no life cycle is planned */
	bool incomplete;       /* part of the manifests is not known: nothing is destroyed */
	struct lent *lent;     /* the host's interfaces that containers get whole; NULL: none */
	struct records *ahead; /* while the first look lasts; may be NULL */
	struct diagnostics diagnostics;
	void (*wrote)(const char *what, const char *value, int error);
};

/* Takes stock for the instances of G that are meant for this host. Returns 0, or -errno when there
 * are no cgroups to look at (with a finding). AHEAD: records that are being read since before the
 * load; may be NULL. */
int survey_take(struct survey *s, const struct options *o, const struct generation *g,
		struct records *ahead, struct arena *a,
		void (*wrote)(const char *, const char *, int));
void survey_close(struct survey *s);

/* Looks at one container anew, after it was created, started or stopped. */
void survey_refresh(struct survey *s, struct subject *subject);

/* What the world needs to know of a subject whose container and record are there. */
void survey_facts(struct survey *s, struct subject *subject);

/* Does it have processes that limits hold for? */
bool subject_runs(const struct subject *s);
