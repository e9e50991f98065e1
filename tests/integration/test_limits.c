/* Every cgroup limit on a real, running container: seen in the kernel, changed live, put back. */
#include "limits/cgroup.h"
#include "limits/knobs.h"
#include "tests/integration/harness.h"
#include "tests/limits/fixture.h"
#include "tests/skip.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>

/* A running container as the driver sees it. */
struct look {
	struct harness *h;
	struct cgroup_layout *layout;
	struct host *host;
	struct container c;
};

static size_t writes;

static void count_write(const char *what, const char *value, int error)
{
	(void)what;
	(void)value;
	(void)error;
	writes++;
}

static struct look *look_at(struct harness *h, const char *name, pid_t init)
{
	struct look *l = arena_alloc(h->arena, sizeof(*l));
	struct diagnostics ds;

	diagnostics_init(&ds, h->arena);
	l->h = h;
	assert_int_equal(cgroup_layout_open(&l->layout, &ds), 0);
	l->host = fixture_host(h->arena, CGROUP_NONE);
	l->host->page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	cgroup_layout_describe(l->layout, l->host);
	l->c = (struct container){.arena = h->arena,
				  .name = name,
				  .lxcpath = h->lxcpath,
				  .status = STATUS_RUNNING,
				  .init = init,
				  .host = l->host,
				  .wrote = count_write};
	l->c.pidfd = (int)syscall(SYS_pidfd_open, init, 0);
	assert_true(l->c.pidfd >= 0);
	l->c.proc =
	    open(arena_printf(h->arena, "/proc/%d", (int)init), O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(l->c.proc >= 0);
	l->c.cgroup = cgroup_open(l->layout, &l->c, NULL);
	assert_non_null(l->c.cgroup);
	return l;
}

static struct look *start(void **state, const char *tag)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, tag);

	harness_create(h, name, NULL);
	return look_at(h, name, harness_start(h, name));
}

static void look_close(struct look *l)
{
	cgroup_close(l->c.cgroup);
	close(l->c.proc);
	close(l->c.pidfd);
	cgroup_layout_close(l->layout);
	harness_destroy(l->h, l->c.name);
}

/* What an instance with these lines asks for; a CPU set is CPU 0, as if the balancer said so. */
static struct properties *wanted(struct look *l, const char *const *lines)
{
	static const struct range first = {0, 0};
	struct arena *a = l->h->arena;
	struct properties *out = arena_alloc(a, sizeof(*out));
	struct world w = {.arena = a, .host = l->host};
	struct world_instance wi = {
	    .instance = fixture_instance(a, lines), .cpus = {&first, 1}
        };

	properties_init(out, a);
	cgroup_driver.desire(&w, &wi, out);
	properties_sort(out);
	return out;
}

static struct properties *held(struct look *l, const struct properties *asked)
{
	struct properties *out = arena_alloc(l->h->arena, sizeof(*out));

	properties_init(out, l->h->arena);
	cgroup_driver.observe(&l->c, asked, out);
	properties_sort(out);
	return out;
}

static const char *value_of(struct look *l, const char *attribute)
{
	struct property one = {.object = "cgroup", .attribute = attribute};
	const struct properties asked = {.items = &one, .n = 1};
	const struct properties *now = held(l, &asked);

	return now->items[0].certainty == CERTAIN_VALUE ? now->items[0].value : NULL;
}

/* The plan's part, in small: what differs is changed at once. Returns the changes. */
static struct changes *apply(struct look *l, const char *const *lines)
{
	struct arena *a = l->h->arena;
	const struct properties *want = wanted(l, lines);
	const struct properties *now = held(l, want);
	struct changes *out = arena_alloc(a, sizeof(*out));
	struct change **list = arena_alloc(a, want->n * sizeof(*list));

