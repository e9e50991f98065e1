/*
 * hearing - what linkwatch is tested with: interfaces that come, change and go, here and in other
 * network namespaces, and what is told of them.
 * All in a network namespace of the test's own, so that nothing of the machine is touched.
 */
#pragma once

#include "net/linkwatch.h"

#include "net/netlink.h"
#include "tests/skip.h"

#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the other side ---- */

/* Another network namespace, as it is known here. */
struct other {
	int fd, nsid;
	struct netlink *nl;
};

/* What is asked of an interface. */
struct wish {
	const char *name, *kind, *alias, *hwaddr, *altname;
	uint32_t mtu, group;
	const char *peer;           /* of a veth: its other end, ... */
	const struct other *beyond; /* ... in there; else: where it is moved to */
	int master;                 /* index; -1: none */
	int up;                     /* 1, or -1: down */
};

/* Makes an interface, and tells its index; changes it; takes it away. Each has to work. */
int add(struct wish w);
int add_in(struct netlink *nl, struct wish w);
void change(int index, struct wish w);
void change_in(struct netlink *nl, int index, struct wish w);
void drop(int index);
void drop_in(struct netlink *nl, int index);
int index_in(struct netlink *nl, const char *name);
/* The same as a bare request: 0 or -errno. */
int request(struct netlink *nl, int type, int flags, int index, const struct wish *w);
struct nl_msg *message(int type, int flags, int index, const struct wish *w);

struct other other_open(void);
void other_close(struct other *o);

/* A queueing discipline, and a static route, of an interface; by another process. */
int queue_request(int type, int index);
int route_request(int type, int index);
int by_somebody_else(int (*what)(int type, int index), int type, int index);

/* ---- what is told ---- */

struct told {
	char names[256];
	size_t n;
};

/* For linkwatch_read, with a struct told. */
void note(void *context, const char *owner);
/* All that is told until nothing is left to be read. */
const char *told(struct linkwatch *w);
void hold(struct linkwatch *w, const char *owner, int nsid, int index, const char *name);

/* ---- each test ---- */

/* Before all of them. */
void hearing_enter(void);
int hearing_setup(void **state);
int hearing_teardown(void **state);
/* Skips where there is no namespace to be had. */
struct linkwatch *watch(void **state);

#define test(f) cmocka_unit_test_setup_teardown(f, hearing_setup, hearing_teardown)
