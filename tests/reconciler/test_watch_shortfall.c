#include "reconciler/watch_shortfall.h"

#include "tests/skip.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static void the_first_reason_is_kept(void **state)
{
	struct shortfall s = {0};

	(void)state;
	shortfall_watch(&s, EACCES, "web");
	assert_true(s.given);
	assert_string_equal(s.why, "changes below web are not reported: Permission denied");
	assert_string_equal(s.remedy, "");
	shortfall_watch(&s, ENOSPC, "other");
	assert_non_null(strstr(s.why, "Permission denied"));
}

static void a_limit_is_named_with_what_to_set(void **state)
{
	struct shortfall s = {0};

	(void)state;
	shortfall_watch(&s, ENOSPC, "web");
	assert_non_null(strstr(s.why, "changes below web are not reported: all "));
	assert_non_null(strstr(s.why, " inotify watches of the user are in use"));
	assert_non_null(strstr(s.remedy, "sysctl -w "));
	assert_non_null(strstr(s.remedy, ".max_"));
	s = (struct shortfall){0};
	shortfall_instance(&s, EMFILE);
	assert_non_null(strstr(s.why, " inotify instances of the user are in use"));
	assert_non_null(strstr(s.remedy, "sysctl -w fs.inotify.max_user_instances="));
	s = (struct shortfall){0};
	shortfall_instance(&s, ENOMEM);
	assert_string_equal(s.why, "no changes are reported (inotify): Cannot allocate memory");
}

static void a_long_path_fits(void **state)
{
	struct shortfall s = {0};
	char path[4096];

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	shortfall_watch(&s, ENOSPC, path);
	assert_true(strlen(s.why) < sizeof(s.why) - 1);
	assert_non_null(strstr(s.why, "in use"));
}

static void a_local_file_system_reports_all(void **state)
{
	struct shortfall s = {0};
	int fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	shortfall_file_system(&s, fd, "/proc");
	close(fd);
	assert_false(s.given);
}

/* Nobody answers behind it; who may not use it is told its kind all the same. */
static void what_others_change_is_not_reported(void **state)
{
	char directory[] = "/tmp/ek-test-shortfall-XXXXXX", options[100];
	struct shortfall s = {0};
	int fuse, fd;

	(void)state;
	fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fuse < 0 || geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0)
		skip_because("FUSE: needs root and /dev/fuse");
	assert_non_null(mkdtemp(directory));
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=1,group_id=1", fuse);
	assert_int_equal(mount("none", directory, "fuse", 0, options), 0);
	fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	shortfall_file_system(&s, fd, "web");
	close(fd);
	close(fuse);
	umount2(directory, MNT_DETACH);
	rmdir(directory);
	assert_true(s.given);
	assert_string_equal(s.why,
			    "web is on FUSE, which does not report what others change there");
	assert_string_equal(s.remedy, "keep the manifests on a local file system");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_reason_is_kept),
	    cmocka_unit_test(a_limit_is_named_with_what_to_set),
	    cmocka_unit_test(a_long_path_fits),
	    cmocka_unit_test(a_local_file_system_reports_all),
	    cmocka_unit_test(what_others_change_is_not_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
