#include "net/priority.h"

#include "net/htb.h"
#include "net/netlink.h"
#include "net/nftables.h"
#include "schema/arena.h"

#include <netinet/in.h>

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE "evenkeel"
#define CHAIN "prio-"
#define CHAIN_SIZE 20
/* NF_NETDEV_EGRESS, which older headers lack */
#define EGRESS_HOOK 1
#define MOST_DUMPS 8

static void chain_name(int index, char name[CHAIN_SIZE])
{
	snprintf(name, CHAIN_SIZE, CHAIN "%d", index);
}

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

/* --- messages ----------------------------------------------------------------------------------
 */

/* Of a chain: its table's name and its own are the attributes TABLE_ATTRIBUTE and
 * CHAIN_ATTRIBUTE. */
static struct nl_msg *message(int type, int flags, int table_attribute, int chain_attribute,
			      const char *chain)
{
	struct nl_msg *msg = nftables_new(type, flags);

	if (msg && nla_put_string(msg, table_attribute, TABLE) == 0 &&
	    (!chain || nla_put_string(msg, chain_attribute, chain) == 0))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

static struct nl_msg *chain_message(int type, int flags, const char *chain)
{
	return message(type, flags, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, chain);
}

static struct nl_msg *rule_message(int type, int flags, const char *chain)
{
	return message(type, flags, NFTA_RULE_TABLE, NFTA_RULE_CHAIN, chain);
}

static struct nl_msg *table_message(int type, int flags)
{
	return message(type, flags, NFTA_TABLE_NAME, 0, NULL);
}

static struct nl_msg *make_chain(const char *chain, const char *device)
{
	struct nl_msg *msg = chain_message(NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL, chain);
	struct nlattr *hook = msg ? nla_nest_start(msg, NFTA_CHAIN_HOOK) : NULL;

	if (!hook || nla_put_u32(msg, NFTA_HOOK_HOOKNUM, htonl(EGRESS_HOOK)) < 0 ||
	    nla_put_u32(msg, NFTA_HOOK_PRIORITY, 0) < 0 ||
	    nla_put_string(msg, NFTA_HOOK_DEV, device) < 0)
		goto fail;
	nla_nest_end(msg, hook);
	if (nla_put_u32(msg, NFTA_CHAIN_POLICY, htonl(NF_ACCEPT)) == 0 &&
	    nla_put_string(msg, NFTA_CHAIN_TYPE, "filter") == 0)
		return msg;
fail:
	nlmsg_free(msg);
	return NULL;
}

static int put_number(struct nl_msg *msg, int attribute, uint32_t number)
{
	return nla_put_u32(msg, attribute, htonl(number));
}

/* VALUE into a register; a packet's priority is in the host's byte order. */
static int put_immediate(struct nl_msg *msg, uint32_t value)
{
	struct nlattr *element = nla_nest_start(msg, NFTA_LIST_ELEM), *data = NULL, *number = NULL;

	if (element && nla_put_string(msg, NFTA_EXPR_NAME, "immediate") == 0)
		data = nla_nest_start(msg, NFTA_EXPR_DATA);
	if (data && put_number(msg, NFTA_IMMEDIATE_DREG, NFT_REG_1) == 0)
		number = nla_nest_start(msg, NFTA_IMMEDIATE_DATA);
	if (!number || nla_put_u32(msg, NFTA_DATA_VALUE, value) < 0)
		return -1;
	nla_nest_end(msg, number);
	nla_nest_end(msg, data);
	return nla_nest_end(msg, element);
}

/* The register into the packet's priority. */
static int put_meta(struct nl_msg *msg)
{
	struct nlattr *element = nla_nest_start(msg, NFTA_LIST_ELEM), *data = NULL;

	if (element && nla_put_string(msg, NFTA_EXPR_NAME, "meta") == 0)
		data = nla_nest_start(msg, NFTA_EXPR_DATA);
	if (!data || put_number(msg, NFTA_META_KEY, NFT_META_PRIORITY) < 0 ||
	    put_number(msg, NFTA_META_SREG, NFT_REG_1) < 0)
		return -1;
	nla_nest_end(msg, data);
	return nla_nest_end(msg, element);
}

static struct nl_msg *make_rule(const char *chain, uint32_t value)
{
	struct nl_msg *msg = rule_message(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, chain);
	struct nlattr *all = msg ? nla_nest_start(msg, NFTA_RULE_EXPRESSIONS) : NULL;

	if (all && put_immediate(msg, value) == 0 && put_meta(msg) == 0) {
		nla_nest_end(msg, all);
		return msg;
	}
	nlmsg_free(msg);
	return NULL;
}

/* --- reading -----------------------------------------------------------------------------------
 */

struct reading {
	const char *device;
	bool chain_fits;
	int rules;
	bool rule_fits;
	uint32_t value;
};

static bool is_number(struct nlattr *a, uint32_t number)
{
	return a && nla_len(a) == sizeof(number) && ntohl(nla_get_u32(a)) == number;
}

static bool is_text(struct nlattr *a, const char *text)
{
	size_t n = strlen(text);
	const char *data = a ? nla_data(a) : "";

	/* some kernels count the NUL, some do not */
	return a && (size_t)nla_len(a) >= n && memcmp(data, text, n) == 0 &&
	       ((size_t)nla_len(a) == n || data[n] == '\0');
}

static void take_chain(const struct nlmsghdr *h, void *context)
{
	struct nlattr *a[NFTA_CHAIN_MAX + 1], *hook[NFTA_HOOK_MAX + 1];
	struct reading *r = context;

	if (nftables_type(h) != NFT_MSG_NEWCHAIN ||
	    nlmsg_parse((struct nlmsghdr *)h, sizeof(struct nfgenmsg), a, NFTA_CHAIN_MAX, NULL) <
		0 ||
	    !a[NFTA_CHAIN_HOOK] ||
	    nla_parse_nested(hook, NFTA_HOOK_MAX, a[NFTA_CHAIN_HOOK], NULL) < 0)
		return;
	r->chain_fits = is_text(hook[NFTA_HOOK_DEV], r->device) &&
			is_number(hook[NFTA_HOOK_HOOKNUM], EGRESS_HOOK);
}

/* The data of an expression with this name; NULL: it is another one. */
static struct nlattr *expression(struct nlattr *element, const char *name)
{
	struct nlattr *a[NFTA_EXPR_MAX + 1];

	if (nla_parse_nested(a, NFTA_EXPR_MAX, element, NULL) < 0 ||
	    !is_text(a[NFTA_EXPR_NAME], name))
		return NULL;
	return a[NFTA_EXPR_DATA];
}

static bool take_immediate(struct nlattr *element, uint32_t *value)
{
	struct nlattr *a[NFTA_IMMEDIATE_MAX + 1], *d[NFTA_DATA_MAX + 1];
	struct nlattr *data = expression(element, "immediate");

	if (!data || nla_parse_nested(a, NFTA_IMMEDIATE_MAX, data, NULL) < 0 ||
	    !a[NFTA_IMMEDIATE_DATA] ||
	    nla_parse_nested(d, NFTA_DATA_MAX, a[NFTA_IMMEDIATE_DATA], NULL) < 0 ||
	    !d[NFTA_DATA_VALUE] || nla_len(d[NFTA_DATA_VALUE]) != sizeof(*value))
		return false;
	*value = nla_get_u32(d[NFTA_DATA_VALUE]);
	return true;
}

static bool is_meta(struct nlattr *element)
{
	struct nlattr *a[NFTA_META_MAX + 1], *data = expression(element, "meta");

	return data && nla_parse_nested(a, NFTA_META_MAX, data, NULL) == 0 &&
	       is_number(a[NFTA_META_KEY], NFT_META_PRIORITY) && a[NFTA_META_SREG];
}

static void take_rule(const struct nlmsghdr *h, void *context)
{
	struct reading *r = context;
	struct nlattr *all, *element;
	int left, n = 0;

	if (nftables_type(h) != NFT_MSG_NEWRULE)
		return;
	r->rules++;
	all = nlmsg_find_attr((struct nlmsghdr *)h, sizeof(struct nfgenmsg), NFTA_RULE_EXPRESSIONS);
	if (!all)
		return;
	r->rule_fits = true;
	nla_for_each_nested(element, all, left)
	{
		if (n == 0)
			r->rule_fits = take_immediate(element, &r->value);
		else if (n > 1 || !is_meta(element))
			r->rule_fits = false;
		n++;
	}
	r->rule_fits = r->rule_fits && n == 2;
}

static int read_rules(const char *chain, struct reading *r)
{
	int error = -EAGAIN;

	for (int i = 0; i < MOST_DUMPS && error == -EAGAIN; i++) {
		r->rules = 0;
		error =
		    nftables_ask(rule_message(NFT_MSG_GETRULE, NLM_F_DUMP, chain), take_rule, r);
	}
	return error == -EAGAIN ? -EBUSY : error;
}

/* -ENOENT: there is none. */
static int look(const struct link *host_end, struct reading *r)
{
	char chain[CHAIN_SIZE];
	int error;

	*r = (struct reading){.device = host_end->name};
	chain_name(host_end->index, chain);
	error = nftables_ask(chain_message(NFT_MSG_GETCHAIN, 0, chain), take_chain, r);
	return error ? error : read_rules(chain, r);
}

static bool is_whole(const struct reading *r)
{
	return r->chain_fits && r->rules == 1 && r->rule_fits;
}

int priority_read(const struct link *host_end, struct priority *out)
{
	struct reading r;
	int error = look(host_end, &r);

	*out = (struct priority){.there = false};
	if (is_lacking(error))
		return -EOPNOTSUPP;
	if (error)
		return error == -ENOENT ? 0 : error;
	*out = (struct priority){true, is_whole(&r), r.rule_fits ? r.value : 0};
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
	char name[CHAIN_SIZE], again[CHAIN_SIZE];
	long index;

	if (!is_text(a[NFTA_CHAIN_TABLE], TABLE) || !a[NFTA_CHAIN_NAME])
		return 0;
	nla_strlcpy(name, a[NFTA_CHAIN_NAME], sizeof(name));
	if (strncmp(name, CHAIN, strlen(CHAIN)) != 0)
		return 0;
	index = strtol(name + strlen(CHAIN), NULL, 10);
	if (index <= 0 || index > INT32_MAX)
		return 0;
	chain_name((int)index, again);
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
			  !is_text(hook[NFTA_HOOK_DEV], c->device)))
		return;
	c->indexes = arena_grow(c->arena, c->indexes, c->n, &c->capacity, sizeof(*c->indexes));
	c->indexes[c->n++] = index;
}

