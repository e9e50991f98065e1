#include "reconciler/drivers.h"

#include "limits/blockio.h"
#include "limits/knobs.h"
#include "limits/netprio.h"
#include "limits/oom.h"
#include "limits/rlimit.h"
#include "net/nic.h"
#include "reconciler/bootconfig.h"
#include "reconciler/modules.h"
#include "reconciler/sysctl.h"

const struct driver *const drivers[] = {
    &cgroup_driver, &bootconfig_driver, &blockio_driver, &modules_driver, &netprio_driver,
    &nic_driver,    &oom_driver,        &rlimit_driver,  &sysctl_driver,
};
const size_t n_drivers = sizeof(drivers) / sizeof(*drivers);

const struct driver *driver_for(const char *object)
{
	for (size_t i = 0; i < n_drivers; i++)
		if (object_is(object, drivers[i]->kind))
			return drivers[i];
	return NULL;
}
