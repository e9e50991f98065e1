#include "net/priority.h"

#include "net/htb.h"
#include "net/netlink.h"
#include "net/nftables.h"
#include "net/priority_chain.h"
#include "schema/arena.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>

/* No nf_tables, no family netdev, or no such hook. */
static bool is_lacking(int error)
{
	return error == -EOPNOTSUPP || error == -EAFNOSUPPORT || error == -EPROTONOSUPPORT;
}

const char *priority_refused(uint32_t value)
{
	if ((value & 0xffff0000u) != HTB_HANDLE)
		return NULL;
	return "0x656b0000 to 0x656bffff are the classes that evenkeel limits rates with";
}

int priority_read(const struct link *host_end, struct priority *out)
{
	struct priority_reading r;
	int error = priority_look(host_end, &r);

	*out = (struct priority){.there = false};
	if (is_lacking(error))
		return -EOPNOTSUPP;
	if (error)
		return error == -ENOENT ? 0 : error;
	*out = (struct priority){true, priority_is_whole(&r), r.rule_fits ? r.value : 0};
	return 0;
}

/* --- chains that have outlived their host ends --------------------------------------------------
 */

struct chains {
	struct arena *arena;
	const char *device; /* only those bound to this name; NULL: all */
	int *indexes;
	size_t n, capacity;
};

/* The index in the name of a chain of ours; 0: it is none. */
static int index_of(struct nlattr **a)
{
	char name[PRIORITY_CHAIN_SIZE], again[PRIORITY_CHAIN_SIZE];
	long index;

	if (!priority_is_text(a[NFTA_CHAIN_TABLE], PRIORITY_TABLE) || !a[NFTA_CHAIN_NAME])
		return 0;
	nla_strlcpy(name, a[NFTA_CHAIN_NAME], sizeof(name));
	if (strncmp(name, PRIORITY_CHAIN, strlen(PRIORITY_CHAIN)) != 0)
		return 0;
	index = strtol(name + strlen(PRIORITY_CHAIN), NULL, 10);
	if (index <= 0 || index > INT32_MAX)
		return 0;
	priority_chain_name((int)index, again);
	return strcmp(name, again) == 0 ? (int)index : 0;
}

static void take_index(const struct nlmsghdr *h, void *context)
{
	struct nlattr *a[NFTA_CHAIN_MAX + 1], *hook[NFTA_HOOK_MAX + 1];
	struct chains *c = context;
	int index;

	if (nftables_type(h) != NFT_MSG_NEWCHAIN ||
	    nlmsg_parse((struct nlmsghdr *)h, sizeof(struct nfgenmsg), a, NFTA_CHAIN_MAX, NULL) < 0)
		return;
	index = index_of(a);
	if (index == 0)
		return;
	if (c->device && (!a[NFTA_CHAIN_HOOK] ||
			  nla_parse_nested(hook, NFTA_HOOK_MAX, a[NFTA_CHAIN_HOOK], NULL) < 0 ||
			  !priority_is_text(hook[NFTA_HOOK_DEV], c->device)))
		return;
	c->indexes = arena_grow(c->arena, c->indexes, c->n, &c->capacity, sizeof(*c->indexes));
	c->indexes[c->n++] = index;
}

static int list_chains(struct chains *c)
{
	int error = -EAGAIN;

	for (int i = 0; i < PRIORITY_MOST_DUMPS && error == -EAGAIN; i++) {
		c->n = 0;
		error = nftables_ask(nftables_new(NFT_MSG_GETCHAIN, NLM_F_DUMP), take_index, c);
	}
	return error == -EAGAIN ? -EBUSY : error;
}

/* --- changes -----------------------------------------------------------------------------------
 */

#define MOST_MESSAGES 64

struct batch {
	struct nl_msg *msgs[MOST_MESSAGES];
	size_t n;
};

static void add_removal(struct batch *b, const char *chain)
{
	b->msgs[b->n++] = priority_rule(NFT_MSG_DELRULE, 0, chain);
	b->msgs[b->n++] = priority_chain(NFT_MSG_DELCHAIN, 0, chain);
}

/* Of a host end that had this name before. */
static void add_removal_of_namesakes(struct batch *b, const struct link *host_end, struct arena *a)
{
	struct chains c = {.arena = a, .device = host_end->name};
	char chain[PRIORITY_CHAIN_SIZE];

	if (list_chains(&c) < 0)
		return;
	for (size_t i = 0; i < c.n && b->n + 8 < MOST_MESSAGES; i++) {
		if (c.indexes[i] == host_end->index)
			continue;
		priority_chain_name(c.indexes[i], chain);
		add_removal(b, chain);
	}
}

