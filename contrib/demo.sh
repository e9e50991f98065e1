#!/bin/sh
# The demo: two unprivileged containers from examples/demo, their limits applied, changed through
# their profile while they run, and everything put back. As root; uses a temporary LXC path and a
# mount namespace of its own, in which root has an id range, so that the machine stays as it is.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)

if [ "$(id -u)" != 0 ]; then
	echo "demo: needs root, for containers and their cgroups" >&2
	exit 1
fi
if [ "${EVENKEEL_DEMO:-}" != inside ]; then
	EVENKEEL_DEMO=inside exec unshare --mount --propagation private sh "$0" "$@"
fi

top=$(mktemp -d /tmp/evenkeel-demo.XXXXXX)
chmod 711 "$top"
lxc=$top/lxc manifests=$top/manifests
names='ek-demo-web ek-demo-db'

clean_up() {
	set +e
	for name in $names; do
		if [ -d "$lxc/$name" ]; then
			lxc-stop -P "$lxc" -n "$name" -k 2>/dev/null
			lxc-destroy -P "$lxc" -n "$name" >/dev/null 2>&1
		fi
	done
	rm -rf "$top"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# An id range for root, in this mount namespace only.
echo 'root:100000:65536' >"$top/subids"
for file in subuid subgid; do
	[ -e "/etc/$file" ] || touch "/etc/$file"
	mount --bind "$top/subids" "/etc/$file"
done

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

# What the kernel holds, read from the kernel.
knob() { # knob NAME CONTROLLER V1-FILE V2-FILE
	pid=$(lxc-info -P "$lxc" -n "$1" -pH)
	path=$(sed -n "s/^[0-9]*:\(.*,\)*$2\(,.*\)*://p" "/proc/$pid/cgroup")
	if [ -n "$path" ]; then
		mount=$(awk -v c="$2" '$3 == "cgroup" && $4 ~ "(^|,)" c "(,|$)" {print $2; exit}' /proc/mounts)
		file=$mount$path/$3
	else
		mount=$(awk '$3 == "cgroup2" {print $2; exit}' /proc/mounts)
		file=$mount$(sed -n 's/^0:://p' "/proc/$pid/cgroup")/$4
	fi
	printf '  %-12s %-28s %s\n' "$1" "${file##*/}" "$(cat "$file")"
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

say 'Let go and clean up'
printf '$ evenkeel release --all --yes\n'
"$here/evenkeel" release --all --yes -P "$lxc"
