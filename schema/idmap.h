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

/* The default map: inside 0.. is the first range with at least 65536 ids, as LXD takes it, for each
 * half; cut to 65536 ids when WHOLE is false (LXC's own way). Returns 0 or -ENOENT when a half has
 * no such range. */
int idmap_default(const struct subid *uids, size_t n_uids, const struct subid *gids, size_t n_gids,
		  struct arena *a, struct idmap *out);

/* A window that somebody holds: an isolated instance, or a container that is not ours. */
struct idmap_window {
	uint32_t base, size;
	const char *holder;
};

/* A free window of SIZE ids within root's ranges, beyond the first 65536 of the default map,
 * disjoint from TAKEN (any order, may overlap one another, may lie outside). The lowest that fits.
 * Returns 0 or -ENOSPC. */
int idmap_window_find(const struct idmap *preset, const struct idmap_window *taken, size_t n,
		      uint32_t size, uint32_t *base);

/* Adds the lines of raw.idmap to MAP in place. Returns 0, or -EINVAL with WHY: both lines that
 * clash are named, WHY->offset is where in the value. */
int idmap_punch(struct idmap *map, const struct idmap_line *lines, size_t n, struct arena *a,
		struct complaint *why);

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
