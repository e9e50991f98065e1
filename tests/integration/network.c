#include "tests/integration/network.h"

#include "tests/integration/stage.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool apart; /* what is here is ours to delete */

struct harness *network_begin(void **state)
{
	struct harness *h = stage_begin(state);

	harness_own_network(h);
	apart = true;
	return h;
}

/* Physical interfaces cannot be deleted, but there are none here. */
int network_end(void **state)
{
	struct harness *h = *state;
	int result = stage_end(state);

	if (h && apart)
		network_host(h, "for d in $(ls /sys/class/net); do"
				" [ $d = lo ] || ip link del $d 2>/dev/null || :; done");
	return result;
}

/* ---- programs ---- */

static char *run(struct harness *h, const char *const *words)
{
	char *output;
	int status = harness_run_words(h, &output, words);

	if (status != 0) {
		for (size_t i = 0; words[i]; i++)
			fprintf(stderr, "%s ", words[i]);
		fprintf(stderr, "\n%s\n", output);
		fail_msg("it ended with %d", status);
	}
	return output;
}

static const char *init_of(struct harness *h, const char *name)
{
	pid_t init = harness_init(h, name);

	if (init <= 0)
		fail_msg("%s does not run", name);
	return arena_printf(h->arena, "%d", (int)init);
}

static char *formatted(struct harness *h, const char *format, va_list args)
{
	return arena_vprintf(h->arena, format, args);
}

char *network_host(struct harness *h, const char *format, ...)
{
	const char *words[] = {"sh", "-ec", NULL, NULL};
	va_list args;

	va_start(args, format);
	words[2] = formatted(h, format, args);
	va_end(args);
	return run(h, words);
}

char *network_inside(struct harness *h, const char *name, const char *format, ...)
{
	const char *words[] = {"nsenter", "-t", init_of(h, name), "-n", "--", "sh", "-ec",
			       NULL,      NULL};
	va_list args;

	va_start(args, format);
	words[7] = formatted(h, format, args);
	va_end(args);
	return run(h, words);
}

char *network_as_root(struct harness *h, const char *name, const char *format, ...)
{
	const char *words[] = {
	    "nsenter", "-t", init_of(h, name), "-n", "-U", "-S", "0", "-G", "0", "--", "sh", "-c",
	    NULL,      NULL};
	va_list args;

	va_start(args, format);
	words[12] = formatted(h, format, args);
	va_end(args);
	return run(h, words);
}

int network_try(struct harness *h, char **output, const char *format, ...)
{
	const char *words[] = {"sh", "-c", NULL, NULL};
	va_list args;

	va_start(args, format);
	words[2] = formatted(h, format, args);
	va_end(args);
	return harness_run_words(h, output, words);
}

/* ---- interfaces ---- */

void network_bridge(struct harness *h, const char *name, const char *address)
{
	network_host(h,
		     "ip link add %s address 02:00:00:00:00:01 type bridge;"
		     " ip link set %s mtu 1400; ip link set %s mtu 1500; ip link set %s up",
		     name, name, name, name);
	if (address)
		network_host(h, "ip addr add %s dev %s", address, name);
}

static void copy(char *out, size_t size, json_t *o, const char *field)
{
	const char *text = json_string_value(json_object_get(o, field));

	snprintf(out, size, "%s", text ? text : "");
}

static long long number(json_t *o, const char *field, long long absent)
{
	json_t *n = json_object_get(o, field);

	return n ? json_integer_value(n) : absent;
}

static bool has_flag(json_t *link, const char *wanted)
{
	json_t *flags = json_object_get(link, "flags");

	for (size_t i = 0; i < json_array_size(flags); i++)
		if (strcmp(json_string_value(json_array_get(flags, i)), wanted) == 0)
			return true;
	return false;
}

static struct network_link from_json(json_t *o)
{
	json_t *counters = json_object_get(o, "stats64");
	json_t *rx = json_object_get(counters, "rx"), *tx = json_object_get(counters, "tx");
	struct network_link l = {
	    .index = (int)number(o, "ifindex", 0),
	    .mtu = (unsigned)number(o, "mtu", 0),
	    .txqueuelen = (unsigned)number(o, "txqlen", 0),
	    .peer = (int)number(o, "link_index", 0),
	    .peer_nsid = (int)number(o, "link_netnsid", -1),
	    .up = has_flag(o, "UP"),
	    .rx_bytes = (uint64_t)number(rx, "bytes", 0),
	    .tx_bytes = (uint64_t)number(tx, "bytes", 0),
	    .rx_packets = (uint64_t)number(rx, "packets", 0),
	    .tx_packets = (uint64_t)number(tx, "packets", 0),
	};

	copy(l.name, sizeof(l.name), o, "ifname");
	copy(l.kind, sizeof(l.kind), json_object_get(o, "linkinfo"), "info_kind");
	copy(l.hwaddr, sizeof(l.hwaddr), o, "address");
	copy(l.master, sizeof(l.master), o, "master");
	copy(l.alias, sizeof(l.alias), o, "ifalias");
	return l;
}

/* All of them, as `ip` tells it; the caller's. */
static json_t *all_links(struct harness *h, const char *container)
{
	static const char words[] = "ip -j -d -s link show 2>/dev/null";
	char *text = container ? network_inside(h, container, words) : network_host(h, words);
	json_error_t error;
	json_t *links = json_loads(text, 0, &error);

	if (!links)
		fail_msg("%s:\n%s", error.text, text);
	return links;
}

