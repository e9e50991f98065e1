#include "schema/yaml_place.h"

#include "schema/text.h"
#include "schema/yaml_bytes.h"

#include <stdbool.h>
#include <string.h>

/* Bytes of the first COLUMNS characters of a line. */
static size_t bytes_of(const char *line, size_t n, size_t columns)
{
	size_t i = 0;

	for (; i < n && columns > 0; columns--)
		for (i++; i < n && ((unsigned char)line[i] & 0xc0) == 0x80;)
			i++;
	return i;
}

/* Anchors and tags stand before the value, and their start is the node's. */
static size_t skip_properties(const char *line, size_t n, size_t i)
{
	while (i < n && (line[i] == '&' || line[i] == '!')) {
		while (i < n && line[i] != ' ' && line[i] != '\t')
			i++;
		while (i < n && (line[i] == ' ' || line[i] == '\t'))
			i++;
	}
	return i;
}

static struct place right(struct place at, const char *line, size_t bytes)
{
	at.column = (uint32_t)text_columns(line, bytes) + 1;
	return at;
}

/* A literal block: its lines are the text's, behind an indentation. */
static struct place in_block(struct place at, const char *text, size_t offset)
{
	const char *begin = text, *end, *line;
	struct place there = at;
	size_t n, length;

	there.line++;
	while ((end = memchr(begin, '\n', offset - (size_t)(begin - text)))) {
		begin = end + 1;
		there.line++;
	}
	length = strcspn(begin, "\n");
	there.column = 1;
	line = place_line(there, &n);
	if (!line || n < length || memcmp(line + n - length, begin, length) != 0)
		return at;
	return right(there, line, n - length + offset - (size_t)(begin - text));
}

struct place yaml_place_inside(struct place at, const char *text, size_t offset)
{
	size_t n, i, length = strlen(text);
	const char *line = place_line(at, &n);

	if (!line || offset > length)
		return at;
	if (at.line == 1) {
		size_t mark = yaml_bytes_mark(line, n);

		line += mark;
		n -= mark;
	}
	i = skip_properties(line, n, bytes_of(line, n, at.column - 1));
	if (i == n)
		return at;
	if (line[i] == '|')
		return in_block(at, text, offset);
	if (line[i] == '"' || line[i] == '\'')
		i++;
	if (n - i < length || memcmp(line + i, text, length) != 0)
		return at;
	return right(at, line, i + offset);
}
