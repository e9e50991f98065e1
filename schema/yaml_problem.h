/*
 * yaml_problem - libyaml's complaints in words that help.
 * libyaml speaks of tokens and simple keys; people have a missing quote, a tab or a line that is
 * indented wrongly. One row per complaint; what has no row is passed on as libyaml says it.
 */
#pragma once

#include "schema/diagnostic.h"

#include <yaml.h>

/* Reports the error that PARSER stopped at while reading SOURCE. Returns -EINVAL. */
int yaml_problem_report(const yaml_parser_t *parser, const struct source *source,
			struct diagnostics *ds);

/* libyaml counts from 0. */
struct place yaml_problem_place(const struct source *source, yaml_mark_t mark);
