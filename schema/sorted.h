/*
 * sorted - arrays that stay in order while a few of their items come and go, in place.
 * Items are SIZE bytes each and differ from one another by COMPARE, as for qsort; who gives an
 * array of what goes or comes gives it in the same order.
 */
#pragma once

#include <stddef.h>

struct arena;

/* What holds an array that grows and is never given back piece by piece. */
struct sorted_room {
	struct arena *arena;
	size_t n; /* items that fit */
};

/* ITEMS, or, where N + MORE do not fit, their copy; what they were is freed. */
void *sorted_room(struct sorted_room *room, void *items, size_t n, size_t more, size_t size);
void sorted_free(struct sorted_room *room);

/* The index of the first of N items that is not less than ITEM. */
size_t sorted_lower(const void *items, size_t n, size_t size, const void *item,
		    int (*compare)(const void *, const void *));

/* Takes out GONE (those of it that are there). Returns how many are left. */
size_t sorted_drop(void *items, size_t n, size_t size, const void *gone, size_t n_gone,
		   int (*compare)(const void *, const void *));

/* Puts in COME; there is room for it. Returns how many there are. */
size_t sorted_add(void *items, size_t n, size_t size, const void *come, size_t n_come,
		  int (*compare)(const void *, const void *));

/* Both at once: what comes to the place of what goes costs no move. Both arrays are used up; there
 * is room for N + N_COME items. What comes again, and goes before, is there. */
size_t sorted_edit(void *items, size_t n, size_t size, void *gone, size_t n_gone, void *come,
		   size_t n_come, int (*compare)(const void *, const void *));
