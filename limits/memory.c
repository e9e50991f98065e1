#include "limits/memory.h"

#include "limits/cgroup.h"
#include "limits/memory_order.h"
#include "limits/memory_reclaim.h"
#include "limits/refusal.h"
#include "schema/arena.h"

#include <errno.h>
#include <string.h>

/* What the manifest says, read once for the four attributes. */
struct wish {
	bool limited; /* limits.memory is set */
	bool soft;
	bool unknown; /* a part of a memory whose size could not be read */
	uint64_t limit;
	bool swap_named; /* limits.memory.swap is set */
	struct swap swap;
};

static struct wish wish_read(const struct desire *d)
{
	const struct instance *i = d->instance->instance;
	const struct host *host = d->world->host;
	struct wish w = {.swap.allowed = true};
	const char *enforce = instance_text(i, "limits.memory.enforce");
	struct value v;

	w.soft = enforce && strcmp(enforce, "soft") == 0;
	w.limited = instance_value(i, "limits.memory", d->out->arena, &v);
	if (w.limited)
		w.limit = v.amount.number;
	w.unknown = w.limited && v.amount.percent && host->memory == 0;
	if (w.limited && v.amount.percent &&
	    __builtin_mul_overflow(host->memory / 100, v.amount.number, &w.limit))
		w.limit = NUMBER_MAX;
	w.swap_named = instance_value(i, "limits.memory.swap", d->out->arena, &v);
	if (w.swap_named)
		w.swap = v.swap;
	return w;
}

static const char *bytes(const struct desire *d, uint64_t n)
{
	return number_print(number_round(n, d->world->host->page_size), d->out->arena);
}

static void desire_soft(const struct desire *d, const struct wish *w)
{
	const struct host *host = d->world->host;
	struct property *p =
	    desire_cgroup(d, "limits.memory", CONTROLLER_MEMORY, "memory.high", bytes(d, w->limit));

	if (host->lacks_soft_limit)
		desire_unsupported(p, "this real-time kernel has no soft limits on cgroup v1",
				   "leave limits.memory.enforce at hard");
}

/* Nothing but memory.max where it is hard: a soft limit on top, as LXD sets it on v1, promises
 * nothing, and has no twin on v2, where memory.high would throttle at once. */
static void desire_limit(const struct desire *d, const struct wish *w)
{
	struct property *p;

	if (!w->limited)
		return;
	if (w->soft) {
		desire_soft(d, w);
		return;
	}
	p = desire_cgroup(d, "limits.memory", CONTROLLER_MEMORY, "memory.max", bytes(d, w->limit));
	p->force = instance_yes(d->instance->instance, "limits.memory.force", false);
}

static const char *swap_amount(const struct desire *d, const struct wish *w)
{
	uint64_t page = d->world->host->page_size, swap = 0;

	if (w->swap.sized)
		swap = w->swap.bytes;
	else if (w->swap.allowed)
		swap = w->limit;
	swap = number_round(swap, page);
	/* What v1 would read as unlimited is that on every layout. */
	if (w->limited && !w->soft && number_add(number_round(w->limit, page), swap) == NUMBER_MAX)
		swap = NUMBER_MAX;
	return number_print(swap, d->out->arena);
}

static void desire_swap(const struct desire *d, const struct wish *w)
{
	const struct host *host = d->world->host;
	bool hard = w->limited && !w->soft;
	bool alone = !hard && (w->swap.sized || !w->swap.allowed);
	const char *key = w->swap_named ? "limits.memory.swap" : "limits.memory";
	struct property *p;

	if (!hard && !alone)
		return;
	/* Nobody spoke of swap, and nothing here could limit it. */
	if (!w->swap_named && !host->swap_accounting)
		return;
	p = desire_cgroup(d, key, CONTROLLER_MEMORY, "memory.swap.max", swap_amount(d, w));
	if (!host->swap_accounting)
		desire_unsupported(p, "this kernel does not account swap",
				   "boot with swapaccount=1 on the kernel's command line");
	else if (alone && host->cgroups[CONTROLLER_MEMORY] == CGROUP_V1)
		desire_unsupported(p, "cgroup v1 limits swap only together with memory",
				   "set limits.memory, and leave limits.memory.enforce at hard");
}

