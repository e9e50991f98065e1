/* The interfaces that nics hang on: each looked up once, or known to come. */
#include "reconciler/parents.h"
#include "reconciler/survey.h"
#include "schema/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* "lo" is there in every network namespace; nobody has the others. */
static const char tree[] = "kind: network\nname: ek-t-come\ntype: bridge\n"
			   "---\nkind: network\nname: ek-t-flat\ntype: macvlan\n"
			   "config: {parent: ek-t-par}\n"
			   "---\nkind: instance\nname: a\nprofiles: []\ndevices:\n"
			   "  eth0: {type: nic, nictype: bridged, parent: ek-t-none}\n"
			   "  eth1: {type: nic, network: ek-t-come}\n"
			   "  eth2: {type: nic, nictype: p2p}\n"
			   "  eth3: {type: none}\n"
			   "---\nkind: instance\nname: b\nprofiles: []\ndevices:\n"
			   "  eth0: {type: nic, nictype: bridged, parent: ek-t-none}\n"
			   "  eth1: {type: nic, nictype: macvlan, parent: lo}\n"
			   "  eth2: {type: nic, network: ek-t-flat}\n"
			   "---\nkind: instance\nname: c\nprofiles: []\n";

struct fixture {
	struct arena *arena;
	struct diagnostics ds;
	struct manifest *manifest;
	struct catalog catalog;
	struct host host;
	struct survey survey;
	struct world_instance instances[3];
};

static void set_up(struct fixture *f, const char *const *names)
{
	struct expand_options options = {.host = "host1"};

	*f = (struct fixture){.arena = arena_new()};
	diagnostics_init(&f->ds, f->arena);
	f->manifest =
	    manifest_from_bytes("all.yaml", tree, strlen(tree), (struct manifest_hints){0}, &f->ds);
	catalog_build(&f->catalog, &f->manifest, 1, f->arena, &f->ds);
	f->survey = (struct survey){.arena = f->arena, .host = &f->host};
	diagnostics_init(&f->survey.diagnostics, f->arena);
	f->survey.world = (struct world){.instances = f->instances,
					 .networks = f->catalog.networks,
					 .n_networks = f->catalog.n_networks};
	for (; *names; names++)
		f->instances[f->survey.world.n++].instance =
		    instance_expand(&f->catalog, catalog_find(&f->catalog, KIND_INSTANCE, *names),
				    &options, f->arena, &f->ds);
	assert_int_equal(f->ds.errors, 0);
}

static void tear_down(struct fixture *f)
{
	manifest_free(f->manifest);
	arena_free(f->arena);
}

static void each_is_looked_up(void **state)
{
	static const char *const names[] = {"a", "b", "c", NULL};
	const struct parent_link *p;
	struct fixture f;

	(void)state;
	set_up(&f, names);
	parents_look(&f.survey, false);
	assert_int_equal(f.host.n_parents, 4);
	for (size_t i = 1; i < f.host.n_parents; i++)
		assert_true(strcmp(f.host.parents[i - 1].name, f.host.parents[i].name) < 0);
	p = host_parent(&f.host, "lo");
	assert_int_equal(p->index, 1);
	assert_true(p->mtu > 0);
	assert_false(p->bridge || p->to_come);
	p = host_parent(&f.host, "ek-t-come");
	assert_int_equal(p->index, 0);
	assert_true(p->to_come);
	p = host_parent(&f.host, "ek-t-none");
	assert_int_equal(p->index, 0);
	assert_false(p->to_come);
	p = host_parent(&f.host, "ek-t-par");
	assert_int_equal(p->index, 0);
	assert_false(p->to_come);
	assert_int_equal(f.survey.diagnostics.n, 0);
	tear_down(&f);
}

static void nobody_asks_where_there_are_no_nics(void **state)
{
	static const char *const names[] = {"c", NULL};
	struct parent_link old = {.name = "lo"};
	struct fixture f;

	(void)state;
	set_up(&f, names);
	f.host.parents = &old; /* of an earlier look */
	f.host.n_parents = 1;
	parents_look(&f.survey, false);
	assert_int_equal(f.host.n_parents, 0);
	assert_null(host_parent(&f.host, "lo"));
	tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_is_looked_up),
	    cmocka_unit_test(nobody_asks_where_there_are_no_nics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
