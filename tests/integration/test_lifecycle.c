/* Jobs on real containers: made whole or not at all, started, stopped, frozen, destroyed. */
#include "reconciler/jobspec.h"
#include "reconciler/lifecycle.h"
#include "schema/arena.h"
#include "tests/integration/harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static struct host *make_host(struct harness *h)
{
	static struct cpu cpus[2] = {{.number = 0}, {.number = 1}};
	struct host *host = arena_alloc(h->arena, sizeof(*host));
	struct subid ids = {HARNESS_IDS, 65536};

	host->cpus = cpus;
	host->n_cpus = 2;
	assert_int_equal(idmap_default(&ids, 1, &ids, 1, h->arena, &host->idmap), 0);
	for (int i = 0; i < 16; i++) {
		struct rlimit l;

		if (getrlimit((__rlimit_resource_t)i, &l) == 0)
			host->rlimits[i] = (struct rlimit_pair){l.rlim_cur, l.rlim_max};
	}
	return host;
}

/* An instance as its manifest would give it. */
static struct instance *make_instance(struct harness *h, const char *name, const char *template)
{
	struct document *d = arena_alloc(h->arena, sizeof(*d));
	struct instance *i = arena_alloc(h->arena, sizeof(*i));
	static const struct source source = {.name = "test"};

	d->name = i->name = name;
	d->source.at = (struct place){&source, 1, 1};
	d->source.template = template;
	i->document = d;
	return i;
}

static struct document *document_of(struct instance *i)
{
	return (struct document *)(uintptr_t)i->document;
}

static int run(struct harness *h, enum step step, const char *name, struct instance *i,
	       const char **reason)
{
	struct job job = {.step = step, .name = name, .instance = i};

	jobs_run(h->lxcpath, make_host(h), &job, 1, h->arena);
	if (reason)
		*reason = job.reason;
	else if (job.error)
		fprintf(stderr, "%s: %s\n", name, job.reason);
	return job.error;
}

static size_t entries_of(const char *path)
{
	DIR *d = opendir(path);
	size_t n = 0;

	for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d))
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	if (d)
		closedir(d);
	return n;
}

static void a_created_container_is_unprivileged(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "new"), *config;
	struct instance *i = make_instance(h, name, "busybox");
	struct stat st;
	char *output;
	pid_t init;

	assert_int_equal(run(h, STEP_CREATE, name, i, NULL), 0);
	assert_int_equal(stat(arena_printf(h->arena, "%s/%s", h->lxcpath, name), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0711);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(stat(arena_printf(h->arena, "%s/%s/rootfs", h->lxcpath, name), &st), 0);
	assert_int_equal(st.st_uid, 0);
	config = harness_read(h, "%s/%s/config", h->lxcpath, name);
	assert_null(strstr(config, ".evenkeel.create"));
	assert_non_null(strstr(config, "\nlxc.net.0.type = empty\n"));
	/* it is there: nothing is left to do */
	assert_int_equal(run(h, STEP_CREATE, name, i, NULL), 0);
	assert_string_equal(harness_read(h, "%s/%s/config", h->lxcpath, name), config);

	assert_int_equal(run(h, STEP_START, name, i, NULL), 0);
	init = harness_init(h, name);
	assert_true(init > 0);
	assert_non_null(strstr(harness_read(h, "/proc/%d/uid_map", (int)init), "100000"));
	/* a network of its own, and nothing in it */
	assert_int_equal(harness_attach(h, name, &output, "ls /sys/class/net"), 0);
	assert_string_equal(output, "lo\n");
	/* the device list is in force: no disk of the host's */
	output = harness_cgroup(h, name, "devices", "devices.list", NULL);
	assert_non_null(output);
	assert_null(strstr(output, "a *:* rwm"));
	assert_non_null(strstr(output, "c 1:3 rwm"));

	assert_int_equal(run(h, STEP_DESTROY, name, i, &config), EBUSY);
	document_of(i);
	assert_int_equal(run(h, STEP_STOP, name, i, NULL), 0);
	assert_int_equal(harness_init(h, name), 0);
	assert_int_equal(run(h, STEP_STOP, name, i, NULL), 0);
	assert_int_equal(run(h, STEP_DESTROY, name, i, NULL), 0);
	assert_int_equal(entries_of(h->lxcpath), 0);
	assert_int_equal(run(h, STEP_DESTROY, name, i, NULL), 0);
}

