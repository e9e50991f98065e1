/* The table of knobs, and the cgroup driver on stand-ins for both layouts. */
#include "limits/knobs.h"

#include "tests/limits/fixture.h"

static void rows_are_whole_and_sorted(void **state)
{
	size_t n;
	const struct knob *rows = knobs_all(&n);

	(void)state;
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++) {
		const struct knob *k = &rows[i];

		assert_true(i == 0 || strcmp(rows[i - 1].attribute, k->attribute) < 0);
		assert_ptr_equal(knobs_find(k->attribute), k);
		assert_non_null(k->format);
		assert_non_null(k->remedy);
		assert_true(k->v1[0] || k->v2[0]);
		assert_true(!k->v1[0] || k->preset_v1 || k->inherited_v1);
		assert_non_null(k->keys[0]);
	}
	assert_null(knobs_find("memory"));
	assert_null(knobs_find("zzz"));
}

/* Its twin in the registry: live, for containers, and with the same idea of the boot file. */
static void every_knob_has_its_keys(void **state)
{
	size_t n;
	const struct knob *rows = knobs_all(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < KNOB_KEYS && rows[i].keys[k]; k++) {
			const struct key *key = keys_find(rows[i].keys[k], SCOPE_INSTANCE);

			assert_non_null(key);
			assert_int_equal(key->effect, EFFECT_LIVE);
			assert_int_equal(key->boot, rows[i].boot ? BOOT_FILE : BOOT_AFTER_START);
		}
}

static void keys_name_their_files(void **state)
{
	static const struct {
		const char *key;
		enum cgroup_version version;
		const char *files;
	} rows[] = {
	    {"limits.processes",            CGROUP_V1, "pids.max"                                     },
	    {"limits.cpu",                  CGROUP_V2, "cpuset.cpus"                                  },
	    {"limits.memory",               CGROUP_V1,
	     "memory.soft_limit_in_bytes;memory.limit_in_bytes;memory.memsw.limit_in_bytes"           },
	    {"limits.memory",               CGROUP_V2, "memory.high;memory.max;memory.swap.max"       },
	    {"limits.memory.swap",          CGROUP_V1, "memory.memsw.limit_in_bytes;memory.swappiness"},
	    {"limits.memory.swap.priority", CGROUP_V2, NULL                                           },
	    {"limits.cpu.allowance",        CGROUP_V1, "cpu.cfs_quota_us;cpu.cfs_period_us;cpu.shares"},
	    {"user.foo",                    CGROUP_V1, NULL					   },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *files = knobs_files(rows[i].key, rows[i].version, a);

		assert_int_equal(files != NULL, rows[i].files != NULL);
		if (files)
			assert_string_equal(files, rows[i].files);
	}
	arena_free(a);
}

static const struct property *desired(struct arena *a, struct host *h, const char *line,
				      const char *attribute, struct ranges cpus)
{
	struct world *w = arena_alloc(a, sizeof(*w));
	struct world_instance *wi = arena_alloc(a, sizeof(*wi));
	struct properties *out = arena_alloc(a, sizeof(*out));

	*w = (struct world){.arena = a, .host = h};
	wi->instance = fixture_instance(a, (const char *[]){line, NULL});
	wi->cpus = cpus;
	if (cpus.n == 0)
		wi->cpus_refused = "no such CPU";
	properties_init(out, a);
	cgroup_driver.desire(w, wi, out);
	properties_sort(out);
	return properties_find(out, "cgroup", attribute);
}

