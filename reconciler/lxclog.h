/*
 * lxclog - what liblxc says when it refuses: the first error of its log, as one line.
 */
#pragma once

struct arena;
struct lxclog;

/* From now on liblxc's errors are gathered. Once per process. */
struct lxclog *lxclog_new(struct arena *a);
/* The same in the file where lxc-start(1) keeps a container's log: the monitor goes on writing to
 * it. */
struct lxclog *lxclog_for_start(const char *lxcpath, const char *name, struct arena *a);

/* "WHAT: the first error since"; WHAT alone when there was none. */
const char *lxclog_reason(const struct lxclog *l, const char *what, struct arena *a);
