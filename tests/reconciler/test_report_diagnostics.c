/* Findings on standard error, as people read them. */
#include "reconciler/report.h"
#include "schema/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct options plain = {0}, quiet = {.verbosity = -1},
			    secrets = {.show_secrets = true};

struct finding {
	const char *text; /* of the file m.yaml; NULL: nowhere */
	uint32_t line, column;
	enum severity severity;
	const char *message, *hint, *instance;
};

/* The caller frees it. */
static char *printed(const struct options *o, const struct finding *finding)
{
	struct arena *a = arena_new();
	struct source source = {"m.yaml", finding->text, finding->text ? strlen(finding->text) : 0};
	struct diagnostic item = {
	    .severity = finding->severity,
	    .place = {finding->text ? &source : NULL, finding->line, finding->column},
	    .message = finding->message,
	    .hint = finding->hint,
	    .instance = finding->instance,
	};
	struct diagnostics ds = {.arena = a, .items = &item, .n = 1};
	char *out = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&out, &n);

	report_diagnostics_to(f, o, &ds);
	fclose(f);
	arena_free(a);
	return out;
}

static void findings_are_printed(void **state)
{
	static const struct {
		struct finding in;
		const char *out;
	} rows[] = {
	    {{"a: 1\nlimits.memory: 64X\n", 2, 16, SEVERITY_ERROR, "'64X' is not a size",
	      "write a number and a unit, like 512MiB", NULL},
	     "m.yaml:2:16: error: '64X' is not a size\n"
	     "    limits.memory: 64X\n"
	     "                   ^\n"
	     "    hint: write a number and a unit, like 512MiB\n"                                                    },
	    {{NULL, 0, 0, SEVERITY_ERROR, "no such directory", NULL, NULL},
	     "evenkeel: error: no such directory\n"								  },
	    {{"a: 1\n", 0, 0, SEVERITY_WARNING, "writable by others", NULL, NULL},
	     "m.yaml: warning: writable by others\n"								 },
	    {{"a: 1", 1, 1, SEVERITY_NOTICE, "ignored", NULL, "web1"},
	     "m.yaml:1:1: notice: ignored (instance web1)\n"
	     "    a: 1\n"
	     "    ^\n"											       },
 /* tabs stay, so that the caret stands below its column */
	    {{"\ta:\tx", 1, 5, SEVERITY_ERROR, "bad", NULL, NULL},
	     "m.yaml:1:5: error: bad\n"
	     "    \ta:\tx\n"
	     "    \t  \t^\n"											 },
 /* a character is a column, however many bytes it has */
	    {{"größe: x", 1, 8, SEVERITY_ERROR, "bad", NULL, NULL},
	     "m.yaml:1:8: error: bad\n"
	     "    größe: x\n"
	     "           ^\n"											},
 /* a column behind the end of the line */
	    {{"a:", 1, 9, SEVERITY_ERROR, "bad", NULL, NULL},
	     "m.yaml:1:9: error: bad\n"
	     "    a:\n"
	     "      ^\n"											     },
 /* a line beyond the text */
	    {{"a:", 7, 1, SEVERITY_ERROR, "bad", NULL, NULL},                              "m.yaml:7:1: error: bad\n"},
 /* nothing drives a terminal; what is escaped moves the caret along */
	    {{"a\033[31m: \x9b", 1, 8, SEVERITY_ERROR, "\033]0;owned\007", "\r", "\033c"},
	     "m.yaml:1:8: error: \\x1b]0;owned\\x07 (instance \\x1bc)\n"
	     "    a\\x1b[31m: \\x9b\n"
	     "              ^\n"
	     "    hint: \\r\n"										       },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *out = printed(&plain, &rows[i].in);

		assert_string_equal(out, rows[i].out);
		free(out);
	}
}

/* The part around the column is shown, with dots where something was cut. */
static void long_lines_are_shortened(void **state)
{
	struct finding finding = {.severity = SEVERITY_ERROR, .message = "m", .line = 1};
	char text[1001], *out, *line, *caret, *end;

	(void)state;
	memset(text, 'x', 1000);
	text[1000] = '\0';
	for (uint32_t column = 1; column <= 1000; column += 37) {
		text[column - 1] = '!';
		finding.text = text;
		finding.column = column;
		out = printed(&plain, &finding);
		line = strchr(out, '\n') + 1;
		end = strchr(line, '\n');
		caret = end + 1;
		assert_in_range(end - line, 40, 4 + 3 + 100 + 3);
		assert_int_equal(line[strcspn(caret, "^")], '!');
		assert_true(column < 40 || memcmp(line, "    ...", 7) == 0 || column <= 60);
		free(out);
		text[column - 1] = 'x';
	}
}

