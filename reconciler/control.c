#include "reconciler/control.h"

#include "limits/procfile.h"
#include "reconciler/conversation.h"
#include "reconciler/runfolder.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#define EVENTS_MOST 64  /* of one dispatch */
#define ACCEPTS_MOST 16 /* of one dispatch */
#define SECOND UINT64_C(1000000000)

/* What an event is about; clients have greater numbers. */
enum { LISTENER, TIMER, FIRST_CLIENT };

struct control {
	struct house house;
	struct control_identity identity;
	int epoll, timer, listener, folder;
	char name[64];
	struct conversation *clients[CONTROL_CLIENTS]; /* NULL: free */
	uint64_t next_id;
	uint64_t deaf_until; /* no fd is left for who calls; 0: it listens */
	uint64_t alarm;      /* what the timer is set to; UINT64_MAX: nothing */
	bool dispatching;
};

/* --- opening -------------------------------------------------------------------------------------
 */

/* The folder's fd stands for its path: no length of it matters, and nobody swaps it. */
static void address_of(int folder, const char *name, struct sockaddr_un *out)
{
	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(out->sun_path, sizeof(out->sun_path), "/proc/self/fd/%d/%s", folder, name);
}

static int watch_fd(struct control *c, int fd, uint64_t id, unsigned events)
{
	struct epoll_event event = {.events = events, .data.u64 = id};

	return epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int listen_below(struct control *c)
{
	struct sockaddr_un address;

	address_of(c->folder, c->name, &address);
	c->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->listener < 0)
		return -errno;
	if (unlinkat(c->folder, c->name, 0) < 0 && errno != ENOENT)
		return -errno;
	if (bind(c->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    fchmodat(c->folder, c->name, 0600, 0) < 0 || listen(c->listener, CONTROL_CLIENTS) < 0)
		return -errno;
	return watch_fd(c, c->listener, LISTENER, EPOLLIN);
}

static int open_all(struct control *c, const char *folder, const char *lxcpath)
{
	char digest[RUNFOLDER_DIGEST + 1];
	int error = runfolder_digest(lxcpath, digest);

	if (error < 0)
		return error;
	snprintf(c->name, sizeof(c->name), "control-%s", digest);
	c->folder = runfolder_open(folder);
	if (c->folder < 0)
		return c->folder;
	c->epoll = epoll_create1(EPOLL_CLOEXEC);
	c->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (c->epoll < 0 || c->timer < 0)
		return -errno;
	error = watch_fd(c, c->timer, TIMER, EPOLLIN);
	return error < 0 ? error : listen_below(c);
}

int control_open_below(const char *folder, const char *lxcpath,
		       const struct control_identity *identity, const struct control_calls *calls,
		       void *context, struct control **out, struct diagnostics *ds)
{
	struct control *c = calloc(1, sizeof(*c));
	int error = -ENOMEM;

	if (c) {
		c->identity = *identity;
		c->house = (struct house){&c->identity, calls, context};
		c->epoll = c->timer = c->listener = c->folder = -1;
		c->next_id = FIRST_CLIENT;
		c->alarm = UINT64_MAX;
		error = open_all(c, folder, lxcpath);
	}
	if (error == 0) {
		*out = c;
		return 0;
	}
	diagnostic_error(ds, NOWHERE, "cannot open the control socket in %s: %s", folder,
			 strerror(-error));
	if (error == -EPERM)
		diagnostic_hint(ds,
				"%s has to be a folder of your own that nobody else can write: rm "
				"-rf %s",
				folder, folder);
	control_close(c);
	return error;
}

int control_open(const char *lxcpath, const struct control_identity *identity,
		 const struct control_calls *calls, void *context, struct control **out,
		 struct diagnostics *ds)
{
	return control_open_below(RUNFOLDER, lxcpath, identity, calls, context, out, ds);
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void control_close(struct control *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		conversation_free(c->clients[i]);
	if (c->listener >= 0)
		unlinkat(c->folder, c->name, 0);
	close_fd(c->listener);
	close_fd(c->timer);
	close_fd(c->epoll);
	close_fd(c->folder);
	free(c);
}

int control_fd(const struct control *c)
{
	return c->epoll;
}

/* --- waiting -------------------------------------------------------------------------------------
 */

static void set_alarm(struct control *c, uint64_t at)
{
	struct itimerspec spec = {0};

	if (at == c->alarm)
		return;
	if (at != UINT64_MAX) {
		spec.it_value.tv_sec = (time_t)(at / SECOND);
		spec.it_value.tv_nsec = at ? (long)(at % SECOND) : 1;
	}
	if (timerfd_settime(c->timer, TFD_TIMER_ABSTIME, &spec, NULL) == 0)
		c->alarm = at;
}

static void update_interest(struct control *c, struct conversation *client)
{
	struct epoll_event event = {.data.u64 = client->id};

	event.events = conversation_interest(client);
	if (event.events == client->interest)
		return;
	if (epoll_ctl(c->epoll, EPOLL_CTL_MOD, client->fd, &event) == 0)
		client->interest = event.events;
}

/* After anything that was said or heard: who has gone is forgotten, and the next events are those
 * that are waited for now. */
static void tidy(struct control *c)
{
	uint64_t alarm = c->deaf_until ? c->deaf_until : UINT64_MAX;

	if (c->dispatching)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct conversation *client = c->clients[i];
		uint64_t deadline;

		if (!client)
			continue;
		if (client->dead) {
			conversation_free(client);
			c->clients[i] = NULL;
			continue;
		}
		update_interest(c, client);
		deadline = conversation_deadline(client);
		alarm = deadline < alarm ? deadline : alarm;
	}
	set_alarm(c, alarm);
}

static struct conversation *find(const struct control *c, uint64_t id)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (c->clients[i] && !c->clients[i]->dead && c->clients[i]->id == id)
			return c->clients[i];
	return NULL;
}

