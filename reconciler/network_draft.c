#include "reconciler/network_draft.h"

#include "schema/arena.h"
#include "schema/text.h"

#include <net/if.h>
#include <string.h>

void network_outcome(const struct document *d, struct arena *a, struct outcome *out)
{
	*out = (struct outcome){
	    .name = d->name,
	    .network = d,
	    .status = STATUS_MISSING,
	    .changes = {.arena = a},
	    .held_back = d->broken,
	};
	diagnostics_init(&out->diagnostics, a);
}

static const struct document *document_of(const struct network_subject *s)
{
	return s->network.document;
}

static struct arena *arena_of(const struct network_subject *s)
{
	return s->outcome->changes.arena;
}

/* ASKED: the setting behind it; NULL: the document as a whole. */
static struct change *add(struct network_subject *s, const char *attribute, enum action action,
			  const char *from, const char *to, const struct setting *asked)
{
	const struct document *d = document_of(s);

	/* the bridge, as it was found, is brought up to date by whoever changes it */
	from = arena_strdup(arena_of(s), from);
	to = arena_strdup(arena_of(s), to);
	return changes_add(&s->outcome->changes,
			   (struct change){
			       .object = arena_printf(arena_of(s), NETWORK_OBJECT "/%s", d->name),
			       .attribute = attribute,
			       .from = from,
			       .to = to,
			       .observed = from ? CERTAIN_VALUE : CERTAIN_ABSENT,
			       .action = action,
			       .effect = EFFECT_LIVE,
			       .phase = PHASE_LINK,
			       .key = asked ? asked->name : NULL,
			       .setting = asked,
			       .origin = d,
			       .at = d->at,
			       .identity = strcmp(attribute, NETWORK_LINK) == 0,
			   });
}

/* Shown, never done. */
static void add_unsupported(struct network_subject *s, const char *attribute, const char *to,
			    const struct setting *asked, const char *reason, const char *remedy)
{
	struct change *c = add(s, attribute, ACTION_NONE, NULL, to, asked);

	c->observed = UNSUPPORTED;
	c->effect = EFFECT_UNSUPPORTED;
	c->reason = reason;
	c->remedy = remedy;
}

/* --- what nobody carries out --------------------------------------------------------------------
 */

/* What is asked to be off is off. */
static bool holds_anyway(const struct setting *s)
{
	struct arena *a = arena_new();
	struct complaint why;
	struct value v;
	bool off = s->key->grammar == &grammar_bool &&
		   value_parse(s->key->grammar, s->text, a, &v, &why) == 0 && !v.yes;

	arena_free(a);
	return off || (strcmp(s->name, "dns.mode") == 0 && strcmp(s->text, "none") == 0);
}

static void draft_unsupported(struct network_subject *s)
{
	const struct settings *config = &document_of(s)->config;

	for (size_t i = 0; i < config->n; i++) {
		const struct setting *k = &config->items[i];

		if (k->key->effect == EFFECT_UNSUPPORTED && !holds_anyway(k))
			add_unsupported(s, k->name, NULL, k, k->key->note, NULL);
	}
}

static void draft_automatic(struct network_subject *s, const char *attribute,
			    const struct network_address *wanted)
{
	if (wanted->automatic)
		add_unsupported(s, attribute, NULL, wanted->setting,
				"evenkeel picks no subnet: it could not be the same tomorrow",
				"write the address that the bridge shall have, or none");
}

/* --- a bridge that is to be ---------------------------------------------------------------------
 */

/* What it shall wear: of one that others made only what the document names. */
static const char *wanted_hwaddr(const struct network_subject *s, const char *host)
{
	char stable[18];

	if (s->network.hwaddr || (s->bridge.found == BRIDGE_THERE && !s->bridge.note.made))
		return s->network.hwaddr;
	network_stable_hwaddr(host, document_of(s)->name, stable);
	return arena_strdup(arena_of(s), stable);
}

static const char *number(const struct network_subject *s, uint32_t n)
{
	return arena_printf(arena_of(s), "%u", n);
}

