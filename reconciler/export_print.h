/*
 * export_print - the manifest of a container as text that reads back as the same.
 */
#pragma once

#include "reconciler/export.h"

#include <stdio.h>

/* YAML, the lines that stand, with their remarks. */
void export_yaml(FILE *f, const struct exported *e, bool show_secrets);

/* What was left out and what no line says, as YAML comments. */
void export_comments(FILE *f, const struct exported *e, bool show_secrets);

struct json_t;
/* The same as an object; it is a manifest too. The caller owns the reference. */
struct json_t *export_json(const struct exported *e, bool show_secrets);
