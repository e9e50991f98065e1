/* Memory: what is wanted of each layout, and the writing with refusals and reclaim. */
#include "limits/memory.h"

#include "limits/knobs.h"
#include "tests/limits/fixture.h"

struct row {
	enum cgroup_version version;
	const char *lines[4];
	const char *max, *high, *swap, *swappiness; /* NULL: not asked for */
	const char *unsupported;                    /* an attribute that is; NULL: none */
};

static void wants(const struct properties *p, const char *attribute, const char *value)
{
	const struct property *found = properties_find(p, "cgroup", attribute);

	assert_int_equal(found != NULL, value != NULL);
	if (!found)
		return;
	assert_string_equal(found->value, value);
	assert_int_equal(found->certainty, CERTAIN_VALUE);
	assert_non_null(found->setting);
	assert_string_equal(found->setting->name, found->key);
}

static void check(const struct row *row)
{
	struct arena *a = arena_new();
	struct world w = {.arena = a, .host = fixture_host(a, row->version)};
	struct world_instance wi = {.instance = fixture_instance(a, row->lines)};
	struct properties out;

	properties_init(&out, a);
	memory_desire(&(struct desire){&w, &wi, &out});
	properties_sort(&out);
	wants(&out, "memory.max", row->max);
	wants(&out, "memory.high", row->high);
	wants(&out, "memory.swap.max", row->swap);
	wants(&out, "memory.swappiness", row->swappiness);
	for (size_t i = 0; i < out.n; i++) {
		bool is = row->unsupported && strcmp(out.items[i].attribute, row->unsupported) == 0;

		assert_int_equal(out.items[i].effect == EFFECT_UNSUPPORTED, is);
		assert_int_equal(out.items[i].reason != NULL, is);
	}
	arena_free(a);
}

static void formulas(void **state)
{
	static const struct row rows[] = {
	    {CGROUP_V1, {"limits.memory=64MiB"},                                               "67108864",            NULL,       "67108864",  NULL, NULL             },
	    {CGROUP_V2, {"limits.memory=64MiB"},                                               "67108864",            NULL,       "67108864",  NULL, NULL             },
	    {CGROUP_V1,
	     {"limits.memory=64MiB", "limits.memory.swap=true"},
	     "67108864",											      NULL,
	     "67108864",														       NULL,
	     NULL																		     },
	    {CGROUP_V1,
	     {"limits.memory=64MiB", "limits.memory.swap=false"},
	     "67108864",											      NULL,
	     "0",															      "0",
	     NULL																		     },
	    {CGROUP_V2,
	     {"limits.memory=64MiB", "limits.memory.swap=false"},
	     "67108864",											      NULL,
	     "0",															      NULL,
	     NULL																		     },
	    {CGROUP_V1,
	     {"limits.memory=64MiB", "limits.memory.swap=10000"},
	     "67108864",											      NULL,
	     "8192",															   NULL,
	     NULL																		     },
	    {CGROUP_V2,
	     {"limits.memory=64MiB", "limits.memory.swap=10000"},
	     "67108864",											      NULL,
	     "8192",															   NULL,
	     NULL																		     },
 /* soft */
	    {CGROUP_V1,
	     {"limits.memory=64MiB", "limits.memory.enforce=soft"},
	     NULL,												    "67108864",
	     NULL,															     NULL,
	     NULL																		     },
	    {CGROUP_V2,
	     {"limits.memory=64MiB", "limits.memory.enforce=soft"},
	     NULL,												    "67108864",
	     NULL,															     NULL,
	     NULL																		     },
	    {CGROUP_V2,
	     {"limits.memory=64MiB", "limits.memory.enforce=soft", "limits.memory.swap=1MiB"},
	     NULL,												    "67108864",
	     "1048576",															NULL,
	     NULL																		     },
	    {CGROUP_V1,
	     {"limits.memory=64MiB", "limits.memory.enforce=soft", "limits.memory.swap=1MiB"},
	     NULL,												    "67108864",
	     "1048576",															NULL,
	     "memory.swap.max"																	},
 /* swap without a limit */
	    {CGROUP_V2, {"limits.memory.swap=false"},                                          NULL,                  NULL,       "0",         NULL, NULL             },
	    {CGROUP_V1, {"limits.memory.swap=false"},                                          NULL,                  NULL,       "0",         "0",  "memory.swap.max"},
	    {CGROUP_V2, {"limits.memory.swap=true"},                                           NULL,                  NULL,       NULL,        NULL, NULL             },
 /* how willingly */
	    {CGROUP_V1, {"limits.memory.swap.priority=4"},                                     NULL,                  NULL,       NULL,        "66", NULL             },
	    {CGROUP_V1, {"limits.memory.swap.priority=10"},                                    NULL,                  NULL,       NULL,        "60", NULL             },
	    {CGROUP_V2,
	     {"limits.memory.swap.priority=4"},
	     NULL,												    NULL,
	     NULL,															     "66",
	     "memory.swappiness"																      },
 /* percent of 1048577000 bytes: (total / 100) * 10, a page's multiple */
	    {CGROUP_V2, {"limits.memory=10%"},						 "104857600",           NULL,       "104857600", NULL, NULL             },
	    {CGROUP_V1, {"limits.memory=50000001"},                                            "49999872",            NULL,       "49999872",  NULL, NULL             },
 /* what the kernel reads as unlimited */
	    {CGROUP_V1, {"limits.memory=3EiB"},						"3458764513820540928", NULL,       "max",       NULL, NULL             },
	    {CGROUP_V1, {"limits.processes=3"},						NULL,                  NULL,       NULL,        NULL, NULL             },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check(&rows[i]);
}

/* What export writes where swap has no limit. */
static void the_largest_size_is_no_limit(void **state)
{
	static const char *const lines[] = {"limits.memory=64MiB", "limits.memory.swap=8191PiB",
					    NULL};
	static const enum cgroup_version versions[] = {CGROUP_V1, CGROUP_V2};

	(void)state;
	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
		struct arena *a = arena_new();
		struct world w = {.arena = a, .host = fixture_host(a, versions[i])};
		struct world_instance wi = {.instance = fixture_instance(a, lines)};
		struct properties out;

		properties_init(&out, a);
		memory_desire(&(struct desire){&w, &wi, &out});
		properties_sort(&out);
		wants(&out, "memory.max", "67108864");
		wants(&out, "memory.swap.max", "max");
		arena_free(a);
	}
}

