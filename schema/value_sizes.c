/* Sizes in bytes, rates in bits, bytes or operations per second, shares of the host's memory. */
#include "schema/arena.h"
#include "schema/complaint.h"
#include "schema/text.h"
#include "schema/value.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#define MIB (1024u * 1024u)
#define PERCENT_MOST 1000000u /* 10,000 times the host: beyond it the product may not fit */
#define IOPS_MOST (UINT32_MAX - 1)
#define BITS_LEAST 1000u
#define BITS_MOST ((uint64_t)UINT32_MAX * 8) /* as many bytes as the kernel's field holds */
#define DIGITS_SHOWN                                                                               \
	18 /* longer numbers are not repeated in hints, and fit 64 bits up to there                \
	    */

struct unit {
	const char *suffix;
	unsigned base, power;
};

/* The first unit with a base and power is the one that is shown. */
static const struct unit byte_units[] = {
    {"B",      1000, 0},
    {"",       1000, 0},
    {" bytes", 1000, 0},
    {"kB",     1000, 1},
    {"MB",     1000, 2},
    {"GB",     1000, 3},
    {"TB",     1000, 4},
    {"PB",     1000, 5},
    {"EB",     1000, 6},
    {"KiB",    1024, 1},
    {"MiB",    1024, 2},
    {"GiB",    1024, 3},
    {"TiB",    1024, 4},
    {"PiB",    1024, 5},
    {"EiB",    1024, 6},
    {NULL,     0,    0},
};

static const struct unit bit_units[] = {
    {"bit",   1000, 0},
    {"",      1000, 0},
    {"kbit",  1000, 1},
    {"Mbit",  1000, 2},
    {"Gbit",  1000, 3},
    {"Tbit",  1000, 4},
    {"Pbit",  1000, 5},
    {"Ebit",  1000, 6},
    {"Kibit", 1024, 1},
    {"Mibit", 1024, 2},
    {"Gibit", 1024, 3},
    {"Tibit", 1024, 4},
    {"Pibit", 1024, 5},
    {"Eibit", 1024, 6},
    {NULL,    0,    0},
};

static size_t digits_at(const char *text)
{
	return strspn(text, "0123456789");
}

static const char *quote(struct arena *a, const char *text)
{
	return complaint_quote(a, text, strlen(text));
}

static int hint_example(const struct grammar *g, struct complaint *why)
{
	if (g == &grammar_bit_rate || g == &grammar_bits)
		return complaint_hint(why, "write a number and a unit, like 100Mbit");
	if (g == &grammar_disk_rate)
		return complaint_hint(why, "write a number and a unit, like 30MB or 300iops");
	return complaint_hint(why, "write a number and a unit, like 512MiB");
}

static const struct unit *unit_named(const struct unit *units, const char *suffix)
{
	for (const struct unit *u = units; u->suffix; u++)
		if (strcmp(u->suffix, suffix) == 0)
			return u;
	return NULL;
}

static const struct unit *unit_of(const struct unit *units, unsigned base, unsigned power)
{
	for (const struct unit *u = units; u->suffix; u++)
		if (u->base == base && u->power == power)
			return u;
	return NULL;
}

/* NUMBER times the unit; false: more than 63 bits. */
static bool scale(uint64_t number, const struct unit *u, uint64_t *out)
{
	for (unsigned i = 0; i < u->power; i++)
		if (__builtin_mul_overflow(number, u->base, &number))
			return false;
	*out = number;
	return number <= INT64_MAX;
}

static bool one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcasecmp(text, *words) == 0)
			return true;
	return false;
}

/* What somebody means who writes SUFFIX in the wrong case, cut short or with "/s" behind. *EITHER:
 * whether decimal or binary is anybody's guess. NULL: no idea. */
static const struct unit *unit_meant(const struct unit *units, const char *suffix, bool *either)
{
	static const char letters[] = "kmgtpe";
	static const char *const bytes[] = {"", "b", "bs", "byte", "bytes", "b/s", "bps", NULL};
	static const char *const bits[] = {"", "b", "bit", "bits", "bit/s", "bits/s", "bps", NULL};
	static const char *const binary[] = {"ib", "i", "ib/s", "ibit", "ibits", "ibit/s", NULL};
	const char *letter = NULL;

	if (*suffix)
		letter = strchr(letters, *suffix | 0x20);
	if (!letter || !*letter)
		return NULL;
	if (one_of(suffix + 1, binary))
		return unit_of(units, 1024, (unsigned)(letter - letters) + 1);
	if (!one_of(suffix + 1, units == bit_units ? bits : bytes))
		return NULL;
	if (units == bit_units && suffix[1] == 'B') /* bytes, to most people */
		return NULL;
	*either = units == byte_units;
	return unit_of(units, 1000, (unsigned)(letter - letters) + 1);
}

