#include "reconciler/records.h"

#include "schema/arena.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FEW 64 /* so many are read faster than waited for */

struct item {
	const char *name;
	struct record record;
};

struct records {
	struct arena *arena; /* the reader's alone until it has ended */
	const char *lxcpath;
	DIR *folder;
	pthread_t reader;
	atomic_bool stop;
	bool ended; /* the reader was waited for */
	struct item *items;
	size_t n, capacity;
};

static int compare_items(const void *x, const void *y)
{
	return strcmp(((const struct item *)x)->name, ((const struct item *)y)->name);
}

static int compare_name(const void *name, const void *item)
{
	return strcmp(name, ((const struct item *)item)->name);
}

static void *read_all(void *data)
{
	struct records *r = data;
	const struct dirent *e;

	while (!atomic_load(&r->stop) && (e = readdir(r->folder))) {
		struct item *item;

		if (e->d_name[0] == '.' || e->d_type == DT_REG)
			continue;
		r->items = arena_grow(r->arena, r->items, r->n, &r->capacity, sizeof(*r->items));
		item = &r->items[r->n++];
		item->name = arena_strdup(r->arena, e->d_name);
		bootfile_read(dirfd(r->folder), r->lxcpath, item->name, r->arena, &item->record);
	}
	if (r->n)
		qsort(r->items, r->n, sizeof(*r->items), compare_items);
	return NULL;
}

struct records *records_read_ahead(const char *lxcpath)
{
	DIR *folder = opendir(lxcpath);
	struct arena *a;
	struct records *r;

	if (!folder)
		return NULL;
	a = arena_new();
	r = arena_alloc(a, sizeof(*r));
	*r = (struct records){.arena = a, .lxcpath = lxcpath, .folder = folder};
	if (pthread_create(&r->reader, NULL, read_all, r) == 0)
		return r;
	closedir(folder);
	arena_free(a);
	return NULL;
}

static void end(struct records *r)
{
	if (!r->ended)
		pthread_join(r->reader, NULL);
	r->ended = true;
}

void records_await(struct records *r, size_t wanted)
{
	if (wanted < FEW)
		atomic_store(&r->stop, true);
	end(r);
	if (wanted < FEW)
		r->n = 0;
}

bool records_find(const struct records *r, const char *name, struct record *out)
{
	const struct item *item;

	if (r->n == 0)
		return false;
	item = bsearch(name, r->items, r->n, sizeof(*r->items), compare_name);
	if (item)
		*out = item->record;
	return item;
}

void records_free(struct records *r)
{
	if (!r)
		return;
	atomic_store(&r->stop, true);
	end(r);
	closedir(r->folder);
	arena_free(r->arena);
}
