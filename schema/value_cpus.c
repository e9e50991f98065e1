/* CPUs, NUMA nodes, shares of CPU time, rlimits. */
#include "schema/arena.h"
#include "schema/complaint.h"
#include "schema/value.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#define PERCENT_MOST 1000000u
#define PERIOD_MOST_MS 1000u
#define QUOTA_MOST_MS 17592186044u /* 2^44 microseconds: the kernel's own bound */

static size_t digits_at(const char *text)
{
	return strspn(text, "0123456789");
}

static const char *quote(struct arena *a, const char *text)
{
	return complaint_quote(a, text, strlen(text));
}

struct set_in_making {
	const char *what; /* "CPU", "node" */
	struct range *items;
	size_t n, capacity;
	bool seen[VALUE_CPU_MOST + 1]; /* bounds the work too: no number is marked twice */
};

/* Marks R; false: *TWICE is a number that was there before. */
static bool mark(struct set_in_making *s, struct range r, uint64_t *twice)
{
	for (uint64_t i = r.first; i <= r.last; i++) {
		*twice = i;
		if (s->seen[i])
			return false;
		s->seen[i] = true;
	}
	return true;
}

static int refuse_number(const struct set_in_making *s, const char *text, size_t offset, size_t n,
			 struct arena *a, struct complaint *why)
{
	complaint_set(why, offset, "%s %s does not exist anywhere", s->what,
		      complaint_quote(a, text + offset, n));
	return complaint_hint(why, "%ss are counted from 0; at most %d", s->what, VALUE_CPU_MOST);
}

static int refuse_set(const struct grammar *g, const char *text, size_t offset, struct arena *a,
		      struct complaint *why)
{
	complaint_set(why, offset, "%s is not a %s", quote(a, text), g->name);
	if (strpbrk(text, " \t\n"))
		return complaint_hint(why, "write it without blanks, like 0-3,7");
	if (strchr(text, '='))
		return complaint_hint(why,
				      "that is a virtual machine's topology; a container takes "
				      "a number or a set, like 4 or 0-3");
	if (text[strspn(text, "0123456789,-")] == '\0' && strpbrk(text, "0123456789"))
		return complaint_hint(why, "write ranges with commas between them, like 0-3,7");
	if (g == &grammar_cpus)
		return complaint_hint(why, "write how many, like 4, or which, like 0-3,7");
	return complaint_hint(why, "write which, like 0-1,3");
}

/* The chunk "3" or "0-3" at *AT. */
static int read_chunk(const struct grammar *g, struct set_in_making *s, const char *text,
		      size_t *at, struct arena *a, struct complaint *why)
{
	size_t n = digits_at(text + *at), m = 0, second = *at + n + 1;
	struct range r;
	uint64_t twice;

	if (n == 0)
		return refuse_set(g, text, *at, a, why);
	if (!value_digits(text + *at, n, VALUE_CPU_MOST, &r.first))
		return refuse_number(s, text, *at, n, a, why);
	r.last = r.first;
	if (text[*at + n] == '-') {
		m = digits_at(text + second);
		if (m == 0)
			return refuse_set(g, text, second, a, why);
		if (!value_digits(text + second, m, VALUE_CPU_MOST, &r.last))
			return refuse_number(s, text, second, m, a, why);
		if (r.last < r.first) {
			complaint_set(why, *at, "the range %" PRIu64 "-%" PRIu64 " runs backwards",
				      r.first, r.last);
			return complaint_hint(why, "did you mean %" PRIu64 "-%" PRIu64 "?", r.last,
					      r.first);
		}
		n += 1 + m;
	}
	if (!mark(s, r, &twice))
		return complaint_set(why, *at, "%s %" PRIu64 " is named twice", s->what, twice);
	s->items = arena_grow(a, s->items, s->n, &s->capacity, sizeof(*s->items));
	s->items[s->n++] = r;
	*at += n;
	return 0;
}

static int read_set(const struct grammar *g, const char *what, const char *text, struct arena *a,
		    struct ranges *out, struct complaint *why)
{
	struct set_in_making s = {.what = what};
	size_t at = 0;
	int r;

	for (;;) {
		r = read_chunk(g, &s, text, &at, a, why);
		if (r < 0)
			return r;
		if (text[at] != ',')
			break;
		at++;
	}
	if (text[at])
		return refuse_set(g, text, at, a, why);
	*out = ranges_from(s.items, s.n, a);
	return 0;
}

