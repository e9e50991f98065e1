#include "net/shaping_view.h"

#include "net/netlink.h"
#include "schema/arena.h"

#include <errno.h>
#include <netlink/msg.h>
#include <string.h>

/* --- looking -----------------------------------------------------------------------------------
 */

/* Who gets the answer to a question. */
struct asking {
	struct view *view;
	void (*answer)(struct view *v, size_t question, const struct nlmsghdr *h);
	size_t first, n;
	int absent; /* the refusal that says: there is none */
};

#define MOST_ASKINGS 4
#define MOST_QUESTIONS 16

struct questions {
	struct asking askings[MOST_ASKINGS];
	struct nl_msg *msgs[MOST_QUESTIONS];
	int errors[MOST_QUESTIONS];
	size_t n_askings, n;
};

static void answer_htb(struct view *v, size_t question, const struct nlmsghdr *h)
{
	htb_answer(&v->htb, question, h);
}

static void answer_redirect(struct view *v, size_t question, const struct nlmsghdr *h)
{
	redirect_answer(&v->redirect, question, h);
}

static void answer_ifb(struct view *v, size_t question, const struct nlmsghdr *h)
{
	(void)question;
	ifb_answer(&v->ifb, v->host_end, h);
}

static struct nl_msg **add_asking(struct questions *q, struct view *v, size_t n, int absent,
				  void (*answer)(struct view *v, size_t question,
						 const struct nlmsghdr *h))
{
	struct nl_msg **msgs = &q->msgs[q->n];

	q->askings[q->n_askings++] = (struct asking){v, answer, q->n, n, absent};
	q->n += n;
	return msgs;
}

static void take(size_t i, const struct nlmsghdr *h, void *context)
{
	struct questions *q = context;

	for (size_t k = 0; k < q->n_askings; k++) {
		struct asking *asking = &q->askings[k];

		if (i >= asking->first && i < asking->first + asking->n)
			asking->answer(asking->view, i - asking->first, h);
	}
}

static int lacks_memory(struct questions *q)
{
	for (size_t i = 0; i < q->n; i++)
		nlmsg_free(q->msgs[i]);
	return -ENOMEM;
}

/* The kernel says EINVAL of a default queue that it does not show, EOPNOTSUPP where it has no place
 * for such a thing. */
static bool says_none(int error, const struct asking *asking)
{
	return error == 0 || error == asking->absent || error == -EINVAL || error == -EOPNOTSUPP;
}

static int ask(struct netlink *nl, struct questions *q)
{
	for (size_t i = 0; i < q->n; i++)
		if (!q->msgs[i])
			return lacks_memory(q);
	netlink_gather(nl, q->msgs, q->n, q->errors, take, q);
	for (size_t k = 0; k < q->n_askings; k++) {
		const struct asking *asking = &q->askings[k];

		for (size_t i = asking->first; i < asking->first + asking->n; i++)
			if (!says_none(q->errors[i], asking))
				return q->errors[i];
	}
	return 0;
}

static void ask_of_host_end(struct questions *q, struct view *v)
{
	int index = v->host_end->index;

	if (v->way == SHAPING_INGRESS) {
		htb_questions(index, add_asking(q, v, HTB_QUESTIONS, -ENOENT, answer_htb));
		return;
	}
	redirect_questions(index, add_asking(q, v, REDIRECT_QUESTIONS, -ENOENT, answer_redirect));
	*add_asking(q, v, 1, -ENODEV, answer_ifb) = ifb_question(index);
}

/* Once more, at what the first look found. */
static int look_further(struct netlink *nl, struct view *v)
{
	struct questions q = {.n = 0};
	int error = 0;

	if (v->way == SHAPING_INGRESS)
		return 0;
	if (v->ifb.ours) {
		htb_questions(v->ifb.link.index,
			      add_asking(&q, v, HTB_QUESTIONS, -ENOENT, answer_htb));
		error = ask(nl, &q);
	}
	if (error == 0 && v->redirect.slot_taken && !v->redirect.filter_here)
		error = redirect_look_closer(&v->redirect, nl, v->host_end->index);
	return error;
}

int shaping_look(struct netlink *nl, const struct link *host_end, enum shaping_way way,
		 struct view *v)
{
	struct questions q = {.n = 0};
	int error;

	*v = (struct view){.host_end = host_end, .way = way};
	ask_of_host_end(&q, v);
	error = ask(nl, &q);
	return error ? error : look_further(nl, v);
}

