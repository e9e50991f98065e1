#include "tests/integration/traffic.h"

#include "tests/integration/daemon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define FIRST_PORT 5300
#define RECEIVE_BUFFER (32 << 20)
#define QUIET 300    /* ms without a packet: all have arrived */
#define LAG 2000000L /* ns behind its time that a sender makes up for */
#define MOST_FRAME 9000
#define BILLION 1000000000LL

/* What both sides of a flow tell, in memory they share. */
struct tally {
	_Atomic uint64_t sent, arrived;
	_Atomic bool listening, over;
};

struct traffic {
	struct harness *h;
	struct tally *tally; /* NULL: a stream */
	pid_t pids[2];       /* the receiver or server; the sender or client */
	struct traffic *next;
};

static struct traffic *going;

/* ---- processes ---- */

/* 0: in the child, which is where IN says: a container's network, or NULL: here. */
static pid_t fork_in(struct harness *h, const char *in)
{
	pid_t parent = getpid(), init = in ? harness_init(h, in) : 0, pid;
	char path[64];
	int fd;

	fflush(NULL);
	pid = fork();
	if (pid != 0) {
		assert_true(pid > 0);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	if (in) {
		snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)init);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
			_exit(2);
		close(fd);
	}
	return 0;
}

static void end_process(pid_t *pid)
{
	if (*pid <= 0)
		return;
	kill(*pid, SIGKILL);
	waitpid(*pid, NULL, 0);
	*pid = 0;
}

static struct traffic *begin(struct harness *h)
{
	struct traffic *t = arena_alloc(h->arena, sizeof(*t));

	*t = (struct traffic){.h = h, .next = going};
	going = t;
	return t;
}

static void end(struct traffic *t)
{
	for (struct traffic **at = &going; *at; at = &(*at)->next) {
		if (*at == t) {
			*at = t->next;
			break;
		}
	}
	for (int i = 1; i >= 0; i--)
		end_process(&t->pids[i]);
	if (t->tally)
		munmap(t->tally, sizeof(*t->tally));
	t->tally = NULL;
}

void traffic_end_all(void)
{
	while (going)
		end(going);
}

static unsigned next_port(void)
{
	static unsigned port = FIRST_PORT;

	return port++;
}

/* ---- flows ---- */

static struct sockaddr_in address_of(const char *text, unsigned port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	inet_pton(AF_INET, text, &a.sin_addr);
	return a;
}

static _Noreturn void receive(struct tally *tally, const char *address, unsigned port)
{
	struct sockaddr_in a = address_of(address, port);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), size = RECEIVE_BUFFER;
	char frame[MOST_FRAME];

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		_exit(3);
	tally->listening = true;
	while (recv(fd, frame, sizeof(frame), 0) >= 0)
		tally->arrived++;
	_exit(4);
}

static long long clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * BILLION + t.tv_nsec;
}

static void sleep_until(long long when)
{
	struct timespec t = {when / BILLION, when % BILLION};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

static _Noreturn void send_paced(struct tally *tally, const char *address, unsigned port,
				 long long interval, size_t size)
{
	struct sockaddr_in a = address_of(address, port);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char frame[MOST_FRAME] = {0};
	long long when, now;

	prctl(PR_SET_TIMERSLACK, 1UL);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		_exit(3);
	for (when = clock_ns(); !tally->over; when += interval) {
		sleep_until(when);
		now = clock_ns();
		if (now - when > LAG)
			when = now;
		if (send(fd, frame, size - TRAFFIC_HEADERS, 0) >= 0)
			tally->sent++;
	}
	_exit(0);
}

struct traffic *traffic_flow(struct harness *h, const struct traffic_ends *e, enum traffic_way way,
			     uint64_t bits, size_t size)
{
	const char *from = way == TRAFFIC_IN ? NULL : e->container;
	const char *to = way == TRAFFIC_IN ? e->container : NULL;
	const char *address = way == TRAFFIC_IN ? e->inside : e->outside;
	long long interval = (long long)size * 8 * BILLION / (long long)bits;
	unsigned port = next_port();
	struct traffic *t = begin(h);

	assert_true(size > TRAFFIC_HEADERS && size < MOST_FRAME);
	t->tally = mmap(NULL, sizeof(*t->tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	assert_true(t->tally != MAP_FAILED);
	t->pids[0] = fork_in(h, to);
	if (t->pids[0] == 0)
		receive(t->tally, address, port);
	while (!t->tally->listening) {
		assert_int_equal(waitpid(t->pids[0], NULL, WNOHANG), 0);
		daemon_nap(1);
	}
	t->pids[1] = fork_in(h, from);
	if (t->pids[1] == 0)
		send_paced(t->tally, address, port, interval, size);
	return t;
}

void traffic_end_flow(struct traffic *t, uint64_t *sent, uint64_t *arrived)
{
	uint64_t last;
	int status;

	t->tally->over = true;
	assert_int_equal(waitpid(t->pids[1], &status, 0), t->pids[1]);
	t->pids[1] = 0;
	assert_int_equal(status, 0);
	do {
		last = t->tally->arrived;
		if (last == t->tally->sent)
			break;
		daemon_nap(QUIET);
	} while (t->tally->arrived != last);
	*sent = t->tally->sent;
	*arrived = t->tally->arrived;
	end(t);
}

/* ---- streams ---- */

static _Noreturn void become(const char *const *words)
{
	int null = open("/dev/null", O_RDWR);

	for (int i = 0; i < 3; i++)
		dup2(null, i);
	execvp(words[0], (char *const *)words);
	_exit(127);
}

/* Does somebody listen on PORT in the network of PID? */
static bool listens(struct harness *h, pid_t pid, unsigned port)
{
	const char *listener = arena_printf(h->arena, ":%04X 00000000:0000 0A", port);
	const char *listener6 =
	    arena_printf(h->arena, ":%04X 00000000000000000000000000000000:0000 0A", port);
	const char *tcp = harness_read(h, "/proc/%d/net/tcp", (int)pid);
	const char *tcp6 = harness_read(h, "/proc/%d/net/tcp6", (int)pid);

	return (tcp && strstr(tcp, listener)) || (tcp6 && strstr(tcp6, listener6));
}

struct traffic *traffic_stream(struct harness *h, const struct traffic_ends *e,
			       enum traffic_way way)
{
	const char *port = arena_printf(h->arena, "%u", next_port());
	const char *server[] = {"iperf3", "-s", "-p", port, NULL};
	const char *client[] = {"iperf3", "-c", e->inside, "-p",
				port,     "-t", "60",      way == TRAFFIC_OUT ? "-R" : NULL,
				NULL};
	struct traffic *t = begin(h);

	t->pids[0] = fork_in(h, e->container);
	if (t->pids[0] == 0)
		become(server);
	for (int i = 0; !listens(h, t->pids[0], (unsigned)atoi(port)); i++) {
		if (i == 2000 || waitpid(t->pids[0], NULL, WNOHANG) != 0)
			fail_msg("iperf3 does not start");
		daemon_nap(5);
	}
	t->pids[1] = fork_in(h, NULL);
	if (t->pids[1] == 0)
		become(client);
	return t;
}

void traffic_end_stream(struct traffic *t)
{
	int status;

	if (waitpid(t->pids[1], &status, WNOHANG) != 0)
		fail_msg("the stream had ended before");
	end(t);
}
