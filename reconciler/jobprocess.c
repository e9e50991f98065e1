#include "reconciler/jobprocess.h"

#include "limits/procfile.h"
#include "reconciler/jobspec.h"
#include "schema/arena.h"
#include "schema/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_OUTPUT 65536
#define MOST_REASON 400

static const char *program = "/proc/self/exe";

void jobs_set_program(const char *path)
{
	program = path;
}

/* Above the numbers that the process finds its files at. */
static int make_file(const char *name)
{
	int low = memfd_create(name, MFD_CLOEXEC), fd = -1;

	if (low >= 0)
		fd = fcntl(low, F_DUPFD_CLOEXEC, JOB_ANSWER_FD + 1);
	procfile_close(&low);
	return fd;
}

static int make_input(const char *spec, size_t n)
{
	int fd = make_file("job");

	if (fd >= 0 && (write(fd, spec, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) < 0))
		procfile_close(&fd);
	return fd;
}

/* The memory is shared until it runs: a large daemon is not copied for it. */
static int spawn(struct jobprocess *p, int input)
{
	char *const words[] = {(char *)"evenkeel", (char *)"job", NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	int error;

	error = posix_spawn_file_actions_init(&files);
	if (error)
		return error;
	error = posix_spawnattr_init(&attributes);
	if (error) {
		posix_spawn_file_actions_destroy(&files);
		return error;
	}
	if ((error = posix_spawn_file_actions_adddup2(&files, input, 0)) == 0 &&
	    (error = posix_spawn_file_actions_adddup2(&files, p->output, 1)) == 0 &&
	    (error = posix_spawn_file_actions_adddup2(&files, p->output, 2)) == 0 &&
	    (error = posix_spawn_file_actions_adddup2(&files, p->answer, JOB_ANSWER_FD)) == 0 &&
	    (error = posix_spawn_file_actions_addclosefrom_np(&files, JOB_ANSWER_FD + 1)) == 0 &&
	    (error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP)) == 0)
		error = posix_spawn(&p->pid, program, &files, &attributes, words, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return error;
}

int jobprocess_start(struct jobprocess *p, const char *spec, size_t n)
{
	procfile_fd input = make_input(spec, n);
	int error;

	*p = (struct jobprocess){.pid = -1, .pidfd = -1, .answer = -1, .output = -1};
	if (input < 0)
		return -errno;
	p->answer = make_file("answer");
	if (p->answer >= 0)
		p->output = make_file("output");
	error = p->output < 0 ? errno : spawn(p, input);
	if (error) {
		jobprocess_close(p);
		return -error;
	}
	p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	return 0;
}

bool jobprocess_ended(struct jobprocess *p, int *status)
{
	pid_t pid = waitpid(p->pid, status, WNOHANG);

	/* somebody else has waited for it: it is gone, and how it ended nobody knows */
	if (pid < 0 && errno == ECHILD) {
		*status = 127 << 8;
		return true;
	}
	return pid == p->pid;
}

/* What a file in memory holds, its last part when it is long. */
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

void jobprocess_answer(const struct jobprocess *p, int status, struct arena *a, int *error,
		       const char **reason)
{
	char *answer = read_back(p->answer, a), *words = last_words(read_back(p->output, a), a);
	char *why = strchr(answer, ' ');

	if (WIFSIGNALED(status) || WEXITSTATUS(status) >= 126 || !why) {
		*error = EIO;
		*reason = WIFSIGNALED(status)
			      ? arena_printf(a, "the job was killed by signal %d", WTERMSIG(status))
			      : "the job process could not be run";
		return;
	}
	why[strcspn(why, "\n")] = '\0';
	*error = (int)strtol(answer, NULL, 10);
	if (*error == 0)
		return;
	why = text_escape(a, why + 1, strlen(why + 1), MOST_REASON);
	*reason = *words ? arena_printf(a, "%s: %s", why, words) : why;
}

void jobprocess_kill(const struct jobprocess *p)
{
	kill(-p->pid, SIGKILL);
}

void jobprocess_close(struct jobprocess *p)
{
	procfile_close(&p->pidfd);
	procfile_close(&p->answer);
	procfile_close(&p->output);
}
