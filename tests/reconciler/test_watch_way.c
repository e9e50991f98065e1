#include "tests/reconciler/watch_tree.h"

#include "tests/skip.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The directory is watched: what is written in it is reported. */
static void demand_alive(struct watch_tree *t, const char *what)
{
	int fd = open(arena_printf(t->arena, "%s/alive.yaml", t->directory),
		      O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	close(fd);
	demand(t, what, "alive.yaml");
}

static void demand_all(struct watch_tree *t, const char *what)
{
	demand(t, what, "/");
	demand_alive(t, what);
}

static void it_is_made_later(void **state)
{
	struct watch_tree *t = *state;

	t->directory = at(t, "a/b/c");
	watch_begin(t);
	folder(t, "a");
	folder(t, "x");
	put(t, "a/other", "");
	demand(t, "the first", "/");
	put(t, "a/other", "");
	folder(t, "a/another");
	demand(t, "others in it", "");
	folder(t, "a/b");
	folder(t, "a/b/c");
	put(t, "a/b/c/x.yaml", ONE);
	demand_all(t, "the rest");
	remove_all(t, "a");
	demand(t, "removed", "/");
	put(t, "a", "a file in its place");
	demand(t, "a file", "/");
	remove_one(t, "a");
	folder(t, "a");
	folder(t, "a/b");
	folder(t, "a/b/c");
	demand_all(t, "made again");
}

static void it_is_removed_while_held(void **state)
{
	struct watch_tree *t = *state;
	int held = open(at(t, "m"), O_RDONLY | O_DIRECTORY);

	watch_begin(t);
	remove_all(t, "m");
	demand(t, "removed", "/");
	folder(t, "m");
	demand_all(t, "made again");
	remove_all(t, "m");
	folder(t, "m");
	demand_all(t, "both at once");
	close(held);
	demand(t, "let go", "");
}

static void it_is_moved(void **state)
{
	struct watch_tree *t = *state;

	folder(t, "p");
	folder(t, "p/m");
	folder(t, "q");
	folder(t, "q/m");
	t->directory = at(t, "p/m");
	watch_begin(t);
	rename_to(t, "p/m", "p/away");
	demand(t, "away", "/");
	put(t, "p/away/x.yaml", ONE);
	demand(t, "not ours any more", "");
	rename_to(t, "p/away", "p/m");
	demand_all(t, "back");
	rename_to(t, "p", "r");
	rename_to(t, "q", "p");
	demand_all(t, "its parent is another");
	put(t, "r/m/x.yaml", ONE);
	demand(t, "not ours any more", "");
	folder(t, "n");
	remove_all(t, "p/m");
	folder(t, "p/m");
	demand_all(t, "emptied");
	remove_one(t, "p/m/alive.yaml");
	demand(t, "empty", "alive.yaml");
	rename_to(t, "n", "p/m");
	demand_all(t, "another renamed onto it");
	assert_int_equal(renameat2(AT_FDCWD, at(t, "p/m"), AT_FDCWD, at(t, "r/m"), RENAME_EXCHANGE),
			 0);
	demand_all(t, "exchanged");
}

static void a_link_on_the_way_is_swapped(void **state)
{
	struct watch_tree *t = *state;

	for (const char *n = "123"; *n; n++) {
		folder(t, arena_printf(t->arena, "%.1s", n));
		folder(t, arena_printf(t->arena, "%.1s/m", n));
	}
	symlink_to(t, "1", "current");
	symlink_to(t, at(t, "current"), "absolute");
	t->directory = at(t, "absolute/m");
	watch_begin(t);
	demand_alive(t, "first");
	remove_one(t, "current");
	symlink_to(t, "2", "current");
	demand_all(t, "ln -sfn, above");
	put(t, "1/m/x.yaml", ONE);
	demand(t, "not ours any more", "");
	symlink_to(t, "3", "next");
	rename_to(t, "next", "current");
	demand_all(t, "renamed over, above");
	symlink_to(t, "../2/m", "3/link");
	rename_to(t, "3/m", "3/before");
	demand(t, "away", "/");
	rename_to(t, "3/link", "3/m");
	demand_all(t, "the directory is a link now");
	symlink_to(t, "../1/m", "3/link");
	rename_to(t, "3/link", "3/m");
	demand_all(t, "that is swapped");
	remove_one(t, "3/m");
	symlink_to(t, "nothing", "3/m");
	demand(t, "it leads to nothing", "/");
	folder(t, "3/nothing");
	demand_all(t, "and to something");
	remove_one(t, "current");
	symlink_to(t, "current", "current");
	demand(t, "a circle", "/");
	remove_one(t, "current");
	symlink_to(t, "1", "current");
	demand_all(t, "mended");
}

static void owners_and_modes_above_count(void **state)
{
	struct watch_tree *t = *state;

	folder(t, "p");
	folder(t, "p/m");
	t->directory = at(t, "p/m");
	watch_begin(t);
	mode(t, "p", 0775);
	demand_all(t, "the parent");
	mode(t, "p/m", 0775);
	demand_all(t, "the directory");
	mode(t, ".", 0701);
	demand_all(t, "further up");
}

static void others_in_the_folders_above_wake_nobody(void **state)
{
	struct watch_tree *t = *state;

	folder(t, "p");
	folder(t, "p/q");
	folder(t, "p/q/m");
	t->directory = at(t, "p/q/m");
	watch_begin(t);
	for (int i = 0; i < 100; i++) {
		put(t, "p/x", "");
		put(t, "x", "");
		put(t, "p/q/x", "");
		rename_to(t, "p/x", "p/y");
		rename_to(t, "p/q/x", "p/q/y");
		folder(t, "p/z");
		remove_one(t, "p/y");
		remove_one(t, "p/z");
	}
	put(t, "m/x.yaml", ONE);
	demand(t, "others", "");
	/* Some other program may do something to /tmp itself. */
	assert_true(t->reads < 5);
	/* Also after it was awaited in there. */
	rename_to(t, "p", "o");
	demand(t, "away", "/");
	rename_to(t, "o", "p");
	demand_all(t, "back");
	for (int i = 0; i < 100; i++) {
		put(t, "p/x", "");
		put(t, "x", "");
		rename_to(t, "x", "y");
	}
	demand(t, "others", "");
	assert_true(t->reads < 5);
}

static void a_relative_path_is_followed(void **state)
{
	struct watch_tree *t = *state;
	int cwd = open(".", O_RDONLY | O_DIRECTORY);

	folder(t, "p");
	assert_int_equal(chdir(at(t, "p")), 0);
	t->directory = "../p/./..//m/";
	watch_begin(t);
	demand_alive(t, "first");
	remove_all(t, "m");
	demand(t, "removed", "/");
	folder(t, "m");
	demand_all(t, "again");
	assert_int_equal(fchdir(cwd), 0);
	close(cwd);
}

/* --- mounts -------------------------------------------------------------------------------------
 */

static void need_own_mounts(void)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0)
		skip_because("mounts: needs root");
}

