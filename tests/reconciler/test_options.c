#include "reconciler/options.h"
#include "schema/arena.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static int never_run(const struct options *o)
{
	(void)o;
	return 99;
}

static const struct command commands[] = {
    {"diff",     "[NAME...]", "h", "s", FLAG_DIRECTORY | FLAG_LXCPATH | FLAG_OUTPUT | FLAG_ALL,
     SIZE_MAX,												never_run},
    {"expand",   "[NAME...]", "h", "s", FLAG_DIRECTORY | FLAG_YAML,                                 SIZE_MAX, never_run},
    {"validate", "[PATH...]", "h", "s", FLAG_COMPAT,                                                SIZE_MAX, never_run},
    {"explain",  "[KEY]",     "h", "s", 0,							  1,        never_run},
    {"run",      "",          "h", "s", FLAG_SETTLE | FLAG_RESYNC | FLAG_OBSERVE | FLAG_LOG_FORMAT, 0,        never_run},
    {"status",   "[NAME...]", "h", "s", FLAG_WATCH | FLAG_WAIT | FLAG_TIMEOUT,                      SIZE_MAX, never_run},
    {"pause",    "NAME...",   "h", "s", FLAG_FOR | FLAG_REASON,                                     SIZE_MAX, never_run},
};

struct parsed {
	struct arena *arena;
	struct options o;
	const struct command *command;
	struct diagnostics ds;
	char *words[12];
	int result;
};

/* Parses a line whose words are parted by one blank each. */
static struct parsed *parse(const char *line)
{
	struct arena *a = arena_new();
	struct parsed *p = arena_alloc(a, sizeof(*p));
	char *rest = arena_strdup(a, line), *word;
	int n = 0;

	p->arena = a;
	diagnostics_init(&p->ds, a);
	while ((word = strsep(&rest, " ")))
		p->words[n++] = word;
	p->result =
	    options_parse(n, p->words, commands, COUNT_OF(commands), a, &p->o, &p->command, &p->ds);
	return p;
}

static void free_parsed(struct parsed *p)
{
	arena_free(p->arena);
}

static void defaults_hold(void **state)
{
	struct parsed *p = parse("evenkeel diff");
	char host[256] = "";

	(void)state;
	gethostname(host, sizeof(host) - 1);
	assert_int_equal(p->result, 0);
	assert_string_equal(p->command->name, "diff");
	assert_string_equal(p->o.directory, "/etc/evenkeel");
	assert_string_equal(p->o.etc, "/etc");
	assert_string_equal(p->o.host, host);
	assert_int_equal(p->o.lxcpath[0], '/');
	assert_int_equal(p->o.output, OUTPUT_TEXT);
	assert_int_equal(p->o.verbosity, 0);
	assert_int_equal(p->o.n_names, 0);
	assert_null(p->o.owner);
	assert_false(p->o.all || p->o.yes || p->o.show_secrets || p->o.usage);
	free_parsed(p);
}

static void flags_stand_anywhere(void **state)
{
	struct parsed *p = parse("evenkeel -d /a diff web1 -vv -P /tmp --all db1 -o json");

	(void)state;
	assert_int_equal(p->result, 0);
	assert_string_equal(p->o.directory, "/a");
	assert_string_equal(p->o.lxcpath, "/tmp");
	assert_int_equal(p->o.verbosity, 2);
	assert_true(p->o.all);
	assert_int_equal(p->o.output, OUTPUT_JSON);
	assert_int_equal(p->o.n_names, 2);
	assert_string_equal(p->o.names[0], "web1");
	assert_string_equal(p->o.names[1], "db1");
	free_parsed(p);
}

static void names_may_look_like_flags(void **state)
{
	struct parsed *p = parse("evenkeel diff -- -d");

	(void)state;
	assert_int_equal(p->result, 0);
	assert_int_equal(p->o.n_names, 1);
	assert_string_equal(p->o.names[0], "-d");
	free_parsed(p);
}

