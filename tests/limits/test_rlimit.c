#include "limits/cgroup.h"
#include "limits/clamp.h"
#include "limits/rlimit.h"
#include "schema/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define CHILDREN 4

/* A container of our own children: the first is init. */
struct stage {
	struct arena *arena;
	struct host host;
	struct container c;
	pid_t pids[CHILDREN];
	char folder[64];
	int dir;
};

static const char *own_prlimit; /* what the container's own config says */

static const char *own_item(const struct container *c, const char *item)
{
	(void)c;
	return strcmp(item, "lxc.prlimit.nofile") == 0 ? own_prlimit : NULL;
}

/* The group's name has to be one that the children are in. */
static const char *own_group(struct arena *a)
{
	char text[4096] = "", *end, *slash;
	int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	assert_true(n > 0);
	end = strchr(text, '\n');
	*end = '\0';
	slash = strrchr(text, '/');
	return arena_strdup(a, slash);
}

static void set_limit(pid_t pid, rlim_t soft, rlim_t hard)
{
	struct rlimit l = {soft, hard};

	assert_int_equal(prlimit(pid, RLIMIT_NOFILE, &l, NULL), 0);
}

static int start(void **state)
{
	struct stage *s = calloc(1, sizeof(*s));
	char path[96];
	FILE *f;

	s->arena = arena_new();
	strcpy(s->folder, "/tmp/ek-rlimit.XXXXXX");
	assert_non_null(mkdtemp(s->folder));
	s->dir = open(s->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(path, sizeof(path), "%s/cgroup.procs", s->folder);
	f = fopen(path, "w");
	for (int i = 0; i < CHILDREN; i++) {
		s->pids[i] = fork();
		if (s->pids[i] == 0)
			for (;;)
				pause();
		set_limit(s->pids[i], 100, 200);
		fprintf(f, "%d\n", (int)s->pids[i]);
	}
	fprintf(f, "%d\n0\n", 1 << 30); /* one that has gone, one out of sight */
	fclose(f);
	s->host.cgroups[CONTROLLER_PIDS] = CGROUP_V2;
	s->host.rlimits[RLIMIT_NOFILE] = (struct rlimit_pair){70, 80};
	s->c = (struct container){.arena = s->arena,
				  .name = "web1",
				  .status = STATUS_RUNNING,
				  .init = s->pids[0],
				  .proc = -1,
				  .host = &s->host,
				  .own_item = own_item};
	s->c.cgroup = cgroup_at(&s->c, CGROUP_V2, s->dir, own_group(s->arena));
	own_prlimit = NULL;
	*state = s;
	return 0;
}

static int finish(void **state)
{
	struct stage *s = *state;
	char path[96];

	for (int i = 0; i < CHILDREN; i++) {
		kill(s->pids[i], SIGKILL);
		waitpid(s->pids[i], NULL, 0);
	}
	cgroup_close(s->c.cgroup);
	close(s->dir);
	snprintf(path, sizeof(path), "%s/cgroup.procs", s->folder);
	unlink(path);
	rmdir(s->folder);
	arena_free(s->arena);
	free(s);
	return 0;
}

static const char *limit_of(struct stage *s, int i)
{
	struct rlimit_pair pair;

	assert_int_equal(clamp_read(s->pids[i], RLIMIT_NOFILE, &pair), 0);
	return rlimit_print(&pair, s->arena);
}

static struct property observe(struct stage *s, const char *wanted, const char *key)
{
	struct property item = {
	    .object = "rlimit", .attribute = "nofile", .value = wanted, .key = key};
	struct properties asked = {.arena = s->arena, .items = &item, .n = 1}, out;

	properties_init(&out, s->arena);
	rlimit_driver.observe(&s->c, &asked, &out);
	assert_int_equal(out.n, 1);
	return out.items[0];
}

static struct change apply(struct stage *s, const char *to)
{
	struct change change = {.object = "rlimit", .attribute = "nofile", .to = to},
		      *one = &change;

	rlimit_driver.apply(&s->c, &one, 1);
	return change;
}

static void names_are_liblxcs(void **state)
{
	static const struct {
		const char *name;
		int number;
	} rows[] = {
	    {"nofile",      RLIMIT_NOFILE},
	    {"nproc",       RLIMIT_NPROC },
	    {"as",          RLIMIT_AS    },
	    {"stack",       RLIMIT_STACK },
	    {"7",           RLIMIT_NOFILE},
	    {"15",          RLIMIT_RTTIME},
	    {"16",          -1           },
	    {"-1",          -1           },
	    {"",            -1           },
	    {"NOFILE",      -1           },
	    {"7x",          -1           },
	    {"files",       -1           },
	    {"99999999999", -1           },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(rlimit_number(rows[i].name), rows[i].number);
}

static void lowering_clamps_all_above(void **state)
{
	struct stage *s = *state;

	set_limit(s->pids[1], 30, 40);  /* lower by its own will */
	set_limit(s->pids[2], 30, 200); /* only its hard limit is above */
	assert_int_equal(apply(s, "50:60").verdict, VERDICT_APPLIED);
	assert_string_equal(limit_of(s, 0), "50:60");
	assert_string_equal(limit_of(s, 1), "30:40");
	assert_string_equal(limit_of(s, 2), "30:60");
	assert_string_equal(limit_of(s, 3), "50:60");
}

static void raising_touches_only_inits_pair(void **state)
{
	struct stage *s = *state;

	set_limit(s->pids[1], 30, 200);
	set_limit(s->pids[2], 100, 150);
	assert_int_equal(apply(s, "180:200").verdict, VERDICT_APPLIED);
	assert_string_equal(limit_of(s, 0), "180:200");
	assert_string_equal(limit_of(s, 1), "30:200");
	assert_string_equal(limit_of(s, 2), "100:150");
	assert_string_equal(limit_of(s, 3), "180:200");
}

static void one_up_one_down(void **state)
{
	struct stage *s = *state;

	set_limit(s->pids[1], 90, 90);
	assert_int_equal(apply(s, "120:120").verdict, VERDICT_APPLIED);
	assert_string_equal(limit_of(s, 0), "120:120");
	assert_string_equal(limit_of(s, 1), "90:90");
}

static void again_changes_nothing(void **state)
{
	struct stage *s = *state;

	assert_int_equal(apply(s, "50:60").verdict, VERDICT_APPLIED);
	assert_string_equal(observe(s, "50:60", "limits.kernel.nofile").value, "50:60");
	assert_int_equal(apply(s, "50:60").verdict, VERDICT_APPLIED);
	assert_string_equal(limit_of(s, 3), "50:60");
}

/* What a hard limit refuses: without the capability, or above fs.nr_open. */
static void refusal_says_why(void **state)
{
	struct stage *s = *state;
	struct change c = apply(s, "100:4000000000");

	assert_int_equal(c.verdict, VERDICT_FAILED);
	assert_int_equal(c.error_number, EPERM);
	assert_non_null(strstr(c.error, "nofile of process"));
	assert_non_null(strstr(c.error, "fs.nr_open"));
	c = apply(s, "nonsense");
	assert_int_equal(c.verdict, VERDICT_FAILED);
	assert_int_equal(c.error_number, EINVAL);
	assert_string_equal(limit_of(s, 0), "100:200");
}

static void a_process_above_shows(void **state)
{
	struct stage *s = *state;
	struct property p;

	set_limit(s->pids[0], 50, 60);
	p = observe(s, "50:60", "limits.kernel.nofile");
	assert_string_equal(p.value, "100:200");
	assert_non_null(strstr(p.reason, "is above it"));
	/* init itself is not right: that shows, whatever others have */
	p = observe(s, "100:200", "limits.kernel.nofile");
	assert_string_equal(p.value, "50:60");
	/* nobody wants it any more: init's pair decides whether it was put back */
	p = observe(s, "50:60", NULL);
	assert_string_equal(p.value, "50:60");
}

static void gone_init_is_unknown(void **state)
{
	struct stage *s = *state;
	struct property p;

	kill(s->pids[0], SIGKILL);
	assert_int_equal(waitpid(s->pids[0], NULL, 0), s->pids[0]);
	p = observe(s, "1:1", "limits.kernel.nofile");
	assert_int_equal(p.certainty, UNKNOWN);
	assert_null(p.value);
	assert_int_equal(apply(s, "1:1").verdict, VERDICT_FAILED);
}

/* A pid that somebody outside of the group has is left alone. */
static void strangers_stay(void **state)
{
	struct stage *s = *state;

	cgroup_close(s->c.cgroup);
	s->c.cgroup = cgroup_at(&s->c, CGROUP_V2, s->dir, "/sys/fs/cgroup/lxc.payload.other");
	apply(s, "50:60");
	for (int i = 0; i < CHILDREN; i++)
		assert_string_equal(limit_of(s, i), "100:200");
}

static const char *base(struct stage *s)
{
	struct property owned = {.object = "rlimit", .attribute = "nofile", .value = "1:1"};

	return rlimit_driver.base(&s->c, &owned, s->arena);
}

static void base_is_what_a_start_gives(void **state)
{
	struct stage *s = *state;
	char path[64];

	assert_string_equal(base(s), "70:80");
	/* init's parent, LXC's monitor: here this process */
	snprintf(path, sizeof(path), "/proc/%d", (int)s->pids[0]);
	s->c.proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	{
		struct rlimit_pair mine;

		assert_int_equal(clamp_read(getpid(), RLIMIT_NOFILE, &mine), 0);
		assert_string_equal(base(s), rlimit_print(&mine, s->arena));
	}
	own_prlimit = "11 : unlimited";
	assert_string_equal(base(s), "11:unlimited");
	close(s->c.proc);
	s->c.proc = -1;
}

static const char *boot_lines(struct stage *s, const char *value)
{
	struct property item = {.object = "rlimit", .attribute = "nofile", .value = value};
	struct properties desired = {.arena = s->arena, .items = &item, .n = 1};
	const char **lines = NULL;
	size_t n = 0, capacity = 0;

	rlimit_driver.boot(&s->host, &desired, s->arena, &lines, &n, &capacity);
	assert_true(n <= 1);
	return n ? lines[0] : "";
}

static void boot_line_is_one_that_a_start_can_set(void **state)
{
	struct stage *s = *state;

	assert_string_equal(boot_lines(s, "10:80"), "lxc.prlimit.nofile = 10:80");
	assert_string_equal(boot_lines(s, "10:unlimited"), ""); /* beyond fs.nr_open for anybody */
	s->host.rlimits[RLIMIT_NOFILE].hard = VALUE_UNLIMITED;
	assert_string_equal(boot_lines(s, "10:90"), "lxc.prlimit.nofile = 10:90");
}

static void wishes_are_in_one_spelling(void **state)
{
	static const struct {
		const char *key, *text, *value;
	} rows[] = {
	    {"limits.kernel.nofile",  "1024",        "1024:1024"          },
	    {"limits.kernel.nofile",  "1024 : 4096", "1024:4096"          },
	    {"limits.kernel.memlock", "unlimited",   "unlimited:unlimited"},
	    {"limits.kernel.core",    "0:-1",        "0:unlimited"        },
	    {"limits.kernel.bogus",   "1",           NULL                 },
	};
	struct stage *s = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct setting setting = {.key = keys_find(rows[i].key, SCOPE_CONTAINER),
					  .name = rows[i].key,
					  .text = rows[i].text};
		struct expanded config = {.setting = &setting};
		struct instance instance = {.name = "web1", .config = &config, .n_config = 1};
		struct world_instance wi = {.instance = &instance};
		struct world w = {.arena = s->arena, .host = &s->host};
		struct properties out;

		properties_init(&out, s->arena);
		rlimit_driver.desire(&w, &wi, &out);
		assert_int_equal(out.n, 1);
		assert_string_equal(out.items[0].attribute, strrchr(rows[i].key, '.') + 1);
		assert_string_equal(out.items[0].key, rows[i].key);
		if (rows[i].value)
			assert_string_equal(out.items[0].value, rows[i].value);
		else
			assert_int_equal(out.items[0].effect, EFFECT_UNSUPPORTED);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_are_liblxcs),
	    TEST(lowering_clamps_all_above),
	    TEST(raising_touches_only_inits_pair),
	    TEST(one_up_one_down),
	    TEST(again_changes_nothing),
	    TEST(refusal_says_why),
	    TEST(a_process_above_shows),
	    TEST(gone_init_is_unknown),
	    TEST(strangers_stay),
	    TEST(base_is_what_a_start_gives),
	    TEST(boot_line_is_one_that_a_start_can_set),
	    TEST(wishes_are_in_one_spelling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
