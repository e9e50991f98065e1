#include "reconciler/inside.h"

#include "limits/procfile.h"
#include "schema/arena.h"
#include "schema/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEADLINE_MS 2000
#define MOST_TEXT 4096

static const struct {
	const char *file, *own;
	int flag;
} spaces[] = {
    [INSIDE_NET] = {"ns/net", "/proc/thread-self/ns/net", CLONE_NEWNET},
    [INSIDE_IPC] = {"ns/ipc", "/proc/thread-self/ns/ipc", CLONE_NEWIPC},
};

#define N_SPACES (sizeof(spaces) / sizeof(*spaces))

/* What the helper says: of fixed size, one per job, in their order. */
struct answer {
	int32_t error;
	uint32_t length;
	char text[MOST_TEXT];
};

struct visit {
	const struct container *c; /* NULL: fresh namespaces */
	int fds[N_SPACES];         /* -1: not needed, or the host's own */
	bool shared[N_SPACES];     /* the container has the host's */
	uid_t root;                /* the host id of the container's root */
	const struct inside_job *jobs;
	size_t n;
	int answers; /* the pipe */
};

static bool needs(const struct visit *v, size_t space)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->jobs[i].where == space)
			return true;
	return false;
}

static int open_space(struct visit *v, size_t space)
{
	struct stat theirs, ours;

	v->fds[space] = openat(v->c->proc, spaces[space].file, O_RDONLY | O_CLOEXEC);
	if (v->fds[space] < 0 || fstat(v->fds[space], &theirs) < 0 ||
	    stat(spaces[space].own, &ours) < 0)
		return -errno;
	if (theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev) {
		procfile_close(&v->fds[space]);
		v->shared[space] = true;
	}
	return 0;
}

static uid_t read_root(const struct container *c, struct arena *a)
{
	char *text = procfile_read_all(c->proc, "uid_map", a, NULL), *rest = text, *line;
	unsigned inside, host, count;

	while (text && (line = strsep(&rest, "\n")))
		if (sscanf(line, "%u %u %u", &inside, &host, &count) == 3 && inside == 0)
			return host;
	return 0;
}

/* The pidfd says whether what was opened was still init's. */
static int open_spaces(struct visit *v)
{
	for (size_t i = 0; v->c && i < N_SPACES; i++) {
		int error = needs(v, i) ? open_space(v, i) : 0;

		if (error < 0)
			return error;
	}
	if (!v->c)
		return 0;
	if (v->c->pidfd >= 0 && syscall(SYS_pidfd_send_signal, v->c->pidfd, 0, NULL, 0) < 0)
		return -errno;
	return 0;
}

/* From here to helper(): the helper process. Only system calls: no heap, no stdio. */

static void close_other_fds(const struct visit *v)
{
	int keep[N_SPACES + 1], n = 0, last = -1;

	keep[n++] = v->answers;
	for (size_t i = 0; i < N_SPACES; i++)
		if (v->fds[i] >= 0)
			keep[n++] = v->fds[i];
	for (int i = 1; i < n; i++)
		for (int k = i; k > 0 && keep[k - 1] > keep[k]; k--) {
			int swapped = keep[k];

			keep[k] = keep[k - 1];
			keep[k - 1] = swapped;
		}
	for (int i = 0; i < n; i++) {
		if (keep[i] - 1 > last)
			syscall(SYS_close_range, last + 1, keep[i] - 1, 0);
		last = keep[i];
	}
	syscall(SYS_close_range, last + 1, ~0u, 0);
}

/* Nobody may trace it or look through its /proc, and it does not outlive us. A change of ids takes
 * both away. */
static void protect(void)
{
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

static int enter(const struct visit *v)
{
	for (size_t i = 0; i < N_SPACES; i++) {
		int r = 0;

		if (!v->c && needs(v, i))
			r = unshare(spaces[i].flag);
		else if (v->fds[i] >= 0)
			r = setns(v->fds[i], spaces[i].flag);
		if (r < 0)
			return errno;
	}
	return 0;
}

static int open_file(const char *path, int flags)
{
	struct statfs fs;
	int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);

	if (fd < 0 || (fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC))
		return fd;
	close(fd);
	errno = ENXIO;
	return -1;
}

static int write_text(const char *path, const char *text)
{
	int fd = open_file(path, O_WRONLY), error = 0;
	size_t n = strlen(text);
	ssize_t put;

	if (fd < 0)
		return errno;
	put = write(fd, text, n);
	if (put < 0)
		error = errno;
	else if ((size_t)put != n)
		error = EIO;
	close(fd);
	return error;
}

static int read_text(const char *path, struct answer *to)
{
	int fd = open_file(path, O_RDONLY);
	size_t n = 0;
	ssize_t got;

	if (fd < 0)
		return errno;
	while ((got = read(fd, to->text + n, sizeof(to->text) - n)) > 0)
		n += (size_t)got;
	close(fd);
	if (got < 0)
		return errno;
	if (n == sizeof(to->text))
		return EMSGSIZE;
	to->length = (uint32_t)n;
	return 0;
}

static int write_and_read(const struct inside_job *job, const char *path, struct answer *to)
{
	int error = job->write ? write_text(path, job->write) : 0;

	return error ? error : read_text(path, to);
}

/* Newer kernels let only the namespace's own root set IPC sysctls, older ones only ours; both look
 * at each write again. */
static int as_their_root(const struct visit *v, const struct inside_job *job, const char *path,
			 struct answer *to)
{
	int error;

	if (syscall(SYS_setresuid, -1, v->root, -1) < 0)
		return errno;
	protect();
	error = write_and_read(job, path, to);
	if (syscall(SYS_setresuid, -1, 0, -1) < 0)
		_exit(1);
	protect();
	return error;
}

