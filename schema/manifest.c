#include "schema/manifest.h"

#include "schema/arena.h"
#include "schema/document.h"
#include "schema/preseed.h"
#include "schema/shape.h"
#include "schema/yaml_bytes.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *folder;
	enum kind kind;
} folders[] = {
    {"instances",     KIND_INSTANCE},
    {"profiles",      KIND_PROFILE },
    {"networks",      KIND_NETWORK },
    {"storage-pools", KIND_POOL    },
};

static bool folder_kind(const char *name, size_t n, enum kind *out)
{
	for (size_t i = 0; i < COUNT(folders); i++) {
		if (strlen(folders[i].folder) != n || memcmp(folders[i].folder, name, n) != 0)
			continue;
		*out = folders[i].kind;
		return true;
	}
	return false;
}

/* The folder nearest to the file decides. */
struct manifest_hints manifest_hints_from_path(const char *path)
{
	struct manifest_hints hints = {0};
	const char *folder = path, *slash;

	while ((slash = strchr(folder, '/'))) {
		enum kind kind;

		if (folder_kind(folder, (size_t)(slash - folder), &kind)) {
			hints.kind = kind;
			hints.kind_known = true;
		}
		folder = slash + 1;
	}
	return hints;
}

/* "instances/web1.yaml" is about web1; standard input is about nothing in particular. */
static const char *stem_of(const char *path, struct arena *a)
{
	static const char *const endings[] = {".yaml", ".yml", ".json"};
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	size_t n = strlen(base);

	for (size_t i = 0; i < COUNT(endings); i++) {
		size_t ending = strlen(endings[i]);

		if (n > ending && strcmp(base + n - ending, endings[i]) == 0)
			return arena_strndup(a, base, n - ending);
	}
	return NULL;
}

static void not_a_manifest(struct reading *r, const struct node *root)
{
	diagnostic_warning(r->ds, root->at, "not a manifest");
	if (root->kind == NODE_MAPPING &&
	    (node_get(root, "config", NULL) || node_get(root, "devices", NULL)))
		diagnostic_hint(r->ds, "add kind: instance, or kind: profile");
	else
		diagnostic_hint(r->ds, "if it is meant to be one, add kind: instance, profile, "
				       "network, storage-pool or preseed");
}

static bool read_known(struct reading *r, const struct node *root, enum kind kind, bool broken,
		       struct document *out)
{
	size_t errors = r->ds->errors;

	if (kind != KIND_PRESEED) {
		if (!document_read(r, root, kind, out))
			return false;
		out->broken |= broken;
		return true;
	}
	preseed_read(r, root);
	*out = (struct document){
	    .kind = kind,
	    .name = r->stem ? arena_strdup(r->arena, r->stem) : "",
	    .description = "",
	    .at = root->at,
	    .name_at = root->at,
	    .broken = broken || r->ds->errors > errors,
	};
	return true;
}

/* What was cut off is read for its name only: what is missing in it may stand behind the cut. */
static bool read_cut(struct reading *r, const struct node *root, struct document *out)
{
	struct diagnostics nobody;
	struct reading quiet = *r;
	enum kind kind;

	diagnostics_init(&nobody, r->scratch);
	quiet.ds = &nobody;
	if (root->kind != NODE_MAPPING || shape_find(&quiet, root, &kind) != SHAPE_KNOWN ||
	    kind == KIND_PRESEED)
		return false;
	return document_identify(&quiet, root, kind, out);
}

static bool read_whole(struct reading *r, const struct node *root, bool broken,
		       struct document *out)
{
	enum kind kind;

	if (root->kind == NODE_SCALAR && !root->text[0])
		return false;
	if (root->kind != NODE_MAPPING) {
		not_a_manifest(r, root);
		return false;
	}
	switch (shape_find(r, root, &kind)) {
	case SHAPE_KNOWN:
		return read_known(r, root, kind, broken, out);
	case SHAPE_UNKNOWN:
		not_a_manifest(r, root);
		break;
	case SHAPE_BAD:
		break;
	}
	return false;
}

