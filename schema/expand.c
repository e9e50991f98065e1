#include "schema/expand.h"

#include "schema/arena.h"
#include "schema/crosscheck.h"
#include "schema/text.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* Near misses cost edit distances against every profile: only where that is cheap. */
#define MOST_PROFILES_TO_GUESS 1000
/* Longer lists of profiles do not fit on the stack. */
#define SHORT_LIST 16

bool hosts_match(const struct words *patterns, const char *host)
{
	bool only_exclusions = true, match;

	for (size_t i = 0; i < patterns->n; i++)
		only_exclusions &= patterns->items[i].text[0] == '!';
	match = only_exclusions;
	for (size_t i = 0; i < patterns->n; i++) {
		const char *pattern = patterns->items[i].text;
		bool exclude = pattern[0] == '!';

		if (fnmatch(pattern + exclude, host, 0) == 0)
			match = !exclude;
	}
	return match;
}

/* A setting or a device on its way up, and the document that it comes from. */
struct layer {
	const char *name;
	const void *what;
	const struct document *from;
};

/* The documents of an expansion, weakest first, the instance itself last. */
struct stack {
	const struct document **items;
	size_t n;
};

static size_t lay_settings(const struct document *d, struct layer *out)
{
	for (size_t i = 0; i < d->config.n; i++)
		out[i] = (struct layer){d->config.items[i].name, &d->config.items[i], d};
	return d->config.n;
}

static size_t lay_devices(const struct document *d, struct layer *out)
{
	for (size_t i = 0; i < d->devices.n; i++)
		out[i] = (struct layer){d->devices.items[i].name, &d->devices.items[i], d};
	return d->devices.n;
}

/* Two sorted layers become one in OUT; where both have a name the stronger one keeps it. */
static size_t merge(const struct layer *weak, size_t n_weak, const struct layer *strong,
		    size_t n_strong, struct layer *out)
{
	size_t i = 0, j = 0, n = 0;

	while (i < n_weak && j < n_strong) {
		int order =
		    weak[i].name == strong[j].name ? 0 : strcmp(weak[i].name, strong[j].name);

		if (order < 0) {
			out[n++] = weak[i++];
			continue;
		}
		i += order == 0;
		out[n++] = strong[j++];
	}
	memcpy(out + n, weak + i, (n_weak - i) * sizeof(*out));
	n += n_weak - i;
	memcpy(out + n, strong + j, (n_strong - j) * sizeof(*out));
	return n + n_strong - j;
}

/* Halves are merged with halves: a list of very many profiles stays n log n. SPARE and OUT have
 * room for all layers of the documents. */
static size_t flatten(const struct document *const *docs, size_t n,
		      size_t (*lay)(const struct document *, struct layer *), struct layer *out,
		      struct layer *spare)
{
	size_t weak, strong;

	if (n == 0)
		return 0;
	if (n == 1)
		return lay(docs[0], out);
	weak = flatten(docs, n / 2, lay, spare, out);
	strong = flatten(docs + n / 2, n - n / 2, lay, spare + weak, out + weak);
	return merge(spare, weak, spare + weak, strong, out);
}

static void fill_config(struct instance *i, const struct stack *s, struct layer *out,
			struct layer *spare, struct arena *a)
{
	i->n_config = flatten(s->items, s->n, lay_settings, out, spare);
	i->config = arena_alloc(a, i->n_config * sizeof(*i->config));
	for (size_t k = 0; k < i->n_config; k++)
		i->config[k] = (struct expanded){out[k].what, out[k].from};
}

static void fill_devices(struct instance *i, const struct stack *s, struct layer *out,
			 struct layer *spare, struct arena *a)
{
	i->n_devices = flatten(s->items, s->n, lay_devices, out, spare);
	i->devices = arena_alloc(a, i->n_devices * sizeof(*i->devices));
	for (size_t k = 0; k < i->n_devices; k++)
		i->devices[k] = (struct expanded_device){out[k].what, out[k].from, false};
}

#define ROOM_ON_STACK 128

static void fill(struct instance *i, const struct stack *s, struct arena *a)
{
	struct layer few[2 * ROOM_ON_STACK], *room = few;
	struct arena *scratch = NULL;
	size_t settings = 0, devices = 0, most;

	for (size_t k = 0; k < s->n; k++) {
		settings += s->items[k]->config.n;
		devices += s->items[k]->devices.n;
	}
	most = settings > devices ? settings : devices;
	if (most > ROOM_ON_STACK) {
		scratch = arena_new();
		room = arena_alloc(scratch, 2 * most * sizeof(*room));
	}
	fill_config(i, s, room, room + most, a);
	fill_devices(i, s, room, room + most, a);
	arena_free(scratch);
}

