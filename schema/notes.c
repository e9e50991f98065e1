#include "schema/notes.h"

#include "schema/keys.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Prose is wrapped where it is shown; lines that begin with a blank stand as they are. */
/* clang-format off */
static const struct note notes[] = {
	{
		.name = "boot.autostart",
		.lxc = "lxc.start.auto = 1 or 0",
		.examples = "boot.autostart: true",
	},
	{
		.name = "boot.autostart.delay",
		.lxc = "lxc.start.delay = the number",
		.examples = "boot.autostart.delay: 5",
	},
	{
		.name = "boot.autostart.priority",
		.lxc = "lxc.start.order = the number, negated",
		.examples = "boot.autostart.priority: 10",
	},
	{
		.name = "disk.limits.max",
		.v1 = "blkio.throttle.read_bps_device = MAJ:MIN BYTES, 0 for no limit\n"
		      "blkio.throttle.read_iops_device = MAJ:MIN OPERATIONS\n"
		      "blkio.throttle.write_bps_device = MAJ:MIN BYTES\n"
		      "blkio.throttle.write_iops_device = MAJ:MIN OPERATIONS",
		.v2 = "io.max = MAJ:MIN rbps=BYTES riops=OPERATIONS wbps=BYTES wiops=OPERATIONS",
		.examples = "limits.max: 50MiB\nlimits.max: 500iops",
		.text = "limits.max stands for limits.read and limits.write, and wins over them.",
	},
	{
		.name = "disk.limits.read",
		.v1 = "blkio.throttle.read_bps_device = MAJ:MIN BYTES, 0 for no limit\n"
		      "blkio.throttle.read_iops_device = MAJ:MIN OPERATIONS, 0 for no limit",
		.v2 = "io.max = MAJ:MIN rbps=BYTES riops=OPERATIONS, max for no limit",
		.examples = "limits.read: 30MB\nlimits.read: 300iops",
		.text = "The block device is the one behind the rootfs for the disk whose path is /, and "
			"behind source for others; of a partition it is the whole disk. limits.max wins "
			"over limits.read and limits.write. Two disks of one container on one block device "
			"must ask for the same: LXD and Incus take the mean, evenkeel refuses and names "
			"both lines. A limit that goes is put back to none; LXD and Incus leave it in force.",
	},
	{
		.name = "disk.limits.write",
		.v1 = "blkio.throttle.write_bps_device = MAJ:MIN BYTES, 0 for no limit\n"
		      "blkio.throttle.write_iops_device = MAJ:MIN OPERATIONS, 0 for no limit",
		.v2 = "io.max = MAJ:MIN wbps=BYTES wiops=OPERATIONS, max for no limit",
		.examples = "limits.write: 30MB\nlimits.write: 300iops",
		.text = "As for limits.read. Writes through the page cache are counted on v2 only where "
			"the file system knows who wrote (ext4, xfs, btrfs); v1 counts direct writes alone.",
	},
	{
		.name = "environment.*",
		.lxc = "lxc.environment = NAME=VALUE",
		.examples = "environment.LANG: C.UTF-8",
		.text = "Programs that run keep the environment they have: the next start brings the new one.",
	},
	{
		.name = "limits.cpu",
		.v1 = "cpuset.cpus = the CPUs that were chosen",
		.v2 = "cpuset.cpus = the CPUs that were chosen",
		.examples = "limits.cpu: 2\nlimits.cpu: 0-3,7\nlimits.cpu: 1-1",
		.text = "A count is shared out over all instances at once: spread over cores before "
			"hyper-threads, and nobody is moved who need not move. Pinned CPUs count as "
			"taken. CPUs that are off-line or isolated are left out; when none remain, the "
			"set that is in force stays, and diff says so. 0 asks for nothing (LXD); Incus "
			"refuses it.",
	},
	{
		.name = "limits.cpu.allowance",
		.v1 = "cpu.shares = 1024 * PERCENT / 100 - (10 - limits.cpu.priority), in 2..262144\n"
		      "cpu.cfs_quota_us = QUOTA, or -1 for a percentage\n"
		      "cpu.cfs_period_us = PERIOD, or 100000",
		.v2 = "cpu.weight = PERCENT - (10 - limits.cpu.priority), in 1..10000\n"
		      "cpu.max = QUOTA PERIOD in microseconds, or max 100000",
		.examples = "limits.cpu.allowance: 50%\nlimits.cpu.allowance: 25ms/100ms",
		.text = "With a quota the weight is that of 100%. The kernel takes quotas from 1ms on, and "
			"periods of 1ms to 1000ms. A weight of 0 is raised to the least the kernel takes, "
			"where LXD and Incus fail on cgroup v2.",
	},
	{
		.name = "limits.cpu.nodes",
		.v1 = "cpuset.cpus = the CPUs that were chosen",
		.v2 = "cpuset.cpus = the CPUs that were chosen",
		.examples = "limits.cpu.nodes: 0\nlimits.cpu.nodes: 0-1",
		.text = "The CPUs of limits.cpu are taken from these nodes; without limits.cpu all of theirs. "
			"cpuset.mems is not written: memory may come from any node.",
	},
	{
		.name = "limits.cpu.priority",
		.v1 = "cpu.shares = 1024 * PERCENT / 100 - (10 - PRIORITY), in 2..262144",
		.v2 = "cpu.weight = PERCENT - (10 - PRIORITY), in 1..10000",
		.examples = "limits.cpu.priority: 5",
		.text = "PERCENT is that of limits.cpu.allowance, else 100. On v1 all ten steps together are "
			"1 percent of the weight, on v2 10: to give a container less, use limits.cpu.allowance.",
	},
	{
		.name = "limits.disk.priority",
		.v1 = "blkio.bfq.weight = 100 * PRIORITY, 10 for 0\n"
		      "blkio.weight = the same, on kernels before 5.0",
		.v2 = "io.weight = default, 100 * PRIORITY, 10 for 0\n"
		      "io.bfq.weight = the same, where bfq is there",
		.examples = "limits.disk.priority: 5",
		.text = "LXD and Incus call 5 the default, which is a weight of 500: five times that of a "
			"container without the key. When the key goes, evenkeel puts the kernel's 100 back.",
	},
	{
		.name = "limits.hugepages.*",
		.v1 = "hugetlb.SIZE.limit_in_bytes = the size, in whole pages; -1 for no limit\n"
		      "hugetlb.SIZE.rsvd.limit_in_bytes = the same, where the kernel has it",
		.v2 = "hugetlb.SIZE.max = the size, in whole pages; max for no limit\n"
		      "hugetlb.SIZE.rsvd.max = the same, where the kernel has it",
		.examples = "limits.hugepages.2MB: 64MiB",
	},
	{
		.name = "limits.kernel.*",
		.lxc = "lxc.prlimit.NAME = SOFT:HARD",
		.examples = "limits.kernel.nofile: 1024:4096\n"
			    "limits.kernel.core: 0\n"
			    "limits.kernel.nproc: unlimited",
		.text = "Set live by prlimit(2), see getrlimit(2). Lowering clamps every process above the "
			"new pair, those in nested cgroups too. Raising touches only processes that hold "
			"the pair which evenkeel or the start gave, so that a service keeps lower limits "
			"of its own. In sync is: init has the pair, and no process is above it. When the "
			"key goes, what a fresh start inherits comes back. Raising a hard limit needs "
			"CAP_SYS_RESOURCE.",
	},
	{
		.name = "limits.memory",
		.v1 = "memory.limit_in_bytes = the limit, in whole pages; -1 for none\n"
		      "memory.soft_limit_in_bytes = the limit in its stead, with limits.memory.enforce: "
		      "soft\n"
		      "memory.memsw.limit_in_bytes = the limit and limits.memory.swap together",
		.v2 = "memory.max = the limit, in whole pages; max for none\n"
		      "memory.high = the limit in its stead, with limits.memory.enforce: soft\n"
		      "memory.swap.max = limits.memory.swap",
		.examples = "limits.memory: 512MiB\nlimits.memory: 2GiB\nlimits.memory: 10%",
		.text = "A percentage is of the host's memory (MemTotal / 100 * PERCENT). Limit and swap are "
			"written in the order in which no step is wider than both old and new. A limit below "
			"what is in use: the kernel is asked to reclaim first; if use stays above, the old "
			"limit stays too, the change is reported as failed and tried again, so that nothing "
			"is killed. limits.memory.force sets it all the same.\n"
			"\n"
			"LXD also sets the soft limit to nine tenths on cgroup v1; evenkeel leaves it alone.",
	},
	{
		.name = "limits.memory.enforce",
		.v1 = "memory.limit_in_bytes = limits.memory for hard, -1 for soft\n"
		      "memory.soft_limit_in_bytes = limits.memory for soft",
		.v2 = "memory.max = limits.memory for hard, max for soft\n"
		      "memory.high = limits.memory for soft",
		.examples = "limits.memory.enforce: soft",
		.text = "soft is not the same promise on both: v1 presses only when the host runs short, v2 "
			"throttles the container at the limit even when the host has memory to spare.",
	},
	{
		.name = "limits.memory.force",
		.examples = "limits.memory.force: true",
		.text = "On cgroup v2 the kernel kills processes of the container until use is below the new "
			"limit. On v1 the kernel itself refuses what it cannot reclaim.",
	},
	{
		.name = "limits.memory.oom_priority",
		.v1 = "/proc/INIT/oom_score_adj = the number",
		.v2 = "/proc/INIT/oom_score_adj = the number",
		.examples = "limits.memory.oom_priority: 500",
		.text = "See proc(5). Processes that already run keep theirs.",
	},
	{
		.name = "limits.memory.swap",
		.v1 = "memory.memsw.limit_in_bytes = memory.limit_in_bytes + the swap allowed\n"
		      "memory.swappiness = 0, for false",
		.v2 = "memory.swap.max = the swap allowed",
		.examples = "limits.memory.swap: false\nlimits.memory.swap: 256MiB",
		.text = "With limits.memory at L, a container has so much swap besides its memory:\n"
			"\n"
			"    value           evenkeel   LXD 5.0.4 and later   Incus\n"
			"    not set, true   L          L                     none\n"
			"    false           none       none                  none\n"
			"    a size S        S          refused               S\n"
			"\n"
			"LXD 2.0 to 5.0.2 on cgroup v1 let memory and swap together have L for true, and "
			"did not limit swap for false; LXD 5.0.2 on v2 gave none for true, and any for false.\n"
			"\n"
			"Without limits.memory (or with limits.memory.enforce: soft) true leaves swap alone. "
			"false and a size then hold on cgroup v2; v1 has no file for swap alone: unsupported "
			"there, except that false sets memory.swappiness to 0. On a host without swap "
			"accounting swap cannot be limited: the key is unsupported there, and limits.memory "
			"alone asks for no limit of swap. The largest size, 8191PiB, is no limit to a kernel.",
	},
	{
		.name = "limits.memory.swap.priority",
		.v1 = "memory.swappiness = 70 - PRIORITY; 60 when not set, 0 with limits.memory.swap: false",
		.examples = "limits.memory.swap.priority: 0",
		.text = "LXD 2.0 had it the wrong way round (50 + PRIORITY). Incus refuses to start a "
			"container with it on cgroup v2; LXD skips it there; evenkeel reports it unsupported.",
	},
	{
		.name = "limits.network.priority",
		.v1 = "net_prio.ifpriomap = INTERFACE PRIORITY, for each interface of the host",
		.examples = "limits.network.priority: 5",
		.text = "Most kernels of today lack the controller: it is then reported as unsupported.",
	},
	{
		.name = "limits.processes",
		.v1 = "pids.max = the number; max for -1",
		.v2 = "pids.max = the number; max for -1",
		.examples = "limits.processes: 500",
		.text = "0 forbids every fork. What runs already goes on running.",
	},
	{
		.name = "linux.kernel_modules",
		.examples = "linux.kernel_modules: nf_nat, overlay",
		.text = "Loaded on the host with libkmod, as modprobe(8) would. A module that the kernel has "
			"built in counts as loaded.",
	},
	{
		.name = "linux.sysctl.*",
		.v1 = "/proc/sys/NAME = the value, inside the container's namespaces",
		.v2 = "/proc/sys/NAME = the value, inside the container's namespaces",
		.examples = "linux.sysctl.net.ipv4.ip_forward: 1",
		.text = "Only what belongs to a namespace of the container can be set: net.* and some of "
			"kernel.* and fs.mqueue.*. LXC refuses to start a container with another one in its "
			"configuration, so evenkeel sets them after the start.",
	},
	{
		.name = "network.bridge.hwaddr",
		.link = "IFLA_ADDRESS of the bridge = the address",
		.examples = "bridge.hwaddr: 02:16:3e:12:34:56",
		.text = "A bridge without an address of its own wears the lowest of its ports', and so changes "
			"it as containers come and go. Where none is given, evenkeel makes one from the names "
			"of the host and the network: two hosts on one segment differ.",
	},
	{
		.name = "network.bridge.mtu",
		.link = "IFLA_MTU of the bridge = the number",
		.examples = "bridge.mtu: 9000",
		.text = "Nics have it that are made on the bridge from then on. When the key goes, what the "
			"bridge had before comes back. IPv6 needs 1280.",
	},
	{
		.name = "network.ipv4.address",
		.link = "RTM_NEWADDR of the bridge = the address with its prefix",
		.examples = "ipv4.address: 10.0.3.1/24\nipv4.address: none",
		.text = "Only the address that evenkeel added is taken away when the key changes or goes; those "
			"of others stay. Nobody gives the containers addresses: there is no DHCP server and "
			"no NAT.",
	},
	{
		.name = "network.ipv6.address",
		.link = "RTM_NEWADDR of the bridge = the address with its prefix",
		.examples = "ipv6.address: fd42:1:2:3::1/64\nipv6.address: none",
		.text = "As for ipv4.address. It holds at once, without duplicate address detection.",
	},
	{
		.name = "network.mtu",
		.examples = "mtu: 1400",
		.text = "Of a network of type macvlan or physical: the nics on it have it.",
	},
	{
		.name = "network.parent",
		.examples = "parent: eth0",
		.text = "Of a network of type macvlan or physical: nics that name the network are made on it. "
			"Nothing is changed on the interface itself.",
	},
	{
		.name = "nic.host_name",
		.link = "IFLA_IFNAME of the host end = the name",
		.lxc = "lxc.net.N.veth.pair = the name",
		.examples = "host_name: vethweb1",
		.text = "A link that is up is renamed as it is. When the option goes, the link keeps its "
			"name until it is made anew.",
	},
	{
		.name = "nic.hwaddr",
		.link = "IFLA_ADDRESS of the interface inside = the address",
		.lxc = "lxc.net.N.hwaddr = the address",
		.examples = "hwaddr: 00:16:3e:12:34:56",
		.text = "Without it the address is made from the SHA-256 of the instance's and the device's "
			"names: locally administered, and the same after a restart and on another host. A nic "
			"that takes over an interface of the container's own config keeps that one's address. "
			"Changed on the running container; its addresses and routes stay.",
	},
	{
		.name = "nic.ipv4.address",
		.link = "RTM_NEWADDR = the addresses with /32, inside\n"
			"RTM_NEWROUTE = the same, by the host end, proto static (routed)\n"
			"RTM_NEWNEIGH = the same, NTF_PROXY, proto 101, on the parent (routed)",
		.lxc = "lxc.net.N.ipv4.address = the addresses with /32",
		.examples = "ipv4.address: 192.0.2.7, 192.0.2.8",
		.text = "The host answers on the parent for the addresses of a routed nic, which has to forward "
			"(net.ipv4.conf.PARENT.forwarding = 1). Other addresses inside are left alone.",
	},
	{
		.name = "nic.ipv4.gateway",
		.link = "RTM_NEWROUTE = 0.0.0.0/0 inside, over ipv4.host_address (routed) or the interface (ipvlan)",
		.lxc = "lxc.net.N.ipv4.gateway = the address, or dev",
		.examples = "ipv4.gateway: none",
		.text = "Given where there is an address of the family. While the container's root has the "
			"interface down there is no such route, and none is missed.",
	},
	{
		.name = "nic.ipv4.host_address",
		.link = "RTM_NEWADDR = the address with /32, on the host end\n"
			"net.ipv4.conf.HOST-END.forwarding and rp_filter = 1",
		.examples = "ipv4.host_address: 169.254.0.1",
	},
	{
		.name = "nic.ipv4.routes",
		.link = "RTM_NEWROUTE = the prefix, by the host end, or by the bridge of a bridged nic; "
			"proto static",
		.examples = "ipv4.routes: 10.1.2.0/24, 192.0.2.7/32",
		.text = "In the main table. A prefix that leads elsewhere already is refused, and routes that "
			"somebody else made are left alone. Those by a bridge stay while the container is "
			"stopped.",
	},
	{
		.name = "nic.ipv6.address",
		.link = "RTM_NEWADDR = the addresses with /128, inside\n"
			"RTM_NEWROUTE = the same, by the host end, proto static (routed)\n"
			"RTM_NEWNEIGH = the same, NTF_PROXY, proto 101, on the parent (routed)",
		.lxc = "lxc.net.N.ipv6.address = the addresses with /128",
		.examples = "ipv6.address: 2001:db8::7",
		.text = "The parent of a routed nic has to forward and to answer: net.ipv6.conf.all.forwarding, "
			"and forwarding and proxy_ndp of the parent.",
	},
	{
		.name = "nic.ipv6.gateway",
		.link = "RTM_NEWROUTE = ::/0 inside, over ipv6.host_address (routed) or the interface (ipvlan)",
		.lxc = "lxc.net.N.ipv6.gateway = the address, or dev",
		.examples = "ipv6.gateway: none",
	},
	{
		.name = "nic.ipv6.host_address",
		.link = "RTM_NEWADDR = the address with /128, on the host end\n"
			"net.ipv6.conf.HOST-END.forwarding = 1",
		.examples = "ipv6.host_address: fe80::1",
	},
	{
		.name = "nic.ipv6.routes",
		.link = "RTM_NEWROUTE = the prefix, by the host end, or by the bridge of a bridged nic; "
			"proto static",
		.examples = "ipv6.routes: fd42:1::/64",
	},
	{
		.name = "nic.limits.egress",
		.link = "ingress qdisc of the host end = u32 for all packets, mirred to ekifbN, an IFB; N is its "
			"index\n"
			"htb 656b: of ekifbN = class 656b:1 with rate and ceil LIMIT / 8 bytes a second",
		.examples = "limits.egress: 50Mbit\nlimits.egress: 10Mibit",
		.text = "What the container sends is shaped, not policed: it waits in a queue of about "
			"20 ms, fq_codel where the kernel has it, and only what finds no room there is "
			"dropped. Ethernet headers count, so that TCP carries about 95 % of the rate. A new "
			"rate changes the class in place: no packet is lost. The kernel counts whole bytes: "
			"100bit is 96bit. limits.max wins over this. A qdisc that somebody else put there is "
			"reported and left alone.",
	},
	{
		.name = "nic.limits.egress.bucket",
		.link = "class 656b:1 of ekifbN = burst BUCKET / 8 bytes",
		.examples = "limits.egress.bucket: 5Mbit",
		.text = "As for limits.ingress.bucket.",
	},
	{
		.name = "nic.limits.ingress",
		.link = "htb 656b: of the host end = class 656b:1 with rate and ceil LIMIT / 8 bytes a "
			"second",
		.examples = "limits.ingress: 100Mbit\nlimits.ingress: 1Gbit",
		.text = "What the container receives. As for limits.egress, without the IFB: one way never "
			"disturbs the other.",
	},
	{
		.name = "nic.limits.ingress.bucket",
		.link = "class 656b:1 of the host end = burst BUCKET / 8 bytes",
		.examples = "limits.ingress.bucket: 5Mbit",
		.text = "So much passes at once after a pause, before the limit holds. Without it: what the "
			"limit lets pass in a millisecond, at least ten frames, at most 4MiB. In bits, as "
			"Incus counts; limits.max.bucket wins over this.",
	},
	{
		.name = "nic.limits.max",
		.link = "htb 656b: of the host end and of ekifbN = as for limits.ingress and limits.egress",
		.examples = "limits.max: 100Mbit",
		.text = "limits.max stands for limits.ingress and limits.egress, each for itself, and wins "
			"over them.",
	},
	{
		.name = "nic.limits.max.bucket",
		.link = "classes 656b:1 of both = burst BUCKET / 8 bytes",
		.examples = "limits.max.bucket: 5Mbit",
		.text = "limits.max.bucket stands for both buckets, and wins over them.",
	},
	{
		.name = "nic.limits.priority",
		.link = "nftables, family netdev = egress hook of the host end: meta priority set NUMBER",
		.examples = "limits.priority: 5",
		.text = "skb->priority is set as packets leave the host end for the container, before they are "
			"queued, as LXD and Incus do. Kernels without that hook (before 5.16) report it "
			"unsupported.",
	},
	{
		.name = "nic.mode",
		.link = "IFLA_IPVLAN_MODE = l2 or l3s",
		.lxc = "lxc.net.N.ipvlan.mode = the mode",
		.examples = "mode: l2",
	},
	{
		.name = "nic.mtu",
		.link = "IFLA_MTU of the interface inside and of its host end = the number",
		.lxc = "lxc.net.N.mtu = the number",
		.examples = "mtu: 1400",
		.text = "Changed on the running container. Below 1280 the kernel takes IPv6 off.",
	},
	{
		.name = "nic.name",
		.link = "IFLA_IFNAME of the interface inside = the name",
		.lxc = "lxc.net.N.name = the name",
		.examples = "name: eth0",
		.text = "Names that are given come first, then those in the record, then a device's own name "
			"of the form ethN, then the first ethN that is free. A name that was chosen once "
			"stays.",
	},
	{
		.name = "nic.network",
		.link = "IFLA_MASTER of the host end = the bridge, for a network of type bridge",
		.lxc = "lxc.net.N.link = the bridge, or the parent that the network names",
		.examples = "network: br0",
	},
	{
		.name = "nic.nictype",
		.link = "IFLA_INFO_KIND = veth for bridged, p2p and routed, macvlan, ipvlan; physical is "
			"moved as it is",
		.lxc = "lxc.net.N.type = veth, macvlan, ipvlan or phys",
		.examples = "nictype: bridged",
		.text = "    bridged    a veth pair; its host end is a port of the bridge\n"
			"    p2p        a veth pair; the host end is the host's to use\n"
			"    macvlan    on the parent, in mode bridge; the host is not reached\n"
			"    physical   the parent itself, moved into the container\n"
			"    routed     a veth pair, and routes of the host to its addresses\n"
			"    ipvlan     on the parent, with its MAC, where the kernel has it\n\n"
			"What a physical one was on the host is kept, and given back with it: its name, MTU, "
			"MAC, alias and further names. It has to be hardware, or a veth whose other end stays "
			"on the host, and nothing that the host cannot do without.",
	},
	{
		.name = "nic.parent",
		.link = "IFLA_MASTER of the host end = the bridge, for bridged\n"
			"IFLA_LINK = the interface, for macvlan and ipvlan\n"
			"RTM_NEWNEIGH = proxies on it, for routed",
		.lxc = "lxc.net.N.link = the interface",
		.examples = "parent: br0",
		.text = "It has to be there, or to come from a document of kind: network. While it is missing "
			"that nic is left as it is, and all else goes on.",
	},
	{
		.name = "nic.queue.tx.length",
		.link = "IFLA_TXQLEN of the interface inside and of its host end = the number",
		.examples = "queue.tx.length: 1000",
	},
	{
		.name = "raw.idmap",
		.lxc = "lxc.idmap = the whole map, in the container's own config",
		.examples = "raw.idmap: both 1000 1000\nraw.idmap: uid 1000-1009 0-9",
		.text = "Each line passes host ids through to the container, and so punches a hole into its "
			"map. Ids that are mapped twice are refused, with both lines named.",
	},
	{
		.name = "raw.lxc",
		.lxc = "any = lines of lxc.container.conf(5)",
		.examples = "raw.lxc: lxc.signal.halt = SIGRTMIN+4",
		.text = "They stand last in the boot file, and override what other keys give at a start. A "
			"limit that a key of its own sets is set again, live, by the next pass.",
	},
	{
		.name = "security.idmap.isolated",
		.lxc = "lxc.idmap = a window of its own, in the container's own config",
		.examples = "security.idmap.isolated: true",
		.text = "The window is the lowest free one in root's ranges of /etc/subuid and /etc/subgid, "
			"beyond the first 65536 ids, which all other containers share. It is kept in the "
			"record, so that it stays the same.",
	},
	{
		.name = "security.nesting",
		.lxc = "lxc.apparmor.allow_nesting = 1",
		.examples = "security.nesting: true",
	},
	{
		.name = "security.privileged",
		.lxc = "lxc.idmap = none at all, when true",
		.examples = "security.privileged: true",
		.text = "Root of a privileged container is root of the host, and can leave the container. "
			"Do not use it where an id map would do.",
	},
	{
		.name = "security.protection.delete",
		.examples = "security.protection.delete: true",
	},
	{
		.name = "snapshots.expiry",
		.examples = "snapshots.expiry: 1M 2H",
		.text = "S seconds, M minutes, H hours, d days, w weeks, m months, y years; one blank between.",
	},
	{
		.name = "user.*",
		.examples = "user.owner: alice",
	},
};
/* clang-format on */

const struct note *notes_all(size_t *n)
{
	*n = COUNT(notes);
	return notes;
}

const struct note *note_find(const char *name)
{
	const struct note *several = NULL;

	for (size_t i = 0; i < COUNT(notes); i++) {
		struct key pattern = {.name = notes[i].name};

		if (!strcmp(notes[i].name, name))
			return &notes[i];
		if (key_fits(&pattern, name))
			several = &notes[i];
	}
	return several;
}
