/* reconciler/explain: what is found under a name, and how it is shown. */
#include "limits/knobs.h"
#include "reconciler/explain.h"
#include "schema/arena.h"
#include "schema/notes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

struct answer {
	struct arena *arena;
	struct diagnostics ds;
	int status;
	char *text;
	size_t n;
};

static struct answer ask(enum output output, const char *name)
{
	struct answer a = {.arena = arena_new()};
	char *names[] = {name ? strdup(name) : NULL, NULL};
	struct options o = {.output = output, .names = names, .n_names = name ? 1 : 0};
	FILE *f = open_memstream(&a.text, &a.n);

	assert_non_null(f);
	diagnostics_init(&a.ds, a.arena);
	a.status = explain_print(f, &o, &a.ds);
	fclose(f);
	free(names[0]);
	return a;
}

static void done(struct answer *a)
{
	arena_free(a->arena);
	free(a->text);
}

static void assert_text(const char *name, const char *expected)
{
	struct answer a = ask(OUTPUT_TEXT, name);

	assert_string_equal(a.text, expected);
	assert_int_equal(a.status, 0);
	done(&a);
}

static void assert_holds(const char *name, const char *piece)
{
	struct answer a = ask(OUTPUT_TEXT, name);

	if (!strstr(a.text, piece))
		fail_msg("explain %s: no '%s' in\n%s", name ? name : "", piece, a.text);
	assert_int_equal(a.status, 0);
	done(&a);
}

static void a_key_as_text(void **state)
{
	(void)state;
	assert_text(
	    "limits.memory.enforce",
	    "limits.memory.enforce\n"
	    "    hard: limits.memory is never passed; soft: only pressed towards it\n"
	    "\n"
	    "value       word: hard or soft\n"
	    "default     hard\n"
	    "allowed in  instances and profiles\n"
	    "known to    LXD and Incus\n"
	    "effect      live: at once, on the running container\n"
	    "boot        file: LXC itself sets it when the container starts\n"
	    "cgroup v1   memory.limit_in_bytes = limits.memory for hard, -1 for soft\n"
	    "            memory.soft_limit_in_bytes = limits.memory for soft\n"
	    "cgroup v2   memory.max = limits.memory for hard, max for soft\n"
	    "            memory.high = limits.memory for soft\n"
	    "note        see below: soft is not the same promise on cgroup v1 and v2\n"
	    "example     limits.memory.enforce: soft\n"
	    "\n"
	    "soft is not the same promise on both: v1 presses only when the host runs short,\n"
	    "v2 throttles the container at the limit even when the host has memory to spare.\n");
}

static void a_device_as_text(void **state)
{
	(void)state;
	assert_text("tpm", "tpm\n"
			   "    a software TPM\n"
			   "\n"
			   "effect      unsupported: checked, and not carried out\n"
			   "note        evenkeel runs no software TPM\n"
			   "\n"
			   "device tpm: a software TPM\n"
			   "  tpm.path    unsupported  node inside: /dev/tpm0\n"
			   "  tpm.pathrm  unsupported  node inside: /dev/tpmrm0\n");
}

static void swap_has_its_table(void **state)
{
	(void)state;
	assert_holds("limits.memory.swap",
		     "\n    value           evenkeel   LXD 5.0.4 and later   Incus\n"
		     "    not set, true   L          L                     none\n"
		     "    false           none       none                  none\n");
	assert_holds("limits.memory.swap", "\ncgroup v1   memory.memsw.limit_in_bytes = ");
	assert_holds("limits.memory.swap", "\ncgroup v2   memory.swap.max = ");
}

