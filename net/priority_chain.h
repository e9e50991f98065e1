/*
 * priority_chain - the table, the chains and the rules of nic priorities as messages.
 */
#pragma once

#include "net/link.h"

struct nl_msg;
struct nlattr;

#define PRIORITY_TABLE "evenkeel"
#define PRIORITY_CHAIN "prio-"
#define PRIORITY_CHAIN_SIZE 20
/* A dump that changed under our eyes is taken again, so many times at most. */
#define PRIORITY_MOST_DUMPS 8

void priority_chain_name(int index, char name[PRIORITY_CHAIN_SIZE]);

/* A request about the table, a chain, or the rules of one. */
struct nl_msg *priority_table(int type, int flags);
struct nl_msg *priority_chain(int type, int flags, const char *chain);
struct nl_msg *priority_rule(int type, int flags, const char *chain);

struct nl_msg *priority_make_chain(const char *chain, const char *device);
struct nl_msg *priority_make_rule(const char *chain, uint32_t value);

/* Is this attribute TEXT, with its NUL or without? */
bool priority_is_text(struct nlattr *a, const char *text);

/* A chain as it was found. */
struct priority_reading {
	const char *device;
	bool chain_fits; /* it hangs where it should */
	int rules;
	bool rule_fits; /* the last one does nothing but set the priority */
	uint32_t value;
};

/* 0 or -errno; -ENOENT: there is none. */
int priority_look(const struct link *host_end, struct priority_reading *r);
bool priority_is_whole(const struct priority_reading *r);