static void mount_on(struct watch_tree *t, const char *name)
{
	assert_int_equal(mount("none", at(t, name), "tmpfs", 0, "mode=755"), 0);
}

static void unmount(struct watch_tree *t, const char *name, int how)
{
	assert_int_equal(umount2(at(t, name), how | UMOUNT_NOFOLLOW), 0);
}

static void mounts_on_the_way_are_seen(void **state)
{
	struct watch_tree *t = *state;

	need_own_mounts();
	folder(t, "p");
	folder(t, "p/m");
	folder(t, "elsewhere");
	t->directory = at(t, "p/m");
	watch_begin(t);
	mount_on(t, "p/m");
	demand_all(t, "mounted over");
	unmount(t, "p/m", 0);
	demand_all(t, "unmounted");
	mount_on(t, "p");
	demand(t, "mounted over, above", "/");
	folder(t, "p/m");
	demand_all(t, "made there");
	unmount(t, "p", 0);
	demand_all(t, "unmounted, above");
	mount_on(t, "p/m");
	demand_all(t, "mounted");
	unmount(t, "p/m", MNT_DETACH);
	demand_all(t, "unmounted lazily");
	mount_on(t, "elsewhere");
	demand(t, "a mount that is no business of ours", "");
	unmount(t, "elsewhere", 0);
	demand(t, "nor its end", "");
}

