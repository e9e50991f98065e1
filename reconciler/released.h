/*
 * released - containers that carry our boot file although no manifest is about them.
 * A manifest that disappeared releases its instance: left as it is, and said. A copy made by LXC's
 * tools includes the boot file of its original, which may be destroyed any time: mended.
 */
#pragma once

#include "reconciler/survey.h"

/* Says of each such container what it is (a notice in DS). MEND: takes the include line of copies
 * away; what fails is a finding. Asks nothing of liblxc. */
void released_look(struct survey *s, const struct generation *g, bool mend, struct diagnostics *ds);

/* What is said of such a container; in A. */
char *released_words(const char *name, struct arena *a);
