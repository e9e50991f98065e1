#include "reconciler/journal.h"

#include "reconciler/journal_change.h"
#include "reconciler/journal_fold.h"
#include "reconciler/journal_sink.h"
#include "reconciler/report.h"
#include "schema/arena.h"
#include "schema/text.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define GATHER_MOST 32768u
#define JOURNALD "/run/systemd/journal/socket"

struct journal {
	struct arena *own;  /* holds the journal itself */
	struct arena *line; /* of the line in hand */
	const struct options *o;
	struct journal_sink sink;
	struct fold fold;
	uint64_t lost;
	char *gathered; /* whole lines; NULL: each is written at once */
	size_t n_gathered;
};

static uint64_t clock_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

struct journal *journal_open_at(int fd, const struct options *o)
{
	struct arena *a = arena_new();
	struct journal *j = arena_alloc(a, sizeof(*j));

	j->own = a;
	j->line = arena_new();
	j->o = o;
	j->sink = sink_lines(fd);
	return j;
}

struct journal *journal_open(const struct options *o)
{
	struct journal *j = journal_open_at(STDERR_FILENO, o);
	struct journal_sink systemd;

	if (o->log_format == LOG_TEXT && sink_is_stream(STDERR_FILENO, getenv("JOURNAL_STREAM")) &&
	    sink_systemd(JOURNALD, &systemd)) {
		sink_close(&j->sink);
		j->sink = systemd;
	}
	return j;
}

static bool heard(const struct journal *j, int priority)
{
	if (j->o->verbosity < 0)
		return priority <= LOG_ERR;
	return priority <= (j->o->verbosity > 0 ? LOG_DEBUG : LOG_INFO);
}

static char *as_json(struct journal *j, const struct journal_entry *e)
{
	json_t *object = entry_json(e, clock_us(CLOCK_REALTIME));
	char *text = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);
	char *line = arena_join(j->line, text ? text : "{}", "\n", NULL);

	free(text);
	json_decref(object);
	return line;
}

static const char *as_line(struct journal *j, const struct journal_entry *e)
{
	if (j->o->log_format == LOG_JSON)
		return as_json(j, e);
	return arena_join(j->line, entry_text(e, j->line), "\n", NULL);
}

static bool put(struct journal *j, const struct journal_entry *e)
{
	const char *bytes;
	size_t n;

	if (j->sink.kind == SINK_SYSTEMD) {
		bytes = entry_native(e, j->line, &n);
		return sink_put(&j->sink, bytes, n);
	}
	bytes = as_line(j, e);
	return sink_put(&j->sink, bytes, strlen(bytes));
}

/* What was lost is told as soon as anything is taken again. */
static bool tell_lost(struct journal *j)
{
	struct journal_entry lost = {.event = EVENT_LINES_LOST, .priority = LOG_WARNING};

	if (!j->lost)
		return true;
	lost.message = arena_printf(j->line, "%" PRIu64 " line%s of this log could not be written",
				    j->lost, j->lost == 1 ? "" : "s");
	if (!put(j, &lost))
		return false;
	j->lost = 0;
	return true;
}

static void put_lines(struct journal *j, const char *lines, size_t n)
{
	if (tell_lost(j))
		j->lost += sink_put_lines(&j->sink, lines, n);
	else
		j->lost += sink_count_lines(lines, n);
}

void journal_flush(struct journal *j)
{
	size_t n = j->n_gathered;

	j->n_gathered = 0;
	if (n)
		put_lines(j, j->gathered, n);
}

static void gather(struct journal *j, const char *line)
{
	size_t n = strlen(line);

	if (n > GATHER_MOST - j->n_gathered)
		journal_flush(j);
	if (n > GATHER_MOST) {
		put_lines(j, line, n);
		return;
	}
	memcpy(j->gathered + j->n_gathered, line, n);
	j->n_gathered += n;
}

void journal_gather(struct journal *j)
{
	if (!j->gathered && j->sink.kind == SINK_LINES)
		j->gathered = arena_alloc(j->own, GATHER_MOST);
}

static void write_entry(struct journal *j, const struct journal_entry *e)
{
	if (j->gathered)
		gather(j, as_line(j, e));
	else if (!tell_lost(j) || !put(j, e))
		j->lost++;
}

static void tell_repeats(struct journal *j, const struct fold_line *line, uint64_t now)
{
	struct journal_entry e = {
	    .event = EVENT_REPEATED,
	    .priority = event_info(EVENT_REPEATED)->priority,
	    .message = line->label,
	    .repeated = line->repeats,
	    .repeated_ms = now - line->printed,
	};

	if (heard(j, e.priority))
		write_entry(j, &e);
}

static void tell_folded(struct journal *j, uint64_t owner, uint64_t now)
{
	struct fold_line left;

	while (fold_take(&j->fold, owner, &left))
		tell_repeats(j, &left, now);
}

/* What a line is of: a property, a finding, an instance's condition, or one kind of event of the
 * daemon's. What comes and goes in turn is said each time, for another line was between. */
static uint64_t subject_of(const struct journal_entry *e, uint64_t owner)
{
	if (e->object)
		return fold_hash(fold_hash(owner, e->object), e->attribute);
	if (e->event == EVENT_FINDING)
		return fold_hash(owner, e->message);
	return fold_hash(owner, e->instance ? NULL : event_info(e->event)->name);
}

/* The next try's time is no part of what is said. */
static struct fold_line fold_line_of(struct journal *j, const struct journal_entry *e)
{
	struct fold_line line = {0};
	const char *label = e->message, *text;

