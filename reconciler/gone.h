/*
 * gone - names of instances whose manifests went, sorted: thousands may go at once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct gone {
	char **names;
	size_t n, capacity;
};

void gone_add(struct gone *g, const char *name);
/* It is back. */
void gone_drop(struct gone *g, const char *name);
bool gone_has(const struct gone *g, const char *name);
void gone_free(struct gone *g);
