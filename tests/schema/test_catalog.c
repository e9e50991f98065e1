#include "schema/arena.h"
#include "schema/expand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOST 24

/* Files of one or two documents, and a catalog of some of them. */
struct fixture {
	struct arena *arena;
	struct manifest *files[MOST];
	bool in[MOST];
	struct catalog catalog;
	struct diagnostics ds;
	uint64_t seed;
};

static unsigned pick(struct fixture *f, unsigned n)
{
	f->seed = f->seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(f->seed >> 33) % n;
}

static struct manifest *read(struct fixture *f, const char *path, const char *text)
{
	return manifest_from_bytes(path, text, strlen(text), manifest_hints_from_path(path),
				   &f->ds);
}

static int set_up(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	f->arena = arena_new();
	f->seed = 42;
	diagnostics_init(&f->ds, f->arena);
	catalog_build(&f->catalog, NULL, 0, f->arena, &f->ds);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	catalog_free(&f->catalog);
	for (size_t i = 0; i < MOST; i++)
		manifest_free(f->files[i]);
	arena_free(f->arena);
	test_free(f);
	return 0;
}

static size_t documents(struct manifest *m, struct document **out)
{
	for (size_t i = 0; i < m->n; i++)
		out[i] = &m->documents[i];
	return m->n;
}

static void edit(struct fixture *f, struct manifest *gone, struct manifest *come)
{
	struct document *old[4], *new[4];

	catalog_edit(&f->catalog, old, gone ? documents(gone, old) : 0, new,
		     come ? documents(come, new) : 0, &f->ds);
}

static const char *uses(struct fixture *f, const char *profile)
{
	const char *all = "";
	size_t n;
	const struct catalog_use *u = catalog_users(&f->catalog, profile, &n);

	for (size_t i = 0; i < n; i++)
		all = arena_printf(f->arena, "%s%s%s", all, i ? " " : "", u[i].instance->name);
	return all;
}

static void users_of_a_profile_are_known(void **state)
{
	struct fixture *f = *state;

	f->files[0] = read(f, "instances/a.yaml", "profiles: [p, q, p]\n");
	f->files[1] = read(f, "instances/b.yaml", "description: x\n");
	f->files[2] = read(f, "instances/c.yaml", "profiles: [default, p]\n");
	f->files[3] = read(f, "instances/d.yaml", "profiles: []\n");
	for (size_t i = 0; i < 3; i++)
		edit(f, NULL, f->files[i]);
	assert_string_equal(uses(f, "p"), "a a c");
	assert_string_equal(uses(f, "default"), "b c");
	edit(f, NULL, f->files[3]);
	assert_string_equal(uses(f, "nobody"), "");
	edit(f, f->files[0], NULL);
	assert_string_equal(uses(f, "p"), "c");
	assert_string_equal(uses(f, "q"), "");
	edit(f, f->files[2], f->files[0]);
	assert_string_equal(uses(f, "p"), "a a");
	assert_string_equal(uses(f, "default"), "b");
}

static void who_is_doubted_gives_way(void **state)
{
	struct fixture *f = *state;
	const struct catalog *c = &f->catalog;

	f->files[0] = read(f, "instances/a.yaml", "description: x\n");
	f->files[1] = read(f, "instances/b.yaml", "name: a\n");
	f->files[2] = read(f, "instances/c.yaml", "name: a\n");
	f->files[0]->documents[0].doubted = f->files[0]->documents[0].faulty = true;
	edit(f, NULL, f->files[0]);
	assert_true(catalog_find(c, KIND_INSTANCE, "a")->broken);
	edit(f, NULL, f->files[1]);
	assert_int_equal(c->n_instances, 1);
	assert_ptr_equal(catalog_find(c, KIND_INSTANCE, "a"), &f->files[1]->documents[0]);
	assert_false(catalog_find(c, KIND_INSTANCE, "a")->broken);
	assert_int_equal(f->ds.errors, 0);
	/* two who are believed are one too many */
	edit(f, NULL, f->files[2]);
	assert_int_equal(c->n_instances, 2);
	assert_true(f->files[1]->documents[0].broken && f->files[2]->documents[0].broken);
	assert_int_equal(f->ds.errors, 2);
	edit(f, f->files[1], NULL);
	assert_false(f->files[2]->documents[0].broken);
	edit(f, f->files[2], NULL);
	assert_ptr_equal(catalog_find(c, KIND_INSTANCE, "a"), &f->files[0]->documents[0]);
	edit(f, f->files[0], NULL);
	assert_null(catalog_find(c, KIND_INSTANCE, "a"));
}

