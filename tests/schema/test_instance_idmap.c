#include "schema/arena.h"
#include "schema/instance_idmap.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A host, and a world of instances made from one manifest. */
struct fixture {
	struct arena *arena;
	struct diagnostics ds;
	struct manifest *manifest;
	struct catalog catalog;
	struct host host;
	struct world_instance *items;
	size_t n;
};

static int set_up(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	f->arena = arena_new();
	diagnostics_init(&f->ds, f->arena);
	assert_int_equal(idmap_parse("b 0 100000 1000000", f->arena, &f->host.idmap), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	manifest_free(f->manifest);
	arena_free(f->arena);
	test_free(f);
	return 0;
}

/* One instance per text of CONFIGS (inside of a flow mapping), named a, b, c, ... */
static void make(struct fixture *f, const char *const *configs, size_t n)
{
	struct expand_options o = {.host = "h"};
	const char *text = "";

	for (size_t i = 0; i < n; i++)
		text = arena_printf(f->arena, "%skind: instance\nname: %c\nconfig: {%s}\n---\n",
				    text, (int)('a' + i), configs[i]);
	manifest_free(f->manifest);
	f->manifest = manifest_from_bytes("x.yaml", text, strlen(text),
					  manifest_hints_from_path("x.yaml"), &f->ds);
	catalog_build(&f->catalog, &f->manifest, 1, f->arena, &f->ds);
	assert_int_equal(f->ds.errors, 0);
	assert_int_equal(f->catalog.n_instances, n);
	f->items = arena_alloc(f->arena, n * sizeof(*f->items));
	f->n = n;
	for (size_t i = 0; i < n; i++)
		f->items[i].instance =
		    instance_expand(&f->catalog, f->catalog.instances[i], &o, f->arena, &f->ds);
}

static void windows(struct fixture *f)
{
	instance_windows(f->items, f->n, &f->host, NULL, 0, f->arena);
}

#define ISOLATED "security.idmap.isolated: true"

static const struct map_case {
	const char *config, *want; /* NULL: refused */
	const char *message;
} maps[] = {
    {"",							     "u 0 100000 65536 g 0 100000 65536",                  NULL},
    {"security.privileged: true",				    "",						   NULL},
    {"security.privileged: true, raw.idmap: both 0 0",               "",                                                   NULL},
    {"raw.idmap: both 1000 1000",
     "u 0 100000 1000 u 1000 1000 1 u 1001 101001 64535 "
     "g 0 100000 1000 g 1000 1000 1 g 1001 101001 64535",								  NULL},
    {ISOLATED,						       "u 0 165536 65536 g 0 165536 65536",                  NULL},
    {ISOLATED ", security.idmap.size: 1000",                         "u 0 165536 1000 g 0 165536 1000",                    NULL},
    {ISOLATED ", security.idmap.base: 300000, raw.idmap: gid 44 44",
     "u 0 300000 65536 g 0 300000 44 g 44 44 1 g 45 300045 65491",                                                         NULL},
    {ISOLATED ", security.privileged: true",                         "",						   NULL},
 /* size and base without isolated are ignored */
    {"security.idmap.size: 1000",				    "u 0 100000 65536 g 0 100000 65536",                  NULL},
    {"raw.idmap: both 100500 70000",                                 NULL,
     "host uid 100500 is mapped twice: by the container's own range (u 0 100000 65536) and by "
     "line 1 (both 100500 70000)"											      },
 /* the host ids beyond the first 65536 of the range are nobody's until a window takes them */
    {"raw.idmap: uid 165536 70000",                                  "u 0 100000 65536 u 70000 165536 1 g 0 100000 65536", NULL},
    {ISOLATED ", security.idmap.base: 165535",                       NULL,
     "the window 165535+65536 overlaps the ids 100000+65536 of the containers that are not "
     "isolated"														},
    {ISOLATED ", security.idmap.size: 2000000",                      NULL,
     "root has no free window of 2000000 ids beyond the first 65536 of its range in subuid and "
     "subgid"														  },
};

static void maps_follow_the_keys(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(maps) / sizeof(*maps); i++) {
		struct complaint why = {{0}, {0}, 0};
		struct idmap map, want;
		int r;

		make(f, &maps[i].config, 1);
		windows(f);
		r = instance_idmap(&f->items[0], &f->host, f->arena, &map, &why);
		if (!maps[i].want) {
			assert_int_equal(r, -EINVAL);
			assert_string_equal(why.message, maps[i].message);
			continue;
		}
		if (r < 0)
			fail_msg("{%s}: %s", maps[i].config, why.message);
		assert_int_equal(idmap_parse(maps[i].want, f->arena, &want), 0);
		if (!idmap_equal(&map, &want))
			fail_msg("{%s}", maps[i].config);
	}
}