static const char *guess_profile(const struct catalog *c, const char *name, struct arena *a)
{
	const char **names;

	if (c->n_profiles == 0 || c->n_profiles > MOST_PROFILES_TO_GUESS)
		return NULL;
	names = arena_alloc(a, c->n_profiles * sizeof(*names));
	for (size_t i = 0; i < c->n_profiles; i++)
		names[i] = c->profiles[i]->name;
	return text_near_miss(name, names, c->n_profiles);
}

static bool unknown_profile(const struct catalog *c, const struct instance *i, const struct word *w,
			    const struct expand_options *o, struct diagnostics *ds)
{
	const char *guess = guess_profile(c, w->text, ds->arena);
	const char *shown = text_escape(ds->arena, w->text, strlen(w->text), 80);

	if (o->lone_files)
		diagnostic_warning(ds, w->at, "profile '%s' is not in the files given", shown);
	else
		diagnostic_error(ds, w->at, "there is no profile '%s'", shown);
	if (guess)
		diagnostic_hint(ds, "did you mean %s?", guess);
	diagnostic_for(ds, i->name);
	return o->lone_files;
}

/* The documents in their order, into S. False: the instance is to be held back. */
static bool stack_documents(const struct catalog *c, const struct instance *i,
			    const struct expand_options *o, struct stack *s, struct diagnostics *ds)
{
	const struct document *d = i->document, *p;
	bool fine = true;

	if (!d->profiles_given && (p = catalog_find(c, KIND_PROFILE, "default"))) {
		s->items[s->n++] = p;
		fine &= !p->broken;
	}
	for (size_t k = 0; k < d->profiles.n; k++) {
		p = catalog_find(c, KIND_PROFILE, d->profiles.items[k].text);
		if (p) {
			s->items[s->n++] = p;
			fine &= !p->broken;
		} else if (strcmp(d->profiles.items[k].text, "default") != 0) {
			fine &= unknown_profile(c, i, &d->profiles.items[k], o, ds);
		}
	}
	s->items[s->n++] = d;
	return fine;
}

static bool wants_default(const struct document *d)
{
	for (size_t k = 0; k < d->profiles.n; k++)
		if (strcmp(d->profiles.items[k].text, "default") == 0)
			return true;
	return !d->profiles_given;
}

struct instance *instance_expand(const struct catalog *c, const struct document *document,
				 const struct expand_options *o, struct arena *a,
				 struct diagnostics *ds)
{
	struct instance *i = arena_alloc(a, sizeof(*i));
	const struct document *few[SHORT_LIST + 2];
	struct arena *scratch = NULL;
	struct stack s = {few, 0};
	bool fine;

	if (document->profiles.n > SHORT_LIST) {
		scratch = arena_new();
		s.items = arena_alloc(scratch, (document->profiles.n + 2) * sizeof(*s.items));
	}
	i->name = document->name;
	i->document = document;
	i->elsewhere = !hosts_match(&document->hosts, o->host);
	fine = stack_documents(c, i, o, &s, ds);
	fill(i, &s, a);
	fine &= instance_crosscheck(c, i, ds);
	i->lacks_default =
	    o->default_missed && fine && !document->broken && wants_default(document);
	i->held_back = document->broken || !fine || i->lacks_default;
	arena_free(scratch);
	return i;
}

const struct expanded *instance_get(const struct instance *i, const char *key)
{
	size_t low = 0, high = i->n_config;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(i->config[middle].setting->name, key);

		if (order == 0)
			return &i->config[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const char *instance_text(const struct instance *i, const char *key)
{
	const struct expanded *e = instance_get(i, key);

	return e ? e->setting->text : NULL;
}

static bool read_value(const struct expanded *e, struct arena *a, struct value *out)
{
	struct complaint why;

	if (!e || !e->setting->key || !e->setting->key->grammar)
		return false;
	return value_parse(e->setting->key->grammar, e->setting->text, a, out, &why) == 0;
}

bool instance_value(const struct instance *i, const char *key, struct arena *a, struct value *out)
{
	return read_value(instance_get(i, key), a, out);
}

bool instance_yes(const struct instance *i, const char *key, bool preset)
{
	const struct expanded *e = instance_get(i, key);
	struct complaint why;
	struct value v;

	/* A boolean's value needs no memory. */
	if (!e || value_parse(&grammar_bool, e->setting->text, NULL, &v, &why) < 0)
		return preset;
	return v.yes;
}

const struct setting *device_get(const struct device *d, const char *option)
{
	for (size_t i = 0; i < d->options.n; i++) {
		if (strcmp(d->options.items[i].name, option) == 0)
			return &d->options.items[i];
	}
	return NULL;
}

const char *device_text(const struct device *d, const char *option)
{
	const struct setting *s = device_get(d, option);

	return s ? s->text : NULL;
}