static void single_files_are_wanted(void **state)
{
	static const struct {
		const char *line, *attribute, *value;
	} rows[] = {
	    {"limits.processes=200",         "pids.max",         "200"    },
	    {"limits.processes=0",           "pids.max",         "0"      },
	    {"limits.processes=-1",          "pids.max",         "max"    },
	    {"limits.processes=4194304",     "pids.max",         "4194304"},
	    {"limits.disk.priority=0",       "io.weight",        "10"     },
	    {"limits.disk.priority=10",      "io.weight",        "1000"   },
	    {"limits.hugepages.2MB=5000000", "hugetlb.2MB.max",  "4194304"},
	    {"limits.hugepages.64KB=65536",  "hugetlb.64KB.max", "65536"  },
	    {"limits.hugepages.1GB=1GB",     "hugetlb.1GB.max",  "0"      },
	    {"limits.cpu=2",                 "cpuset.cpus",      "1-2,8"  },
	    {"limits.cpu.nodes=0",           "cpuset.cpus",      "1-2,8"  },
	};
	static const struct range items[] = {
	    {1, 2},
            {8, 8}
        };
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct property *p = desired(a, fixture_host(a, CGROUP_V1), rows[i].line,
						   rows[i].attribute, (struct ranges){items, 2});

		if (!p)
			fail_msg("%s asks for nothing", rows[i].line);
		assert_string_equal(p->value, rows[i].value);
		assert_int_equal(p->effect, EFFECT_LIVE);
	}
	assert_null(desired(a, fixture_host(a, CGROUP_V1), "limits.processes=1", "cpuset.cpus",
			    (struct ranges){items, 2}));
	arena_free(a);
}

static void a_refused_cpu_set_says_why(void **state)
{
	struct arena *a = arena_new();
	const struct property *p = desired(a, fixture_host(a, CGROUP_V1), "limits.cpu=7-9",
					   "cpuset.cpus", (struct ranges){0});

	(void)state;
	assert_int_equal(p->effect, EFFECT_UNSUPPORTED);
	assert_string_equal(p->reason, "no such CPU");
	arena_free(a);
}

static const char *const v1_files[] = {"cpu.cfs_quota_us=25000",
				       "cpu.cfs_period_us=200000",
				       "cpu.shares=512",
				       "cpuset.cpus=0,1,2,3,8",
				       "hugetlb.2MB.limit_in_bytes=9223372036852678656",
				       "hugetlb.2MB.rsvd.limit_in_bytes=9223372036852678656",
				       "blkio.bfq.weight=250",
				       "memory.soft_limit_in_bytes=9223372036854771712",
				       "memory.limit_in_bytes=268435456",
				       "memory.memsw.limit_in_bytes=536870912",
				       "memory.swappiness=66",
				       "pids.max=max",
				       NULL};

static const char *const v2_files[] = {"cpu.max=max 50000",
				       "cpu.weight=50",
				       "cpuset.cpus=",
				       "hugetlb.2MB.max=4194304",
				       "hugetlb.2MB.rsvd.max=max",
				       "io.weight=default 300\n8:0 200",
				       "io.bfq.weight=300",
				       "memory.high=max",
				       "memory.max=268435456",
				       "memory.swap.max=0",
				       "pids.max=17",
				       NULL};

struct seen {
	const char *attribute, *value; /* NULL: not a value */
	enum certainty certainty;
};

static void check_seen(enum cgroup_version version, const char *const *files,
		       const struct seen *rows, size_t n)
{
	struct fixture_tree *t = fixture_tree(version, files);

	for (size_t i = 0; i < n; i++) {
		struct property asked = {.object = "cgroup", .attribute = rows[i].attribute};
		const struct properties list = {.items = &asked, .n = 1};
		struct properties out;

		properties_init(&out, t->arena);
		cgroup_driver.observe(&t->container, &list, &out);
		assert_int_equal(out.n, 1);
		assert_string_equal(out.items[0].attribute, rows[i].attribute);
		assert_int_equal(out.items[0].certainty, rows[i].certainty);
		if (rows[i].value)
			assert_string_equal(out.items[0].value, rows[i].value);
		if (rows[i].certainty == UNSUPPORTED || rows[i].certainty == UNKNOWN)
			assert_non_null(out.items[0].reason);
		if (rows[i].certainty == UNSUPPORTED)
			assert_non_null(out.items[0].remedy);
	}
	fixture_free(t);
}

