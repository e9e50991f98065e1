#include "reconciler/settle.h"

#define MS 1000000ull
#define LONE_MS 2
#define MOST_MS 1000

static uint64_t later(uint64_t now, uint64_t wait)
{
	uint64_t sum;

	/* The greatest is "nothing pending". */
	return __builtin_add_overflow(now, wait, &sum) || sum == UINT64_MAX ? UINT64_MAX - 1 : sum;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void settle_init(struct settle *s, unsigned quiet_ms)
{
	*s = (struct settle){
	    .quiet = quiet_ms * MS,
	    .lone = (quiet_ms < LONE_MS ? quiet_ms : LONE_MS) * MS,
	    .most = (quiet_ms < MOST_MS ? MOST_MS : quiet_ms) * MS,
	    .due = UINT64_MAX,
	};
}

void settle_event(struct settle *s, uint64_t now, bool lone)
{
	bool first = s->due == UINT64_MAX;

	if (first)
		s->latest = later(now, s->most);
	/* With something else under way it is not alone any more. */
	s->due = sooner(later(now, first && lone ? s->lone : s->quiet), s->latest);
}

bool settle_put_off(struct settle *s, uint64_t now)
{
	if (s->due == UINT64_MAX || s->quiet == 0 || now >= s->latest)
		return false;
	s->due = sooner(later(now, s->quiet), s->latest);
	return true;
}

uint64_t settle_due(const struct settle *s)
{
	return s->due;
}

void settle_done(struct settle *s)
{
	s->due = UINT64_MAX;
}
