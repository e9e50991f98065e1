/* reconciler/conversation, control: who floods, hangs, or talks nonsense. */
#include "tests/reconciler/straw.h"

static void nonsense_is_answered_once(void **state)
{
	static const struct {
		const char *said, *answer;
	} cases[] = {
	    {"\n",							    "this is no message"                      },
	    {"hello\n",						       "this is no message"                      },
	    {"[]\n",							  "this is no message"                      },
	    {"{\n",							   "this is no message"                      },
	    {"{\"version\":1,\"version\":1,\"request\":\"hello\"}\n",         "this is no message"                      },
	    {"{\"version\":1,\"request\":\"he\xff\"}\n",                      "this is no message"                      },
	    {"{\"version\":1,\"request\":\"a\\u0000b\"}\n",                   "this is no message"                      },
	    {"{}\n",							  "a message without a version"             },
	    {"{\"version\":\"1\"}\n",					 "a message without a version"             },
	    {"{\"version\":2,\"request\":\"hello\"}\n",                       "speaks version 2, and this end version 1"},
	    {"{\"version\":1}\n",					     "a message without a request"             },
	    {"{\"version\":1,\"request\":7}\n",                               "a message without a request"             },
	    {"{\"version\":1,\"request\":\"destroy\\u001b[2J\"}\n",
	     "unknown request 'destroy\\\\x1b[2J'"								      },
	    {"{\"version\":1,\"request\":\"status\",\"names\":\"a\"}\n",      "names is not a list"                     },
	    {"{\"version\":1,\"request\":\"status\",\"names\":[1]}\n",        "is not a text"                           },
	    {"{\"version\":1,\"request\":\"status\",\"names\":[\"../a\"]}\n", "'../a'"                                  },
	    {"{\"version\":1,\"request\":\"status\",\"names\":[\"\"]}\n",
	     "the name of the instance"										 },
	};
	struct scene *s = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		int fd = call(s);
		const char *text;
		bool gone;

		say(fd, cases[i].said);
		say(fd, POKE); /* is not heard any more */
		pump(s);
		text = hear(s, fd, &gone);
		if (!strstr(text, cases[i].answer))
			fail_msg("%s is answered by %s", cases[i].said, text);
		assert_non_null(strstr(text, "refused"));
		assert_int_equal(s->pokes, 0);
		assert_true(gone);
		close(fd);
	}
	assert_false(readable(control_fd(s->control)));
}

/* One who never ends his line: as much as fits is taken, then he is sent away. */
static void a_flood_is_cut_off(void **state)
{
	struct scene *s = *state;
	int fd = call(s);
	char piece[4096];
	size_t sent = 0;

	memset(piece, 'x', sizeof(piece));
	for (int i = 0; i < 100000; i++) {
		ssize_t n = send(fd, piece, sizeof(piece), MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno != EAGAIN)
			break;
		sent += n > 0 ? (size_t)n : 0;
		control_dispatch(s->control, s->now);
	}
	assert_true(sent < 2 * 1024 * 1024);
	assert_true(has_gone(s, fd));
	close(fd);
}

