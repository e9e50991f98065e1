/*
 * own_netns - network namespaces of a test's own: it is root over them without being root.
 */
#pragma once

#include "net/link.h"
#include "net/netlink.h"
#include "tests/skip.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int own_netns_error;

/* A group's set-up. */
static inline int own_netns_enter(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0 && unshare(CLONE_NEWNET) < 0)
		own_netns_error = errno;
	return 0;
}

static inline int own_netns_fd(void)
{
	return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

/* First in each test: its thread's socket. */
static inline struct netlink *own_netlink(void)
{
	struct netlink *nl;

	if (own_netns_error)
		skip_because("no network namespace of its own: %s", strerror(own_netns_error));
	nl = netlink_here();
	assert_non_null(nl);
	return nl;
}

/* Another one, empty. */
static inline int own_netns_another(void)
{
	int home = own_netns_fd(), fd;

	assert_true(home >= 0);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	fd = own_netns_fd();
	assert_int_equal(setns(home, CLONE_NEWNET), 0);
	close(home);
	assert_true(fd >= 0);
	return fd;
}

static inline bool own_netns_same(int x, int y)
{
	struct stat a, b;

	return fstat(x, &a) == 0 && fstat(y, &b) == 0 && a.st_ino == b.st_ino;
}

static inline int own_netns_veth(struct netlink *nl, const char *name, int netns_fd,
				 const char *peer)
{
	const struct link_veth v = {.name = name, .netns_fd = netns_fd, .peer_name = peer};

	return link_add_veth(nl, &v);
}

static inline struct link own_netns_link(struct netlink *nl, int nsid, const char *name)
{
	struct link l;

	assert_int_equal(link_by_name(nl, nsid, name, &l), 0);
	return l;
}

static inline void own_netns_drop(struct netlink *nl, const char *name)
{
	struct link l = own_netns_link(nl, LINK_HERE, name);

	assert_int_equal(link_delete(nl, l.index), 0);
}
