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

static bool is_of(const struct export_line *l, const char *device)
{
	return device ? l->device && strcmp(l->device, device) == 0 : !l->device;
}

static bool any(const struct exported *e, bool devices, bool show_secrets)
{
	for (size_t i = 0; i < e->n; i++)
		if (stands(&e->lines[i], show_secrets) && !e->lines[i].device == !devices)
			return true;
	return false;
}

/* The device of the next line that stands, from *AT on, after that of LAST; they are together. */
static const char *next_device(const struct exported *e, size_t *at, const char *last,
			       bool show_secrets)
{
	for (; *at < e->n; (*at)++) {
		const struct export_line *l = &e->lines[*at];

		if (l->device && stands(l, show_secrets) && (!last || strcmp(l->device, last) != 0))
			return l->device;
	}
	return NULL;
}

/* What is known of a container by looking is its rootfs and its interfaces. */
static bool is_root(const char *device)
{
	return strcmp(device, "root") == 0;
}

static void write_pair(struct yamlwriter *w, const char *key, const char *value)
{
	yamlwriter_text(w, key);
	yamlwriter_text(w, value);
}

/* The lines of config, or those of the device. */
static void write_lines(struct yamlwriter *w, const struct exported *e, const char *device,
			bool show_secrets)
{
	for (size_t i = 0; i < e->n; i++)
		if (stands(&e->lines[i], show_secrets) && is_of(&e->lines[i], device))
			write_pair(w, e->lines[i].key, e->lines[i].value);
}

static void write_devices(struct yamlwriter *w, const struct exported *e, bool show_secrets)
{
	const char *device = NULL;
	size_t at = 0;

	yamlwriter_text(w, "devices");
	yamlwriter_mapping_start(w);
	while ((device = next_device(e, &at, device, show_secrets))) {
		yamlwriter_text(w, device);
		yamlwriter_mapping_start(w);
		write_pair(w, "type", is_root(device) ? "disk" : "nic");
		if (is_root(device))
			write_pair(w, "path", "/");
		write_lines(w, e, device, show_secrets);
		yamlwriter_mapping_end(w);
	}
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
		write_lines(&w, e, NULL, show_secrets);
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
			print_comment(f,
				      arena_printf(a, "%s%s%s: %s  (left out: %s)",
						   l->device ? l->device : "", l->device ? "." : "",
						   l->key, l->value, l->dropped));
		arena_free(a);
	}
	for (size_t i = 0; i < e->n_notes; i++)
		print_comment(f, e->notes[i]);
}

/* Among DEVICES, made when it is first asked for; borrowed. */
static json_t *json_device(json_t *devices, const char *name)
{
	json_t *device = json_object_get(devices, name);

	if (device)
		return device;
	device = json_pack("{s:s}", "type", is_root(name) ? "disk" : "nic");
	if (is_root(name))
		json_object_set_new(device, "path", json_string("/"));
	json_object_set_new(devices, name, device);
	return device;
}

struct json_t *export_json(const struct exported *e, bool show_secrets)
{
	json_t *out = json_object(), *config = json_object(), *devices = json_object();

	for (size_t i = 0; i < e->n; i++)
		if (stands(&e->lines[i], show_secrets))
			json_object_set_new(
			    e->lines[i].device ? json_device(devices, e->lines[i].device) : config,
			    e->lines[i].key, json_text(e->lines[i].value));
	json_object_set_new(out, "kind", json_string("instance"));
	json_object_set_new(out, "name", json_text(e->name));
	json_object_set_new(out, "profiles", json_array());
	json_object_set_new(out, "state", json_text(state_of(e)));
	json_object_set_new(out, "config", config);
	json_object_set_new(out, "devices", devices);
	return out;
}
