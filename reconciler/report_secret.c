#include "reconciler/report.h"

#include "schema/arena.h"

#include <string.h>

static bool ends(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

static bool starts(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

bool report_secret(const char *key)
{
	static const char *const ends_of_secrets[] = {"password", "token", "secret", "key"};

	if (!key)
		return false;
	if (starts(key, "environment.") || starts(key, "cloud-init."))
		return true;
	if (!starts(key, "user."))
		return false;
	for (size_t i = 0; i < sizeof(ends_of_secrets) / sizeof(ends_of_secrets[0]); i++)
		if (ends(key, ends_of_secrets[i]))
			return true;
	return false;
}

bool report_secret_change(const struct change *c)
{
	if (report_secret(c->key) || (c->setting && report_secret(c->setting->name)))
		return true;
	if (!c->attribute)
		return false;
	return report_secret(c->attribute) || starts(c->attribute, "lxc.environment");
}

static const char *replaced(const char *text, const char *value, struct arena *a)
{
	const char *found = value && *value ? strstr(text, value) : NULL;

	if (!found)
		return text;
	return arena_printf(a, "%.*s(hidden)%s", (int)(found - text), text,
			    replaced(found + strlen(value), value, a));
}

const char *report_hide(const struct options *o, const struct change *c, const char *text,
			struct arena *a)
{
	if (!text || o->show_secrets || !report_secret_change(c))
		return text;
	return replaced(replaced(text, c->to, a), c->from, a);
}
