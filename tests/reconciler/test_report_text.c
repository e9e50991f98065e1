/* A plan and what became of it, as people read it. */
#include "tests/reconciler/report_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* The caller frees it. */
static char *text(const struct options *o, const struct result *r)
{
	char *out = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&out, &n);

	report_text(f, o, r);
	fclose(f);
	return out;
}

static void assert_text(const struct options *o, const struct result *r, const char *expected)
{
	char *out = text(o, r);

	assert_string_equal(out, expected);
	free(out);
}

static void a_plan_is_aligned(void **state)
{
	struct result *r = sample_plan();

	(void)state;
	assert_text(
	    &(struct options){0}, r,
	    "web1  running  default, small\n"
	    "  ~ cgroup memory.max      256MiB -> 512MiB    limits.memory, profiles/small.yaml:4\n"
	    "  ~ nic/eth0 egress        50Mbit -> 100Mbit   limits.egress, "
	    "instances/web1.yaml:12\n"
	    "  + disk/data              /srv/data on /mnt/data, idmapped\n"
	    "  ! idmap                  pending restart     raw.idmap, instances/web1.yaml:9\n"
	    "db1   missing\n"
	    "  + container              create from template busybox, start\n"
	    "\n"
	    "2 instances: 1 to create, 3 changes live, 1 pending restart; 48 in sync\n");
	sample_free(r);
}

static void only_signs_are_coloured(void **state)
{
	struct result *r = sample_plan();
	char *colored = text(&(struct options){.color = true}, r);
	char *bare = text(&(struct options){0}, r), *to = colored;
	size_t signs = 0;

	(void)state;
	for (char *at = colored; *at;) {
		if (strncmp(at, "\033[0m", 4) == 0) {
			at += 4;
		} else if (*at == '\033') {
			assert_true(at - colored >= 2 && at[-1] == ' ');
			assert_non_null(strchr("+-~!?", at[5]));
			at += 5;
			signs++;
		} else {
			*to++ = *at++;
		}
	}
	*to = '\0';
	assert_string_equal(colored, bare);
	assert_int_equal(signs, 5);
	free(colored);
	free(bare);
	sample_free(r);
}

static void nothing_to_do_is_said(void **state)
{
	static const struct {
		struct summary summary;
		const char *line;
	} rows[] = {
	    {{.in_sync = 50},					"Nothing to do: 50 in sync.\n"},
	    {{.in_sync = 0},					 "Nothing to do: 0 in sync.\n" },
	    {{.in_sync = 3, .pending_restart = 2, .unsupported = 1},
	     "Nothing to do: 3 in sync, 2 pending restart, 1 unsupported.\n"                       },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct result *r = sample_new();

		r->summary = rows[i].summary;
		assert_text(&(struct options){0}, r, rows[i].line);
		sample_free(r);
	}
}

static void trouble_is_no_total_of_zero(void **state)
{
	struct result *r = sample_new();

	(void)state;
	r->trouble = true;
	assert_text(&(struct options){0}, r, "Nothing done: there were errors.\n");
	sample_free(r);
}

static void one_is_singular(void **state)
{
	struct result *r = sample_new();
	struct outcome *o = sample_outcome(r, "a", STATUS_RUNNING, "");

	(void)state;
	sample_change(o, (struct change){.object = "cgroup",
					 .attribute = "pids.max",
					 .from = "max",
					 .to = "5",
					 .action = ACTION_CHANGE});
	r->summary = (struct summary){.update = 1, .live = 1};
	assert_text(&(struct options){0}, r,
		    "a  running\n"
		    "  ~ cgroup pids.max        max -> 5\n"
		    "\n"
		    "1 instance: 1 change live; 0 in sync\n");
	sample_free(r);
}

static void what_is_not_done_says_why(void **state)
{
	struct result *r = sample_new();
	struct outcome *o = sample_outcome(r, "a", STATUS_RUNNING, "");
	struct change *c;

	(void)state;
	o->in_sync = true;
	c = sample_change(o, (struct change){.object = "cgroup",
					     .attribute = "memory.swap.max",
					     .to = "0",
					     .observed = UNSUPPORTED,
					     .effect = EFFECT_UNSUPPORTED,
					     .reason = "this kernel does not account swap",
					     .remedy = "boot with swapaccount=1",
					     .action = ACTION_NONE});
	sample_origin(r, c, "limits.memory.swap", "a.yaml", 3);
	sample_change(o, (struct change){.object = "sysctl",
					 .attribute = "net.x",
					 .to = "1",
					 .observed = UNKNOWN,
					 .reason = "Permission denied",
					 .action = ACTION_NONE});
	sample_change(o, (struct change){.object = "container",
					 .attribute = "existence",
					 .from = "running",
					 .reason = "security.protection.delete is set",
					 .remedy = "take that key away first",
					 .action = ACTION_NONE});
	r->summary = (struct summary){.in_sync = 1, .unsupported = 3};
	assert_text(&(struct options){0}, r,
		    "a  running\n"
		    "  ? cgroup memory.swap.max   unsupported: this kernel does not account swap   "
		    "limits.memory.swap, a.yaml:3\n"
		    "      hint: boot with swapaccount=1\n"
		    "  ? sysctl net.x             unknown: Permission denied\n"
		    "  ? container                refused: security.protection.delete is set\n"
		    "      hint: take that key away first\n"
		    "\n"
		    "Nothing to do: 1 in sync, 3 unsupported.\n");
	sample_free(r);
}

