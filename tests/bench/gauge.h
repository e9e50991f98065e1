/*
 * gauge - what the kernel counts about a daemon, and when it is at rest.
 * Nothing depends on what the daemon says about itself.
 */
#pragma once

#include "tests/integration/daemon.h"

#include <stdint.h>

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t gauge_now(void);

/* Waits until it has used no CPU for a while: the moment of its last use. */
uint64_t gauge_rest(struct daemon *d);

/* Of all its threads. */
uint64_t gauge_cpu(const struct daemon *d); /* nanoseconds on a CPU */
uint64_t gauge_switches(const struct daemon *d);
size_t gauge_rss(const struct daemon *d); /* bytes */
size_t gauge_fds(const struct daemon *d);
