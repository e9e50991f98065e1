/*
 * question - a yes or no from whoever sits at the terminal.
 */
#pragma once

#include <stdbool.h>

/* Is there somebody to ask? */
bool question_possible(void);

/* Asks on standard error, reads a line from standard input; anything but a yes is a no. */
bool question_ask(const char *question);
