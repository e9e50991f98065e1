/* reconciler/pauses: the file of what is paused, and what holds of it. */
#include "reconciler/pauses.h"

#include "schema/arena.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BOOT "8af4ecda-240e-4baf-b252-4a5b31ebda4d"
#define FIRST "evenkeel-pauses 1 " BOOT "\n"
#define SECOND UINT64_C(1000000000)

/* A folder of its own for the files; the LXC path is beside it. */
struct scene {
	struct arena *arena;
	char *above, *folder;
	const char *lxcpath;
};

static int set_up(void **state)
{
	struct arena *a = arena_new();
	struct scene *s = arena_alloc(a, sizeof(*s));

	s->arena = a;
	s->above = arena_strdup(a, "/tmp/ek-test-pauses-XXXXXX");
	if (!mkdtemp(s->above))
		return -1;
	s->folder = arena_printf(a, "%s/run", s->above);
	s->lxcpath = "/tmp/ek-test-no-such-lxcpath";
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *s = *state;
	DIR *folder = opendir(s->folder);
	const struct dirent *entry;

	while (folder && (entry = readdir(folder)))
		unlinkat(dirfd(folder), entry->d_name, 0);
	if (folder)
		closedir(folder);
	rmdir(s->folder);
	rmdir(s->above);
	arena_free(s->arena);
	return 0;
}

/* "NAME END UNTIL REASON;" of each */
static const char *shown(const struct pauses *p, struct arena *a)
{
	const char *out = "";

	for (size_t i = 0; i < p->n; i++)
		out = arena_printf(a, "%s%s %llu %llu %s;", out, p->items[i].name,
				   (unsigned long long)p->items[i].end,
				   (unsigned long long)p->items[i].until, p->items[i].reason);
	return out;
}

static void texts_are_read(void **state)
{
	static const struct {
		const char *text, *shown;
	} cases[] = {
	    {"",								      ""			      },
	    {FIRST,								   ""			      },
	    {FIRST "web1 0 0 %-\n",						   "web1 0 0 ;"                    },
	    {FIRST "web1 5 7 new%20disk",					     "web1 5 7 new disk;"            },
	    {FIRST "b 1 2 x\na 3 4 y\n",					      "a 3 4 y;b 1 2 x;"              },
 /* of two about one: the later end, and none is the latest */
	    {FIRST "a 1 2 x\na 3 4 y\n",					      "a 3 4 y;"                      },
	    {FIRST "a 3 4 y\na 1 2 x\n",					      "a 3 4 y;"                      },
	    {FIRST "a 0 0 y\na 1 2 x\n",					      "a 0 0 y;"                      },
	    {FIRST "a 1 2 y\na 0 0 x\n",					      "a 0 0 x;"                      },
 /* another boot, another version, nothing of ours */
	    {"evenkeel-pauses 1 00000000-240e-4baf-b252-4a5b31ebda4d\nweb1 0 0 %-\n", ""                              },
	    {"evenkeel-pauses 2 " BOOT "\nweb1 0 0 %-\n",                             ""                              },
	    {"web1 0 0 %-\n",							 ""                              },
	    {"\nweb1 0 0 %-\n",						       ""                              },
 /* lines that are none cost only themselves */
	    {FIRST "\nweb1 0 0 %-\n",						 "web1 0 0 ;"                    },
	    {FIRST "web1 0 0\nweb2 0 0 %-\n",                                         "web2 0 0 ;"                    },
	    {FIRST "web1 0 0 a b\nweb2 0 0 %-\n",                                     "web2 0 0 ;"                    },
	    {FIRST "web1 -1 0 a\nweb1 x 0 a\nweb1 0 1.5 a\nweb2 0 0 %-\n",            "web2 0 0 ;"                    },
	    {FIRST "web1 18446744073709551615 18446744073709551616 a\n",              ""                              },
	    {FIRST "web1 18446744073709551615 1 a\n",                                 "web1 18446744073709551615 1 a;"},
	    {FIRST "../etc 0 0 a\n-a 0 0 a\n. 0 0 a\nweb2 0 0 %-\n",                  "web2 0 0 ;"                    },
	    {FIRST "web1 0 0 %0\nweb1 0 0 %00\nweb1 0 0 %zz\n",                       ""                              },
	};
	struct scene *s = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pauses p;
		size_t n = strlen(cases[i].text);

		pauses_parse(arena_strdup(s->arena, cases[i].text), n, BOOT, s->arena, &p);
		assert_string_equal(shown(&p, s->arena), cases[i].shown);
	}
}