static void draft_missing(struct network_subject *s, const char *host)
{
	const struct network *n = &s->network;

	s->outcome->whole = WHOLE_CREATE;
	add(s, NETWORK_LINK, ACTION_ADD, NULL, "bridge", NULL);
	add(s, NETWORK_HWADDR, ACTION_ADD, NULL, wanted_hwaddr(s, host), n->hwaddr_setting);
	if (n->mtu)
		add(s, NETWORK_MTU, ACTION_ADD, NULL, number(s, n->mtu), n->mtu_setting);
	if (n->ipv4.text)
		add(s, NETWORK_IPV4, ACTION_ADD, NULL, n->ipv4.text, n->ipv4.setting);
	if (n->ipv6.text)
		add(s, NETWORK_IPV6, ACTION_ADD, NULL, n->ipv6.text, n->ipv6.setting);
	add(s, NETWORK_STATE, ACTION_ADD, NULL, "up", NULL);
}

/* What we change of a bridge is noted on it, and somebody else's alias is not overwritten. */
static bool may_note(const struct network_subject *s)
{
	return s->bridge.note.there || !s->bridge.link.alias[0];
}

static void change(struct network_subject *s, const char *attribute, const char *from,
		   const char *to, const struct setting *asked)
{
	struct arena *a = arena_of(s);
	const char *alias = s->bridge.link.alias;

	if (may_note(s)) {
		add(s, attribute, from ? ACTION_CHANGE : ACTION_ADD, from, to, asked);
		return;
	}
	add_unsupported(s, attribute, to, asked,
			arena_printf(a,
				     "the bridge has an alias of somebody else's (%s), so that "
				     "there is no place to note what was changed",
				     text_escape(a, alias, strlen(alias), 40)),
			arena_printf(a, "take the alias away: ip link set dev %s alias ''",
				     document_of(s)->name));
}

static void put_back(struct network_subject *s, const char *attribute, const char *from,
		     const char *to)
{
	add(s, attribute, ACTION_REMOVE, from, to, NULL)->reason = "no longer in the manifest";
}

static void draft_hwaddr(struct network_subject *s, const char *wanted)
{
	const struct bridge *b = &s->bridge;

	if (wanted && strcmp(wanted, b->link.hwaddr) != 0)
		change(s, NETWORK_HWADDR, b->link.hwaddr, wanted, s->network.hwaddr_setting);
	else if (!wanted && b->note.hwaddr[0] && strcmp(b->note.hwaddr, b->link.hwaddr) != 0)
		put_back(s, NETWORK_HWADDR, b->link.hwaddr, b->note.hwaddr);
}

static void draft_mtu(struct network_subject *s, uint32_t wanted)
{
	const struct bridge *b = &s->bridge;

	if (wanted && wanted != b->link.mtu)
		change(s, NETWORK_MTU, number(s, b->link.mtu), number(s, wanted),
		       s->network.mtu_setting);
	else if (!wanted && b->note.mtu && b->note.mtu != b->link.mtu)
		put_back(s, NETWORK_MTU, number(s, b->link.mtu), number(s, b->note.mtu));
}

/* NOTED: the address that we added, "" if none; those of others are left alone. */
static void draft_address(struct network_subject *s, const char *attribute,
			  const struct network_address *wanted, const char *noted)
{
	const char *ours = noted[0] && bridge_has_address(&s->bridge, noted) ? noted : NULL;

	/* one that somebody shall choose is not known: what is there stays */
	if (wanted && wanted->automatic)
		return;
	if (!wanted || !wanted->text) {
		if (ours)
			put_back(s, attribute, ours, NULL);
		return;
	}
	if (ours && strcmp(ours, wanted->text) == 0)
		return;
	if (!bridge_has_address(&s->bridge, wanted->text))
		change(s, attribute, ours, wanted->text, wanted->setting);
	else if (ours) /* it is there, by somebody else */
		put_back(s, attribute, ours, NULL);
}

static void draft_values(struct network_subject *s, const char *hwaddr, const struct network *n)
{
	static const struct network nothing;
	const struct bridge_note *note = &s->bridge.note;

	draft_hwaddr(s, hwaddr);
	draft_mtu(s, n ? n->mtu : 0);
	draft_address(s, NETWORK_IPV4, n ? &n->ipv4 : &nothing.ipv4, note->ipv4);
	draft_address(s, NETWORK_IPV6, n ? &n->ipv6 : &nothing.ipv6, note->ipv6);
}

static void draft_there(struct network_subject *s, const char *host)
{
	draft_values(s, wanted_hwaddr(s, host), &s->network);
	if (!(s->bridge.link.flags & IFF_UP))
		add(s, NETWORK_STATE, ACTION_CHANGE, "down", "up", NULL);
}

static const char *kind_of(const struct network_subject *s)
{
	const char *kind = s->bridge.link.kind;

	return kind[0] ? kind : "hardware";
}

