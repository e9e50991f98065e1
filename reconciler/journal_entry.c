#include "reconciler/journal_entry.h"

#include "reconciler/report.h"
#include "reconciler/timespan.h"
#include "schema/arena.h"
#include "schema/text.h"

#include <endian.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#define LINE_MOST 1000  /* characters of a line: with four bytes each it fits a pipe's page */
#define FIELD_MOST 8192 /* bytes of a field of systemd's journal */
#define HOUR 3600

/* clang-format off */
static const struct event_info events[N_EVENTS] = {
	[EVENT_STARTED]      = {"started",      "65db44b794ac4146800fa1e7d24d4302", LOG_INFO,    0},
	[EVENT_STOPPED]      = {"stopped",      "5f8d2fc4d6314767a5309724df35e62e", LOG_INFO,    0},
	[EVENT_RELOADED]     = {"reloaded",     "031867aa6a1e4fc8acddad3d92661f66", LOG_INFO,    0},
	[EVENT_CHANGED]      = {"changed",      "5132fb7e7518415083e056577ea22924", LOG_INFO,    0},
	[EVENT_PUT_BACK]     = {"put-back",     "f4820c37dd1f44aba5c06783fac2330c", LOG_NOTICE,  0},
	[EVENT_WOULD_CHANGE] = {"would-change", "35a310d727544c529235743543762248", LOG_NOTICE,  HOUR},
	[EVENT_PENDING]      = {"pending",      "68531a5ffd5f4eee95406106584f7f4b", LOG_NOTICE,  HOUR},
	[EVENT_UNSUPPORTED]  = {"unsupported",  "0f81a84e753c425bae8d532a8b7b0ac7", LOG_WARNING, HOUR},
	[EVENT_FAILED]       = {"failed",       "faa58d55c56d4fb79bc3ef5e941a252b", LOG_ERR,     HOUR},
	[EVENT_SKIPPED]      = {"skipped",      "f4f2fc2fda3c46009f11f6fa52cb4f10", LOG_DEBUG,   HOUR},
	[EVENT_RECOVERED]    = {"recovered",    "008be81b37444249a108cdc446b76083", LOG_INFO,    0},
	[EVENT_CONTESTED]    = {"contested",    "9e92280730f946b98631696f31fe51c7", LOG_WARNING, HOUR},
	[EVENT_CRASH_LOOP]   = {"crash-loop",   "f82315381650468ababf1926ce9427d2", LOG_WARNING, HOUR},
	[EVENT_CONTAINER]    = {"container",    "7aa99063f917409ca0f42e78ca510cfa", LOG_DEBUG,   0},
	[EVENT_RESTARTED]    = {"restarted",    "d0820bba43784e2ca54d33a08553e604", LOG_NOTICE,  0},
	[EVENT_PAUSED]       = {"paused",       "d95acc1b639b4f10b140f4e3a1831286", LOG_INFO,    HOUR},
	[EVENT_RESUMED]      = {"resumed",      "aa7845195dfb4b948903f171c31ea170", LOG_INFO,    0},
	[EVENT_RELEASED]     = {"released",     "73ea1fb5817d46918c2052bbf6feb4b6", LOG_NOTICE,  0},
	[EVENT_HELD_BACK]    = {"held-back",    "bee1083621804c6d9cfb847e939ad2e6", LOG_WARNING, HOUR},
	[EVENT_FINDING]      = {"finding",      "342eab55b8d346449983b49ba9c6e68e", LOG_WARNING, 60},
	[EVENT_MANIFESTS]    = {"manifests",    "40f99cb9d1fc4b7c8b4236f3cb343c02", LOG_WARNING, HOUR},
	[EVENT_WATCH_LIMIT]  = {"watch-limit",  "adc3e4191afe4cb18bbc44e373c532f5", LOG_WARNING, HOUR},
	[EVENT_OVERFLOW]     = {"overflow",     "8e27a4c6e13145d293bfcf7462816df2", LOG_INFO,    60},
	[EVENT_CONTROL]      = {"control",      "3f42c99066ec4edba4d4960ea63daf0e", LOG_INFO,    60},
	[EVENT_PASS]         = {"pass",         "9753f49797834f6f929e92656124831c", LOG_DEBUG,   0},
	[EVENT_KERNEL_WRITE] = {"kernel-write", "480a546e486c432da1bf653792af9004", LOG_DEBUG,   0},
	[EVENT_REPEATED]     = {"repeated",     "eaeae5570e9b4c71984283f96c4696ea", LOG_INFO,    0},
	[EVENT_LINES_LOST]   = {"lines-lost",   "8ce3df010a754061b534c59e2d9cb7ce", LOG_WARNING, 0},
};
/* clang-format on */

const struct event_info *event_info(enum event event)
{
	return &events[event];
}

static const char *escaped(struct arena *a, const char *text)
{
	return text_escape(a, text, strlen(text), 0);
}

/* What stands behind the message: "; hint: ...; next try in 4s (repeated 3 times in 2m)". */
static const char *entry_tail(const struct journal_entry *e, struct arena *a)
{
	const char *tail = "";

	if (e->hint)
		tail = arena_printf(a, "; hint: %s", escaped(a, e->hint));
	if (e->retry_ms)
		tail = arena_printf(a, "%s; next try in %s", tail, timespan_show(e->retry_ms, a));
	if (e->repeated)
		tail = arena_printf(a, "%s (repeated %u time%s in %s)", tail, e->repeated,
				    e->repeated == 1 ? "" : "s", timespan_show(e->repeated_ms, a));
	return tail;
}

