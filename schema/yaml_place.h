/*
 * yaml_place - where a byte of a scalar's text stands in its source.
 * Looked up in the source when something has to be said about it: nodes and settings keep only
 * where their value begins.
 */
#pragma once

#include "schema/diagnostic.h"

/* The place of byte OFFSET of the scalar TEXT that begins at AT, whatever its style: plain, quoted,
 * or a block. AT itself where that cannot be told (folded, escaped, no source any more). */
struct place yaml_place_inside(struct place at, const char *text, size_t offset);
