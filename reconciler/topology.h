/*
 * topology - CPUs, their cores, packages and NUMA nodes, from sysfs.
 */
#pragma once

#include "schema/world.h"

/* Fills cpus, n_cpus and nodes of HOST: the CPUs in USABLE that are on-line, by number. SYS: a
 * directory fd of /sys/devices/system. A kernel without topology gives each CPU a core of its own,
 * one package and node 0. Returns 0 or -errno when not even the list of CPUs could be read. */
int topology_read(int sys, const struct ranges *usable, struct host *host, struct arena *a);
