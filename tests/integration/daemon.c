#include "tests/integration/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
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

#define PATIENCE 20000 /* ms: sanitizers on a busy machine */
#define MOST_WORDS 40

static struct daemon *living;
/* What daemon_holds found last, for who waits in vain. */
static char last_held[512];

unsigned long long daemon_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long long)t.tv_sec * 1000 + (unsigned long long)t.tv_nsec / 1000000;
}

void daemon_nap(unsigned milliseconds)
{
	struct timespec t = {milliseconds / 1000, milliseconds % 1000 * 1000000L};

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/* ---- starting ---- */

static int notify_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static _Noreturn void become(const struct daemon *d, const struct daemon_how *how,
			     const char *socket_path, pid_t parent)
{
	const char *words[MOST_WORDS] = {
	    d->h->program, "run",
	    "-d",          how->directory ? how->directory : d->h->manifests,
	    "-P",          d->h->lxcpath,
	    "--etc",       d->h->etc,
	};
	int log = open(d->log, O_WRONLY | O_CREAT | O_APPEND, 0644);
	int null = open("/dev/null", O_RDONLY);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || log < 0 || null < 0)
		_exit(127);
	setpgid(0, 0);
	setenv("NOTIFY_SOCKET", socket_path, 1);
	unsetenv("JOURNAL_STREAM");
	for (size_t i = 0; how->environment && how->environment[i]; i++)
		putenv((char *)how->environment[i]);
	for (size_t i = 8, k = 0; how->flags && how->flags[k] && i < MOST_WORDS - 1; i++, k++)
		words[i] = how->flags[k];
	dup2(null, 0);
	dup2(log, 1);
	dup2(log, 2);
	close(log);
	close(null);
	if (how->prepare)
		how->prepare(how->context);
	execv(words[0], (char *const *)words);
	_exit(127);
}

struct daemon *daemon_start_how(struct harness *h, const struct daemon_how *how)
{
	static unsigned number;
	struct daemon *d = arena_alloc(h->arena, sizeof(*d));
	pid_t parent = getpid();
	char *path;

	number++;
	path = arena_printf(h->arena, "%s/notify.%u", h->root, number);
	*d = (struct daemon){.h = h,
			     .log = arena_printf(h->arena, "%s/daemon.%u.log", h->root, number),
			     .notify = notify_socket(path),
			     .next = living};
	fflush(NULL);
	d->pid = fork();
	assert_true(d->pid >= 0);
	if (d->pid == 0)
		become(d, how, path, parent);
	living = d;
	if (!how->unready)
		daemon_await(d, d->ready > 0);
	return d;
}

struct daemon *daemon_start(struct harness *h, ...)
{
	const char *flags[MOST_WORDS] = {NULL};
	va_list args;
	size_t n = 0;

	va_start(args, h);
	while ((flags[n] = va_arg(args, const char *)))
		assert_true(++n < MOST_WORDS);
	va_end(args);
	return daemon_start_how(h, &(struct daemon_how){.flags = flags});
}

/* ---- ending ---- */

static void forget(struct daemon *d)
{
	for (struct daemon **at = &living; *at; at = &(*at)->next) {
		if (*at == d) {
			*at = d->next;
			break;
		}
	}
	d->pid = 0;
	close(d->notify);
}

static void print_log(struct daemon *d)
{
	char *text = harness_read(d->h, "%s", d->log);
	size_t n = text ? strlen(text) : 0, most = 12000;

	/* cmocka's own printing ends after 1024 bytes */
	fprintf(stderr, "--- what the daemon said%s:\n%s---\n", n > most ? " (its end)" : "",
		text ? text + (n > most ? n - most : 0) : "");
}

static int status_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* The exit status, or -1: not in time. */
static int wait_for_end(const struct daemon *d)
{
	unsigned long long until = daemon_clock() + PATIENCE;
	int status;

	while (waitpid(d->pid, &status, WNOHANG) == 0) {
		if (daemon_clock() > until)
			return -1;
		daemon_nap(1);
	}
	return status_of(status);
}

static void expect_sane(struct daemon *d)
{
	const char *text = harness_read(d->h, "%s", d->log);

	if (text && (strstr(text, "runtime error") || strstr(text, "Sanitizer: "))) {
		print_log(d);
		fail_msg("a sanitizer found something");
	}
}

int daemon_end(struct daemon *d)
{
	int status = wait_for_end(d);

	if (status < 0) {
		print_log(d);
		fail_msg("the daemon does not end");
	}
	forget(d);
	expect_sane(d);
	return status;
}

void daemon_stop(struct daemon *d)
{
	int status;

	kill(d->pid, SIGTERM);
	status = daemon_end(d);
	if (status != 0) {
		print_log(d);
		fail_msg("the daemon ended with %d", status);
	}
}

void daemon_kill(struct daemon *d)
{
	int status;

	kill(d->pid, SIGKILL);
	assert_int_equal(waitpid(d->pid, &status, 0), d->pid);
	forget(d);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
		print_log(d);
		fail_msg("the daemon had ended before: %d", status_of(status));
	}
	expect_sane(d);
}

void daemon_end_all(void)
{
	while (living) {
		struct daemon *d = living;

		print_log(d);
		kill(d->pid, SIGCONT);
		kill(d->pid, SIGKILL);
		waitpid(d->pid, NULL, 0);
		forget(d);
	}
}

