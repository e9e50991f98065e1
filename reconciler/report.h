/*
 * report - results as people read them, and as programs do: two printers of one result.
 * Nothing of a manifest, a container or the kernel reaches a terminal raw.
 */
#pragma once

#include "reconciler/pass.h"

#include <stdio.h>

/* Findings on standard error: FILE:LINE:COLUMN: error: MESSAGE, the line, a caret, the hint. With
 * -q only errors. */
void report_diagnostics(const struct options *o, const struct diagnostics *ds);
/* The same without notices, which take -v: what a plan is printed beside. */
void report_warnings(const struct options *o, const struct diagnostics *ds);
void report_diagnostics_to(FILE *f, const struct options *o, const struct diagnostics *ds);

/* A plan or what became of it. */
void report_text(FILE *f, const struct options *o, const struct result *r);
void report_json(FILE *f, const struct options *o, const struct result *r);

/* -vv: a line on standard error for one write to the kernel. ERROR: 0 or an errno. */
void report_kernel_write(const char *what, const char *value, int error);

/* All of it, in the format that O asks for: findings first, then the plan. With -q only what went
 * wrong. */
void report_result(const struct options *o, const struct result *r);

/* The last line of a report, without its line break: what is to be done, or was. In A. */
char *report_total(const struct result *r, struct arena *a);

/* "running", ...; of a network "missing", "down" or "up". */
const char *report_status(const struct outcome *outcome);

/* Is there anything to show of an outcome? */
bool report_shows(const struct options *o, const struct outcome *outcome);

struct json_t;
/* JSON pieces that several commands share. The caller owns the reference. */
struct json_t *json_origin(struct place at, const struct document *from);
struct json_t *json_diagnostics(const struct diagnostics *ds);
/* A text as it is; invalid UTF-8 is escaped; NULL is null. */
struct json_t *json_text(const char *text);
/* Prints a document, in ASCII so that no name in it drives a terminal, and lets go of it. */
void json_print(FILE *f, struct json_t *document);

/* Is this a value to be hidden: environment.*, cloud-init.*, and user.* keys ending in password,
 * token, secret or key? */
bool report_secret(const char *key);
/* Likewise for a change, whose key may be unknown once nobody desires it. */
bool report_secret_change(const struct change *c);
/* TEXT about a change: "(hidden)" where it is a secret value of C's, or with those in it replaced.
 * TEXT itself, not a copy, where nothing is to be hidden. */
const char *report_hide(const struct options *o, const struct change *c, const char *text,
			struct arena *a);

/* A property's value in the units people read: 268435456 of memory.max is "256MiB". Escaped. */
char *report_value(const char *object, const char *attribute, const char *value, struct arena *a);

/* An object that comes, goes or becomes another one, with what is worth a word of it: "veth on br0,
 * 00:16:3e:.., ingress 50Mbit". WHOLE is the change of its identity among ALL. Escaped. */
const char *report_whole(const struct changes *all, const struct change *whole, struct arena *a);

/* What people call a property: "cgroup memory.max", "idmap", "boot file". Escaped. */
const char *report_name(const struct change *c, struct arena *a);

/* "profiles/small.yaml:4", escaped; NULL when the place is nowhere. */
char *report_place(struct place at, struct arena *a);
