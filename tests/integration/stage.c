#include "tests/integration/stage.h"

#include <dirent.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include <cmocka.h>

struct harness *stage_begin(void **state)
{
	struct harness *h = harness_require_root(state);

	h->manifests =
	    arena_printf(h->arena, "%s/manifests", h->root); /* a test may have left it */
	harness_manifests_clear(h);
	return h;
}

int stage_end(void **state)
{
	struct harness *h = *state;
	DIR *dir = h ? opendir(h->lxcpath) : NULL;
	const struct dirent *e;

	daemon_end_all();
	while (dir && (e = readdir(dir))) {
		if (strncmp(e->d_name, "ek-test-", 8) != 0)
			continue;
		umount2(arena_printf(h->arena, "%s/%s", h->lxcpath, e->d_name), MNT_DETACH);
		harness_destroy(h, e->d_name);
	}
	if (dir)
		closedir(dir);
	return 0;
}

struct actor stage_actor(struct harness *h, const char *tag, const char *config)
{
	const char *name = harness_name(h, tag);
	struct actor a = {
	    .h = h, .name = name, .file = arena_printf(h->arena, "instances/%s.yaml", name)};

	harness_create(h, name, config);
	harness_start(h, name);
	stage_again(&a);
	return a;
}

void stage_again(struct actor *a)
{
	a->pids = witness_pids(a->h, a->name);
}

char *stage_text(const struct actor *a, const char *value, const char *more)
{
	return arena_printf(a->h->arena,
			    "kind: instance\nname: %s\nprofiles: []\n"
			    "config:\n  limits.processes: %s\n%s",
			    a->name, value, more ? more : "");
}

void stage_ask(const struct actor *a, const char *value, const char *more)
{
	harness_manifest(a->h, a->file, "%s", stage_text(a, value, more));
}

void stage_turn(struct daemon *d, const struct actor *a, const char *value, const char *more)
{
	stage_ask(a, value, more);
	daemon_await(d, witness_is(a->pids, value));
}

void stage_expect_in_sync(struct daemon *d)
{
	char *difference;

	daemon_reload(d);
	/* jobs may be under way */
	for (int i = 0; harness_evenkeel(d->h, &difference, "diff", NULL) != 0; i++) {
		if (i == 200)
			fail_msg("not in sync:\n%s", difference);
		daemon_nap(50);
	}
}

static const char *leftover;
static char leftover_path[4096];

static int look(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	const char *file = path + ftw->base;

	(void)st;
	if (flag == FTW_D && strcmp(file, "rootfs") == 0)
		return FTW_SKIP_SUBTREE;
	if (ftw->level > 0 && strncmp(file, ".evenkeel", 9) == 0) {
		snprintf(leftover_path, sizeof(leftover_path), "%s", path);
		leftover = leftover_path;
	}
	return FTW_CONTINUE;
}

void stage_expect_no_leftovers(struct harness *h)
{
	leftover = NULL;
	assert_int_equal(nftw(h->lxcpath, look, 16, FTW_PHYS | FTW_ACTIONRETVAL), 0);
	if (leftover)
		fail_msg("left behind: %s", leftover);
}

bool stage_soak(void)
{
	return getenv("EVENKEEL_SOAK") != NULL;
}

bool stage_asan(const struct harness *h)
{
	return strstr(h->program, "/asan/") != NULL;
}
