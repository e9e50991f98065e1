/*
 * knobs - the kernel's side of limits: one row per attribute, its files on cgroup v1 and v2.
 * desire, observe, base, boot and place of the cgroup driver walk this table; what needs an order
 * of its own when written (memory with swap, quota with period, CPU sets with children) has a
 * writer named in its row. A new limit is a new row here and its twin in schema/keys.
 */
#pragma once

#include "schema/driver.h"

extern const struct driver cgroup_driver; /* object "cgroup" */
