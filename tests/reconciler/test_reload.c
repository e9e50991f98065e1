#include "reconciler/reload.h"
#include "schema/arena.h"

#include "tests/skip.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <malloc.h>
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

static char *path_of(struct fixture *f, const char *name)
{
	return arena_printf(f->arena, "%s/%s", f->directory, name);
}

static void folder(struct fixture *f, const char *name)
{
	assert_int_equal(mkdir(path_of(f, name), 0755), 0);
}

static int set_up(void **state)
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

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	reload_close(f->r);
	nftw(f->base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	arena_free(f->news_arena);
	arena_free(f->arena);
	test_free(f);
	return 0;
}

static void put(struct fixture *f, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", f->directory, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void drop(struct fixture *f, const char *name)
{
	assert_int_equal(unlink(path_of(f, name)), 0);
}

static void mode(struct fixture *f, const char *name, mode_t bits)
{
	assert_int_equal(chmod(path_of(f, name), bits), 0);
}

static enum load_trouble update(struct fixture *f, const char *path)
{
	arena_reset(f->news_arena);
	f->trouble = reload_update(f->r, &path, 1, f->news_arena, &f->news);
	return f->trouble;
}

static enum load_trouble update_all(struct fixture *f)
{
	return update(f, "");
}

static const struct instance *find(struct fixture *f, const char *name)
{
	return generation_find(reload_generation(f->r), name);
}

/* Names of the news, blank between. */
static const char *news(struct fixture *f)
{
	const char *all = "";

	for (size_t i = 0; i < f->news.n; i++)
		all = arena_printf(f->arena, "%s%s%s", all, i ? " " : "", f->news.names[i]);
	return all;
}

/* All names; "!" behind those held back, "*" behind those that are the last good ones. */
static const char *names(struct fixture *f)
{
	const struct generation *g = reload_generation(f->r);
	const char *all = "";

	for (size_t i = 0; i < g->n_instances; i++)
		all = arena_printf(f->arena, "%s%s%s%s%s", all, i ? " " : "", g->instances[i]->name,
				   g->instances[i]->held_back ? "!" : "",
				   g->instances[i]->last_good ? "*" : "");
	return all;
}

static const char *lines(struct arena *a, const struct diagnostics *ds)
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

static const char *said(struct fixture *f)
{
	return lines(f->arena, &f->news.findings);
}

static const char *standing(struct fixture *f)
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

/* --- equal to a fresh load
 * ------------------------------------------------------------------------ */

static const char *describe(struct arena *a, const struct instance *i)
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

static bool any_last_good(const struct generation *g)
{
	for (size_t i = 0; i < g->n_instances; i++)
		if (g->instances[i]->last_good)
			return true;
	return false;
}

static void same_catalog(const struct catalog *c, const struct catalog *d)
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

/* What is fine in a fresh load is the same here; and where nothing leaves a gap, all is. */
static void compare(struct fixture *f, const char *what)
{
	struct generation *fresh = generation_load(&f->options, TRUST_ENFORCE);
	struct generation *g = reload_generation(f->r);
	struct arena *a = arena_new();
	struct diagnostics ds;

	if (fresh->trouble != LOAD_FINE) {
		assert_int_equal(fresh->trouble, g->trouble);
		generation_free(fresh);
		arena_free(a);
		return;
	}
	assert_int_equal(g->trouble, LOAD_FINE);
	assert_int_equal(g->partial, fresh->partial);
	assert_int_equal(g->n_files, fresh->n_files);
	assert_string_equal(generation_digest(g), generation_digest(fresh));
	for (size_t i = 0; i < fresh->n_instances; i++) {
		const struct instance *theirs = fresh->instances[i];
		const struct instance *ours = generation_find(g, theirs->name);

		if (!ours)
			fail_msg("%s: there is no %s", what, theirs->name);
		assert_int_equal(ours->held_back, theirs->held_back);
		/* what is remembered may take part in what is held back anyway */
		if (!ours->last_good && !(ours->held_back && fresh->partial))
			assert_string_equal(describe(a, ours), describe(a, theirs));
	}
	if (!fresh->partial) {
		assert_int_equal(g->n_instances, fresh->n_instances);
		same_catalog(&g->catalog, &fresh->catalog);
		if (!any_last_good(g)) {
			diagnostics_init(&ds, a);
			reload_findings(f->r, &ds);
			assert_string_equal(lines(a, &ds), lines(a, &fresh->diagnostics));
		}
	}
	generation_free(fresh);
	arena_free(a);
}

static void the_first_update_loads_all(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(reload_generation(f->r)->n_instances, 0);
	assert_int_equal(reload_generation(f->r)->trouble, LOAD_MISSING);
	put(f, "instances/a.yaml", "profiles: [small]\nconfig: {user.x: y}\n");
	put(f, "instances/b.yaml", "config: {limits.memory: 64X}\n");
	put(f, "profiles/small.yaml", "config: {limits.memory: 64MiB}\n");
	assert_int_equal(update_all(f), LOAD_FINE);
	assert_string_equal(names(f), "a b!");
	assert_string_equal(news(f), "a b");
	assert_true(f->news.whole);
	assert_int_equal(f->news.files_read, 3);
	assert_int_equal(f->news.instances_expanded, 2);
	demand(said(f), "instances/b.yaml:1:27: 2 '64X' is not a size");
	assert_string_equal(said(f), standing(f));
	compare(f, "first");
}

/* --- a change costs what it changes
 * ---------------------------------------------------------------- */

static void fill(struct fixture *f, size_t n)
{
	char name[64], text[256];

	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "instances/i%05zu.yaml", i);
		snprintf(text, sizeof(text),
			 "profiles: [p%zu]\nconfig: {limits.memory: %zuMiB, user.n: \"%zu\"}\n",
			 i % 10, 64 + i % 7, i);
		put(f, name, text);
	}
	for (size_t i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "profiles/p%zu.yaml", i);
		put(f, name, "config: {limits.processes: 100}\n");
	}
}

