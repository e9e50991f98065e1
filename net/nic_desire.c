#include "net/nic_parts.h"

#include "net/priority.h"
#include "schema/arena.h"
#include "schema/nic.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One nic while its properties are put together. */
struct wish {
	const struct world *world;
	const struct world_instance *instance;
	const struct nic *nic;
	const struct own_nic *own; /* the owner's interface that it takes over; NULL: none */
	unsigned index;
	bool own_index;       /* it is one of the owner's lxc.net.N */
	const char *own_type; /* which is of this type */
	struct properties *out;
};

const char *nic_text(const struct properties *p, const char *object, const char *attribute)
{
	const struct property *found = p ? properties_find(p, object, attribute) : NULL;

	return found ? found->value : NULL;
}

/* Asked for by SETTING; NULL: derived from the device as a whole. */
static struct property *want(const struct wish *w, const char *attribute, const char *value,
			     const struct setting *setting)
{
	const struct expanded_device *e = w->nic->device;

	return properties_add(w->out,
			      (struct property){
				  .object = w->nic->object,
				  .attribute = attribute,
				  .value = value,
				  .effect = EFFECT_LIVE,
				  .setting = setting,
				  .from = e->from,
				  .at = e->device->at,
				  .key = setting ? arena_join(w->out->arena, e->device->name, ".",
							      setting->name, NULL)
						 : e->device->name,
				  .recorded = !setting,
			      });
}

static const struct setting *option(const struct wish *w, const char *name)
{
	return device_get(w->nic->device->device, name);
}

static void want_number(const struct wish *w, const char *attribute, uint64_t number,
			const struct setting *setting)
{
	want(w, attribute, arena_decimal(w->out->arena, number), setting);
}

/* ---- which lxc.net.N ---- */

static const struct own_nic *own_with_name(const struct world_instance *i, const char *name)
{
	for (size_t k = 0; k < i->n_own_nics; k++)
		if (i->own_nics[k].name && strcmp(i->own_nics[k].name, name) == 0)
			return &i->own_nics[k];
	return NULL;
}

static const struct own_nic *own_with_index(const struct world_instance *i, unsigned index)
{
	for (size_t k = 0; k < i->n_own_nics; k++)
		if (i->own_nics[k].index == index)
			return &i->own_nics[k];
	return NULL;
}

static void take_own(struct wish *w, unsigned index, const char *type)
{
	w->index = index;
	w->own_index = true;
	w->own_type = type && *type ? type : "empty";
}

/* Its number in the record, unless the owner has given it to another interface since. */
static bool take_recorded(struct wish *w)
{
	const char *text = nic_text(w->instance->owned, w->nic->object, NIC_INDEX), *type;
	const struct own_nic *own;
	unsigned index;
	char *end;

	if (!text)
		return false;
	index = (unsigned)strtoul(text, &end, 10);
	type = strncmp(end, NIC_INDEX_OWN, strlen(NIC_INDEX_OWN)) == 0 ? end + strlen(NIC_INDEX_OWN)
								       : NULL;
	if (end == text || (*end && !type))
		return false;
	own = own_with_index(w->instance, index);
	if (w->instance->own_nics_known)
		type = own ? own->type : NULL;
	if (own && own != own_with_name(w->instance, w->nic->name))
		return false;
	if (type || own)
		take_own(w, index, type);
	w->index = index;
	return true;
}

static bool is_taken(const struct wish *wishes, size_t n, unsigned index)
{
	for (size_t i = 0; i < n; i++)
		if (wishes[i].index == index)
			return true;
	return false;
}

static unsigned first_free(const struct wish *wishes, size_t n, const struct world_instance *i)
{
	unsigned index = 0;

	while (is_taken(wishes, n, index) || own_with_index(i, index))
		index++;
	return index;
}

