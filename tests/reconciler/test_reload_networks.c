/* reconciler/kept_networks, through reload: what was last good stays in force. */
#include "reconciler/kept_networks.h"
#include "tests/reconciler/reload_fixture.h"

/* "br0=1400 br1!*": with its bridge.mtu; broken; last good. */
static const char *networks(struct fixture *f)
{
	const struct kept_networks *k = reload_networks(f->r);
	const char *all = "";

	for (size_t i = 0; i < k->n; i++) {
		const struct document *d = k->documents[i];
		const char *mtu = "";

		for (size_t s = 0; s < d->config.n; s++)
			if (strcmp(d->config.items[s].name, "bridge.mtu") == 0)
				mtu = d->config.items[s].text;
		assert_ptr_equal(d, &k->items[i]->document);
		assert_ptr_equal(kept_networks_find(k, d->name), k->items[i]);
		all = arena_printf(f->arena, "%s%s%s=%s%s%s%s", all, i ? " " : "", d->name, mtu,
				   d->broken ? "!" : "", k->items[i]->last_good ? "*" : "",
				   d->state == STATE_ABSENT ? "-" : "");
	}
	return all;
}

static const char *network_news(struct fixture *f)
{
	const char *all = "";

	for (size_t i = 0; i < f->news.n_networks; i++)
		all = arena_printf(f->arena, "%s%s%s", all, i ? " " : "", f->news.networks[i]);
	return all;
}

static void network(struct fixture *f, const char *file, const char *name, const char *rest)
{
	put(f, file, arena_printf(f->arena, "kind: network\nname: %s\n%s", name, rest));
	update(f, file);
}

static void they_come_change_and_go(void **state)
{
	struct fixture *f = *state;

	put(f, "instances/web.yaml", "{}\n");
	put(f, "x.yaml", "kind: network\nname: br1\n---\nkind: network\nname: br0\n");
	update_all(f);
	assert_string_equal(networks(f), "br0= br1=");
	assert_string_equal(network_news(f), "br0 br1");
	network(f, "x.yaml", "br0", "config: {bridge.mtu: 1400}\n");
	assert_string_equal(networks(f), "br0=1400");
	assert_string_equal(network_news(f), "br0 br1");
	/* the same, in other lines */
	network(f, "x.yaml", "br0", "description: x\nconfig:\n  bridge.mtu: 1400\n");
	assert_string_equal(network_news(f), "");
	network(f, "x.yaml", "br0", "config: {bridge.mtu: 1400}\nstate: absent\n");
	assert_string_equal(networks(f), "br0=1400-");
	assert_string_equal(network_news(f), "br0");
	drop(f, "x.yaml");
	update(f, "x.yaml");
	assert_string_equal(networks(f), "");
	assert_string_equal(network_news(f), "br0");
}

static void a_broken_one_keeps_what_was_good(void **state)
{
	struct fixture *f = *state;

	put(f, "instances/web.yaml", "{}\n");
	update_all(f);
	network(f, "br0.yaml", "br0", "config: {bridge.mtu: 1400}\n");
	network(f, "br0.yaml", "br0", "config: {bridge.mtu: 1}\nstate: absent\n");
	assert_string_equal(networks(f), "br0=1400*");
	assert_string_equal(network_news(f), "br0");
	put(f, "br0.yaml", "kind: network\nname: br0\nconfig: {bridge.mtu");
	update(f, "br0.yaml");
	assert_string_equal(networks(f), "br0=1400*");
	assert_string_equal(network_news(f), "");
	network(f, "br0.yaml", "br0", "config: {bridge.mtu: 1300}\n");
	assert_string_equal(networks(f), "br0=1300");
	assert_string_equal(network_news(f), "br0");
}

static void what_never_was_good_is_known(void **state)
{
	struct fixture *f = *state;

	put(f, "instances/web.yaml", "{}\n");
	update_all(f);
	network(f, "br0.yaml", "br0", "config: {bridge.mtu: 1}\n");
	assert_string_equal(networks(f), "br0=!");
	assert_string_equal(network_news(f), "br0");
	network(f, "br0.yaml", "br0", "config: {bridge.mtu: 1400}\n");
	assert_string_equal(networks(f), "br0=1400");
	assert_string_equal(network_news(f), "br0");
}

/* Nobody can say which one is meant: the one that was in force stays. */
static void of_two_the_older_stays(void **state)
{
	struct fixture *f = *state;

	put(f, "instances/web.yaml", "{}\n");
	update_all(f);
	network(f, "a.yaml", "br0", "config: {bridge.mtu: 1400}\n");
	network(f, "b.yaml", "br0", "config: {bridge.mtu: 1300}\n");
	assert_string_equal(networks(f), "br0=1400*");
	drop(f, "a.yaml");
	update(f, "a.yaml");
	assert_string_equal(networks(f), "br0=1300");
	assert_string_equal(network_news(f), "br0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(they_come_change_and_go),
	    TEST(a_broken_one_keeps_what_was_good),
	    TEST(what_never_was_good_is_known),
	    TEST(of_two_the_older_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
