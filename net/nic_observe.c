#include "net/nic_parts.h"

#include "net/priority.h"
#include "net/route.h"
#include "schema/arena.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One nic while it is read. */
struct look {
	struct container *c;
	struct netlink *nl;
	struct nic_found *found;
	struct properties *out;
	bool routes_read;
	int routes_error; /* they cannot be known: -errno; 0 */
	const char **routes;
	size_t n_routes;
};

static void absent(struct property *p)
{
	p->certainty = CERTAIN_ABSENT;
}

static void value(struct property *p, const char *text)
{
	p->certainty = text ? CERTAIN_VALUE : CERTAIN_ABSENT;
	p->value = text;
}

static const char *number(struct look *l, uint64_t n)
{
	return arena_decimal(l->out->arena, n);
}

/* Both ends shall have it: the one that has not is what is seen. */
static const char *of_both(struct look *l, const char *asked, uint32_t guest, uint32_t host)
{
	const char *inside = number(l, guest);

	if (l->found->host.index == 0 || (asked && strcmp(inside, asked) != 0))
		return inside;
	return number(l, host);
}

/* One that follows from the rate is nobody's wish, unless somebody wishes for just that. */
static void see_burst(struct look *l, const struct property *asked, const struct shaping *s,
		      struct property *p)
{
	const char *burst = number(l, s->burst);

	if (s->burst_derived && !(asked->value && strcmp(asked->value, burst) == 0))
		absent(p);
	else
		value(p, burst);
}

/* Ours, but not all of it is as we make it for the rate: then it differs, and is mended. */
static const char *rate_text(struct look *l, const struct property *asked, const struct shaping *s,
			     bool burst_asked)
{
	const char *rate = number(l, s->rate);

	if (s->whole && (burst_asked || s->burst_derived))
		return rate;
	return s->rate && asked->value && strcmp(rate, asked->value) != 0 ? rate : "incomplete";
}

static void see_way(struct look *l, const struct property *asked, const struct shaping *s,
		    bool is_burst, bool burst_asked, struct property *p)
{
	if (s->foreign) {
		p->certainty = UNKNOWN;
		p->reason = s->foreign;
		p->remedy = arena_join(l->out->arena, s->remedy,
				       "; or leave the limit to whoever made it", NULL);
	} else if (!s->ours) {
		absent(p);
	} else if (is_burst) {
		see_burst(l, asked, s, p);
	} else {
		value(p, rate_text(l, asked, s, burst_asked));
	}
}

static int read_ways(struct look *l, enum shaping_way way, bool both)
{
	struct nic_found *f = l->found;
	int r;

	if (f->ways_read[way])
		return 0;
	if (both && shaping_read_both(l->nl, &f->host, l->c->arena, f->ways) == 0) {
		f->ways_read[SHAPING_INGRESS] = f->ways_read[SHAPING_EGRESS] = true;
		return 0;
	}
	r = shaping_read(l->nl, &f->host, way, l->c->arena, &f->ways[way]);
	f->ways_read[way] = r == 0;
	return r;
}

/* BOTH: the other one is asked for, too. */
static bool read_way(struct look *l, enum shaping_way way, bool both, struct property *p)
{
	int r = read_ways(l, way, both);

	if (r < 0) {
		p->certainty = UNKNOWN;
		p->reason = arena_printf(l->out->arena, "%s: its queues cannot be read: %s",
					 l->found->host.name, strerror(-r));
	}
	return r == 0;
}

static void see_shaping(struct look *l, const struct property *asked, struct property *p,
			const struct properties *all)
{
	bool egress = strncmp(asked->attribute, NIC_EGRESS, strlen(NIC_EGRESS)) == 0;
	const char *burst = egress ? NIC_EGRESS NIC_BURST : NIC_INGRESS NIC_BURST;

	l->found->burst_asked[egress] = nic_text(all, asked->object, burst) != NULL;
	if (l->found->host.index == 0)
		absent(p);
	else if (read_way(l, egress ? SHAPING_EGRESS : SHAPING_INGRESS,
			  properties_find(all, asked->object, egress ? NIC_INGRESS : NIC_EGRESS),
			  p))
		see_way(l, asked, &l->found->ways[egress], strcmp(asked->attribute, burst) == 0,
			properties_find(all, asked->object, burst), p);
}

