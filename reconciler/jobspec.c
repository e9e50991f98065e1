#include "reconciler/jobspec.h"

#include "limits/procfile.h"
#include "reconciler/fields.h"
#include "schema/arena.h"
#include "schema/idmap.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHUTDOWN_SECONDS 30

/* Seconds that a step may take. */
#define CREATE_SECONDS 1800 /* templates fetch */
#define START_SECONDS 60
#define FREEZE_SECONDS 30
#define DESTROY_SECONDS 300
#define FORCE_SECONDS 30 /* after a shutdown that was not clean */

#define MOST_SECONDS 86400

static int refuse(struct job *job, int error, const char *reason)
{
	job->error = error;
	job->reason = reason;
	return -error;
}

static uint32_t shutdown_timeout(const struct instance *i, struct arena *a)
{
	struct value v;

	if (!i || !instance_value(i, "boot.host_shutdown_timeout", a, &v))
		return SHUTDOWN_SECONDS;
	if (v.integer < 0)
		return 0;
	return v.integer > MOST_SECONDS ? MOST_SECONDS : (uint32_t)v.integer;
}

static uint32_t seconds_for(const struct jobspec *s)
{
	switch (s->step) {
	case STEP_CREATE:
		return CREATE_SECONDS;
	case STEP_START:
		return START_SECONDS;
	case STEP_STOP:
		return s->timeout + FORCE_SECONDS;
	case STEP_RESTART:
		return s->timeout + FORCE_SECONDS + START_SECONDS;
	case STEP_FREEZE:
	case STEP_THAW:
		return FREEZE_SECONDS;
	case STEP_DESTROY:
		break;
	}
	return DESTROY_SECONDS;
}

static struct idmap_half first_window(const struct idmap_half *half, struct arena *a)
{
	struct idmap_half out = {arena_alloc(a, sizeof(*out.items)), 1};

	out.items[0] = half->items[0];
	if (out.items[0].count > IDMAP_WINDOW)
		out.items[0].count = IDMAP_WINDOW;
	return out;
}

/* Everybody's map; what the manifest says of its own comes with the boot file. */
static int take_idmap(const struct host *host, struct job *job, struct arena *a,
		      struct jobspec *out)
{
	struct idmap map;

	if (instance_yes(job->instance, "security.privileged", false))
		return 0;
	if (host->idmap.uid.n == 0 || host->idmap.gid.n == 0)
		return refuse(job, ENOENT,
			      host->idmap_missing
				  ? host->idmap_missing
				  : "root has no range of ids in /etc/subuid and /etc/subgid");
	map.uid = first_window(&host->idmap.uid, a);
	map.gid = first_window(&host->idmap.gid, a);
	out->n_idmap = idmap_print(&map, a, &out->idmap);
	return 0;
}

static int make_creation(const struct host *host, struct job *job, struct arena *a,
			 struct jobspec *out)
{
	const struct creation *source;

	if (!job->instance || !job->instance->document->source.at.source)
		return refuse(job, EINVAL, "its manifest does not say how to make it (source:)");
	source = &job->instance->document->source;
	if (source->config && source->config[0] != '/')
		return refuse(job, EINVAL, "source: config: has to be an absolute path");
	out->template = source->template;
	out->config = source->config;
	out->n_options = source->options.n;
	out->options = arena_alloc(a, out->n_options * sizeof(*out->options));
	for (size_t i = 0; i < out->n_options; i++) {
		const struct setting *s = &source->options.items[i];

		out->options[i] = (struct jobspec_option){s->name, s->text};
	}
	return source->config ? 0 : take_idmap(host, job, a, out);
}

int jobspec_make(const char *lxcpath, const struct host *host, struct job *job, struct arena *a,
		 struct jobspec *out)
{
	*out = (struct jobspec){.step = job->step, .lxcpath = lxcpath, .name = job->name};
	memcpy(out->rlimits, host->rlimits, sizeof(out->rlimits));
	if (job->step == STEP_STOP || job->step == STEP_RESTART)
		out->timeout = shutdown_timeout(job->instance, a);
	out->seconds = seconds_for(out);
	switch (job->step) {
	case STEP_CREATE:
		return make_creation(host, job, a, out);
	case STEP_RESTART:
		out->init = job->init;
		out->started = job->init > 0 ? procfile_start_time(job->init) : 0;
		return 0;
	case STEP_DESTROY:
		if (job->instance &&
		    instance_yes(job->instance, "security.protection.delete", false))
			return refuse(job, EPERM, "security.protection.delete is set");
		return 0;
	case STEP_START:
	case STEP_STOP:
	case STEP_FREEZE:
	case STEP_THAW:
		break;
	}
	return 0;
}

/* ---- as text ---- */