/* "1.5GB": no fractions, but 1500MB says the same. */
static int hint_fraction(const struct unit *units, const char *text, struct complaint *why)
{
	size_t whole = digits_at(text), part = digits_at(text + whole + 1);
	const char *suffix = text + whole + 1 + part;
	const struct unit *u = unit_named(units, suffix), *smaller;
	uint64_t number, fraction = 0, parts = 1, amount;
	bool either;

	if (!u)
		u = unit_meant(units, suffix, &either);
	if (!u || u->power == 0 || whole > 6 || part == 0 || part > 6)
		return complaint_hint(why, "no fractions: write a whole number and a smaller unit");
	for (size_t i = 0; i < part; i++)
		parts *= 10;
	value_digits(text, whole, UINT64_MAX, &number);
	value_digits(text + whole + 1, part, UINT64_MAX, &fraction);
	amount = number * parts + fraction;
	for (unsigned power = u->power; power-- > 0;) {
		smaller = unit_of(units, u->base, power);
		if (!smaller || __builtin_mul_overflow(amount, u->base, &amount))
			break;
		if (amount % parts == 0)
			return complaint_hint(why, "no fractions: %" PRIu64 "%s", amount / parts,
					      smaller->suffix);
	}
	return complaint_hint(why, "no fractions: write a whole number and a smaller unit");
}

/* Bits where bytes are counted, or bytes where bits are: the same amount in the right unit. */
static int hint_converted(const struct grammar *g, const struct unit *units, uint64_t number,
			  struct arena *a, struct complaint *why)
{
	if (units == bit_units && number <= INT64_MAX / 8)
		return complaint_hint(why, "bits are counted here: %s",
				      value_show_bits(number * 8, a));
	if (units == byte_units && number % 8 == 0)
		return complaint_hint(why, "bytes are counted here: %s",
				      value_show_bytes(number / 8, a));
	return hint_example(g, why);
}

/* What TEXT, which begins with N digits, may have been meant to be. */
static int hint_unit(const struct grammar *g, const struct unit *units, const char *text, size_t n,
		     struct arena *a, struct complaint *why)
{
	const char *suffix = text + n + strspn(text + n, " \t");
	const struct unit *u = unit_named(units, suffix), *other;
	size_t bare = strlen(suffix);
	bool either = false;
	uint64_t number;

	if (u)
		return complaint_hint(why, "write it without blanks: %.*s%s", (int)n, text,
				      u->suffix);
	if (bare > 2 && strcmp(suffix + bare - 2, "/s") == 0)
		suffix = arena_strndup(a, suffix, bare - 2);
	other = unit_named(units == bit_units ? byte_units : bit_units, suffix);
	if (other && other->power > 0 && value_digits(text, n, INT64_MAX, &number) &&
	    scale(number, other, &number))
		return hint_converted(g, units, number, a, why);
	u = unit_named(units, suffix);
	if (!u && !other)
		u = unit_meant(units, suffix, &either);
	if (!u)
		return hint_example(g, why);
	if (!either)
		return complaint_hint(why, "did you mean %.*s%s?", (int)n, text, u->suffix);
	return complaint_hint(why, "did you mean %.*s%s or %.*s%s?", (int)n, text, u->suffix,
			      (int)n, text, unit_of(units, 1024, u->power)->suffix);
}

static int refuse_units(const struct grammar *g, const struct unit *units, const char *text,
			struct arena *a, struct complaint *why)
{
	size_t n = digits_at(text);
	const char *rest = text + strspn(text, " \t");

	complaint_set(why, n, "%s is not a %s", quote(a, text), g->name);
	if (complaint_means_unlimited(text))
		return complaint_hint(why, "for no limit leave it out");
	if (n == 0 && rest > text && digits_at(rest) > 0)
		return complaint_hint(why, "write it without blanks");
	if (n == 0 && (*text == '-' || *text == '+'))
		return complaint_hint(why, "write it without a sign");
	if (n > 0 && text[n] == '%')
		return complaint_hint(why, "no percentages here: write a number and a unit");
	if (n > 0 && text[n] == '.')
		return hint_fraction(units, text, why);
	if (n == 0 || n > DIGITS_SHOWN)
		return hint_example(g, why);
	return hint_unit(g, units, text, n, a, why);
}

/* DIGITS SUFFIX. */
static int read_units(const struct grammar *g, const struct unit *units, const char *text,
		      struct arena *a, uint64_t *out, struct complaint *why)
{
	size_t n = digits_at(text);
	const struct unit *u = unit_named(units, text + n);

