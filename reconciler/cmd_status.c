#include "reconciler/commands.h"
#include "reconciler/condition.h"
#include "reconciler/container.h"
#include "reconciler/host.h"
#include "reconciler/report.h"
#include "reconciler/usage_report.h"
#include "schema/arena.h"
#include "schema/text.h"

#include <jansson.h>
#include <string.h>

/* One line of the answer. */
struct standing {
	const struct outcome *outcome;
	enum condition condition;
	const char *reason;
	struct usage *usage; /* NULL: not asked for, or it does not run */
};

struct standings {
	struct arena *arena;
	struct standing *items;
	size_t n;
	size_t counts[N_CONDITIONS];
};

static bool runs(const struct outcome *o)
{
	return o->status == STATUS_RUNNING || o->status == STATUS_FROZEN;
}

static struct standings stand(const struct result *r, struct arena *a)
{
	struct standings s = {.arena = a, .n = r->n};

	s.items = arena_alloc(a, r->n * sizeof(*s.items));
	for (size_t i = 0; i < r->n; i++) {
		struct standing *item = &s.items[i];

		item->outcome = &r->outcomes[i];
		item->condition = condition_of(item->outcome, a, &item->reason);
		s.counts[item->condition]++;
	}
	return s;
}

/* The containers are opened anew: a pass keeps none. */
static void look_at_usage(const struct options *o, const struct result *r, struct standings *s)
{
	struct cgroup_layout *layout;
	struct diagnostics ds;
	struct containers *cs;

	diagnostics_init(&ds, s->arena);
	if (cgroup_layout_open(&layout, &ds) < 0) {
		report_diagnostics(o, &ds);
		return;
	}
	cs = containers_open(o->lxcpath, r->host, layout, s->arena);
	for (size_t i = 0; i < s->n; i++) {
		struct container *c;

		if (!runs(s->items[i].outcome))
			continue;
		c = container_open(cs, s->items[i].outcome->name);
		if (c->cgroup) {
			s->items[i].usage = arena_alloc(s->arena, sizeof(*s->items[i].usage));
			usage_read(c, s->items[i].usage);
		}
		container_close(c);
	}
	containers_close(cs);
	cgroup_layout_close(layout);
}

static json_t *json_pending(const struct options *o, const struct outcome *outcome, struct arena *a)
{
	json_t *out = json_array();

	for (size_t i = 0; i < outcome->changes.n; i++) {
		const struct change *c = &outcome->changes.items[i];
		json_t *item;

		if (c->action != ACTION_WAIT)
			continue;
		item = json_object();
		json_object_set_new(item, "object", json_text(c->object));
		json_object_set_new(item, "attribute", json_text(c->attribute));
		json_object_set_new(item, "now", json_text(report_hide(o, c, c->from, a)));
		json_object_set_new(item, "after_restart", json_text(report_hide(o, c, c->to, a)));
		json_object_set_new(item, "key", json_text(c->key));
		json_object_set_new(item, "origin", json_origin(change_place(c), c->origin));
		json_array_append_new(out, item);
	}
	return out;
}

static json_t *json_standing(const struct options *o, const struct standing *s, struct arena *a)
{
	json_t *out = json_object();

	json_object_set_new(out, "name", json_text(s->outcome->name));
	json_object_set_new(out, "status", json_text(status_name(s->outcome->status)));
	json_object_set_new(out, "condition", json_text(condition_name(s->condition)));
	/* only who watches knows since when */
	json_object_set_new(out, "since", json_null());
	json_object_set_new(out, "reason", json_text(s->reason));
	json_object_set_new(out, "pending", json_pending(o, s->outcome, a));
	if (o->usage)
		json_object_set_new(out, "usage", usage_json(s->usage));
	return out;
}

