#include "limits/format.h"

#include "schema/arena.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* One value for two files; where they disagree, a text that no manifest can mean. */
static const char *joined(const char *first, const char *file, const char *second, struct arena *a)
{
	if (!first || !second)
		return first ? first : second;
	return strcmp(first, second) == 0 ? first
					  : arena_printf(a, "%s, %s %s", first, file, second);
}

static int number_value(struct filetext *t, const char *file, const char **out)
{
	uint64_t n;
	int error = filetext_number(t, file, &n);

	if (error == 0)
		*out = number_print(n, t->arena);
	return error;
}

static int bytes_read(struct filetext *t, const char *const *files, const char **out)
{
	const char *first = NULL, *second = NULL;
	int error = number_value(t, files[0], &first);

	if (error < 0)
		return error;
	if (files[1])
		error = number_value(t, files[1], &second);
	if (error < 0 && error != -ENOENT)
		return error;
	*out = joined(first, files[1], second, t->arena);
	return 0;
}

static const char *v1_unlimited(enum cgroup_version version, const char *value)
{
	return version == CGROUP_V1 && strcmp(value, "max") == 0 ? "-1" : value;
}

static void bytes_spell(enum cgroup_version version, const char *value, const char *memory,
			struct arena *a, const char *texts[FORMAT_FILES])
{
	(void)memory;
	(void)a;
	texts[0] = texts[1] = v1_unlimited(version, value);
}

const struct format format_bytes = {bytes_read, bytes_spell};

static void same_spell(enum cgroup_version version, const char *value, const char *memory,
		       struct arena *a, const char *texts[FORMAT_FILES])
{
	(void)version;
	(void)memory;
	(void)a;
	texts[0] = texts[1] = value;
}

const struct format format_count = {bytes_read, same_spell};

static int weight_read(struct filetext *t, const char *const *files, const char **out)
{
	uint64_t least = t->version == CGROUP_V1 ? 2 : 1;
	uint64_t most = t->version == CGROUP_V1 ? 262144 : 10000;
	uint64_t n;
	int error = filetext_number(t, files[0], &n);

	if (error < 0)
		return error;
	*out = number_print(n < least ? least : n > most ? most : n, t->arena);
	return 0;
}

const struct format format_weight = {weight_read, same_spell};

static int swap_read(struct filetext *t, const char *const *files, const char **out)
{
	uint64_t both, memory;
	int error = filetext_number(t, files[0], &both);

	if (error < 0)
		return error;
	if (t->version == CGROUP_V1 && both != NUMBER_MAX) {
		error = filetext_number(t, files[1], &memory);
		if (error < 0)
			return error;
		both = both > memory ? both - memory : 0;
	}
	*out = number_print(both, t->arena);
	return 0;
}

static void swap_spell(enum cgroup_version version, const char *value, const char *memory,
		       struct arena *a, const char *texts[FORMAT_FILES])
{
	uint64_t swap, limit;

	texts[0] = value;
	texts[1] = NULL;
	if (version != CGROUP_V1)
		return;
	if (!memory || !number_read(memory, &limit))
		limit = NUMBER_MAX;
	if (number_read(value, &swap))
		texts[0] = number_print_v1(number_add(limit, swap), a);
}

const struct format format_swap = {swap_read, swap_spell};

#define NO_QUOTA "max 100000"

static int quota_read_v1(struct filetext *t, const char *const *files, const char **out)
{
	uint64_t quota, period;
	int error = filetext_number(t, files[0], &quota);

	if (error < 0)
		return error;
	*out = NO_QUOTA;
	if (quota == NUMBER_MAX)
		return 0;
	error = filetext_number(t, files[1], &period);
	if (error < 0 && !(error == -ENOENT && t->own))
		return error;
	if (error < 0)
		period = 100000;
	*out = arena_printf(t->arena, "%llu %llu", (unsigned long long)quota,
			    (unsigned long long)period);
	return 0;
}

/* The period that stands behind "max" limits nothing. */
static int quota_read_v2(struct filetext *t, const char *file, const char **out)
{
	char text[64], *period;
	ssize_t n = filetext_get(t, file, text, sizeof(text));
	uint64_t quota, length = 100000;

	if (n < 0)
		return (int)n;
	period = strchr(text, ' ');
	if (period)
		*period++ = '\0';
	if (!number_read(text, &quota) || (period && !number_read(period, &length)))
		return -EINVAL;
	*out = quota == NUMBER_MAX ? NO_QUOTA
				   : arena_printf(t->arena, "%llu %llu", (unsigned long long)quota,
						  (unsigned long long)length);
	return 0;
}

static int quota_read(struct filetext *t, const char *const *files, const char **out)
{
	return t->version == CGROUP_V1 ? quota_read_v1(t, files, out)
				       : quota_read_v2(t, files[0], out);
}

static void quota_spell(enum cgroup_version version, const char *value, const char *memory,
			struct arena *a, const char *texts[FORMAT_FILES])
{
	const char *blank = strchr(value, ' ');

	(void)memory;
	texts[0] = value;
	texts[1] = NULL;
	if (version != CGROUP_V1)
		return;
	texts[0] =
	    v1_unlimited(version, blank ? arena_strndup(a, value, (size_t)(blank - value)) : value);
	texts[1] = blank ? blank + 1 : "100000";
}

const struct format format_quota = {quota_read, quota_spell};

static int cpus_read(struct filetext *t, const char *const *files, const char **out)
{
	char small[256], *text = small;
	struct ranges cpus;
	ssize_t n = filetext_get(t, files[0], small, sizeof(small));

	if (n == -EMSGSIZE) {
		text = arena_alloc(t->arena, 65536);
		n = filetext_get(t, files[0], text, 65536);
	}
	if (n < 0)
		return (int)n;
	if (n > 0 && ranges_parse(text, VALUE_CPU_MOST, t->arena, &cpus, NULL) < 0)
		return -EINVAL;
	*out = n > 0 ? ranges_print(&cpus, t->arena) : NULL;
	return 0;
}

const struct format format_cpus = {cpus_read, same_spell};

/* "default 100", then a line per device that has its own; or "100" alone. */
static int one_io_weight(struct filetext *t, const char *file, const char **out)
{
	static const char preset[] = "default ";
	char text[4096], *number = text;
	ssize_t n = filetext_get(t, file, text, sizeof(text));
	uint64_t weight;

	if (n < 0)
		return (int)n;
	text[strcspn(text, "\n")] = '\0';
	if (strncmp(text, preset, strlen(preset)) == 0)
		number += strlen(preset);
	if (!number_read(number, &weight))
		return -EINVAL;
	*out = number_print(weight, t->arena);
	return 0;
}

static int io_weight_read(struct filetext *t, const char *const *files, const char **out)
{
	const char *first = NULL, *second = NULL;
	int error = one_io_weight(t, files[0], &first), other;

	if (error < 0 && error != -ENOENT)
		return error;
	other = one_io_weight(t, files[1], &second);
	if (other < 0 && (other != -ENOENT || error < 0))
		return other;
	*out = joined(first, files[1], second, t->arena);
	return 0;
}

const struct format format_io_weight = {io_weight_read, same_spell};
