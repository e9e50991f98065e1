#include "tests/bench/limit.h"

#include "tests/bench/gauge.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE UINT64_C(20000000000)

static const struct limit_value values[2][2] = {
    [LIMIT_MEMORY] = {{"64MiB", 67108864},   {"65MiB", 68157440}  },
    [LIMIT_QUOTA] = {{"50ms/100ms", 50000}, {"60ms/100ms", 60000}},
};

const struct limit_value *limit_value(enum limit l, size_t turn)
{
	return &values[l][turn];
}

int limit_open(const struct fleet *f, size_t i, enum limit l)
{
	enum fleet_file file = l == LIMIT_MEMORY ? FLEET_MEMORY : FLEET_QUOTA;
	int fd = open(fleet_path(f, i, file), O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static uint64_t read_number(int fd)
{
	char text[64];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return strtoull(text, NULL, 10);
}

void limit_await(int fd, uint64_t wanted, unsigned nap)
{
	uint64_t begun = gauge_now();

	while (read_number(fd) != wanted) {
		if (gauge_now() - begun > PATIENCE)
			fail_msg("%llu does not come to hold", (unsigned long long)wanted);
		if (nap)
			usleep(nap);
	}
}

double limit_floor(const struct fleet *f, size_t n, enum limit l, size_t turn)
{
	static const char *const limits[] = {"67108864", "68157440"};
	static const char *const sums[] = {"134217728", "136314880"};
	bool sum = strstr(fleet_path(f, 0, FLEET_MEMORY), "limit_in_bytes") &&
		   fleet_path(f, 0, FLEET_MEMSW);
	double spent = 0;

	if (l == LIMIT_QUOTA)
		return fleet_floor_writes(f, n, FLEET_QUOTA,
					  fleet_path(f, 0, FLEET_PERIOD) ? turn ? "60000" : "50000"
					  : turn                         ? "60000 100000"
									 : "50000 100000");
	/* v1 wants room for what is raised first */
	if (sum && turn)
		spent += fleet_floor_writes(f, n, FLEET_MEMSW, sums[turn]);
	spent += fleet_floor_writes(f, n, FLEET_MEMORY, limits[turn]);
	if (sum && !turn)
		spent += fleet_floor_writes(f, n, FLEET_MEMSW, sums[turn]);
	return spent;
}