/* Thousands of requests, and no answer read: one answer waits at most. */
static void who_does_not_read_is_not_served(void **state)
{
	struct scene *s = *state;
	int fd = call(s);
	size_t said = 0;

	s->n = 1000;
	for (int i = 0; i < 100000; i++) {
		ssize_t n = send(fd, STATUS, strlen(STATUS), MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			break;
		said++;
	}
	assert_true(said > 100);
	pump(s);
	assert_false(readable(control_fd(s->control)));
	s->now += 9 * SECOND;
	control_dispatch(s->control, s->now);
	assert_false(readable(control_fd(s->control)));
	s->now += 2 * SECOND;
	control_dispatch(s->control, s->now);
	assert_true(has_gone(s, fd));
	close(fd);
}

static void half_a_line_is_not_waited_for(void **state)
{
	struct scene *s = *state;
	int fd = call(s);

	say(fd, "{\"version\":1,");
	pump(s);
	for (int i = 0; i < 9; i++) {
		s->now += SECOND;
		say(fd, " "); /* a drop now and then is no progress */
		pump(s);
		assert_false(has_gone(s, fd));
	}
	s->now += 2 * SECOND;
	control_dispatch(s->control, s->now);
	assert_true(has_gone(s, fd));
	close(fd);
}

static void half_a_line_and_away(void **state)
{
	static const char *const texts[] = {
	    "",
	    "{\"version\":1",
	    HELLO,
	    STATUS,
	    WATCH,
	    APPLY,
	    "{\"version\":1,\"request\":\"watch\",\"settle\":true}\n"};
	struct scene *s = *state;

	for (int turns = 0; turns < 5; turns++) {
		for (size_t i = 0; i < COUNT(texts); i++) {
			int fd = call(s);

			if (*texts[i])
				say(fd, texts[i]);
			for (int k = 0; k < turns; k++)
				control_dispatch(s->control, s->now);
			close(fd);
			broadcast(s, 1);
			control_print(s->control, s->applier, false, "x", 1);
			pump(s);
			control_settled(s->control, s->settler);
			control_end(s->control, s->applier, 0);
			broadcast(s, 2);
			assert_false(control_busy(s->control));
			assert_false(readable(control_fd(s->control)));
		}
	}
}

/* Who has said all and still listens: as socat does with the end of its input. */
static void one_may_stop_talking(void **state)
{
	struct scene *s = *state;
	int fd = call(s);
	const char *text;

	s->n = 300;
	say(fd, STATUS);
	shutdown(fd, SHUT_WR);
	text = hear_all(s, fd);
	assert_non_null(strstr(text, "i0299"));
	assert_string_equal(of_kind(s, text, ANSWER_READY), "yes ");
	assert_true(has_gone(s, fd));
	close(fd);
}

static void who_watches_does_not_talk(void **state)
{
	struct scene *s = *state;
	int fd = call(s);

	say(fd, WATCH);
	hear_all(s, fd);
	say(fd, HELLO);
	pump(s);
	assert_true(has_gone(s, fd));
	close(fd);
}

static void a_slow_watcher_is_dropped(void **state)
{
	struct scene *s = *state;
	int slow = call(s), fast = call(s);

	say(slow, WATCH);
	say(fast, WATCH);
	hear_all(s, fast);
	s->reason = 10000;
	for (int i = 0; i < 400; i++) {
		broadcast(s, 1);
		assert_string_equal(of_kind(s, hear_all(s, fast), ANSWER_STANDING), "i0001 ");
	}
	assert_true(has_gone(s, slow));
	assert_false(has_gone(s, fast));
	assert_false(readable(control_fd(s->control)));
	close(slow);
	close(fast);
}

static void the_silent_make_room(void **state)
{
	struct scene *s = *state;
	int fds[CONTROL_CLIENTS], one_more;

	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		fds[i] = call(s);
		if (i < 10)
			say(fds[i], WATCH);
		else if (i < 20)
			say(fds[i], APPLY);
		pump(s);
		s->now++;
	}
	one_more = call(s);
	say(one_more, HELLO);
	pump(s);
	assert_string_equal(of_kind(s, hear(s, one_more, NULL), ANSWER_HELLO), "yes ");
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		assert_int_equal(has_gone(s, fds[i]), i == 20);
	close(one_more);
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		close(fds[i]);
	pump(s);
}

static void who_waits_for_an_apply_keeps_his_place(void **state)
{
	struct scene *s = *state;
	int fds[CONTROL_CLIENTS], one_more;

	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		fds[i] = call(s);
		say(fds[i], APPLY);
		pump(s);
	}
	one_more = call(s);
	pump(s);
	assert_true(has_gone(s, one_more));
	close(one_more);
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		assert_false(has_gone(s, fds[i]));
		close(fds[i]);
	}
	pump(s);
}

