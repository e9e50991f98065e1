/*
 * fuzz - the one function of a fuzz target: libFuzzer calls it, or replay.c over a saved corpus.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
