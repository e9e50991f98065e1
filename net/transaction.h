/*
 * transaction - requests that hold together: sent in one go, each with what would undo it.
 */
#pragma once

#include <stddef.h>

struct netlink;
struct nl_msg;

#define TRANSACTION_MOST 16

/* For whoever reads of a refusal. */
struct step {
	const char *what;  /* "the HTB qdisc 656b:" */
	const char *needs; /* the part of the kernel that -ENOENT says is missing; NULL: none */
};

struct transaction {
	struct nl_msg *msgs[TRANSACTION_MOST], *undos[TRANSACTION_MOST];
	const struct step *steps[TRANSACTION_MOST];
	int errors[TRANSACTION_MOST];
	size_t n;
	size_t failed; /* the first that was refused */
	int error;     /* and why */
	char said[256];
};

/* MSG and UNDO (NULL: nothing to undo) are used up. A MSG that is NULL is one there was no memory
 * for. */
void transaction_add(struct transaction *t, const struct step *step, struct nl_msg *msg,
		     struct nl_msg *undo);

/* Sends all. 0, or the first refusal; nothing is undone yet. */
int transaction_run(struct transaction *t, struct netlink *nl);

/* Step I was refused; MSG, used up, is tried in its place. Returns what then is the first refusal,
 * or 0. */
int transaction_retry(struct transaction *t, struct netlink *nl, size_t i, struct nl_msg *msg);

/* Undoes, the last one first, what was carried out. */
void transaction_undo(struct transaction *t, struct netlink *nl);

/* It shall hold. Either this or transaction_undo ends it. */
void transaction_keep(struct transaction *t);
