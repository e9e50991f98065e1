#include "net/shaping_view.h"

#include "net/netlink.h"
#include "net/transaction.h"
#include "schema/arena.h"
#include "schema/value.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

uint64_t shaping_settle(uint64_t bits)
{
	return bits / BITS * BITS;
}

uint64_t shaping_burst(uint64_t bits, uint32_t mtu)
{
	return bucket_own_burst(bits / BITS, mtu);
}

uint64_t shaping_settle_burst(uint64_t bits, uint64_t burst)
{
	uint64_t rate = bits / BITS;

	return bucket_burst(rate, bucket_ticks(rate, burst));
}

/* --- words -------------------------------------------------------------------------------------
 */

static const char *advice(struct arena *a, const struct link *host_end, int error)
{
	switch (-error) {
	case EPERM:
		return "it needs CAP_NET_ADMIN: run it as root";
	case ENODEV:
		return "the interface has gone meanwhile";
	case EEXIST:
	case EBUSY:
		return "somebody else changes the same interface: try again";
	case ENOMEM:
	case ENOBUFS:
		return "the kernel has no memory for it: try again later";
	case EOPNOTSUPP:
		return "load or build that part of the kernel, or take the limit away";
	default:
		return arena_printf(a, "tc -s qdisc show dev %s shows what is there",
				    host_end->name);
	}
}

struct refusal {
	const char *what, *needs;
	int error;
	const char *said;
};

/* What could not be had, why, and what to do. Returns the error. */
static int refuse(const struct link *host_end, const struct refusal *r, struct arena *a,
		  const char **why)
{
	bool missing = r->needs && (r->error == -ENOENT || r->error == -EOPNOTSUPP);
	int error = missing ? -EOPNOTSUPP : r->error;
	const char *said = *r->said ? arena_printf(a, " (%s)", r->said) : "";

	if (missing)
		*why = arena_printf(a, "%s: %s cannot be had: this kernel has no %s%s; %s",
				    host_end->name, r->what, r->needs, said,
				    advice(a, host_end, error));
	else
		*why = arena_printf(a, "%s: %s: %s%s; %s", host_end->name, r->what,
				    strerror(-error), said, advice(a, host_end, error));
	return error;
}

static int refuse_step(const struct view *v, const struct transaction *t, const char *value,
		       struct arena *a, const char **why)
{
	const struct step *step = t->steps[t->failed];
	struct refusal r = {.needs = step->needs, .error = t->error, .said = t->said};

	r.what = value ? arena_printf(a, "%s for %s", step->what, value) : step->what;
	return refuse(v->host_end, &r, a, why);
}

static int refuse_look(const struct link *host_end, int error, struct netlink *nl, struct arena *a,
		       const char **why)
{
	struct refusal r = {"reading its qdiscs", NULL, error, netlink_said(nl)};

	return refuse(host_end, &r, a, why);
}

/* --- setting -----------------------------------------------------------------------------------
 */

static int make_ifb(struct netlink *nl, struct view *v, struct arena *a, const char **why)
{
	struct refusal r = {.needs = IFB_KIND};
	char name[IFNAMSIZ];

	r.error = ifb_make(nl, v->host_end, &v->ifb);
	if (r.error == 0)
		return 0;
	ifb_name(v->host_end->index, name);
	r.what = arena_printf(a, "the interface %s", name);
	r.said = netlink_said(nl);
	return refuse(v->host_end, &r, a, why);
}

/* The kernel lacks this kind of queue: that is known from now on, and the next best takes its
 * place. */
static void retry_leaf(struct transaction *t, struct netlink *nl, int step, int device,
		       uint64_t rate, uint32_t mtu)
{
	while (step >= 0 && t->error == -ENOENT && t->failed == (size_t)step &&
	       leaf_may_lack(leaf_best())) {
		leaf_lacks(leaf_best());
		transaction_retry(t, nl, t->failed,
				  leaf_make(device, HTB_CLASS, leaf_best(), rate, mtu));
	}
}

/* All is there before anything is sent to it; the IFB gets its queue while it is down, since a new
 * one waits for packets under way where it is up. */
static int change(struct netlink *nl, struct view *v, const struct bucket *want,
		  struct transaction *t)
{
	static const struct step fit = {"setting up the IFB", NULL};
	bool egress = v->way == SHAPING_EGRESS;
	int device = egress ? v->ifb.link.index : v->host_end->index;
	int leaf = htb_add(t, &v->htb, device, want, v->host_end->mtu);