/* --- what it amounts to ------------------------------------------------------------------------
 */

static void judge_host_end(const struct view *v, struct arena *a, struct shaping *out)
{
	const char *name = v->host_end->name;

	if (v->htb.root != HTB_FOREIGN)
		return;
	out->foreign = arena_printf(a, "%s has a %s qdisc %x: that is not ours", name, v->htb.kind,
				    v->htb.handle >> 16);
	out->remedy = arena_printf(a, "tc qdisc del dev %s root takes it away", name);
}

static void judge_slot(const struct view *v, struct arena *a, struct shaping *out)
{
	const char *name = v->host_end->name;
	const struct redirect *r = &v->redirect;
	bool clsact = strcmp(r->kind, "clsact") == 0;

	if (r->filter_here)
		return;
	if (r->slot_taken && !r->slot_fits) {
		out->foreign = arena_printf(a, "%s has a %s qdisc that is not ours", name,
					    clsact ? "clsact" : "shared ingress");
		out->remedy = arena_printf(a, "tc qdisc del dev %s %s takes it away", name,
					   clsact ? "clsact" : "ingress");
	} else if (r->slot_taken && r->foreign) {
		out->foreign =
		    arena_printf(a, "%s has a %s filter on what comes in that is not ours", name,
				 r->foreign_kind);
		out->remedy = arena_printf(a, "tc filter del dev %s ingress pref %u takes it away",
					   name, r->foreign_priority);
	}
}

static void judge_ifb(const struct view *v, struct arena *a, struct shaping *out)
{
	if (!v->ifb.there || v->ifb.ours)
		return;
	out->foreign =
	    arena_printf(a, "there is an interface %s that is not ours", v->ifb.link.name);
	out->remedy = arena_printf(a, "ip link del dev %s takes it away", v->ifb.link.name);
}

static bool redirect_is_whole(const struct view *v)
{
	return v->ifb.fits && v->redirect.slot_fits && v->redirect.filter_here &&
	       v->redirect.filter_fits && v->redirect.to == v->ifb.link.index;
}

void shaping_judge(const struct view *v, struct arena *a, struct shaping *out)
{
	const struct bucket *b = &v->htb.bucket;
	uint32_t mtu = v->host_end->mtu;

	*out = (struct shaping){0};
	if (v->way == SHAPING_INGRESS) {
		out->ours = v->htb.root == HTB_OURS;
		out->whole = htb_fits(&v->htb, mtu);
		judge_host_end(v, a, out);
	} else {
		out->ours = v->ifb.ours || v->redirect.filter_here;
		out->whole = redirect_is_whole(v) && htb_fits(&v->htb, mtu);
		judge_slot(v, a, out);
		judge_ifb(v, a, out);
	}
	if (!v->htb.class_here)
		return;
	out->device = v->way == SHAPING_INGRESS ? v->host_end->index : v->ifb.link.index;
	out->leaf = v->htb.leaf.kind;
	out->rate = b->rate * BITS;
	out->burst = bucket_burst(b->rate, b->ticks);
	out->burst_derived = b->ticks == bucket_ticks(b->rate, bucket_own_burst(b->rate, mtu));
	out->bytes = v->htb.bytes;
	out->packets = v->htb.packets;
	out->drops = v->htb.leaf.drops;
}

int shaping_read(struct netlink *nl, const struct link *host_end, enum shaping_way way,
		 struct arena *a, struct shaping *out)
{
	struct view v;
	int error = shaping_look(nl, host_end, way, &v);

	if (error == 0)
		shaping_judge(&v, a, out);
	return error;
}

int shaping_read_both(struct netlink *nl, const struct link *host_end, struct arena *a,
		      struct shaping *out)
{
	struct view in = {.host_end = host_end, .way = SHAPING_INGRESS};
	struct view out_of = {.host_end = host_end, .way = SHAPING_EGRESS};
	struct questions q = {.n = 0};
	int error;

	ask_of_host_end(&q, &in);
	ask_of_host_end(&q, &out_of);
	error = ask(nl, &q);
	if (error == 0)
		error = look_further(nl, &out_of);
	if (error)
		return error;
	shaping_judge(&in, a, &out[SHAPING_INGRESS]);
	shaping_judge(&out_of, a, &out[SHAPING_EGRESS]);
	return 0;
}
