/*
 * straw - a daemon of straw behind a real control socket, and people who talk to it.
 */
#pragma once

#include "reconciler/control.h"

#include "reconciler/message.h"
#include "reconciler/pauses.h"
#include "schema/arena.h"
#include "tests/skip.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECOND UINT64_C(1000000000)
#define LXCPATH "/tmp/ek-test-no-such-lxcpath"
#define HELLO "{\"version\":1,\"request\":\"hello\"}\n"
#define STATUS "{\"version\":1,\"request\":\"status\"}\n"
#define WATCH "{\"version\":1,\"request\":\"watch\"}\n"
#define APPLY "{\"version\":1,\"request\":\"apply\"}\n"
#define POKE "{\"version\":1,\"request\":\"poke\"}\n"

/* A daemon of straw: N instances i0000, i0001, ..., and what was asked of it. */
struct scene {
	struct arena *arena;
	char *above, *folder;
	struct control *control;
	uint64_t now;
	size_t n;
	const char *findings;
	size_t reason; /* bytes of each reason */
	bool settled;
	uint64_t settler, applier;
	size_t pokes, applies, names;
	bool ends_at_once;
	struct control_apply asked;
};

static inline const char *instance_name(struct arena *a, size_t i)
{
	return arena_printf(a, "i%04zu", i);
}

static inline void fill(const struct scene *s, struct arena *a, size_t i, struct standing *out)
{
	char *reason = NULL;

	if (s->reason) {
		reason = arena_alloc(a, s->reason + 1);
		memset(reason, 'r', s->reason);
	}
	*out = (struct standing){.name = instance_name(a, i),
				 .status = STATUS_RUNNING,
				 .condition = i % 2 ? CONDITION_DRIFTED : CONDITION_IN_SYNC,
				 .reason = reason};
}

static inline size_t standings(void *context, const char *after, size_t most, struct arena *a,
			       struct standing *out)
{
	const struct scene *s = context;
	size_t n = 0;

	for (size_t i = 0; i < s->n && n < most; i++)
		if (!after || strcmp(instance_name(a, i), after) > 0)
			fill(s, a, i, &out[n++]);
	return n;
}

static inline bool standing(void *context, const char *name, struct arena *a, struct standing *out)
{
	const struct scene *s = context;

	for (size_t i = 0; i < s->n; i++) {
		if (strcmp(instance_name(a, i), name) != 0)
			continue;
		fill(s, a, i, out);
		return true;
	}
	return false;
}

static inline void summary(void *context, bool digest, struct arena *a, struct control_summary *out)
{
	const struct scene *s = context;

	(void)a;
	*out = (struct control_summary){.generation = digest ? "d1g3st" : NULL,
					.findings = s->findings,
					.trouble = s->findings != NULL};
}

static inline bool settle(void *context, uint64_t client)
{
	struct scene *s = context;

	s->settler = client;
	return s->settled;
}

static inline void apply(void *context, uint64_t client, const struct control_apply *request)
{
	struct scene *s = context;

	s->applies++;
	s->applier = client;
	s->asked = *request;
	if (!s->ends_at_once)
		return;
	control_print(s->control, client, false, "done\n", 5);
	control_end(s->control, client, 1);
	/* what was asked for is still there */
	for (size_t i = 0; i < request->n; i++)
		s->names += strlen(request->names[i]);
}

static inline void poke(void *context)
{
	((struct scene *)context)->pokes++;
}

static inline bool managed(void *context, const char *name)
{
	(void)context;
	return name[0] == 'i';
}

static const struct control_calls straw_calls = {
    .standings = standings,
    .standing = standing,
    .summary = summary,
    .settle = settle,
    .apply = apply,
    .poke = poke,
    .managed = managed,
};

static const struct control_identity straw_identity = {
    .directory = "/etc/evenkeel",
    .lxcpath = LXCPATH,
    .host = "here",
    .etc = "/etc",
};

static inline int open_control(struct scene *s)
{
	struct diagnostics ds;

	diagnostics_init(&ds, s->arena);
	return control_open_below(s->folder, LXCPATH, &straw_identity, &straw_calls, s, &s->control,
				  &ds);
}

