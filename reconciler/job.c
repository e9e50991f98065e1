#include "reconciler/jobspec.h"

#include "limits/procfile.h"
#include "reconciler/bootfile.h"
#include "reconciler/commandsock.h"
#include "reconciler/creation.h"
#include "reconciler/joblock.h"
#include "reconciler/lxclog.h"
#include "reconciler/runfolder.h"
#include "schema/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <lxc/lxccontainer.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_SPEC (1u << 20)
#define MOST_CPUS 8192

/* For a job that nobody knew of when this one was begun. */
#define LOCK_MS 50
#define LOCK_TRIES 200

/* Later than whoever submitted it would end it. */
#define GRACE_SECONDS 5

/* Of hooks, mostly. */
#define END_SECONDS 30

/* Until the interfaces of the last run are gone; so many are looked for. */
#define LINKS_MS 10
#define LINKS_TRIES 200
#define LINKS_MOST 64

/* Half of the time that a freeze may take. */
#define FREEZE_MS 20
#define FREEZE_TRIES 750

/* ---- as a fresh start would find it ---- */

static const char *const kept_variables[] = {"http_proxy",  "https_proxy", "no_proxy", "HTTP_PROXY",
					     "HTTPS_PROXY", "NO_PROXY",    "TZ",       NULL};

static void reset_environment(struct arena *a)
{
	const char *values[8];

	for (size_t i = 0; kept_variables[i]; i++)
		values[i] = arena_strdup(a, getenv(kept_variables[i]));
	clearenv();
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("LANG", "C.UTF-8", 1);
	for (size_t i = 0; kept_variables[i]; i++)
		if (values[i])
			setenv(kept_variables[i], values[i], 1);
}

static void reset_signals(void)
{
	sigset_t none;

	for (int s = 1; s < NSIG; s++)
		signal(s, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void reset_scheduling(void)
{
	static const struct sched_param zero;
	cpu_set_t *all = CPU_ALLOC(MOST_CPUS);
	size_t size = CPU_ALLOC_SIZE(MOST_CPUS);

	sched_setscheduler(0, SCHED_OTHER, &zero);
	setpriority(PRIO_PROCESS, 0, 0);
	if (!all)
		return;
	CPU_ZERO_S(size, all);
	for (int cpu = 0; cpu < MOST_CPUS; cpu++)
		CPU_SET_S((size_t)cpu, size, all);
	sched_setaffinity(0, size, all); /* the kernel keeps those that there are */
	CPU_FREE(all);
}

static void reset_oom_score(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "0", 1) < 0)
		errno = 0; /* lowering needs a capability: it stays as it was inherited */
	close(fd);
}

static void reset_rlimits(const struct jobspec *s)
{
	for (unsigned i = 0; i < sizeof(s->rlimits) / sizeof(*s->rlimits); i++) {
		struct rlimit l = {s->rlimits[i].soft, s->rlimits[i].hard};

		if (setrlimit((__rlimit_resource_t)i, &l) < 0) {
			/* a hard limit that cannot be raised again */
			struct rlimit now;

			if (getrlimit((__rlimit_resource_t)i, &now) < 0)
				continue;
			now.rlim_cur = l.rlim_cur < now.rlim_max ? l.rlim_cur : now.rlim_max;
			setrlimit((__rlimit_resource_t)i, &now);
		}
	}
}

static void reset(const struct jobspec *s, struct arena *a)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null >= 0)
		dup2(null, STDIN_FILENO);
	fcntl(JOB_ANSWER_FD, F_SETFD, FD_CLOEXEC);
	close_range(JOB_ANSWER_FD + 1, ~0U, 0);
	reset_signals();
	reset_environment(a);
	reset_scheduling();
	reset_oom_score();
	reset_rlimits(s);
	umask(022);
	if (chdir("/") < 0)
		errno = 0;
}

/* ---- as long as it runs ---- */

static pid_t job_pid;

/* What it has begun goes with it. LXC's monitor has left the group. */
static void end_all(int signal)
{
	(void)signal;
	if (getpid() == job_pid)
		kill(getpgrp() == job_pid ? -job_pid : job_pid, SIGKILL);
}

/* Whoever submitted it may be no more. */
static void set_deadline(const struct jobspec *s)
{
	job_pid = getpid();
	signal(SIGALRM, end_all);
	alarm(s->seconds + GRACE_SECONDS);
}

