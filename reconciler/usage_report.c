#include "reconciler/usage_report.h"

#include "schema/arena.h"
#include "schema/value.h"

#include <inttypes.h>
#include <jansson.h>

static const char *count(uint64_t n, struct arena *a)
{
	return n == USAGE_UNKNOWN ? "?" : arena_printf(a, "%" PRIu64, n);
}

static const char *bytes(uint64_t n, struct arena *a)
{
	return n == USAGE_UNKNOWN ? "?" : value_show_bytes(n, a);
}

static const char *seconds(uint64_t us, struct arena *a)
{
	return us == USAGE_UNKNOWN
		   ? "?"
		   : arena_printf(a, "%" PRIu64 ".%03" PRIu64 "s", us / 1000000, us / 1000 % 1000);
}

void usage_print(FILE *f, const struct usage *u)
{
	struct arena *a = arena_new();

	fprintf(f, "      memory %s, peak %s, %s%s; swap %s, %s%s\n", bytes(u->memory, a),
		bytes(u->memory_peak, a), u->memory_limited ? "limit " : "no limit",
		u->memory_limited ? bytes(u->memory_limit, a) : "", bytes(u->swap, a),
		u->swap_limited ? "limit " : "no limit",
		u->swap_limited ? bytes(u->swap_limit, a) : "");
	fprintf(f, "      cpu %s, throttled %s times for %s; processes %s, %s%s; OOM kills %s\n",
		seconds(u->cpu_us, a), count(u->throttled, a), seconds(u->throttled_us, a),
		count(u->processes, a), u->processes_limited ? "limit " : "no limit",
		u->processes_limited ? count(u->processes_limit, a) : "", count(u->oom_kills, a));
	fprintf(f, "      read %s in %s, written %s in %s operations\n", bytes(u->read_bytes, a),
		count(u->reads, a), bytes(u->write_bytes, a), count(u->writes, a));
	arena_free(a);
}

static void set(json_t *out, const char *name, uint64_t n)
{
	json_object_set_new(out, name,
			    n == USAGE_UNKNOWN ? json_null() : json_integer((json_int_t)n));
}

static void set_limit(json_t *out, uint64_t n, bool limited)
{
	json_object_set_new(out, "limit", limited ? json_integer((json_int_t)n) : json_null());
}

struct json_t *usage_json(const struct usage *u)
{
	json_t *out, *part;

	if (!u)
		return json_null();
	out = json_object();
	part = json_object();
	set(part, "now", u->memory);
	set(part, "peak", u->memory_peak);
	set_limit(part, u->memory_limit, u->memory_limited);
	json_object_set_new(out, "memory", part);
	part = json_object();
	set(part, "now", u->swap);
	set_limit(part, u->swap_limit, u->swap_limited);
	json_object_set_new(out, "swap", part);
	part = json_object();
	set(part, "time_us", u->cpu_us);
	set(part, "throttled", u->throttled);
	set(part, "throttled_us", u->throttled_us);
	json_object_set_new(out, "cpu", part);
	part = json_object();
	set(part, "now", u->processes);
	set_limit(part, u->processes_limit, u->processes_limited);
	json_object_set_new(out, "processes", part);
	set(out, "oom_kills", u->oom_kills);
	part = json_object();
	set(part, "read_bytes", u->read_bytes);
	set(part, "write_bytes", u->write_bytes);
	set(part, "reads", u->reads);
	set(part, "writes", u->writes);
	json_object_set_new(out, "io", part);
	return out;
}
