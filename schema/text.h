/*
 * text - untrusted text made fit to show, and near misses.
 * Names and values come from manifests, from containers and from the kernel: what is printed of
 * them is escaped and shortened, so that none of them drives a terminal or a log.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

/* N bytes of TEXT with control characters, DEL, C1 controls, bidirectional and other invisible
 * format characters and invalid UTF-8 as \n, \r, \t, \xNN or \u{N}. Longer than MOST characters:
 * cut on a character's end, with "..." behind. MOST 0: no bound. Printable UTF-8 stays as it is. */
char *text_escape(struct arena *a, const char *text, size_t n, size_t most);

/* Is this valid UTF-8 (shortest forms, no surrogates, at most U+10FFFF)? *BAD, if not NULL, is set
 * to the offset of the first bad byte. */
bool text_is_utf8(const char *text, size_t n, size_t *bad);

/* The character that N bytes of TEXT begin with. Returns its length in bytes; 0: none or invalid.
 */
size_t text_decode(const char *text, size_t n, uint32_t *c);

/* Characters (code points) in N bytes; an invalid byte counts as one. */
size_t text_columns(const char *text, size_t n);

/* The word out of WORDS (N of them) nearest to TEXT, when near enough to be a slip: at most a
 * third of its length in edits (insert, delete, replace, swap neighbours), never more than 3.
 * NULL: none. The first of several equally near. */
const char *text_near_miss(const char *text, const char *const *words, size_t n);