static void lxc_path_has_one_spelling(void **state)
{
	static const struct {
		const char *line, *path;
	} rows[] = {
	    {"evenkeel diff -P /tmp/",         "/tmp"         },
	    {"evenkeel diff -P /usr/../tmp/.", "/tmp"         },
	    {"evenkeel diff -P /no/such/path", "/no/such/path"},
	};
	char here[4096];
	struct parsed *p;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		p = parse(rows[i].line);
		assert_string_equal(p->o.lxcpath, rows[i].path);
		free_parsed(p);
	}
	p = parse("evenkeel diff -P no-such-path");
	assert_non_null(getcwd(here, sizeof(here)));
	assert_memory_equal(p->o.lxcpath, here, strlen(here));
	assert_string_equal(p->o.lxcpath + strlen(here), "/no-such-path");
	free_parsed(p);
}

static void formats_belong_to_commands(void **state)
{
	static const struct {
		const char *line;
		enum output output;
	} rows[] = {
	    {"evenkeel diff -o text",       OUTPUT_TEXT},
            {"evenkeel diff --output=json", OUTPUT_JSON},
	    {"evenkeel expand",             OUTPUT_YAML},
            {"evenkeel expand -o yaml",     OUTPUT_YAML},
	    {"evenkeel expand -ojson",      OUTPUT_JSON},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct parsed *p = parse(rows[i].line);

		assert_int_equal(p->result, 0);
		assert_int_equal(p->o.output, rows[i].output);
		free_parsed(p);
	}
}

