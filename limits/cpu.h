/*
 * cpu - limits.cpu.allowance and limits.cpu.priority: a weight, and a quota per period.
 * v1 keeps the quota in two files: they are written in the order whose step between is not above
 * both the old and the new share.
 */
#pragma once

#include "limits/desire.h"
#include "schema/driver.h"

/* Adds cpu.weight and cpu.max as the instance asks. */
void cpu_desire(const struct desire *d);

/* A share of CPU time: quota NUMBER_MAX is no limit. */
struct quota {
	uint64_t quota, period;
};

/* From v1's files as they are to what is wanted: is the quota written first? Pure. */
bool cpu_quota_first(const struct quota *now, const struct quota *wanted);

/* The writer of cpu.max. */
void cpu_write_quota(struct container *c, struct change **changes, size_t n);
