/*
 * shape - what kind of document this is, and whether LXD or Incus wrote it.
 *
 * kind: says so, else the folder, else the fields:
 *   preseed    storage_pools, storage_volumes, networks, projects, cluster, certificates or
 *              cluster_groups, or profiles that are mappings
 *   instance   architecture, ephemeral, stateful, profiles, state, restart, paused, hosts, source,
 *              instance_type, last_used_at, backups or an expanded_ map
 *   pool       driver
 *   network    managed; or type and config, without devices
 *   profile    used_by
 * in this order. What has only name, description, config and devices could be two things, and
 * what has none of these is somebody else's file: no manifest.
 */
#pragma once

#include "schema/reading.h"

enum shape { SHAPE_KNOWN, SHAPE_UNKNOWN, SHAPE_BAD };

/* The kind of a document whose root is a mapping. SHAPE_BAD: kind: is wrong, an error was reported
 * (to r->ds). */
enum shape shape_find(struct reading *r, const struct node *root, enum kind *out);
