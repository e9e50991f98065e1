#include "schema/nic_rules.h"

#include "schema/arena.h"
#include "schema/names.h"
#include "schema/settings.h"

#include <string.h>

/* Frames shorter than IPv6 asks for (RFC 8200, 5). */
#define IPV6_MTU 1280

/* The kernel counts what a class may send at once in ticks of 64 ns, 32 bits of them. */
#define BUCKET_SECONDS 274

/* One letter for each nictype. */
static const struct kind_letter {
	const char *nictype;
	char letter;
	bool parent; /* cannot be without one */
} kinds[] = {
    {"bridged",  'b', true },
    {"p2p",      'p', false},
    {"macvlan",  'm', true },
    {"physical", 'h', true },
    {"routed",   'r', false},
    {"ipvlan",   'i', true },
    {"sriov",    's', true },
};

/* Options that only some kinds have. */
/* clang-format off */
static const struct {
	const char *option, *letters;
} restricted[] = {
	{"gvrp", "mhri"},
	{"host_name", "bpr"},
	{"ipv4.address", "bri"},
	{"ipv4.gateway", "ri"},
	{"ipv4.host_address", "r"},
	{"ipv4.host_table", "ri"},
	{"ipv4.neighbor_probe", "r"},
	{"ipv4.routes", "bpr"},
	{"ipv4.routes.external", "b"},
	{"ipv6.address", "bri"},
	{"ipv6.gateway", "ri"},
	{"ipv6.host_address", "r"},
	{"ipv6.host_table", "ri"},
	{"ipv6.neighbor_probe", "r"},
	{"ipv6.routes", "bpr"},
	{"ipv6.routes.external", "b"},
	{"limits.egress", "bpr"},
	{"limits.egress.bucket", "bpr"},
	{"limits.egress.burst", "bpr"},
	{"limits.ingress", "bpr"},
	{"limits.ingress.bucket", "bpr"},
	{"limits.ingress.burst", "bpr"},
	{"limits.max", "bpr"},
	{"limits.max.bucket", "bpr"},
	{"limits.max.burst", "bpr"},
	{"limits.priority", "bpr"},
	{"mode", "i"},
	{"network", "bmhs"},
	{"parent", "bmhris"},
	{"queue.tx.length", "bpr"},
	{"security.ipv4_filtering", "b"},
	{"security.ipv6_filtering", "b"},
	{"security.mac_filtering", "bs"},
	{"security.port_isolation", "b"},
	{"vlan", "bmhris"},
	{"vlan.tagged", "b"},
	{"vrf", "r"},
};
/* clang-format on */

static const struct kind_letter *kind_find(const char *nictype)
{
	for (size_t i = 0; nictype && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].nictype, nictype) == 0)
			return &kinds[i];
	return NULL;
}

static const char *letters_of(const char *option)
{
	for (size_t i = 0; i < sizeof(restricted) / sizeof(restricted[0]); i++)
		if (strcmp(restricted[i].option, option) == 0)
			return restricted[i].letters;
	return NULL;
}

/* "bridged, p2p and routed" */
static const char *kinds_with(struct reading *r, const char *letters)
{
	const char *list = "", *between = "";

	for (size_t i = 0, left = strlen(letters); i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!strchr(letters, kinds[i].letter))
			continue;
		list = arena_join(r->scratch, list, between, kinds[i].nictype, NULL);
		between = --left == 1 ? " and " : ", ";
	}
	return list;
}

static void check_option(struct reading *r, const struct kind_letter *kind, const struct setting *s)
{
	const char *letters = letters_of(s->name);

	if (!letters || strchr(letters, kind->letter))
		return;
	if (strncmp(s->name, "limits.", strlen("limits.")) == 0) {
		diagnostic_error(r->ds, s->at, "%s cannot be had: a %s nic has no end on the host",
				 s->name, kind->nictype);
		diagnostic_hint(r->ds, "traffic is shaped on bridged, p2p and routed nics");
		return;
	}
	diagnostic_error(r->ds, s->at, "%s is no option of a %s nic", s->name, kind->nictype);
	diagnostic_hint(r->ds, "%s nics have it", kinds_with(r, letters));
}

/* No type of network makes such a nic. */
static void check_option_of_network(struct reading *r, const struct setting *s)
{
	const char *letters = letters_of(s->name);

	if (!letters || strpbrk(letters, "bmhs"))
		return;
	diagnostic_error(r->ds, s->at, "%s is no option of a nic with a network", s->name);
	diagnostic_hint(r->ds, "%s nics have it", kinds_with(r, letters));
}

