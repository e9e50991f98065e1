#include "reconciler/draft.h"

#include "reconciler/plan.h"
#include "schema/arena.h"

#include <string.h>

static const struct document *document_of(const struct subject *s)
{
	return s->world->instance->document;
}

static struct change *lifecycle_add(struct subject *s, const char *attribute, enum action action,
				    enum phase phase, const char *from, const char *to)
{
	return changes_add(&s->outcome->changes,
			   (struct change){
			       .object = CONTAINER_OBJECT,
			       .attribute = attribute,
			       .from = from,
			       .to = to,
			       .observed = from ? CERTAIN_VALUE : CERTAIN_ABSENT,
			       .action = action,
			       .effect = EFFECT_LIVE,
			       .phase = phase,
			       .key = attribute,
			       .origin = document_of(s),
			   });
}

/* Started with another map than its manifest asks for, it would share its ids with others. */
static bool map_refused(struct survey *s, struct subject *subject, const char *what)
{
	struct diagnostics *ds = &subject->outcome->diagnostics;
	struct properties desired;
	const struct property *map;

	properties_init(&desired, s->arena);
	plan_desire(&s->world, subject->world, &desired);
	map = properties_find(&desired, "config", "lxc.idmap");
	if (!map || plan_takes(map))
		return false;
	diagnostic_error(ds, map->setting ? map->setting->at : document_of(subject)->at,
			 "%s is not %s: it cannot have the id map that its manifest asks for: %s",
			 subject->world->instance->name, what, map->reason);
	if (map->remedy)
		diagnostic_hint(ds, "%s", map->remedy);
	return true;
}

/* An unprivileged container of our making needs ids; a config of the owner's brings its own. */
static bool ids_missing(struct survey *s, struct subject *subject)
{
	const struct document *d = document_of(subject);

	if (!s->host->idmap_missing || d->source.config ||
	    instance_yes(subject->world->instance, "security.privileged", false))
		return false;
	diagnostic_error(&subject->outcome->diagnostics, d->source.at, "%s is not created: %s",
			 d->name, s->host->idmap_missing);
	return true;
}

static bool is_said(const struct diagnostics *ds, struct place at, const char *message)
{
	for (size_t i = 0; i < ds->n; i++) {
		const struct diagnostic *d = &ds->items[i];

		if (d->place.source == at.source && d->place.line == at.line &&
		    d->place.column == at.column && strcmp(d->message, message) == 0)
			return true;
	}
	return false;
}

/* What the user has to mend is said as an error, where he asks for it, and once. */
static void say_wrong(struct subject *s)
{
	struct diagnostics *ds = &s->outcome->diagnostics;

	for (size_t i = 0; i < s->desired.n; i++) {
		const struct property *p = &s->desired.items[i];
		struct place at = p->setting     ? p->setting->at
				  : p->at.source ? p->at
						 : document_of(s)->at;
		const char *message;

		if (!p->wrong || plan_takes(p))
			continue;
		message = arena_printf(ds->arena, "%s: %s", p->object,
				       p->reason ? p->reason : "it cannot be had");
		if (is_said(ds, at, message))
			continue;
		diagnostic_error(ds, at, "%s", message);
		if (p->remedy)
			diagnostic_hint(ds, "%s", p->remedy);
	}
}

static void draft_missing(struct survey *s, struct subject *subject)
{
	const struct document *d = document_of(subject);
	struct diagnostics *ds = &subject->outcome->diagnostics;
	const char *to;

	if (d->state == STATE_ABSENT)
		return;
	if (!d->source.at.source) {
		diagnostic_error(ds, d->at,
				 "there is no container %s in %s, and its manifest does not say "
				 "how to make one",
				 d->name, s->containers->lxcpath);
		diagnostic_hint(ds, "add source: {template: busybox}, or create it by hand");
		return;
	}
	if (ids_missing(s, subject) || map_refused(s, subject, "created"))
		return;
	to = d->source.template ? arena_printf(s->arena, "template %s", d->source.template)
				: arena_printf(s->arena, "config %s", d->source.config);
	lifecycle_add(subject, CONTAINER_EXISTENCE, ACTION_ADD, PHASE_CREATE, NULL, to);
	subject->outcome->whole = WHOLE_CREATE;
	if (d->state == STATE_RUNNING || d->state == STATE_FROZEN)
		lifecycle_add(subject, CONTAINER_STATE, ACTION_ADD, PHASE_START, NULL,
			      state_name(d->state));
	properties_init(&subject->desired, s->arena);
	plan_desire(&s->world, subject->world, &subject->desired);
	say_wrong(subject);
}

