/* Holds the place of net/shaping.c for the next minutes: DELETE THIS FILE with the commit that
 * brings it. */
#include "net/netlink.h"
#include "net/shaping.h"

#include <errno.h>

uint64_t shaping_settle(uint64_t bits)
{
	return bits / 8 * 8;
}

int shaping_read(struct netlink *nl, const struct link *host_end, enum shaping_way way,
		 struct arena *a, struct shaping *out)
{
	(void)nl;
	(void)host_end;
	(void)way;
	(void)a;
	*out = (struct shaping){0};
	return 0;
}

int shaping_set(struct netlink *nl, const struct link *host_end, enum shaping_way way,
		uint64_t rate, uint64_t burst, struct arena *a, const char **why)
{
	(void)nl;
	(void)host_end;
	(void)way;
	(void)rate;
	(void)burst;
	(void)a;
	*why = "not there yet";
	return -EOPNOTSUPP;
}

int shaping_clear(struct netlink *nl, const struct link *host_end, enum shaping_way way,
		  struct arena *a, const char **why)
{
	(void)nl;
	(void)host_end;
	(void)way;
	(void)a;
	(void)why;
	return 0;
}

int shaping_sweep(struct netlink *nl)
{
	(void)nl;
	return 0;
}

int shaping_orphans(struct netlink *nl)
{
	(void)nl;
	return 0;
}
