#include "schema/value.h"

#include "schema/arena.h"
#include "schema/complaint.h"
#include "schema/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

int value_parse(const struct grammar *g, const char *text, struct arena *a, struct value *out,
		struct complaint *why)
{
	struct value value = {.grammar = g};
	int r;

	*why = (struct complaint){0};
	if (!*text)
		return complaint_set(why, 0, "there is no value");
	r = g->parse(g, text, a, &value, why);
	if (r == 0)
		*out = value;
	return r;
}

bool value_digits(const char *text, size_t n, uint64_t most, uint64_t *out)
{
	uint64_t number = 0;

	if (n == 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(text[i] - '0'), &number) ||
		    number > most)
			return false;
	}
	*out = number;
	return true;
}

static size_t words_count(const struct grammar *g)
{
	size_t n = 0;

	while (g->words[n])
		n++;
	return n;
}

/* "auto, always or never". */
static const char *words_list(const struct grammar *g, struct arena *a)
{
	const char *list = g->words[0];
	size_t n = words_count(g);

	for (size_t i = 1; i < n; i++)
		list = arena_printf(a, "%s%s%s", list, i + 1 < n ? ", " : " or ", g->words[i]);
	return list;
}

int value_parse_word(const struct grammar *g, const char *text, struct arena *a, struct value *out,
		     struct complaint *why)
{
	const char *near = text_near_miss(text, g->words, words_count(g));

	for (size_t i = 0; i < words_count(g); i++) {
		if (strcmp(text, g->words[i]) == 0) {
			out->text = g->words[i];
			return 0;
		}
		if (strcasecmp(text, g->words[i]) == 0)
			near = g->words[i];
	}
	complaint_set(why, 0, "%s is unknown: expected %s", complaint_quote(a, text, strlen(text)),
		      words_list(g, a));
	return near ? complaint_hint(why, "did you mean %s?", near) : -EINVAL;
}

static const char *const bool_words[] = {"true", "yes", "on", "1", "false", "no", "off", "0", NULL};

static int parse_bool(const struct grammar *g, const char *text, struct arena *a, struct value *out,
		      struct complaint *why)
{
	const char *near;
	char *lower;

	for (size_t i = 0; g->words[i]; i++) {
		if (strcasecmp(text, g->words[i]) == 0) {
			out->yes = i < 4;
			return 0;
		}
	}
	complaint_set(why, 0, "%s is neither true nor false",
		      complaint_quote(a, text, strlen(text)));
	lower = arena_strndup(a, text, strnlen(text, 16));
	for (char *c = lower; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	near = text_near_miss(lower, g->words, words_count(g));
	if (near)
		return complaint_hint(why, "did you mean %s?", near);
	return complaint_hint(why, "write true or false");
}

/* Why TEXT is no integer, as far as that can be guessed. */
static int refuse_integer(const struct grammar *g, const char *text, size_t sign, struct arena *a,
			  struct complaint *why)
{
	size_t n = strspn(text + sign, "0123456789");

	complaint_set(why, n > 0 ? sign + n : 0, "%s is not a whole number",
		      complaint_quote(a, text, strlen(text)));
	if (text[strspn(text, " \t")] == '\0' || strpbrk(text, " \t\n"))
		return complaint_hint(why, "write it without blanks");
	if (n > 0 && n < 20 && strchr("kKmMgGtT", text[sign + n]))
		return complaint_hint(why, "no units here: %.*s", (int)(sign + n), text);
	if (n > 0 && text[sign + n] == '.')
		return complaint_hint(why, "no fractions here");
	if (g->least == g->most)
		return complaint_hint(why, "write a number, like 10");
	return complaint_hint(why, "write a number from %" PRId64 " to %" PRId64, g->least,
			      g->most);
}

/* Beyond the bounds, or beyond what 64 bits hold. */
static int refuse_range(const struct grammar *g, const char *text, struct arena *a,
			struct complaint *why)
{
	bool free = g->least == g->most;

	complaint_set(why, 0, "%s is out of range", complaint_quote(a, text, strlen(text)));
	if (!free && g->most == INT64_MAX)
		return complaint_hint(why, "write a number of at least %" PRId64, g->least);
	return complaint_hint(why, "write a number from %" PRId64 " to %" PRId64,
			      free ? INT64_MIN : g->least, free ? INT64_MAX : g->most);
}

int value_parse_integer(const struct grammar *g, const char *text, struct arena *a,
			struct value *out, struct complaint *why)
{
	bool negative = *text == '-';
	size_t sign = negative || *text == '+', n = strlen(text + sign);
	uint64_t number;
	int64_t integer;

	if (n == 0 || strspn(text + sign, "0123456789") != n)
		return refuse_integer(g, text, sign, a, why);
	if (!value_digits(text + sign, n, (uint64_t)INT64_MAX + negative, &number))
		return refuse_range(g, text, a, why);
	integer = negative ? -(int64_t)(number - (number > 0)) - (number > 0) : (int64_t)number;
	if (g->least != g->most && (integer < g->least || integer > g->most))
		return refuse_range(g, text, a, why);
	out->integer = integer;
	return 0;
}

/* Numbers that have no sign: only digits. The bounds are the row's. */
static int parse_number(const struct grammar *g, const char *text, struct arena *a,
			struct value *out, struct complaint *why)
{
	size_t n = strlen(text);
	uint64_t number;

