/*
 * steps - a container's life in a round: what is created, started, stopped, destroyed, frozen.
 * At most one step at a time becomes a job; the round after it finds out what is next. A boot file
 * that has to be there first is a step, too.
 */
#pragma once

#include "reconciler/round.h"

/* Steps that come before anything else. True: there is one, and nothing else is done now. */
bool step_first(struct round *r, struct turn *t);
/* Steps that come after everything else. */
void step_last(struct round *r, struct turn *t);

/* The one that was restarted has to be in sync before the next one is. */
void step_judge_restart(struct keeper *k, struct ward *w);

/* May its boot file be tried now? One that failed is tried less and less often. */
bool step_may_record(const struct round *r, const struct ward *w);
/* TEXT is to be its boot file before anything else is taken. */
void step_record(struct round *r, struct turn *t, const char *text);