/* Beyond the tick in which a file changes twice unseen. */
static void let_settle(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 40000000}, NULL);
}

static size_t heap(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

static void one_file_costs_one_file(void **state)
{
	struct fixture *f = *state;

	fill(f, 2000);
	assert_int_equal(update_all(f), LOAD_FINE);
	assert_int_equal(f->news.n, 2000);
	put(f, "instances/i00077.yaml", "profiles: [p7]\nconfig: {limits.memory: 1GiB}\n");
	update(f, "instances/i00077.yaml");
	assert_false(f->news.whole);
	assert_int_equal(f->news.files_read, 1);
	assert_int_equal(f->news.instances_expanded, 1);
	assert_string_equal(news(f), "i00077");
	assert_string_equal(instance_text(find(f, "i00077"), "limits.memory"), "1GiB");
	/* a profile's users, and nobody else */
	put(f, "profiles/p3.yaml", "config: {limits.processes: 101}\n");
	update(f, "profiles/p3.yaml");
	assert_int_equal(f->news.files_read, 1);
	assert_int_equal(f->news.instances_expanded, 200);
	assert_int_equal(f->news.n, 200);
	/* what they do not take from it is no news to them */
	put(f, "profiles/p4.yaml", "config: {limits.processes: 100, limits.memory: 9MiB}\n");
	update(f, "profiles/p4.yaml");
	assert_int_equal(f->news.instances_expanded, 200);
	assert_string_equal(news(f), "");
	compare(f, "counts");
}

static void a_comment_is_no_news(void **state)
{
	struct fixture *f = *state;

	put(f, "instances/a.yaml", "profiles: [p]\nconfig: {user.x: y}\n");
	put(f, "profiles/p.yaml", "config: {limits.memory: 64MiB}\n");
	update_all(f);
	put(f, "instances/a.yaml", "# new\n\nprofiles: [p]\nconfig:\n  user.x: y # same\n");
	update(f, "instances/a.yaml");
	assert_int_equal(f->news.files_read, 1);
	assert_string_equal(news(f), "");
	put(f, "profiles/p.yaml", "description: small\nconfig: {limits.memory: 64MiB}\n");
	update(f, "profiles/p.yaml");
	assert_int_equal(f->news.instances_expanded, 1);
	assert_string_equal(news(f), "");
	/* but where it stands is known anew */
	assert_int_equal(instance_get(find(f, "a"), "user.x")->setting->at.line, 5);
	assert_int_equal(instance_get(find(f, "a"), "limits.memory")->setting->at.line, 2);
	compare(f, "comment");
}

static void each_field_that_asks_is_news(void **state)
{
	static const char *const texts[] = {
	    "state: running\n",
	    "state: stopped\n",
	    "state: running\nrestart: allowed\n",
	    "source: {template: busybox}\n",
	    "source: {template: busybox, options: {release: x}}\n",
	    "source: {template: busybox, options: {release: y}}\n",
	    "source: {config: /etc/lxc/default.conf}\n",
	    "hosts: [other]\n",
	    "config: {user.a: b}\n",
	    "config: {user.a: c}\n",
	    "config: {user.b: c}\n",
	    "devices: {d: {type: disk, source: /srv, path: /srv}}\n",
	    "devices: {d: {type: disk, source: /srv, path: /data}}\n",
	    "devices: {e: {type: disk, source: /srv, path: /data}}\n",
	    "devices: {e: {type: none}}\n",
	    "config: {limits.memory: 64X}\n",
	};
	struct fixture *f = *state;

	put(f, "instances/a.yaml", "description: nothing\n");
	update_all(f);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		put(f, "instances/a.yaml", texts[i]);
		update(f, "instances/a.yaml");
		if (f->news.n != 1)
			fail_msg("no news: %s", texts[i]);
		update(f, "instances/a.yaml");
		assert_int_equal(f->news.n, 0);
	}
}

static void what_did_not_change_is_not_opened(void **state)
{
	struct fixture *f = *state;

	fill(f, 10000);
	update_all(f);
	let_settle();
	update_all(f);
	update_all(f);
	assert_true(f->news.whole);
	assert_int_equal(f->news.files_read, 0);
	assert_int_equal(f->news.instances_expanded, 0);
	assert_int_equal(f->news.n, 0);
	/* touched only: read, and that is all */
	put(f, "profiles/p1.yaml", "config: {limits.processes: 100}\n");
	update_all(f);
	assert_int_equal(f->news.files_read, 1);
	assert_int_equal(f->news.instances_expanded, 0);
	compare(f, "unchanged");
}

#if defined(__SANITIZE_ADDRESS__)
#define EDITS 500
#else
#define EDITS 10000
#endif

static void edit_some(struct fixture *f, size_t edits, const char *const *texts, size_t n)
{
	for (size_t i = 0; i < edits; i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s%05zu.yaml", i % 5 ? "instances/i" : "profiles/p",
			 i % 5 ? i % 11 : i % 3);
		put(f, name, texts[i % n]);
		update(f, name);
	}
}

