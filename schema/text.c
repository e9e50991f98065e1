#include "schema/text.h"

#include "schema/arena.h"

#include <string.h>

#define EDITS_MOST 3
#define WORD_MOST 96 /* no word that we know is longer */

size_t text_decode(const char *text, size_t n, uint32_t *c)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *s = (const unsigned char *)text;
	size_t length;

	if (n == 0)
		return 0;
	if (s[0] < 0x80) {
		*c = s[0];
		return 1;
	}
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	length = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (length > n)
		return 0;
	*c = s[0] & (0xffu >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (s[i] & 0x3fu);
	}
	if (*c < least[length] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff))
		return 0;
	return length;
}

bool text_is_utf8(const char *text, size_t n, size_t *bad)
{
	uint32_t c;
	size_t step;

	for (size_t i = 0; i < n; i += step) {
		step = text_decode(text + i, n - i, &c);
		if (step > 0)
			continue;
		if (bad)
			*bad = i;
		return false;
	}
	return true;
}

size_t text_columns(const char *text, size_t n)
{
	size_t columns = 0, step;
	uint32_t c;

	for (size_t i = 0; i < n; i += step) {
		step = text_decode(text + i, n - i, &c);
		if (step == 0)
			step = 1;
		columns++;
	}
	return columns;
}

/* Controls, and what no terminal draws: blanks of odd widths, fillers, joiners, marks of direction,
 * line separators, tags (Unicode's Default_Ignorable_Code_Point and Bidi_Control, by and large). */
static bool is_invisible(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} hidden[] = {
	    {0x0000,  0x001f },
            {0x007f,  0x00a0 },
            {0x00ad,  0x00ad },
            {0x034f,  0x034f },
	    {0x061c,  0x061c },
            {0x115f,  0x1160 },
            {0x17b4,  0x17b5 },
            {0x180b,  0x180f },
	    {0x2000,  0x200f },
            {0x2028,  0x202f },
            {0x205f,  0x206f },
            {0x3164,  0x3164 },
	    {0xfeff,  0xfeff },
            {0xffa0,  0xffa0 },
            {0xfff0,  0xfffb },
            {0xfffe,  0xffff },
	    {0x1bca0, 0x1bca3},
            {0x1d173, 0x1d17a},
            {0xe0000, 0xe0fff},
	};

	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (c >= hidden[i].first && c <= hidden[i].last)
			return true;
	return false;
}

/* What C looks like when shown; STEP bytes of it at S (0: an invalid byte). */
static char *shown(struct arena *a, const char *s, size_t step, uint32_t c)
{
	if (step == 0)
		return arena_printf(a, "\\x%02x", (unsigned)(unsigned char)*s);
	if (c == '\n')
		return arena_strdup(a, "\\n");
	if (c == '\t')
		return arena_strdup(a, "\\t");
	if (c == '\r')
		return arena_strdup(a, "\\r");
	if (c < 0x80)
		return arena_printf(a, "\\x%02x", (unsigned)c);
	return arena_printf(a, "\\u{%x}", (unsigned)c);
}

/* Most texts need nothing done: how far does TEXT go so? */
static size_t plain_part(const char *text, size_t n, size_t most, size_t *columns)
{
	size_t i = 0, step;
	uint32_t c;

	for (*columns = 0; i < n && *columns < most; (*columns)++) {
		step = text_decode(text + i, n - i, &c);
		if (step == 0 || is_invisible(c))
			break;
		i += step;
	}
	return i;
}

char *text_escape(struct arena *a, const char *text, size_t n, size_t most)
{
	size_t bound = most ? most : SIZE_MAX, columns, start, length, step;
	struct arena *scratch;
	char *out, *end;
	uint32_t c = 0;

	start = plain_part(text, n, bound, &columns);
	if (start == n)
		return arena_strndup(a, text, n);
	scratch = arena_new();
	/* one byte becomes four at most (\xNN), two become six (\u{85}), three eight, four ten */
	length = bound < n - start ? bound * 10 : (n - start) * 4;
	out = arena_alloc(scratch, start + length + sizeof("..."));
	memcpy(out, text, start);
	end = out + start;
	for (size_t i = start; i < n; i += step ? step : 1, columns++) {
		if (columns == bound) {
			end = stpcpy(end, "...");
			break;
		}
		step = text_decode(text + i, n - i, &c);
		if (step == 0 || is_invisible(c))
			end = stpcpy(end, shown(scratch, text + i, step, c));
		else
			end = mempcpy(end, text + i, step);
	}
	out = arena_strndup(a, out, (size_t)(end - out));
	arena_free(scratch);
	return out;
}

static size_t least_of(size_t x, size_t y)
{
	return x < y ? x : y;
}

/* Edits that turn X into Y, swaps of neighbours included (optimal string alignment). */
static size_t edits(const char *x, size_t n, const char *y, size_t m)
{
	size_t rows[3][WORD_MOST + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2], *spare;

	for (size_t j = 0; j <= m; j++)
		above[j] = j;
	for (size_t i = 1; i <= n; i++) {
		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			row[j] = above[j - 1] + (x[i - 1] != y[j - 1]);
			row[j] = least_of(row[j], least_of(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1])
				row[j] = least_of(row[j], before[j - 2] + 1);
		}
		spare = before;
		before = above;
		above = row;
		row = spare;
	}
	return above[m];
}

const char *text_near_miss(const char *text, const char *const *words, size_t n)
{
	size_t length = strnlen(text, WORD_MOST + 1), most = least_of(length / 3, EDITS_MOST);
	const char *best = NULL;

	if (length > WORD_MOST)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t m = strlen(words[i]), cost;

		if (m > WORD_MOST || m > length + most || length > m + most)
			continue;
		cost = edits(text, length, words[i], m);
		if (cost > most || (best && cost == most))
			continue;
		best = words[i];
		most = cost;
	}
	return best;
}