/* The fd stays open, and the lock held, until the process ends. */
static int lock(const struct jobspec *s, const char **reason, struct arena *a)
{
	int fd = joblock_open(RUNFOLDER, s->lxcpath), error;

	if (fd < 0) {
		*reason = arena_printf(a, "no lock for it below " RUNFOLDER ": %s", strerror(-fd));
		return -fd;
	}
	error = joblock_take(fd, s->name);
	for (int i = 0; error == -EAGAIN && i < LOCK_TRIES; i++) {
		poll(NULL, 0, LOCK_MS);
		error = joblock_take(fd, s->name);
	}
	if (error == -EAGAIN) {
		*reason = arena_printf(a, "another job (pid %d) is at work on it",
				       (int)joblock_holder(fd, s->name));
		return EBUSY;
	}
	if (error < 0)
		*reason = arena_printf(a, "cannot lock it: %s", strerror(-error));
	return -error;
}

/* ---- the steps ---- */

/* liblxc would ask whoever has its container's name, and wait for him. */
static int refuse_foreign(const struct jobspec *s, struct arena *a, const char **reason)
{
	uid_t uid;

	if (commandsock_listener(s->lxcpath, s->name, &uid) != LISTENER_FOREIGN)
		return 0;
	*reason =
	    arena_printf(a,
			 "a process of uid %u has taken the socket on which LXC would ask its "
			 "monitor: ss -xlp | grep %s/command names it",
			 (unsigned)uid, s->name);
	return EADDRINUSE;
}

static bool is_in(struct lxc_container *c, const char *state)
{
	return strcmp(c->state(c), state) == 0;
}

/* One that goes away is neither up nor can it be started. */
static void await_end(struct lxc_container *c)
{
	if (is_in(c, "STOPPING") || is_in(c, "ABORTING"))
		c->wait(c, "STOPPED", END_SECONDS);
}

/* A veth that came while it ran goes with its network, a moment after it has stopped: LXC takes
 * away what it made itself, and fails where a name is still taken. */
static void await_links(struct lxc_container *c, struct arena *a)
{
	int tries = LINKS_TRIES;

	for (int i = 0; i < LINKS_MOST; i++) {
		char *key = arena_printf(a, "lxc.net.%d.veth.pair", i);
		char pair[IFNAMSIZ] = "";

		if (c->get_config_item(c, key, pair, sizeof(pair)) <= 0)
			continue;
		for (; if_nametoindex(pair) != 0 && tries > 0; tries--)
			poll(NULL, 0, LINKS_MS);
	}
}

static int start(struct lxc_container *c, const struct jobspec *s, struct arena *a,
		 const char **reason)
{
	const struct lxclog *log;

	await_end(c);
	if (c->is_running(c))
		return 0;
	await_links(c, a);
	log = lxclog_for_start(s->lxcpath, s->name, a);
	c->want_daemonize(c, true);
	if (c->start(c, 0, NULL))
		return 0;
	*reason = lxclog_reason(log, "LXC could not start it", a);
	return EIO;
}

static int stop(struct lxc_container *c, const struct jobspec *s, struct arena *a,
		const char **reason)
{
	const struct lxclog *log = lxclog_new(a);

	if (!c->is_running(c))
		return 0;
	c->unfreeze(c); /* a frozen one hears no signal */
	if (s->timeout > 0 && c->shutdown(c, (int)s->timeout))
		return 0;
	if (!c->is_running(c) || c->stop(c))
		return 0;
	*reason = lxclog_reason(log, "LXC could not stop it", a);
	return EIO;
}

static int restart(struct lxc_container *c, const struct jobspec *s, struct arena *a,
		   const char **reason)
{
	bool ended = s->init > 0 && (s->started == 0 || procfile_start_time(s->init) != s->started);
	int error = ended ? 0 : stop(c, s, a, reason);

	return error ? error : start(c, s, a, reason);
}

/* The v1 freezer leaves out a process that was about to wait for its child in vfork(2), until
 * FROZEN is written again. LXC writes it once, and then waits without end. */
static bool press_freezer(struct lxc_container *c)
{
	char state[32];

	for (int i = 0; i < FREEZE_TRIES; i++) {
		if (!c->set_cgroup_item(c, "freezer.state", "FROZEN"))
			return true; /* v2 */
		if (c->get_cgroup_item(c, "freezer.state", state, sizeof(state)) <= 0 ||
		    strncmp(state, "FROZEN", strlen("FROZEN")) == 0)
			return true;
		poll(NULL, 0, FREEZE_MS);
	}
	return false;
}

