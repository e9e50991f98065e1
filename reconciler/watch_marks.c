#include "reconciler/watch_marks.h"

#include "schema/arena.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>

#define FIRST_BUCKETS 64

#define ITSELF (IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF)
#define ENTRIES (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)
#define CONTENT (IN_MODIFY | IN_CLOSE_WRITE)

const uint32_t marks_folder = ITSELF | ENTRIES | CONTENT | IN_ONLYDIR | IN_EXCL_UNLINK;
const uint32_t marks_file = CONTENT | IN_ATTRIB | IN_DELETE_SELF;
const uint32_t marks_itself = ITSELF;
const uint32_t marks_coming = ITSELF | IN_CREATE | IN_MOVED_TO;
const uint32_t marks_going = ITSELF | IN_DELETE;

static uint32_t hash_of_path(enum concern_kind kind, const char *path)
{
	uint32_t h = 2166136261u + (uint32_t)kind;

	for (; *path; path++)
		h = (h ^ (unsigned char)*path) * 16777619u;
	return h;
}

static void buckets_init(struct buckets *b, struct arena *a)
{
	*b = (struct buckets){arena_alloc(a, FIRST_BUCKETS * sizeof(void *)), FIRST_BUCKETS, 0};
}

static struct concern **concern_bucket(const struct marks *m, uint32_t hash)
{
	return (struct concern **)&m->concerns.heads[hash & (m->concerns.n - 1)];
}

static struct watched **watched_bucket(const struct marks *m, int wd)
{
	return (struct watched **)&m->watched.heads[(size_t)wd & (m->watched.n - 1)];
}

static void concern_put(struct marks *m, struct concern *p)
{
	struct concern **head = concern_bucket(m, p->hash);

	p->next = *head;
	*head = p;
}

static void watched_put(struct marks *m, struct watched *w)
{
	struct watched **head = watched_bucket(m, w->wd);

	w->next = *head;
	*head = w;
}

/* Twice the buckets, when there is an item for each. What was there is put in anew by PUT. */
static bool buckets_grow(struct buckets *b, struct arena *a, struct buckets *before)
{
	*before = *b;
	if (b->items++ < b->n)
		return false;
	b->n *= 2;
	b->heads = arena_alloc(a, b->n * sizeof(void *));
	return true;
}

static void concern_insert(struct marks *m, struct concern *p)
{
	struct buckets before;

	if (buckets_grow(&m->concerns, m->arena, &before)) {
		for (size_t i = 0; i < before.n; i++) {
			for (struct concern *q = before.heads[i], *next; q; q = next) {
				next = q->next;
				concern_put(m, q);
			}
		}
	}
	concern_put(m, p);
}

static void watched_insert(struct marks *m, struct watched *w)
{
	struct buckets before;

	if (buckets_grow(&m->watched, m->arena, &before)) {
		for (size_t i = 0; i < before.n; i++) {
			for (struct watched *q = before.heads[i], *next; q; q = next) {
				next = q->next;
				watched_put(m, q);
			}
		}
	}
	watched_put(m, w);
}

static void watched_remove(struct marks *m, struct watched *w)
{
	struct watched **at = watched_bucket(m, w->wd);

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	m->watched.items--;
}

void marks_open(struct marks *m, int inotify)
{
	*m = (struct marks){.arena = arena_new(), .inotify = inotify};
	buckets_init(&m->concerns, m->arena);
	buckets_init(&m->watched, m->arena);
}

void marks_close(struct marks *m, const struct marks *kept)
{
	if (!m->arena)
		return;
	for (size_t i = 0; i < m->watched.n; i++) {
		for (struct watched *w = m->watched.heads[i]; w; w = w->next) {
			if (!kept || !marks_watched(kept, w->wd))
				inotify_rm_watch(m->inotify, w->wd);
		}
	}
	arena_free(m->arena);
	*m = (struct marks){.inotify = -1};
}

struct watched *marks_watched(const struct marks *m, int wd)
{
	struct watched *w = *watched_bucket(m, wd);

	while (w && w->wd != wd)
		w = w->next;
	return w;
}

static struct concern *find(const struct marks *m, uint32_t hash, enum concern_kind kind,
			    const char *path)
{
	struct concern *p = *concern_bucket(m, hash);

	while (p && (p->hash != hash || p->kind != kind || strcmp(p->path, path) != 0))
		p = p->next;
	return p;
}

struct concern *marks_find(const struct marks *m, enum concern_kind kind, const char *path)
{
	return find(m, hash_of_path(kind, path), kind, path);
}

struct concern *marks_renew(struct marks *m, enum concern_kind kind, const char *path)
{
	uint32_t hash = hash_of_path(kind, path);
	struct concern *p = find(m, hash, kind, path);

