#include "tests/reconciler/reload_fixture.h"

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

/* ---- the tree ---- */

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

/* What only may be there still is in nobody's way. */
static void what_a_dangling_link_led_to_gives_way(void **state)
{
	struct fixture *f = *state;

	skip_without_openat2(); /* links are followed by it */
	folder(f, "instances/.releases");
	put(f, "instances/.releases/a.yaml", "config: {limits.memory: 1MiB}\n");
	put(f, "instances/.releases/b.yaml", "config: {limits.memory: 1MiB}\n");
	assert_int_equal(symlink(".releases", path_of(f, "instances/current")), 0);
	update_all(f);
	assert_string_equal(names(f), "a b");
	assert_int_equal(rename(path_of(f, "instances/.releases"), path_of(f, "instances/.r")), 0);
	put(f, "instances/a.yaml", "config: {limits.memory: 2MiB}\n");
	update_all(f);
	/* a is elsewhere now; of b nothing is known, so that it stays as it was */
	assert_string_equal(names(f), "a b");
	assert_string_equal(news(f), "a");
	demand_memory(f, "a", "2MiB");
	demand(standing(f), "instances/current:0:0: 1 the link leads to nothing");
	assert_null(strstr(standing(f), "also defined"));
	assert_true(reload_generation(f->r)->partial);
	drop(f, "instances/a.yaml");
	update(f, "instances/a.yaml");
	demand_memory(f, "a", "1MiB");
	put(f, "instances/a.yaml", "config: {limits.memory: 2MiB}\n");
	update(f, "instances/a.yaml");
	assert_int_equal(rename(path_of(f, "instances/.r"), path_of(f, "instances/.releases")), 0);
	update(f, "instances/current");
	assert_string_equal(names(f), "a!* b");
	demand_memory(f, "a", "2MiB");
	demand(said(f), "instance 'a' is also defined at");
	compare(f, "both");
	drop(f, "instances/current");
	update(f, "instances/current");
	assert_string_equal(names(f), "a");
	compare(f, "apart");
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
	/* who was there before is contested as well, and looked at again */
	assert_string_equal(news(f), "a b");
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
	assert_string_equal(news(f), "a b");
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

/* ---- the hooks ---- */

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_first_update_loads_all),
	    TEST(a_closed_folder_proves_nothing),
	    TEST(what_a_dangling_link_led_to_gives_way),
	    TEST(folders_come_and_go_whole),
	    TEST(the_ignore_file_is_looked_at_as_a_whole),
	    TEST(the_directory_as_a_whole_changes_nothing),
	    TEST(a_swapped_directory_is_noticed),
	    TEST(findings_of_all_together_are_said_once),
	    TEST(a_name_given_twice_is_mended_by_either),
	    TEST(a_missed_default_profile_holds_back),
	    TEST(the_hooks_hear_of_each_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