static int parse_cpus(const struct grammar *g, const char *text, struct arena *a, struct value *out,
		      struct complaint *why)
{
	size_t n = digits_at(text);

	if (complaint_means_unlimited(text)) {
		complaint_set(why, 0, "%s is not a %s", quote(a, text), g->name);
		return complaint_hint(why, "for all CPUs leave it out");
	}
	if (n == 0 || text[n])
		return read_set(g, "CPU", text, a, &out->cpus.set, why);
	out->cpus.counted = true;
	if (!value_digits(text, n, VALUE_CPU_MOST + 1, &out->cpus.count)) {
		complaint_set(why, 0, "%s CPUs are more than any machine has",
			      complaint_quote(a, text, n));
		return complaint_hint(why, "a number alone says how many: at most %d",
				      VALUE_CPU_MOST + 1);
	}
	if (out->cpus.count == 0) {
		complaint_set(why, 0, "'0' would leave no CPU");
		return complaint_hint(why, "a number alone says how many; for CPU number 0 write "
					   "0-0");
	}
	return 0;
}

static int parse_nodes(const struct grammar *g, const char *text, struct arena *a,
		       struct value *out, struct complaint *why)
{
	if (strcmp(text, "balanced") == 0) {
		out->cpus.balanced = true;
		return 0;
	}
	if (strcasecmp(text, "balanced") == 0) {
		complaint_set(why, 0, "%s is not a %s", quote(a, text), g->name);
		return complaint_hint(why, "did you mean balanced?");
	}
	return read_set(g, "node", text, a, &out->cpus.set, why);
}

static int refuse_allowance(const struct grammar *g, const char *text, size_t offset,
			    struct arena *a, struct complaint *why)
{
	size_t n = digits_at(text);

	complaint_set(why, offset, "%s is not a %s", quote(a, text), g->name);
	if (complaint_means_unlimited(text))
		return complaint_hint(why, "for no limit leave it out");
	if (strpbrk(text, " \t\n"))
		return complaint_hint(why, "write it without blanks, like 50%% or 25ms/100ms");
	if (n > 0 && n < 8 && text[n] == '\0')
		return complaint_hint(why, "did you mean %s%%, or %sms/100ms?", text, text);
	if (n > 0 && text[n] == '.' && text[strlen(text) - 1] == '%')
		return complaint_hint(why, "no fractions: write whole percents, or a time per "
					   "period like 125ms/1000ms");
	if (strchr(text, '/'))
		return complaint_hint(why, "write milliseconds of CPU time per period, like "
					   "25ms/100ms");
	return complaint_hint(why, "write a share, like 50%%, or a time per period, like "
				   "25ms/100ms");
}

/* "25" or "25ms", N bytes; gives milliseconds. */
static bool read_ms(const char *text, size_t n, uint64_t *out)
{
	if (n > 2 && memcmp(text + n - 2, "ms", 2) == 0)
		n -= 2;
	return value_digits(text, n, UINT64_MAX / 1000, out);
}

/* Is it a number of milliseconds, but one that does not fit 64 bits? */
static bool is_ms(const char *text, size_t n)
{
	size_t digits = digits_at(text);

	return digits > 0 &&
	       (digits == n || (digits + 2 == n && memcmp(text + digits, "ms", 2) == 0));
}

static int read_quota(const struct grammar *g, const char *text, struct arena *a,
		      struct allowance *out, struct complaint *why)
{
	const char *slash = strchr(text, '/');
	size_t n = (size_t)(slash - text), m = strlen(slash + 1);
	uint64_t quota = 0, period = 0;

	if (!is_ms(text, n))
		return refuse_allowance(g, text, 0, a, why);
	if (!is_ms(slash + 1, m))
		return refuse_allowance(g, text, n + 1, a, why);
	if (!read_ms(text, n, &quota) || quota < 1 || quota > QUOTA_MOST_MS) {
		complaint_set(why, 0, "the kernel refuses a quota of %s",
			      complaint_quote(a, text, n));
		return complaint_hint(why, "write at least 1ms");
	}
	if (!read_ms(slash + 1, m, &period) || period < 1 || period > PERIOD_MOST_MS) {
		complaint_set(why, n + 1, "the kernel refuses a period of %s", quote(a, slash + 1));
		return complaint_hint(why, "write 1ms to 1000ms, like 25ms/100ms");
	}
	out->quota_us = quota * 1000;
	out->period_us = period * 1000;
	return 0;
}

