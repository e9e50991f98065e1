#include "reconciler/container.h"

#include "limits/procfile.h"
#include "reconciler/commandsock.h"
#include "reconciler/hints.h"
#include "reconciler/lxcitems.h"
#include "reconciler/monitor.h"
#include "schema/arena.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PID_FS_MAGIC 0x50494446

/* What a container's opaque pointer is. */
struct lxc_side {
	struct lxcitems *items;
	struct hints *hints;
	struct hint *hint; /* NULL unless it was active when stock was taken */
};

static int compare_texts(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static void find_active(struct containers *cs)
{
	if (cs->dir >= 0)
		cs->error =
		    commandsock_list(cs->dir, cs->lxcpath, cs->arena, &cs->active, &cs->n_active);
}

struct containers *containers_open(const char *lxcpath, const struct host *host,
				   const struct cgroup_layout *layout, struct arena *a)
{
	struct containers *cs = arena_alloc(a, sizeof(*cs));

	*cs = (struct containers){.arena = a, .lxcpath = lxcpath, .host = host, .layout = layout};
	cs->dir = open(lxcpath, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (cs->dir < 0 && errno != ENOENT)
		cs->error = -errno;
	find_active(cs);
	cs->hints = hints_load(cs->lxcpath, cs->active, cs->n_active, a);
	return cs;
}

struct containers *containers_again(struct containers *old, const struct host *host,
				    struct arena *a)
{
	struct containers *cs = arena_alloc(a, sizeof(*cs));

	*cs = (struct containers){.arena = a,
				  .lxcpath = old->lxcpath,
				  .dir = old->dir,
				  .host = host,
				  .layout = old->layout,
				  .wrote = old->wrote};
	old->dir = -1;
	if (cs->dir < 0) /* it may have been made since */
		cs->dir = open(cs->lxcpath, O_PATH | O_DIRECTORY | O_CLOEXEC);
	find_active(cs);
	cs->hints = hints_load(cs->lxcpath, cs->active, cs->n_active, a);
	return cs;
}

void containers_refresh(struct containers *cs)
{
	cs->monitors_known = false;
	find_active(cs);
	hints_rename(cs->hints, cs->active, cs->n_active);
}

void containers_close(struct containers *cs)
{
	hints_save(cs->hints);
	procfile_close(&cs->dir);
}

static bool file_exists(const struct containers *cs, const char *name, const char *file)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", name, file);
	return faccessat(cs->dir, path, F_OK, 0) == 0;
}

/* One that is only half made ("partial" is LXC's mark) is none. */
static bool is_defined(const struct containers *cs, const char *name)
{
	return cs->dir >= 0 && file_exists(cs, name, "config") && !file_exists(cs, name, "partial");
}

size_t containers_defined(struct containers *cs, const char ***out)
{
	int fd = cs->dir < 0 ? -1 : openat(cs->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	size_t n = 0, capacity = 0;
	struct dirent *e;

	*out = NULL;
	if (!folder) {
		procfile_close(&fd);
		return 0;
	}
	while ((e = readdir(folder))) {
		if (e->d_name[0] == '.' || e->d_type == DT_REG || !is_defined(cs, e->d_name))
			continue;
		*out = arena_grow(cs->arena, *out, n, &capacity, sizeof(**out));
		(*out)[n++] = arena_strdup(cs->arena, e->d_name);
	}
	closedir(folder);
	if (n)
		qsort(*out, n, sizeof(**out), compare_texts);
	return n;
}

/* ---- items ---- */

static const char *own_item(const struct container *c, const char *item)
{
	const struct lxc_side *side = c->lxc;

	return lxcitems_own(side->items, item, c->arena);
}

static const char *running_item(const struct container *c, const char *item)
{
	const struct lxc_side *side = c->lxc;
	const char *value;
	bool known;

	if (c->init == 0)
		return NULL;
	if (side->hint && hint_item_find(side->hint, item, &value))
		return value;
	value = lxcitems_running(side->items, item, c->arena, &known);
	if (side->hint && known)
		hint_item_add(side->hints, side->hint, item, value);
	return value;
}

size_t container_own_nets(const struct container *c, unsigned **out)
{
	const struct lxc_side *side = c->lxc;

	return lxcitems_own_nets(side->items, c->arena, out);
}

int64_t container_rootfs_owner(const struct container *c)
{
	const char *path = c->own_item(c, "lxc.rootfs.path"), *type;
	struct stat st;

	if (!path)
		return -1;
	type = strchr(path, ':');
	if (path[0] != '/' && type)
		path = type + 1;
	if (path[0] != '/' || stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return -1;
	return (int64_t)st.st_uid;
}

/* ---- init ---- */

static void forget_init(struct container *c)
{
	cgroup_close(c->cgroup);
	c->cgroup = NULL;
	procfile_close(&c->proc);
	procfile_close(&c->pidfd);
	c->init = 0;
}

static bool lives(const struct container *c)
{
	struct pollfd p = {.fd = c->pidfd, .events = POLLIN};

	return poll(&p, 1, 0) == 0;
}

/* What tells this process from a later one of the same number: the pidfd's inode, unique on pidfs
 * (Linux 6.9), else the time it started, field 22 of /proc/PID/stat. */
static bool read_identity(const struct container *c, uint64_t *identity)
{
	char text[1024], *field;
	struct statfs fs;
	struct stat st;

	if (fstatfs(c->pidfd, &fs) == 0 && fs.f_type == PID_FS_MAGIC && fstat(c->pidfd, &st) == 0) {
		*identity = st.st_ino;
		return true;
	}
	if (procfile_read(c->proc, "stat", text, sizeof(text)) < 0)
		return false;
	field = strrchr(text, ')'); /* before it stands the process's own name for itself */
	for (int i = 2; field && i < 22; i++)
		field = strchr(field + 1, ' ');
	*identity = field ? strtoull(field, NULL, 10) : 0;
	return *identity != 0;
}

/* The pidfd comes first: while it says that init lives, what was opened through its number is
 * init's. */
static bool take_init(struct container *c, pid_t init, uint64_t *identity)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", (int)init);
	c->init = init;
	c->pidfd = (int)syscall(SYS_pidfd_open, init, 0);
	if (c->pidfd >= 0)
		c->proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (c->proc >= 0 && read_identity(c, identity) && lives(c))
		return true;
	forget_init(c);
	return false;
}

static bool take_hinted_init(struct container *c, const struct hint *hint)
{
	uint64_t identity;

	if (hint->init <= 0 || !take_init(c, hint->init, &identity))
		return false;
	if (identity == hint->identity)
		return true;
	forget_init(c);
	return false;
}

static int compare_monitor(const void *name, const void *monitor)
{
	return strcmp(name, ((const struct monitor *)monitor)->name);
}

/* liblxc is asked only where nothing else tells: a container of a foreground lxc-start, and one
 * whose monitor has its socket and not yet its title. 0: there is none yet, or no more; -1: there
 * is no container behind that socket. */
static pid_t find_init(struct containers *cs, const struct container *c,
		       const struct lxc_side *side)
{
	const struct monitor *m;
	pid_t init = -1;

	if (!cs->monitors_known) {
		cs->n_monitors = monitors_find(cs->lxcpath, cs->arena, &cs->monitors);
		cs->monitors_known = true;
	}
	m = cs->n_monitors
		? bsearch(c->name, cs->monitors, cs->n_monitors, sizeof(*m), compare_monitor)
		: NULL;
	if (m)
		init = monitor_init(m->pid);
	if (init >= 0)
		return init;
	switch (lxcitems_listener(side->items)) {
	case LISTENER_NONE:
	case LISTENER_FOREIGN:
		return m ? 0 : -1;
	case LISTENER_OURS:
	case LISTENER_BUSY:
		break;
	}
	return lxcitems_init(side->items);
}

static void take_found_init(struct container *c, struct lxc_side *side, pid_t init)
{
	uint64_t start;

	if (init > 0 && take_init(c, init, &start) && side->hint)
		hints_set_init(side->hints, side->hint, init, start);
}

static bool has_group(const struct cgroup *g)
{
	for (int k = 0; k < N_CONTROLLERS; k++)
		if (cgroup_version(g, (enum controller)k) != CGROUP_NONE)
			return true;
	return false;
}

/* Where lxc.cgroup.dir names it, the payload's group is not found by the container's name. */
static void open_cgroup(const struct containers *cs, struct container *c)
{
	const char *dir;

	c->cgroup = cgroup_open(cs->layout, c, NULL);
	if (!c->cgroup || has_group(c->cgroup))
		return;
	dir = running_item(c, "lxc.cgroup.dir.container");
	if (!dir)
		dir = running_item(c, "lxc.cgroup.dir");
	if (!dir)
		return;
	cgroup_close(c->cgroup);
	c->cgroup = cgroup_open(cs->layout, c, dir);
}

static bool is_frozen(const struct container *c)
{
	char text[256];

	switch (cgroup_version(c->cgroup, CONTROLLER_FREEZER)) {
	case CGROUP_V1:
		return cgroup_read_again(c->cgroup, CONTROLLER_FREEZER, "freezer.state", text,
					 sizeof(text)) >= 0 &&
		       strcmp(text, "THAWED") != 0;
	case CGROUP_V2:
		return cgroup_read_again(c->cgroup, CONTROLLER_FREEZER, "cgroup.events", text,
					 sizeof(text)) >= 0 &&
		       strstr(text, "frozen 1");
	case CGROUP_NONE:
		break;
	}
	return false;
}

/* False: it is only called active. */
static bool look_at_active(struct containers *cs, struct container *c, struct lxc_side *side)
{
	pid_t init = 0;

	if (!(side->hint && take_hinted_init(c, side->hint))) {
		init = find_init(cs, c, side);
		take_found_init(c, side, init);
	}
	/* A monitor whose container is going away has no init any more. */
	c->status = STATUS_STARTING;
	if (c->init == 0)
		return init >= 0;
	open_cgroup(cs, c);
	if (c->cgroup)
		c->status = is_frozen(c) ? STATUS_FROZEN : STATUS_RUNNING;
	else
		forget_init(c);
	return true;
}

static bool is_active(const struct containers *cs, const char *name)
{
	return cs->n_active &&
	       bsearch(&name, cs->active, cs->n_active, sizeof(*cs->active), compare_texts);
}

/* All that it holds on to is in A, hints about it in HINTS. */
static struct container *look_at(struct containers *cs, struct hints *hints, const char *name,
				 bool known, struct arena *a)
{
	struct container *c = arena_alloc(a, sizeof(*c));
	struct lxc_side *side = arena_alloc(a, sizeof(*side));

	*c = (struct container){
	    .arena = a,
	    .name = arena_strdup(a, name),
	    .lxcpath = cs->lxcpath,
	    .status = STATUS_MISSING,
	    .pidfd = -1,
	    .proc = -1,
	    .host = cs->host,
	    .own_item = own_item,
	    .running_item = running_item,
	    .wrote = cs->wrote,
	    .lxc = side,
	};
	side->items = lxcitems_new(cs->lxcpath, cs->dir, c->name, a);
	side->hints = hints;
	side->hint = hints_find(hints, name);
	if (!is_active(cs, name) || !look_at_active(cs, c, side))
		c->status = known || is_defined(cs, name) ? STATUS_STOPPED : STATUS_MISSING;
	return c;
}

struct container *container_open(struct containers *cs, const char *name)
{
	return look_at(cs, cs->hints, name, false, cs->arena);
}

struct container *container_open_defined(struct containers *cs, const char *name)
{
	return look_at(cs, cs->hints, name, true, cs->arena);
}

struct container *container_keep(struct containers *cs, const char *name, bool known,
				 struct arena *a)
{
	return look_at(cs, hints_about(cs->hints, name, a), name, known, a);
}

bool container_still_runs(struct container *c)
{
	if (c->pidfd < 0 || !c->cgroup)
		return false;
	/* what was read is only believed of one that lives afterwards */
	c->status = is_frozen(c) ? STATUS_FROZEN : STATUS_RUNNING;
	return lives(c);
}

void container_remember(struct containers *cs, const struct container *c)
{
	const struct lxc_side *side = c->lxc;

	if (side->hint)
		hints_take(cs->hints, c->name, side->hint);
}

void container_close(struct container *c)
{
	struct lxc_side *side;

	if (!c)
		return;
	side = c->lxc;
	lxcitems_close(side->items);
	forget_init(c);
}

void container_rest(struct container *c)
{
	struct lxc_side *side = c->lxc;

	lxcitems_rest(side->items);
	c->nics = NULL; /* of that round, as its arena was */
	c->owned = NULL;
}
