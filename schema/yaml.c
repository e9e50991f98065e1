#include "schema/yaml.h"

#include "schema/arena.h"
#include "schema/text.h"
#include "schema/yaml_anchors.h"
#include "schema/yaml_bytes.h"
#include "schema/yaml_keys.h"
#include "schema/yaml_problem.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

struct reader {
	yaml_parser_t parser;
	const struct source *source;
	struct arena *arena;
	struct diagnostics *ds;
	struct yaml_anchors anchors;
	struct yaml_pair *pending; /* of the collections that are open, the innermost last */
	size_t n_pending, capacity;
	size_t nodes, bytes; /* so far, aliases counted as if they were copies */
	size_t found_before; /* findings that were there already */
	unsigned depth, flow_depth;
	bool failed; /* nothing more can be read */
};

static struct place place_of(const struct reader *r, yaml_mark_t mark)
{
	return yaml_problem_place(r->source, mark);
}

/* Ends the reading. */
static void fail(struct reader *r, struct place at, const char *what, size_t most)
{
	if (!r->failed)
		diagnostic_error(r->ds, at, "more than %zu %s", most, what);
	r->failed = true;
}

static bool pull(struct reader *r, yaml_event_t *event)
{
	if (r->ds->n - r->found_before > YAML_MOST_FINDINGS)
		fail(r, (struct place){r->source, 0, 0}, "errors in one file", YAML_MOST_FINDINGS);
	if (r->failed)
		return false;
	if (yaml_parser_parse(&r->parser, event))
		return true;
	r->failed = true;
	yaml_problem_report(&r->parser, r->source, r->ds);
	return false;
}

/* Counts what a node or an alias adds to the whole. */
static void charge(struct reader *r, struct place at, size_t nodes, size_t bytes)
{
	r->nodes += nodes;
	r->bytes += bytes;
	if (r->nodes > YAML_MOST_NODES)
		fail(r, at, "nodes in one file, aliases expanded", YAML_MOST_NODES);
	else if (r->bytes > YAML_MOST_TEXT)
		fail(r, at, "bytes of text in one file, aliases expanded", YAML_MOST_TEXT);
}

static struct node *node_new(struct reader *r, enum node_kind kind, struct place at)
{
	struct node *node = arena_alloc(r->arena, sizeof(*node));

	node->kind = kind;
	node->at = at;
	charge(r, at, 1, 0);
	return node;
}

/* What stands for something that was wrong: an empty scalar, so that the rest can be read. */
static struct node *node_nothing(struct reader *r, struct place at)
{
	struct node *node = node_new(r, NODE_SCALAR, at);

	node->plain = true;
	node->text = "";
	return node;
}

#define CORE_TAG "tag:yaml.org,2002:"

/* The tags of each kind of node; what they promise about a scalar is judged by its grammar. */
static const char *const core_tags[][6] = {
    [NODE_SCALAR] = {"str",   "int",   "bool", "null", "float", NULL},
    [NODE_SEQUENCE] = {"seq", NULL},
    [NODE_MAPPING] = {"map",       NULL         },
};

static bool tag_allowed(const char *tag, enum node_kind kind)
{
	if (strncmp(tag, CORE_TAG, strlen(CORE_TAG)) != 0)
		return false;
	for (const char *const *word = core_tags[kind]; *word; word++)
		if (strcmp(tag + strlen(CORE_TAG), *word) == 0)
			return true;
	return false;
}

static void check_tag(struct reader *r, const yaml_char_t *tag, enum node_kind kind,
		      struct place at)
{
	const char *text = (const char *)tag;

	if (!text || tag_allowed(text, kind))
		return;
	if (strncmp(text, CORE_TAG, strlen(CORE_TAG)) == 0)
		diagnostic_error(r->ds, at, "the tag !!%s cannot stand here",
				 text_escape(r->arena, text + strlen(CORE_TAG),
					     strlen(text) - strlen(CORE_TAG), 64));
	else
		diagnostic_error(r->ds, at, "an unknown tag '%s'",
				 text_escape(r->arena, text, strlen(text), 64));
	diagnostic_hint(r->ds, "leave tags out; put a text that begins with '!' in quotes");
}

/* An anchor's name belongs to a node while it is read; closing it says what it weighs. */
struct opened {
	const char *name;
	size_t nodes, bytes;
};

static struct opened anchor_open(struct reader *r, const yaml_char_t *name, struct node *node)
{
	struct opened o = {NULL, r->nodes, r->bytes};

	if (!name)
		return o;
	o.name = arena_strdup(r->arena, (const char *)name);
	yaml_anchors_open(&r->anchors, o.name, node);
	return o;
}

static void anchor_close(struct reader *r, const struct opened *o, const struct node *node)
{
	struct yaml_anchor *a = o->name ? yaml_anchors_find(&r->anchors, o->name) : NULL;

	/* Its own content may have given the name to another node. */
	if (!a || a->node != node)
		return;
	a->nodes = r->nodes - o->nodes + 1;
	a->bytes = r->bytes - o->bytes + (node->kind == NODE_SCALAR ? strlen(node->text) : 0);
	a->open = false;
}

