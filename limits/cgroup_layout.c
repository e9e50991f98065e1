#include "limits/cgroup_layout.h"

#include "limits/procfile.h"
#include "schema/arena.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libcgroup.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

/* What each controller is called; the freezer and the device rules of v2 are no controllers. */
static const struct {
	const char *v1, *v2;
} names[N_CONTROLLERS] = {
    [CONTROLLER_CPU] = {"cpu",      "cpu"    },
      [CONTROLLER_CPUSET] = {"cpuset",   "cpuset" },
    [CONTROLLER_MEMORY] = {"memory",   "memory" },
      [CONTROLLER_PIDS] = {"pids",     "pids"   },
    [CONTROLLER_IO] = {"blkio",    "io"     },
      [CONTROLLER_HUGETLB] = {"hugetlb",  "hugetlb"},
    [CONTROLLER_NET_PRIO] = {"net_prio", NULL     },
      [CONTROLLER_FREEZER] = {"freezer",  NULL     },
    [CONTROLLER_DEVICES] = {"devices",  NULL     },
      [CONTROLLER_CPUACCT] = {"cpuacct",  NULL     },
};

bool cgroup_line_next(char **text, struct cgroup_line *line)
{
	char *at = *text, *end, *controllers, *path;

	while (*at) {
		end = strchrnul(at, '\n');
		*text = *end ? end + 1 : end;
		*end = '\0';
		controllers = strchr(at, ':');
		path = controllers ? strchr(controllers + 1, ':') : NULL;
		if (path && path[1] == '/') {
			*path = '\0';
			*line = (struct cgroup_line){controllers + 1, path + 1};
			return true;
		}
		at = *text;
	}
	return false;
}

/* Is NAME one of the words of LIST, which SEPARATOR parts? */
static bool list_has(const char *list, char separator, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = list; *at;) {
		const char *end = strchrnul(at, separator);

		if ((size_t)(end - at) == n && memcmp(at, name, n) == 0)
			return true;
		at = *end ? end + 1 : end;
	}
	return false;
}

int cgroup_layout_find(const struct cgroup_layout *l, const struct cgroup_line *line)
{
	if (*line->controllers == '\0')
		return l->unified;
	for (int k = 0; k < N_CONTROLLERS; k++) {
		if (l->of[k] >= 0 && l->hierarchies[l->of[k]].version == CGROUP_V1 &&
		    list_has(line->controllers, ',', names[k].v1))
			return l->of[k];
	}
	return -1;
}

/* The directory that the first component of *PATH names, which is taken off it. */
static int enter_next(int dir, const char **path)
{
	size_t n = strcspn(*path, "/");
	char name[NAME_MAX + 1];

	if (n >= sizeof(name) || (n == 2 && memcmp(*path, "..", 2) == 0)) {
		errno = EXDEV;
		return -1;
	}
	memcpy(name, *path, n);
	name[n] = '\0';
	*path += n + strspn(*path + n, "/");
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* For kernels and sandboxes without openat2(2): the same, a component at a time. */
static int enter_stepwise(int root, const char *path)
{
	int dir = fcntl(root, F_DUPFD_CLOEXEC, 0), next;
	struct stat from, to;

	while (dir >= 0 && *path) {
		next = enter_next(dir, &path);
		procfile_close(&dir);
		dir = next;
	}
	if (dir >= 0 &&
	    (fstat(root, &from) < 0 || fstat(dir, &to) < 0 || from.st_dev != to.st_dev)) {
		procfile_close(&dir);
		errno = EXDEV;
	}
	return dir;
}

int cgroup_layout_enter(const struct cgroup_layout *l, int hierarchy, const char *path)
{
	struct open_how how = {
	    .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
	    .resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS,
	};
	int root = l->hierarchies[hierarchy].dir, dir;

	while (*path == '/')
		path++;
	dir = (int)syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof(how));
	if (dir < 0 && (errno == ENOSYS || errno == EPERM))
		dir = enter_stepwise(root, path);
	return dir;
}