/* The manifest asks for what the manifest forbids: an error until one of the two goes. */
static bool refused(struct subject *s, const char *key, const char *what)
{
	const struct expanded *e = instance_get(s->world->instance, key);

	if (!instance_yes(s->world->instance, key, false))
		return false;
	diagnostic_error(&s->outcome->diagnostics, document_of(s)->state_at,
			 "%s is not %s: %s is set", s->world->instance->name, what, key);
	if (e->from == document_of(s))
		diagnostic_hint(&s->outcome->diagnostics, "take that key away first");
	else
		diagnostic_hint(&s->outcome->diagnostics,
				"take that key away first: profile %s has it", e->from->name);
	return true;
}

/* What cannot be read may say otherwise; what once could be read counts for less still. */
static bool unsure(const struct survey *survey, struct subject *s)
{
	const struct document *d = document_of(s);

	if (!survey->incomplete && !s->world->instance->last_good)
		return false;
	diagnostic_error(&s->outcome->diagnostics, d->state_at,
			 "%s is not destroyed while a part of the manifests cannot be read",
			 d->name);
	return true;
}

static void draft_absent(const struct survey *survey, struct subject *s)
{
	if (unsure(survey, s) || refused(s, "security.protection.delete", "destroyed"))
		return;
	lifecycle_add(s, CONTAINER_EXISTENCE, ACTION_REMOVE, PHASE_RELEASE,
		      status_name(s->world->status), NULL);
	s->outcome->whole = WHOLE_DELETE;
}

/* What status is to be reached; MISSING: as it is. */
static enum status wanted_status(const struct subject *s)
{
	switch (document_of(s)->state) {
	case STATE_RUNNING:
		return STATUS_RUNNING;
	case STATE_STOPPED:
		return STATUS_STOPPED;
	case STATE_FROZEN:
		return STATUS_FROZEN;
	case STATE_AS_IT_IS:
	case STATE_ABSENT:
		break;
	}
	return STATUS_MISSING;
}

static void draft_state(struct survey *survey, struct subject *s)
{
	enum status wanted = wanted_status(s), now = s->world->status;
	enum phase phase = PHASE_STATE;

	if (wanted == STATUS_MISSING || wanted == now || now == STATUS_STARTING)
		return;
	if (wanted == STATUS_STOPPED)
		phase = PHASE_STOP;
	else if (now == STATUS_STOPPED)
		phase = PHASE_START;
	if (phase == PHASE_START && (refused(s, "security.protection.start", "started") ||
				     map_refused(survey, s, "started")))
		return;
	lifecycle_add(s, CONTAINER_STATE, ACTION_CHANGE, phase, status_name(now),
		      status_name(wanted));
}

struct change *draft_lifecycle(const struct subject *s, const char *attribute)
{
	struct changes *changes = &s->outcome->changes;

	for (size_t i = 0; i < changes->n; i++) {
		struct change *c = &changes->items[i];

		if (strcmp(c->object, CONTAINER_OBJECT) == 0 &&
		    strcmp(c->attribute, attribute) == 0 && c->action != ACTION_NONE)
			return c;
	}
	return NULL;
}

/* A value in the record is one that the boot file brings about; the others live and die with the
 * running container, and their record says only that they are ours. */
static bool recorded_with_value(const struct property *p)
{
	const struct key *k = p->setting ? p->setting->key : NULL;

	if (p->recorded)
		return true;
	if (!k && p->key)
		k = keys_find(p->key, SCOPE_CONTAINER);
	return k && k->boot == BOOT_FILE;
}

static bool can_be_had(const struct subject *s, const struct property *p)
{
	const struct property *live = properties_find(&s->observed, p->object, p->attribute);

	return plan_takes(p) && !(live && live->certainty == UNSUPPORTED);
}

/* What we take of the desired ones, values as the record keeps them. */
static void taken(const struct subject *s, struct properties *out)
{
	for (size_t i = 0; i < s->desired.n; i++) {
		struct property p = s->desired.items[i];

		if (!can_be_had(s, &p))
			continue;
		if (!recorded_with_value(&p))
			p.value = NULL;
		properties_add(out, p);
	}
}

