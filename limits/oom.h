/*
 * oom - limits.memory.oom_priority: oom_score_adj of a container's init (proc(5)).
 */
#pragma once

#include "schema/driver.h"

extern const struct driver oom_driver; /* object "oom", attribute "oom_score_adj" */