	*out = (struct changes){.arena = a};
	for (size_t i = 0; i < want->n; i++) {
		const struct property *p = &want->items[i];
		const struct property *n = properties_find(now, p->object, p->attribute);

		if (p->effect == EFFECT_UNSUPPORTED || n->certainty == UNSUPPORTED ||
		    (n->certainty == CERTAIN_VALUE && strcmp(n->value, p->value) == 0))
			continue;
		changes_add(out, (struct change){.object = p->object,
						 .attribute = p->attribute,
						 .from = n->value,
						 .to = p->value,
						 .force = p->force});
	}
	for (size_t i = 0; i < out->n; i++)
		list[i] = &out->items[i];
	if (out->n > 0)
		cgroup_driver.apply(&l->c, list, out->n);
	return out;
}

static const struct change *change_of(const struct changes *c, const char *attribute)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->items[i].attribute, attribute) == 0)
			return &c->items[i];
	fail_msg("no change of %s", attribute);
	return NULL;
}

static void holds(struct look *l, const char *const *lines)
{
	const struct changes *c = apply(l, lines);
	size_t before;

	for (size_t i = 0; i < c->n; i++) {
		if (c->items[i].verdict != VERDICT_APPLIED)
			fail_msg("%s: %s", c->items[i].attribute,
				 c->items[i].error ? c->items[i].error : c->items[i].reason);
		if (c->items[i].reason)
			fail_msg("%s: %s", c->items[i].attribute, c->items[i].reason);
	}
	before = writes;
	assert_int_equal(apply(l, lines)->n, 0);
	assert_int_equal(writes, before);
}

static void put_back(struct look *l, const char *attribute)
{
	struct property owned = {.object = "cgroup", .attribute = attribute};
	const char *base = cgroup_driver.base(&l->c, &owned, l->h->arena);
	struct change item = {.object = "cgroup", .attribute = attribute, .to = base};
	struct change *change = &item;
	const char *now = value_of(l, attribute);

	if (!now)
		return;
	cgroup_driver.apply(&l->c, &change, 1);
	assert_int_equal(item.verdict, VERDICT_APPLIED);
	now = value_of(l, attribute);
	assert_int_equal(now != NULL, base != NULL);
	if (base)
		assert_string_equal(now, base);
}

static void each_limit_holds_changes_and_goes(void **state)
{
	static const char *const sets[][8] = {
	    {"limits.memory=256MiB",      "limits.processes=100",          "limits.cpu.allowance=25ms/200ms",
	     "limits.cpu.priority=3", "limits.disk.priority=2", "limits.cpu=1",
	     "limits.hugepages.2MB=4MiB"},
	    {"limits.memory=512MiB",     "limits.processes=200",            "limits.cpu.allowance=5ms/10ms",
	     "limits.cpu.priority=9", "limits.disk.priority=9", "limits.hugepages.2MB=0"},
	    {"limits.memory=100000001", "limits.processes=-1",                                "limits.cpu.allowance=33%",
	     "limits.disk.priority=0", "limits.memory.swap=false"},
	    {"limits.memory=300MiB", "limits.memory.swap=64MiB","limits.memory.swap.priority=4"},
	    {"limits.memory=200MiB",   "limits.memory.enforce=soft"         },
	    {"limits.memory=150MiB",   "limits.memory.swap=true"            },
	};
	struct look *l = start(state, "each");
	const struct knob *rows;
	size_t n;

	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++)
		holds(l, sets[i]);
	rows = knobs_all(&n);
	/* memory.max before memory.swap.max: on v1 the one takes the other along */
	for (size_t i = 0; i < n; i++)
		put_back(l, rows[i].attribute);
	assert_int_equal(held(l, NULL)->n, 0);
	assert_int_equal(harness_init(l->h, l->c.name), l->c.init);
	assert_int_equal(poll(&(struct pollfd){l->c.pidfd, POLLIN, 0}, 1, 0), 0);
	look_close(l);
}

#define NO_LIMIT "9223372036854771712" /* as v1 prints it, with pages of 4 KiB */

