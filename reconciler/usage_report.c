#include "reconciler/usage_report.h"

#include "net/nic.h"
#include "reconciler/report.h"
#include "schema/arena.h"
#include "schema/text.h"
#include "schema/value.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

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

/* What is counted by the byte is seldom a whole number of anything: three digits are enough. */
static const char *traffic(uint64_t n, struct arena *a)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
	double value = (double)n / 1000;
	size_t unit = 0;

	if (n < 1000)
		return arena_printf(a, "%" PRIu64 "B", n);
	for (; value >= 999.5 && unit + 1 < sizeof(units) / sizeof(*units); unit++)
		value /= 1000;
	return arena_printf(a, "%.*f%s",
			    value < 9.995   ? 2
			    : value < 99.95 ? 1
					    : 0,
			    value, units[unit]);
}

static const char *packets(uint64_t n, struct arena *a)
{
	return arena_printf(a, "%" PRIu64 " %s", n, n == 1 ? "packet" : "packets");
}

/* ", ingress 50Mbit, dropped 3": what a limit made of one way; "" where there is none. */
static const char *limit_words(const char *way, uint64_t rate, uint64_t dropped, struct arena *a)
{
	if (rate == 0)
		return "";
	return arena_printf(a, ", %s %s, dropped %" PRIu64, way, value_show_bits(rate, a), dropped);
}

/* Its name is whatever the container's root likes. */
static void print_nic(FILE *f, const struct nic_usage *n, struct arena *a)
{
	fprintf(f, "      nic %s received %s in %s%s; sent %s in %s%s\n",
		text_escape(a, n->name, strlen(n->name), 0), traffic(n->rx_bytes, a),
		packets(n->rx_packets, a), limit_words("ingress", n->ingress, n->rx_dropped, a),
		traffic(n->tx_bytes, a), packets(n->tx_packets, a),
		limit_words("egress", n->egress, n->tx_dropped, a));
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
	for (size_t i = 0; i < u->n_nics; i++)
		print_nic(f, &u->nics[i], a);
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

/* A way of a nic, as the container sees it. */
static json_t *json_way(uint64_t n_bytes, uint64_t n_packets, uint64_t dropped, uint64_t rate)
{
	json_t *out = json_object();

	set(out, "bytes", n_bytes);
	set(out, "packets", n_packets);
	set(out, "dropped", dropped);
	set_limit(out, rate, rate != 0);
	return out;
}

static json_t *json_nics(const struct usage *u)
{
	json_t *out = json_array();

	for (size_t i = 0; i < u->n_nics; i++) {
		const struct nic_usage *n = &u->nics[i];
		json_t *nic = json_object();

		json_object_set_new(nic, "name", json_text(n->name));
		json_object_set_new(nic, "host_name", json_text(n->host_name));
		json_object_set_new(
		    nic, "received",
		    json_way(n->rx_bytes, n->rx_packets, n->rx_dropped, n->ingress));
		json_object_set_new(nic, "sent",
				    json_way(n->tx_bytes, n->tx_packets, n->tx_dropped, n->egress));
		json_array_append_new(out, nic);
	}
	return out;
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
	json_object_set_new(out, "nics", json_nics(u));
	return out;
}
