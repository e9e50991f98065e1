#include "reconciler/jobspec.h"
#include "reconciler/progress.h"
#include "schema/arena.h"
#include "schema/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_AT_ONCE 4
#define MOST_OUTPUT 65536
#define MOST_REASON 400

/* Seconds that a step may take. */
#define CREATE_SECONDS 1800 /* templates fetch */
#define START_SECONDS 60
#define FREEZE_SECONDS 30
#define DESTROY_SECONDS 300
#define FORCE_SECONDS 30 /* after a shutdown that was not clean */

#define LOOK_MS 100   /* at a process that nothing tells about */
#define KILL_TRIES 50 /* looks at one that was killed; in the kernel it may hang on */

static const char *program = "/proc/self/exe";

void jobs_set_program(const char *path)
{
	program = path;
}

struct process {
	struct job *job; /* NULL: the slot is free */
	pid_t pid;
	int pidfd, answer, output;
	int64_t deadline; /* milliseconds of the monotonic clock */
	uint32_t seconds;
};

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static uint32_t seconds_for(const struct jobspec *s)
{
	switch (s->step) {
	case STEP_CREATE:
		return CREATE_SECONDS;
	case STEP_START:
		return START_SECONDS;
	case STEP_STOP:
		return s->timeout + FORCE_SECONDS;
	case STEP_RESTART:
		return s->timeout + FORCE_SECONDS + START_SECONDS;
	case STEP_FREEZE:
	case STEP_THAW:
		return FREEZE_SECONDS;
	case STEP_DESTROY:
		break;
	}
	return DESTROY_SECONDS;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* ---- one process ---- */

static int make_input(const struct jobspec *s, struct arena *a)
{
	int fd = memfd_create("job", MFD_CLOEXEC);
	size_t n;
	char *text = jobspec_print(s, a, &n);

	if (fd >= 0 && (write(fd, text, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) < 0))
		close_fd(&fd);
	return fd;
}

static bool move_fd(int from, int to)
{
	return from == to ? fcntl(to, F_SETFD, 0) == 0 : dup2(from, to) == to;
}

/* In the child: nothing of ours but the three files goes with it. */
static _Noreturn void become_job(int input, int output, int answer)
{
	char *const words[] = {(char *)"evenkeel", (char *)"job", NULL};

	setpgid(0, 0);
	/* Out of the way of 0 to 3 first. */
	input = fcntl(input, F_DUPFD, 10);
	output = fcntl(output, F_DUPFD, 10);
	answer = fcntl(answer, F_DUPFD, 10);
	if (input < 0 || output < 0 || answer < 0 || !move_fd(input, 0) || !move_fd(output, 1) ||
	    !move_fd(output, 2) || !move_fd(answer, JOB_ANSWER_FD))
		_exit(126);
	close_range(JOB_ANSWER_FD + 1, ~0U, 0);
	execv(program, words);
	_exit(127);
}

static int process_start(struct process *p, const struct jobspec *s, struct arena *a)
{
	int input = make_input(s, a);

	p->pidfd = -1;
	p->answer = memfd_create("answer", MFD_CLOEXEC);
	p->output = memfd_create("output", MFD_CLOEXEC);
	p->pid = -1;
	if (input >= 0 && p->answer >= 0 && p->output >= 0)
		p->pid = fork();
	if (p->pid == 0)
		become_job(input, p->output, p->answer);
	if (p->pid > 0) {
		setpgid(p->pid, p->pid); /* whoever of the two comes first */
		p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	}
	close_fd(&input);
	if (p->pid < 0) {
		close_fd(&p->answer);
		close_fd(&p->output);
		return -errno;
	}
	p->seconds = seconds_for(s);
	p->deadline = now() + (int64_t)p->seconds * 1000;
	return 0;
}

/* What a memfd holds, its last part when it is long. */
static char *read_back(int fd, struct arena *a)
{
	off_t size = lseek(fd, 0, SEEK_END);
	off_t start = size > MOST_OUTPUT ? size - MOST_OUTPUT : 0;
	char *text = arena_alloc(a, (size_t)(size > 0 ? size - start : 0) + 1);
	ssize_t n = size > 0 ? pread(fd, text, (size_t)(size - start), start) : 0;

	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* The last lines of a template's output, as one. */
static char *last_words(char *text, struct arena *a)
{
	size_t n = strlen(text), start;
	int lines = 0;

	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	for (start = n; start > 0 && n - start < MOST_REASON; start--)
		if (text[start - 1] == '\n' && ++lines == 3)
			break;
	for (size_t i = start; i < n; i++)
		if (text[i] == '\n' || text[i] == '\r')
			text[i] = ' ';
	return text_escape(a, text + start, n - start, MOST_REASON);
}

static void take_answer(struct process *p, int status, struct arena *a)
{
	struct job *job = p->job;
	char *answer = read_back(p->answer, a), *words = last_words(read_back(p->output, a), a);
	char *reason = strchr(answer, ' ');
	bool killed = WIFSIGNALED(status);

	if (killed || WEXITSTATUS(status) >= 126 || !reason) {
		job->error = EIO;
		job->reason =
		    killed ? arena_printf(a, "the job was killed by signal %d", WTERMSIG(status))
			   : "the job process could not be run";
		return;
	}
	job->error = (int)strtol(answer, NULL, 10);
	if (job->error == 0)
		return;
	reason = text_escape(a, reason + 1, strlen(reason + 1), MOST_REASON);
	job->reason = *words ? arena_printf(a, "%s: %s", reason, words) : reason;
}

static void process_end(struct process *p)
{
	close_fd(&p->pidfd);
	close_fd(&p->answer);
	close_fd(&p->output);
	p->job = NULL;
}

static const char *too_long(const struct process *p, struct arena *a)
{
	switch (p->job->step) {
	case STEP_START:
	case STEP_RESTART:
		return arena_printf(a, "not up within %" PRIu32 " s; it may still be starting",
				    p->seconds);
	case STEP_CREATE:
	case STEP_STOP:
	case STEP_FREEZE:
	case STEP_THAW:
	case STEP_DESTROY:
		break;
	}
	return arena_printf(a, "not done within %" PRIu32 " s: given up", p->seconds);
}

static void kill_group(const struct process *p)
{
	kill(-p->pid, SIGKILL);
	for (int i = 0; i < KILL_TRIES && waitpid(p->pid, NULL, WNOHANG) == 0; i++)
		poll(NULL, 0, LOOK_MS);
}

/* Waits for the processes that run, at most until the next deadline; ends those that are done or
 * late. */
static void reap(struct process *ps, size_t n, struct arena *a)
{
	struct pollfd polls[MOST_AT_ONCE];
	int64_t next = INT64_MAX, left;
	nfds_t k = 0;

	for (size_t i = 0; i < n; i++) {
		if (!ps[i].job)
			continue;
		polls[k++] = (struct pollfd){.fd = ps[i].pidfd, .events = POLLIN};
		next = ps[i].deadline < next ? ps[i].deadline : next;
		if (ps[i].pidfd < 0 && next > now() + LOOK_MS)
			next = now() + LOOK_MS;
	}
	left = next - now();
	left = left < 0 ? 0 : left > INT_MAX ? INT_MAX : left;
	if (k > 0 && poll(polls, k, (int)left) < 0 && errno != EINTR)
		return;
	for (size_t i = 0; i < n; i++) {
		struct process *p = &ps[i];
		int status = 0;
		pid_t done = p->job ? waitpid(p->pid, &status, WNOHANG) : 0;

		if (done > 0) {
			take_answer(p, status, a);
			process_end(p);
		} else if (p->job && now() >= p->deadline) {
			kill_group(p);
			p->job->error = ETIMEDOUT;
			p->job->reason = too_long(p, a);
			process_end(p);
		}
	}
}

/* ---- many ---- */

static size_t at_once(const struct host *host)
{
	if (host->n_cpus == 0)
		return 1;
	return host->n_cpus < MOST_AT_ONCE ? host->n_cpus : MOST_AT_ONCE;
}

static struct process *free_slot(struct process *ps, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!ps[i].job)
			return &ps[i];
	return NULL;
}

static bool any_running(const struct process *ps, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ps[i].job)
			return true;
	return false;
}

