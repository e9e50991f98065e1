#include "schema/moment.h"

#include "schema/arena.h"
#include "schema/complaint.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* N digits at *TEXT, not more than MOST; what is behind them is next. */
static bool take(const char **text, size_t n, uint64_t most, int *out)
{
	uint64_t number;

	if (strlen(*text) < n || !value_digits(*text, n, most, &number))
		return false;
	*text += n;
	*out = (int)number;
	return true;
}

static bool skip(const char **text, const char *any)
{
	if (!**text || !strchr(any, **text))
		return false;
	++*text;
	return true;
}

static int days_of(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

static bool take_date(const char **text, struct tm *tm)
{
	if (!take(text, 4, 9999, &tm->tm_year) || !skip(text, "-") ||
	    !take(text, 2, 12, &tm->tm_mon) || !skip(text, "-") || !take(text, 2, 31, &tm->tm_mday))
		return false;
	if (tm->tm_year < 1970 || tm->tm_mon < 1 || tm->tm_mday < 1 ||
	    tm->tm_mday > days_of(tm->tm_year, tm->tm_mon))
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon--;
	return true;
}

/* "10:00:00", "10:00:00.25"; 60 is a leap second. */
static bool take_time(const char **text, struct tm *tm)
{
	if (!take(text, 2, 23, &tm->tm_hour) || !skip(text, ":") ||
	    !take(text, 2, 59, &tm->tm_min) || !skip(text, ":") || !take(text, 2, 60, &tm->tm_sec))
		return false;
	if (!skip(text, "."))
		return true;
	if (strspn(*text, "0123456789") == 0)
		return false;
	*text += strspn(*text, "0123456789");
	return true;
}

/* "Z", "+02:00": seconds east of UTC. */
static bool take_zone(const char **text, int *east)
{
	int sign = **text == '-' ? -1 : 1, hours, minutes;

	*east = 0;
	if (skip(text, "Zz"))
		return true;
	if (!skip(text, "+-") || !take(text, 2, 23, &hours) || !skip(text, ":") ||
	    !take(text, 2, 59, &minutes))
		return false;
	*east = sign * (hours * 3600 + minutes * 60);
	return true;
}

static int refuse(const char *text, struct complaint *why)
{
	struct arena *a;

	if (!why)
		return -EINVAL;
	a = arena_new();
	complaint_set(why, 0, "%s is not a point in time", complaint_quote(a, text, strlen(text)));
	complaint_hint(why, "write 2026-12-01T10:00:00Z, 2026-12-01T10:00:00+02:00 or 2026-12-01");
	arena_free(a);
	return -EINVAL;
}

int moment_parse(const char *text, uint64_t *out, struct complaint *why)
{
	const char *at = text;
	struct tm tm = {0};
	int east = 0;
	time_t seconds;

	if (!take_date(&at, &tm))
		return refuse(text, why);
	if (*at && (!skip(&at, "Tt ") || !take_time(&at, &tm) || !take_zone(&at, &east)))
		return refuse(text, why);
	seconds = timegm(&tm) - east;
	if (*at || seconds < 0)
		return refuse(text, why);
	*out = (uint64_t)seconds;
	return 0;
}

char *moment_print(uint64_t seconds, struct arena *a)
{
	time_t time = seconds > (uint64_t)INT64_MAX ? INT64_MAX : (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&time, &tm))
		return arena_strdup(a, "?");
	return arena_printf(a, "%04lld-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900LL,
			    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}