static void removal_and_replacement(void **state)
{
	struct result *r = sample_new();
	struct outcome *o = sample_outcome(r, "a", STATUS_RUNNING, "");

	(void)state;
	sample_change(o, (struct change){.object = "cgroup",
					 .attribute = "pids.max",
					 .from = "5",
					 .to = "max",
					 .reason = "no longer in the manifest",
					 .action = ACTION_REMOVE});
	sample_change(o, (struct change){.object = "nic/eth0",
					 .attribute = "link",
					 .identity = true,
					 .from = "br0",
					 .to = "br1",
					 .action = ACTION_REPLACE});
	sample_change(o, (struct change){.object = "disk/data",
					 .attribute = "device",
					 .from = "/a on /b",
					 .action = ACTION_REMOVE});
	r->summary = (struct summary){.update = 1, .live = 3};
	assert_text(&(struct options){0}, r,
		    "a  running\n"
		    "  -   cgroup pids.max        5 -> max   no longer in the manifest\n"
		    "  -/+ nic/eth0               br0 -> br1\n"
		    "  -   disk/data              /a on /b\n"
		    "\n"
		    "1 instance: 3 changes live; 0 in sync\n");
	sample_free(r);
}

static void add_nic(struct result *r, struct outcome *o, enum verdict verdict)
{
	struct change *c = sample_change(o, (struct change){.object = "nic/eth0",
							    .attribute = "link",
							    .to = "veth",
							    .identity = true,
							    .key = "eth0",
							    .verdict = verdict,
							    .action = ACTION_ADD});
	struct change part = {.object = "nic/eth0", .action = ACTION_ADD, .verdict = verdict};
	static const char *const values[][2] = {
	    {"host_name", "ve0123456789"     },
	    {"hwaddr",    "00:16:3e:01:02:03"},
	    {"index",     "0"                },
	    {"ingress",   "50000000"         },
	    {"master",    "br0"              },
	    {"name",      "eth0"             },
	};

	sample_origin(r, c, "eth0", "instances/web1.yaml", 12);
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		part.attribute = values[i][0];
		part.to = values[i][1];
		sample_change(o, part);
	}
}

/* What an object comes with stands in its line, and one by one with -v. */
static void an_object_comes_in_one_line(void **state)
{
	struct result *r = sample_new();
	struct outcome *o = sample_outcome(r, "a", STATUS_RUNNING, "");

	(void)state;
	add_nic(r, o, VERDICT_NONE);
	sample_change(o, (struct change){.object = "nic/eth1",
					 .attribute = "egress",
					 .from = "999992",
					 .to = "1000000",
					 .action = ACTION_CHANGE});
	r->summary = (struct summary){.update = 1, .live = 2};
	assert_text(&(struct options){0}, r,
		    "a  running\n"
		    "  + nic/eth0               veth on br0, 00:16:3e:01:02:03, ingress 50Mbit   "
		    "instances/web1.yaml:12\n"
		    "  ~ nic/eth1 egress        999992bit -> 1Mbit\n"
		    "\n"
		    "1 instance: 2 changes live; 0 in sync\n");
	o->changes.n--;
	assert_text(&(struct options){.verbosity = 1}, r,
		    "a  running\n"
		    "  + nic/eth0               veth   instances/web1.yaml:12\n"
		    "  + nic/eth0 host_name     ve0123456789\n"
		    "  + nic/eth0 hwaddr        00:16:3e:01:02:03\n"
		    "  + nic/eth0 index         0\n"
		    "  + nic/eth0 ingress       50Mbit\n"
		    "  + nic/eth0 master        br0\n"
		    "  + nic/eth0 name          eth0\n"
		    "\n"
		    "1 instance: 2 changes live; 0 in sync\n");
	sample_free(r);
}

