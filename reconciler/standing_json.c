#include "reconciler/report.h"
#include "reconciler/standing.h"
#include "reconciler/usage_report.h"
#include "schema/arena.h"
#include "schema/moment.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#define HIDDEN "(hidden)"

static void set(json_t *object, const char *name, json_t *value)
{
	json_object_set_new(object, name, value);
}

static json_t *json_value(const struct waiting *w, const char *value, bool show_secrets)
{
	return json_text(value && w->secret && !show_secrets ? HIDDEN : value);
}

static json_t *json_count(uint32_t n)
{
	return n ? json_integer(n) : json_null();
}

static json_t *json_where(const struct waiting *w)
{
	json_t *out;

	if (!w->file)
		return json_null();
	out = json_object();
	set(out, "file", json_text(w->file));
	set(out, "line", json_count(w->line));
	set(out, "column", json_count(w->column));
	if (w->profile)
		set(out, "profile", json_text(w->profile));
	return out;
}

static json_t *json_waiting(const struct waiting *w, bool show_secrets, bool pending)
{
	json_t *out = json_object();

	set(out, "object", json_text(w->object));
	set(out, "attribute", json_text(w->attribute));
	if (pending) {
		set(out, "now", json_value(w, w->now, show_secrets));
		set(out, "after_restart", json_value(w, w->then, show_secrets));
	}
	set(out, "key", json_text(w->key));
	set(out, "origin", json_where(w));
	if (!pending || w->reason)
		set(out, "reason", json_text(w->reason));
	if (w->remedy)
		set(out, "remedy", json_text(w->remedy));
	return out;
}

static json_t *json_list(const struct waiting *items, size_t n, bool show_secrets, bool pending)
{
	json_t *out = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(out, json_waiting(&items[i], show_secrets, pending));
	return out;
}

static json_t *json_moment(uint64_t seconds)
{
	struct arena *a;
	json_t *out;

	if (!seconds)
		return json_null();
	a = arena_new();
	out = json_text(moment_print(seconds, a));
	arena_free(a);
	return out;
}

struct json_t *standing_json(const struct standing *s, bool show_secrets)
{
	json_t *out = json_object();

	set(out, "name", json_text(s->name));
	set(out, "status", json_text(standing_status(s)));
	set(out, "condition", json_text(condition_name(s->condition)));
	set(out, "since", json_moment(s->since));
	set(out, "reason", json_text(s->reason));
	set(out, "retry", s->retry ? json_integer((json_int_t)s->retry) : json_null());
	set(out, "paused_until", json_moment(s->paused_until));
	set(out, "pending", json_list(s->pending, s->n_pending, show_secrets, true));
	set(out, "unsupported", json_list(s->unsupported, s->n_unsupported, show_secrets, false));
	return out;
}

/* --- and back ----------------------------------------------------------------------------------
 */

/* A member that is a text or null; a copy. */
static const char *get_text(const json_t *object, const char *name, struct arena *a)
{
	return arena_strdup(a, json_string_value(json_object_get(object, name)));
}

static uint64_t get_number(const json_t *object, const char *name, uint64_t most)
{
	json_int_t n = json_integer_value(json_object_get(object, name));

	return n > 0 && (uint64_t)n <= most ? (uint64_t)n : 0;
}

static uint64_t get_moment(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	uint64_t seconds = 0;

	if (text)
		moment_parse(text, &seconds, NULL);
	return seconds;
}

static int read_waiting(const json_t *object, struct arena *a, struct waiting *out)
{
	const json_t *origin = json_object_get(object, "origin");
	struct change like;

	*out = (struct waiting){
	    .object = get_text(object, "object", a),
	    .attribute = get_text(object, "attribute", a),
	    .now = get_text(object, "now", a),
	    .then = get_text(object, "after_restart", a),
	    .key = get_text(object, "key", a),
	    .file = get_text(origin, "file", a),
	    .line = (uint32_t)get_number(origin, "line", UINT32_MAX),
	    .column = (uint32_t)get_number(origin, "column", UINT32_MAX),
	    .profile = get_text(origin, "profile", a),
	    .reason = get_text(object, "reason", a),
	    .remedy = get_text(object, "remedy", a),
	};
	if (!out->object || !out->attribute)
		return -EINVAL;
	like = (struct change){.object = out->object, .attribute = out->attribute};
	out->name = report_name(&like, a);
	return 0;
}