	if (egress && !v->ifb.fits)
		transaction_add(t, &fit, ifb_fit(v->host_end, device), NULL);
	if (egress)
		redirect_add(t, &v->redirect, v->host_end->index, device);
	if (transaction_run(t, nl) < 0)
		retry_leaf(t, nl, leaf, device, want->rate, v->host_end->mtu);
	return t->error;
}

/* What the other way will need comes along, so that nothing that waits here is dropped then. A
 * kernel that lacks it can limit this way all the same. */
static int begin_ingress(struct netlink *nl, struct view *v, const struct bucket *want,
			 struct transaction *t)
{
	struct view other;

	if (shaping_look(nl, v->host_end, SHAPING_EGRESS, &other) < 0)
		return change(nl, v, want, t);
	redirect_add_slot(t, &other.redirect, v->host_end->index);
	if (change(nl, v, want, t) == 0 || !redirect_lacks_slot(t))
		return t->error;
	transaction_undo(t, nl);
	*t = (struct transaction){.n = 0};
	return change(nl, v, want, t);
}

static const char *value_text(const struct bucket *want, struct arena *a)
{
	return arena_printf(a, "%s (burst %llu bytes)", value_show_bits(want->rate * BITS, a),
			    (unsigned long long)bucket_burst(want->rate, want->ticks));
}

static int set(struct netlink *nl, struct view *v, const struct bucket *want, struct arena *a,
	       const char **why)
{
	struct transaction t = {.n = 0};
	bool made = v->way == SHAPING_EGRESS && !v->ifb.there;
	int error = made ? make_ifb(nl, v, a, why) : 0;

	if (error)
		return error;
	error = v->way == SHAPING_INGRESS && v->htb.root != HTB_OURS
		    ? begin_ingress(nl, v, want, &t)
		    : change(nl, v, want, &t);
	if (error == 0) {
		transaction_keep(&t);
		return 0;
	}
	error = refuse_step(v, &t, value_text(want, a), a, why);
	transaction_undo(&t, nl);
	if (made)
		link_delete(nl, v->ifb.link.index);
	return error;
}

/* RATE bytes per second; BURST 0: derived. */
static struct bucket bucket_wanted(uint64_t rate, uint64_t burst, uint32_t mtu)
{
	if (burst == 0)
		burst = bucket_own_burst(rate, mtu);
	return (struct bucket){rate, bucket_ticks(rate, burst), bucket_quantum(rate)};
}

static int find_bucket(const struct link *host_end, uint64_t rate, uint64_t burst,
		       struct bucket *out, struct arena *a, const char **why)
{
	uint64_t bytes = rate / BITS;

	if (bytes == 0) {
		*why = arena_printf(a,
				    "%s: a rate of less than 8bit cannot be had: the kernel counts "
				    "whole bytes per second; give more",
				    host_end->name);
		return -EINVAL;
	}
	*out = bucket_wanted(bytes, burst, host_end->mtu);
	return 0;
}

int shaping_set(struct netlink *nl, const struct link *host_end, enum shaping_way way,
		uint64_t rate, uint64_t burst, struct arena *a, const char **why)
{
	struct bucket want;
	struct shaping now;
	struct view v;
	int error = find_bucket(host_end, rate, burst, &want, a, why);

	if (error)
		return error;
	error = shaping_look(nl, host_end, way, &v);
	if (error)
		return refuse_look(host_end, error, nl, a, why);
	shaping_judge(&v, a, &now);
	if (now.foreign) {
		*why = arena_printf(a, "%s; %s", now.foreign, now.remedy);
		return -EBUSY;
	}
	return set(nl, &v, &want, a, why);
}

/* What shaping_read found whole, as it was then. */
static struct htb htb_of(const struct shaping *now, uint32_t mtu)
{
	uint64_t rate = now->rate / BITS;
	struct htb h = {
	    .root = HTB_OURS, .root_fits = true, .class_here = true, .class_fits = true};

	h.bucket = (struct bucket){rate, bucket_ticks(rate, now->burst), bucket_quantum(rate)};
	h.leaf = leaf_sized((enum leaf_kind)now->leaf, rate, mtu);
	return h;
}

static void add_change(struct transaction *t, const struct link *host_end,
		       const struct shaping *now, const struct bucket *want)
{
	struct htb h = htb_of(now, host_end->mtu);

	htb_add(t, &h, now->device, want, host_end->mtu);
}

