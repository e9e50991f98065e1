#include "reconciler/load.h"
#include "reconciler/trust.h"
#include "schema/arena.h"
#include "schema/yaml.h"

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
#include <unistd.h>

#include <cmocka.h>

/* A directory on disk that this user owns, and one load of it. */
struct fixture {
	struct arena *arena;
	char base[64]; /* its parent, for what leads out */
	char *directory;
	char owner[16]; /* this user: tests need no root */
	struct options options;
	struct generation *g;
};

static char *path_of(struct fixture *f, const char *name)
{
	return arena_printf(f->arena, "%s/%s", f->directory, name);
}

static int set_up(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	umask(022);
	f->arena = arena_new();
	strcpy(f->base, "/tmp/ek-test-load-XXXXXX");
	assert_non_null(mkdtemp(f->base));
	assert_int_equal(chmod(f->base, 0755), 0);
	f->directory = arena_printf(f->arena, "%s/manifests", f->base);
	assert_int_equal(mkdir(f->directory, 0755), 0);
	snprintf(f->owner, sizeof(f->owner), "%u", (unsigned)getuid());
	f->options = (struct options){.directory = f->directory, .host = "h", .owner = f->owner};
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

	generation_free(f->g);
	nftw(f->base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	arena_free(f->arena);
	test_free(f);
	return 0;
}

static void folder(struct fixture *f, const char *name)
{
	assert_int_equal(mkdir(path_of(f, name), 0755), 0);
}

static void put_bytes(const char *path, const char *text, size_t n)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
}

static void put(struct fixture *f, const char *name, const char *text)
{
	put_bytes(path_of(f, name), text, strlen(text));
}

static void mode(struct fixture *f, const char *name, mode_t bits)
{
	assert_int_equal(chmod(path_of(f, name), bits), 0);
}

static const struct generation *load(struct fixture *f, enum trust trust)
{
	generation_free(f->g);
	f->g = generation_load(&f->options, trust);
	return f->g;
}

/* All names, sorted, blank between; a "!" behind those held back. */
static const char *names(struct fixture *f)
{
	const char *all = "";

	for (size_t i = 0; i < f->g->n_instances; i++)
		all =
		    arena_printf(f->arena, "%s%s%s%s", all, i ? " " : "", f->g->instances[i]->name,
				 f->g->instances[i]->held_back ? "!" : "");
	return all;
}

/* All findings, one a line: "FILE: MESSAGE". */
static const char *findings(struct fixture *f)
{
	const char *all = "";

	for (size_t i = 0; i < f->g->diagnostics.n; i++) {
		const struct diagnostic *d = &f->g->diagnostics.items[i];

		all = arena_printf(f->arena, "%s%s%s: %s", all, i ? "\n" : "",
				   d->place.source ? d->place.source->name : "", d->message);
	}
	return all;
}

static void demand_finding(struct fixture *f, const char *text)
{
	if (!strstr(findings(f), text))
		fail_msg("no \"%s\" in:\n%s", text, findings(f));
}

#define ONE "config: {user.x: y}\n"

static void a_tree_is_read_in_order(void **state)
{
	struct fixture *f = *state;

	folder(f, "instances");
	folder(f, "instances/deeper");
	folder(f, "profiles");
	put(f, "instances/b.yaml", ONE);
	put(f, "instances/a.yml", ONE);
	put(f, "instances/deeper/c.json", "{\"kind\": \"instance\", \"name\": \"c\"}");
	put(f, "profiles/default.yaml", "config: {limits.memory: 1GiB}\n");
	put(f, "README.md", "{not a manifest");
	load(f, TRUST_ENFORCE);
	assert_string_equal(findings(f), "");
	assert_string_equal(names(f), "a b c");
	assert_int_equal(f->g->trouble, LOAD_FINE);
	assert_false(f->g->partial);
	assert_int_equal(f->g->n_files, 4);
	assert_string_equal(f->g->manifests[0]->source.name, "instances/a.yml");
	assert_string_equal(f->g->manifests[2]->source.name, "instances/deeper/c.json");
	assert_string_equal(instance_text(generation_find(f->g, "b"), "limits.memory"), "1GiB");
	assert_null(generation_find(f->g, "d"));
}

