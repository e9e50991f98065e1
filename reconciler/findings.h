/*
 * findings - lists of findings compared: what is new of them has to be said, the rest was.
 */
#pragma once

#include "schema/diagnostic.h"

#include <stdbool.h>

/* Is D among N items, on whatever line? */
bool findings_among(const struct diagnostic *items, size_t n, const struct diagnostic *d);

/* Appends to OUT what NOW has and BEFORE has not. */
void findings_take_new(struct diagnostics *out, const struct diagnostics *before,
		       const struct diagnostics *now);

/* Appends copies to OUT, texts and all. */
void findings_copy(struct diagnostics *out, const struct diagnostics *from);
