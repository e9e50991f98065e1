#include "reconciler/asking.h"

#include "limits/procfile.h"
#include "reconciler/options.h"
#include "reconciler/runfolder.h"
#include "schema/arena.h"
#include "schema/text.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PIECE (64 * 1024)

uint64_t asking_now(void)
{
	struct timespec t = {0};

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

/* --- connecting ----------------------------------------------------------------------------------
 */

/* A full queue of callers is tried again until the patience ends. */
static int connect_patiently(int fd, const struct sockaddr_un *address)
{
	const struct timespec moment = {.tv_nsec = 10000000};
	uint64_t deadline = asking_now() + ASKING_PATIENCE;

	while (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0) {
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (asking_now() > deadline)
			return -ETIMEDOUT;
		nanosleep(&moment, NULL);
	}
	return 0;
}

/* Only a daemon of our own user, or root's, is believed. */
static int check_peer(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return -errno;
	return peer.uid == 0 || peer.uid == geteuid() ? 0 : -EPERM;
}

static int call_daemon(struct asking *k, const char *folder, const char *lxcpath)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char digest[RUNFOLDER_DIGEST + 1];
	procfile_fd dir = -1;
	int error = runfolder_digest(lxcpath, digest);

	if (error < 0)
		return error;
	if (access(folder, F_OK) < 0)
		return -errno;
	dir = runfolder_open(folder);
	if (dir < 0)
		return dir;
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/control-%s", dir,
		 digest);
	k->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (k->fd < 0)
		return -errno;
	error = connect_patiently(k->fd, &address);
	return error < 0 ? error : check_peer(k->fd);
}

static int greet(struct asking *k, const char **why)
{
	uint64_t deadline = asking_now() + ASKING_PATIENCE;
	int error = asking_send(k, &(struct request){.kind = REQUEST_HELLO});

	if (error == 0)
		error = asking_next(k, deadline, false, k->arena, &k->daemon, why);
	if (error == 0 && k->daemon.kind == ANSWER_REFUSED)
		*why = arena_strdup(k->arena, k->daemon.text);
	if (error == 0 && k->daemon.kind != ANSWER_HELLO)
		error = -EPROTO;
	return error;
}

enum asked asking_open_below(const char *folder, struct asking *k, const char *lxcpath,
			     struct arena *a, const char **why)
{
	int error;

	*k = (struct asking){.arena = a, .fd = -1};
	*why = NULL;
	error = call_daemon(k, folder, lxcpath);
	if (error == -ENOENT || error == -ECONNREFUSED || error == -ENOTDIR || error == -EACCES ||
	    error == -EPERM) {
		asking_close(k);
		return ASKED_NOBODY;
	}
	if (error == 0)
		error = greet(k, why);
	if (error == 0)
		return ASKED_FINE;
	asking_close(k);
	if (!*why)
		*why = error == -ETIMEDOUT ? "it does not answer" : strerror(-error);
	return ASKED_IN_VAIN;
}

enum asked asking_open(struct asking *k, const char *lxcpath, struct arena *a, const char **why)
{
	return asking_open_below(RUNFOLDER, k, lxcpath, a, why);
}

void asking_close(struct asking *k)
{
	if (k->fd >= 0)
		close(k->fd);
	free(k->bytes);
	k->fd = -1;
	k->bytes = NULL;
	k->at = k->n = k->capacity = 0;
}

/* --- talking -------------------------------------------------------------------------------------
 */

/* Waits until the daemon's end is ready for EVENTS. */
static int await(const struct asking *k, short events, uint64_t deadline, bool watch_output)
{
	struct pollfd fds[] = {
	    {.fd = k->fd, .events = events},
            {.fd = STDOUT_FILENO          }
        };
	uint64_t now = asking_now();
	struct timespec left = {0};
	int n;

	if (deadline > now) {
		left.tv_sec = (time_t)((deadline - now) / UINT64_C(1000000000));
		left.tv_nsec = (long)((deadline - now) % UINT64_C(1000000000));
	}
	n = ppoll(fds, watch_output ? 2 : 1, deadline == UINT64_MAX ? NULL : &left, NULL);
	if (n < 0)
		return -errno;
	if (n == 0)
		return -ETIMEDOUT;
	return watch_output && fds[1].revents & (POLLERR | POLLHUP | POLLNVAL) ? -EPIPE : 0;
}

