#include "reconciler/scribe.h"

#include "reconciler/worker.h"
#include "schema/arena.h"
#include "schema/sorted.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CLOSING_MS 5000

/* What one boot file shall be, and what became of it. */
struct sheet {
	const char *name;
	char *text; /* NULL: it goes */
	size_t room;
	bool release;
	bool answered;
	int error;       /* from here on the thread's until the batch is done */
	const char *why; /* in the batch's own memory, or nobody's */
	struct scribe_answer answer;
};

/* First the loop's, then the thread's, then the loop's again. */
struct batch {
	struct task task; /* the first: the worker knows only that */
	struct scribe *scribe;
	struct arena *arena;   /* names and texts: the loop's */
	struct arena *answers; /* the thread's, handed on to who collects */
	struct sheet **sheets; /* sorted by name */
	size_t n, capacity;
};

struct scribe {
	struct worker *worker;
	int dir; /* -1: the path is opened for each batch */
	char *lxcpath;
	struct batch *waiting; /* NULL: nothing */
	struct batch *in_hand; /* NULL: nothing */
	bool done;             /* with what is in hand */
};

/* ---- a batch ---- */

static void batch_run(struct task *t);
static void batch_done(struct task *t);

static struct batch *batch_new(struct scribe *s)
{
	struct arena *a = arena_new();
	struct batch *b = arena_alloc(a, sizeof(*b));

	*b = (struct batch){
	    .task = {.run = batch_run, .done = batch_done},
	    .scribe = s,
	    .arena = a,
	    .answers = arena_new(),
	};
	return b;
}

static void batch_free(struct batch *b)
{
	if (!b)
		return;
	arena_free(b->answers);
	arena_free(b->arena);
}

static int compare_names(const void *x, const void *y)
{
	return strcmp((*(struct sheet *const *)x)->name, (*(struct sheet *const *)y)->name);
}

/* Where NAME is in B, or would be. */
static size_t batch_place(const struct batch *b, const char *name, bool *found)
{
	const struct sheet probe = {.name = name}, *wanted = &probe;
	size_t n = b ? b->n : 0;
	size_t at =
	    n ? sorted_lower(b->sheets, n, sizeof(struct sheet *), &wanted, compare_names) : 0;

	*found = at < n && strcmp(b->sheets[at]->name, name) == 0;
	return at;
}

static struct sheet *batch_sheet(struct batch *b, const char *name)
{
	bool found;
	size_t at = batch_place(b, name, &found);

	if (found)
		return b->sheets[at];
	b->sheets = arena_grow(b->arena, b->sheets, b->n, &b->capacity, sizeof(*b->sheets));
	memmove(&b->sheets[at + 1], &b->sheets[at], (b->n - at) * sizeof(*b->sheets));
	b->n++;
	b->sheets[at] = arena_alloc(b->arena, sizeof(**b->sheets));
	b->sheets[at]->name = arena_strdup(b->arena, name);
	return b->sheets[at];
}

/* A text that replaces one takes its place where it fits: a disk may be stuck for long. */
static void sheet_set(struct sheet *sheet, struct arena *a, const char *text, bool release)
{
	size_t n = text ? strlen(text) + 1 : 0;

	sheet->release = release;
	if (!text) {
		sheet->text = NULL;
		sheet->room = 0;
		return;
	}
	if (n > sheet->room) {
		sheet->room = n + n / 4;
		sheet->text = arena_alloc(a, sheet->room);
	}
	memcpy(sheet->text, text, n);
}

/* ---- on the thread ---- */

static void look_again(const struct batch *b, int dir, struct sheet *sheet)
{
	struct scribe_answer *answer = &sheet->answer;

	answer->name = arena_strdup(b->answers, sheet->name);
	answer->error = sheet->error;
	answer->why = arena_strdup(b->answers, sheet->why);
	answer->text = bootfile_text(dir, sheet->name, b->answers);
	bootfile_read(dir, b->scribe->lxcpath, answer->name, b->answers, &answer->record);
}

static void write_sheets(struct batch *b, int dir)
{
	struct arena *scratch = arena_new();
	struct bootfile_batch *files = bootfile_batch_new(dir, b->scribe->lxcpath, scratch);

	for (size_t i = 0; i < b->n; i++) {
		struct sheet *sheet = b->sheets[i];

		if (sheet->release)
			bootfile_batch_release(files, sheet->name, &sheet->error, &sheet->why);
		else
			bootfile_batch_add(files, sheet->name, sheet->text, &sheet->error,
					   &sheet->why);
	}
	bootfile_batch_commit(files);
	for (size_t i = 0; i < b->n; i++)
		look_again(b, dir, b->sheets[i]);
	arena_free(scratch);
}

