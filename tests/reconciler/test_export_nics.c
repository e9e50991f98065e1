/* From interfaces that hold to nic devices. */
#include "reconciler/export_nics.h"
#include "schema/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define MOST 6

struct example {
	struct {
		const char *attribute, *value;
	} held[MOST];
	const char *lines; /* "DEVICE.KEY=VALUE ..." */
	size_t notes;
};

static const struct example examples[] = {
    {{{"link", "veth"}, {"name", "eth0"}},						     "eth0.nictype=p2p eth0.name=eth0",         0},
    {{{"link", "veth"}, {"name", "eth0"}, {"master", "br0"}, {"mtu", "1400"}},
     "eth0.nictype=bridged eth0.parent=br0 eth0.name=eth0 eth0.mtu=1400",								 0},
    {{{"link", "macvlan eth9"}, {"name", "eth0"}},
     "eth0.nictype=macvlan eth0.parent=eth9 eth0.name=eth0",									      0},
    {{{"link", "ipvlan eth9 l2"}, {"name", "eth0"}},
     "eth0.nictype=ipvlan eth0.parent=eth9 eth0.mode=l2 eth0.name=eth0",								  0},
    {{{"link", "physical eth9"}, {"name", "eth9"}},
     "eth9.nictype=physical eth9.parent=eth9 eth9.name=eth9",									     0},
 /* a name that was made up is none */
    {{{"link", "veth"}, {"name", "a"}, {"host_name", "vethAb12Cd"}},                           "a.nictype=p2p a.name=a",                  0},
    {{{"link", "veth"}, {"name", "a"}, {"host_name", "ve0123456789"}},                         "a.nictype=p2p a.name=a",                  0},
    {{{"link", "veth"}, {"name", "a"}, {"host_name", "vethweb"}},
     "a.nictype=p2p a.name=a a.host_name=vethweb",											0},
    {{{"link", "veth"}, {"name", "a"}, {"host_name", "v@b"}},                                  "a.nictype=p2p a.name=a",                  1},
 /* limits */
    {{{"link", "veth"}, {"name", "a"}, {"ingress", "100000000"}, {"ingress.burst", "625000"}},
     "a.nictype=p2p a.name=a a.limits.ingress=100Mbit a.limits.ingress.bucket=5Mbit",						     0},
    {{{"link", "veth"}, {"name", "a"}, {"egress", "999992"}, {"egress.burst", "1"}},
     "a.nictype=p2p a.name=a a.limits.egress=999992bit",										  0},
 /* the record knows it by another name; the rootfs has one already */
    {{{"link", "veth"}, {"name", "eth5"}},						     "a/b.nictype=p2p a/b.name=eth5",           0},
    {{{"link", "veth"}, {"name", "root"}},						     "root-nic.nictype=p2p root-nic.name=root", 0},
 /* what no manifest can say */
    {{{"link", "veth"}, {"name", "a\n: b"}},						   "",                                        1},
    {{{"link", "veth"}, {"name", "a"}, {"master", "ovs@1"}},                                   "",                                        1},
    {{{"link", "vlan eth0"}, {"name", "a"}},						   "",                                        1},
    {{{"link", "macvlan ?"}, {"name", "a"}},						   "",                                        1},
    {{{"link", "veth"}},								       "",					1},
};

static void interfaces_become_nics(void **state)
{
	(void)state;
	for (size_t k = 0; k < sizeof(examples) / sizeof(*examples); k++) {
		const struct example *x = &examples[k];
		struct arena *a = arena_new();
		struct exported e = {.arena = a, .name = "web1"};
		struct properties held, owned;
		const char *lines = "";

		properties_init(&held, a);
		properties_init(&owned, a);
		properties_add(
		    &owned,
		    (struct property){.object = "nic/a%2Fb", .attribute = "name", .value = "eth5"});
		for (size_t i = 0; i < MOST && x->held[i].attribute; i++)
			properties_add(&held, (struct property){.object = "nic/x",
								.attribute = x->held[i].attribute,
								.value = x->held[i].value});
		properties_sort(&held);
		export_nics(&e, &held, &owned);
		for (size_t i = 0; i < e.n; i++)
			lines = arena_printf(a, "%s%s%s.%s=%s", lines, i ? " " : "",
					     e.lines[i].device, e.lines[i].key, e.lines[i].value);
		assert_string_equal(lines, x->lines);
		assert_int_equal(e.n_notes, x->notes);
		arena_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(interfaces_become_nics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