static void see_priority(struct look *l, struct property *p)
{
	struct priority found = {0};
	int r = l->found->host.index ? priority_read(&l->found->host, &found) : 0;

	if (r == -EOPNOTSUPP) {
		p->certainty = UNSUPPORTED;
		p->reason = "this kernel has no nf_tables (CONFIG_NF_TABLES_NETDEV)";
	} else if (r < 0) {
		p->certainty = UNKNOWN;
		p->reason = arena_printf(l->out->arena, "the table evenkeel cannot be read: %s",
					 strerror(-r));
	} else if (!found.there) {
		absent(p);
	} else {
		value(p, found.whole ? number(l, found.value) : "incomplete");
	}
}

/* Of a nic that has gone, or hangs on none: the bridge of the record. */
static const char *route_bridge(struct look *l)
{
	if (l->found->there && l->found->master)
		return l->found->master;
	return nic_text(l->c->owned, l->found->object, NIC_MASTER);
}

static void read_routes(struct look *l, const char *bridge)
{
	struct link device = {.index = l->found->host.index};

	int r = bridge ? link_by_name(l->nl, LINK_HERE, bridge, &device) : 0;

	l->routes_read = l->found->has_routes = true;
	l->n_routes = 0;
	if (r == 0 && device.index)
		r = route_list(l->nl, device.index, l->out->arena, &l->routes, &l->n_routes);
	l->routes_error = r == -ENODEV ? 0 : r;
}

static void see_route(struct look *l, const struct property *asked, struct property *p)
{
	const char *prefix = asked->attribute + strlen(NIC_ROUTE), *bridge = route_bridge(l);

	if (!l->routes_read)
		read_routes(l, bridge);
	if (l->routes_error) {
		p->certainty = UNKNOWN;
		p->reason = arena_printf(l->out->arena, "the host's routes cannot be read: %s",
					 strerror(-l->routes_error));
		return;
	}
	for (size_t i = 0; i < l->n_routes; i++) {
		if (strcmp(l->routes[i], prefix) == 0) {
			value(p, bridge ? bridge : NIC_ROUTE_HOST_END);
			return;
		}
	}
	absent(p);
}

static bool is(const struct property *p, const char *attribute)
{
	return strcmp(p->attribute, attribute) == 0;
}

static void see(struct look *l, const struct property *asked, const struct properties *all,
		struct property *p)
{
	const struct nic_found *f = l->found;
	struct arena *a = l->out->arena;

	if (is(asked, NIC_LINK))
		value(p, f->link);
	else if (is(asked, NIC_INDEX))
		value(p, asked->value);
	else if (is(asked, NIC_NAME))
		value(p, arena_strdup(a, f->guest.name));
	else if (is(asked, NIC_HWADDR))
		value(p, arena_strdup(a, f->guest.hwaddr));
	else if (is(asked, NIC_MTU))
		value(p, of_both(l, asked->value, f->guest.mtu, f->host.mtu));
	else if (is(asked, NIC_TXQUEUELEN))
		value(p, of_both(l, asked->value, f->guest.txqueuelen, f->host.txqueuelen));
	else if (is(asked, NIC_HOST_NAME))
		/* nobody asked for this one: any name will do */
		value(p,
		      asked->setting || !asked->key ? arena_strdup(a, f->host.name) : asked->value);
	else if (is(asked, NIC_MASTER))
		value(p, f->master);
	else if (is(asked, NIC_UP))
		value(p, f->host.flags & IFF_UP ? "yes" : "no");
	else if (strncmp(asked->attribute, NIC_ROUTE, strlen(NIC_ROUTE)) == 0)
		see_route(l, asked, p);
	else if (nic_ip_is(asked->attribute))
		nic_ip_see(l->c, l->found, asked, p);
	else if (is(asked, NIC_PRIORITY))
		see_priority(l, p);
	else
		see_shaping(l, asked, p, all);
}