static void leftovers_are_not_read(void **state)
{
	static const char *const left[] = {".hidden.yaml", ".#a.yaml",    "#a.yaml#", "a.yaml~",
					   ".a.yaml.swp",  "a.yaml.orig", "4913"};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(left) / sizeof(*left); i++)
		put(f, left[i], "{broken");
	folder(f, ".git");
	put(f, ".git/x.yaml", "{broken");
	folder(f, "old~");
	put(f, "old~/x.yaml", "{broken");
	put(f, "a.yaml", "kind: instance\n" ONE);
	load(f, TRUST_ENFORCE);
	assert_string_equal(findings(f), "");
	assert_string_equal(names(f), "a");
}

static void the_ignore_file_is_heeded(void **state)
{
	struct fixture *f = *state;

	put(f, ".evenkeelignore",
	    "# comment\n\n*.draft.yaml\narchive/\n!keep.draft.yaml\n/top.yaml\nsub/*.json  \r\n"
	    "**/never.yaml\n");
	folder(f, "archive");
	folder(f, "sub");
	folder(f, "sub/archive");
	put(f, "archive/x.yaml", "{broken");
	put(f, "sub/archive/x.yaml", "{broken");
	put(f, "sub/x.json", "{broken");
	put(f, "sub/never.yaml", "{broken");
	put(f, "web.draft.yaml", "{broken");
	put(f, "top.yaml", "{broken");
	put(f, "keep.draft.yaml", "kind: instance\nname: keep\n" ONE);
	put(f, "sub/top.yaml", "kind: instance\n" ONE);
	put(f, "archive.yaml", "kind: instance\n" ONE);
	load(f, TRUST_ENFORCE);
	assert_string_equal(findings(f), "");
	assert_string_equal(names(f), "archive keep top");
}

static void one_bad_file_harms_nobody_else(void **state)
{
	struct fixture *f = *state;

	folder(f, "instances");
	put(f, "instances/bad.yaml", "config: {limits.memory: 64X}\n");
	put(f, "instances/good.yaml", ONE);
	put(f, "instances/worse.yaml", "config: {limits.memory");
	load(f, TRUST_ENFORCE);
	assert_string_equal(names(f), "bad! good worse!");
	/* what worse.yaml would have said nobody knows */
	assert_true(f->g->partial);
	assert_int_equal(f->g->trouble, LOAD_FINE);
}

static void a_broken_profile_is_told_once(void **state)
{
	struct fixture *f = *state;

	folder(f, "instances");
	folder(f, "profiles");
	put(f, "profiles/bad.yaml", "config: {limits.memory: 64X}\n");
	for (char name[] = "instances/a.yaml"; name[10] < 'f'; name[10]++)
		put(f, name, "profiles: [bad]\n");
	load(f, TRUST_ENFORCE);
	assert_string_equal(names(f), "a! b! c! d! e!");
	demand_finding(f, "profile 'bad' has errors and holds back 5 instances: a, b, c, ...");
}

static void links_stay_inside(void **state)
{
	struct fixture *f = *state;
	const char *outside = arena_printf(f->arena, "%s/outside.yaml", f->base);

	skip_without_openat2(); /* links are followed by it */
	put_bytes(outside, ONE, strlen(ONE));
	folder(f, "instances");
	folder(f, ".releases");
	folder(f, ".releases/5");
	put(f, ".releases/5/hidden.yaml", "kind: instance\n" ONE);
	put(f, "instances/a.yaml", ONE);
	assert_int_equal(symlink("a.yaml", path_of(f, "instances/b.yaml")), 0);
	assert_int_equal(symlink(".releases/5", path_of(f, "current")), 0);
	load(f, TRUST_ENFORCE);
	assert_string_equal(findings(f), "");
	assert_string_equal(names(f), "a b hidden");
	assert_false(f->g->partial);

	assert_int_equal(symlink("../../outside.yaml", path_of(f, "instances/out.yaml")), 0);
	assert_int_equal(symlink("nowhere", path_of(f, "instances/dangles.yaml")), 0);
	assert_int_equal(symlink("loop.yaml", path_of(f, "instances/loop.yaml")), 0);
	assert_int_equal(symlink("../instances", path_of(f, "instances/up")), 0);
	assert_int_equal(symlink("/etc", path_of(f, "instances/etc")), 0);
	assert_int_equal(symlink("/etc/passwd", path_of(f, "instances/LICENSE")), 0);
	load(f, TRUST_ENFORCE);
	assert_string_equal(names(f), "a b hidden");
	demand_finding(f, "instances/out.yaml: the link leads out of the directory");
	demand_finding(f, "instances/dangles.yaml: the link leads to nothing");
	demand_finding(f, "instances/loop.yaml: the link leads in a circle");
	demand_finding(f, "instances/up: the link leads back to a folder above it");
	demand_finding(f, "instances/etc: the link leads out of the directory");
	assert_null(strstr(findings(f), "LICENSE"));
	assert_true(f->g->partial);
}