static void the_watch_keeps_no_mount_busy(void **state)
{
	struct watch_tree *t = *state;

	need_own_mounts();
	mount_on(t, "m");
	folder(t, "m/a");
	put(t, "m/a/x.yaml", ONE);
	watch_begin(t);
	unmount(t, "m", 0);
	demand_all(t, "unmounted");
	mount_on(t, "m");
	demand_all(t, "mounted again");
	unmount(t, "m", MNT_DETACH);
	demand_all(t, "once more");
}

static void mounts_in_the_tree_are_seen(void **state)
{
	struct watch_tree *t = *state;

	need_own_mounts();
	folder(t, "m/a b");
	put(t, "m/f.yaml", ONE);
	put(t, "g.yaml", ONE);
	watch_begin(t);
	mount_on(t, "m/a b");
	demand(t, "a folder", "/");
	put(t, "m/a b/x.yaml", ONE);
	demand(t, "in it", "a b/x.yaml");
	unmount(t, "m/a b", 0);
	demand(t, "unmounted", "/");
	assert_int_equal(mount(at(t, "g.yaml"), at(t, "m/f.yaml"), "none", MS_BIND, NULL), 0);
	demand(t, "a file", "/");
	unmount(t, "m/f.yaml", 0);
	demand(t, "and back", "/");
}

/* --- limits -------------------------------------------------------------------------------------
 */

static bool set_limit(const char *name, const char *n)
{
	char path[64];
	int fd;
	bool done;

	snprintf(path, sizeof(path), "/proc/sys/user/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	done = fd >= 0 && write(fd, n, strlen(n)) == (ssize_t)strlen(n);
	close(fd);
	return done;
}

/* Runs in a child of its own, in a user namespace of its own. Returns what is wrong, or NULL. */
static const char *try_watches(struct watch_tree *t)
{
	const char *why = NULL, *remedy = NULL;
	struct watch_news news;

	if (!set_limit("max_inotify_watches", "6"))
		return "skip";
	watch_tree_open(t);
	if (!watch_complete(t->w, &why, &remedy))
		return why;
	watch_tree_look(t);
	if (watch_complete(t->w, &why, &remedy))
		return "six watches do for all";
	if (!strstr(why, "all 6 inotify watches"))
		return why;
	if (!remedy || strcmp(remedy, "sysctl -w user.max_inotify_watches=12") != 0)
		return remedy ? remedy : "no remedy";
	/* What could be watched is. */
	put(t, "m/x.yaml", ONE);
	if (!watch_read(t->w, t->arena, &news) || news.n != 1)
		return "not reported";
	if (!set_limit("max_inotify_watches", "100"))
		return "the limit stays";
	watch_tree_look(t);
	if (!watch_complete(t->w, &why, &remedy))
		return why;
	put(t, "m/e/x.yaml", ONE);
	return watch_read(t->w, t->arena, &news) ? NULL : "not reported in the end";
}

static const char *try_way(struct watch_tree *t)
{
	const char *why = NULL, *remedy = NULL;
	struct watch_news news;

	if (!set_limit("max_inotify_watches", "2"))
		return "skip";
	watch_tree_open(t);
	if (watch_complete(t->w, &why, &remedy))
		return "two watches do for the path";
	if (!strstr(why, t->directory))
		return why;
	set_limit("max_inotify_watches", "100");
	watch_retry(t->w);
	if (!watch_complete(t->w, &why, &remedy))
		return why;
	rename_to(t, "m", "n");
	return watch_read(t->w, t->arena, &news) && news.all ? NULL : "not reported";
}

static const char *try_instances(struct watch_tree *t)
{
	const char *why = NULL, *remedy = NULL;
	struct watch_news news;

	if (!set_limit("max_inotify_instances", "0"))
		return "skip";
	watch_tree_open(t);
	if (watch_complete(t->w, &why, &remedy))
		return "no instance does for all";
	if (!strstr(why, "inotify instances") || !remedy)
		return why;
	watch_tree_look(t);
	put(t, "m/x.yaml", ONE);
	if (watch_read(t->w, t->arena, &news))
		return "news from nowhere";
	set_limit("max_inotify_instances", "10");
	watch_retry(t->w);
	watch_tree_look(t);
	if (!watch_complete(t->w, &why, &remedy))
		return why;
	put(t, "m/x.yaml", ONE);
	return watch_read(t->w, t->arena, &news) ? NULL : "not reported";
}

/* A user namespace with limits of its own, in which root's files are root's. */
static bool enter_namespace(void)
{
	int fd;
	bool done;

	if (geteuid() != 0 || unshare(CLONE_NEWUSER) < 0)
		return false;
	fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	done = fd >= 0 && write(fd, "0 0 1", 5) == 5;
	close(fd);
	return done;
}

static void try_in_child(struct watch_tree *t, const char *(*try)(struct watch_tree *t))
{
	char problem[300] = "";
	int ends[2], status;
	pid_t child;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		const char *what = enter_namespace() ? try(t) : "skip";

		if (what)
			(void)!write(ends[1], what, strlen(what));
		reload_close(t->reload);
		watch_close(t->w);
		_exit(0);
	}
	close(ends[1]);
	assert_true(read(ends[0], problem, sizeof(problem) - 1) >= 0);
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	if (strcmp(problem, "skip") == 0)
		skip_because("limits of inotify: needs root and user namespaces");
	if (*problem)
		fail_msg("%s", problem);
}

