/* raw.idmap: lines of "both|uid|gid HOST CONTAINER". */
#include "schema/arena.h"
#include "schema/complaint.h"
#include "schema/text.h"
#include "schema/value.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define ID_MOST 4294967294u /* 4294967295 means "none" to the kernel */

/* A part of the text, with its place in it. */
struct part {
	const char *text; /* the whole */
	size_t at, n;
};

static size_t digits_at(const char *text)
{
	return strspn(text, "0123456789");
}

static const char *quote(struct arena *a, struct part p)
{
	return complaint_quote(a, p.text + p.at, p.n);
}

static int hint_form(struct complaint *why)
{
	return complaint_hint(why, "write both, uid or gid, then host and container ids, like "
				   "\"both 1000 1000\" or \"uid 1000-1009 0-9\"");
}

/* "1000" or "1000-1009". */
static int read_ids(struct part p, struct arena *a, struct range *out, struct complaint *why)
{
	const char *at = p.text + p.at;
	size_t n = digits_at(at), m;

	if (n < p.n && at[n] == '-') {
		m = digits_at(at + n + 1);
	} else {
		m = n;
	}
	if (n == 0 || m == 0 || (n != p.n && n + 1 + m != p.n)) {
		complaint_set(why, p.at, "%s is not an id or a range of ids", quote(a, p));
		return hint_form(why);
	}
	if (!value_digits(at, n, ID_MOST, &out->first) ||
	    !value_digits(at + p.n - m, m, ID_MOST, &out->last)) {
		complaint_set(why, p.at, "%s is beyond the highest id", quote(a, p));
		return complaint_hint(why, "ids end at %u", ID_MOST);
	}
	if (out->last < out->first) {
		complaint_set(why, p.at, "the range %s runs backwards", quote(a, p));
		return complaint_hint(why, "did you mean %" PRIu64 "-%" PRIu64 "?", out->last,
				      out->first);
	}
	return 0;
}

static int read_kind(struct part p, struct arena *a, char *out, struct complaint *why)
{
	static const char *const kinds[] = {"both", "uid", "gid"};
	const char *word = arena_strndup(a, p.text + p.at, p.n), *near;

	for (size_t i = 0; i < 3; i++) {
		if (strcmp(word, kinds[i]) == 0) {
			*out = kinds[i][0];
			return 0;
		}
	}
	complaint_set(why, p.at, "%s is none of both, uid and gid", quote(a, p));
	near = text_near_miss(word, kinds, 3);
	if (near)
		return complaint_hint(why, "did you mean %s?", near);
	if (strcmp(word, "u") == 0 || strcmp(word, "g") == 0)
		return complaint_hint(why, "that is lxc.idmap's form; write %cid HOST CONTAINER",
				      *word);
	return hint_form(why);
}

/* Cuts LINE at its blanks. Returns how many parts there are, empty ones included; at most 4. */
static size_t split(struct part line, struct part parts[4])
{
	size_t n = 0, start = line.at, end = line.at + line.n;

	for (size_t i = start; i <= end && n < 4; i++) {
		if (i < end && line.text[i] != ' ')
			continue;
		parts[n++] = (struct part){line.text, start, i - start};
		start = i + 1;
	}
	return n;
}

static int refuse_line(struct part line, struct arena *a, struct complaint *why)
{
	const char *text = arena_strndup(a, line.text + line.at, line.n);

	complaint_set(why, line.at, "%s is not a line of an id map", quote(a, line));
	if (*text == '#')
		return complaint_hint(why, "no comments here");
	if (line.text[line.at + line.n - 1] == '\r')
		return complaint_hint(why, "the line ends in a carriage return: use plain line "
					   "breaks");
	if (*text == ' ' || strstr(text, "  ") || strchr(text, '\t') || text[line.n - 1] == ' ')
		return complaint_hint(why, "write exactly one blank between the fields and none "
					   "around them");
	return hint_form(why);
}

static int read_line(struct part line, struct arena *a, struct idmap_line *out,
		     struct complaint *why)
{
	struct part parts[4];
	struct range host = {0}, container = {0};
	size_t n = split(line, parts);
	int r;

	for (size_t i = 0; i < n; i++)
		if (parts[i].n == 0)
			return refuse_line(line, a, why);
	if (line.text[line.at + line.n - 1] == '\r' || memchr(line.text + line.at, '\t', line.n))
		return refuse_line(line, a, why);
	if (n != 3 && !(n == 4 && parts[0].n == 1))
		return refuse_line(line, a, why);
	r = read_kind(parts[0], a, &out->kind, why);
	if (r == 0)
		r = read_ids(parts[1], a, &host, why);
	if (r == 0)
		r = read_ids(parts[2], a, &container, why);
	if (r < 0)
		return r;
	if (host.last - host.first != container.last - container.first) {
		complaint_set(why, parts[1].at,
			      "%s: %" PRIu64 " host ids for %" PRIu64 " container ids",
			      quote(a, line), host.last - host.first + 1,
			      container.last - container.first + 1);
		return complaint_hint(why, "make both ranges equally long");
	}
	out->host = (uint32_t)host.first;
	out->container = (uint32_t)container.first;
	out->count = (uint32_t)(host.last - host.first + 1);
	out->offset = line.at;
	return 0;
}

static int parse_idmap(const struct grammar *g, const char *text, struct arena *a,
		       struct value *out, struct complaint *why)
{
	struct idmap_line *lines = NULL, line;
	size_t n = 0, capacity = 0, at = 0, length;
	int r;

	for (; text[at]; at += length + (text[at + length] == '\n')) {
		length = strcspn(text + at, "\n");
		if (length == 0)
			continue;
		r = read_line((struct part){text, at, length}, a, &line, why);
		if (r < 0)
			return r;
		lines = arena_grow(a, lines, n, &capacity, sizeof(*lines));
		lines[n++] = line;
	}
	(void)g;
	out->idmap.lines = lines;
	out->idmap.n = n;
	return 0;
}

const struct grammar grammar_idmap = {
    .name = "id map",
    .syntax = "lines of both, uid or gid, host ids and as many container ids: \"both 1000 1000\", "
	      "\"uid 1000-1009 0-9\"",
    .parse = parse_idmap,
};
