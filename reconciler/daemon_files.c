#include "reconciler/daemon_parts.h"
#include "reconciler/network_round.h"
#include "schema/arena.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define POLL_LEAST UINT64_C(2000000000)
#define POLL_MOST UINT64_C(30000000000)

static void forget_pending(struct files *f)
{
	arena_reset(f->arena);
	f->paths = NULL;
	f->n = f->capacity = 0;
	f->all = false;
	settle_done(&f->settle);
}

int files_open(struct daemon *d)
{
	struct files *f = &d->files;

	f->arena = arena_new();
	f->poll_ns = POLL_LEAST;
	settle_init(&f->settle, d->o->settle_ms);
	f->watch = watch_open(d->o->directory);
	if (!f->watch)
		return -errno;
	d->keeper.reload = reload_open(d->o);
	reload_hook(d->keeper.reload, watch_hooks(f->watch));
	return 0;
}

void files_close(struct daemon *d)
{
	reload_close(d->keeper.reload);
	watch_close(d->files.watch);
	said_forget(&d->files.said);
	arena_free(d->files.arena);
}

void files_event(struct daemon *d)
{
	struct files *f = &d->files;
	struct watch_news news;

	if (!watch_read(f->watch, f->arena, &news))
		return;
	if (news.overflow)
		journal_say(d->keeper.journal, EVENT_OVERFLOW, NULL,
			    "too many events at once: all manifests are looked at");
	f->all |= news.all || news.overflow;
	for (size_t i = 0; i < news.n && !f->all; i++) {
		f->paths = arena_grow(f->arena, f->paths, f->n, &f->capacity, sizeof(*f->paths));
		f->paths[f->n++] = news.paths[i];
	}
	settle_event(&f->settle, keeper_now(), news.lone);
}

static const char *words(enum load_trouble t)
{
	switch (t) {
	case LOAD_MISSING:
		return "there is no such directory";
	case LOAD_UNREADABLE:
		return "it cannot be read";
	case LOAD_UNTRUSTED:
		return "others than root can write it";
	case LOAD_EMPTY:
		return "there is no manifest in it";
	case LOAD_FINE:
		break;
	}
	return "";
}

/* Once when it begins, once when it is over. */
static void tell_trouble(struct daemon *d, enum load_trouble trouble,
			 const struct diagnostics *findings)
{
	struct files *f = &d->files;

	if (trouble == LOAD_FINE) {
		for (size_t i = 0; i < findings->n; i++)
			journal_finding(d->keeper.journal, &findings->items[i]);
		if (f->trouble != LOAD_FINE && d->ready)
			journal_say(d->keeper.journal, EVENT_RECOVERED, NULL,
				    "%s can be read again", d->o->directory);
		said_forget(&f->said);
	} else {
		said_tell(&f->said, d->keeper.journal, findings);
		if (findings->errors == 0 && (f->trouble != trouble || !d->ready))
			journal_say(d->keeper.journal, EVENT_MANIFESTS, NULL,
				    "%s changes nothing: %s; what was in force stays",
				    d->o->directory, words(trouble));
	}
	f->trouble = trouble;
}

/* What inotify cannot tell is looked for, less and less often while nothing comes of it. */
static void watch_over(struct daemon *d, bool found)
{
	struct files *f = &d->files;
	const char *why, *remedy = NULL;
	bool complete = watch_complete(f->watch, &why, &remedy);

	if (complete && f->incomplete)
		journal_say(d->keeper.journal, EVENT_WATCH_LIMIT, NULL,
			    "all manifests are watched again");
	if (!complete && !f->incomplete)
		journal_say(d->keeper.journal, EVENT_WATCH_LIMIT, NULL,
			    "not all manifests are watched, so that they are looked at every few "
			    "seconds: %s%s%s",
			    why, remedy ? ": " : "", remedy ? remedy : "");
	f->incomplete = !complete;
	f->poll_ns = found ? POLL_LEAST : f->poll_ns < POLL_MOST / 2 ? 2 * f->poll_ns : POLL_MOST;
	f->poll = complete ? 0 : keeper_now() + f->poll_ns;
}

static void look(struct daemon *d, const char *const *paths, size_t n)
{
	struct arena *a = arena_new();
	struct reload_news news = {0};
	enum load_trouble trouble = reload_update(d->keeper.reload, paths, n, a, &news);

	tell_trouble(d, trouble, &news.findings);
	network_round_news(&d->keeper, news.networks, news.n_networks);
	keeper_news(&d->keeper, news.names, news.n);
	if (news.findings.errors) {
		keeper_remind_held(&d->keeper);
		network_round_full(&d->keeper, false);
	}
	if (n == 0 || d->files.incomplete)
		watch_over(d, news.n + news.n_networks > 0);
	arena_free(a);
}

void files_flush(struct daemon *d)
{
	struct files *f = &d->files;

	if (f->all)
		look(d, NULL, 0);
	else if (f->n)
		look(d, f->paths, f->n);
	forget_pending(f);
}

void files_whole(struct daemon *d)
{
	d->files.all = true;
	files_flush(d);
}

/* Whoever saves by emptying first may be between the two, and on a busy disk for long: the kernel
 * tells of it only afterwards. */
static bool just_emptied(const struct daemon *d)
{
	const struct files *f = &d->files;
	struct stat st;

	for (size_t i = 0; i < f->n; i++) {
		const char *path = arena_join(f->arena, d->o->directory, "/", f->paths[i], NULL);

		if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0)
			return true;
	}
	return false;
}

void files_work(struct daemon *d, uint64_t now)
{
	struct files *f = &d->files;

	if (f->poll && f->poll <= now) {
		watch_retry(f->watch);
		f->all = true;
		files_flush(d);
	}
	/* who is at it again since may be about to write what was just emptied */
	if (settle_due(&f->settle) <= now)
		files_event(d);
	if (settle_due(&f->settle) > now)
		return;
	if ((watch_writing(f->watch) || just_emptied(d)) && settle_put_off(&f->settle, now))
		return;
	files_flush(d);
}

uint64_t files_next(const struct daemon *d)
{
	uint64_t due = settle_due(&d->files.settle);

	return d->files.poll && d->files.poll < due ? d->files.poll : due;
}
