#include "reconciler/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A folder for locks, an LXC path and a symlink to it. */
struct places {
	char top[32], run[64], lxc[64], link[64], missing[64], behind_link[64];
};

static int make(void **state)
{
	struct places *p = calloc(1, sizeof(*p));

	strcpy(p->top, "/tmp/ek-lock.XXXXXX");
	if (!mkdtemp(p->top))
		return -1;
	snprintf(p->run, sizeof(p->run), "%s/run", p->top);
	snprintf(p->lxc, sizeof(p->lxc), "%s/lxc", p->top);
	snprintf(p->link, sizeof(p->link), "%s/link", p->top);
	snprintf(p->missing, sizeof(p->missing), "%s/lxc/later", p->top);
	snprintf(p->behind_link, sizeof(p->behind_link), "%s/link/later/", p->top);
	*state = p;
	return mkdir(p->lxc, 0755) || symlink("lxc", p->link);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static int clean(void **state)
{
	struct places *p = *state;
	int error = nftw(p->top, remove_one, 8, FTW_DEPTH | FTW_PHYS);

	free(p);
	return error;
}

static void second_one_learns_the_holder(void **state)
{
	struct places *p = *state;
	pid_t holder = -1;
	int fd = lock_take_below(p->run, p->lxc, &holder);

	assert_true(fd >= 0);
	assert_int_equal(holder, 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(lock_take_below(p->run, p->lxc, &holder), -EWOULDBLOCK);
	assert_int_equal(holder, getpid());
	assert_int_equal(lock_take_below(p->run, p->lxc, NULL), -EWOULDBLOCK);
	close(fd);
	fd = lock_take_below(p->run, p->lxc, &holder);
	assert_true(fd >= 0);
	close(fd);
}

static void every_spelling_is_the_same_lock(void **state)
{
	struct places *p = *state;
	pid_t holder;
	int fd = lock_take_below(p->run, p->lxc, &holder);

	assert_int_equal(lock_take_below(p->run, p->link, &holder), -EWOULDBLOCK);
	close(fd);
	/* a path that does not exist yet is the same one once it does */
	fd = lock_take_below(p->run, p->missing, &holder);
	assert_true(fd >= 0);
	assert_int_equal(lock_take_below(p->run, p->behind_link, &holder), -EWOULDBLOCK);
	assert_int_equal(mkdir(p->missing, 0755), 0);
	assert_int_equal(lock_take_below(p->run, p->missing, &holder), -EWOULDBLOCK);
	close(fd);
}

static void another_path_is_another_lock(void **state)
{
	struct places *p = *state;
	int one = lock_take_below(p->run, p->lxc, NULL);
	int two = lock_take_below(p->run, p->missing, NULL);

	assert_true(one >= 0);
	assert_true(two >= 0);
	close(one);
	close(two);
}

/* A child that takes the lock, says so, and waits to be killed. */
static pid_t start_holder(const struct places *p)
{
	int ready[2];
	char byte;
	pid_t child;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		if (lock_take_below(p->run, p->lxc, NULL) < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return child;
}

static void goes_with_its_holder(void **state)
{
	struct places *p = *state;
	pid_t holder = 0, child = start_holder(p);
	int fd;

	assert_int_equal(lock_take_below(p->run, p->lxc, &holder), -EWOULDBLOCK);
	assert_int_equal(holder, child);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	fd = lock_take_below(p->run, p->lxc, &holder);
	assert_true(fd >= 0);
	close(fd);
}

/* Whoever had it meanwhile left its own name there. */
static void is_paused_and_taken_again(void **state)
{
	struct places *p = *state;
	char ours[LOCK_TEXT] = "", there[LOCK_TEXT];
	pid_t holder = 0, child;
	ssize_t n;
	int fd = lock_take_below(p->run, p->lxc, NULL);

	assert_true(fd >= 0);
	lock_pause(fd, ours);
	assert_int_equal(lock_resume(fd, ours), 0);
	assert_int_equal(lock_take_below(p->run, p->lxc, &holder), -EWOULDBLOCK);
	assert_int_equal(holder, getpid());
	lock_pause(fd, ours);
	child = start_holder(p);
	assert_int_equal(lock_resume(fd, ours), -EWOULDBLOCK);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(lock_resume(fd, ours), 0);
	n = pread(fd, there, sizeof(there), 0);
	assert_int_equal(n, strlen(ours));
	assert_memory_equal(there, ours, (size_t)n);
	close(fd);
}

/* What the file says is believed only of a process that lives and is still the same. */
static void a_stale_pid_is_not_named(void **state)
{
	static const char *const texts[] = {"", "x", "1 1\n", "999999999 77\n", "-5 7\n", "0 0\n"};
	struct places *p = *state;
	int fd = lock_take_below(p->run, p->lxc, NULL);

	assert_true(fd >= 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		pid_t holder = -1;

		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, texts[i], strlen(texts[i]), 0), strlen(texts[i]));
		assert_int_equal(lock_take_below(p->run, p->lxc, &holder), -EWOULDBLOCK);
		assert_int_equal(holder, 0);
	}
	close(fd);
}

static void a_folder_of_others_is_refused(void **state)
{
	struct places *p = *state;

	assert_int_equal(mkdir(p->run, 0700), 0);
	assert_int_equal(chmod(p->run, 0770), 0);
	assert_int_equal(lock_take_below(p->run, p->lxc, NULL), -EPERM);
	assert_int_equal(chmod(p->run, 0755), 0);
	close(lock_take_below(p->run, p->lxc, NULL));
	assert_int_equal(lock_take_below(p->link, p->lxc, NULL), -EPERM);
	assert_int_equal(lock_take_below(p->run, "relative", NULL), -EINVAL);
	assert_int_equal(lock_take_below(p->run, "", NULL), -EINVAL);
	if (geteuid() == 0) {
		assert_int_equal(chown(p->run, 1, 1), 0);
		assert_int_equal(lock_take_below(p->run, p->lxc, NULL), -EPERM);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(second_one_learns_the_holder),  TEST(every_spelling_is_the_same_lock),
	    TEST(another_path_is_another_lock),  TEST(goes_with_its_holder),
	    TEST(is_paused_and_taken_again),     TEST(a_stale_pid_is_not_named),
	    TEST(a_folder_of_others_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
