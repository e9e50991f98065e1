/* reconciler/control: the daemon's socket, and what it answers. */
#include "tests/reconciler/straw.h"

static void it_says_who_it_is(void **state)
{
	struct scene *s = *state;
	int fd = call(s);
	struct answer r;
	const char *text, *why;

	say(fd, HELLO);
	text = hear_all(s, fd);
	assert_int_equal(answer_parse(text, strlen(text) - 1, s->arena, &r, &why), 0);
	assert_int_equal(r.kind, ANSWER_HELLO);
	assert_int_equal(r.pid, getpid());
	assert_string_equal(r.directory, "/etc/evenkeel");
	assert_string_equal(r.lxcpath, LXCPATH);
	assert_string_equal(r.program, EVENKEEL_VERSION);
	assert_null(r.owner);
	close(fd);
}

static void nobody_asks_nothing_happens(void **state)
{
	struct scene *s = *state;
	int fd;

	assert_false(readable(control_fd(s->control)));
	assert_false(control_busy(s->control));
	fd = call(s);
	say(fd, HELLO);
	pump(s);
	hear(s, fd, NULL);
	assert_false(readable(control_fd(s->control)));
	close(fd);
	pump(s);
	assert_false(readable(control_fd(s->control)));
}

static void all_are_told_in_pieces(void **state)
{
	static const size_t counts[] = {0, 1, 127, 128, 129, 1000};
	struct scene *s = *state;

	s->reason = 500;
	s->findings = "a.yaml:1:1: error: bad\n";
	for (size_t i = 0; i < COUNT(counts); i++) {
		int fd = call(s);
		const char *text, *expected = "";

		s->n = counts[i];
		for (size_t k = 0; k < s->n; k++)
			expected =
			    arena_printf(s->arena, "%s%s ", expected, instance_name(s->arena, k));
		say(fd, STATUS);
		text = hear_all(s, fd);
		assert_string_equal(of_kind(s, text, ANSWER_STANDING), expected);
		assert_string_equal(of_kind(s, text, ANSWER_OUTPUT), "a.yaml:1:1: error: bad\n ");
		assert_string_equal(of_kind(s, text, ANSWER_READY), "yes ");
		say(fd, HELLO); /* and the next */
		assert_string_equal(of_kind(s, hear_all(s, fd), ANSWER_HELLO), "yes ");
		close(fd);
	}
}

static void some_are_told(void **state)
{
	struct scene *s = *state;
	int fd = call(s);
	const char *text;

	say(fd, "{\"version\":1,\"request\":\"status\",\"names\":[\"i0002\",\"web1\",\"i0000\"],"
		"\"digest\":true}\n");
	text = hear_all(s, fd);
	assert_string_equal(of_kind(s, text, ANSWER_STANDING), "i0002 i0000 ");
	assert_string_equal(of_kind(s, text, ANSWER_UNKNOWN), "web1 ");
	assert_non_null(strstr(text, "d1g3st"));
	close(fd);
}

static void what_settles_is_waited_for(void **state)
{
	struct scene *s = *state;
	int fd = call(s);

	say(fd, "{\"version\":1,\"request\":\"watch\",\"settle\":true}\n");
	assert_string_equal(hear_all(s, fd), "");
	assert_true(control_busy(s->control));
	s->now += 3600 * SECOND; /* for as long as it takes */
	control_dispatch(s->control, s->now);
	assert_string_equal(hear_all(s, fd), "");
	control_settled(s->control, s->settler + 1);
	assert_string_equal(hear_all(s, fd), "");
	control_settled(s->control, s->settler);
	assert_string_equal(of_kind(s, hear_all(s, fd), ANSWER_STANDING), "i0000 i0001 i0002 ");
	close(fd);
}

static void watchers_hear_each_change(void **state)
{
	struct scene *s = *state;
	int all = call(s), one = call(s), silent = call(s);
	const char *text;

	say(all, WATCH);
	say(one, "{\"version\":1,\"request\":\"watch\",\"names\":[\"i0001\"]}\n");
	assert_string_equal(of_kind(s, hear_all(s, all), ANSWER_STANDING), "i0000 i0001 i0002 ");
	assert_string_equal(of_kind(s, hear_all(s, one), ANSWER_STANDING), "i0001 ");
	broadcast(s, 1);
	broadcast(s, 2);
	control_broadcast_gone(s->control, "i0000");
	text = hear_all(s, all);
	assert_string_equal(of_kind(s, text, ANSWER_STANDING), "i0001 i0002 ");
	assert_string_equal(of_kind(s, text, ANSWER_GONE), "i0000 ");
	text = hear_all(s, one);
	assert_string_equal(of_kind(s, text, ANSWER_STANDING), "i0001 ");
	assert_string_equal(of_kind(s, text, ANSWER_GONE), "");
	s->now += 3600 * SECOND;
	control_dispatch(s->control, s->now); /* who only watches is not silent */
	assert_false(has_gone(s, all));
	assert_true(has_gone(s, silent));
	close(all);
	close(one);
	close(silent);
}

