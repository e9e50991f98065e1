#include "reconciler/bootfile.h"
#include "reconciler/commands.h"
#include "reconciler/export_print.h"
#include "reconciler/host.h"
#include "reconciler/report.h"
#include "schema/arena.h"
#include "schema/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The containers that are meant. */
struct choice {
	struct arena *arena;
	const struct options *o;
	struct diagnostics *ds;
	const char **names;
	size_t n, capacity;
	int dir;
};

static const char *escaped(struct choice *c, const char *text)
{
	return text_escape(c->arena, text, strlen(text), 0);
}

static void add_name(struct choice *c, const char *name)
{
	c->names = arena_grow(c->arena, c->names, c->n, &c->capacity, sizeof(*c->names));
	c->names[c->n++] = arena_strdup(c->arena, name);
}

static bool is_container(struct choice *c, const char *name)
{
	return faccessat(c->dir, arena_printf(c->arena, "%s/config", name), F_OK, 0) == 0;
}

static int compare_names(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static int choose_all(struct choice *c)
{
	int fd = openat(c->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir)
		return diagnostic_error(c->ds, NOWHERE, "%s: %s", c->o->lxcpath, strerror(errno));
	while ((entry = readdir(dir))) {
		const char *wrong = name_check_instance(entry->d_name);

		if (entry->d_name[0] == '.' || !is_container(c, entry->d_name))
			continue;
		if (!wrong)
			add_name(c, entry->d_name);
		else
			diagnostic_warning(c->ds, NOWHERE, "%s is left out: its name %s",
					   escaped(c, entry->d_name), wrong);
	}
	closedir(dir);
	if (c->n > 1)
		qsort(c->names, c->n, sizeof(*c->names), compare_names);
	return 0;
}

static bool is_named_before(const struct choice *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->names[i], name) == 0)
			return true;
	return false;
}

static int choose_named(struct choice *c)
{
	int result = 0;

	for (size_t i = 0; i < c->o->n_names; i++) {
		const char *name = c->o->names[i], *wrong = name_check_instance(name);

		if (wrong)
			result =
			    diagnostic_error(c->ds, NOWHERE, "'%s': %s", escaped(c, name), wrong);
		else if (!is_container(c, name))
			result = diagnostic_error(c->ds, NOWHERE, "there is no container %s in %s",
						  escaped(c, name), c->o->lxcpath);
		else if (!is_named_before(c, name))
			add_name(c, name);
	}
	return result;
}

static int choose(struct choice *c)
{
	int r;

	c->dir = open(c->o->lxcpath, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (c->dir < 0)
		return diagnostic_error(c->ds, NOWHERE, "%s: %s", c->o->lxcpath, strerror(errno));
	r = c->o->n_names ? choose_named(c) : choose_all(c);
	close(c->dir);
	return r;
}

static void print(const struct options *o, const struct exports *x)
{
	for (size_t i = 0; i < x->n; i++) {
		if (o->output == OUTPUT_JSON) {
			json_print(stdout, export_json(&x->items[i], o->show_secrets));
			continue;
		}
		if (i > 0)
			puts("---");
		export_yaml(stdout, &x->items[i], o->show_secrets);
		export_comments(stdout, &x->items[i], o->show_secrets);
	}
}

/* Is there something that the manifests could not say? */
static bool incomplete(const struct exports *x)
{
	for (size_t i = 0; i < x->n; i++) {
		if (x->items[i].n_notes)
			return true;
		for (size_t k = 0; k < x->items[i].n; k++)
			if (x->items[i].lines[k].dropped)
				return true;
	}
	return false;
}

int export_main(const struct options *o)
{
	struct arena *a = arena_new();
	struct diagnostics ds;
	struct choice c = {.arena = a, .o = o, .ds = &ds};
	struct exports x = {.arena = a};
	int status = 2;

	diagnostics_init(&ds, a);
	if (choose(&c) == 0 && export_take(o, c.names, c.n, &x, &ds) == 0) {
		print(o, &x);
		status = incomplete(&x) ? 1 : 0;
	}
	report_diagnostics(o, &ds);
	arena_free(a);
	return status;
}
