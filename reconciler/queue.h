/*
 * queue - wards that are to be looked at, first come, first served.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct ward;

struct queue {
	struct ward **items;       /* NULL: one that was forgotten */
	size_t first, n, capacity; /* items[first .. n) */
};

void queue_add(struct queue *q, struct ward *w);
bool queue_empty(const struct queue *q);
/* W is about to go. */
void queue_forget(struct queue *q, const struct ward *w);

/* Takes up to MOST that can be looked at now into OUT; returns how many. One that something is
 * under way for is passed over: it is due again when that is done. */
size_t queue_take(struct queue *q, struct ward **out, size_t most);