/* Another link than the one asked for will be taken away, and all comes anew with its successor. */
static bool comes_anew(const struct nic_found *f, const struct properties *asked)
{
	const char *wanted = nic_text(asked, f->object, NIC_LINK);

	return !f->there || (wanted && strcmp(wanted, f->link) != 0);
}

/* A route by a bridge stays when what it led to goes. */
static bool outlives(struct look *l, const struct property *p)
{
	return strncmp(p->attribute, NIC_ROUTE, strlen(NIC_ROUTE)) == 0 && route_bridge(l);
}

static void observe_one(struct look *l, const struct properties *asked, const struct property *want)
{
	struct property p = {.object = want->object, .attribute = want->attribute};

	if (l->c->nics->unseen || l->found->lost) {
		p.certainty = UNKNOWN;
		p.reason = l->c->nics->unseen ? l->c->nics->unseen : l->found->lost;
		p.remedy = l->found->lost ? "it comes back when the container is stopped" : NULL;
	} else if (comes_anew(l->found, asked) && !outlives(l, want) &&
		   !(l->found->there && strcmp(want->attribute, NIC_LINK) == 0)) {
		absent(&p);
	} else {
		see(l, want, asked, &p);
	}
	properties_add(l->out, p);
}

static void observe_asked(struct container *c, const struct properties *asked,
			  struct properties *out)
{
	struct nics *nics = nics_find(c, asked);
	struct look l = {.c = c, .nl = netlink_here(), .out = out};

	for (size_t i = 0; i < asked->n; i++) {
		const struct property *p = &asked->items[i];

		if (!l.found || strcmp(l.found->object, p->object) != 0) {
			l.found = nics_get(nics, p->object);
			l.routes_read = false;
			l.n_routes = 0;
		}
		observe_one(&l, asked, p);
	}
}

/* ---- all that there is ---- */

struct guests {
	struct arena *arena;
	struct link *items;
	size_t n, capacity;
};

static void add_guest(const struct link *l, void *context)
{
	struct guests *g = context;

	g->items = arena_grow(g->arena, g->items, g->n, &g->capacity, sizeof(*g->items));
	g->items[g->n++] = *l;
}

static void add_hardware(const struct link *l, void *context)
{
	if (!l->kind[0] && l->device[0])
		add_guest(l, context);
}

static int compare_names(const void *x, const void *y)
{
	const struct link *a = x, *b = y;
	int order = strcmp(a->name, b->name);

	return order ? order : (a->index > b->index) - (a->index < b->index);
}

/* An interrupted dump was taken again: some are there twice. Container root may have thousands. */
static void sort_guests(struct guests *g)
{
	size_t n = 0;

	if (g->n > 1)
		qsort(g->items, g->n, sizeof(*g->items), compare_names);
	for (size_t i = 0; i < g->n; i++)
		if (n == 0 || compare_names(&g->items[n - 1], &g->items[i]) != 0)
			g->items[n++] = g->items[i];
	g->n = n;
}

/* Its veths and macvlans, by their names inside. */
static struct guests guests_of(const struct container *c, struct nics *nics, struct arena *a)
{
	struct netlink *nl = netlink_here();
	struct guests g = {.arena = a};

	nics->netns = nics_namespace(c);
	if (!nl || nics->netns < 0)
		return g;
	nics->nsid = netlink_nsid(nl, nics->netns);
	nics->shared = nics_is_ours(nics->netns);
	nics_leave(nics);
	if (nics->nsid < 0 || nics->shared)
		return g;
	link_each(nl, nics->nsid, LINK_VETH, add_guest, &g);
	link_each(nl, nics->nsid, LINK_MACVLAN, add_guest, &g);
	link_each(nl, nics->nsid, LINK_IPVLAN, add_guest, &g);
	link_each(nl, nics->nsid, NULL, add_hardware, &g);
	sort_guests(&g);
	return g;
}

static void add(struct properties *out, const char *object, const char *attribute, const char *text)
{
	if (text && *text)
		properties_add(out, (struct property){
					.object = object, .attribute = attribute, .value = text});
}

