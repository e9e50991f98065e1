/*
 * arena - memory that is freed whole.
 * A manifest file, an expansion, a pass: each owns one arena, takes pieces from it and never gives
 * one back alone. In a debug build (EVENKEEL_DEBUG_ARENA) every piece is a malloc of its own, so
 * that AddressSanitizer and valgrind see each bound.
 *
 * Out of memory is the one error that nobody handles: the program says so and exits with 2. A pass
 * compares whole states, so being ended at any instruction costs time, never state.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

struct arena;

/* A new, empty arena; the caller owns it. Never NULL. */
struct arena *arena_new(void);

/* Makes the next SIZE bytes come in one block, of just that size when it is the first one: for who
 * knows how much it will take. */
void arena_reserve(struct arena *a, size_t size);

/* Frees the arena and every piece taken from it. NULL is allowed. */
void arena_free(struct arena *a);

/* SIZE zeroed bytes, aligned for any type, owned by the arena. Never NULL, also for 0. */
void *arena_alloc(struct arena *a, size_t size);

/* Room for N + 1 items of SIZE bytes: ITEMS itself while N < *CAPACITY, else a copy twice as large
 * (the old piece stays in the arena). To append: items = arena_grow(...); items[n++] = x. */
void *arena_grow(struct arena *a, void *items, size_t n, size_t *capacity, size_t size);

/* Copies of text, NUL-terminated, owned by the arena. arena_strdup(a, NULL) is NULL. */
char *arena_strdup(struct arena *a, const char *text);
char *arena_strndup(struct arena *a, const char *text, size_t n);

/* printf into the arena. */
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* The texts joined, the last one followed by NULL; cheaper than a format where it matters. */
char *arena_join(struct arena *a, const char *first, ...) __attribute__((sentinel));

/* NUMBER in decimal. */
char *arena_decimal(struct arena *a, unsigned long long number);

/* Gives every piece back at once and keeps room for the next ones. */
void arena_reset(struct arena *a);

/* Moves every piece of FROM to TO, which owns them from now on; FROM is empty then. */
void arena_absorb(struct arena *to, struct arena *from);

/* Bytes that the arena holds of the heap, slack included. */
size_t arena_size(const struct arena *a);