/* How a template learns where the rootfs is to be. */
#define SCRIPT                                                                                     \
	"#!/bin/sh\nfor a; do case $a in --rootfs=*) R=${a#--rootfs=};; esac; done\n"              \
	"mkdir -p $R/x || exit 9\n"

static void a_failed_creation_leaves_nothing(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "fails"), *reason;
	char *script = arena_printf(h->arena, "%s/lxc-fails", h->root);
	struct instance *i = make_instance(h, name, script);

	harness_write(h, script,
		      SCRIPT "echo one\necho 'the \033mirror is "
			     "down' >&2\nexit 3\n");
	chmod(script, 0755);
	assert_int_equal(run(h, STEP_CREATE, name, i, &reason), EIO);
	assert_non_null(strstr(reason, "mirror is down"));
	assert_null(strchr(reason, '\033'));
	assert_int_equal(entries_of(h->lxcpath), 0);

	i = make_instance(h, name, "no-such-template");
	assert_int_equal(run(h, STEP_CREATE, name, i, &reason), EIO);
	assert_non_null(reason);
	assert_int_equal(entries_of(h->lxcpath), 0);

	i = make_instance(h, name, NULL);
	document_of(i)->source.at = NOWHERE;
	assert_int_equal(run(h, STEP_CREATE, name, i, &reason), EINVAL);
}

static void options_reach_the_template(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "options");
	char *script = arena_printf(h->arena, "%s/lxc-options", h->root), *text;
	struct instance *i = make_instance(h, name, script);
	static struct setting options[] = {
	    {.name = "arch", .text = "amd64"                  },
	    {.name = "word", .text = "two words; rm -rf $HOME"},
	};

	document_of(i)->source.options = (struct settings){options, 2};
	harness_write(h, script,
		      SCRIPT "for a; do echo \"$a\"; done > "
			     "$R/words\nid -u >> $R/words\n"
			     "env >> $R/env\n");
	chmod(script, 0755);
	setenv("EK_TEST_SECRET", "1", 1);
	assert_int_equal(run(h, STEP_CREATE, name, i, NULL), 0);
	unsetenv("EK_TEST_SECRET");
	text = harness_read(h, "%s/%s/rootfs/words", h->lxcpath, name);
	assert_non_null(strstr(text, "\n--arch\namd64\n--word\ntwo words; rm -rf $HOME\n0\n"));
	text = harness_read(h, "%s/%s/rootfs/env", h->lxcpath, name);
	assert_null(strstr(text, "EK_TEST_SECRET"));
	assert_int_equal(run(h, STEP_DESTROY, name, i, NULL), 0);
}

/* Waits for a file that something under test writes. */
static char *await_file(struct harness *h, const char *path)
{
	char *text = NULL;

	for (int k = 0; k < 1000 && !text; k++) {
		text = harness_read(h, "%s", path);
		if (!text)
			usleep(10000);
	}
	assert_non_null(text);
	return text;
}

/* A submitter that is killed once its job has written SIGN. */
static void submit_and_die(struct harness *h, struct job job, const char *sign)
{
	struct host *host = make_host(h);
	pid_t pid = fork();

	if (pid == 0) {
		jobs_run(h->lxcpath, host, &job, 1, h->arena);
		_exit(0);
	}
	await_file(h, sign);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static size_t lines_of(struct harness *h, const char *path)
{
	const char *text = harness_read(h, "%s", path);
	size_t n = 0;

	for (; text && *text; text++)
		n += *text == '\n';
	return n;
}

/* Whoever submitted it was killed: its job goes on, and the next one finds it done. */
static void an_orphaned_creation_is_not_doubled(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "orphan");
	char *script = arena_printf(h->arena, "%s/lxc-slow", h->root);
	char *runs = arena_printf(h->arena, "%s/runs", h->root);
	struct instance *i = make_instance(h, name, script);

	harness_write(h, script,
		      arena_printf(h->arena, "%s",
				   SCRIPT "echo run >> $R/../../../../runs\n"
					  "sleep 2\nmkdir -p $R/sbin\n"));
	chmod(script, 0755);
	submit_and_die(h, (struct job){.step = STEP_CREATE, .name = name, .instance = i}, runs);
	assert_int_equal(access(arena_printf(h->arena, "%s/%s", h->lxcpath, name), F_OK), -1);
	assert_int_equal(run(h, STEP_CREATE, name, i, NULL), 0);
	assert_int_equal(access(arena_printf(h->arena, "%s/%s/config", h->lxcpath, name), F_OK), 0);
	assert_int_equal(lines_of(h, runs), 1);
	assert_int_equal(entries_of(h->lxcpath), 1);
	assert_int_equal(run(h, STEP_DESTROY, name, i, NULL), 0);
	unlink(runs);
}