static void desire_swappiness(const struct desire *d, const struct wish *w)
{
	const struct instance *i = d->instance->instance;
	const struct host *host = d->world->host;
	bool none = !w->swap.sized && !w->swap.allowed;
	struct property *p;
	struct value v;

	if (none && host->cgroups[CONTROLLER_MEMORY] == CGROUP_V1 && host->swappiness) {
		desire_cgroup(d, "limits.memory.swap", CONTROLLER_MEMORY, "memory.swappiness", "0");
		return;
	}
	if (none || !instance_value(i, "limits.memory.swap.priority", d->out->arena, &v))
		return;
	p = desire_cgroup(d, "limits.memory.swap.priority", CONTROLLER_MEMORY, "memory.swappiness",
			  number_print((uint64_t)(70 - v.integer), d->out->arena));
	if (host->cgroups[CONTROLLER_MEMORY] == CGROUP_V2)
		desire_unsupported(p, "cgroup v2 has no swappiness of a group's own",
				   "set limits.memory.swap to a size instead");
	else if (!host->swappiness)
		desire_unsupported(p, "this kernel has no memory.swappiness", NULL);
}

/* A part of nothing would be a limit of nothing. */
static void refuse_unknown(const struct desire *d, size_t start)
{
	for (size_t i = start; i < d->out->n; i++)
		desire_unsupported(&d->out->items[i],
				   "how much memory this host has could not be read",
				   "give limits.memory in bytes, or mend /proc/meminfo");
}

void memory_desire(const struct desire *d)
{
	struct wish w = wish_read(d);
	size_t start = d->out->n;

	desire_limit(d, &w);
	desire_swap(d, &w);
	desire_swappiness(d, &w);
	if (w.unknown)
		refuse_unknown(d, start);
}

/* The writing. */

static const char *const attributes[N_MEMORY_FILES] = {
    [MEMORY_MAX] = "memory.max",
    [MEMORY_SWAP] = "memory.swap.max",
    [MEMORY_HIGH] = "memory.high",
    [MEMORY_SWAPPINESS] = "memory.swappiness",
};

struct write {
	struct container *c;
	enum cgroup_version version;
	struct change *changes[N_MEMORY_FILES]; /* NULL: stays as it is */
	const struct knob *knobs[N_MEMORY_FILES];
	struct cgroup_file files[N_MEMORY_FILES]; /* fd -1: not needed */
	struct memory now;
};

static const char *file_name(const struct write *w, enum memory_file f)
{
	return knob_files(w->knobs[f], w->version)[0];
}

static uint64_t *field(struct memory *m, enum memory_file f)
{
	switch (f) {
	case MEMORY_MAX:
		return &m->max;
	case MEMORY_SWAP:
		return &m->swap;
	case MEMORY_HIGH:
		return &m->high;
	case MEMORY_SWAPPINESS:
	case N_MEMORY_FILES:
		break;
	}
	return &m->swappiness;
}

/* The change that answers for a file: on v1 a raised limit takes the swap file along, which nobody
 * may have asked to change. */
static struct change *answerable(const struct write *w, enum memory_file f)
{
	if (!w->changes[f] && f == MEMORY_SWAP)
		f = MEMORY_MAX;
	return w->changes[f];
}

/* v1's two files depend on each other; else only what changes matters. */
static bool is_needed(const struct write *w, enum memory_file f)
{
	if (w->changes[f])
		return true;
	return w->version == CGROUP_V1 && (f == MEMORY_MAX || f == MEMORY_SWAP) &&
	       (w->changes[MEMORY_MAX] || w->changes[MEMORY_SWAP]);
}

static struct filetext text_of(const struct write *w)
{
	return (struct filetext){.version = w->version,
				 .container = w->c,
				 .arena = w->c->arena,
				 .open = w->files,
				 .n_open = N_MEMORY_FILES};
}

/* The files are read, written and read back. */
static void open_files(struct write *w)
{
	for (enum memory_file f = 0; f < N_MEMORY_FILES; f++) {
		const char *name = file_name(w, f);

		w->files[f] = (struct cgroup_file){.group = w->c->cgroup,
						   .controller = CONTROLLER_MEMORY,
						   .name = name ? name : "",
						   .fd = -1};
		if (name && is_needed(w, f))
			w->files[f] = cgroup_file_open(w->c->cgroup, CONTROLLER_MEMORY, name);
	}
}

static void close_files(struct write *w)
{
	for (enum memory_file f = 0; f < N_MEMORY_FILES; f++)
		cgroup_file_close(&w->files[f]);
}

/* Reads what the order depends on. A file that is not there is its own change's trouble alone.
 * Returns 0 or -errno. */
