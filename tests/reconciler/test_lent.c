/* What the host's interfaces are at home: written, read, and not believed from elsewhere. */
#include "reconciler/lent.h"

#include "reconciler/runfolder.h"
#include "schema/arena.h"
#include "tests/skip.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH "/ek-test/lxc"

static int apart_error;

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), error = 0;

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		error = errno;
	if (fd >= 0)
		close(fd);
	return error;
}

/* A /run of the test's own. */
static int enter(void **state)
{
	unsigned uid = geteuid(), gid = getegid();
	char uids[64], gids[64];

	(void)state;
	snprintf(uids, sizeof(uids), "0 %u 1", uid);
	snprintf(gids, sizeof(gids), "0 %u 1", gid);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		apart_error = errno;
	else if (write_text("/proc/self/setgroups", "deny") ||
		 write_text("/proc/self/uid_map", uids) || write_text("/proc/self/gid_map", gids))
		apart_error = EPERM;
	else if (mount(NULL, "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
		 mount("none", "/run", "tmpfs", 0, "mode=755") < 0)
		apart_error = errno;
	return 0;
}

static struct arena *begin(void)
{
	if (apart_error)
		skip_because("no /run of its own: %s", strerror(apart_error));
	return arena_new();
}

static void put(struct lent *l, const char *name, const char *mark, uint32_t mtu, bool away)
{
	const char *names[] = {"uplink", "enp3s0"};
	const struct home_link home = {.mark = mark,
				       .mtu = mtu,
				       .hwaddr = "00:16:3e:01:02:03",
				       .alias = "the wire, 100% \n",
				       .altnames = names,
				       .n_altnames = 2};

	lent_put(l, name, &home, away);
}

static void it_is_read_as_it_was_written(void **state)
{
	struct arena *a = begin();
	struct lent *l = lent_load(PATH, a);
	const struct home_link bare = {.mark = "veth 7", .mtu = 1500};
	const struct lent_link *e;

	(void)state;
	assert_int_equal(l->n, 0);
	assert_int_equal(lent_save(l), 0); /* nothing to write */
	assert_int_equal(access(RUNFOLDER, F_OK), -1);
	put(l, "eth1", "device pci/0000:00:03.0 00:16:3e:01:02:03", 9000, true);
	lent_put(l, "up0", &bare, false);
	assert_int_equal(lent_save(l), 0);
	assert_false(l->changed);

	l = lent_load(PATH, a);
	assert_int_equal(l->n, 2);
	e = lent_find(l, "eth1");
	assert_non_null(e);
	assert_true(e->away);
	assert_string_equal(e->home.mark, "device pci/0000:00:03.0 00:16:3e:01:02:03");
	assert_int_equal(e->home.mtu, 9000);
	assert_string_equal(e->home.hwaddr, "00:16:3e:01:02:03");
	assert_string_equal(e->home.alias, "the wire, 100% \n");
	assert_int_equal(e->home.n_altnames, 2);
	assert_string_equal(e->home.altnames[1], "enp3s0");
	e = lent_find(l, "up0");
	assert_non_null(e);
	assert_false(e->away);
	assert_null(e->home.hwaddr);
	assert_null(e->home.alias);
	assert_int_equal(e->home.n_altnames, 0);
	/* another path has others */
	assert_int_equal(lent_load("/ek-test/other", a)->n, 0);
	assert_int_equal(lent_load(NULL, a)->n, 0);
	arena_free(a);
}

static void the_same_again_is_no_change(void **state)
{
	struct arena *a = begin();
	struct lent *l = lent_load(PATH, a);

	(void)state;
	put(l, "eth1", "device x -", 1500, true);
	assert_int_equal(lent_save(l), 0);
	put(l, "eth1", "device x -", 1500, true);
	assert_false(l->changed);
	/* the entry's own facts, with another state */
	lent_put(l, "eth1", &lent_find(l, "eth1")->home, false);
	assert_true(l->changed);
	assert_string_equal(lent_find(l, "eth1")->home.altnames[0], "uplink");
	put(l, "eth1", "device x -", 1400, false);
	assert_int_equal(lent_find(l, "eth1")->home.mtu, 1400);
	arena_free(a);
}

static void overwrite(const char *text)
{
	char digest[RUNFOLDER_DIGEST + 1], path[128];
	int fd;

	mkdir(RUNFOLDER, 0700);
	assert_int_equal(runfolder_digest(PATH, digest), 0);
	snprintf(path, sizeof(path), RUNFOLDER "/lent-%s", digest);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void what_is_no_such_file_says_nothing(void **state)
{
	static const char *const texts[] = {
	    "",
	    "\n",
	    "evenkeel 1 lent",
	    "evenkeel 1 lent of-another-boot\nlink eth1 away 1500 %- %- mark\n",
	    "evenkeel 2 lent x\n",
	    "link eth1 away 1500 %- %- mark\n",
	    "evenkeel 1 lent %ZZ\nlink eth1 away 1500 %- %- mark\n",
	};
	struct arena *a = begin();

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		overwrite(texts[i]);
		assert_int_equal(lent_load(PATH, a)->n, 0);
	}
	arena_free(a);
}

/* A folder that others can write is none of ours. */
static void nobody_else_writes_it(void **state)
{
	struct arena *a = begin();
	struct lent *l = lent_load(PATH, a);

	(void)state;
	put(l, "eth1", "device x -", 1500, true);
	assert_int_equal(lent_save(l), 0);
	assert_int_equal(chmod(RUNFOLDER, 0777), 0);
	assert_int_equal(lent_load(PATH, a)->n, 0);
	put(l, "eth2", "device y -", 1500, true);
	assert_int_equal(lent_save(l), -EPERM);
	assert_true(l->changed);
	assert_int_equal(chmod(RUNFOLDER, 0700), 0);
	assert_int_equal(lent_load(PATH, a)->n, 1);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_is_read_as_it_was_written),
	    cmocka_unit_test(the_same_again_is_no_change),
	    cmocka_unit_test(what_is_no_such_file_says_nothing),
	    cmocka_unit_test(nobody_else_writes_it),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
