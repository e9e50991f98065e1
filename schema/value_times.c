/* How long snapshots live and when they are made. */
#include "schema/arena.h"
#include "schema/complaint.h"
#include "schema/text.h"
#include "schema/value.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static const char *quote(struct arena *a, const char *text)
{
	return complaint_quote(a, text, strlen(text));
}

/* Durations: "1d 2H" */

static int refuse_duration(const char *text, size_t at, struct arena *a, struct complaint *why)
{
	complaint_set(why, at, "%s is not a duration", quote(a, text));
	return complaint_hint(why, "write numbers with units S, M (minutes), H, d, w, m (months) "
				   "or y and one blank between them, like 1d 12H");
}

/* "12H" at *AT; a unit counts as used once its number was not 0. */
static int read_term(const char *text, size_t *at, bool used[128], struct arena *a,
		     struct complaint *why)
{
	size_t n = strspn(text + *at, "0123456789");
	char unit = text[*at + n];
	uint64_t number;

	if (n == 0 || !unit || !strchr("SMHdwmy", unit))
		return refuse_duration(text, *at + n, a, why);
	if (!value_digits(text + *at, n, INT32_MAX, &number)) {
		complaint_set(why, *at, "%s: the number is too large", quote(a, text));
		return complaint_hint(why, "at most %d of a unit", INT32_MAX);
	}
	if (used[(unsigned char)unit]) {
		complaint_set(why, *at, "%s has the unit %c twice", quote(a, text), unit);
		return complaint_hint(why, "add them up; M are minutes, m are months");
	}
	used[(unsigned char)unit] = number > 0;
	*at += n + 1;
	return 0;
}

static int parse_duration(const struct grammar *g, const char *text, struct arena *a,
			  struct value *out, struct complaint *why)
{
	size_t start = strspn(text, " \t\n"), end = strlen(text), at = start;
	bool used[128] = {false};
	int r;

	while (end > start && strchr(" \t\n", text[end - 1]))
		end--;
	for (;;) {
		r = read_term(text, &at, used, a, why);
		if (r < 0)
			return r;
		if (at == end)
			break;
		if (text[at] != ' ')
			return refuse_duration(text, at, a, why);
		at++;
	}
	(void)g;
	out->text = arena_strndup(a, text + start, end - start);
	return 0;
}

/* Schedules: "0 6 * * *", "@daily, @startup" */

static const char *const aliases[] = {
    "@hourly",   "@daily",  "@midnight", "@weekly", "@monthly",
    "@annually", "@yearly", "@startup",  "@never",
};

struct field {
	const char *name;
	unsigned least, most;
	const char *words; /* three letters each, the first means LEAST; NULL: none */
};