static void files_are_read_in_one_spelling(void **state)
{
	static const struct seen v1[] = {
	    {"cpu.max",           "25000 200000", CERTAIN_VALUE},
	    {"cpu.weight",        "512",          CERTAIN_VALUE},
	    {"cpuset.cpus",       "0-3,8",        CERTAIN_VALUE},
	    {"hugetlb.2MB.max",   "max",          CERTAIN_VALUE},
	    {"hugetlb.1GB.max",   NULL,           UNSUPPORTED  },
	    {"io.weight",         "250",          CERTAIN_VALUE},
	    {"memory.high",       "max",          CERTAIN_VALUE},
	    {"memory.max",        "268435456",    CERTAIN_VALUE},
	    {"memory.swap.max",   "268435456",    CERTAIN_VALUE},
	    {"memory.swappiness", "66",           CERTAIN_VALUE},
	    {"pids.max",          "max",          CERTAIN_VALUE},
	};
	static const struct seen v2[] = {
	    {"cpu.max",           "max 100000",                        CERTAIN_VALUE },
	    {"cpu.weight",        "50",                                CERTAIN_VALUE },
	    {"cpuset.cpus",       NULL,                                CERTAIN_ABSENT},
	    {"hugetlb.2MB.max",   "4194304, hugetlb.2MB.rsvd.max max", CERTAIN_VALUE },
	    {"io.weight",         "300",                               CERTAIN_VALUE },
	    {"memory.max",        "268435456",                         CERTAIN_VALUE },
	    {"memory.swap.max",   "0",                                 CERTAIN_VALUE },
	    {"memory.swappiness", NULL,                                UNSUPPORTED   },
	    {"pids.max",          "17",				CERTAIN_VALUE },
	};

	(void)state;
	check_seen(CGROUP_V1, v1_files, v1, sizeof(v1) / sizeof(*v1));
	check_seen(CGROUP_V2, v2_files, v2, sizeof(v2) / sizeof(*v2));
}

static void nonsense_is_unknown(void **state)
{
	static const char *const files[] = {"cpu.cfs_quota_us=x",
					    "cpu.cfs_period_us=1",
					    "cpu.shares=",
					    "cpuset.cpus=0-",
					    "memory.limit_in_bytes=12 13",
					    "pids.max=-",
					    "memory.memsw.limit_in_bytes=1KiB",
					    NULL};
	static const struct seen seen[] = {
	    {"cpu.max",         NULL, UNKNOWN},
            {"cpu.weight",      NULL, UNKNOWN},
	    {"cpuset.cpus",     NULL, UNKNOWN},
            {"memory.max",      NULL, UNKNOWN},
	    {"pids.max",        NULL, UNKNOWN},
            {"memory.swap.max", NULL, UNKNOWN},
	};

	(void)state;
	check_seen(CGROUP_V1, files, seen, sizeof(seen) / sizeof(*seen));
}