static void quiet_keeps_errors(void **state)
{
	struct finding finding = {NULL, 0, 0, SEVERITY_WARNING, "m", NULL, NULL};
	char *out = printed(&quiet, &finding);

	(void)state;
	assert_string_equal(out, "");
	free(out);
	finding.severity = SEVERITY_ERROR;
	out = printed(&quiet, &finding);
	assert_string_equal(out, "evenkeel: error: m\n");
	free(out);
}

/* The line of a secret is not quoted, in whatever style it is written. */
static void lines_of_secrets_stay_away(void **state)
{
	static const struct {
		const char *text;
		uint32_t line;
		bool hidden;
	} rows[] = {
	    {"config:\n  environment.TOKEN: s3cret\n",                     2, true },
	    {"config:\n  \"environment.TOKEN\": s3cret\n",                 2, true },
	    {"config: {environment.TOKEN: s3cret}\n",                      1, true },
	    {"config:\n  cloud-init.user-data: |\n    password: s3cret\n", 3, true },
	    {"config:\n  user.db.password: s3cret\n",                      2, true },
	    {"config:\n  user.comment: s3cret\n",                          2, false},
	    {"config:\n  environment.A: b\n  limits.memory: s3cret\n",     3, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct finding finding = {rows[i].text, rows[i].line, 3,   SEVERITY_ERROR,
					  "bad",        NULL,         NULL};
		char *out = printed(&plain, &finding);

		assert_int_equal(!strstr(out, "s3cret"), rows[i].hidden);
		free(out);
		out = printed(&secrets, &finding);
		assert_non_null(strstr(out, "s3cret"));
		free(out);
	}
}

static void secret_keys_are_known(void **state)
{
	static const struct {
		const char *key;
		bool secret;
	} rows[] = {
	    {"environment.PATH",     true },
            {"cloud-init.user-data", true },
            {"user.password",        true },
	    {"user.api.token",       true },
            {"user.my-secret",       true },
            {"user.ssh_key",         true },
	    {"user.keyring",         false},
            {"user.comment",         false},
            {"limits.memory",        false},
	    {"environmentX",         false},
            {"security.token",       false},
            {NULL,                   false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(report_secret(rows[i].key), rows[i].secret);
}

static void values_get_human_units(void **state)
{
	static const struct {
		const char *object, *attribute, *value, *shown;
	} rows[] = {
	    {"cgroup",   "memory.max",        "268435456",               "256MiB"                 },
	    {"cgroup",   "memory.max",        "max",                     "max"                    },
	    {"cgroup",   "memory.swap.max",   "0",                       "0B"                     },
	    {"cgroup",   "hugetlb.2MB.max",   "4194304",                 "4MiB"                   },
	    {"cgroup",   "memory.swappiness", "60",                      "60"                     },
	    {"cgroup",   "cpu.max",           "25000 200000",            "25ms/200ms"             },
	    {"cgroup",   "cpu.max",           "12500 100000",            "12500us/100ms"          },
	    {"cgroup",   "cpu.max",           "max 100000",              "max"                    },
	    {"cgroup",   "cpu.max",           "rubbish",                 "rubbish"                },
	    {"cgroup",   "cpu.weight",        "100",                     "100"                    },
	    {"cgroup",   "pids.max",          "500",                     "500"                    },
	    {"io/8:0",   "rbps",              "10485760",                "10MiB/s"                },
	    {"io/8:0",   "wiops",             "1000",                    "1000iops"               },
	    {"io/8:0",   "wiops",             "max",                     "max"                    },
	    {"nic/eth0", "egress",            "100000000",               "100Mbit"                },
	    {"rlimit",   "nofile",            "1024:4096",               "1024:4096"              },
	    {"sysctl",   "kernel.domainname", "a\033[1m",                "a\\x1b[1m"              },
	    {"cgroup",   "memory.max",        "99999999999999999999999", "99999999999999999999999"},
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_string_equal(
		    report_value(rows[i].object, rows[i].attribute, rows[i].value, a),
		    rows[i].shown);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(findings_are_printed),  cmocka_unit_test(long_lines_are_shortened),
	    cmocka_unit_test(quiet_keeps_errors),    cmocka_unit_test(lines_of_secrets_stay_away),
	    cmocka_unit_test(secret_keys_are_known), cmocka_unit_test(values_get_human_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
