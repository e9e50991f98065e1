#include "reconciler/watch.h"

#include "reconciler/watch_events.h"
#include "reconciler/watch_mounts.h"
#include "reconciler/watch_path.h"
#include "reconciler/watch_shortfall.h"
#include "schema/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define READ_BYTES 32768
/* The kernel's queue several times over: whoever fills it without end does not keep us. */
#define MOST_READS 512
/* Garbage that a table may gather before a walk of everything makes it anew. */
#define MOST_DROPPED 16384

struct watch {
	struct arena *arena;
	const char *directory; /* absolute */
	int epoll, inotify;
	int wake;  /* eventfd: news of our own making */
	int timer; /* runs while something is being written */
	struct watch_mounts mounts;
	struct marks marks, before; /* BEFORE: while everything is walked */
	bool whole;                 /* everything is being walked */
	struct watch_writing writing;
	/* the directory's own path */
	struct arena *way_arena;
	const char *real;   /* NULL: there is no directory */
	struct stat led_to; /* where there is one */
	uint64_t digest;
	/* the tree */
	struct stat root; /* as it was walked last */
	bool another;     /* that was another one than the path led to; said so once */
	struct arena *ignore_arena;
	struct ignore ignore;
	bool again; /* everything is to be looked at */
	struct shortfall no_instance, of_way, of_tree;
};

/* --- the directory's own path ------------------------------------------------------------------
 */

struct way_walk {
	struct watch *w;
	struct concern *concern;
	int error; /* of what could not be watched, the first */
};

static void way_show(void *context, int fd, enum watch_path_aspect aspect, const char *name)
{
	struct way_walk *walk = context;
	const uint32_t mask = aspect == ASPECT_ITSELF   ? marks_itself
			      : aspect == ASPECT_COMING ? marks_coming
							: marks_going;
	int r = marks_add(&walk->w->marks, walk->concern, fd, mask, name, NULL);

	if (r < 0 && !walk->error)
		walk->error = -r;
}

static bool same_inode(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Watches the directory's path as it is now. True: it is another than before. */
static bool way_walk(struct watch *w)
{
	struct arena *former = w->way_arena;
	struct way_walk walk = {.w = w};
	uint64_t digest = w->digest;
	struct watch_path path;

	w->way_arena = arena_new();
	path = (struct watch_path){
	    .arena = w->way_arena, .quiet = true, .show = way_show, .context = &walk};
	w->of_way = (struct shortfall){0};
	walk.concern = marks_renew(&w->marks, CONCERN_WAY, "");
	w->real = NULL;
	if (watch_path_walk(&path, -1, w->directory) == 0 && S_ISDIR(path.st.st_mode)) {
		w->real = path.real;
		w->led_to = path.st;
	}
	if (path.fd >= 0)
		close(path.fd);
	marks_renewed(&w->marks, walk.concern);
	w->digest = path.digest;
	if (walk.error && w->inotify >= 0)
		shortfall_watch(&w->of_way, walk.error, w->directory);
	/* What was looked after belongs to another directory now. */
	if (!w->whole && (!w->real || !same_inode(&w->led_to, &w->root)))
		marks_drop(&w->marks, "");
	arena_free(former);
	return w->digest != digest;
}

/* --- opening ------------------------------------------------------------------------------------
 */

static void listen_to(struct watch *w, int fd, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.fd = fd};

	if (fd >= 0)
		epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &e);
}

static void open_inotify(struct watch *w)
{
	w->no_instance = (struct shortfall){0};
	w->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->inotify < 0)
		shortfall_instance(&w->no_instance, errno);
	listen_to(w, w->inotify, EPOLLIN);
	w->marks.inotify = w->inotify;
}

static const char *absolute(const char *path, struct arena *a)
{
	char cwd[PATH_MAX];

	if (path[0] == '/' || !getcwd(cwd, sizeof(cwd)))
		return arena_strdup(a, path);
	return arena_join(a, cwd, "/", path, NULL);
}

struct watch *watch_open(const char *directory)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC), wake, timer;
	struct arena *a;
	struct watch *w;

	if (epoll < 0)
		return NULL;
	wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (wake < 0 || timer < 0) {
		int error = errno;

		close(epoll);
		if (wake >= 0)
			close(wake);
		errno = error;
		return NULL;
	}
	a = arena_new();
	w = arena_alloc(a, sizeof(*w));
	*w = (struct watch){.arena = a, .epoll = epoll, .wake = wake, .timer = timer};
	w->directory = absolute(directory, a);
	w->writing.arena = arena_new();
	w->ignore_arena = arena_new();
	listen_to(w, wake, EPOLLIN);
	listen_to(w, timer, EPOLLIN);
	watch_mounts_open(&w->mounts);
	listen_to(w, w->mounts.waker, EPOLLPRI);
	marks_open(&w->marks, -1);
	open_inotify(w);
	watch_mounts_stirred(&w->mounts);
	way_walk(w);
	watch_mounts_changed(&w->mounts, w->real);
	return w;
}

void watch_close(struct watch *w)
{
	if (!w)
		return;
	/* The watches end with the instance. */
	arena_free(w->before.arena);
	arena_free(w->marks.arena);
	watch_mounts_close(&w->mounts);
	if (w->inotify >= 0)
		close(w->inotify);
	close(w->timer);
	close(w->wake);
	close(w->epoll);
	arena_free(w->writing.arena);
	arena_free(w->ignore_arena);
	arena_free(w->way_arena);
	arena_free(w->arena);
}