static int refuse(const struct link *host_end, const char *what, int error, const char *said,
		  struct arena *a, const char **why)
{
	const char *words = *said ? arena_printf(a, " (%s)", said) : "";

	if (is_lacking(error)) {
		*why =
		    arena_printf(a,
				 "%s: %s cannot be had: this kernel has no egress hook of "
				 "nf_tables%s; take Linux 5.16 or later with NF_TABLES_NETDEV and "
				 "NETFILTER_EGRESS, or take limits.priority away",
				 host_end->name, what, words);
		return -EOPNOTSUPP;
	}
	*why = arena_printf(
	    a, "%s: %s: %s%s; nft list table netdev " PRIORITY_TABLE " shows what is there",
	    host_end->name, what, strerror(-error), words);
	return error;
}

static void add_changes(struct batch *b, const struct link *host_end,
			const struct priority_reading *now, bool there, uint32_t value,
			struct arena *a)
{
	char chain[PRIORITY_CHAIN_SIZE];

	priority_chain_name(host_end->index, chain);
	if (there && now->chain_fits) {
		b->msgs[b->n++] = priority_rule(NFT_MSG_DELRULE, 0, chain);
	} else {
		if (there)
			add_removal(b, chain);
		add_removal_of_namesakes(b, host_end, a);
		b->msgs[b->n++] = priority_table(NFT_MSG_NEWTABLE, NLM_F_CREATE);
		b->msgs[b->n++] = priority_make_chain(chain, host_end->name);
	}
	b->msgs[b->n++] = priority_make_rule(chain, value);
}

int priority_set(const struct link *host_end, uint32_t value, struct arena *a, const char **why)
{
	const char *what = arena_printf(a, "priority %u", value);
	const char *refused = priority_refused(value);
	char said[NFTABLES_SAID] = "";
	struct batch b = {.n = 0};
	struct priority_reading now;
	int error;

	if (refused) {
		*why = arena_printf(a, "%s: %s: %s; take another number", host_end->name, what,
				    refused);
		return -EINVAL;
	}
	error = priority_look(host_end, &now);
	if (error == 0 && priority_is_whole(&now) && now.value == value)
		return 0;
	if (error == 0 || error == -ENOENT) {
		add_changes(&b, host_end, &now, error == 0, value, a);
		error = nftables_batch(b.msgs, b.n, said);
	}
	return error ? refuse(host_end, what, error, said, a, why) : 0;
}

/* With other chains in it, the kernel refuses. */
static void delete_table(void)
{
	struct nl_msg *msg = priority_table(NFT_MSG_DELTABLE, NLM_F_NONREC);
	char said[NFTABLES_SAID];

	nftables_batch(&msg, 1, said);
}

int priority_clear(const struct link *host_end, struct arena *a, const char **why)
{
	char said[NFTABLES_SAID], chain[PRIORITY_CHAIN_SIZE];
	struct batch b = {.n = 0};
	int error;

	priority_chain_name(host_end->index, chain);
	add_removal(&b, chain);
	error = nftables_batch(b.msgs, b.n, said);
	if (error == -ENOENT || is_lacking(error))
		return 0;
	if (error)
		return refuse(host_end, "taking its priority away", error, said, a, why);
	delete_table();
	return 0;
}

/* Those whose interfaces are gone. */
static int keep_stale(struct netlink *nl, struct chains *c)
{
	struct link l;
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		int error = link_by_index(nl, LINK_HERE, c->indexes[i], &l);

		if (error && error != -ENODEV)
			return error;
		if (error)
			c->indexes[n++] = c->indexes[i];
	}
	c->n = n;
	return 0;
}

static int delete_stale(const struct chains *c)
{
	char said[NFTABLES_SAID], chain[PRIORITY_CHAIN_SIZE];
	struct batch b = {.n = 0};
	int error = 0;

	for (size_t i = 0; i < c->n && error == 0; i++) {
		priority_chain_name(c->indexes[i], chain);
		add_removal(&b, chain);
		if (i + 1 < c->n && b.n + 2 <= MOST_MESSAGES)
			continue;
		error = nftables_batch(b.msgs, b.n, said);
		b.n = 0;
	}
	if (error == 0 && c->n > 0)
		delete_table();
	return error;
}

int priority_sweep(struct netlink *nl)
{
	struct chains c = {.arena = arena_new()};
	int error = list_chains(&c);
	int n;

	if (error == 0)
		error = keep_stale(nl, &c);
	if (error == 0)
		error = delete_stale(&c);
	n = (int)c.n;
	arena_free(c.arena);
	if (is_lacking(error))
		return 0;
	return error ? error : n;
}
