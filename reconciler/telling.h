/*
 * telling - status as the daemon tells it: once, until something holds, or change by change.
 * Each returns the exit status.
 */
#pragma once

#include "reconciler/asking.h"

/* How they stand. */
int telling_now(struct asking *k, const struct options *o);
/* --wait: 0: all of them stand as O->wait says, by what is in the files at the time of asking; 1:
 * not in time. */
int telling_until(struct asking *k, const struct options *o);
/* --watch: a line for each, then one for each change, until nobody reads them or the daemon ends.
 */
int telling_changes(struct asking *k, const struct options *o);
