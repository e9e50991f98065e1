#include "reconciler/network_round.h"

#include "net/netlink.h"
#include "reconciler/kept_networks.h"
#include "reconciler/network_apply.h"
#include "reconciler/networks.h"
#include "reconciler/report.h"
#include "reconciler/session.h"
#include "reconciler/stand.h"
#include "schema/arena.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HERE (-1)

/* A look at one of them. */
struct network_turn {
	struct keeper *keeper;
	struct network_ward *ward;
	const struct kept_network *kept;
	struct arena *arena;
	struct outcome outcome;
	struct network_subject subject;
	struct bridge_port *ports; /* that keep it from being removed */
	size_t n_ports;
	uint64_t now;
};

/* ---- when ---- */

static void hurry_users(struct keeper *k, const char *network)
{
	const struct generation *g = reload_generation(k->reload);

	for (size_t i = 0; i < k->wards.n; i++) {
		struct ward *w = k->wards.items[i];
		const struct instance *instance = w->gone ? NULL : generation_find(g, w->name);

		if (!instance || !network_used_by(network, instance))
			continue;
		w->fresh = true;
		keeper_hurry(k, w);
	}
}

/* What a notice about it would call it: see networks_released. */
static const char *noticed_as(char out[64], const char *name)
{
	snprintf(out, 64, "the network %s", name);
	return out;
}

static void release(struct keeper *k, struct network_ward *w)
{
	char noticed[64];

	if (w->standing.status != STATUS_MISSING) {
		gone_add(&k->went, noticed_as(noticed, w->name));
		journal_say(k->journal, EVENT_RELEASED, w->owner,
			    "no manifest is about it any more: left as it is");
	}
	if (k->network_links)
		k->network_links(k->context, w->owner, NULL, 0);
	k->network_gone(k->context, w);
	session_network_forget(k, w);
	network_ward_remove(&k->networks, w);
}

static void news_of(struct keeper *k, const char *name)
{
	struct network_ward *w = network_ward_find(&k->networks, name);
	char noticed[64];

	if (!kept_networks_find(reload_networks(k->reload), name)) {
		if (w)
			release(k, w);
		return;
	}
	gone_drop(&k->went, noticed_as(noticed, name));
	w = network_ward_add(&k->networks, name);
	w->due = w->fresh = true;
	attempts_clear(&w->attempts);
	attempts_init(&w->attempts, w->owner);
}

void network_round_news(struct keeper *k, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		news_of(k, names[i]);
		hurry_users(k, names[i]);
	}
}

bool network_round_event(struct keeper *k, const char *owner)
{
	struct network_ward *w;

	if (strncmp(owner, STANDING_NETWORK, strlen(STANDING_NETWORK)) != 0)
		return false;
	w = network_ward_find(&k->networks, owner + strlen(STANDING_NETWORK));
	if (w)
		w->due = true;
	return true;
}

void network_round_full(struct keeper *k, bool insist)
{
	for (size_t i = 0; i < k->networks.n; i++) {
		k->networks.items[i]->due = true;
		k->networks.items[i]->insist |= insist;
	}
}

void network_round_quiet(struct keeper *k)
{
	for (size_t i = 0; i < k->networks.n; i++) {
		struct network_ward *w = k->networks.items[i];

		w->due |= w->waits;
	}
	network_round(k);
}

uint64_t network_round_next(struct keeper *k, uint64_t now)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < k->networks.n; i++) {
		struct network_ward *w = k->networks.items[i];

		if (w->again && w->again <= now) {
			w->again = 0;
			w->due = true;
		}
		if (w->again && w->again < next)
			next = w->again;
	}
	return next;
}

/* ---- what is said ---- */

/* A bridge that somebody took away comes back with all it had: one thing put back. */
static void applied(struct network_turn *t, const struct change *c)
{
	struct network_ward *w = t->ward;
	struct journal *j = t->keeper->journal;
	bool link = strcmp(c->attribute, NETWORK_LINK) == 0;

	attempts_succeeded(&w->attempts, c->object, c->attribute, t->now);
	if (!w->fresh && !link && t->outcome.whole == WHOLE_CREATE)
		return;
	if (w->fresh || (link && c->action == ACTION_REMOVE)) {
		journal_change(j, EVENT_CHANGED, w->owner, &t->outcome.changes, c, 0);
		return;
	}
	journal_change(j, EVENT_PUT_BACK, w->owner, &t->outcome.changes, c, 0);
	if (attempts_put_back(&w->attempts, c->object, c->attribute, t->now))
		journal_change(j, EVENT_CONTESTED, w->owner, &t->outcome.changes, c, 0);
}

static void failed(struct network_turn *t, const struct change *c)
{
	struct network_ward *w = t->ward;
	uint64_t next;

	w->insist = false;
	attempts_failed(&w->attempts, c->object, c->attribute, t->now, c->error);
	next = attempts_hold(&w->attempts, c->object, c->attribute, t->now);
	journal_change(t->keeper->journal, EVENT_FAILED, w->owner, &t->outcome.changes, c,
		       next > t->now ? (next - t->now) / 1000000 : 0);
}

