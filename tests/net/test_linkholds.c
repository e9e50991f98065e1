#include "net/linkholds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* What a look finds. */
struct scene {
	struct link_seen now[8];
	size_t n, looks;
	bool unknown;
	struct linkholds *holds;
	char told[256];
	size_t n_told;
};

static bool look(void *context, const struct watched_link *l, struct link_seen *seen, bool *unknown)
{
	struct scene *s = context;

	s->looks++;
	*unknown = s->unknown;
	for (size_t i = 0; !s->unknown && i < s->n; i++)
		if (l->index ? s->now[i].index == l->index : strcmp(s->now[i].name, l->name) == 0) {
			*seen = s->now[i];
			return true;
		}
	return false;
}

static int setup(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	s->holds = linkholds_new();
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	linkholds_free(s->holds);
	free(s);
	return 0;
}

static int compare(const void *x, const void *y)
{
	return strcmp(x, y);
}

static void note(void *context, const char *owner)
{
	struct scene *s = context;
	char(*all)[16] = (void *)s->told;

	snprintf(all[s->n_told++], sizeof(*all), "%s", owner);
	qsort(all, s->n_told, sizeof(*all), compare);
}

/* The owners that were told, in the order of their names. */
static const char *told(struct scene *s)
{
	static char out[256];
	char(*all)[16] = (void *)s->told;

	s->n_told = 0;
	*out = '\0';
	linkholds_tell(s->holds, note, s);
	for (size_t i = 0; i < s->n_told; i++)
		strcat(strcat(out, *out ? " " : ""), all[i]);
	return out;
}

static void hold(struct scene *s, const char *owner, struct watched_link l)
{
	linkholds_set(s->holds, owner, &l, 1, look, s);
}

static struct link_seen seen(int index, const char *name, uint64_t whole)
{
	return (struct link_seen){
	    .index = index, .name = name, .whole = whole, .brief = whole % 10};
}

static void saw(struct scene *s, int nsid, struct link_seen l)
{
	linkholds_saw(s->holds, nsid, &l);
}

static void tells_a_change_once(void **state)
{
	struct scene *s = *state;

	s->now[s->n++] = seen(5, "ve5", 100);
	hold(s, "web", (struct watched_link){-1, 5, NULL, false});
	assert_string_equal(told(s), "");
	saw(s, -1, seen(5, "ve5", 100));
	assert_string_equal(told(s), "");
	saw(s, -1, seen(5, "ve5", 200));
	assert_string_equal(told(s), "web");
	saw(s, -1, seen(5, "ve5", 200));
	assert_string_equal(told(s), "");
	saw(s, -1, seen(5, "ve5", 100));
	assert_string_equal(told(s), "web");
}

static void what_comes_back_before_it_is_told_is_no_change(void **state)
{
	struct scene *s = *state;

	s->now[s->n++] = seen(5, "ve5", 100);
	hold(s, "web", (struct watched_link){-1, 5, NULL, false});
	for (uint64_t i = 101; i < 110; i++)
		saw(s, -1, seen(5, "ve5", i));
	saw(s, -1, seen(5, "ve5", 100));
	assert_string_equal(told(s), "");
}

static void others_and_other_namespaces_are_left(void **state)
{
	struct scene *s = *state;

	s->now[s->n++] = seen(5, "eth0", 100);
	hold(s, "web", (struct watched_link){3, 5, NULL, false});
	assert_true(linkholds_cares(s->holds, 3, 5, "eth0"));
	assert_false(linkholds_cares(s->holds, 4, 5, "eth0"));
	assert_false(linkholds_cares(s->holds, -1, 5, "eth0"));
	assert_false(linkholds_cares(s->holds, 3, 6, "eth0"));
	assert_false(linkholds_cares(s->holds, 3, 6, NULL));
	saw(s, 4, seen(5, "eth0", 7));
	saw(s, -1, seen(5, "eth0", 7));
	saw(s, 3, seen(6, "eth0", 7));
	linkholds_went(s->holds, 4, 5);
	assert_string_equal(told(s), "");
}

static void one_that_goes_and_one_that_was_never_there(void **state)
{
	struct scene *s = *state;

	s->now[s->n++] = seen(5, "ve5", 100);
	hold(s, "web", (struct watched_link){-1, 5, NULL, false});
	hold(s, "db", (struct watched_link){-1, 6, NULL, false});
	linkholds_went(s->holds, -1, 5);
	linkholds_went(s->holds, -1, 6);
	assert_string_equal(told(s), "web");
	saw(s, -1, seen(6, "ve6", 1));
	assert_string_equal(told(s), "db");
}

