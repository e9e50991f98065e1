#include "tests/bench/latency.h"

#include "tests/bench/figures.h"
#include "tests/bench/gauge.h"
#include "tests/bench/limit.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define PAUSE_US 15000 /* between edits: each is one of its own */

static void prepare(struct fleet *f, size_t i, size_t turn)
{
	char line[64];

	snprintf(line, sizeof(line), "  limits.memory: %s\n",
		 limit_value(LIMIT_MEMORY, turn)->text);
	fleet_prepare_manifest(f, i, line);
}

void latency_edit(struct fleet *f, size_t i, size_t turn)
{
	prepare(f, i, turn);
	fleet_publish(f);
}

struct latency latency_measure(struct fleet *f, struct daemon *d, size_t n)
{
	double *figures = arena_alloc(f->h->arena, n * sizeof(*figures));
	int fd = limit_open(f, 0, LIMIT_MEMORY);
	struct latency l;
	uint64_t cpu;

	latency_edit(f, 0, 1);
	limit_await(fd, limit_value(LIMIT_MEMORY, 1)->kernel, 100);
	gauge_rest(d);
	cpu = gauge_cpu(d);
	for (size_t i = 0; i < n; i++) {
		uint64_t begun;

		usleep(PAUSE_US);
		prepare(f, 0, i % 2);
		begun = gauge_now();
		fleet_publish(f);
		limit_await(fd, limit_value(LIMIT_MEMORY, i % 2)->kernel, 0);
		figures[i] = figures_ms(gauge_now() - begun);
	}
	gauge_rest(d);
	l.cpu = figures_ms(gauge_cpu(d) - cpu) / (double)n;
	l.median = figures_median(figures, n);
	l.p99 = figures_percentile(figures, n, 99);
	close(fd);
	return l;
}

/* The floor: a thread that knows what to do already, and does it when the file has come. */
struct reflex {
	const struct fleet *f;
	int inotify;
	size_t n;
};

static void *react(void *data)
{
	const struct reflex *r = data;
	char events[4096];

	for (size_t i = 0; i < r->n; i++) {
		const char *text = i % 2 ? "68157440" : "67108864";
		int fd;

		if (read(r->inotify, events, sizeof(events)) <= 0)
			break;
		fd = open(fleet_path(r->f, 0, FLEET_MEMORY), O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, text, strlen(text)) < 0)
			break;
		close(fd);
	}
	return NULL;
}

struct latency latency_floor(const struct fleet *f, size_t n)
{
	const char *dir = arena_printf(f->h->arena, "%s/floor", f->h->root);
	const char *from = arena_printf(f->h->arena, "%s/next", dir);
	const char *to = arena_printf(f->h->arena, "%s/web.yaml", dir);
	struct reflex r = {.f = f, .inotify = inotify_init1(IN_CLOEXEC), .n = n};
	double *figures = arena_alloc(f->h->arena, n * sizeof(*figures));
	int fd = limit_open(f, 0, LIMIT_MEMORY);
	struct latency l = {0};
	pthread_t thread;

	assert_int_equal(mkdir(dir, 0700), 0);
	assert_true(inotify_add_watch(r.inotify, dir, IN_MOVED_TO) >= 0);
	assert_int_equal(pthread_create(&thread, NULL, react, &r), 0);
	for (size_t i = 0; i < n; i++) {
		uint64_t begun;

		usleep(PAUSE_US);
		harness_write(f->h, from, "kind: instance\n");
		begun = gauge_now();
		assert_int_equal(rename(from, to), 0);
		limit_await(fd, limit_value(LIMIT_MEMORY, i % 2)->kernel, 0);
		figures[i] = figures_ms(gauge_now() - begun);
	}
	pthread_join(thread, NULL);
	close(r.inotify);
	close(fd);
	unlink(to);
	rmdir(dir);
	l.median = figures_median(figures, n);
	l.p99 = figures_percentile(figures, n, 99);
	return l;
}
