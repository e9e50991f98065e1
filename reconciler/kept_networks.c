#include "reconciler/kept_networks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *or_end(void *piece)
{
	if (piece)
		return piece;
	fputs("evenkeel: out of memory\n", stderr);
	_Exit(2);
}

/* The first whose name does not come before NAME. */
static size_t place_of(const struct kept_networks *k, const char *name)
{
	size_t low = 0, high = k->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(k->documents[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct kept_network *find_at(const struct kept_networks *k, size_t at, const char *name)
{
	return at < k->n && strcmp(k->documents[at]->name, name) == 0 ? k->items[at] : NULL;
}

const struct kept_network *kept_networks_find(const struct kept_networks *k, const char *name)
{
	return find_at(k, place_of(k, name), name);
}

static bool same_text(const char *x, const char *y)
{
	return x == y || (x && y && strcmp(x, y) == 0);
}

/* Where the lines stand does not matter. */
static bool asks_same(const struct document *d, const struct document *e)
{
	if (d->state != e->state || !same_text(d->type, e->type) || d->config.n != e->config.n)
		return false;
	for (size_t i = 0; i < d->config.n; i++)
		if (strcmp(d->config.items[i].name, e->config.items[i].name) != 0 ||
		    strcmp(d->config.items[i].text, e->config.items[i].text) != 0)
			return false;
	return true;
}

/* The document in the catalog may be called broken later, when another one has its name: this copy
 * stays what it is. */
static void fill(struct kept_network *item, const struct document *d)
{
	struct manifest *before = item->held;

	item->held = manifest_hold(document_manifest(d));
	item->document = *d;
	item->last_good = false;
	manifest_free(before);
}

static void insert(struct kept_networks *k, size_t at, const struct document *d)
{
	struct kept_network *item = or_end(calloc(1, sizeof(*item)));

	if (k->n == k->capacity) {
		k->capacity = k->capacity ? 2 * k->capacity : 8;
		k->items = or_end(reallocarray(k->items, k->capacity, sizeof(*k->items)));
		k->documents =
		    or_end(reallocarray(k->documents, k->capacity, sizeof(*k->documents)));
	}
	memmove(k->items + at + 1, k->items + at, (k->n - at) * sizeof(*k->items));
	memmove(k->documents + at + 1, k->documents + at, (k->n - at) * sizeof(*k->documents));
	fill(item, d);
	k->items[at] = item;
	k->documents[at] = &item->document;
	k->n++;
}

static void take_out(struct kept_networks *k, size_t at)
{
	manifest_free(k->items[at]->held);
	free(k->items[at]);
	k->n--;
	memmove(k->items + at, k->items + at + 1, (k->n - at) * sizeof(*k->items));
	memmove(k->documents + at, k->documents + at + 1, (k->n - at) * sizeof(*k->documents));
}

static bool renew(struct kept_networks *k, const struct catalog *c, const char *name)
{
	const struct document *d = catalog_find(c, KIND_NETWORK, name);
	size_t at = place_of(k, name);
	struct kept_network *old = find_at(k, at, name);
	bool news = true;

	if (!d && old)
		take_out(k, at);
	if (!d)
		return old != NULL;
	if (!old) {
		insert(k, at, d);
		return true;
	}
	if (d->broken && !old->document.broken) {
		news = !old->last_good;
		old->last_good = true;
		return news;
	}
	news = old->last_good || old->document.broken != d->broken || !asks_same(&old->document, d);
	fill(old, d);
	return news;
}

size_t kept_networks_renew(struct kept_networks *k, const struct catalog *c,
			   const char *const *names, size_t n, const char **changed)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		if (renew(k, c, names[i]))
			changed[found++] = names[i];
	return found;
}

void kept_networks_close(struct kept_networks *k)
{
	while (k->n)
		take_out(k, k->n - 1);
	free(k->items);
	free(k->documents);
	*k = (struct kept_networks){0};
}