/* What is in the record stays; a nic with the guest name of one of the owner's stands in for it. */
static void choose_indexes(struct wish *wishes, size_t n)
{
	bool *chosen = arena_alloc(wishes->out->arena, n * sizeof(*chosen));

	for (size_t k = 0; k < n; k++)
		wishes[k].index = UINT32_MAX;
	for (size_t k = 0; k < n; k++) {
		struct wish found = wishes[k];

		if (!take_recorded(&found) || is_taken(wishes, n, found.index))
			continue;
		wishes[k] = found;
		chosen[k] = true;
	}
	for (size_t k = 0; k < n; k++) {
		struct wish *w = &wishes[k];

		w->own = own_with_name(w->instance, w->nic->name);
		if (chosen[k] || !w->own || is_taken(wishes, n, w->own->index))
			continue;
		take_own(w, w->own->index, w->own->type);
		chosen[k] = true;
	}
	for (size_t k = 0; k < n; k++)
		if (!chosen[k])
			wishes[k].index = first_free(wishes, n, wishes[k].instance);
}

static void want_index(const struct wish *w)
{
	want(w, NIC_INDEX,
	     arena_join(w->out->arena, arena_decimal(w->out->arena, w->index),
			w->own_index ? NIC_INDEX_OWN : "", w->own_index ? w->own_type : "", NULL),
	     NULL);
}

/* ---- what it is ---- */

static const char *link_text(const struct nic *nic, struct arena *a)
{
	switch (nic->kind) {
	case NIC_BRIDGED:
	case NIC_P2P:
	case NIC_ROUTED:
		return LINK_VETH;
	case NIC_MACVLAN:
		return arena_join(a, LINK_MACVLAN " ", nic->parent, NULL);
	case NIC_PHYSICAL:
		return arena_join(a, LINK_PHYSICAL " ", nic->parent, NULL);
	case NIC_IPVLAN:
		return arena_join(a, LINK_IPVLAN " ", nic->parent, " ", nic->mode, NULL);
	case NIC_OVN:
	case NIC_SRIOV:
		break;
	}
	return NULL;
}

static void cannot_be_had(struct property *link, enum nic_kind kind)
{
	const char *why = nic_kind_unsupported(kind);

	link->effect = EFFECT_UNSUPPORTED;
	link->certainty = UNSUPPORTED;
	link->reason = why ? why : "not carried out yet";
}

static void lacks_ipvlan(struct property *link)
{
	link->value = NULL;
	link->effect = EFFECT_UNSUPPORTED;
	link->certainty = UNSUPPORTED;
	link->reason = "this kernel has no ipvlan";
	link->remedy = "modprobe ipvlan, or a kernel with CONFIG_IPVLAN";
}

/* The error is the manifests', and was said when they were read. */
static void leave_disputed(struct property *link)
{
	link->value = NULL;
	link->certainty = UNKNOWN;
	link->reason = "another nic has its hwaddr or host_name";
	link->remedy = "evenkeel validate says where; until then it stays as it is";
}

/* ---- its attributes ---- */

/* Both texts go into lines that LXC reads: a record or a config may say anything. */
static const char *own_hwaddr(const struct wish *w)
{
	const char *address = nic_text(w->instance->owned, w->nic->object, NIC_HWADDR);
	unsigned char bytes[6];

	if (!address && w->own)
		address = w->own->hwaddr;
	return address && link_hwaddr(address, bytes) ? address : NULL;
}

static bool is_name(const char *text, struct arena *a)
{
	struct complaint why;
	struct value v;

	return value_parse(&grammar_interface, text, a, &v, &why) == 0;
}

static void want_hwaddr(const struct wish *w)
{
	const struct setting *s = option(w, "hwaddr");
	const char *address = w->nic->hwaddr;
	char stable[18];

	if (w->nic->kind == NIC_IPVLAN)
		return; /* it has its parent's */
	if (!address && w->nic->kind == NIC_PHYSICAL)
		return; /* it has one of its own */
	if (!address && w->own_index) {
		address = own_hwaddr(w);
		if (!address)
			return; /* LXC makes one up with each start, as its owner has it */
	}
	if (!address) {
		nic_stable_hwaddr(w->instance->instance->name, w->nic->device->device->name,
				  stable);
		address = arena_strdup(w->out->arena, stable);
	}
	want(w, NIC_HWADDR, address, s);
}

