#include "reconciler/sysctl.h"

#include "schema/arena.h"

#include <errno.h>
#include <string.h>

#define KEY_PREFIX "linux.sysctl."

const char *sysctl_path(const char *name, struct arena *a)
{
	char *path = arena_strdup(a, name), *part, *rest;
	size_t first = strcspn(name, "./");

	if (name[first] != '/')
		for (char *c = path; *c; c++)
			*c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
	rest = arena_strdup(a, path);
	while ((part = strsep(&rest, "/")))
		if (!*part || strcmp(part, ".") == 0 || strcmp(part, "..") == 0 ||
		    strpbrk(part, " \t\n"))
			return NULL;
	return path;
}

bool sysctl_namespace(const char *path, enum inside *where)
{
	static const char *const of_ipc[] = {
	    "auto_msgmni", "msg_next_id", "msgmax", "msgmnb", "msgmni", "sem",
	    "sem_next_id", "shm_next_id", "shmall", "shmmax", "shmmni", "shm_rmid_forced",
	};

	*where = INSIDE_NET;
	if (strncmp(path, "net/", 4) == 0)
		return true;
	*where = INSIDE_IPC;
	if (strncmp(path, "fs/mqueue/", 10) == 0)
		return true;
	if (strncmp(path, "kernel/", 7) != 0)
		return false;
	for (size_t i = 0; i < sizeof(of_ipc) / sizeof(*of_ipc); i++)
		if (strcmp(path + 7, of_ipc[i]) == 0)
			return true;
	return false;
}

char *sysctl_normalize(const char *text, struct arena *a)
{
	char *out = arena_alloc(a, strlen(text) + 1), *to = out;

	for (text += strspn(text, " \t\n"); *text; text += strspn(text, " \t\n")) {
		size_t n = strcspn(text, " \t\n");

		if (to > out)
			*to++ = ' ';
		memcpy(to, text, n);
		to += n;
		text += n;
	}
	return out;
}

static void desire_one(const struct expanded *e, struct properties *out)
{
	const struct setting *s = e->setting;
	struct property p = {
	    .object = sysctl_driver.kind,
	    .attribute = s->name + strlen(KEY_PREFIX),
	    .effect = EFFECT_LIVE,
	    .setting = s,
	    .from = e->from,
	    .key = s->name,
	};
	const char *path = sysctl_path(p.attribute, out->arena);
	enum inside where;

	if (path && sysctl_namespace(path, &where)) {
		p.value = sysctl_normalize(s->text, out->arena);
	} else {
		p.certainty = UNSUPPORTED;
		p.effect = EFFECT_UNSUPPORTED;
		p.reason = path ? "not namespaced: it belongs to the host, not to one container"
				: "this is not a sysctl's name";
		p.remedy = path ? "set it on the host, in /etc/sysctl.d" : NULL;
	}
	properties_add(out, p);
}

static void desire(const struct world *w, const struct world_instance *i, struct properties *out)
{
	(void)w;
	for (size_t k = 0; k < i->instance->n_config; k++)
		if (strncmp(i->instance->config[k].setting->name, KEY_PREFIX, strlen(KEY_PREFIX)) ==
		    0)
			desire_one(&i->instance->config[k], out);
}

static const char *space_name(enum inside where)
{
	return where == INSIDE_NET ? "network" : "IPC";
}

static struct property observed(const char *name, const struct inside_job *job, int error,
				struct arena *a)
{
	struct property p = {.object = sysctl_driver.kind, .attribute = name};

	if (error == 0 && job)
		error = job->error;
	if (!job) {
		p.certainty = UNSUPPORTED;
		p.reason = "not namespaced: it belongs to the host, not to one container";
	} else if (error == 0) {
		p.value = sysctl_normalize(job->text, a);
	} else if (error == ENOENT) {
		p.certainty = UNSUPPORTED;
		p.reason = arena_printf(a, "the container's %s namespace has no /proc/sys/%s",
					space_name(job->where), job->path);
		p.remedy = "it may belong to a module that is not loaded, to an interface that is "
			   "not there, or to the host";
	} else if (error == EXDEV) {
		p.certainty = UNSUPPORTED;
		p.reason = arena_printf(a, "the container shares the host's %s namespace",
					space_name(job->where));
		p.remedy = "set it on the host, in /etc/sysctl.d";
	} else {
		p.certainty = UNKNOWN;
		p.reason = arena_printf(a, "/proc/sys/%s: %s", job->path, strerror(error));
	}
	return p;
}

/* Jobs for those names that are namespaced; of[i]: the job of name I, or NULL. */
struct batch {
	struct inside_job *jobs, **of;
	size_t n;
};

static struct inside_job *batch_add(struct batch *b, const char *name, struct arena *a)
{
	struct inside_job job = {.path = sysctl_path(name, a)};

