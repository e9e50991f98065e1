#include "reconciler/watch.h"

#include "reconciler/watch_events.h"
#include "reconciler/watch_state.h"
#include "schema/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdalign.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define READ_BYTES 32768
/* The kernel's queue several times over: whoever fills it without end does not keep us. */
#define MOST_READS 512
/* Garbage that a table may gather before a walk of everything makes it anew. */
#define MOST_DROPPED 4096

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

static void set_timer(struct watch *w, bool runs)
{
	struct itimerspec second = {.it_value.tv_sec = runs};

	if (runs != w->timed)
		timerfd_settime(w->timer, 0, &second, NULL);
	w->timed = runs;
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
	watch_way(w);
	watch_mounts_changed(&w->mounts, w->real);
	set_timer(w, w->unsure);
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

/* True: it has run out. */
static bool read_timer(struct watch *w, struct watch_events *e)
{
	const char *path;
	uint64_t times;

	if (read(w->timer, &times, sizeof(times)) != sizeof(times))
		return false;
	w->timed = false;
	while ((path = watch_writing_expire(&w->writing)))
		watch_events_add(e, path, true);
	return true;
}

/* Mounts and the directory's own path, which CHANGED, or MAY have. True: everything is to be looked
 * at. */
static bool read_way(struct watch *w, bool changed, bool may)
{
	bool stirred = watch_mounts_stirred(&w->mounts), led_elsewhere = false, mounted = false;

	if (changed || may || stirred)
		led_elsewhere = watch_way(w);
	if (led_elsewhere || stirred)
		mounted = watch_mounts_changed(&w->mounts, w->real);
	return changed || led_elsewhere || mounted;
}

static bool answer_all(struct arena *a, struct watch_news *out)
{
	out->paths = arena_alloc(a, sizeof(*out->paths));
	out->paths[0] = "";
	out->n = 1;
	out->all = true;
	return true;
}

static bool answer(const struct watch_events *e, struct arena *a, struct watch_news *out)
{
	out->n = e->n;
	out->lone = e->n == 1 && !e->heavy;
	if (e->n == 0)
		return false;
	out->paths = arena_alloc(a, e->n * sizeof(*out->paths));
	for (size_t i = 0; i < e->n; i++)
		out->paths[i] = arena_strdup(a, e->paths[i]);
	return true;
}

bool watch_read(struct watch *w, struct arena *a, struct watch_news *out)
{
	struct watch_events e = {
	    .marks = &w->marks,
	    .writing = &w->writing,
	    .ignore = &w->ignore,
	    .real = w->real,
	    .arena = arena_new(),
	};
	eventfd_t ours;
	bool all, news;

	eventfd_read(w->wake, &ours);
	all = w->again || w->marks.dropped > MOST_DROPPED;
	w->again = false;
	read_events(w, &e);
	/* After the events: who writes on and on is not waited for. */
	all |= read_way(w, (read_timer(w, &e) && w->unsure) || e.way || e.overflow, e.way_mode);
	all |= watch_events_finish(&e);
	set_timer(w, w->writing.n > 0 || w->unsure);
	*out = (struct watch_news){.overflow = e.overflow};
	news = all ? answer_all(a, out) : answer(&e, a, out);
	arena_free(e.arena);
	return news;
}

bool watch_writing(const struct watch *w)
{
	return w->writing.n > 0;
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
	watch_way(w);
}
