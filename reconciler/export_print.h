/*
 * export_print - the manifest of a container as text that reads back as the same.
 */
#pragma once

#include "reconciler/export.h"

#include <stdio.h>

/* YAML in A. *PLACES (if not NULL): for each of E's lines the line of the text it stands on, 0 for
 * those dropped. Dropped lines and notes become comments only where COMMENTS. */
char *export_yaml(const struct exported *e, bool show_secrets, bool comments, uint32_t **places,
		  struct arena *a);

struct json_t;
/* The same as an object; it is a manifest too. The caller owns the reference. */
struct json_t *export_json(const struct exported *e, bool show_secrets);