static void memory_is_flat(void **state)
{
	static const char *const texts[] = {
	    "config: {limits.memory: 64MiB}\n",
	    "config: {limits.memory: 65MiB}\n# x\n",
	    "config: {limits.memory: 64X}\n",
	    "config: {limits.memory: 1GiB, user.x: long}\n",
	    "config: {",
	    "config: {}\n",
	    "profiles: [nobody]\n",
	};
	struct fixture *f = *state;
	size_t before, after;

	fill(f, 10);
	update_all(f);
	edit_some(f, 200, texts, 7);
	fill(f, 10);
	update_all(f);
	update_all(f);
	before = heap();
	edit_some(f, EDITS, texts, 7);
	fill(f, 10);
	update_all(f);
	update_all(f);
	after = heap();
	if (after > before + 32768)
		fail_msg("%zu bytes more", after - before);
	compare(f, "flat");
}

/* --- last good
 * ------------------------------------------------------------------------------------- */

static void demand_memory(struct fixture *f, const char *name, const char *memory)
{
	const struct instance *i = find(f, name);

	assert_non_null(i);
	assert_string_equal(instance_text(i, "limits.memory"), memory);
}

static void a_broken_file_keeps_what_was_good(void **state)
{
	struct fixture *f = *state;

	put(f, "instances/other.yaml", "config: {limits.memory: 1MiB}\n");
	put(f, "instances/a.yaml", "config: {limits.memory: 64MiB}\nstate: running\n");
	update_all(f);
	put(f, "instances/a.yaml", "config: {limits.memory: 64X}\nstate: stopped\n");
	update(f, "instances/a.yaml");
	assert_string_equal(names(f), "a!* other");
	assert_string_equal(news(f), "a");
	demand_memory(f, "a", "64MiB");
	assert_int_equal(find(f, "a")->document->state, STATE_RUNNING);
	demand(said(f), "'64X' is not a size");
	assert_string_equal(
	    instance_held_reason(&reload_generation(f->r)->catalog, find(f, "a"), f->arena),
	    "its manifest has errors");
	/* broken otherwise, so that not even the syntax holds: no news, but said */
	put(f, "instances/a.yaml", "config: {limits.memory");
	update(f, "instances/a.yaml");
	assert_string_equal(names(f), "a!* other");
	assert_string_equal(news(f), "");
	assert_string_not_equal(said(f), "");
	demand_memory(f, "a", "64MiB");
	assert_true(reload_generation(f->r)->partial);
	/* mended */
	put(f, "instances/a.yaml", "config: {limits.memory: 32MiB}\n");
	update(f, "instances/a.yaml");
	assert_string_equal(names(f), "a other");
	assert_string_equal(news(f), "a");
	demand_memory(f, "a", "32MiB");
	assert_string_equal(standing(f), "");
	/* broken, then gone */
	put(f, "instances/a.yaml", "config: {limits.memory");
	update(f, "instances/a.yaml");
	drop(f, "instances/a.yaml");
	update(f, "instances/a.yaml");
	assert_string_equal(names(f), "other");
	assert_string_equal(news(f), "a");
	compare(f, "gone");
}

static void what_never_was_good_is_only_held_back(void **state)
{
	struct fixture *f = *state;

	put(f, "instances/a.yaml", "config: {limits.memory: 64X}\n");
	update_all(f);
	assert_string_equal(names(f), "a!");
	put(f, "instances/a.yaml", "config: {limits.memory: 65X}\n");
	update(f, "instances/a.yaml");
	assert_string_equal(names(f), "a!");
	assert_string_equal(news(f), "");
	put(f, "instances/a.yaml", "config: {limits.memory: 65MiB}\n");
	update(f, "instances/a.yaml");
	assert_string_equal(names(f), "a");
	assert_string_equal(news(f), "a");
}

static void a_broken_profile_keeps_its_users(void **state)
{
	struct fixture *f = *state;

	put(f, "profiles/p.yaml", "config: {limits.memory: 64MiB}\n");
	put(f, "instances/a.yaml", "profiles: [p]\n");
	put(f, "instances/b.yaml", "profiles: [p]\n");
	put(f, "instances/c.yaml", "profiles: []\n");
	update_all(f);
	put(f, "profiles/p.yaml", "config: {limits.memory: 64X}\n");
	update(f, "profiles/p.yaml");
	assert_string_equal(names(f), "a!* b!* c");
	assert_string_equal(news(f), "a b");
	demand_memory(f, "a", "64MiB");
	demand(said(f), "profile 'p' has errors and holds back 2 instances: a, b");
	assert_string_equal(
	    instance_held_reason(&reload_generation(f->r)->catalog, find(f, "b"), f->arena),
	    "profile 'p' has errors");
	/* a user's own file changes meanwhile: nothing of it counts yet */
	put(f, "instances/a.yaml", "profiles: [p]\nconfig: {limits.processes: 7}\n");
	update(f, "instances/a.yaml");
	assert_string_equal(news(f), "");
	assert_null(instance_text(find(f, "a"), "limits.processes"));
	/* a new user was never good */
	put(f, "instances/d.yaml", "profiles: [p]\n");
	update(f, "instances/d.yaml");
	assert_string_equal(names(f), "a!* b!* c d!");
	demand(said(f), "profile 'p' has errors and holds back 3 instances: a, b, d");
	put(f, "profiles/p.yaml", "config: {limits.memory: 65MiB}\n");
	update(f, "profiles/p.yaml");
	assert_string_equal(names(f), "a b c d");
	assert_string_equal(news(f), "a b d");
	demand_memory(f, "a", "65MiB");
	assert_string_equal(instance_text(find(f, "a"), "limits.processes"), "7");
	/* taken away */
	drop(f, "profiles/p.yaml");
	update(f, "profiles/p.yaml");
	assert_string_equal(names(f), "a!* b!* c d!*");
	demand_memory(f, "d", "65MiB");
	compare(f, "profile");
}