static void fail_sheets(struct batch *b, int error)
{
	for (size_t i = 0; i < b->n; i++) {
		struct scribe_answer *answer = &b->sheets[i]->answer;

		answer->name = arena_strdup(b->answers, b->sheets[i]->name);
		answer->error = error;
		answer->why = arena_strdup(b->answers, strerror(error));
		answer->record = (struct record){.state = RECORD_UNREADABLE, .error = error};
		properties_init(&answer->record.owned, b->answers);
	}
}

static void batch_run(struct task *t)
{
	struct batch *b = (struct batch *)t;
	int dir = b->scribe->dir;

	if (dir < 0)
		dir = open(b->scribe->lxcpath, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		fail_sheets(b, errno);
	else
		write_sheets(b, dir);
	if (dir >= 0 && dir != b->scribe->dir)
		close(dir);
}

/* ---- in the loop ---- */

static void batch_done(struct task *t)
{
	struct batch *b = (struct batch *)t;

	b->scribe->done = true;
}

static void hand_over(struct scribe *s)
{
	if (s->in_hand || !s->waiting)
		return;
	s->in_hand = s->waiting;
	s->waiting = NULL;
	s->done = false;
	worker_submit(s->worker, &s->in_hand->task);
}

struct scribe *scribe_open(int lxcpath_dir, const char *lxcpath)
{
	struct scribe *s = calloc(1, sizeof(*s));
	int error;

	if (!s)
		return NULL;
	s->dir = -1;
	s->lxcpath = strdup(lxcpath);
	if (s->lxcpath && lxcpath_dir >= 0)
		s->dir = fcntl(lxcpath_dir, F_DUPFD_CLOEXEC, 0);
	if (s->lxcpath && (lxcpath_dir < 0 || s->dir >= 0))
		s->worker = worker_open("scribe");
	if (s->worker)
		return s;
	error = errno;
	if (s->dir >= 0)
		close(s->dir);
	free(s->lxcpath);
	free(s);
	errno = error;
	return NULL;
}

int scribe_fd(const struct scribe *s)
{
	return worker_fd(s->worker);
}

static void note(struct scribe *s, const char *name, const char *text, bool release)
{
	if (!s->waiting) {
		s->waiting = batch_new(s);
		worker_wake(s->worker);
	}
	sheet_set(batch_sheet(s->waiting, name), s->waiting->arena, text, release);
}

void scribe_write(struct scribe *s, const char *name, const char *text)
{
	note(s, name, text, false);
}

void scribe_release(struct scribe *s, const char *name)
{
	note(s, name, NULL, true);
}

bool scribe_pending(const struct scribe *s, const char *name)
{
	bool found;
	size_t at;

	batch_place(s->waiting, name, &found);
	if (found)
		return true;
	at = batch_place(s->in_hand, name, &found);
	return found && !s->in_hand->sheets[at]->answered;
}

size_t scribe_backlog(const struct scribe *s)
{
	size_t n = s->waiting ? s->waiting->n : 0;

	for (size_t i = 0; s->in_hand && i < s->in_hand->n; i++)
		n += !s->in_hand->sheets[i]->answered;
	return n;
}

void scribe_collect(struct scribe *s, struct arena *a,
		    void (*answered)(void *context, const struct scribe_answer *answer),
		    void *context)
{
	struct batch *b = s->in_hand;

	worker_collect(s->worker);
	if (b && s->done) {
		arena_absorb(a, b->answers);
		for (size_t i = 0; i < b->n; i++) {
			b->sheets[i]->answered = true;
			answered(context, &b->sheets[i]->answer);
		}
		s->in_hand = NULL;
		batch_free(b);
	}
	hand_over(s);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* False: the time is over. */
static bool finish(struct scribe *s)
{
	int64_t end = now_ms() + CLOSING_MS;

	for (;;) {
		struct pollfd p = {.fd = scribe_fd(s), .events = POLLIN};
		int64_t left = end - now_ms();

		worker_collect(s->worker);
		if (s->in_hand && s->done) {
			batch_free(s->in_hand);
			s->in_hand = NULL;
		}
		hand_over(s);
		if (!s->in_hand)
			return true;
		if (left <= 0)
			return false;
		poll(&p, 1, (int)left);
	}
}

bool scribe_close(struct scribe *s)
{
	if (!s)
		return true;
	/* The thread still works with what it was given: it keeps it, and ends with the process. */
	if (!finish(s))
		return false;
	worker_close(s->worker);
	if (s->dir >= 0)
		close(s->dir);
	free(s->lxcpath);
	free(s);
	return true;
}
