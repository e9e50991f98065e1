#!/bin/sh
# The demo: two unprivileged containers from examples/demo, their limits applied, changed through
# their profile while they run, then kept by the daemon, and everything put back. As root; uses a
# temporary LXC path, a mount namespace of its own, in which root has an id range, and a network
# namespace of its own, in which the bridge is, so that the machine stays as it is.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)

if [ "$(id -u)" != 0 ]; then
	echo "demo: needs root, for containers and their cgroups" >&2
	exit 1
fi
if [ "${EVENKEEL_DEMO:-}" != inside ]; then
	EVENKEEL_DEMO=inside exec unshare --mount --net --propagation private sh "$0" "$@"
fi

top=$(mktemp -d /tmp/evenkeel-demo.XXXXXX)
chmod 711 "$top"
lxc=$top/lxc manifests=$top/manifests
names='ek-demo-web ek-demo-db'
daemon=

clean_up() {
	set +e
	if [ -n "$daemon" ]; then
		kill "$daemon" 2>/dev/null
		wait "$daemon"
	fi
	for name in $names; do
		if [ -d "$lxc/$name" ]; then
			lxc-stop -P "$lxc" -n "$name" -k 2>/dev/null
			lxc-destroy -P "$lxc" -n "$name" >/dev/null 2>&1
		fi
	done
	rm -rf --one-file-system "$top"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# An id range for root, in this mount namespace only.
echo 'root:100000:65536' >"$top/subids"
for file in subuid subgid; do
	[ -e "/etc/$file" ] || touch "/etc/$file"
	mount --bind "$top/subids" "/etc/$file"
done

# LXC looks for bridges in /sys: it is to show the network of this namespace.
mkdir "$top/cgroups"
mount --rbind /sys/fs/cgroup "$top/cgroups"
mount -t sysfs sysfs /sys
mount --rbind "$top/cgroups" /sys/fs/cgroup
umount -l "$top/cgroups"
rmdir "$top/cgroups"
ip link set lo up

mkdir -m 711 "$lxc"
cp -r "$here/examples/demo" "$manifests"
chmod -R go-w "$manifests"

say() {
	printf '\n\033[1m== %s\033[0m\n' "$*"
}

run() {
	printf '$ evenkeel %s\n' "$*"
	"$here/evenkeel" "$@" -d "$manifests" -P "$lxc"
}

# The file behind a limit, on cgroup v1 or v2.
knob_file() { # knob_file NAME CONTROLLER V1-FILE V2-FILE
	pid=$(lxc-info -P "$lxc" -n "$1" -pH)
	path=$(sed -n "s/^[0-9]*:\(.*,\)*$2\(,.*\)*://p" "/proc/$pid/cgroup")
	if [ -n "$path" ]; then
		mount=$(awk -v c="$2" '$3 == "cgroup" && $4 ~ "(^|,)" c "(,|$)" {print $2; exit}' /proc/mounts)
		echo "$mount$path/$3"
	else
		mount=$(awk '$3 == "cgroup2" {print $2; exit}' /proc/mounts)
		echo "$mount$(sed -n 's/^0:://p' "/proc/$pid/cgroup")/$4"
	fi
}

# What the kernel holds, read from the kernel.
knob() { # knob NAME CONTROLLER V1-FILE V2-FILE
	file=$(knob_file "$@")
	printf '  %-12s %-28s %s\n' "$1" "${file##*/}" "$(cat "$file")"
}

set_knob() { # set_knob NAME CONTROLLER VALUE V1-FILE V2-FILE
	file=$(knob_file "$1" "$2" "$4" "$5")
	printf '$ echo %s >%s\n' "$3" "$file"
	echo "$3" >"$file"
}

# What the daemon has said since it was asked last.
told=0
log() {
	sed -n "$((told + 1)),\$s/^/  evenkeel: /p" "$top/log"
	told=$(wc -l <"$top/log")
}

wait_for() { # wait_for CONDITION [NAME...]
	condition=$1
	shift
	if ! run status --wait="$condition" --timeout 60s "$@"; then
		log
		echo "demo: not $condition within 60 s" >&2
		exit 1
	fi
}

# What events bring about comes by itself, soon.
soon() { # soon COMMAND...
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		if [ "$tries" = 150 ]; then
			log
			echo "demo: waited in vain: $*" >&2
			exit 1
		fi
		sleep 0.1
	done
}

knob_is() { # knob_is NAME CONTROLLER VALUE V1-FILE V2-FILE
	[ "$(cat "$(knob_file "$1" "$2" "$4" "$5")")" = "$3" ]
}

runs_anew() { # runs_anew NAME PID: it has another init
	pid=$(lxc-info -P "$lxc" -n "$1" -pH)
	[ -n "$pid" ] && [ "$pid" != "$2" ]
}

show() {
	for name in $names; do
		printf '  %-12s %-28s %s\n' "$name" 'init pid' "$(lxc-info -P "$lxc" -n "$name" -pH)"
		knob "$name" memory memory.limit_in_bytes memory.max
		knob "$name" pids pids.max pids.max
		knob "$name" cpu cpu.cfs_quota_us cpu.max
	done
}

pids() {
	for name in $names; do
		lxc-info -P "$lxc" -n "$name" -pH
	done
}

say 'The manifests'
head -n 20 "$manifests"/profiles/*.yaml "$manifests"/instances/*.yaml

say 'What would be done: diff (exit status 1: there are differences)'
run diff || [ $? = 1 ]

say 'Do it: apply'
run apply

say 'What the kernel has now'
show
before=$(pids)

say 'Nothing is left to do'
run diff

say 'The profile changes: 64MiB -> 96MiB, 100 -> 150 processes, 25 -> 50 ms of CPU time'
sed -i -e 's/limits.memory: .*/limits.memory: 96MiB/' \
	-e 's/limits.processes: .*/limits.processes: 150/' \
	-e 's/limits.cpu.allowance: .*/limits.cpu.allowance: 50ms\/100ms/' \
	"$manifests/profiles/small.yaml"
run diff || [ $? = 1 ]
run apply -vv

say 'What the kernel has now: both follow, ek-demo-db keeps the memory limit of its own'
show
if [ "$before" = "$(pids)" ]; then
	echo '  No init pid changed: nothing was restarted.'
else
	echo 'demo: an init pid changed' >&2
	exit 1
fi

# What a transfer into the container gets through: bytes of a second, counted by the kernel.
host_end() {
	ls /sys/class/net/ekdemo0/brif
}

sent() {
	cat "/sys/class/net/$(host_end)/statistics/tx_bytes"
}

rate() {
	before=$(sent)
	sleep 1
	printf '  towards ek-demo-web: %s Mbit/s\n' $((($(sent) - before) * 8 / 1000000))
}

say 'Keep it so: the daemon'
printf '$ evenkeel run &\n'
"$here/evenkeel" run -d "$manifests" -P "$lxc" 2>"$top/log" &
daemon=$!
soon test -s "$top/log"
wait_for in-sync
log

say 'The profile changes again: nobody applies, and both follow'
sed -i 's/limits.processes: .*/limits.processes: 250/' "$manifests/profiles/small.yaml"
wait_for in-sync
log
show

say 'Its nic under load: limits.ingress 50Mbit becomes 200Mbit, then 10Mbit'
lxc-attach -P "$lxc" -n ek-demo-web -- ip addr add 10.88.7.2/24 dev eth0
lxc-attach -P "$lxc" -n ek-demo-web -- sh -c 'sleep 60 | nc -l -p 9 >/dev/null' &
soon ping -q -c 1 -W 1 10.88.7.2 >/dev/null
sleep 0.2
busybox nc 10.88.7.2 9 </dev/zero >/dev/null &
sender=$!
sleep 1
rate
for mbit in 200 10; do
	sed -i "s/limits.ingress: .*/limits.ingress: ${mbit}Mbit/" \
		"$manifests/instances/ek-demo-web.yaml"
	wait_for in-sync ek-demo-web
	log
	sleep 1
	rate
done
kill "$sender"
run status ek-demo-web --usage

say 'Somebody deletes its nic by hand: it is put back, with its MAC, its bridge and its limit'
printf '$ ip link delete %s\n' "$(host_end)"
ip link delete "$(host_end)"
soon test -n "$(host_end)"
wait_for in-sync ek-demo-web
log

say 'Somebody changes a limit by hand: it is put back, and said'
set_knob ek-demo-web pids 77 pids.max pids.max
soon knob_is ek-demo-web pids 250 pids.max pids.max
log
knob ek-demo-web pids pids.max pids.max

say 'A container is killed: state: running starts it again'
before=$(lxc-info -P "$lxc" -n ek-demo-db -pH)
lxc-stop -P "$lxc" -n ek-demo-db -k
soon runs_anew ek-demo-db "$before"
wait_for in-sync
log
show

say 'A manifest is broken: its instance keeps what it has, the others go on'
cp "$manifests/instances/ek-demo-db.yaml" "$top/good"
sed -i 's/limits.memory: .*/limits.memory: plenty/' "$manifests/instances/ek-demo-db.yaml"
wait_for held-back ek-demo-db
log
run status || echo "(exit status $?)"
cat "$top/good" >"$manifests/instances/ek-demo-db.yaml"
wait_for in-sync
log

say 'Hands off for a while'
printf '$ evenkeel pause ek-demo-web --for 2h --reason "we show it"\n'
"$here/evenkeel" pause ek-demo-web --for 2h --reason 'we show it' -P "$lxc"
set_knob ek-demo-web pids 77 pids.max pids.max
run status || echo "(exit status $?)"
knob ek-demo-web pids pids.max pids.max
printf '$ evenkeel resume ek-demo-web\n'
"$here/evenkeel" resume ek-demo-web -P "$lxc"
soon knob_is ek-demo-web pids 250 pids.max pids.max
log
knob ek-demo-web pids pids.max pids.max

say 'The daemon goes, the containers stay'
before=$(pids)
kill "$daemon"
wait "$daemon"
daemon=
log
[ "$before" = "$(pids)" ]
show

say 'Let go and clean up'
printf '$ evenkeel release --all --yes\n'
"$here/evenkeel" release --all --yes -P "$lxc"