static int read_list(const json_t *object, const char *name, struct arena *a, struct waiting **out,
		     size_t *n)
{
	const json_t *list = json_object_get(object, name);
	size_t size = json_array_size(list);

	if (size == 0)
		return 0;
	*out = arena_alloc(a, size * sizeof(**out));
	for (size_t i = 0; i < size; i++)
		if (read_waiting(json_array_get(list, i), a, &(*out)[i]) < 0)
			return -EINVAL;
	*n = size;
	return 0;
}

static bool status_find(const char *name, enum status *out)
{
	static const struct {
		const char *name;
		enum status status;
	} of_networks[] = {
	    {"down", STATUS_STOPPED},
	    {"up",   STATUS_RUNNING},
	};

	for (size_t i = 0; name && i < sizeof(of_networks) / sizeof(of_networks[0]); i++) {
		if (strcmp(name, of_networks[i].name) != 0)
			continue;
		*out = of_networks[i].status;
		return true;
	}
	for (int i = STATUS_MISSING; name && i <= STATUS_FROZEN; i++) {
		if (strcmp(name, status_name((enum status)i)) != 0)
			continue;
		*out = (enum status)i;
		return true;
	}
	return false;
}

int standing_from_json(const struct json_t *object, struct arena *a, struct standing *out)
{
	const char *condition = json_string_value(json_object_get(object, "condition"));
	struct standing s = {
	    .name = get_text(object, "name", a),
	    .condition = condition ? condition_find(condition) : N_CONDITIONS,
	    .since = get_moment(object, "since"),
	    .reason = get_text(object, "reason", a),
	    .retry = get_number(object, "retry", UINT32_MAX),
	    .paused_until = get_moment(object, "paused_until"),
	};

	if (!s.name || s.condition == N_CONDITIONS ||
	    !status_find(json_string_value(json_object_get(object, "status")), &s.status) ||
	    read_list(object, "pending", a, &s.pending, &s.n_pending) < 0 ||
	    read_list(object, "unsupported", a, &s.unsupported, &s.n_unsupported) < 0)
		return -EINVAL;
	*out = s;
	return 0;
}

/* --- as status prints them ---------------------------------------------------------------------
 */

static json_t *json_with_usage(const struct standing *s, bool show_secrets,
			       const struct usage *usage, bool with_usage)
{
	json_t *out = standing_json(s, show_secrets);

	if (with_usage)
		set(out, "usage", usage_json(usage));
	return out;
}

/* Under its own name. */
static json_t *json_network(const struct standing *s, bool show_secrets)
{
	json_t *out = standing_json(s, show_secrets);

	set(out, "name", json_text(standing_network(s)));
	return out;
}

void standings_print_json(FILE *f, const struct options *o, const struct standings *s)
{
	json_t *out = json_object(), *instances = json_array(), *summary = json_object();
	json_t *networks = json_array();
	size_t counts[N_CONDITIONS] = {0};

	for (size_t i = 0; i < s->n; i++) {
		if (standing_network(&s->items[i])) {
			json_array_append_new(networks,
					      json_network(&s->items[i], o->show_secrets));
			continue;
		}
		json_array_append_new(instances,
				      json_with_usage(&s->items[i], o->show_secrets,
						      s->usage ? s->usage[i] : NULL, o->usage));
		counts[s->items[i].condition]++;
	}
	for (int k = 0; k < N_CONDITIONS; k++)
		set(summary, condition_name((enum condition)k),
		    json_integer((json_int_t)counts[k]));
	set(out, "version", json_integer(1));
	set(out, "generation", json_text(s->generation));
	set(out, "networks", networks);
	set(out, "instances", instances);
	set(out, "summary", summary);
	json_print(f, out);
}

void standing_print_json_line(FILE *f, const struct standing *s, bool show_secrets,
			      const struct usage *usage, bool with_usage)
{
	json_t *out = json_with_usage(s, show_secrets, usage, with_usage);

	json_dumpf(out, f, JSON_COMPACT | JSON_ENSURE_ASCII);
	fputc('\n', f);
	json_decref(out);
}