static struct node *read_alias(struct reader *r, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	struct place at = place_of(r, event->start_mark);
	struct yaml_anchor *a = yaml_anchors_find(&r->anchors, name);

	if (a && !a->open) {
		charge(r, at, a->nodes, a->bytes);
		return r->failed ? node_nothing(r, at) : a->node;
	}
	if (a)
		diagnostic_error(r->ds, at, "'*%s' is part of what it stands for",
				 text_escape(r->arena, name, strlen(name), 64));
	else
		diagnostic_error(r->ds, at, "no anchor '&%s' before this",
				 text_escape(r->arena, name, strlen(name), 64));
	return node_nothing(r, at);
}

/* Only double quotes can bring in what yaml_bytes_check() looked for. False: they did. */
static bool check_escapes(struct reader *r, struct place at, const char *text, size_t n)
{
	size_t length;

	for (size_t i = 0; i < n; i += length) {
		if (!yaml_bytes_control(text + i, n - i, &length))
			continue;
		diagnostic_error(r->ds, at, "an escaped control character (U+%04X)",
				 (unsigned)(unsigned char)text[i + length - 1]);
		diagnostic_hint(r->ds, "a text may hold tabs and line breaks only");
		return false;
	}
	return true;
}

static bool is_null(const char *text)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL"};

	if (text[0] && text[0] != '~' && text[0] != 'n' && text[0] != 'N')
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	return false;
}

static bool tagged(const yaml_event_t *event, const char *core)
{
	const char *tag = (const char *)event->data.scalar.tag;

	return tag && strncmp(tag, CORE_TAG, strlen(CORE_TAG)) == 0 &&
	       strcmp(tag + strlen(CORE_TAG), core) == 0;
}

static struct node *read_scalar(struct reader *r, const yaml_event_t *event)
{
	struct place at = place_of(r, event->start_mark);
	const char *text = (const char *)event->data.scalar.value;
	size_t n = event->data.scalar.length;
	struct node *node = node_new(r, NODE_SCALAR, at);
	struct opened anchor = anchor_open(r, event->data.scalar.anchor, node);

	node->text = "";
	check_tag(r, event->data.scalar.tag, NODE_SCALAR, at);
	if (n > YAML_MOST_SCALAR) {
		fail(r, at, "bytes in one text", YAML_MOST_SCALAR);
		return node;
	}
	if (event->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE)
		node->refused = !check_escapes(r, at, text, n);
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !tagged(event, "str");
	if (!node->plain || !is_null(text))
		node->text = arena_strndup(r->arena, text, n);
	if (tagged(event, "null") && !is_null(text))
		diagnostic_error(r->ds, at, "the tag !!null before a text");
	anchor_close(r, &anchor, node);
	charge(r, at, 0, n);
	return node;
}

static struct node *read_node(struct reader *r, yaml_event_t *event);

static bool enter(struct reader *r, struct place at, bool flow)
{
	r->depth++;
	r->flow_depth += flow;
	if (r->depth > YAML_MOST_DEPTH)
		fail(r, at, "levels of nesting", YAML_MOST_DEPTH);
	else if (r->flow_depth > YAML_MOST_FLOW_DEPTH)
		fail(r, at, "open [ and {", YAML_MOST_FLOW_DEPTH);
	return !r->failed;
}

static void leave(struct reader *r, bool flow)
{
	r->depth--;
	r->flow_depth -= flow;
}

static void pend(struct reader *r, struct node *key, struct node *value)
{
	r->pending =
	    arena_grow(r->arena, r->pending, r->n_pending, &r->capacity, sizeof(*r->pending));
	r->pending[r->n_pending++] = (struct yaml_pair){key, value};
}

/* The next member of a collection; NULL: it ended, or the reading did. */
static struct node *read_member(struct reader *r, yaml_event_type_t end)
{
	yaml_event_t event;
	struct node *node;

	if (!pull(r, &event))
		return NULL;
	if (event.type == end) {
		yaml_event_delete(&event);
		return NULL;
	}
	node = read_node(r, &event);
	yaml_event_delete(&event);
	return node;
}

static struct node *read_sequence(struct reader *r, const yaml_event_t *event)
{
	struct place at = place_of(r, event->start_mark);
	bool flow = event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
	struct node *node = node_new(r, NODE_SEQUENCE, at), *item;
	struct opened anchor = anchor_open(r, event->data.sequence_start.anchor, node);
	size_t first = r->n_pending;

	check_tag(r, event->data.sequence_start.tag, NODE_SEQUENCE, at);
	if (enter(r, at, flow))
		while ((item = read_member(r, YAML_SEQUENCE_END_EVENT)))
			pend(r, NULL, item);
	leave(r, flow);
	node->n = r->n_pending - first;
	node->items = arena_alloc(r->arena, node->n * sizeof(struct node *));
	for (size_t i = 0; i < node->n; i++)
		node->items[i] = r->pending[first + i].value;
	r->n_pending = first;
	anchor_close(r, &anchor, node);
	return node;
}

