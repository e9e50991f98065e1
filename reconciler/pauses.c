#include "reconciler/pauses.h"

#include "limits/procfile.h"
#include "reconciler/fields.h"
#include "reconciler/runfolder.h"
#include "schema/arena.h"
#include "schema/moment.h"
#include "schema/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define FIRST_LINE "evenkeel-pauses 1"
#define FILE_MOST (4 * 1024 * 1024)
#define SECOND UINT64_C(1000000000)
#define LOCK_TRIES 500 /* of 10 ms */

uint64_t pauses_now(void)
{
	struct timespec t = {0};

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

uint64_t pauses_today(void)
{
	struct timespec t = {0};

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec > 0 ? (uint64_t)t.tv_sec : 0;
}

/* --- the file -------------------------------------------------------------------------------- */

static bool number(const char *text, uint64_t *out)
{
	return value_digits(text, strlen(text), UINT64_MAX, out);
}

/* "web1 END UNTIL REASON" */
static bool parse_line(char *line, struct arena *a, struct pause *out)
{
	char *fields[4];

	if (fields_read(line, fields, 4) != 4 || name_check_instance(fields[0]) ||
	    !number(fields[1], &out->end) || !number(fields[2], &out->until))
		return false;
	out->name = arena_strdup(a, fields[0]);
	out->reason = arena_strdup(a, fields[3]);
	return true;
}

static int compare(const void *x, const void *y)
{
	return strcmp(((const struct pause *)x)->name, ((const struct pause *)y)->name);
}

/* Sorts; of two with one name the later ending one stays. */
static void sort(struct pauses *p)
{
	size_t kept = 0;

	if (p->n == 0)
		return;
	qsort(p->items, p->n, sizeof(*p->items), compare);
	for (size_t i = 1; i < p->n; i++) {
		struct pause *last = &p->items[kept], *next = &p->items[i];

		if (strcmp(last->name, next->name) != 0)
			p->items[++kept] = *next;
		else if (next->end == 0 || (last->end != 0 && next->end > last->end))
			*last = *next;
	}
	p->n = kept + 1;
}

void pauses_parse(char *text, size_t n, const char *boot, struct arena *a, struct pauses *out)
{
	char *end = text + n, *first = arena_printf(a, FIRST_LINE " %s", boot), *line, *next;
	size_t capacity = 0;

	*out = (struct pauses){0};
	for (line = text; line < end; line = next) {
		char *stop = memchr(line, '\n', (size_t)(end - line));
		struct pause p = {0};

		if (!stop)
			stop = end;
		next = stop + 1;
		*stop = '\0';
		if (line == text && strcmp(line, first) != 0)
			return;
		if (line == text || strlen(line) != (size_t)(stop - line))
			continue;
		if (out->n == PAUSES_MOST || !parse_line(line, a, &p))
			continue;
		out->items = arena_grow(a, out->items, out->n, &capacity, sizeof(*out->items));
		out->items[out->n++] = p;
	}
	sort(out);
}

char *pauses_render(const struct pauses *p, const char *boot, struct arena *a, size_t *n)
{
	struct writer w = {.arena = a};

	writer_text(&w, FIRST_LINE " ");
	writer_text(&w, boot);
	writer_text(&w, "\n");
	for (size_t i = 0; i < p->n; i++) {
		const struct pause *item = &p->items[i];

		writer_text(&w, item->name);
		writer_field(&w, arena_decimal(a, item->end));
		writer_field(&w, arena_decimal(a, item->until));
		writer_field(&w, item->reason);
		writer_text(&w, "\n");
	}
	*n = w.n;
	return w.text;
}

static int boot_id(char *out, size_t size)
{
	ssize_t n = procfile_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", out, size);

	return n < 0 ? (int)n : 0;
}

static int file_name(const char *lxcpath, const char *what, char out[64])
{
	char digest[RUNFOLDER_DIGEST + 1];
	int error = runfolder_digest(lxcpath, digest);

	if (error == 0)
		snprintf(out, 64, "%s-%s", what, digest);
	return error;
}

static int load(int folder, const char *lxcpath, const char *boot, struct arena *a,
		struct pauses *out)
{
	char name[64], *text;
	size_t n;
	int error = file_name(lxcpath, "pauses", name);

	*out = (struct pauses){0};
	if (error < 0)
		return error;
	text = procfile_read_all(folder, name, a, &n);
	if (!text)
		return errno == ENOENT ? 0 : -errno;
	if (n > FILE_MOST)
		return -EFBIG;
	pauses_parse(text, n, boot, a, out);
	return 0;
}

/* Only looks: a folder that is not there has no pauses in it, and is not made. */
static int open_to_read(const char *folder)
{
	if (access(folder, F_OK) < 0)
		return -errno;
	return runfolder_open(folder);
}

int pauses_load_below(const char *folder, const char *lxcpath, struct arena *a, struct pauses *out)
{
	procfile_fd dir = open_to_read(folder);
	char boot[64];
	int error;

	*out = (struct pauses){0};
	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	error = boot_id(boot, sizeof(boot));
	return error < 0 ? error : load(dir, lxcpath, boot, a, out);
}

/* One pause or resume at a time: each reads, changes and writes all of it. */
static int lock(int folder, const char *lxcpath)
{
	const struct timespec moment = {.tv_nsec = 10000000};
	char name[64];
	int error = file_name(lxcpath, "pauses-lock", name), fd;

	if (error < 0)
		return error;
	fd = openat(folder, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd < 0)
		return -errno;
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return fd;
		if (errno != EWOULDBLOCK && errno != EINTR)
			break;
		nanosleep(&moment, NULL);
	}
	error = errno;
	close(fd);
	return -error;
}

