/*
 * nic_fixture - the instance web1 with some devices, and what the nic driver desires of it.
 */
#pragma once

#include "net/nic.h"
#include "schema/arena.h"
#include "schema/nic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
	struct arena *arena;
	struct diagnostics ds;
	struct manifest *manifest;
	struct catalog catalog;
	struct host host;
	struct world world;
	struct world_instance instance;
	struct properties owned, desired;
};

/* DEVICES: the lines below devices:, which have to be right. HOST: as the driver shall find it. */
static inline void nic_fixture_load(struct fixture *f, const char *devices, struct host host)
{
	struct expand_options options = {.host = "host1"};
	char *text;

	*f = (struct fixture){.arena = arena_new(), .host = host};
	diagnostics_init(&f->ds, f->arena);
	properties_init(&f->owned, f->arena);
	text = arena_join(f->arena, "kind: instance\nname: web1\ndevices:\n", devices, NULL);
	f->manifest =
	    manifest_from_bytes("all.yaml", text, strlen(text), (struct manifest_hints){0}, &f->ds);
	catalog_build(&f->catalog, &f->manifest, 1, f->arena, &f->ds);
	f->instance.instance =
	    instance_expand(&f->catalog, catalog_find(&f->catalog, KIND_INSTANCE, "web1"), &options,
			    f->arena, &f->ds);
	assert_int_equal(f->ds.errors, 0);
	f->world = (struct world){.arena = f->arena,
				  .host = &f->host,
				  .lxcpath = "/var/lib/lxc",
				  .instances = &f->instance,
				  .n = 1};
	f->instance.owned = &f->owned;
}

static inline void nic_fixture_desire(struct fixture *f)
{
	properties_init(&f->desired, f->arena);
	nic_driver.desire(&f->world, &f->instance, &f->desired);
	properties_sort(&f->desired);
}

static inline void nic_fixture_free(struct fixture *f)
{
	manifest_free(f->manifest);
	arena_free(f->arena);
}