	if (n == 0 || !u)
		return refuse_units(g, units, text, a, why);
	if (value_digits(text, n, INT64_MAX, out) && scale(*out, u, out))
		return 0;
	complaint_set(why, 0, "%s is too large", quote(a, text));
	return complaint_hint(why, "at most %s", units == bit_units ? "9223372036Gbit" : "8191PiB");
}

static int refuse_zero(const char *text, struct arena *a, struct complaint *why)
{
	complaint_set(why, 0, "%s would allow nothing", quote(a, text));
	return complaint_hint(why, "for no limit leave it out");
}

static int parse_size(const struct grammar *g, const char *text, struct arena *a, struct value *out,
		      struct complaint *why)
{
	int r = read_units(g, byte_units, text, a, &out->number, why);

	if (r == 0 && out->number == 0)
		return refuse_zero(text, a, why);
	return r;
}

static int parse_size_or_zero(const struct grammar *g, const char *text, struct arena *a,
			      struct value *out, struct complaint *why)
{
	return read_units(g, byte_units, text, a, &out->number, why);
}

static int parse_bit_rate(const struct grammar *g, const char *text, struct arena *a,
			  struct value *out, struct complaint *why)
{
	int r = read_units(g, bit_units, text, a, &out->number, why);

	if (r == 0 && out->number == 0)
		return refuse_zero(text, a, why);
	if (r == 0 && out->number < 8) {
		complaint_set(why, 0, "%s is too little", quote(a, text));
		return complaint_hint(why, "the kernel counts whole bytes: at least 8bit");
	}
	return r;
}

static int parse_bits(const struct grammar *g, const char *text, struct arena *a, struct value *out,
		      struct complaint *why)
{
	int r = read_units(g, bit_units, text, a, &out->number, why);

	if (r < 0)
		return r;
	if (out->number >= BITS_LEAST && out->number <= BITS_MOST)
		return 0;
	complaint_set(why, 0, "%s is too %s", quote(a, text),
		      out->number < BITS_LEAST ? "little" : "large");
	return complaint_hint(why, "write %ubit to %" PRIu64 "bit", BITS_LEAST, BITS_MOST);
}

/* "300iops"; N digits are in front. */
static int read_iops(const char *text, size_t n, struct arena *a, struct value *out,
		     struct complaint *why)
{
	out->rate.iops = true;
	if (!value_digits(text, n, IOPS_MOST, &out->rate.number)) {
		complaint_set(why, 0, "%s is too large", quote(a, text));
		return complaint_hint(why, "at most %uiops", IOPS_MOST);
	}
	if (out->rate.number == 0)
		return refuse_zero(text, a, why);
	return 0;
}

static int parse_disk_rate(const struct grammar *g, const char *text, struct arena *a,
			   struct value *out, struct complaint *why)
{
	size_t n = digits_at(text);
	const char *unit = text + n + strspn(text + n, " \t");
	int r;

	if (n > 0 && strcmp(text + n, "iops") == 0)
		return read_iops(text, n, a, out, why);
	if (n > 0 && n <= DIGITS_SHOWN &&
	    (strcasecmp(unit, "iops") == 0 || strcasecmp(unit, "iop/s") == 0)) {
		complaint_set(why, n, "%s is not a %s", quote(a, text), g->name);
		return complaint_hint(why, "did you mean %.*siops?", (int)n, text);
	}
	r = read_units(g, byte_units, text, a, &out->rate.number, why);
	if (r == 0 && out->rate.number == 0)
		return refuse_zero(text, a, why);
	return r;
}

/* TEXT ends in "%". */
static int read_percent(const char *text, struct arena *a, struct value *out, struct complaint *why)
{
	size_t n = digits_at(text), length = strlen(text) - 1;

	out->amount.percent = true;
	if (n < length) {
		complaint_set(why, n, "%s is not a percentage", quote(a, text));
		if (text[n] == '.')
			return complaint_hint(why, "no fractions: write whole percents, like 10%%");
		return complaint_hint(why,
				      "write whole percents without sign or blanks, like 10%%");
	}
	if (!value_digits(text, n, PERCENT_MOST, &out->amount.number)) {
		complaint_set(why, 0, "%s is out of range", quote(a, text));
		return complaint_hint(why, "write a share of the host's memory, like 50%%");
	}
	if (out->amount.number == 0)
		return refuse_zero(text, a, why);
	return 0;
}

static int refuse_tiny(const char *text, uint64_t bytes, struct arena *a, struct complaint *why)
{
	complaint_set(why, 0, "%s is less than 1MiB, in which nothing can run", quote(a, text));
	if (text[digits_at(text)] == '\0')
		return complaint_hint(
		    why, "a number alone counts bytes: did you mean %" PRIu64 "MiB?", bytes);
	return complaint_hint(why, "write at least 1MiB");
}