static void an_untrusted_file_keeps_what_was_good(void **state)
{
	struct fixture *f = *state;

	put(f, "instances/a.yaml", "config: {limits.memory: 64MiB}\n");
	put(f, "instances/b.yaml", "config: {limits.memory: 64MiB}\n");
	update_all(f);
	mode(f, "instances/a.yaml", 0664);
	update(f, "instances/a.yaml");
	assert_string_equal(names(f), "a!* b");
	demand(said(f), "instances/a.yaml:0:0: 2 not applied: it belongs to uid");
	put(f, "instances/a.yaml", "config: {limits.memory: 1GiB}\n");
	update(f, "instances/a.yaml");
	assert_string_equal(names(f), "a!* b");
	demand_memory(f, "a", "64MiB");
	/* whose name is taken over by somebody who is trusted */
	put(f, "instances/c.yaml", "name: a\nconfig: {limits.memory: 2GiB}\n");
	update(f, "instances/c.yaml");
	assert_string_equal(names(f), "a b");
	demand_memory(f, "a", "2GiB");
	drop(f, "instances/c.yaml");
	update(f, "instances/c.yaml");
	assert_string_equal(names(f), "a!* b");
	mode(f, "instances/a.yaml", 0644);
	update(f, "instances/a.yaml");
	assert_string_equal(names(f), "a b");
	demand_memory(f, "a", "1GiB");
	/* a folder that others can write makes all below it untrusted */
	mode(f, "instances", 0777);
	update(f, "instances");
	assert_string_equal(names(f), "a!* b!*");
	demand(said(f), "instances:0:0: 2 not applied: it belongs");
	mode(f, "instances", 0755);
	update(f, "instances");
	assert_string_equal(names(f), "a b");
	assert_string_equal(standing(f), "");
	compare(f, "trust");
}

/* A file with errors may mean what it does not name any more. */
static void documents_of_a_broken_file_are_remembered(void **state)
{
	static const char good[] = "kind: instance\nname: a\nconfig: {limits.memory: 1MiB}\n---\n"
				   "kind: profile\nname: p\nconfig: {limits.memory: 2MiB}\n---\n"
				   "kind: instance\nname: b\nprofiles: [p]\n";
	struct fixture *f = *state;

	put(f, "all.yaml", good);
	put(f, "instances/c.yaml", "profiles: [p]\n");
	update_all(f);
	assert_string_equal(names(f), "a b c");
	put(f, "all.yaml", "kind: instance\nname: a\nconfig: {limits");
	update(f, "all.yaml");
	assert_string_equal(names(f), "a!* b!* c!*");
	demand_memory(f, "c", "2MiB");
	put(f, "all.yaml", "{");
	update(f, "all.yaml");
	update_all(f);
	assert_string_equal(names(f), "a!* b!* c!*");
	/* what moved elsewhere is not waited for */
	put(f, "instances/b.yaml", "config: {limits.memory: 3MiB}\nprofiles: []\n");
	update(f, "instances/b.yaml");
	assert_string_equal(names(f), "a!* b c!*");
	demand_memory(f, "b", "3MiB");
	drop(f, "instances/b.yaml");
	update(f, "instances/b.yaml");
	assert_string_equal(names(f), "a!* b!* c!*");
	put(f, "all.yaml", "kind: profile\nname: p\nconfig: {limits.memory: 4MiB}\n");
	update(f, "all.yaml");
	assert_string_equal(names(f), "c");
	assert_string_equal(news(f), "a b c");
	demand_memory(f, "c", "4MiB");
	compare(f, "remembered");
}

static void what_is_no_file_any_more_is_remembered(void **state)
{
	struct fixture *f = *state;

	put(f, "instances/a.yaml", "config: {limits.memory: 64MiB}\n");
	update_all(f);
	drop(f, "instances/a.yaml");
	assert_int_equal(mkfifo(path_of(f, "instances/a.yaml"), 0644), 0);
	update(f, "instances/a.yaml");
	assert_string_equal(names(f), "a!*");
	demand(said(f), "is a FIFO: not read");
	update_all(f);
	assert_string_equal(names(f), "a!*");
	/* it stands, but nobody has to hear it again */
	assert_string_equal(said(f), "");
	demand(standing(f), "is a FIFO: not read");
	drop(f, "instances/a.yaml");
	put(f, "instances/a.yaml", "config: {limits.memory: 63MiB}\n");
	update(f, "instances/a.yaml");
	assert_string_equal(names(f), "a");
	demand_memory(f, "a", "63MiB");
	compare(f, "fifo");
}

/* --- the tree
 * --------------------------------------------------------------------------------------- */

