/*
 * own_nics - the interfaces of a container's own config, where a plan depends on them.
 */
#pragma once

struct subject;
struct survey;

/* Fills the world's own_nics of SUBJECT, whose container and record are there. Asking liblxc costs
 * a millisecond: it is only asked where the record does not say it all. */
void own_nics_read(struct survey *s, struct subject *subject);
