#include "reconciler/report.h"

#include "schema/arena.h"
#include "schema/text.h"

#include <string.h>

/* What is worth a word where an object is told in one line; %: the value, as people read it. */
static const struct part {
	const char *kind, *attribute;
	const char *words;
	bool unless_named_so; /* left out where the object itself has that name */
} parts[] = {
    {"network", "ipv4.address", ", %",          false},
    {"network", "ipv6.address", ", %",          false},
    {"network", "hwaddr",       ", %",          false},
    {"network", "mtu",          ", mtu %",      false},
    {"nic",     "master",       " on %",        false},
    {"nic",     "name",         ", named %",    true },
    {"nic",     "hwaddr",       ", %",          false},
    {"nic",     "mtu",          ", mtu %",      false},
    {"nic",     "ingress",      ", ingress %",  false},
    {"nic",     "egress",       ", egress %",   false},
    {"nic",     "priority",     ", priority %", false},
};

static const char *escaped(struct arena *a, const char *text)
{
	return text_escape(a, text, strlen(text), 0);
}

static const struct change *find(const struct changes *all, const char *object,
				 const char *attribute)
{
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->items[i].object, object) == 0 &&
		    strcmp(all->items[i].attribute, attribute) == 0)
			return &all->items[i];
	return NULL;
}

/* "macvlan eth1" is a macvlan on eth1. */
static const char *identity_words(const char *value, struct arena *a)
{
	const char *blank = strchr(value, ' ');

	if (!blank)
		return escaped(a, value);
	return arena_printf(a, "%s on %s",
			    escaped(a, arena_strndup(a, value, (size_t)(blank - value))),
			    escaped(a, blank + 1));
}

static bool is_named_so(const struct change *c, const char *value)
{
	const char *slash = strchr(c->object, '/');

	return slash && strcmp(slash + 1, value) == 0;
}

/* What of it there was (OLD), or shall be. */
static const char *side(const struct changes *all, const struct change *whole, bool old,
			struct arena *a)
{
	const char *words = identity_words(old ? whole->from : whole->to, a);

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const struct part *p = &parts[i];
		const struct change *c = find(all, whole->object, p->attribute);
		const char *value = !c ? NULL : old ? c->from : c->to, *hole;

		if (!value || !object_is(whole->object, p->kind) ||
		    (p->unless_named_so && is_named_so(c, value)))
			continue;
		hole = strchr(p->words, '%');
		words = arena_printf(a, "%s%.*s%s", words, (int)(hole - p->words), p->words,
				     report_value(c->object, c->attribute, value, a));
	}
	return words;
}

const char *report_whole(const struct changes *all, const struct change *whole, struct arena *a)
{
	if (!whole->from)
		return whole->to ? side(all, whole, false, a) : "none";
	if (!whole->to)
		return side(all, whole, true, a);
	return arena_printf(a, "%s -> %s", side(all, whole, true, a), side(all, whole, false, a));
}