static void a_closed_folder_proves_nothing(void **state)
{
	struct fixture *f = *state;

	if (getuid() == 0)
		skip_because("root reads everything");
	folder(f, "instances/deep");
	put(f, "instances/a.yaml", "config: {}\n");
	put(f, "instances/deep/b.yaml", "config: {}\n");
	update_all(f);
	mode(f, "instances/deep", 0);
	update(f, "instances/deep/b.yaml");
	assert_string_equal(names(f), "a b");
	assert_string_equal(news(f), "");
	demand(said(f), "instances/deep:0:0: 2 cannot be");
	assert_true(reload_generation(f->r)->partial);
	update_all(f);
	assert_string_equal(names(f), "a b");
	mode(f, "instances/deep", 0755);
	drop(f, "instances/deep/b.yaml");
	put(f, "instances/deep/c.yaml", "config: {}\n");
	/* all that was not seen is looked at, not only what is named */
	update(f, "instances/deep/b.yaml");
	assert_string_equal(names(f), "a c");
	compare(f, "closed");
}

static void folders_come_and_go_whole(void **state)
{
	struct fixture *f = *state;
	const char *paths[] = {"instances/old", "instances/new/"};

	folder(f, "instances/old");
	folder(f, "instances/old/deeper");
	put(f, "instances/old/a.yaml", "config: {}\n");
	put(f, "instances/old/deeper/b.yaml", "config: {}\n");
	put(f, "instances/older.yaml", "config: {}\n");
	put(f, "instances/old.yaml", "config: {}\n");
	update_all(f);
	assert_string_equal(names(f), "a b old older");
	assert_int_equal(rename(path_of(f, "instances/old"), path_of(f, "instances/new")), 0);
	arena_reset(f->news_arena);
	assert_int_equal(reload_update(f->r, paths, 2, f->news_arena, &f->news), LOAD_FINE);
	assert_int_equal(f->news.files_read, 2);
	assert_string_equal(names(f), "a b old older");
	assert_string_equal(news(f), "");
	assert_string_equal(find(f, "a")->document->at.source->name, "instances/new/a.yaml");
	compare(f, "moved");
	assert_int_equal(rename(path_of(f, "instances/new"), path_of(f, "instances/.new")), 0);
	update(f, "instances/new");
	assert_string_equal(names(f), "old older");
	assert_string_equal(news(f), "a b");
	/* hidden: no path leads there */
	update(f, "instances/.new/a.yaml");
	assert_string_equal(names(f), "old older");
	/* a path below a file, and one that leads out */
	update(f, "instances/old.yaml/x.yaml");
	update(f, "../x.yaml");
	assert_true(f->news.whole);
	assert_string_equal(names(f), "old older");
	compare(f, "hidden");
}

static void the_ignore_file_is_looked_at_as_a_whole(void **state)
{
	struct fixture *f = *state;

	put(f, "instances/a.yaml", "config: {}\n");
	put(f, "instances/b.draft.yaml", "name: b\n");
	update_all(f);
	assert_string_equal(names(f), "a b");
	put(f, ".evenkeelignore", "*.draft.yaml\n");
	update(f, ".evenkeelignore");
	assert_string_equal(names(f), "a");
	put(f, "instances/b.draft.yaml", "name: b\nconfig: {}\n");
	update(f, "instances/b.draft.yaml");
	assert_string_equal(names(f), "a");
	drop(f, ".evenkeelignore");
	update(f, ".evenkeelignore");
	assert_string_equal(names(f), "a b");
	compare(f, "ignore");
}

static void the_directory_as_a_whole_changes_nothing(void **state)
{
	struct fixture *f = *state;
	char *away = arena_printf(f->arena, "%s/away", f->base);

	assert_int_equal(update_all(f), LOAD_EMPTY);
	demand(said(f), "holds no manifest");
	put(f, "instances/a.yaml", "config: {limits.memory: 1MiB}\n");
	put(f, "instances/b.yaml", "config: {limits.memory: 1MiB}\n");
	assert_int_equal(update(f, "instances/a.yaml"), LOAD_FINE);
	assert_string_equal(names(f), "a b");
	assert_string_equal(standing(f), "");

	assert_int_equal(rename(f->directory, away), 0);
	assert_int_equal(update(f, "instances/a.yaml"), LOAD_MISSING);
	demand(said(f), "cannot be read: No such file");
	assert_int_equal(update_all(f), LOAD_MISSING);
	assert_string_equal(said(f), "");
	demand(standing(f), "cannot be read: No such file");
	assert_string_equal(names(f), "a b");
	assert_int_equal(reload_generation(f->r)->trouble, LOAD_MISSING);
	assert_true(reload_generation(f->r)->partial);

	/* another directory at its place */
	assert_int_equal(mkdir(f->directory, 0755), 0);
	assert_int_equal(update_all(f), LOAD_EMPTY);
	assert_string_equal(names(f), "a b");
	put(f, "c.yaml", "kind: instance\nname: c\n");
	assert_int_equal(update(f, "c.yaml"), LOAD_FINE);
	assert_string_equal(names(f), "c");
	assert_string_equal(news(f), "a b c");
	drop(f, "c.yaml");
	assert_int_equal(update(f, "c.yaml"), LOAD_EMPTY);
	assert_string_equal(names(f), "c");
	assert_int_equal(rmdir(f->directory), 0);
	assert_int_equal(rename(away, f->directory), 0);
	/* found, though no path says so */
	assert_int_equal(update(f, "instances/a.yaml"), LOAD_FINE);
	assert_string_equal(names(f), "a b");
	assert_string_equal(news(f), "a b c");

	mode(f, ".", 0777);
	assert_int_equal(update_all(f), LOAD_UNTRUSTED);
	drop(f, "instances/b.yaml");
	assert_int_equal(update(f, "instances/b.yaml"), LOAD_UNTRUSTED);
	assert_string_equal(names(f), "a b");
	mode(f, ".", 0755);
	assert_int_equal(mkfifo(path_of(f, ".evenkeelignore"), 0644), 0);
	assert_int_equal(update_all(f), LOAD_UNREADABLE);
	demand(said(f), ".evenkeelignore:0:0: 2 is not a file");
	demand(standing(f), ".evenkeelignore:0:0: 2 is not a file");
	assert_string_equal(names(f), "a b");
	drop(f, ".evenkeelignore");
	assert_int_equal(update_all(f), LOAD_FINE);
	assert_string_equal(names(f), "a");
	assert_string_equal(news(f), "b");
	compare(f, "whole");
}

