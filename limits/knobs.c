#include "limits/knobs.h"

#include "limits/cpu.h"
#include "limits/cpuset.h"
#include "limits/memory.h"
#include "limits/memory_reclaim.h"
#include "schema/arena.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HUGETLB(size, bytes)                                                                       \
	{                                                                                          \
		.attribute = "hugetlb." size ".max", .controller = CONTROLLER_HUGETLB,             \
		.keys = {"limits.hugepages." size}, .format = &format_bytes,                       \
		.v1 = {"hugetlb." size ".limit_in_bytes", "hugetlb." size ".rsvd.limit_in_bytes"}, \
		.v2 = {"hugetlb." size ".max", "hugetlb." size ".rsvd.max"}, .preset_v1 = "max",   \
		.preset_v2 = "max", .unit = (bytes),                                               \
		.remedy = "this kernel or CPU has no huge pages of " size "; take the key away"    \
	}

/* By attribute. */
static const struct knob knobs[] = {
    {
     .attribute = "cpu.max",
     .controller = CONTROLLER_CPU,
     .keys = {"limits.cpu.allowance"},
     .format = &format_quota,
     .v1 = {"cpu.cfs_quota_us", "cpu.cfs_period_us"},
     .v2 = {"cpu.max"},
     .preset_v1 = "max 100000",
     .preset_v2 = "max 100000",
     .boot = true,
     .remedy = "a kernel with CONFIG_CFS_BANDWIDTH is needed",
     .write = cpu_write_quota,
     },
    {
     .attribute = "cpu.weight",
     .controller = CONTROLLER_CPU,
     .keys = {"limits.cpu.allowance", "limits.cpu.priority"},
     .format = &format_weight,
     .v1 = {"cpu.shares"},
     .v2 = {"cpu.weight"},
     .preset_v1 = "1024",
     .preset_v2 = "100",
     .boot = true,
     .remedy = "a kernel with CONFIG_FAIR_GROUP_SCHED is needed",
     },
    {
     .attribute = "cpuset.cpus",
     .controller = CONTROLLER_CPUSET,
     .keys = {"limits.cpu", "limits.cpu.nodes"},
     .format = &format_cpus,
     .v1 = {"cpuset.cpus"},
     .v2 = {"cpuset.cpus"},
     .inherited_v1 = "../cpuset.effective_cpus",
     .remedy = "enable the cpuset controller in the parent's cgroup.subtree_control",
     .write = cpuset_write,
     .may_wait = cpuset_may_wait,
     },
    HUGETLB("1GB", UINT64_C(1) << 30),
    HUGETLB("1MB", UINT64_C(1) << 20),
    HUGETLB("2MB", UINT64_C(2) << 20),
    HUGETLB("64KB", UINT64_C(64) << 10),
    {
     .attribute = "io.weight",
     .controller = CONTROLLER_IO,
     .keys = {"limits.disk.priority"},
     .format = &format_io_weight,
     .v1 = {"blkio.bfq.weight", "blkio.weight"},
     .v2 = {"io.weight", "io.bfq.weight"},
     .preset_v1 = "100",
     .preset_v2 = "100",
     .remedy = "modprobe bfq, or a kernel with CONFIG_BLK_CGROUP_IOCOST (cgroup v2)",
     },
    {
     .attribute = "memory.high",
     .controller = CONTROLLER_MEMORY,
     .keys = {"limits.memory", "limits.memory.enforce"},
     .format = &format_bytes,
     .v1 = {"memory.soft_limit_in_bytes"},
     .v2 = {"memory.high"},
     .preset_v1 = "max",
     .preset_v2 = "max",
     .unit = KNOB_PAGE,
     .boot = true,
     .remedy = "this kernel has no soft limits here (PREEMPT_RT has none on cgroup v1)",
     .write = memory_write,
     .may_wait = memory_may_wait,
     },
    {
     .attribute = "memory.max",
     .controller = CONTROLLER_MEMORY,
     .keys = {"limits.memory", "limits.memory.enforce"},
     .format = &format_bytes,
     .v1 = {"memory.limit_in_bytes"},
     .v2 = {"memory.max"},
     .preset_v1 = "max",
     .preset_v2 = "max",
     .unit = KNOB_PAGE,
     .boot = true,
     .remedy = "enable the memory controller in the parent's cgroup.subtree_control",
     .write = memory_write,
     .may_wait = memory_may_wait,
     },
    {
     .attribute = "memory.swap.max",
     .controller = CONTROLLER_MEMORY,
     .keys = {"limits.memory.swap", "limits.memory"},
     .format = &format_swap,
     .v1 = {"memory.memsw.limit_in_bytes", "memory.limit_in_bytes"},
     .v2 = {"memory.swap.max"},
     .preset_v1 = "max",
     .preset_v2 = "max",
     .unit = KNOB_PAGE,
     .boot = true,
     .remedy = "boot with swapaccount=1 on the kernel's command line",
     .write = memory_write,
     .may_wait = memory_may_wait,
     },
    {
     .attribute = "memory.swappiness",
     .controller = CONTROLLER_MEMORY,
     .keys = {"limits.memory.swap.priority", "limits.memory.swap"},
     .format = &format_count,
     .v1 = {"memory.swappiness"},
     .preset_v1 = "60",
     .inherited_v1 = "../memory.swappiness",
     .boot = true,
     .remedy = "only cgroup v1 has a swappiness of each group",
     .write = memory_write,
     },
    {
     .attribute = "pids.max",
     .controller = CONTROLLER_PIDS,
     .keys = {"limits.processes"},
     .format = &format_count,
     .v1 = {"pids.max"},
     .v2 = {"pids.max"},
     .preset_v1 = "max",
     .preset_v2 = "max",
     .boot = true,
     .remedy = "enable the pids controller in the parent's cgroup.subtree_control",
     },
};

