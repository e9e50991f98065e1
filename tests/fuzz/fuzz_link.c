/* What the kernel says of interfaces and of what shapes them holds bytes that a container's root
 * has chosen. The first byte says how it came, the others are messages. Whatever they are, what is
 * read of them has its bounds. */
#include "net/htb.h"
#include "net/ifb.h"
#include "net/linkwatch.h"
#include "net/redirect.h"
#include "tests/fuzz/fuzz.h"

#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>

enum { CUT = 1, HERE = 2 };

#define THERE 5 /* another namespace */

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void demand_text(const char *text, size_t room)
{
	demand(memchr(text, 0, room) != NULL);
}

static void check_link(const struct nlmsghdr *h)
{
	struct link l;

	if (!link_parse(h, &l))
		return;
	demand_text(l.name, sizeof(l.name));
	demand_text(l.kind, sizeof(l.kind));
	demand_text(l.alias, sizeof(l.alias));
	demand_text(l.device, sizeof(l.device));
	demand_text(l.hwaddr, sizeof(l.hwaddr));
	demand_text(l.perm_hwaddr, sizeof(l.perm_hwaddr));
	demand(!l.hwaddr[0] || strlen(l.hwaddr) == strlen("00:00:00:00:00:00"));
	demand(l.peer_nsid >= LINK_NOWHERE);
	demand(ifb_host_index(&l) >= 0);
}

static void check_shaping(const struct nlmsghdr *h, struct htb *htb, struct redirect *r)
{
	const struct link host_end = {.index = 7, .name = "ve0"};
	struct ifb ifb = {.there = false};

	for (size_t i = 0; i < HTB_QUESTIONS; i++)
		htb_answer(htb, i, h);
	for (size_t i = 0; i < REDIRECT_QUESTIONS; i++)
		redirect_answer(r, i, h);
	ifb_answer(&ifb, &host_end, h);
	demand(!ifb.ours || ifb.there);
	demand_text(htb->kind, sizeof(htb->kind));
	demand_text(r->kind, sizeof(r->kind));
	if (htb->class_here)
		htb_fits(htb, 1500);
}

static void found(void *context, const char *owner)
{
	(void)context;
	demand(*owner);
}

/* One for all: it costs system calls. NULL: only root hears all namespaces. */
static struct linkwatch *watch(void)
{
	static const struct watched_link links[] = {
	    {.nsid = THERE,     .index = 7},
	    {.nsid = LINK_HERE, .index = 7, .routes = true},
	    {.nsid = THERE,                 .name = "eth0"              },
	    {.nsid = LINK_HERE,                 .name = "br0"},
	};
	static struct linkwatch *w;
	static bool opened;

	if (!opened)
		w = linkwatch_open();
	if (!opened && w)
		linkwatch_hold(w, "web1", links, sizeof(links) / sizeof(*links));
	opened = true;
	return w;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	int left = (int)n - 1, how = n ? bytes[0] : 0;
	struct redirect redirect = {.to = 0};
	struct htb htb = {.handle = 0};
	char *copy;

	if (left < 0)
		return 0;
	/* as aligned as the kernel's, and not a byte longer */
	copy = malloc(left ? (size_t)left : 1);
	demand(copy != NULL);
	memcpy(copy, bytes + 1, (size_t)left);
	if (watch()) {
		linkwatch_take(watch(), how & HERE ? LINK_HERE : THERE, copy, (size_t)left,
			       how & CUT);
		linkwatch_read(watch(), found, NULL);
	}
	for (struct nlmsghdr *h = (struct nlmsghdr *)copy; nlmsg_ok(h, left);
	     h = nlmsg_next(h, &left)) {
		check_link(h);
		check_shaping(h, &htb, &redirect);
	}
	free(copy);
	return 0;
}
