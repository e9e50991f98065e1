/*
 * limit - the two limits that the benches change, to and fro, and when they hold.
 */
#pragma once

#include "tests/bench/fleet.h"

#include <stdint.h>

enum limit { LIMIT_MEMORY, LIMIT_QUOTA };

/* A value as the manifests have it, and as the kernel shows it. */
struct limit_value {
	const char *text;
	uint64_t kernel;
};

/* TURN 0 is the fleet's preset, 1 the other. */
const struct limit_value *limit_value(enum limit l, size_t turn);

/* The kernel's file of the I-th, open for limit_await. */
int limit_open(const struct fleet *f, size_t i, enum limit l);
/* Looks until WANTED holds; NAP: microseconds between two looks, 0: none. */
void limit_await(int fd, uint64_t wanted, unsigned nap);

/* The same by bare writes, of all that the kernel has to be told, to the first N: ms. */
double limit_floor(const struct fleet *f, size_t n, enum limit l, size_t turn);