static void unseen(struct cgroup_layout *l, int error)
{
	if (!l->error)
		l->error = error == ENOENT || error == 0 ? EIO : error;
}

/* The hierarchy mounted at MOUNT, entered into the layout when it is one; -1 else. One that cannot
 * be looked at leaves an error: its controllers are not unsupported, only unseen. */
static int add_hierarchy(struct cgroup_layout *l, const char *mount)
{
	enum cgroup_version version = CGROUP_NONE;
	struct statfs fs;
	int dir;

	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->hierarchies[i].mount, mount) == 0)
			return (int)i;
	}
	dir = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || fstatfs(dir, &fs) < 0) {
		unseen(l, errno);
		if (dir >= 0)
			close(dir);
		return -1;
	}
	if (fs.f_type == CGROUP_SUPER_MAGIC)
		version = CGROUP_V1;
	else if (fs.f_type == CGROUP2_SUPER_MAGIC)
		version = CGROUP_V2;
	if (version == CGROUP_NONE || l->n == sizeof(l->hierarchies) / sizeof(*l->hierarchies)) {
		close(dir);
		return -1;
	}
	l->hierarchies[l->n] = (struct hierarchy){version, dir, arena_strdup(l->arena, mount)};
	return (int)l->n++;
}

static int mounted(struct cgroup_layout *l, const char *controller)
{
	char *mount = NULL;
	int hierarchy = -1;

	if (controller && cgroup_get_subsys_mount_point(controller, &mount) == 0)
		hierarchy = add_hierarchy(l, mount);
	free(mount);
	return hierarchy;
}

/* libcgroup does not say when it could not read all: what is mounted must have been found. */
static void check_mounted(struct cgroup_layout *l, const struct mntent *m)
{
	struct statfs fs;

	/* another mount may hide this one */
	if (strcmp(m->mnt_type, "cgroup") != 0 || statfs(m->mnt_dir, &fs) < 0 ||
	    fs.f_type != CGROUP_SUPER_MAGIC)
		return;
	for (int k = 0; k < N_CONTROLLERS; k++)
		if (l->of[k] < 0 && hasmntopt(m, names[k].v1))
			unseen(l, EIO);
}

/* libcgroup knows a v2 hierarchy only by its controllers; on a hybrid host it has none. */
static int find_unified(struct cgroup_layout *l)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *m;
	int hierarchy = -1;

	if (!mounts) {
		unseen(l, errno);
		return -1;
	}
	while ((m = getmntent(mounts))) {
		check_mounted(l, m);
		if (hierarchy < 0 && strcmp(m->mnt_type, "cgroup2") == 0)
			hierarchy = add_hierarchy(l, m->mnt_dir);
	}
	if (ferror(mounts))
		unseen(l, EIO);
	endmntent(mounts);
	return hierarchy;
}

/* Where v1 hierarchies exist too, a container's v2 group has only what is handed down from the
 * root. On a pure v2 host LXC hands everything down by itself. */
static bool unified_serves(struct cgroup_layout *l, bool pure, const char *controller)
{
	char list[1024];
	ssize_t n = procfile_read(l->hierarchies[l->unified].dir,
				  pure ? "cgroup.controllers" : "cgroup.subtree_control", list,
				  sizeof(list));

	if (n < 0) {
		unseen(l, (int)-n);
		return false;
	}
	return list_has(list, ' ', controller);
}

static void find_controllers(struct cgroup_layout *l)
{
	bool pure = true;

	for (int k = 0; k < N_CONTROLLERS; k++) {
		l->of[k] = mounted(l, names[k].v1);
		if (l->of[k] >= 0 && l->hierarchies[l->of[k]].version == CGROUP_V1)
			pure = false;
		else
			l->of[k] = -1;
	}
	l->unified = find_unified(l);
	if (l->unified < 0)
		return;
	for (int k = 0; k < N_CONTROLLERS; k++) {
		if (l->of[k] >= 0)
			continue;
		if (names[k].v2 ? unified_serves(l, pure, names[k].v2)
				: pure && k != CONTROLLER_NET_PRIO)
			l->of[k] = l->unified;
	}
}