static void tell_changes(struct network_turn *t)
{
	for (size_t i = 0; i < t->outcome.changes.n; i++) {
		const struct change *c = &t->outcome.changes.items[i];

		if (c->verdict == VERDICT_APPLIED)
			applied(t, c);
		else if (c->verdict == VERDICT_FAILED)
			failed(t, c);
	}
}

/* The error that keeps the newest document from being in force, with its place. */
static const char *held_reason(const struct network_turn *t)
{
	struct keeper *k = t->keeper;
	const struct catalog *c = &reload_generation(k->reload)->catalog;
	const struct document *newest = catalog_find(c, KIND_NETWORK, t->ward->name);
	struct diagnostics all;

	diagnostics_init(&all, t->arena);
	reload_findings(k->reload, &all);
	for (size_t i = 0; newest && i < all.n; i++) {
		const struct diagnostic *d = &all.items[i];

		if (d->severity == SEVERITY_ERROR && d->place.source &&
		    strcmp(d->place.source->name, newest->at.source->name) == 0)
			return arena_printf(t->arena, "%s: %s", report_place(d->place, t->arena),
					    d->message);
	}
	return "its manifest has errors";
}

static void say(struct network_turn *t, const struct standing *next)
{
	const struct network_ward *w = t->ward;
	const struct standing *last = &w->standing;
	struct journal *j = t->keeper->journal;
	bool same = w->said && last->condition == next->condition && last->reason && next->reason &&
		    strcmp(last->reason, next->reason) == 0;

	if (next->condition == CONDITION_IN_SYNC && w->said && stand_was_trouble(last->condition))
		journal_say(j, EVENT_RECOVERED, w->owner, "in sync again");
	if (next->condition == CONDITION_DRIFTED && t->keeper->o->observe)
		for (size_t i = 0; i < t->outcome.changes.n; i++)
			journal_change(j, EVENT_WOULD_CHANGE, w->owner, &t->outcome.changes,
				       &t->outcome.changes.items[i], 0);
	/* each refusal of the kernel's has had its line */
	if (!same && (next->condition == CONDITION_HELD_BACK ||
		      (next->condition == CONDITION_FAILING && t->outcome.diagnostics.errors)))
		journal_say(j, stand_event(next->condition), w->owner, "%s%s%s",
			    condition_name(next->condition), next->reason ? ": " : "",
			    next->reason ? next->reason : "");
}

static void keep(struct network_ward *w, const struct standing *next)
{
	struct arena *details = arena_new();

	standing_copy(next, details, &w->standing);
	w->standing.name = w->owner;
	arena_free(w->details);
	w->details = details;
	w->said = true;
}

static void stand(struct network_turn *t)
{
	struct network_ward *w = t->ward;
	struct standing next;

	standing_from_outcome(&t->outcome, t->arena, &next);
	if (next.condition == CONDITION_IN_SYNC)
		attempts_all_succeeded(&w->attempts, t->now);
	if (t->kept->last_good || t->kept->document.broken) {
		next.condition = CONDITION_HELD_BACK;
		next.reason = held_reason(t);
	}
	stand_troubled(&w->attempts, t->now, t->arena, &next);
	w->again = attempts_next(&w->attempts, t->now);
	w->retry = next.condition == CONDITION_FAILING || next.condition == CONDITION_CONTESTED
		       ? w->again
		       : 0;
	next.since = w->standing.since;
	if (w->said && standing_equal(&w->standing, &next))
		return;
	if (!w->said || w->standing.condition != next.condition)
		next.since = (uint64_t)time(NULL);
	say(t, &next);
	keep(w, &next);
	t->keeper->network_changed(t->keeper->context, w);
}

/* ---- events to come ---- */

#define LINKS_MOST 64

static uint64_t digest_of(const struct watched_link *links, size_t n)
{
	uint64_t digest = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < n; i++)
		digest = (digest ^ (uint64_t)links[i].index) * UINT64_C(1099511628211);
	return n ? digest | 1 : 0;
}

/* By its name it comes and goes, by its index it is changed; of addresses the routes tell that come
 * with them. Of one that cannot go, what keeps it. */
static void watch(struct network_turn *t)
{
	struct network_ward *w = t->ward;
	struct keeper *k = t->keeper;
	const struct bridge *b = &t->subject.bridge;
	struct watched_link links[LINKS_MOST] = {
	    {.nsid = HERE, .name = w->name}
        };
	size_t n = t->subject.network.kind == NETWORK_BRIDGE;
	uint64_t digest;

	if (n && b->found == BRIDGE_THERE)
		links[n++] =
		    (struct watched_link){.nsid = HERE, .index = b->link.index, .routes = true};
	for (size_t i = 0; i < t->n_ports && n < LINKS_MOST; i++)
		links[n++] = (struct watched_link){.nsid = HERE, .index = t->ports[i].index};
	digest = digest_of(links, n);
	if (!k->network_links || digest == w->linked)
		return;
	k->network_links(k->context, w->owner, links, n);
	w->linked = digest;
	/* what happened between the look and this was no event */
	w->due = n > 0;
}

