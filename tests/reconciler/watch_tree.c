#include "tests/reconciler/watch_tree.h"

#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int watch_tree_set_up(void **state)
{
	struct watch_tree *t = test_calloc(1, sizeof(*t));

	umask(022);
	t->arena = arena_new();
	strcpy(t->base, "/tmp/ek-test-watch-XXXXXX");
	assert_non_null(mkdtemp(t->base));
	folder(t, "m");
	put(t, "m/base.yaml", ONE);
	t->directory = at(t, "m");
	snprintf(t->owner, sizeof(t->owner), "%u", (unsigned)getuid());
	*state = t;
	return 0;
}

static int remove_it(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int watch_tree_tear_down(void **state)
{
	struct watch_tree *t = *state;

	reload_close(t->reload);
	watch_close(t->w);
	nftw(t->base, remove_it, 16, FTW_DEPTH | FTW_PHYS);
	arena_free(t->arena);
	test_free(t);
	return 0;
}

const char *at(struct watch_tree *t, const char *name)
{
	return arena_printf(t->arena, "%s/%s", t->base, name);
}

void folder(struct watch_tree *t, const char *name)
{
	assert_int_equal(mkdir(at(t, name), 0755), 0);
}

void put(struct watch_tree *t, const char *name, const char *text)
{
	int fd = open(at(t, name), O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

void rename_to(struct watch_tree *t, const char *from, const char *to)
{
	assert_int_equal(rename(at(t, from), at(t, to)), 0);
}

void symlink_to(struct watch_tree *t, const char *target, const char *name)
{
	assert_int_equal(symlink(target, at(t, name)), 0);
}

void hard_link(struct watch_tree *t, const char *from, const char *to)
{
	assert_int_equal(link(at(t, from), at(t, to)), 0);
}

void remove_one(struct watch_tree *t, const char *name)
{
	assert_int_equal(remove(at(t, name)), 0);
}

void remove_all(struct watch_tree *t, const char *name)
{
	assert_int_equal(nftw(at(t, name), remove_it, 16, FTW_DEPTH | FTW_PHYS), 0);
}

void mode(struct watch_tree *t, const char *name, unsigned bits)
{
	assert_int_equal(chmod(at(t, name), bits), 0);
}

/* --- looking, as the daemon does it -------------------------------------------------------------
 */

static void look(struct watch_tree *t, const char *const *paths, size_t n)
{
	struct arena *a = arena_new();
	struct reload_news news;

	reload_update(t->reload, paths, n, a, &news);
	arena_free(a);
}

void watch_tree_look(struct watch_tree *t)
{
	look(t, NULL, 0);
}

void watch_tree_open(struct watch_tree *t)
{
	t->w = watch_open(t->directory);
	assert_non_null(t->w);
	t->options = (struct options){.directory = t->directory, .host = "h", .owner = t->owner};
	t->reload = reload_open(&t->options);
	reload_hook(t->reload, watch_hooks(t->w));
}

/* --- what is reported ---------------------------------------------------------------------------
 */

bool stirs(struct watch_tree *t, int ms)
{
	struct pollfd p = {watch_fd(t->w), POLLIN, 0};

	return poll(&p, 1, ms) == 1;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void join(struct watch_tree *t, const char **paths, size_t n)
{
	t->paths = "";
	if (n > 1)
		qsort(paths, n, sizeof(*paths), compare);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && strcmp(paths[i], paths[i - 1]) == 0)
			continue;
		t->paths = arena_printf(t->arena, "%s%s%s", t->paths, *t->paths ? " " : "",
					*paths[i] ? paths[i] : "/");
	}
}

void watch_gather(struct watch_tree *t)
{
	const char **paths = NULL;
	size_t n = 0, capacity = 0;
	struct watch_news news;

	t->lone = t->overflow = false;
	t->reads = t->news = 0;
	while (stirs(t, watch_writing(t->w) ? 3000 : 30)) {
		if (++t->reads > 1000)
			fail_msg("no end of it");
		if (!watch_read(t->w, t->arena, &news))
			continue;
		assert_true(news.n > 0);
		assert_true(news.all == !*news.paths[0]);
		t->lone = t->news++ == 0 && news.lone;
		t->overflow |= news.overflow;
		for (size_t i = 0; i < news.n; i++) {
			paths = arena_grow(t->arena, paths, n, &capacity, sizeof(*paths));
			paths[n++] = news.paths[i];
		}
		look(t, news.paths, news.n);
	}
	join(t, paths, n);
}

void watch_begin(struct watch_tree *t)
{
	const char *why, *remedy;

	watch_tree_open(t);
	watch_tree_look(t);
	watch_gather(t);
	assert_string_equal(t->paths, "");
	if (!watch_complete(t->w, &why, &remedy))
		fail_msg("not complete: %s", why);
}

void demand(struct watch_tree *t, const char *what, const char *paths)
{
	watch_gather(t);
	if (strcmp(t->paths, paths) != 0)
		fail_msg("%s: reported \"%s\", not \"%s\"", what, t->paths, paths);
}
