#include "tests/integration/driving.h"

#include "reconciler/host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static size_t writes;

static void count_write(const char *what, const char *value, int error)
{
	(void)what;
	(void)value;
	(void)error;
	writes++;
}

size_t driving_writes(void)
{
	size_t n = writes;

	writes = 0;
	return n;
}

struct driving *driving_open(struct harness *h, const char *name, const struct driver *driver,
			     const char *object)
{
	struct driving *d = calloc(1, sizeof(*d));
	struct options o = {.host = "test", .etc = h->etc, .lxcpath = h->lxcpath};
	struct diagnostics ds;

	*d = (struct driving){.h = h, .arena = arena_new(), .driver = driver, .object = object};
	diagnostics_init(&ds, d->arena);
	assert_int_equal(cgroup_layout_open(&d->layout, &ds), 0);
	d->host = host_read(&o, d->layout, d->arena, &ds);
	d->containers = containers_open(h->lxcpath, d->host, d->layout, d->arena);
	d->c = container_open(d->containers, name);
	assert_int_equal(d->c->status, STATUS_RUNNING);
	d->c->wrote = count_write;
	return d;
}

void driving_close(struct driving *d)
{
	container_close(d->c);
	containers_close(d->containers);
	cgroup_layout_close(d->layout);
	arena_free(d->arena);
	free(d);
}

struct property driving_observe(struct driving *d, const char *attribute, const char *value)
{
	struct property item = {.object = d->object,
				.attribute = attribute,
				.value = value,
				.key = value ? "a key" : NULL};
	struct properties asked = {.arena = d->arena, .items = &item, .n = 1}, out;

	properties_init(&out, d->arena);
	d->driver->observe(d->c, &asked, &out);
	assert_int_equal(out.n, 1);
	return out.items[0];
}

const char *driving_value(struct driving *d, const char *attribute)
{
	return driving_observe(d, attribute, NULL).value;
}

struct change driving_apply(struct driving *d, const char *attribute, const char *to)
{
	struct change change = {.object = d->object, .attribute = attribute, .to = to};
	struct change *one = &change;

	d->driver->apply(d->c, &one, 1);
	return change;
}

const char *driving_base(struct driving *d, const char *attribute)
{
	struct property owned = {.object = d->object, .attribute = attribute};

	return d->driver->base(d->c, &owned, d->arena);
}