static inline int set_up(void **state)
{
	struct arena *a = arena_new();
	struct scene *s = arena_alloc(a, sizeof(*s));

	s->arena = a;
	s->above = arena_strdup(a, "/tmp/ek-test-control-XXXXXX");
	s->now = pauses_now(); /* the alarm's clock: it rings long after the test */
	s->n = 3;
	if (!mkdtemp(s->above))
		return -1;
	s->folder = arena_printf(a, "%s/run", s->above);
	*state = s;
	return open_control(s);
}

static inline int tear_down(void **state)
{
	struct scene *s = *state;
	const struct dirent *entry;
	DIR *folder;
	int left = 0;

	control_close(s->control);
	folder = opendir(s->folder);
	while (folder && (entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			left += unlinkat(dirfd(folder), entry->d_name, 0) == 0;
	if (folder)
		closedir(folder);
	rmdir(s->folder);
	rmdir(s->above);
	arena_free(s->arena);
	return left; /* it leaves nothing behind */
}

/* --- clients -------------------------------------------------------------------------------------
 */

static inline bool readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

/* Dispatches until nothing is left to do. */
static inline void pump(struct scene *s)
{
	for (int i = 0; i < 100000 && readable(control_fd(s->control)); i++)
		control_dispatch(s->control, s->now);
}

static inline char *socket_path(const struct scene *s)
{
	DIR *folder = opendir(s->folder);
	const struct dirent *entry;
	char *path = NULL;

	while (folder && (entry = readdir(folder)))
		if (strncmp(entry->d_name, "control-", 8) == 0)
			path = arena_printf(s->arena, "%s/%s", s->folder, entry->d_name);
	if (folder)
		closedir(folder);
	return path;
}

static inline int try_to_call(const struct scene *s)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = socket_path(s);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	if (!path || strlen(path) >= sizeof(address.sun_path)) {
		close(fd);
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

static inline int call(const struct scene *s)
{
	int fd = try_to_call(s);

	assert_true(fd >= 0);
	return fd;
}

static inline void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* What has come by now; *GONE: the other end has closed. */
static inline char *hear(struct scene *s, int fd, bool *gone)
{
	size_t n = 0, capacity = 1 << 16;
	char *text = arena_alloc(s->arena, capacity);

	if (gone)
		*gone = false;
	for (;;) {
		ssize_t got;

		if (capacity - n < 4096) {
			char *larger = arena_alloc(s->arena, capacity * 2);

			memcpy(larger, text, n);
			text = larger;
			capacity *= 2;
		}
		got = recv(fd, text + n, capacity - n - 1, MSG_DONTWAIT);
		if (got > 0) {
			n += (size_t)got;
			continue;
		}
		if (gone)
			*gone = got == 0 || errno != EAGAIN;
		text[n] = '\0';
		return text;
	}
}

/* Everything, also what takes several turns because of its size. */
static inline char *hear_all(struct scene *s, int fd)
{
	char *text = arena_strdup(s->arena, ""), *more;

	do {
		pump(s);
		more = hear(s, fd, NULL);
		text = arena_printf(s->arena, "%s%s", text, more);
	} while (*more);
	return text;
}

/* Answers of one kind, in the order they came: "NAME " or "TEXT " of each. */
static inline const char *of_kind(struct scene *s, const char *text, enum answer_kind kind)
{
	const char *out = "", *end, *why;

	for (; (end = strchr(text, '\n')); text = end + 1) {
		struct answer r;

		if (answer_parse(text, (size_t)(end - text), s->arena, &r, &why) < 0)
			fail_msg("%s: %.*s", why, (int)(end - text), text);
		if (r.kind != kind)
			continue;
		out = arena_printf(s->arena, "%s%s ", out,
				   r.name            ? r.name
				   : r.text          ? r.text
				   : r.standing.name ? r.standing.name
						     : "yes");
	}
	return out;
}

static inline bool has_gone(struct scene *s, int fd)
{
	bool gone;

	hear(s, fd, &gone);
	return gone;
}

/* A change of the I-th. */
static inline void broadcast(struct scene *s, size_t i)
{
	struct standing change;

	fill(s, s->arena, i, &change);
	control_broadcast(s->control, &change);
}
