/*
 * document - one document of a file: its fields, by kind.
 * A table of fields for each kind; a field without a reader is one that LXD and Incus write when
 * they are asked, and do not read: ignored.
 */
#pragma once

#include "schema/reading.h"

/* Reads ROOT, a mapping, as a document of KIND. True: OUT holds it, broken or not. False: it is
 * nothing of ours, or has no name; what there is to say was said. */
bool document_read(struct reading *r, const struct node *root, enum kind kind,
		   struct document *out);

/* Only what a document that was cut off says about who it is; reports nothing. */
bool document_identify(struct reading *r, const struct node *root, enum kind kind,
		       struct document *out);
