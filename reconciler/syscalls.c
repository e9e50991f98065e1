#include "reconciler/syscalls.h"

#include "schema/arena.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* New and old names of one key. */
struct names {
	const char *name, *old;
};

static const struct names allow = {"security.syscalls.allow", "security.syscalls.whitelist"};
static const struct names deny = {"security.syscalls.deny", "security.syscalls.blacklist"};
static const struct names deny_default = {"security.syscalls.deny_default",
					  "security.syscalls.blacklist_default"};
static const struct names deny_compat = {"security.syscalls.deny_compat",
					 "security.syscalls.blacklist_compat"};

/* What no container needs: another kernel, modules, files of other mounts by their handle. */
static const char denied_always[] = "kexec_load errno 38\n"
				    "kexec_file_load errno 38\n"
				    "open_by_handle_at errno 38\n"
				    "init_module errno 38\n"
				    "finit_module errno 38\n"
				    "delete_module errno 38\n";

static const struct expanded *get(const struct instance *i, const struct names *n)
{
	const struct expanded *e = instance_get(i, n->name);

	return e ? e : instance_get(i, n->old);
}

const struct expanded *syscalls_setting(const struct instance *i)
{
	const struct names *const all[] = {&allow, &deny, &deny_default};
	const struct expanded *e = instance_get(i, "raw.seccomp");

	for (size_t k = 0; k < COUNT(all) && !e; k++)
		e = get(i, all[k]);
	return e;
}

const struct expanded *syscalls_compat(const struct instance *i)
{
	const struct expanded *e = get(i, &deny_compat);

	return e && instance_yes(i, e->setting->name, false) ? e : NULL;
}

static const char *ended(const char *text, struct arena *a)
{
	size_t n = strlen(text);

	return n && text[n - 1] != '\n' ? arena_printf(a, "%s\n", text) : text;
}

const char *syscalls_policy(const struct instance *i, struct arena *a)
{
	const char *raw = instance_text(i, "raw.seccomp");
	const struct expanded *some = get(i, &allow), *preset = get(i, &deny_default);
	bool usual = !preset || instance_yes(i, preset->setting->name, true);

	if (raw)
		return ended(raw, a);
	if (some)
		return arena_printf(a, "2\nallowlist\n[all]\n%s", ended(some->setting->text, a));
	some = get(i, &deny);
	return arena_printf(a, "2\ndenylist\n%s[all]\n%s%s", usual ? "reject_force_umount\n" : "",
			    usual ? denied_always : "", some ? ended(some->setting->text, a) : "");
}