/* Only who named swap hears that it cannot be limited. */
static void no_swap_accounting_leaves_the_rest(void **state)
{
	static const char *const named[] = {"limits.memory=64MiB", "limits.memory.swap=true", NULL};
	struct arena *a = arena_new();
	struct host *h = fixture_host(a, CGROUP_V1);
	struct world w = {.arena = a, .host = h};
	struct world_instance wi = {
	    .instance = fixture_instance(a, (const char *[]){"limits.memory=64MiB", NULL})};
	const struct property *p;
	struct properties out;

	(void)state;
	h->swap_accounting = false;
	properties_init(&out, a);
	memory_desire(&(struct desire){&w, &wi, &out});
	assert_int_equal(out.n, 1);
	assert_string_equal(out.items[0].attribute, "memory.max");
	assert_int_equal(out.items[0].effect, EFFECT_LIVE);
	wi.instance = fixture_instance(a, named);
	properties_init(&out, a);
	memory_desire(&(struct desire){&w, &wi, &out});
	properties_sort(&out);
	p = properties_find(&out, "cgroup", "memory.swap.max");
	assert_int_equal(p->effect, EFFECT_UNSUPPORTED);
	assert_string_equal(p->key, "limits.memory.swap");
	assert_non_null(strstr(p->remedy, "swapaccount=1"));
	assert_int_equal(properties_find(&out, "cgroup", "memory.max")->effect, EFFECT_LIVE);
	arena_free(a);
}

static void a_realtime_kernel_gets_no_soft_limit(void **state)
{
	static const char *const soft[] = {"limits.memory=64MiB", "limits.memory.enforce=soft",
					   NULL};
	struct arena *a = arena_new();
	struct host *h = fixture_host(a, CGROUP_V1);
	struct world w = {.arena = a, .host = h};
	struct world_instance wi = {.instance = fixture_instance(a, soft)};
	struct properties out;

	(void)state;
	h->lacks_soft_limit = true;
	properties_init(&out, a);
	memory_desire(&(struct desire){&w, &wi, &out});
	assert_int_equal(out.n, 1);
	assert_int_equal(out.items[0].effect, EFFECT_UNSUPPORTED);
	wi.instance = fixture_instance(a, (const char *[]){soft[0], NULL});
	properties_init(&out, a);
	memory_desire(&(struct desire){&w, &wi, &out});
	properties_sort(&out);
	assert_null(properties_find(&out, "cgroup", "memory.high"));
	assert_non_null(properties_find(&out, "cgroup", "memory.max"));
	arena_free(a);
}

