#include "reconciler/heldback.h"

#include "schema/arena.h"

#include <string.h>

/* Names of held back instances that one message lists. */
#define MOST_NAMES 3

void heldback_report_profile(struct catalog *c, const char *profile, struct diagnostics *ds)
{
	const struct document *p = catalog_find(c, KIND_PROFILE, profile);
	const struct catalog_use *uses;
	const char *names = NULL;
	size_t n, users = 0;

	if (!p || !p->broken)
		return;
	uses = catalog_users(c, profile, &n);
	for (size_t i = 0; i < n; i++) {
		const char *name = uses[i].instance->name;

		if (i > 0 && strcmp(uses[i - 1].instance->name, name) == 0)
			continue;
		if (users < MOST_NAMES)
			names = users ? arena_printf(ds->arena, "%s, %s", names, name) : name;
		users++;
	}
	if (users)
		diagnostic_notice(ds, p->at,
				  "profile '%s' has errors and holds back %zu instance%s: %s%s",
				  p->name, users, users == 1 ? "" : "s", names,
				  users > MOST_NAMES ? ", ..." : "");
}

void heldback_report(struct catalog *c, struct diagnostics *ds)
{
	for (size_t k = 0; k < c->n_profiles; k++) {
		if (k == 0 || strcmp(c->profiles[k]->name, c->profiles[k - 1]->name) != 0)
			heldback_report_profile(c, c->profiles[k]->name, ds);
	}
}

void heldback_report_default(struct instance *const *instances, size_t n, struct diagnostics *ds)
{
	size_t held = 0;

	for (size_t i = 0; i < n; i++)
		held += instances[i]->lacks_default;
	if (held)
		diagnostic_error(ds, NOWHERE,
				 "the profile 'default' may be in what could not be read: %zu "
				 "instance%s it applies to %s what %s",
				 held, held == 1 ? "" : "s", held == 1 ? "keeps" : "keep",
				 held == 1 ? "it has" : "they have");
}