static void names_are_found(void **state)
{
	static const struct {
		const char *name, *piece;
	} cases[] = {
	    {"limits.kernel.nofile",       "limits.kernel.nofile\n    most open files of a process\n"    },
	    {"limits.kernel.*",            "limits.kernel.*\n    a resource limit by its RLIMIT number\n"},
	    {"limits.kernel.7",            "limits.kernel.*\n"                                           },
	    {"environment.PATH",           "environment.*\n"                                             },
	    {"limits.memory.force",        "known to    evenkeel alone\n"                                },
	    {"limits.memory.oom_priority", "known to    Incus\n"                                         },
	    {"limits.memory.oom_priority", "kernel      /proc/INIT/oom_score_adj = the number\n"         },
	    {"nic.limits.egress",          "allowed in  devices of type nic\n"                           },
	    {"limits.egress",              "nic.limits.egress\n"                                         },
	    {"disk.limits.read",           "io.max = MAJ:MIN rbps=BYTES"                                 },
	    {"nic.user.note",              "nic.user.*\n"						},
	    {"network.ipv4.nat",           "allowed in  networks\n"                                      },
	    {"ipv4.nat",                   "network.ipv4.nat\n"                                          },
	    {"ipv4.address",               "nic.ipv4.address\n"                                          },
	    {"ipv4.address",               "network.ipv4.address\n"                                      },
	    {"pool.source",                "allowed in  storage pools\n"                                 },
	    {"volatile.eth0.hwaddr",       "allowed in  instances only\n"                                },
	    {"security.secureboot",        "allowed in  profiles only\n"                                 },
	    {"limits.hugepages",           "  limits.hugepages.2MB   live         most memory"           },
	    {"security.syscalls",          "  security.syscalls.allow "                                  },
	    {"network",                    "\n  network.ipv4.address "                                   },
	    {NULL,			 "limits\n  limits.cpu "                                       },
	    {NULL,			 "  user.* "						   },
	    {NULL,			 "device disk: "					       },
	    {NULL,			 "  nic.limits.egress "                                        },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_holds(cases[i].name, cases[i].piece);
}

static void a_line_is_short_enough(void **state)
{
	struct answer a = ask(OUTPUT_TEXT, "limits.memory.swap.priority");

	(void)state;
	for (const char *line = a.text; *line;) {
		size_t n = strcspn(line, "\n");

		assert_true(n <= 80);
		assert_true(n == 0 || line[n - 1] != ' ');
		line += n + 1;
	}
	done(&a);
}

static void unknown_names(void **state)
{
	static const struct {
		const char *name, *hint;
	} cases[] = {
	    {"limits.memroy",    "did you mean limits.memory?"         },
	    {"nic.limits.egres", "did you mean nic.limits.egress?"     },
	    {"unix-chr",         "did you mean unix-char?"             },
	    {"netwrk.ipv4.nat",  "did you mean network.ipv4.nat?"      },
	    {"zzzzzzzzzzzz",     "'evenkeel explain' lists all of them"},
	    {"",		 "'evenkeel explain' lists all of them"},
	    {".",                "'evenkeel explain' lists all of them"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct answer a = ask(OUTPUT_TEXT, cases[i].name);

		assert_int_equal(a.status, 1);
		assert_string_equal(a.text, "");
		assert_int_equal(a.ds.errors, 1);
		if (strcmp(a.ds.items[0].hint, cases[i].hint))
			fail_msg("%s: %s", cases[i].name, a.ds.items[0].hint);
		done(&a);
	}
}

static void control_characters_are_escaped(void **state)
{
	struct answer a = ask(OUTPUT_TEXT, "x\033[31m");

	(void)state;
	assert_null(strchr(a.ds.items[0].message, '\033'));
	done(&a);
}

static const char *get(json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static void a_key_as_json(void **state)
{
	struct answer a = ask(OUTPUT_JSON, "limits.memory.swap.priority");
	json_t *out = json_loads(a.text, 0, NULL), *key, *file;

	(void)state;
	assert_non_null(out);
	assert_int_equal(json_integer_value(json_object_get(out, "version")), 1);
	key = json_array_get(json_object_get(out, "keys"), 0);
	assert_string_equal(get(key, "name"), "limits.memory.swap.priority");
	assert_string_equal(get(key, "effect"), "live");
	assert_string_equal(get(key, "boot"), "file");
	assert_string_equal(get(key, "default"), "10");
	assert_true(json_is_null(json_object_get(key, "device")));
	assert_int_equal(json_array_size(json_object_get(key, "dialect")), 2);
	assert_int_equal(json_array_size(json_object_get(key, "scope")), 2);
	file = json_array_get(json_object_get(key, "cgroup_v1"), 0);
	assert_string_equal(get(file, "file"), "memory.swappiness");
	assert_int_equal(json_array_size(json_object_get(key, "cgroup_v2")), 0);
	json_decref(out);
	done(&a);
}

static void everything_as_json(void **state)
{
	struct answer a = ask(OUTPUT_JSON, NULL), nic = ask(OUTPUT_JSON, "nic");
	json_t *out = json_loads(a.text, 0, NULL), *one = json_loads(nic.text, 0, NULL);

	(void)state;
	assert_non_null(out);
	assert_true(json_array_size(json_object_get(out, "keys")) > 300);
	assert_int_equal(json_array_size(json_object_get(one, "devices")), 1);
	assert_true(json_array_size(json_object_get(one, "keys")) > 30);
	json_decref(out);
	json_decref(one);
	done(&a);
	done(&nic);
}

static void unknown_as_json(void **state)
{
	struct answer a = ask(OUTPUT_JSON, "limits.nosuch");
	json_t *out = json_loads(a.text, 0, NULL);

	(void)state;
	assert_int_equal(a.status, 1);
	assert_int_equal(json_array_size(json_object_get(out, "keys")), 0);
	json_decref(out);
	done(&a);
}

/* Does a line of a note begin with FILE? The note of several keys says SIZE for their last part. */
static bool names_file(const char *lines, const char *file, const char *key, struct arena *a)
{
	const char *size = !strncmp(key, "limits.hugepages.", 17) ? strrchr(key, '.') + 1 : NULL;
	const char *at = size ? strstr(file, size) : NULL;

	if (at)
		file = arena_printf(a, "%.*sSIZE%s", (int)(at - file), file, at + strlen(size));
	return lines && strstr(lines, file);
}

static void check_files(const char *key, enum cgroup_version version, const char *lines,
			struct arena *a)
{
	const char *files = knobs_files(key, version, a);

	while (files && *files) {
		size_t n = strcspn(files, ";");
		const char *file = arena_strndup(a, files, n);

		if (!names_file(lines, file, key, a))
			fail_msg("%s: explain does not name %s", key, file);
		files += n + (files[n] == ';');
	}
}

/* Each file that a knob writes for a key is named by its note. */
static void notes_name_the_knobs_files(void **state)
{
	struct arena *a = arena_new();
	size_t n;
	const struct key_table *const *tables = key_tables_all(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < tables[i]->n; j++) {
			const char *key = tables[i]->rows[j].name;
			const struct note *note = note_find(key);

			check_files(key, CGROUP_V1, note ? note->v1 : NULL, a);
			check_files(key, CGROUP_V2, note ? note->v2 : NULL, a);
		}
	}
	assert_non_null(knobs_files("limits.memory", CGROUP_V1, a));
	arena_free(a);
}

/* What LXC sets from the boot file is one thing to the registry and to the knobs. */
static void boots_agree(void **state)
{
	size_t n;
	const struct knob *knobs = knobs_all(&n);

	(void)state;
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < KNOB_KEYS && knobs[i].keys[j]; j++) {
			const struct key *k = keys_find(knobs[i].keys[j], SCOPE_CONTAINER);

			assert_non_null(k);
			assert_int_equal(k->effect, EFFECT_LIVE);
			if (k->boot != (knobs[i].boot ? BOOT_FILE : BOOT_AFTER_START))
				fail_msg("%s: boot is %s", k->name, boot_name(k->boot));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_key_as_text),
	    cmocka_unit_test(a_device_as_text),
	    cmocka_unit_test(notes_name_the_knobs_files),
	    cmocka_unit_test(boots_agree),
	    cmocka_unit_test(swap_has_its_table),
	    cmocka_unit_test(names_are_found),
	    cmocka_unit_test(a_line_is_short_enough),
	    cmocka_unit_test(unknown_names),
	    cmocka_unit_test(control_characters_are_escaped),
	    cmocka_unit_test(a_key_as_json),
	    cmocka_unit_test(everything_as_json),
	    cmocka_unit_test(unknown_as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