/* A part of a memory that nobody knows is no limit, least of all one of 0 bytes. */
static void an_unknown_host_gives_no_part(void **state)
{
	struct arena *a = arena_new();
	struct host *h = fixture_host(a, CGROUP_V2);
	struct world w = {.arena = a, .host = h};
	struct world_instance wi = {
	    .instance = fixture_instance(a, (const char *[]){"limits.memory=50%", NULL})};
	struct properties out;

	(void)state;
	h->memory = 0;
	properties_init(&out, a);
	memory_desire(&(struct desire){&w, &wi, &out});
	assert_true(out.n > 0);
	for (size_t i = 0; i < out.n; i++)
		assert_int_equal(out.items[i].effect, EFFECT_UNSUPPORTED);
	arena_free(a);
}

static void force_goes_with_the_limit(void **state)
{
	struct arena *a = arena_new();
	struct world w = {.arena = a, .host = fixture_host(a, CGROUP_V2)};
	struct world_instance wi = {
	    .instance = fixture_instance(
		a, (const char *[]){"limits.memory=64MiB", "limits.memory.force=true", NULL})};
	struct properties out;

	(void)state;
	properties_init(&out, a);
	memory_desire(&(struct desire){&w, &wi, &out});
	properties_sort(&out);
	assert_true(properties_find(&out, "cgroup", "memory.max")->force);
	arena_free(a);
}

/* The writing. */

static const char *const v1_files[] = {"memory.limit_in_bytes=268435456",
				       "memory.memsw.limit_in_bytes=536870912",
				       "memory.soft_limit_in_bytes=9223372036854771712",
				       "memory.swappiness=60",
				       "memory.usage_in_bytes=1000",
				       NULL};

static const char *const v2_files[] = {
    "memory.max=268435456",     "memory.swap.max=268435456",  "memory.high=max",
    "memory.current=200000000", "memory.stat=anon 150000000", NULL};

static char writes[1024];

static void wrote(const char *what, const char *value, int error)
{
	size_t n = strlen(writes);

	snprintf(writes + n, sizeof(writes) - n, "%s=%s%s ", strrchr(what, '/') + 1, value,
		 error ? "!" : "");
}

struct wish {
	const char *attribute, *to;
};

/* Applies all at once; what was written is in `writes`. */
static struct change **apply(struct fixture_tree *t, const struct wish *w, size_t n, bool force)
{
	struct change **changes = arena_alloc(t->arena, n * sizeof(*changes));

	*writes = '\0';
	t->container.wrote = wrote;
	for (size_t i = 0; i < n; i++) {
		changes[i] = arena_alloc(t->arena, sizeof(**changes));
		*changes[i] = (struct change){
		    .object = "cgroup", .attribute = w[i].attribute, .to = w[i].to, .force = force};
	}
	cgroup_driver.apply(&t->container, changes, n);
	return changes;
}

static void v1_raises_memsw_first(void **state)
{
	struct fixture_tree *t = fixture_tree(CGROUP_V1, v1_files);
	const struct wish w[] = {
	    {"memory.max",      "1073741824"},
            {"memory.swap.max", "0"         }
        };
	struct change **c = apply(t, w, 2, false);

	(void)state;
	assert_string_equal(writes, "memory.memsw.limit_in_bytes=1073741824 "
				    "memory.limit_in_bytes=1073741824 ");
	assert_int_equal(c[0]->verdict, VERDICT_APPLIED);
	assert_int_equal(c[1]->verdict, VERDICT_APPLIED);
	assert_null(c[1]->reason);
	fixture_free(t);
}

