#include "reconciler/compat.h"

#include "schema/arena.h"
#include "schema/nic.h"
#include "schema/text.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define SERVERS_MTU 16384 /* the largest that either takes */

static const struct server {
	const char *option; /* as --compat has it */
	const char *name;
	enum dialect dialect;
} servers[] = {
    {"lxd",   "LXD",   DIALECT_LXD  },
    {"incus", "Incus", DIALECT_INCUS},
};
#define N_SERVERS (sizeof(servers) / sizeof(*servers))

static const char *shown(struct diagnostics *ds, const char *text)
{
	return text_escape(ds->arena, text, strlen(text), 80);
}

static void check_key(const struct setting *s, const struct server *by, struct diagnostics *ds)
{
	if (!s->key || s->key->dialect & by->dialect)
		return;
	if (s->key->dialect & DIALECT_OURS)
		diagnostic_error(ds, s->at, "%s refuses %s, which is evenkeel's own", by->name,
				 shown(ds, s->name));
	else
		diagnostic_error(ds, s->at, "%s does not know %s", by->name, shown(ds, s->name));
}

/* As both of them see it. */
static const char *wrong_interface_name(const char *name)
{
	if (strlen(name) < 2)
		return "it has less than 2 characters";
	return strchr(name, '+') ? "\"+\" is not allowed" : NULL;
}

static void check_mtu(const struct setting *s, const struct server *by, struct diagnostics *ds)
{
	uint64_t least = by->dialect == DIALECT_INCUS ? 1280 : 68, mtu;

	if (value_digits(s->text, strlen(s->text), UINT32_MAX, &mtu) &&
	    (mtu < least || mtu > SERVERS_MTU))
		diagnostic_error(ds, s->value_at, "%s takes only %u to %u for mtu", by->name,
				 (unsigned)least, SERVERS_MTU);
}

static void check_routes(const struct setting *s, const struct server *by, struct diagnostics *ds)
{
	struct complaint why;
	struct value v;

	if (!s || value_parse(s->key->grammar, s->text, ds->arena, &v, &why) < 0)
		return;
	for (size_t i = 0; i < v.list.n; i++) {
		const char *prefix = nic_route_prefix(v.list.items[i], ds->arena);

		if (!prefix || strcmp(prefix, v.list.items[i]) == 0)
			continue;
		diagnostic_error(ds, s->value_at,
				 "%s refuses %s in %s: it has bits behind the prefix", by->name,
				 v.list.items[i], s->name);
		diagnostic_hint(ds, "write %s", prefix);
	}
}

/* Values of nics that evenkeel takes and they do not. */
static void check_nic(const struct device *d, const struct server *by, struct diagnostics *ds)
{
	const struct setting *name = device_get(d, "name"), *mtu = device_get(d, "mtu");
	const char *wrong = name ? wrong_interface_name(name->text) : NULL;

	if (wrong)
		diagnostic_error(ds, name->value_at, "%s refuses the name '%s': %s", by->name,
				 shown(ds, name->text), wrong);
	if (mtu)
		check_mtu(mtu, by, ds);
	check_routes(device_get(d, "ipv4.routes"), by, ds);
	check_routes(device_get(d, "ipv6.routes"), by, ds);
}

/* Values that only one of them takes. */
static void check_value(const struct setting *s, const struct server *by, struct diagnostics *ds)
{
	struct complaint why;
	struct value v;

	if (by->dialect != DIALECT_LXD || strcmp(s->name, "limits.memory.swap") != 0 ||
	    value_parse(&grammar_bool, s->text, ds->arena, &v, &why) == 0)
		return;
	diagnostic_error(ds, s->value_at, "LXD takes only true or false for limits.memory.swap");
}

static void check_settings(const struct settings *s, const struct server *by,
			   struct diagnostics *ds)
{
	for (size_t i = 0; i < s->n; i++) {
		check_key(&s->items[i], by, ds);
		check_value(&s->items[i], by, ds);
	}
}

/* What both of them demand of an instance's name: that of a host. */
static const char *wrong_instance_name(const char *name)
{
	size_t n = strlen(name);
	bool digits = true;

	if (n > 63)
		return "it is longer than 63 characters";
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c != '-' && !(c < 128 && isalnum(c)))
			return "only letters, digits and \"-\" are allowed";
		digits &= isdigit(c) != 0;
	}
	if (name[0] == '-' || name[n - 1] == '-')
		return "it must not begin or end with \"-\"";
	return digits ? "it has nothing but digits" : NULL;
}

static const char *wrong_profile_name(const char *name, const struct server *by)
{
	size_t n = strlen(name);

	if (by->dialect != DIALECT_INCUS)
		return NULL;
	if (strpbrk(name, " \t$?&+\"'`*/"))
		return "white space and $ ? & + \" ' ` * / are not allowed";
	if (!isalnum((unsigned char)name[0]) || !isalnum((unsigned char)name[n - 1]))
		return "it must begin and end with a letter or digit";
	return NULL;
}

static void check_name(const struct document *d, const struct server *by, struct diagnostics *ds)
{
	const char *wrong = NULL;

	switch (d->kind) {
	case KIND_INSTANCE:
		wrong = wrong_instance_name(d->name);
		break;
	case KIND_PROFILE:
		wrong = wrong_profile_name(d->name, by);
		break;
	case KIND_NETWORK:
	case KIND_POOL:
	case KIND_PRESEED:
		break;
	}
	if (wrong)
		diagnostic_error(ds, d->name_at.source ? d->name_at : d->at,
				 "%s refuses the name '%s': %s", by->name, shown(ds, d->name),
				 wrong);
}

static void ignores(struct place at, const char *field, const struct server *by,
		    struct diagnostics *ds)
{
	diagnostic_notice(ds, at, "%s ignores %s", by->name, field);
}

static void check_document(const struct document *d, const struct server *by,
			   struct diagnostics *ds)
{
	if (d->kind == KIND_PRESEED)
		return;
	check_name(d, by, ds);
	check_settings(&d->config, by, ds);
	for (size_t i = 0; i < d->devices.n; i++) {
		check_settings(&d->devices.items[i].options, by, ds);
		if (strcmp(d->devices.items[i].type->name, "nic") == 0)
			check_nic(&d->devices.items[i], by, ds);
	}
	if (d->state != STATE_AS_IT_IS)
		ignores(d->state_at, "state", by, ds);
	if (d->restart_allowed)
		ignores(d->at, "restart", by, ds);
	if (d->paused.given)
		ignores(d->paused.at, "paused", by, ds);
	if (d->hosts.n > 0)
		ignores(d->hosts.items[0].at, "hosts", by, ds);
	if (d->source.template || d->source.config)
		ignores(d->source.at, "evenkeel's source", by, ds);
}

int compat_check(struct generation *g, const char *dialect)
{
	const struct server *by = NULL;

	for (size_t i = 0; i < N_SERVERS; i++) {
		if (strcmp(servers[i].option, dialect) == 0)
			by = &servers[i];
	}
	if (!by) {
		diagnostic_error(&g->diagnostics, NOWHERE, "--compat: '%s' is not known",
				 shown(&g->diagnostics, dialect));
		return diagnostic_hint(&g->diagnostics, "write lxd or incus");
	}
	for (size_t i = 0; i < g->n_manifests; i++) {
		for (size_t k = 0; k < g->manifests[i]->n; k++)
			check_document(&g->manifests[i]->documents[k], by, &g->diagnostics);
	}
	diagnostics_sort(&g->diagnostics);
	return 0;
}
