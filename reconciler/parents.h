/*
 * parents - the interfaces of the host that nics hang on, looked up by their names.
 */
#pragma once

#include <stdbool.h>

struct survey;

/* Fills the host's parents: those of all nics of S's subjects, and those that containers have,
 * each looked up once. Asks the kernel only where there is one. SETTLE: what containers have given
 * back becomes what it was on the host. */
void parents_look(struct survey *s, bool settle);

/* Writes down what the interfaces are that containers are about to get whole: before any of them
 * moves. */
void parents_note(struct survey *s);
