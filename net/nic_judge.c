/* Can a nic be had on this host? Its parent has to be there, and what such a nic needs. */
#include "net/nic_parts.h"

#include "schema/arena.h"

#include <string.h>

/* One nic, and the property "link" that says what it is. */
struct verdict_on {
	const struct world_instance *instance;
	const struct nic *nic;
	const struct parent_link *parent;
	struct arena *arena;
	struct property *link;
};

void nic_refuse(struct property *p, const char *reason, const char *remedy)
{
	p->value = NULL;
	p->certainty = UNKNOWN;
	p->wrong = true;
	p->reason = reason;
	p->remedy = remedy;
}

static const char *about_parent(const struct verdict_on *v, const char *before, const char *after)
{
	return arena_join(v->arena, before, v->nic->parent, after, NULL);
}

static bool refuse_missing(const struct verdict_on *v)
{
	if (v->parent->index)
		return false;
	nic_refuse(v->link, about_parent(v, "there is no interface ", " on this host"),
		   "name one of those that ip link shows");
	return true;
}

static void judge_bridged(const struct verdict_on *v)
{
	if (v->parent->index == 0)
		nic_refuse(v->link, about_parent(v, "there is no bridge ", " on this host"),
			   about_parent(v, "make it (ip link add ",
					" type bridge), or describe it in a document of kind: "
					"network"));
	else if (!v->parent->bridge)
		nic_refuse(v->link, about_parent(v, "", " is not a bridge"),
			   "a bridged nic is a port of a bridge; nictype: macvlan needs none");
}

static bool runs(const struct world_instance *i)
{
	return i->status == STATUS_RUNNING || i->status == STATUS_FROZEN ||
	       i->status == STATUS_STARTING;
}

/* While the container has it, it is not on the host. */
static void judge_physical(const struct verdict_on *v)
{
	const struct parent_link *p = v->parent;

	if (p->away && runs(v->instance))
		return;
	if (p->away)
		nic_refuse(v->link, about_parent(v, "", " has not come back to this host"),
			   "another container may have it, or it was unplugged");
	else if (p->index == 0)
		nic_refuse(v->link, about_parent(v, "there is no interface ", " on this host"),
			   runs(v->instance) ? "if the container has it already, stop that once: "
					       "what it is on the host has to be known first"
					     : "name one of those that ip link shows");
	else if (p->bridge || !p->home)
		nic_refuse(v->link,
			   arena_join(v->arena, p->name, " cannot be given to a container: ",
				      p->unmarked ? p->unmarked : "it is a bridge", NULL),
			   "hardware can, and a veth whose other end stays on the host; for "
			   "others there is nictype: macvlan or bridged");
	else if (p->needed)
		nic_refuse(v->link,
			   arena_join(v->arena, p->name,
				      " cannot be given to a container: ", p->needed, NULL),
			   "the host would be cut off: free it of that first");
}

/* Packets for it come in at the parent, which has to pass them on. */
static void judge_routed(const struct verdict_on *v)
{
	const struct parent_link *p = v->parent;
	const char *lacks = NULL;

	if (v->nic->ip[NIC_IPV4].n)
		lacks = p->lacks4;
	if (!lacks && v->nic->ip[NIC_IPV6].n)
		lacks = p->lacks6;
	if (lacks)
		nic_refuse(v->link,
			   arena_join(v->arena, "nothing would come in by ", p->name, ": ", lacks,
				      " is not set", NULL),
			   arena_join(v->arena, "sysctl -w ", lacks, "=1", NULL));
}

void nic_judge(const struct world *w, const struct world_instance *i, const struct nic *nic,
	       struct arena *a, struct property *link)
{
	struct verdict_on v = {.instance = i, .nic = nic, .arena = a, .link = link};

	v.parent = nic->parent ? host_parent(w->host, nic->parent) : NULL;
	if (!v.parent || v.parent->to_come)
		return;
	switch (nic->kind) {
	case NIC_BRIDGED:
		judge_bridged(&v);
		break;
	case NIC_MACVLAN:
	case NIC_IPVLAN:
		refuse_missing(&v);
		break;
	case NIC_ROUTED:
		if (!refuse_missing(&v))
			judge_routed(&v);
		break;
	case NIC_PHYSICAL:
		judge_physical(&v);
		break;
	case NIC_OVN:
	case NIC_P2P:
	case NIC_SRIOV:
		break;
	}
}
