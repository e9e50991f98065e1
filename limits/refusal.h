/*
 * refusal - the kernel's answer to a write, as a change's verdict.
 * Each names the file, the value, the kernel's reason in words and what can be done about it.
 */
#pragma once

#include "limits/knobs.h"

/* After a failed write of VALUE to FILE. ADVICE: what to do, NULL: what usually helps against this
 * error. A container that has stopped is no failure: the change is skipped. */
void refusal_set(struct change *change, const struct container *c, const struct knob *k,
		 const char *file, const char *value, int error, const char *advice);

/* The same for a file of a nested group. */
void refusal_set_path(struct change *change, const struct container *c, const struct knob *k,
		      const char *path, const char *value, int error, const char *advice);

/* After all writes went well: reads back, and says so where the kernel holds something else. */
void refusal_verify(struct change *change, const struct container *c, const struct knob *k);

/* The same of several changes, whose files are read once: T has read nothing since the writes. */
void refusal_verify_from(struct change *change, const struct knob *k, struct filetext *t);