static void only_files_are_read(void **state)
{
	struct fixture *f = *state;

	skip_without_openat2(); /* links are followed by it */
	assert_int_equal(mkfifo(path_of(f, "fifo.yaml"), 0644), 0);
	assert_int_equal(mkfifo(path_of(f, "fifo"), 0644), 0);
	assert_int_equal(symlink("fifo.yaml", path_of(f, "link.yaml")), 0);
	folder(f, "folder.yaml");
	put(f, "a.yaml", "kind: instance\n" ONE);
	load(f, TRUST_ENFORCE);
	assert_string_equal(names(f), "a");
	demand_finding(f, "fifo.yaml: has the name of a manifest, but is a FIFO: not read");
	demand_finding(f, "link.yaml: has the name of a manifest, but is a FIFO: not read");
	demand_finding(f, "folder.yaml: has the name of a manifest, but is a folder: not read");
	assert_int_equal(f->g->diagnostics.n, 3);
}

/* A default profile that may only not have been read takes nothing from anybody. */
static void a_default_profile_that_is_missed_holds_back(void **state)
{
	struct fixture *f = *state;

	folder(f, "profiles");
	put(f, "a.yaml", "kind: instance\nname: a\n");
	put(f, "b.yaml", "kind: instance\nname: b\nprofiles: []\n");
	put(f, "c.yaml", "kind: instance\nname: c\nprofiles: [default]\n");
	put(f, "profiles/other.yaml", "config: {\n");
	load(f, TRUST_ENFORCE);
	assert_string_equal(names(f), "a b c");
	assert_int_equal(mkfifo(path_of(f, "profiles/default.yaml"), 0644), 0);
	load(f, TRUST_ENFORCE);
	assert_string_equal(names(f), "a! b c!");
	demand_finding(f, "the profile 'default' may be in what could not be read: 2 instances");
	assert_int_equal(unlink(path_of(f, "profiles/default.yaml")), 0);
	put(f, "all.yaml", "kind: network\nname: {\n---\nkind: profile\nname: default\n");
	load(f, TRUST_ENFORCE);
	assert_string_equal(names(f), "a! b c!");
	put(f, "profiles/default.yaml", "config: {}\n");
	load(f, TRUST_ENFORCE);
	assert_string_equal(names(f), "a b c");
}

/* Without it, what was to be left out would be applied. */
static void an_unreadable_ignore_file_changes_nothing(void **state)
{
	struct fixture *f = *state;

	put(f, "a.yaml", "kind: instance\nname: a\n");
	assert_int_equal(mkfifo(path_of(f, ".evenkeelignore"), 0644), 0);
	load(f, TRUST_ENFORCE);
	assert_int_equal(f->g->trouble, LOAD_UNREADABLE);
	assert_int_equal(f->g->n_instances, 0);
	demand_finding(f, ".evenkeelignore: is not a file");
}

