/*
 * memory - limits.memory and what goes with it, on a cgroup's memory files.
 * What is wanted is computed here (pure), and written in the order of memory_order. A limit is
 * lowered below what is in use only as far as the kernel can reclaim: v1 refuses by itself, for v2
 * we look first, since there the kernel would kill.
 */
#pragma once

#include "limits/desire.h"
#include "schema/driver.h"

/* Adds memory.max (hard) or memory.high (soft), memory.swap.max and memory.swappiness, as the
 * instance asks. */
void memory_desire(const struct desire *d);

/* The writer of the memory rows. */
void memory_write(struct container *c, struct change **changes, size_t n);
