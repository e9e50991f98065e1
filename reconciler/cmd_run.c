#include "reconciler/commands.h"
#include "reconciler/daemon.h"

int run_main(const struct options *o)
{
	return daemon_run(o);
}
