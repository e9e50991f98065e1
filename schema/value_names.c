/* Texts, paths, lists, names and numbers of networks. */
#include "schema/arena.h"
#include "schema/complaint.h"
#include "schema/text.h"
#include "schema/value.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#define NAME_MOST 255 /* bytes of one part of a path: NAME_MAX of every file system we know */

static const char *quote(struct arena *a, const char *text)
{
	return complaint_quote(a, text, strlen(text));
}

/* The text itself may be a secret and is not repeated: no controls, valid UTF-8; line breaks (also
 * as CR LF) where LINES says so. */
static int check_text(const char *text, bool lines, struct arena *a, struct complaint *why)
{
	size_t n = strlen(text), step;
	uint32_t c;

	for (size_t i = 0; i < n; i += step) {
		step = text_decode(text + i, n - i, &c);
		if (step == 0)
			return complaint_set(why, i, "the text is not UTF-8 at byte %zu", i + 1);
		if (c == '\t' || (c >= 0x20 && c < 0x7f) || c > 0x9f)
			continue;
		if (c == '\n' || (c == '\r' && text[i + 1] == '\n')) {
			if (lines)
				continue;
			complaint_set(why, i, "a line break has no place here");
			return complaint_hint(why, "write it in one line");
		}
		complaint_set(why, i, "the control character %s has no place here",
			      text_escape(a, text + i, step, 1));
		return complaint_hint(why, "leave it out");
	}
	return 0;
}

static int parse_text(const struct grammar *g, const char *text, struct arena *a, struct value *out,
		      struct complaint *why)
{
	int r = check_text(text, g == &grammar_text, a, why);

	if (r == 0)
		out->text = text;
	return r;
}

/* Paths */

static int refuse_path(const struct grammar *g, const char *text, struct arena *a,
		       struct complaint *why)
{
	complaint_set(why, 0, "%s is not an absolute path", quote(a, text));
	if (*text == '~')
		return complaint_hint(why, "nobody's home is known here: write the whole path");
	if (g == &grammar_path && *text != '.' && strlen(text) < 100)
		return complaint_hint(why, "did you mean %s?",
				      quote(a, arena_printf(a, "/%s", text)));
	return complaint_hint(why, "write it from / on");
}

static int check_part(const char *text, size_t at, size_t n, struct arena *a, struct complaint *why)
{
	if (n == 2 && memcmp(text + at, "..", 2) == 0) {
		complaint_set(why, at, "%s goes up with ..", quote(a, text));
		return complaint_hint(why, "write the path that it leads to");
	}
	if (n > NAME_MOST)
		return complaint_set(why, at, "%s: a part of it is longer than %d bytes",
				     quote(a, text), NAME_MOST);
	return 0;
}

/* Absolute, without "..", "." and doubled slashes; the clean text goes to OUT. */
static int parse_path(const struct grammar *g, const char *text, struct arena *a, struct value *out,
		      struct complaint *why)
{
	size_t n, used = 0, length = strlen(text);
	char *clean;
	int r = check_text(text, false, a, why);

	if (r < 0)
		return r;
	if (*text != '/')
		return refuse_path(g, text, a, why);
	if (length >= PATH_MAX)
		return complaint_set(why, 0, "%s is longer than %d bytes", quote(a, text),
				     PATH_MAX - 1);
	clean = arena_alloc(a, length + 2);
	for (size_t at = 0; text[at]; at += n) {
		at += strspn(text + at, "/");
		n = strcspn(text + at, "/");
		r = check_part(text, at, n, a, why);
		if (r < 0)
			return r;
		if (n == 0 || (n == 1 && text[at] == '.'))
			continue;
		clean[used++] = '/';
		memcpy(clean + used, text + at, n);
		used += n;
	}
	if (used == 0)
		clean[0] = '/';
	out->text = clean;
	return 0;
}

