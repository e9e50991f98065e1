#include "limits/desire.h"

#include "schema/arena.h"

static const struct {
	const char *reason, *remedy;
} missing[N_CONTROLLERS] = {
    [CONTROLLER_CPU] = {"this host has no cpu controller",
			"mount the cpu controller, or write +cpu to cgroup.subtree_control of "
			"the unified hierarchy"                             },
    [CONTROLLER_CPUSET] = {"this host has no cpuset controller",
                        "mount the cpuset controller, or write +cpuset to "
			   "cgroup.subtree_control of the unified hierarchy"},
    [CONTROLLER_MEMORY] = {"this host has no memory controller",
                        "boot with cgroup_enable=memory, or write +memory to "
			   "cgroup.subtree_control of the unified hierarchy"},
    [CONTROLLER_PIDS] = {"this host has no pids controller",
                        "mount the pids controller, or write +pids to cgroup.subtree_control of "
			 "the unified hierarchy"                            },
    [CONTROLLER_IO] = {"this host has no io (blkio) controller",
			"mount the blkio controller, or write +io to cgroup.subtree_control of "
		       "the unified hierarchy"                              },
    [CONTROLLER_HUGETLB] = {"this host has no hugetlb controller",
                        "mount the hugetlb controller, or write +hugetlb to "
			    "cgroup.subtree_control of the unified hierarchy, and restart the "
			    "container"                                     },
};

void desire_unsupported(struct property *p, const char *reason, const char *remedy)
{
	if (p->effect == EFFECT_UNSUPPORTED)
		return;
	p->effect = EFFECT_UNSUPPORTED;
	p->reason = reason;
	p->remedy = remedy;
}

struct property *desire_cgroup(const struct desire *d, const char *key, enum controller k,
			       const char *attribute, const char *value)
{
	const struct expanded *line = instance_get(d->instance->instance, key);
	struct property *p = properties_add(d->out, (struct property){
							.object = "cgroup",
							.attribute = attribute,
							.value = value,
							.certainty = CERTAIN_VALUE,
							.effect = EFFECT_LIVE,
							.setting = line ? line->setting : NULL,
							.from = line ? line->from : NULL,
							.key = key,
						    });

	if (d->world->host->cgroups[k] == CGROUP_NONE)
		desire_unsupported(p, missing[k].reason, missing[k].remedy);
	return p;
}