static void an_object_goes_or_is_replaced_in_one_line(void **state)
{
	struct result *r = sample_new();
	struct outcome *o = sample_outcome(r, "a", STATUS_RUNNING, "");
	struct change part = {.object = "nic/eth0", .identity = true};

	(void)state;
	part.attribute = "link";
	part.from = "veth";
	part.action = ACTION_REMOVE;
	part.reason = "no longer in the manifest";
	sample_change(o, part);
	part.identity = false;
	part.attribute = "master";
	part.from = "br0";
	sample_change(o, part);
	part = (struct change){.object = "nic/lan", .action = ACTION_ADD};
	part.attribute = "name"; /* of another phase: it stands before the identity */
	part.to = "lan0";
	sample_change(o, part);
	part.action = ACTION_REPLACE;
	part.attribute = "link";
	part.from = "veth";
	part.to = "macvlan eth1";
	part.identity = true;
	sample_change(o, part);
	r->summary = (struct summary){.update = 1, .live = 1, .replace = 1};
	assert_text(&(struct options){0}, r,
		    "a  running\n"
		    "  -   nic/eth0               veth on br0   "
		    "no longer in the manifest\n"
		    "  -/+ nic/lan                veth -> macvlan on eth1, named lan0\n"
		    "\n"
		    "1 instance: 1 device to replace, 1 change live; 0 in sync\n");
	sample_free(r);
}

/* A part that failed is told below its object; what failed with the object itself is not. */
static void a_part_fails_for_itself(void **state)
{
	struct result *r = sample_new();
	struct outcome *o = sample_outcome(r, "a", STATUS_RUNNING, "");
	struct change *ingress;

	(void)state;
	r->applied = true;
	add_nic(r, o, VERDICT_APPLIED);
	ingress = &o->changes.items[4];
	ingress->verdict = VERDICT_FAILED;
	ingress->error = "htb on ve0123456789: Operation not supported";
	ingress->remedy = "load sch_htb";
	assert_text(&(struct options){0}, r,
		    "a  running\n"
		    "  + nic/eth0               veth on br0, 00:16:3e:01:02:03, ingress 50Mbit   "
		    "instances/web1.yaml:12\n"
		    "      ingress failed: htb on ve0123456789: Operation not supported\n"
		    "      hint: load sch_htb\n"
		    "\n"
		    "1 instance: 1 change applied, 1 failed; 0 in sync\n");
	for (size_t i = 0; i < o->changes.n; i++)
		o->changes.items[i].verdict = VERDICT_SKIPPED;
	ingress->error = ingress->remedy = NULL;
	o->changes.items[0].verdict = VERDICT_FAILED;
	o->changes.items[0].error = "ve0123456789: File exists";
	assert_text(&(struct options){0}, r,
		    "a  running\n"
		    "  + nic/eth0               veth on br0, 00:16:3e:01:02:03, ingress 50Mbit   "
		    "instances/web1.yaml:12\n"
		    "      failed: ve0123456789: File exists\n"
		    "\n"
		    "1 instance: 1 failed; 0 in sync\n");
	sample_free(r);
}

/* What the user has to mend: the error below has the remedy. */
static void what_is_wrong_is_refused(void **state)
{
	struct result *r = sample_new();
	struct outcome *o = sample_outcome(r, "a", STATUS_RUNNING, "");
	struct change *c;

	(void)state;
	c = sample_change(o, (struct change){.object = "nic/eth0",
					     .attribute = "link",
					     .observed = UNKNOWN,
					     .identity = true,
					     .wrong = true,
					     .reason = "there is no bridge br9 on this host",
					     .remedy = "make it",
					     .action = ACTION_NONE});
	sample_origin(r, c, "eth0.parent", "a.yaml", 5);
	diagnostic_error(&o->diagnostics, change_place(c), "nic/eth0: there is no bridge br9");
	diagnostic_hint(&o->diagnostics, "make it");
	assert_text(&(struct options){0}, r,
		    "a  running\n"
		    "  ? nic/eth0               refused: there is no bridge br9 on this host   "
		    "a.yaml:5\n"
		    "    a.yaml:5: error: nic/eth0: there is no bridge br9\n"
		    "      hint: make it\n"
		    "\n"
		    "1 instance: 1 with errors; 0 in sync\n");
	sample_free(r);
}

static void an_apply_tells_what_became_of_it(void **state)
{
	struct result *r = sample_new();
	struct outcome *o = sample_outcome(r, "a", STATUS_RUNNING, NULL);
	struct change change = {.object = "cgroup",
				.attribute = "pids.max",
				.from = "1",
				.to = "2",
				.verdict = VERDICT_APPLIED,
				.action = ACTION_CHANGE};

	(void)state;
	r->applied = true;
	sample_change(o, change);
	change.attribute = "cpu.weight";
	change.verdict = VERDICT_FAILED;
	change.error = "/sys/fs/cgroup/cpu.weight: Device or resource busy";
	sample_change(o, change);
	change.attribute = "io.weight";
	change.verdict = VERDICT_SKIPPED;
	change.reason = "a step before it failed";
	sample_change(o, change);
	r->summary = (struct summary){.update = 1, .live = 1, .failed = 1, .skipped = 1};
	assert_text(&(struct options){0}, r,
		    "a  running\n"
		    "  ~ cgroup pids.max        1 -> 2\n"
		    "  ~ cgroup cpu.weight      1 -> 2\n"
		    "      failed: /sys/fs/cgroup/cpu.weight: Device or resource busy\n"
		    "  ~ cgroup io.weight       1 -> 2\n"
		    "      skipped: a step before it failed\n"
		    "\n"
		    "1 instance: 1 change applied, 1 failed, 1 skipped; 0 in sync\n");
	sample_free(r);
}