/* A change between two pieces is told if its instance was, and else with it. */
static void no_change_is_lost_between_pieces(void **state)
{
	struct scene *s = *state;
	int fd = call(s);
	const char *text;

	s->n = 300;
	say(fd, WATCH);
	control_dispatch(s->control, s->now); /* it is let in */
	control_dispatch(s->control, s->now); /* its request */
	control_dispatch(s->control, s->now); /* the first piece */
	text = hear(s, fd, NULL);
	assert_non_null(strstr(text, "i0127"));
	assert_null(strstr(text, "i0128"));
	broadcast(s, 127);
	broadcast(s, 128);
	text = hear(s, fd, NULL);
	assert_string_equal(of_kind(s, text, ANSWER_STANDING), "i0127 ");
	text = hear_all(s, fd);
	assert_non_null(strstr(text, "i0128"));
	assert_non_null(strstr(text, "i0299"));
	close(fd);
}

static void apply_is_carried_out(void **state)
{
	struct scene *s = *state;
	int fd = call(s);
	const char *text;

	say(fd, "{\"version\":1,\"request\":\"apply\",\"names\":[\"i0001\"],\"verbosity\":2,"
		"\"json\":true,\"all\":true,\"show_secrets\":true}\n");
	assert_string_equal(hear_all(s, fd), "");
	assert_int_equal(s->applies, 1);
	assert_int_equal(s->asked.n, 1);
	assert_int_equal(s->asked.verbosity, 2);
	assert_true(s->asked.json && s->asked.all && s->asked.show_secrets && !s->asked.color);
	control_print(s->control, s->applier, true, "w\xc3\xa4rning\n", 9);
	control_print(s->control, s->applier, false, "", 0);
	control_print(s->control, s->applier + 7, false, "not for you", 11);
	control_print(s->control, s->applier, false, "done\n", 5);
	control_end(s->control, s->applier, 1);
	control_end(s->control, s->applier, 2);
	control_print(s->control, s->applier, false, "too late\n", 9);
	text = hear_all(s, fd);
	assert_string_equal(of_kind(s, text, ANSWER_OUTPUT), "w\xc3\xa4rning\n done\n ");
	assert_string_equal(of_kind(s, text, ANSWER_END), "yes ");
	assert_non_null(strstr(text, "\"status\":1"));
	close(fd);
}

static void apply_may_end_at_once(void **state)
{
	struct scene *s = *state;
	int fd = call(s);
	const char *text;

	s->ends_at_once = true;
	say(fd, "{\"version\":1,\"request\":\"apply\",\"names\":[\"i0001\"]}\n" HELLO);
	text = hear_all(s, fd);
	assert_string_equal(of_kind(s, text, ANSWER_OUTPUT), "done\n ");
	assert_string_equal(of_kind(s, text, ANSWER_HELLO), "yes ");
	assert_int_equal(s->names, 5);
	close(fd);
}

/* A long text comes in pieces that are cut between characters. */
static void long_outputs_arrive_whole(void **state)
{
	struct scene *s = *state;
	size_t n = 3 * 100000 + 1;
	char *text = arena_alloc(s->arena, n + 1);
	const char *heard, *end, *why;
	char *joined = arena_alloc(s->arena, n + 1);
	size_t got = 0;
	int fd = call(s);

	text[0] = 'x';
	for (size_t i = 1; i < n; i += 3)
		memcpy(text + i, "\xe2\x82\xac", 3);
	say(fd, APPLY);
	pump(s);
	control_print(s->control, s->applier, false, text, n);
	control_end(s->control, s->applier, 0);
	heard = hear_all(s, fd);
	for (; (end = strchr(heard, '\n')); heard = end + 1) {
		struct answer r;

		assert_int_equal(answer_parse(heard, (size_t)(end - heard), s->arena, &r, &why), 0);
		if (r.kind != ANSWER_OUTPUT)
			continue;
		assert_true(got + strlen(r.text) <= n);
		memcpy(joined + got, r.text, strlen(r.text));
		got += strlen(r.text);
	}
	assert_int_equal(got, n);
	assert_memory_equal(joined, text, n);
	close(fd);
}

static void small_requests_are_answered(void **state)
{
	struct scene *s = *state;
	int fd = call(s);
	const char *text;

	say(fd, POKE POKE "{\"version\":1,\"request\":\"managed\",\"names\":[\"i7\",\"x\"]}\n");
	text = hear_all(s, fd);
	assert_int_equal(s->pokes, 2);
	assert_string_equal(of_kind(s, text, ANSWER_DONE), "yes yes ");
	assert_non_null(strstr(text, "[\"i7\"]"));
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(it_says_who_it_is),
	    TEST(nobody_asks_nothing_happens),
	    TEST(all_are_told_in_pieces),
	    TEST(some_are_told),
	    TEST(what_settles_is_waited_for),
	    TEST(watchers_hear_each_change),
	    TEST(no_change_is_lost_between_pieces),
	    TEST(apply_is_carried_out),
	    TEST(apply_may_end_at_once),
	    TEST(long_outputs_arrive_whole),
	    TEST(small_requests_are_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