static void bounds_hold(void **state)
{
	struct fixture *f = *state;
	char *large = arena_alloc(f->arena, YAML_MOST_BYTES + 1);
	char *deep = arena_strdup(f->arena, "d");

	memset(large, '#', YAML_MOST_BYTES + 1);
	put_bytes(path_of(f, "large.yaml"), large, YAML_MOST_BYTES + 1);
	memcpy(large, "kind: instance\n#", 16);
	put_bytes(path_of(f, "most.yaml"), large, YAML_MOST_BYTES);
	for (int i = 0; i < LOAD_MOST_DEPTH + 1; i++) {
		folder(f, deep);
		if (i == LOAD_MOST_DEPTH - 1)
			put(f, arena_printf(f->arena, "%s/last.yaml", deep),
			    "kind: instance\n" ONE);
		if (i < LOAD_MOST_DEPTH)
			deep = arena_printf(f->arena, "%s/d", deep);
	}
	put(f, arena_printf(f->arena, "%s/beyond.yaml", deep), "kind: instance\n" ONE);
	load(f, TRUST_ENFORCE);
	assert_string_equal(names(f), "last most");
	demand_finding(f, "large.yaml: larger than 4194304 bytes");
	demand_finding(f, "folders are nested deeper than 16");
	assert_true(f->g->partial);
}

static void what_others_can_write_is_not_applied(void **state)
{
	struct fixture *f = *state;

	folder(f, "instances");
	folder(f, "open");
	put(f, "instances/good.yaml", ONE);
	put(f, "instances/group.yaml", ONE);
	put(f, "open/inside.yaml", "kind: instance\n" ONE);
	/* naming a trusted instance does not hold it back */
	put(f, "open/thief.yaml", "kind: instance\nname: good\n" ONE);
	mode(f, "instances/group.yaml", 0664);
	mode(f, "open", 0777);
	load(f, TRUST_ENFORCE);
	assert_string_equal(names(f), "good group! inside!");
	demand_finding(f, "instances/group.yaml: not applied: it belongs to uid");
	demand_finding(f, "and has mode 0664");
	demand_finding(f, "open: not applied: it belongs to uid");
	assert_int_equal(f->g->diagnostics.errors, 2);
	assert_string_equal(
	    f->g->diagnostics.items[0].hint,
	    arena_printf(f->arena, "chmod go-w %s/instances/group.yaml", f->directory));
	assert_int_equal(f->g->trouble, LOAD_FINE);
	assert_true(f->g->partial);

	/* validate only says so, and once */
	load(f, TRUST_WARN);
	assert_string_equal(names(f), "good! group inside");
	demand_finding(f, "(and 1 more like it)");
	assert_int_equal(f->g->diagnostics.warnings, 1);
}

static void links_are_trusted_as_far_as_their_targets(void **state)
{
	struct fixture *f = *state;

	skip_without_openat2(); /* links are followed by it */
	folder(f, ".hidden");
	put(f, ".hidden/a.yaml", "kind: instance\n" ONE);
	put(f, ".hidden/b.yaml", "kind: instance\n" ONE);
	assert_int_equal(symlink(".hidden/a.yaml", path_of(f, "a.yaml")), 0);
	assert_int_equal(symlink(".hidden/b.yaml", path_of(f, "b.yaml")), 0);
	mode(f, ".hidden", 0777);
	load(f, TRUST_ENFORCE);
	assert_string_equal(names(f), "a! b!");
	/* the folder is judged, and named, once */
	assert_int_equal(f->g->diagnostics.errors, 1);
	mode(f, ".hidden", 0755);
	mode(f, ".hidden/b.yaml", 0666);
	load(f, TRUST_ENFORCE);
	assert_string_equal(names(f), "a b!");
}

static void an_open_directory_changes_nothing(void **state)
{
	struct fixture *f = *state;

	put(f, "a.yaml", "kind: instance\n" ONE);
	mode(f, ".", 0775);
	load(f, TRUST_ENFORCE);
	assert_int_equal(f->g->trouble, LOAD_UNTRUSTED);
	assert_int_equal(f->g->n_instances, 0);
	assert_int_equal(f->g->diagnostics.errors, 1);
	demand_finding(f, "is not applied");
	mode(f, ".", 0755);
	/* a parent that others can write could swap it */
	assert_int_equal(chmod(f->base, 0777), 0);
	load(f, TRUST_ENFORCE);
	assert_int_equal(f->g->trouble, LOAD_UNTRUSTED);
	demand_finding(f, f->base);
	load(f, TRUST_WARN);
	assert_int_equal(f->g->trouble, LOAD_FINE);
	assert_string_equal(names(f), "a");
	/* sticky helps only where root owns the parent */
	assert_int_equal(chmod(f->base, 01777), 0);
	load(f, TRUST_ENFORCE);
	assert_int_equal(f->g->trouble, getuid() == 0 ? LOAD_FINE : LOAD_UNTRUSTED);
}

