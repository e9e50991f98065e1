#include "tests/bench/fanout.h"

#include "tests/bench/figures.h"
#include "tests/bench/gauge.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define RUNS 7
#define PATIENCE UINT64_C(20000000000)

static void prepare_profile(struct fleet *f, bool all, enum limit l, size_t turn)
{
	struct fleet_profiles p = fleet_preset;

	switch (l) {
	case LIMIT_MEMORY:
		p.few_memory = limit_value(l, turn)->text;
		p.rest_memory = all ? limit_value(l, turn)->text : p.rest_memory;
		break;
	case LIMIT_QUOTA:
		p.few_allowance = limit_value(l, turn)->text;
		p.rest_allowance = all ? limit_value(l, turn)->text : p.rest_allowance;
		break;
	}
	fleet_prepare_profiles(f, &p);
}

/* Which file has the boot file of the I-th in hand? */
static ino_t boot_file(const struct fleet *f, size_t i, size_t *size)
{
	struct stat st;

	if (stat(arena_printf(f->h->arena, "%s/%s/evenkeel.conf", f->h->lxcpath, f->names[i]),
		 &st) < 0)
		return 0;
	*size = (size_t)st.st_size;
	return st.st_ino;
}

static void await_persisted(const struct fleet *f, size_t n, const ino_t *before)
{
	const char *journal = arena_printf(f->h->arena, "%s/.evenkeel.batch", f->h->lxcpath);
	uint64_t begun = gauge_now();
	int dir = open(f->h->lxcpath, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t size;

	for (size_t i = 0; i < n; i++)
		while (boot_file(f, i, &size) == before[i]) {
			if (gauge_now() - begun > PATIENCE)
				fail_msg("the boot file of %s is not written", f->names[i]);
			usleep(200);
		}
	while (access(journal, F_OK) == 0 && gauge_now() - begun < PATIENCE)
		usleep(100);
	/* its own second one may still be on its way; this one ends with it */
	assert_int_equal(syncfs(dir), 0);
	close(dir);
}

void fanout_measure(struct fleet *f, struct daemon *d, size_t n, enum limit l, struct fanout *out)
{
	double live[RUNS], persisted[RUNS];
	ino_t *before = arena_alloc(f->h->arena, n * sizeof(*before));
	int *fds = arena_alloc(f->h->arena, n * sizeof(*fds));
	size_t size;

	for (size_t i = 0; i < n; i++)
		fds[i] = limit_open(f, i, l);
	for (int run = 0; run < RUNS; run++) {
		size_t turn = (size_t)(run + 1) % 2;
		uint64_t begun;

		gauge_rest(d);
		for (size_t i = 0; i < n; i++)
			before[i] = boot_file(f, i, &size);
		prepare_profile(f, n > FLEET_FEW, l, turn);
		begun = gauge_now();
		fleet_publish(f);
		for (size_t i = 0; i < n; i++)
			limit_await(fds[i], limit_value(l, turn)->kernel, 20);
		live[run] = figures_ms(gauge_now() - begun);
		await_persisted(f, n, before);
		persisted[run] = figures_ms(gauge_now() - begun);
	}
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
	/* back to where every run begins */
	fleet_profiles(f, &fleet_preset);
	gauge_rest(d);
	out->live = figures_median(live, RUNS);
	out->persisted = figures_median(persisted, RUNS);
}

void fanout_floor(const struct fleet *f, size_t n, enum limit l, struct fanout *out)
{
	double writes[RUNS], persisting[RUNS];
	size_t size = 0;

	boot_file(f, 0, &size);
	for (int run = 0; run < RUNS; run++) {
		writes[run] = limit_floor(f, n, l, (size_t)(run + 1) % 2);
		persisting[run] = fleet_floor_renames(f, n, size ? size : 600);
	}
	limit_floor(f, n, l, 0);
	out->bare_writes = figures_median(writes, RUNS);
	out->bare_renames = figures_median(persisting, RUNS);
}
