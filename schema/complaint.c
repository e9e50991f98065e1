#include "schema/complaint.h"

#include "schema/arena.h"
#include "schema/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What vsnprintf left of N bytes: cut on a character's end where they did not fit. Texts come
 * quoted and escaped; should one not, no control of it gets through. */
static void tidy(char *buffer, size_t size, int n)
{
	size_t bad;

	if (n < 0)
		buffer[0] = '\0';
	if (n >= 0 && (size_t)n >= size && !text_is_utf8(buffer, size - 1, &bad) && bad + 4 >= size)
		buffer[bad] = '\0';
	while (!text_is_utf8(buffer, strlen(buffer), &bad))
		buffer[bad] = '?';
	for (char *c = buffer; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
}

int complaint_set(struct complaint *why, size_t offset, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(why->message, sizeof(why->message), format, args);
	va_end(args);
	tidy(why->message, sizeof(why->message), n);
	why->hint[0] = '\0';
	why->offset = offset;
	return -EINVAL;
}

int complaint_hint(struct complaint *why, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(why->hint, sizeof(why->hint), format, args);
	va_end(args);
	tidy(why->hint, sizeof(why->hint), n);
	return -EINVAL;
}

/* Escapes are longer than what they stand for: fewer characters then. */
const char *complaint_quote(struct arena *a, const char *text, size_t n)
{
	static const size_t characters[] = {40, 20, 10};
	const char *shown = "";

	for (size_t i = 0; i < sizeof(characters) / sizeof(characters[0]); i++) {
		shown = text_escape(a, text, n, characters[i]);
		if (strlen(shown) <= 128)
			break;
	}
	return arena_printf(a, "'%s'", shown);
}

bool complaint_means_unlimited(const char *text)
{
	static const char *const words[] = {"max", "unlimited", "none", "inf", "infinity",
					    "no",  "off",       "-1",   "all", "any"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(text, words[i]) == 0)
			return true;
	return false;
}