/* Lists */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* A list in the making, and the item that is looked at. */
struct items {
	const char **texts;
	size_t n, capacity;
};

static void add_item(struct items *l, const char *text, size_t n, struct arena *a)
{
	l->texts = arena_grow(a, l->texts, l->n, &l->capacity, sizeof(*l->texts));
	l->texts[l->n++] = arena_strndup(a, text, n);
}

/* The part from *AT up to SEPARATOR without the blanks around it; *AT goes behind the separator.
 * Returns its length, *START its place. */
static size_t next_item(const char *text, char separator, size_t *at, size_t *start)
{
	const char stop[] = {separator, '\0'};
	size_t end = *at + strcspn(text + *at, stop);

	*start = *at;
	*at = end + (text[end] != '\0');
	while (*start < end && is_blank(text[*start]))
		(*start)++;
	while (end > *start && is_blank(text[end - 1]))
		end--;
	return end - *start;
}

static int refuse_empty_item(const char *text, size_t at, struct arena *a, struct complaint *why)
{
	complaint_set(why, at, "%s has an empty item", quote(a, text));
	return complaint_hint(why, "take the comma out that is too many");
}

/* Does a list end in its separator, so that one more item, an empty one, follows? */
static bool ends_in_comma(const char *text, size_t at)
{
	return text[at] == '\0' && at > 0 && text[at - 1] == ',';
}

static int parse_word_list(const struct grammar *g, const char *text, struct arena *a,
			   struct value *out, struct complaint *why)
{
	struct items l = {0};
	size_t at = 0, start, n;
	int r = check_text(text, true, a, why);

	if (r < 0)
		return r;
	do {
		n = next_item(text, ',', &at, &start);
		if (n == 0)
			return refuse_empty_item(text, start, a, why);
		for (size_t i = start; i < start + n; i++) {
			if (!is_blank(text[i]))
				continue;
			complaint_set(why, i, "%s is not one word",
				      complaint_quote(a, text + start, n));
			return complaint_hint(why, "write commas between the words");
		}
		add_item(&l, text + start, n, a);
	} while (text[at] || ends_in_comma(text, at));
	(void)g;
	out->list.items = l.texts;
	out->list.n = l.n;
	return 0;
}

static int parse_line_list(const struct grammar *g, const char *text, struct arena *a,
			   struct value *out, struct complaint *why)
{
	struct items l = {0};
	size_t at = 0, start, n;
	int r = check_text(text, true, a, why);

	if (r < 0)
		return r;
	while (text[at]) {
		n = next_item(text, '\n', &at, &start);
		if (n > 0)
			add_item(&l, text + start, n, a);
	}
	(void)g;
	out->list.items = l.texts;
	out->list.n = l.n;
	return 0;
}

/* Names */

static int hint_interface(const char *text, struct complaint *why)
{
	if (strlen(text) >= IFNAMSIZ)
		return complaint_hint(why, "at most %d bytes: the kernel holds no more",
				      IFNAMSIZ - 1);
	return complaint_hint(why, "write letters, digits, \"-\", \"_\", \".\" and \"+\", first a "
				   "letter, a digit or \"_\", like eth0");
}

/* Narrower than the kernel's dev_valid_name(): the name also becomes files, lines and arguments. */
static int parse_interface(const struct grammar *g, const char *text, struct arena *a,
			   struct value *out, struct complaint *why)
{
	size_t n = strlen(text), good = 0;

	while (good < n && isascii((unsigned char)text[good]) &&
	       (isalnum((unsigned char)text[good]) || strchr("-_.+", text[good])))
		good++;
	if (good == n && n < IFNAMSIZ && !strchr("-.+", *text)) {
		out->text = text;
		return 0;
	}
	complaint_set(why, good < n ? good : 0, "%s is not an %s", quote(a, text), g->name);
	return hint_interface(text, why);
}

