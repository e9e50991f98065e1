/*
 * cut - an apply that dies by kill -9 at an exact point: it is traced, so that each run dies at
 * the next one.
 */
#pragma once

#include "tests/integration/harness.h"

#include <sys/ptrace.h>

/* Runs apply and kills it when COUNTS has said true of N stops, each before or behind a system
 * call. True: it had ended before. */
bool cut_apply(const struct harness *h, size_t n,
	       bool (*counts)(const struct __ptrace_syscall_info *stop));
