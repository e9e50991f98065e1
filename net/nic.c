#include "net/nic.h"

#include "net/nic_parts.h"
#include "schema/arena.h"

#include <string.h>

static bool is_limit(const char *attribute)
{
	return strncmp(attribute, NIC_INGRESS, strlen(NIC_INGRESS)) == 0 ||
	       strncmp(attribute, NIC_EGRESS, strlen(NIC_EGRESS)) == 0 ||
	       strcmp(attribute, NIC_PRIORITY) == 0;
}

static enum phase phase(const struct property *p, enum action action)
{
	if (is_limit(p->attribute))
		return PHASE_SHAPE;
	return action == ACTION_REMOVE && strcmp(p->attribute, NIC_LINK) == 0 ? PHASE_REMOVE
									      : PHASE_LINK;
}

/* The kernel waits for a grace period of RCU before a link is gone, or a chain another one; an
 * egress limit has an IFB. */
static bool may_wait(struct container *c, const struct change *change)
{
	const struct nic_found *f = c->nics ? nics_get(c->nics, change->object) : NULL;

	if (strcmp(change->attribute, NIC_LINK) == 0)
		return change->from || nic_is_link(change->to, LINK_PHYSICAL) || (f && f->stray);
	if (strcmp(change->attribute, NIC_PRIORITY) == 0)
		return change->from;
	return strcmp(change->attribute, NIC_EGRESS) == 0 && !change->to;
}

/* What waits for its parent to come has nothing else to be watched. */
static size_t links(const struct container *c, const char *object, struct arena *a,
		    struct watched_link *out, size_t most)
{
	const struct nic_found *f = c->nics ? nics_get(c->nics, object) : NULL;
	size_t n = 0;

	if (!f || !f->there)
		return 0;
	if (n < most)
		out[n++] = (struct watched_link){.nsid = c->nics->nsid, .index = f->guest.index};
	if (f->host.index && n < most)
		out[n++] = (struct watched_link){.nsid = LINK_HERE,
						 .index = f->host.index,
						 .routes = f->has_routes && !f->host.master};
	if (f->host.master && f->has_routes && n < most)
		out[n++] = (struct watched_link){
		    .nsid = LINK_HERE, .index = f->host.master, .routes = true};
	if (f->host.index && f->ways[SHAPING_EGRESS].ours && n < most)
		out[n++] = (struct watched_link){.nsid = LINK_HERE,
						 .name = arena_printf(a, "ekifb%d", f->host.index)};
	return n;
}

static const char *place(const struct host *host, const struct property *p, struct arena *a)
{
	(void)host;
	(void)a;
	if (strncmp(p->attribute, NIC_INGRESS, strlen(NIC_INGRESS)) == 0)
		return "htb on the host end";
	if (strncmp(p->attribute, NIC_EGRESS, strlen(NIC_EGRESS)) == 0)
		return "htb on an ifb behind the host end";
	return NULL;
}

const struct driver nic_driver = {
    .kind = "nic",
    .effect = EFFECT_LIVE,
    .identity = NIC_LINK,
    .phase = phase,
    .desire = nic_desire,
    .observe = nic_observe,
    .base = nic_base,
    .apply = nic_apply,
    .may_wait = may_wait,
    .boot = nic_boot,
    .links = links,
    .place = place,
};