static void at_the_limit_of_watches_it_is_said(void **state)
{
	struct watch_tree *t = *state;

	for (const char *n = "abcde"; *n; n++)
		folder(t, arena_printf(t->arena, "m/%.1s", n));
	try_in_child(t, try_watches);
}

static void at_the_limit_the_path_is_tried_again(void **state)
{
	try_in_child(*state, try_way);
}

static void without_an_instance_it_is_said(void **state)
{
	try_in_child(*state, try_instances);
}

/* Not one fd more: nothing is taken for gone, and it is tried again. */
static void without_fds_it_is_said(void **state)
{
	struct watch_tree *t = *state;
	const char *why, *remedy;
	struct watch_news news;
	struct rlimit limit, none;
	int least;

	skip_without_openat2();
	put(t, "m/a.yaml", ONE);
	hard_link(t, "m/a.yaml", "outside");
	watch_begin(t);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	least = fcntl(0, F_DUPFD_CLOEXEC, 0);
	close(least);
	none = (struct rlimit){(rlim_t)least, limit.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(chmod(t->directory, 0711), 0);
	assert_true(watch_read(t->w, t->arena, &news));
	assert_true(news.all);
	watch_tree_look(t);
	assert_false(watch_complete(t->w, &why, &remedy));
	assert_non_null(strstr(why, "Too many open files"));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	watch_retry(t->w);
	watch_tree_look(t);
	assert_true(watch_complete(t->w, &why, &remedy));
	watch_gather(t);
	put(t, "outside", TWO);
	demand(t, "all is watched", "a.yaml");
	mode(t, "m", 0700);
	demand_all(t, "its path too");
}

#define WITH_TREE(test)                                                                            \
	cmocka_unit_test_setup_teardown(test, watch_tree_set_up, watch_tree_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_TREE(it_is_made_later),
	    WITH_TREE(it_is_removed_while_held),
	    WITH_TREE(it_is_moved),
	    WITH_TREE(a_link_on_the_way_is_swapped),
	    WITH_TREE(owners_and_modes_above_count),
	    WITH_TREE(others_in_the_folders_above_wake_nobody),
	    WITH_TREE(a_relative_path_is_followed),
	    WITH_TREE(at_the_limit_of_watches_it_is_said),
	    WITH_TREE(at_the_limit_the_path_is_tried_again),
	    WITH_TREE(without_an_instance_it_is_said),
	    WITH_TREE(without_fds_it_is_said),
	    WITH_TREE(mounts_on_the_way_are_seen),
	    WITH_TREE(the_watch_keeps_no_mount_busy),
	    WITH_TREE(mounts_in_the_tree_are_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