int cgroup_layout_open(struct cgroup_layout **out, struct diagnostics *ds)
{
	int error = cgroup_init(), reason = errno;
	struct cgroup_layout *l;
	struct arena *a;

	if (error && error != ECGROUPNOTMOUNTED) {
		/* of a failed call libcgroup does not always know the reason any more */
		diagnostic_error(ds, NOWHERE, "cannot read the cgroup hierarchies: %s",
				 error == ECGOTHER && reason ? strerror(reason)
							     : cgroup_strerror(error));
		return -EIO;
	}
	a = arena_new();
	l = arena_alloc(a, sizeof(*l));
	l->arena = a;
	find_controllers(l);
	error = l->error;
	if (error) {
		cgroup_layout_close(l);
		diagnostic_error(ds, NOWHERE, "cannot read the cgroup hierarchies: %s",
				 strerror(error));
		return -error;
	}
	if (l->n == 0) {
		cgroup_layout_close(l);
		diagnostic_error(ds, NOWHERE, "no cgroup hierarchy is mounted");
		diagnostic_hint(ds, "mount -t cgroup2 cgroup2 /sys/fs/cgroup");
		return -ENOENT;
	}
	*out = l;
	return 0;
}

void cgroup_layout_close(struct cgroup_layout *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n; i++)
		close(l->hierarchies[i].dir);
	arena_free(l->arena);
}

static bool root_has(const struct cgroup_layout *l, enum controller k, const char *file)
{
	return l->of[k] >= 0 && faccessat(l->hierarchies[l->of[k]].dir, file, F_OK, 0) == 0;
}

/* Does any group right below the root have FILE? *SEEN: there was a group to look into. */
static bool child_has(const struct cgroup_layout *l, enum controller k, const char *file,
		      bool *seen)
{
	char path[NAME_MAX + 64];
	bool found = false;
	struct dirent *e;
	DIR *dir;
	int fd;

	*seen = false;
	fd = openat(l->hierarchies[l->of[k]].dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return false;
	while (!found && (e = readdir(dir))) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		*seen = true;
		snprintf(path, sizeof(path), "%s/%s", e->d_name, file);
		found = faccessat(fd, path, F_OK, 0) == 0;
	}
	closedir(dir);
	return found;
}

/* Without a group to look into: what decides in the kernel is its configuration, which /proc/swaps
 * tells, and the boot parameter. */
static bool kernel_accounts_swap(void)
{
	char line[4096];

	return faccessat(AT_FDCWD, "/proc/swaps", F_OK, 0) == 0 &&
	       procfile_read(AT_FDCWD, "/proc/cmdline", line, sizeof(line)) >= 0 &&
	       !list_has(line, ' ', "swapaccount=0");
}

static bool lacks_quota(const struct cgroup_layout *l, const struct host *host)
{
	bool seen = false;

	if (host->cgroups[CONTROLLER_CPU] == CGROUP_V1)
		return !root_has(l, CONTROLLER_CPU, "cpu.cfs_quota_us");
	/* Groups that the cpu controller is handed down to have its files; is there one? */
	return host->cgroups[CONTROLLER_CPU] == CGROUP_V2 &&
	       child_has(l, CONTROLLER_CPU, "cpu.weight", &seen) &&
	       !child_has(l, CONTROLLER_CPU, "cpu.max", &seen);
}

static bool is_realtime(void)
{
	char text[8];

	return procfile_read(AT_FDCWD, "/sys/kernel/realtime", text, sizeof(text)) == 1 &&
	       *text == '1';
}