/* By name, or where that is NULL, by index. */
static bool find(struct harness *h, const char *container, const char *name, int index,
		 struct network_link *out)
{
	json_t *links = all_links(h, container), *o;
	bool found = false;
	size_t i;

	json_array_foreach(links, i, o)
	{
		struct network_link l = from_json(o);

		if (found || (name ? strcmp(l.name, name) != 0 : l.index != index))
			continue;
		*out = l;
		found = true;
	}
	json_decref(links);
	return found;
}

bool network_look(struct harness *h, const char *container, const char *name,
		  struct network_link *out)
{
	return find(h, container, name, 0, out);
}

bool network_look_index(struct harness *h, const char *container, int index,
			struct network_link *out)
{
	return find(h, container, NULL, index, out);
}

struct network_link network_link(struct harness *h, const char *container, const char *name)
{
	struct network_link l;

	if (!network_look(h, container, name, &l))
		fail_msg("there is no %s %s:\n%s", name, container ? "inside" : "on the host",
			 container ? network_inside(h, container, "ip link")
				   : network_host(h, "ip link"));
	return l;
}

struct network_link network_host_end(struct harness *h, const char *container, const char *name)
{
	struct network_link inside = network_link(h, container, name), outside;

	if (!inside.peer || !network_look_index(h, NULL, inside.peer, &outside) ||
	    outside.peer != inside.index)
		fail_msg("%s of %s has no end on the host", name, container);
	return outside;
}

size_t network_count(struct harness *h, const char *container, const char *kind)
{
	json_t *links = all_links(h, container), *o;
	size_t i, n = 0;

	json_array_foreach(links, i, o)
	{
		struct network_link l = from_json(o);

		n += !kind || strcmp(l.kind, kind) == 0;
	}
	json_decref(links);
	return n;
}

void network_await_count(struct harness *h, const char *kind, size_t n)
{
	for (int i = 0; network_count(h, NULL, kind) != n; i++) {
		if (i == 200)
			fail_msg("not %zu of %s:\n%s", n, kind, network_host(h, "ip link"));
		daemon_nap(50);
	}
}

/* ---- shaping ---- */

uint64_t network_class_bytes(struct harness *h, const char *device, uint64_t *packets,
			     uint64_t *drops)
{
	char *text = network_host(h, "tc -s class show dev %s", device);
	uint64_t sum = 0, sum_packets = 0, sum_drops = 0;

	for (const char *at = text; (at = strstr(at, " Sent ")); at++) {
		uint64_t bytes, n, lost;

		if (sscanf(at, " Sent %" SCNu64 " bytes %" SCNu64 " pkt (dropped %" SCNu64, &bytes,
			   &n, &lost) != 3)
			continue;
		sum += bytes;
		sum_packets += n;
		sum_drops += lost;
	}
	if (packets)
		*packets = sum_packets;
	if (drops)
		*drops = sum_drops;
	return sum;
}

char *network_shaping(struct harness *h, const char *device)
{
	return network_host(h,
			    "{ tc qdisc show dev %s; tc class show dev %s;"
			    " tc filter show dev %s parent ffff: 2>/dev/null; } |"
			    " grep -v '^qdisc noqueue' || :",
			    device, device, device);
}

static char *snapshot_links(struct harness *h)
{
	json_t *links = all_links(h, NULL), *o;
	char *text = arena_strdup(h->arena, "");
	size_t i;

	json_array_foreach(links, i, o)
	{
		struct network_link l = from_json(o);

		text = arena_printf(
		    h->arena, "%slink %s %d %s %s mtu %u txqueuelen %u %s master '%s' alias '%s'\n",
		    text, l.name, l.index, l.kind, l.hwaddr, l.mtu, l.txqueuelen,
		    l.up ? "up" : "down", l.master, l.alias);
	}
	json_decref(links);
	return text;
}

/* Link-local addresses of IPv6 come by themselves, some time after a link is up. */
static char *take_snapshot(struct harness *h)
{
	return network_host(h,
			    "cat <<'END'\n%sEND\n"
			    "ip -o addr show | grep -v fe80 | cut -d ' ' -f 2-7 | sed 's/^/addr /';"
			    " tc qdisc show | sort;"
			    " for d in $(ls /sys/class/net); do"
			    " tc class show dev $d | sed \"s/^/$d /\";"
			    " tc filter show dev $d parent ffff: 2>/dev/null |"
			    " sed \"s/^/$d filter /\"; done;"
			    " { ip route show table all; ip -6 route show table all; } |"
			    " grep -v -e fe80 -e multicast -e ff00 |"
			    " sed 's/^/route /; s/ linkdown//' | sort -u",
			    snapshot_links(h));
}

/* What changes while it is listed is listed again. */
char *network_snapshot(struct harness *h)
{
	char *text = take_snapshot(h);

	for (int i = 0; i < 100 && strstr(text, "Dump was interrupted"); i++)
		text = take_snapshot(h);
	return text;
}

void network_expect_same(struct harness *h, const char *before, const char *after, const char *what)
{
	const char *paths[] = {arena_printf(h->arena, "%s/before", h->root),
			       arena_printf(h->arena, "%s/after", h->root)};
	char *output;

	if (strcmp(before, after) == 0)
		return;
	harness_write(h, paths[0], before);
	harness_write(h, paths[1], after);
	harness_run(h, &output, "diff", "-U0", paths[0], paths[1], NULL);
	fprintf(stderr, "%s\n", output);
	fail_msg("%s: the host is not as it was", what);
}
