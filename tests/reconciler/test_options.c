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
     SIZE_MAX,											    never_run},
    {"expand",   "[NAME...]", "h", "s", FLAG_DIRECTORY | FLAG_YAML,                             SIZE_MAX, never_run},
    {"validate", "[PATH...]", "h", "s", FLAG_COMPAT,                                            SIZE_MAX, never_run},
    {"explain",  "[KEY]",     "h", "s", 0,						      1,        never_run},
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
	    {"evenkeel",			  "no command given",                             "evenkeel --help lists them"         },
	    {"evenkeel dif",                      "unknown command 'dif'",                        "did you mean diff?"                 },
	    {"evenkeel frobnicate",               "unknown command 'frobnicate'",
	     "evenkeel --help lists what there is"										     },
	    {"evenkeel diff --colour always",     "unknown option --colour",                      "did you mean --color?"              },
	    {"evenkeel diff --directry=/x",       "unknown option --directry",
	     "did you mean --directory?"											       },
	    {"evenkeel diff --ver",               "--ver could be several options",               "write the option in full"           },
	    {"evenkeel diff --all=3",             "--all takes no argument",                      NULL                                 },
	    {"evenkeel diff --directory",         "--directory needs an argument: DIR",           NULL                                 },
	    {"evenkeel diff -d",                  "-d needs an argument: DIR",                    NULL                                 },
	    {"evenkeel diff --directory=",        "--directory: the argument is empty",           NULL                                 },
	    {"evenkeel diff -qx",                 "unknown option -x",                            "evenkeel --help lists what there is"},
	    {"evenkeel --color=never diff -x",    "unknown option -x",
	     "evenkeel --help lists what there is"										     },
	    {"evenkeel diff --compat lxd",        "'diff' does not take --compat",
	     "evenkeel help diff lists what it takes"										  },
	    {"evenkeel validate -o json",         "'validate' does not take --output",
	     "evenkeel help validate lists what it takes"									      },
	    {"evenkeel diff -o yaml",             "--output: 'yaml' is not a format of 'diff'",
	     "write text or json"												      },
	    {"evenkeel expand -o text",           "--output: 'text' is not a format of 'expand'",
	     "write yaml or json"												      },
	    {"evenkeel diff --color sometimes",   "--color: 'sometimes' is not known",
	     "write auto, always or never"											     },
	    {"evenkeel validate --compat docker", "--compat: 'docker' is not known",
	     "write lxd or incus"												      },
	    {"evenkeel explain a b",              "'b' is too much: evenkeel explain [KEY]",      NULL                                 },
	    {"evenkeel \033[31m",                 "unknown command '\\x1b[31m'",
	     "evenkeel --help lists what there is"										     },
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
	    cmocka_unit_test(help_and_version_need_no_command),
	    cmocka_unit_test(what_is_wrong_is_named),
	    cmocka_unit_test(all_wrong_flags_are_named),
	    cmocka_unit_test(help_lists_what_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