static void without_fds_it_does_not_spin(void **state)
{
	struct scene *s = *state;
	int fd = call(s);
	struct rlimit before, none;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = (rlim_t)fd; /* every number below is taken */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	control_dispatch(s->control, s->now);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	if (has_gone(s, fd))
		skip_because("valgrind accepts, and then says that no fd was left");
	say(fd, HELLO);
	/* the alarm may have rung: it is set on a clock of its own */
	control_dispatch(s->control, s->now);
	assert_string_equal(hear(s, fd, NULL), "");
	s->now += 2 * SECOND;
	control_dispatch(s->control, s->now);
	assert_string_equal(of_kind(s, hear_all(s, fd), ANSWER_HELLO), "yes ");
	close(fd);
}

static void a_dead_daemons_socket_is_replaced(void **state)
{
	struct scene *s = *state;
	const char *path = socket_path(s);
	struct control *old = s->control;
	struct stat st;
	int fd;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(open_control(s), 0);
	fd = call(s);
	say(fd, HELLO);
	assert_string_equal(of_kind(s, hear_all(s, fd), ANSWER_HELLO), "yes ");
	close(fd);
	control_close(s->control);
	s->control = old;
	assert_int_equal(try_to_call(s), -1);
}

static void an_open_folder_is_refused(void **state)
{
	struct scene *s = *state;
	struct diagnostics ds;
	struct control *c = NULL;

	diagnostics_init(&ds, s->arena);
	assert_int_equal(chmod(s->folder, 0777), 0);
	assert_int_equal(
	    control_open_below(s->folder, LXCPATH, &straw_identity, &straw_calls, s, &c, &ds),
	    -EPERM);
	assert_null(c);
	assert_int_equal(ds.errors, 1);
	assert_non_null(ds.items[0].hint);
	assert_int_equal(
	    control_open_below(s->folder, "relative", &straw_identity, &straw_calls, s, &c, &ds),
	    -EINVAL);
	assert_int_equal(chmod(s->folder, 0700), 0);
}

/* Even where the folder lets him in. */
static void others_are_not_heard(void **state)
{
	struct scene *s = *state;
	int status;
	pid_t pid;

	if (geteuid() != 0)
		skip_because("needs root to be somebody else");
	assert_int_equal(chmod(s->above, 0755), 0);
	assert_int_equal(chmod(s->folder, 0755), 0);
	assert_int_equal(chmod(socket_path(s), 0666), 0);
	pid = fork();
	if (pid == 0) {
		struct pollfd p = {.events = POLLIN};
		char byte;

		if (setgid(65534) < 0 || setuid(65534) < 0)
			_exit(3);
		p.fd = try_to_call(s);
		if (p.fd < 0)
			_exit(2);
		send(p.fd, POKE, strlen(POKE), MSG_NOSIGNAL);
		poll(&p, 1, 10000);
		_exit(recv(p.fd, &byte, 1, 0) > 0 ? 1 : 0);
	}
	for (int i = 0; i < 1000 && waitpid(pid, &status, WNOHANG) == 0; i++) {
		pump(s);
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(s->pokes, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(nonsense_is_answered_once),
	    TEST(a_flood_is_cut_off),
	    TEST(who_does_not_read_is_not_served),
	    TEST(half_a_line_is_not_waited_for),
	    TEST(half_a_line_and_away),
	    TEST(one_may_stop_talking),
	    TEST(who_watches_does_not_talk),
	    TEST(a_slow_watcher_is_dropped),
	    TEST(the_silent_make_room),
	    TEST(who_waits_for_an_apply_keeps_his_place),
	    TEST(without_fds_it_does_not_spin),
	    TEST(a_dead_daemons_socket_is_replaced),
	    TEST(an_open_folder_is_refused),
	    TEST(others_are_not_heard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