static int refuse_mac(const char *text, struct arena *a, struct complaint *why)
{
	size_t n = strlen(text);
	char *colons;

	complaint_set(why, 0, "%s is not a hardware address", quote(a, text));
	if (n == 17 && text[2] == '-' && strspn(text, "0123456789abcdefABCDEF-") == n) {
		colons = arena_strdup(a, text);
		for (size_t i = 0; i < n; i++)
			if (colons[i] == '-')
				colons[i] = ':';
		return complaint_hint(why, "did you mean %s?", colons);
	}
	return complaint_hint(why, "write six octets, like 00:16:3e:12:34:56");
}

static int parse_mac(const struct grammar *g, const char *text, struct arena *a, struct value *out,
		     struct complaint *why)
{
	char *lower = arena_strdup(a, text);
	unsigned char any = 0;

	if (strlen(text) != 17)
		return refuse_mac(text, a, why);
	for (size_t i = 0; i < 17; i++) {
		bool colon = i % 3 == 2;

		if (colon ? text[i] != ':' : !isxdigit((unsigned char)text[i]))
			return refuse_mac(text, a, why);
		lower[i] = (char)tolower((unsigned char)text[i]);
		any |= !colon && text[i] != '0';
	}
	if (!any) {
		complaint_set(why, 0, "the kernel refuses an address of zeros only");
		return complaint_hint(why, "leave it out to have one made");
	}
	if (strchr("13579bdf", lower[1])) {
		complaint_set(why, 0, "%s is a group address", quote(a, text));
		return complaint_hint(why, "the second digit must be even, like 00:16:3e:12:34:56");
	}
	(void)g;
	out->text = lower;
	return 0;
}

static int parse_hex4(const struct grammar *g, const char *text, struct arena *a, struct value *out,
		      struct complaint *why)
{
	size_t n = strlen(text), good = strspn(text, "0123456789abcdefABCDEF");
	char *lower;

	if (n != 4 || good != 4) {
		complaint_set(why, good < n ? good : 0, "%s is not a %s", quote(a, text), g->name);
		if (n == 6 && text[0] == '0' && (text[1] | 0x20) == 'x' &&
		    strspn(text + 2, "0123456789abcdefABCDEF") == 4)
			return complaint_hint(why, "did you mean %s?", text + 2);
		return complaint_hint(why, "write four hexadecimal digits, like 046d");
	}
	lower = arena_strdup(a, text);
	for (char *c = lower; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	out->text = lower;
	return 0;
}

const struct grammar grammar_text = {
    .name = "text",
    .syntax = "any text, line breaks included",
    .parse = parse_text,
};

const struct grammar grammar_line = {
    .name = "line",
    .syntax = "any text without line breaks",
    .parse = parse_text,
};

const struct grammar grammar_path = {
    .name = "path in the container",
    .syntax = "an absolute path in the container without .., like /mnt/data",
    .parse = parse_path,
};

const struct grammar grammar_host_path = {
    .name = "path on the host",
    .syntax = "an absolute path on the host without .., like /srv/data",
    .parse = parse_path,
};

const struct grammar grammar_interface = {
    .name = "interface name",
    .syntax = "1 to 15 letters, digits, -, _, . and +, first a letter, a digit or _: eth0, br0.100",
    .parse = parse_interface,
};

const struct grammar grammar_mac = {
    .name = "hardware address",
    .syntax = "six octets of a single interface: 00:16:3e:12:34:56",
    .parse = parse_mac,
};

const struct grammar grammar_word_list = {
    .name = "list of words",
    .syntax = "words with commas between them: nf_nat, overlay",
    .parse = parse_word_list,
};

const struct grammar grammar_line_list = {
    .name = "list of lines",
    .syntax = "one item a line; empty lines do not count",
    .parse = parse_line_list,
};

const struct grammar grammar_hex4 = {
    .name = "number of four hexadecimal digits",
    .syntax = "four hexadecimal digits, like 046d",
    .parse = parse_hex4,
};
