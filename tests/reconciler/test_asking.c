/* reconciler/asking: who asks the daemon is not held up by it, nor led astray. */
#include "reconciler/asking.h"

#include "reconciler/options.h"
#include "reconciler/runfolder.h"
#include "schema/arena.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LXCPATH "/tmp/ek-test-no-such-lxcpath"
#define HELLO                                                                                      \
	"{\"version\":1,\"answer\":\"hello\",\"pid\":77,\"directory\":\"/\",\"lxcpath\":\"/l\","   \
	"\"host\":\"here\",\"etc\":\"/etc\"}\n"

struct scene {
	struct arena *arena;
	char *above, *folder, *path;
	pid_t server;
};

static int set_up(void **state)
{
	struct arena *a = arena_new();
	struct scene *s = arena_alloc(a, sizeof(*s));
	char digest[RUNFOLDER_DIGEST + 1];

	s->arena = a;
	s->above = arena_strdup(a, "/tmp/ek-test-asking-XXXXXX");
	if (!mkdtemp(s->above) || runfolder_digest(LXCPATH, digest) < 0)
		return -1;
	s->folder = arena_printf(a, "%s/run", s->above);
	s->path = arena_printf(a, "%s/control-%s", s->folder, digest);
	*state = s;
	return 0;
}

static void end_server(struct scene *s)
{
	if (s->server > 0) {
		kill(s->server, SIGKILL);
		waitpid(s->server, NULL, 0);
	}
	s->server = 0;
	unlink(s->path);
}

static int tear_down(void **state)
{
	struct scene *s = *state;

	end_server(s);
	rmdir(s->folder);
	rmdir(s->above);
	arena_free(s->arena);
	return 0;
}

/* What a daemon says to the one who calls, and what it does then. */
struct script {
	const char *said;
	bool in_drops; /* byte by byte */
	bool forever;  /* the last line does not end */
	bool stays;    /* it does not hang up */
};

static void say(int fd, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t done = send(fd, text, n, MSG_NOSIGNAL);

		if (done <= 0)
			_exit(0);
		text += done;
		n -= (size_t)done;
	}
}

static void play(int listener, const struct script *script)
{
	int fd = accept(listener, NULL, NULL);
	char piece[4096];

	recv(fd, piece, sizeof(piece), 0); /* its hello */
	if (script->in_drops)
		for (const char *at = script->said; *at; at++)
			say(fd, at, 1);
	else
		say(fd, script->said, strlen(script->said));
	memset(piece, 'x', sizeof(piece));
	while (script->forever)
		say(fd, piece, sizeof(piece));
	while (script->stays)
		pause();
	_exit(0);
}

static void serve(struct scene *s, const struct script *script)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	end_server(s);
	mkdir(s->folder, 0700);
	assert_true(strlen(s->path) < sizeof(address.sun_path));
	memcpy(address.sun_path, s->path, strlen(s->path) + 1);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 4), 0);
	s->server = script ? fork() : 0;
	if (script && s->server == 0)
		play(listener, script);
	close(listener);
}

static enum asked ask(struct scene *s, struct asking *k, const char **why)
{
	return asking_open_below(s->folder, k, LXCPATH, s->arena, why);
}

static void without_a_daemon_there_is_nobody(void **state)
{
	struct scene *s = *state;
	const char *why;
	struct asking k;
	struct stat st;

	assert_int_equal(ask(s, &k, &why), ASKED_NOBODY);
	assert_int_equal(stat(s->folder, &st), -1); /* and nothing is made */
	assert_int_equal(mkdir(s->folder, 0700), 0);
	assert_int_equal(ask(s, &k, &why), ASKED_NOBODY);
	serve(s, NULL); /* the socket of one who died */
	assert_int_equal(stat(s->path, &st), 0);
	assert_int_equal(ask(s, &k, &why), ASKED_NOBODY);
	assert_int_equal(chmod(s->folder, 0777), 0); /* anybody's socket is not believed */
	assert_int_equal(ask(s, &k, &why), ASKED_NOBODY);
	assert_int_equal(chmod(s->folder, 0700), 0);
}

static void odd_daemons_are_asked_in_vain(void **state)
{
	static const struct {
		struct script script;
		const char *why;
	} cases[] = {
	    {{.said = ""},							      "Connection reset"  },
	    {{.said = "hello\n"},						       "this is no message"},
	    {{.said = "{\"version\":1}\n"},					     "not understood"    },
	    {{.said = "{\"version\":9,\"answer\":\"hello\"}\n"},
	     "the daemon speaks version 9, and this end version 1"                                          },
	    {{.said = "{\"version\":1,\"answer\":\"hello\"}\n"},                        "not understood"    },
	    {{.said = "{\"version\":1,\"answer\":\"refused\",\"text\":\"go away\"}\n"}, "go away"           },
	    {{.said = "{\"version\":1,\"answer\":\"done\"}\n"},                         ""                  },
	    {{.said = "{\"version\":1,\"ans", .stays = true},                           "it does not answer"},
	    {{.said = "", .forever = true},					     ""                  },
	};
	struct scene *s = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t before = asking_now();
		const char *why = NULL;
		struct asking k;

		serve(s, &cases[i].script);
		assert_int_equal(ask(s, &k, &why), ASKED_IN_VAIN);
		assert_non_null(why);
		if (!strstr(why, cases[i].why))
			fail_msg("%zu: %s", i, why);
		assert_true(asking_now() - before < 3 * ASKING_PATIENCE);
	}
}

