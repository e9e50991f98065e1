#include "schema/nic_rules.h"

#include "schema/settings.h"

#include <string.h>

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
	{"limits.ingress", "bpr"},
	{"limits.max", "bpr"},
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
}

void nic_rules_check(struct reading *r, const struct device *d)
{
	const struct setting *network = settings_find(&d->options, "network");
	const char *nictype = settings_text(&d->options, "nictype");
	const struct kind_letter *kind = kind_find(nictype);

	if (network) {
		check_network(r, d, network);
		return;
	}
	if (!nictype) {
		diagnostic_error(r->ds, d->at, "nic '%s' has neither nictype nor network",
				 reading_show(r, d->name));
		diagnostic_hint(r->ds, "for a bridge: nictype: bridged and parent: BRIDGE");
		return;
	}
	if (!kind)
		return;
	if (kind->parent && !settings_find(&d->options, "parent"))
		diagnostic_error(r->ds, d->at, "nic '%s' has no parent: a %s nic needs one",
				 reading_show(r, d->name), nictype);
	for (size_t i = 0; i < d->options.n; i++)
		check_option(r, kind, &d->options.items[i]);
}
