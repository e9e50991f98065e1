#include "limits/memory_order.h"

/* Narrowing on v1 begins with the limit, since what is beneath it may not be above it. On v2 the
 * files are free of each other: less swap first, so that reclaim cannot fill what is to go.
 * No swapping comes before a limit that would swap, and throttling before what kills. */
static const enum memory_file narrowing_v1[] = {MEMORY_SWAPPINESS, MEMORY_HIGH, MEMORY_MAX,
						MEMORY_SWAP};
static const enum memory_file narrowing_v2[] = {MEMORY_SWAPPINESS, MEMORY_SWAP, MEMORY_HIGH,
						MEMORY_MAX};

uint64_t memory_swap_file(enum cgroup_version version, const struct memory *m)
{
	return version == CGROUP_V1 ? number_add(m->max, m->swap) : m->swap;
}

static uint64_t in_file(enum cgroup_version version, const struct memory *m, enum memory_file file)
{
	switch (file) {
	case MEMORY_MAX:
		return m->max;
	case MEMORY_SWAP:
		return memory_swap_file(version, m);
	case MEMORY_HIGH:
		return m->high;
	case MEMORY_SWAPPINESS:
		return m->swappiness;
	case N_MEMORY_FILES:
		break;
	}
	return NUMBER_MAX;
}

size_t memory_order(enum cgroup_version version, const struct memory *now,
		    const struct memory *wanted, struct memory_step steps[N_MEMORY_FILES])
{
	const enum memory_file *files = version == CGROUP_V1 ? narrowing_v1 : narrowing_v2;
	size_t n = 0;

	for (int widen = 0; widen < 2; widen++) {
		for (size_t i = 0; i < N_MEMORY_FILES; i++) {
			enum memory_file file = files[widen ? N_MEMORY_FILES - 1 - i : i];
			struct memory_step s = {file, in_file(version, now, file),
						in_file(version, wanted, file)};

			if (file == MEMORY_SWAP && !now->has_swap)
				continue;
			if (widen ? s.to > s.from : s.to < s.from)
				steps[n++] = s;
		}
	}
	return n;
}