static void a_swapped_directory_is_noticed(void **state)
{
	struct fixture *f = *state;
	char *link = arena_printf(f->arena, "%s/current", f->base);
	char *next = arena_printf(f->arena, "%s/next", f->base);

	put(f, "instances/a.yaml", "config: {}\n");
	assert_int_equal(mkdir(next, 0755), 0);
	assert_int_equal(symlink("manifests", link), 0);
	f->options.directory = link;
	assert_int_equal(update_all(f), LOAD_FINE);
	assert_string_equal(names(f), "a");
	f->directory = next;
	put(f, "b.yaml", "kind: instance\nname: b\n");
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink("next", link), 0);
	assert_int_equal(update(f, "instances/a.yaml"), LOAD_FINE);
	assert_true(f->news.whole);
	assert_string_equal(names(f), "b");
	compare(f, "swapped");
}

static void findings_of_all_together_are_said_once(void **state)
{
	static const char nic[] = "devices: {e: {type: nic, nictype: bridged, parent: b, hwaddr: "
				  "\"00:16:3e:00:00:01\"}}\n";
	struct fixture *f = *state;

	put(f, "instances/a.yaml", nic);
	put(f, "instances/b.yaml", "config: {}\n");
	put(f, "instances/c.yaml", "config: {}\n");
	update_all(f);
	assert_null(strstr(said(f), "also given"));
	put(f, "instances/b.yaml", nic);
	update(f, "instances/b.yaml");
	demand(said(f), "hwaddr '00:16:3e:00:00:01' is also given to a at");
	demand(said(f), "hwaddr '00:16:3e:00:00:01' is also given to b at");
	put(f, "instances/c.yaml", "config: {security.privileged: true}\n");
	update(f, "instances/c.yaml");
	assert_null(strstr(said(f), "also given"));
	demand(said(f), "a privileged container is not a boundary");
	put(f, "instances/c.yaml", "config: {security.privileged: true, user.x: y}\n");
	update(f, "instances/c.yaml");
	assert_string_equal(said(f), "");
	demand(standing(f), "a privileged container is not a boundary");
	demand(standing(f), "also given to a at");
	compare(f, "together");
	put(f, "instances/b.yaml", "config: {}\n");
	update(f, "instances/b.yaml");
	assert_null(strstr(standing(f), "also given"));
	compare(f, "apart");
}

static void a_name_given_twice_is_mended_by_either(void **state)
{
	struct fixture *f = *state;

	put(f, "instances/a.yaml", "config: {limits.memory: 1MiB}\n");
	update_all(f);
	put(f, "instances/b.yaml", "name: a\nconfig: {limits.memory: 2MiB}\n");
	update(f, "instances/b.yaml");
	assert_string_equal(names(f), "a!*");
	demand_memory(f, "a", "1MiB");
	demand(said(f), "instance 'a' is also defined at instances/a.yaml");
	demand(said(f), "instance 'a' is also defined at instances/b.yaml");
	compare(f, "twice");
	drop(f, "instances/a.yaml");
	update(f, "instances/a.yaml");
	assert_string_equal(names(f), "a");
	assert_string_equal(news(f), "a");
	demand_memory(f, "a", "2MiB");
	compare(f, "once");
}

static void a_missed_default_profile_holds_back(void **state)
{
	struct fixture *f = *state;

	put(f, "profiles/default.yaml", "config: {limits.memory: 1MiB}\n");
	put(f, "instances/a.yaml", "config: {}\n");
	put(f, "instances/b.yaml", "profiles: []\n");
	update_all(f);
	drop(f, "profiles/default.yaml");
	put(f, "x.yaml", "kind: profile\nname: {\n");
	update_all(f);
	assert_string_equal(names(f), "a!* b");
	demand_memory(f, "a", "1MiB");
	demand(said(f), "the profile 'default' may be in what could not be read: 1 instance it");
	drop(f, "x.yaml");
	update(f, "x.yaml");
	assert_string_equal(names(f), "a b");
	assert_null(instance_text(find(f, "a"), "limits.memory"));
	assert_string_equal(news(f), "a");
	compare(f, "default");
}

/* --- the hooks
 * ---------------------------------------------------------------------------------------- */

struct heard {
	struct arena *arena;
	const char *text;
};

static void hear_begin(void *context, bool whole)
{
	struct heard *h = context;

	h->text = arena_printf(h->arena, "begin %s;", whole ? "all" : "some");
}

static void hear_end(void *context)
{
	struct heard *h = context;

	h->text = arena_printf(h->arena, "%s end", h->text);
}

static void hear_enter(void *context, int fd, const char *path)
{
	struct heard *h = context;
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	h->text = arena_printf(h->arena, "%s [%s]", h->text, path);
}

