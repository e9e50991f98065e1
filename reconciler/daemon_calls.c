#include "reconciler/daemon_parts.h"
#include "reconciler/report.h"
#include "reconciler/session.h"
#include "schema/arena.h"

#include <stdlib.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)

static const char *print_findings(struct daemon *d, struct arena *a, bool *trouble)
{
	struct diagnostics all;
	char *text = NULL;
	const char *copy;
	size_t n;
	FILE *f;

	diagnostics_init(&all, a);
	reload_findings(d->keeper.reload, &all);
	*trouble = all.errors > 0 || d->files.trouble != LOAD_FINE;
	f = open_memstream(&text, &n);
	if (f) {
		struct options plain = *d->o;

		plain.color = false;
		report_diagnostics_to(f, &plain, &all);
		fclose(f);
	}
	copy = arena_strdup(a, text);
	free(text);
	return copy;
}

static void fill(const struct standing *standing, uint64_t retry, uint64_t now,
		 struct standing *out)
{
	*out = *standing;
	out->retry = retry > now ? (retry - now + SECOND - 1) / SECOND : 0;
}

static void fill_ward(const struct ward *w, struct standing *out)
{
	fill(&w->standing, w->retry, keeper_now(), out);
}

static void fill_network(const struct network_ward *w, struct standing *out)
{
	fill(&w->standing, w->retry, keeper_now(), out);
}

/* Instances and networks, in the order of their names. */
static size_t standings(void *context, const char *after, size_t most, struct arena *a,
			struct standing *out)
{
	struct daemon *d = context;
	const struct wards *wards = &d->keeper.wards;
	const struct network_wards *networks = &d->keeper.networks;
	size_t i = wards_behind(wards, after), k = network_wards_behind(networks, after), n = 0;

	(void)a;
	while (n < most && (i < wards->n || k < networks->n)) {
		bool ward =
		    k == networks->n ||
		    (i < wards->n && strcmp(wards->items[i]->name, networks->items[k]->owner) < 0);

		if (!ward)
			fill_network(networks->items[k++], &out[n++]);
		else if (!wards->items[i++]->gone)
			fill_ward(wards->items[i - 1], &out[n++]);
	}
	return n;
}

static bool standing(void *context, const char *name, struct arena *a, struct standing *out)
{
	struct daemon *d = context;
	const struct ward *w = ward_find(&d->keeper.wards, name);

	(void)a;
	if (!w || w->gone)
		return false;
	fill_ward(w, out);
	return true;
}

static void summary(void *context, bool digest, struct arena *a, struct control_summary *out)
{
	struct daemon *d = context;

	*out = (struct control_summary){0};
	if (digest)
		out->generation = generation_digest(reload_generation(d->keeper.reload));
	out->findings = print_findings(d, a, &out->trouble);
}

static bool settle(void *context, uint64_t client)
{
	struct daemon *d = context;
	uint64_t *larger;

	files_event(d);
	files_flush(d);
	if (keeper_idle(&d->keeper))
		return true;
	larger = reallocarray(d->settlers, d->n_settlers + 1, sizeof(*larger));
	if (!larger)
		return true;
	d->settlers = larger;
	d->settlers[d->n_settlers++] = client;
	return false;
}

void calls_idle(struct daemon *d)
{
	for (size_t i = 0; i < d->n_settlers; i++)
		control_settled(d->control, d->settlers[i]);
	d->n_settlers = 0;
}

static void ended(void *context, uint64_t client, const char *out, const char *err, int status)
{
	struct daemon *d = context;

	control_print(d->control, client, true, err, strlen(err));
	control_print(d->control, client, false, out, strlen(out));
	control_end(d->control, client, status);
}

static void apply(void *context, uint64_t client, const struct control_apply *request)
{
	struct daemon *d = context;
	struct options o = *d->o;

	o.names = (char **)request->names;
	o.n_names = request->n;
	o.verbosity = request->verbosity;
	o.output = request->json ? OUTPUT_JSON : OUTPUT_TEXT;
	o.color = request->color;
	o.all = request->all;
	o.show_secrets = request->show_secrets;
	files_event(d);
	daemon_pass(d, true);
	session_open(&d->keeper, &o, ended, d, client);
}

/* Those that were paused, and those that are now. */
static void hurry_paused(struct daemon *d)
{
	for (size_t i = 0; i < d->keeper.pauses.n; i++) {
		struct ward *w = ward_find(&d->keeper.wards, d->keeper.pauses.items[i].name);

		if (!w)
			continue;
		keeper_withdraw(&d->keeper, w);
		keeper_hurry(&d->keeper, w);
	}
}

static void poke(void *context)
{
	struct daemon *d = context;

	hurry_paused(d);
	keeper_read_pauses(&d->keeper);
	hurry_paused(d);
}

static bool managed(void *context, const char *name)
{
	struct daemon *d = context;

	return ward_find(&d->keeper.wards, name);
}

const struct control_calls daemon_calls = {
    .standings = standings,
    .standing = standing,
    .summary = summary,
    .settle = settle,
    .apply = apply,
    .poke = poke,
    .managed = managed,
};