/* What was observed may be long gone: the order is that of what holds when it is written. */
static void v1_order_is_by_what_holds_now(void **state)
{
	struct fixture_tree *t = fixture_tree(CGROUP_V1, v1_files);
	struct change max = {
	    .object = "cgroup", .attribute = "memory.max", .from = "1073741824", .to = "536870912"};
	struct change swap = {.object = "cgroup",
			      .attribute = "memory.swap.max",
			      .from = "1073741824",
			      .to = "536870912"};

	(void)state;
	*writes = '\0';
	t->container.wrote = wrote;
	cgroup_driver.apply(&t->container, (struct change *[]){&max, &swap}, 2);
	assert_string_equal(writes, "memory.memsw.limit_in_bytes=1073741824 "
				    "memory.limit_in_bytes=536870912 ");
	fixture_free(t);
}

static void v1_opens_each_file_once(void **state)
{
	struct fixture_tree *t = fixture_tree(CGROUP_V1, v1_files);
	const struct wish w[] = {
	    {"memory.max",      "1073741824"},
            {"memory.swap.max", "0"         }
        };
	int limit = fixture_count_opens(t), sum = fixture_count_opens(t);

	(void)state;
	apply(t, w, 2, false);
	assert_int_equal(fixture_opens(limit, "memory.limit_in_bytes"), 1);
	assert_int_equal(fixture_opens(sum, "memory.memsw.limit_in_bytes"), 1);
	fixture_free(t);
}

static void v1_takes_unchanged_swap_along(void **state)
{
	struct fixture_tree *t = fixture_tree(CGROUP_V1, v1_files);
	const struct wish w[] = {
	    {"memory.max",        "134217728"},
            {"memory.swappiness", "0"        }
        };
	struct change **c = apply(t, w, 2, false);

	(void)state;
	assert_string_equal(writes, "memory.swappiness=0 memory.limit_in_bytes=134217728 "
				    "memory.memsw.limit_in_bytes=402653184 ");
	assert_int_equal(c[0]->verdict, VERDICT_APPLIED);
	fixture_free(t);
}

static void v1_lets_go_without_a_gap(void **state)
{
	struct fixture_tree *t = fixture_tree(CGROUP_V1, v1_files);
	const struct wish w[] = {
	    {"memory.max",      "max"},
            {"memory.swap.max", "max"}
        };

	(void)state;
	apply(t, w, 2, false);
	assert_string_equal(writes, "memory.memsw.limit_in_bytes=-1 memory.limit_in_bytes=-1 ");
	fixture_free(t);
}

/* A limit that cannot be lowered keeps the swap above it; the soft limit goes on. */
static void v1_refusal_skips_what_depends(void **state)
{
	struct fixture_tree *t = fixture_tree(CGROUP_V1, v1_files);
	const struct wish w[] = {
	    {"memory.high",     "60395520"},
	    {"memory.max",      "67108864"},
	    {"memory.swap.max", "67108864"}
        };
	struct change **c;

	(void)state;
	fixture_refuse(t, "memory.limit_in_bytes", "268435456\n");
	c = apply(t, w, 3, false);
	assert_int_equal(c[0]->verdict, VERDICT_APPLIED);
	assert_int_equal(c[1]->verdict, VERDICT_FAILED);
	assert_int_equal(c[1]->error_number, EPERM);
	assert_non_null(strstr(c[1]->error, "memory.limit_in_bytes"));
	assert_int_equal(c[2]->verdict, VERDICT_SKIPPED);
	assert_non_null(strstr(c[2]->reason, "memory.max"));
	assert_string_equal(fixture_text(t, "memory.memsw.limit_in_bytes"), "536870912");
	fixture_free(t);
}

static void v2_keeps_a_limit_below_what_is_used(void **state)
{
	struct fixture_tree *t = fixture_tree(CGROUP_V2, v2_files);
	const struct wish w[] = {
	    {"memory.max",      "67108864"},
            {"memory.swap.max", "67108864"}
        };
	struct change **c = apply(t, w, 2, false);

	(void)state;
	assert_string_equal(writes, "memory.swap.max=67108864 ");
	assert_int_equal(c[0]->verdict, VERDICT_FAILED);
	assert_int_equal(c[0]->error_number, EBUSY);
	assert_non_null(strstr(c[0]->error, "200000000"));
	assert_non_null(strstr(c[0]->error, "67108864"));
	assert_non_null(strstr(c[0]->error, "limits.memory.force"));
	assert_int_equal(c[1]->verdict, VERDICT_APPLIED);
	assert_string_equal(fixture_text(t, "memory.max"), "268435456");
	fixture_free(t);
}

