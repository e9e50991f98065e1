/*
 * writes - what is written to the kernel, told to whoever is at work on this thread.
 * A container's `wrote` has no argument of ours, and several threads apply: each thread has its own
 * listener.
 */
#pragma once

#include <stddef.h>

struct writes {
	size_t n; /* made since writes_heard_by */
	/* Told of each, on the thread that makes it; NULL: they are only counted. */
	void (*say)(void *context, const char *what, const char *value, int error);
	void *context;
};

/* From now on W hears what this thread writes; NULL: nobody does. Returns who did before. */
struct writes *writes_heard_by(struct writes *w);

/* The `wrote` of containers. */
void writes_note(const char *what, const char *value, int error);