static void a_nul_is_no_end_of_the_text(void **state)
{
	static const char text[] = FIRST "a 0 0 x\0y\nb 0 0 z\n";
	struct scene *s = *state;
	char copy[sizeof(text)];
	struct pauses p;

	memcpy(copy, text, sizeof(text));
	pauses_parse(copy, sizeof(text) - 1, BOOT, s->arena, &p);
	assert_string_equal(shown(&p, s->arena), "b 0 0 z;");
}

static void what_is_printed_is_read(void **state)
{
	struct pause items[] = {
	    {.name = "a", .reason = ""                                },
	    { .name = "b.c", .end = 5, .until = 7, .reason = "50% of a\tdisk\nis \x01 \xff new"},
	};
	struct pauses p = {items, COUNT(items)}, again;
	struct scene *s = *state;
	size_t n;
	char *text = pauses_render(&p, BOOT, s->arena, &n);

	text = arena_strndup(s->arena, text, n);
	pauses_parse(text, n, BOOT, s->arena, &again);
	assert_string_equal(shown(&again, s->arena), shown(&p, s->arena));
}

static void set_one(const struct scene *s, const char *name, uint64_t end, const char *reason)
{
	struct pause p = {.name = name, .end = end, .until = end, .reason = reason};

	assert_int_equal(pauses_set_below(s->folder, s->lxcpath, &p), 0);
}

static const char *loaded(const struct scene *s)
{
	struct pauses p;

	assert_int_equal(pauses_load_below(s->folder, s->lxcpath, s->arena, &p), 0);
	return shown(&p, s->arena);
}

