#include "reconciler/watch_path.h"
#include "reconciler/watch_state.h"
#include "schema/arena.h"

#include <errno.h>
#include <unistd.h>

bool watch_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

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

bool watch_way(struct watch *w)
{
	struct arena *former = w->way_arena;
	struct way_walk walk = {.w = w};
	uint64_t digest = w->digest;
	struct watch_path path;
	int r;

	w->way_arena = arena_new();
	path = (struct watch_path){
	    .arena = w->way_arena, .quiet = true, .show = way_show, .context = &walk};
	w->of_way = (struct shortfall){0};
	walk.concern = marks_renew(&w->marks, CONCERN_WAY, "");
	w->real = NULL;
	r = watch_path_walk(&path, -1, w->directory);
	w->unsure = r == -EAGAIN;
	if (r == 0 && S_ISDIR(path.st.st_mode)) {
		w->real = path.real;
		w->led_to = path.st;
	}
	if (path.fd >= 0)
		close(path.fd);
	marks_renewed(&w->marks, walk.concern);
	w->digest = path.digest;
	if (watch_path_wants(r))
		walk.error = -r;
	if (walk.error && w->inotify >= 0)
		shortfall_watch(&w->of_way, walk.error, w->directory);
	/* What was looked after belongs to another directory now. */
	if (!w->whole && !watch_path_wants(r) && (!w->real || !watch_same(&w->led_to, &w->root)))
		marks_drop(&w->marks, "");
	arena_free(former);
	return w->digest != digest;
}