static void refuse_other(struct network_subject *s)
{
	struct diagnostics *ds = &s->outcome->diagnostics;
	const struct document *d = document_of(s);

	diagnostic_error(ds, d->name_at.source ? d->name_at : d->at,
			 "there is an interface %s that is no bridge (%s): it is left alone",
			 d->name, kind_of(s));
	diagnostic_hint(ds, "give the network another name, or rename that interface");
}

static void draft_present(struct network_subject *s, const char *host)
{
	const struct setting *which;
	const char *refused = network_bridge_refused(document_of(s), &which);

	if (refused) {
		add_unsupported(s, NETWORK_LINK, "bridge", which, refused, NULL);
		return;
	}
	switch (s->bridge.found) {
	case BRIDGE_MISSING:
		draft_missing(s, host);
		break;
	case BRIDGE_THERE:
		draft_there(s, host);
		break;
	case BRIDGE_OTHER:
		refuse_other(s);
		return;
	}
	draft_automatic(s, NETWORK_IPV4, &s->network.ipv4);
	draft_automatic(s, NETWORK_IPV6, &s->network.ipv6);
	draft_unsupported(s);
}

/* --- a bridge that is not to be ----------------------------------------------------------------
 */

/* Of a bridge that others made only what is ours goes. */
static void leave(struct network_subject *s)
{
	struct diagnostics *ds = &s->outcome->diagnostics;
	const struct document *d = document_of(s);

	diagnostic_error(ds, d->state_at, "the bridge %s is not removed: evenkeel did not make it",
			 d->name);
	diagnostic_hint(ds, "delete it by hand, or take this document away");
	draft_values(s, NULL, NULL);
}

static void draft_absent(struct network_subject *s)
{
	switch (s->bridge.found) {
	case BRIDGE_MISSING:
		return;
	case BRIDGE_OTHER:
		refuse_other(s);
		return;
	case BRIDGE_THERE:
		break;
	}
	if (!s->bridge.note.made) {
		leave(s);
		return;
	}
	if (s->unsure) {
		diagnostic_error(&s->outcome->diagnostics, document_of(s)->state_at,
				 "the bridge %s is not removed while a part of the manifests "
				 "cannot be read",
				 document_of(s)->name);
		return;
	}
	s->outcome->whole = WHOLE_DELETE;
	add(s, NETWORK_LINK, ACTION_REMOVE, "bridge", NULL, NULL)->phase = PHASE_RELEASE;
}

/* --- all of it ----------------------------------------------------------------------------------
 */

/* Nothing is made for them; what they say is said of the nics that name them. */
static void draft_other_type(struct network_subject *s)
{
	switch (s->network.kind) {
	case NETWORK_OVN:
		add_unsupported(s, NETWORK_LINK, "ovn", NULL, "evenkeel has no OVN driver", NULL);
		return;
	case NETWORK_SRIOV:
		add_unsupported(s, NETWORK_LINK, "sriov", NULL,
				"evenkeel deals out no virtual functions", NULL);
		return;
	case NETWORK_BRIDGE:
	case NETWORK_MACVLAN:
	case NETWORK_PHYSICAL:
		break;
	}
	if (document_of(s)->state != STATE_ABSENT)
		draft_unsupported(s);
}

static enum status status_of(const struct bridge *b)
{
	if (b->found == BRIDGE_MISSING)
		return STATUS_MISSING;
	return b->link.flags & IFF_UP ? STATUS_RUNNING : STATUS_STOPPED;
}

static bool changes_now(const struct changes *changes)
{
	for (size_t i = 0; i < changes->n; i++)
		if (changes->items[i].action != ACTION_NONE)
			return true;
	return false;
}

void network_draft(struct network_subject *s, const char *host)
{
	struct outcome *o = s->outcome;

	o->status = status_of(&s->bridge);
	if (o->held_back)
		return;
	if (s->error) {
		diagnostic_error(&o->diagnostics, document_of(s)->at,
				 "the interface %s cannot be looked at: %s", document_of(s)->name,
				 strerror(-s->error));
		return;
	}
	if (s->network.kind != NETWORK_BRIDGE)
		draft_other_type(s);
	else if (document_of(s)->state == STATE_ABSENT)
		draft_absent(s);
	else
		draft_present(s, host);
	o->in_sync = !changes_now(&o->changes) && o->diagnostics.errors == 0;
	if (o->whole == WHOLE_NONE && changes_now(&o->changes))
		o->whole = WHOLE_UPDATE;
}
