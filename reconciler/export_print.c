#include "reconciler/export_print.h"

#include "reconciler/report.h"
#include "reconciler/yamlwriter.h"
#include "schema/arena.h"
#include "schema/text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* What a manifest may ask for. */
static const char *state_of(const struct exported *e)
{
	return e->status == STATUS_STARTING ? "running" : status_name(e->status);
}

static bool is_hidden(const struct export_line *l, bool show_secrets)
{
	return !show_secrets && !l->device && report_secret(l->key);
}

static bool stands(const struct export_line *l, bool show_secrets)
{
	return !l->dropped && !is_hidden(l, show_secrets);
}

static bool any(const struct exported *e, bool devices, bool show_secrets)
{
	for (size_t i = 0; i < e->n; i++)
		if (stands(&e->lines[i], show_secrets) && !e->lines[i].device == !devices)
			return true;
	return false;
}

static void write_pair(struct yamlwriter *w, const char *key, const char *value)
{
	yamlwriter_text(w, key);
	yamlwriter_text(w, value);
}

/* The lines of config, or those of the device. */
static void write_lines(struct yamlwriter *w, const struct exported *e, bool devices,
			bool show_secrets)
{
	for (size_t i = 0; i < e->n; i++)
		if (stands(&e->lines[i], show_secrets) && !e->lines[i].device == !devices)
			write_pair(w, e->lines[i].key, e->lines[i].value);
}

/* The only device that is known of a container by looking is its rootfs. */
static void write_devices(struct yamlwriter *w, const struct exported *e, bool show_secrets)
{
	yamlwriter_text(w, "devices");
	yamlwriter_mapping_start(w);
	yamlwriter_text(w, "root");
	yamlwriter_mapping_start(w);
	write_pair(w, "type", "disk");
	write_pair(w, "path", "/");
	write_lines(w, e, true, show_secrets);
	yamlwriter_mapping_end(w);
	yamlwriter_mapping_end(w);
}

static void write_manifest(FILE *f, const struct exported *e, bool show_secrets)
{
	struct yamlwriter w;

	yamlwriter_open(&w, f);
	yamlwriter_document_start(&w, false);
	yamlwriter_mapping_start(&w);
	write_pair(&w, "kind", "instance");
	write_pair(&w, "name", e->name);
	yamlwriter_text(&w, "profiles");
	yamlwriter_sequence_start(&w);
	yamlwriter_sequence_end(&w);
	write_pair(&w, "state", state_of(e));
	if (any(e, false, show_secrets)) {
		yamlwriter_text(&w, "config");
		yamlwriter_mapping_start(&w);
		write_lines(&w, e, false, show_secrets);
		yamlwriter_mapping_end(&w);
	}
	if (any(e, true, show_secrets))
		write_devices(&w, e, show_secrets);
	yamlwriter_mapping_end(&w);
	yamlwriter_document_end(&w);
	yamlwriter_close(&w);
}

/* Of the line of config that TEXT is; NULL: none. What belongs to a value of several lines stands
 * further in. */
static const char *remark_on(const struct exported *e, const char *text, bool show_secrets)
{
	static const char indent[] = "  ";

	if (strncmp(text, indent, strlen(indent)) != 0)
		return NULL;
	text += strlen(indent);
	for (size_t i = 0; i < e->n; i++) {
		const struct export_line *l = &e->lines[i];
		size_t n = strlen(l->key);

		if (l->remark && !l->device && stands(l, show_secrets) &&
		    strncmp(text, l->key, n) == 0 && text[n] == ':')
			return l->remark;
	}
	return NULL;
}

/* libyaml writes no comments: they are put behind the lines that it made. */
static void copy_with_remarks(FILE *f, const struct exported *e, char *text, bool show_secrets)
{
	for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		const char *remark;

		*end = '\0';
		remark = remark_on(e, line, show_secrets);
		fprintf(f, "%s%s%s\n", line, remark ? "  # " : "", remark ? remark : "");
	}
}

void export_yaml(FILE *f, const struct exported *e, bool show_secrets)
{
	char *text = NULL;
	size_t n = 0;
	FILE *made = open_memstream(&text, &n);

	if (!made) {
		write_manifest(f, e, show_secrets);
		return;
	}
	write_manifest(made, e, show_secrets);
	fclose(made);
	copy_with_remarks(f, e, text, show_secrets);
	free(text);
}

static void print_comment(FILE *f, const char *text)
{
	struct arena *a = arena_new();

	fprintf(f, "# %s\n", text_escape(a, text, strlen(text), 0));
	arena_free(a);
}

void export_comments(FILE *f, const struct exported *e, bool show_secrets)
{
	for (size_t i = 0; i < e->n; i++) {
		const struct export_line *l = &e->lines[i];
		struct arena *a = arena_new();

		if (is_hidden(l, show_secrets))
			print_comment(
			    f, arena_printf(a, "%s: (hidden); --show-secrets prints it", l->key));
		else if (l->dropped)
			print_comment(f, arena_printf(a, "%s: %s  (left out: %s)", l->key, l->value,
						      l->dropped));
		arena_free(a);
	}
	for (size_t i = 0; i < e->n_notes; i++)
		print_comment(f, e->notes[i]);
}

struct json_t *export_json(const struct exported *e, bool show_secrets)
{
	json_t *out = json_object(), *config = json_object(), *devices = json_object();
	json_t *root = json_pack("{s:s, s:s}", "type", "disk", "path", "/");

	for (size_t i = 0; i < e->n; i++)
		if (stands(&e->lines[i], show_secrets))
			json_object_set_new(e->lines[i].device ? root : config, e->lines[i].key,
					    json_text(e->lines[i].value));
	if (any(e, true, show_secrets))
		json_object_set(devices, "root", root);
	json_decref(root);
	json_object_set_new(out, "kind", json_string("instance"));
	json_object_set_new(out, "name", json_text(e->name));
	json_object_set_new(out, "profiles", json_array());
	json_object_set_new(out, "state", json_text(state_of(e)));
	json_object_set_new(out, "config", config);
	json_object_set_new(out, "devices", devices);
	return out;
}
