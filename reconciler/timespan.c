#include "reconciler/timespan.h"

#include "schema/arena.h"
#include "schema/value.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct unit {
	const char *name;
	uint64_t ms;
} units[] = {
    {"d",  86400000},
    {"h",  3600000 },
    {"m",  60000   },
    {"s",  1000    },
    {"ms", 1       },
};

/* The unit called by the first N bytes of TEXT, no earlier in the table than FIRST. */
static size_t unit_find(const char *text, size_t n, size_t first)
{
	while (first < COUNT_OF(units) &&
	       (strlen(units[first].name) != n || strncmp(units[first].name, text, n) != 0))
		first++;
	return first;
}

int timespan_parse(const char *text, uint64_t *ms)
{
	uint64_t sum = 0, number, part;
	size_t next = 0;

	if (!*text)
		return -EINVAL;
	for (const char *at = text; *at;) {
		size_t n = strspn(at, "0123456789"), letters = strcspn(at + n, "0123456789");
		size_t unit = unit_find(at + n, letters, next);

		if (at == text && letters == 0 && n > 0)
			unit = unit_find("s", 1, 0);
		if (n == 0 || unit == COUNT_OF(units))
			return -EINVAL;
		if (!value_digits(at, n, TIMESPAN_MOST, &number) ||
		    __builtin_mul_overflow(number, units[unit].ms, &part) ||
		    __builtin_add_overflow(sum, part, &sum) || sum > TIMESPAN_MOST)
			return -ERANGE;
		next = unit + 1;
		at += n + letters;
	}
	*ms = sum;
	return 0;
}

char *timespan_show(uint64_t ms, struct arena *a)
{
	size_t unit = 0;
	uint64_t count, small;

	while (unit + 1 < COUNT_OF(units) && ms < units[unit].ms)
		unit++;
	/* below the second nobody counts once there are seconds */
	if (unit + 2 >= COUNT_OF(units)) {
		count = ms < 1000 ? ms : ms / 1000 + (ms % 1000 != 0);
		if (count == 60 && ms >= 1000)
			return arena_strdup(a, "1m");
		return arena_printf(a, "%" PRIu64 "%s", count, ms < 1000 ? "ms" : "s");
	}
	small = units[unit + 1].ms;
	if (ms % small)
		ms += small - ms % small;
	if (unit > 0 && ms >= units[unit - 1].ms)
		return timespan_show(ms, a);
	count = ms % units[unit].ms / small;
	if (count == 0)
		return arena_printf(a, "%" PRIu64 "%s", ms / units[unit].ms, units[unit].name);
	return arena_printf(a, "%" PRIu64 "%s %" PRIu64 "%s", ms / units[unit].ms, units[unit].name,
			    count, units[unit + 1].name);
}
