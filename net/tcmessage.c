#include "net/tcmessage.h"

#include <linux/gen_stats.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* More than any of ours takes. A page, as is usual, has to be cleared for each. */
#define LARGEST 512

static struct nl_msg *alloc_message(int type, int flags)
{
	struct nl_msg *msg = nlmsg_alloc_size(LARGEST);

	if (msg) {
		nlmsg_hdr(msg)->nlmsg_type = (uint16_t)type;
		nlmsg_hdr(msg)->nlmsg_flags = (uint16_t)flags;
	}
	return msg;
}

struct nl_msg *tcmessage_new(int type, int flags, const struct tcmsg *header, const char *kind)
{
	struct nl_msg *msg = alloc_message(type, flags);

	if (msg && nlmsg_append(msg, (void *)header, sizeof(*header), NLMSG_ALIGNTO) == 0 &&
	    (!kind || nla_put_string(msg, TCA_KIND, kind) == 0))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

bool tcanswer_parse(const struct nlmsghdr *h, int type, struct tcanswer *out)
{
	static const struct nla_policy policy[TCA_MAX + 1] = {[TCA_KIND] = {.type = NLA_STRING}};
	struct nlattr *a[TCA_MAX + 1];

	if (h->nlmsg_type != type ||
	    nlmsg_parse((struct nlmsghdr *)h, sizeof(struct tcmsg), a, TCA_MAX, policy) < 0)
		return false;
	out->header = nlmsg_data(h);
	out->kind = a[TCA_KIND] ? nla_get_string(a[TCA_KIND]) : "";
	out->options = a[TCA_OPTIONS];
	out->stats = a[TCA_STATS2];
	out->block = a[TCA_INGRESS_BLOCK] || a[TCA_EGRESS_BLOCK];
	return true;
}

void tcanswer_copy(const struct nlattr *a, void *out, size_t n)
{
	size_t has = a ? (size_t)nla_len(a) : 0;

	memset(out, 0, n);
	if (has)
		memcpy(out, nla_data(a), has < n ? has : n);
}

void tcanswer_counters(const struct tcanswer *answer, struct tccounters *out)
{
	struct nlattr *a[TCA_STATS_MAX + 1];
	struct gnet_stats_basic basic;
	struct gnet_stats_queue queue;

	*out = (struct tccounters){0};
	if (!answer->stats || nla_parse_nested(a, TCA_STATS_MAX, answer->stats, NULL) < 0)
		return;
	tcanswer_copy(a[TCA_STATS_BASIC], &basic, sizeof(basic));
	tcanswer_copy(a[TCA_STATS_QUEUE], &queue, sizeof(queue));
	*out = (struct tccounters){basic.bytes, basic.packets, queue.drops};
	if (a[TCA_STATS_PKT64])
		tcanswer_copy(a[TCA_STATS_PKT64], &out->packets, sizeof(out->packets));
}
