#include "reconciler/progress.h"

#include "reconciler/options.h"

#include <stdio.h>
#include <unistd.h>

/* One terminal, one line of it. */
static bool enabled, shown;

void progress_start(const struct options *o)
{
	enabled = o->verbosity >= 0 && o->verbosity < 2 && isatty(STDERR_FILENO);
}

void progress_show(const char *what, size_t done, size_t of)
{
	if (!enabled)
		return;
	fprintf(stderr, "\r\033[K%s: %zu of %zu", what, done, of);
	fflush(stderr);
	shown = true;
}

void progress_clear(void)
{
	if (!shown)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	shown = false;
}