/* The network says all this. */
static void check_network(struct reading *r, const struct device *d, const struct setting *network)
{
	static const char *const options[] = {"nictype", "parent", "mtu", "vlan", "gvrp"};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		const struct setting *s = settings_find(&d->options, options[i]);

		if (!s)
			continue;
		diagnostic_error(r->ds, s->at, "%s cannot be given beside network", s->name);
		diagnostic_hint(r->ds, "network '%s' says it; leave out one of them",
				reading_show(r, network->text));
	}
	if (name_check_network(network->text))
		diagnostic_error(r->ds, network->value_at, "the name of a network %s: '%s'",
				 name_check_network(network->text), reading_show(r, network->text));
	for (size_t i = 0; i < d->options.n; i++)
		check_option_of_network(r, &d->options.items[i]);
}

static uint64_t number_of(struct reading *r, const struct setting *s)
{
	struct complaint why;
	struct value v;

	return s && value_parse(s->key->grammar, s->text, r->scratch, &v, &why) == 0 ? v.number : 0;
}

static void check_mtu(struct reading *r, const struct device *d)
{
	const struct setting *s = settings_find(&d->options, "mtu");
	uint64_t mtu = number_of(r, s);

	if (!s || mtu >= IPV6_MTU)
		return;
	diagnostic_warning(r->ds, s->value_at, "nic '%s' will have no IPv6: that needs %d",
			   reading_show(r, d->name), IPV6_MTU);
}

/* What goes with a limit: of MAX, else of the way. */
static const struct setting *of_way(const struct device *d, const char *max, const char *way)
{
	const struct setting *s = settings_find(&d->options, max);

	return s ? s : settings_find(&d->options, way);
}

static void check_bucket(struct reading *r, const struct setting *bucket, uint64_t limit)
{
	uint64_t most;

	if (__builtin_mul_overflow(limit, BUCKET_SECONDS, &most) || number_of(r, bucket) <= most)
		return;
	diagnostic_error(r->ds, bucket->value_at, "%s is too large for its limit", bucket->name);
	diagnostic_hint(r->ds, "the kernel holds what passes in %d seconds: at most %s",
			BUCKET_SECONDS, value_show_bits(most, r->scratch));
}

static void check_burst(struct reading *r, const struct setting *burst,
			const struct setting *bucket, uint64_t limit)
{
	if (!bucket) {
		diagnostic_error(r->ds, burst->at, "%s without a bucket", burst->name);
		diagnostic_hint(r->ds, "add %.*s.bucket, which says how much passes at that rate",
				(int)(strlen(burst->name) - strlen(".burst")), burst->name);
	} else if (number_of(r, burst) < limit) {
		diagnostic_error(r->ds, burst->value_at, "%s is below the limit", burst->name);
		diagnostic_hint(r->ds, "what may pass faster than the limit for a while is given");
	}
}

/* "limits.max.bucket" without a limit of one way at least. */
static void check_limit_missing(struct reading *r, const struct setting *s, const char *way)
{
	diagnostic_error(r->ds, s->at, "%s without a limit", s->name);
	diagnostic_hint(r->ds, "add %s or limits.max", way);
}

static void check_way(struct reading *r, const struct device *d, const char *way,
		      const char *bucket_name, const char *burst_name)
{
	const struct setting *limit = of_way(d, "limits.max", way);
	const struct setting *bucket = of_way(d, "limits.max.bucket", bucket_name);
	const struct setting *burst = of_way(d, "limits.max.burst", burst_name);

	if (!limit && settings_find(&d->options, bucket_name))
		check_limit_missing(r, settings_find(&d->options, bucket_name), way);
	if (!limit && settings_find(&d->options, burst_name))
		check_limit_missing(r, settings_find(&d->options, burst_name), way);
	if (limit && bucket)
		check_bucket(r, bucket, number_of(r, limit));
	if (limit && burst)
		check_burst(r, burst, bucket, number_of(r, limit));
}

static void check_limits(struct reading *r, const struct device *d)
{
	static const char *const both[] = {"limits.max.bucket", "limits.max.burst"};
	size_t before = reading_errors(r);

	check_way(r, d, "limits.ingress", "limits.ingress.bucket", "limits.ingress.burst");
	/* What limits.max gives would be wrong twice. */
	if (reading_errors(r) == before || !settings_find(&d->options, "limits.max"))
		check_way(r, d, "limits.egress", "limits.egress.bucket", "limits.egress.burst");
	for (size_t i = 0; i < sizeof(both) / sizeof(*both); i++) {
		const struct setting *s = settings_find(&d->options, both[i]);

		if (s && !of_way(d, "limits.max", "limits.ingress") &&
		    !settings_find(&d->options, "limits.egress"))
			check_limit_missing(r, s, "limits.ingress, limits.egress");
	}
}

