/* Nics of hostile manifests, with a hostile record: a manifest, and behind a NUL the lines of a
 * record, "OBJECT NAME". What comes out is such that the driver may rely on it. */
#include "schema/arena.h"
#include "schema/crosscheck.h"
#include "schema/nic.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#define MOST_INSTANCES 64

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static bool is_a(const struct grammar *g, const char *text, struct arena *a)
{
	struct complaint why;
	struct value v;

	return value_parse(g, text, a, &v, &why) == 0;
}

static void read_record(const uint8_t *bytes, size_t n, struct properties *out)
{
	char *rest = arena_strndup(out->arena, (const char *)bytes, n), *line;

	while ((line = strsep(&rest, "\n"))) {
		char *sign = strchr(line, ' ');

		if (!sign || sign == line)
			continue;
		*sign = '\0';
		properties_add(
		    out, (struct property){.object = line, .attribute = "name", .value = sign + 1});
	}
	properties_sort(out);
}

static void check_routes(const struct nic *nic, struct arena *a)
{
	for (size_t k = 0; k < nic->n_routes; k++) {
		const char *prefix = nic->routes[k].prefix;

		demand(nic->routes[k].setting != NULL);
		demand(strcmp(nic_route_prefix(prefix, a), prefix) == 0);
		demand(k == 0 || strcmp(nic->routes[k - 1].prefix, prefix) < 0);
	}
}

static void check_nic(const struct nic *nic, bool good, struct arena *a)
{
	char address[18];

	demand(nic->name && is_a(&grammar_interface, nic->name, a));
	demand(object_is(nic->object, "nic") && !strchr(nic->object + strlen("nic/"), '/'));
	demand(nic_kind_name(nic->kind) != NULL);
	demand(!nic->hwaddr || is_a(&grammar_mac, nic->hwaddr, a));
	demand(!nic->host_name || is_a(&grammar_interface, nic->host_name, a));
	demand(!nic->ingress == !nic->ingress_setting && !nic->egress == !nic->egress_setting);
	demand((nic->kind == NIC_IPVLAN) == (nic->mode != NULL));
	if (good && (nic->kind == NIC_BRIDGED || nic->kind == NIC_IPVLAN))
		demand(nic->parent && nic->parent_setting);
	check_routes(nic, a);
	nic_stable_hwaddr("web1", nic->device->device->name, address);
	demand(is_a(&grammar_mac, address, a));
}

static void check_nics(const struct catalog *c, const struct instance *i,
		       const struct properties *owned, struct arena *a)
{
	const struct document *const *networks = c->networks;
	struct nic *nics;
	size_t n = nics_of(i, networks, c->n_networks, owned, a, &nics);

	for (size_t k = 0; k < n; k++) {
		check_nic(&nics[k], !i->held_back, a);
		demand(nic_kind_of(nics[k].device->device, networks, c->n_networks) ==
		       nics[k].kind);
		for (size_t j = 0; !i->held_back && j < k; j++)
			demand(strcmp(nics[j].name, nics[k].name) != 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const uint8_t *end = n ? memchr(bytes, 0, n) : NULL;
	struct expand_options options = {.host = "fuzz"};
	struct instance *instances[MOST_INSTANCES];
	struct arena *a = arena_new();
	struct properties owned;
	struct diagnostics ds;
	struct catalog c = {0};
	struct manifest *m;
	size_t n_instances = 0;

	diagnostics_init(&ds, a);
	properties_init(&owned, a);
	if (end)
		read_record(end + 1, n - (size_t)(end + 1 - bytes), &owned);
	m = manifest_from_bytes("fuzz.yaml", bytes, end ? (size_t)(end - bytes) : n,
				manifest_hints_from_path("fuzz.yaml"), &ds);
	catalog_build(&c, &m, 1, a, &ds);
	for (size_t i = 0; i < c.n_instances && n_instances < MOST_INSTANCES; i++) {
		instances[n_instances] = instance_expand(&c, c.instances[i], &options, a, &ds);
		demand(instance_same(instances[n_instances], instances[n_instances]));
		check_nics(&c, instances[n_instances++], &owned, a);
	}
	instances_crosscheck(instances, n_instances, &ds);
	manifest_free(m);
	arena_free(a);
	return 0;
}
