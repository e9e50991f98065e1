/*
 * own_nics - the interfaces of a container's own config, where a plan depends on them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct container;
struct own_nic;
struct properties;
struct subject;
struct survey;

/* The interfaces of C's own config, by their numbers, into A. Returns how many. */
size_t own_nics_of(const struct container *c, struct arena *a, struct own_nic **out);

/* Fills the world's own_nics of SUBJECT, whose container and record are there. Asking liblxc costs
 * a millisecond: it is only asked where the record does not say it all. */
void own_nics_read(struct survey *s, struct subject *subject);

/* Are the lxc.net.N that CONFIG itself has lines for others than those that OWNED, a record, says
 * are the owner's ("0 own veth")? The record of a nic says which number it has. */
bool own_nics_moved(const char *config, const struct properties *owned);
