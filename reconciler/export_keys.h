/*
 * export_keys - from what holds back to the keys that would ask for it: the inverse of desire.
 * A guess is enough: whoever asks compares what the lines would desire with what holds.
 */
#pragma once

#include "reconciler/export.h"

/* Adds to E the lines that would ask for HELD (sorted; of one container on HOST). */
void export_keys(struct exported *e, const struct host *host, const struct properties *held);

/* The shortest exact size: "256MiB", "1000000" where no unit fits. */
const char *export_bytes(uint64_t bytes, struct arena *a);
