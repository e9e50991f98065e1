/*
 * wallclock - LD_PRELOAD: shifts what a program takes for the time of day.
 * By as many seconds as the file $WALLCLOCK holds (eight bytes, this machine's order), which may
 * change at any time. The clocks that only count up are left alone.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t shift(void)
{
	static const volatile int64_t *seconds;
	static bool looked;

	if (!looked) {
		const char *path = getenv("WALLCLOCK");
		int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
		void *at = fd >= 0 ? mmap(NULL, sizeof(*seconds), PROT_READ, MAP_SHARED, fd, 0)
				   : MAP_FAILED;

		looked = true;
		if (fd >= 0)
			close(fd);
		if (at != MAP_FAILED)
			seconds = at;
	}
	return seconds ? (time_t)*seconds : 0;
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
	if (syscall(SYS_clock_gettime, clock, t) < 0)
		return -1;
	if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
		t->tv_sec += shift();
	return 0;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	*t = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
	return 0;
}

time_t time(time_t *t)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (t)
		*t = now.tv_sec;
	return now.tv_sec;
}
