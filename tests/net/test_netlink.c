#include "tests/net/own_netns.h"

#include <dirent.h>
#include <limits.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define LOOPBACK 1

static size_t count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* Sets the queue length of INDEX, and an alias of so many bytes. */
static struct nl_msg *change_message(int index, uint32_t txqueuelen, size_t alias)
{
	struct ifinfomsg which = {.ifi_family = AF_UNSPEC, .ifi_index = index};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_SETLINK, 0);
	char text[256];

	memset(text, 'a', sizeof(text));
	assert_non_null(msg);
	assert_int_equal(nlmsg_append(msg, &which, sizeof(which), NLMSG_ALIGNTO), 0);
	assert_int_equal(nla_put_u32(msg, IFLA_TXQLEN, txqueuelen), 0);
	if (alias)
		assert_int_equal(nla_put(msg, IFLA_IFALIAS, (int)alias, text), 0);
	return msg;
}

/* --- whose sockets ------------------------------------------------------------------------------
 */

static void *take_a_socket(void *out)
{
	struct netlink *nl = netlink_here();
	struct link l;

	*(struct netlink **)out = nl && nl == netlink_here() ? nl : NULL;
	return (void *)(intptr_t)(nl ? link_by_index(nl, LINK_HERE, LOOPBACK, &l) : -1);
}

static void each_thread_has_one_and_closes_it(void **state)
{
	struct netlink *nl = own_netlink(), *others = NULL;
	size_t before = count_fds();

	(void)state;
	assert_ptr_equal(nl, netlink_here());
	for (int i = 0; i < 20; i++) {
		pthread_t thread;
		void *error = NULL;

		assert_int_equal(pthread_create(&thread, NULL, take_a_socket, &others), 0);
		assert_int_equal(pthread_join(thread, &error), 0);
		assert_null(error);
		assert_non_null(others);
		assert_ptr_not_equal(others, nl);
	}
	assert_int_equal(count_fds(), before);
}

static void a_child_does_not_read_its_parents_answers(void **state)
{
	struct netlink *nl = own_netlink();
	struct link l;
	int status = 0;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		struct netlink *mine = netlink_here();

		for (int i = 0; i < 200; i++)
			if (!mine || link_by_index(mine, LINK_HERE, LOOPBACK, &l) < 0)
				_exit(1);
		_exit(0);
	}
	for (int i = 0; i < 200; i++)
		assert_int_equal(link_by_index(nl, LINK_HERE, LOOPBACK, &l), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void looks_into_another_namespace_and_comes_back(void **state)
{
	struct netlink *nl = own_netlink(), *in;
	int home = own_netns_fd(), other = own_netns_another(), now;
	size_t before = count_fds();
	struct link l;

	(void)state;
	assert_int_equal(own_netns_veth(nl, "here0", other, "inside0"), 0);
	in = netlink_in(other);
	assert_non_null(in);
	assert_int_equal(link_by_name(in, LINK_HERE, "inside0", &l), 0);
	assert_int_equal(link_by_name(in, LINK_HERE, "here0", &l), -ENODEV);
	now = own_netns_fd();
	assert_true(own_netns_same(home, now));
	close(now);
	assert_int_equal(link_by_name(nl, LINK_HERE, "here0", &l), 0);
	netlink_close(in);
	netlink_close(NULL);
	assert_int_equal(count_fds(), before);
	own_netns_drop(nl, "here0");
	close(other);
	close(home);
}

static void what_is_no_namespace_is_refused(void **state)
{
	int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct netlink *nl = own_netlink();
	size_t before = count_fds();

	(void)state;
	errno = 0;
	assert_null(netlink_in(file));
	assert_int_equal(errno, EINVAL);
	assert_null(netlink_in(-1));
	assert_int_equal(errno, EBADF);
	assert_int_equal(netlink_nsid(nl, file), -EINVAL);
	assert_true(netlink_nsid(nl, -1) < 0);
	assert_int_equal(count_fds(), before);
	close(file);
}

static void a_namespace_has_one_number(void **state)
{
	struct netlink *nl = own_netlink();
	int home = own_netns_fd(), one = own_netns_another(), two = own_netns_another();
	int first = netlink_nsid(nl, one), second = netlink_nsid(nl, two);

	(void)state;
	assert_true(first >= 0 && second >= 0);
	assert_int_not_equal(first, second);
	assert_int_equal(netlink_nsid(nl, one), first);
	assert_int_equal(netlink_nsid(nl, two), second);
	assert_true(netlink_self(nl) >= 0);
	assert_int_equal(netlink_self(nl), netlink_nsid(nl, home));
	assert_int_not_equal(netlink_self(nl), first);
	close(one);
	close(two);
	close(home);
}

/* --- answers ------------------------------------------------------------------------------------
 */

static void keeps_the_kernels_words_until_the_next_answer(void **state)
{
	struct netlink *nl = own_netlink();
	struct link l;

	(void)state;
	assert_false(link_kind_known(nl, "ek-no-such"));
	assert_string_equal(netlink_said(nl), "Unknown device type");
	assert_int_equal(link_by_index(nl, LINK_HERE, LOOPBACK, &l), 0);
	assert_string_equal(netlink_said(nl), "");
	assert_false(link_kind_known(nl, "ek-no-such"));
	assert_int_equal(link_delete(nl, 0), -ENODEV);
	assert_string_equal(netlink_said(nl), "");
}

static void no_message_is_no_memory(void **state)
{
	(void)state;
	assert_int_equal(netlink_ask(own_netlink(), NULL, NULL, NULL), -ENOMEM);
}

#define MANY 300

static const struct batch_case {
	const char *title;
	size_t n, alias, refused, refused_too; /* from 1; 0: none */
} batch_cases[] = {
    {"one",			1,    0,   0,   0   },
    {"one refused",                1,    0,   1,   0   },
    {"some",		       100,  0,   0,   0   },
    {"one refused in the middle",  100,  0,   50,  0   },
    {"the last refused",           100,  0,   100, 0   },
    {"first and last refused",     MANY, 0,   1,   MANY},
    {"where one system call ends", MANY, 0,   128, 129 },
    {"long ones",		  MANY, 250, 200, 0   },
};

static void check_batch(struct netlink *nl, const struct batch_case *c)
{
	struct nl_msg *msgs[MANY];
	int errors[MANY], first = c->refused ? -ENODEV : 0;
	struct link l;
	size_t last = 0;

	for (size_t i = 1; i <= c->n; i++) {
		bool refused = i == c->refused || i == c->refused_too;

		msgs[i - 1] = change_message(refused ? INT_MAX : LOOPBACK, (uint32_t)i, c->alias);
		errors[i - 1] = 77;
		if (!refused)
			last = i;
	}
	assert_int_equal(netlink_batch(nl, msgs, c->n, errors), first);
	for (size_t i = 1; i <= c->n; i++)
		assert_int_equal(errors[i - 1],
				 i == c->refused || i == c->refused_too ? -ENODEV : 0);
	assert_int_equal(link_by_index(nl, LINK_HERE, LOOPBACK, &l), 0);
	if (last)
		assert_int_equal(l.txqueuelen, last);
}

static void a_refusal_in_a_batch_stops_nothing(void **state)
{
	struct netlink *nl = own_netlink();

	(void)state;
	assert_int_equal(netlink_batch(nl, NULL, 0, NULL), 0);
	for (size_t i = 0; i < sizeof(batch_cases) / sizeof(batch_cases[0]); i++) {
		print_message("%s\n", batch_cases[i].title);
		check_batch(nl, &batch_cases[i]);
	}
}

/* What was lost is not taken for success, and does not spoil what is asked next. */
static void lost_answers_are_errors(void **state)
{
	int home = own_netns_fd(), first = dup(home), fd = dup(home), size = 1;
	struct nl_msg *msgs[MANY];
	int errors[MANY];
	struct netlink *nl;
	struct link l;

	(void)state;
	own_netlink();
	/* the lowest that are free: its way home's, and the socket's */
	close(first);
	close(fd);
	nl = netlink_in(home);
	assert_non_null(nl);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
	for (size_t i = 0; i < MANY; i++)
		msgs[i] = change_message(INT_MAX, 1, 0);
	assert_true(netlink_batch(nl, msgs, MANY, errors) < 0);
	for (size_t i = 0; i < MANY; i++)
		assert_true(errors[i] == -ENODEV || errors[i] == -ENOBUFS);
	assert_int_equal(errors[127], -ENOBUFS);
	size = 1 << 20;
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(link_by_index(nl, LINK_HERE, LOOPBACK, &l), 0);
		assert_int_equal(l.index, LOOPBACK);
		assert_int_equal(link_by_index(nl, LINK_HERE, INT_MAX, &l), -ENODEV);
	}
	netlink_close(nl);
	close(home);
}

