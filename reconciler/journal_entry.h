/*
 * journal_entry - one thing that the daemon says, as data; and its three forms.
 * Pure: printing is journal's.
 */
#pragma once

#include "schema/diagnostic.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct json_t;

enum event {
	EVENT_STARTED,      /* the daemon runs */
	EVENT_STOPPED,      /* it ends, and leaves everything as it is */
	EVENT_RELOADED,     /* a full pass was asked for */
	EVENT_CHANGED,      /* a property was changed */
	EVENT_PUT_BACK,     /* somebody else had changed it */
	EVENT_WOULD_CHANGE, /* --observe */
	EVENT_PENDING,      /* waits for a restart */
	EVENT_UNSUPPORTED,
	EVENT_FAILED,     /* something was refused */
	EVENT_SKIPPED,    /* not tried: something before it failed */
	EVENT_RECOVERED,  /* what failed holds again */
	EVENT_CONTESTED,  /* put back again and again */
	EVENT_CRASH_LOOP, /* a container does not stay up */
	EVENT_CONTAINER,  /* a container came, went, was frozen: noticed, not done */
	EVENT_RESTARTED,  /* a container was restarted for what waited */
	EVENT_PAUSED,
	EVENT_RESUMED,
	EVENT_RELEASED,     /* its manifest is gone; the container stays */
	EVENT_HELD_BACK,    /* its manifest is invalid; it keeps what it has */
	EVENT_FINDING,      /* of a manifest or the host; the priority is the severity's */
	EVENT_MANIFESTS,    /* the directory as a whole cannot be used, or can be again */
	EVENT_WATCH_LIMIT,  /* inotify cannot watch all: polled instead */
	EVENT_OVERFLOW,     /* events were lost: all is looked at */
	EVENT_CONTROL,      /* the control socket */
	EVENT_PASS,         /* -v: what a pass did */
	EVENT_KERNEL_WRITE, /* -vv */
	EVENT_REPEATED,     /* the journal's own: a line that was folded */
	EVENT_LINES_LOST,   /* the journal's own: lines that could not be written */
	N_EVENTS,
};

struct event_info {
	const char *name;       /* "put-back" */
	const char *message_id; /* 32 hexadecimal digits, for journalctl MESSAGE_ID= */
	int priority;           /* LOG_ERR to LOG_DEBUG */
	unsigned fold_s;        /* within so many seconds a repeated line is counted, not printed */
};

const struct event_info *event_info(enum event event);

struct journal_entry {
	enum event event;
	int priority;
	const char *instance;                       /* NULL: the daemon itself */
	const char *object, *attribute, *from, *to; /* exact, secrets hidden; NULL */
	const char *key, *profile;
	struct place at;
	const char *message;  /* one line, escaped, in human units; without the instance */
	const char *reason;   /* why it failed; NULL */
	const char *hint;     /* NULL */
	uint64_t retry_ms;    /* 0: none */
	unsigned repeated;    /* so many times since it was said last */
	uint64_t repeated_ms; /* within this time */
};

/* "web1: cgroup memory.max 256MiB -> 512MiB (...); next try in 4s (repeated 3 times in 2m)", in A;
 * at most 4000 bytes. */
char *entry_text(const struct journal_entry *e, struct arena *a);

/* One object; TIME_US is the wall clock's. The caller owns it. */
struct json_t *entry_json(const struct journal_entry *e, uint64_t time_us);

/* What systemd-journald's socket takes. In A, *N bytes. */
char *entry_native(const struct journal_entry *e, struct arena *a, size_t *n);
