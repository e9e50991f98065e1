/*
 * usage_report - what a container uses, for people and for programs.
 */
#pragma once

#include "reconciler/usage.h"

#include <stdio.h>

struct json_t;

/* A few indented lines. */
void usage_print(FILE *f, const struct usage *u);

/* An object; what is unknown is null. NULL: it does not run. The caller owns the reference. */
struct json_t *usage_json(const struct usage *u);
