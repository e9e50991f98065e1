/*
 * editors - how programs save a file: their system calls, one after another.
 * What is in every Debian (sed, perl, cp) is run itself; vim also, where it is installed.
 */
#pragma once

#include "tests/integration/harness.h"

struct save {
	const char *folder, *file; /* the file's place: FOLDER/FILE */
	const char *text;          /* all that shall be in it */
	const char *from, *to;     /* for who edits: this line becomes that one */
};

struct editor {
	const char *name;
	void (*save)(struct harness *h, const struct save *s);
	const char *needs; /* a program that may be missing; NULL */
};

extern const struct editor editors[];
extern const size_t n_editors;