	if (strspn(text, "0123456789") != n)
		return refuse_integer(g, text, 0, a, why);
	if (!value_digits(text, n, (uint64_t)g->most, &number) || number < (uint64_t)g->least)
		return refuse_range(g, text, a, why);
	out->number = number;
	return 0;
}

static int parse_vlan(const struct grammar *g, const char *text, struct arena *a, struct value *out,
		      struct complaint *why)
{
	if (strcmp(text, "none") == 0) {
		out->integer = -1;
		return 0;
	}
	if (*text != '-' && *text != '+')
		return value_parse_integer(g, text, a, out, why);
	complaint_set(why, 0, "%s is not a VLAN", complaint_quote(a, text, strlen(text)));
	return complaint_hint(why, "write a number from 0 to 4094, or none");
}

static int parse_mode(const struct grammar *g, const char *text, struct arena *a, struct value *out,
		      struct complaint *why)
{
	size_t n = strlen(text), digits = strspn(text, "01234567");
	uint64_t mode = 0;

	for (size_t i = 0; i < digits && mode <= 07777; i++)
		mode = mode * 8 + (uint64_t)(text[i] - '0');
	if (digits == n && mode <= 07777) {
		out->number = mode;
		return 0;
	}
	complaint_set(why, digits < n ? digits : 0, "%s is not a file mode",
		      complaint_quote(a, text, n));
	if (n > 2 && n < 8 && (text[1] == 'o' || text[1] == 'O') &&
	    strspn(text + 2, "01234567") == n - 2)
		return complaint_hint(why, "did you mean 0%s?", text + 2);
	(void)g;
	return complaint_hint(why, "write it in octal, like 0660");
}

const struct grammar grammar_bool = {
    .name = "boolean",
    .syntax = "true, yes, on, 1 or false, no, off, 0, in any case",
    .words = bool_words,
    .parse = parse_bool,
};

const struct grammar grammar_integer = {
    .name = "integer",
    .syntax = "a whole number, like 10 or -5",
    .parse = value_parse_integer,
};

const struct grammar grammar_seconds = {
    .name = "seconds",
    .syntax = "whole seconds from 0 on, like 30",
    .least = 0,
    .most = INT64_MAX,
    .parse = value_parse_integer,
};

const struct grammar grammar_uint32 = {
    .name = "number",
    .syntax = "a whole number from 0 to 4294967295",
    .least = 0,
    .most = UINT32_MAX,
    .parse = parse_number,
};

const struct grammar grammar_id = {
    .name = "user or group id",
    .syntax = "a number from 0 to 4294967294, like 1000",
    .least = 0,
    .most = UINT32_MAX - 1,
    .parse = parse_number,
};

const struct grammar grammar_port = {
    .name = "port",
    .syntax = "a port number from 1 to 65535, like 443",
    .least = 1,
    .most = UINT16_MAX,
    .parse = parse_number,
};

const struct grammar grammar_priority = {
    .name = "priority",
    .syntax = "a number from 0 (least) to 10 (most)",
    .least = 0,
    .most = 10,
    .parse = value_parse_integer,
};

const struct grammar grammar_oom_priority = {
    .name = "OOM priority",
    .syntax = "a number from -1000 (killed last) to 1000 (killed first)",
    .least = -1000,
    .most = 1000,
    .parse = value_parse_integer,
};

const struct grammar grammar_processes = {
    .name = "number of processes",
    .syntax = "a number from 0 to 4194304, like 500; -1 for no limit; threads count too",
    .least = -1,
    .most = 4194304, /* PID_MAX_LIMIT: the kernel refuses more */
    .parse = value_parse_integer,
};

const struct grammar grammar_mtu = {
    .name = "MTU",
    .syntax = "bytes from 68 to 65535, like 1500",
    .least = 68,
    .most = UINT16_MAX,
    .parse = parse_number,
};

const struct grammar grammar_vlan = {
    .name = "VLAN",
    .syntax = "a VLAN number from 0 to 4094, or none",
    .least = 0,
    .most = 4094,
    .parse = parse_vlan,
};

const struct grammar grammar_mode = {
    .name = "file mode",
    .syntax = "an octal number up to 7777, like 0660",
    .parse = parse_mode,
};

size_t value_grammars(const struct grammar *const **out)
{
	static const struct grammar *const all[] = {
	    &grammar_bool,      &grammar_size,         &grammar_size_or_zero, &grammar_bit_rate,
	    &grammar_disk_rate, &grammar_memory,       &grammar_swap,         &grammar_integer,
	    &grammar_seconds,   &grammar_uint32,       &grammar_id,           &grammar_port,
	    &grammar_priority,  &grammar_oom_priority, &grammar_processes,    &grammar_cpus,
	    &grammar_nodes,     &grammar_allowance,    &grammar_rlimit,       &grammar_idmap,
	    &grammar_text,      &grammar_line,         &grammar_path,         &grammar_host_path,
	    &grammar_interface, &grammar_mac,          &grammar_mtu,          &grammar_vlan,
	    &grammar_mode,      &grammar_word_list,    &grammar_line_list,    &grammar_address4,
	    &grammar_address6,  &grammar_cidr4_list,   &grammar_cidr6_list,   &grammar_duration,
	    &grammar_schedule,  &grammar_hex4,         &grammar_bits,
	};

	*out = all;
	return sizeof(all) / sizeof(all[0]);
}
