#include "reconciler/topology.h"

#include "limits/procfile.h"
#include "schema/arena.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

/* A list of CPUs or nodes ("0-3,7"). Returns 0 or -errno. */
static int read_list(int sys, const char *path, struct arena *a, struct ranges *out)
{
	char *text = procfile_read_all(sys, path, a, NULL);

	if (!text)
		return -errno;
	return ranges_parse(text, VALUE_CPU_MOST, a, out, NULL);
}

/* core_id is unique in its package only; packages without a number (-1) are one. */
static uint32_t read_id(int sys, uint32_t cpu, const char *file, uint32_t preset)
{
	char path[64];
	uint64_t id;

	snprintf(path, sizeof(path), "cpu/cpu%" PRIu32 "/topology/%s", cpu, file);
	if (procfile_read_number(sys, path, &id) < 0 || id >= UINT32_MAX)
		return preset;
	return (uint32_t)id;
}

static void add_cpu(int sys, uint32_t number, struct host *host)
{
	host->cpus[host->n_cpus++] = (struct cpu){
	    .number = number,
	    .core = read_id(sys, number, "core_id", number),
	    .package = read_id(sys, number, "physical_package_id", 0),
	};
}

static void set_node(struct host *host, uint32_t node, const struct ranges *cpus)
{
	for (size_t i = 0; i < host->n_cpus; i++)
		if (ranges_contain(cpus, host->cpus[i].number))
			host->cpus[i].node = node;
}

/* Kernels without NUMA have no node folder: all CPUs are node 0 then. */
static void read_nodes(int sys, struct host *host, struct arena *a)
{
	struct ranges nodes = {0};
	struct range *used = NULL;
	size_t capacity = 0;

	if (read_list(sys, "node/has_cpu", a, &nodes) == 0) {
		for (size_t i = 0; i < nodes.n; i++) {
			for (uint64_t k = nodes.items[i].first; k <= nodes.items[i].last; k++) {
				struct ranges cpus;
				char path[48];

				snprintf(path, sizeof(path), "node/node%" PRIu64 "/cpulist", k);
				if (read_list(sys, path, a, &cpus) == 0)
					set_node(host, (uint32_t)k, &cpus);
			}
		}
	}
	for (size_t i = 0; i < host->n_cpus; i++) {
		used = arena_grow(a, used, i, &capacity, sizeof(*used));
		used[i] = (struct range){host->cpus[i].node, host->cpus[i].node};
	}
	host->nodes = ranges_from(used, host->n_cpus, a);
}

int topology_read(int sys, const struct ranges *usable, struct host *host, struct arena *a)
{
	struct ranges online, cpus;
	int error = read_list(sys, "cpu/online", a, &online);

	if (error < 0)
		return error;
	cpus = ranges_intersect(&online, usable, a);
	host->cpus = arena_alloc(a, ranges_count(&cpus) * sizeof(*host->cpus));
	host->n_cpus = 0;
	for (size_t i = 0; i < cpus.n; i++)
		for (uint64_t k = cpus.items[i].first; k <= cpus.items[i].last; k++)
			add_cpu(sys, (uint32_t)k, host);
	read_nodes(sys, host, a);
	return 0;
}