static int read_now(struct write *w)
{
	struct filetext t = text_of(w);

	for (enum memory_file f = 0; f < N_MEMORY_FILES; f++) {
		const char *value = NULL;
		int error;

		if (!is_needed(w, f))
			continue;
		error = knob_read(w->knobs[f], &t, &value);
		if (error < 0 && error != -ENOENT)
			return error;
		if (!value || !number_read(value, field(&w->now, f)))
			*field(&w->now, f) = NUMBER_MAX;
		if (f == MEMORY_SWAP)
			w->now.has_swap = error == 0;
		if (error == -ENOENT && w->changes[f]) {
			refusal_set(w->changes[f], w->c, w->knobs[f], file_name(w, f),
				    w->changes[f]->to ? w->changes[f]->to : "", ENOENT, NULL);
			w->changes[f] = NULL;
		}
	}
	return 0;
}

static struct memory wanted_of(const struct write *w)
{
	struct memory wanted = w->now;

	for (enum memory_file f = 0; f < N_MEMORY_FILES; f++) {
		const struct change *change = w->changes[f];

		if (change && !(change->to && number_read(change->to, field(&wanted, f))))
			*field(&wanted, f) = NUMBER_MAX;
	}
	return wanted;
}

/* Would v1 still have memory beneath memory + swap after this step? */
static bool step_fits(const struct write *w, const struct memory_step *s, uint64_t max,
		      uint64_t swap)
{
	if (w->version != CGROUP_V1 || !w->now.has_swap)
		return true;
	if (s->file == MEMORY_MAX)
		return s->to <= swap;
	return s->file != MEMORY_SWAP || s->to >= max;
}

static void step_skip(const struct write *w, const struct memory_step *s)
{
	struct change *change = answerable(w, s->file);

	if (!change || change->verdict == VERDICT_FAILED)
		return;
	change->verdict = VERDICT_SKIPPED;
	change->reason = s->file == MEMORY_MAX ? "memory.swap.max has to be raised first"
					       : "memory.max has to be lowered first";
}

static bool step_write(const struct write *w, const struct memory_step *s)
{
	struct change *change = answerable(w, s->file);
	const char *file = file_name(w, s->file), *advice = NULL, *text;
	int error = 0;

	text = w->version == CGROUP_V1 ? number_print_v1(s->to, w->c->arena)
				       : number_print(s->to, w->c->arena);
	if (s->to < s->from && (s->file == MEMORY_MAX || s->file == MEMORY_SWAP))
		error = memory_reclaim_write(w->c, s->file, &w->files[s->file], s->to, text,
					     change && change->force, &advice);
	else
		error = cgroup_file_write(&w->files[s->file], text);
	if (error < 0 && change)
		refusal_set(change, w->c, w->knobs[s->file], file, text, -error, advice);
	return error == 0;
}

/* Each step only where the ones before it left room: a limit that could not be lowered keeps the
 * swap above it, and everything else goes on. */
static void write_steps(struct write *w)
{
	struct memory_step steps[N_MEMORY_FILES];
	struct memory wanted = wanted_of(w);
	uint64_t max = w->now.max, swap = memory_swap_file(w->version, &w->now);
	size_t n = memory_order(w->version, &w->now, &wanted, steps);

	for (size_t i = 0; i < n; i++) {
		const struct memory_step *s = &steps[i];

		if (!step_fits(w, s, max, swap)) {
			step_skip(w, s);
			continue;
		}
		if (!step_write(w, s))
			continue;
		if (s->file == MEMORY_MAX)
			max = s->to;
		if (s->file == MEMORY_SWAP)
			swap = s->to;
	}
}

/* What was refused has its verdict; the rest is read back, each file once. */
static void judge(const struct write *w, struct change **changes, size_t n, int error)
{
	struct filetext t = text_of(w);

	for (size_t i = 0; i < n; i++) {
		const struct knob *k = knobs_find(changes[i]->attribute);

		if (changes[i]->verdict == VERDICT_NONE && error < 0)
			refusal_set(changes[i], w->c, k, knob_files(k, w->version)[0],
				    changes[i]->to ? changes[i]->to : "", -error, NULL);
		else if (changes[i]->verdict == VERDICT_NONE)
			refusal_verify_from(changes[i], k, &t);
	}
}

void memory_write(struct container *c, struct change **changes, size_t n)
{
	struct write w = {.c = c, .version = cgroup_version(c->cgroup, CONTROLLER_MEMORY)};
	int error;

	for (enum memory_file f = 0; f < N_MEMORY_FILES; f++) {
		w.knobs[f] = knobs_find(attributes[f]);
		for (size_t i = 0; i < n; i++) {
			if (strcmp(changes[i]->attribute, attributes[f]) == 0)
				w.changes[f] = changes[i];
		}
	}
	open_files(&w);
	error = read_now(&w);
	if (error == 0)
		write_steps(&w);
	judge(&w, changes, n, error);
	close_files(&w);
}
