#include "reconciler/creation_base.h"

#include "reconciler/creation.h"
#include "reconciler/fields.h"
#include "reconciler/include.h"
#include "schema/arena.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CONFIGS "/usr/share/lxc/config/"

/* userns.conf lifts the device list of common.conf: this is that list again, for both layouts. */
static const char *const devices[] = {
    "deny = a",
    "allow = c *:* m",
    "allow = b *:* m",
    "allow = c 1:3 rwm",
    "allow = c 1:5 rwm",
    "allow = c 1:7 rwm",
    "allow = c 5:0 rwm",
    "allow = c 5:1 rwm",
    "allow = c 5:2 rwm",
    "allow = c 1:8 rwm",
    "allow = c 1:9 rwm",
    "allow = c 136:* rwm",
    "allow = c 10:229 rwm",
};

bool creation_can_confine(void)
{
	char enabled = 'N';
	FILE *f = fopen("/sys/module/apparmor/parameters/enabled", "re");

	if (f) {
		if (fread(&enabled, 1, 1, f) != 1)
			enabled = 'N';
		fclose(f);
	}
	return enabled != 'Y' || access("/sbin/apparmor_parser", X_OK) == 0 ||
	       access("/usr/sbin/apparmor_parser", X_OK) == 0;
}

static void put_line(struct writer *w, const char *key, const char *value)
{
	writer_text(w, key);
	writer_text(w, " = ");
	writer_text(w, value);
	writer_text(w, "\n");
}

/* TEXT with every FROM replaced by TO. */
static void put_replaced(struct writer *w, const char *text, const char *from, const char *to)
{
	const char *at;

	while ((at = strstr(text, from))) {
		writer_put(w, text, (size_t)(at - text));
		writer_text(w, to);
		text = at + strlen(from);
	}
	writer_text(w, text);
}

/* The distribution's "NAME.common.conf" that the template includes; NULL: none. It brings
 * common.conf along. */
static const char *distribution_of(const char *text, struct arena *a)
{
	const char *end = strstr(text, ".common.conf"), *start = end;

	while (start && start > text && start[-1] != '/' && start[-1] != '\n')
		start--;
	return start ? arena_strndup(a, start, (size_t)(end - start)) : NULL;
}

static void put_userns(struct writer *w, const char *distribution, struct arena *a)
{
	const char *own =
	    arena_printf(a, CONFIGS "%s.userns.conf", distribution ? distribution : "");

	put_line(w, "lxc.include", access(own, R_OK) == 0 ? own : CONFIGS "userns.conf");
	for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++) {
		writer_text(w, "lxc.cgroup.devices.");
		writer_text(w, devices[i]);
		writer_text(w, "\n");
	}
	for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++) {
		writer_text(w, "lxc.cgroup2.devices.");
		writer_text(w, devices[i]);
		writer_text(w, "\n");
	}
}

char *creation_config(const struct jobspec *s, const char *text, const char *aside, bool confined,
		      struct arena *a)
{
	struct writer w = {.arena = a};
	const char *distribution = distribution_of(text, a);

	if (!s->config) {
		writer_text(&w, "# Made by evenkeel.\n");
		if (!distribution && !strstr(text, CONFIGS "common.conf"))
			put_line(&w, "lxc.include", CONFIGS "common.conf");
	}
	put_replaced(&w, text, aside, s->lxcpath);
	if (w.n && w.text[w.n - 1] != '\n')
		writer_text(&w, "\n");
	if (!include_value(text, "lxc.uts.name", a))
		put_line(&w, "lxc.uts.name", s->name);
	if (!s->config) {
		if (s->n_idmap)
			put_userns(&w, distribution, a);
		for (size_t i = 0; i < s->n_idmap; i++)
			put_line(&w, "lxc.idmap", s->idmap[i]);
		if (s->n_idmap)
			put_line(&w, "lxc.rootfs.options", "idmap=container");
		put_line(&w, "lxc.apparmor.profile", confined ? "generated" : "unconfined");
		/* lo comes up, whatever nics the boot file brings, and if it brings none */
		put_line(&w, "lxc.net.0.type", "empty");
		put_line(&w, "lxc.net.0.flags", "up");
	}
	writer_put(&w, "", 1);
	return w.text;
}