static void put_line(struct writer *w, const char *word, const char *x, const char *y)
{
	writer_text(w, word);
	if (x)
		writer_field(w, x);
	if (y)
		writer_field(w, y);
	writer_text(w, "\n");
}

static void put_numbers(struct writer *w, const char *word, uint64_t x, uint64_t y)
{
	char first[32], second[32];

	snprintf(first, sizeof(first), "%" PRIu64, x);
	snprintf(second, sizeof(second), "%" PRIu64, y);
	put_line(w, word, first, second);
}

static void put_number(struct writer *w, const char *word, uint64_t number)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	put_line(w, word, text, NULL);
}

char *jobspec_print(const struct jobspec *s, struct arena *a, size_t *n)
{
	struct writer w = {.arena = a};

	put_number(&w, s->clear ? "clear" : "step", (uint64_t)s->step);
	put_line(&w, "container", s->lxcpath, s->name);
	put_number(&w, "seconds", s->seconds);
	put_number(&w, "timeout", s->timeout);
	put_numbers(&w, "init", (uint64_t)s->init, s->started);
	if (s->template)
		put_line(&w, "template", s->template, NULL);
	if (s->config)
		put_line(&w, "config", s->config, NULL);
	for (size_t i = 0; i < s->n_options; i++)
		put_line(&w, "option", s->options[i].key, s->options[i].value);
	for (size_t i = 0; i < s->n_idmap; i++)
		put_line(&w, "idmap", s->idmap[i], NULL);
	for (size_t i = 0; i < sizeof(s->rlimits) / sizeof(*s->rlimits); i++)
		put_numbers(&w, "rlimit", s->rlimits[i].soft, s->rlimits[i].hard);
	*n = w.n;
	writer_put(&w, "", 1);
	return w.text;
}

struct reader {
	struct arena *arena;
	struct jobspec *out;
	size_t rlimits, capacity_options, capacity_idmap;
};

static bool read_line(struct reader *r, char **f, int n)
{
	struct jobspec *out = r->out;
	const char *word = f[0];

	if (n == 2 && (strcmp(word, "step") == 0 || strcmp(word, "clear") == 0)) {
		unsigned long step = strtoul(f[1], NULL, 10);

		out->clear = *word == 'c';
		out->step = (enum step)step;
		return step <= STEP_DESTROY;
	}
	if (n == 3 && strcmp(word, "container") == 0) {
		out->lxcpath = f[1];
		out->name = f[2];
	} else if (n == 2 && strcmp(word, "seconds") == 0) {
		out->seconds = (uint32_t)strtoul(f[1], NULL, 10);
	} else if (n == 3 && strcmp(word, "init") == 0) {
		out->init = (pid_t)strtol(f[1], NULL, 10);
		out->started = strtoull(f[2], NULL, 10);
	} else if (n == 2 && strcmp(word, "timeout") == 0) {
		out->timeout = (uint32_t)strtoul(f[1], NULL, 10);
	} else if (n == 2 && strcmp(word, "template") == 0) {
		out->template = f[1];
	} else if (n == 2 && strcmp(word, "config") == 0) {
		out->config = f[1];
	} else if (n == 3 && strcmp(word, "option") == 0) {
		out->options = arena_grow(r->arena, out->options, out->n_options,
					  &r->capacity_options, sizeof(*out->options));
		out->options[out->n_options++] = (struct jobspec_option){f[1], f[2]};
	} else if (n == 2 && strcmp(word, "idmap") == 0) {
		out->idmap = arena_grow(r->arena, out->idmap, out->n_idmap, &r->capacity_idmap,
					sizeof(*out->idmap));
		out->idmap[out->n_idmap++] = f[1];
	} else if (n == 3 && strcmp(word, "rlimit") == 0 &&
		   r->rlimits < sizeof(out->rlimits) / sizeof(*out->rlimits)) {
		out->rlimits[r->rlimits++] =
		    (struct rlimit_pair){strtoull(f[1], NULL, 10), strtoull(f[2], NULL, 10)};
	} else {
		return false;
	}
	return true;
}

int jobspec_parse(char *text, struct arena *a, struct jobspec *out)
{
	struct reader r = {.arena = a, .out = out};

	*out = (struct jobspec){0};
	for (char *line = strsep(&text, "\n"); line; line = strsep(&text, "\n")) {
		char *fields[3];
		int n;

		if (!*line)
			continue;
		n = fields_read(line, fields, 3);
		if (n < 1 || !read_line(&r, fields, n))
			return -EINVAL;
	}
	if (!out->name || !*out->name || strchr(out->name, '/') || out->name[0] == '.' ||
	    !out->lxcpath || out->lxcpath[0] != '/' ||
	    r.rlimits != sizeof(out->rlimits) / sizeof(*out->rlimits))
		return -EINVAL;
	return 0;
}