char *entry_text(const struct journal_entry *e, struct arena *a)
{
	const char *who = e->instance ? escaped(a, e->instance) : "";
	char *line =
	    arena_join(a, who, e->instance ? ": " : "", e->message, entry_tail(e, a), NULL);

	return text_escape(a, line, strlen(line), LINE_MOST);
}

static const char *entry_level(const struct journal_entry *e)
{
	static const char *const levels[] = {
	    [LOG_ERR] = "error", [LOG_WARNING] = "warning", [LOG_NOTICE] = "notice",
	    [LOG_INFO] = "info", [LOG_DEBUG] = "debug",
	};

	return levels[e->priority];
}

static void set(json_t *object, const char *name, const char *text)
{
	if (text)
		json_object_set_new(object, name, json_text(text));
}

static json_t *entry_place(const struct journal_entry *e)
{
	struct document profile = {.kind = KIND_PROFILE, .name = e->profile};

	return json_origin(e->at, e->profile ? &profile : NULL);
}

static json_t *json_time(uint64_t us)
{
	time_t seconds = (time_t)(us / 1000000);
	struct tm tm;
	char date[32], text[48];

	gmtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s.%06uZ", date, (unsigned)(us % 1000000));
	return json_string(text);
}

struct json_t *entry_json(const struct journal_entry *e, uint64_t time_us)
{
	json_t *out = json_object();

	json_object_set_new(out, "time", json_time(time_us));
	set(out, "level", entry_level(e));
	set(out, "event", events[e->event].name);
	set(out, "instance", e->instance);
	set(out, "message", e->message);
	if (e->object) {
		set(out, "object", e->object);
		set(out, "attribute", e->attribute);
		json_object_set_new(out, "from", json_text(e->from));
		json_object_set_new(out, "to", json_text(e->to));
	}
	set(out, "key", e->key);
	if (e->at.source)
		json_object_set_new(out, "origin", entry_place(e));
	set(out, "reason", e->reason);
	set(out, "hint", e->hint);
	if (e->retry_ms)
		json_object_set_new(out, "retry_ms", json_integer((json_int_t)e->retry_ms));
	if (e->repeated)
		json_object_set_new(out, "repeated", json_integer(e->repeated));
	return out;
}

struct buffer {
	char *bytes;
	size_t n;
};

static void append(struct buffer *b, const void *bytes, size_t n)
{
	memcpy(b->bytes + b->n, bytes, n);
	b->n += n;
}

/* NAME=VALUE, or with its length where the value has line breaks. */
static void field(struct buffer *b, const char *name, const char *value)
{
	size_t n = value ? strnlen(value, FIELD_MOST) : 0;
	uint64_t length = htole64(n);

	if (!value)
		return;
	append(b, name, strlen(name));
	if (memchr(value, '\n', n)) {
		append(b, "\n", 1);
		append(b, &length, sizeof(length));
	} else {
		append(b, "=", 1);
	}
	append(b, value, n);
	append(b, "\n", 1);
}

char *entry_native(const struct journal_entry *e, struct arena *a, size_t *n)
{
	const char *line = arena_decimal(a, e->at.line),
		   *file = e->at.source ? e->at.source->name : NULL;
	/* clang-format off */
	const struct {
		const char *name, *value;
	} fields[] = {
	    {"MESSAGE", entry_text(e, a)},
	    {"MESSAGE_ID", events[e->event].message_id},
	    {"PRIORITY", arena_decimal(a, (unsigned)e->priority)},
	    {"SYSLOG_IDENTIFIER", "evenkeel"},
	    {"EVENKEEL_EVENT", events[e->event].name},
	    {"EVENKEEL_INSTANCE", e->instance},
	    {"EVENKEEL_OBJECT", e->object},
	    {"EVENKEEL_ATTRIBUTE", e->attribute},
	    {"EVENKEEL_FROM", e->from},
	    {"EVENKEEL_TO", e->to},
	    {"EVENKEEL_KEY", e->key},
	    {"EVENKEEL_PROFILE", e->profile},
	    {"EVENKEEL_ORIGIN", file && e->at.line ? arena_join(a, file, ":", line, NULL) : file},
	    {"EVENKEEL_REASON", e->reason},
	    {"EVENKEEL_HINT", e->hint},
	    {"EVENKEEL_RETRY_MS", e->retry_ms ? arena_decimal(a, e->retry_ms) : NULL},
	    {"EVENKEEL_REPEATED", e->repeated ? arena_decimal(a, e->repeated) : NULL},
	};
	/* clang-format on */
	size_t count = sizeof(fields) / sizeof(fields[0]), room = 0;
	struct buffer b = {0};

	for (size_t i = 0; i < count; i++)
		if (fields[i].value)
			room += strlen(fields[i].name) + strnlen(fields[i].value, FIELD_MOST) + 10;
	b.bytes = arena_alloc(a, room);
	for (size_t i = 0; i < count; i++)
		field(&b, fields[i].name, fields[i].value);
	*n = b.n;
	return b.bytes;
}
