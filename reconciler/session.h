/*
 * session - somebody asked for an apply, and the daemon carries it out: who waits for what.
 * What the rounds do for the instances asked for is gathered until nothing of theirs is under way
 * any more; then it is one result, printed like that of an apply without a daemon.
 */
#pragma once

#include "reconciler/keeper.h"

struct turn;

/* Names, verbosity and format as somebody's options say; N_NAMES == 0: all. ENDED is called once,
 * with what would stand on standard output and standard error, and the exit status. */
void session_open(struct keeper *k, const struct options *o,
		  void (*ended)(void *context, uint64_t client, const char *out, const char *err,
				int status),
		  void *context, uint64_t client);

/* What a round has found and done for a ward. */
void session_turn(struct keeper *k, const struct turn *t);
/* A job of it has ended. */
void session_job(struct keeper *k, const struct ward *w, const struct job *job);
/* The same for networks: what a look has found and done, what became of one change that took its
 * time, and one that no document is about any more. */
struct network_ward;
struct outcome;
void session_network(struct keeper *k, const struct network_ward *w, const struct outcome *now);
void session_network_change(struct keeper *k, const struct network_ward *w, const struct change *c);
void session_network_forget(struct keeper *k, const struct network_ward *w);

/* Has all that was under way for it ended? */
void session_settle(struct keeper *k, const struct ward *w);
/* It is no longer looked after. */
void session_forget(struct keeper *k, const struct ward *w);

/* Is nothing of W under way, nor to be looked at? */
bool session_settled(const struct keeper *k, const struct ward *w);