	if (!p) {
		size_t n = strlen(path) + 1;

		p = arena_alloc(m->arena, sizeof(*p) + n);
		p->kind = kind;
		p->hash = hash;
		memcpy(p->path, path, n);
		concern_insert(m, p);
	}
	p->former = p->marks;
	p->marks = NULL;
	for (struct mark *k = p->former; k; k = k->next_of_concern)
		k->former = true;
	return p;
}

/* The last mark on an inode takes the watch with it. */
static void unmark(struct marks *m, struct mark *k)
{
	struct watched *w = k->watched;

	m->dropped++;
	*k->at = k->next_of_watched;
	if (k->next_of_watched)
		k->next_of_watched->at = k->at;
	if (w->marks)
		return;
	inotify_rm_watch(m->inotify, w->wd);
	watched_remove(m, w);
}

static void unmark_all(struct marks *m, struct mark *k)
{
	for (struct mark *next; k; k = next) {
		next = k->next_of_concern;
		unmark(m, k);
	}
}

void marks_renewed(struct marks *m, struct concern *p)
{
	unmark_all(m, p->former);
	p->former = NULL;
}

static struct mark *take_former(struct concern *p, const struct watched *w, const char *name)
{
	for (struct mark **at = &p->former; *at; at = &(*at)->next_of_concern) {
		struct mark *k = *at;

		if (k->watched == w && strcmp(k->name, name) == 0) {
			*at = k->next_of_concern;
			return k;
		}
	}
	return NULL;
}

static struct mark *mark_new(struct marks *m, struct concern *p, struct watched *w,
			     const char *name)
{
	struct mark *k = arena_alloc(m->arena, sizeof(*k));

	*k = (struct mark){
	    .next_of_watched = w->marks,
	    .at = &w->marks,
	    .concern = p,
	    .watched = w,
	    .name = *name ? arena_strdup(m->arena, name) : "",
	};
	if (w->marks)
		w->marks->at = &k->next_of_watched;
	w->marks = k;
	return k;
}

/* All that is wanted of the inode, but for what was. */
static uint32_t wanted(const struct watched *w)
{
	uint32_t mask = 0;

	for (const struct mark *k = w->marks; k; k = k->next_of_watched)
		mask |= k->former ? 0 : k->mask;
	return mask;
}

static struct watched *watched_new(struct marks *m, int wd)
{
	struct watched *w = arena_alloc(m->arena, sizeof(*w));
	const struct watched *before = m->before ? marks_watched(m->before, wd) : NULL;

	w->wd = wd;
	w->mask = before ? before->mask : 0;
	watched_insert(m, w);
	return w;
}

int marks_add(struct marks *m, struct concern *c, int fd, uint32_t mask, const char *name,
	      bool *fresh)
{
	struct watched *w;
	struct mark *k;
	char path[64];
	int wd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	wd = inotify_add_watch(m->inotify, path, mask | IN_MASK_ADD);
	if (wd < 0)
		return -errno;
	w = marks_watched(m, wd);
	if (fresh)
		*fresh = !w;
	if (!w)
		w = watched_new(m, wd);
	k = take_former(c, w, name);
	if (!k)
		k = mark_new(m, c, w, name);
	k->mask = mask;
	k->former = false;
	k->next_of_concern = c->marks;
	c->marks = k;
	w->mask |= mask;
	/* What nobody wants any more would only wake us. */
	if (w->mask != wanted(w)) {
		w->mask = wanted(w);
		inotify_add_watch(m->inotify, path, w->mask);
	}
	return 0;
}

static bool is_at_or_below(const char *path, const char *top, size_t n)
{
	return n == 0 || (strncmp(path, top, n) == 0 && (path[n] == '\0' || path[n] == '/'));
}

static void drop_below(struct marks *m, const char *path)
{
	size_t n = strlen(path);

	for (size_t i = 0; i < m->concerns.n; i++) {
		struct concern **at = (struct concern **)&m->concerns.heads[i];

		while (*at) {
			struct concern *p = *at;

			if (p->kind == CONCERN_WAY || !is_at_or_below(p->path, path, n)) {
				at = &p->next;
				continue;
			}
			unmark_all(m, p->marks);
			*at = p->next;
			m->concerns.items--;
			m->dropped++;
		}
	}
}

bool marks_drop(struct marks *m, const char *path)
{
	if (*path && !marks_find(m, CONCERN_FOLDER, path) && !marks_find(m, CONCERN_LINK, path) &&
	    !marks_find(m, CONCERN_TWIN, path))
		return false;
	drop_below(m, path);
	return true;
}

void marks_forget(struct marks *m, struct watched *w)
{
	for (struct mark *k = w->marks; k; k = k->next_of_watched) {
		struct mark **at = &k->concern->marks;

		while (*at != k)
			at = &(*at)->next_of_concern;
		*at = k->next_of_concern;
		m->dropped++;
	}
	watched_remove(m, w);
}
