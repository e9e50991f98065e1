#include "reconciler/commands.h"
#include "reconciler/report.h"

static int status_of(const struct result *r)
{
	if (r->trouble || r->diagnostics.errors || r->generation->diagnostics.errors)
		return 2;
	for (size_t i = 0; i < r->n_networks; i++)
		if (!r->networks[i].in_sync)
			return 1;
	for (size_t i = 0; i < r->n; i++)
		if (!r->outcomes[i].in_sync && (!r->outcomes[i].pause || r->outcomes[i].held_back))
			return 1;
	return 0;
}

int diff_main(const struct options *o)
{
	struct result *r = pass_run(o, PASS_DIFF);
	int status = status_of(r);

	report_result(o, r);
	result_free(r);
	return status;
}