/* What the kernel files themselves say, in their own words. */
static void v1_files_say_it(void **state)
{
	struct look *l = start(state, "files");

	if (l->host->cgroups[CONTROLLER_MEMORY] != CGROUP_V1) {
		look_close(l);
		skip_because("no cgroup v1 memory here");
	}
	holds(l, (const char *[]){"limits.memory=64MiB", "limits.memory.swap=32MiB", NULL});
	assert_string_equal(
	    harness_cgroup(l->h, l->c.name, "memory", "memory.limit_in_bytes", NULL), "67108864");
	assert_string_equal(
	    harness_cgroup(l->h, l->c.name, "memory", "memory.soft_limit_in_bytes", NULL),
	    NO_LIMIT);
	if (l->host->swap_accounting)
		assert_string_equal(
		    harness_cgroup(l->h, l->c.name, "memory", "memory.memsw.limit_in_bytes", NULL),
		    "100663296");
	holds(l, (const char *[]){"limits.memory=64MiB", "limits.memory.enforce=soft", NULL});
	assert_string_equal(
	    harness_cgroup(l->h, l->c.name, "memory", "memory.soft_limit_in_bytes", NULL),
	    "67108864");
	holds(l, (const char *[]){"limits.cpu.allowance=25ms/200ms", NULL});
	assert_string_equal(harness_cgroup(l->h, l->c.name, "cpu", "cpu.cfs_quota_us", NULL),
			    "25000");
	assert_string_equal(harness_cgroup(l->h, l->c.name, "cpu", "cpu.cfs_period_us", NULL),
			    "200000");
	look_close(l);
}

static void a_limit_below_use_stays_and_says_so(void **state)
{
	struct look *l = start(state, "below");
	const struct change *c;

	holds(l, (const char *[]){"limits.memory=128MiB", NULL});
	assert_int_equal(harness_attach(l->h, l->c.name, NULL,
					"mkdir -p /big && mount -t tmpfs none /big; "
					"dd if=/dev/zero of=/dev/shm/big bs=1M count=60 ||"
					"dd if=/dev/zero of=/big/big bs=1M count=60"),
			 0);
	c = change_of(apply(l, (const char *[]){"limits.memory=20MiB", NULL}), "memory.max");
	assert_int_equal(c->verdict, VERDICT_FAILED);
	assert_int_equal(c->error_number, EBUSY);
	assert_non_null(strstr(c->error, "bytes"));
	assert_non_null(strstr(c->error, "20971520"));
	assert_string_equal(value_of(l, "memory.max"), "134217728");
	/* retried when there is room */
	assert_int_equal(harness_attach(l->h, l->c.name, NULL, "rm -f /dev/shm/big /big/big"), 0);
	holds(l, (const char *[]){"limits.memory=20MiB", NULL});
	assert_int_equal(harness_init(l->h, l->c.name), l->c.init);
	look_close(l);
}

static int nest(struct look *l, enum controller k, const char *path)
{
	return mkdirat(cgroup_dir(l->c.cgroup, k), path, 0755);
}

