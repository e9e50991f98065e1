#include "reconciler/hints.h"

#include "limits/procfile.h"
#include "reconciler/bootfile.h"
#include "reconciler/fields.h"
#include "schema/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "/run/evenkeel"
#define HEADER "evenkeel 1 hints"

/* Only a folder that nobody else can write: a pid from elsewhere would be worked on. */
static int open_folder(bool make)
{
	struct stat st;
	int fd;

	if (make && mkdir(FOLDER, 0700) < 0 && errno != EEXIST)
		return -1;
	fd = open(FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 022) == 0)
		return fd;
	close(fd);
	return -1;
}

static const char *file_name(const struct hints *h)
{
	char digest[17];

	bootfile_digest(h->lxcpath, digest);
	return arena_printf(h->arena, "hints-%s", digest);
}

static const char *boot_id(char buf[64])
{
	if (procfile_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", buf, 64) < 0)
		return "unknown";
	return buf;
}

static int compare_names(const void *name, const void *item)
{
	return strcmp(name, *(const char *const *)item);
}

struct hint *hints_find(const struct hints *h, const char *name)
{
	const char *const *found =
	    h->n ? bsearch(name, h->names, h->n, sizeof(*h->names), compare_names) : NULL;

	return found ? &h->items[found - h->names] : NULL;
}

static void add_item(struct hints *h, struct hint *hint, const char *item, const char *value)
{
	hint->items =
	    arena_grow(h->arena, hint->items, hint->n, &hint->capacity, sizeof(*hint->items));
	hint->items[hint->n++] = (struct hint_item){item, value};
}

/* "init NAME PID IDENTITY", then "item ITEM [VALUE]" for each item known of it. */
static void parse_line(struct hints *h, char *line, struct hint **current)
{
	char *fields[4];
	int n = fields_read(line, fields, 4);

	if (n == 4 && strcmp(fields[0], "init") == 0) {
		*current = hints_find(h, fields[1]);
		if (*current) {
			(*current)->init = (pid_t)strtol(fields[2], NULL, 10);
			(*current)->identity = strtoull(fields[3], NULL, 10);
		}
	} else if (*current && n >= 2 && strcmp(fields[0], "item") == 0) {
		add_item(h, *current, fields[1], n > 2 ? fields[2] : NULL);
	}
}

static void parse(struct hints *h, char *text)
{
	struct hint *current = NULL;
	char id[64], *line = strsep(&text, "\n"), *fields[4];

	/* Of another boot, every pid is somebody else's. */
	if (!line || strncmp(line, HEADER " ", sizeof(HEADER)) != 0 ||
	    fields_read(line, fields, 4) != 4 || strcmp(fields[3], boot_id(id)) != 0)
		return;
	for (line = strsep(&text, "\n"); line; line = strsep(&text, "\n"))
		parse_line(h, line, &current);
}

struct hints *hints_load(const char *lxcpath, const char *const *names, size_t n, struct arena *a)
{
	struct hints *h = arena_alloc(a, sizeof(*h));
	procfile_fd folder = -1;
	char *text;

	*h = (struct hints){.arena = a, .lxcpath = lxcpath, .names = names, .n = n};
	h->items = arena_alloc(a, n * sizeof(*h->items));
	folder = n ? open_folder(false) : -1;
	text = folder < 0 ? NULL : procfile_read_all(folder, file_name(h), a, NULL);
	if (text)
		parse(h, text);
	return h;
}

void hints_rename(struct hints *h, const char *const *names, size_t n)
{
	struct hint *items = arena_alloc(h->arena, n * sizeof(*items));

	for (size_t i = 0; i < n; i++) {
		const struct hint *known = hints_find(h, names[i]);

		if (known)
			items[i] = *known;
	}
	h->names = names;
	h->items = items;
	h->n = n;
	h->changed = true;
}

static void copy(struct hints *h, struct hint *to, const struct hint *from)
{
	*to = (struct hint){.init = from->init, .identity = from->identity};
	for (size_t i = 0; i < from->n; i++)
		add_item(h, to, arena_strdup(h->arena, from->items[i].item),
			 arena_strdup(h->arena, from->items[i].value));
}

struct hints *hints_about(const struct hints *h, const char *name, struct arena *a)
{
	const struct hint *known = hints_find(h, name);
	struct hints *one = arena_alloc(a, sizeof(*one));
	const char **names = arena_alloc(a, sizeof(*names));

	*one = (struct hints){.arena = a, .lxcpath = h->lxcpath, .names = names, .n = 1};
	names[0] = arena_strdup(a, name);
	one->items = arena_alloc(a, sizeof(*one->items));
	if (known)
		copy(one, &one->items[0], known);
	return one;
}

void hints_take(struct hints *h, const char *name, const struct hint *from)
{
	struct hint *to = hints_find(h, name);

	if (!to || (to->init == from->init && to->identity == from->identity && to->n == from->n))
		return;
	copy(h, to, from);
	h->changed = true;
}

static void render(const struct hints *h, struct writer *w)
{
	char id[64], number[32];

	writer_text(w, HEADER);
	writer_field(w, boot_id(id));
	for (size_t i = 0; i < h->n; i++) {
		const struct hint *hint = &h->items[i];

		if (hint->init <= 0)
			continue;
		writer_text(w, "\ninit");
		writer_field(w, h->names[i]);
		snprintf(number, sizeof(number), " %d %" PRIu64, (int)hint->init, hint->identity);
		writer_text(w, number);
		for (size_t k = 0; k < hint->n; k++) {
			writer_text(w, "\nitem");
			writer_field(w, hint->items[k].item);
			if (hint->items[k].value)
				writer_field(w, hint->items[k].value);
		}
	}
	writer_text(w, "\n");
}

void hints_save(struct hints *h)
{
	procfile_fd folder = h->changed ? open_folder(true) : -1, fd = -1;
	struct writer w = {.arena = h->arena};
	const char *file, *next;

	if (folder < 0)
		return;
	file = file_name(h);
	next = arena_printf(h->arena, "%s.%ld", file, (long)getpid());
	render(h, &w);
	unlinkat(folder, next, 0);
	fd = openat(folder, next, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (write(fd, w.text, w.n) != (ssize_t)w.n || renameat(folder, next, folder, file) < 0)
		unlinkat(folder, next, 0);
	h->changed = false;
}

void hints_set_init(struct hints *h, struct hint *hint, pid_t init, uint64_t identity)
{
	if (hint->init == init && hint->identity == identity)
		return;
	*hint = (struct hint){.init = init, .identity = identity};
	h->changed = true;
}

bool hint_item_find(const struct hint *hint, const char *item, const char **value)
{
	for (size_t i = 0; i < hint->n; i++) {
		if (strcmp(hint->items[i].item, item) != 0)
			continue;
		*value = hint->items[i].value;
		return true;
	}
	return false;
}

void hint_item_add(struct hints *h, struct hint *hint, const char *item, const char *value)
{
	add_item(h, hint, arena_strdup(h->arena, item), arena_strdup(h->arena, value));
	h->changed = true;
}
