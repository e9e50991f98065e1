#include "reconciler/flagvalue.h"

#include "reconciler/condition.h"
#include "reconciler/timespan.h"
#include "schema/text.h"
#include "schema/value.h"

#include <errno.h>
#include <string.h>

static const char *shown(struct diagnostics *ds, const char *text)
{
	return text_escape(ds->arena, text, strlen(text), 80);
}

int flagvalue_number(const char *name, const char *text, unsigned most, const char *unit,
		     unsigned *out, struct diagnostics *ds)
{
	uint64_t number;

	if (!*text || text[strspn(text, "0123456789")]) {
		diagnostic_error(ds, NOWHERE, "--%s: '%s' is not a number", name, shown(ds, text));
		return diagnostic_hint(ds, "write %s, without a unit: 0 to %u", unit, most);
	}
	if (!value_digits(text, strlen(text), most, &number))
		return diagnostic_error(ds, NOWHERE, "--%s: %s is too much: 0 to %u %s", name,
					shown(ds, text), most, unit);
	*out = (unsigned)number;
	return 0;
}

int flagvalue_time(const char *name, const char *text, uint64_t *out, struct diagnostics *ds)
{
	uint64_t ms;
	int r = timespan_parse(text, &ms);

	if (r == -ERANGE)
		return diagnostic_error(ds, NOWHERE, "--%s: '%s' is more than ten years", name,
					shown(ds, text));
	if (r < 0) {
		diagnostic_error(ds, NOWHERE, "--%s: '%s' is not a length of time", name,
				 shown(ds, text));
		return diagnostic_hint(ds, "write it like 500ms, 90s, 2h or 1h30m");
	}
	if (ms == 0)
		return diagnostic_error(ds, NOWHERE, "--%s: '%s' is no time at all", name,
					shown(ds, text));
	*out = ms;
	return 0;
}

int flagvalue_wait(const char *text, const char **out, struct diagnostics *ds)
{
	const char *words[N_CONDITIONS + STATUS_FROZEN + 1], *near;
	size_t n = 0;

	for (int i = 0; i < N_CONDITIONS; i++)
		words[n++] = condition_name((enum condition)i);
	for (int i = STATUS_MISSING; i <= STATUS_FROZEN; i++)
		words[n++] = status_name((enum status)i);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(text, words[i]) != 0)
			continue;
		*out = words[i];
		return 0;
	}
	diagnostic_error(ds, NOWHERE, "--wait: '%s' is nothing to wait for", shown(ds, text));
	near = text_near_miss(text, words, n);
	if (near)
		return diagnostic_hint(ds, "did you mean --wait=%s?", near);
	return diagnostic_hint(ds, "write in-sync, another condition, or stopped, running, ...");
}

int flagvalue_log(const char *text, enum log_format *out, struct diagnostics *ds)
{
	static const char *const words[] = {[LOG_TEXT] = "text", [LOG_JSON] = "json"};

	for (int i = LOG_TEXT; i <= LOG_JSON; i++) {
		if (strcmp(text, words[i]) != 0)
			continue;
		*out = (enum log_format)i;
		return 0;
	}
	diagnostic_error(ds, NOWHERE, "--log-format: '%s' is not known", shown(ds, text));
	return diagnostic_hint(ds, "write text or json");
}
