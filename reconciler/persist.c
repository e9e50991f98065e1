#include "reconciler/persist.h"

#include "schema/arena.h"

#include <string.h>

static void boot_failed(struct survey *s, struct subject *subject, int error, const char *why)
{
	struct changes *changes = &subject->outcome->changes;
	const char *file = arena_printf(s->arena, "%s/%s/" BOOTFILE_NAME, s->containers->lxcpath,
					subject->world->instance->name);

	for (size_t i = 0; i < changes->n; i++) {
		struct change *c = &changes->items[i];

		if (strcmp(c->object, BOOT_OBJECT) == 0 || c->action == ACTION_WAIT) {
			change_fail(c, s->arena, error, "%s: %s", file,
				    why ? why : strerror(error));
			return;
		}
	}
	diagnostic_error(&subject->outcome->diagnostics, NOWHERE,
			 "%s could not be written: %s; what was changed is not kept over a restart",
			 file, why ? why : strerror(error));
	diagnostic_for(&subject->outcome->diagnostics, subject->world->instance->name);
}

/* Does SUBJECT take part in a round of boot files, and what shall its file be? */
struct boot_rule {
	bool (*applies)(const struct subject *subject);
	const char *(*text)(struct survey *s, const struct subject *subject);
};

/* Two syncfs, however many files. Returns for each subject whether its file failed. */
static bool *boot_round(struct survey *s, const struct boot_rule *rule)
{
	struct bootfile_batch *batch =
	    bootfile_batch_new(s->containers->dir, s->containers->lxcpath, s->arena);
	const char **why = arena_alloc(s->arena, s->n * sizeof(*why));
	int *errors = arena_alloc(s->arena, s->n * sizeof(*errors));
	bool *bad = arena_alloc(s->arena, s->n * sizeof(*bad));
	bool *added = arena_alloc(s->arena, s->n * sizeof(*added));

	for (size_t i = 0; i < s->n; i++) {
		struct subject *subject = &s->subjects[i];
		const char *text;

		if (!draft_in_hand(subject) || !rule->applies(subject))
			continue;
		text = rule->text(s, subject);
		if (!draft_differs(subject, text))
			continue;
		added[i] = true;
		bootfile_batch_add(batch, subject->world->instance->name, text, &errors[i],
				   &why[i]);
	}
	bootfile_batch_commit(batch);
	for (size_t i = 0; i < s->n; i++) {
		struct subject *subject = &s->subjects[i];

		bad[i] = errors[i] != 0;
		if (bad[i])
			boot_failed(s, subject, errors[i], why[i]);
		else if (added[i])
			bootfile_read(s->containers->dir, s->containers->lxcpath,
				      subject->world->instance->name, s->arena, &subject->record);
	}
	return bad;
}

static bool applies_before(const struct subject *subject)
{
	return draft_takes_more(subject) || draft_will_start(subject);
}

static bool applies_after(const struct subject *subject)
{
	(void)subject;
	return true;
}

/* Ownership first: before something is taken that the record does not name, and before a start. */
static const struct boot_rule before = {applies_before, draft_text_between};
static const struct boot_rule after = {applies_after, draft_text_after};

/* What could not be recorded is not taken; what is ours already goes on. */
static void skip_unrecorded(struct subject *subject)
{
	struct changes *changes = &subject->outcome->changes;

	for (size_t i = 0; i < changes->n; i++) {
		struct change *c = &changes->items[i];

		if (c->verdict != VERDICT_NONE || c->action == ACTION_NONE ||
		    properties_find(&subject->record.owned, c->object, c->attribute))
			continue;
		c->verdict = VERDICT_SKIPPED;
		c->reason = "it could not be recorded first";
	}
}

void persist_before(struct survey *s)
{
	bool *bad = boot_round(s, &before);

	for (size_t i = 0; i < s->n; i++)
		if (bad[i])
			skip_unrecorded(&s->subjects[i]);
}

/* What the boot file was to bring has been written with it. */
static void settle(struct survey *s, const bool *bad)
{
	for (size_t i = 0; i < s->n; i++) {
		struct subject *subject = &s->subjects[i];

		if (!subject->outcome || bad[i] || !draft_in_hand(subject))
			continue;
		for (size_t k = 0; k < subject->outcome->changes.n; k++) {
			struct change *c = &subject->outcome->changes.items[k];

			if (c->verdict != VERDICT_NONE || c->action == ACTION_NONE ||
			    strcmp(c->object, CONTAINER_OBJECT) == 0)
				continue;
			c->verdict = c->action == ACTION_WAIT ? VERDICT_PENDING : VERDICT_APPLIED;
		}
	}
}

void persist_after(struct survey *s)
{
	settle(s, boot_round(s, &after));
}
