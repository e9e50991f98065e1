/*
 * filetext - where the text of a cgroup file comes from, and the numbers in it.
 * Either the kernel (what holds), or the container's own config (what held before us). Both are
 * read by the same formats, so that they are in one spelling.
 */
#pragma once

#include "schema/driver.h"

/* "max" in a file: no limit. */
#define NUMBER_MAX UINT64_MAX

struct cgroup_file;

struct filetext {
	enum cgroup_version version;
	enum controller controller;
	const struct container *container;
	bool own;      /* from the container's own config, not from the kernel */
	uint64_t unit; /* numbers are rounded down to it, as the kernel will; 0 and 1: not */
	const struct cgroup_file *open; /* files of CONTROLLER that are open already */
	size_t n_open;
	char limit[32]; /* kernel's memory.limit_in_bytes, which two attributes need */
	struct arena *arena;
};

/* The text of FILE in BUF, without final line break. Returns its length or -errno: -ENOENT there
 * is none. */
ssize_t filetext_get(struct filetext *t, const char *file, char *buf, size_t size);

/* The number in FILE. Returns 0 or -errno: -EINVAL when it is none. */
int filetext_number(struct filetext *t, const char *file, uint64_t *out);

/* A number as kernels print and take it: decimal, with K to E for powers of 1024; "max", anything
 * negative and whatever v1 prints for unlimited are NUMBER_MAX. */
bool number_read(const char *text, uint64_t *out);

/* "max", or decimal. */
const char *number_print(uint64_t n, struct arena *a);
/* The same, as a v1 file takes it: "-1". */
const char *number_print_v1(uint64_t n, struct arena *a);

/* A multiple of UNIT, at most N. NUMBER_MAX stays. */
uint64_t number_round(uint64_t n, uint64_t unit);
/* X + Y, NUMBER_MAX when one is or when the kernel would read the sum as unlimited. */
uint64_t number_add(uint64_t x, uint64_t y);