static void job_start(struct process *p, const char *lxcpath, const struct host *host,
		      struct job *job, struct arena *a)
{
	struct jobspec spec;
	int error;

	job->error = 0;
	job->reason = NULL;
	if (jobspec_make(lxcpath, host, job, a, &spec) < 0)
		return;
	error = process_start(p, &spec, a);
	if (error < 0) {
		job->error = -error;
		job->reason = arena_printf(a, "no process for it: %s", strerror(-error));
		return;
	}
	p->job = job;
}

/* Creations that were killed could not clear up after themselves. */
static void clear_after(const char *lxcpath, const struct host *host, const struct job *jobs,
			size_t n, struct arena *a)
{
	struct process p = {0};
	struct jobspec spec = {.clear = true, .step = STEP_DESTROY, .lxcpath = lxcpath};
	struct job answer = {.step = STEP_DESTROY};

	for (size_t i = 0; i < n && !spec.name; i++)
		if (jobs[i].step == STEP_CREATE && jobs[i].error)
			spec.name = jobs[i].name;
	if (!spec.name)
		return;
	memcpy(spec.rlimits, host->rlimits, sizeof(spec.rlimits));
	if (process_start(&p, &spec, a) < 0)
		return;
	p.job = &answer;
	while (p.job)
		reap(&p, 1, a);
}

static size_t count_running(const struct process *ps, size_t n)
{
	size_t running = 0;

	for (size_t i = 0; i < n; i++)
		running += ps[i].job != NULL;
	return running;
}

static const char *doing(enum step step)
{
	switch (step) {
	case STEP_CREATE:
		return "creating containers";
	case STEP_START:
		return "starting containers";
	case STEP_STOP:
		return "stopping containers";
	case STEP_RESTART:
		return "restarting containers";
	case STEP_FREEZE:
		return "freezing containers";
	case STEP_THAW:
		return "thawing containers";
	case STEP_DESTROY:
		return "destroying containers";
	}
	return "";
}

void jobs_run(const char *lxcpath, const struct host *host, struct job *jobs, size_t n,
	      struct arena *a)
{
	struct process ps[MOST_AT_ONCE] = {0};
	size_t slots = at_once(host), next = 0;

	while (next < n || any_running(ps, slots)) {
		struct process *slot = free_slot(ps, slots);

		progress_show(doing(jobs[0].step), next - count_running(ps, slots), n);
		if (next < n && slot)
			job_start(slot, lxcpath, host, &jobs[next++], a);
		else
			reap(ps, slots, a);
	}
	clear_after(lxcpath, host, jobs, n, a);
}
