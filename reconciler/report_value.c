#include "reconciler/report.h"

#include "schema/arena.h"
#include "schema/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MOST 120 /* characters of a value in a line of text */

static bool starts(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* A whole decimal number; anything else of the kernel's is shown as it is. */
static bool number(const char *text, uint64_t *out)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*out = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0';
}

static char *show_bytes(const char *value, struct arena *a)
{
	uint64_t n;

	return number(value, &n) ? value_show_bytes(n, a) : NULL;
}

static char *show_byte_rate(const char *value, struct arena *a)
{
	uint64_t n;

	return number(value, &n) ? arena_printf(a, "%s/s", value_show_bytes(n, a)) : NULL;
}

static char *show_operations(const char *value, struct arena *a)
{
	uint64_t n;

	return number(value, &n) ? arena_printf(a, "%" PRIu64 "iops", n) : NULL;
}

static char *show_bits(const char *value, struct arena *a)
{
	uint64_t n;

	return number(value, &n) ? value_show_bits(n, a) : NULL;
}

static char *show_duration(uint64_t us, struct arena *a)
{
	if (us % 1000 == 0)
		return arena_printf(a, "%" PRIu64 "ms", us / 1000);
	return arena_printf(a, "%" PRIu64 "us", us);
}

/* cpu.max: "25000 200000" or "max 100000". */
static char *show_quota(const char *value, struct arena *a)
{
	const char *blank = strchr(value, ' ');
	uint64_t quota, period;

	if (!blank)
		return NULL;
	if (starts(value, "max "))
		return arena_strdup(a, "max");
	if (!number(arena_strndup(a, value, (size_t)(blank - value)), &quota) ||
	    !number(blank + 1, &period))
		return NULL;
	return arena_printf(a, "%s/%s", show_duration(quota, a), show_duration(period, a));
}

/* How the values of an attribute are read; "*" stands for anything at the start. */
static const struct unit {
	const char *object, *attribute;
	char *(*show)(const char *value, struct arena *a);
} units[] = {
    {"cgroup", "memory.max",       show_bytes     },
    {"cgroup", "memory.high",      show_bytes     },
    {"cgroup", "memory.low",       show_bytes     },
    {"cgroup", "memory.min",       show_bytes     },
    {"cgroup", "memory.swap.max",  show_bytes     },
    {"cgroup", "memory.swap.high", show_bytes     },
    {"cgroup", "memory.zswap.max", show_bytes     },
    {"cgroup", "hugetlb.*",        show_bytes     },
    {"cgroup", "cpu.max",          show_quota     },
    {"io",     "rbps",             show_byte_rate },
    {"io",     "wbps",             show_byte_rate },
    {"io",     "riops",            show_operations},
    {"io",     "wiops",            show_operations},
    {"nic",    "egress",           show_bits      },
    {"nic",    "egress.burst",     show_bytes     },
    {"nic",    "ingress",          show_bits      },
    {"nic",    "ingress.burst",    show_bytes     },
};

static bool fits(const struct unit *u, const char *object, const char *attribute)
{
	size_t n = strcspn(u->attribute, "*");

	if (!object_is(object, u->object) || strncmp(u->attribute, attribute, n) != 0)
		return false;
	return u->attribute[n] == '*' || attribute[n] == '\0';
}

char *report_value(const char *object, const char *attribute, const char *value, struct arena *a)
{
	char *shown = NULL;

	for (size_t i = 0; attribute && i < sizeof(units) / sizeof(units[0]) && !shown; i++)
		if (fits(&units[i], object, attribute))
			shown = units[i].show(value, a);
	if (!shown)
		shown = arena_strdup(a, value);
	return text_escape(a, shown, strlen(shown), VALUE_MOST);
}

char *report_place(struct place at, struct arena *a)
{
	char *name;

	if (!at.source || !at.source->name)
		return NULL;
	name = text_escape(a, at.source->name, strlen(at.source->name), 0);
	return at.line ? arena_printf(a, "%s:%u", name, at.line) : name;
}