int watch_fd(const struct watch *w)
{
	return w->epoll;
}

/* --- reading ------------------------------------------------------------------------------------
 */

/* Whoever reads next is told to look at everything. */
static void look_again(struct watch *w)
{
	w->again = true;
	eventfd_write(w->wake, 1);
}

static void read_events(struct watch *w, struct watch_events *e)
{
	alignas(struct inotify_event) char buffer[READ_BYTES];

	for (unsigned i = 0; w->inotify >= 0 && i < MOST_READS; i++) {
		ssize_t n = read(w->inotify, buffer, sizeof(buffer));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		for (const char *at = buffer; at < buffer + n;) {
			const struct inotify_event *event = (const void *)at;

			watch_events_take(e, event);
			at += sizeof(*event) + event->len;
		}
	}
}

static void set_timer(struct watch *w, bool runs)
{
	struct itimerspec second = {.it_value.tv_sec = runs};

	timerfd_settime(w->timer, 0, &second, NULL);
}

static void read_timer(struct watch *w, struct watch_events *e)
{
	const char *path;
	uint64_t times;

	if (read(w->timer, &times, sizeof(times)) != sizeof(times))
		return;
	while ((path = watch_writing_expire(&w->writing)))
		watch_events_add(e, path, true);
	if (w->writing.n > 0)
		set_timer(w, true);
}

/* Mounts and the directory's own path. True: everything is to be looked at. */
static bool read_way(struct watch *w, const struct watch_events *e)
{
	bool stirred = watch_mounts_stirred(&w->mounts), led_elsewhere = false, mounted = false;

	if (e->way || e->overflow || stirred)
		led_elsewhere = way_walk(w);
	if (led_elsewhere || stirred)
		mounted = watch_mounts_changed(&w->mounts, w->real);
	return e->way || e->overflow || led_elsewhere || mounted;
}

static bool answer_all(struct arena *a, struct watch_news *out)
{
	out->paths = arena_alloc(a, sizeof(*out->paths));
	out->paths[0] = "";
	out->n = 1;
	out->all = true;
	return true;
}

bool watch_read(struct watch *w, struct arena *a, struct watch_news *out)
{
	struct watch_events e = {
	    .marks = &w->marks,
	    .writing = &w->writing,
	    .ignore = &w->ignore,
	    .real = w->real,
	    .arena = a,
	};
	bool written = w->writing.n > 0, all;
	eventfd_t ours;

	*out = (struct watch_news){0};
	eventfd_read(w->wake, &ours);
	read_timer(w, &e);
	read_events(w, &e);
	all = read_way(w, &e) | w->again | watch_events_finish(&e);
	w->again = false;
	if (w->writing.n > 0 && !written)
		set_timer(w, true);
	else if (w->writing.n == 0 && written)
		set_timer(w, false);
	if (w->marks.dropped > MOST_DROPPED)
		all = true;
	out->overflow = e.overflow;
	if (all || (e.n > 0 && !*e.paths[0]))
		return answer_all(a, out);
	out->paths = e.paths;
	out->n = e.n;
	out->lone = e.n == 1 && !e.heavy;
	return e.n > 0;
}

bool watch_writing(const struct watch *w)
{
	return w->writing.n > 0;
}

/* --- walks of the tree --------------------------------------------------------------------------
 */

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
	way_walk(w);
}

static void end(void *context)
{
	struct watch *w = context;

	if (w->whole)
		marks_close(&w->before, &w->marks);
	w->marks.before = NULL;
	w->whole = false;
}

static void note(struct watch *w, int r, const char *path)
{
	if (r < 0 && w->inotify >= 0)
		shortfall_watch(&w->of_tree, -r, *path ? path : w->directory);
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return same_inode(a, b) && a->st_size == b->st_size && a->st_nlink == b->st_nlink &&
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
	if (fd < 0)
		return;
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
static void enter_root(struct watch *w, int fd)
{
	bool another;

	read_ignore_file(w, fd);
	if (fstat(fd, &w->root) < 0)
		return;
	another = !w->real || !same_inode(&w->root, &w->led_to);
	if (another && !w->another)
		look_again(w);
	w->another = another;
}

static void enter(void *context, int fd, const char *path)
{
	struct watch *w = context;
	struct concern *p;

	if (!*path)
		enter_root(w, fd);
	shortfall_file_system(&w->of_tree, fd, *path ? path : w->directory);
	p = marks_renew(&w->marks, CONCERN_FOLDER, path);
	note(w, marks_add(&w->marks, p, fd, marks_folder, "", NULL), path);
	marks_renewed(&w->marks, p);
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
	bool file = watch_path_walk(&p, dir, name_of(path)) == 0 && !S_ISDIR(p.st.st_mode);

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

/* --- what is missing ----------------------------------------------------------------------------
 */

bool watch_complete(const struct watch *w, const char **why, const char **remedy)
{
	const struct shortfall *s = w->no_instance.given ? &w->no_instance
				    : w->of_way.given    ? &w->of_way
							 : &w->of_tree;

	if (s->given) {
		*why = s->why;
		*remedy = *s->remedy ? s->remedy : NULL;
	}
	return !s->given;
}

void watch_retry(struct watch *w)
{
	if (w->inotify < 0)
		open_inotify(w);
	way_walk(w);
}
