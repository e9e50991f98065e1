/*
 * conversation - the daemon's end of one connection: bytes come in, answers wait to go out.
 * Never waits; what it may hold and for how long is bounded. Who owns it looks after its fd: see
 * reconciler/control.
 */
#pragma once

#include "reconciler/control.h"
#include "reconciler/message.h"

#define CONVERSATION_PATIENCE UINT64_C(10000000000) /* ns without progress */

enum stage {
	STAGE_IDLE,     /* a request may come */
	STAGE_SETTLING, /* it is waited for what the files say by now */
	STAGE_TELLING,  /* standings are being told */
	STAGE_WATCHING, /* changes are told as they come */
	STAGE_APPLYING, /* the daemon is at it */
};

/* Who answers. */
struct house {
	const struct control_identity *identity;
	const struct control_calls *calls;
	void *context;
};

struct conversation {
	uint64_t id;
	int fd;
	const struct house *house;
	enum stage stage;
	bool eof;       /* no more requests */
	bool ending;    /* closed once all has gone out */
	bool dead;      /* its fd is closed */
	uint64_t since; /* of its last progress; 0: noted with the next dispatch */
	char *in;
	size_t n_in;
	char *out;
	size_t at, n_out, capacity;
	struct arena *arena; /* of the request in hand */
	struct request request;
	char last[64];     /* TELLING all: the name told last */
	size_t next;       /* TELLING names: the one to come */
	bool told;         /* TELLING: the last name was */
	unsigned interest; /* as epoll was told */
};

struct conversation *conversation_new(const struct house *house, uint64_t id, int fd);
void conversation_free(struct conversation *c);
/* Closes it at once; what it has in hand is dropped. */
void conversation_drop(struct conversation *c);

/* The socket is readable, writable, or its peer has gone: EVENTS of epoll. One request, or one
 * piece of an answer, at a time. */
void conversation_turn(struct conversation *c, unsigned events, uint64_t now);

/* The events to wait for. */
unsigned conversation_interest(const struct conversation *c);
/* When it is dropped unless there is progress; UINT64_MAX: never. */
uint64_t conversation_deadline(const struct conversation *c);

/* Answers from the daemon. */
void conversation_print(struct conversation *c, bool error, const char *text, size_t n);
void conversation_end(struct conversation *c, int status);
void conversation_settled(struct conversation *c);
void conversation_tell(struct conversation *c, const struct standing *s);
void conversation_tell_gone(struct conversation *c, const char *name);
/* The only answer there will be. */
void conversation_refuse(struct conversation *c, const char *why);