/* It is another container's affair alone, and what dies in the middle leaves nothing in the way. */
static void a_killed_creation_is_cleared_by_the_next(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "killed"), *other = harness_name(h, "other");
	char *script = arena_printf(h->arena, "%s/lxc-slow", h->root);
	char *sign = arena_printf(h->arena, "%s/template.pid", h->root);
	struct instance *i = make_instance(h, name, script);
	pid_t group;

	harness_write(h, script, SCRIPT "echo $$ > $R/../../../../template.pid\nexec sleep 60\n");
	chmod(script, 0755);
	submit_and_die(h, (struct job){.step = STEP_CREATE, .name = name, .instance = i}, sign);
	assert_int_equal(run(h, STEP_CREATE, other, make_instance(h, other, "busybox"), NULL), 0);
	assert_int_equal(entries_of(h->lxcpath), 2);
	/* the template and, being of its group, the job */
	group = getpgid((pid_t)strtol(await_file(h, sign), NULL, 10));
	assert_true(group > 1 && group != getpgrp());
	assert_int_equal(kill(-group, SIGKILL), 0);
	i = make_instance(h, name, "busybox");
	assert_int_equal(run(h, STEP_CREATE, name, i, NULL), 0);
	assert_int_equal(entries_of(h->lxcpath), 2);
	/* what a dead one left is nobody's */
	assert_int_equal(mkdir(arena_printf(h->arena, "%s/.evenkeel.create.1", h->lxcpath), 0700),
			 0);
	assert_int_equal(run(h, STEP_DESTROY, name, i, NULL), 0);
	assert_int_equal(run(h, STEP_CREATE, name, i, NULL), 0);
	assert_int_equal(entries_of(h->lxcpath), 2);
	assert_int_equal(run(h, STEP_DESTROY, name, i, NULL), 0);
	assert_int_equal(run(h, STEP_DESTROY, other, i, NULL), 0);
}

static struct instance *with_timeout(struct harness *h, const char *name, const char *seconds)
{
	struct instance *i = make_instance(h, name, NULL);
	struct setting *timeout = arena_alloc(h->arena, sizeof(*timeout));
	struct expanded *setting = arena_alloc(h->arena, sizeof(*setting));

	timeout->name = "boot.host_shutdown_timeout";
	timeout->text = arena_strdup(h->arena, seconds);
	timeout->key = keys_find(timeout->name, SCOPE_CONTAINER);
	setting->setting = timeout;
	i->config = setting;
	i->n_config = 1;
	return i;
}

/* Killed between its stop and its start, whoever asked for it leaves a container that comes up
 * again, once. */
static void an_orphaned_restart_is_finished_and_not_doubled(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "again");
	char *starts = arena_printf(h->arena, "%s/starts", h->root);
	char *sign = arena_printf(h->arena, "%s/stopped", h->root);
	char *hook = arena_printf(h->arena, "%s/hook", h->root);
	struct job job = {
	    .step = STEP_RESTART, .name = name, .instance = with_timeout(h, name, "1")};
	pid_t first, second, third;

	harness_write(h, hook,
		      arena_printf(h->arena,
				   "#!/bin/sh\n[ $3 = pre-start ] && echo start >> %s\n"
				   "[ $3 = post-stop ] && echo stop > %s && sleep 2\nexit 0\n",
				   starts, sign));
	chmod(hook, 0755);
	harness_create(h, name,
		       arena_printf(h->arena,
				    "lxc.hook.pre-start = %s\nlxc.hook.post-stop = %s\n"
				    "lxc.signal.halt = SIGWINCH\n",
				    hook, hook));
	first = harness_start(h, name);
	job.init = first;
	submit_and_die(h, job, sign);
	assert_int_equal(kill(first, 0), -1);
	/* a daemon that asks for the same again, having seen the same run */
	jobs_run(h->lxcpath, make_host(h), &job, 1, h->arena);
	if (job.error)
		fail_msg("%s", job.reason);
	second = harness_init(h, name);
	assert_true(second > 0);
	assert_int_not_equal(second, first);
	assert_int_equal(lines_of(h, starts), 2);
	/* one that has seen the new run does restart it */
	job.init = second;
	jobs_run(h->lxcpath, make_host(h), &job, 1, h->arena);
	if (job.error)
		fail_msg("%s", job.reason);
	third = harness_init(h, name);
	assert_true(third > 0);
	assert_int_not_equal(third, second);
	assert_int_equal(lines_of(h, starts), 3);
	harness_destroy(h, name);
}