static int parse_memory(const struct grammar *g, const char *text, struct arena *a,
			struct value *out, struct complaint *why)
{
	int r;

	if (text[strlen(text) - 1] == '%')
		return read_percent(text, a, out, why);
	r = read_units(g, byte_units, text, a, &out->amount.number, why);
	if (r < 0)
		return r;
	if (out->amount.number == 0)
		return refuse_zero(text, a, why);
	if (out->amount.number < MIB)
		return refuse_tiny(text, out->amount.number, a, why);
	return 0;
}

static int parse_swap(const struct grammar *g, const char *text, struct arena *a, struct value *out,
		      struct complaint *why)
{
	const char *near;
	struct value word;

	if (value_parse(&grammar_bool, text, a, &word, why) == 0) {
		out->swap.allowed = word.yes;
		return 0;
	}
	if (digits_at(text) == 0) {
		complaint_set(why, 0, "%s is not a %s", quote(a, text), g->name);
		near = text_near_miss(text, grammar_bool.words, 8);
		if (near)
			return complaint_hint(why, "did you mean %s?", near);
		return complaint_hint(why, "write true, false or a size like 512MiB");
	}
	if (read_units(g, byte_units, text, a, &out->swap.bytes, why) < 0)
		return -EINVAL;
	out->swap.sized = out->swap.bytes > 0; /* no bytes are the same as false */
	return 0;
}

/* The largest unit of BASE that NUMBER is a multiple of. */
static const struct unit *largest(const struct unit *units, unsigned base, uint64_t number)
{
	const struct unit *best = unit_of(units, 1000, 0);

	for (unsigned power = 1; number > 0 && number % base == 0; power++) {
		number /= base;
		best = unit_of(units, base, power);
	}
	return best;
}

static char *show(const struct unit *units, const struct unit *u, uint64_t number, struct arena *a)
{
	if (number == VALUE_UNLIMITED)
		return arena_strdup(a, "unlimited");
	if (!u)
		u = unit_of(units, 1000, 0);
	for (unsigned i = 0; i < u->power; i++)
		number /= u->base;
	return arena_printf(a, "%" PRIu64 "%s", number, u->suffix);
}

char *value_show_bytes(uint64_t bytes, struct arena *a)
{
	const struct unit *binary = largest(byte_units, 1024, bytes);
	const struct unit *decimal = largest(byte_units, 1000, bytes);

	return show(byte_units, decimal->power > binary->power ? decimal : binary, bytes, a);
}

char *value_show_bits(uint64_t bits, struct arena *a)
{
	return show(bit_units, largest(bit_units, 1000, bits), bits, a);
}

const struct grammar grammar_size = {
    .name = "size",
    .syntax =
	"a number and a unit: 512MiB, 2GiB (powers of 1024: KiB MiB GiB TiB PiB EiB) or 500MB "
	"(powers of 1000: kB MB GB TB PB EB); without a unit bytes",
    .parse = parse_size,
};

const struct grammar grammar_size_or_zero = {
    .name = "size",
    .syntax =
	"0, or a number and a unit: 512MiB, 2GiB (powers of 1024: KiB MiB GiB TiB PiB EiB) or "
	"500MB (powers of 1000: kB MB GB TB PB EB); without a unit bytes",
    .parse = parse_size_or_zero,
};

const struct grammar grammar_bit_rate = {
    .name = "bit rate",
    .syntax = "bits per second: 100Mbit, 1Gbit (powers of 1000: kbit Mbit Gbit Tbit Pbit Ebit) or "
	      "10Mibit (powers of 1024: Kibit Mibit Gibit ...); without a unit bits",
    .parse = parse_bit_rate,
};

const struct grammar grammar_bits = {
    .name = "number of bits",
    .syntax = "1kbit to 34Gbit: 5Mbit (powers of 1000: kbit Mbit Gbit) or 10Mibit (powers of "
	      "1024: Kibit Mibit Gibit); without a unit bits",
    .parse = parse_bits,
};

const struct grammar grammar_disk_rate = {
    .name = "disk rate",
    .syntax = "operations per second: 300iops; or bytes per second: 30MB, 10MiB",
    .parse = parse_disk_rate,
};

const struct grammar grammar_memory = {
    .name = "size or percentage",
    .syntax =
	"a number and a unit, at least 1MiB: 512MiB, 2GiB (powers of 1024) or 500MB (powers of "
	"1000); or a share of the host's memory: 10%",
    .parse = parse_memory,
};

const struct grammar grammar_swap = {
    .name = "boolean or size",
    .syntax = "true, false (yes, no, on, off, 1, 0) or how much swap: 512MiB",
    .parse = parse_swap,
};
