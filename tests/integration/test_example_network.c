/* The folder examples/network, as it stands: two shaped web servers, and a router between two
 * bridges that evenkeel makes. */
#include "tests/integration/network.h"
#include "tests/integration/stage.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const files[] = {
    "networks/lan0.yaml",  "networks/wan0.yaml",  "profiles/web.yaml",
    "instances/web1.yaml", "instances/web2.yaml", "instances/router1.yaml",
};

/* TEXT with every OLD replaced. */
static char *replace(struct arena *a, const char *text, const char *old, const char *new)
{
	char *out = arena_strdup(a, "");

	for (const char *found; (found = strstr(text, old)); text = found + strlen(old))
		out = arena_join(a, out, arena_strndup(a, text, (size_t)(found - text)), new, NULL);
	return arena_join(a, out, text, NULL);
}

/* The machine may have containers of these names. */
static void take_over(struct harness *h, const char *web1, const char *web2, const char *router)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		char *text = harness_read(h, "examples/network/%s", files[i]);

		assert_non_null(text);
		text = replace(h->arena, text, "name: web1",
			       arena_join(h->arena, "name: ", web1, NULL));
		text = replace(h->arena, text, "name: web2",
			       arena_join(h->arena, "name: ", web2, NULL));
		text = replace(h->arena, text, "name: router1",
			       arena_join(h->arena, "name: ", router, NULL));
		harness_manifest(h, files[i], "%s", text);
	}
}

static void address(struct harness *h, const char *name, const char *device, const char *prefix)
{
	network_inside(h, name, "ip addr add %s dev %s", prefix, device);
}

static void test_example(void **state)
{
	struct harness *h = network_begin(state);
	const char *web1 = harness_name(h, "web1"), *web2 = harness_name(h, "web2");
	const char *router = harness_name(h, "router1");
	struct network_link end;
	char *output;

	take_over(h, web1, web2, router);
	assert_int_equal(harness_evenkeel(h, &output, "apply", NULL), 0);
	assert_int_equal(harness_evenkeel(h, &output, "diff", NULL), 0);

	end = network_host_end(h, web1, "eth0");
	assert_string_equal(end.master, "lan0");
	assert_non_null(strstr(network_shaping(h, end.name), "50Mbit"));
	end = network_host_end(h, web2, "eth0");
	assert_string_equal(end.name, "vweb2");
	assert_string_equal(network_link(h, web2, "eth0").hwaddr, "00:16:3e:88:00:02");
	assert_string_equal(network_host_end(h, router, "wan0").master, "wan0");

	address(h, web1, "eth0", "10.88.0.11/24");
	address(h, web2, "eth0", "10.88.0.12/24");
	address(h, router, "lan0", "10.88.0.2/24");
	address(h, router, "wan0", "192.168.88.2/24");
	network_inside(h, web1, "ip route add 192.168.88.0/24 via 10.88.0.2");
	network_inside(h, web1, "ping -q -c 1 -W 5 10.88.0.12");
	network_inside(h, web1, "ping -q -c 1 -W 5 192.168.88.2");
	network_host(h, "ip route show 10.99.0.0/24 | grep lan0");

	/* the rate of a profile: in place, with addresses and routes as they were */
	harness_manifest(h, "profiles/web.yaml", "%s",
			 replace(h->arena, harness_read(h, "examples/network/profiles/web.yaml"),
				 "50Mbit", "80Mbit"));
	assert_int_equal(harness_evenkeel(h, &output, "apply", NULL), 0);
	assert_non_null(
	    strstr(network_shaping(h, network_host_end(h, web1, "eth0").name), "80Mbit"));
	network_inside(h, web1, "ping -q -c 1 -W 5 192.168.88.2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    network_test(test_example),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
