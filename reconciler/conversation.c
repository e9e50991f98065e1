#include "reconciler/conversation.h"

#include "schema/arena.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECE 128                      /* standings told in one turn */
#define OUTPUT_PIECE (32 * 1024)       /* bytes of an apply's output in one message */
#define OUTPUT_MOST (64 * 1024 * 1024) /* bytes of it that may wait for its reader */

struct conversation *conversation_new(const struct house *house, uint64_t id, int fd)
{
	struct conversation *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->house = house;
	c->id = id;
	c->fd = fd;
	return c;
}

void conversation_drop(struct conversation *c)
{
	if (c->dead)
		return;
	c->dead = true;
	close(c->fd);
	free(c->in);
	free(c->out);
	c->in = c->out = NULL;
	c->n_in = c->at = c->n_out = c->capacity = 0;
}

void conversation_free(struct conversation *c)
{
	if (!c)
		return;
	conversation_drop(c);
	arena_free(c->arena);
	free(c);
}

/* --- out -----------------------------------------------------------------------------------------
 */

static size_t behind(const struct conversation *c)
{
	return c->n_out - c->at;
}

/* Out of memory costs this one its connection. */
static void append(struct conversation *c, const char *bytes, size_t n)
{
	if (c->dead || c->ending)
		return;
	if (c->at > 0 && c->at >= behind(c)) {
		memmove(c->out, c->out + c->at, behind(c));
		c->n_out -= c->at;
		c->at = 0;
	}
	if (n > c->capacity - c->n_out) {
		size_t capacity = (c->capacity + n) * 2;
		char *larger = realloc(c->out, capacity);

		if (!larger) {
			conversation_drop(c);
			return;
		}
		c->out = larger;
		c->capacity = capacity;
	}
	if (behind(c) == 0)
		c->since = 0;
	memcpy(c->out + c->n_out, bytes, n);
	c->n_out += n;
}

static void put(struct conversation *c, const struct answer *answer)
{
	struct arena *a = arena_new();
	size_t n;
	char *line = answer_print(answer, c->request.show_secrets, a, &n);

	append(c, line, n);
	arena_free(a);
}