static int list_chains(struct chains *c)
{
	int error = -EAGAIN;

	for (int i = 0; i < MOST_DUMPS && error == -EAGAIN; i++) {
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
	b->msgs[b->n++] = rule_message(NFT_MSG_DELRULE, 0, chain);
	b->msgs[b->n++] = chain_message(NFT_MSG_DELCHAIN, 0, chain);
}

/* Of a host end that had this name before. */
static void add_removal_of_namesakes(struct batch *b, const struct link *host_end, struct arena *a)
{
	struct chains c = {.arena = a, .device = host_end->name};
	char chain[CHAIN_SIZE];

	if (list_chains(&c) < 0)
		return;
	for (size_t i = 0; i < c.n && b->n + 8 < MOST_MESSAGES; i++) {
		if (c.indexes[i] == host_end->index)
			continue;
		chain_name(c.indexes[i], chain);
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
	*why = arena_printf(a, "%s: %s: %s%s; nft list table netdev " TABLE " shows what is there",
			    host_end->name, what, strerror(-error), words);
	return error;
}

static void add_changes(struct batch *b, const struct link *host_end, const struct reading *now,
			bool there, uint32_t value, struct arena *a)
{
	char chain[CHAIN_SIZE];

	chain_name(host_end->index, chain);
	if (there && now->chain_fits) {
		b->msgs[b->n++] = rule_message(NFT_MSG_DELRULE, 0, chain);
	} else {
		if (there)
			add_removal(b, chain);
		add_removal_of_namesakes(b, host_end, a);
		b->msgs[b->n++] = table_message(NFT_MSG_NEWTABLE, NLM_F_CREATE);
		b->msgs[b->n++] = make_chain(chain, host_end->name);
	}
	b->msgs[b->n++] = make_rule(chain, value);
}

int priority_set(const struct link *host_end, uint32_t value, struct arena *a, const char **why)
{
	const char *what = arena_printf(a, "priority %u", value);
	const char *refused = priority_refused(value);
	char said[NFTABLES_SAID] = "";
	struct batch b = {.n = 0};
	struct reading now;
	int error;

	if (refused) {
		*why = arena_printf(a, "%s: %s: %s; take another number", host_end->name, what,
				    refused);
		return -EINVAL;
	}
	error = look(host_end, &now);
	if (error == 0 && is_whole(&now) && now.value == value)
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
	struct nl_msg *msg = table_message(NFT_MSG_DELTABLE, NLM_F_NONREC);
	char said[NFTABLES_SAID];

	nftables_batch(&msg, 1, said);
}

int priority_clear(const struct link *host_end, struct arena *a, const char **why)
{
	char said[NFTABLES_SAID], chain[CHAIN_SIZE];
	struct batch b = {.n = 0};
	int error;

	chain_name(host_end->index, chain);
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
	char said[NFTABLES_SAID], chain[CHAIN_SIZE];
	struct batch b = {.n = 0};
	int error = 0;

	for (size_t i = 0; i < c->n && error == 0; i++) {
		chain_name(c->indexes[i], chain);
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
