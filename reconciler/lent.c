#include "reconciler/lent.h"

#include "limits/procfile.h"
#include "net/netlink.h"
#include "net/physical.h"
#include "reconciler/fields.h"
#include "reconciler/runfolder.h"
#include "reconciler/writes.h"
#include "schema/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEADER "evenkeel 1 lent"
#define FIELDS_LEAST 7
#define FIELDS_MOST 64

static const char *boot_id(char buf[64])
{
	if (procfile_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", buf, 64) < 0)
		return "unknown";
	return buf;
}

/* ---- the file ---- */

static const char *file_name(const struct lent *l)
{
	char digest[RUNFOLDER_DIGEST + 1];

	if (runfolder_digest(l->lxcpath, digest) < 0)
		return NULL;
	return arena_printf(l->arena, "lent-%s", digest);
}

static const char *given(const char *field)
{
	return *field ? field : NULL;
}

/* "link NAME home|away MTU ADDRESS ALIAS MARK [FURTHER-NAME...]" */
static void parse_line(struct lent *l, char *line)
{
	char *fields[FIELDS_MOST];
	int n = fields_read(line, fields, FIELDS_MOST);
	struct home_link home;

	if (n < FIELDS_LEAST || strcmp(fields[0], "link") != 0)
		return;
	home = (struct home_link){.mtu = (uint32_t)strtoul(fields[3], NULL, 10),
				  .hwaddr = given(fields[4]),
				  .alias = given(fields[5]),
				  .mark = fields[6],
				  .altnames = (const char **)fields + FIELDS_LEAST,
				  .n_altnames = (size_t)n - FIELDS_LEAST};
	lent_put(l, fields[1], &home, strcmp(fields[2], "away") == 0);
}

static void parse(struct lent *l, char *text)
{
	char id[64], *line = strsep(&text, "\n"), *fields[4];

	if (!line || strncmp(line, HEADER " ", sizeof(HEADER)) != 0 ||
	    fields_read(line, fields, 4) != 4 || strcmp(fields[3], boot_id(id)) != 0)
		return;
	for (line = strsep(&text, "\n"); line; line = strsep(&text, "\n"))
		parse_line(l, line);
}

struct lent *lent_load(const char *lxcpath, struct arena *a)
{
	struct lent *l = arena_alloc(a, sizeof(*l));
	procfile_fd folder = -1;
	const char *file;
	char *text;

	*l = (struct lent){.arena = a, .lxcpath = lxcpath};
	if (!lxcpath || access(RUNFOLDER, F_OK) < 0)
		return l;
	folder = runfolder_open(RUNFOLDER);
	file = folder < 0 ? NULL : file_name(l);
	text = file ? procfile_read_all(folder, file, a, NULL) : NULL;
	if (text)
		parse(l, text);
	l->changed = false;
	return l;
}

static void render(const struct lent *l, struct writer *w)
{
	char id[64], mtu[16];

	writer_text(w, HEADER);
	writer_field(w, boot_id(id));
	for (size_t i = 0; i < l->n; i++) {
		const struct lent_link *e = &l->items[i];

		snprintf(mtu, sizeof(mtu), "%u", e->home.mtu);
		writer_text(w, "\nlink");
		writer_field(w, e->name);
		writer_field(w, e->away ? "away" : "home");
		writer_field(w, mtu);
		writer_field(w, e->home.hwaddr ? e->home.hwaddr : "");
		writer_field(w, e->home.alias ? e->home.alias : "");
		writer_field(w, e->home.mark);
		for (size_t k = 0; k < e->home.n_altnames && k < FIELDS_MOST - FIELDS_LEAST; k++)
			writer_field(w, e->home.altnames[k]);
	}
	writer_text(w, "\n");
}

static int write_whole(int folder, const char *file, const struct writer *w)
{
	procfile_fd fd =
	    openat(folder, file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	ssize_t put;

	if (fd < 0)
		return -errno;
	put = write(fd, w->text, w->n);
	if (put < 0)
		return -errno;
	return (size_t)put == w->n ? 0 : -ENOSPC;
}

int lent_save(struct lent *l)
{
	struct writer w = {.arena = l->arena};
	procfile_fd folder = -1;
	const char *file, *next;
	int error;

	if (!l->changed)
		return 0;
	folder = runfolder_open(RUNFOLDER);
	file = folder < 0 ? NULL : file_name(l);
	if (!file)
		return folder < 0 ? folder : -EINVAL;
	next = arena_join(l->arena, file, ".new", NULL);
	render(l, &w);
	unlinkat(folder, next, 0);
	error = write_whole(folder, next, &w);
	if (error == 0 && renameat(folder, next, folder, file) < 0)
		error = -errno;
	if (error < 0)
		unlinkat(folder, next, 0);
	l->changed = error < 0;
	return error;
}

/* ---- what is known ---- */

struct lent_link *lent_find(const struct lent *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->items[i].name, name) == 0)
			return &l->items[i];
	return NULL;
}