#define N_KNOBS (sizeof(knobs) / sizeof(*knobs))

const struct knob *knobs_all(size_t *n)
{
	*n = N_KNOBS;
	return knobs;
}

static int compare_attribute(const void *name, const void *row)
{
	return strcmp(name, ((const struct knob *)row)->attribute);
}

const struct knob *knobs_find(const char *attribute)
{
	return bsearch(attribute, knobs, N_KNOBS, sizeof(*knobs), compare_attribute);
}

const char *const *knob_files(const struct knob *k, enum cgroup_version version)
{
	return version == CGROUP_V1 ? k->v1 : k->v2;
}

int knob_read(const struct knob *k, struct filetext *t, const char **out)
{
	const char *const *files = knob_files(k, t->version);

	t->controller = k->controller;
	if (t->version == CGROUP_NONE || !files[0])
		return -ENOENT;
	/* The kernel's own numbers are rounded already. */
	t->unit = !t->own ? 0 : k->unit == KNOB_PAGE ? t->container->host->page_size : k->unit;
	return k->format->read(t, files, out);
}

const char *knob_join(const struct knob *k, enum cgroup_version version, const char *list,
		      const char *separator, struct arena *a)
{
	const char *const *files = knob_files(k, version);
	/* v1's swap has only the first to itself: the limit is a row of its own. */
	size_t n = k->format == &format_swap ? 1 : FORMAT_FILES;

	for (size_t i = 0; i < n && files[i]; i++)
		list = list ? arena_printf(a, "%s%s%s", list, separator, files[i]) : files[i];
	return list;
}

const char *knobs_files(const char *key, enum cgroup_version version, struct arena *a)
{
	const char *list = NULL;

	for (const struct knob *k = knobs; k < knobs + N_KNOBS; k++) {
		for (size_t i = 0; i < KNOB_KEYS && k->keys[i]; i++) {
			if (strcmp(k->keys[i], key) == 0)
				list = knob_join(k, version, list, ";", a);
		}
	}
	return list;
}