static const struct field fields[5] = {
    {"minute",           0, 59, NULL				  },
    {"hour",	     0, 23, NULL				  },
    {"day of the month", 1, 31, NULL                                  },
    {"month",            1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
    {"day of the week",  0, 6,  "sunmontuewedthufrisat"               },
};

/* A number or a name of F; returns how many bytes it took, 0 for none. */
static size_t read_number(const struct field *f, const char *text, size_t n, unsigned *out)
{
	size_t digits = 0;
	uint64_t number;

	while (digits < n && isdigit((unsigned char)text[digits]))
		digits++;
	if (digits > 0) {
		if (!value_digits(text, digits, f->most, &number) || number < f->least)
			return 0;
		*out = (unsigned)number;
		return digits;
	}
	for (size_t i = 0; f->words && n >= 3 && f->words[i]; i += 3) {
		if (memcmp(f->words + i, text, 3) != 0)
			continue;
		*out = f->least + (unsigned)(i / 3);
		return 3;
	}
	return 0;
}

/* One of "*", "5", "1-5", each with "/2" behind. */
static bool is_term(const struct field *f, const char *text, size_t n)
{
	unsigned first, last;
	uint64_t step;
	size_t at, m;

	if (n > 0 && (*text == '*' || *text == '?')) {
		at = 1;
	} else {
		at = read_number(f, text, n, &first);
		if (at == 0)
			return false;
		if (at < n && text[at] == '-') {
			m = read_number(f, text + at + 1, n - at - 1, &last);
			if (m == 0 || last < first)
				return false;
			at += 1 + m;
		}
	}
	if (at < n && text[at] == '/')
		return value_digits(text + at + 1, n - at - 1, f->most, &step) && step > 0;
	return at == n;
}

static bool is_field(const struct field *f, const char *text, size_t n)
{
	size_t at = 0, m;

	for (;;) {
		for (m = 0; at + m < n && text[at + m] != ','; m++)
			;
		if (!is_term(f, text + at, m))
			return false;
		at += m;
		if (at == n)
			return true;
		at++;
	}
}

/* N bytes at AT of TEXT (in lower case) as five fields. */
static int check_cron(const char *text, size_t at, size_t n, struct arena *a, struct complaint *why)
{
	const char *whole = complaint_quote(a, text + at, n);
	size_t end = at + n, start = at, m, i = 0;

	for (;; i++, at += m) {
		at += strspn(text + at, " \t\n");
		if (at >= end)
			break;
		m = strcspn(text + at, " \t\n");
		if (m > end - at)
			m = end - at;
		if (i < 5 && !is_field(&fields[i], text + at, m)) {
			complaint_set(why, at, "%s is not a valid %s",
				      complaint_quote(a, text + at, m), fields[i].name);
			return complaint_hint(why,
					      "write *, or numbers from %u to %u, like %u-%u or "
					      "*/2",
					      fields[i].least, fields[i].most, fields[i].least,
					      fields[i].least + 3);
		}
	}
	if (i == 5)
		return 0;
	complaint_set(why, start, "%s has %zu of 5 fields", whole, i);
	return complaint_hint(why, "write minute, hour, day, month and day of the week, like "
				   "\"0 6 * * *\", or @daily");
}

static int check_alias(const char *text, size_t at, size_t n, struct arena *a,
		       struct complaint *why)
{
	const char *word = arena_strndup(a, text + at, n), *near;
	size_t count = sizeof(aliases) / sizeof(aliases[0]);

	for (size_t i = 0; i < count; i++)
		if (strcmp(word, aliases[i]) == 0)
			return 0;
	complaint_set(why, at, "%s is not a schedule", complaint_quote(a, text + at, n));
	if (strchr(word, ','))
		return complaint_hint(why, "write a comma and a blank between them");
	near = text_near_miss(word, aliases, count);
	if (near)
		return complaint_hint(why, "did you mean %s?", near);
	return complaint_hint(why, "write @hourly, @daily, @weekly, @monthly, @yearly, @startup or "
				   "@never");
}

static int parse_schedule(const struct grammar *g, const char *text, struct arena *a,
			  struct value *out, struct complaint *why)
{
	char *lower = arena_strdup(a, text);
	size_t at = 0, n;
	const char *comma;
	int r;

	for (char *c = lower; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	for (;;) {
		comma = strstr(lower + at, ", ");
		n = comma ? (size_t)(comma - lower) - at : strlen(lower + at);
		if (n == 0)
			r = complaint_set(why, at, "%s has an empty part", quote(a, text));
		else if (lower[at] == '@')
			r = check_alias(lower, at, n, a, why);
		else
			r = check_cron(lower, at, n, a, why);
		if (r < 0)
			return r;
		if (!comma)
			break;
		at += n + 2;
	}
	(void)g;
	out->text = lower;
	return 0;
}

const struct grammar grammar_duration = {
    .name = "duration",
    .syntax =
	"numbers with units, one blank between them: 1d 12H (S seconds, M minutes, H hours, d "
	"days, w weeks, m months, y years)",
    .parse = parse_duration,
};

const struct grammar grammar_schedule = {
    .name = "schedule",
    .syntax =
	"minute, hour, day, month, day of the week: \"0 6 * * *\"; or @hourly, @daily, @weekly, "
	"@monthly, @yearly, @startup, @never; several with \", \" between them",
    .parse = parse_schedule,
};