/* Container root may send to sockets in its namespace: not to ours. */
static void only_the_kernel_can_answer(void **state)
{
	int home = own_netns_fd(), first = dup(home), fd = dup(home), forger;
	struct sockaddr_nl to = {0};
	socklen_t size = sizeof(to);
	struct netlink *nl;
	char forged[64] = {0};

	(void)state;
	own_netlink();
	close(first);
	close(fd);
	nl = netlink_in(home);
	assert_non_null(nl);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&to, &size), 0);
	assert_true(to.nl_pid != 0);
	forger = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	assert_true(forger >= 0);
	assert_int_equal(sendto(forger, forged, sizeof(forged), 0, (struct sockaddr *)&to, size),
			 -1);
	assert_int_equal(errno, ECONNREFUSED);
	close(forger);
	netlink_close(nl);
	close(home);
}

static const struct {
	int nl, error;
} errno_cases[] = {
    {0,	      0        },
    {-NLE_NODEV,     -ENODEV  },
    {NLE_NODEV,      -ENODEV  },
    {-NLE_EXIST,     -EEXIST  },
    {-NLE_PERM,      -EPERM   },
    {-NLE_DUMP_INTR, -EAGAIN  },
    {-NLE_ATTRSIZE,  -EMSGSIZE},
    {-NLE_MAX - 1,   -EIO     },
    {INT_MAX,        -EIO     },
    {INT_MIN,        -EIO     },
};

static void libnls_errors_are_errnos(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(errno_cases) / sizeof(errno_cases[0]); i++)
		assert_int_equal(netlink_errno(errno_cases[i].nl), errno_cases[i].error);
	for (int i = 1; i <= NLE_MAX; i++)
		assert_true(netlink_errno(i) < 0 && netlink_errno(i) == netlink_errno(-i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_thread_has_one_and_closes_it),
	    cmocka_unit_test(a_child_does_not_read_its_parents_answers),
	    cmocka_unit_test(looks_into_another_namespace_and_comes_back),
	    cmocka_unit_test(what_is_no_namespace_is_refused),
	    cmocka_unit_test(a_namespace_has_one_number),
	    cmocka_unit_test(keeps_the_kernels_words_until_the_next_answer),
	    cmocka_unit_test(no_message_is_no_memory),
	    cmocka_unit_test(a_refusal_in_a_batch_stops_nothing),
	    cmocka_unit_test(lost_answers_are_errors),
	    cmocka_unit_test(only_the_kernel_can_answer),
	    cmocka_unit_test(libnls_errors_are_errnos),
	};

	return cmocka_run_group_tests(tests, own_netns_enter, NULL);
}
