/*
 * yamlwriter - YAML out: what a manifest reader reads back as the same texts.
 * Block style, ASCII (other characters escaped, so that none drives a terminal), texts quoted
 * where another reader would take them for a number or a word like yes.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <yaml.h>

struct yamlwriter {
	yaml_emitter_t emitter;
	bool failed; /* to be asked once, at the end */
};

void yamlwriter_open(struct yamlwriter *w, FILE *f);
/* Ends the stream; nothing more may be written. Returns 0 or -EIO. */
int yamlwriter_close(struct yamlwriter *w);

/* MARK: with "---" before it. */
void yamlwriter_document_start(struct yamlwriter *w, bool mark);
void yamlwriter_document_end(struct yamlwriter *w);

void yamlwriter_mapping_start(struct yamlwriter *w);
void yamlwriter_mapping_end(struct yamlwriter *w);
void yamlwriter_sequence_start(struct yamlwriter *w);
void yamlwriter_sequence_end(struct yamlwriter *w);

/* A text, quoted as needed: keys and values alike. */
void yamlwriter_text(struct yamlwriter *w, const char *text);
/* A word that shall stand as it is: true, false. */
void yamlwriter_word(struct yamlwriter *w, const char *word);