static const char *text_for(struct survey *s, const struct subject *subject,
			    const struct properties *still_owned)
{
	struct properties own, all;
	const char **lines = NULL;
	size_t n = 0, capacity = 0;

	properties_init(&own, s->arena);
	properties_init(&all, s->arena);
	taken(subject, &own);
	plan_union(&own, still_owned, &all);
	if (all.n == 0 && subject->world->window.size == 0)
		return NULL;
	for (size_t i = 0; i < n_drivers; i++)
		if (drivers[i]->boot)
			drivers[i]->boot(s->host, &subject->desired, s->arena, &lines, &n,
					 &capacity);
	return bootfile_render(s->containers->lxcpath, subject->world->instance->name, &all,
			       &subject->world->window, lines, n, s->arena);
}

const char *draft_text_between(struct survey *s, const struct subject *subject)
{
	return text_for(s, subject, &subject->record.owned);
}

static bool has_left(const struct change *c)
{
	return c->action == ACTION_REPLACE || (c->action == ACTION_REMOVE && !c->to);
}

static bool was_put_back(const struct subject *s, const struct property *p)
{
	const struct changes *changes = &s->outcome->changes;
	bool left = false;

	for (size_t i = 0; i < changes->n; i++) {
		const struct change *c = &changes->items[i];

		if (strcmp(c->object, p->object) != 0)
			continue;
		if (c->action == ACTION_REMOVE && strcmp(c->attribute, p->attribute) == 0)
			return c->verdict == VERDICT_APPLIED;
		left |= c->identity && has_left(c) && c->verdict == VERDICT_APPLIED;
	}
	return left; /* and took it along */
}

const char *draft_text_after(struct survey *s, const struct subject *subject)
{
	struct properties still;

	properties_init(&still, s->arena);
	for (size_t i = 0; i < subject->kept.n; i++)
		if (!was_put_back(subject, &subject->kept.items[i]))
			properties_add(&still, subject->kept.items[i]);
	if (subject->rendered && still.n == subject->kept.n)
		return subject->text;
	return text_for(s, subject, &still);
}

bool draft_differs(const struct subject *s, const char *text)
{
	char other[17] = "";
	const char *digest = text == s->text ? s->digest : other;

	if (text && text != s->text)
		bootfile_digest(text, other);
	if (strcmp(digest, s->record.digest) != 0)
		return true;
	return s->record.include != (text ? INCLUDE_FINE : INCLUDE_NONE);
}

bool draft_takes_more(const struct subject *s)
{
	for (size_t i = 0; i < s->desired.n; i++) {
		const struct property *p = &s->desired.items[i];

		if (can_be_had(s, p) && !properties_find(&s->record.owned, p->object, p->attribute))
			return true;
	}
	return false;
}

void draft_properties(struct survey *s, struct subject *subject, bool will_start,
		      struct changes *out)
{
	struct properties asked;

	properties_init(&subject->desired, s->arena);
	properties_init(&subject->observed, s->arena);
	properties_init(&subject->kept, s->arena);
	plan_desire(&s->world, subject->world, &subject->desired);
	say_wrong(subject);
	if (subject_runs(subject)) {
		properties_init(&asked, s->arena);
		plan_union(&subject->desired, &subject->record.owned, &asked);
		plan_observe(subject->container, &asked, &subject->observed);
		plan_diff(subject->container, &subject->desired, &subject->observed,
			  &subject->record.owned, out, &subject->kept);
	} else {
		plan_diff_stopped(&subject->desired, &subject->record.owned, will_start, out,
				  &subject->kept);
	}
	subject->text = NULL;
	subject->digest[0] = '\0';
	subject->rendered = false;
}

/* Rendered where it is compared, and not before: a limit need not wait for it. */
static void render_text(struct survey *s, struct subject *subject)
{
	subject->text = text_for(s, subject, &subject->kept);
	if (subject->text)
		bootfile_digest(subject->text, subject->digest);
	subject->rendered = true;
}

/* Is there one that is carried out now, and not only shown or waiting? */
static bool changes_now(const struct changes *changes)
{
	for (size_t i = 0; i < changes->n; i++)
		if (changes->items[i].action != ACTION_NONE &&
		    changes->items[i].action != ACTION_WAIT)
			return true;
	return false;
}

static const char *include_reason(const struct record *r)
{
	switch (r->state) {
	case RECORD_TORN:
		return "was cut or edited";
	case RECORD_FOREIGN:
		return "is another container's";
	case RECORD_NONE:
	case RECORD_FINE:
	case RECORD_UNREADABLE:
		break;
	}
	switch (r->include) {
	case INCLUDE_NONE:
		return r->state == RECORD_NONE ? "comes"
					       : "is not included by the container's config";
	case INCLUDE_NOT_LAST:
		return "is not included by the last line of the container's config";
	case INCLUDE_FOREIGN:
		return "the container's config includes another container's";
	case INCLUDE_FINE:
		break;
	}
	return "differs";
}