static void findings_stand_below_their_instance(void **state)
{
	struct result *r = sample_new();
	struct outcome *o = sample_outcome(r, "a", STATUS_STOPPED, "");
	struct source source = {.name = "a.yaml"};

	(void)state;
	o->held_back = true;
	diagnostic_error(&o->diagnostics, (struct place){&source, 4, 3}, "'x' is not a size");
	diagnostic_hint(&o->diagnostics, "write 1GiB");
	diagnostic_notice(&o->diagnostics, NOWHERE, "only with -v");
	assert_text(&(struct options){0}, r,
		    "a  stopped\n"
		    "  ? held back: it keeps what it has\n"
		    "    a.yaml:4: error: 'x' is not a size\n"
		    "      hint: write 1GiB\n"
		    "\n"
		    "1 instance: 1 held back; 0 in sync\n");
	sample_free(r);
}

/* Secrets, also where an error repeats them, and values that would drive the terminal. */
static void secrets_and_escapes(void **state)
{
	struct result *r = sample_new();
	struct outcome *o = sample_outcome(r, "a", STATUS_RUNNING, "");
	struct change change = {.object = "config",
				.attribute = "lxc.environment.TOKEN",
				.key = "environment.TOKEN",
				.from = "0ld",
				.to = "n3w",
				.action = ACTION_CHANGE,
				.verdict = VERDICT_FAILED,
				.error = "'n3w' was refused for 0ld"};
	char *out;

	(void)state;
	sample_change(o, change);
	change.key = NULL; /* put back: only the record speaks of it */
	sample_change(o, change);
	out = text(&(struct options){0}, r);
	assert_null(strstr(out, "n3w"));
	assert_null(strstr(out, "0ld"));
	assert_non_null(strstr(out, "environment.TOKEN"));
	assert_non_null(strstr(out, "(hidden) -> (hidden)"));
	assert_non_null(strstr(out, "'(hidden)' was refused for (hidden)"));
	free(out);
	out = text(&(struct options){.show_secrets = true}, r);
	assert_non_null(strstr(out, "0ld -> n3w"));
	free(out);
	o->changes.n = 0;
	sample_change(o, (struct change){.object = "sysctl",
					 .attribute = "a\033[1m",
					 .from = "\033]0;x\007",
					 .to = "\xe2\x80\xae",
					 .action = ACTION_CHANGE});
	out = text(&(struct options){0}, r);
	for (const char *at = out; *at; at++)
		assert_true(*at == '\n' || (unsigned char)*at >= ' ');
	assert_null(strstr(out, "\xe2\x80\xae"));
	free(out);
	sample_free(r);
}

static void quiet_prints_nothing(void **state)
{
	struct result *r = sample_plan();

	(void)state;
	assert_text(&(struct options){.verbosity = -1}, r, "");
	sample_free(r);
}

static void all_lists_those_in_sync(void **state)
{
	struct result *r = sample_new();
	struct outcome *o = sample_outcome(r, "a", STATUS_FROZEN, "x");

	(void)state;
	o->in_sync = true;
	r->summary.in_sync = 1;
	assert_text(&(struct options){0}, r, "Nothing to do: 1 in sync.\n");
	assert_text(&(struct options){.all = true}, r,
		    "a  frozen  x\n\nNothing to do: 1 in sync.\n");
	sample_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_plan_is_aligned),
	    cmocka_unit_test(only_signs_are_coloured),
	    cmocka_unit_test(nothing_to_do_is_said),
	    cmocka_unit_test(trouble_is_no_total_of_zero),
	    cmocka_unit_test(one_is_singular),
	    cmocka_unit_test(what_is_not_done_says_why),
	    cmocka_unit_test(removal_and_replacement),
	    cmocka_unit_test(an_object_comes_in_one_line),
	    cmocka_unit_test(an_object_goes_or_is_replaced_in_one_line),
	    cmocka_unit_test(a_part_fails_for_itself),
	    cmocka_unit_test(what_is_wrong_is_refused),
	    cmocka_unit_test(an_apply_tells_what_became_of_it),
	    cmocka_unit_test(findings_stand_below_their_instance),
	    cmocka_unit_test(secrets_and_escapes),
	    cmocka_unit_test(quiet_prints_nothing),
	    cmocka_unit_test(all_lists_those_in_sync),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