static int nested_write(struct look *l, enum controller k, const char *file, const char *text)
{
	int fd = openat(cgroup_dir(l->c.cgroup, k), file, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	close(fd);
	return n < 0 ? -1 : 0;
}

static const char *nested_read(struct look *l, enum controller k, const char *file)
{
	char *text = arena_alloc(l->h->arena, 256);

	assert_true(cgroup_read(l->c.cgroup, k, file, text, 256) >= 0);
	return text;
}

static void nested_cpusets_do_not_stand_in_the_way(void **state)
{
	static const char *const kids[] = {"kid", "kid/kid", "kid2"};
	struct look *l = start(state, "nest");
	const char *all = value_of(l, "cpuset.cpus");

	if (l->host->cgroups[CONTROLLER_CPUSET] != CGROUP_V1 || !all || strcmp(all, "0") == 0) {
		look_close(l);
		skip_because("needs cgroup v1 cpuset and two CPUs");
	}
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(nest(l, CONTROLLER_CPUSET, kids[i]), 0);
	assert_int_equal(nested_write(l, CONTROLLER_CPUSET, "kid/cpuset.cpus", all), 0);
	/* it has nothing in common with CPU 0 */
	assert_int_equal(nested_write(l, CONTROLLER_CPUSET, "kid/kid/cpuset.cpus", "1"), 0);
	holds(l, (const char *[]){"limits.cpu=1", NULL});
	assert_string_equal(nested_read(l, CONTROLLER_CPUSET, "kid/cpuset.cpus"), "0");
	assert_string_equal(nested_read(l, CONTROLLER_CPUSET, "kid/kid/cpuset.cpus"), "0");
	assert_string_equal(nested_read(l, CONTROLLER_CPUSET, "kid2/cpuset.cpus"), "0");
	put_back(l, "cpuset.cpus");
	assert_string_equal(value_of(l, "cpuset.cpus"), all);
	assert_string_equal(nested_read(l, CONTROLLER_CPUSET, "kid/cpuset.cpus"), all);
	for (size_t i = 3; i-- > 0;)
		unlinkat(cgroup_dir(l->c.cgroup, CONTROLLER_CPUSET), kids[i], AT_REMOVEDIR);
	look_close(l);
}

static void nested_quotas_do_not_stand_in_the_way(void **state)
{
	struct look *l = start(state, "quota");

	if (l->host->cgroups[CONTROLLER_CPU] != CGROUP_V1) {
		look_close(l);
		skip_because("no cgroup v1 cpu here");
	}
	holds(l, (const char *[]){"limits.cpu.allowance=100ms/100ms", NULL});
	assert_int_equal(nest(l, CONTROLLER_CPU, "kid"), 0);
	assert_int_equal(nested_write(l, CONTROLLER_CPU, "kid/cpu.cfs_quota_us", "90000"), 0);
	holds(l, (const char *[]){"limits.cpu.allowance=10ms/50ms", NULL});
	assert_string_equal(nested_read(l, CONTROLLER_CPU, "kid/cpu.cfs_quota_us"), "20000");
	unlinkat(cgroup_dir(l->c.cgroup, CONTROLLER_CPU), "kid", AT_REMOVEDIR);
	look_close(l);
}

static void what_the_kernel_refuses_is_said(void **state)
{
	struct look *l = start(state, "refuse");
	struct change item = {.object = "cgroup", .attribute = "cpuset.cpus", .to = "8000"};
	struct change *change = &item;

	if (!value_of(l, "cpuset.cpus")) {
		look_close(l);
		skip_because("no cgroup v1 cpuset here");
	}
	cgroup_driver.apply(&l->c, &change, 1);
	assert_int_equal(item.verdict, VERDICT_FAILED);
	assert_non_null(strstr(item.error, "cpuset.cpus: cannot write '8000': "));
	item = (struct change){.object = "cgroup", .attribute = "pids.max", .to = "-7"};
	cgroup_driver.apply(&l->c, &change, 1);
	assert_int_equal(item.verdict, VERDICT_FAILED);
	assert_int_equal(item.error_number, EINVAL);
	look_close(l);
}

static void a_container_that_stops_is_skipped(void **state)
{
	struct look *l = start(state, "gone");
	struct change items[] = {
	    {.object = "cgroup", .attribute = "memory.max",  .to = "104857600" },
	    {.object = "cgroup", .attribute = "pids.max",    .to = "50"        },
	    {.object = "cgroup", .attribute = "cpuset.cpus", .to = "0"         },
	    {.object = "cgroup", .attribute = "cpu.max",     .to = "5000 10000"}
        };
	struct change *list[] = {&items[0], &items[1], &items[2], &items[3]};

	/* its memory directory is open, the others are not yet */
	assert_non_null(value_of(l, "memory.max"));
	harness_stop(l->h, l->c.name);
	cgroup_driver.apply(&l->c, list, 4);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(items[i].verdict, VERDICT_SKIPPED);
		assert_string_equal(items[i].reason, "the container has stopped");
	}
	look_close(l);
}