/* Export: only what is not as a fresh start has it. */
static void all_that_differs_is_seen(void **state)
{
	static const char *const v1[] = {"cpu.max",    "cpu.weight",      "io.weight",
					 "memory.max", "memory.swap.max", "memory.swappiness"};
	struct fixture_tree *t = fixture_tree(CGROUP_V1, v1_files);
	struct properties out;
	int parent = open(t->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	fixture_file(parent, "cpuset.effective_cpus", "0-3,8");
	fixture_file(parent, "memory.swappiness", "10");
	properties_init(&out, t->arena);
	cgroup_driver.observe(&t->container, NULL, &out);
	assert_int_equal(out.n, sizeof(v1) / sizeof(*v1));
	for (size_t i = 0; i < out.n; i++)
		assert_string_equal(out.items[i].attribute, v1[i]);
	close(parent);
	fixture_free(t);
}

static const char *own_item(const struct container *c, const char *item)
{
	static const struct {
		const char *item, *value;
	} items[] = {
	    {"lxc.cgroup.memory.limit_in_bytes",       "1G\n100000001"},
	    {"lxc.cgroup.memory.memsw.limit_in_bytes", "150000001\n"  },
	    {"lxc.cgroup.cpu.shares",                  "1"            },
	    {"lxc.cgroup.cpu.cfs_quota_us",            "50000"        },
	    {"lxc.cgroup.cpuset.cpus",                 "1,0"          },
	    {"lxc.cgroup2.cpu.max",                    "50000"        },
	    {"lxc.cgroup2.memory.max",                 "256M"         },
	    {"lxc.cgroup2.io.weight",                  "default 77"   },
	    {"lxc.cgroup2.pids.max",                   "many"         },
	};

	(void)c;
	for (size_t i = 0; i < sizeof(items) / sizeof(*items); i++)
		if (strcmp(items[i].item, item) == 0)
			return items[i].value;
	return NULL;
}

static void letting_go_goes_to_the_owners_value(void **state)
{
	static const struct {
		enum cgroup_version version;
		const char *attribute, *value;
	} rows[] = {
	    {CGROUP_V1, "memory.max",        "99999744"    }, /* whole pages, the last line */
	    {CGROUP_V1, "memory.swap.max",   "49999872"    },
	    {CGROUP_V1, "cpu.weight",        "2"           }, /* as the kernel clamps it */
	    {CGROUP_V1, "cpu.max",           "50000 100000"},
	    {CGROUP_V1, "cpuset.cpus",       "0-1"         },
	    {CGROUP_V1, "memory.swappiness", "60"          },
	    {CGROUP_V1, "hugetlb.2MB.max",   "max"         },
	    {CGROUP_V1, "io.weight",         "100"         },
	    {CGROUP_V2, "cpu.max",           "50000 100000"},
	    {CGROUP_V2, "memory.max",        "268435456"   },
	    {CGROUP_V2, "memory.swap.max",   "max"         },
	    {CGROUP_V2, "io.weight",         "77"          },
	    {CGROUP_V2, "pids.max",          "max"         }, /* nonsense of the owner's is not ours to repeat */
	    {CGROUP_V2, "cpu.weight",        "100"         },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fixture_tree *t = fixture_tree(rows[i].version, (const char *[]){NULL});
		struct property owned = {.object = "cgroup", .attribute = rows[i].attribute};

		t->container.own_item = own_item;
		assert_string_equal(cgroup_driver.base(&t->container, &owned, t->arena),
				    rows[i].value);
		fixture_free(t);
	}
}

static struct change *apply_one(struct fixture_tree *t, const char *attribute, const char *to)
{
	struct change *c = arena_alloc(t->arena, sizeof(*c));

	*c = (struct change){.object = "cgroup", .attribute = attribute, .to = to};
	cgroup_driver.apply(&t->container, &c, 1);
	return c;
}

/* Observe after apply is what was wanted, for every row on both layouts. */
static void what_was_written_is_read_back(void **state)
{
	static const struct {
		const char *attribute, *value;
	} rows[] = {
	    {"cpu.max",           "30000 50000"},
            {"cpu.weight",        "77"         },
	    {"cpuset.cpus",       "1-2"        },
            {"hugetlb.2MB.max",   "2097152"    },
	    {"io.weight",         "10"         },
            {"memory.high",       "4096"       },
	    {"memory.max",        "536870912"  },
            {"memory.swap.max",   "4096"       },
	    {"memory.swappiness", "0"          },
            {"pids.max",          "12"         },
	};

	(void)state;
	for (int version = CGROUP_V1; version <= CGROUP_V2; version++)
		for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
			bool v1 = version == CGROUP_V1;
			struct fixture_tree *t =
			    fixture_tree((enum cgroup_version)version, v1 ? v1_files : v2_files);
			struct property asked = {.object = "cgroup",
						 .attribute = rows[i].attribute};
			const struct properties list = {.items = &asked, .n = 1};
			struct change *c;
			struct properties out;

			if (v1 || strcmp(rows[i].attribute, "memory.swappiness") != 0) {
				c = apply_one(t, rows[i].attribute, rows[i].value);
				assert_int_equal(c->verdict, VERDICT_APPLIED);
				assert_null(c->reason);
				properties_init(&out, t->arena);
				cgroup_driver.observe(&t->container, &list, &out);
				assert_string_equal(out.items[0].value, rows[i].value);
			}
			fixture_free(t);
		}
}

static void companions_are_written_too(void **state)
{
	struct fixture_tree *t = fixture_tree(CGROUP_V2, v2_files);

	(void)state;
	apply_one(t, "io.weight", "900");
	assert_string_equal(fixture_text(t, "io.weight"), "900");
	assert_string_equal(fixture_text(t, "io.bfq.weight"), "900");
	apply_one(t, "hugetlb.2MB.max", "0");
	assert_string_equal(fixture_text(t, "hugetlb.2MB.rsvd.max"), "0");
	fixture_free(t);
}