static void the_owner_is_asked_for(void **state)
{
	struct fixture *f = *state;

	if (getuid() != 0)
		skip_because("only root gives files away");
	put(f, "a.yaml", "kind: instance\n" ONE);
	assert_int_equal(chown(path_of(f, "a.yaml"), 12345, 0), 0);
	load(f, TRUST_ENFORCE);
	assert_string_equal(names(f), "a!");
	demand_finding(f, "belongs to uid 12345");
	assert_non_null(strstr(f->g->diagnostics.items[0].hint, "chown root "));
	f->options.owner = "12345";
	load(f, TRUST_ENFORCE);
	assert_string_equal(names(f), "a");
	f->options.owner = "no-such-user";
	load(f, TRUST_ENFORCE);
	assert_int_equal(f->g->trouble, LOAD_UNREADABLE);
	demand_finding(f, "--owner: there is no user 'no-such-user'");
}

static void a_directory_may_be_a_link(void **state)
{
	struct fixture *f = *state;
	const char *link = arena_printf(f->arena, "%s/current", f->base);
	const char *far = arena_printf(f->arena, "%s/far", f->base);

	put(f, "a.yaml", "kind: instance\n" ONE);
	assert_int_equal(symlink("manifests", link), 0);
	f->options.directory = link;
	load(f, TRUST_ENFORCE);
	assert_string_equal(findings(f), "");
	assert_string_equal(names(f), "a");
	assert_string_equal(f->g->manifests[0]->source.name, "a.yaml");
	/* the folder that the link leads through counts as well */
	assert_int_equal(mkdir(far, 0755), 0);
	assert_int_equal(rename(f->directory, arena_printf(f->arena, "%s/m", far)), 0);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink("far/../far/./m", link), 0);
	load(f, TRUST_ENFORCE);
	assert_string_equal(names(f), "a");
	assert_int_equal(chmod(far, 0777), 0);
	load(f, TRUST_ENFORCE);
	assert_int_equal(f->g->trouble, LOAD_UNTRUSTED);
	demand_finding(f, far);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink("current", link), 0);
	load(f, TRUST_ENFORCE);
	assert_int_equal(f->g->trouble, LOAD_UNREADABLE);
}

static void troubles_are_told_apart(void **state)
{
	struct fixture *f = *state;

	load(f, TRUST_ENFORCE);
	assert_int_equal(f->g->trouble, LOAD_EMPTY);
	demand_finding(f, "holds no manifest: nothing is changed");
	load(f, TRUST_WARN);
	assert_int_equal(f->g->trouble, LOAD_EMPTY);
	assert_int_equal(f->g->diagnostics.errors, 0);
	put(f, "empty.yaml", "# nothing\n");
	load(f, TRUST_ENFORCE);
	assert_int_equal(f->g->trouble, LOAD_EMPTY);
	f->options.directory = path_of(f, "missing");
	load(f, TRUST_ENFORCE);
	assert_int_equal(f->g->trouble, LOAD_MISSING);
	assert_true(f->g->partial);
	assert_int_equal(f->g->diagnostics.n, 1);
	f->options.directory = path_of(f, "empty.yaml");
	load(f, TRUST_ENFORCE);
	assert_int_equal(f->g->trouble, LOAD_MISSING);
	demand_finding(f, "Not a directory");
}

static void unreadable_files_leave_a_hole(void **state)
{
	struct fixture *f = *state;

	if (getuid() == 0)
		skip_because("root reads everything");
	put(f, "a.yaml", "kind: instance\nprofiles: []\n" ONE);
	put(f, "b.yaml", "kind: instance\n" ONE);
	folder(f, "c");
	mode(f, "b.yaml", 0);
	mode(f, "c", 0);
	load(f, TRUST_ENFORCE);
	assert_string_equal(names(f), "a");
	demand_finding(f, "b.yaml: cannot be read: Permission denied");
	demand_finding(f, "c: cannot be opened: Permission denied");
	assert_true(f->g->partial);
	mode(f, "c", 0755);
}

