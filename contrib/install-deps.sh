#!/bin/sh
# Installs every Debian package that is needed to build, run and test evenkeel. As root.
set -eu

build='gcc make pkg-config libc6-dev lxc-dev libyaml-dev libcgroup-dev libjansson-dev libnl-3-dev
libnl-route-3-dev libmd-dev libkmod-dev libsystemd-dev'
run='lxc lxc-templates uidmap busybox-static'
check='libcmocka-dev clang clang-format clang-tidy cppcheck valgrind libclang-rt-14-dev e2fsprogs
xfsprogs btrfs-progs rsync strace iperf3 iproute2 iputils-ping'

if [ "$(id -u)" != 0 ]; then
	echo "install-deps.sh: needs root" >&2
	exit 1
fi

if ! command -v apt-get >/dev/null; then
	echo "install-deps.sh: no apt-get here; what these Debian packages hold is needed:" >&2
	echo "$build $run $check" >&2
	exit 1
fi

missing=
for package in $build $run $check; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
		missing="$missing $package"
done
if [ -z "$missing" ]; then
	exit 0
fi

export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# shellcheck disable=SC2086 # a list of words
apt-get install -q -y --no-install-recommends $missing
