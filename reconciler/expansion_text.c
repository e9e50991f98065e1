#include "reconciler/expansion.h"
#include "reconciler/report.h"
#include "schema/arena.h"
#include "schema/text.h"

#include <string.h>

/* Longer names and values push the next column, they do not widen it for all. */
#define MOST_NAME 36
#define MOST_VALUE 40
#define MOST_SHOWN 120

struct printer {
	FILE *f;
	const struct options *o;
	const struct expansion *e;
	struct arena *arena; /* of one instance */
	int name_width, value_width;
};

static const char *shown(struct printer *p, const char *text)
{
	return text_escape(p->arena, text, strlen(text), MOST_SHOWN);
}

static void widen(int *width, const char *text, int most)
{
	size_t n = text_columns(text, strlen(text));

	if (n <= (size_t)most && (int)n > *width)
		*width = (int)n;
}

static void pad(struct printer *p, const char *text, int width)
{
	int n = (int)text_columns(text, strlen(text));

	fprintf(p->f, "%s%*s", text, n < width ? width - n : 0, "");
}

/* "profiles/small.yaml:4" */
static const char *place(struct printer *p, struct place at)
{
	const char *text = report_place(at, p->arena);

	return text ? text : "?";
}

static const char *value(struct printer *p, const struct setting *s)
{
	return shown(p, expansion_value(p->o, s));
}

/* "nic, nictype=bridged, parent=br0" */
static const char *device(struct printer *p, const struct device *d)
{
	const char *text = d->type->name;

	for (size_t i = 0; i < d->options.n; i++)
		text = arena_printf(p->arena, "%s, %s=%s", text, shown(p, d->options.items[i].name),
				    value(p, &d->options.items[i]));
	return text;
}

static void row(struct printer *p, const char *name, const char *text, struct place at)
{
	fputs("    ", p->f);
	pad(p, name, p->name_width);
	fputs("  ", p->f);
	pad(p, text, p->value_width);
	fprintf(p->f, "  %s\n", place(p, at));
}

static void lost(struct printer *p, const struct loser *l, struct place winner)
{
	if (l->setting)
		fprintf(p->f, "        %s said %s, overridden by %s\n", place(p, l->setting->at),
			value(p, l->setting), place(p, winner));
	else
		fprintf(p->f, "        %s said %s, replaced by %s\n", place(p, l->device->at),
			device(p, l->device), place(p, winner));
}

static void print_config(struct printer *p)
{
	const struct instance *i = p->e->instance;

	if (i->n_config > 0)
		fputs("  config\n", p->f);
	for (size_t k = 0; k < i->n_config; k++) {
		const struct setting *s = i->config[k].setting;

		row(p, shown(p, s->name), value(p, s), s->at);
		for (size_t j = 0; j < p->e->n_losers; j++) {
			const struct loser *l = &p->e->losers[j];

			if (l->setting && strcmp(l->setting->name, s->name) == 0)
				lost(p, l, s->at);
		}
	}
}

static void print_devices(struct printer *p)
{
	const struct instance *i = p->e->instance;

	if (i->n_devices > 0)
		fputs("  devices\n", p->f);
	for (size_t k = 0; k < i->n_devices; k++) {
		const struct device *d = i->devices[k].device;

		row(p, shown(p, d->name), device(p, d), d->at);
		for (size_t j = 0; j < p->e->n_losers; j++) {
			const struct loser *l = &p->e->losers[j];

			if (l->device && strcmp(l->device->name, d->name) == 0)
				lost(p, l, d->at);
		}
	}
}

static void print_idmap(struct printer *p)
{
	fputs("  idmap\n", p->f);
	for (size_t k = 0; k < p->e->n_idmap; k++)
		fprintf(p->f, "    %s\n", p->e->idmap[k]);
	if (p->e->idmap_refused)
		fprintf(p->f, "    ? %s\n", shown(p, p->e->idmap_refused));
	else if (p->e->held)
		fputs("    ? held back\n", p->f);
	else if (p->e->n_idmap == 0)
		fputs("    none: privileged, its ids are the host's\n", p->f);
}

static void print_head(struct printer *p)
{
	const struct document *d = p->e->instance->document;
	const char *separator = "";

	fprintf(p->f, "%s  ", p->e->instance->name);
	if (!d->profiles_given)
		fputs("default", p->f);
	else if (d->profiles.n == 0)
		fputs("no profiles", p->f);
	for (size_t k = 0; k < d->profiles.n; k++) {
		fprintf(p->f, "%s%s", separator, shown(p, d->profiles.items[k].text));
		separator = ", ";
	}
	if (d->state != STATE_AS_IT_IS)
		fprintf(p->f, "  %s", state_name(d->state));
	if (d->paused.given)
		fputs("  (paused)", p->f);
	if (p->e->instance->elsewhere)
		fputs("  (not for this host)", p->f);
	if (p->e->held)
		fprintf(p->f, "  (held back: %s)", shown(p, p->e->held));
	fputc('\n', p->f);
}

static void measure(struct printer *p)
{
	const struct instance *i = p->e->instance;

	for (size_t k = 0; k < i->n_config; k++) {
		widen(&p->name_width, shown(p, i->config[k].setting->name), MOST_NAME);
		widen(&p->value_width, value(p, i->config[k].setting), MOST_VALUE);
	}
	for (size_t k = 0; k < i->n_devices; k++) {
		widen(&p->name_width, shown(p, i->devices[k].device->name), MOST_NAME);
		widen(&p->value_width, device(p, i->devices[k].device), MOST_VALUE);
	}
}

void expansions_text(FILE *f, const struct options *o, const struct expansions *e)
{
	for (size_t i = 0; i < e->n; i++) {
		struct printer p = {.f = f, .o = o, .e = &e->items[i], .arena = arena_new()};

		measure(&p);
		if (i > 0)
			fputc('\n', f);
		print_head(&p);
		print_config(&p);
		print_devices(&p);
		print_idmap(&p);
		arena_free(p.arena);
	}
}
