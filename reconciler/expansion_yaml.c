#include "reconciler/expansion.h"
#include "reconciler/yamlwriter.h"
#include "schema/arena.h"
#include "schema/moment.h"

#include <string.h>
#include <sys/utsname.h>

static void pair(struct yamlwriter *w, const char *key, const char *value)
{
	yamlwriter_text(w, key);
	yamlwriter_text(w, value);
}

static void flag(struct yamlwriter *w, const char *key, bool value)
{
	yamlwriter_text(w, key);
	yamlwriter_word(w, value ? "true" : "false");
}

static void write_settings(struct yamlwriter *w, const struct options *o, const struct settings *s)
{
	for (size_t i = 0; i < s->n; i++)
		pair(w, s->items[i].name, expansion_value(o, &s->items[i]));
}

static void write_config(struct yamlwriter *w, const struct options *o, const struct instance *i)
{
	yamlwriter_text(w, "config");
	yamlwriter_mapping_start(w);
	for (size_t k = 0; k < i->n_config; k++)
		pair(w, i->config[k].setting->name, expansion_value(o, i->config[k].setting));
	yamlwriter_mapping_end(w);
}

static void write_devices(struct yamlwriter *w, const struct options *o, const struct instance *i)
{
	yamlwriter_text(w, "devices");
	yamlwriter_mapping_start(w);
	for (size_t k = 0; k < i->n_devices; k++) {
		const struct device *d = i->devices[k].device;

		yamlwriter_text(w, d->name);
		yamlwriter_mapping_start(w);
		write_settings(w, o, &d->options);
		pair(w, "type", d->type->name);
		yamlwriter_mapping_end(w);
	}
	yamlwriter_mapping_end(w);
}

static void write_words(struct yamlwriter *w, const char *key, const struct words *words)
{
	yamlwriter_text(w, key);
	yamlwriter_sequence_start(w);
	for (size_t i = 0; i < words->n; i++)
		yamlwriter_text(w, words->items[i].text);
	yamlwriter_sequence_end(w);
}

static void write_profiles(struct yamlwriter *w, const struct document *d)
{
	static struct word preset = {.text = "default"};
	static const struct words only_default = {&preset, 1};

	write_words(w, "profiles", d->profiles_given ? &d->profiles : &only_default);
}

static void write_source(struct yamlwriter *w, const struct options *o, const struct creation *c)
{
	yamlwriter_text(w, "source");
	yamlwriter_mapping_start(w);
	if (c->template)
		pair(w, "template", c->template);
	if (c->options.n > 0) {
		yamlwriter_text(w, "options");
		yamlwriter_mapping_start(w);
		write_settings(w, o, &c->options);
		yamlwriter_mapping_end(w);
	}
	if (c->config)
		pair(w, "config", c->config);
	yamlwriter_mapping_end(w);
}

static void write_paused(struct yamlwriter *w, const struct paused *p)
{
	struct arena *a;

	if (!p->until && !p->reason[0]) {
		flag(w, "paused", true);
		return;
	}
	a = arena_new();
	yamlwriter_text(w, "paused");
	yamlwriter_mapping_start(w);
	if (p->until)
		pair(w, "until", moment_print(p->until, a));
	if (p->reason[0])
		pair(w, "reason", p->reason);
	yamlwriter_mapping_end(w);
	arena_free(a);
}

/* What LXD has no field for. */
static void write_own(struct yamlwriter *w, const struct options *o, const struct document *d)
{
	pair(w, "name", d->name);
	if (d->state != STATE_AS_IT_IS)
		pair(w, "state", state_name(d->state));
	if (d->restart_allowed)
		pair(w, "restart", "allowed");
	if (d->paused.given)
		write_paused(w, &d->paused);
	if (d->hosts.n > 0)
		write_words(w, "hosts", &d->hosts);
	if (d->source.template || d->source.config)
		write_source(w, o, &d->source);
}

static void write_instance(struct yamlwriter *w, const struct options *o, const struct expansion *e)
{
	struct utsname machine;

	yamlwriter_mapping_start(w);
	if (uname(&machine) == 0)
		pair(w, "architecture", machine.machine);
	write_config(w, o, e->instance);
	write_devices(w, o, e->instance);
	flag(w, "ephemeral", false);
	write_profiles(w, e->instance->document);
	flag(w, "stateful", false);
	pair(w, "description", e->instance->document->description);
	write_own(w, o, e->instance->document);
	yamlwriter_mapping_end(w);
}

void expansions_yaml(FILE *f, const struct options *o, const struct expansions *e)
{
	struct yamlwriter w;

	if (e->n == 0)
		return;
	yamlwriter_open(&w, f);
	for (size_t i = 0; i < e->n; i++) {
		yamlwriter_document_start(&w, i > 0);
		write_instance(&w, o, &e->items[i]);
		yamlwriter_document_end(&w);
	}
	/* Output that was lost is told by the stream itself. */
	yamlwriter_close(&w);
}