static void the_digest_is_of_names_and_bytes(void **state)
{
	struct fixture *f = *state;
	char first[65];

	put(f, "a.yaml", "kind: instance\n" ONE);
	put(f, "b.yaml", "kind: instance\n");
	load(f, TRUST_WARN);
	memcpy(first, generation_digest(f->g), sizeof(first));
	assert_int_equal(strlen(first), 64);
	load(f, TRUST_WARN);
	assert_string_equal(generation_digest(f->g), first);
	put(f, "b.yaml", "kind: instance\n#\n");
	load(f, TRUST_WARN);
	assert_string_not_equal(generation_digest(f->g), first);
	put(f, "b.yaml", "kind: instance\n");
	load(f, TRUST_WARN);
	assert_string_equal(generation_digest(f->g), first);
	assert_int_equal(rename(path_of(f, "b.yaml"), path_of(f, "c.yaml")), 0);
	load(f, TRUST_WARN);
	assert_string_not_equal(generation_digest(f->g), first);
}

static void paths_are_loaded_as_given(void **state)
{
	struct fixture *f = *state;
	char *paths[2];

	folder(f, "instances");
	put(f, "instances/a.yaml", "profiles: [small]\n");
	paths[0] = path_of(f, "instances/a.yaml");
	f->g = generation_load_paths(&f->options, paths, 1);
	assert_string_equal(names(f), "a");
	assert_string_equal(f->g->manifests[0]->source.name, paths[0]);
	assert_int_equal(f->g->diagnostics.errors, 0);
	assert_int_equal(f->g->diagnostics.warnings, 1);
	generation_free(f->g);
	paths[0] = path_of(f, "instances");
	f->g = generation_load_paths(&f->options, paths, 1);
	assert_string_equal(f->g->manifests[0]->source.name, path_of(f, "instances/a.yaml"));
	/* in a folder an unknown profile is an error */
	assert_int_equal(f->g->diagnostics.errors, 1);
	generation_free(f->g);
	paths[1] = path_of(f, "missing.yaml");
	f->g = generation_load_paths(&f->options, paths, 2);
	assert_int_equal(f->g->trouble, LOAD_MISSING);
	demand_finding(f, "missing.yaml cannot be read: No such file or directory");
}

static void standard_input_is_a_file_too(void **state)
{
	struct fixture *f = *state;
	char *paths[] = {(char[]){"-"}};
	int saved = dup(STDIN_FILENO);

	put(f, "in", "kind: instance\nname: web1\nconfig: {limits.memory: 64X}\n");
	assert_int_equal(dup2(open(path_of(f, "in"), O_RDONLY), STDIN_FILENO), STDIN_FILENO);
	f->g = generation_load_paths(&f->options, paths, 1);
	assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
	close(saved);
	assert_string_equal(names(f), "web1!");
	demand_finding(f, "<stdin>: ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_tree_is_read_in_order),
	    TEST(leftovers_are_not_read),
	    TEST(the_ignore_file_is_heeded),
	    TEST(one_bad_file_harms_nobody_else),
	    TEST(a_broken_profile_is_told_once),
	    TEST(links_stay_inside),
	    TEST(only_files_are_read),
	    TEST(a_default_profile_that_is_missed_holds_back),
	    TEST(an_unreadable_ignore_file_changes_nothing),
	    TEST(bounds_hold),
	    TEST(what_others_can_write_is_not_applied),
	    TEST(links_are_trusted_as_far_as_their_targets),
	    TEST(an_open_directory_changes_nothing),
	    TEST(the_owner_is_asked_for),
	    TEST(a_directory_may_be_a_link),
	    TEST(troubles_are_told_apart),
	    TEST(unreadable_files_leave_a_hole),
	    TEST(the_digest_is_of_names_and_bytes),
	    TEST(paths_are_loaded_as_given),
	    TEST(standard_input_is_a_file_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
