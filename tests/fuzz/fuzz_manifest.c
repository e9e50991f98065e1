/* Manifests from hostile text. The first byte chooses the folder, the rest is the file. What is not
 * broken is such that every later room may rely on it. */
#include "schema/arena.h"
#include "schema/manifest.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static const char *const paths[] = {
    "instances/fuzz.yaml",     "profiles/fuzz.yaml", "networks/fuzz.yaml",
    "storage-pools/fuzz.yaml", "fuzz.yaml",          "-",
};

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void check_settings(const struct settings *s, struct arena *a)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct setting *item = &s->items[i];
		struct complaint why;
		struct value value;

		demand(item->key && item->text[0] && item->at.line >= 1);
		demand(key_fits(item->key, item->name));
		demand(value_parse(item->key->grammar, item->text, a, &value, &why) == 0);
		demand(i == 0 || strcmp(s->items[i - 1].name, item->name) < 0);
	}
}

static void check_devices(const struct devices *devices, struct arena *a)
{
	for (size_t i = 0; i < devices->n; i++) {
		const struct device *d = &devices->items[i];

		demand(d->type && name_check_device(d->name) == NULL);
		demand(i == 0 || strcmp(devices->items[i - 1].name, d->name) < 0);
		check_settings(&d->options, a);
	}
}

static void check_document(const struct document *d, struct arena *a)
{
	demand(d->name && d->description);
	demand(d->kind != KIND_INSTANCE || name_check_instance(d->name) == NULL);
	demand(d->kind != KIND_PROFILE || name_check_profile(d->name) == NULL);
	check_settings(&d->config, a);
	check_devices(&d->devices, a);
	for (size_t i = 0; i < d->source.options.n; i++)
		demand(!strchr(d->source.options.items[i].text, '\n') || d->broken);
}

static void check_findings(const struct diagnostics *ds)
{
	for (size_t i = 0; i < ds->n; i++) {
		size_t n;

		for (const char *c = ds->items[i].message; *c; c++)
			demand((unsigned char)*c >= 0x20 && *c != 0x7f);
		place_line(ds->items[i].place, &n);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const char *path = paths[n ? bytes[0] % (sizeof(paths) / sizeof(paths[0])) : 0];
	struct arena *a = arena_new();
	struct diagnostics ds;
	struct manifest *m;
	bool broken = false;

	diagnostics_init(&ds, a);
	m = manifest_from_bytes(path, n ? bytes + 1 : bytes, n ? n - 1 : 0,
				manifest_hints_from_path(path), &ds);
	for (size_t i = 0; i < m->n; i++) {
		check_document(&m->documents[i], a);
		broken |= m->documents[i].broken;
	}
	demand(!broken || ds.errors > 0);
	check_findings(&ds);
	diagnostics_sort(&ds);
	manifest_free(m);
	arena_free(a);
	return 0;
}
