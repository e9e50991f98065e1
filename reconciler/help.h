/*
 * help - what the commands are and take, printed from the tables.
 */
#pragma once

#include "reconciler/options.h"

#include <stdio.h>

/* All commands and the flags that they share. */
void help_program(FILE *f, const struct command *commands, size_t n);

/* One command: what it does, its flags, its exit statuses. */
void help_command(FILE *f, const struct command *c);
