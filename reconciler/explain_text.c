#include "reconciler/explain.h"
#include "schema/arena.h"
#include "schema/notes.h"

#include <string.h>

#define WIDTH 80
#define LABEL 12 /* columns of "cgroup v1" and blanks */

static void blanks(FILE *f, size_t n)
{
	fprintf(f, "%*s", (int)n, "");
}

/* One paragraph: the first line goes on at column INDENT, the others begin there. */
static void wrap(FILE *f, const char *text, size_t n, size_t indent)
{
	size_t column = indent;

	for (size_t at = 0; at < n;) {
		size_t word = 0;

		while (at + word < n && text[at + word] != ' ')
			word++;
		if (column > indent && column + 1 + word > WIDTH) {
			fputc('\n', f);
			blanks(f, indent);
			column = indent;
		} else if (column > indent) {
			fputc(' ', f);
			column++;
		}
		fwrite(text + at, 1, word, f);
		column += word;
		at += word;
		while (at < n && text[at] == ' ')
			at++;
	}
	fputc('\n', f);
}

static void field(FILE *f, const char *label, const char *text)
{
	fprintf(f, "%-*s", LABEL, label);
	wrap(f, text, strlen(text), LABEL);
}

/* Lines, each wrapped by itself; the label stands before the first. */
static void field_lines(FILE *f, const char *label, const char *lines)
{
	while (lines && *lines) {
		size_t n = strcspn(lines, "\n");

		fprintf(f, "%-*s", LABEL, label);
		wrap(f, lines, n, LABEL);
		label = "";
		lines += n + (lines[n] == '\n');
	}
}

/* Prose is wrapped; lines that begin with a blank stand as they are. */
static void prose(FILE *f, const char *text)
{
	fputc('\n', f);
	while (*text) {
		size_t n = strcspn(text, "\n");

		if (*text == ' ')
			fprintf(f, "%.*s\n", (int)n, text);
		else
			wrap(f, text, n, 0);
		text += n + (text[n] == '\n');
	}
}

static const char *effect_text(enum effect e)
{
	switch (e) {
	case EFFECT_LIVE:
		return "live: at once, on the running container";
	case EFFECT_START:
		return "start: with the start that the plan makes";
	case EFFECT_RESTART:
		return "restart: with the next start; until then it is pending";
	case EFFECT_RECREATE:
		return "recreate: only for a container that is made anew";
	case EFFECT_POLICY:
		return "policy: steers evenkeel, holds nothing in the kernel";
	case EFFECT_UNSUPPORTED:
		return "unsupported: checked, and not carried out";
	case EFFECT_IGNORED:
		return "ignored: accepted, and of no effect";
	}
	return "";
}

static const char *boot_text(enum boot b)
{
	switch (b) {
	case BOOT_NONE:
		return NULL;
	case BOOT_FILE:
		return "file: LXC itself sets it when the container starts";
	case BOOT_AFTER_START:
		return "after-start: it holds from the first pass after a start";
	}
	return NULL;
}

static const char *where(const struct topic *t, struct arena *a)
{
	if (t->device)
		return arena_printf(a, "devices of type %s", t->device->name);
	if (t->key->scope & SCOPE_NETWORK)
		return "networks";
	if (t->key->scope & SCOPE_POOL)
		return "storage pools";
	if ((t->key->scope & SCOPE_CONTAINER) == SCOPE_INSTANCE)
		return "instances only";
	if ((t->key->scope & SCOPE_CONTAINER) == SCOPE_PROFILE)
		return "profiles only";
	return "instances and profiles";
}

static const char *whose(unsigned dialect)
{
	if (dialect & DIALECT_OURS)
		return "evenkeel alone";
	if (dialect == DIALECT_LXD)
		return "LXD";
	return dialect == DIALECT_INCUS ? "Incus" : "LXD and Incus";
}

static void kernel(FILE *f, const struct note *n)
{
	field_lines(f, "kernel", n->link);
	if (n->v1 && *n->v1 == '/') {
		field_lines(f, "kernel", n->v1);
		return;
	}
	field_lines(f, "cgroup v1", n->v1 ? n->v1 : n->v2 ? "nothing" : NULL);
	field_lines(f, "cgroup v2", n->v2 ? n->v2 : n->v1 ? "nothing" : NULL);
}

static void heading(FILE *f, const char *label, const char *help, bool color)
{
	fprintf(f, "%s%s%s\n", color ? "\033[1m" : "", label, color ? "\033[0m" : "");
	blanks(f, 4);
	wrap(f, help, strlen(help), 4);
	fputc('\n', f);
}

static void whole_key(FILE *f, const struct topic *t, bool color)
{
	struct arena *a = arena_new();
	const struct key *k = t->key;
	const struct note *n = note_find(t->label);
	const char *boot = boot_text(k->boot);

	heading(f, t->label, k->help, color);
	field(f, "value", arena_printf(a, "%s: %s", k->grammar->name, k->grammar->syntax));
	field(f, "default", k->preset);
	field(f, "allowed in", where(t, a));
	field(f, "known to", whose(k->dialect));
	field(f, "effect",
	      k->effect == EFFECT_LIVE && k->scope == SCOPE_NETWORK ? "live: at once"
								    : effect_text(k->effect));
	if (boot)
		field(f, "boot", boot);
	if (n)
		kernel(f, n);
	if (n)
		field_lines(f, "LXC", n->lxc);
	if (k->note)
		field(f, "note", k->note);
	if (n)
		field_lines(f, "example", n->examples);
	if (n && n->text)
		prose(f, n->text);
	arena_free(a);
}

static void whole_device(FILE *f, const struct topic *t, bool color)
{
	heading(f, t->label, t->device->help, color);
	field(f, "effect", effect_text(t->device->effect));
	if (t->device->note)
		field(f, "note", t->device->note);
}

/* A list's column of labels is as wide as the widest up to the next whole topic. */
static size_t widest(const struct topics *topics, size_t from)
{
	size_t width = 0;

	for (size_t i = from; i < topics->n && topics->items[i].brief; i++) {
		size_t n = strlen(topics->items[i].label);

		width = n > width ? n : width;
	}
	return width;
}

static void line(FILE *f, const struct topic *t, size_t width)
{
	fprintf(f, "  %-*s  %-11s  %s\n", (int)width, t->label, effect_name(t->key->effect),
		t->key->help);
}

void explain_text(FILE *f, const struct topics *topics, bool color)
{
	const char *group = NULL;
	size_t width = 0;

	for (size_t i = 0; i < topics->n; i++) {
		const struct topic *t = &topics->items[i];

		if (t->brief) {
			width = group ? width : widest(topics, i);
			if (!group || strcmp(group, t->group) != 0)
				fprintf(f, "%s%s\n", i ? "\n" : "", t->group);
			group = t->group;
			line(f, t, width);
			continue;
		}
		group = NULL;
		fputs(i ? "\n" : "", f);
		if (t->key)
			whole_key(f, t, color);
		else
			whole_device(f, t, color);
	}
}