static void read_pairs(struct reader *r, struct node *mapping)
{
	struct node *key, *value;

	while ((key = read_member(r, YAML_MAPPING_END_EVENT))) {
		value = read_member(r, YAML_NO_EVENT);
		if (key->kind != NODE_SCALAR) {
			diagnostic_error(r->ds, key->at, "a key must be a plain text");
			continue;
		}
		mapping->refused |= key->refused;
		/* Cut off behind its key, a pair says nothing. */
		if (value && !key->refused)
			pend(r, key, value);
	}
}

static struct node *read_mapping(struct reader *r, const yaml_event_t *event)
{
	struct place at = place_of(r, event->start_mark);
	bool flow = event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
	struct node *node = node_new(r, NODE_MAPPING, at);
	struct opened anchor = anchor_open(r, event->data.mapping_start.anchor, node);
	size_t first = r->n_pending;

	check_tag(r, event->data.mapping_start.tag, NODE_MAPPING, at);
	if (enter(r, at, flow))
		read_pairs(r, node);
	leave(r, flow);
	yaml_keys_settle(node, r->pending + first, r->n_pending - first, r->arena, r->ds);
	r->n_pending = first;
	anchor_close(r, &anchor, node);
	return node;
}

/* The node that EVENT begins. Never NULL, also when the reading fails inside. */
static struct node *read_node(struct reader *r, yaml_event_t *event)
{
	if (event->type == YAML_SCALAR_EVENT)
		return read_scalar(r, event);
	if (event->type == YAML_SEQUENCE_START_EVENT)
		return read_sequence(r, event);
	if (event->type == YAML_MAPPING_START_EVENT)
		return read_mapping(r, event);
	return read_alias(r, event);
}

static void read_document(struct reader *r, struct place at, struct documents *out,
			  size_t *capacity)
{
	size_t errors = r->ds->errors, broken_capacity = *capacity;
	struct node *root;

	if (out->n == YAML_MOST_DOCUMENTS) {
		fail(r, at, "documents in one file", YAML_MOST_DOCUMENTS);
		return;
	}
	yaml_anchors_clear(&r->anchors);
	root = read_member(r, YAML_DOCUMENT_END_EVENT);
	if (!root)
		return;
	out->broken =
	    arena_grow(r->arena, out->broken, out->n, &broken_capacity, sizeof(*out->broken));
	out->roots = arena_grow(r->arena, out->roots, out->n, capacity, sizeof(struct node *));
	out->roots[out->n] = root;
	out->broken[out->n++] = r->ds->errors > errors;
}

static void read_stream(struct reader *r, struct documents *out)
{
	yaml_event_t event;
	yaml_event_type_t type = YAML_NO_EVENT;
	size_t capacity = 0;

	while (type != YAML_STREAM_END_EVENT && pull(r, &event)) {
		struct place at = place_of(r, event.start_mark);

		type = event.type;
		yaml_event_delete(&event);
		if (type == YAML_DOCUMENT_START_EVENT)
			read_document(r, at, out, &capacity);
	}
}

static int refuse_size(const struct source *source, struct diagnostics *ds)
{
	diagnostic_error(ds, (struct place){source, 0, 0}, "more than %u bytes in one file",
			 YAML_MOST_BYTES);
	return diagnostic_hint(ds, "split the file: this is far more than manifests need");
}

int yaml_read(const struct source *source, struct arena *a, struct documents *out,
	      struct diagnostics *ds)
{
	struct reader r = {
	    .source = source,
	    .arena = a,
	    .ds = ds,
	    .anchors.arena = a,
	    .found_before = ds->n,
	};
	size_t mark, errors = ds->errors;

	*out = (struct documents){.cut = true};
	if (source->size > YAML_MOST_BYTES)
		return refuse_size(source, ds);
	if (yaml_bytes_check(source, ds) < 0)
		return -EINVAL;
	if (!yaml_parser_initialize(&r.parser))
		return yaml_problem_report(&r.parser, source, ds);
	r.pending = arena_grow(a, NULL, 0, &r.capacity, sizeof(*r.pending));
	mark = yaml_bytes_mark(source->text, source->size);
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)source->text + mark,
				     source->size - mark);
	read_stream(&r, out);
	yaml_parser_delete(&r.parser);
	out->cut = r.failed;
	return ds->errors > errors ? -EINVAL : 0;
}

struct node *node_get(const struct node *mapping, const char *key, struct place *at)
{
	if (mapping->kind != NODE_MAPPING)
		return NULL;
	for (size_t i = 0; i < mapping->n; i++) {
		const char *text = mapping->keys[i]->text;

		if (text[0] != key[0] || strcmp(text, key) != 0)
			continue;
		if (at)
			*at = mapping->keys[i]->at;
		return mapping->items[i];
	}
	return NULL;
}
