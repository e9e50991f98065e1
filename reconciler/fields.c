#include "reconciler/fields.h"

#include "schema/arena.h"

#include <stdio.h>
#include <string.h>

#define EMPTY "%-"

void writer_put(struct writer *w, const char *text, size_t n)
{
	if (n > w->capacity - w->n) {
		size_t capacity = (w->capacity + n) * 2;
		char *larger = arena_alloc(w->arena, capacity);

		if (w->n)
			memcpy(larger, w->text, w->n);
		w->text = larger;
		w->capacity = capacity;
	}
	memcpy(w->text + w->n, text, n);
	w->n += n;
}

void writer_text(struct writer *w, const char *text)
{
	writer_put(w, text, strlen(text));
}

static bool is_plain(unsigned char c)
{
	return c > ' ' && c != 0x7f && c != '%';
}

void writer_field(struct writer *w, const char *text)
{
	writer_text(w, *text ? " " : " " EMPTY);
	while (*text) {
		size_t n = 0;
		char code[4];

		while (is_plain((unsigned char)text[n]))
			n++;
		writer_put(w, text, n);
		text += n;
		if (!*text)
			break;
		snprintf(code, sizeof(code), "%%%02X", (unsigned char)*text++);
		writer_put(w, code, 3);
	}
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool decode(char *text)
{
	char *to = strchr(text, '%');

	if (!to)
		return true;
	if (strcmp(text, EMPTY) == 0) {
		*text = '\0';
		return true;
	}
	for (text = to; *text; text++) {
		if (*text != '%') {
			*to++ = *text;
			continue;
		}
		if (hex(text[1]) < 0 || hex(text[2]) < 0 || (text[1] == '0' && text[2] == '0'))
			return false;
		*to++ = (char)(hex(text[1]) << 4 | hex(text[2]));
		text += 2;
	}
	*to = '\0';
	return true;
}

int fields_read(char *line, char **fields, int most)
{
	int n = 0;

	for (char *field = strsep(&line, " "); field; field = strsep(&line, " ")) {
		if (n == most || !*field || !decode(field))
			return -1;
		fields[n++] = field;
	}
	return n;
}
