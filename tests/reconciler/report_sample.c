#include "tests/reconciler/report_sample.h"

#include <string.h>

#define OUTCOMES_MOST 8

struct result *sample_new(void)
{
	struct arena *a = arena_new();
	struct result *r = arena_alloc(a, sizeof(*r));

	r->arena = a;
	r->generation = arena_alloc(a, sizeof(*r->generation));
	r->generation->arena = a;
	memset(r->generation->digest, 'd', 64);
	diagnostics_init(&r->generation->diagnostics, a);
	diagnostics_init(&r->diagnostics, a);
	r->outcomes = arena_alloc(a, OUTCOMES_MOST * sizeof(*r->outcomes));
	return r;
}

void sample_free(struct result *r)
{
	arena_free(r->arena);
}

static void give_profiles(struct arena *a, struct document *d, const char *profiles)
{
	char *rest = arena_strdup(a, profiles), *word;

	d->profiles_given = true;
	d->profiles.items = arena_alloc(a, 8 * sizeof(*d->profiles.items));
	while (*rest && (word = strsep(&rest, ","))) {
		d->profiles.items[d->profiles.n++].text = word + strspn(word, " ");
		if (!rest)
			break;
	}
}

struct outcome *sample_outcome(struct result *r, const char *name, enum status status,
			       const char *profiles)
{
	struct instance *instance = arena_alloc(r->arena, sizeof(*instance));
	struct document *document = arena_alloc(r->arena, sizeof(*document));
	struct outcome *o = &r->outcomes[r->n++];

	*document = (struct document){.kind = KIND_INSTANCE, .name = name};
	if (profiles)
		give_profiles(r->arena, document, profiles);
	instance->name = name;
	instance->document = document;
	*o = (struct outcome){.name = name, .instance = instance, .status = status};
	o->changes.arena = r->arena;
	diagnostics_init(&o->diagnostics, r->arena);
	return o;
}

struct change *sample_change(struct outcome *o, struct change change)
{
	return changes_add(&o->changes, change);
}

void sample_origin(struct result *r, struct change *c, const char *key, const char *file,
		   uint32_t line)
{
	struct source *source = arena_alloc(r->arena, sizeof(*source));
	struct setting *setting = arena_alloc(r->arena, sizeof(*setting));
	struct document *from = arena_alloc(r->arena, sizeof(*from));
	bool profile = strncmp(file, "profiles/", 9) == 0;

	source->name = file;
	setting->name = key;
	setting->at = (struct place){source, line, 3};
	from->kind = profile ? KIND_PROFILE : KIND_INSTANCE;
	from->name = profile ? "small" : "web1";
	c->key = key;
	c->setting = setting;
	c->origin = from;
}

static void plan_web1(struct result *r)
{
	struct outcome *web1 = sample_outcome(r, "web1", STATUS_RUNNING, "default, small");
	struct change *c;

	web1->whole = WHOLE_UPDATE;
	c = sample_change(web1, (struct change){.object = "cgroup",
						.attribute = "memory.max",
						.from = "268435456",
						.to = "536870912",
						.action = ACTION_CHANGE});
	sample_origin(r, c, "limits.memory", "profiles/small.yaml", 4);
	c = sample_change(web1, (struct change){.object = "nic/eth0",
						.attribute = "egress",
						.from = "50000000",
						.to = "100000000",
						.action = ACTION_CHANGE});
	sample_origin(r, c, "limits.egress", "instances/web1.yaml", 12);
	sample_change(web1, (struct change){.object = "disk/data",
					    .attribute = "device",
					    .to = "/srv/data on /mnt/data, idmapped",
					    .observed = CERTAIN_ABSENT,
					    .action = ACTION_ADD});
	c = sample_change(web1, (struct change){.object = "config",
						.attribute = "lxc.idmap",
						.from = "u 0 100000 65536",
						.to = "u 0 100000 1000",
						.effect = EFFECT_RESTART,
						.action = ACTION_WAIT});
	sample_origin(r, c, "raw.idmap", "instances/web1.yaml", 9);
}

struct result *sample_plan(void)
{
	struct result *r = sample_new();
	struct outcome *db1;

	plan_web1(r);
	db1 = sample_outcome(r, "db1", STATUS_MISSING, "");
	db1->whole = WHOLE_CREATE;
	sample_change(db1, (struct change){.object = "container",
					   .attribute = "existence",
					   .to = "template busybox",
					   .observed = CERTAIN_ABSENT,
					   .action = ACTION_ADD});
	sample_change(db1, (struct change){.object = "container",
					   .attribute = "state",
					   .to = "running",
					   .observed = CERTAIN_ABSENT,
					   .action = ACTION_ADD});
	r->summary = (struct summary){
	    .create = 1, .update = 1, .in_sync = 48, .live = 3, .pending_restart = 1};
	return r;
}