static void hear_file(void *context, int dir, const char *path, const struct stat *st, bool link)
{
	struct heard *h = context;

	assert_int_equal(faccessat(dir, strrchr(path, '/') + 1, R_OK, 0), 0);
	h->text = arena_printf(h->arena, "%s %s%s%s", h->text, path, link ? "@" : "",
			       st->st_nlink > 1 ? "+" : "");
}

static void hear_link(void *context, int dir, const char *path)
{
	struct heard *h = context;

	(void)dir;
	h->text = arena_printf(h->arena, "%s (%s)", h->text, path);
}

static void the_hooks_hear_of_each_place(void **state)
{
	struct fixture *f = *state;
	struct heard h = {.arena = f->arena};

	skip_without_openat2(); /* links are followed by it */
	reload_hook(f->r, (struct tree_hooks){
			      .context = &h,
			      .begin = hear_begin,
			      .end = hear_end,
			      .enter = hear_enter,
			      .file = hear_file,
			      .link = hear_link,
			  });
	put(f, "instances/a.yaml", "config: {}\n");
	folder(f, "instances/sub");
	put(f, "instances/sub/b.yaml", "config: {}\n");
	assert_int_equal(
	    link(path_of(f, "instances/sub/b.yaml"), path_of(f, "instances/.hard.yaml")), 0);
	assert_int_equal(symlink("a.yaml", path_of(f, "instances/l.yaml")), 0);
	update_all(f);
	assert_string_equal(
	    h.text,
	    "begin all; [] [instances] instances/a.yaml (instances/l.yaml) instances/l.yaml@ "
	    "[instances/sub] instances/sub/b.yaml+ [profiles] end");
	/* the same for what is not opened any more */
	let_settle();
	update_all(f);
	update_all(f);
	assert_int_equal(f->news.files_read, 0);
	assert_string_equal(
	    h.text,
	    "begin all; [] [instances] instances/a.yaml (instances/l.yaml) instances/l.yaml@ "
	    "[instances/sub] instances/sub/b.yaml+ [profiles] end");
	update(f, "instances/sub");
	assert_string_equal(h.text, "begin some; [instances/sub] instances/sub/b.yaml+ end");
	update(f, "instances/a.yaml");
	assert_string_equal(h.text, "begin some; instances/a.yaml end");
}

/* --- random edits
 * -------------------------------------------------------------------------------------- */

#if defined(__SANITIZE_ADDRESS__)
#define STEPS 150
#else
#define STEPS 600
#endif

struct storm {
	struct fixture *f;
	uint64_t seed;
	const char *paths[32];
	size_t n;
};

static unsigned pick(struct storm *s, unsigned n)
{
	s->seed = s->seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(s->seed >> 33) % n;
}

static const char *any_file(struct storm *s)
{
	static const char *const folders[] = {"instances/", "instances/sub/", "instances/sub2/",
					      "profiles/", ""};
	const char *in = folders[pick(s, 5)];

	if (strcmp(in, "profiles/") == 0)
		return arena_printf(s->f->arena, "profiles/%s.yaml",
				    pick(s, 4) ? (char[]){'p', (char)('0' + pick(s, 4)), 0}
					       : "default");
	return arena_printf(s->f->arena, "%sf%u.yaml", in, pick(s, 6));
}

static const char *any_config(struct storm *s)
{
	static const char *const configs[] = {
	    "config: {limits.memory: 64MiB}",
	    "config: {limits.memory: 64MiB, user.a: b} # c",
	    "config:\n  limits.memory: 65MiB\n  limits.processes: 9",
	    "config: {limits.memory: 64X}",
	    "config: {security.privileged: true}",
	    "config: {raw.seccomp: a, security.syscalls.deny: b}",
	    "config: {limits.memory.swap.priority: 3, limits.memory.swap: false}",
	    "devices: {e: {type: nic, nictype: bridged, parent: b, hwaddr: \"00:16:3e:00:00:01\"}}",
	    "devices: {e: {type: nic, nictype: bridged, parent: b, hwaddr: \"00:16:3e:00:00:02\"}}",
	    "devices: {d: {type: disk, source: /srv, path: /srv}}",
	    "devices: {d: {type: none}}",
	    "description: x",
	};

	return configs[pick(s, sizeof(configs) / sizeof(*configs))];
}

static const char *any_document(struct storm *s, bool profile)
{
	struct arena *a = s->f->arena;
	const char *text = any_config(s);

	if (profile)
		return arena_printf(a, "%s\n", text);
	if (pick(s, 2))
		text = arena_printf(a, "%s\nprofiles: [p%u, %s]", text, pick(s, 4),
				    pick(s, 8) ? "p1" : "nobody");
	if (pick(s, 6) == 0)
		text = arena_printf(a, "%s\nstate: stopped", text);
	if (pick(s, 8) == 0)
		text = arena_printf(a, "%s\nhosts: [other]", text);
	return arena_printf(a, "%s\n", text);
}

static const char *any_text(struct storm *s, const char *path)
{
	struct arena *a = s->f->arena;
	const char *text = "";

	if (strncmp(path, "profiles/", 9) == 0)
		return pick(s, 12) ? any_document(s, true) : "config: {";
	if (pick(s, 15) == 0)
		return pick(s, 2) ? "config: {" : "# nothing\n";
	for (unsigned i = 0, n = pick(s, 6) ? 1 : 1 + pick(s, 3); i < n; i++) {
		bool profile = pick(s, 10) == 0;

		text = arena_printf(a, "%s---\nkind: %s\nname: %c%u\n%s", text,
				    profile ? "profile" : "instance", profile ? 'p' : 'i',
				    pick(s, profile ? 4 : 20), any_document(s, profile));
	}
	return text;
}

