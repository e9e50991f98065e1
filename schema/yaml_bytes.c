#include "schema/yaml_bytes.h"

#include "schema/text.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

size_t yaml_bytes_mark(const char *text, size_t n)
{
	return n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

struct place yaml_bytes_place(const struct source *source, size_t offset)
{
	const char *line = source->text + yaml_bytes_mark(source->text, source->size);
	const char *here = source->text + offset, *end;
	struct place at = {source, 1, 1};

	if (here < line)
		return at;
	while ((end = memchr(line, '\n', (size_t)(here - line)))) {
		line = end + 1;
		at.line++;
	}
	at.column += (uint32_t)text_columns(line, (size_t)(here - line));
	return at;
}

/* C0 but for tab and line ends, DEL, and C1 (two bytes: 0xC2 0x80..0x9F). */
bool yaml_bytes_control(const char *text, size_t n, size_t *length)
{
	unsigned char c = (unsigned char)text[0];
	unsigned char next = n > 1 ? (unsigned char)text[1] : 0;

	*length = 1;
	if (c < 0x20)
		return c != '\t' && c != '\n' && c != '\r';
	if (c != 0xc2 || next < 0x80 || next > 0x9f)
		return c == 0x7f;
	*length = 2;
	return true;
}

static int refuse_control(const struct source *source, size_t offset, size_t length,
			  struct diagnostics *ds)
{
	struct place at = yaml_bytes_place(source, offset);
	unsigned number = (unsigned char)source->text[offset + length - 1];

	if (number == 0) {
		diagnostic_error(ds, at, "a NUL byte");
		return diagnostic_hint(ds, "manifests are text in UTF-8: is this file UTF-16?");
	}
	if (number == '\r') {
		diagnostic_error(ds, at, "a carriage return without a line feed");
		return diagnostic_hint(ds, "end lines with LF or CRLF");
	}
	diagnostic_error(ds, at, "a control character (U+%04X)", number);
	return diagnostic_hint(ds, "remove it; a text may hold tabs and line breaks only");
}

/* What libyaml would take for a line break, or refuse, and what nobody sees. */
static int check_wide(const struct source *source, size_t offset, struct diagnostics *ds)
{
	const char *here = source->text + offset;
	size_t left = source->size - offset;

	if (left >= 3 && memcmp(here, "\xe2\x80", 2) == 0 &&
	    (here[2] == '\xa8' || here[2] == '\xa9')) {
		diagnostic_error(ds, yaml_bytes_place(source, offset),
				 "a Unicode line separator (U+%s)",
				 here[2] == '\xa8' ? "2028" : "2029");
		return diagnostic_hint(ds, "write it as \"\\u%s\" in double quotes",
				       here[2] == '\xa8' ? "2028" : "2029");
	}
	if (yaml_bytes_mark(here, left) == 0)
		return 0;
	diagnostic_error(ds, yaml_bytes_place(source, offset),
			 "a byte order mark (U+FEFF) inside the text");
	return diagnostic_hint(ds, "remove it; it shows as nothing");
}

static int check_utf8(const struct source *source, size_t start, size_t end, struct diagnostics *ds)
{
	size_t bad, length;

	if (!text_is_utf8(source->text + start, source->size - start, &bad) && start + bad < end) {
		diagnostic_error(ds, yaml_bytes_place(source, start + bad),
				 "not UTF-8 (byte 0x%02X)",
				 (unsigned char)source->text[start + bad]);
		return diagnostic_hint(ds, "save the file as UTF-8");
	}
	for (size_t i = start; i < end; i++) {
		if ((unsigned char)source->text[i] < 0x80)
			continue;
		if (yaml_bytes_control(source->text + i, source->size - i, &length))
			return refuse_control(source, i, length, ds);
		if (check_wide(source, i, ds) < 0)
			return -EINVAL;
	}
	return 0;
}

static int check_mark(const struct source *source, struct diagnostics *ds)
{
	const char *text = source->text;

	if (source->size < 2 ||
	    (memcmp(text, "\xff\xfe", 2) != 0 && memcmp(text, "\xfe\xff", 2) != 0))
		return 0;
	diagnostic_error(ds, (struct place){source, 1, 1}, "the file is UTF-16");
	return diagnostic_hint(ds, "save it as UTF-8");
}

int yaml_bytes_check(const struct source *source, struct diagnostics *ds)
{
	size_t start = yaml_bytes_mark(source->text, source->size), i, length;
	bool wide = false, control = false;

	if (check_mark(source, ds) < 0)
		return -EINVAL;
	for (i = start; i < source->size; i++) {
		unsigned char c = (unsigned char)source->text[i];

		if (c >= 0x20 && c != 0x7f) {
			wide |= c >= 0x80;
			continue;
		}
		control = yaml_bytes_control(source->text + i, source->size - i, &length) ||
			  (c == '\r' && (i + 1 == source->size || source->text[i + 1] != '\n'));
		if (control)
			break;
	}
	/* Whatever is wrong before the control character is said first. */
	if (wide && check_utf8(source, start, i, ds) < 0)
		return -EINVAL;
	return control ? refuse_control(source, i, 1, ds) : 0;
}
