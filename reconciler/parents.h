/*
 * parents - the interfaces of the host that nics hang on, looked up by their names.
 */
#pragma once

struct survey;

/* Fills the host's parents: those of all nics of S's subjects, each looked up once. Asks the kernel
 * only where there is one. */
void parents_look(struct survey *s);