/* All or nothing. */
static int run_or_undo(struct transaction *t, struct netlink *nl)
{
	int error = transaction_run(t, nl);

	if (error == 0)
		transaction_keep(t);
	else
		transaction_undo(t, nl);
	return error;
}

int shaping_change(struct netlink *nl, const struct link *host_end, enum shaping_way way,
		   const struct shaping *now, uint64_t rate, uint64_t burst, struct arena *a,
		   const char **why)
{
	struct transaction t = {.n = 0};
	struct bucket want;
	int error = find_bucket(host_end, rate, burst, &want, a, why);

	if (error)
		return error;
	if (now->whole) {
		add_change(&t, host_end, now, &want);
		if (run_or_undo(&t, nl) == 0)
			return 0;
	}
	return shaping_set(nl, host_end, way, rate, burst, a, why);
}

int shaping_change_both(struct netlink *nl, const struct link *host_end, const struct shaping *now,
			const uint64_t *rates, const uint64_t *bursts)
{
	struct transaction t = {.n = 0};
	struct bucket want[2];

	for (int way = SHAPING_INGRESS; way <= SHAPING_EGRESS; way++) {
		uint64_t rate = rates[way] / BITS;

		if (rate == 0 || !now[way].whole)
			return -EINVAL;
		want[way] = bucket_wanted(rate, bursts[way], host_end->mtu);
	}
	for (int way = SHAPING_INGRESS; way <= SHAPING_EGRESS; way++)
		add_change(&t, host_end, &now[way], &want[way]);
	return run_or_undo(&t, nl);
}

/* --- clearing ----------------------------------------------------------------------------------
 */

static bool is_gone(int error)
{
	return error == -ENOENT || error == -ENODEV || error == -EINVAL;
}

static int clear_host_end(struct netlink *nl, const struct view *v, struct arena *a,
			  const char **why)
{
	static const struct step step = {"taking away the HTB qdisc 656b:", NULL};
	int device = v->host_end->index;
	struct transaction t = {.n = 0};
	struct view other;

	if (v->htb.root != HTB_OURS)
		return 0;
	if (shaping_look(nl, v->host_end, SHAPING_EGRESS, &other) == 0 &&
	    !other.redirect.filter_here)
		redirect_add_slot_removal(&t, &other.redirect, device);
	transaction_add(&t, &step, htb_delete(device), NULL);
	if (transaction_run(&t, nl) == 0 || is_gone(t.error))
		return 0;
	return refuse_step(v, &t, NULL, a, why);
}

/* Nothing is sent to the IFB any more before it goes. */
static int clear_redirect(struct netlink *nl, struct view *v, struct arena *a, const char **why)
{
	int device = v->host_end->index, error;
	struct transaction t = {.n = 0};
	struct view other;

	error = redirect_look_closer(&v->redirect, nl, device);
	if (error == 0)
		error = shaping_look(nl, v->host_end, SHAPING_INGRESS, &other);
	if (error)
		return refuse_look(v->host_end, error, nl, a, why);
	redirect_add_removal(&t, &v->redirect, device);
	if (other.htb.root != HTB_OURS)
		redirect_add_slot_removal(&t, &v->redirect, device);
	if (transaction_run(&t, nl) == 0 || is_gone(t.error))
		return 0;
	return refuse_step(v, &t, NULL, a, why);
}

static int clear_egress(struct netlink *nl, struct view *v, struct arena *a, const char **why)
{
	struct refusal r;
	int error;

	if (!v->redirect.filter_here && !v->ifb.ours)
		return 0;
	error = clear_redirect(nl, v, a, why);
	if (error || !v->ifb.ours)
		return error;
	error = link_delete(nl, v->ifb.link.index);
	if (error == 0 || error == -ENODEV)
		return 0;
	r = (struct refusal){arena_printf(a, "taking away the interface %s", v->ifb.link.name),
			     NULL, error, netlink_said(nl)};
	return refuse(v->host_end, &r, a, why);
}

int shaping_clear(struct netlink *nl, const struct link *host_end, enum shaping_way way,
		  struct arena *a, const char **why)
{
	struct view v;
	int error = shaping_look(nl, host_end, way, &v);

	/* of a host end that has gone there may be an IFB left: shaping_sweep's */
	if (error == -ENODEV)
		return 0;
	if (error)
		return refuse_look(host_end, error, nl, a, why);
	return way == SHAPING_INGRESS ? clear_host_end(nl, &v, a, why)
				      : clear_egress(nl, &v, a, why);
}
