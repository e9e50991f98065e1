/*
 * power - the life cycle of a pass: what is created, destroyed, stopped, started, frozen,
 * restarted. Rounds of jobs, each answering for one change of the plan.
 */
#pragma once

#include "reconciler/draft.h"

/* state: absent, and what has a source: and is not there. */
void power_existence(struct survey *s);

/* Stops, then starts; looks anew at every container that did either. */
void power_stop_and_start(struct survey *s);

/* Freezes and thaws: the last step, limits were set before. */
void power_freezer(struct survey *s);

/* restart: allowed. Carries out pending restarts one instance at a time; SETTLE is called for each
 * when it runs again and says whether it is in sync. Stops at the first that is not. */
void power_restarts(struct survey *s, bool (*settle)(struct survey *s, struct subject *subject));
