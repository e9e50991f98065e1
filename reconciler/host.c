#include "reconciler/host.h"

#include "limits/procfile.h"
#include "net/link.h"
#include "reconciler/descriptors.h"
#include "reconciler/topology.h"
#include "schema/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define SYS "/sys/devices/system"
#define FIRST_SUBID 100000u /* where useradd(8) begins (login.defs, SUB_UID_MIN) */

static const char *read_name(const struct options *o, struct arena *a)
{
	char name[HOST_NAME_MAX + 1] = "";

	if (o->host)
		return o->host;
	if (gethostname(name, sizeof(name) - 1) < 0 || !*name)
		return "localhost";
	return arena_strdup(a, name);
}

static uint64_t read_memory(struct diagnostics *ds)
{
	char text[4096], *line;
	ssize_t n = procfile_read(AT_FDCWD, "/proc/meminfo", text, sizeof(text));
	uint64_t kib;

	line = n < 0 ? NULL : strstr(text, "MemTotal:");
	kib = line ? strtoull(line + strlen("MemTotal:"), NULL, 10) : 0;
	if (kib == 0 || kib > UINT64_MAX / 1024) {
		diagnostic_warning(ds, NOWHERE,
				   "/proc/meminfo does not say how much memory there "
				   "is: percentages of it cannot be had");
		return 0;
	}
	return kib * 1024;
}

static void read_cpus(struct host *h, const struct cgroup_layout *layout, struct arena *a,
		      struct diagnostics *ds)
{
	procfile_fd sys = open(SYS, O_PATH | O_DIRECTORY | O_CLOEXEC);
	static const struct range all = {0, VALUE_CPU_MOST};
	struct ranges usable = {&all, 1};
	int error;

	if (layout)
		usable = cgroup_layout_cpus(layout, a);
	error = sys < 0 ? -errno : topology_read(sys, &usable, h, a);
	if (error < 0)
		diagnostic_warning(ds, NOWHERE,
				   SYS "/cpu/online: %s: limits.cpu cannot be carried out",
				   strerror(-error));
}

/* One line's ids, whoever has them; none in a line that makes no sense. */
static bool read_range(const char *line, struct range *out)
{
	const char *colon = strpbrk(line, ":\n");
	uint64_t first, count;

	if (!colon || *colon != ':' ||
	    sscanf(colon, ":%" SCNu64 ":%" SCNu64, &first, &count) != 2 || count == 0 ||
	    count > IDMAP_MOST || first > IDMAP_MOST)
		return false;
	*out = (struct range){first, first + count - 1};
	return true;
}

/* All ids that a file gives to anybody, root or not. */
static struct ranges given_ids(const char *text, struct arena *a)
{
	struct range *items = NULL, one;
	size_t n = 0, capacity = 0;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (read_range(line, &one)) {
			items = arena_grow(a, items, n, &capacity, sizeof(*items));
			items[n++] = one;
		}
		if (!*line)
			break;
	}
	return ranges_from(items, n, a);
}

/* The first block of ids that nobody has. */
static uint64_t free_block(const struct ranges *given)
{
	uint64_t start = FIRST_SUBID;

	for (size_t i = 0; i < given->n; i++) {
		if (given->items[i].first >= start + IDMAP_WINDOW)
			break;
		if (given->items[i].last >= start)
			start = given->items[i].last + 1;
	}
	return start;
}

struct subid_file {
	const char *path, *text;
	size_t size;
	const char *flag; /* of usermod(8) */
	bool serves;      /* it has a range for root that is large enough */
};