static void answers_are_put_together(void **state)
{
	const struct script script = {
	    .said = HELLO "{\"version\":1,\"answer\":\"output\",\"text\":\"a\\u20acb\"}\n"
			  "{\"version\":1,\"answer\":\"end\",\"status\":1}\n"
			  "{\"version\":1,\"answer\":\"do",
	    .in_drops = true};
	struct scene *s = *state;
	const char *why = NULL;
	struct asking k;
	struct answer r;

	serve(s, &script);
	assert_int_equal(ask(s, &k, &why), ASKED_FINE);
	assert_int_equal(k.daemon.pid, 77);
	assert_string_equal(k.daemon.host, "here");
	assert_int_equal(asking_next(&k, UINT64_MAX, false, s->arena, &r, &why), 0);
	assert_string_equal(r.text, "a\xe2\x82\xac"
				    "b");
	assert_int_equal(asking_next(&k, UINT64_MAX, false, s->arena, &r, &why), 0);
	assert_int_equal(r.kind, ANSWER_END);
	assert_int_equal(r.status, 1);
	assert_int_equal(asking_next(&k, UINT64_MAX, false, s->arena, &r, &why), -ECONNRESET);
	asking_close(&k);
}

static void nobody_waits_longer_than_he_wants(void **state)
{
	const struct script script = {.said = HELLO, .stays = true};
	struct scene *s = *state;
	uint64_t before;
	const char *why = NULL;
	struct asking k;
	struct answer r;

	serve(s, &script);
	assert_int_equal(ask(s, &k, &why), ASKED_FINE);
	before = asking_now();
	assert_int_equal(asking_next(&k, before + 50000000, false, s->arena, &r, &why), -ETIMEDOUT);
	assert_true(asking_now() >= before + 50000000);
	assert_int_equal(asking_next(&k, 0, false, s->arena, &r, &why), -ETIMEDOUT);
	asking_close(&k);
}

static void a_line_without_end_is_given_up(void **state)
{
	const struct script script = {.said = HELLO, .forever = true};
	struct scene *s = *state;
	const char *why = NULL;
	struct asking k;
	struct answer r;

	serve(s, &script);
	assert_int_equal(ask(s, &k, &why), ASKED_FINE);
	assert_int_equal(asking_next(&k, UINT64_MAX, false, s->arena, &r, &why), -EPROTO);
	assert_true(k.capacity < 4 * MESSAGE_ANSWER);
	asking_close(&k);
}

static void requests_are_bounded_at_this_end(void **state)
{
	const struct script script = {.said = HELLO "{\"version\":1,\"answer\":\"done\"}\n"
						    "{\"version\":1,\"answer\":\"done\"}\n",
				      .stays = true};
	struct scene *s = *state;
	const char **names = arena_alloc(s->arena, 20000 * sizeof(*names)), *why = NULL;
	struct request request = {.kind = REQUEST_STATUS, .names = names, .n = 20000};
	struct asking k;
	struct answer r;

	for (size_t i = 0; i < request.n; i++)
		names[i] = "web1";
	serve(s, &script);
	assert_int_equal(ask(s, &k, &why), ASKED_FINE);
	assert_int_equal(asking_send(&k, &request), -EMSGSIZE);
	request = (struct request){.kind = REQUEST_POKE};
	assert_int_equal(asking_once(&k, &request, ANSWER_DONE, &r, &why), 0);
	assert_int_equal(asking_once(&k, &request, ANSWER_MANAGED, &r, &why), -EPROTO);
	assert_non_null(why);
	asking_close(&k);
}

static void it_must_be_about_the_same(void **state)
{
	const struct answer daemon = {
	    .directory = "/tmp", .etc = "/etc", .host = "here", .owner = "ci"};
	const struct asking k = {.daemon = daemon};
	static const struct {
		struct options o;
		const char *differs; /* NULL: it is */
	} cases[] = {
	    {{.directory = "/etc/evenkeel", .etc = "/x", .host = "y"},         NULL                       },
	    {{.given = FLAG_DIRECTORY, .directory = "/tmp"},                   NULL                       },
	    {{.given = FLAG_DIRECTORY, .directory = "/tmp/../tmp/."},          NULL                       },
	    {{.given = FLAG_DIRECTORY, .directory = "/"},                      "the directory /tmp, not /"},
	    {{.given = FLAG_DIRECTORY, .directory = "/no/such"},
	     "the directory /tmp, not /no/such"							   },
	    {{.given = FLAG_ETC, .etc = "/tmp"},                               "--etc /etc, not /tmp"     },
	    {{.given = FLAG_HOST, .host = "there"},                            "--host here, not there"   },
	    {{.given = FLAG_OWNER, .owner = "me"},                             "--owner ci, not me"       },
	    {{.given = FLAG_OWNER | FLAG_HOST, .owner = "ci", .host = "here"}, NULL                       },
	};
	struct scene *s = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *why = "";
		bool same = asking_is_about(&k, &cases[i].o, s->arena, &why);

		assert_int_equal(same, cases[i].differs == NULL);
		if (!same && !strstr(why, cases[i].differs))
			fail_msg("%s", why);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(without_a_daemon_there_is_nobody), TEST(odd_daemons_are_asked_in_vain),
	    TEST(answers_are_put_together),         TEST(nobody_waits_longer_than_he_wants),
	    TEST(a_line_without_end_is_given_up),   TEST(requests_are_bounded_at_this_end),
	    TEST(it_must_be_about_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
