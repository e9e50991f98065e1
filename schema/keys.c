#include "schema/keys.h"

#include "schema/arena.h"
#include "schema/keys_rows.h"
#include "schema/text.h"

#include <string.h>

static const struct key_table *const tables[] = {
    &keys_boot, &keys_image,    &keys_limits,  &keys_rest, &keys_security,
    &keys_vm,   &keys_volatile, &keys_network, &keys_pool,
};

static const struct device_type *const device_types[] = {
    &device_disk,       &device_gpu,       &device_infiniband,   &device_nic,
    &device_none,       &device_pci,       &device_proxy,        &device_tpm,
    &device_unix_block, &device_unix_char, &device_unix_hotplug, &device_usb,
};

static const struct key device_user = OPTION("user.*", grammar_text, BOTH, POLICY, NONE, "not set",
					     "yours: any text under any name", NULL);

const struct key_table *const *key_tables_all(size_t *n)
{
	*n = COUNT(tables);
	return tables;
}

const struct device_type *const *device_types_all(size_t *n)
{
	*n = COUNT(device_types);
	return device_types;
}

bool key_is_vm_only(const struct key *k)
{
	return k >= keys_vm.rows && k < keys_vm.rows + keys_vm.n;
}

/* How many characters of the row's name are fixed at its start; all of them: it is no pattern. */
static size_t fixed(const struct key *k)
{
	size_t n = 0;

	while (k->name[n] && k->name[n] != '*' && k->name[n] != '<')
		n++;
	return n;
}

bool key_fits(const struct key *k, const char *name)
{
	size_t start = fixed(k), n;
	const char *end;

	if (strncmp(k->name, name, start) != 0)
		return false;
	name += start;
	if (!k->name[start])
		return !*name;
	n = strlen(name);
	if (k->name[start] == '*')
		return n > 0 && (!k->rest || strspn(name, k->rest) == n);
	end = strchr(k->name + start, '>') + 1;
	return n > strlen(end) && !strcmp(name + n - strlen(end), end);
}

/* The row named by the first N characters of NAME, then MIDDLE, then TAIL. */
static const struct key *find_row(const struct key *rows, size_t n_rows, const char *name, size_t n,
				  const char *middle, const char *tail)
{
	size_t low = 0, high = n_rows, m = strlen(middle);

	while (low < high) {
		const struct key *k = &rows[(low + high) / 2];
		int order = strncmp(name, k->name, n);

		if (order == 0)
			order = strncmp(middle, k->name + n, m);
		if (order == 0)
			order = strcmp(tail, k->name + n + m);
		if (order == 0)
			return k;
		if (order < 0)
			high = (size_t)(k - rows);
		else
			low = (size_t)(k - rows) + 1;
	}
	return NULL;
}

/* "HEAD.<name>.TAIL": the shortest name first, so that the longest tail wins. */
static const struct key *find_between(const struct key *rows, size_t n, const char *name,
				      size_t head)
{
	for (const char *dot = strchr(name + head, '.'); dot; dot = strchr(dot + 1, '.')) {
		const struct key *k = find_row(rows, n, name, head, "<name>", dot);

		if (k && dot > name + head)
			return k;
	}
	return NULL;
}

/* The most telling row that NAME fits. A pattern's open part begins behind a dot; "<name>" behind
 * the first or the second one, so that a name full of dots costs no more than its length. */
static const struct key *find(const struct key *rows, size_t n, const char *name)
{
	const struct key *k = find_row(rows, n, name, 0, "", name);
	const char *dot = strchr(name, '.');

	for (int i = 0; !k && dot && i < 2; i++, dot = strchr(dot + 1, '.'))
		k = find_between(rows, n, name, (size_t)(dot - name) + 1);
	for (const char *p = name + strlen(name); !k && p > name; p--)
		if (p[-1] == '.')
			k = find_row(rows, n, name, (size_t)(p - name), "*", "");
	return k && key_fits(k, name) ? k : NULL;
}

static bool may_hold(const struct key_table *t, const char *name, unsigned scope)
{
	return (t->scope & scope) && (!t->prefix || !strncmp(name, t->prefix, strlen(t->prefix)));
}

const struct key *keys_find(const char *name, unsigned scope)
{
	for (size_t i = 0; i < COUNT(tables); i++) {
		const struct key *k;

		if (!may_hold(tables[i], name, scope))
			continue;
		k = find(tables[i]->rows, tables[i]->n, name);
		if (k && (k->scope & scope))
			return k;
	}
	return NULL;
}

/* The name that a slip in a row's fixed part would have come from: for "environment.*" and
 * "enviroment.FOO" it is "environment.FOO". NULL: NAME has too few parts for that, or a rest that
 * the row does not allow. */
static const char *meant(const struct key *k, const char *name, struct arena *a)
{
	size_t n = fixed(k);
	const char *rest = name;

	if (!k->name[n])
		return k->name;
	if (k->name[n] != '*')
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (k->name[i] != '.')
			continue;
		rest = strchr(rest, '.');
		if (!rest)
			return NULL;
		rest++;
	}
	if (!*rest || (k->rest && rest[strspn(rest, k->rest)]))
		return NULL;
	return arena_printf(a, "%.*s%s", (int)n, k->name, rest);
}

struct candidates {
	const char **names;
	size_t n, capacity;
};

static void gather(struct candidates *c, const struct key *rows, size_t n, unsigned scope,
		   const char *name, struct arena *a)
{
	for (size_t i = 0; i < n; i++) {
		const char *candidate = (rows[i].scope & scope) ? meant(&rows[i], name, a) : NULL;

		if (!candidate)
			continue;
		c->names = arena_grow(a, c->names, c->n, &c->capacity, sizeof(*c->names));
		c->names[c->n++] = candidate;
	}
}

const char *keys_near_miss(const char *name, unsigned scope, struct arena *a)
{
	struct candidates c = {0};

	for (size_t i = 0; i < COUNT(tables); i++)
		gather(&c, tables[i]->rows, tables[i]->n, scope, name, a);
	return text_near_miss(name, c.names, c.n);
}

const struct device_type *device_type_find(const char *name)
{
	for (size_t i = 0; i < COUNT(device_types); i++)
		if (!strcmp(device_types[i]->name, name))
			return device_types[i];
	return NULL;
}

const struct key *device_option_find(const struct device_type *t, const char *name)
{
	const struct key *k = find(t->options, t->n_options, name);

	return k ? k : find(&device_user, 1, name);
}

const char *device_option_near_miss(const struct device_type *t, const char *name, struct arena *a)
{
	struct candidates c = {0};

	gather(&c, t->options, t->n_options, SCOPE_DEVICE, name, a);
	gather(&c, &device_user, 1, SCOPE_DEVICE, name, a);
	return text_near_miss(name, c.names, c.n);
}

const char *effect_name(enum effect e)
{
	switch (e) {
	case EFFECT_LIVE:
		return "live";
	case EFFECT_START:
		return "start";
	case EFFECT_RESTART:
		return "restart";
	case EFFECT_RECREATE:
		return "recreate";
	case EFFECT_POLICY:
		return "policy";
	case EFFECT_UNSUPPORTED:
		return "unsupported";
	case EFFECT_IGNORED:
		return "ignored";
	}
	return "?";
}

const char *boot_name(enum boot b)
{
	switch (b) {
	case BOOT_NONE:
		return "none";
	case BOOT_FILE:
		return "file";
	case BOOT_AFTER_START:
		return "after-start";
	}
	return "?";
}
