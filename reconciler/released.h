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

/* Of whom D, a finding of such a look, says that no manifest is about it any more; NULL: it says
 * something else. In A. */
char *released_name(const struct diagnostic *d, struct arena *a);