/* Documents that say something; empty ones between "---" do not count. */
static size_t count_documents(const struct documents *yaml)
{
	size_t n = 0;

	for (size_t i = 0; i < yaml->n; i++)
		n += yaml->roots[i]->kind != NODE_SCALAR || yaml->roots[i]->text[0];
	return n;
}

static void read_documents(struct reading *r, const struct documents *yaml, struct manifest *m)
{
	size_t n = count_documents(yaml);

	r->only = n == 1;
	m->documents = arena_alloc(m->arena, n * sizeof(*m->documents));
	for (size_t i = 0; i < yaml->n; i++) {
		const struct node *root = yaml->roots[i];
		struct document *d = &m->documents[m->n];
		bool cut = yaml->cut && i + 1 == yaml->n && yaml->broken[i];

		/* Beyond the bound of findings only who it is about still matters. */
		if (cut || reading_full(r) ? read_cut(r, root, d)
					   : read_whole(r, root, yaml->broken[i], d)) {
			d->faulty = d->broken;
			m->n++;
		}
	}
}

/* A tree of nodes is about so many times larger than its text; large files take more when they
 * need it. */
static size_t scratch_size(size_t n)
{
	return n < 4096 ? 1024 + 12 * n : 48u << 10;
}

static struct manifest *manifest_new(const char *path, const char *bytes, size_t n)
{
	size_t mark = yaml_bytes_mark(bytes, n);
	struct arena *a = arena_new();
	struct manifest *m;

	/* One block that fits nearly all: what a line of text becomes is two or three times it. */
	if (n < 4096)
		arena_reserve(a, 650 + 3 * n);
	m = arena_alloc(a, sizeof(*m));
	m->arena = a;
	m->source.name = arena_strdup(a, path);
	m->source.text = arena_strndup(a, bytes + mark, n - mark);
	m->source.size = n - mark;
	return m;
}

struct manifest *manifest_from_bytes(const char *path, const void *bytes, size_t n,
				     struct manifest_hints hints, struct diagnostics *ds)
{
	struct manifest *m = manifest_new(path, n ? bytes : "", n);
	struct arena *scratch = arena_new();
	struct documents yaml;
	struct reading r = {
	    .arena = m->arena,
	    .scratch = scratch,
	    .ds = ds,
	    .source = &m->source,
	    .hints = hints,
	};

	arena_reserve(scratch, scratch_size(n));
	r.stem = stem_of(path, scratch);
	yaml_read(&m->source, scratch, &yaml, ds);
	r.found_before = ds->n;
	read_documents(&r, &yaml, m);
	reading_report(&r);
	arena_free(scratch);
	return m;
}

void manifest_free(struct manifest *m)
{
	if (m && m->holders-- == 0)
		arena_free(m->arena);
}

struct manifest *manifest_hold(struct manifest *m)
{
	m->holders++;
	return m;
}

struct manifest *document_manifest(const struct document *d)
{
	const char *source = (const char *)d->at.source;

	return (struct manifest *)(source - offsetof(struct manifest, source));
}

const char *kind_name(enum kind k)
{
	switch (k) {
	case KIND_INSTANCE:
		return "instance";
	case KIND_PROFILE:
		return "profile";
	case KIND_NETWORK:
		return "network";
	case KIND_POOL:
		return "storage-pool";
	case KIND_PRESEED:
		return "preseed";
	}
	return "document";
}

const char *state_name(enum state s)
{
	switch (s) {
	case STATE_AS_IT_IS:
		return "as it is";
	case STATE_RUNNING:
		return "running";
	case STATE_STOPPED:
		return "stopped";
	case STATE_FROZEN:
		return "frozen";
	case STATE_ABSENT:
		return "absent";
	}
	return "unknown";
}
