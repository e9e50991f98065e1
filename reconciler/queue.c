#include "reconciler/queue.h"

#include "reconciler/ward.h"

#include <stdio.h>
#include <stdlib.h>

void queue_add(struct queue *q, struct ward *w)
{
	if (q->first == q->n)
		q->first = q->n = 0;
	if (q->n == q->capacity) {
		q->capacity = q->capacity ? 2 * q->capacity : 64;
		q->items = reallocarray(q->items, q->capacity, sizeof(*q->items));
		if (!q->items) {
			fputs("evenkeel: out of memory\n", stderr);
			_Exit(2);
		}
	}
	q->items[q->n++] = w;
}

bool queue_empty(const struct queue *q)
{
	return q->first == q->n;
}

void queue_forget(struct queue *q, const struct ward *w)
{
	for (size_t i = q->first; i < q->n; i++)
		if (q->items[i] == w)
			q->items[i] = NULL;
}

size_t queue_take(struct queue *q, struct ward **out, size_t most)
{
	size_t n = 0;

	while (!queue_empty(q) && n < most) {
		struct ward *w = q->items[q->first++];

		if (!w)
			continue;
		w->queued--;
		if (!w->due)
			continue;
		w->due = w->hurried = false;
		if (w->work == WORK_NONE)
			out[n++] = w;
	}
	return n;
}
