#include "schema/rawlxc.h"

#include "schema/arena.h"
#include "schema/text.h"

#include <errno.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BLANKS " \t\r"

/* confile.c of LXC 5; a final "*" stands for any rest. */
static const char *const known[] = {
    "lxc.apparmor.allow_incomplete",
    "lxc.apparmor.allow_nesting",
    "lxc.apparmor.profile",
    "lxc.apparmor.raw",
    "lxc.arch",
    "lxc.autodev",
    "lxc.autodev.tmpfs.size",
    "lxc.cap.drop",
    "lxc.cap.keep",
    "lxc.cgroup.*",
    "lxc.cgroup2.*",
    "lxc.console.buffer.size",
    "lxc.console.logfile",
    "lxc.console.path",
    "lxc.console.rotate",
    "lxc.console.size",
    "lxc.environment",
    "lxc.ephemeral",
    "lxc.execute.cmd",
    "lxc.group",
    "lxc.hook.autodev",
    "lxc.hook.clone",
    "lxc.hook.destroy",
    "lxc.hook.mount",
    "lxc.hook.post-stop",
    "lxc.hook.pre-mount",
    "lxc.hook.pre-start",
    "lxc.hook.start",
    "lxc.hook.start-host",
    "lxc.hook.stop",
    "lxc.hook.version",
    "lxc.idmap",
    "lxc.include",
    "lxc.init.cmd",
    "lxc.init.cwd",
    "lxc.init.gid",
    "lxc.init.groups",
    "lxc.init.uid",
    "lxc.keyring.session",
    "lxc.log.file",
    "lxc.log.level",
    "lxc.log.syslog",
    "lxc.monitor.signal.pdeath",
    "lxc.monitor.unshare",
    "lxc.mount.auto",
    "lxc.mount.entry",
    "lxc.mount.fstab",
    "lxc.namespace.clone",
    "lxc.namespace.keep",
    "lxc.namespace.share.*",
    "lxc.net",
    "lxc.net.*",
    "lxc.no_new_privs",
    "lxc.prlimit.*",
    "lxc.proc.*",
    "lxc.pty.max",
    "lxc.rootfs.managed",
    "lxc.rootfs.mount",
    "lxc.rootfs.options",
    "lxc.rootfs.path",
    "lxc.sched.core",
    "lxc.seccomp.allow_nesting",
    "lxc.seccomp.notify.cookie",
    "lxc.seccomp.notify.proxy",
    "lxc.seccomp.profile",
    "lxc.selinux.context",
    "lxc.selinux.context.keyring",
    "lxc.signal.halt",
    "lxc.signal.reboot",
    "lxc.signal.stop",
    "lxc.start.auto",
    "lxc.start.delay",
    "lxc.start.order",
    "lxc.sysctl.*",
    "lxc.time.offset.boot",
    "lxc.time.offset.monotonic",
    "lxc.tty.dir",
    "lxc.tty.max",
    "lxc.uts.name",
};

#define IDMAP "the id map is the manifest's affair"
#define NIC "interfaces are devices of the manifest"
#define LOG "the log is the affair of whoever starts the container"