/* ---- waiting ---- */

static void hear_line(struct daemon *d, const char *line)
{
	if (strcmp(line, "READY=1") == 0)
		d->ready++;
	else if (strcmp(line, "RELOADING=1") == 0)
		d->reloading++;
	else if (strcmp(line, "WATCHDOG=1") == 0)
		d->watchdog++;
	else if (strcmp(line, "STOPPING=1") == 0)
		d->stopping = true;
	else if (strncmp(line, "STATUS=", 7) == 0)
		snprintf(d->status, sizeof(d->status), "%s", line + 7);
}

static void hear(struct daemon *d)
{
	char text[4096], *save = NULL;
	ssize_t n;

	while ((n = recv(d->notify, text, sizeof(text) - 1, 0)) > 0) {
		text[n] = '\0';
		for (char *line = strtok_r(text, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save))
			hear_line(d, line);
	}
}

void daemon_wait_more(struct daemon *d, struct daemon_patience *p, const char *what,
		      const char *file, int line)
{
	int status;

	if (!p->until)
		p->until = daemon_clock() + PATIENCE;
	hear(d);
	if (waitpid(d->pid, &status, WNOHANG) == d->pid) {
		print_log(d);
		forget(d);
		print_error("%s:%d: waiting for: %s\n", file, line, what);
		fail_msg("the daemon has ended with %d", status_of(status));
	}
	if (daemon_clock() > p->until) {
		/* its log comes from daemon_end_all */
		print_error("%s:%d: in vain: %s\n", file, line, what);
		if (strstr(what, "daemon_holds"))
			print_error("status says: %s\n", last_held);
		fail_msg("not in %d s", PATIENCE / 1000);
	}
	daemon_nap(2);
}

void daemon_reload(struct daemon *d)
{
	unsigned ready, reloading;

	hear(d);
	ready = d->ready;
	reloading = d->reloading;
	assert_int_equal(kill(d->pid, SIGHUP), 0);
	daemon_await(d, d->reloading > reloading && d->ready > ready);
}

/* ---- what it says ---- */

static char *whole_log(const struct daemon *d, size_t *n)
{
	FILE *f = fopen(d->log, "re");
	char *text = NULL;
	size_t size = 0;
	ssize_t got;

	assert_non_null(f);
	got = getdelim(&text, &size, '\0', f);
	fclose(f);
	*n = got > 0 ? (size_t)got : 0;
	return text;
}

void daemon_mark(struct daemon *d)
{
	char *text = whole_log(d, &d->mark);

	free(text);
}

char *daemon_words(struct daemon *d)
{
	size_t n;
	char *text = whole_log(d, &n);
	char *out = arena_strdup(d->h->arena, n > d->mark ? text + d->mark : "");

	free(text);
	return out;
}

size_t daemon_count_both(struct daemon *d, const char *one, const char *other)
{
	size_t n, count = 0;
	char *text = whole_log(d, &n), *save = NULL;

	for (char *line = n > d->mark ? strtok_r(text + d->mark, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		count += strstr(line, one) && strstr(line, other);
	free(text);
	return count;
}

size_t daemon_count(struct daemon *d, const char *text)
{
	return daemon_count_both(d, text, text);
}

bool daemon_said(struct daemon *d, const char *text)
{
	return daemon_count(d, text) > 0;
}

/* ---- what it answers ---- */

int daemon_ask(struct daemon *d, char **output, const char *command, ...)
{
	const struct harness *h = d->h;
	const char *words[MOST_WORDS] = {
	    "sh",         "-c",    "exec \"$0\" \"$@\" 2>/dev/null",
	    h->program,   command, "-d",
	    h->manifests, "-P",    h->lxcpath,
	    "--etc",      h->etc,
	};
	size_t n = 11;
	va_list args;

	va_start(args, command);
	while ((words[n] = va_arg(args, const char *)))
		assert_true(++n < MOST_WORDS);
	va_end(args);
	return harness_run_words(d->h, output, words);
}

json_t *daemon_standing(struct daemon *d, const char *name)
{
	json_t *document, *found = NULL, *item;
	json_error_t error;
	char *output;
	size_t i;

	daemon_ask(d, &output, "status", "-o", "json", NULL);
	document = json_loads(output, JSON_REJECT_DUPLICATES, &error);
	if (!document)
		fail_msg("%s:\n%s", error.text, output);
	json_array_foreach(json_object_get(document, "instances"), i, item)
	{
		const char *its = json_string_value(json_object_get(item, "name"));

		if (its && strcmp(its, name) == 0)
			found = json_incref(item);
	}
	json_decref(document);
	return found;
}

bool daemon_holds(struct daemon *d, const char *name, const char *condition, const char *text)
{
	json_t *standing = daemon_standing(d, name);
	const char *now = json_string_value(json_object_get(standing, "condition"));
	const char *reason = json_string_value(json_object_get(standing, "reason"));
	bool yes =
	    now && strcmp(now, condition) == 0 && (!text || (reason && strstr(reason, text)));

	snprintf(last_held, sizeof(last_held), "%s: %s: %s", name, now ? now : "not told",
		 reason ? reason : "no reason");
	json_decref(standing);
	return yes;
}
