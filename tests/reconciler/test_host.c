#include "reconciler/host.h"
#include "schema/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* An --etc with subuid and subgid. */
struct etc {
	char top[64], uid[80], gid[80];
	struct arena *arena;
	struct diagnostics ds;
};

static int start(void **state)
{
	struct etc *e = calloc(1, sizeof(*e));

	strcpy(e->top, "/tmp/ek-etc.XXXXXX");
	if (!mkdtemp(e->top))
		return -1;
	snprintf(e->uid, sizeof(e->uid), "%s/subuid", e->top);
	snprintf(e->gid, sizeof(e->gid), "%s/subgid", e->top);
	e->arena = arena_new();
	diagnostics_init(&e->ds, e->arena);
	*state = e;
	return 0;
}

static int finish(void **state)
{
	struct etc *e = *state;

	unlink(e->uid);
	unlink(e->gid);
	rmdir(e->uid);
	arena_free(e->arena);
	rmdir(e->top);
	free(e);
	return 0;
}

static void put(const char *path, const char *text)
{
	FILE *f;

	unlink(path);
	if (!text)
		return;
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static const struct host *read_host(struct etc *e, const char *name)
{
	struct options o = {.host = name, .etc = e->top};

	return host_read(&o, NULL, e->arena, &e->ds);
}

static void facts_of_this_machine(void **state)
{
	const struct host *h = read_host(*state, NULL);
	struct rlimit mine;
	char name[128];

	gethostname(name, sizeof(name));
	assert_string_equal(h->name, name);
	assert_int_equal(h->page_size, sysconf(_SC_PAGESIZE));
	assert_true(h->memory > 0 && h->memory % 1024 == 0);
	assert_int_equal(h->n_cpus, sysconf(_SC_NPROCESSORS_ONLN));
	getrlimit(RLIMIT_NOFILE, &mine);
	assert_int_equal(h->rlimits[RLIMIT_NOFILE].soft, mine.rlim_cur);
	assert_int_equal(h->rlimits[RLIMIT_NOFILE].hard, mine.rlim_max);
	assert_string_equal(read_host(*state, "other")->name, "other");
}

static void missing_ranges_are_named_with_their_cure(void **state)
{
	static const struct {
		const char *uid, *gid;
		const char *say; /* NULL: there is a map */
	} rows[] = {
	    {"root:100000:65536\n",                          "root:100000:65536\n", NULL                                                           },
	    {"0:200000:65536\n",                             "0:200000:65536\n",    NULL							   },
	    {NULL,					   NULL,                  "TOP/subuid and TOP/subgid: add a line root:100000:65536 there"},
	    {"",					     "root:100000:65536\n", "in TOP/subuid: add a line root:165536:65536 there"            },
	    {"root:100000:65536\n",                          "",                    "in TOP/subgid: add a line root:165536:65536 there"            },
	    {"ann:100000:65536\n",                           "ann:100000:65536\n",  "add a line root:165536:65536 there"                           },
	    {"ann:100000:65536\nbob:165536:65536",           "",                    "add a line root:231072:65536 there"                           },
	    {"ann:300000:65536\n",                           "",                    "add a line root:100000:65536 there"                           },
	    {"root:100000:65535\n",                          "",                    "add a line root:165535:65536 there"                           },
	    {"nonsense\n:::\nroot:x:y\nann:1:99999999999\n", "\n\n",
	     "add a line root:100000:65536"													},
	};
	struct etc *e = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct host *h;
		char said[1024], *to = said;

		put(e->uid, rows[i].uid);
		put(e->gid, rows[i].gid);
		h = read_host(e, "h");
		assert_int_equal(h->idmap_missing != NULL, rows[i].say != NULL);
		assert_int_equal(h->idmap.uid.n != 0, rows[i].say == NULL);
		if (!rows[i].say)
			continue;
		for (const char *c = h->idmap_missing; *c; c++) {
			if (strncmp(c, e->top, strlen(e->top)) == 0) {
				to = stpcpy(to, "TOP");
				c += strlen(e->top) - 1;
			} else {
				*to++ = *c;
			}
		}
		*to = '\0';
		if (!strstr(said, rows[i].say))
			fail_msg("row %zu: %s", i, said);
	}
	assert_int_equal(e->ds.n, 0);
}

static void an_unreadable_file_is_a_finding(void **state)
{
	struct etc *e = *state;

	assert_int_equal(mkdir(e->uid, 0700), 0);
	assert_non_null(read_host(e, "h")->idmap_missing);
	assert_int_equal(e->ds.warnings, 1);
	assert_non_null(strstr(e->ds.items[0].message, "subuid"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(facts_of_this_machine),
	    TEST(missing_ranges_are_named_with_their_cure),
	    TEST(an_unreadable_file_is_a_finding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
