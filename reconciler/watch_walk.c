#include "reconciler/watch_path.h"
#include "reconciler/watch_state.h"
#include "schema/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Whoever reads next is told to look at everything. */
static void look_again(struct watch *w)
{
	w->again = true;
	eventfd_write(w->wake, 1);
}

static void begin(void *context, bool whole)
{
	struct watch *w = context;

	w->whole = whole;
	if (!whole)
		return;
	marks_close(&w->before, &w->marks);
	w->before = w->marks;
	marks_open(&w->marks, w->inotify);
	w->marks.before = &w->before;
	w->of_tree = (struct shortfall){0};
	/* The directory was opened a moment ago, when it may have been another's. */
	if (watch_way(w) || w->unsure)
		look_again(w);
}

static void end(void *context)
{
	struct watch *w = context;

	if (w->whole)
		marks_close(&w->before, &w->marks);
	w->marks.before = NULL;
	w->whole = false;
}

/* R is of what is watched at PATH. What falls short is for a walk of everything to find. */
static void note(struct watch *w, int r, const char *path)
{
	if (r == 0 || w->inotify < 0)
		return;
	if (!w->of_tree.given && !w->whole)
		look_again(w);
	shortfall_watch(&w->of_tree, -r, *path ? path : w->directory);
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return watch_same(a, b) && a->st_size == b->st_size && a->st_nlink == b->st_nlink &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Watches the file itself, open as FD. Its other names in the tree may not be known; ST, from
 * before it was watched, may not be what it is now. */
static void mark_twin(struct watch *w, struct concern *c, int fd, const struct stat *st)
{
	struct stat now;
	bool fresh = false;

	note(w, marks_add(&w->marks, c, fd, marks_file, "", &fresh), c->path);
	if ((fresh && !w->whole) || fstat(fd, &now) < 0 || !same_file(st, &now))
		look_again(w);
}

static void file(void *context, int dir, const char *path, const struct stat *st, bool is_link)
{
	struct watch *w = context;
	struct concern *c;
	int fd;

	if (is_link)
		return;
	if (st->st_nlink < 2) {
		if (!w->whole)
			marks_drop(&w->marks, path);
		return;
	}
	fd = openat(dir, name_of(path), O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		note(w, watch_path_wants(-errno) ? -errno : 0, path);
		return;
	}
	c = marks_renew(&w->marks, CONCERN_TWIN, path);
	mark_twin(w, c, fd, st);
	marks_renewed(&w->marks, c);
	close(fd);
}

static void read_ignore_file(struct watch *w, int root)
{
	char text[IGNORE_MOST_BYTES];
	int fd =
	    openat(root, IGNORE_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	ssize_t n = 0;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		file(w, root, IGNORE_NAME, &st, false);
		n = read(fd, text, sizeof(text));
	}
	if (fd >= 0)
		close(fd);
	arena_reset(w->ignore_arena);
	ignore_read(text, n > 0 ? (size_t)n : 0, w->ignore_arena, &w->ignore);
}

/* The directory itself. Was it another one that the path led to, a moment ago? */
static void enter_root(struct watch *w, int fd, const struct stat *st)
{
	bool another = !w->real || !watch_same(st, &w->led_to);

	w->root = *st;
	if (another && !w->another)
		look_again(w);
	w->another = another;
	read_ignore_file(w, fd);
}

static void enter(void *context, int fd, const char *path)
{
	struct watch *w = context;
	struct concern *c = marks_renew(&w->marks, CONCERN_FOLDER, path);
	struct stat st = {0};

	note(w, marks_add(&w->marks, c, fd, marks_folder, "", NULL), path);
	marks_renewed(&w->marks, c);
	if (fstat(fd, &st) == 0) {
		c->mode = st.st_mode;
		c->owner = st.st_uid;
	}
	if (!*path)
		enter_root(w, fd, &st);
	shortfall_file_system(&w->of_tree, fd, *path ? path : w->directory);
}

struct link_walk {
	struct watch *w;
	struct concern *concern;
	bool first;
};

static void link_show(void *context, int fd, enum watch_path_aspect aspect, const char *name)
{
	struct link_walk *walk = context;
	struct watch *w = walk->w;

	(void)aspect;
	/* The link itself is an entry of a folder that is watched. */
	if (!walk->first)
		note(w, marks_add(&w->marks, walk->concern, fd, marks_folder, name, NULL),
		     walk->concern->path);
	walk->first = false;
}

static void link_met(void *context, int dir, const char *path)
{
	struct watch *w = context;
	struct link_walk walk = {w, marks_renew(&w->marks, CONCERN_LINK, path), true};
	struct arena *scratch = arena_new();
	struct watch_path p = {
	    .arena = scratch, .top = &w->root, .show = link_show, .context = &walk};
	int r = watch_path_walk(&p, dir, name_of(path));
	bool file = r == 0 && !S_ISDIR(p.st.st_mode);

	note(w, watch_path_wants(r) ? r : 0, path);
	if (file && p.st.st_nlink > 1)
		mark_twin(w, walk.concern, p.fd, &p.st);
	if (p.fd >= 0)
		close(p.fd);
	marks_renewed(&w->marks, walk.concern);
	/* To anything else any link may lead. */
	if (file && !ignore_manifest_name(path))
		marks_drop(&w->marks, path);
	arena_free(scratch);
}

struct tree_hooks watch_hooks(struct watch *w)
{
	return (struct tree_hooks){
	    .context = w,
	    .begin = begin,
	    .end = end,
	    .enter = enter,
	    .file = file,
	    .link = link_met,
	};
}
