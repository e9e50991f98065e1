#include "limits/memory_reclaim.h"

#include "limits/cgroup.h"
#include "schema/arena.h"

#include <errno.h>
#include <string.h>

/* Reclaim ends early when it makes no progress for a moment. */
#define TRIES 3

static bool usage(const struct container *c, const char *file, uint64_t *out)
{
	char text[64];

	return cgroup_read_again(c->cgroup, CONTROLLER_MEMORY, file, text, sizeof(text)) > 0 &&
	       number_read(text, out);
}

static const char *in_use(const struct container *c, const char *file, bool can_force)
{
	struct arena *a = c->arena;
	uint64_t n;

	if (!usage(c, file, &n))
		return "more is in use and cannot be reclaimed; the old limit stays";
	return arena_printf(a,
			    "%llu bytes (%s) are in use and cannot be reclaimed, so the old limit "
			    "stays; end something inside the container%s",
			    (unsigned long long)n, value_show_bytes(n, a),
			    can_force ? ", or set limits.memory.force to let the kernel kill there"
				      : "");
}

static int write_v1(const struct container *c, enum memory_file which,
		    const struct cgroup_file *file, const char *text, bool force,
		    const char **advice)
{
	int error = -EBUSY;

	for (int i = 0; i < TRIES && error == -EBUSY; i++)
		error = cgroup_file_write(file, text);
	if (error == -EBUSY && force) {
		/* v1 has nothing stronger: it gives up all that it can. */
		cgroup_write(c->cgroup, CONTROLLER_MEMORY, "memory.force_empty", "0");
		error = cgroup_file_write(file, text);
	}
	if (error == -EBUSY)
		*advice = in_use(c,
				 which == MEMORY_MAX ? "memory.usage_in_bytes"
						     : "memory.memsw.usage_in_bytes",
				 false);
	return error;
}

static uint64_t stat_line(const char *stat, const char *name)
{
	size_t n = strlen(name);
	uint64_t number;
	char text[32];

	for (const char *line = stat; line; line = strchr(line, '\n')) {
		size_t length;

		line += *line == '\n';
		if (strncmp(line, name, n) != 0 || line[n] != ' ')
			continue;
		length = strcspn(line + n + 1, "\n");
		if (length >= sizeof(text))
			return 0;
		memcpy(text, line + n + 1, length);
		text[length] = '\0';
		return number_read(text, &number) ? number : 0;
	}
	return 0;
}

/* What the write to memory.max itself will surely get back: clean page cache and freeable slab. */
static uint64_t surely_reclaimable(const struct container *c)
{
	char stat[8192];
	uint64_t cache, busy;

	if (cgroup_read(c->cgroup, CONTROLLER_MEMORY, "memory.stat", stat, sizeof(stat)) < 0)
		return 0;
	cache = stat_line(stat, "active_file") + stat_line(stat, "inactive_file");
	busy = stat_line(stat, "file_dirty") + stat_line(stat, "file_writeback") +
	       stat_line(stat, "file_mapped");
	return (cache > busy ? cache - busy : 0) + stat_line(stat, "slab_reclaimable");
}

/* Makes room for a limit of TO. */
static bool make_room(const struct container *c, uint64_t to)
{
	uint64_t now, spare;

	if (!usage(c, "memory.current", &now))
		return false;
	if (now <= to)
		return true;
	if (!cgroup_has(c->cgroup, CONTROLLER_MEMORY, "memory.reclaim")) {
		spare = surely_reclaimable(c);
		return spare >= now - to;
	}
	for (int i = 0; i < TRIES && now > to; i++) {
		/* EAGAIN: less than asked. What counts is what is in use afterwards. */
		cgroup_write(c->cgroup, CONTROLLER_MEMORY, "memory.reclaim",
			     number_print(now - to, c->arena));
		if (!usage(c, "memory.current", &now))
			return false;
	}
	return now <= to;
}

int memory_reclaim_write(const struct container *c, enum memory_file which,
			 const struct cgroup_file *file, uint64_t to, const char *text, bool force,
			 const char **advice)
{
	if (cgroup_version(c->cgroup, CONTROLLER_MEMORY) == CGROUP_V1)
		return write_v1(c, which, file, text, force, advice);
	if (which == MEMORY_MAX && !force && !make_room(c, to)) {
		*advice = in_use(c, "memory.current", true);
		return -EBUSY;
	}
	return cgroup_file_write(file, text);
}

/* By the time of the write a little more may be in use than NOW. */
static bool comes_near(uint64_t now, uint64_t limit)
{
	return now > limit - limit / 10;
}

static bool may_wait_v1(const struct container *c, const char *attribute, uint64_t to)
{
	uint64_t now, limit;

	if (strcmp(attribute, "memory.high") == 0)
		return false; /* a soft limit is only noted */
	/* Memory and swap together: never less than memory, and limited to never less either. */
	if (usage(c, "memory.memsw.usage_in_bytes", &now))
		return comes_near(now, to) && !(strcmp(attribute, "memory.swap.max") == 0 &&
						usage(c, "memory.limit_in_bytes", &limit) &&
						!comes_near(now, number_add(to, limit)));
	return !usage(c, "memory.usage_in_bytes", &now) || comes_near(now, to);
}

static bool may_wait_v2(const struct container *c, const char *attribute, uint64_t to)
{
	uint64_t now;

	if (strcmp(attribute, "memory.swap.max") == 0)
		return false; /* what is swapped out may stay there */
	return !usage(c, "memory.current", &now) || comes_near(now, to);
}

bool memory_may_wait(struct container *c, const struct change *change)
{
	uint64_t from, to;

	if (!change->to || !number_read(change->to, &to) || to == NUMBER_MAX)
		return false;
	if (change->from && number_read(change->from, &from) && from <= to)
		return false;
	return cgroup_version(c->cgroup, CONTROLLER_MEMORY) == CGROUP_V1
		   ? may_wait_v1(c, change->attribute, to)
		   : may_wait_v2(c, change->attribute, to);
}
