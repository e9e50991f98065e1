/*
 * draft - one instance's plan: its properties, its life cycle, its boot file.
 * The pass drafts every subject; apply drafts one again when its container has come to life.
 */
#pragma once

#include "reconciler/pass.h"
#include "reconciler/survey.h"

/* The object of life-cycle changes and its attributes: "existence" is created or destroyed,
 * "state" is running, stopped or frozen. */
#define CONTAINER_OBJECT "container"
#define CONTAINER_EXISTENCE "existence"
#define CONTAINER_STATE "state"
#define CONTAINER_RESTART "restart" /* restart: allowed, and something waits for one */

/* The object of a boot file that is to be written although no change of a property asks for it. */
#define BOOT_OBJECT "boot"

/* Drafts SUBJECT's plan into its outcome's changes: what of its life cycle, its properties and its
 * boot file differs. Only reads. */
void draft_subject(struct survey *s, struct subject *subject);

/* The part about properties alone, of a container as it is now: fills desired, observed, kept and
 * text, and appends to OUT. */
void draft_properties(struct survey *s, struct subject *subject, bool will_start,
		      struct changes *out);

/* The boot file while a change is under way: all that is wanted and all that is still owned. */
const char *draft_text_between(struct survey *s, const struct subject *subject);

/* The boot file once the changes have their verdicts: what was put back is forgotten. */
const char *draft_text_after(struct survey *s, const struct subject *subject);

/* Does the file on disk, with its include line, differ from TEXT? */
bool draft_differs(const struct subject *subject, const char *text);

/* Is something wanted that the record does not own yet? Then it is written first. */
bool draft_takes_more(const struct subject *subject);

/* The life-cycle change of this attribute that is to be carried out, or NULL. */
struct change *draft_lifecycle(const struct subject *subject, const char *attribute);

/* Is it planned, is its container there, and has nothing about its existence failed? */
bool draft_in_hand(const struct subject *subject);

/* Is it to be started, and has not been yet? */
bool draft_will_start(const struct subject *subject);

/* Has it been tried, in vain? NULL: no. */
bool draft_failed(const struct change *c);
