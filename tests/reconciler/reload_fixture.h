/*
 * reload_fixture - a directory of manifests on disk, a reload of it, and a fresh load to compare.
 */
#pragma once

#include "reconciler/reload.h"
#include "schema/arena.h"

#include "tests/skip.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* A directory on disk that this user owns, and a reload of it. */
struct fixture {
	struct arena *arena;
	char base[64];
	char *directory;
	char owner[16]; /* this user: tests need no root */
	struct options options;
	struct reload *r;
	struct arena *news_arena;
	struct reload_news news; /* of the last update */
	enum load_trouble trouble;
};

static inline char *path_of(struct fixture *f, const char *name)
{
	return arena_printf(f->arena, "%s/%s", f->directory, name);
}

static inline void folder(struct fixture *f, const char *name)
{
	assert_int_equal(mkdir(path_of(f, name), 0755), 0);
}

static inline int set_up(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	umask(022);
	f->arena = arena_new();
	f->news_arena = arena_new();
	strcpy(f->base, "/tmp/ek-test-reload-XXXXXX");
	assert_non_null(mkdtemp(f->base));
	assert_int_equal(chmod(f->base, 0755), 0);
	f->directory = arena_printf(f->arena, "%s/manifests", f->base);
	assert_int_equal(mkdir(f->directory, 0755), 0);
	folder(f, "instances");
	folder(f, "profiles");
	snprintf(f->owner, sizeof(f->owner), "%u", (unsigned)getuid());
	f->options = (struct options){.directory = f->directory, .host = "h", .owner = f->owner};
	f->r = reload_open(&f->options);
	*state = f;
	return 0;
}

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline int tear_down(void **state)
{
	struct fixture *f = *state;

	reload_close(f->r);
	nftw(f->base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	arena_free(f->news_arena);
	arena_free(f->arena);
	test_free(f);
	return 0;
}

static inline void put(struct fixture *f, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", f->directory, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static inline void drop(struct fixture *f, const char *name)
{
	assert_int_equal(unlink(path_of(f, name)), 0);
}

static inline void mode(struct fixture *f, const char *name, mode_t bits)
{
	assert_int_equal(chmod(path_of(f, name), bits), 0);
}

static inline enum load_trouble update(struct fixture *f, const char *path)
{
	arena_reset(f->news_arena);
	f->trouble = reload_update(f->r, &path, 1, f->news_arena, &f->news);
	return f->trouble;
}

static inline enum load_trouble update_all(struct fixture *f)
{
	return update(f, "");
}

static inline const struct instance *find(struct fixture *f, const char *name)
{
	return generation_find(reload_generation(f->r), name);
}

/* Names of the news, blank between. */
static inline const char *news(struct fixture *f)
{
	const char *all = "";

	for (size_t i = 0; i < f->news.n; i++)
		all = arena_printf(f->arena, "%s%s%s", all, i ? " " : "", f->news.names[i]);
	return all;
}

/* All names; "!" behind those held back, "*" behind those that are the last good ones. */
static inline const char *names(struct fixture *f)
{
	const struct generation *g = reload_generation(f->r);
	const char *all = "";

	for (size_t i = 0; i < g->n_instances; i++)
		all = arena_printf(f->arena, "%s%s%s%s%s", all, i ? " " : "", g->instances[i]->name,
				   g->instances[i]->held_back ? "!" : "",
				   g->instances[i]->last_good ? "*" : "");
	return all;
}

static inline void demand_memory(struct fixture *f, const char *name, const char *memory)
{
	const struct instance *i = find(f, name);

	assert_non_null(i);
	assert_string_equal(instance_text(i, "limits.memory"), memory);
}

static inline const char *lines(struct arena *a, const struct diagnostics *ds)
{
	const char *all = "";

	for (size_t i = 0; i < ds->n; i++) {
		const struct diagnostic *d = &ds->items[i];

		all = arena_printf(a, "%s%s:%u:%u: %d %s [%s] (%s)\n", all,
				   d->place.source ? d->place.source->name : "", d->place.line,
				   d->place.column, (int)d->severity, d->message,
				   d->hint ? d->hint : "", d->instance ? d->instance : "");
	}
	return all;
}

static inline const char *said(struct fixture *f)
{
	return lines(f->arena, &f->news.findings);
}

static inline const char *standing(struct fixture *f)
{
	struct diagnostics ds;

	diagnostics_init(&ds, f->arena);
	reload_findings(f->r, &ds);
	return lines(f->arena, &ds);
}

#define demand(text, part)                                                                         \
	do {                                                                                       \
		const char *text_ = (text);                                                        \
		if (!strstr(text_, part))                                                          \
			fail_msg("no \"%s\" in:\n%s", part, text_);                                \
	} while (0)

static inline const char *describe(struct arena *a, const struct instance *i)
{
	const char *all =
	    arena_printf(a, "%s held %d lacks %d elsewhere %d state %d:\n", i->name, i->held_back,
			 i->lacks_default, i->elsewhere, (int)i->document->state);

	for (size_t k = 0; k < i->n_config; k++) {
		const struct expanded *e = &i->config[k];

		all = arena_printf(a, "%s  %s=%s %s:%u:%u %s\n", all, e->setting->name,
				   e->setting->text, e->setting->at.source->name,
				   e->setting->at.line, e->setting->at.column, e->from->name);
	}
	for (size_t k = 0; k < i->n_devices; k++) {
		const struct device *d = i->devices[k].device;

		all = arena_printf(a, "%s  %s: %s %s:%u %s\n", all, d->name, d->type->name,
				   d->at.source->name, d->at.line, i->devices[k].from->name);
		for (size_t o = 0; o < d->options.n; o++)
			all = arena_printf(a, "%s    %s=%s\n", all, d->options.items[o].name,
					   d->options.items[o].text);
	}
	return all;
}

static inline bool any_last_good(const struct generation *g)
{
	for (size_t i = 0; i < g->n_instances; i++)
		if (g->instances[i]->last_good)
			return true;
	return false;
}

static inline void same_catalog(const struct catalog *c, const struct catalog *d)
{
	assert_int_equal(c->n_instances, d->n_instances);
	assert_int_equal(c->n_profiles, d->n_profiles);
	assert_int_equal(c->n_networks, d->n_networks);
	for (size_t i = 0; i < c->n_instances; i++) {
		assert_string_equal(c->instances[i]->name, d->instances[i]->name);
		assert_int_equal(c->instances[i]->broken, d->instances[i]->broken);
		assert_string_equal(c->instances[i]->at.source->name,
				    d->instances[i]->at.source->name);
	}
	for (size_t i = 0; i < c->n_profiles; i++) {
		assert_string_equal(c->profiles[i]->name, d->profiles[i]->name);
		assert_int_equal(c->profiles[i]->broken, d->profiles[i]->broken);
	}
}

/* What is fine in a fresh load is the same here; and where nothing leaves a gap, all is: true. */
static inline bool compare(struct fixture *f, const char *what)
{
	struct generation *fresh = generation_load(&f->options, TRUST_ENFORCE);
	struct generation *g = reload_generation(f->r);
	struct arena *a = arena_new();
	struct diagnostics ds;
	bool all = false;

	if (fresh->trouble != LOAD_FINE) {
		assert_int_equal(fresh->trouble, g->trouble);
		generation_free(fresh);
		arena_free(a);
		return false;
	}
	assert_int_equal(g->trouble, LOAD_FINE);
	assert_int_equal(g->partial, fresh->partial);
	for (size_t i = 0; i < fresh->n_instances; i++) {
		const struct instance *theirs = fresh->instances[i];
		const struct instance *ours = generation_find(g, theirs->name);

		if (!ours)
			fail_msg("%s: there is no %s", what, theirs->name);
		/* what is remembered may help, or be in the way of, what is held back anyway */
		if (fresh->partial && (theirs->held_back || ours->lacks_default))
			continue;
		if (ours->held_back != theirs->held_back)
			fail_msg("%s: %s: %s\n%s\n%s", what, describe(a, ours),
				 instance_held_reason(&g->catalog, ours, a), describe(a, theirs),
				 standing(f));
		if (!ours->last_good)
			assert_string_equal(describe(a, ours), describe(a, theirs));
	}
	if (!fresh->partial) {
		assert_int_equal(g->n_files, fresh->n_files);
		assert_string_equal(generation_digest(g), generation_digest(fresh));
		assert_int_equal(g->n_instances, fresh->n_instances);
		same_catalog(&g->catalog, &fresh->catalog);
		all = !any_last_good(g);
		if (all) {
			diagnostics_init(&ds, a);
			reload_findings(f->r, &ds);
			assert_string_equal(lines(a, &ds), lines(a, &fresh->diagnostics));
		}
	}
	generation_free(fresh);
	arena_free(a);
	return all;
}

/* Beyond the tick in which a file changes twice unseen. */
static inline void let_settle(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 40000000}, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