static void refusals_name_file_value_and_reason(void **state)
{
	struct fixture_tree *t = fixture_tree(CGROUP_V1, v1_files);
	struct change *c;

	(void)state;
	fixture_refuse(t, "pids.max", "max");
	c = apply_one(t, "pids.max", "5");
	assert_int_equal(c->verdict, VERDICT_FAILED);
	assert_int_equal(c->error_number, EPERM);
	assert_non_null(strstr(c->error, "/group/pids.max: cannot write '5': "));
	assert_non_null(strstr(c->error, strerror(EPERM)));
	c = apply_one(t, "hugetlb.1GB.max", "0");
	assert_int_equal(c->verdict, VERDICT_FAILED);
	assert_int_equal(c->error_number, ENOENT);
	assert_non_null(strstr(c->error, "huge pages of 1GB"));
	fixture_free(t);
}

static void a_container_that_does_not_run_is_skipped(void **state)
{
	struct arena *a = arena_new();
	struct container c = {.arena = a, .name = "web1", .host = fixture_host(a, CGROUP_V1)};
	struct change item = {.object = "cgroup", .attribute = "pids.max", .to = "5"};
	struct change *change = &item;
	struct properties out;

	(void)state;
	properties_init(&out, a);
	cgroup_driver.observe(&c, NULL, &out);
	assert_int_equal(out.n, 0);
	cgroup_driver.apply(&c, &change, 1);
	assert_int_equal(item.verdict, VERDICT_SKIPPED);
	assert_non_null(item.reason);
	arena_free(a);
}

struct boot_row {
	enum cgroup_version version;
	const char *attribute, *value;
	const char *lines; /* those that set something, joined by "; " */
};

static void boot_lines_are_lxcs(void **state)
{
	static const struct boot_row rows[] = {
	    {CGROUP_V1,   "pids.max",          "5",            "lxc.cgroup.pids.max = 5"                     },
	    {CGROUP_V2,   "pids.max",          "max",          "lxc.cgroup2.pids.max = max"                  },
	    {CGROUP_V1,   "cpu.max",           "25000 200000",
	     "lxc.cgroup.cpu.cfs_quota_us = 25000; lxc.cgroup.cpu.cfs_period_us = 200000"                    },
	    {CGROUP_V2,   "cpu.max",           "25000 200000", "lxc.cgroup2.cpu.max = 25000 200000"          },
	    {CGROUP_V1,   "cpu.weight",        "102",          "lxc.cgroup.cpu.shares = 102"                 },
	    {CGROUP_V1,   "memory.high",       "4096",         "lxc.cgroup.memory.soft_limit_in_bytes = 4096"},
	    {CGROUP_V2,   "memory.swap.max",   "0",            "lxc.cgroup2.memory.swap.max = 0"             },
	    {CGROUP_V2,   "memory.swappiness", "60",           ""                                            },
	    {CGROUP_V1,   "cpuset.cpus",       "0",            ""                                            },
	    {CGROUP_V1,   "io.weight",         "100",          ""                                            },
	    {CGROUP_V1,   "hugetlb.2MB.max",   "0",            ""                                            },
	    {CGROUP_NONE, "pids.max",          "5",            ""                                            },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena *a = arena_new();
		struct property item = {.object = "cgroup",
					.attribute = rows[i].attribute,
					.value = rows[i].value,
					.effect = EFFECT_LIVE};
		const struct properties desired_ones = {.items = &item, .n = 1};
		const char **lines = NULL, *joined = "";
		size_t n = 0, capacity = 0;

		cgroup_driver.boot(fixture_host(a, rows[i].version), &desired_ones, a, &lines, &n,
				   &capacity);
		for (size_t l = 0; l < n; l++) {
			bool clears = lines[l][strlen(lines[l]) - 1] == '=';

			assert_int_equal(clears, l % 2 == 0);
			if (!clears)
				joined = arena_printf(a, "%s%s%s", joined, *joined ? "; " : "",
						      lines[l]);
		}
		assert_string_equal(joined, rows[i].lines);
		item.effect = EFFECT_UNSUPPORTED;
		n = 0;
		cgroup_driver.boot(fixture_host(a, rows[i].version), &desired_ones, a, &lines, &n,
				   &capacity);
		assert_int_equal(n, 0);
		arena_free(a);
	}
}

