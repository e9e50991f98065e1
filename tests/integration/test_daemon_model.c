/*
 * A model of people at work: random edits of random manifests, in many a manner. After each the
 * daemon says that all is in sync, by its events alone; then a program that looks with fresh eyes
 * finds nothing to do, and what a broken file asked for is nowhere.
 */
#include "tests/integration/editors.h"
#include "tests/integration/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define STEPS 80
#define SOAK_STEPS 2000
#define CAST 3
#define PROFILES 3

static unsigned seed;

static unsigned dice(unsigned sides)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % sides;
}

/* Some keys that take effect at once. */
static char *config(struct harness *h)
{
	char *text = arena_strdup(h->arena, "config:\n  user.note: x\n");

	if (dice(2))
		text = arena_printf(h->arena, "%s  limits.processes: %u\n", text, 50 + dice(100));
	if (dice(2))
		text = arena_printf(h->arena, "%s  limits.memory: %uMiB\n", text, 64 + dice(64));
	if (dice(3) == 0)
		text = arena_printf(h->arena, "%s  limits.cpu: %s\n", text, dice(2) ? "1" : "0-1");
	if (dice(3) == 0)
		text =
		    arena_printf(h->arena, "%s  limits.cpu.allowance: %u%%\n", text, 10 + dice(50));
	if (dice(3) == 0)
		text = arena_printf(h->arena, "%s  limits.cpu.priority: %u\n", text, dice(11));
	if (dice(3) == 0)
		text =
		    arena_printf(h->arena, "%s  limits.memory.oom_priority: %u\n", text, dice(900));
	return text;
}

static char *profiles_of_one(struct harness *h)
{
	switch (dice(4)) {
	case 0:
		return arena_strdup(h->arena, "[]");
	case 1:
		return arena_printf(h->arena, "[p%u]", dice(PROFILES));
	case 2:
		return arena_strdup(h->arena, "[p0, p1]");
	default:
		return arena_strdup(h->arena, "[p2, p0, p1]");
	}
}

/* All files of the model; which one an instance stands in may change. */
struct model {
	struct harness *h;
	const char *names[CAST];
	const char *files[CAST];
	bool broken; /* one of them is, just now */
};

static void write_instance(struct model *m, unsigned i)
{
	struct harness *h = m->h;
	const char *slash = strrchr(m->files[i], '/');
	char *text = arena_printf(h->arena, "kind: instance\nname: %s\nprofiles: %s\n%s",
				  m->names[i], profiles_of_one(h), config(h));
	struct save s = {
	    .folder = arena_printf(h->arena, "%s/%.*s", h->manifests, (int)(slash - m->files[i]),
				   m->files[i]),
	    .file = slash + 1,
	    .text = text,
	};
	/* the first ones need no program */
	const struct editor *e = &editors[dice(n_editors)];

	if (e->needs || strstr(e->name, "sed") || strstr(e->name, "perl") ||
	    access(arena_printf(h->arena, "%s/%s", s.folder, s.file), F_OK) < 0)
		harness_manifest(h, m->files[i], "%s", text);
	else
		e->save(h, &s);
	/* what emacs and others leave would be in the way of their next save */
	unlink(arena_printf(h->arena, "%s/%s~", s.folder, s.file));
}

static void move_instance(struct model *m, unsigned i)
{
	struct harness *h = m->h;
	const char *to = arena_printf(h->arena, "%s/file%u.yaml",
				      dice(2) ? "instances" : "more/deep", dice(1000));
	const char *from = arena_printf(h->arena, "%s/%s", h->manifests, m->files[i]);

	/* makes the folder */
	harness_manifest(h, arena_printf(h->arena, "%s~", to), "x");
	unlink(arena_printf(h->arena, "%s/%s~", h->manifests, to));
	if (access(arena_printf(h->arena, "%s/%s", h->manifests, to), F_OK) == 0)
		return;
	assert_int_equal(rename(from, arena_printf(h->arena, "%s/%s", h->manifests, to)), 0);
	m->files[i] = to;
}

static void step(struct model *m)
{
	struct harness *h = m->h;
	unsigned i = dice(CAST);

	switch (dice(8)) {
	case 0:
	case 1:
		harness_manifest(h, arena_printf(h->arena, "profiles/p%u.yaml", dice(PROFILES)),
				 "%s", config(h));
		break;
	case 2:
		move_instance(m, i);
		break;
	case 3:
		unlink(arena_printf(h->arena, "%s/%s", h->manifests, m->files[i]));
		write_instance(m, i);
		break;
	case 4:
		m->broken = true;
		harness_manifest(h, m->files[i],
				 "name: %s\nprofiles: [p0\nconfig: {limits.processes: 13}\n",
				 m->names[i]);
		break;
	default:
		write_instance(m, i);
	}
}

static void expect_agreement(struct daemon *d, const struct model *m, unsigned n)
{
	char *output;

	if (harness_evenkeel(m->h, &output, "status", "--wait=in-sync", "--timeout", "20s", NULL) !=
	    0)
		fail_msg("step %u: not in sync:\n%s", n, output);
	if (harness_evenkeel(m->h, &output, "diff", NULL) == 0)
		return;
	daemon_nap(500);
	if (harness_evenkeel(m->h, NULL, "diff", NULL) == 0)
		fail_msg("step %u: it was called in sync too early:\n%s\n%s", n, output,
			 daemon_words(d));
	fail_msg("step %u: fresh eyes see:\n%s\n%s", n, output, daemon_words(d));
}

static void nobody_sees_a_difference(void **state)
{
	struct harness *h = stage_begin(state);
	struct model m = {.h = h};
	unsigned steps = stage_soak() ? SOAK_STEPS : STEPS;
	struct daemon *d;

	seed = stage_soak() ? (unsigned)getpid() : 4711;
	print_message("seed %u\n", seed);
	for (unsigned i = 0; i < PROFILES; i++)
		harness_manifest(h, arena_printf(h->arena, "profiles/p%u.yaml", i), "%s",
				 config(h));
	for (unsigned i = 0; i < CAST; i++) {
		struct actor a = stage_actor(h, arena_printf(h->arena, "m%u", i), NULL);

		m.names[i] = a.name;
		m.files[i] = a.file;
		stage_ask(&a, "100", NULL);
	}
	d = daemon_start(h, NULL);
	for (unsigned n = 0; n < steps; n++) {
		for (unsigned k = 1 + dice(3); k > 0; k--)
			step(&m);
		if (m.broken) {
			daemon_nap(dice(60));
			for (unsigned i = 0; i < CAST; i++)
				write_instance(&m, i);
			m.broken = false;
		}
		daemon_mark(d);
		expect_agreement(d, &m, n);
	}
	daemon_stop(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {stage_test(nobody_sees_a_difference)};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