static pid_t only_job(struct harness *h)
{
	char *children = harness_read(h, "/proc/self/task/%d/children", (int)syscall(SYS_gettid));
	pid_t found = 0;

	assert_non_null(children);
	for (char *word = strsep(&children, " "); word; word = strsep(&children, " ")) {
		const char *command = *word ? harness_read(h, "/proc/%s/cmdline", word) : NULL;

		if (command && strcmp(command, "evenkeel") == 0) {
			assert_int_equal(found, 0);
			found = (pid_t)strtol(word, NULL, 10);
		}
	}
	assert_true(found > 1);
	return found;
}

/* A job that is killed itself lets the next one in at once. */
static void a_killed_job_is_in_nobodys_way(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "dead"), *reason;
	char *sign = arena_printf(h->arena, "%s/starting", h->root);
	char *hook = arena_printf(h->arena, "%s/slow", h->root);
	struct job job = {.step = STEP_START, .name = name}, *done;
	struct jobs *j = jobs_open(h->lxcpath);
	struct pollfd p = {.events = POLLIN};

	assert_non_null(j);
	p.fd = jobs_fd(j);
	harness_write(h, hook,
		      arena_printf(h->arena, "#!/bin/sh\n[ -e %s ] || { echo > %s; sleep 1; }\n",
				   sign, sign));
	chmod(hook, 0755);
	harness_create(h, name, arena_printf(h->arena, "lxc.hook.pre-start = %s\n", hook));
	jobs_submit(j, make_host(h), &job);
	assert_true(jobs_busy(j, name));
	assert_int_equal(poll(&p, 1, 0), 0);
	await_file(h, sign);
	assert_int_equal(kill(only_job(h), SIGKILL), 0);
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(jobs_collect(j, h->arena, &done, 1), 1);
	assert_ptr_equal(done, &job);
	assert_int_equal(job.error, EIO);
	reason = job.reason;
	assert_non_null(strstr(reason, "killed by signal 9"));
	assert_false(jobs_busy(j, name));
	jobs_close(j);
	assert_int_equal(run(h, STEP_START, name, NULL, NULL), 0);
	assert_true(harness_init(h, name) > 0);
	harness_destroy(h, name);
}

static void a_config_replaces_the_base(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "config"), *reason;
	char *file = arena_printf(h->arena, "%s/base.conf", h->root), *config;
	struct instance *i = make_instance(h, name, "busybox");

	document_of(i)->source.config = file;
	harness_write(h, file,
		      "lxc.apparmor.profile = unconfined\nlxc.net.0.type = empty\n"
		      "lxc.environment = FROM=file\n");
	assert_int_equal(run(h, STEP_CREATE, name, i, NULL), 0);
	config = harness_read(h, "%s/%s/config", h->lxcpath, name);
	assert_non_null(strstr(config, "lxc.environment = FROM=file\n"));
	assert_null(strstr(config, "lxc.idmap"));
	assert_non_null(strstr(config, "lxc.uts.name"));
	assert_int_equal(run(h, STEP_DESTROY, name, i, NULL), 0);

	chmod(file, 0666);
	assert_int_equal(run(h, STEP_CREATE, name, i, &reason), EPERM);
	chmod(file, 0644);
	document_of(i)->source.config = "base.conf";
	assert_int_equal(run(h, STEP_CREATE, name, i, &reason), EINVAL);
	document_of(i)->source.config = file;
	document_of(i)->source.template = NULL;
	assert_int_equal(run(h, STEP_CREATE, name, i, &reason), EINVAL);
	assert_non_null(strstr(reason, "lxc.rootfs.path"));
	assert_int_equal(entries_of(h->lxcpath), 0);
}

