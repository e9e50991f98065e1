#include "limits/oom.h"

#include "limits/procfile.h"
#include "schema/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "oom_score_adj"
#define KEY "limits.memory.oom_priority"

static void desire(const struct world *w, const struct world_instance *i, struct properties *out)
{
	const struct expanded *e = instance_get(i->instance, KEY);
	struct value v;

	(void)w;
	if (!e || !instance_value(i->instance, KEY, out->arena, &v))
		return;
	properties_add(out, (struct property){
				.object = oom_driver.kind,
				.attribute = FILE_NAME,
				.value = arena_printf(out->arena, "%lld", (long long)v.integer),
				.effect = EFFECT_LIVE,
				.setting = e->setting,
				.from = e->from,
				.key = KEY,
			    });
}

static void observe(struct container *c, const struct properties *asked, struct properties *out)
{
	struct property p = {.object = oom_driver.kind, .attribute = FILE_NAME};
	char text[32];
	ssize_t n = procfile_read(c->proc, FILE_NAME, text, sizeof(text));

	if (n < 0) {
		p.certainty = UNKNOWN;
		p.reason = arena_printf(out->arena, "/proc/%d/" FILE_NAME ": %s", (int)c->init,
					strerror((int)-n));
	} else if (!asked && strcmp(text, "0") == 0) {
		return;
	} else {
		p.value = arena_strdup(out->arena, text);
	}
	properties_add(out, p);
}

/* LXC has no key of its own for it, but its lxc.proc.* sets files of init's /proc at a start. */
static const char *base(const struct container *c, const struct property *owned, struct arena *a)
{
	const char *own = c->own_item(c, "lxc.proc." FILE_NAME);

	(void)owned;
	(void)a;
	return own ? own : "0";
}

static int write_score(int proc, const char *value)
{
	procfile_fd fd = openat(proc, FILE_NAME, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return errno;
	return write(fd, value, strlen(value)) < 0 ? errno : 0;
}

static void apply_one(struct container *c, struct change *change)
{
	const char *value = change->to ? change->to : "0";
	int error = write_score(c->proc, value);

	if (c->wrote)
		c->wrote(arena_printf(c->arena, "/proc/%d/" FILE_NAME, (int)c->init), value, error);
	if (error == EACCES)
		change_fail(change, c->arena, error,
			    "/proc/%d/" FILE_NAME ": %s is lower than a start gave: only a process "
			    "with CAP_SYS_RESOURCE may set it",
			    (int)c->init, value);
	else if (error)
		change_fail(change, c->arena, error, "/proc/%d/" FILE_NAME ": cannot write %s: %s",
			    (int)c->init, value, strerror(error));
	else
		change->verdict = VERDICT_APPLIED;
}

static void apply(struct container *c, struct change **changes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		apply_one(c, changes[i]);
}

static const char *place(const struct host *host, const struct property *p, struct arena *a)
{
	(void)host;
	(void)p;
	(void)a;
	return "/proc/INIT/" FILE_NAME;
}

const struct driver oom_driver = {
    .kind = "oom",
    .effect = EFFECT_LIVE,
    .desire = desire,
    .observe = observe,
    .base = base,
    .apply = apply,
    .place = place,
};
