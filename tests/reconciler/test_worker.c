/* A thread with a queue: in order, off the loop, and gone when it is closed. */
#include "reconciler/worker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#define MANY 2000

struct job {
	struct task task;
	struct worker *worker;
	sem_t *begun, *go; /* NULL: at once */
	pthread_t ran_on;
	sigset_t blocked;
	char title[16];
	int again; /* how often done() submits it again */
	size_t ran_at, done_at;
};

static size_t ran, done, dropped;

static void job_run(struct task *t)
{
	struct job *j = (struct job *)t;

	if (j->begun)
		sem_post(j->begun);
	if (j->go)
		sem_wait(j->go);
	j->ran_on = pthread_self();
	pthread_sigmask(SIG_SETMASK, NULL, &j->blocked);
	pthread_getname_np(pthread_self(), j->title, sizeof(j->title));
	j->ran_at = ++ran;
}

static void job_done(struct task *t)
{
	struct job *j = (struct job *)t;

	j->done_at = ++done;
	if (j->again-- > 0)
		worker_submit(j->worker, t);
}

static void job_drop(struct task *t)
{
	(void)t;
	dropped++;
}

static struct job job_make(struct worker *w)
{
	return (struct job){
	    .task = {.run = job_run, .done = job_done},
              .worker = w
        };
}

static int setup(void **state)
{
	ran = done = dropped = 0;
	*state = worker_open("ek-test-worker");
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	worker_close(*state);
	return 0;
}

static bool readable(const struct worker *w, int timeout)
{
	struct pollfd p = {.fd = worker_fd(w), .events = POLLIN};

	return poll(&p, 1, timeout) == 1;
}

static void collect_all(struct worker *w)
{
	while (worker_pending(w)) {
		assert_true(readable(w, 10000));
		worker_collect(w);
	}
}

static void tasks_run_in_their_order_on_another_thread(void **state)
{
	static struct job jobs[MANY];

	for (size_t i = 0; i < MANY; i++) {
		jobs[i] = job_make(*state);
		worker_submit(*state, &jobs[i].task);
	}
	assert_int_equal(worker_pending(*state), MANY);
	collect_all(*state);
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(jobs[i].ran_at, i + 1);
		assert_int_equal(jobs[i].done_at, i + 1);
		assert_false(pthread_equal(jobs[i].ran_on, pthread_self()));
	}
	assert_string_equal(jobs[0].title, "ek-test-worker");
}

static void its_thread_takes_no_signals(void **state)
{
	struct job j = job_make(*state);
	sigset_t mine;

	worker_submit(*state, &j.task);
	collect_all(*state);
	assert_true(sigismember(&j.blocked, SIGTERM));
	assert_true(sigismember(&j.blocked, SIGCHLD));
	assert_true(sigismember(&j.blocked, SIGHUP));
	pthread_sigmask(SIG_SETMASK, NULL, &mine);
	assert_false(sigismember(&mine, SIGTERM));
}

static void the_fd_is_readable_only_when_something_ran(void **state)
{
	struct job j = job_make(*state);
	sem_t go;

	sem_init(&go, 0, 0);
	j.go = &go;
	assert_false(readable(*state, 0));
	worker_submit(*state, &j.task);
	assert_false(readable(*state, 20));
	worker_collect(*state); /* nothing has run: nothing happens */
	assert_int_equal(done, 0);
	assert_int_equal(worker_pending(*state), 1);
	sem_post(&go);
	assert_true(readable(*state, 10000));
	worker_collect(*state);
	assert_int_equal(done, 1);
	assert_int_equal(worker_pending(*state), 0);
	assert_false(readable(*state, 0));
	sem_destroy(&go);
}

static void what_is_done_may_be_given_again(void **state)
{
	struct job j = job_make(*state);

	j.again = 5;
	worker_submit(*state, &j.task);
	collect_all(*state);
	assert_int_equal(ran, 6);
	assert_int_equal(done, 6);
}

static void *let_go_later(void *go)
{
	usleep(50000);
	sem_post(go);
	return NULL;
}

static void closing_ends_the_task_in_hand_and_begins_none(void **state)
{
	struct worker *w = *state;
	struct job first = job_make(w), second = job_make(w);
	sem_t begun, go;
	pthread_t other;

	sem_init(&begun, 0, 0);
	sem_init(&go, 0, 0);
	first.begun = &begun;
	first.go = &go;
	first.task.drop = second.task.drop = job_drop;
	worker_submit(w, &first.task);
	worker_submit(w, &second.task);
	sem_wait(&begun);
	assert_int_equal(pthread_create(&other, NULL, let_go_later, &go), 0);
	worker_close(w);
	*state = NULL;
	pthread_join(other, NULL);
	assert_int_equal(first.ran_at, 1);
	assert_int_equal(second.ran_at, 0);
	assert_int_equal(done, 0);
	assert_int_equal(dropped, 2);
	sem_destroy(&begun);
	sem_destroy(&go);
}

static void closing_leaves_no_fd(void **state)
{
	int next = dup(0);

	(void)state;
	close(next);
	for (int i = 0; i < 20; i++)
		worker_close(worker_open("ek-test-worker"));
	worker_close(NULL);
	assert_int_equal(dup(0), next);
	close(next);
}

static void without_fds_there_is_none(void **state)
{
	struct rlimit before, none;
	struct worker *w;
	int error;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	w = worker_open("ek-test-worker");
	error = errno;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_null(w);
	assert_int_equal(error, EMFILE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(tasks_run_in_their_order_on_another_thread, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(its_thread_takes_no_signals, setup, teardown),
	    cmocka_unit_test_setup_teardown(the_fd_is_readable_only_when_something_ran, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(what_is_done_may_be_given_again, setup, teardown),
	    cmocka_unit_test_setup_teardown(closing_ends_the_task_in_hand_and_begins_none, setup,
					    teardown),
	    cmocka_unit_test(closing_leaves_no_fd),
	    cmocka_unit_test(without_fds_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