static int freeze(struct lxc_container *c, bool frozen, struct arena *a, const char **reason)
{
	const struct lxclog *log = lxclog_new(a);

	if (frozen && !press_freezer(c)) {
		c->set_cgroup_item(c, "freezer.state", "THAWED");
		*reason = "the kernel could not freeze all of its processes: thawed again";
		return EBUSY;
	}
	if (frozen ? c->freeze(c) : c->unfreeze(c))
		return 0;
	*reason =
	    lxclog_reason(log, frozen ? "LXC could not freeze it" : "LXC could not thaw it", a);
	return EIO;
}

static int destroy(struct lxc_container *c, const struct jobspec *s, struct arena *a,
		   const char **reason)
{
	const struct lxclog *log = lxclog_new(a);

	if (c->is_running(c)) {
		*reason = "it still runs";
		return EBUSY;
	}
	if (c->destroy(c))
		return 0;
	*reason = lxclog_reason(log, arena_printf(a, "LXC could not destroy %s", s->name), a);
	return EIO;
}

/* A config that includes a boot file which has gone does not load. */
static void mend_include(const struct jobspec *s, struct arena *a)
{
	int dir = open(s->lxcpath, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct record record;
	const char *why;

	if (dir < 0)
		return;
	bootfile_read(dir, s->lxcpath, s->name, a, &record);
	if (s->step == STEP_DESTROY || record.include == INCLUDE_FOREIGN ||
	    (record.include != INCLUDE_NONE && record.state == RECORD_NONE))
		bootfile_release(dir, s->lxcpath, s->name, a, &why);
	close(dir);
}

static int on_container(const struct jobspec *s, struct arena *a, const char **reason)
{
	struct lxc_container *c;
	int error = refuse_foreign(s, a, reason);

	if (error)
		return error;
	mend_include(s, a);
	c = lxc_container_new(s->name, s->lxcpath);
	if (!c) {
		*reason = "LXC cannot read its config";
		return EINVAL;
	}
	if (!c->is_defined(c)) {
		*reason = "there is no such container";
		error = s->step == STEP_DESTROY ? 0 : ENOENT;
		lxc_container_put(c);
		return error;
	}
	switch (s->step) {
	case STEP_CREATE:
		break;
	case STEP_START:
		error = start(c, s, a, reason);
		break;
	case STEP_STOP:
		error = stop(c, s, a, reason);
		break;
	case STEP_RESTART:
		error = restart(c, s, a, reason);
		break;
	case STEP_FREEZE:
	case STEP_THAW:
		error = freeze(c, s->step == STEP_FREEZE, a, reason);
		break;
	case STEP_DESTROY:
		error = destroy(c, s, a, reason);
		break;
	}
	lxc_container_put(c);
	return error;
}

static void answer(int error, const char *reason)
{
	dprintf(JOB_ANSWER_FD, "%d %s\n", error, reason ? reason : error ? strerror(error) : "");
}

static int read_spec(struct arena *a, struct jobspec *out)
{
	char *text = arena_alloc(a, MOST_SPEC + 1);
	size_t n = 0;
	ssize_t got;

	while (n < MOST_SPEC && (got = read(STDIN_FILENO, text + n, MOST_SPEC - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	return jobspec_parse(text, a, out);
}

static int work(const struct jobspec *s, const char **reason, struct arena *a)
{
	int error;

	if (s->clear)
		return creation_clear(s->lxcpath, reason, a);
	error = lock(s, reason, a);
	if (error)
		return error;
	return s->step == STEP_CREATE ? creation_run(s, reason, a) : on_container(s, a, reason);
}

int job_main(int argc, char **argv)
{
	struct arena *a = arena_new();
	const char *reason = NULL;
	struct jobspec s;
	int error;

	(void)argv;
	if (argc != 1 || fcntl(JOB_ANSWER_FD, F_GETFD) < 0 || read_spec(a, &s) < 0) {
		fprintf(stderr, "evenkeel: error: job is for evenkeel itself\n");
		arena_free(a);
		return 2;
	}
	reset(&s, a);
	set_deadline(&s);
	error = work(&s, &reason, a);
	answer(error, reason);
	arena_free(a);
	return error ? 1 : 0;
}
