/*
 * tcmessage - messages of traffic control: what every request and answer has.
 */
#pragma once

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <stdint.h>

struct tcmsg;

/* A request with its header, and KIND unless that is NULL. NULL: no memory. Attributes of a few
 * hundred bytes always fit. */
struct nl_msg *tcmessage_new(int type, int flags, const struct tcmsg *header, const char *kind);

/* An answer taken apart. */
struct tcanswer {
	const struct tcmsg *header;
	const char *kind;       /* "" if it says none */
	struct nlattr *options; /* NULL: none */
	struct nlattr *stats;   /* TCA_STATS2; NULL: none */
	bool block;             /* its filters are a block that other devices share */
};
bool tcanswer_parse(const struct nlmsghdr *h, int type, struct tcanswer *out);

/* Copies N bytes of an attribute's; what it lacks is zero. */
void tcanswer_copy(const struct nlattr *a, void *out, size_t n);

/* What a class or a qdisc has counted. */
struct tccounters {
	uint64_t bytes, packets, drops;
};
void tcanswer_counters(const struct tcanswer *a, struct tccounters *out);
