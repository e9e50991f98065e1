/*
 * keeper - what the daemon keeps between rounds, and what its rounds work with.
 * The instances in force, the host, the containers, a ward for each instance, and the queue of
 * those that are due. Everything that waits (job processes, slow kernel writes, boot files) is
 * handed off here; reconciler/daemon feeds it events and owns the loop.
 */
#pragma once

#include "reconciler/container.h"
#include "reconciler/gone.h"
#include "reconciler/journal.h"
#include "reconciler/network_wards.h"
#include "reconciler/pauses.h"
#include "reconciler/queue.h"
#include "reconciler/reload.h"
#include "reconciler/scribe.h"
#include "reconciler/ward.h"
#include "reconciler/worker.h"
#include "reconciler/writes.h"

struct session;

struct keeper {
	const struct options *o;
	struct reload *reload;
	struct cgroup_layout *layout;
	struct host *host;
	struct arena *host_arena;
	struct diagnostics host_findings; /* of the last look at it */
	struct containers *containers;
	struct arena *containers_arena;
	bool containers_stale; /* something was started or stopped since they were listed */
	struct jobs *jobs;
	struct scribe *scribe;
	struct worker *slow;
	struct journal *journal;
	struct pauses pauses; /* by command */
	struct arena *pauses_arena;
	struct wards wards;
	struct network_wards networks;
	size_t n_kept, keep_most; /* containers whose fds stay open, and what there are fds for */
	size_t values_open;       /* so many more of their kernel files may stay open */
	uint64_t stalled;         /* nothing could be looked at: when to try again; 0 */
	size_t unseen;            /* of them, never looked at */
	struct queue hurried;     /* something happened to them */
	struct queue background;  /* a full pass */
	unsigned in_a_row;        /* rounds for the hurried that it has waited for */
	struct queue waiting;     /* those that have a moment of their own; first is not used */
	struct ward *restarting;  /* restart: allowed, one at a time */
	bool incomplete;          /* part of the manifests cannot be read */
	bool restarts_stopped;    /* one of them failed: none until a manifest changes */
	size_t jobs_under_way;
	struct gone went;         /* as was said */
	struct session *sessions; /* who waits for an answer: apply through the daemon */
	/* the daemon's: W's container was found running, or is let go */
	void (*opened)(void *context, struct ward *w);
	void (*closing)(void *context, struct ward *w);
	/* these kernel files of its are ours to keep: who else writes one is an event */
	void (*holds)(void *context, struct ward *w, const char *const *paths, size_t n);
	/* these interfaces matter to it, and no others: what happens to one is an event */
	void (*links)(void *context, struct ward *w, const struct watched_link *links, size_t n);
	/* the same for a network */
	void (*network_links)(void *context, const char *owner, const struct watched_link *links,
			      size_t n);
	/* W stands otherwise than before */
	void (*changed)(void *context, const struct ward *w);
	void (*network_changed)(void *context, const struct network_ward *w);
	/* no document is about it any more */
	void (*network_gone)(void *context, const struct network_ward *w);
	void *context;
	struct writes writes; /* to the kernel, since the beginning */
};

/* CLOCK_BOOTTIME in nanoseconds. */
uint64_t keeper_now(void);

/* Looks at the host. 0, or -errno with a finding; keeper_close is due either way. */
int keeper_open(struct keeper *k, const struct options *o, struct diagnostics *ds);
/* What is in hand is finished; containers stay as they are. */
void keeper_close(struct keeper *k);

/* Lets go of W's container, if one is kept. */
void keeper_let_go(struct keeper *k, struct ward *w);

/* What is known of running containers is kept for the next run. */
void keeper_save_hints(struct keeper *k);

/* W is to be looked at: at once, or when there is nothing else. */
void keeper_hurry(struct keeper *k, struct ward *w);
void keeper_remind(struct keeper *k, struct ward *w);

/* Those that are held back may be so for another reason now. */
void keeper_remind_held(struct keeper *k);

/* All are to be looked at anew, nothing that is kept counts: the host, the containers, the boot
 * files. The manifests are the caller's. */
void keeper_full(struct keeper *k, bool insist);

/* Looks at some of those that are due. False: there are none, or nothing can be looked at now. */
bool keeper_work(struct keeper *k);

/* Its manifest came, changed or went. Networks are told of first. */
void keeper_news(struct keeper *k, const char *const *names, size_t n);

/* Something happened to this container. */
void keeper_event(struct keeper *k, const char *name);
void keeper_died(struct keeper *k, struct ward *w);

/* Something happened to an interface that matters to it. Whoever keeps at it is looked at once a
 * second only: container root may. */
void keeper_linked(struct keeper *k, const char *name);
/* We have changed an interface of W's ourselves: events about it are no hurry. OTHERS: it has
 * others now, which are to be watched. */
void keeper_relinked(struct keeper *k, struct ward *w, bool others);
/* Events about interfaces were lost: all that have some are looked at. */
void keeper_remind_linked(struct keeper *k);

/* It died, and nobody asked for it: a container that does not stay up is started less often. */
void keeper_count_death(struct keeper *k, struct ward *w);

/* Takes what was handed off and is done. */
void keeper_collect_jobs(struct keeper *k);
void keeper_collect_texts(struct keeper *k);

/* What was asked for W may not be wanted any more: a job that has not begun is taken back. */
void keeper_withdraw(struct keeper *k, struct ward *w);

/* What was under way for W has ended: it is due. */
void keeper_work_ended(struct keeper *k, struct ward *w);

/* The boot file of W shall be TEXT; it is due again when that matters. */
void keeper_record(struct keeper *k, struct ward *w, const char *text);

/* What the command pause has written is read again. */
void keeper_read_pauses(struct keeper *k);

/* The next restart may be made. */
void keeper_resume_restarts(struct keeper *k);

/* W has a moment of its own (W->again). */
void keeper_wait(struct keeper *k, struct ward *w);

/* The next moment at which somebody is to be looked at again; UINT64_MAX: none. Those whose moment
 * has come are made due. */
uint64_t keeper_next(struct keeper *k, uint64_t now);

/* Is somebody to be looked at now? */
bool keeper_due(const struct keeper *k);
/* ... to whom something happened? */
bool keeper_hurries(const struct keeper *k);
/* Does somebody take more as soon as its record is written? */
bool keeper_recording(const struct keeper *k);
/* Is nothing due and nothing under way? */
bool keeper_idle(const struct keeper *k);