static void a_name_is_awaited(void **state)
{
	struct scene *s = *state;

	hold(s, "web", (struct watched_link){-1, 0, "br0", false});
	hold(s, "db", (struct watched_link){-1, 0, "br0", false});
	assert_int_equal(s->looks, 1);
	assert_true(linkholds_cares(s->holds, -1, 9, "br0"));
	assert_false(linkholds_cares(s->holds, -1, 9, "br1"));
	saw(s, -1, seen(9, "br0", 15));
	assert_string_equal(told(s), "db web");
	/* by its name only what is brief counts */
	saw(s, -1, seen(9, "br0", 25));
	assert_string_equal(told(s), "");
	saw(s, -1, seen(9, "br0", 26));
	assert_string_equal(told(s), "db web");
	linkholds_went(s->holds, -1, 9);
	assert_string_equal(told(s), "db web");
	/* deleted and made again between two reads */
	saw(s, -1, seen(10, "br0", 15));
	assert_string_equal(told(s), "db web");
	linkholds_went(s->holds, -1, 10);
	saw(s, -1, seen(11, "br0", 15));
	assert_string_equal(told(s), "db web");
}

static void a_name_passes_from_one_to_another(void **state)
{
	struct scene *s = *state;

	s->now[s->n++] = seen(2, "eth0", 100);
	hold(s, "web", (struct watched_link){3, 0, "eth0", false});
	hold(s, "db", (struct watched_link){3, 0, "eth1", false});
	saw(s, 3, seen(2, "eth1", 101)); /* renamed */
	assert_string_equal(told(s), "db web");
	assert_true(linkholds_cares(s->holds, 3, 2, "other"));
	saw(s, 3, seen(2, "eth2", 102));
	assert_string_equal(told(s), "db");
	assert_false(linkholds_cares(s->holds, 3, 2, "other"));
	saw(s, 3, seen(2, "eth0", 100));
	assert_string_equal(told(s), "web");
	/* inside a container all that matters counts, by name, too */
	saw(s, 3, seen(2, "eth0", 110));
	assert_string_equal(told(s), "web");
}

static void an_owner_is_told_once(void **state)
{
	struct scene *s = *state;
	const struct watched_link links[] = {
	    {-1, 5, NULL,  false},
            {3,  2, NULL,  false},
            {-1, 0, "br0", false},
            {-1, 5, NULL,  false}
        };

	linkholds_set(s->holds, "web", links, 4, look, s);
	assert_int_equal(linkholds_count(s->holds), 3);
	saw(s, -1, seen(5, "ve5", 1));
	saw(s, 3, seen(2, "eth0", 1));
	saw(s, -1, seen(1, "br0", 1));
	assert_string_equal(told(s), "web");
	assert_string_equal(told(s), "");
}

static void what_is_held_again_keeps_what_is_known(void **state)
{
	struct scene *s = *state;
	const struct watched_link both[] = {
	    {-1, 5, NULL, false},
            {-1, 6, NULL, false}
        };

	s->now[s->n++] = seen(5, "ve5", 100);
	hold(s, "web", both[0]);
	s->now[0].whole = 200; /* changed, and its event not read yet */
	linkholds_set(s->holds, "web", both, 2, look, s);
	assert_int_equal(s->looks, 2);
	saw(s, -1, seen(5, "ve5", 200));
	assert_string_equal(told(s), "web");
	hold(s, "web", both[1]);
	saw(s, -1, seen(5, "ve5", 300));
	assert_string_equal(told(s), "");
	assert_int_equal(linkholds_count(s->holds), 1);
	linkholds_set(s->holds, "web", NULL, 0, look, s);
	linkholds_set(s->holds, "nobody", NULL, 0, look, s);
	assert_int_equal(linkholds_count(s->holds), 0);
	assert_false(linkholds_cares(s->holds, -1, 6, NULL));
}

static void doubt_makes_the_next_thing_seen_news(void **state)
{
	struct scene *s = *state;

	s->now[s->n++] = seen(5, "ve5", 100);
	hold(s, "web", (struct watched_link){-1, 5, NULL, false});
	hold(s, "db", (struct watched_link){-1, 6, NULL, false});
	linkholds_doubt(s->holds);
	assert_string_equal(told(s), "");
	saw(s, -1, seen(5, "ve5", 100));
	assert_string_equal(told(s), "web");
	saw(s, -1, seen(5, "ve5", 100));
	assert_string_equal(told(s), "");
	s->unknown = true;
	hold(s, "app", (struct watched_link){-1, 7, NULL, false});
	saw(s, -1, seen(7, "ve7", 1));
	assert_string_equal(told(s), "app");
}