static void make_files(struct fixture *f)
{
	for (unsigned i = 0; i < MOST; i++) {
		const char *path = arena_printf(f->arena, "f%02u.yaml", i), *text = "";

		for (unsigned k = 0; k < 1 + i % 2; k++) {
			unsigned profile = pick(f, 3) == 0;

			text = arena_printf(f->arena, "%s---\nkind: %s\nname: n%u\n%s", text,
					    profile ? "profile" : "instance", pick(f, 12),
					    profile || pick(f, 2) ? "" : "profiles: [n1, n2]\n");
		}
		f->files[i] = read(f, path, text);
		if (i % 5 == 0) {
			for (size_t k = 0; k < f->files[i]->n; k++)
				f->files[i]->documents[k].doubted =
				    f->files[i]->documents[k].faulty = true;
		}
	}
}

static void same(const struct document *const *x, size_t n, const struct document *const *y,
		 size_t m)
{
	assert_int_equal(n, m);
	for (size_t i = 0; i < n; i++)
		assert_ptr_equal(x[i], y[i]);
}

static size_t marks(const struct catalog *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_instances; i++)
		n = 3 * n + c->instances[i]->broken + 1;
	for (size_t i = 0; i < c->n_profiles; i++)
		n = 3 * n + c->profiles[i]->broken + 1;
	return n;
}

/* Both mark the same documents: the one after the other, from a clean start. */
static void compare(struct fixture *f)
{
	struct manifest *files[MOST];
	struct arena *a = arena_new();
	size_t n = 0, before = marks(&f->catalog), users, theirs;
	struct diagnostics ds, ours;
	struct catalog fresh;

	diagnostics_init(&ds, a);
	diagnostics_init(&ours, a);
	for (size_t i = 0; i < MOST; i++) {
		if (!f->in[i])
			continue;
		files[n++] = f->files[i];
		for (size_t k = 0; k < f->files[i]->n; k++)
			f->files[i]->documents[k].broken = f->files[i]->documents[k].faulty;
	}
	catalog_build(&fresh, files, n, a, &ds);
	assert_int_equal(marks(&fresh), before);
	same(f->catalog.instances, f->catalog.n_instances, fresh.instances, fresh.n_instances);
	same(f->catalog.profiles, f->catalog.n_profiles, fresh.profiles, fresh.n_profiles);
	catalog_report(&f->catalog, &ours);
	assert_int_equal(ours.n, ds.n);
	for (unsigned i = 0; i < 12; i++) {
		const char *name = arena_printf(a, "n%u", i);

		(void)catalog_users(&f->catalog, name, &users);
		(void)catalog_users(&fresh, name, &theirs);
		assert_int_equal(users, theirs);
	}
	catalog_free(&fresh);
	arena_free(a);
}

static void edits_end_as_a_fresh_catalog(void **state)
{
	struct fixture *f = *state;

	make_files(f);
	for (unsigned step = 0; step < 2000; step++) {
		struct document *gone[2 * MOST], *come[2 * MOST];
		size_t n_gone = 0, n_come = 0;

		for (unsigned i = 0, n = 1 + pick(f, 4); i < n; i++) {
			unsigned k = pick(f, MOST);
			bool seen = false;

			for (size_t d = 0; d < n_gone; d++)
				seen |= document_manifest(gone[d]) == f->files[k];
			for (size_t d = 0; d < n_come; d++)
				seen |= document_manifest(come[d]) == f->files[k];
			if (seen || f->files[k]->n == 0)
				continue;
			if (f->in[k])
				n_gone += documents(f->files[k], gone + n_gone);
			else
				n_come += documents(f->files[k], come + n_come);
			f->in[k] = !f->in[k];
		}
		catalog_edit(&f->catalog, gone, n_gone, come, n_come, &f->ds);
		compare(f);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(users_of_a_profile_are_known),
	    TEST(who_is_doubted_gives_way),
	    TEST(edits_end_as_a_fresh_catalog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
