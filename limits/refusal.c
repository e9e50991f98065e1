#include "limits/refusal.h"

#include "limits/cgroup.h"
#include "schema/arena.h"
#include "schema/text.h"

#include <errno.h>
#include <string.h>

static const char *usual_advice(const struct knob *k, int error)
{
	switch (error) {
	case ENOENT:
	case EOPNOTSUPP:
		return k->remedy;
	case EACCES:
	case EPERM:
		if (k->controller == CONTROLLER_CPUSET && error == EACCES)
			return "the CPUs must be among those of the parent group";
		return "run as root, on the host";
	case EROFS:
		return "mount the cgroup file system read-write";
	case EBUSY:
		return "it is in use; free some inside the container first";
	case EINVAL:
	case ERANGE:
		return "the kernel does not take this value";
	case ENOSPC:
		return "the group has processes and cannot be without CPUs or memory nodes";
	default:
		return NULL;
	}
}

void refusal_set_path(struct change *change, const struct container *c, const struct knob *k,
		      const char *path, const char *value, int error, const char *advice)
{
	struct arena *a = c->arena;

	if (error == ENODEV || error == ESRCH) {
		change->verdict = VERDICT_SKIPPED;
		change->error_number = error;
		change->reason = "the container has stopped";
		return;
	}
	if (!advice)
		advice = usual_advice(k, error);
	path = text_escape(a, path, strlen(path), 512);
	change_fail(change, a, error, "%s: cannot write '%s': %s%s%s", path,
		    text_escape(a, value, strlen(value), 128), strerror(error), advice ? "; " : "",
		    advice ? advice : "");
}

void refusal_set(struct change *change, const struct container *c, const struct knob *k,
		 const char *file, const char *value, int error, const char *advice)
{
	refusal_set_path(change, c, k, cgroup_path(c->cgroup, k->controller, file, c->arena), value,
			 error, advice);
}

void refusal_verify_from(struct change *change, const struct knob *k, struct filetext *t)
{
	const struct container *c = t->container;
	const char *value = NULL;
	int error = knob_read(k, t, &value);

	if (error < 0) {
		refusal_set(change, c, k, knob_files(k, t->version)[0],
			    change->to ? change->to : "", -error,
			    "it was written and cannot be read back");
		return;
	}
	change->verdict = VERDICT_APPLIED;
	if (change->to && value && strcmp(change->to, value) != 0)
		change->reason = arena_printf(c->arena, "the kernel made it %s", value);
}

void refusal_verify(struct change *change, const struct container *c, const struct knob *k)
{
	struct filetext t = {
	    .version = cgroup_version(c->cgroup, k->controller), .container = c, .arena = c->arena};

	refusal_verify_from(change, k, &t);
}
