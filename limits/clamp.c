#include "limits/clamp.h"

#include "limits/cgroup.h"
#include "limits/procfile.h"
#include "limits/rlimit.h"
#include "schema/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST_PASSES 32

/* VALUE_UNLIMITED is RLIM_INFINITY. */
int clamp_read(pid_t pid, int resource, struct rlimit_pair *out)
{
	struct rlimit now;

	if (prlimit(pid, (__rlimit_resource_t)resource, NULL, &now) < 0)
		return errno;
	*out = (struct rlimit_pair){now.rlim_cur, now.rlim_max};
	return 0;
}

static int set_pair(pid_t pid, int resource, const struct rlimit_pair *pair)
{
	struct rlimit next = {pair->soft, pair->hard};

	return prlimit(pid, (__rlimit_resource_t)resource, &next, NULL) < 0 ? errno : 0;
}

static bool equal(const struct rlimit_pair *x, const struct rlimit_pair *y)
{
	return x->soft == y->soft && x->hard == y->hard;
}

static uint64_t least(uint64_t x, uint64_t y)
{
	return x < y ? x : y;
}

/* One change while it is carried out on all processes. */
struct work {
	struct container *c;
	const char *name;
	int resource;
	struct rlimit_pair given, wanted; /* what init had, what it shall have */
	const char *group; /* the last part of its cgroup's path: a process is only ours in there */
	bool others_only;  /* init's turn comes later */
	size_t changed;
	/* the first refusal */
	int error;
	pid_t pid;
	struct rlimit_pair from, to;
};

/* A pid may have been given to somebody else since it was listed. The container's root makes the
 * paths in its cgroup file as long as he likes: one that the kernel itself finds too long is his.
 */
static bool still_inside(const struct work *w, pid_t pid)
{
	size_t n = strlen(w->group);
	struct arena *a = arena_new();
	bool inside = n == 0; /* the root group has everybody */
	char path[64], *text;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	text = procfile_read_all(AT_FDCWD, path, a, NULL);
	if (!text)
		inside = errno == ENAMETOOLONG;
	for (const char *at = text; at && !inside; at = strstr(at + 1, w->group))
		inside = at > text && strncmp(at, w->group, n) == 0 && at[-1] == '/' &&
			 (at[n] == '/' || at[n] == '\n' || !at[n]);
	arena_free(a);
	return inside;
}

static struct rlimit_pair next_pair(const struct work *w, const struct rlimit_pair *now)
{
	if (equal(now, &w->given))
		return w->wanted;
	return (struct rlimit_pair){least(now->soft, w->wanted.soft),
				    least(now->hard, w->wanted.hard)};
}

/* It is our capability that lacks, or the kernel's ceiling: what one process was refused, none
 * gets.
 */
static bool cannot_raise(const struct work *w, const struct rlimit_pair *now,
			 const struct rlimit_pair *next)
{
	return w->error == EPERM && next->hard > now->hard && w->to.hard > w->from.hard &&
	       next->hard >= w->to.hard;
}

static int change_process(pid_t pid, void *data)
{
	struct work *w = data;
	struct rlimit_pair now = {0}, next;
	struct arena *a = w->c->arena;
	int error;

	if (w->others_only && pid == w->c->init)
		return 0;
	error = clamp_read(pid, w->resource, &now);
	if (error == ESRCH)
		return 0;
	next = error ? w->wanted : next_pair(w, &now);
	if (!error) {
		if (equal(&now, &next) || cannot_raise(w, &now, &next) || !still_inside(w, pid))
			return 0;
		error = set_pair(pid, w->resource, &next);
		if (w->c->wrote)
			w->c->wrote(arena_printf(a, "prlimit %d %s", (int)pid, w->name),
				    rlimit_print(&next, a), error);
	}
	if (error == 0)
		w->changed++;
	if (error == 0 || error == ESRCH || w->error)
		return 0;
	w->error = error;
	w->pid = pid;
	w->from = now;
	w->to = next;
	return 0;
}

/* Children forked from a process between its listing and its change have the old pair: again, until
 * a pass finds nothing to do. */
static int change_all(struct work *w)
{
	int error;

	w->others_only = true;
	for (int pass = 0; pass < MOST_PASSES; pass++) {
		w->changed = 0;
		error = cgroup_each_process(w->c->cgroup, change_process, w);
		if (error < 0)
			return -error;
		if (pass > 0 && (w->error || w->changed == 0))
			return w->error;
		w->others_only = false;
	}
	return EAGAIN;
}

static bool may_raise(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[2] = {{0}};

	if (syscall(SYS_capget, &header, sets) < 0)
		return false;
	return sets[CAP_TO_INDEX(CAP_SYS_RESOURCE)].effective & CAP_TO_MASK(CAP_SYS_RESOURCE);
}

/* nofile alone has a ceiling of its own. */
static bool beyond_nr_open(int resource, const struct rlimit_pair *pair, uint64_t *nr_open)
{
	return resource == RLIMIT_NOFILE &&
	       procfile_read_number(AT_FDCWD, "/proc/sys/fs/nr_open", nr_open) == 0 &&
	       pair->hard > *nr_open;
}

static const char *refusal(const struct work *w, int error)
{
	struct arena *a = w->c->arena;
	const char *what;
	uint64_t nr_open;

	if (!w->error)
		return arena_printf(a, "%s: %s", w->name,
				    error == EAGAIN
					? "its processes fork faster than they can be changed"
					: strerror(error));
	what = arena_printf(a, "cannot set %s of process %d to %s: %s", w->name, (int)w->pid,
			    rlimit_print(&w->to, a), strerror(error));
	if (error == EPERM && beyond_nr_open(w->resource, &w->to, &nr_open))
		return arena_printf(
		    a, "%s: the sysctl fs.nr_open allows %" PRIu64 ": raise that first", what,
		    nr_open);
	if (error == EPERM && w->to.hard > w->from.hard && !may_raise())
		return arena_printf(
		    a,
		    "%s: to raise a hard limit needs CAP_SYS_RESOURCE, which this process "
		    "lacks: run evenkeel with it",
		    what);
	return what;
}

static const char *group_name(const struct container *c)
{
	static const enum controller order[] = {CONTROLLER_PIDS,    CONTROLLER_MEMORY,
						CONTROLLER_DEVICES, CONTROLLER_FREEZER,
						CONTROLLER_CPU,     CONTROLLER_CPUSET};

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		char *path, *slash;

		if (cgroup_version(c->cgroup, order[i]) == CGROUP_NONE)
			continue;
		path = arena_strdup(c->arena, cgroup_path(c->cgroup, order[i], "", c->arena));
		while ((slash = strrchr(path, '/')) && !slash[1] && slash != path)
			*slash = '\0';
		return slash ? slash + 1 : path;
	}
	return "";
}

int clamp_processes(struct container *c, const char *name, int resource,
		    const struct rlimit_pair *wanted, const char **why)
{
	struct work w = {
	    .c = c,
	    .name = name,
	    .resource = resource,
	    .wanted = *wanted,
	    .group = group_name(c),
	};
	int error = clamp_read(c->init, resource, &w.given);

	if (!error)
		error = change_all(&w);
	if (error)
		*why = refusal(&w, error);
	return error;
}

bool clamp_can_start(const struct host *host, int resource, const struct rlimit_pair *pair)
{
	uint64_t nr_open;

	if (pair->hard <= host->rlimits[resource].hard)
		return true;
	return may_raise() && !beyond_nr_open(resource, pair, &nr_open);
}
