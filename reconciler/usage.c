#include "reconciler/usage.h"

#include "limits/cgroup.h"
#include "net/nic.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define V1_UNLIMITED (1ull << 62) /* v1 shows "no limit" as a number near 2^63 */

/* A number at the start of TEXT; "max" and anything else is not one. */
static uint64_t number(const char *text)
{
	unsigned long long n;

	if (*text < '0' || *text > '9')
		return USAGE_UNKNOWN;
	errno = 0;
	n = strtoull(text, NULL, 10);
	return errno ? USAGE_UNKNOWN : n;
}

static uint64_t read_number(const struct container *c, enum controller k, const char *file)
{
	char text[64];

	return cgroup_read(c->cgroup, k, file, text, sizeof(text)) < 0 ? USAGE_UNKNOWN
								       : number(text);
}

/* The number behind WORD and a blank, at the start of a line. */
static uint64_t read_word(const struct container *c, enum controller k, const char *file,
			  const char *word)
{
	size_t n = strlen(word);
	char text[4096];

	if (cgroup_read(c->cgroup, k, file, text, sizeof(text)) < 0)
		return USAGE_UNKNOWN;
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, word, n) == 0 && line[n] == ' ')
			return number(line + n + 1);
	}
	return USAGE_UNKNOWN;
}

static bool is_v2(const struct container *c, enum controller k)
{
	return cgroup_version(c->cgroup, k) == CGROUP_V2;
}

/* A limit: false when there is none. */
static bool read_limit(const struct container *c, enum controller k, const char *file,
		       uint64_t *out)
{
	*out = read_number(c, k, file);
	return *out != USAGE_UNKNOWN && *out < V1_UNLIMITED;
}

static uint64_t difference(uint64_t x, uint64_t y)
{
	if (x == USAGE_UNKNOWN || y == USAGE_UNKNOWN)
		return USAGE_UNKNOWN;
	return x > y ? x - y : 0;
}

static void read_memory_v2(const struct container *c, struct usage *u)
{
	const enum controller k = CONTROLLER_MEMORY;

	u->memory = read_number(c, k, "memory.current");
	u->memory_peak = read_number(c, k, "memory.peak");
	u->memory_limited = read_limit(c, k, "memory.max", &u->memory_limit);
	u->swap = read_number(c, k, "memory.swap.current");
	u->swap_limited = read_limit(c, k, "memory.swap.max", &u->swap_limit);
	u->oom_kills = read_word(c, k, "memory.events", "oom_kill");
}

/* memsw.* is memory and swap together. */
static void read_memory_v1(const struct container *c, struct usage *u)
{
	const enum controller k = CONTROLLER_MEMORY;
	uint64_t both;

	u->memory = read_number(c, k, "memory.usage_in_bytes");
	u->memory_peak = read_number(c, k, "memory.max_usage_in_bytes");
	u->memory_limited = read_limit(c, k, "memory.limit_in_bytes", &u->memory_limit);
	u->swap = difference(read_number(c, k, "memory.memsw.usage_in_bytes"), u->memory);
	u->swap_limited = read_limit(c, k, "memory.memsw.limit_in_bytes", &both);
	u->swap_limit =
	    u->swap_limited && u->memory_limited ? difference(both, u->memory_limit) : both;
	u->oom_kills = read_word(c, k, "memory.oom_control", "oom_kill");
}

static void read_cpu(const struct container *c, struct usage *u)
{
	uint64_t ns;

	u->throttled = read_word(c, CONTROLLER_CPU, "cpu.stat", "nr_throttled");
	if (is_v2(c, CONTROLLER_CPU)) {
		u->throttled_us = read_word(c, CONTROLLER_CPU, "cpu.stat", "throttled_usec");
	} else {
		ns = read_word(c, CONTROLLER_CPU, "cpu.stat", "throttled_time");
		u->throttled_us = ns == USAGE_UNKNOWN ? ns : ns / 1000;
	}
	if (is_v2(c, CONTROLLER_CPUACCT)) {
		u->cpu_us = read_word(c, CONTROLLER_CPUACCT, "cpu.stat", "usage_usec");
	} else {
		ns = read_number(c, CONTROLLER_CPUACCT, "cpuacct.usage");
		u->cpu_us = ns == USAGE_UNKNOWN ? ns : ns / 1000;
	}
}

static void add(uint64_t *sum, uint64_t n)
{
	if (n != USAGE_UNKNOWN)
		*sum += n;
}

/* v2: "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0", a line per device. */
static void read_io_v2(const struct container *c, struct usage *u)
{
	const struct {
		const char *word;
		uint64_t *sum;
	} words[] = {
	    {" rbytes=", &u->read_bytes },
	    {" wbytes=", &u->write_bytes},
	    {" rios=",   &u->reads      },
	    {" wios=",   &u->writes     },
	};
	char text[16384];

	if (cgroup_read(c->cgroup, CONTROLLER_IO, "io.stat", text, sizeof(text)) < 0)
		return;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		*words[i].sum = 0;
		for (const char *at = text; (at = strstr(at, words[i].word));) {
			at += strlen(words[i].word);
			add(words[i].sum, number(at));
		}
	}
}

/* v1: "8:0 Read 1", "8:0 Write 2", ... a line per device and direction, "Total" last. */
static void read_io_v1(const struct container *c, const char *file, uint64_t *read_sum,
		       uint64_t *write_sum)
{
	char text[16384];

	if (cgroup_read(c->cgroup, CONTROLLER_IO, file, text, sizeof(text)) < 0)
		return;
	*read_sum = *write_sum = 0;
	for (const char *at = text; (at = strstr(at, " Read "));)
		add(read_sum, number(at += strlen(" Read ")));
	for (const char *at = text; (at = strstr(at, " Write "));)
		add(write_sum, number(at += strlen(" Write ")));
}

void usage_read(const struct container *c, struct usage *u)
{
	*u = (struct usage){
	    .throttled = USAGE_UNKNOWN,
	    .read_bytes = USAGE_UNKNOWN,
	    .write_bytes = USAGE_UNKNOWN,
	    .reads = USAGE_UNKNOWN,
	    .writes = USAGE_UNKNOWN,
	};
	if (is_v2(c, CONTROLLER_MEMORY))
		read_memory_v2(c, u);
	else
		read_memory_v1(c, u);
	read_cpu(c, u);
	u->processes = read_number(c, CONTROLLER_PIDS, "pids.current");
	u->processes_limited = read_limit(c, CONTROLLER_PIDS, "pids.max", &u->processes_limit);
	if (is_v2(c, CONTROLLER_IO)) {
		read_io_v2(c, u);
	} else {
		read_io_v1(c, "blkio.throttle.io_service_bytes_recursive", &u->read_bytes,
			   &u->write_bytes);
		read_io_v1(c, "blkio.throttle.io_serviced_recursive", &u->reads, &u->writes);
	}
}

void usage_read_nics(const struct container *c, struct arena *a, struct usage *out)
{
	struct nic_usage *nics;

	out->n_nics = nics_usage(c, a, &nics);
	out->nics = nics;
}
