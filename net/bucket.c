#include "net/bucket.h"

#include <linux/if_ether.h>

/* PSCHED_SHIFT, the same in every kernel since 2.6.31 */
#define TICK_NS 64u
#define SECOND_NS 1000000000u
#define FRAMES 10u
#define MOST_BURST (4u << 20)
#define MOST_QUEUE (64u << 20)
#define QUEUE_PER_SECOND 50u
#define LEAST_QUANTUM 1514u
#define MOST_QUANTUM 60000u

static uint64_t clamp(uint64_t n, uint64_t least, uint64_t most)
{
	if (n < least)
		return least;
	return n > most ? most : n;
}

static uint64_t frames(uint32_t mtu)
{
	return FRAMES * ((uint64_t)mtu + ETH_HLEN);
}

/* To the nearest, so that the bytes come back as they were wherever a tick is less than a byte. */
uint32_t bucket_ticks(uint64_t rate, uint64_t burst)
{
	unsigned __int128 tick = (unsigned __int128)rate * TICK_NS;
	unsigned __int128 ticks = ((unsigned __int128)burst * SECOND_NS + tick / 2) / tick;

	if (ticks == 0)
		return 1;
	return ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks;
}

uint64_t bucket_burst(uint64_t rate, uint32_t ticks)
{
	unsigned __int128 bytes = (unsigned __int128)rate * TICK_NS * ticks;

	bytes = (bytes + SECOND_NS / 2) / SECOND_NS;
	return bytes > UINT64_MAX ? UINT64_MAX : (uint64_t)bytes;
}

uint64_t bucket_own_burst(uint64_t rate, uint32_t mtu)
{
	return clamp(rate / 1000, frames(mtu), MOST_BURST);
}

uint32_t bucket_quantum(uint64_t rate)
{
	return (uint32_t)clamp(rate / 1000, LEAST_QUANTUM, MOST_QUANTUM);
}

uint32_t bucket_queue(uint64_t rate, uint32_t mtu)
{
	return (uint32_t)clamp(rate / QUEUE_PER_SECOND, frames(mtu), MOST_QUEUE);
}