static bool same_text(const char *x, const char *y)
{
	return strcmp(x ? x : "", y ? y : "") == 0;
}

static bool same(const struct home_link *x, const struct home_link *y)
{
	if (x->mtu != y->mtu || !same_text(x->mark, y->mark) || !same_text(x->hwaddr, y->hwaddr) ||
	    !same_text(x->alias, y->alias) || x->n_altnames != y->n_altnames)
		return false;
	for (size_t i = 0; i < x->n_altnames; i++)
		if (strcmp(x->altnames[i], y->altnames[i]) != 0)
			return false;
	return true;
}

static struct home_link copy_of(const struct home_link *from, struct arena *a)
{
	struct home_link to = {.mark = arena_strdup(a, from->mark),
			       .mtu = from->mtu,
			       .hwaddr = arena_strdup(a, from->hwaddr),
			       .alias = arena_strdup(a, from->alias),
			       .n_altnames = from->n_altnames};

	to.altnames = arena_alloc(a, (to.n_altnames + 1) * sizeof(*to.altnames));
	for (size_t i = 0; i < to.n_altnames; i++)
		to.altnames[i] = arena_strdup(a, from->altnames[i]);
	return to;
}

void lent_put(struct lent *l, const char *name, const struct home_link *home, bool away)
{
	struct lent_link *e = lent_find(l, name);

	if (e && e->away == away && same(&e->home, home))
		return;
	if (!e) {
		l->items = arena_grow(l->arena, l->items, l->n, &l->capacity, sizeof(*l->items));
		e = &l->items[l->n++];
		e->name = arena_strdup(l->arena, name);
	}
	e->home = copy_of(home, l->arena);
	e->away = away;
	l->changed = true;
}

/* ---- home again ---- */

static void settle_one(struct netlink *nl, struct lent *l, struct lent_link *e)
{
	struct link found;
	int error;

	if (!e->away || physical_find(nl, LINK_HERE, e->home.mark, &found) < 0)
		return;
	error = physical_settle(nl, &found, e->name, &e->home);
	writes_note(arena_join(l->arena, found.name, " (home again)", NULL), e->name, -error);
	if (error == 0) {
		e->away = false;
		l->changed = true;
	}
}

static void drop_gone(struct netlink *nl, struct lent *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		if (!physical_is_gone(nl, l->items[i].home.mark))
			l->items[n++] = l->items[i];
	l->changed |= n < l->n;
	l->n = n;
}

void lent_settle(const char *lxcpath)
{
	struct arena *a = arena_new();
	struct lent *l = lent_load(lxcpath, a);
	struct netlink *nl = l->n ? netlink_here() : NULL;

	for (size_t i = 0; nl && i < l->n; i++)
		settle_one(nl, l, &l->items[i]);
	if (nl)
		drop_gone(nl, l);
	lent_save(l);
	arena_free(a);
}
