/*
 * message - what goes over the daemon's socket: requests and answers, one JSON object a line.
 * Pure functions of bytes, for both ends. Each message has a version; an end that is spoken to in
 * another one says so. What is not known of a message is not read; what is needed is checked.
 */
#pragma once

#include "reconciler/standing.h"

#define MESSAGE_VERSION 1
#define MESSAGE_REQUEST (64 * 1024)       /* bytes of a request's line, its line break included */
#define MESSAGE_ANSWER (16 * 1024 * 1024) /* of an answer's */

enum request_kind {
	REQUEST_HELLO,   /* who are you? */
	REQUEST_STATUS,  /* how do they stand? */
	REQUEST_WATCH,   /* the same, and from then on each change */
	REQUEST_APPLY,   /* look at everything, make it so, and say what was done */
	REQUEST_POKE,    /* the file of pauses has changed */
	REQUEST_MANAGED, /* which of these have a manifest? */
};

struct request {
	enum request_kind kind;
	const char **names; /* of instances; none: all */
	size_t n;
	bool digest;       /* status: with that of the manifests */
	bool settle;       /* status, watch: once all that is in the files has been acted upon */
	bool show_secrets; /* status, watch, apply */
	/* apply */
	int verbosity;
	bool json, color, all;
};

enum answer_kind {
	ANSWER_HELLO,    /* about the daemon */
	ANSWER_STANDING, /* standing */
	ANSWER_GONE,     /* name: its manifest went */
	ANSWER_UNKNOWN,  /* name: no manifest is about it */
	ANSWER_READY,    /* all of them have been told; generation and trouble */
	ANSWER_OUTPUT,   /* text, for standard error where error is set */
	ANSWER_END,      /* status: to exit with */
	ANSWER_DONE,     /* it is heard */
	ANSWER_MANAGED,  /* names */
	ANSWER_REFUSED,  /* text: why */
};

struct answer {
	enum answer_kind kind;
	/* hello */
	int pid;
	const char *program, *directory, *lxcpath, *host, *etc, *owner;
	bool observe;
	struct standing standing;
	const char *name, *text, *generation;
	const char **names;
	size_t n;
	bool error, trouble;
	int status;
};

/* Reads a line, without its line break, into A. 0, or -EINVAL with *WHY, a line for the peer. */
int request_parse(const char *line, size_t size, struct arena *a, struct request *out,
		  const char **why);
int answer_parse(const char *line, size_t size, struct arena *a, struct answer *out,
		 const char **why);

/* Lines, with their line break; *SIZE bytes in A. */
char *request_print(const struct request *r, struct arena *a, size_t *size);
char *answer_print(const struct answer *r, bool show_secrets, struct arena *a, size_t *size);
