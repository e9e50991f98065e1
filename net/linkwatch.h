/*
 * linkwatch - events about network interfaces, by rtnetlink: on this host and, by the one socket
 * that hears them all, in every network namespace that has a number here.
 * An event says "look again" and nothing more. Only what is held by somebody is told, and only when
 * something that matters of it has changed: not a counter, a carrier, or a bridge that learns of
 * its ports. What a container's root does with interfaces of its own is heard and left.
 *
 * Queueing disciplines and routes are heard by a second socket, in this namespace alone: nobody in
 * a container has any to hold.
 */
#pragma once

#include "schema/driver.h"

struct linkwatch;

/* NULL with errno. */
struct linkwatch *linkwatch_open(void);
/* NULL is allowed. */
void linkwatch_close(struct linkwatch *w);

int linkwatch_fd(const struct linkwatch *w);

/* OWNER holds these interfaces from now on, and no others; N == 0: none. One that nobody held
 * before is asked for: what happened to it up to now is no event, so that OWNER has to be looked at
 * once more. By its index (with its queueing disciplines, if it is a veth or an IFB), or by its
 * name: then it is told when one of that name comes, goes, becomes another one or of another kind,
 * or is set up or down. */
void linkwatch_hold(struct linkwatch *w, const char *owner, const struct watched_link *links,
		    size_t n);

/* Reads what has come, and never waits; who has much to say is heard to its end in several calls.
 * FOUND is called once for each owner that it may be about, and must not call back. What we have
 * changed ourselves is found at most once; of queueing disciplines and routes, never. False:
 * events were lost, look at all. */
bool linkwatch_read(struct linkwatch *w, void (*found)(void *context, const char *owner),
		    void *context);

/* N bytes as the kernel sent them about the namespace NSID, aligned like a message; CUT: only its
 * beginning. What linkwatch_read does with each datagram. */
void linkwatch_take(struct linkwatch *w, int nsid, void *bytes, size_t n, bool cut);

/* Has an interface of this namespace gone, since this was asked last, whose IFB stays behind? */
bool linkwatch_orphaned(struct linkwatch *w);

/* Has a veth of this namespace gone, since this was asked last? The host may answer for addresses
 * that it led to. */
bool linkwatch_veth_gone(struct linkwatch *w);