static int write_all(int fd, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, text, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done < 0 ? -errno : -EIO;
		text += done;
		n -= (size_t)done;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

static int save(int folder, const char *lxcpath, const char *boot, const struct pauses *p,
		struct arena *a)
{
	char name[64], fresh[80];
	size_t n;
	char *text = pauses_render(p, boot, a, &n);
	procfile_fd fd = -1;
	int error = file_name(lxcpath, "pauses", name);

	if (error < 0)
		return error;
	if (n > FILE_MOST)
		return -EFBIG;
	if (p->n == 0)
		return unlinkat(folder, name, 0) < 0 && errno != ENOENT ? -errno : 0;
	snprintf(fresh, sizeof(fresh), "%s.new", name);
	fd = openat(folder, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	error = write_all(fd, text, n);
	if (error == 0 && renameat(folder, fresh, folder, name) < 0)
		error = -errno;
	if (error < 0)
		unlinkat(folder, fresh, 0);
	return error;
}

/* What has not ended, without the N names. */
static size_t keep(struct pauses *p, const char *const *names, size_t n, uint64_t now)
{
	size_t kept = 0, gone = 0;

	for (size_t i = 0; i < p->n; i++) {
		bool named = false;

		if (p->items[i].end && p->items[i].end <= now)
			continue;
		for (size_t k = 0; k < n && !named; k++)
			named = strcmp(p->items[i].name, names[k]) == 0;
		gone += named;
		if (!named)
			p->items[kept++] = p->items[i];
	}
	p->n = kept;
	return gone;
}

/* Reads, takes the N names out, puts ADDED in if it is given, and writes. */
static int change(const char *folder, const char *lxcpath, const char *const *names, size_t n,
		  const struct pause *added, size_t *gone)
{
	procfile_fd dir = runfolder_open(folder), locked = -1;
	char boot[64];
	struct arena *a;
	struct pauses p, next = {0};
	int error = dir < 0 ? dir : boot_id(boot, sizeof(boot));

	if (error < 0)
		return error;
	locked = lock(dir, lxcpath);
	if (locked < 0)
		return locked;
	a = arena_new();
	error = load(dir, lxcpath, boot, a, &p);
	*gone = keep(&p, names, n, pauses_now());
	next.n = p.n + (added != NULL);
	next.items = arena_alloc(a, next.n * sizeof(*next.items));
	if (p.n)
		memcpy(next.items, p.items, p.n * sizeof(*p.items));
	if (added)
		next.items[p.n] = *added;
	sort(&next);
	if (error == 0)
		error = save(dir, lxcpath, boot, &next, a);
	arena_free(a);
	return error;
}

int pauses_set_below(const char *folder, const char *lxcpath, const struct pause *p)
{
	size_t gone;

	return change(folder, lxcpath, &p->name, 1, p, &gone);
}

int pauses_clear_below(const char *folder, const char *lxcpath, const char *const *names, size_t n,
		       size_t *gone)
{
	return change(folder, lxcpath, names, n, NULL, gone);
}

int pauses_load(const char *lxcpath, struct arena *a, struct pauses *out)
{
	return pauses_load_below(RUNFOLDER, lxcpath, a, out);
}

int pauses_set(const char *lxcpath, const struct pause *p)
{
	return pauses_set_below(RUNFOLDER, lxcpath, p);
}

int pauses_clear(const char *lxcpath, const char *const *names, size_t n, size_t *gone)
{
	return pauses_clear_below(RUNFOLDER, lxcpath, names, n, gone);
}

/* --- what holds ------------------------------------------------------------------------------ */

const struct pause *pauses_find(const struct pauses *p, const char *name, uint64_t now)
{
	struct pause key = {.name = name}, *found = NULL;

	if (p && p->n)
		found = bsearch(&key, p->items, p->n, sizeof(*p->items), compare);
	return found && (found->end == 0 || found->end > now) ? found : NULL;
}

static const struct pause *of_manifest(const struct document *d, uint64_t now, uint64_t today,
				       struct arena *a)
{
	const struct paused *paused = &d->paused;
	uint64_t left = paused->until > today ? paused->until - today : 0;
	struct pause *p;

	if (!paused->given || (paused->until && left == 0))
		return NULL;
	p = arena_alloc(a, sizeof(*p));
	*p = (struct pause){.name = d->name,
			    .until = paused->until,
			    .reason = paused->reason ? paused->reason : "",
			    .at = paused->at};
	if (paused->until && (__builtin_mul_overflow(left, SECOND, &left) ||
			      __builtin_add_overflow(now, left, &p->end)))
		p->end = UINT64_MAX;
	return p;
}

const struct pause *pauses_of(const struct pauses *p, const struct document *d, uint64_t now,
			      uint64_t today, struct arena *a)
{
	const struct pause *told = pauses_find(p, d->name, now);
	const struct pause *written = of_manifest(d, now, today, a);

	if (!told || !written)
		return told ? told : written;
	if (told->end == 0)
		return told;
	return written->end == 0 || written->end > told->end ? written : told;
}

const char *pause_words(const struct pause *p, struct arena *a)
{
	const char *reason = text_escape(a, p->reason, strlen(p->reason), 0);

	if (!p->until)
		return reason;
	return arena_printf(a, "until %s%s%s", moment_print(p->until, a), *reason ? ": " : "",
			    reason);
}