/* The loopback, and the folders of /proc/sys/net that are no interfaces. */
static void check_name(struct reading *r, const struct setting *s)
{
	static const char *const taken[] = {"all", "default", "lo"};

	for (size_t i = 0; s && i < sizeof(taken) / sizeof(*taken); i++) {
		if (strcmp(s->text, taken[i]) != 0)
			continue;
		diagnostic_error(r->ds, s->value_at, "%s cannot be '%s'", s->name, s->text);
		diagnostic_hint(r->ds, "every network namespace has that name already");
	}
}

/* The host's own end cannot be what the nic hangs on. */
static void check_host_name(struct reading *r, const struct device *d)
{
	const struct setting *s = settings_find(&d->options, "host_name");
	const struct setting *parent = of_way(d, "parent", "network");

	if (!s || !parent || strcmp(s->text, parent->text) != 0)
		return;
	diagnostic_error(r->ds, s->value_at, "host_name '%s' is the name of the parent",
			 reading_show(r, s->text));
	diagnostic_hint(r->ds, "leave host_name out: a name is made");
}

/* The gateway of a routed nic is the host's end; an ipvlan reaches one by an address in mode l2. */
static void check_gateway(struct reading *r, const struct device *d, const char *nictype,
			  const char *option)
{
	const struct setting *s = settings_find(&d->options, option);
	const char *mode = settings_text(&d->options, "mode");
	bool routed = strcmp(nictype, "routed") == 0;

	if (!s || !strpbrk(s->text, ".:") || (!routed && mode && strcmp(mode, "l2") == 0))
		return;
	diagnostic_error(r->ds, s->value_at, "%s of %s nic is auto or none", s->name,
			 routed ? "a routed" : "such an ipvlan");
	if (routed)
		diagnostic_hint(r->ds, "its address is that of the host's end: %.5shost_address",
				s->name);
	else
		diagnostic_hint(r->ds, "an address is for mode: l2");
}

/* Leases of a bridge are a DHCP server's. */
static void note_leases(struct reading *r, const struct device *d)
{
	static const char *const options[] = {"ipv4.address", "ipv6.address"};

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		const struct setting *s = settings_find(&d->options, options[i]);

		if (s)
			reading_tally(r, &r->idle,
				      arena_printf(r->scratch, "%s of a bridged nic", options[i]),
				      s->at);
	}
}

/* Of a kind that nobody makes nothing is carried out; that is said once. */
static void note_kind(struct reading *r, const struct device *d, const char *nictype)
{
	enum nic_kind kind;

	if (nic_kind_find(nictype, &kind) && nic_kind_unsupported(kind))
		reading_tally(r, &r->idle, arena_printf(r->scratch, "%s nics", nictype), d->at);
}

void nic_rules_check(struct reading *r, const struct device *d)
{
	const struct setting *network = settings_find(&d->options, "network");
	const char *nictype = settings_text(&d->options, "nictype");
	const struct kind_letter *kind = kind_find(nictype);

	check_mtu(r, d);
	check_limits(r, d);
	check_name(r, settings_find(&d->options, "name"));
	check_name(r, settings_find(&d->options, "host_name"));
	check_host_name(r, d);
	if (network) {
		note_leases(r, d);
		check_network(r, d, network);
		return;
	}
	if (!nictype) {
		diagnostic_error(r->ds, d->at, "nic '%s' has neither nictype nor network",
				 reading_show(r, d->name));
		diagnostic_hint(r->ds, "for a bridge: nictype: bridged and parent: BRIDGE");
		return;
	}
	note_kind(r, d, nictype);
	if (strcmp(nictype, "bridged") == 0)
		note_leases(r, d);
	if (strcmp(nictype, "routed") == 0 || strcmp(nictype, "ipvlan") == 0) {
		check_gateway(r, d, nictype, "ipv4.gateway");
		check_gateway(r, d, nictype, "ipv6.gateway");
	}
	if (!kind)
		return;
	if (kind->parent && !settings_find(&d->options, "parent"))
		diagnostic_error(r->ds, d->at, "nic '%s' has no parent: a %s nic needs one",
				 reading_show(r, d->name), nictype);
	for (size_t i = 0; i < d->options.n; i++)
		check_option(r, kind, &d->options.items[i]);
}

bool nic_rules_check_kind(const struct device *d, enum nic_kind kind, const char *network,
			  struct diagnostics *ds)
{
	const struct kind_letter *k = kind_find(nic_kind_name(kind));

	for (size_t i = 0; k && i < d->options.n; i++) {
		const struct setting *s = &d->options.items[i];
		const char *letters = letters_of(s->name);

		if (!letters || strchr(letters, k->letter))
			continue;
		diagnostic_error(ds, s->at, "%s is no option of a %s nic, which network '%s' makes",
				 s->name, k->nictype, network);
		if (strncmp(s->name, "limits.", strlen("limits.")) == 0)
			diagnostic_hint(ds, "it has no end on the host: traffic is shaped on "
					    "bridged, p2p and routed nics");
		return false;
	}
	return true;
}
