#include "reconciler/look.h"

#include "reconciler/intake.h"
#include "schema/arena.h"
#include "schema/sorted.h"

#include <string.h>
#include <time.h>

/* Two changes within one tick of the kernel's clock have one time. */
#define TICK_NS 20000000

static int64_t nanoseconds(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct stamp stamp_of(const struct stat *st)
{
	return (struct stamp){
	    .device = st->st_dev,
	    .inode = st->st_ino,
	    .size = st->st_size,
	    .modified = nanoseconds(st->st_mtim),
	    .changed = nanoseconds(st->st_ctim),
	};
}

static bool same_stamp(const struct stamp *s, const struct stamp *t)
{
	return s->device == t->device && s->inode == t->inode && s->size == t->size &&
	       s->modified == t->modified && s->changed == t->changed;
}

static void leaf_stamp(struct leaf *l, const struct tree_file *f)
{
	struct timespec now;
	int64_t age;

	clock_gettime(CLOCK_REALTIME, &now);
	l->stamp = stamp_of(f->st);
	l->trusted = f->trusted;
	l->folder_trusted = f->folder_trusted;
	age = nanoseconds(now) - l->stamp.changed;
	l->fresh = age > -TICK_NS && age < TICK_NS;
}

static int compare_sights(const void *x, const void *y)
{
	return leaves_compare_paths(((const struct sight *)x)->leaf->path,
				    ((const struct sight *)y)->leaf->path);
}

static struct sight *sight_of(struct look *l, const char *path)
{
	struct leaf wanted = {.path = path};
	struct sight w = {&wanted, NULL};
	size_t i = sorted_lower(l->sights, l->n, sizeof(*l->sights), &w, compare_sights);

	return i < l->n && strcmp(l->sights[i].leaf->path, path) == 0 ? &l->sights[i] : NULL;
}

static struct leaf *sight_add(struct look *l, struct leaf *leaf)
{
	struct sight s = {leaf, leaves_find(l->leaves, leaf->path)};

	leaf->seen = l->round;
	if (s.old)
		s.old->seen = l->round;
	l->sights = arena_grow(l->arena, l->sights, l->n, &l->room, sizeof(s));
	l->n = sorted_add(l->sights, l->n, sizeof(s), &s, 1, compare_sights);
	return leaf;
}

static struct leaf *place_at(struct look *l, const char *path)
{
	struct sight *s = sight_of(l, path);

	return s ? s->leaf : sight_add(l, leaves_make(l->leaves, path, NULL));
}

static void turn(struct look *l, struct leaf *leaf)
{
	l->turned =
	    arena_grow(l->arena, l->turned, l->n_turned, &l->room_turned, sizeof(*l->turned));
	l->turned[l->n_turned++] = leaf;
}

/* It is there, and as it was. */
static void see(struct look *l, struct leaf *leaf)
{
	leaf->seen = l->round;
	if (leaf->stale)
		turn(l, leaf);
}

static bool known(void *context, const char *path, const struct stat *st, bool folder_trusted)
{
	struct look *l = context;
	struct leaf *leaf = leaves_find(l->leaves, path);
	struct stamp stamp = stamp_of(st);

	if (!leaf || !leaf->manifest || leaf->fresh || leaf->folder_trusted != folder_trusted ||
	    !same_stamp(&leaf->stamp, &stamp))
		return false;
	see(l, leaf);
	return true;
}

static void missed(void *context, const char *path, bool blind)
{
	struct leaf *leaf = place_at(context, path);

	leaf->missed = true;
	leaf->blind |= blind;
}

/* Touched, or written anew with what it had? */
static bool same_bytes(const struct leaf *old, const struct tree_file *f)
{
	return old && old->manifest && old->trusted && f->trusted &&
	       old->manifest->source.size == f->n &&
	       memcmp(old->manifest->source.text, f->bytes, f->n) == 0;
}

static void take(void *context, const struct tree_file *f)
{
	struct look *l = context;
	struct leaf *leaf = leaves_find(l->leaves, f->path);
	struct diagnostics ds;
	struct manifest *m;
	struct intake in;

	l->files_read++;
	if (same_bytes(leaf, f)) {
		leaf_stamp(leaf, f);
		see(l, leaf);
		return;
	}
	diagnostics_init(&ds, l->texts);
	m = intake_read(f, TRUST_ENFORCE, false, &ds, &in);
	leaf = leaves_make(l->leaves, f->path, m);
	leaf_stamp(leaf, f);
	leaf->faulty = in.faulty;
	leaf->blind = in.blind;
	leaf->findings = ds.n ? diagnostics_compact(&ds, m->arena) : NULL;
	leaf->n_findings = ds.n;
	arena_reset(l->texts);
	sight_add(l, leaf);
}

/* ---- what the tree says ---- */

static bool same_text(const char *x, const char *y)
{
	return x == y || (x && y && strcmp(x, y) == 0);
}

static bool says(const struct leaf *l, const struct diagnostic *d)
{
	for (size_t i = 0; i < l->n_findings; i++) {
		if (l->findings[i].severity == d->severity &&
		    same_text(l->findings[i].message, d->message) &&
		    same_text(l->findings[i].hint, d->hint))
			return true;
	}
	return false;
}

/* D, copied, comes before what the file itself gave cause for. */
static void say(struct leaf *l, const struct diagnostic *d)
{
	struct diagnostic *all = arena_alloc(l->arena, (l->n_findings + 1) * sizeof(*all));
	struct source *source = arena_alloc(l->arena, sizeof(*source));
	size_t at = 0;

	while (at < l->n_findings && !l->findings[at].place.source->text)
		at++;
	source->name = arena_strdup(l->arena, d->place.source->name);
	if (l->n_findings) {
		memcpy(all, l->findings, at * sizeof(*all));
		memcpy(all + at + 1, l->findings + at, (l->n_findings - at) * sizeof(*all));
	}
	all[at] = (struct diagnostic){
	    .severity = d->severity,
	    .place = {source, 0, 0},
	    .message = arena_strdup(l->arena, d->message),
	    .hint = arena_strdup(l->arena, d->hint),
	};
	l->findings = all;
	l->n_findings++;
}

/* Each finding of the walk goes to the leaf that it is about. */
static void hand_out(struct look *l)
{
	for (size_t i = 0; i < l->ds.n; i++) {
		const struct diagnostic *d = &l->ds.items[i];
		const char *path = d->place.source->name;
		struct sight *s;
		struct leaf *leaf;

		if (path == l->tree.directory)
			path = "";
		s = sight_of(l, path);
		leaf = s ? s->leaf : leaves_find(l->leaves, path);
		if (!leaf || leaf->seen != l->round)
			leaf = place_at(l, path);
		if (!says(leaf, d))
			say(leaf, d);
	}
}

/* ---- what is gone ---- */

/* Below what could not be read, absence proves nothing: what was there stays, but it gives way to
 * what is there for sure. */
static void spare(struct look *l, const char *path)
{
	size_t n, first = leaves_range(l->leaves, path, &n);

	for (size_t i = first; i < first + n; i++) {
		struct leaf *leaf = l->leaves->items[i];

		if (leaf->seen != l->round && !leaf->stale)
			turn(l, leaf);
		leaf->seen = l->round;
	}
}

static void find_gone(struct look *l, const char *path)
{
	size_t n, first = leaves_range(l->leaves, path, &n), room = 0;

	for (size_t i = first; i < first + n; i++)
		room += l->leaves->items[i]->seen != l->round;
	if (room == 0)
		return;
	if (l->n_gone > 0) {
		struct leaf **before = l->gone;

		l->gone = arena_alloc(l->arena, (l->n_gone + room) * sizeof(*l->gone));
		memcpy(l->gone, before, l->n_gone * sizeof(*l->gone));
	} else {
		l->gone = arena_alloc(l->arena, room * sizeof(*l->gone));
	}
	for (size_t i = first; i < first + n; i++) {
		if (l->leaves->items[i]->seen != l->round)
			l->gone[l->n_gone++] = l->leaves->items[i];
	}
}

static void find_all_gone(struct look *l, const char *const *paths, size_t n)
{
	if (l->tree.full)
		return;
	for (size_t i = 0; i < l->n; i++) {
		if (l->sights[i].leaf->missed)
			spare(l, l->sights[i].leaf->path);
	}
	for (size_t i = 0; i < n; i++)
		find_gone(l, paths[i]);
}

int look_at(struct look *l, int root, const char *real, const char *const *paths, size_t n)
{
	static const char *const all[] = {""};
	int r = 0;

	l->whole = n == 0;
	if (l->whole) {
		paths = all;
		n = 1;
	}
	diagnostics_init(&l->ds, l->arena);
	l->texts = arena_new();
	l->tree = (struct tree){
	    .arena = l->arena,
	    .ds = &l->ds,
	    .trusted = l->trusted,
	    .take = take,
	    .known = known,
	    .missed = missed,
	    .context = l,
	    .hooks = l->hooks,
	    .root = -1,
	    .buffer = l->buffer,
	};
	if (!l->whole)
		l->tree.files = l->leaves->n;
	if (l->hooks.begin)
		l->hooks.begin(l->hooks.context, l->whole);
	for (size_t i = 0; r == 0 && i < n; i++) {
		size_t inside;

		leaves_range(l->leaves, paths[i], &inside);
		l->tree.files -= inside < l->tree.files ? inside : l->tree.files;
		r = tree_look(&l->tree, root, real, paths[i]);
	}
	if (l->hooks.end)
		l->hooks.end(l->hooks.context);
	l->buffer = l->tree.buffer;
	arena_free(l->texts);
	if (r == 0) {
		hand_out(l);
		find_all_gone(l, paths, n);
	}
	return r;
}

void look_forget(struct look *l)
{
	for (size_t i = 0; i < l->n; i++)
		leaves_free(l->leaves, l->sights[i].leaf);
	l->n = l->n_gone = l->n_turned = 0;
}
