#include "schema/world.h"

#include <stdlib.h>
#include <string.h>

const char *status_name(enum status s)
{
	switch (s) {
	case STATUS_MISSING:
		return "missing";
	case STATUS_STOPPED:
		return "stopped";
	case STATUS_STARTING:
		return "starting";
	case STATUS_RUNNING:
		return "running";
	case STATUS_FROZEN:
		return "frozen";
	}
	return "unknown";
}

static int compare_name(const void *name, const void *item)
{
	const struct world_instance *i = item;

	return strcmp(name, i->instance->name);
}

const struct world_instance *world_find(const struct world *w, const char *name)
{
	if (w->n == 0)
		return NULL;
	return bsearch(name, w->instances, w->n, sizeof(*w->instances), compare_name);
}

static int compare_parent(const void *name, const void *item)
{
	const struct parent_link *p = item;

	return strcmp(name, p->name);
}

const struct parent_link *host_parent(const struct host *h, const char *name)
{
	if (h->n_parents == 0)
		return NULL;
	return bsearch(name, h->parents, h->n_parents, sizeof(*h->parents), compare_parent);
}