/* clang-format off */
static const struct rawlxc_rule rules[] = {
	{"lxc.idmap", SEVERITY_ERROR, IDMAP, "use raw.idmap or security.idmap.*"},
	{"lxc.id_map", SEVERITY_ERROR, IDMAP, "use raw.idmap or security.idmap.*"},
	{"lxc.net", SEVERITY_ERROR, NIC, "write a device of type nic"},
	{"lxc.net.*", SEVERITY_ERROR, NIC, "write a device of type nic"},
	{"lxc.network.*", SEVERITY_ERROR, NIC, "write a device of type nic"},
	{"lxc.mount.entry", SEVERITY_ERROR, "mounts are devices of the manifest",
	 "write a device of type disk"},
	{"lxc.include", SEVERITY_ERROR, "nobody could say what the included file brings",
	 "write its lines here"},
	{"lxc.prlimit.*", SEVERITY_ERROR, "resource limits are keys of the manifest",
	 "use limits.kernel.*"},
	{"lxc.log.*", SEVERITY_ERROR, LOG, "give the log file to lxc-start"},
	{"lxc.logfile", SEVERITY_ERROR, LOG, "give the log file to lxc-start"},
	{"lxc.syslog", SEVERITY_ERROR, LOG, "give the log file to lxc-start"},
	{"lxc.ephemeral", SEVERITY_ERROR, "a container that deletes itself cannot be kept", "leave it out"},
	{"lxc.apparmor.profile", SEVERITY_WARNING, "it takes the place of the profile that the manifest asks for",
	 "raw.apparmor adds to the profile"},
	{"lxc.rootfs.*", SEVERITY_WARNING, "it moves the root file system from where the container has it", NULL},
	{"lxc.environment", SEVERITY_WARNING, "environment.* says it with a place for each value", NULL},
};
/* clang-format on */

static const char *skip_blanks(const char *at, const char *end)
{
	while (at < end && strchr(BLANKS, *at))
		at++;
	return at;
}

static const char *drop_blanks(const char *at, const char *end)
{
	while (end > at && strchr(BLANKS, end[-1]))
		end--;
	return end;
}

static void unquote(const char **begin, const char **end)
{
	const char *b = *begin, *e = *end;

	if (e - b < 2 || (*b != '"' && *b != '\'') || e[-1] != *b)
		return;
	*begin = b + 1;
	*end = e - 1;
}

/* Returns 0 for a comment or an empty line, 1 for a line, -EINVAL. */
static int parse_line(const char *line, const char *end, struct arena *a, struct rawlxc_line *out)
{
	const char *begin = skip_blanks(line, end), *sign, *value;

	if (begin == end || *begin == '#')
		return 0;
	sign = memchr(begin, '=', (size_t)(end - begin));
	if (!sign || sign == begin)
		return -EINVAL;
	value = skip_blanks(sign + 1, end);
	end = drop_blanks(value, end);
	unquote(&value, &end);
	sign = drop_blanks(begin, sign);
	out->key = arena_strndup(a, begin, (size_t)(sign - begin));
	out->value = arena_strndup(a, value, (size_t)(end - value));
	return 1;
}

int rawlxc_parse(const char *text, struct arena *a, struct rawlxc *out, size_t *bad)
{
	size_t capacity = 0;
	int r = 0;

	*out = (struct rawlxc){0};
	for (const char *line = text, *end; *line; line = *end ? end + 1 : end) {
		struct rawlxc_line item = {0};
		int found;

		end = strchrnul(line, '\n');
		item.offset = (size_t)(skip_blanks(line, end) - text);
		found = parse_line(line, end, a, &item);
		if (found < 0 && r == 0) {
			*bad = item.offset;
			r = -EINVAL;
		}
		if (found <= 0)
			continue;
		out->items = arena_grow(a, out->items, out->n, &capacity, sizeof(*out->items));
		out->items[out->n++] = item;
	}
	return r;
}

static bool fits(const char *pattern, const char *key)
{
	size_t n = strlen(pattern);

	if (pattern[n - 1] != '*')
		return strcmp(pattern, key) == 0;
	return strncmp(pattern, key, n - 1) == 0 && key[n - 1];
}

const struct rawlxc_rule *rawlxc_rule_find(const char *key)
{
	for (size_t i = 0; i < COUNT(rules); i++)
		if (fits(rules[i].key, key))
			return &rules[i];
	return NULL;
}

bool rawlxc_key_known(const char *key)
{
	for (size_t i = 0; i < COUNT(known); i++)
		if (fits(known[i], key))
			return true;
	return false;
}

const char *rawlxc_key_near_miss(const char *key)
{
	return text_near_miss(key, known, COUNT(known));
}