static void without_a_range_there_is_no_map(void **state)
{
	struct fixture *f = *state;
	const char *configs[] = {"", "security.privileged: true"};
	struct complaint why;
	struct idmap map;

	f->host.idmap = (struct idmap){0};
	f->host.idmap_missing = "add root:100000:65536";
	make(f, configs, 2);
	windows(f);
	assert_int_equal(instance_idmap(&f->items[0], &f->host, f->arena, &map, &why), -ENOENT);
	assert_string_equal(why.hint, "add root:100000:65536");
	assert_int_equal(instance_idmap(&f->items[1], &f->host, f->arena, &map, &why), 0);
	assert_int_equal(map.uid.n, 0);
}

static void windows_are_disjoint(void **state)
{
	struct fixture *f = *state;
	const char *configs[] = {ISOLATED, ISOLATED ", security.idmap.base: 165536", "",
				 ISOLATED, ISOLATED ", security.idmap.base: 170000", ISOLATED};
	const struct idmap_window foreign = {231072, 65536, "stranger"};

	make(f, configs, 6);
	/* the last one holds a window already, which stays */
	f->items[5].window = (struct idmap_window){400000, 65536, NULL};
	instance_windows(f->items, f->n, &f->host, &foreign, 1, f->arena);
	assert_int_equal(f->items[1].window.base, 165536);
	assert_int_equal(f->items[2].window.size, 0);
	assert_int_equal(f->items[0].window.base, 296608);
	assert_int_equal(f->items[3].window.base, 465536);
	assert_int_equal(f->items[4].window.size, 0);
	assert_string_equal(f->items[4].window_refused,
			    "the window 170000+65536 overlaps 165536+65536 of b");
	assert_int_equal(f->items[5].window.base, 400000);
	assert_string_equal(f->items[5].window.holder, "f");
}

static void a_held_window_moves_only_when_it_must(void **state)
{
	struct fixture *f = *state;
	const char *configs[] = {ISOLATED, ISOLATED ", security.idmap.base: 300000",
				 ISOLATED ", security.idmap.size: 1000"};

	make(f, configs, 3);
	f->items[0].window = (struct idmap_window){300000, 65536, NULL}; /* asked for by b */
	f->items[2].window = (struct idmap_window){500000, 65536, NULL}; /* has another size */
	windows(f);
	assert_int_equal(f->items[0].window.base, 165536);
	assert_int_equal(f->items[1].window.base, 300000);
	assert_int_equal(f->items[2].window.base, 231072);
	assert_int_equal(f->items[2].window.size, 1000);
	windows(f);
	assert_int_equal(f->items[0].window.base, 165536);
	assert_int_equal(f->items[2].window.base, 231072);
}

static void the_deciding_setting_is_named(void **state)
{
	static const struct {
		const char *config, *key; /* NULL: none */
	} cases[] = {
	    {"",				      NULL		     },
	    {"security.privileged: false",            "security.privileged"    },
	    {"security.privileged: false, " ISOLATED, "security.idmap.isolated"},
	    {ISOLATED ", raw.idmap: both 5 5",        "raw.idmap"              },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct expanded *e;

		make(f, &cases[i].config, 1);
		e = instance_idmap_setting(f->items[0].instance);
		if (!cases[i].key)
			assert_null(e);
		else
			assert_string_equal(e->setting->name, cases[i].key);
	}
}

static void missing_lines_are_named(void **state)
{
	struct fixture *f = *state;
	struct subid given[] = {
	    {100000, 65536}
        };
	struct idmap map;

	assert_int_equal(
	    idmap_parse("u 0 100000 65536 u 70000 1000 2 u 80000 44 1", f->arena, &map), 0);
	assert_string_equal(instance_idmap_missing(&map.uid, given, 1, f->arena),
			    "root:44:1\nroot:1000:2");
	assert_null(instance_idmap_missing(&map.gid, given, 1, f->arena));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(maps_follow_the_keys),          TEST(without_a_range_there_is_no_map),
	    TEST(windows_are_disjoint),          TEST(a_held_window_moves_only_when_it_must),
	    TEST(the_deciding_setting_is_named), TEST(missing_lines_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
