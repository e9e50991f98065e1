#include "schema/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_LEAST 1024u
#define BLOCK_MOST (64u << 10)
#define ALIGNMENT _Alignof(max_align_t)

struct block {
	struct block *next;
	size_t size, used; /* of what follows the header */
	max_align_t bytes[];
};

struct arena {
	struct block *blocks; /* the newest first; only it has room */
	size_t held;
};

static _Noreturn void out_of_memory(void)
{
	static const char message[] = "evenkeel: out of memory\n";

	(void)!write(STDERR_FILENO, message, sizeof(message) - 1);
	_Exit(2);
}

struct arena *arena_new(void)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (!a)
		out_of_memory();
	return a;
}

static void blocks_free(struct block *b)
{
	struct block *next;

	for (; b; b = next) {
		next = b->next;
		free(b);
	}
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	blocks_free(a->blocks);
	free(a);
}

/* Blocks grow with the arena, so that a small manifest stays small. */
static size_t block_size(const struct arena *a, size_t wanted)
{
	size_t size = BLOCK_LEAST;

#ifdef EVENKEEL_DEBUG_ARENA
	return wanted;
#endif
	while (size < a->held && size < BLOCK_MOST)
		size *= 2;
	return wanted > size ? wanted : size;
}

static struct block *block_add(struct arena *a, size_t size)
{
	struct block *b;

	if (size > SIZE_MAX - sizeof(*b))
		out_of_memory();
	b = malloc(sizeof(*b) + size);
	if (!b)
		out_of_memory();
	b->size = size;
	b->used = 0;
	b->next = a->blocks;
	a->blocks = b;
	a->held += sizeof(*b) + size;
	return b;
}

void arena_reserve(struct arena *a, size_t size)
{
#ifndef EVENKEEL_DEBUG_ARENA
	if (!a->blocks || a->blocks->size - a->blocks->used < size)
		block_add(a, size);
#else
	(void)a;
	(void)size;
#endif
}

void *arena_alloc(struct arena *a, size_t size)
{
	size_t start = 0;
	struct block *b = a->blocks;
	char *piece;

	if (b)
		start = (b->used + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
	if (!b || start > b->size || size > b->size - start) {
		b = block_add(a, block_size(a, size));
		start = 0;
	}
#ifdef EVENKEEL_DEBUG_ARENA
	b->used = b->size;
#else
	b->used = start + size;
#endif
	piece = (char *)b->bytes + start;
	return memset(piece, 0, size);
}

/* Texts need no alignment: packed behind what is there. */
static char *alloc_text(struct arena *a, size_t size)
{
	struct block *b = a->blocks;
	char *piece;

	if (!b || size > b->size - b->used)
		b = block_add(a, block_size(a, size));
	piece = (char *)b->bytes + b->used;
#ifdef EVENKEEL_DEBUG_ARENA
	b->used = b->size;
#else
	b->used += size;
#endif
	return piece;
}

void *arena_grow(struct arena *a, void *items, size_t n, size_t *capacity, size_t size)
{
	size_t wanted = *capacity ? *capacity * 2 : 8;
	void *larger;

	if (n < *capacity)
		return items;
	if (wanted < *capacity || wanted > SIZE_MAX / size)
		out_of_memory();
	larger = arena_alloc(a, wanted * size);
	if (n)
		memcpy(larger, items, n * size);
	*capacity = wanted;
	return larger;
}

char *arena_strndup(struct arena *a, const char *text, size_t n)
{
	char *copy = alloc_text(a, n + 1);

	memcpy(copy, text, n);
	copy[n] = '\0';
	return copy;
}

char *arena_strdup(struct arena *a, const char *text)
{
	return text ? arena_strndup(a, text, strlen(text)) : NULL;
}

/* Most texts fit behind what is there: they are printed in place, once. */
static size_t room_left(const struct arena *a)
{
	return a->blocks ? a->blocks->size - a->blocks->used : 0;
}

char *arena_vprintf(struct arena *a, const char *format, va_list args)
{
	size_t room = room_left(a);
	va_list again;
	char *text;
	int n;

	va_copy(again, args);
	n = vsnprintf(room ? (char *)a->blocks->bytes + a->blocks->used : NULL, room, format, args);
	if (n < 0)
		out_of_memory();
	text = alloc_text(a, (size_t)n + 1);
	if ((size_t)n >= room)
		vsnprintf(text, (size_t)n + 1, format, again);
	va_end(again);
	return text;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = arena_vprintf(a, format, args);
	va_end(args);
	return text;
}

char *arena_join(struct arena *a, const char *first, ...)
{
	size_t n = strlen(first);
	const char *part;
	va_list args;
	char *text, *to;

	va_start(args, first);
	while ((part = va_arg(args, const char *)))
		n += strlen(part);
	va_end(args);
	text = alloc_text(a, n + 1);
	to = stpcpy(text, first);
	va_start(args, first);
	while ((part = va_arg(args, const char *)))
		to = stpcpy(to, part);
	va_end(args);
	return text;
}

char *arena_decimal(struct arena *a, unsigned long long number)
{
	char digits[3 * sizeof(number)], *first = digits + sizeof(digits);

	do
		*--first = (char)('0' + number % 10);
	while (number /= 10);
	return arena_strndup(a, first, (size_t)(digits + sizeof(digits) - first));
}

void arena_reset(struct arena *a)
{
#ifndef EVENKEEL_DEBUG_ARENA
	if (a->blocks) {
		blocks_free(a->blocks->next);
		a->blocks->next = NULL;
		a->blocks->used = 0;
		a->held = sizeof(*a->blocks) + a->blocks->size;
		return;
	}
#endif
	blocks_free(a->blocks);
	a->blocks = NULL;
	a->held = 0;
}

void arena_absorb(struct arena *to, struct arena *from)
{
	struct block *last = from->blocks;

	if (!last)
		return;
	while (last->next)
		last = last->next;
	/* behind TO's newest block, the only one with room */
	if (to->blocks) {
		last->next = to->blocks->next;
		to->blocks->next = from->blocks;
	} else {
		to->blocks = from->blocks;
	}
	to->held += from->held;
	from->blocks = NULL;
	from->held = 0;
}

size_t arena_size(const struct arena *a)
{
	return a->held;
}
