#include "reconciler/report.h"

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
