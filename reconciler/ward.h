/*
 * ward - what the daemon keeps of one instance between two looks at it.
 * Its container with open fds while it runs, its record, what the last look found, what is under
 * way, and when to look again. The plan itself is never kept: each look makes it anew.
 */
#pragma once

#include "reconciler/attempts.h"
#include "reconciler/bootfile.h"
#include "reconciler/lifecycle.h"
#include "reconciler/standing.h"

enum ward_work {
	WORK_NONE,
	WORK_JOB,   /* a job process is at work on its container */
	WORK_WRITE, /* a thread writes to its kernel files, which may take long */
};

struct ward {
	struct keeper *keeper;
	char *name;
	/* when */
	bool due;        /* in a queue, and not looked at since */
	bool hurried;    /* in the one that goes first */
	unsigned queued; /* places in these two, also those that are passed over */
	bool waits;      /* among those that have a moment of their own */
	bool reread;     /* what is kept of its files is to be read again */
	bool look; /* the container may be another one, or another's: what is kept does not count */
	bool fresh;     /* its manifest or its container changed: nothing that differs is drift */
	bool gone;      /* no manifest is about it any more */
	bool insist;    /* somebody asked: what is held back is tried again */
	uint64_t again; /* to be looked at then; 0: when something happens */
	unsigned looks; /* in a row that found it starting */
	struct turn *turn; /* in the round that is being made; NULL */
	/* what is under way */
	enum ward_work work;
	struct job job;
	bool stopping;   /* its next death is asked for */
	bool started;    /* a job of ours started it, and it was not seen running since */
	bool recording;  /* it takes no more until its record says so */
	bool unverified; /* what its boot file was to bring is to be looked at once that is written
			  */
	bool owed;       /* it was stopped to be restarted, and did not come up again */
	bool told;       /* how its status has changed was said already */
	/* its container, while it runs */
	struct container *container;
	struct arena *own; /* of the container; NULL */
	char *text;        /* its boot file as it is on disk; NULL: to be read when needed */
	void *watched;     /* the daemon's */
	uint64_t held;     /* digest of the kernel files that are watched; 0: none yet */
	/* its interfaces, and those of the host that they hang on */
	uint64_t linked;      /* digest of those that are watched; 0: none */
	uint64_t relinked;    /* when we changed one last; CLOCK_BOOTTIME */
	uint64_t links_since; /* since then, at most a second ago, ... */
	unsigned links_looks; /* ... it was looked at so often because of them */
	/* what was found */
	bool seen; /* it was looked at at least once */
	enum status status;
	enum status lasting; /* the last one that was not starting */
	bool will_run;
	bool restart_allowed;
	struct idmap_window window;
	uint64_t pinning;   /* digest of what decides about its CPUs; 0: nothing does */
	struct ranges cpus; /* owned; the balancer's last answer */
	char *cpus_refused; /* owned; why it gave none; NULL */
	struct attempts attempts;
	struct standing standing; /* its texts are owned by details */
	struct arena *details;    /* NULL: there are none */
	bool said;                /* standing is what a look has found */
	uint64_t retry;           /* CLOCK_BOOTTIME; 0: nothing is to be tried again */
};

/* All of them, sorted by name. */
struct wards {
	struct ward **items;
	size_t n, capacity;
};

struct ward *ward_find(const struct wards *w, const char *name);
/* The index of the first whose name comes after NAME; NULL: 0. */
size_t wards_behind(const struct wards *w, const char *name);
/* Finds or makes it. */
struct ward *ward_add(struct wards *w, const char *name);
/* Takes it out and frees it; its container must have been let go. */
void ward_remove(struct wards *w, struct ward *ward);

/* Lets go of the kept container and what was kept with it. */
void ward_let_go(struct ward *w);

/* The answer of the balancer is kept: copies. */
void ward_set_cpus(struct ward *w, const struct ranges *cpus, const char *refused);
