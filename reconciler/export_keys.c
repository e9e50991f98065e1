#include "reconciler/export_keys.h"

#include "reconciler/export_idmap.h"
#include "schema/arena.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The largest size that the grammar takes: to a kernel it is no limit. */
#define ENDLESS "8191PiB"

/* What the lines are made from. */
struct source_of {
	struct exported *e;
	const struct host *host;
	const struct properties *held;
};

static bool number(const char *text, uint64_t *out)
{
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	errno = 0;
	*out = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0';
}

const char *export_bytes(uint64_t bytes, struct arena *a)
{
	static const char *const units[] = {"", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	size_t unit = 0;

	while (bytes > 0 && bytes % 1024 == 0 && unit < sizeof(units) / sizeof(units[0]) - 1) {
		bytes /= 1024;
		unit++;
	}
	return arena_printf(a, "%" PRIu64 "%s", bytes, units[unit]);
}

static const char *held(const struct source_of *s, const char *attribute)
{
	const struct property *p = properties_find(s->held, "cgroup", attribute);

	return p && p->certainty == CERTAIN_VALUE ? p->value : NULL;
}

static struct export_line *add(struct source_of *s, const char *key, const char *value)
{
	return export_add(s->e, NULL, key, value);
}

static void add_number(struct source_of *s, const char *key, int64_t n)
{
	add(s, key, arena_printf(s->e->arena, "%" PRId64, n));
}

/* limits.memory, .enforce, .swap and .swap.priority together: one decides about another. */
static void memory(struct source_of *s)
{
	const char *max = held(s, "memory.max"), *high = held(s, "memory.high");
	const char *swap = held(s, "memory.swap.max");
	uint64_t limit, soft, swap_limit, swappiness;
	bool hard = number(max, &limit);

	if (hard)
		add(s, "limits.memory", export_bytes(limit, s->e->arena));
	else if (number(high, &soft)) {
		add(s, "limits.memory", export_bytes(soft, s->e->arena));
		add(s, "limits.memory.enforce", "soft");
	}
	if (number(swap, &swap_limit) && swap_limit == 0)
		add(s, "limits.memory.swap", "false");
	else if (number(swap, &swap_limit) && (!hard || swap_limit != limit))
		add(s, "limits.memory.swap", export_bytes(swap_limit, s->e->arena));
	else if (hard && !number(swap, &swap_limit) && s->host->swap_accounting)
		add(s, "limits.memory.swap", ENDLESS)->remark = "no limit: the largest size";
	if (number(held(s, "memory.swappiness"), &swappiness) && swappiness >= 60 &&
	    swappiness <= 70)
		add_number(s, "limits.memory.swap.priority", 70 - (int64_t)swappiness);
}

/* "25000 200000" is 25ms/200ms; what is no whole number of milliseconds has no key. */
static bool quota(struct source_of *s)
{
	const char *value = held(s, "cpu.max"), *blank = value ? strchr(value, ' ') : NULL;
	struct arena *a = s->e->arena;
	uint64_t length, period;

	if (!blank || !number(arena_strndup(a, value, (size_t)(blank - value)), &length) ||
	    !number(blank + 1, &period) || length % 1000 || period % 1000)
		return false;
	add(s, "limits.cpu.allowance",
	    arena_printf(a, "%" PRIu64 "ms/%" PRIu64 "ms", length / 1000, period / 1000));
	return true;
}

/* A weight is a percentage of the full one, less up to ten for the priority. */
static void weight(struct source_of *s, bool has_quota)
{
	uint64_t full = s->host->cgroups[CONTROLLER_CPU] == CGROUP_V1 ? 1024 : 100, n, percent;

	if (!number(held(s, "cpu.weight"), &n) || n > UINT32_MAX)
		return;
	percent = has_quota ? 100 : (n * 100 + full - 1) / full;
	if (full * percent / 100 < n || full * percent / 100 - n > 10)
		return;
	if (percent != 100)
		add(s, "limits.cpu.allowance", arena_printf(s->e->arena, "%" PRIu64 "%%", percent));
	if (full * percent / 100 != n)
		add_number(s, "limits.cpu.priority", 10 - (int64_t)(full * percent / 100 - n));
}

/* A bare number would be a count. */
static void cpus(struct source_of *s)
{
	const char *list = held(s, "cpuset.cpus");
	uint64_t n;

	if (number(list, &n))
		add(s, "limits.cpu", arena_printf(s->e->arena, "%" PRIu64 "-%" PRIu64, n, n));
	else if (list)
		add(s, "limits.cpu", list);
}

static void counts(struct source_of *s)
{
	uint64_t n;

	if (number(held(s, "pids.max"), &n))
		add_number(s, "limits.processes", (int64_t)n);
	if (number(held(s, "io.weight"), &n) && n == 10)
		add_number(s, "limits.disk.priority", 0);
	else if (number(held(s, "io.weight"), &n) && n % 100 == 0 && n / 100 <= 10)
		add_number(s, "limits.disk.priority", (int64_t)(n / 100));
}

static void hugepages(struct source_of *s)
{
	static const char prefix[] = "hugetlb.", suffix[] = ".max";
	uint64_t bytes;

	for (size_t i = 0; i < s->held->n; i++) {
		const struct property *p = &s->held->items[i];
		size_t n = strlen(p->attribute);

		if (strncmp(p->attribute, prefix, strlen(prefix)) != 0 ||
		    n < strlen(prefix) + strlen(suffix) || !number(p->value, &bytes))
			continue;
		n -= strlen(prefix) + strlen(suffix);
		add(s,
		    arena_printf(s->e->arena, "limits.hugepages.%.*s", (int)n,
				 p->attribute + strlen(prefix)),
		    export_bytes(bytes, s->e->arena));
	}
}

/* Objects whose attributes are a key's last part, their values the key's. */
static const struct {
	const char *object, *attribute; /* attribute NULL: any, appended to the key */
	const char *key;
} straight[] = {
    {"rlimit",  NULL,                 "limits.kernel."            },
    {"oom",     "oom_score_adj",      "limits.memory.oom_priority"},
    {"netprio", "net_prio.ifpriomap", "limits.network.priority"   },
    {"sysctl",  NULL,                 "linux.sysctl."             },
};

static void one_straight(struct source_of *s, const struct property *p)
{
	for (size_t i = 0; i < sizeof(straight) / sizeof(straight[0]); i++) {
		const char *attribute = straight[i].attribute;

		if (!object_is(p->object, straight[i].object))
			continue;
		if (!attribute)
			add(s, arena_printf(s->e->arena, "%s%s", straight[i].key, p->attribute),
			    p->value);
		else if (strcmp(attribute, p->attribute) == 0)
			add(s, straight[i].key, p->value);
	}
}

static void negated(struct source_of *s, const char *key, const char *value)
{
	if (*value == '-')
		add(s, key, value + 1);
	else
		add(s, key, arena_printf(s->e->arena, "-%s", value));
}

/* What LXC fixes at a start. The lower order starts first, the higher priority too. */
static void one_config(struct source_of *s, const struct property *p)
{
	static const char variable[] = "lxc.environment.";

	if (strncmp(p->attribute, variable, strlen(variable)) == 0)
		add(s, arena_printf(s->e->arena, "environment.%s", p->attribute + strlen(variable)),
		    p->value);
	else if (strcmp(p->attribute, "lxc.start.auto") == 0)
		add(s, "boot.autostart", "true");
	else if (strcmp(p->attribute, "lxc.start.delay") == 0)
		add(s, "boot.autostart.delay", p->value);
	else if (strcmp(p->attribute, "lxc.start.order") == 0)
		negated(s, "boot.autostart.priority", p->value);
	else if (strcmp(p->attribute, "lxc.apparmor.allow_nesting") == 0)
		add(s, "security.nesting", "true");
	else if (strcmp(p->attribute, "lxc.idmap") == 0)
		export_idmap(s->e, s->host, p->value);
}

/* Which block device the rootfs lies on is found out by who compares: a limit on another one does
 * not become true by this line. */
static void one_disk_limit(struct source_of *s, const struct property *p)
{
	const char *key = p->attribute[0] == 'w' ? "limits.write" : "limits.read";
	bool iops = strcmp(p->attribute + 1, "iops") == 0;
	uint64_t n;

	if (!object_is(p->object, "io") || !number(p->value, &n))
		return;
	export_add(s->e, "root", key,
		   iops ? arena_printf(s->e->arena, "%" PRIu64 "iops", n)
			: export_bytes(n, s->e->arena));
}

void export_keys(struct exported *e, const struct host *host, const struct properties *p)
{
	struct source_of s = {e, host, p};

	memory(&s);
	weight(&s, quota(&s));
	cpus(&s);
	counts(&s);
	hugepages(&s);
	for (size_t i = 0; i < p->n; i++) {
		if (p->items[i].certainty != CERTAIN_VALUE || !p->items[i].value)
			continue;
		one_straight(&s, &p->items[i]);
		one_disk_limit(&s, &p->items[i]);
		if (object_is(p->items[i].object, "config"))
			one_config(&s, &p->items[i]);
	}
}