static void read_subids(struct subid_file *f, const struct options *o, const char *name,
			struct subid **out, size_t *n, struct arena *a, struct diagnostics *ds)
{
	f->path = arena_printf(a, "%s/%s", o->etc ? o->etc : "/etc", name);
	f->text = procfile_read_all(AT_FDCWD, f->path, a, &f->size);
	if (!f->text && errno != ENOENT)
		diagnostic_warning(ds, NOWHERE, "%s: %s", f->path, strerror(errno));
	if (!f->text)
		f->text = "";
	*n = idmap_read_subids(f->text, f->size, a, out);
	for (size_t i = 0; i < *n; i++)
		f->serves |= (*out)[i].count >= IDMAP_WINDOW;
}

/* What to do where root has no range of ids: the line, and the command that adds it. */
static const char *missing_ranges(const struct subid_file *u, const struct subid_file *g,
				  struct arena *a)
{
	struct ranges uids = given_ids(u->text, a), gids = given_ids(g->text, a);
	struct ranges both = ranges_union(&uids, &gids, a);
	uint64_t start = free_block(&both), last = start + IDMAP_WINDOW - 1;
	const char *files = u->serves   ? g->path
			    : g->serves ? u->path
					: arena_printf(a, "%s and %s", u->path, g->path);
	const char *command = "";

	if (strcmp(u->path, "/etc/subuid") == 0) {
		command = ", or run: usermod";
		for (int i = 0; i < 2; i++) {
			const struct subid_file *f = i ? g : u;

			if (!f->serves)
				command = arena_printf(a, "%s %s %" PRIu64 "-%" PRIu64, command,
						       f->flag, start, last);
		}
		command = arena_printf(a, "%s root", command);
	}
	return arena_printf(
	    a, "root has no range of %u ids in %s: add a line root:%" PRIu64 ":%u there%s",
	    IDMAP_WINDOW, files, start, IDMAP_WINDOW, command);
}

static void read_idmap(struct host *h, const struct options *o, struct arena *a,
		       struct diagnostics *ds)
{
	struct subid_file u = {.flag = "--add-subuids"}, g = {.flag = "--add-subgids"};

	read_subids(&u, o, "subuid", &h->subuids, &h->n_subuids, a, ds);
	read_subids(&g, o, "subgid", &h->subgids, &h->n_subgids, a, ds);
	if (idmap_default(h->subuids, h->n_subuids, h->subgids, h->n_subgids, a, &h->idmap) < 0) {
		h->idmap = (struct idmap){0};
		h->idmap_missing = missing_ranges(&u, &g, a);
	}
}

static void read_rlimits(struct host *h)
{
	for (int i = 0; i < (int)(sizeof(h->rlimits) / sizeof(*h->rlimits)); i++) {
		struct rlimit l = {RLIM_INFINITY, RLIM_INFINITY};

		if (i == RLIMIT_NOFILE)
			l = descriptors_given();
		else
			getrlimit((__rlimit_resource_t)i, &l);
		h->rlimits[i].soft = l.rlim_cur == RLIM_INFINITY ? VALUE_UNLIMITED : l.rlim_cur;
		h->rlimits[i].hard = l.rlim_max == RLIM_INFINITY ? VALUE_UNLIMITED : l.rlim_max;
	}
}

/* A thousand containers are two thousand interfaces: listed only where something asks for them. */
static void read_links(struct host *h, struct arena *a, struct diagnostics *ds)
{
	int error;

	if (h->cgroups[CONTROLLER_NET_PRIO] != CGROUP_V1)
		return;
	error = link_list(a, &h->links, &h->n_links);
	if (error < 0)
		diagnostic_warning(ds, NOWHERE, "cannot list the network interfaces: %s",
				   strerror(-error));
}

struct host *host_read(const struct options *o, const struct cgroup_layout *layout, struct arena *a,
		       struct diagnostics *ds)
{
	struct host *h = arena_alloc(a, sizeof(*h));

	h->name = read_name(o, a);
	h->memory = read_memory(ds);
	h->page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	if (layout)
		cgroup_layout_describe(layout, h);
	read_cpus(h, layout, a, ds);
	read_idmap(h, o, a, ds);
	read_rlimits(h);
	read_links(h, a, ds);
	return h;
}
