#include "schema/expand.h"

#include <string.h>

/* A new field asks for something, or it does not: document_asks_same has to know. */
#if __SIZEOF_POINTER__ == 8
_Static_assert(sizeof(struct document) == 264, "decide about the new field, then count it here");
#endif

static bool same_text(const char *x, const char *y)
{
	return x == y || (x && y && strcmp(x, y) == 0);
}

/* The options of a template have no row. */
static bool same_setting(const struct setting *s, const struct setting *t)
{
	return same_text(s->name, t->name) &&
	       (same_text(s->text, t->text) ||
		(s->key && s->key == t->key && value_same(s->key->grammar, s->text, t->text)));
}

static bool same_settings(const struct settings *x, const struct settings *y)
{
	if (x->n != y->n)
		return false;
	for (size_t i = 0; i < x->n; i++)
		if (!same_setting(&x->items[i], &y->items[i]))
			return false;
	return true;
}

static bool same_creation(const struct creation *x, const struct creation *y)
{
	return !x->at.source == !y->at.source && same_text(x->template, y->template) &&
	       same_text(x->config, y->config) && same_settings(&x->options, &y->options);
}

static bool same_pause(const struct paused *x, const struct paused *y)
{
	return x->given == y->given && x->until == y->until && same_text(x->reason, y->reason);
}

/* Not asked: the kind and name, which are those of one instance; descriptions and places; the
 * profiles and the patterns of hosts, whose answers are in the expansion; whether it is broken,
 * which is there too; and who wrote it. */
bool document_asks_same(const struct document *d, const struct document *e)
{
	return d->state == e->state && d->restart_allowed == e->restart_allowed &&
	       same_pause(&d->paused, &e->paused) && same_creation(&d->source, &e->source) &&
	       same_text(d->type, e->type);
}

static bool same_device(const struct device *d, const struct device *e)
{
	return strcmp(d->name, e->name) == 0 && d->type == e->type &&
	       same_settings(&d->options, &e->options);
}

bool instance_same(const struct instance *i, const struct instance *k)
{
	if (i->held_back != k->held_back || i->last_good != k->last_good ||
	    i->elsewhere != k->elsewhere || i->n_config != k->n_config ||
	    i->n_devices != k->n_devices || !document_asks_same(i->document, k->document))
		return false;
	for (size_t n = 0; n < i->n_config; n++)
		if (!same_setting(i->config[n].setting, k->config[n].setting))
			return false;
	for (size_t n = 0; n < i->n_devices; n++) {
		if (!same_device(i->devices[n].device, k->devices[n].device))
			return false;
	}
	return true;
}
