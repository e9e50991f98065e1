#include "reconciler/descriptors.h"

#include <stdbool.h>

static struct rlimit given;
static bool raised;

void descriptors_raise(void)
{
	struct rlimit limit;

	if (raised || getrlimit(RLIMIT_NOFILE, &given) < 0)
		return;
	limit = (struct rlimit){given.rlim_max, given.rlim_max};
	raised = setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

struct rlimit descriptors_given(void)
{
	struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

	if (raised)
		return given;
	getrlimit(RLIMIT_NOFILE, &limit);
	return limit;
}