static void flush(struct conversation *c, uint64_t now)
{
	while (!c->dead && behind(c) > 0) {
		ssize_t n = send(c->fd, c->out + c->at, behind(c), MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			conversation_drop(c);
		if (n <= 0)
			return;
		c->at += (size_t)n;
		c->since = now;
	}
	if (c->dead || c->capacity == 0)
		return;
	free(c->out);
	c->out = NULL;
	c->at = c->n_out = c->capacity = 0;
}

void conversation_refuse(struct conversation *c, const char *why)
{
	put(c, &(struct answer){.kind = ANSWER_REFUSED, .text = why});
	c->ending = true;
	c->stage = STAGE_IDLE;
	flush(c, c->since);
}

/* Where a text of N bytes may be cut, not within a character. */
static size_t cut(const char *text, size_t n)
{
	size_t at = OUTPUT_PIECE;

	if (n <= OUTPUT_PIECE)
		return n;
	while (at > OUTPUT_PIECE - 4 && ((unsigned char)text[at] & 0xc0) == 0x80)
		at--;
	return at;
}

static void put_text(struct conversation *c, bool error, const char *text, size_t n)
{
	while (n > 0) {
		struct arena *a = arena_new();
		size_t size = cut(text, n);

		put(c, &(struct answer){.kind = ANSWER_OUTPUT,
					.error = error,
					.text = arena_strndup(a, text, size)});
		arena_free(a);
		text += size;
		n -= size;
	}
}

/* --- telling -------------------------------------------------------------------------------------
 */

static void put_standing(struct conversation *c, const struct standing *s)
{
	put(c, &(struct answer){.kind = ANSWER_STANDING, .standing = *s});
}

/* Its texts stay until the next one: who is carrying it out may still look at them. */
static void finish_request(struct conversation *c)
{
	c->stage = STAGE_IDLE;
	c->request = (struct request){0};
}

static void put_summary(struct conversation *c, struct arena *a)
{
	struct control_summary s = {0};

	c->house->calls->summary(c->house->context, c->request.digest, a, &s);
	if (s.findings)
		put_text(c, true, s.findings, strlen(s.findings));
	put(c, &(struct answer){
		   .kind = ANSWER_READY, .generation = s.generation, .trouble = s.trouble});
}

static void tell_names(struct conversation *c, struct arena *a)
{
	const struct house *h = c->house;

	for (size_t i = 0; i < PIECE && c->next < c->request.n; i++, c->next++) {
		const char *name = c->request.names[c->next];
		struct standing s;

		if (h->calls->standing(h->context, name, a, &s))
			put_standing(c, &s);
		else
			put(c, &(struct answer){.kind = ANSWER_UNKNOWN, .name = name});
	}
	c->told = c->next == c->request.n;
}

static void tell_all(struct conversation *c, struct arena *a)
{
	struct standing *s = arena_alloc(a, PIECE * sizeof(*s));
	const char *after = c->last[0] ? c->last : NULL;
	size_t n = c->house->calls->standings(c->house->context, after, PIECE, a, s);

	for (size_t i = 0; i < n; i++)
		put_standing(c, &s[i]);
	c->told = n < PIECE;
	if (n > 0)
		snprintf(c->last, sizeof(c->last), "%s", s[n - 1].name);
}

static void tell(struct conversation *c)
{
	struct arena *a = arena_new();

	if (c->request.n)
		tell_names(c, a);
	else
		tell_all(c, a);
	if (c->told) {
		put_summary(c, a);
		if (c->request.kind == REQUEST_WATCH)
			c->stage = STAGE_WATCHING;
		else
			finish_request(c);
	}
	arena_free(a);
}

static bool is_asked_for(const struct conversation *c, const char *name, size_t *at)
{
	for (size_t i = 0; i < c->request.n; i++) {
		*at = i;
		if (strcmp(c->request.names[i], name) == 0)
			return true;
	}
	return c->request.n == 0;
}

/* Will it be told anyway, or is it not asked for? */
static bool passes_by(const struct conversation *c, const char *name)
{
	size_t at = 0;

	if (c->dead || c->ending || c->request.kind != REQUEST_WATCH ||
	    (c->stage != STAGE_TELLING && c->stage != STAGE_WATCHING) ||
	    !is_asked_for(c, name, &at))
		return true;
	if (c->stage == STAGE_WATCHING)
		return false;
	return c->request.n ? at >= c->next : strcmp(name, c->last) > 0;
}

static void tell_change(struct conversation *c, const struct answer *answer)
{
	put(c, answer);
	flush(c, c->since);
	if (!c->dead && behind(c) > CONTROL_BEHIND)
		conversation_drop(c);
}

void conversation_tell(struct conversation *c, const struct standing *s)
{
	if (!passes_by(c, s->name))
		tell_change(c, &(struct answer){.kind = ANSWER_STANDING, .standing = *s});
}

void conversation_tell_gone(struct conversation *c, const char *name)
{
	if (!passes_by(c, name))
		tell_change(c, &(struct answer){.kind = ANSWER_GONE, .name = name});
}

/* --- requests ------------------------------------------------------------------------------------
 */

static void hello(struct conversation *c)
{
	const struct control_identity *i = c->house->identity;

	put(c, &(struct answer){
		   .kind = ANSWER_HELLO,
		   .pid = (int)getpid(),
		   .program = EVENKEEL_VERSION,
		   .directory = i->directory,
		   .lxcpath = i->lxcpath,
		   .host = i->host,
		   .etc = i->etc,
		   .owner = i->owner,
		   .observe = i->observe,
	       });
}

static void managed(struct conversation *c)
{
	const struct house *h = c->house;
	struct answer answer = {.kind = ANSWER_MANAGED};

	answer.names = arena_alloc(c->arena, (c->request.n + 1) * sizeof(*answer.names));
	for (size_t i = 0; i < c->request.n; i++)
		if (h->calls->managed(h->context, c->request.names[i]))
			answer.names[answer.n++] = c->request.names[i];
	put(c, &answer);
}

static void start_telling(struct conversation *c)
{
	c->stage = STAGE_TELLING;
	c->last[0] = '\0';
	c->next = 0;
	c->told = false;
}

static void status(struct conversation *c)
{
	c->stage = STAGE_SETTLING;
	if (!c->request.settle || c->house->calls->settle(c->house->context, c->id))
		start_telling(c);
}

static void apply(struct conversation *c)
{
	const struct request *r = &c->request;
	const struct control_apply asked = {
	    .names = r->names,
	    .n = r->n,
	    .verbosity = r->verbosity,
	    .json = r->json,
	    .color = r->color,
	    .all = r->all,
	    .show_secrets = r->show_secrets,
	};

	c->stage = STAGE_APPLYING;
	c->house->calls->apply(c->house->context, c->id, &asked);
}

static void poke(struct conversation *c)
{
	c->house->calls->poke(c->house->context);
	put(c, &(struct answer){.kind = ANSWER_DONE});
}

static void answer_request(struct conversation *c)
{
	switch (c->request.kind) {
	case REQUEST_HELLO:
		hello(c);
		break;
	case REQUEST_STATUS:
	case REQUEST_WATCH:
		status(c);
		return;
	case REQUEST_APPLY:
		apply(c);
		return;
	case REQUEST_POKE:
		poke(c);
		break;
	case REQUEST_MANAGED:
		managed(c);
		break;
	}
	finish_request(c);
}

static char *line_end(const struct conversation *c)
{
	return c->n_in ? memchr(c->in, '\n', c->n_in) : NULL;
}

/* What is no request ends the conversation: garbage is answered once. */
static void take_request(struct conversation *c)
{
	char *end = line_end(c);
	const char *why = NULL;
	size_t n;

	if (!end && c->n_in == MESSAGE_REQUEST)
		conversation_refuse(c, "a request of more than 64 KiB");
	if (!end)
		return;
	n = (size_t)(end - c->in);
	arena_free(c->arena);
	c->arena = arena_new();
	if (request_parse(c->in, n, c->arena, &c->request, &why) < 0) {
		conversation_refuse(c, why);
		finish_request(c);
		return;
	}
	c->n_in -= n + 1;
	memmove(c->in, end + 1, c->n_in);
	answer_request(c);
}

/* Nothing may be said while another answer is under way. */
static void receive(struct conversation *c)
{
	ssize_t n;

	if (!c->in)
		c->in = malloc(MESSAGE_REQUEST);
	if (!c->in) {
		conversation_drop(c);
		return;
	}
	do
		n = recv(c->fd, c->in + c->n_in, MESSAGE_REQUEST - c->n_in, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n > 0 && c->stage != STAGE_IDLE)
		conversation_drop(c);
	else if (n > 0)
		c->n_in += (size_t)n;
	else if (n == 0)
		c->eof = true;
	else if (errno != EAGAIN)
		conversation_drop(c);
	if (!c->dead && c->n_in == 0) {
		free(c->in);
		c->in = NULL;
	}
}

void conversation_turn(struct conversation *c, unsigned events, uint64_t now)
{
	if (c->since == 0)
		c->since = now;
	if (events & (EPOLLHUP | EPOLLERR))
		conversation_drop(c);
	if (!c->dead && events & EPOLLIN && conversation_interest(c) & EPOLLIN)
		receive(c);
	if (!c->dead && behind(c) == 0 && !c->ending) {
		if (c->stage == STAGE_IDLE)
			take_request(c);
		else if (c->stage == STAGE_TELLING)
			tell(c);
	}
	flush(c, now);
	if (c->dead || behind(c) > 0)
		return;
	if (c->ending || (c->eof && c->stage == STAGE_IDLE && !line_end(c)))
		conversation_drop(c);
}

unsigned conversation_interest(const struct conversation *c)
{
	unsigned events = 0;
	bool more = c->stage == STAGE_IDLE && line_end(c);

	if (behind(c) > 0 || c->ending || more || c->stage == STAGE_TELLING)
		events |= EPOLLOUT;
	if (!c->eof && !c->ending &&
	    (c->stage == STAGE_WATCHING || (c->stage == STAGE_IDLE && !more && behind(c) == 0)))
		events |= EPOLLIN;
	return events;
}

uint64_t conversation_deadline(const struct conversation *c)
{
	bool busy =
	    c->stage == STAGE_WATCHING || c->stage == STAGE_SETTLING || c->stage == STAGE_APPLYING;

	if (c->stage == STAGE_WATCHING || (busy && behind(c) == 0))
		return UINT64_MAX;
	return c->since == 0 ? 0 : c->since + CONVERSATION_PATIENCE;
}

/* --- from the daemon
 * ------------------------------------------------------------------------------ */

void conversation_print(struct conversation *c, bool error, const char *text, size_t n)
{
	if (c->stage != STAGE_APPLYING)
		return;
	put_text(c, error, text, n);
	flush(c, c->since);
	if (!c->dead && behind(c) > OUTPUT_MOST)
		conversation_drop(c);
}

void conversation_end(struct conversation *c, int exit_status)
{
	if (c->stage != STAGE_APPLYING)
		return;
	put(c, &(struct answer){.kind = ANSWER_END, .status = exit_status});
	finish_request(c);
	flush(c, c->since);
}

void conversation_settled(struct conversation *c)
{
	if (c->stage != STAGE_SETTLING)
		return;
	start_telling(c);
	c->since = 0;
}
