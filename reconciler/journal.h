/*
 * journal - what the daemon says: a line for each change, none for an idle pass.
 * Text or JSON Lines on standard error; under systemd (JOURNAL_STREAM names standard error) fields
 * and MESSAGE_IDs to its journal. Values in human units, secrets hidden, repeats folded. Nothing
 * here waits: what a full disk or a stuck reader does not take is counted, and said later.
 * To be used by the loop's thread alone.
 */
#pragma once

#include "reconciler/journal_entry.h"

struct options;
struct change;
struct changes;
struct diagnostic;
struct journal;

/* To standard error. O must live as long. */
struct journal *journal_open(const struct options *o);
/* To FD, which stays the caller's; never to systemd. */
struct journal *journal_open_at(int fd, const struct options *o);
/* From now on lines are gathered, and written by journal_flush in one go; at the latest when there
 * is no room for more. Fields to systemd still go one by one. */
void journal_gather(struct journal *j);
void journal_flush(struct journal *j);
/* Says first what was folded. */
void journal_close(struct journal *j);

/* A change of the instance NAME, one of ALL: of an object that comes or goes it is one line, which
 * that of its identity brings (ALL may be NULL: each for itself). EVENT_CHANGED: it was made;
 * EVENT_PUT_BACK: somebody else had changed it; EVENT_FAILED: refused, and tried again in RETRY_MS
 * (0: not by itself); EVENT_PENDING: waits for a restart; EVENT_WOULD_CHANGE: --observe;
 * EVENT_CONTESTED: somebody keeps changing it; EVENT_UNSUPPORTED: shown, not done. */
void journal_change(struct journal *j, enum event event, const char *name,
		    const struct changes *all, const struct change *c, uint64_t retry_ms);

/* All changes of a pass by their verdicts: applied, failed, pending; skipped ones with -v. DRIFT:
 * those applied were drift. */
void journal_changes(struct journal *j, const char *name, const struct changes *cs, bool drift,
		     uint64_t retry_ms);

/* Anything else about the instance NAME (NULL: about the host or the daemon itself). The text has
 * no full stop; it is escaped here. EVENT_RECOVERED also forgets what was folded for NAME. */
void journal_say(struct journal *j, enum event event, const char *name, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same with the time of the next try in words behind it; a text that repeats is folded,
 * whatever the time. */
void journal_retry(struct journal *j, enum event event, const char *name, uint64_t retry_ms,
		   const char *format, ...) __attribute__((format(printf, 5, 6)));

/* A finding about a manifest or the host: FILE:LINE:COLUMN: error: MESSAGE (HINT). */
void journal_finding(struct journal *j, const struct diagnostic *d);

/* -vv: one write to the kernel. */
void journal_kernel_write(struct journal *j, const char *what, const char *value, int error);

/* Lines that were lost since the last that got through. */
uint64_t journal_lost(const struct journal *j);
