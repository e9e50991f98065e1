#include "schema/nic_names.h"

#include "schema/arena.h"

#include <stdio.h>
#include <string.h>

/* Names of one instance; there are few. */
struct taken {
	const char **items;
	size_t n;
};

static bool is_taken(const struct taken *t, const char *name)
{
	for (size_t k = 0; k < t->n; k++)
		if (strcmp(t->items[k], name) == 0)
			return true;
	return false;
}

/* NAME, which is free, becomes the nic's. */
static void give(struct taken *t, struct nic *nic, const char *name)
{
	nic->name = name;
	t->items[t->n++] = name;
}

static const char *read_name(const struct device *d, struct arena *a)
{
	const struct setting *s = device_get(d, "name");
	struct complaint why;
	struct value v;

	return s && value_parse(&grammar_interface, s->text, a, &v, &why) == 0 ? v.text : NULL;
}

/* Names of other kinds of interfaces are taken as well. */
static void take_others(struct taken *t, const struct instance *i, struct arena *a)
{
	for (size_t k = 0; k < i->n_devices; k++) {
		const struct device *d = i->devices[k].device;
		const char *name =
		    strcmp(d->type->name, "infiniband") == 0 ? read_name(d, a) : NULL;

		if (name)
			t->items[t->n++] = name;
	}
}

static const char *recorded_name(const struct nic *nic, const struct properties *owned,
				 struct arena *a)
{
	const struct property *p = owned ? properties_find(owned, nic->object, "name") : NULL;
	struct complaint why;
	struct value v;

	return p && p->value && value_parse(&grammar_interface, p->value, a, &v, &why) == 0 ? v.text
											    : NULL;
}

/* "eth0", and not "eth00" or "eth". */
static bool is_eth(const char *name)
{
	const char *number = name + strlen("eth");

	return strncmp(name, "eth", strlen("eth")) == 0 && *number &&
	       strspn(number, "0123456789") == strlen(number) && (*number != '0' || !number[1]) &&
	       strlen(number) <= 9;
}

static const char *first_free(const struct taken *t, struct arena *a)
{
	char name[16];

	for (unsigned k = 0;; k++) {
		snprintf(name, sizeof(name), "eth%u", k);
		if (!is_taken(t, name))
			return arena_strdup(a, name);
	}
}

void nic_names_give(const struct instance *i, struct nic *nics, size_t n,
		    const struct properties *owned, struct arena *a)
{
	struct taken t = {.items = arena_alloc(a, i->n_devices * sizeof(*t.items))};

	take_others(&t, i, a);
	for (size_t k = 0; k < n; k++) {
		const char *name = read_name(nics[k].device->device, a);

		nics[k].name_given = name != NULL;
		if (name)
			give(&t, &nics[k], name);
	}
	for (size_t k = 0; k < n; k++) {
		const char *name = nics[k].name ? NULL : recorded_name(&nics[k], owned, a);

		if (name && !is_taken(&t, name))
			give(&t, &nics[k], name);
	}
	for (size_t k = 0; k < n; k++) {
		const char *name = nics[k].device->device->name;

		if (!nics[k].name && is_eth(name) && !is_taken(&t, name))
			give(&t, &nics[k], name);
	}
	for (size_t k = 0; k < n; k++)
		if (!nics[k].name)
			give(&t, &nics[k], first_free(&t, a));
}