static void add_way(struct properties *out, const char *object, const char *attribute,
		    const struct shaping *s)
{
	if (!s->ours || !s->whole)
		return;
	add(out, object, attribute, arena_decimal(out->arena, s->rate));
	if (!s->burst_derived)
		add(out, object, arena_join(out->arena, attribute, NIC_BURST, NULL),
		    arena_decimal(out->arena, s->burst));
}

static void add_found(struct netlink *nl, const struct nic_found *f, const char *host_name,
		      struct properties *out)
{
	struct arena *a = out->arena;
	struct shaping s;

	add(out, f->object, NIC_LINK, f->link);
	add(out, f->object, NIC_MASTER, f->master);
	add(out, f->object, NIC_NAME, arena_strdup(a, f->guest.name));
	add(out, f->object, NIC_HWADDR, arena_strdup(a, f->guest.hwaddr));
	add(out, f->object, NIC_HOST_NAME, host_name);
	if (f->guest.mtu != 1500)
		add(out, f->object, NIC_MTU, arena_decimal(a, f->guest.mtu));
	if (f->host.index == 0)
		return;
	if (shaping_read(nl, &f->host, SHAPING_INGRESS, a, &s) == 0)
		add_way(out, f->object, NIC_INGRESS, &s);
	if (shaping_read(nl, &f->host, SHAPING_EGRESS, a, &s) == 0)
		add_way(out, f->object, NIC_EGRESS, &s);
}

/* Everything that a manifest could ask for: each object is named after its interface inside. */
static void observe_all(struct container *c, struct properties *out)
{
	struct netlink *nl = netlink_here();
	struct nics *nics = arena_alloc(c->arena, sizeof(*nics));
	struct guests g = guests_of(c, nics, out->arena);

	for (size_t i = 0; i < g.n; i++) {
		struct nic_found f = {.object =
					  arena_join(out->arena, "nic/", g.items[i].name, NULL),
				      .guest = g.items[i]};

		if (strcmp(f.guest.kind, LINK_VETH) == 0) {
			f.link = LINK_VETH;
			if (nics_host_end(nl, nics->nsid, &f.guest, &f.host) < 0)
				continue; /* its own, between its own namespaces */
			f.master = nics_link_name(nl, f.host.master, out->arena);
		} else {
			f.link = f.guest.device[0]
				     ? arena_join(out->arena, LINK_PHYSICAL " ", f.guest.name, NULL)
				     : nics_child_link(nl, &f.guest, out->arena);
			if (!f.link)
				continue;
		}
		add_found(nl, &f, arena_strdup(out->arena, f.host.name), out);
	}
}

void nic_observe(struct container *c, const struct properties *asked, struct properties *out)
{
	if (asked)
		observe_asked(c, asked, out);
	else
		observe_all(c, out);
}

size_t nics_usage(const struct container *c, struct arena *a, struct nic_usage **out)
{
	struct netlink *nl = netlink_here();
	struct nics nics = {.netns = -1};
	struct guests g = guests_of(c, &nics, a);
	size_t n = 0;

	*out = arena_alloc(a, (g.n + 1) * sizeof(**out));
	for (size_t i = 0; i < g.n; i++) {
		struct shaping in = {0}, eg = {0};
		struct link host;

		if (strcmp(g.items[i].kind, LINK_VETH) != 0 ||
		    nics_host_end(nl, nics.nsid, &g.items[i], &host) < 0 ||
		    link_stats(nl, LINK_HERE, host.index, &host) < 0)
			continue;
		shaping_read(nl, &host, SHAPING_INGRESS, a, &in);
		shaping_read(nl, &host, SHAPING_EGRESS, a, &eg);
		(*out)[n++] = (struct nic_usage){
		    .name = arena_strdup(a, g.items[i].name),
		    .host_name = arena_strdup(a, host.name),
		    .rx_bytes = host.tx_bytes,
		    .rx_packets = host.tx_packets,
		    .tx_bytes = host.rx_bytes,
		    .tx_packets = host.rx_packets,
		    .rx_dropped = in.drops,
		    .tx_dropped = eg.drops,
		    .ingress = in.rate,
		    .egress = eg.rate,
		};
	}
	return n;
}
