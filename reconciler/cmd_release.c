#include "reconciler/asking.h"
#include "reconciler/bootfile.h"
#include "reconciler/commands.h"
#include "reconciler/lock.h"
#include "reconciler/question.h"
#include "reconciler/report.h"
#include "schema/arena.h"
#include "schema/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One release under way. */
struct release {
	struct arena *arena;
	const struct options *o;
	struct diagnostics *ds;
	int dir;
	const char **names;
	size_t n, capacity;
};

static const char *escaped(struct release *r, const char *text)
{
	return text_escape(r->arena, text, strlen(text), 0);
}

static bool is_ours(struct release *r, const char *name, struct record *out)
{
	bootfile_read(r->dir, r->o->lxcpath, name, r->arena, out);
	return out->state != RECORD_NONE || out->include != INCLUDE_NONE;
}

static void add_name(struct release *r, const char *name)
{
	r->names = arena_grow(r->arena, r->names, r->n, &r->capacity, sizeof(*r->names));
	r->names[r->n++] = arena_strdup(r->arena, name);
}

static int compare_names(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* Every container of the LXC path that has something of ours. */
static int find_all(struct release *r)
{
	int fd = openat(r->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	struct record record;

	if (!dir)
		return diagnostic_error(r->ds, NOWHERE, "%s: %s", r->o->lxcpath, strerror(errno));
	while ((entry = readdir(dir)))
		if (!name_check_instance(entry->d_name) && is_ours(r, entry->d_name, &record))
			add_name(r, entry->d_name);
	closedir(dir);
	if (r->n > 1)
		qsort(r->names, r->n, sizeof(*r->names), compare_names);
	return 0;
}

/* Names that were given must be containers: a slip is not "nothing to let go". */
static int take_names(struct release *r)
{
	int result = 0;

	for (size_t i = 0; i < r->o->n_names; i++) {
		const char *name = r->o->names[i], *wrong = name_check_instance(name);
		struct stat st;

		if (wrong)
			result =
			    diagnostic_error(r->ds, NOWHERE, "'%s': %s", escaped(r, name), wrong);
		else if (fstatat(r->dir, name, &st, 0) < 0)
			result = diagnostic_error(r->ds, NOWHERE, "there is no container %s in %s",
						  escaped(r, name), r->o->lxcpath);
		else
			add_name(r, name);
	}
	return result;
}

/* "cgroup memory.max, cgroup pids.max" */
static const char *owned(struct release *r, const struct record *record)
{
	const char *list = record->owned.n ? "" : "the boot file";

	for (size_t i = 0; i < record->owned.n; i++) {
		const struct property *p = &record->owned.items[i];

		list = arena_printf(r->arena, "%s%s%s %s", list, *list ? ", " : "",
				    escaped(r, p->object), escaped(r, p->attribute));
	}
	return list;
}

static int release_one(struct release *r, const char *name)
{
	struct record record;
	const char *why = NULL, *list;
	int error;

	if (!is_ours(r, name, &record)) {
		if (r->o->verbosity >= 0)
			printf("%s  nothing of it was ours\n", escaped(r, name));
		return 0;
	}
	list = owned(r, &record);
	error = bootfile_release(r->dir, r->o->lxcpath, name, r->arena, &why);
	if (error < 0)
		return diagnostic_error(r->ds, NOWHERE, "%s could not be let go: %s",
					escaped(r, name), why ? why : strerror(-error));
	if (r->o->verbosity >= 0)
		printf("%s  let go of %s\n", escaped(r, name), list);
	return 0;
}

static int lock(struct release *r)
{
	pid_t holder = 0;
	int fd = lock_take(r->o->lxcpath, &holder);

	if (fd == -EWOULDBLOCK && holder)
		diagnostic_error(r->ds, NOWHERE, "another evenkeel (pid %d) is at work on %s",
				 (int)holder, r->o->lxcpath);
	else if (fd < 0)
		diagnostic_error(r->ds, NOWHERE, "cannot lock %s: %s", r->o->lxcpath,
				 strerror(-fd));
	return fd;
}

static int choose(struct release *r)
{
	if (r->o->all && r->o->n_names)
		return diagnostic_error(r->ds, NOWHERE, "either names or --all, not both");
	if (!r->o->all && r->o->n_names == 0) {
		diagnostic_error(r->ds, NOWHERE, "which containers?");
		return diagnostic_hint(r->ds, "write their names, or --all");
	}
	r->dir = open(r->o->lxcpath, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r->dir < 0)
		return diagnostic_error(r->ds, NOWHERE, "%s: %s", r->o->lxcpath, strerror(errno));
	return r->o->all ? find_all(r) : take_names(r);
}

static bool agreed(struct release *r)
{
	if (!r->o->all || r->n == 0 || r->o->yes || !question_possible())
		return true;
	for (size_t i = 0; i < r->n; i++)
		fprintf(stderr, "  %s\n", escaped(r, r->names[i]));
	return question_ask(arena_printf(r->arena, "Let go of %s in %s?",
					 r->n == 1 ? "this container" : "these containers",
					 r->o->lxcpath));
}

/* What a daemon has a manifest for it would take back at once. */
static int refuse_managed(struct release *r, struct asking *k)
{
	struct answer answer;
	const char *why;
	int result = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct request request = {
		    .kind = REQUEST_MANAGED, .names = &r->names[i], .n = 1};

		if (asking_once(k, &request, ANSWER_MANAGED, &answer, &why) < 0)
			return diagnostic_error(r->ds, NOWHERE,
						"the daemon (pid %d) cannot be asked: %s",
						k->daemon.pid, escaped(r, why));
		if (answer.n > 0)
			result = diagnostic_error(
			    r->ds, NOWHERE, "%s would be taken back at once by the daemon (pid %d)",
			    escaped(r, r->names[i]), k->daemon.pid);
	}
	if (result < 0)
		diagnostic_hint(r->ds, "take its manifest away first, or stop the daemon");
	return result;
}

static int ask_daemon(struct release *r)
{
	const char *why = NULL;
	struct asking k;
	int result = 0;

	switch (asking_open(&k, r->o->lxcpath, r->arena, &why)) {
	case ASKED_NOBODY:
		break;
	case ASKED_IN_VAIN:
		result = diagnostic_error(
		    r->ds, NOWHERE, "the daemon, which might take it back, cannot be asked: %s",
		    escaped(r, why));
		break;
	case ASKED_FINE:
		if (!k.daemon.observe)
			result = refuse_managed(r, &k);
		asking_close(&k);
		break;
	}
	return result;
}

static int release(struct release *r)
{
	size_t failed = 0;
	int fd;

	if (choose(r) < 0 || ask_daemon(r) < 0)
		return 2;
	if (!agreed(r))
		return 1;
	if (r->n == 0) {
		if (r->o->verbosity >= 0)
			printf("Nothing in %s was ours.\n", r->o->lxcpath);
		return 0;
	}
	fd = lock(r);
	if (fd < 0)
		return 2;
	for (size_t i = 0; i < r->n; i++)
		failed += release_one(r, r->names[i]) < 0;
	close(fd);
	if (r->o->verbosity >= 0)
		puts("The containers are left as they are; what was let go holds until their next "
		     "start.");
	return failed ? 1 : 0;
}

int release_main(const struct options *o)
{
	struct arena *a = arena_new();
	struct diagnostics ds;
	struct release r = {.arena = a, .o = o, .ds = &ds, .dir = -1};
	int status;

	diagnostics_init(&ds, a);
	status = release(&r);
	report_diagnostics(o, &ds);
	if (r.dir >= 0)
		close(r.dir);
	arena_free(a);
	return status;
}
