/*
 * yaml_bytes - a file's bytes, before anybody parses them.
 * libyaml stops at the first byte that it does not like and knows only its offset; and it takes
 * more for a line break than people and editors do. What passes here is UTF-8 without control
 * characters whose lines end with "\n" or "\r\n".
 */
#pragma once

#include "schema/diagnostic.h"

#include <stdbool.h>

/* Bytes of a UTF-8 byte order mark at the start: 3 or 0. */
size_t yaml_bytes_mark(const char *text, size_t n);

/* Returns 0, or -EINVAL with the first bad character in DS. */
int yaml_bytes_check(const struct source *source, struct diagnostics *ds);

/* Is this one of the control characters that no scalar may hold, even escaped? *LENGTH: the bytes
 * of the character at TEXT (at most N are read). */
bool yaml_bytes_control(const char *text, size_t n, size_t *length);

/* The place of the byte at OFFSET; LINE and COLUMN as people count them. */
struct place yaml_bytes_place(const struct source *source, size_t offset);
