/*
 * idmap - which host id is which id inside. Pure arithmetic.
 * uid and gid maps are two separate lists. The rules are those users know (raw.idmap punches holes
 * into the default map or the isolated window), with the overlaps that a kernel would refuse at
 * the start (user_namespaces(7)) refused here, both lines named.
 */
#pragma once

#include "schema/diagnostic.h"
#include "schema/ranges.h"
#include "schema/value.h"

/* The highest id there is: 4294967295 means "none" to the kernel. */
#define IDMAP_MOST 4294967294u
#define IDMAP_WINDOW 65536u /* the size of an isolated window where none is given */
/* user_namespaces(7): at most 340 lines, in one write of less than a page. liblxc builds it in a
 * buffer of 4096 bytes too. */
#define IDMAP_MOST_LINES 340
#define IDMAP_MOST_TEXT 4096

struct idmap_entry {
	uint32_t inside, host, count;
};

static inline uint64_t idmap_inside_end(const struct idmap_entry *e)
{
	return (uint64_t)e->inside + e->count;
}

static inline uint64_t idmap_host_end(const struct idmap_entry *e)
{
	return (uint64_t)e->host + e->count;
}

/* Does it end within the ids that there are, in both columns? */
static inline bool idmap_entry_fits(const struct idmap_entry *e)
{
	return idmap_inside_end(e) <= (uint64_t)IDMAP_MOST + 1 &&
	       idmap_host_end(e) <= (uint64_t)IDMAP_MOST + 1;
}

struct idmap_half {
	struct idmap_entry *items; /* sorted by inside */
	size_t n;
};

/* n == 0 in both: no user namespace (privileged). */
struct idmap {
	struct idmap_half uid, gid;
};

/* One line of /etc/subuid that is root's. */
struct subid {
	uint64_t start, count;
};

/* Root's ranges in the text of subuid or subgid (subuid(5)): lines whose first field is "root" or
 * "0". Lines that make no sense are skipped. All of them, in file order. */
size_t idmap_read_subids(const char *text, size_t n, struct arena *a, struct subid **out);

/* The default map: inside 0.. is the first range with at least 65536 ids, whole, as LXD takes it,
 * for each half. Returns 0 or -ENOENT when a half has no such range. */
int idmap_default(const struct subid *uids, size_t n_uids, const struct subid *gids, size_t n_gids,
		  struct arena *a, struct idmap *out);

/* A window that somebody holds: an isolated instance, or a container that is not ours. */
struct idmap_window {
	uint32_t base, size;
	const char *holder;
};

/* A free window of SIZE ids within the host ids of PRESET, beyond the first 65536 of each half,
 * disjoint from TAKEN (any order, sorted by base is fastest; may overlap one another, may lie
 * outside). The lowest that fits. Returns 0 or -ENOSPC. */
int idmap_window_find(const struct idmap *preset, const struct idmap_window *taken, size_t n,
		      uint32_t size, uint32_t *base);

/* Would a window that somebody asks for by its base clash with the ids of the shared containers
 * (the first 65536 of PRESET), with a window in TAKEN, or with the end of all ids? Windows of the
 * same holder do not count. Returns 0 or -EINVAL with WHY, the other holder named. */
int idmap_window_check(const struct idmap *preset, const struct idmap_window *taken, size_t n,
		       const struct idmap_window *wanted, struct complaint *why);

/* Adds the lines of raw.idmap, read from TEXT, to MAP: each one punches a hole, by ids inside,
 * into what is there. Returns 0, or -EINVAL with WHY and MAP untouched: a host id twice in the
 * finished map, both lines named; WHY->offset is where in the value. */
int idmap_punch(struct idmap *map, const char *text, const struct idmap_line *lines, size_t n,
		struct arena *a, struct complaint *why);

/* Would a kernel take it: counts, no overlap in either column, number of lines, length of the text,
 * nothing beyond IDMAP_MOST. Returns 0 or -EINVAL with WHY. */
int idmap_check(const struct idmap *map, struct complaint *why);

/* Host ids of MAP that no subid range of root covers, as the lines that are missing from the file:
 * newuidmap(1) refuses them. Empty: all covered. */
struct ranges idmap_uncovered(const struct idmap_half *half, const struct subid *subids, size_t n,
			      struct arena *a);

/* "u 0 100000 65536", one per entry, uid half first: as in lxc.idmap. Returns how many. */
size_t idmap_print(const struct idmap *map, struct arena *a, const char ***lines);
/* From such lines (a blank- or line-separated "u 0 100000 65536"). -EINVAL when one is none. */
int idmap_parse(const char *text, struct arena *a, struct idmap *out);

bool idmap_equal(const struct idmap *x, const struct idmap *y); /* as sets, neighbours merged */
/* The host id of INSIDE, or -1. */
int64_t idmap_to_host(const struct idmap_half *half, uint32_t inside);
/* Does the map reach the host's root? Legal, and never silent. */
bool idmap_maps_root(const struct idmap *map);