static void queueing_counts_for_what_is_shaped(void **state)
{
	struct scene *s = *state;

	s->now[s->n++] = (struct link_seen){5, "ve5", 1, 1, true};
	s->now[s->n++] = (struct link_seen){6, "br0", 1, 1, false};
	s->now[s->n++] = (struct link_seen){7, "ekifb5", 1, 1, true};
	hold(s, "web", (struct watched_link){-1, 5, NULL, false});
	hold(s, "db", (struct watched_link){-1, 6, NULL, false});
	hold(s, "app", (struct watched_link){-1, 0, "ekifb5", false});
	hold(s, "in", (struct watched_link){2, 5, NULL, false});
	linkholds_queueing(s->holds, 6);
	linkholds_queueing(s->holds, 9);
	assert_string_equal(told(s), "");
	linkholds_queueing(s->holds, 5);
	linkholds_queueing(s->holds, 5);
	assert_string_equal(told(s), "web");
	linkholds_queueing(s->holds, 7);
	assert_string_equal(told(s), "app");
}

static void routes_count_for_who_asked(void **state)
{
	struct scene *s = *state;

	s->now[s->n++] = seen(6, "br0", 1);
	assert_false(linkholds_routes(s->holds));
	hold(s, "web", (struct watched_link){-1, 0, "br0", true});
	hold(s, "db", (struct watched_link){-1, 0, "br0", false});
	assert_true(linkholds_routes(s->holds));
	linkholds_routing(s->holds, 6);
	assert_string_equal(told(s), "web");
	linkholds_routing(s->holds, 7);
	assert_string_equal(told(s), "");
	hold(s, "web", (struct watched_link){-1, 0, "br0", false});
	assert_false(linkholds_routes(s->holds));
	linkholds_routing(s->holds, 6);
	assert_string_equal(told(s), "");
}

static void what_cannot_be_held_is_left_out(void **state)
{
	static const struct watched_link bad[] = {
	    {-2, 5,  NULL,                 false},
	    {-1, -5, NULL,                 false},
	    {-1, 0,  NULL,                 false},
	    {-1, 0,  "",                   false},
	    {-1, 0,  "a-name-of-17-bytes", false},
	    {-1, 0,  "a-name-of-16-byt",   false},
	};
	struct scene *s = *state;

	linkholds_set(s->holds, "web", bad, sizeof(bad) / sizeof(*bad), look, s);
	assert_int_equal(linkholds_count(s->holds), 0);
	assert_int_equal(s->looks, 0);
	assert_false(linkholds_cares(s->holds, -1, 1, "a-name-of-17-bytes"));
}

static void count(void *context, const char *owner)
{
	(void)owner;
	++*(size_t *)context;
}

static double seconds_for(struct scene *s, int n)
{
	struct timespec from, to;
	size_t found = 0;
	char owner[16];

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	for (int i = 1; i <= n; i++) {
		const struct watched_link links[] = {
		    {-1, 2 * i, NULL,  false},
                    {i,  2,     NULL,  false},
                    {-1, 0,     "br0", false}
                };

		snprintf(owner, sizeof(owner), "web%d", i);
		linkholds_set(s->holds, owner, links, 3, look, s);
	}
	for (int i = 1; i <= n; i++) {
		saw(s, -1, seen(2 * i, "ve", 1));
		saw(s, -1, seen(2 * i + 1, "dummy", 1));
	}
	linkholds_tell(s->holds, count, &found);
	assert_int_equal(found, n);
	for (int i = 1; i <= n; i++) {
		snprintf(owner, sizeof(owner), "web%d", i);
		linkholds_set(s->holds, owner, NULL, 0, look, s);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	assert_int_equal(linkholds_count(s->holds), 0);
	return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

/* Ten times as many cost about ten times as much. */
static void many_are_not_quadratic(void **state)
{
	struct scene *s = *state;
	double few = seconds_for(s, 2000), many = seconds_for(s, 20000);

	print_message("2000: %.1f ms, 20000: %.1f ms\n", few * 1e3, many * 1e3);
	assert_true(many < 40 * few + 0.05);
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    test(tells_a_change_once),
	    test(what_comes_back_before_it_is_told_is_no_change),
	    test(others_and_other_namespaces_are_left),
	    test(one_that_goes_and_one_that_was_never_there),
	    test(a_name_is_awaited),
	    test(a_name_passes_from_one_to_another),
	    test(an_owner_is_told_once),
	    test(what_is_held_again_keeps_what_is_known),
	    test(doubt_makes_the_next_thing_seen_news),
	    test(queueing_counts_for_what_is_shaped),
	    test(routes_count_for_who_asked),
	    test(what_cannot_be_held_is_left_out),
	    test(many_are_not_quadratic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
