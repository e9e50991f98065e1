#include "tests/integration/wiring.h"

#include "tests/integration/daemon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct harness *wiring_begin(void **state)
{
	struct harness *h = network_begin(state);

	network_bridge(h, "br0", WIRING_HOST "/24");
	network_host(h, "ip link add br1 address 02:00:00:00:00:02 type bridge;"
			" ip link set br1 mtu 1400; ip link set br1 mtu 1500;"
			" ip link set br1 up");
	return h;
}

const char *wiring_container(struct harness *h, const char *tag, const char *more)
{
	const char *name = harness_name(h, tag);

	harness_create(h, name, more);
	harness_start(h, name);
	return name;
}

static void write_manifest(struct harness *h, const char *name, const char *more,
			   const char *devices)
{
	harness_manifest(h, arena_printf(h->arena, "instances/%s.yaml", name),
			 "kind: instance\nname: %s\n%s%s%s\n", name, more,
			 *devices ? "devices:\n  " : "", devices);
}

void wiring_ask(struct harness *h, const char *name, const char *format, ...)
{
	va_list args;
	char *devices;

	va_start(args, format);
	devices = arena_vprintf(h->arena, format, args);
	va_end(args);
	write_manifest(h, name, "profiles: []\n", devices);
}

void wiring_ask_with(struct harness *h, const char *name, const char *more, const char *format, ...)
{
	va_list args;
	char *devices;

	va_start(args, format);
	devices = arena_vprintf(h->arena, format, args);
	va_end(args);
	write_manifest(h, name, more, devices);
}

/* ---- what diff tells is what apply does ---- */

static json_t *parse(const char *text)
{
	const char *start = strstr(text, "{\n  \"version\"");
	json_error_t error;
	json_t *o = start ? json_loads(start, JSON_DISABLE_EOF_CHECK, &error) : NULL;

	if (!o)
		fail_msg("no JSON:\n%s", text);
	return o;
}

/* The changes of all instances without what became of them. */
static char *planned(struct harness *h, json_t *document)
{
	static const char *const verdicts[] = {"result", "reason", "error", "took_ms"};
	char *text = arena_strdup(h->arena, "");
	json_t *instance, *change;
	size_t i, k;

	json_array_foreach(json_object_get(document, "instances"), i, instance)
	{
		json_array_foreach(json_object_get(instance, "changes"), k, change)
		{
			char *line;

			for (size_t v = 0; v < sizeof(verdicts) / sizeof(*verdicts); v++)
				json_object_del(change, verdicts[v]);
			line = json_dumps(change, JSON_SORT_KEYS | JSON_COMPACT);
			text = arena_printf(h->arena, "%s%s %s\n", text,
					    json_string_value(json_object_get(instance, "name")),
					    line);
			free(line);
		}
	}
	return text;
}

/* What was left undone, and why, in short. */
static char *undone(struct harness *h, json_t *document)
{
	char *text = arena_strdup(h->arena, "");
	json_t *instance, *change;
	size_t i, k;

	json_array_foreach(json_object_get(document, "instances"), i, instance)
	{
		json_array_foreach(json_object_get(instance, "changes"), k, change)
		{
			const char *effect = json_string_value(json_object_get(change, "effect"));
			const char *result = json_string_value(json_object_get(change, "result"));
			char *line;

			if ((result && strcmp(result, "applied") == 0) || !effect ||
			    strcmp(effect, "live") != 0)
				continue;
			json_object_del(change, "origin");
			line = json_dumps(change, JSON_COMPACT);
			text = arena_printf(h->arena, "%s%s\n", text, line);
			free(line);
		}
	}
	return text;
}

void wiring_expect_in_sync(struct harness *h)
{
	char *output;

	if (harness_evenkeel(h, &output, "diff", NULL) != 0) {
		fprintf(stderr, "%s\n", output);
		fail_msg("a second diff finds something");
	}
}

char *wiring_apply(struct harness *h)
{
	char *text, *before, *after, *told, *did;
	json_t *document;
	int status;

	harness_evenkeel(h, &text, "diff", NULL);
	harness_evenkeel(h, &before, "diff", "-o", "json", NULL);
	document = parse(before);
	told = planned(h, document);
	json_decref(document);
	status = harness_evenkeel(h, &after, "apply", "-o", "json", NULL);
	document = parse(after);
	after = undone(h, document);
	if (status != 0 || *after) {
		fprintf(stderr, "%s\n%s\n", text, after);
		fail_msg("apply ended with %d", status);
	}
	did = planned(h, document);
	if (strcmp(told, did) != 0) {
		fprintf(stderr, "diff:\n%s\napply:\n%s\n", told, did);
		fail_msg("apply did not do what diff had told");
	}
	json_decref(document);
	wiring_expect_in_sync(h);
	return text;
}

/* ---- inside ---- */

void wiring_address(struct harness *h, const char *name, const char *device)
{
	network_inside(h, name,
		       "ip link set %s up; ip addr add " WIRING_INSIDE "/24 dev %s;"
		       " ip -6 addr add fd00::2/64 dev %s nodad;"
		       " ip route add default via " WIRING_HOST " dev %s",
		       device, device, device, device);
}

char *wiring_addresses(struct harness *h, const char *name)
{
	return network_inside(h, name,
			      "ip -o addr show scope global |"
			      " sed -E 's/^[0-9]+: [^ ]+ +//; s/scope global.*//' | sort;"
			      " ip -o route show | sed -E 's/ dev [^ ]+//; s/ linkdown//' | sort");
}

/* A MAC that has changed is asked for anew. */
void wiring_expect_ping(struct harness *h, const char *name)
{
	network_host(h, "ip neigh flush dev br0");
	network_host(h, "ping -c 1 -W 5 " WIRING_INSIDE " >/dev/null");
	network_inside(h, name, "ping -c 1 -W 5 " WIRING_HOST " >/dev/null");
}