/* --- clients -------------------------------------------------------------------------------------
 */

static bool may_speak(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

/* A place for one more: the silent go first, whoever waits for an apply stays. */
static struct conversation **find_place(struct control *c)
{
	struct conversation **best = NULL;

	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct conversation *client = c->clients[i];

		if (!client)
			return &c->clients[i];
		if (client->stage == STAGE_APPLYING && !client->dead)
			continue;
		if (!best || client->dead ||
		    (!(*best)->dead &&
		     ((client->stage < (*best)->stage) ||
		      (client->stage == (*best)->stage && client->since < (*best)->since))))
			best = &c->clients[i];
	}
	if (best) {
		conversation_free(*best);
		*best = NULL;
	}
	return best;
}

static void greet(struct control *c, int fd, uint64_t now)
{
	struct conversation **place = may_speak(fd) ? find_place(c) : NULL;
	struct conversation *client = place ? conversation_new(&c->house, c->next_id, fd) : NULL;

	if (!client) {
		close(fd);
		return;
	}
	c->next_id++;
	client->since = now;
	client->interest = conversation_interest(client);
	if (watch_fd(c, fd, client->id, client->interest) < 0)
		conversation_free(client);
	else
		*place = client;
}

static void listen_again(struct control *c, bool listens)
{
	struct epoll_event event = {.events = listens ? EPOLLIN : 0, .data.u64 = LISTENER};

	epoll_ctl(c->epoll, EPOLL_CTL_MOD, c->listener, &event);
}

/* Without an fd to spare the listener stays readable: it is left alone for a moment. */
static void accept_clients(struct control *c, uint64_t now)
{
	for (int i = 0; i < ACCEPTS_MOST; i++) {
		int fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			greet(c, fd, now);
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (errno != EAGAIN) {
			listen_again(c, false);
			c->deaf_until = now + SECOND;
		}
		return;
	}
}

static void stop_alarm(struct control *c)
{
	uint64_t times;

	if (read(c->timer, &times, sizeof(times)) > 0)
		c->alarm = UINT64_MAX;
}

static void listen_in_time(struct control *c, uint64_t now)
{
	if (c->deaf_until == 0 || now < c->deaf_until)
		return;
	c->deaf_until = 0;
	listen_again(c, true);
}

static void drop_the_silent(struct control *c, uint64_t now)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct conversation *client = c->clients[i];

		if (!client || client->dead)
			continue;
		if (client->since == 0)
			client->since = now;
		else if (now >= conversation_deadline(client))
			conversation_drop(client);
	}
}

void control_dispatch(struct control *c, uint64_t now)
{
	struct epoll_event events[EVENTS_MOST];
	int n = epoll_wait(c->epoll, events, EVENTS_MOST, 0);

	c->dispatching = true;
	for (int i = 0; i < n; i++) {
		uint64_t id = events[i].data.u64;
		struct conversation *client;

		if (id == LISTENER || id == TIMER)
			continue;
		client = find(c, id);
		if (client)
			conversation_turn(client, events[i].events, now);
	}
	/* last, so that nobody's place is given away before it was heard */
	for (int i = 0; i < n; i++) {
		if (events[i].data.u64 == TIMER)
			stop_alarm(c);
		else if (events[i].data.u64 == LISTENER)
			accept_clients(c, now);
	}
	listen_in_time(c, now);
	drop_the_silent(c, now);
	c->dispatching = false;
	tidy(c);
}

/* --- from the daemon -----------------------------------------------------------------------------
 */

void control_print(struct control *c, uint64_t client, bool error, const char *text, size_t n)
{
	struct conversation *to = find(c, client);

	if (to)
		conversation_print(to, error, text, n);
	tidy(c);
}

void control_end(struct control *c, uint64_t client, int status)
{
	struct conversation *to = find(c, client);

	if (to)
		conversation_end(to, status);
	tidy(c);
}

void control_settled(struct control *c, uint64_t client)
{
	struct conversation *to = find(c, client);

	if (to)
		conversation_settled(to);
	tidy(c);
}

bool control_busy(const struct control *c)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (c->clients[i] && !c->clients[i]->dead && c->clients[i]->stage != STAGE_IDLE)
			return true;
	return false;
}

void control_broadcast(struct control *c, const struct standing *s)
{
	if (!control_busy(c))
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (c->clients[i])
			conversation_tell(c->clients[i], s);
	tidy(c);
}

void control_broadcast_gone(struct control *c, const char *name)
{
	if (!control_busy(c))
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (c->clients[i])
			conversation_tell_gone(c->clients[i], name);
	tidy(c);
}
