#include "net/ifb.h"

#include "net/netlink.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME "ekifb"
#define ALIAS "evenkeel egress of "
/* Packets that wait for their way back; its own 32 are few. */
#define QUEUE_LENGTH 1000

void ifb_name(int host_index, char name[IFNAMSIZ])
{
	snprintf(name, IFNAMSIZ, NAME "%d", host_index);
}

static void alias_of(const struct link *host_end, char alias[LINK_ALIAS_MOST])
{
	snprintf(alias, LINK_ALIAS_MOST, ALIAS "%d %s", host_end->index, host_end->name);
}

/* The number that TEXT begins with, if it is written as we do; else 0. */
static int number_at(const char *text, const char **end)
{
	char *behind;
	long n;

	if (*text < '1' || *text > '9')
		return 0;
	errno = 0;
	n = strtol(text, &behind, 10);
	*end = behind;
	return errno == 0 && n <= INT32_MAX ? (int)n : 0;
}

int ifb_host_index(const struct link *l)
{
	const char *end = "";
	int named, noted;

	if (strcmp(l->kind, IFB_KIND) != 0 || strncmp(l->name, NAME, strlen(NAME)) != 0 ||
	    strncmp(l->alias, ALIAS, strlen(ALIAS)) != 0)
		return 0;
	named = number_at(l->name + strlen(NAME), &end);
	if (named == 0 || *end)
		return 0;
	noted = number_at(l->alias + strlen(ALIAS), &end);
	return noted == named && *end == ' ' ? named : 0;
}

/* --- messages ----------------------------------------------------------------------------------
 */

static struct nl_msg *message(int type, int flags, int index, const char *name, bool up)
{
	struct ifinfomsg which = {.ifi_family = AF_UNSPEC, .ifi_index = index};
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

	if (up)
		which.ifi_flags = which.ifi_change = IFF_UP;
	if (msg && nlmsg_append(msg, &which, sizeof(which), NLMSG_ALIGNTO) == 0 &&
	    (!name || nla_put_string(msg, IFLA_IFNAME, name) == 0))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

struct nl_msg *ifb_question(int host_index)
{
	char name[IFNAMSIZ];
	struct nl_msg *msg;

	ifb_name(host_index, name);
	msg = message(RTM_GETLINK, 0, 0, name, false);
	if (msg && nla_put_u32(msg, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS) == 0)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

void ifb_answer(struct ifb *i, const struct link *host_end, const struct nlmsghdr *answer)
{
	char alias[LINK_ALIAS_MOST];

	if (!link_parse(answer, &i->link))
		return;
	alias_of(host_end, alias);
	i->there = true;
	i->ours = ifb_host_index(&i->link) == host_end->index;
	i->fits = i->ours && i->link.flags & IFF_UP && i->link.txqueuelen == QUEUE_LENGTH &&
		  strcmp(i->link.alias, alias) == 0;
}

static struct nl_msg *make_link(const char *name)
{
	struct nl_msg *msg = message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, name, false);
	struct nlattr *info = NULL;

	if (msg && nla_put_u32(msg, IFLA_TXQLEN, QUEUE_LENGTH) == 0)
		info = nla_nest_start(msg, IFLA_LINKINFO);
	if (info && nla_put_string(msg, IFLA_INFO_KIND, IFB_KIND) == 0) {
		nla_nest_end(msg, info);
		return msg;
	}
	nlmsg_free(msg);
	return NULL;
}

static int put_alias(struct nl_msg *msg, const struct link *host_end)
{
	char alias[LINK_ALIAS_MOST];

	alias_of(host_end, alias);
	return nla_put(msg, IFLA_IFALIAS, (int)strlen(alias), alias);
}

static struct nl_msg *name_link(const char *name, const struct link *host_end)
{
	struct nl_msg *msg = message(RTM_SETLINK, 0, 0, name, false);

	if (msg && put_alias(msg, host_end) == 0)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

struct nl_msg *ifb_fit(const struct link *host_end, int index)
{
	struct nl_msg *msg = message(RTM_SETLINK, 0, index, NULL, true);

	if (msg && put_alias(msg, host_end) == 0 &&
	    nla_put_u32(msg, IFLA_TXQLEN, QUEUE_LENGTH) == 0)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

/* --- made --------------------------------------------------------------------------------------
 */

struct maker {
	const struct link *host_end;
	struct ifb *out;
};

static void take(size_t i, const struct nlmsghdr *answer, void *context)
{
	struct maker *m = context;

	(void)i;
	ifb_answer(m->out, m->host_end, answer);
}

/* The kernel gives no alias to what is just being made, but nothing comes between messages that go
 * out together: one without an alias is never ours. */
int ifb_make(struct netlink *nl, const struct link *host_end, struct ifb *out)
{
	struct maker m = {host_end, out};
	struct nl_msg *msgs[3];
	int errors[3] = {-ENOMEM, -ENOMEM, -ENOMEM}, error = -ENOMEM;
	char name[IFNAMSIZ];

	memset(out, 0, sizeof(*out));
	ifb_name(host_end->index, name);
	msgs[0] = make_link(name);
	msgs[1] = name_link(name, host_end);
	msgs[2] = ifb_question(host_end->index);
	if (msgs[0] && msgs[1] && msgs[2])
		error = netlink_gather(nl, msgs, 3, errors, take, &m);
	else
		for (int i = 0; i < 3; i++)
			nlmsg_free(msgs[i]);
	if (error == 0 && !out->ours)
		error = -EBUSY;
	if (error < 0 && errors[0] == 0 && out->there)
		link_delete(nl, out->link.index);
	return error;
}