static void print_json(const struct options *o, const struct result *r, const struct standings *s)
{
	json_t *out = json_object(), *instances = json_array(), *summary = json_object();

	for (size_t i = 0; i < s->n; i++)
		json_array_append_new(instances, json_standing(o, &s->items[i], s->arena));
	for (int k = 0; k < N_CONDITIONS; k++)
		json_object_set_new(summary, condition_name((enum condition)k),
				    json_integer((json_int_t)s->counts[k]));
	json_object_set_new(out, "version", json_integer(1));
	json_object_set_new(out, "generation", json_text(generation_digest(r->generation)));
	json_object_set_new(out, "instances", instances);
	json_object_set_new(out, "summary", summary);
	json_print(stdout, out);
}

static const char *escaped(struct arena *a, const char *text)
{
	return text_escape(a, text, strlen(text), 0);
}

static void print_pending(const struct options *o, const struct standing *s, struct arena *a)
{
	for (size_t i = 0; i < s->outcome->changes.n; i++) {
		const struct change *c = &s->outcome->changes.items[i];
		const char *from, *to, *place;

		if (c->action != ACTION_WAIT || o->verbosity < 1)
			continue;
		from = c->from ? report_hide(o, c, c->from, a) : "none";
		to = c->to ? report_hide(o, c, c->to, a) : "none";
		place = report_place(change_place(c), a);
		printf("      %s: %s now, %s after a restart%s%s\n", report_name(c, a),
		       escaped(a, from), escaped(a, to), place ? "   " : "", place ? place : "");
	}
}

/* "50 instances: 48 in-sync, 1 drifted, 1 pending-restart" */
static void print_total(const struct standings *s)
{
	const char *separator = ": ";

	printf("%zu %s", s->n, s->n == 1 ? "instance" : "instances");
	for (int k = 0; k < N_CONDITIONS; k++) {
		if (s->counts[k] == 0)
			continue;
		printf("%s%zu %s", separator, s->counts[k], condition_name((enum condition)k));
		separator = ", ";
	}
	putchar('\n');
}

static void print_text(const struct options *o, const struct standings *s)
{
	int name = (int)strlen("NAME"), condition = (int)strlen("CONDITION");

	for (size_t i = 0; i < s->n; i++) {
		int n = (int)strlen(escaped(s->arena, s->items[i].outcome->name));
		int c = (int)strlen(condition_name(s->items[i].condition));

		name = n > name ? n : name;
		condition = c > condition ? c : condition;
	}
	if (s->n)
		printf("%-*s  %-8s  %-*s  %s\n", name, "NAME", "STATUS", condition, "CONDITION",
		       "REASON");
	for (size_t i = 0; i < s->n; i++) {
		const struct standing *item = &s->items[i];
		const char *reason = item->reason ? item->reason : "";

		printf("%-*s  %-8s  %-*s%s%s\n", name, escaped(s->arena, item->outcome->name),
		       status_name(item->outcome->status), *reason ? condition : 0,
		       condition_name(item->condition), *reason ? "  " : "",
		       text_escape(s->arena, reason, strlen(reason), 200));
		print_pending(o, item, s->arena);
		if (item->usage)
			usage_print(stdout, item->usage);
	}
	if (s->n)
		putchar('\n');
	print_total(s);
}

int status_main(const struct options *o)
{
	struct result *r = pass_run(o, PASS_DIFF);
	struct arena *a = arena_new();
	struct standings s = stand(r, a);
	int status = s.counts[CONDITION_IN_SYNC] == s.n ? 0 : 1;

	if (r->trouble || r->diagnostics.errors || r->generation->diagnostics.errors)
		status = 2;
	report_warnings(o, &r->generation->diagnostics);
	report_diagnostics(o, &r->diagnostics);
	if (o->usage && !r->trouble)
		look_at_usage(o, r, &s);
	if (o->output == OUTPUT_JSON)
		print_json(o, r, &s);
	else if (o->verbosity >= 0 && !r->trouble)
		print_text(o, &s);
	arena_free(a);
	result_free(r);
	return status;
}
