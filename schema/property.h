/*
 * property - everything that can be true of a container: an object, an attribute, a value.
 * Desired, observed and owned are three sorted arrays of this one type; the plan is their
 * difference. Values are in the kernel's own spelling, so equality is text equality.
 */
#pragma once

#include "schema/diagnostic.h"
#include "schema/keys.h"

#include <stdbool.h>

/* How sure we are of an observed value. */
enum certainty {
	CERTAIN_VALUE,
	CERTAIN_ABSENT, /* looked, and it is not there */
	UNKNOWN,        /* could not look: REASON says why. Never causes a change by itself */
	UNSUPPORTED,    /* this kernel or host has no place for it: REASON and REMEDY say */
};

struct property {
	const char
	    *object; /* "cgroup", "rlimit", "io/8:0", "container"; "%2F" for a "/" in a name */
	const char *attribute; /* "memory.max": v2 names on every layout */
	const char *value;     /* kernel's spelling; NULL unless CERTAIN_VALUE */
	enum certainty certainty;
	const char
	    *reason; /* why it is unknown or unsupported; or why a desired one cannot be had */
	const char *remedy; /* what the user can do about that; may be NULL */
	/* desired only */
	enum effect effect;
	const struct setting *setting; /* the line that asks for it; NULL: derived, see key */
	const struct document *from;   /* where that line stands: a profile or the instance */
	struct place at; /* of what asks for it, when it is no setting; else NOWHERE */
	const char *key; /* the config key or DEVICE.OPTION that asks for it */
	bool force;      /* the instance allows what harms it: a memory limit below use */
	bool recorded;   /* derived once: its value goes into the record although no key says so */
	bool wrong; /* UNKNOWN, and it is for the user to mend: REASON is an error at its place */
};

struct properties {
	struct arena *arena; /* owns the items and texts of drivers */
	struct property *items;
	size_t n, capacity;
};

void properties_init(struct properties *p, struct arena *a);

/* Appends a copy and returns it; texts are not copied. */
struct property *properties_add(struct properties *p, struct property item);

/* Sorts by object, then attribute. Of two with the same name the later added wins. */
void properties_sort(struct properties *p);

/* In a sorted array; NULL: none. */
const struct property *properties_find(const struct properties *p, const char *object,
				       const char *attribute);

/* By object, then attribute, bytewise; objects compare by their kind (up to "/") first. */
int property_compare(const struct property *x, const struct property *y);

/* Does OBJECT belong to KIND: equal, or KIND followed by "/"? */
bool object_is(const char *object, const char *kind);

/* The object of KIND called NAME: "disk/my%2Fdata". */
const char *object_name(struct arena *a, const char *kind, const char *name);

/* Phases of a plan, in their order. */
enum phase {
	PHASE_RELEASE,
	PHASE_CREATE,
	PHASE_BOOT_FILE,
	PHASE_STOP,
	PHASE_START,
	PHASE_REMOVE,
	PHASE_LINK,
	PHASE_MOUNT,
	PHASE_NODE,
	PHASE_LIMIT,
	PHASE_SHAPE,
	PHASE_STATE,
};

enum action {
	ACTION_ADD,     /* + */
	ACTION_CHANGE,  /* ~ */
	ACTION_REMOVE,  /* - : put back to `to`, or gone when that is NULL */
	ACTION_REPLACE, /* -/+ */
	ACTION_WAIT,    /* ! : pending restart */
	ACTION_NONE,    /* ? : unknown or unsupported: shown, not done */
};

enum verdict {
	VERDICT_NONE, /* only planned */
	VERDICT_APPLIED,
	VERDICT_FAILED,  /* `error` says what, why and what to do */
	VERDICT_PENDING, /* written, waits for a restart */
	VERDICT_SKIPPED, /* `reason` says why: something before it failed */
};

struct change {
	const char *object, *attribute;
	const char *from; /* NULL: nothing was, or unknown */
	const char *to;   /* NULL: it goes */
	enum certainty observed;
	enum action action;
	enum effect effect;
	enum phase phase;
	const char *key;
	const struct setting *setting;
	const struct document *origin;
	struct place at;
	const char *reason, *remedy;
	bool force;    /* the desired property's */
	bool wrong;    /* likewise: refused until the user mends what he asks for */
	bool identity; /* of the attribute that says what its object is */
	/* the driver's */
	enum verdict verdict;
	int error_number;  /* errno of the refusal, 0 */
	const char *error; /* one line: file or link, value, why, what to do */
};

struct changes {
	struct arena *arena;
	struct change *items;
	size_t n, capacity;
};

struct change *changes_add(struct changes *c, struct change item);

/* The change by which the object of C comes, goes or becomes another one: that of its identity,
 * which may be C itself. NULL: C is about a part of an object that stays what it is. */
struct change *changes_whole(const struct changes *all, const struct change *c);

/* Is there something to say of C for itself? Not where its object is told as a whole, and C shared
 * its fate. */
bool changes_told(const struct changes *all, const struct change *c);

/* Where it is asked for: the setting, the device, or else the document; NOWHERE: derived. */
struct place change_place(const struct change *c);

/* TO becomes FROM with every text copied into A, so that it outlives plan and manifests: its place
 * and the profile it comes from stay, the setting itself does not. They may be the same. */
void change_copy(struct change *to, struct arena *a, const struct change *from);

/* Marks a change failed: the text is formatted into A; errno's words are NOT added by it. */
void change_fail(struct change *c, struct arena *a, int error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