static void a_start_inherits_nothing_of_ours(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "fresh");
	struct rlimit before, lower;
	cpu_set_t one, all;
	char *text;
	int fd;
	pid_t init;

	harness_create(h, name, NULL);
	make_host(h);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	{
		struct job job = {.step = STEP_START, .name = name};
		struct host *host = make_host(h);

		lower = (struct rlimit){77, before.rlim_max};
		setrlimit(RLIMIT_NOFILE, &lower);
		sched_setaffinity(0, sizeof(one), &one);
		umask(0077);
		setpriority(PRIO_PROCESS, 0, 5);
		fd = open("/etc/passwd", O_RDONLY); /* not O_CLOEXEC */
		setenv("EK_TEST_SECRET", "1", 1);
		jobs_run(h->lxcpath, host, &job, 1, h->arena);
		unsetenv("EK_TEST_SECRET");
		close(fd);
		umask(0022);
		sched_setaffinity(0, sizeof(all), &all);
		setrlimit(RLIMIT_NOFILE, &before);
		setpriority(PRIO_PROCESS, 0, 0);
		if (job.error)
			fail_msg("%s", job.reason);
	}
	init = harness_init(h, name);
	text = harness_read(h, "/proc/%d/limits", (int)init);
	assert_null(strstr(text, "Max open files            77 "));
	assert_non_null(strstr(text, arena_printf(h->arena, "Max open files            %-20lu ",
						  (unsigned long)before.rlim_cur)));
	assert_string_equal(harness_read(h, "/proc/%d/oom_score_adj", (int)init), "0\n");
	assert_non_null(strstr(harness_read(h, "/proc/%d/status", (int)init), "Umask:\t0022\n"));
	assert_null(strstr(harness_read(h, "/proc/%d/environ", (int)init), "EK_TEST"));
	assert_int_equal(getpriority(PRIO_PROCESS, (id_t)init), 0);
	assert_int_equal(sched_getaffinity(init, sizeof(one), &one), 0);
	assert_true(CPU_EQUAL(&one, &all));
	harness_destroy(h, name);
}

static void a_refused_start_says_why(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "bad"), *reason;

	harness_create(h, name, "lxc.mount.entry = /no/such/place mnt none bind 0 0\n");
	assert_int_equal(run(h, STEP_START, name, NULL, &reason), EIO);
	assert_non_null(strstr(reason, "/no/such/place"));
	harness_destroy(h, name);
	assert_int_equal(run(h, STEP_START, name, NULL, &reason), ENOENT);
}

static void freezing_and_thawing(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "cold");
	struct instance *i = make_instance(h, name, NULL);

	harness_create(h, name, NULL);
	harness_start(h, name);
	assert_int_equal(run(h, STEP_FREEZE, name, i, NULL), 0);
	assert_string_equal(harness_cgroup(h, name, "freezer", "freezer.state", "cgroup.freeze"),
			    "FROZEN");
	assert_int_equal(run(h, STEP_THAW, name, i, NULL), 0);
	assert_string_equal(harness_cgroup(h, name, "freezer", "freezer.state", "cgroup.freeze"),
			    "THAWED");
	assert_int_equal(run(h, STEP_FREEZE, name, i, NULL), 0);
	assert_int_equal(run(h, STEP_STOP, name, i, NULL), 0);
	assert_int_equal(harness_init(h, name), 0);
	harness_destroy(h, name);
}

/* Always between vfork(2) and its return, where the kernel's v1 freezer can leave a process out. */
static pid_t busy_in(struct harness *h, const char *name)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close_range(0, ~0U, 0);
	}
	while (pid == 0) {
		pid_t child = vfork();

		if (child == 0) {
			for (volatile int i = 0; i < 20000; i++)
				;
			_exit(0);
		}
		waitpid(child, NULL, 0);
	}
	assert_int_equal(harness_cgroup_write(h, name, "freezer", "cgroup.procs", NULL,
					      arena_printf(h->arena, "%d", (int)pid)),
			 0);
	return pid;
}

static void processes_that_fork_freeze_too(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "busy");
	pid_t busy[8];

	harness_create(h, name, NULL);
	harness_start(h, name);
	for (size_t i = 0; i < 8; i++)
		busy[i] = busy_in(h, name);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(run(h, STEP_FREEZE, name, NULL, NULL), 0);
		assert_int_equal(run(h, STEP_THAW, name, NULL, NULL), 0);
	}
	for (size_t i = 0; i < 8; i++) {
		kill(busy[i], SIGKILL);
		waitpid(busy[i], NULL, 0);
	}
	harness_destroy(h, name);
}

