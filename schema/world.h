/*
 * world - all that a plan may depend on, as plain data: the host, the instances, the allocations.
 * Built once per pass by the reconciler; drivers' desire() are pure functions of it.
 */
#pragma once

#include "schema/expand.h"
#include "schema/idmap.h"
#include "schema/property.h"

/* A logical CPU that may be used. */
struct cpu {
	uint32_t number, core, package, node; /* core and package as in sysfs topology */
};

/* The cgroup controllers that limits need, in this order everywhere. */
enum controller {
	CONTROLLER_CPU,
	CONTROLLER_CPUSET,
	CONTROLLER_MEMORY,
	CONTROLLER_PIDS,
	CONTROLLER_IO, /* blkio on v1 */
	CONTROLLER_HUGETLB,
	CONTROLLER_NET_PRIO,
	CONTROLLER_FREEZER,
	CONTROLLER_DEVICES,
	CONTROLLER_CPUACCT, /* CPU time used; on v2 every group counts it */
	N_CONTROLLERS,
};

enum cgroup_version { CGROUP_NONE, CGROUP_V1, CGROUP_V2 };

struct link_name {
	int index;
	const char *name;
};

/* What an interface of the host is there, for when a container has it. */
struct home_link {
	const char *mark; /* what it is known by in any namespace, and no container can forge */
	uint32_t mtu;
	const char *hwaddr, *alias; /* NULL: none */
	const char **altnames;
	size_t n_altnames;
};

/* An interface of the host that nics name as their parent. */
struct parent_link {
	const char *name;
	int index; /* 0: there is none */
	bool bridge;
	bool to_come; /* a network document makes it, in this very pass */
	uint32_t mtu;
	/* Of one that a container shall have, or has, whole. */
	bool whole;  /* a physical nic names it */
	bool lends;  /* ... of a container that runs, or will */
	bool routed; /* a routed nic names it */
	/* The setting that a routed nic needs and that is not set, as sysctl(8) has it; NULL: none.
	 */
	const char *lacks4, *lacks6;
	bool away;                    /* it is not on the host, or not yet what it was there */
	const struct home_link *home; /* as it is on the host, or was; NULL: not known */
	const char *unmarked;         /* why nothing tells it from what a container makes; NULL */
	const char *needed;           /* why the host cannot do without it; NULL */
};

/* An interface of a container's own config: lxc.net.INDEX. What it does not say is NULL, but for
 * the name: where it gives none, it is the one that the interface will have. An address is lower
 * case, and one that is made up with each start is none. */
struct own_nic {
	unsigned index;
	const char *type, *name, *link, *hwaddr, *mtu, *pair, *mode;
};

struct host {
	const char *name;   /* for hosts: patterns */
	uint64_t memory;    /* MemTotal, bytes */
	uint64_t page_size; /* bytes */
	struct cpu *cpus;   /* online, not isolated, allowed to PID 1's cgroup; by number */
	size_t n_cpus;
	enum cgroup_version cgroups[N_CONTROLLERS]; /* where each controller is; NONE: nowhere */
	bool swap_accounting;                       /* memory.memsw.* or memory.swap.max exist */
	bool swappiness;                            /* memory.swappiness exists */
	bool bfq_weight;                 /* v1: blkio.bfq.weight exists in groups below the root */
	bool lacks_quota;                /* no cpu.max: a boot line for it would abort a start */
	bool lacks_soft_limit;           /* v1 on PREEMPT_RT: the file refuses every write */
	struct ranges nodes;             /* NUMA nodes with CPUs */
	struct subid *subuids, *subgids; /* root's */
	size_t n_subuids, n_subgids;
	struct idmap idmap;        /* the default map; n == 0: there is none */
	const char *idmap_missing; /* why there is none: the line to add; NULL: there is one */
	struct link_name *links;   /* interfaces of the host, for net_prio */
	size_t n_links;
	struct parent_link *parents; /* of the nics of all instances looked at; sorted by name */
	size_t n_parents;
	bool lacks_ipvlan;              /* looked at where a nic is one */
	struct rlimit_pair rlimits[16]; /* what a start inherits, by RLIMIT_ number: our own */
};

enum status {
	STATUS_MISSING,
	STATUS_STOPPED,
	STATUS_STARTING,
	STATUS_RUNNING,
	STATUS_FROZEN,
};

const char *status_name(enum status s);

/* A block device behind a disk that has limits, or why there is none to limit. */
struct disk_device {
	const char *disk; /* the device's name in the manifest */
	unsigned major, minor;
	const char *refused; /* NULL: the numbers hold */
	const char *remedy;  /* of the refusal; may be NULL */
	bool unsupported;    /* refused for good: this file system has no block device */
};

/* What is known of an instance's container before anything is desired of it. */
struct world_instance {
	const struct instance *instance;
	enum status status;
	struct ranges cpus_now;   /* the CPU set in force; n == 0: none known */
	struct ranges cpus;       /* the balancer's answer; n == 0: none wanted or none possible */
	const char *cpus_refused; /* why none is possible; NULL */
	struct idmap_window window; /* of an isolated instance; size 0: none */
	const char *window_refused; /* why an isolated one has none; NULL */
	struct disk_device *disks;  /* of the disks with limits (limits/blockio) */
	size_t n_disks;
	int64_t rootfs_owner; /* host id of its rootfs's owner, looked at where the manifest names
				 a key for the id map; -1: unknown */
	const char *idmap_refused;      /* why its config leaves no room for a map of ours; NULL */
	const struct properties *owned; /* what the record says we took; sorted; NULL: nothing */
	/* The interfaces of its own config, by index. Looked at only where somebody has to know
	 * them: a nic of the manifest has no lxc.net.N in the record yet, or that one has become
	 * the owner's, or is no longer his. */
	struct own_nic *own_nics;
	size_t n_own_nics;
	bool own_nics_known; /* they were looked at */
	bool exists;
	bool will_run; /* it runs, or this plan starts it */
};

struct world {
	struct arena *arena;
	const struct host *host;
	const char *lxcpath;
	struct world_instance *instances; /* sorted by name */
	size_t n;
	const struct document *const *networks; /* sorted by name */
	size_t n_networks;
};

/* NULL: nobody asked for it. */
const struct parent_link *host_parent(const struct host *h, const char *name);

const struct world_instance *world_find(const struct world *w, const char *name);