/* ---- removing ---- */

struct removal {
	struct task task;
	struct keeper *keeper;
	struct arena *arena;
	const char *name;
	int index;
	struct change change;
};

static struct removal *removal_of(struct task *t)
{
	return (struct removal *)((char *)t - offsetof(struct removal, task));
}

static void removal_run(struct task *t)
{
	struct removal *r = removal_of(t);
	struct netlink *nl = netlink_here();

	if (nl)
		network_remove(nl, r->name, r->index, &r->change, r->arena);
	else
		change_fail(&r->change, r->arena, errno, "bridge %s is not removed: %s", r->name,
			    strerror(errno));
}

static void removal_done(struct task *t)
{
	struct removal *r = removal_of(t);
	struct keeper *k = r->keeper;
	struct network_ward *w = network_ward_find(&k->networks, r->name);
	struct network_turn turn = {.keeper = k, .ward = w, .now = keeper_now()};

	writes_note(arena_printf(r->arena, "bridge %s link", r->name), "-bridge",
		    r->change.error_number);
	if (w) {
		if (r->change.verdict == VERDICT_APPLIED)
			applied(&turn, &r->change);
		else
			failed(&turn, &r->change);
		session_network_change(k, w, &r->change);
		w->removing = false;
		w->due = true;
	}
	arena_free(r->arena);
}

static void removal_drop(struct task *t)
{
	arena_free(removal_of(t)->arena);
}

static bool is_quiet(const struct keeper *k)
{
	return queue_empty(&k->hurried) && queue_empty(&k->background) && k->jobs_under_way == 0;
}

static void hand_off(struct network_turn *t, const struct change *c)
{
	struct network_ward *w = t->ward;
	struct arena *a = arena_new();
	struct removal *r;

	r = arena_alloc(a, sizeof(*r));
	*r = (struct removal){
	    .task = {.run = removal_run, .done = removal_done, .drop = removal_drop},
	    .keeper = t->keeper,
	    .arena = a,
	    .name = arena_strdup(a, w->name),
	    .index = t->subject.bridge.link.index
        };
	change_copy(&r->change, a, c);
	w->removing = true;
	worker_submit(t->keeper->slow, &r->task);
}

/* After all who may hang on it; and not in the loop, since the kernel takes its time. */
static void remove_bridge(struct network_turn *t, struct netlink *nl, struct change *c)
{
	t->ward->waits = !is_quiet(t->keeper);
	if (t->ward->waits)
		return;
	bridge_ports(nl, t->subject.bridge.link.index, t->arena, &t->ports, &t->n_ports);
	if (t->n_ports == 0) {
		hand_off(t, c);
		return;
	}
	network_busy(t->ward->name, t->ports, t->n_ports, c, t->arena);
	failed(t, c);
}

/* ---- one look ---- */

/* What failed, and what somebody else keeps changing, is tried less and less often. */
static void hold_back(struct network_turn *t)
{
	for (size_t i = 0; i < t->outcome.changes.n && !t->ward->insist; i++) {
		struct change *c = &t->outcome.changes.items[i];

		if (c->action == ACTION_NONE ||
		    attempts_hold(&t->ward->attempts, c->object, c->attribute, t->now) <= t->now)
			continue;
		c->verdict = VERDICT_SKIPPED;
		c->reason = "it will be tried again";
	}
}

static void act(struct network_turn *t)
{
	struct netlink *nl = netlink_here();
	struct change *removal;

	if (t->keeper->o->observe || !nl)
		return;
	removal = network_removal(&t->subject);
	if (removal) {
		remove_bridge(t, nl, removal);
		return;
	}
	hold_back(t);
	network_apply(nl, &t->subject);
	tell_changes(t);
}

static void look(struct keeper *k, struct network_ward *w)
{
	struct network_turn t = {.keeper = k,
				 .ward = w,
				 .kept = kept_networks_find(reload_networks(k->reload), w->name),
				 .arena = arena_new(),
				 .now = keeper_now()};

	w->due = w->waits = false;
	t.subject = (struct network_subject){.unsure = k->incomplete || t.kept->last_good,
					     .outcome = &t.outcome};
	network_outcome(&t.kept->document, t.arena, &t.outcome);
	networks_look(&t.subject, &t.kept->document, k->host->name, t.arena);
	act(&t);
	watch(&t);
	stand(&t);
	w->fresh &= w->due || w->removing || w->waits;
	w->insist &= w->removing || w->waits;
	session_network(k, w, &t.outcome);
	arena_free(t.arena);
}

void network_round(struct keeper *k)
{
	for (size_t i = 0; i < k->networks.n; i++)
		if (k->networks.items[i]->due && !k->networks.items[i]->removing)
			look(k, k->networks.items[i]);
}