/* An init that does not listen is given its time, and no more. */
static void a_deaf_container_is_stopped_by_force(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "deaf");
	struct instance *i = with_timeout(h, name, "2");
	time_t begun;

	harness_create(h, name, "lxc.signal.halt = SIGWINCH\n");
	harness_start(h, name);
	begun = time(NULL);
	assert_int_equal(run(h, STEP_STOP, name, i, NULL), 0);
	assert_in_range(time(NULL) - begun, 1, 6);
	assert_int_equal(harness_init(h, name), 0);
	harness_destroy(h, name);
}

static void many_jobs_run_a_few_at_a_time(void **state)
{
	struct harness *h = harness_require_root(state);
	struct job jobs[6];

	for (int i = 0; i < 6; i++) {
		jobs[i] = (struct job){
		    .step = STEP_START,
		    .name = harness_name(h, arena_printf(h->arena, "many%d", i)),
		};
		if (i != 3)
			harness_create(h, jobs[i].name, NULL);
	}
	jobs_run(h->lxcpath, make_host(h), jobs, 6, h->arena);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(jobs[i].error, i == 3 ? ENOENT : 0);
		assert_int_equal(harness_init(h, jobs[i].name) > 0, i != 3);
	}
	for (int i = 0; i < 6; i++)
		harness_destroy(h, jobs[i].name);
}

static void a_protected_one_is_not_destroyed(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "keep"), *reason;
	struct instance *i = make_instance(h, name, NULL);
	static struct setting keep = {.name = "security.protection.delete", .text = "true"};
	static struct expanded setting = {.setting = &keep};

	keep.key = keys_find(keep.name, SCOPE_CONTAINER);
	i->config = &setting;
	i->n_config = 1;
	harness_create(h, name, NULL);
	assert_int_equal(run(h, STEP_DESTROY, name, i, &reason), EPERM);
	assert_int_equal(access(arena_printf(h->arena, "%s/%s/config", h->lxcpath, name), F_OK), 0);
	harness_destroy(h, name);
}

/* Its boot file may have gone: by hand, or with the original of a copy. */
static void a_broken_include_is_in_nobodys_way(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "broken");
	char *config = arena_printf(h->arena, "%s/%s/config", h->lxcpath, name);

	harness_create(h, name, NULL);
	harness_write(h, config,
		      arena_printf(h->arena, "%slxc.include = %s/gone/evenkeel.conf\n",
				   harness_read(h, "%s", config), h->lxcpath));
	assert_int_equal(run(h, STEP_START, name, NULL, NULL), 0);
	harness_stop(h, name);
	harness_write(h, config,
		      arena_printf(h->arena, "%slxc.include = %s/gone/evenkeel.conf\n",
				   harness_read(h, "%s", config), h->lxcpath));
	assert_int_equal(run(h, STEP_DESTROY, name, NULL, NULL), 0);
	assert_int_equal(entries_of(h->lxcpath), 0);
}

static void a_job_without_a_spec_is_refused(void **state)
{
	struct harness *h = harness_require_root(state);
	char *output;

	assert_int_equal(harness_run(h, &output, "/proc/self/exe", "job", NULL), 2);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_created_container_is_unprivileged),
	    cmocka_unit_test(a_failed_creation_leaves_nothing),
	    cmocka_unit_test(options_reach_the_template),
	    cmocka_unit_test(an_orphaned_creation_is_not_doubled),
	    cmocka_unit_test(a_killed_creation_is_cleared_by_the_next),
	    cmocka_unit_test(an_orphaned_restart_is_finished_and_not_doubled),
	    cmocka_unit_test(a_killed_job_is_in_nobodys_way),
	    cmocka_unit_test(a_config_replaces_the_base),
	    cmocka_unit_test(a_start_inherits_nothing_of_ours),
	    cmocka_unit_test(a_refused_start_says_why),
	    cmocka_unit_test(freezing_and_thawing),
	    cmocka_unit_test(processes_that_fork_freeze_too),
	    cmocka_unit_test(a_deaf_container_is_stopped_by_force),
	    cmocka_unit_test(many_jobs_run_a_few_at_a_time),
	    cmocka_unit_test(a_protected_one_is_not_destroyed),
	    cmocka_unit_test(a_broken_include_is_in_nobodys_way),
	    cmocka_unit_test(a_job_without_a_spec_is_refused),
	};

	/* job processes are this very program */
	if (argc > 1 && strcmp(argv[1], "job") == 0)
		return job_main(argc - 1, argv + 1);
	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