int asking_send(struct asking *k, const struct request *r)
{
	uint64_t deadline = asking_now() + ASKING_PATIENCE;
	size_t n, sent = 0;
	char *line = request_print(r, k->arena, &n);

	if (n > MESSAGE_REQUEST)
		return -EMSGSIZE;
	while (sent < n) {
		ssize_t done = send(k->fd, line + sent, n - sent, MSG_NOSIGNAL);
		int error;

		if (done > 0) {
			sent += (size_t)done;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return errno == EPIPE ? -ECONNRESET : -errno;
		error = await(k, POLLOUT, deadline, false);
		if (error < 0 && error != -EINTR)
			return error;
	}
	return 0;
}

/* Room for one more piece; what was read makes way. */
static int make_room(struct asking *k)
{
	char *larger;

	if (k->at > 0) {
		memmove(k->bytes, k->bytes + k->at, k->n - k->at);
		k->n -= k->at;
		k->at = 0;
	}
	if (k->capacity - k->n >= PIECE)
		return 0;
	if (k->n > MESSAGE_ANSWER)
		return -EPROTO;
	larger = realloc(k->bytes, k->capacity * 2 + PIECE);
	if (!larger)
		return -ENOMEM;
	k->bytes = larger;
	k->capacity = k->capacity * 2 + PIECE;
	return 0;
}

static int receive(struct asking *k)
{
	ssize_t n;
	int error = make_room(k);

	if (error < 0)
		return error;
	n = recv(k->fd, k->bytes + k->n, PIECE, MSG_DONTWAIT);
	if (n > 0) {
		k->n += (size_t)n;
		return 0;
	}
	if (n == 0)
		return -ECONNRESET;
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

int asking_next(struct asking *k, uint64_t deadline, bool watch_output, struct arena *a,
		struct answer *out, const char **why)
{
	size_t looked = 0; /* bytes behind at that hold no line break */

	for (;;) {
		size_t n = k->n - k->at;
		char *line = n ? k->bytes + k->at : NULL;
		char *end = n > looked ? memchr(line + looked, '\n', n - looked) : NULL;
		int error;

		if (end) {
			k->at += (size_t)(end - line) + 1;
			return answer_parse(line, (size_t)(end - line), a, out, why) < 0 ? -EPROTO
											 : 0;
		}
		looked = n;
		error = await(k, POLLIN, deadline, watch_output);
		if (error == 0)
			error = receive(k);
		if (error < 0)
			return error;
	}
}

int asking_once(struct asking *k, const struct request *r, enum answer_kind kind,
		struct answer *out, const char **why)
{
	int error = asking_send(k, r);

	*why = NULL;
	if (error == 0)
		error = asking_next(k, asking_now() + ASKING_PATIENCE, false, k->arena, out, why);
	if (error == 0 && out->kind == kind)
		return 0;
	if (error == 0)
		*why = out->kind == ANSWER_REFUSED ? out->text : "it answers something else";
	else if (!*why)
		*why = error == -ETIMEDOUT ? "it does not answer" : strerror(-error);
	return error < 0 ? error : -EPROTO;
}

/* --- about what ----------------------------------------------------------------------------------
 */

/* Two names of one directory are fine. */
static bool same_directory(const char *x, const char *y)
{
	struct stat a, b;

	if (strcmp(x, y) == 0)
		return true;
	return stat(x, &a) == 0 && stat(y, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static bool differs(const char *what, const char *asked, const char *is, struct arena *a,
		    const char **why)
{
	*why = arena_printf(a, "the daemon works with %s %s, not %s", what,
			    text_escape(a, is, strlen(is), 0),
			    text_escape(a, asked, strlen(asked), 0));
	return false;
}

bool asking_is_about(const struct asking *k, const struct options *o, struct arena *a,
		     const char **why)
{
	const struct answer *d = &k->daemon;

	if (o->given & FLAG_DIRECTORY && !same_directory(o->directory, d->directory))
		return differs("the directory", o->directory, d->directory, a, why);
	if (o->given & FLAG_ETC && !same_directory(o->etc, d->etc))
		return differs("--etc", o->etc, d->etc, a, why);
	if (o->given & FLAG_HOST && strcmp(o->host, d->host) != 0)
		return differs("--host", o->host, d->host, a, why);
	if (o->given & FLAG_OWNER && strcmp(o->owner, d->owner ? d->owner : "") != 0)
		return differs("--owner", o->owner, d->owner ? d->owner : "root", a, why);
	return true;
}