/* The same properties from the boot file as live, over an owner's lines that are in the way. */
static void a_start_brings_the_same(void **state)
{
	static const char *const lines[] = {"limits.memory=96MiB",
					    "limits.memory.swap=32MiB",
					    "limits.processes=150",
					    "limits.cpu.allowance=25ms/200ms",
					    "limits.cpu.priority=2",
					    "limits.memory.swap.priority=1",
					    NULL};
	struct harness *h = harness_require_root(state);
	struct look first = {.h = h};
	const char *name = harness_name(h, "boot"), *more = "", **boot = NULL;
	const struct properties *want, *now;
	size_t n = 0, capacity = 0;
	struct diagnostics ds;
	struct look *l;

	diagnostics_init(&ds, h->arena);
	assert_int_equal(cgroup_layout_open(&first.layout, &ds), 0);
	first.host = fixture_host(h->arena, CGROUP_NONE);
	cgroup_layout_describe(first.layout, first.host);
	if (first.host->cgroups[CONTROLLER_MEMORY] == CGROUP_V1)
		more = "lxc.cgroup.memory.limit_in_bytes = 64M\n"
		       "lxc.cgroup.memory.memsw.limit_in_bytes = 64M\n"
		       "lxc.cgroup.cpu.cfs_period_us = 1000\n"
		       "lxc.cgroup.cpu.cfs_quota_us = 1000\n";
	want = wanted(&first, lines);
	cgroup_driver.boot(first.host, want, h->arena, &boot, &n, &capacity);
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++)
		more = arena_printf(h->arena, "%s%s\n", more, boot[i]);
	cgroup_layout_close(first.layout);
	harness_create(h, name, more);
	l = look_at(h, name, harness_start(h, name));
	now = held(l, want);
	for (size_t i = 0; i < want->n; i++) {
		if (want->items[i].effect == EFFECT_UNSUPPORTED)
			continue;
		assert_int_equal(now->items[i].certainty, CERTAIN_VALUE);
		assert_string_equal(now->items[i].value, want->items[i].value);
	}
	look_close(l);
}

static int add_one(pid_t pid, void *data)
{
	(void)pid;
	++*(int *)data;
	return 0;
}

struct sleepers {
	struct look *look;
	int n;
};

static int count_sleep(pid_t pid, void *data)
{
	struct sleepers *s = data;
	const char *name = harness_read(s->look->h, "/proc/%d/comm", (int)pid);

	s->n += name && strncmp(name, "sleep", 5) == 0;
	return 0;
}

static int sleepers_of(struct look *l)
{
	struct sleepers s = {.look = l};

	assert_int_equal(cgroup_each_process(l->c.cgroup, count_sleep, &s), 0);
	return s.n;
}

/* Each is a shell, or init, before it is one. */
static void await_sleepers(struct look *l, int n)
{
	for (int i = 0; sleepers_of(l) != n && i < 200; i++)
		usleep(25000);
	assert_int_equal(sleepers_of(l), n);
}

static void its_processes_are_found(void **state)
{
	struct look *l = start(state, "procs");
	int n = 0;

	assert_int_equal(cgroup_each_process(l->c.cgroup, add_one, &n), 0);
	assert_true(n >= 1);
	await_sleepers(l, 1); /* its init's */
	assert_int_equal(harness_attach(l->h, l->c.name, NULL, "sleep 1000 >/dev/null 2>&1 &"), 0);
	await_sleepers(l, 2);
	look_close(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_limit_holds_changes_and_goes),
	    cmocka_unit_test(v1_files_say_it),
	    cmocka_unit_test(a_limit_below_use_stays_and_says_so),
	    cmocka_unit_test(nested_cpusets_do_not_stand_in_the_way),
	    cmocka_unit_test(nested_quotas_do_not_stand_in_the_way),
	    cmocka_unit_test(what_the_kernel_refuses_is_said),
	    cmocka_unit_test(a_container_that_stops_is_skipped),
	    cmocka_unit_test(a_start_brings_the_same),
	    cmocka_unit_test(its_processes_are_found),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
