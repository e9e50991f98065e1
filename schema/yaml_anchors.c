#include "schema/yaml_anchors.h"

#include "schema/arena.h"

#include <stdint.h>
#include <string.h>

#define CAPACITY_LEAST 16u

/* FNV-1a, seeded by nothing: the number of names is bounded, so is the worst chain. */
static size_t hash(const char *name)
{
	uint64_t h = 14695981039346656037u;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 1099511628211u;
	return (size_t)(h ^ (h >> 32));
}

/* The slot of NAME, or the free one where it belongs. */
static struct yaml_anchor *slot(struct yaml_anchor *slots, size_t capacity, const char *name)
{
	size_t i = hash(name) & (capacity - 1);

	while (slots[i].name && strcmp(slots[i].name, name) != 0)
		i = (i + 1) & (capacity - 1);
	return &slots[i];
}

struct yaml_anchor *yaml_anchors_find(struct yaml_anchors *as, const char *name)
{
	struct yaml_anchor *found;

	if (as->n == 0)
		return NULL;
	found = slot(as->slots, as->capacity, name);
	return found->name ? found : NULL;
}

static void grow(struct yaml_anchors *as)
{
	size_t capacity = as->capacity ? as->capacity * 2 : CAPACITY_LEAST;
	struct yaml_anchor *slots = arena_alloc(as->arena, capacity * sizeof(*slots));

	for (size_t i = 0; i < as->capacity; i++)
		if (as->slots[i].name)
			*slot(slots, capacity, as->slots[i].name) = as->slots[i];
	as->slots = slots;
	as->capacity = capacity;
}

void yaml_anchors_open(struct yaml_anchors *as, const char *name, struct node *node)
{
	struct yaml_anchor *a;

	if (2 * (as->n + 1) > as->capacity)
		grow(as);
	a = slot(as->slots, as->capacity, name);
	if (!a->name) {
		as->n++;
		a->name = arena_strdup(as->arena, name);
	}
	a->node = node;
	a->nodes = a->bytes = 0;
	a->open = true;
}

void yaml_anchors_clear(struct yaml_anchors *as)
{
	if (as->n == 0)
		return;
	memset(as->slots, 0, as->capacity * sizeof(*as->slots));
	as->n = 0;
}
