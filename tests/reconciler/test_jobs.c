/* Jobs without containers: the processes are this program, which does as a name tells it. */
#include "reconciler/joblock.h"
#include "reconciler/jobspec.h"
#include "reconciler/lifecycle.h"
#include "reconciler/runfolder.h"
#include "schema/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- the clock: what it says is this much ahead ---- */

static time_t ahead;

int clock_gettime(clockid_t clock, struct timespec *t)
{
	int error = (int)syscall(SYS_clock_gettime, clock, t);

	t->tv_sec += ahead;
	return error;
}

/* ---- the other side ---- */

/* Appends a word and who says it. */
static void note(const char *folder, const char *name, char what)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/log", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	dprintf(fd, "%c%s\n", what, name);
	close(fd);
}

static void await(const char *folder, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/go-%s", folder, name);
	for (int i = 0; i < 3000 && access(path, F_OK) < 0; i++)
		poll(NULL, 0, 5);
}

static int work(struct arena *a)
{
	char *text = arena_alloc(a, 1 << 20);
	ssize_t n = read(STDIN_FILENO, text, (1 << 20) - 1);
	struct jobspec s;

	text[n > 0 ? n : 0] = '\0';
	if (jobspec_parse(text, a, &s) < 0)
		return 2;
	note(s.lxcpath, s.clear ? "clear" : s.name, '+');
	if (strncmp(s.name, "wait", 4) == 0 && !s.clear)
		await(s.lxcpath, s.name);
	if (strncmp(s.name, "crash", 5) == 0 && !s.clear)
		kill(getpid(), SIGKILL);
	if (strncmp(s.name, "mute", 4) == 0)
		return 0;
	note(s.lxcpath, s.clear ? "clear" : s.name, '-');
	if (strncmp(s.name, "fail", 4) == 0) {
		fprintf(stderr, "one\ntwo\nthree\nthe mirror\033 is down\n");
		dprintf(JOB_ANSWER_FD, "%d no luck\n", ENXIO);
		return 1;
	}
	/* nothing of the submitter's but the three files */
	for (int fd = JOB_ANSWER_FD + 1; fd < 256; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			dprintf(JOB_ANSWER_FD, "%d fd %d is open\n", EBADF, fd);
	if (getpgrp() != getpid())
		dprintf(JOB_ANSWER_FD, "%d not a group of its own\n", EPERM);
	dprintf(JOB_ANSWER_FD, "0 \n");
	return 0;
}

static int stand_in(void)
{
	struct arena *a = arena_new();
	int status = work(a);

	arena_free(a);
	return status;
}

/* ---- this side ---- */

struct fixture {
	struct arena *arena;
	char folder[32];
	struct cpu cpus[2];
	struct host host;
	struct jobs *jobs;
};

static int make(void **state)
{
	static char program[PATH_MAX];
	struct fixture *p = calloc(1, sizeof(*p));

	ahead = 0;
	snprintf(p->folder, sizeof(p->folder), "/tmp/ek-test-XXXXXX");
	if (!mkdtemp(p->folder))
		return -1;
	p->arena = arena_new();
	p->host.cpus = p->cpus;
	p->host.n_cpus = 2;
	p->jobs = jobs_open(p->folder);
	if (readlink("/proc/self/exe", program, sizeof(program) - 1) < 0)
		return -1;
	jobs_set_program(program);
	*state = p;
	return p->jobs ? 0 : -1;
}

static const char *file(struct fixture *p, const char *format, const char *name)
{
	const char *last = arena_printf(p->arena, "%s%s", format, name);

	return arena_printf(p->arena, "%s/%s", p->folder, last);
}

static int unmake(void **state)
{
	static const char *const files[] = {"log", "go-wait1", "go-wait2", "go-wait3"};
	struct fixture *p = *state;

	char digest[RUNFOLDER_DIGEST + 1];

	jobs_close(p->jobs);
	if (runfolder_digest(p->folder, digest) == 0)
		unlink(arena_printf(p->arena, RUNFOLDER "/jobs-%s", digest));
	if (runfolder_digest(p->folder, digest) == 0)
		unlink(arena_printf(p->arena, "%s/run/jobs-%s", p->folder, digest));
	rmdir(file(p, "run", ""));
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		unlink(file(p, files[i], ""));
	rmdir(p->folder);
	arena_free(p->arena);
	free(p);
	return 0;
}

static void go(struct fixture *p, const char *name)
{
	close(open(file(p, "go-", name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static const char *log_of(struct fixture *p)
{
	char *text = arena_alloc(p->arena, 4096);
	int fd = open(file(p, "log", ""), O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && read(fd, text, 4095) < 0)
		text[0] = '\0';
	if (fd >= 0)
		close(fd);
	return text;
}

static void await_log(struct fixture *p, const char *text)
{
	for (int i = 0; i < 2000 && !strstr(log_of(p), text); i++)
		poll(NULL, 0, 5);
	assert_non_null(strstr(log_of(p), text));
}

static bool readable(const struct fixture *p, int ms)
{
	struct pollfd f = {.fd = jobs_fd(p->jobs), .events = POLLIN};

	return poll(&f, 1, ms) == 1;
}

/* Nothing to collect, and nothing said of it; where a kernel (or valgrind) has no pidfds, those
 * that run are looked at now and then. */
static void assert_quiet(const struct fixture *p, int ms)
{
	int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);

	if (fd < 0)
		return;
	close(fd);
	assert_false(readable(p, ms));
}

/* The next one that ends. */
static struct job *next(struct fixture *p)
{
	struct job *done = NULL;

	for (int i = 0; i < 100 && jobs_collect(p->jobs, p->arena, &done, 1) == 0; i++)
		assert_true(readable(p, 10000));
	assert_non_null(done);
	return done;
}

static void submit(struct fixture *p, struct job *job, enum step step, const char *name)
{
	*job = (struct job){.step = step, .name = name};
	jobs_submit(p->jobs, &p->host, job);
}

static void answers_are_collected(void **state)
{
	struct fixture *p = *state;
	struct job fine, bad, crash, mute;

	assert_quiet(p, 0);
	submit(p, &fine, STEP_START, "fine");
	assert_true(jobs_busy(p->jobs, "fine"));
	assert_false(jobs_busy(p->jobs, "fin"));
	assert_ptr_equal(next(p), &fine);
	if (fine.error)
		fail_msg("%s", fine.reason);
	assert_null(fine.reason);
	assert_false(jobs_busy(p->jobs, "fine"));
	submit(p, &bad, STEP_STOP, "fail");
	assert_ptr_equal(next(p), &bad);
	assert_int_equal(bad.error, ENXIO);
	assert_string_equal(bad.reason, "no luck: two three the mirror\\x1b is down");
	submit(p, &crash, STEP_FREEZE, "crash");
	assert_ptr_equal(next(p), &crash);
	assert_int_equal(crash.error, EIO);
	assert_string_equal(crash.reason, "the job was killed by signal 9");
	submit(p, &mute, STEP_THAW, "mute");
	assert_ptr_equal(next(p), &mute);
	assert_int_equal(mute.error, EIO);
	assert_string_equal(mute.reason, "the job process could not be run");
	assert_quiet(p, 20);
}

static void a_few_run_at_a_time(void **state)
{
	struct fixture *p = *state;
	struct job one, two, three, *done[3];

	submit(p, &one, STEP_START, "wait1");
	submit(p, &two, STEP_START, "wait2");
	submit(p, &three, STEP_START, "wait3");
	await_log(p, "+wait1\n");
	await_log(p, "+wait2\n");
	assert_quiet(p, 50);
	assert_int_equal(jobs_collect(p->jobs, p->arena, done, 3), 0);
	assert_null(strstr(log_of(p), "wait3"));
	go(p, "wait2");
	assert_ptr_equal(next(p), &two);
	await_log(p, "+wait3\n");
	go(p, "wait1");
	go(p, "wait3");
	await_log(p, "-wait1\n");
	await_log(p, "-wait3\n");
	poll(NULL, 0, 50);
	/* what is not taken at once stays readable */
	assert_int_equal(jobs_collect(p->jobs, p->arena, done, 1), 1);
	assert_true(readable(p, 100));
	assert_int_equal(jobs_collect(p->jobs, p->arena, done + 1, 2), 1);
	assert_ptr_not_equal(done[0], done[1]);
	assert_quiet(p, 20);
}

static void one_container_has_one_job_at_a_time(void **state)
{
	struct fixture *p = *state;
	struct job first, second, other;

	submit(p, &first, STEP_STOP, "wait1");
	submit(p, &second, STEP_START, "wait1");
	await_log(p, "+wait1\n");
	submit(p, &other, STEP_START, "other");
	assert_ptr_equal(next(p), &other);
	assert_true(jobs_busy(p->jobs, "wait1"));
	assert_string_equal(log_of(p), "+wait1\n+other\n-other\n");
	go(p, "wait1");
	assert_ptr_equal(next(p), &first);
	assert_ptr_equal(next(p), &second);
	assert_string_equal(log_of(p), "+wait1\n+other\n-other\n-wait1\n+wait1\n-wait1\n");
}

static void a_late_one_is_killed(void **state)
{
	struct fixture *p = *state;
	struct job start, create, *done;

	submit(p, &start, STEP_START, "wait1");
	submit(p, &create, STEP_CREATE, "wait2");
	assert_ptr_equal(next(p), &create); /* refused: it has no manifest */
	assert_int_equal(create.error, EINVAL);
	await_log(p, "+wait1\n");
	ahead = 59;
	assert_int_equal(jobs_collect(p->jobs, p->arena, &done, 1), 0);
	assert_quiet(p, 50);
	ahead = 61;
	assert_int_equal(jobs_collect(p->jobs, p->arena, &done, 1), 0); /* it is being killed */
	ahead = 0;
	assert_ptr_equal(next(p), &start);
	assert_int_equal(start.error, ETIMEDOUT);
	assert_string_equal(start.reason, "not up within 60 s; it may still be starting");
	assert_null(strstr(log_of(p), "-wait1"));
}

static void a_killed_creation_is_cleared_after(void **state)
{
	static const struct source source = {.name = "test"};
	struct fixture *p = *state;
	struct document d = {.name = "crash"};
	struct instance i = {.name = "crash", .document = &d};
	struct job job = {.step = STEP_CREATE, .name = "crash", .instance = &i};
	struct subid ids = {100000, 65536};

	d.source.at = (struct place){&source, 1, 1};
	d.source.template = "none";
	assert_int_equal(idmap_default(&ids, 1, &ids, 1, p->arena, &p->host.idmap), 0);
	jobs_submit(p->jobs, &p->host, &job);
	assert_ptr_equal(next(p), &job);
	assert_int_equal(job.error, EIO);
	for (int k = 0; k < 100 && !strstr(log_of(p), "-clear"); k++) {
		struct job *done;

		assert_int_equal(jobs_collect(p->jobs, p->arena, &done, 1), 0);
		poll(NULL, 0, 20);
	}
	assert_string_equal(log_of(p), "+crash\n+clear\n-clear\n");
}

static void closing_leaves_them_alone(void **state)
{
	struct fixture *p = *state;
	struct job running, queued, more;

	submit(p, &running, STEP_RESTART, "wait1");
	submit(p, &more, STEP_RESTART, "wait2");
	submit(p, &queued, STEP_START, "queued");
	await_log(p, "+wait1\n");
	await_log(p, "+wait2\n");
	jobs_close(p->jobs);
	p->jobs = NULL;
	go(p, "wait1");
	go(p, "wait2");
	await_log(p, "-wait1\n");
	await_log(p, "-wait2\n");
	while (wait(NULL) > 0)
		;
	assert_null(strstr(log_of(p), "queued"));
}

static void a_program_that_cannot_be_run(void **state)
{
	struct fixture *p = *state;
	struct job job;

	jobs_set_program("/no/such/program");
	submit(p, &job, STEP_START, "any");
	assert_ptr_equal(next(p), &job);
	if (job.error == ENOENT)
		assert_non_null(strstr(job.reason, "no process for it"));
	else /* where a process comes first (valgrind) */
		assert_string_equal(job.reason, "the job process could not be run");
	assert_quiet(p, 0);
}

/* Every place for a file is taken, at every step of the way. */
static void no_files_are_left(void **state)
{
	struct fixture *p = *state;
	struct rlimit before, none;
	struct job job;
	int free_fd = dup(0);

	close(free_fd);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	for (int more = 0; more < 8; more++) {
		none = (struct rlimit){(rlim_t)(free_fd + more), before.rlim_max};
		setrlimit(RLIMIT_NOFILE, &none);
		submit(p, &job, STEP_START, "any");
		setrlimit(RLIMIT_NOFILE, &before);
		assert_ptr_equal(next(p), &job);
		if (job.error)
			assert_int_equal(job.error, EMFILE);
		if (more == 0)
			assert_int_equal(job.error, EMFILE);
		if (more == 7)
			assert_int_equal(job.error, 0);
	}
	assert_int_equal(dup(0), free_fd);
	close(free_fd);
}

static void all_of_them_waited_for(void **state)
{
	struct fixture *p = *state;
	struct job jobs[40];

	for (int i = 0; i < 40; i++)
		jobs[i] = (struct job){
		    .step = STEP_START,
		    .name = arena_printf(p->arena, "%s%d", i == 7 ? "fail" : "fine", i),
		};
	jobs_run(p->folder, &p->host, jobs, 40, p->arena);
	for (int i = 0; i < 40; i++)
		assert_int_equal(jobs[i].error, i == 7 ? ENXIO : 0);
}

/* ---- the lock ---- */

static void a_lock_is_one_processs(void **state)
{
	struct fixture *p = *state;
	const char *run = file(p, "run", "");
	int fd = joblock_open(run, p->folder), ready[2];
	struct stat st;
	char byte;
	pid_t child;

	assert_true(fd >= 0);
	assert_int_equal(stat(run, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(joblock_holder(fd, "web1"), 0);
	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		pid_t grandchild;
		int own = joblock_open(run, p->folder);

		byte = joblock_take(own, "web1") == 0 ? 'y' : 'n';
		/* what it begins does not hold it */
		grandchild = fork();
		if (grandchild == 0) {
			pause();
			_exit(0);
		}
		dprintf(ready[1], "%c%d\n", byte, (int)grandchild);
		pause();
		_exit(0);
	}
	{
		char text[32] = "";
		pid_t grandchild;

		assert_true(read(ready[0], text, sizeof(text) - 1) > 2);
		assert_int_equal(text[0], 'y');
		grandchild = (pid_t)strtol(text + 1, NULL, 10);
		assert_int_equal(joblock_holder(fd, "web1"), child);
		assert_int_equal(joblock_take(fd, "web1"), -EAGAIN);
		assert_int_equal(joblock_holder(fd, "web2"), 0);
		assert_int_equal(joblock_take(fd, "web2"), 0);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		assert_int_equal(joblock_holder(fd, "web1"), 0);
		assert_int_equal(joblock_take(fd, "web1"), 0);
		kill(grandchild, SIGKILL);
	}
	close(ready[0]);
	close(ready[1]);
	close(fd);
	assert_int_equal(joblock_open(run, "relative"), -EINVAL);
	chmod(run, 0777);
	assert_int_equal(joblock_open(run, p->folder), -EPERM);
	assert_int_equal(joblock_holder(-1, "web1"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    TEST(answers_are_collected),
	    TEST(a_few_run_at_a_time),
	    TEST(one_container_has_one_job_at_a_time),
	    TEST(a_late_one_is_killed),
	    TEST(a_killed_creation_is_cleared_after),
	    TEST(closing_leaves_them_alone),
	    TEST(a_program_that_cannot_be_run),
	    TEST(no_files_are_left),
	    TEST(all_of_them_waited_for),
	    TEST(a_lock_is_one_processs),
	};

	if (argc > 1 && strcmp(argv[1], "job") == 0)
		return stand_in();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
