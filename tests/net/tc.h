/*
 * tc - what somebody else does to qdiscs, and what the tc program shows of them.
 */
#pragma once

#include "tests/skip.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static inline bool tc_there(void)
{
	return system("tc -V >/dev/null 2>&1") == 0 && system("ip -V >/dev/null 2>&1") == 0;
}

/* Runs a line of a shell's. */
static inline void tc_run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline void tc_run(const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (system(line) != 0)
		fail_msg("failed: %s", line);
}

/* What a command shows, whole. */
static inline char *tc_show(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline char *tc_show(const char *format, ...)
{
	size_t size = 64 << 10, n;
	char line[512], *text = malloc(size);
	va_list args;
	FILE *f;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	f = popen(line, "r");
	assert_non_null(f);
	assert_non_null(text);
	n = fread(text, 1, size - 1, f);
	text[n] = '\0';
	pclose(f);
	return text;
}

/* All that there is on a device, without counters. */
static inline char *tc_state(const char *device)
{
	return tc_show("tc -d qdisc show dev %s; tc -d class show dev %s; "
		       "tc -d filter show dev %s 2>/dev/null; "
		       "tc -d filter show dev %s ingress 2>/dev/null; "
		       "tc -d filter show dev %s egress 2>/dev/null",
		       device, device, device, device, device);
}
