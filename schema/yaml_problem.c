#include "schema/yaml_problem.h"

#include "schema/yaml_bytes.h"

#include <errno.h>
#include <string.h>

/* Where the finding points: libyaml's problem, or what it was in the middle of. */
enum pointer { AT_PROBLEM, AT_CONTEXT };

struct wording {
	const char *problem; /* libyaml's text */
	const char *context; /* its context must begin like this; NULL: any */
	enum pointer at;
	const char *message; /* %lu, if there is one: the line of the context */
	const char *hint;
};

#define INDENT "indent with spaces: YAML allows no tabs there"
#define QUOTE "put the text in quotes"

/* clang-format off */
static const struct wording wordings[] = {
	{"mapping values are not allowed in this context", NULL, AT_PROBLEM,
	 "a ':' cannot stand here",
	 "put a text that holds ': ' in quotes, or look at the indentation and at the blank after the ':' of the line above"},
	{"could not find expected ':'", NULL, AT_CONTEXT,
	 "this is neither 'key: value' nor an item of a list",
	 "write 'key: value' with a blank after the ':', or '- item'"},
	{"found a tab character that violates indentation", NULL, AT_PROBLEM,
	 "a tab as indentation", INDENT},
	{"found a tab character where an indentation space is expected", NULL, AT_PROBLEM,
	 "a tab as indentation", INDENT},
	{"did not find expected key", "while parsing a block mapping", AT_PROBLEM,
	 "this does not continue the mapping that began in line %lu",
	 "align it with the keys above; a text that goes on behind a closing quote must be quoted as a whole"},
	{"did not find expected '-' indicator", NULL, AT_PROBLEM,
	 "this does not continue the list that began in line %lu",
	 "begin the item with '- ', aligned with the others"},
	{"did not find expected ',' or ']'", NULL, AT_PROBLEM,
	 "a ',' or the ']' of the list that was opened in line %lu is missing", NULL},
	{"did not find expected ',' or '}'", NULL, AT_PROBLEM,
	 "a ',' or the '}' of the mapping that was opened in line %lu is missing", NULL},
	{"found unexpected end of stream", "while scanning a quoted scalar", AT_CONTEXT,
	 "this quote is never closed", NULL},
	{"found unexpected document indicator", "while scanning a quoted scalar", AT_CONTEXT,
	 "this quote is not closed before the document ends", NULL},
	{"found unknown escape character", NULL, AT_PROBLEM,
	 "an unknown escape",
	 "in double quotes a '\\' begins an escape: write '\\\\', or use single quotes"},
	{"did not find expected hexdecimal number", NULL, AT_PROBLEM,
	 "hexadecimal digits are missing in this escape", "write \\xNN, \\uNNNN or \\UNNNNNNNN"},
	{"found invalid Unicode character escape code", NULL, AT_PROBLEM,
	 "this escape is no character",
	 "halves of a surrogate pair are not read: write the character itself or \\UNNNNNNNN"},
	{"block sequence entries are not allowed in this context", NULL, AT_PROBLEM,
	 "a list cannot begin here", "put the '- ' on a line of its own below the key"},
	{"mapping keys are not allowed in this context", NULL, AT_PROBLEM,
	 "a '?' cannot stand here", QUOTE},
	{"did not find expected alphabetic or numeric character", "while scanning an alias", AT_CONTEXT,
	 "'*' begins an alias, and no name follows", "put a text that begins with '*' in quotes"},
	{"did not find expected alphabetic or numeric character", "while scanning an anchor", AT_CONTEXT,
	 "'&' begins an anchor, and no name follows", "put a text that begins with '&' in quotes"},
	{"did not find expected comment or line break", "while scanning a block scalar", AT_PROBLEM,
	 "text behind the '|' or '>' that begins a block", "put the text on the next line, or the whole in quotes"},
	{"did not find expected <document start>", NULL, AT_PROBLEM,
	 "this stands outside of the document above",
	 "look at the indentation, or begin another document with a line '---'"},
	{"did not find expected node content", NULL, AT_PROBLEM,
	 "a value is expected here", QUOTE},
	{"found undefined tag handle", NULL, AT_PROBLEM,
	 "an unknown tag", "put a text that begins with '!' in quotes"},
};
/* clang-format on */

struct place yaml_problem_place(const struct source *source, yaml_mark_t mark)
{
	return (struct place){source, (uint32_t)mark.line + 1, (uint32_t)mark.column + 1};
}

static const struct wording *wording_find(const yaml_parser_t *parser)
{
	const char *context = parser->context ? parser->context : "";

	for (size_t i = 0; i < sizeof(wordings) / sizeof(wordings[0]); i++) {
		const struct wording *w = &wordings[i];

		if (strcmp(w->problem, parser->problem) != 0)
			continue;
		if (!w->context || strncmp(w->context, context, strlen(w->context)) == 0)
			return w;
	}
	return NULL;
}

/* "found character that cannot start any token": which one is all that matters. */
static int report_character(struct place at, struct diagnostics *ds)
{
	size_t n = 0, column = at.column - 1;
	const char *line = place_line(at, &n);
	char c = line && column < n ? line[column] : '\0';

	if (c == '\t') {
		diagnostic_error(ds, at, "a tab as indentation");
		return diagnostic_hint(ds, INDENT);
	}
	if (c > ' ' && c < 0x7f)
		diagnostic_error(ds, at, "a plain text cannot begin with '%c'", c);
	else
		diagnostic_error(ds, at, "a plain text cannot begin with this character");
	return diagnostic_hint(ds, QUOTE);
}

static int report_unknown(const yaml_parser_t *parser, struct place at, struct diagnostics *ds)
{
	if (parser->context)
		return diagnostic_error(ds, at, "%s %s", parser->context, parser->problem);
	return diagnostic_error(ds, at, "%s", parser->problem);
}

static int report_worded(const struct wording *w, struct place at, unsigned long context_line,
			 struct diagnostics *ds)
{
	const char *hole = strstr(w->message, "%lu");

	if (hole)
		diagnostic_error(ds, at, "%.*s%lu%s", (int)(hole - w->message), w->message,
				 context_line, hole + 3);
	else
		diagnostic_error(ds, at, "%s", w->message);
	return w->hint ? diagnostic_hint(ds, "%s", w->hint) : -EINVAL;
}

int yaml_problem_report(const yaml_parser_t *parser, const struct source *source,
			struct diagnostics *ds)
{
	struct place at = yaml_problem_place(source, parser->problem_mark);
	const struct wording *w;

	if (parser->error == YAML_MEMORY_ERROR || !parser->problem)
		return diagnostic_error(ds, (struct place){source, 0, 0},
					"not enough memory to read the file");
	if (parser->error == YAML_READER_ERROR)
		return diagnostic_error(ds, yaml_bytes_place(source, parser->problem_offset), "%s",
					parser->problem);
	if (strcmp(parser->problem, "found character that cannot start any token") == 0)
		return report_character(at, ds);
	w = wording_find(parser);
	if (!w)
		return report_unknown(parser, at, ds);
	if (w->at == AT_CONTEXT)
		at = yaml_problem_place(source, parser->context_mark);
	return report_worded(w, at, (unsigned long)parser->context_mark.line + 1, ds);
}
