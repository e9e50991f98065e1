#include "reconciler/export_print.h"

#include "reconciler/report.h"
#include "schema/arena.h"
#include "schema/text.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

/* The text under way. */
struct yaml {
	struct arena *arena;
	char *text;
	size_t n, capacity;
	uint32_t line; /* the one that is being written */
};

/* What a manifest may ask for. */
static const char *state_of(const struct exported *e)
{
	return e->status == STATUS_STARTING ? "running" : status_name(e->status);
}

static void put(struct yaml *y, const char *text)
{
	for (; *text; text++) {
		y->text = arena_grow(y->arena, y->text, y->n, &y->capacity, 1);
		y->text[y->n++] = *text;
		y->line += *text == '\n';
	}
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "256MiB" and "25ms/200ms"; never what some reader takes for a number, a time or a bool. */
static bool is_plain(const char *text)
{
	static const char *const words[] = {"true", "false", "yes", "no",  "on",   "off", "null",
					    "y",    "n",     "inf", "nan", "True", "Yes", "False"};
	size_t digits = strspn(text, "0123456789");

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(text, words[i]) == 0)
			return false;
	if (digits && !(is_letter(text[digits]) && is_letter(text[digits + 1])))
		return false;
	if (!digits && !is_letter(*text) && *text != '/')
		return false;
	for (const char *c = text; *c; c++)
		if (!is_letter(*c) && !is_digit(*c) && !strchr("._/-", *c))
			return false;
	return true;
}

/* In double quotes, where everything can be said (YAML 1.2, 5.7). */
static void put_quoted(struct yaml *y, const char *text)
{
	put(y, "\"");
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		const char plain[] = {(char)*c, '\0'};

		if (*c == '"' || *c == '\\')
			put(y, "\\");
		if (*c == '\n')
			put(y, "\\n");
		else if (*c < ' ' || *c == 127)
			put(y, arena_printf(y->arena, "\\x%02x", *c));
		else
			put(y, plain);
	}
	put(y, "\"");
}

static void put_scalar(struct yaml *y, const char *text)
{
	if (is_plain(text))
		put(y, text);
	else
		put_quoted(y, text);
}

/* One line, whatever stands in it. */
static void put_comment(struct yaml *y, const char *text)
{
	put(y, "# ");
	put(y, text_escape(y->arena, text, strlen(text), 0));
	put(y, "\n");
}

static bool is_hidden(const struct export_line *l, bool show_secrets)
{
	return !show_secrets && !l->device && report_secret(l->key);
}

static bool stands(const struct export_line *l, bool show_secrets)
{
	return !l->dropped && !is_hidden(l, show_secrets);
}

static void put_line(struct yaml *y, const struct export_line *l, const char *indent)
{
	put(y, indent);
	put_scalar(y, l->key);
	put(y, ": ");
	put_scalar(y, l->value);
	put(y, "\n");
}

/* The lines of config, or of DEVICE, that stand. */
static void put_lines(struct yaml *y, const struct exported *e, const char *device,
		      bool show_secrets, uint32_t *places)
{
	for (size_t i = 0; i < e->n; i++) {
		const struct export_line *l = &e->lines[i];

		if (!stands(l, show_secrets) || !l->device != !device)
			continue;
		places[i] = y->line;
		put_line(y, l, device ? "    " : "  ");
	}
}

static bool any(const struct exported *e, bool devices, bool show_secrets)
{
	for (size_t i = 0; i < e->n; i++)
		if (stands(&e->lines[i], show_secrets) && !e->lines[i].device == !devices)
			return true;
	return false;
}

static void put_comments(struct yaml *y, const struct exported *e, bool show_secrets)
{
	for (size_t i = 0; i < e->n; i++) {
		const struct export_line *l = &e->lines[i];

		if (is_hidden(l, show_secrets))
			put_comment(y,
				    arena_printf(y->arena, "%s: (hidden); --show-secrets prints it",
						 l->key));
		else if (l->dropped)
			put_comment(y, arena_printf(y->arena, "%s: %s  (left out: %s)", l->key,
						    l->value, l->dropped));
	}
	for (size_t i = 0; i < e->n_notes; i++)
		put_comment(y, e->notes[i]);
}

char *export_yaml(const struct exported *e, bool show_secrets, bool comments, uint32_t **places,
		  struct arena *a)
{
	struct yaml y = {.arena = a, .line = 1};
	uint32_t *at = arena_alloc(a, (e->n + 1) * sizeof(*at));

	put(&y, "kind: instance\nname: ");
	put_scalar(&y, e->name);
	put(&y, "\nprofiles: []\nstate: ");
	put(&y, state_of(e));
	put(&y, "\n");
	if (any(e, false, show_secrets))
		put(&y, "config:\n");
	put_lines(&y, e, NULL, show_secrets, at);
	/* the only device that is known of a container by looking is its rootfs */
	if (any(e, true, show_secrets))
		put(&y, "devices:\n  root:\n    type: disk\n    path: /\n");
	put_lines(&y, e, "root", show_secrets, at);
	if (comments)
		put_comments(&y, e, show_secrets);
	if (places)
		*places = at;
	return arena_strndup(a, y.text, y.n);
}

struct json_t *export_json(const struct exported *e, bool show_secrets)
{
	json_t *out = json_object(), *config = json_object(), *devices = json_object();
	json_t *root = json_pack("{s:s, s:s}", "type", "disk", "path", "/");
	bool limited = any(e, true, show_secrets);

	for (size_t i = 0; i < e->n; i++)
		if (stands(&e->lines[i], show_secrets))
			json_object_set_new(e->lines[i].device ? root : config, e->lines[i].key,
					    json_text(e->lines[i].value));
	if (limited)
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
