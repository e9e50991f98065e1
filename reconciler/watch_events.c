#include "reconciler/watch_events.h"

#include "schema/arena.h"

#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#define COMES (IN_CREATE | IN_MOVED_TO)
#define GOES (IN_DELETE | IN_MOVED_FROM)
#define OF_ITSELF (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)

void watch_events_add(struct watch_events *e, const char *path, bool heavy)
{
	e->heavy |= heavy;
	if (e->n > 0 && strcmp(e->paths[e->n - 1], path) == 0)
		return;
	e->paths = arena_grow(e->arena, e->paths, e->n, &e->capacity, sizeof(*e->paths));
	e->paths[e->n++] = arena_strdup(e->arena, path);
}

static void add_written(struct watch_events *e, const char *path)
{
	if (!watch_writing_add(e->writing, path))
		watch_events_add(e, path, true);
}

static void add_whole(struct watch_events *e, const char *path, bool heavy)
{
	watch_writing_remove(e->writing, path);
	watch_events_add(e, path, heavy);
}

/* Only to know what came: what it is by then may be something else, of which there is news too. */
static bool look(const struct watch_events *e, const char *path, struct stat *st)
{
	return e->real && lstat(arena_printf(e->arena, "%s/%s", e->real, path), st) == 0;
}

/* Who makes a file by opening it will write and close it; other ways make it whole at once. */
static bool is_begun(const struct watch_events *e, const char *path)
{
	struct stat st;

	return look(e, path, &st) && S_ISREG(st.st_mode) && st.st_nlink == 1;
}

/* A folder's times are of no interest. */
static bool is_as_walked(const struct watch_events *e, const char *path)
{
	const struct concern *c = marks_find(e->marks, CONCERN_FOLDER, path);
	struct stat st;

	return c && e->real && stat(arena_printf(e->arena, "%s/%s", e->real, path), &st) == 0 &&
	       st.st_mode == c->mode && st.st_uid == c->owner;
}

static bool is_link(const struct watch_events *e, const char *path)
{
	struct stat st;

	return look(e, path, &st) && S_ISLNK(st.st_mode);
}

/* Not a write; but while there are writes this is a part of them. */
static void add_heavy(struct watch_events *e, const char *path, uint32_t mask)
{
	if (!(mask & IN_ATTRIB) || !watch_writing_has(e->writing, path))
		add_whole(e, path, true);
}

static void take_manifest(struct watch_events *e, const char *path, uint32_t mask)
{
	if (mask & IN_CREATE && is_begun(e, path))
		add_written(e, path);
	else if (mask & IN_MODIFY)
		add_written(e, path);
	else if (mask & (IN_CLOSE_WRITE | IN_MOVED_TO))
		add_whole(e, path, false);
	else
		add_heavy(e, path, mask);
}

static void take_entry_of_folder(struct watch_events *e, const struct concern *p,
				 const struct inotify_event *event)
{
	const char *name = event->name;
	const char *path = *p->path ? arena_join(e->arena, p->path, "/", name, NULL) : name;
	bool folder = event->mask & IN_ISDIR, known = false;
	bool ignore_file = strcmp(path, IGNORE_NAME) == 0;

	if (ignore_leftover(name) && !ignore_file)
		return;
	if (e->ignore->n && ignore_fits(e->ignore, path, name, folder))
		return;
	/* What had this name is not it any more; who looks again sets the watches. */
	if (event->mask & (COMES | GOES))
		known = marks_drop(e->marks, path);
	if (folder && event->mask & IN_ATTRIB && is_as_walked(e, path))
		return;
	if (!folder && (ignore_file || ignore_manifest_name(name)))
		take_manifest(e, path, event->mask);
	else if (folder || known || (event->mask & COMES && is_link(e, path)))
		add_whole(e, path, true);
}

/* What a link leads through, or a file by another name. */
static void take_content(struct watch_events *e, const struct concern *p, uint32_t mask)
{
	if (mask & IN_MODIFY)
		add_written(e, p->path);
	else if (mask & IN_CLOSE_WRITE)
		add_whole(e, p->path, false);
	else
		add_heavy(e, p->path, mask);
}

static void take_for_way(struct watch_events *e, const struct mark *k,
			 const struct inotify_event *event, bool itself)
{
	if (event->mask & IN_ATTRIB)
		e->way_mode |= itself || strcmp(k->name, event->name) == 0;
	else if (itself)
		e->way = true;
	else
		e->way |= event->mask & (COMES | GOES) && strcmp(k->name, event->name) == 0;
}

static void take_for(struct watch_events *e, const struct mark *k,
		     const struct inotify_event *event)
{
	bool itself = !event->len || event->mask & OF_ITSELF;

	switch (k->concern->kind) {
	case CONCERN_WAY:
		take_for_way(e, k, event, itself);
		return;
	case CONCERN_FOLDER:
		if (itself && !(event->mask & IN_ATTRIB && is_as_walked(e, k->concern->path)))
			watch_events_add(e, k->concern->path, true);
		else if (!itself)
			take_entry_of_folder(e, k->concern, event);
		return;
	case CONCERN_LINK:
	case CONCERN_TWIN:
		if (itself || strcmp(k->name, event->name) == 0)
			take_content(e, k->concern, event->mask);
		return;
	}
}

void watch_events_take(struct watch_events *e, const struct inotify_event *event)
{
	struct watched *w = marks_watched(e->marks, event->wd);
	const struct mark **marks = NULL;
	size_t n = 0, capacity = 0;

	if (event->mask & IN_Q_OVERFLOW)
		e->overflow = true;
	/* What was asked for no more. */
	if (!w)
		return;
	/* Some may be dropped on the way: what they say stays. */
	for (const struct mark *k = w->marks; k; k = k->next_of_watched) {
		marks = arena_grow(e->arena, marks, n, &capacity, sizeof(*marks));
		marks[n++] = k;
	}
	if (event->mask & IN_IGNORED)
		marks_forget(e->marks, w);
	for (size_t i = 0; i < n; i++)
		take_for(e, marks[i], event);
}

/* As strcmp, but what is below a folder follows it at once. */
static int compare_paths(const void *x, const void *y)
{
	const char *a = *(const char *const *)x, *b = *(const char *const *)y;

	while (*a && *a == *b) {
		a++;
		b++;
	}
	if (*a == *b)
		return 0;
	if (!*a || !*b)
		return *a ? 1 : -1;
	if (*a == '/' || *b == '/')
		return *a == '/' ? -1 : 1;
	return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
}

static bool is_at_or_below(const char *path, const char *top)
{
	size_t n = strlen(top);

	return n == 0 || (strncmp(path, top, n) == 0 && (path[n] == '\0' || path[n] == '/'));
}

bool watch_events_finish(struct watch_events *e)
{
	bool all = false;
	size_t kept = 0;

	if (e->n > 1)
		qsort(e->paths, e->n, sizeof(*e->paths), compare_paths);
	for (size_t i = 0; i < e->n; i++) {
		const char *path = e->paths[i];

		if (kept > 0 && is_at_or_below(path, e->paths[kept - 1]))
			continue;
		if (watch_writing_has(e->writing, path))
			continue;
		all |= !*path || strcmp(path, IGNORE_NAME) == 0;
		e->paths[kept++] = path;
	}
	e->n = kept;
	return all;
}