static void boot_swap_is_a_sum_on_v1(void **state)
{
	struct arena *a = arena_new();
	struct property items[] = {
	    {.object = "cgroup", .attribute = "memory.max",      .value = "4096"},
	    {.object = "cgroup", .attribute = "memory.swap.max", .value = "8192"},
	    {.object = "rlimit", .attribute = "nofile",          .value = "5"   },
	};
	const struct properties list = {.items = items, .n = 3};
	const char **lines = NULL;
	size_t n = 0, capacity = 0;

	(void)state;
	cgroup_driver.boot(fixture_host(a, CGROUP_V1), &list, a, &lines, &n, &capacity);
	assert_int_equal(n, 4);
	assert_string_equal(lines[0], "lxc.cgroup.memory.limit_in_bytes =");
	assert_string_equal(lines[1], "lxc.cgroup.memory.limit_in_bytes = 4096");
	assert_string_equal(lines[2], "lxc.cgroup.memory.memsw.limit_in_bytes =");
	assert_string_equal(lines[3], "lxc.cgroup.memory.memsw.limit_in_bytes = 12288");
	items[1].value = "max";
	n = 0;
	cgroup_driver.boot(fixture_host(a, CGROUP_V1), &list, a, &lines, &n, &capacity);
	assert_string_equal(lines[3], "lxc.cgroup.memory.memsw.limit_in_bytes = -1");
	arena_free(a);
}

static void places_are_this_hosts_files(void **state)
{
	struct arena *a = arena_new();
	struct property p = {.object = "cgroup", .attribute = "memory.swap.max"};

	(void)state;
	assert_string_equal(cgroup_driver.place(fixture_host(a, CGROUP_V1), &p, a),
			    "memory.memsw.limit_in_bytes");
	assert_string_equal(cgroup_driver.place(fixture_host(a, CGROUP_V2), &p, a),
			    "memory.swap.max");
	assert_null(cgroup_driver.place(fixture_host(a, CGROUP_NONE), &p, a));
	arena_free(a);
}

static void numbers_are_the_kernels(void **state)
{
	static const struct {
		const char *text;
		uint64_t n;
	} rows[] = {
	    {"0",		       0                },
	    {"268435456",               268435456        },
	    {"256M",                    268435456        },
	    {"1k",		      1024             },
	    {"max",		     NUMBER_MAX       },
	    {"-1",		      NUMBER_MAX       },
	    {"9223372036854771712",     NUMBER_MAX       },
	    {"18446744073709551615",    NUMBER_MAX       },
	    {"99999999999999999999999", NUMBER_MAX       },
	    {"9E",		      NUMBER_MAX       },
	    {"1E",		      UINT64_C(1) << 60},
	};
	static const char *const bad[] = {"",  " 1", "1 ",      "1KB",  "x",
					  "-", "-0", "maximum", "0x10", "1.5"};
	uint64_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_true(number_read(rows[i].text, &n));
		assert_true(n == rows[i].n);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(number_read(bad[i], &n));
	assert_true(number_add(UINT64_MAX - 1, 5) == NUMBER_MAX);
	assert_true(number_add(5, 6) == 11);
	assert_true(number_round(8191, 4096) == 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_are_whole_and_sorted),
	    cmocka_unit_test(every_knob_has_its_keys),
	    cmocka_unit_test(keys_name_their_files),
	    cmocka_unit_test(single_files_are_wanted),
	    cmocka_unit_test(a_refused_cpu_set_says_why),
	    cmocka_unit_test(files_are_read_in_one_spelling),
	    cmocka_unit_test(nonsense_is_unknown),
	    cmocka_unit_test(all_that_differs_is_seen),
	    cmocka_unit_test(letting_go_goes_to_the_owners_value),
	    cmocka_unit_test(what_was_written_is_read_back),
	    cmocka_unit_test(companions_are_written_too),
	    cmocka_unit_test(refusals_name_file_value_and_reason),
	    cmocka_unit_test(a_container_that_does_not_run_is_skipped),
	    cmocka_unit_test(boot_lines_are_lxcs),
	    cmocka_unit_test(boot_swap_is_a_sum_on_v1),
	    cmocka_unit_test(places_are_this_hosts_files),
	    cmocka_unit_test(numbers_are_the_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