/* Any name will do: the one that it was once given stays. */
static const char *host_name_of(const struct wish *w)
{
	const char *recorded = nic_text(w->instance->owned, w->nic->object, NIC_HOST_NAME);
	char stable[16];

	if (recorded && *recorded && is_name(recorded, w->out->arena))
		return recorded;
	nic_stable_host_name(w->world->lxcpath ? w->world->lxcpath : "",
			     w->instance->instance->name, w->nic->device->device->name, stable);
	return arena_strdup(w->out->arena, stable);
}

static void want_host_end(const struct wish *w)
{
	const struct nic *nic = w->nic;

	want(w, NIC_HOST_NAME, nic->host_name ? nic->host_name : host_name_of(w),
	     nic->host_name ? option(w, "host_name") : NULL)
	    ->recorded = true; /* it is found by that */
	if (nic->kind == NIC_BRIDGED)
		want(w, NIC_MASTER, nic->parent, nic->parent_setting)->recorded = true;
	want(w, NIC_UP, "yes", NULL)->recorded = false;
	if (nic->txqueuelen_given)
		want_number(w, NIC_TXQUEUELEN, nic->txqueuelen, option(w, "queue.tx.length"));
}

static void want_routes(const struct wish *w)
{
	const struct nic *nic = w->nic;
	const char *via = nic->kind == NIC_BRIDGED ? nic->parent : NIC_ROUTE_HOST_END;

	for (size_t i = 0; i < nic->n_routes; i++)
		want(w, arena_join(w->out->arena, NIC_ROUTE, nic->routes[i].prefix, NULL), via,
		     nic->routes[i].setting);
}

static void want_recorded(const struct wish *w, const char *before, const char *after,
			  const char *value, const struct setting *setting)
{
	want(w, arena_join(w->out->arena, before, after, NULL), value, setting)->recorded = true;
}

/* What holds while it is there, and has no place in the record. */
static void want_held(const struct wish *w, const char *before, const char *after,
		      const char *value, const struct setting *setting)
{
	want(w, arena_join(w->out->arena, before, after, NULL), value, setting)->recorded = false;
}

static void want_address(const struct wish *w, const struct nic_route *address)
{
	struct arena *a = w->out->arena;
	const char *prefix = address->prefix;

	want_recorded(w, NIC_ADDRESS, prefix, NIC_INSIDE, address->setting);
	if (w->nic->kind != NIC_ROUTED)
		return;
	want_held(w, NIC_ROUTE, prefix, NIC_ROUTE_HOST_END, address->setting);
	if (w->nic->parent)
		want_held(w, NIC_NEIGHBOUR, arena_strndup(a, prefix, strcspn(prefix, "/")),
			  w->nic->parent, address->setting);
}

/* The host's end is a router to which all that the container sends goes. */
static void want_router(const struct wish *w, enum nic_family family)
{
	const struct nic_ip *ip = &w->nic->ip[family];
	const char *bits = family == NIC_IPV4 ? "/32" : "/128";

	if (!ip->host_address)
		return;
	want_held(w, NIC_HOST_ADDRESS, arena_join(w->out->arena, ip->host_address, bits, NULL),
		  NIC_ROUTE_HOST_END, ip->host_setting);
	want_held(w, family == NIC_IPV4 ? NIC_FORWARDING4 : NIC_FORWARDING6, "", "1", NULL);
	if (family == NIC_IPV4)
		want_held(w, NIC_RP_FILTER, "", "1", NULL);
}

/* The lease of a bridged nic. */
static void lack_lease(const struct wish *w, const char *name)
{
	const struct setting *s = option(w, name);
	struct property *p;

	if (!s || w->nic->kind != NIC_BRIDGED)
		return;
	p = want(w, name, NULL, s);
	p->effect = EFFECT_UNSUPPORTED;
	p->certainty = UNSUPPORTED;
	p->reason = "evenkeel runs no DHCP server";
}

