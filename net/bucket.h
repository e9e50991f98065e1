/*
 * bucket - the arithmetic of a token bucket as the kernel keeps it.
 * Rates are whole bytes per second, bursts are times, counted in ticks of 64 ns, in 32 bits.
 */
#pragma once

#include <stdint.h>

/* A rate with all that follows from it, in the kernel's units. */
struct bucket {
	uint64_t rate;    /* bytes per second */
	uint32_t ticks;   /* the time that a burst takes at this rate */
	uint32_t quantum; /* bytes that a class sends in its turn */
};

/* BURST bytes at RATE bytes per second, not 0; at least one tick. */
uint32_t bucket_ticks(uint64_t rate, uint64_t burst);

/* The bytes that so many ticks are. */
uint64_t bucket_burst(uint64_t rate, uint32_t ticks);

/* The burst for a rate where none is asked for: a millisecond's worth, at least ten frames of MTU
 * bytes, at most 4 MiB. */
uint64_t bucket_own_burst(uint64_t rate, uint32_t mtu);

uint32_t bucket_quantum(uint64_t rate);

/* The bytes that a queue in front of it holds: 20 ms, at least ten frames, at most 64 MiB. */
uint32_t bucket_queue(uint64_t rate, uint32_t mtu);