	if (e->instance)
		line.owner = fold_hash(0, e->instance);
	if (e->instance)
		label = arena_join(j->line, e->instance, ": ", e->message, NULL);
	line.subject = subject_of(e, line.owner);
	line.text = fold_hash(fold_hash(0, event_info(e->event)->name), e->message);
	text = text_escape(j->line, label, strlen(label), FOLD_LABEL - 4);
	if (strlen(text) >= FOLD_LABEL) /* characters of several bytes */
		text = text_escape(j->line, label, strlen(label), (FOLD_LABEL - 4) / 4);
	memcpy(line.label, text, strlen(text) + 1);
	return line;
}

static void journal_put(struct journal *j, const struct journal_entry *entry)
{
	uint64_t now = clock_us(CLOCK_BOOTTIME) / 1000;
	struct journal_entry e = *entry;
	struct fold_line line;
	struct fold_news news;

	line = fold_line_of(j, &e);
	if (e.event == EVENT_RECOVERED) {
		tell_folded(j, line.owner, now);
		fold_forget(&j->fold, line.owner);
	}
	if (e.event == EVENT_STOPPED)
		tell_folded(j, 0, now);
	news = fold_see(&j->fold, &line, now, event_info(e.event)->fold_s * UINT64_C(1000));
	if (news.left.repeats)
		tell_repeats(j, &news.left, now);
	e.repeated = news.repeats;
	e.repeated_ms = news.since_ms;
	if (news.print)
		write_entry(j, &e);
	arena_reset(j->line);
}

void journal_close(struct journal *j)
{
	tell_folded(j, 0, clock_us(CLOCK_BOOTTIME) / 1000);
	journal_flush(j);
	sink_close(&j->sink);
	arena_free(j->line);
	arena_free(j->own);
}

void journal_change(struct journal *j, enum event event, const char *name,
		    const struct changes *all, const struct change *c, uint64_t retry_ms)
{
	struct journal_entry e = {
	    .event = event, .priority = journal_change_priority(event, c), .instance = name};

	if (!heard(j, e.priority) || (all && !changes_told(all, c)))
		return;
	journal_change_fill(&e, j->o, all, c, j->line);
	e.retry_ms = retry_ms;
	journal_put(j, &e);
}

void journal_changes(struct journal *j, const char *name, const struct changes *cs, bool drift,
		     uint64_t retry_ms)
{
	for (size_t i = 0; i < cs->n; i++) {
		const struct change *c = &cs->items[i];

		switch (c->verdict) {
		case VERDICT_APPLIED:
			journal_change(j, drift ? EVENT_PUT_BACK : EVENT_CHANGED, name, cs, c, 0);
			break;
		case VERDICT_FAILED:
			journal_change(j, EVENT_FAILED, name, cs, c, retry_ms);
			break;
		case VERDICT_PENDING:
			journal_change(j, EVENT_PENDING, name, cs, c, 0);
			break;
		case VERDICT_SKIPPED:
			journal_change(j, EVENT_SKIPPED, name, cs, c, retry_ms);
			break;
		case VERDICT_NONE:
			if (c->action == ACTION_NONE)
				journal_change(j, EVENT_UNSUPPORTED, name, cs, c, 0);
			break;
		}
	}
}

static void say(struct journal *j, enum event event, const char *name, uint64_t retry_ms,
		const char *format, va_list args)
{
	const char *text = arena_vprintf(j->line, format, args);
	struct journal_entry e = {
	    .event = event,
	    .priority = event_info(event)->priority,
	    .instance = name,
	    .message = text_escape(j->line, text, strlen(text), 0),
	    .retry_ms = retry_ms,
	};

	journal_put(j, &e);
}

void journal_say(struct journal *j, enum event event, const char *name, const char *format, ...)
{
	va_list args;

	if (!heard(j, event_info(event)->priority))
		return;
	va_start(args, format);
	say(j, event, name, 0, format, args);
	va_end(args);
}

void journal_retry(struct journal *j, enum event event, const char *name, uint64_t retry_ms,
		   const char *format, ...)
{
	va_list args;

	if (!heard(j, event_info(event)->priority))
		return;
	va_start(args, format);
	say(j, event, name, retry_ms, format, args);
	va_end(args);
}

void journal_finding(struct journal *j, const struct diagnostic *d)
{
	static const char *const words[] = {"notice", "warning", "error"};
	static const int priorities[] = {LOG_DEBUG, LOG_WARNING, LOG_ERR};
	const char *place, *text;
	struct journal_entry e = {
	    .event = EVENT_FINDING,
	    .priority = priorities[d->severity],
	    .at = d->place,
	    .instance = d->instance,
	    .hint = d->hint,
	};

	if (!heard(j, e.priority))
		return;
	place = report_place(d->place, j->line);
	text = arena_printf(j->line, "%s: %s", words[d->severity], d->message);
	if (place && d->place.line)
		place = arena_printf(j->line, "%s:%u", place, d->place.column);
	text = text_escape(j->line, text, strlen(text), 0);
	e.message = place ? arena_join(j->line, place, ": ", text, NULL) : text;
	journal_put(j, &e);
}

void journal_kernel_write(struct journal *j, const char *what, const char *value, int error)
{
	if (j->o->verbosity > 1)
		journal_say(j, EVENT_KERNEL_WRITE, NULL, "write %s %s%s%s", what, value,
			    error ? ": " : "", error ? strerror(error) : "");
}

uint64_t journal_lost(const struct journal *j)
{
	return j->lost;
}
