#include "schema/keys_rows.h"

#define RLIMIT(NAME, HELP)                                                                         \
	KEY("limits.kernel." NAME, grammar_rlimit, BOTH, LIVE, FILE,                               \
	    "what a fresh start inherits", HELP,                                                   \
	    "live by prlimit(2); LXD and Incus change it only at the next start")

#define HUGEPAGES(SIZE)                                                                            \
	KEY("limits.hugepages." SIZE, grammar_size_or_zero, BOTH, LIVE, AFTER_START, "no limit",   \
	    "most memory in huge pages of " SIZE,                                                  \
	    "rounded down to whole pages; needs the hugetlb controller and a CPU with this size")

static const struct key rows[] = {
    KEY("limits.cpu", grammar_cpus, BOTH, LIVE, AFTER_START, "every CPU of the host",
	"how many CPUs the container may use, or which",
	"a bare number is a count: CPU 1 alone is 1-1; Incus refuses 0"),
    KEY("limits.cpu.allowance", grammar_allowance, BOTH, LIVE, FILE, "100%",
	"CPU time: a share under contention (percent), or a hard quota per period",
	"a percentage never caps; 100ms/100ms is one whole CPU"),
    KEY("limits.cpu.nodes", grammar_nodes, BOTH, LIVE, AFTER_START, "every node",
	"NUMA nodes whose CPUs the container may use",
	"pinned CPUs in limits.cpu win; memory is not bound to the nodes"),
    KEY("limits.cpu.priority", grammar_priority, BOTH, LIVE, FILE, "10",
	"CPU time against containers with the same allowance: 10 is most, 0 is least", NULL),
    KEY("limits.disk.priority", grammar_priority, BOTH, LIVE, AFTER_START,
	"the kernel's default weight of 100", "block I/O against other containers: 10 is most",
	"needs the bfq scheduler (or iocost on v2); LXD and Incus leave 500 behind when it goes"),
    HUGEPAGES("1GB"),
    HUGEPAGES("1MB"),
    HUGEPAGES("2MB"),
    HUGEPAGES("64KB"),
    KEY_REST("limits.kernel.*", grammar_rlimit, BOTH, LIVE, FILE, "what a fresh start inherits",
	     "a resource limit by its RLIMIT number",
	     "other names are refused: with one, LXD and Incus containers do not start",
	     "0123456789"),
    RLIMIT("as", "most address space of a process, in bytes"),
    RLIMIT("core", "largest core dump, in bytes"),
    RLIMIT("cpu", "most CPU time of a process, in seconds"),
    RLIMIT("data", "largest data segment of a process, in bytes"),
    RLIMIT("fsize", "largest file that a process may write, in bytes"),
    RLIMIT("locks", "most file locks of a process (not enforced since Linux 2.4.25)"),
    RLIMIT("memlock", "most memory that a process may lock, in bytes"),
    RLIMIT("msgqueue", "most bytes in POSIX message queues of a user"),
    RLIMIT("nice", "highest nice value, as 20 - nice"),
    RLIMIT("nofile", "most open files of a process"),
    RLIMIT("nproc", "most processes of a user"),
    RLIMIT("rss", "largest resident set of a process (not enforced since Linux 2.4.30)"),
    RLIMIT("rtprio", "highest real-time priority"),
    RLIMIT("rttime", "most CPU time of a real-time process without a pause, in microseconds"),
    RLIMIT("sigpending", "most pending signals of a user"),
    RLIMIT("stack", "largest stack of a process, in bytes"),
    KEY("limits.memory", grammar_memory, BOTH, LIVE, FILE, "no limit",
	"most memory; above it the kernel reclaims, then kills inside",
	"LXD before 3.3 read MB as MiB; a percentage is one of the host's memory"),
    KEY("limits.memory.enforce", grammar_enforce, BOTH, LIVE, FILE, "hard",
	"hard: limits.memory is never passed; soft: only pressed towards it",
	"see below: soft is not the same promise on cgroup v1 and v2"),
    KEY("limits.memory.force", grammar_bool, OURS, POLICY, NONE, "false",
	"lower limits.memory even below what is in use: the kernel then kills inside",
	"without it a limit below use is refused, the old one stays, and it is tried again"),
    KEY("limits.memory.oom_priority", grammar_oom_priority, INCUS, LIVE, AFTER_START, "0",
	"who is killed first when memory runs out: 1000 first, -1000 never",
	"set on init; processes started from then on inherit it; LXD does not know it"),
    KEY("limits.memory.swap", grammar_swap, BOTH, LIVE, FILE, "true",
	"swap: true for as much as limits.memory, false for none, or a size (Incus)",
	"the meaning differs between versions of LXD and Incus: see the table"),
    KEY("limits.memory.swap.priority", grammar_priority, BOTH, LIVE, FILE, "10",
	"how long the container's memory stays out of swap: 10 is longest, 0 is shortest",
	"cgroup v1 only: v2 has no such knob"),
    KEY("limits.network.priority", grammar_priority, LXD, LIVE, AFTER_START, "0",
	"priority of the packets that the container's processes send",
	"cgroup v1 net_prio only; gone from LXD 5.20, never in Incus"),
    KEY("limits.processes", grammar_processes, BOTH, LIVE, FILE, "no limit",
	"most tasks (threads count) at once", "lowering it below use only stops new forks"),
};

const struct key_table keys_limits = {"limits", "limits.", SCOPE_CONTAINER, rows, COUNT(rows)};
