/*
 * netlink - rtnetlink sockets: requests with their answers, and network namespaces by number.
 * Requests are libnl messages. A refusal is an errno, and what the kernel said of it in words.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct nl_msg;
struct nlmsghdr;

/* A connected NETLINK_ROUTE socket. Not for two threads at once. */
struct netlink;

/* The calling thread's socket in the host's network namespace: the one the program runs in. Made
 * when first asked for, closed with the thread. NULL with errno. */
struct netlink *netlink_here(void);

/* A socket in the network namespace behind NETNS_FD, to be closed at once: it keeps that namespace
 * alive. NULL with errno. The thread is in its own namespace again afterwards; if it cannot go back
 * the program ends. */
struct netlink *netlink_in(int netns_fd);
void netlink_close(struct netlink *nl);

/* This host's number for the namespace behind NETNS_FD; one is given to it if it has none. -errno.
 */
int netlink_nsid(struct netlink *nl, int netns_fd);

/* The number that NL's own namespace has for itself: an interface of another one whose peer is here
 * is told with it. One is given to it if it has none. -errno. */
int netlink_self(struct netlink *nl);

/* Sends MSG, which is used up (NULL: -ENOMEM), and waits for its answer. REPLY (may be NULL) is
 * called for each message of the answer. 0 or -errno; netlink_said has the kernel's words. A dump
 * that was interrupted is -EAGAIN. REPLY must not ask NL anything: the answer lies in its buffer.
 */
int netlink_ask(struct netlink *nl, struct nl_msg *msg,
		void (*reply)(const struct nlmsghdr *h, void *context), void *context);

/* The same for a dump, which is taken again when it changed under our eyes: each time BEGIN (may be
 * NULL) is called first. -EAGAIN: it did so all the time. */
int netlink_dump(struct netlink *nl, struct nl_msg *msg, void (*begin)(void *context),
		 void (*reply)(const struct nlmsghdr *h, void *context), void *context);

/* Sends N messages, used up, in as few system calls as may be, and waits for all acknowledgements:
 * ERRORS[i] is 0 or -errno. The kernel carries them out in order and goes on after a refusal.
 * Returns the first error. */
int netlink_batch(struct netlink *nl, struct nl_msg **msgs, size_t n, int *errors);

/* The same with answers: REPLY is told which message each is for. No dumps: of each message of an
 * answer there may be one only. */
int netlink_gather(struct netlink *nl, struct nl_msg **msgs, size_t n, int *errors,
		   void (*reply)(size_t i, const struct nlmsghdr *h, void *context), void *context);

/* What the kernel said with the last refusal, such as "Unknown device type"; "" if nothing. */
const char *netlink_said(const struct netlink *nl);

/* ERROR, which was found before anything was asked: the kernel has no words for it. */
int netlink_unasked(struct netlink *nl, int error);

/* -errno for a libnl error (negative, or its absolute value). */
int netlink_errno(int nl_error);
