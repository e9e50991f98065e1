/* The reader on hostile text: whatever it makes of it stays within its own bounds. */
#include "schema/arena.h"
#include "schema/text.h"
#include "schema/yaml.h"
#include "schema/yaml_bytes.h"
#include "schema/yaml_place.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

struct walk {
	size_t nodes;
	bool good; /* nothing was found wrong with the text */
};

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void check_scalar(const struct walk *w, const struct node *node)
{
	size_t n = strlen(node->text), length;
	struct place last;

	demand(text_is_utf8(node->text, n, NULL));
	for (size_t i = 0; w->good && i < n; i += length)
		demand(!yaml_bytes_control(node->text + i, n - i, &length));
	for (size_t i = 0; i <= n; i += n / 3 + 1) {
		last = yaml_place_inside(node->at, node->text, i);
		demand(last.line >= node->at.line && last.column >= 1);
	}
}

static int compare(const void *x, const void *y)
{
	const struct node *const *a = x, *const *b = y;

	return strcmp((*a)->text, (*b)->text);
}

static void check_keys(const struct walk *w, const struct node *mapping)
{
	struct node **keys;

	if (!w->good || mapping->n < 2)
		return;
	keys = malloc(mapping->n * sizeof(*keys));
	demand(keys);
	memcpy(keys, mapping->keys, mapping->n * sizeof(*keys));
	qsort(keys, mapping->n, sizeof(*keys), compare);
	for (size_t i = 1; i < mapping->n; i++)
		demand(strcmp(keys[i - 1]->text, keys[i]->text) != 0);
	free(keys);
}

static void check_node(struct walk *w, const struct node *node, unsigned depth)
{
	demand(++w->nodes <= YAML_MOST_NODES + 2 && depth <= YAML_MOST_DEPTH * 2);
	demand(node->at.line >= 1 && node->at.column >= 1);
	if (node->kind == NODE_SCALAR)
		check_scalar(w, node);
	for (size_t i = 0; node->kind != NODE_SCALAR && i < node->n; i++) {
		if (node->kind == NODE_MAPPING) {
			demand(node->keys[i]->kind == NODE_SCALAR);
			demand(++w->nodes <= YAML_MOST_NODES + 2);
		}
		check_node(w, node->items[i], depth + 1);
	}
	if (node->kind == NODE_MAPPING)
		check_keys(w, node);
}

static void check_findings(const struct diagnostics *ds)
{
	for (size_t i = 0; i < ds->n; i++) {
		const char *message = ds->items[i].message;
		size_t n;

		for (const char *c = message; *c; c++)
			demand((unsigned char)*c >= 0x20 && *c != 0x7f);
		place_line(ds->items[i].place, &n);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena *a = arena_new();
	struct source source = {"fuzz.yaml", (const char *)bytes, n};
	struct documents documents;
	struct diagnostics ds;
	struct walk w = {0};
	int r;

	diagnostics_init(&ds, a);
	r = yaml_read(&source, a, &documents, &ds);
	demand((r < 0) == (ds.errors > 0));
	w.good = r == 0;
	for (size_t i = 0; i < documents.n; i++)
		check_node(&w, documents.roots[i], 1);
	check_findings(&ds);
	diagnostics_sort(&ds);
	arena_free(a);
	return 0;
}