void cgroup_layout_describe(const struct cgroup_layout *l, struct host *host)
{
	enum cgroup_version memory;
	bool seen;

	for (int k = 0; k < N_CONTROLLERS; k++)
		host->cgroups[k] = l->of[k] < 0 ? CGROUP_NONE : l->hierarchies[l->of[k]].version;
	memory = host->cgroups[CONTROLLER_MEMORY];
	host->swappiness =
	    memory == CGROUP_V1 && root_has(l, CONTROLLER_MEMORY, "memory.swappiness");
	host->swap_accounting = false;
	if (memory == CGROUP_V1)
		host->swap_accounting =
		    root_has(l, CONTROLLER_MEMORY, "memory.memsw.limit_in_bytes");
	else if (memory == CGROUP_V2)
		host->swap_accounting = child_has(l, CONTROLLER_MEMORY, "memory.swap.max", &seen) ||
					kernel_accounts_swap();
	host->lacks_soft_limit = memory == CGROUP_V1 && is_realtime();
	host->lacks_quota = lacks_quota(l, host);
	host->bfq_weight = host->cgroups[CONTROLLER_IO] == CGROUP_V1 &&
			   child_has(l, CONTROLLER_IO, "blkio.bfq.weight", &seen);
}

/* PID 1's path in the hierarchy of cpuset, without systemd's own init.scope; "" when unknown. */
static void path_of_first_process(const struct cgroup_layout *l, char *path, size_t size)
{
	static const char scope[] = "/init.scope";
	struct cgroup_line line;
	char text[8192], *at = text;
	size_t n;

	*path = '\0';
	if (procfile_read(AT_FDCWD, "/proc/1/cgroup", text, sizeof(text)) < 0)
		return;
	while (cgroup_line_next(&at, &line)) {
		if (cgroup_layout_find(l, &line) != l->of[CONTROLLER_CPUSET])
			continue;
		n = strlen(line.path);
		if (n >= strlen(scope) && strcmp(line.path + n - strlen(scope), scope) == 0)
			line.path[n - strlen(scope)] = '\0';
		if ((size_t)snprintf(path, size, "%s", line.path) >= size)
			*path = '\0';
	}
}

static bool read_cpus(int dir, const char *file, struct arena *a, struct ranges *out)
{
	char *text = arena_alloc(a, 65536);

	return procfile_read(dir, file, text, 65536) > 0 &&
	       ranges_parse(text, VALUE_CPU_MOST, a, out, NULL) == 0 && out->n > 0;
}

/* The nearest group from PATH upwards that says which CPUs it has. */
static bool allowed_cpus(const struct cgroup_layout *l, struct arena *a, struct ranges *out)
{
	static const char *const files[] = {"cpuset.effective_cpus", "cpuset.cpus.effective",
					    "cpuset.cpus"};
	char path[4096];
	bool found = false;
	int dir;

	if (l->of[CONTROLLER_CPUSET] < 0)
		return false;
	path_of_first_process(l, path, sizeof(path));
	for (;;) {
		dir = cgroup_layout_enter(l, l->of[CONTROLLER_CPUSET], path);
		for (size_t i = 0; dir >= 0 && !found && i < 3; i++)
			found = read_cpus(dir, files[i], a, out);
		if (dir >= 0)
			close(dir);
		if (found || *path == '\0')
			return found;
		*strrchr(path, '/') = '\0';
	}
}

struct ranges cgroup_layout_cpus(const struct cgroup_layout *l, struct arena *a)
{
	struct ranges cpus = {0}, isolated = {0};

	if (!allowed_cpus(l, a, &cpus))
		read_cpus(AT_FDCWD, "/sys/devices/system/cpu/online", a, &cpus);
	if (read_cpus(AT_FDCWD, "/sys/devices/system/cpu/isolated", a, &isolated))
		cpus = ranges_subtract(&cpus, &isolated, a);
	return cpus;
}
