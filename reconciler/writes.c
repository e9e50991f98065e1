#include "reconciler/writes.h"

static _Thread_local struct writes *listener;

struct writes *writes_heard_by(struct writes *w)
{
	struct writes *before = listener;

	listener = w;
	return before;
}

void writes_note(const char *what, const char *value, int error)
{
	if (!listener)
		return;
	listener->n++;
	if (listener->say)
		listener->say(listener->context, what, value, error);
}