/* Is all that is wanted there already, and only not ours yet? */
static bool adopted_quietly(const struct subject *s)
{
	const struct changes *changes = &s->outcome->changes;

	for (size_t i = 0; i < changes->n; i++)
		if (changes->items[i].action != ACTION_NONE)
			return false;
	if (s->record.state != RECORD_NONE || s->record.include != INCLUDE_NONE)
		return false;
	diagnostic_notice(&s->outcome->diagnostics, document_of(s)->at,
			  "%s holds what it shall hold: apply only writes its boot file",
			  s->world->instance->name);
	return true;
}

/* Persisting a change is part of it; only what no change explains is shown on its own. That the
 * record of a container begins is no difference: the manifest of an export finds nothing to do. */
static void draft_boot(struct survey *s, struct subject *subject)
{
	if (changes_now(&subject->outcome->changes))
		return;
	render_text(s, subject);
	if (!draft_differs(subject, subject->text) || adopted_quietly(subject))
		return;
	changes_add(&subject->outcome->changes,
		    (struct change){
			.object = BOOT_OBJECT,
			.attribute = BOOTFILE_NAME,
			.from = subject->record.digest[0]
				    ? arena_strdup(s->arena, subject->record.digest)
				    : NULL,
			.to = subject->digest[0] ? subject->digest : NULL,
			.observed = CERTAIN_VALUE,
			.action = !subject->text              ? ACTION_REMOVE
				  : subject->record.digest[0] ? ACTION_CHANGE
							      : ACTION_ADD,
			.effect = EFFECT_LIVE,
			.phase = PHASE_BOOT_FILE,
			.reason = include_reason(&subject->record),
			.origin = document_of(subject),
		    });
}

/* What waits for a restart gets one, where the instance allows it and stays as it is otherwise. */
static void draft_restart(struct subject *s)
{
	const struct changes *changes = &s->outcome->changes;
	bool waits = false;

	for (size_t i = 0; i < changes->n; i++)
		waits |= changes->items[i].action == ACTION_WAIT;
	if (!waits || !document_of(s)->restart_allowed || s->world->status != STATUS_RUNNING ||
	    draft_lifecycle(s, CONTAINER_STATE))
		return;
	lifecycle_add(s, CONTAINER_RESTART, ACTION_REPLACE, PHASE_STATE, "running", "running")
	    ->reason = "restart: allowed";
}

/* What is ours in it is not known: nothing can be put back, and a new record would forget it. */
static void hold_back(struct subject *s)
{
	diagnostic_error(&s->outcome->diagnostics, NOWHERE, "%s/" BOOTFILE_NAME ": %s",
			 s->world->instance->name, strerror(s->record.error));
	s->outcome->held_back = true;
}

/* What LXC is about to set cannot be seen yet: it is neither there nor gone. */
static void wait_for_start(struct subject *s)
{
	diagnostic_warning(&s->outcome->diagnostics, NOWHERE,
			   "it is starting, or its init cannot be looked at: nothing is changed "
			   "this time");
	s->outcome->held_back = true;
}

void draft_subject(struct survey *s, struct subject *subject)
{
	struct change *state;

	if (!subject->world->exists) {
		draft_missing(s, subject);
		return;
	}
	if (document_of(subject)->state == STATE_ABSENT) {
		draft_absent(s, subject);
		return;
	}
	if (subject->record.state == RECORD_UNREADABLE) {
		hold_back(subject);
		return;
	}
	if (subject->world->status == STATUS_STARTING) {
		wait_for_start(subject);
		return;
	}
	if (!s->boot_only)
		draft_state(s, subject);
	state = draft_lifecycle(subject, CONTAINER_STATE);
	draft_properties(s, subject, state && state->phase == PHASE_START,
			 &subject->outcome->changes);
	draft_restart(subject);
	draft_boot(s, subject);
}

bool draft_failed(const struct change *c)
{
	return c && c->verdict != VERDICT_NONE && c->verdict != VERDICT_APPLIED;
}

bool draft_in_hand(const struct subject *s)
{
	return s->outcome && !s->outcome->held_back && s->world->exists &&
	       s->outcome->whole != WHOLE_DELETE &&
	       !draft_failed(draft_lifecycle(s, CONTAINER_EXISTENCE));
}

bool draft_will_start(const struct subject *s)
{
	const struct change *c = draft_lifecycle(s, CONTAINER_STATE);

	return c && c->phase == PHASE_START && c->verdict == VERDICT_NONE;
}