static void do_job(const struct visit *v, const struct inside_job *job, struct answer *to)
{
	char path[512] = "/proc/sys/";
	size_t n = strlen(path), length = strlen(job->path);

	memset(to, 0, sizeof(*to));
	if (v->shared[job->where]) {
		to->error = EXDEV;
		return;
	}
	if (n + length >= sizeof(path)) {
		to->error = ENAMETOOLONG;
		return;
	}
	memcpy(path + n, job->path, length + 1);
	to->error = write_and_read(job, path, to);
	if ((to->error == EACCES || to->error == EPERM) && v->root != 0)
		to->error = as_their_root(v, job, path, to);
}

static void helper(const struct visit *v) __attribute__((noreturn));
static void helper(const struct visit *v)
{
	struct answer answer;
	int error;

	protect();
	close_other_fds(v);
	error = enter(v);
	for (size_t i = 0; i < v->n; i++) {
		do_job(v, &v->jobs[i], &answer);
		if (error)
			answer.error = error;
		for (size_t sent = 0; sent < sizeof(answer);) {
			ssize_t n =
			    write(v->answers, (char *)&answer + sent, sizeof(answer) - sent);

			if (n <= 0)
				_exit(1);
			sent += (size_t)n;
		}
	}
	_exit(0);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* One whole answer, or -errno: -ETIMEDOUT, -EIO when the helper ended too soon. */
static int receive(int fd, struct answer *to, int64_t deadline)
{
	for (size_t n = 0; n < sizeof(*to);) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = deadline - now_ms();
		ssize_t got;

		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int)left) < 0 && errno != EINTR)
			return -errno;
		if (!p.revents)
			continue;
		got = read(fd, (char *)to + n, sizeof(*to) - n);
		if (got == 0)
			return -EIO;
		if (got < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		n += got > 0 ? (size_t)got : 0;
	}
	return to->length < sizeof(to->text) ? 0 : -EIO;
}

static int receive_all(int fd, struct inside_job *jobs, size_t n, struct arena *a)
{
	int64_t deadline = now_ms() + DEADLINE_MS;
	struct answer answer = {0};

	for (size_t i = 0; i < n; i++) {
		int error = receive(fd, &answer, deadline);

		if (error < 0)
			return error;
		jobs[i].error = answer.error;
		jobs[i].text = arena_strndup(a, answer.text, answer.length);
	}
	return 0;
}

/* It ends by itself; one that hangs in the kernel is not waited for. */
static void put_away(pid_t pid, bool answered)
{
	struct timespec pause = {.tv_nsec = 1000000};

	if (answered) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		return;
	}
	kill(pid, SIGKILL);
	for (int i = 0; i < 100 && waitpid(pid, NULL, WNOHANG) == 0; i++)
		nanosleep(&pause, NULL);
}

static int run_helper(struct visit *v, struct inside_job *jobs, struct arena *a)
{
	int ends[2], error;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	v->answers = ends[1];
	pid = fork();
	if (pid == 0)
		helper(v);
	error = -errno;
	close(ends[1]);
	if (pid > 0) {
		error = receive_all(ends[0], jobs, v->n, a);
		put_away(pid, error == 0);
	}
	close(ends[0]);
	return error;
}

int inside_run(const struct container *c, struct inside_job *jobs, size_t n, struct arena *a)
{
	struct visit v = {
	    .c = c, .fds = {-1, -1},
                 .jobs = jobs, .n = n
        };
	int error;

	if (n == 0)
		return 0;
	error = open_spaces(&v);
	if (error == 0 && c)
		v.root = read_root(c, a);
	if (error == 0)
		error = run_helper(&v, jobs, a);
	for (size_t i = 0; i < N_SPACES; i++)
		procfile_close(&v.fds[i]);
	return error;
}

/* ---- on this thread ---- */

static void go_home(const struct visit *v, const int *home)
{
	for (size_t i = 0; i < N_SPACES; i++) {
		if (home[i] < 0 || setns(home[i], spaces[i].flag) == 0)
			continue;
		fprintf(stderr, "evenkeel: cannot return from the namespaces of %s: %s\n",
			v->c->name, strerror(errno));
		_Exit(2);
	}
}

/* HOME: where this thread came from, of those that it has left. */
static int go_in(const struct visit *v, int *home)
{
	for (size_t i = 0; i < N_SPACES; i++) {
		int fd = v->fds[i] < 0 ? -1 : open(spaces[i].own, O_RDONLY | O_CLOEXEC);
		int error = -errno;

		if (v->fds[i] < 0)
			continue;
		if (fd < 0)
			return error;
		if (setns(v->fds[i], spaces[i].flag) < 0) {
			error = -errno;
			close(fd);
			return error;
		}
		home[i] = fd;
	}
	return 0;
}

static void read_all(const struct visit *v, struct inside_job *jobs, struct arena *a)
{
	struct answer answer;

	for (size_t i = 0; i < v->n; i++) {
		do_job(v, &jobs[i], &answer);
		jobs[i].error = answer.error;
		jobs[i].text = arena_strndup(a, answer.text, answer.length);
	}
}

int inside_look(const struct container *c, struct inside_job *jobs, size_t n, struct arena *a)
{
	struct visit v = {
	    .c = c, .fds = {-1, -1},
                 .jobs = jobs, .n = n
        };
	int home[N_SPACES] = {-1, -1}, error;

	if (n == 0)
		return 0;
	error = open_spaces(&v);
	if (error == 0)
		error = go_in(&v, home);
	if (error == 0)
		read_all(&v, jobs, a);
	go_home(&v, home);
	for (size_t i = 0; i < N_SPACES; i++) {
		procfile_close(&home[i]);
		procfile_close(&v.fds[i]);
	}
	return error;
}