	if (!job.path || !sysctl_namespace(job.path, &job.where))
		return NULL;
	b->jobs[b->n] = job;
	return &b->jobs[b->n++];
}

static void batch_start(struct batch *b, size_t n, struct arena *a)
{
	*b = (struct batch){.jobs = arena_alloc(a, n * sizeof(*b->jobs)),
			    .of = arena_alloc(a, n * sizeof(struct inside_job *))};
}

static void observe(struct container *c, const struct properties *asked, struct properties *out)
{
	struct batch b;
	int error;

	if (!asked) /* a start gives none of its own accord */
		return;
	batch_start(&b, asked->n, out->arena);
	for (size_t i = 0; i < asked->n; i++)
		b.of[i] = batch_add(&b, asked->items[i].attribute, out->arena);
	error = -inside_look(c, b.jobs, b.n, out->arena);
	for (size_t i = 0; i < asked->n; i++)
		properties_add(out,
			       observed(asked->items[i].attribute, b.of[i], error, out->arena));
}

/* "net/ipv4/conf/eth0/forwarding" begins its life as "net/ipv4/conf/default/forwarding" says. */
static const char *default_path(const char *path, struct arena *a)
{
	static const char *const prefixes[] = {"net/ipv4/conf/", "net/ipv4/neigh/",
					       "net/ipv6/conf/", "net/ipv6/neigh/"};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		size_t n = strlen(prefixes[i]);
		const char *rest =
		    strncmp(path, prefixes[i], n) == 0 ? strchr(path + n, '/') : NULL;

		if (rest)
			return arena_printf(a, "%sdefault%s", prefixes[i], rest);
	}
	return path;
}

/* What a start would find: a fresh namespace is asked. */
static const char *base(const struct container *c, const struct property *owned, struct arena *a)
{
	const char *own = c->own_item(c, arena_printf(a, "lxc.sysctl.%s", owned->attribute));
	const char *path = sysctl_path(owned->attribute, a);
	struct inside_job jobs[2] = {{.path = path}, {0}};

	if (own && *own)
		return sysctl_normalize(own, a);
	if (!path || !sysctl_namespace(path, &jobs[0].where))
		return NULL;
	jobs[1] = jobs[0];
	jobs[1].path = default_path(path, a);
	if (inside_run(NULL, jobs, 2, a) < 0)
		return NULL;
	for (size_t i = 0; i < 2; i++)
		if (jobs[i].error == 0)
			return sysctl_normalize(jobs[i].text, a);
	return NULL;
}

static void judge(struct container *c, struct change *change, const struct inside_job *job,
		  int error)
{
	const char *now;

	if (error == 0 && job)
		error = job->error;
	if (!job)
		error = EOPNOTSUPP;
	else if (c->wrote)
		c->wrote(arena_printf(c->arena, "/proc/sys/%s inside %s", job->path, c->name),
			 job->write, error);
	if (error) {
		change_fail(change, c->arena, error, "%s: cannot write '%s': %s", change->attribute,
			    change->to ? change->to : "",
			    !change->to ? "what a fresh start has is not known" : strerror(error));
		return;
	}
	now = sysctl_normalize(job->text, c->arena);
	if (strcmp(now, sysctl_normalize(change->to, c->arena)) == 0)
		change->verdict = VERDICT_APPLIED;
	else
		change_fail(change, c->arena, ERANGE,
			    "%s: the kernel made '%s' of '%s': write that in the manifest",
			    change->attribute, now, change->to);
}

static void apply(struct container *c, struct change **changes, size_t n)
{
	struct batch b;
	int error;

	batch_start(&b, n, c->arena);
	for (size_t i = 0; i < n; i++) {
		if (changes[i]->to)
			b.of[i] = batch_add(&b, changes[i]->attribute, c->arena);
		if (b.of[i])
			b.of[i]->write = changes[i]->to;
	}
	error = -inside_run(c, b.jobs, b.n, c->arena);
	for (size_t i = 0; i < n; i++)
		judge(c, changes[i], b.of[i], error);
}

/* A helper process does it, and many take the lock of all network changes of the host. */
static bool may_wait(struct container *c, const struct change *change)
{
	(void)c;
	(void)change;
	return true;
}

static const char *place(const struct host *host, const struct property *p, struct arena *a)
{
	const char *path = sysctl_path(p->attribute, a);

	(void)host;
	return path ? arena_printf(a, "/proc/sys/%s", path) : NULL;
}

const struct driver sysctl_driver = {
    .kind = "sysctl",
    .effect = EFFECT_LIVE,
    .desire = desire,
    .observe = observe,
    .base = base,
    .apply = apply,
    .may_wait = may_wait,
    .place = place,
};
