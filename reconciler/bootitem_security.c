/* security.nesting, raw.apparmor, and the seccomp policy of security.syscalls.* and raw.seccomp. */
#include "reconciler/bootfile.h"
#include "reconciler/bootitem.h"
#include "reconciler/syscalls.h"
#include "schema/arena.h"

#include <string.h>

/* ---- nesting ---- */

static void desire_nesting(const struct world *w, const struct world_instance *i,
			   struct properties *out)
{
	const struct expanded *e = instance_get(i->instance, "security.nesting");

	(void)w;
	if (e)
		bootitem_want(out, bootitem_nesting.attribute,
			      instance_yes(i->instance, "security.nesting", false) ? "1" : "0", e);
}

/* Unprivileged users inside may mount proc and sysfs only where a whole one is mounted already. */
static void boot_nesting(const struct property *p, struct arena *a, const char ***lines, size_t *n,
			 size_t *capacity)
{
	bootitem_write(p, a, lines, n, capacity);
	if (strcmp(p->value, "1") != 0)
		return;
	bootitem_line(a, "lxc.mount.entry = proc dev/.lxc/proc proc create=dir,optional 0 0", lines,
		      n, capacity);
	bootitem_line(a, "lxc.mount.entry = sys dev/.lxc/sys sysfs create=dir,optional 0 0", lines,
		      n, capacity);
}

const struct bootitem bootitem_nesting = {
    .attribute = "lxc.apparmor.allow_nesting",
    .desire = desire_nesting,
    .observe = bootitem_running,
    .base = bootitem_own,
    .boot = boot_nesting,
};

/* ---- AppArmor lines ---- */

/* TEXT without empty lines and the last line break. */
static const char *tidy_lines(const char *text, struct arena *a)
{
	char *tidy = arena_alloc(a, strlen(text) + 1), *to = tidy;

	while (*text) {
		size_t n = strcspn(text, "\n");

		if (strspn(text, " \t\r") < n) {
			to = to == tidy ? to : stpcpy(to, "\n");
			to = mempcpy(to, text, n - (n && text[n - 1] == '\r'));
		}
		text += n + (text[n] == '\n');
	}
	*to = '\0';
	return tidy;
}

static void desire_apparmor(const struct world *w, const struct world_instance *i,
			    struct properties *out)
{
	const struct expanded *e = instance_get(i->instance, "raw.apparmor");

	(void)w;
	if (e)
		bootitem_want(out, bootitem_apparmor.attribute,
			      tidy_lines(e->setting->text, out->arena), e);
}

/* Ours come after the owner's. */
static const char *observe_apparmor(const struct container *c, const struct property *asked,
				    struct arena *a)
{
	const char *running = c->running_item(c, asked->attribute);
	const char *own = c->own_item(c, asked->attribute);
	size_t n = own ? strlen(own) : 0;

	(void)a;
	if (!running || !n || strncmp(running, own, n) != 0)
		return running;
	if (!running[n])
		return NULL;
	return running[n] == '\n' ? running + n + 1 : running;
}

static const char *no_base(const struct container *c, const struct property *owned, struct arena *a)
{
	(void)c;
	(void)owned;
	(void)a;
	return NULL;
}

static void boot_apparmor(const struct property *p, struct arena *a, const char ***lines, size_t *n,
			  size_t *capacity)
{
	char *left = arena_strdup(a, p->value);

	for (char *line = strsep(&left, "\n"); line; line = strsep(&left, "\n"))
		bootitem_setting(a, p->attribute, line, lines, n, capacity);
}

const struct bootitem bootitem_apparmor = {
    .attribute = "lxc.apparmor.raw",
    .desire = desire_apparmor,
    .observe = observe_apparmor,
    .base = no_base,
    .boot = boot_apparmor,
};

/* ---- seccomp: the value is the policy itself; the file that holds it is named after it ---- */

static void desire_seccomp(const struct world *w, const struct world_instance *i,
			   struct properties *out)
{
	const struct expanded *e = syscalls_setting(i->instance);
	const struct expanded *compat = syscalls_compat(i->instance);

	(void)w;
	if (compat)
		bootitem_refuse(
		    bootitem_want(out, "lxc.seccomp.compat", NULL, compat),
		    "LXC's policies cannot name the system calls of 32-bit programs as a whole",
		    "deny them one by one in raw.seccomp");
	if (e)
		bootitem_want(out, bootitem_seccomp.attribute,
			      syscalls_policy(i->instance, out->arena), e);
}

static const char *observe_seccomp(const struct container *c, const struct property *asked,
				   struct arena *a)
{
	const char *path = c->running_item(c, asked->attribute), *file;

	if (!path || !asked->value)
		return path;
	file =
	    arena_printf(a, "%s/%s/%s", c->lxcpath, c->name, bootfile_policy_name(asked->value, a));
	return strcmp(path, file) == 0 ? asked->value : path;
}

static void boot_seccomp(const struct property *p, struct arena *a, const char ***lines, size_t *n,
			 size_t *capacity)
{
	bootitem_line(a, bootfile_policy_line(p->value, a), lines, n, capacity);
}

const struct bootitem bootitem_seccomp = {
    .attribute = "lxc.seccomp.profile",
    .desire = desire_seccomp,
    .observe = observe_seccomp,
    .base = bootitem_own,
    .boot = boot_seccomp,
};