static void v2_asks_to_reclaim_first(void **state)
{
	struct fixture_tree *t = fixture_tree(CGROUP_V2, v2_files);
	const struct wish w[] = {
	    {"memory.max", "67108864"}
        };

	(void)state;
	fixture_file(t->dir, "memory.reclaim", "");
	apply(t, w, 1, false);
	assert_string_equal(writes, "memory.reclaim=132891136 memory.reclaim=132891136 "
				    "memory.reclaim=132891136 ");
	fixture_free(t);
}

static void v2_counts_on_clean_cache(void **state)
{
	struct fixture_tree *t = fixture_tree(CGROUP_V2, v2_files);
	const struct wish w[] = {
	    {"memory.max", "67108864"}
        };

	(void)state;
	fixture_file(t->dir, "memory.stat",
		     "anon 20000000\nfile_mapped 0\nfile_dirty 1000\nfile_writeback 0\n"
		     "inactive_file 100000000\nactive_file 40000000\nslab_reclaimable 0");
	assert_int_equal(apply(t, w, 1, false)[0]->verdict, VERDICT_APPLIED);
	assert_string_equal(fixture_text(t, "memory.max"), "67108864");
	fixture_file(t->dir, "memory.max", "268435456");
	fixture_file(t->dir, "memory.stat", "inactive_file 100000000\nfile_dirty 90000000");
	assert_int_equal(apply(t, w, 1, false)[0]->verdict, VERDICT_FAILED);
	fixture_free(t);
}

static void v2_force_writes_anyway(void **state)
{
	struct fixture_tree *t = fixture_tree(CGROUP_V2, v2_files);
	const struct wish w[] = {
	    {"memory.max", "67108864"}
        };

	(void)state;
	assert_int_equal(apply(t, w, 1, true)[0]->verdict, VERDICT_APPLIED);
	assert_string_equal(writes, "memory.max=67108864 ");
	fixture_free(t);
}

static void no_memsw_is_no_trouble_for_the_limit(void **state)
{
	struct fixture_tree *t =
	    fixture_tree(CGROUP_V1, (const char *[]){"memory.limit_in_bytes=268435456", NULL});
	const struct wish w[] = {
	    {"memory.max",      "1073741824"},
            {"memory.swap.max", "0"         }
        };
	struct change **c = apply(t, w, 2, false);

	(void)state;
	assert_int_equal(c[0]->verdict, VERDICT_APPLIED);
	assert_int_equal(c[1]->verdict, VERDICT_FAILED);
	assert_non_null(strstr(c[1]->error, "swapaccount=1"));
	fixture_free(t);
}

static void a_group_that_has_gone_is_skipped(void **state)
{
	struct fixture_tree *t = fixture_tree(CGROUP_V1, (const char *[]){NULL});
	const struct wish w[] = {
	    {"memory.max", "1073741824"},
            {"pids.max",   "5"         }
        };
	struct change **c;

	(void)state;
	assert_int_equal(unlinkat(t->dir, "cgroup.procs", 0), 0);
	c = apply(t, w, 2, false);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(c[i]->verdict, VERDICT_SKIPPED);
		assert_string_equal(c[i]->reason, "the container has stopped");
	}
	fixture_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(formulas),
	    cmocka_unit_test(the_largest_size_is_no_limit),
	    cmocka_unit_test(no_swap_accounting_leaves_the_rest),
	    cmocka_unit_test(a_realtime_kernel_gets_no_soft_limit),
	    cmocka_unit_test(an_unknown_host_gives_no_part),
	    cmocka_unit_test(force_goes_with_the_limit),
	    cmocka_unit_test(v1_raises_memsw_first),
	    cmocka_unit_test(v1_order_is_by_what_holds_now),
	    cmocka_unit_test(v1_opens_each_file_once),
	    cmocka_unit_test(v1_takes_unchanged_swap_along),
	    cmocka_unit_test(v1_lets_go_without_a_gap),
	    cmocka_unit_test(v1_refusal_skips_what_depends),
	    cmocka_unit_test(v2_keeps_a_limit_below_what_is_used),
	    cmocka_unit_test(v2_asks_to_reclaim_first),
	    cmocka_unit_test(v2_counts_on_clean_cache),
	    cmocka_unit_test(v2_force_writes_anyway),
	    cmocka_unit_test(no_memsw_is_no_trouble_for_the_limit),
	    cmocka_unit_test(a_group_that_has_gone_is_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
