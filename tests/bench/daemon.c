#include "tests/bench/daemon.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define REST_MS 150 /* without any use of a CPU: at rest */
#define LOOK_US 500
#define PATIENCE_MS 120000
#define MOST_WORDS 24

uint64_t daemon_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* --- what the kernel counts ----------------------------------------------------------------- */

static size_t read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	n = n > 0 ? n : 0;
	text[n] = '\0';
	return (size_t)n;
}

/* Sums what COUNT finds in FILE of each thread. */
static uint64_t sum_threads(const struct daemon *d, const char *file,
			    uint64_t (*count)(const char *text))
{
	char path[64], text[4096];
	uint64_t sum = 0;
	struct dirent *e;
	DIR *threads;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)d->pid);
	threads = opendir(path);
	if (!threads)
		return 0;
	while ((e = readdir(threads))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%.10s/%s", (int)d->pid, e->d_name,
			 file);
		read_file(path, text, sizeof(text));
		sum += count(text);
	}
	closedir(threads);
	return sum;
}

uint64_t daemon_cpu(const struct daemon *d)
{
	struct timespec t = {0};
	clockid_t clock;

	if (clock_getcpuclockid(d->pid, &clock) == 0)
		clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t line_number(const char *text, const char *name)
{
	const char *line = strstr(text, name);

	return line ? strtoull(line + strlen(name), NULL, 10) : 0;
}

static uint64_t switches(const char *status)
{
	return line_number(status, "\nvoluntary_ctxt_switches:") +
	       line_number(status, "\nnonvoluntary_ctxt_switches:");
}

uint64_t daemon_switches(const struct daemon *d)
{
	return sum_threads(d, "status", switches);
}

size_t daemon_rss(const struct daemon *d)
{
	char path[64], text[4096];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)d->pid);
	read_file(path, text, sizeof(text));
	return line_number(text, "\nVmRSS:") * 1024;
}

size_t daemon_fds(const struct daemon *d)
{
	char path[64];
	struct dirent *e;
	size_t n = 0;
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)d->pid);
	fds = opendir(path);
	assert_non_null(fds);
	while ((e = readdir(fds)))
		n += e->d_name[0] != '.';
	closedir(fds);
	return n;
}

/* --- its life --------------------------------------------------------------------------------- */

static void say_log(const struct daemon *d)
{
	char *text = harness_read(d->h, "%s", d->log);
	size_t n = text ? strlen(text) : 0;

	fprintf(stderr, "%s\n", n > 4000 ? text + n - 4000 : n ? text : "(it said nothing)");
}

static void expect_alive(const struct daemon *d)
{
	int status;

	if (waitpid(d->pid, &status, WNOHANG) == 0)
		return;
	say_log(d);
	fail_msg("the daemon has ended, with status %d", status);
}

uint64_t daemon_rest(const struct daemon *d)
{
	uint64_t cpu = daemon_cpu(d), last = daemon_now(), begun = last, now = last;

	while (now - last < REST_MS * UINT64_C(1000000)) {
		uint64_t used;

		usleep(LOOK_US);
		used = daemon_cpu(d);
		now = daemon_now();
		if (used != cpu)
			last = now;
		cpu = used;
		if (now - begun > PATIENCE_MS * UINT64_C(1000000)) {
			say_log(d);
			fail_msg("the daemon does not come to rest");
		}
	}
	expect_alive(d);
	return last;
}

static int notify_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && strlen(path) < sizeof(address.sun_path));
	strcpy(address.sun_path, path);
	unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* Waits for a message with WORD. */
static uint64_t notified(const struct daemon *d, const char *word)
{
	struct pollfd p = {.fd = d->notify, .events = POLLIN};
	char text[4096];

	for (int i = 0; i < PATIENCE_MS / 100; i++) {
		ssize_t n;

		if (poll(&p, 1, 100) < 1) {
			expect_alive(d);
			continue;
		}
		n = recv(d->notify, text, sizeof(text) - 1, MSG_DONTWAIT);
		text[n > 0 ? n : 0] = '\0';
		if (strstr(text, word))
			return daemon_now();
	}
	say_log(d);
	fail_msg("the daemon does not say %s", word);
	return 0;
}

static _Noreturn void become_daemon(const struct daemon *d, const char *socket,
				    const char *const *more)
{
	const char *words[MOST_WORDS] = {
	    d->h->program, "run", "-d", d->h->manifests, "-P", d->h->lxcpath, "--etc", d->h->etc,
	};
	int log = open(d->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_APPEND, 0600);
	size_t n = 8;

	for (; *more && n + 1 < MOST_WORDS; more++)
		words[n++] = *more;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setenv("NOTIFY_SOCKET", socket, 1);
	unsetenv("JOURNAL_STREAM");
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	execv(words[0], (char *const *)words);
	_exit(127);
}

struct daemon *daemon_start(struct harness *h, const char *const *more)
{
	struct daemon *d = arena_alloc(h->arena, sizeof(*d));
	const char *socket = arena_printf(h->arena, "%s/notify", h->root);
	uint64_t begun;

	*d = (struct daemon){.h = h, .log = arena_printf(h->arena, "%s/daemon.log", h->root)};
	d->notify = notify_socket(socket);
	begun = daemon_now();
	d->pid = fork();
	assert_true(d->pid >= 0);
	if (d->pid == 0)
		become_daemon(d, socket, more);
	d->ready = (double)(notified(d, "READY=1") - begun) / 1e6;
	d->first_pass = (double)(daemon_rest(d) - begun) / 1e6;
	if (d->first_pass < d->ready)
		d->first_pass = d->ready;
	return d;
}

void daemon_stop(struct daemon *d)
{
	int status;

	expect_alive(d);
	assert_int_equal(kill(d->pid, SIGTERM), 0);
	assert_int_equal(waitpid(d->pid, &status, 0), d->pid);
	if (status != 0)
		say_log(d);
	assert_int_equal(status, 0);
	close(d->notify);
	d->pid = -1;
}

double daemon_reload(struct daemon *d)
{
	uint64_t begun;

	daemon_rest(d);
	begun = daemon_now();
	assert_int_equal(kill(d->pid, SIGHUP), 0);
	return (double)(daemon_rest(d) - begun) / 1e6;
}

size_t daemon_logged(const struct daemon *d, const char *word)
{
	const char *text = harness_read(d->h, "%s", d->log);
	size_t n = 0;

	for (; text && (text = strstr(text, word)); n++) {
		text = strchr(text, '\n');
		if (!text)
			return n + 1;
	}
	return n;
}
