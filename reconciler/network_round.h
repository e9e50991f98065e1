/*
 * network_round - the daemon's look at the networks that are due, before that at the instances.
 * The same drafts as a pass makes; what would wait in the kernel, the removal of a bridge, is
 * handed off to a thread, once no instance is due any more.
 */
#pragma once

#include "reconciler/keeper.h"

/* These documents came, changed or went; who uses them is looked at again. */
void network_round_news(struct keeper *k, const char *const *names, size_t n);

/* Something happened to an interface of OWNER's ("network/br0"). False: it is no network's name. */
bool network_round_event(struct keeper *k, const char *owner);

/* All are to be looked at. */
void network_round_full(struct keeper *k, bool insist);

/* Looks at those that are due, and carries out what there is to do. */
void network_round(struct keeper *k);

/* No instance is due any more: bridges that are to go may go. */
void network_round_quiet(struct keeper *k);

/* When one is to be looked at next, UINT64_MAX: never; those due by NOW are made due. */
uint64_t network_round_next(struct keeper *k, uint64_t now);
