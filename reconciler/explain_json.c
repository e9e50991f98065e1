#include "reconciler/explain.h"
#include "schema/notes.h"

#include <jansson.h>
#include <string.h>

static json_t *text(const char *s)
{
	return s ? json_string(s) : json_null();
}

static void set(json_t *object, const char *name, json_t *value)
{
	json_object_set_new(object, name, value);
}

struct bit {
	unsigned bit;
	const char *word;
};

static json_t *words_of(unsigned bits, const struct bit *words, size_t n)
{
	json_t *out = json_array();

	for (size_t i = 0; i < n; i++)
		if (bits & words[i].bit)
			json_array_append_new(out, json_string(words[i].word));
	return out;
}

static json_t *scopes(unsigned scope)
{
	static const struct bit words[] = {
	    {SCOPE_INSTANCE, "instance"    },
            {SCOPE_PROFILE,  "profile"     },
            {SCOPE_NETWORK,  "network"     },
	    {SCOPE_POOL,     "storage-pool"},
            {SCOPE_DEVICE,   "device"      },
	};

	return words_of(scope, words, sizeof(words) / sizeof(words[0]));
}

static json_t *dialects(unsigned dialect)
{
	static const struct bit words[] = {
	    {DIALECT_LXD,   "lxd"     },
            {DIALECT_INCUS, "incus"   },
            {DIALECT_OURS,  "evenkeel"}
        };

	return words_of(dialect, words, sizeof(words) / sizeof(words[0]));
}

static json_t *lines(const char *s)
{
	json_t *out = json_array();

	while (s && *s) {
		size_t n = strcspn(s, "\n");

		json_array_append_new(out, json_stringn(s, n));
		s += n + (s[n] == '\n');
	}
	return out;
}

/* Lines "FILE = FORMULA" as objects. */
static json_t *formulas(const char *s, const char *name)
{
	json_t *out = json_array();

	while (s && *s) {
		size_t n = strcspn(s, "\n");
		const char *sign = memmem(s, n, " = ", 3);
		size_t left = sign ? (size_t)(sign - s) : n;
		json_t *item = json_object();

		set(item, name, json_stringn(s, left));
		if (sign)
			set(item, "value", json_stringn(sign + 3, n - left - 3));
		json_array_append_new(out, item);
		s += n + (s[n] == '\n');
	}
	return out;
}

static json_t *choice(const struct grammar *g)
{
	json_t *out = json_array();

	for (size_t i = 0; g->words && g->words[i]; i++)
		json_array_append_new(out, json_string(g->words[i]));
	return out;
}

static json_t *json_key(const struct topic *t)
{
	const struct key *k = t->key;
	const struct note *n = note_find(t->label);
	json_t *out = json_object();

	set(out, "name", json_string(t->label));
	set(out, "key", json_string(k->name));
	set(out, "device", text(t->device ? t->device->name : NULL));
	set(out, "help", json_string(k->help));
	set(out, "grammar", json_string(k->grammar->name));
	set(out, "syntax", json_string(k->grammar->syntax));
	set(out, "words", choice(k->grammar));
	set(out, "default", json_string(k->preset));
	set(out, "scope", scopes(k->scope));
	set(out, "dialect", dialects(k->dialect));
	set(out, "effect", json_string(effect_name(k->effect)));
	set(out, "boot", json_string(boot_name(k->boot)));
	set(out, "cgroup_v1", formulas(n ? n->v1 : NULL, "file"));
	set(out, "cgroup_v2", formulas(n ? n->v2 : NULL, "file"));
	set(out, "link", formulas(n ? n->link : NULL, "what"));
	set(out, "lxc", formulas(n ? n->lxc : NULL, "item"));
	set(out, "note", text(k->note));
	set(out, "examples", lines(n ? n->examples : NULL));
	set(out, "text", text(n ? n->text : NULL));
	return out;
}

static json_t *json_device(const struct device_type *d)
{
	json_t *out = json_object();

	set(out, "name", json_string(d->name));
	set(out, "help", json_string(d->help));
	set(out, "effect", json_string(effect_name(d->effect)));
	set(out, "note", text(d->note));
	return out;
}

void explain_json(FILE *f, const struct topics *topics)
{
	json_t *out = json_object(), *keys = json_array(), *devices = json_array();

	for (size_t i = 0; i < topics->n; i++) {
		const struct topic *t = &topics->items[i];

		if (t->key)
			json_array_append_new(keys, json_key(t));
		else
			json_array_append_new(devices, json_device(t->device));
	}
	set(out, "version", json_integer(1));
	set(out, "devices", devices);
	set(out, "keys", keys);
	json_dumpf(out, f, JSON_INDENT(2));
	fputc('\n', f);
	json_decref(out);
}
