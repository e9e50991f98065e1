/*
 * hints - what an earlier run found out about containers that still run.
 * Init's pid with what tells it from a later process of that number, and config items it was
 * started with, per container, for this boot. Below /run/evenkeel; may be lost, and is believed
 * only after init was looked at.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;

struct hint_item {
	const char *item, *value; /* value NULL: not set */
};

struct hint {
	pid_t init;        /* 0: unknown */
	uint64_t identity; /* of init: of this boot, and of no later process */
	struct hint_item *items;
	size_t n, capacity;
};

struct hints {
	struct arena *arena;
	const char *lxcpath;
	const char *const *names; /* sorted */
	struct hint *items;       /* one for each name */
	size_t n;
	bool changed;
};

/* The hints about these running containers. Never NULL. */
struct hints *hints_load(const char *lxcpath, const char *const *names, size_t n, struct arena *a);
/* The names are now these; what is known of those that stay is kept. */
void hints_rename(struct hints *h, const char *const *names, size_t n);
/* Keeps them for the next run, when something changed. Best effort. */
void hints_save(struct hints *h);

/* The hint about NAME; NULL: not one of the names. */
struct hint *hints_find(const struct hints *h, const char *name);

/* Hints about NAME alone, in A, which live on their own: what H knows of it is copied. */
struct hints *hints_about(const struct hints *h, const char *name, struct arena *a);
/* What is known of NAME elsewhere comes into H, when it is one of its names. */
void hints_take(struct hints *h, const char *name, const struct hint *from);

/* Init is another one than before: what was known of it is forgotten. */
void hints_set_init(struct hints *h, struct hint *hint, pid_t init, uint64_t identity);

/* Is ITEM known? Its value goes to *VALUE. */
bool hint_item_find(const struct hint *hint, const char *item, const char **value);
void hint_item_add(struct hints *h, struct hint *hint, const char *item, const char *value);
