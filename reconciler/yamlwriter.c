#include "reconciler/yamlwriter.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* Longer lines are never folded: values are to be found by grep. */
#define WIDTH (-1)

static void emit(struct yamlwriter *w, int made, yaml_event_t *event)
{
	if (!made || w->failed || !yaml_emitter_emit(&w->emitter, event))
		w->failed = true;
}

static int write_bytes(void *file, unsigned char *bytes, size_t n)
{
	return fwrite(bytes, 1, n, file) == n;
}

void yamlwriter_open(struct yamlwriter *w, FILE *f)
{
	yaml_event_t e;

	memset(w, 0, sizeof(*w));
	if (!yaml_emitter_initialize(&w->emitter)) {
		w->failed = true;
		return;
	}
	yaml_emitter_set_output(&w->emitter, write_bytes, f);
	yaml_emitter_set_width(&w->emitter, WIDTH);
	emit(w, yaml_stream_start_event_initialize(&e, YAML_UTF8_ENCODING), &e);
}

int yamlwriter_close(struct yamlwriter *w)
{
	yaml_event_t e;

	emit(w, yaml_stream_end_event_initialize(&e), &e);
	yaml_emitter_delete(&w->emitter);
	return w->failed ? -EIO : 0;
}

void yamlwriter_document_start(struct yamlwriter *w, bool mark)
{
	yaml_event_t e;

	emit(w, yaml_document_start_event_initialize(&e, NULL, NULL, NULL, !mark), &e);
}

void yamlwriter_document_end(struct yamlwriter *w)
{
	yaml_event_t e;

	emit(w, yaml_document_end_event_initialize(&e, 1), &e);
}

void yamlwriter_mapping_start(struct yamlwriter *w)
{
	yaml_event_t e;

	emit(w, yaml_mapping_start_event_initialize(&e, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE),
	     &e);
}

void yamlwriter_mapping_end(struct yamlwriter *w)
{
	yaml_event_t e;

	emit(w, yaml_mapping_end_event_initialize(&e), &e);
}

void yamlwriter_sequence_start(struct yamlwriter *w)
{
	yaml_event_t e;

	emit(w, yaml_sequence_start_event_initialize(&e, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE),
	     &e);
}

void yamlwriter_sequence_end(struct yamlwriter *w)
{
	yaml_event_t e;

	emit(w, yaml_sequence_end_event_initialize(&e), &e);
}

/* Would some reader of YAML 1.1 take it for something else than text? */
static bool looks_typed(const char *text)
{
	static const char *const words[] = {"true", "false", "yes", "no",   "on",
					    "off",  "y",     "n",   "null", "~"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcasecmp(text, words[i]) == 0)
			return true;
	}
	if (text[0] == '\0' || strcmp(text, "<<") == 0 || strcmp(text, "=") == 0)
		return true;
	/* numbers of all bases, times and dates, .inf and .nan */
	return strchr("0123456789+-.", text[0]) &&
	       text[strspn(text, "0123456789abcdefABCDEFxXoOinINTZ+-._: ")] == '\0';
}

static void scalar(struct yamlwriter *w, const char *text, yaml_scalar_style_t style)
{
	yaml_event_t e;
	int made = yaml_scalar_event_initialize(&e, NULL, NULL, (const yaml_char_t *)text,
						(int)strlen(text), 1, 1, style);

	emit(w, made, &e);
}

void yamlwriter_text(struct yamlwriter *w, const char *text)
{
	yaml_scalar_style_t style = YAML_PLAIN_SCALAR_STYLE;

	if (looks_typed(text))
		style = YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	else if (strchr(text, '\n'))
		style = YAML_LITERAL_SCALAR_STYLE;
	scalar(w, text, style);
}

void yamlwriter_word(struct yamlwriter *w, const char *word)
{
	scalar(w, word, YAML_PLAIN_SCALAR_STYLE);
}
