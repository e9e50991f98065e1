/*
 * skip - tests that cannot run here say why; tests/run shows it.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#define skip_because(...)                                                                          \
	do {                                                                                       \
		fprintf(stderr, "SKIPPED: " __VA_ARGS__);                                          \
		fputc('\n', stderr);                                                               \
		skip();                                                                            \
	} while (0)

/* Neither valgrind nor an old kernel knows it. */
static inline void skip_without_openat2(void)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC};
	long fd = syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how));

	if (fd < 0 && errno == ENOSYS)
		skip_because("no openat2(2): valgrind, or a kernel before 5.6");
	close((int)fd);
}

/* The same, for pidfd_open(2). */
static inline void skip_without_pidfds(void)
{
	long fd = syscall(SYS_pidfd_open, getpid(), 0);

	if (fd < 0 && errno == ENOSYS)
		skip_because("no pidfd_open(2): valgrind, or a kernel before 5.3");
	close((int)fd);
}