static int parse_allowance(const struct grammar *g, const char *text, struct arena *a,
			   struct value *out, struct complaint *why)
{
	size_t n = digits_at(text);

	if (strchr(text, '/'))
		return read_quota(g, text, a, &out->allowance, why);
	if (n == 0 || strcmp(text + n, "%") != 0)
		return refuse_allowance(g, text, n, a, why);
	out->allowance.percent = true;
	if (value_digits(text, n, PERCENT_MOST, &out->allowance.share))
		return 0;
	complaint_set(why, 0, "%s is out of range", quote(a, text));
	return complaint_hint(why, "100%% is a full share");
}

static int refuse_rlimit(const char *text, size_t offset, size_t n, struct arena *a,
			 struct complaint *why)
{
	struct value size;
	struct complaint other;

	complaint_set(why, offset, "%s is not a resource limit",
		      complaint_quote(a, text + offset, n));
	if (value_parse(&grammar_size, arena_strndup(a, text + offset, n), a, &size, &other) == 0)
		return complaint_hint(why, "no units here: %" PRIu64, size.number);
	if (n < 16 && complaint_means_unlimited(arena_strndup(a, text + offset, n)))
		return complaint_hint(why, "did you mean unlimited?");
	return complaint_hint(why, "write SOFT:HARD or one number for both, like 1024:4096, or "
				   "unlimited");
}

/* N bytes at OFFSET. liblxc takes -1 for no limit too, because it wraps. */
static int read_rlimit(const char *text, size_t offset, size_t n, struct arena *a, uint64_t *out,
		       struct complaint *why)
{
	const char *at = text + offset;

	if ((n == 9 && memcmp(at, "unlimited", 9) == 0) || (n == 2 && memcmp(at, "-1", 2) == 0)) {
		*out = VALUE_UNLIMITED;
		return 0;
	}
	if (value_digits(at, n, UINT64_MAX, out))
		return 0;
	if (n > 0 && digits_at(at) >= n) {
		complaint_set(why, offset, "%s is too large", complaint_quote(a, at, n));
		return complaint_hint(why, "write unlimited for no limit");
	}
	return refuse_rlimit(text, offset, n, a, why);
}

static int parse_rlimit(const struct grammar *g, const char *text, struct arena *a,
			struct value *out, struct complaint *why)
{
	size_t n = strcspn(text, ":"), soft = n, hard = n + 1, length = strlen(text);
	struct rlimit_pair *pair = &out->rlimit;
	int r;

	if (text[n] == '\0') {
		r = read_rlimit(text, 0, n, a, &pair->soft, why);
		pair->hard = pair->soft;
		return r;
	}
	while (soft > 0 && strchr(" \t", text[soft - 1]))
		soft--;
	hard += strspn(text + hard, " \t");
	if (soft == 0 || hard == length) {
		complaint_set(why, soft == 0 ? 0 : hard, "%s lacks the %s limit", quote(a, text),
			      soft == 0 ? "soft" : "hard");
		return complaint_hint(why,
				      "write SOFT:HARD or one number for both, like 1024:4096");
	}
	r = read_rlimit(text, 0, soft, a, &pair->soft, why);
	if (r == 0)
		r = read_rlimit(text, hard, length - hard, a, &pair->hard, why);
	if (r == 0 && pair->soft > pair->hard) {
		complaint_set(why, 0, "%s: the soft limit is above the hard one", quote(a, text));
		return complaint_hint(why, "write SOFT:HARD, like 1024:4096");
	}
	(void)g;
	return r;
}

const struct grammar grammar_cpus = {
    .name = "number of CPUs or CPU set",
    .syntax = "how many: 2; or which, counted from 0: 0-3,7 (CPU number 1 alone is 1-1)",
    .parse = parse_cpus,
};

const struct grammar grammar_nodes = {
    .name = "set of NUMA nodes",
    .syntax = "which nodes, counted from 0: 0, 0-1,3; or balanced",
    .parse = parse_nodes,
};

const struct grammar grammar_allowance = {
    .name = "CPU allowance",
    .syntax =
	"a share under contention: 50%; or CPU time per period, a hard limit: 25ms/100ms is a "
	"quarter of one CPU, 200ms/100ms two (time from 1ms, period 1ms to 1000ms)",
    .parse = parse_allowance,
};

const struct grammar grammar_rlimit = {
    .name = "resource limit",
    .syntax =
	"SOFT:HARD, each a plain number or unlimited (-1 means it too): 1024:4096; one alone is "
	"both: 65536",
    .parse = parse_rlimit,
};