static void quiet_and_verbose_count(void **state)
{
	static const struct {
		const char *line;
		int verbosity;
	} rows[] = {
	    {"evenkeel diff -q",     -1},
            {"evenkeel diff -v",     1 },
            {"evenkeel diff -v -v",  2 },
	    {"evenkeel diff -q -v",  1 },
            {"evenkeel diff -vv -q", -1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct parsed *p = parse(rows[i].line);

		assert_int_equal(p->o.verbosity, rows[i].verbosity);
		free_parsed(p);
	}
}

static void color_heeds_its_environment(void **state)
{
	static const struct {
		const char *line, *no_color;
		bool color;
	} rows[] = {
	    {"evenkeel diff --color always", NULL, true },
	    {"evenkeel diff --color always", "1",  true },
	    {"evenkeel diff --color=never",  NULL, false},
	    {"evenkeel diff",                "1",  false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct parsed *p;

		if (rows[i].no_color)
			setenv("NO_COLOR", rows[i].no_color, 1);
		p = parse(rows[i].line);
		unsetenv("NO_COLOR");
		assert_int_equal(p->result, 0);
		assert_int_equal(p->o.color, rows[i].color);
		free_parsed(p);
	}
}

static void what_the_daemon_takes(void **state)
{
	struct parsed *p = parse("evenkeel run");

	(void)state;
	assert_int_equal(p->o.settle_ms, 20);
	assert_int_equal(p->o.resync_s, 300);
	assert_int_equal(p->o.log_format, LOG_TEXT);
	assert_false(p->o.observe);
	free_parsed(p);
	p = parse("evenkeel run --settle 0 --resync=0 --observe --log-format json");
	assert_int_equal(p->result, 0);
	assert_int_equal(p->o.settle_ms, 0);
	assert_int_equal(p->o.resync_s, 0);
	assert_int_equal(p->o.log_format, LOG_JSON);
	assert_true(p->o.observe);
	free_parsed(p);
}

static void waiting_has_a_condition_and_an_end(void **state)
{
	static const struct {
		const char *line, *wait;
		uint64_t timeout_ms;
		size_t n_names;
	} rows[] = {
	    {"evenkeel status",				     NULL,              0,      0},
	    {"evenkeel status --wait",                              "in-sync",         0,      0},
	    {"evenkeel status --wait web1",                         "in-sync",         0,      1},
	    {"evenkeel status --wait=stopped web1 --timeout 2m",    "stopped",         120000, 1},
	    {"evenkeel status --wait=pending-restart --timeout=60", "pending-restart", 60000,  0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct parsed *p = parse(rows[i].line);

		assert_int_equal(p->result, 0);
		if (rows[i].wait)
			assert_string_equal(p->o.wait, rows[i].wait);
		else
			assert_null(p->o.wait);
		assert_int_equal(p->o.timeout_ms, rows[i].timeout_ms);
		assert_int_equal(p->o.n_names, rows[i].n_names);
		free_parsed(p);
	}
}

static void pauses_have_an_end_and_a_reason(void **state)
{
	struct parsed *p = parse("evenkeel pause web1 --for 1h30m --reason repair");

	(void)state;
	assert_int_equal(p->result, 0);
	assert_int_equal(p->o.for_ms, 5400000);
	assert_string_equal(p->o.reason, "repair");
	free_parsed(p);
	p = parse("evenkeel pause web1");
	assert_int_equal(p->o.for_ms, 0);
	assert_null(p->o.reason);
	free_parsed(p);
}

static void help_and_version_need_no_command(void **state)
{
	struct parsed *p = parse("evenkeel --help");

	(void)state;
	assert_int_equal(p->result, 0);
	assert_true(p->o.help);
	assert_null(p->command);
	free_parsed(p);
	p = parse("evenkeel diff --help");
	assert_int_equal(p->result, 0);
	assert_string_equal(p->command->name, "diff");
	free_parsed(p);
	p = parse("evenkeel --version");
	assert_int_equal(p->result, 0);
	assert_true(p->o.version);
	free_parsed(p);
}

static void what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *line, *message, *hint;
	} rows[] = {
	    {"evenkeel",				   "no command given",                                   "evenkeel --help lists them"         },
	    {"evenkeel dif",			       "unknown command 'dif'",                              "did you mean diff?"                 },
	    {"evenkeel frobnicate",                        "unknown command 'frobnicate'",
	     "evenkeel --help lists what there is"												    },
	    {"evenkeel diff --colour always",              "unknown option --colour",                            "did you mean --color?"              },
	    {"evenkeel diff --directry=/x",                "unknown option --directry",
	     "did you mean --directory?"													      },
	    {"evenkeel diff --ver",                        "--ver could be several options",                     "write the option in full"           },
	    {"evenkeel diff --all=3",                      "--all takes no argument",                            NULL                                 },
	    {"evenkeel diff --directory",                  "--directory needs an argument: DIR",                 NULL                                 },
	    {"evenkeel diff -d",                           "-d needs an argument: DIR",                          NULL                                 },
	    {"evenkeel diff --directory=",                 "--directory: the argument is empty",                 NULL                                 },
	    {"evenkeel diff -qx",                          "unknown option -x",                                  "evenkeel --help lists what there is"},
	    {"evenkeel --color=never diff -x",             "unknown option -x",
	     "evenkeel --help lists what there is"												    },
	    {"evenkeel diff --compat lxd",                 "'diff' does not take --compat",
	     "evenkeel help diff lists what it takes"												 },
	    {"evenkeel validate -o json",                  "'validate' does not take --output",
	     "evenkeel help validate lists what it takes"											     },
	    {"evenkeel diff -o yaml",                      "--output: 'yaml' is not a format of 'diff'",
	     "write text or json"														     },
	    {"evenkeel expand -o text",                    "--output: 'text' is not a format of 'expand'",
	     "write yaml or json"														     },
	    {"evenkeel diff --color sometimes",            "--color: 'sometimes' is not known",
	     "write auto, always or never"													    },
	    {"evenkeel validate --compat docker",          "--compat: 'docker' is not known",
	     "write lxd or incus"														     },
	    {"evenkeel explain a b",                       "'b' is too much: evenkeel explain [KEY]",            NULL                                 },
	    {"evenkeel run --settle 20ms",                 "--settle: '20ms' is not a number",
	     "write milliseconds, without a unit: 0 to 1000"											  },
	    {"evenkeel run --settle=-1",                   "--settle: '-1' is not a number",
	     "write milliseconds, without a unit: 0 to 1000"											  },
	    {"evenkeel run --settle 1001",                 "--settle: 1001 is too much: 0 to 1000 milliseconds",
	     NULL																     },
	    {"evenkeel run --resync 99999999999999999999",
	     "--resync: 99999999999999999999 is too much: 0 to 604800 seconds",                                  NULL                                 },
	    {"evenkeel run --resync 5m",                   "--resync: '5m' is not a number",
	     "write seconds, without a unit: 0 to 604800"											     },
	    {"evenkeel run --resync=",                     "--resync: the argument is empty",                    NULL                                 },
	    {"evenkeel run --log-format yaml",             "--log-format: 'yaml' is not known",
	     "write text or json"														     },
	    {"evenkeel run --watch",                       "'run' does not take --watch",
	     "evenkeel help run lists what it takes"												  },
	    {"evenkeel run --observ=1",                    "--observe takes no argument",                        NULL                                 },
	    {"evenkeel run web1",                          "'web1' is too much: evenkeel run",                   NULL                                 },
	    {"evenkeel status --wait=in-sink",             "--wait: 'in-sink' is nothing to wait for",
	     "did you mean --wait=in-sync?"													   },
	    {"evenkeel status --wait=forever",             "--wait: 'forever' is nothing to wait for",
	     "write in-sync, another condition, or stopped, running, ..."									     },
	    {"evenkeel status --wait=",                    "--wait: the argument is empty",                      NULL                                 },
	    {"evenkeel status --timeout 60s",              "--timeout without --wait",                           "write --wait as well"               },
	    {"evenkeel status --wait --timeout=60sec",     "--timeout: '60sec' is not a length of time",
	     "write it like 500ms, 90s, 2h or 1h30m"												  },
	    {"evenkeel status --wait --timeout=0",         "--timeout: '0' is no time at all",                   NULL                                 },
	    {"evenkeel status --wait --watch",             "--wait and --watch exclude each other",              NULL                                 },
	    {"evenkeel pause web1 --for 4000d",            "--for: '4000d' is more than ten years",              NULL                                 },
	    {"evenkeel pause web1 --for -2h",              "--for: '-2h' is not a length of time",
	     "write it like 500ms, 90s, 2h or 1h30m"												  },
	    {"evenkeel pause web1 --form 2h",              "unknown option --form",                              "did you mean --for?"                },
	    {"evenkeel \033[31m",                          "unknown command '\\x1b[31m'",
	     "evenkeel --help lists what there is"												    },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct parsed *p = parse(rows[i].line);

		assert_int_equal(p->result, -EINVAL);
		assert_int_equal(p->ds.n, 1);
		assert_string_equal(p->ds.items[0].message, rows[i].message);
		if (rows[i].hint)
			assert_string_equal(p->ds.items[0].hint, rows[i].hint);
		else
			assert_null(p->ds.items[0].hint);
		free_parsed(p);
	}
}

static void all_wrong_flags_are_named(void **state)
{
	struct parsed *p = parse("evenkeel diff -x --frob web1");

	(void)state;
	assert_int_equal(p->result, -EINVAL);
	assert_int_equal(p->ds.n, 2);
	free_parsed(p);
}

/* Help is made of the same table: each flag of a command is there once, with its argument. */
static void help_lists_what_is_taken(void **state)
{
	struct arena *a = arena_new();
	struct flag_help *flags;
	size_t n = options_flags(FLAG_DIRECTORY | FLAG_YAML, a, &flags);
	bool directory = false, output = false;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		assert_non_null(flags[i].help);
		assert_string_not_equal(flags[i].name, "all");
		assert_string_not_equal(flags[i].name, "version");
		if (strcmp(flags[i].name, "directory") == 0)
			directory = flags[i].letter == 'd' && flags[i].argument;
		if (strcmp(flags[i].name, "output") == 0)
			output = strcmp(flags[i].help, "yaml or json") == 0;
	}
	assert_true(directory && output);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(defaults_hold),
	    cmocka_unit_test(flags_stand_anywhere),
	    cmocka_unit_test(names_may_look_like_flags),
	    cmocka_unit_test(lxc_path_has_one_spelling),
	    cmocka_unit_test(formats_belong_to_commands),
	    cmocka_unit_test(quiet_and_verbose_count),
	    cmocka_unit_test(color_heeds_its_environment),
	    cmocka_unit_test(what_the_daemon_takes),
	    cmocka_unit_test(waiting_has_a_condition_and_an_end),
	    cmocka_unit_test(pauses_have_an_end_and_a_reason),
	    cmocka_unit_test(help_and_version_need_no_command),
	    cmocka_unit_test(what_is_wrong_is_named),
	    cmocka_unit_test(all_wrong_flags_are_named),
	    cmocka_unit_test(help_lists_what_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
