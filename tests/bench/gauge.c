#include "tests/bench/gauge.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define REST UINT64_C(150000000) /* so long without any use of a CPU */
#define PATIENCE UINT64_C(120000000000)
#define LOOK_US 500

uint64_t gauge_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t gauge_cpu(const struct daemon *d)
{
	struct timespec t = {0};
	clockid_t clock;

	if (clock_getcpuclockid(d->pid, &clock) == 0)
		clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t gauge_rest(struct daemon *d)
{
	struct daemon_patience patience = {0};
	uint64_t cpu = gauge_cpu(d), begun = gauge_now(), last = begun, now = begun;

	while (now - last < REST) {
		uint64_t used;

		usleep(LOOK_US);
		used = gauge_cpu(d);
		now = gauge_now();
		if (used != cpu)
			last = now;
		cpu = used;
		if (now - begun > PATIENCE)
			fail_msg("the daemon does not come to rest");
	}
	/* it is alive, or the test fails here */
	daemon_wait_more(d, &patience, "it rests", __FILE__, __LINE__);
	return last;
}

static size_t read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	n = n > 0 ? n : 0;
	text[n] = '\0';
	return (size_t)n;
}

static uint64_t line_number(const char *text, const char *name)
{
	const char *line = strstr(text, name);

	return line ? strtoull(line + strlen(name), NULL, 10) : 0;
}

static DIR *open_folder(const struct daemon *d, const char *folder)
{
	char path[64];
	DIR *entries;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)d->pid, folder);
	entries = opendir(path);
	assert_non_null(entries);
	return entries;
}

uint64_t gauge_switches(const struct daemon *d)
{
	DIR *threads = open_folder(d, "task");
	char path[64], text[4096];
	uint64_t sum = 0;
	struct dirent *e;

	while ((e = readdir(threads))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%.10s/status", (int)d->pid, e->d_name);
		read_file(path, text, sizeof(text));
		sum += line_number(text, "\nvoluntary_ctxt_switches:") +
		       line_number(text, "\nnonvoluntary_ctxt_switches:");
	}
	closedir(threads);
	return sum;
}

size_t gauge_rss(const struct daemon *d)
{
	char path[64], text[4096];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)d->pid);
	read_file(path, text, sizeof(text));
	return line_number(text, "\nVmRSS:") * 1024;
}

size_t gauge_fds(const struct daemon *d)
{
	DIR *fds = open_folder(d, "fd");
	struct dirent *e;
	size_t n = 0;

	while ((e = readdir(fds)))
		n += e->d_name[0] != '.';
	closedir(fds);
	return n;
}
