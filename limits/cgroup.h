/*
 * cgroup - where the controllers are on this host, and one container's directory in each.
 * The layout (v1, v2, hybrid) is found once with libcgroup; after that every read and write goes
 * through directory fds that were opened below the host's hierarchies, never by path.
 */
#pragma once

#include "schema/driver.h"

struct cgroup_layout;

/* Finds the hierarchies. Returns 0 and a layout that the caller closes, or -errno with a finding.
 */
int cgroup_layout_open(struct cgroup_layout **out, struct diagnostics *ds);
void cgroup_layout_close(struct cgroup_layout *l);

/* Fills the cgroup facts of HOST: cgroups, swap_accounting, swappiness, bfq_weight and what
 * it lacks. */
void cgroup_layout_describe(const struct cgroup_layout *l, struct host *host);

/* CPUs that PID 1's cgroup may use, less the isolated ones (config-keys: E). */
struct ranges cgroup_layout_cpus(const struct cgroup_layout *l, struct arena *a);

/* The container's own cgroup: from its init's /proc/INIT/cgroup (through C->proc), cut behind the
 * payload's component, opened below the hierarchy, and only then believed when C->pidfd says that
 * init still lives. DIR: lxc.cgroup.dir or lxc.cgroup.dir.container where configured, else NULL.
 * The memory is the arena's of C; the fds need cgroup_close. NULL with errno: ESRCH when init has
 * gone. */
struct cgroup *cgroup_open(const struct cgroup_layout *l, const struct container *c,
			   const char *dir);
void cgroup_close(struct cgroup *g);

/* A stand-in: every controller is of VERSION and has its files in the directory DIR (duplicated),
 * which is called PATH. For tests; nothing asks whether it is on cgroupfs. */
struct cgroup *cgroup_at(const struct container *c, enum cgroup_version version, int dir,
			 const char *path);

/* The directory of one controller, opened at its first use and kept. -errno: -ENOENT no such
 * controller, -ENODEV the container has stopped. */
int cgroup_dir(const struct cgroup *g, enum controller k);

/* The version that serves CONTROLLER for this container. */
enum cgroup_version cgroup_version(const struct cgroup *g, enum controller k);

/* Is there such a file? (Controllers may be listed and yet not enabled: ask for the file.) */
bool cgroup_has(const struct cgroup *g, enum controller k, const char *file);

/* Reads a file whole into BUF, NUL-terminated, the final line break dropped; FILE may begin with
 * "../" for the parent's. Returns its length, or -errno: -ENOENT no such file, -ENODEV the group is
 * gone, -EMSGSIZE it does not fit. */
ssize_t cgroup_read(const struct cgroup *g, enum controller k, const char *file, char *buf,
		    size_t size);

/* The same of a file that is looked at again and again. */
ssize_t cgroup_read_again(const struct cgroup *g, enum controller k, const char *file, char *buf,
			  size_t size);

/* From now on files that cgroup_read_again has read stay open until cgroup_close, as long as
 * *BUDGET lasts, which counts them for all groups: each costs the kernel a page. */
void cgroup_keep_files(struct cgroup *g, size_t *budget);

/* Writes TEXT in one write(2). Returns 0 or -errno, as above. Tells the container's `wrote` of it.
 */
int cgroup_write(const struct cgroup *g, enum controller k, const char *file, const char *text);

/* A file that is read, written and read back: opened once. What cannot be opened both ways (FD is
 * -1) is opened by its name each time, and says why then. */
struct cgroup_file {
	const struct cgroup *group;
	enum controller controller;
	const char *name;
	int fd;
	bool kept; /* stays open */
};

struct cgroup_file cgroup_file_open(const struct cgroup *g, enum controller k, const char *file);
void cgroup_file_close(struct cgroup_file *f);
/* As cgroup_read and cgroup_write. */
ssize_t cgroup_file_read(const struct cgroup_file *f, char *buf, size_t size);
int cgroup_file_write(const struct cgroup_file *f, const char *text);

/* The file's path for messages and -vv: "/sys/fs/cgroup/memory/lxc.payload.web1/memory.max". */
const char *cgroup_path(const struct cgroup *g, enum controller k, const char *file,
			struct arena *a);

/* The path of the group itself in a hierarchy of the layout; NULL: it has none there. */
const char *cgroup_group(const struct cgroup *g, int hierarchy, struct arena *a);

/* Writes a file of a nested group, by the path that cgroup_walk gave. A group that has gone
 * meanwhile needs nothing: 0. */
int cgroup_write_nested(const struct cgroup *g, enum controller k, const char *path,
			const char *file, const char *text);

/* Calls VISIT for each cgroup nested below the container's, children before parents when
 * CHILDREN_FIRST, with a directory fd that is closed afterwards. PATH is as cgroup_path's, made of
 * names that the container chose. Bounded in depth and number: -E2BIG beyond; a group that vanishes
 * meanwhile is skipped. Stops at the first non-zero answer and returns it. */
int cgroup_walk(const struct cgroup *g, enum controller k, bool children_first,
		int (*visit)(int dir, const char *path, void *data), void *data);

/* Calls VISIT for each process (thread group) in the container's cgroup and those nested below.
 * Uses whatever controller's hierarchy has the full tree. Stops as above. */
int cgroup_each_process(const struct cgroup *g, int (*visit)(pid_t pid, void *data), void *data);
