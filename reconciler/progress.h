/*
 * progress - what takes long, said on a terminal while it lasts.
 */
#pragma once

#include <stddef.h>

struct options;

/* From here on progress is shown, if standard error is a terminal and O is neither quiet nor prints
 * every write. */
void progress_start(const struct options *o);

/* "starting containers: 3 of 10"; replaces what was shown. */
void progress_show(const char *what, size_t done, size_t of);

/* Nothing of it stays. */
void progress_clear(void);