static void want_ip(const struct wish *w)
{
	lack_lease(w, "ipv4.address");
	lack_lease(w, "ipv6.address");
	for (int f = 0; f < N_NIC_FAMILIES; f++) {
		const struct nic_ip *ip = &w->nic->ip[f];

		for (size_t i = 0; i < ip->n; i++)
			want_address(w, &ip->addresses[i]);
		want_router(w, (enum nic_family)f);
		if (ip->gateway)
			want_recorded(w, NIC_GATEWAY, f == NIC_IPV4 ? "ipv4" : "ipv6", ip->gateway,
				      ip->gateway_setting);
	}
}

static void want_rate(const struct wish *w, const char *attribute, uint64_t bits, uint64_t burst,
		      const struct setting *s, const struct setting *burst_setting)
{
	uint64_t rate = shaping_settle(bits);
	const char *burst_attribute = arena_join(w->out->arena, attribute, NIC_BURST, NULL);

	if (bits == 0)
		return;
	if (rate == 0) {
		nic_refuse(want(w, attribute, NULL, s), "the kernel counts whole bytes per second",
			   "give at least 8bit");
		return;
	}
	want_number(w, attribute, rate, s);
	if (burst)
		want_number(w, burst_attribute, shaping_settle_burst(rate, burst), burst_setting);
}

/* 0 is what a packet has anyway. */
static void want_priority(const struct wish *w)
{
	const struct setting *s = option(w, "limits.priority");
	uint32_t priority = w->nic->priority;
	const char *why = priority_refused(priority);

	if (!w->nic->priority_given || priority == 0)
		return;
	if (why)
		nic_refuse(want(w, NIC_PRIORITY, NULL, s), why, "choose another number");
	else
		want_number(w, NIC_PRIORITY, priority, s);
}

static void want_shaping(const struct wish *w)
{
	const struct nic *nic = w->nic;

	if (!nic_has_host_end(nic->kind))
		return;
	want_rate(w, NIC_INGRESS, nic->ingress, nic->ingress_burst, nic->ingress_setting,
		  nic->ingress_burst_setting);
	want_rate(w, NIC_EGRESS, nic->egress, nic->egress_burst, nic->egress_setting,
		  nic->egress_burst_setting);
	want_priority(w);
}

static void desire_one(const struct wish *w)
{
	const struct nic *nic = w->nic;

	want_index(w);
	want(w, NIC_NAME, nic->name, nic->name_given ? option(w, "name") : NULL);
	want_hwaddr(w);
	if (nic_has_host_end(nic->kind))
		want_host_end(w);
	if (nic->mtu)
		want_number(w, NIC_MTU, nic->mtu, option(w, "mtu"));
	want_routes(w);
	want_ip(w);
	want_shaping(w);
}

void nic_desire(const struct world *world, const struct world_instance *i, struct properties *out)
{
	struct nic *nics;
	size_t n =
	    nics_of(i->instance, world->networks, world->n_networks, i->owned, out->arena, &nics);
	struct wish *wishes = arena_alloc(out->arena, (n + 1) * sizeof(*wishes));

	wishes->out = out;
	for (size_t k = 0; k < n; k++)
		wishes[k] =
		    (struct wish){.world = world, .instance = i, .nic = &nics[k], .out = out};
	choose_indexes(wishes, n);
	for (size_t k = 0; k < n; k++) {
		const char *text = link_text(&nics[k], out->arena);
		struct property *link;

		link = want(&wishes[k], NIC_LINK, text, NULL);
		if (nics[k].kind == NIC_IPVLAN && world->host->lacks_ipvlan)
			lacks_ipvlan(link);
		else if (!text)
			cannot_be_had(link, nics[k].kind);
		else if (nics[k].device->disputed)
			leave_disputed(link);
		else
			nic_judge(world, i, &nics[k], out->arena, link);
		if (link->certainty == CERTAIN_VALUE)
			desire_one(&wishes[k]);
	}
}
