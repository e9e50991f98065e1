/*
 * daemon_parts - what the rooms of the daemon share: its state, and who calls whom.
 * daemon runs the loop, daemon_files follows the manifests, daemon_links the interfaces,
 * daemon_calls answers the socket.
 */
#pragma once

#include "reconciler/control.h"
#include "reconciler/keeper.h"
#include "reconciler/lifewatch.h"
#include "reconciler/lock.h"
#include "reconciler/said.h"
#include "reconciler/settle.h"
#include "reconciler/watch.h"

#include <systemd/sd-event.h>

/* What has to be looked at among the manifests, gathered until it has been quiet. */
struct files {
	struct watch *watch;
	struct settle settle;
	struct arena *arena; /* of the paths */
	const char **paths;
	size_t n, capacity;
	bool all;
	enum load_trouble trouble; /* of the last look */
	struct said said;          /* ... and its findings, once it was in trouble */
	uint64_t poll;             /* when to look, as long as the watch is not complete; 0 */
	uint64_t poll_ns;          /* how long between such looks */
	bool incomplete;           /* said */
};

struct linkwatch;

/* What happens to interfaces, and what they leave behind. */
struct links {
	struct linkwatch *watch; /* NULL: nothing is heard of them */
	bool lost;               /* events were: all are to be looked at, ... */
	uint64_t not_before;     /* ... from then on; CLOCK_BOOTTIME */
	uint64_t wait;           /* how long between two such looks */
	struct task sweep;       /* of IFBs whose host ends are gone */
	bool sweeping, sweep_again;
	int swept;
};

struct daemon {
	const struct options *o;
	struct keeper keeper;
	struct files files;
	struct links links;
	struct lifewatch *lifewatch; /* NULL: this host has nothing to watch by */
	struct control *control;
	sd_event *event;
	sd_event_source *work, *timer;
	int lock;      /* as long as it lives; -1 */
	int pass_lock; /* of who is at work, ... */
	char pass_text[LOCK_TEXT];
	bool locked;         /* ... held now */
	uint64_t locked_out; /* somebody else is at work: when to try again; 0 */
	uint64_t resync;     /* the next full pass; UINT64_MAX: never */
	uint64_t watchdog, watchdog_ns;
	size_t worked; /* rounds since memory was given back */
	bool passing;  /* a full pass is under way */
	uint64_t pass_start;
	size_t pass_writes; /* kernel writes before it */
	bool ready;         /* the first pass is done */
	bool reloading;     /* somebody waits for READY=1 */
	struct said said;   /* about the host, and who has no manifest */
	uint64_t *settlers; /* clients that wait until nothing is under way */
	size_t n_settlers;
};

/* ---- daemon_files ---- */

int files_open(struct daemon *d);
void files_close(struct daemon *d);
/* The watch has something. */
void files_event(struct daemon *d);
/* Everything is to be looked at, now. */
void files_whole(struct daemon *d);
/* Looks at what is due by NOW. */
void files_work(struct daemon *d, uint64_t now);
/* Looks at what is pending, without waiting for quiet. */
void files_flush(struct daemon *d);
/* When there is something to do; UINT64_MAX: nothing. */
uint64_t files_next(const struct daemon *d);

/* ---- daemon_links ---- */

/* Without events it goes on, with a finding. */
void links_open(struct daemon *d, struct diagnostics *ds);
int links_listen(struct daemon *d);
void links_close(struct daemon *d);
/* What is held for NAME is not any more. */
void links_forget(struct daemon *d, const char *name);
/* IFBs whose host ends are gone are deleted, by the slow thread. */
void links_sweep(struct daemon *d);
/* Looks at what is due by NOW; when there is something to do (UINT64_MAX: nothing). */
void links_work(struct daemon *d, uint64_t now);
uint64_t links_next(const struct daemon *d);

/* ---- daemon_calls ---- */

extern const struct control_calls daemon_calls;
/* Nothing is under way: whoever waited for that is told. */
void calls_idle(struct daemon *d);

/* ---- daemon ---- */

/* Looks at everything anew. INSIST: also tries again what is held back. */
void daemon_pass(struct daemon *d, bool insist);
