/*
 * linkholds - who holds which interfaces, and how each of them was when that was last told.
 * An interface is held by its index or by its name, in this namespace or in one known by number;
 * what was seen of it is a digest. Many may hold one. Pure: no socket, no kernel.
 */
#pragma once

#include "net/link.h"
#include "schema/driver.h"

struct linkholds;

/* How an interface is. */
struct link_seen {
	int index;
	const char *name;
	uint64_t whole; /* digest of all that matters to who holds it */
	uint64_t brief; /* ... to who asked for its name: a parent that others use, too */
	bool shaped;    /* its queueing disciplines matter */
};

struct linkholds *linkholds_new(void);
/* NULL is allowed. */
void linkholds_free(struct linkholds *h);

/* OWNER holds these from now on, and no others; N == 0: it is forgotten. LOOK is called for what
 * nobody held before: it fills SEEN, or says by false that there is no such interface. Where it
 * cannot be known it sets *UNKNOWN: the next thing seen of it is told. */
void linkholds_set(struct linkholds *h, const char *owner, const struct watched_link *links,
		   size_t n,
		   bool (*look)(void *context, const struct watched_link *l, struct link_seen *seen,
				bool *unknown),
		   void *context);

/* Does anybody hold it, by its index or by its name (may be NULL)? */
bool linkholds_cares(const struct linkholds *h, int nsid, int index, const char *name);
/* ... and its routes? */
bool linkholds_routes(const struct linkholds *h);

/* What was seen; told by linkholds_tell. */
void linkholds_saw(struct linkholds *h, int nsid, const struct link_seen *seen);
void linkholds_went(struct linkholds *h, int nsid, int index);
/* Its queueing disciplines, or routes by it, in this namespace, were changed. */
void linkholds_queueing(struct linkholds *h, int index);
void linkholds_routing(struct linkholds *h, int index);

/* Some of it was not seen: the next thing seen of each is told. */
void linkholds_doubt(struct linkholds *h);

/* Calls FOUND once for each owner of whose interfaces one is otherwise than when it was last told.
 * FOUND must not change H; neither may anybody else between what was seen and this. */
void linkholds_tell(struct linkholds *h, void (*found)(void *context, const char *owner),
		    void *context);

/* How many interfaces are held. */
size_t linkholds_count(const struct linkholds *h);
