#include "limits/netprio.h"
#include "tests/limits/fixture.h"

static struct property wish(const struct host *host, const char *text, struct arena *a)
{
	const char *lines[] = {arena_printf(a, "limits.network.priority=%s", text), NULL};
	struct world_instance wi = {.instance = fixture_instance(a, lines)};
	struct world w = {.arena = a, .host = host};
	struct properties out;

	properties_init(&out, a);
	netprio_driver.desire(&w, &wi, &out);
	assert_int_equal(out.n, 1);
	return out.items[0];
}

static void needs_the_old_controller(void **state)
{
	struct arena *a = arena_new();
	struct host *old = fixture_host(a, CGROUP_V1), *new = fixture_host(a, CGROUP_V2);
	struct property p;

	(void)state;
	assert_string_equal(wish(old, "5", a).value, "5");
	assert_string_equal(wish(old, "+05", a).value, "5");
	p = wish(new, "5", a);
	assert_int_equal(p.effect, EFFECT_UNSUPPORTED);
	assert_int_equal(p.certainty, UNSUPPORTED);
	assert_non_null(p.remedy);
	arena_free(a);
}

static struct property observe(struct fixture_tree *t)
{
	struct property item = {.object = "netprio", .attribute = "net_prio.ifpriomap"};
	struct properties asked = {.arena = t->arena, .items = &item, .n = 1}, out;

	properties_init(&out, t->arena);
	netprio_driver.observe(&t->container, &asked, &out);
	assert_int_equal(out.n, 1);
	return out.items[0];
}

static void all_interfaces_are_one_value(void **state)
{
	static const struct {
		const char *map, *value;
	} rows[] = {
	    {"net_prio.ifpriomap=lo 0\neth0 0",        "0"  },
	    {"net_prio.ifpriomap=lo 5\neth0 5\nbr0 5", "5"  },
	    {"net_prio.ifpriomap=lo 5\neth0 0",        "0-5"},
	    {"net_prio.ifpriomap=",                    "0"  },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *lines[] = {rows[i].map, NULL};
		struct fixture_tree *t = fixture_tree(CGROUP_V1, lines);

		assert_string_equal(observe(t).value, rows[i].value);
		fixture_free(t);
	}
}

static void every_interface_gets_its_line(void **state)
{
	static struct link_name links[] = {
	    {1, "lo"  },
            {2, "eth0"}
        };
	const char *lines[] = {"net_prio.ifpriomap=lo 0", NULL}, *none[] = {NULL};
	struct change change = {.object = "netprio", .to = "7"}, *one = &change;
	struct fixture_tree *t = fixture_tree(CGROUP_V1, lines);
	struct host host = *t->container.host;

	(void)state;
	host.links = links;
	host.n_links = 2;
	t->container.host = &host;
	netprio_driver.apply(&t->container, &one, 1);
	assert_int_equal(change.verdict, VERDICT_APPLIED);
	assert_string_equal(fixture_text(t, "net_prio.ifpriomap"), "eth0 7"); /* the last write */
	fixture_free(t);

	t = fixture_tree(CGROUP_V1, none);
	host = *t->container.host;
	host.links = links;
	host.n_links = 2;
	t->container.host = &host;
	netprio_driver.apply(&t->container, &one, 1);
	assert_int_equal(change.verdict, VERDICT_FAILED);
	assert_non_null(strstr(change.error, "net_prio.ifpriomap"));
	fixture_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(needs_the_old_controller),
	    cmocka_unit_test(all_interfaces_are_one_value),
	    cmocka_unit_test(every_interface_gets_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