static void changed(struct storm *s, const char *path)
{
	if (s->n < sizeof(s->paths) / sizeof(*s->paths))
		s->paths[s->n++] = path;
}

static bool is_there(struct storm *s, const char *path)
{
	return access(path_of(s->f, path), F_OK) == 0;
}

static void put_if_folder(struct storm *s, const char *path)
{
	char *folder_path = arena_strdup(s->f->arena, path), *slash = strrchr(folder_path, '/');

	if (slash)
		*slash = '\0';
	if (!slash || is_there(s, folder_path))
		put(s->f, path, any_text(s, path));
}

static void edit_one(struct storm *s)
{
	const char *path = any_file(s), *other = any_file(s);
	const char *sub = path_of(s->f, "instances/sub"), *sub2 = path_of(s->f, "instances/sub2");

	switch (pick(s, 12)) {
	case 0:
		(void)unlink(path_of(s->f, path));
		break;
	case 1:
		if (strncmp(path, other, 9) == 0)
			(void)rename(path_of(s->f, path), path_of(s->f, other));
		changed(s, other);
		break;
	case 2:
		if (rename(sub, sub2) < 0 && rename(sub2, sub) < 0)
			(void)mkdir(sub, 0755);
		changed(s, "instances/sub");
		path = "instances/sub2";
		break;
	case 3:
		(void)chmod(path_of(s->f, path), pick(s, 2) ? 0664 : 0644);
		break;
	case 4:
		if (pick(s, 3) == 0)
			put(s->f, ".evenkeelignore", pick(s, 2) ? "f3.yaml\n" : "# none\n");
		path = ".evenkeelignore";
		break;
	default:
		put_if_folder(s, path);
	}
	changed(s, path);
}

static void random_edits_end_as_a_fresh_load_does(void **state)
{
	struct storm s = {.f = *state, .seed = 20261};
	struct fixture *f = *state;

	put(f, "instances/keep.yaml", "config: {}\n");
	update_all(f);
	for (unsigned step = 0; step < STEPS; step++) {
		char what[64];

		s.n = 0;
		for (unsigned i = 0, n = pick(&s, 4) ? 1 : 1 + pick(&s, 6); i < n; i++)
			edit_one(&s);
		snprintf(what, sizeof(what), "step %u", step);
		arena_reset(f->news_arena);
		f->trouble =
		    reload_update(f->r, s.paths, pick(&s, 20) ? s.n : 0, f->news_arena, &f->news);
		compare(f, what);
	}
}

/* All that is broken is mended: then nothing is left of what was remembered. */
static void mended_files_leave_no_trace(void **state)
{
	struct storm s = {.f = *state, .seed = 7};
	struct fixture *f = *state;

	put(f, "instances/keep.yaml", "config: {}\n");
	for (unsigned step = 0; step < STEPS / 4; step++) {
		s.n = 0;
		edit_one(&s);
		reload_update(f->r, s.paths, s.n, f->news_arena, &f->news);
	}
	for (unsigned i = 0; i < 6; i++) {
		static const char *const folders[] = {"", "instances/", "instances/sub/",
						      "instances/sub2/"};

		for (unsigned k = 0; k < 4; k++)
			(void)unlink(
			    path_of(f, arena_printf(f->arena, "%sf%u.yaml", folders[k], i)));
	}
	for (unsigned i = 0; i < 4; i++)
		put(f, arena_printf(f->arena, "profiles/p%u.yaml", i), "config: {}\n");
	put(f, "profiles/default.yaml", "config: {}\n");
	for (unsigned i = 0; i < 4; i++)
		mode(f, arena_printf(f->arena, "profiles/p%u.yaml", i), 0644);
	mode(f, "profiles/default.yaml", 0644);
	update_all(f);
	assert_string_equal(names(f), "keep");
	assert_string_equal(standing(f), "");
	assert_false(reload_generation(f->r)->partial);
	compare(f, "mended");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_first_update_loads_all),
	    TEST(one_file_costs_one_file),
	    TEST(a_comment_is_no_news),
	    TEST(each_field_that_asks_is_news),
	    TEST(what_did_not_change_is_not_opened),
	    TEST(memory_is_flat),
	    TEST(a_broken_file_keeps_what_was_good),
	    TEST(what_never_was_good_is_only_held_back),
	    TEST(a_broken_profile_keeps_its_users),
	    TEST(an_untrusted_file_keeps_what_was_good),
	    TEST(documents_of_a_broken_file_are_remembered),
	    TEST(what_is_no_file_any_more_is_remembered),
	    TEST(a_closed_folder_proves_nothing),
	    TEST(folders_come_and_go_whole),
	    TEST(the_ignore_file_is_looked_at_as_a_whole),
	    TEST(the_directory_as_a_whole_changes_nothing),
	    TEST(a_swapped_directory_is_noticed),
	    TEST(findings_of_all_together_are_said_once),
	    TEST(a_name_given_twice_is_mended_by_either),
	    TEST(a_missed_default_profile_holds_back),
	    TEST(the_hooks_hear_of_each_place),
	    TEST(random_edits_end_as_a_fresh_load_does),
	    TEST(mended_files_leave_no_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