static void they_are_set_and_cleared(void **state)
{
	static const char *const names[] = {"a", "nobody"};
	struct scene *s = *state;
	size_t gone = 9;
	struct stat st;

	assert_string_equal(loaded(s), "");
	assert_int_equal(stat(s->folder, &st), -1); /* who only looks makes nothing */
	set_one(s, "b", 0, "new disk");
	set_one(s, "a", UINT64_MAX, "");
	assert_string_equal(loaded(s),
			    "a 18446744073709551615 18446744073709551615 ;b 0 0 new disk;");
	set_one(s, "a", 0, "for good");
	assert_string_equal(loaded(s), "a 0 0 for good;b 0 0 new disk;");
	assert_int_equal(pauses_clear_below(s->folder, s->lxcpath, names, 2, &gone), 0);
	assert_int_equal(gone, 1);
	assert_string_equal(loaded(s), "b 0 0 new disk;");
	assert_int_equal(pauses_clear_below(s->folder, s->lxcpath, names, 2, &gone), 0);
	assert_int_equal(gone, 0);
	assert_int_equal(stat(s->folder, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

static void what_ended_is_dropped(void **state)
{
	static const char *const names[] = {"a"};
	struct scene *s = *state;
	size_t gone = 9;

	set_one(s, "a", 1, "long ago");
	assert_string_equal(loaded(s), "a 1 1 long ago;");
	set_one(s, "b", 0, "");
	assert_string_equal(loaded(s), "b 0 0 ;");
	set_one(s, "a", 1, "long ago");
	assert_int_equal(pauses_clear_below(s->folder, s->lxcpath, names, 1, &gone), 0);
	assert_int_equal(gone, 0);
}

static void each_path_has_its_own(void **state)
{
	struct scene *s = *state;
	struct pauses p;

	set_one(s, "a", 0, "");
	assert_int_equal(pauses_load_below(s->folder, "/tmp/ek-test-other", s->arena, &p), 0);
	assert_int_equal(p.n, 0);
	assert_int_equal(pauses_load_below(s->folder, "relative", s->arena, &p), -EINVAL);
	/* other spellings of one path are that path */
	assert_int_equal(
	    pauses_load_below(s->folder, "/tmp/../tmp/./ek-test-no-such-lxcpath", s->arena, &p), 0);
	assert_int_equal(p.n, 1);
}

/* Many at once: each reads, changes and writes all of it, and none is lost. */
static void nobody_is_lost_among_many(void **state)
{
	enum { MANY = 12 };
	struct scene *s = *state;
	struct pauses p;

	for (int i = 0; i < MANY; i++) {
		if (fork() == 0) {
			char name[16];
			struct pause one = {.name = name, .reason = ""};

			snprintf(name, sizeof(name), "c%d", i);
			_exit(pauses_set_below(s->folder, s->lxcpath, &one) ? 1 : 0);
		}
	}
	for (int i = 0; i < MANY; i++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(pauses_load_below(s->folder, s->lxcpath, s->arena, &p), 0);
	assert_int_equal(p.n, MANY);
}

static void an_open_folder_is_refused(void **state)
{
	struct scene *s = *state;
	struct pause one = {.name = "a", .reason = ""};
	struct pauses p;

	assert_int_equal(mkdir(s->folder, 0700), 0);
	assert_int_equal(chmod(s->folder, 0777), 0);
	assert_int_equal(pauses_set_below(s->folder, s->lxcpath, &one), -EPERM);
	assert_int_equal(pauses_load_below(s->folder, s->lxcpath, s->arena, &p), -EPERM);
	assert_int_equal(p.n, 0);
	assert_int_equal(chmod(s->folder, 0700), 0);
}

static void the_later_end_holds(void **state)
{
	static const struct {
		bool told;
		uint64_t end; /* by command, s on CLOCK_BOOTTIME */
		bool written;
		uint64_t until; /* by manifest, s on CLOCK_REALTIME */
		const char *which;
	} cases[] = {
	    {false, 0,   false, 0,    NULL     },
            {true,  0,   false, 0,    "told"   },
	    {true,  101, false, 0,    "told"   },
            {true,  100, false, 0,    NULL     }, /* ended this moment */
	    {true,  99,  false, 0,    NULL     },
            {false, 0,   true,  0,    "written"},
	    {false, 0,   true,  5001, "written"},
            {false, 0,   true,  5000, NULL     },
	    {false, 0,   true,  10,   NULL     },
            {true,  0,   true,  5001, "told"   },
	    {true,  101, true,  0,    "written"},
            {true,  101, true,  5002, "written"},
	    {true,  103, true,  5002, "told"   },
            {true,  99,  true,  5002, "written"},
	    {true,  103, true,  4000, "told"   },
	};
	struct scene *s = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pause told = {
		    .name = "web1", .end = cases[i].end * SECOND, .reason = "told"};
		struct pauses p = {&told, cases[i].told};
		struct document d = {
		    .name = "web1",
		    .paused = {
			       .given = cases[i].written, .until = cases[i].until, .reason = "written"}
                };
		const struct pause *holds = pauses_of(&p, &d, 100 * SECOND, 5000, s->arena);

		if (!cases[i].which) {
			assert_null(holds);
			continue;
		}
		assert_non_null(holds);
		assert_string_equal(holds->reason, cases[i].which);
		assert_string_equal(holds->name, "web1");
	}
}

static void a_date_is_told_on_both_clocks(void **state)
{
	struct document d = {
	    .name = "web1", .paused = {.given = true, .until = 5060, .reason = ""}
        };
	struct scene *s = *state;
	const struct pause *p = pauses_of(NULL, &d, 100 * SECOND, 5000, s->arena);

	assert_int_equal(p->end, 160 * SECOND);
	assert_int_equal(p->until, 5060);
	d.paused.until = UINT64_MAX;
	p = pauses_of(NULL, &d, 100 * SECOND, 5000, s->arena);
	assert_true(p->end == UINT64_MAX);
}

static void they_are_put_in_words(void **state)
{
	static const struct {
		uint64_t until;
		const char *reason, *words;
	} cases[] = {
	    {0,          "",            ""					 },
	    {0,          "disk",        "disk"				     },
	    {1796119200, "",            "until 2026-12-01T10:00:00Z"               },
	    {1796119200, "a\nb\033[2J", "until 2026-12-01T10:00:00Z: a\\nb\\x1b[2J"},
	};
	struct scene *s = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pause p = {.until = cases[i].until, .reason = cases[i].reason};

		assert_string_equal(pause_words(&p, s->arena), cases[i].words);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(texts_are_read),
	    TEST(a_nul_is_no_end_of_the_text),
	    TEST(what_is_printed_is_read),
	    TEST(they_are_set_and_cleared),
	    TEST(what_ended_is_dropped),
	    TEST(each_path_has_its_own),
	    TEST(nobody_is_lost_among_many),
	    TEST(an_open_folder_is_refused),
	    TEST(the_later_end_holds),
	    TEST(a_date_is_told_on_both_clocks),
	    TEST(they_are_put_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
