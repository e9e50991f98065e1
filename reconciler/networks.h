/*
 * networks - the network documents of a pass: looked at, drafted, carried out.
 * Bridges come before the instances that hang on them, and go after these.
 */
#pragma once

#include "reconciler/network_draft.h"

struct networks {
	struct arena *arena;
	struct network_subject *subjects;
	struct outcome *outcomes; /* parallel, sorted by name */
	size_t n;
};

/* Does a nic of I name this network, or the interface of its name? */
bool network_used_by(const char *network, const struct instance *i);

/* Reads D, looks at its interface, and drafts its plan on the host of this name into S's outcome.
 */
void networks_look(struct network_subject *s, const struct document *d, const char *host,
		   struct arena *a);

/* Looks at the networks of G on HOST and drafts them into A: all, or with O's names those that
 * these instances use. Only reads. */
void networks_take(struct networks *ns, const struct options *o, const struct generation *g,
		   const char *host, struct arena *a);

/* Makes and changes what is to be there. */
void networks_apply(struct networks *ns);

/* Removes what is not. */
void networks_remove(struct networks *ns);

/* Notices about bridges of ours that no document is about any more. */
void networks_released(const struct catalog *c, struct diagnostics *ds);
