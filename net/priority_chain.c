#include "net/priority_chain.h"

#include "net/nftables.h"

#include <netinet/in.h>

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <string.h>

/* NF_NETDEV_EGRESS, which older headers lack */
#define EGRESS_HOOK 1

void priority_chain_name(int index, char name[PRIORITY_CHAIN_SIZE])
{
	snprintf(name, PRIORITY_CHAIN_SIZE, PRIORITY_CHAIN "%d", index);
}

/* --- messages ----------------------------------------------------------------------------------
 */

/* Of a chain: its table's name and its own are the attributes TABLE_ATTRIBUTE and
 * CHAIN_ATTRIBUTE. */
static struct nl_msg *message(int type, int flags, int table_attribute, int chain_attribute,
			      const char *chain)
{
	struct nl_msg *msg = nftables_new(type, flags);

	if (msg && nla_put_string(msg, table_attribute, PRIORITY_TABLE) == 0 &&
	    (!chain || nla_put_string(msg, chain_attribute, chain) == 0))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

struct nl_msg *priority_chain(int type, int flags, const char *chain)
{
	return message(type, flags, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, chain);
}

struct nl_msg *priority_rule(int type, int flags, const char *chain)
{
	return message(type, flags, NFTA_RULE_TABLE, NFTA_RULE_CHAIN, chain);
}

struct nl_msg *priority_table(int type, int flags)
{
	return message(type, flags, NFTA_TABLE_NAME, 0, NULL);
}

struct nl_msg *priority_make_chain(const char *chain, const char *device)
{
	struct nl_msg *msg = priority_chain(NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL, chain);
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

struct nl_msg *priority_make_rule(const char *chain, uint32_t value)
{
	struct nl_msg *msg = priority_rule(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, chain);
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

static bool is_number(struct nlattr *a, uint32_t number)
{
	return a && nla_len(a) == sizeof(number) && ntohl(nla_get_u32(a)) == number;
}

bool priority_is_text(struct nlattr *a, const char *text)
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
	struct priority_reading *r = context;

	if (nftables_type(h) != NFT_MSG_NEWCHAIN ||
	    nlmsg_parse((struct nlmsghdr *)h, sizeof(struct nfgenmsg), a, NFTA_CHAIN_MAX, NULL) <
		0 ||
	    !a[NFTA_CHAIN_HOOK] ||
	    nla_parse_nested(hook, NFTA_HOOK_MAX, a[NFTA_CHAIN_HOOK], NULL) < 0)
		return;
	r->chain_fits = priority_is_text(hook[NFTA_HOOK_DEV], r->device) &&
			is_number(hook[NFTA_HOOK_HOOKNUM], EGRESS_HOOK);
}

/* The data of an expression with this name; NULL: it is another one. */
static struct nlattr *expression(struct nlattr *element, const char *name)
{
	struct nlattr *a[NFTA_EXPR_MAX + 1];

	if (nla_parse_nested(a, NFTA_EXPR_MAX, element, NULL) < 0 ||
	    !priority_is_text(a[NFTA_EXPR_NAME], name))
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
	struct priority_reading *r = context;
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

static int read_rules(const char *chain, struct priority_reading *r)
{
	int error = -EAGAIN;

	for (int i = 0; i < PRIORITY_MOST_DUMPS && error == -EAGAIN; i++) {
		r->rules = 0;
		error =
		    nftables_ask(priority_rule(NFT_MSG_GETRULE, NLM_F_DUMP, chain), take_rule, r);
	}
	return error == -EAGAIN ? -EBUSY : error;
}

/* -ENOENT: there is none. */
int priority_look(const struct link *host_end, struct priority_reading *r)
{
	char chain[PRIORITY_CHAIN_SIZE];
	int error;

	*r = (struct priority_reading){.device = host_end->name};
	priority_chain_name(host_end->index, chain);
	error = nftables_ask(priority_chain(NFT_MSG_GETCHAIN, 0, chain), take_chain, r);
	return error ? error : read_rules(chain, r);
}

bool priority_is_whole(const struct priority_reading *r)
{
	return r->chain_fits && r->rules == 1 && r->rule_fits;
}
