#include "limits/blockdev.h"
#include "limits/blockio.h"
#include "limits/cgroup.h"
#include "schema/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

/* One instance with at most four disks of at most three options, written by hand. */
#define DISKS 4
#define OPTIONS 5

struct stage {
	struct arena *arena;
	struct host host;
	struct source source;
	struct document document;
	struct device devices[DISKS];
	struct setting settings[DISKS][OPTIONS];
	struct expanded_device expanded[DISKS];
	struct instance instance;
	struct world world;
	struct world_instance wi;
	struct disk_device disks[DISKS];
	struct container c;
	char folder[64];
	int dir;
};

static const char *own_text; /* the container's own lines for any item */

static const char *own_item(const struct container *c, const char *item)
{
	(void)c;
	return strncmp(item, "lxc.cgroup", 10) == 0 ? own_text : NULL;
}

static int start(void **state)
{
	struct stage *s = calloc(1, sizeof(*s));

	s->arena = arena_new();
	s->host.cgroups[CONTROLLER_IO] = CGROUP_V2;
	s->source.name = "instances/web1.yaml";
	s->instance = (struct instance){.name = "web1", .devices = s->expanded};
	s->world = (struct world){.arena = s->arena, .host = &s->host};
	s->wi = (struct world_instance){.instance = &s->instance, .disks = s->disks};
	s->c = (struct container){.arena = s->arena, .host = &s->host, .own_item = own_item};
	own_text = NULL;
	strcpy(s->folder, "/tmp/ek-blockio.XXXXXX");
	if (!mkdtemp(s->folder))
		return -1;
	s->dir = open(s->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* a folder without it is taken for a group that has gone */
	close(openat(s->dir, "cgroup.procs", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	*state = s;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static int finish(void **state)
{
	struct stage *s = *state;

	cgroup_close(s->c.cgroup);
	close(s->dir);
	nftw(s->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	arena_free(s->arena);
	free(s);
	return 0;
}

/* The options stand sorted, as the reader leaves them; each is on a line of its own. */
static void add_disk(struct stage *s, const char *name, const char *const (*options)[2])
{
	size_t k = s->instance.n_devices++, n = 0;
	const struct device_type *type = device_type_find("disk");

	assert_non_null(type);
	for (; options[n][0]; n++) {
		s->settings[k][n] = (struct setting){
		    .key = device_option_find(type, options[n][0]),
		    .name = options[n][0],
		    .text = options[n][1],
		    .at = {&s->source, (uint32_t)(10 * k + n + 1), 5},
		};
		assert_non_null(s->settings[k][n].key);
	}
	s->devices[k] = (struct device){
	    .name = name, .type = type, .options = {s->settings[k], n}
        };
	s->expanded[k] = (struct expanded_device){&s->devices[k], &s->document, false};
}

/* What resolving would have found. */
static void lies_on(struct stage *s, const char *name, unsigned major, unsigned minor)
{
	s->disks[s->wi.n_disks++] =
	    (struct disk_device){.disk = name, .major = major, .minor = minor};
}

static struct properties desire(struct stage *s)
{
	struct properties out;

	properties_init(&out, s->arena);
	blockio_driver.desire(&s->world, &s->wi, &out);
	properties_sort(&out);
	return out;
}

/* clang-format off */
#define DISK(...) ((const char *const[][2]){__VA_ARGS__, {NULL, NULL}})
/* clang-format on */

static void one_property_for_each_direction_and_unit(void **state)
{
	static const struct {
		const char *option, *text;
		const char *values[4]; /* rbps, wbps, riops, wiops */
	} rows[] = {
	    {"limits.read",  "10MB",           {"10000000", NULL, NULL, NULL}          },
	    {"limits.write", "1MiB",           {NULL, "1048576", NULL, NULL}           },
	    {"limits.read",  "300iops",        {NULL, NULL, "300", NULL}               },
	    {"limits.max",   "20iops",         {NULL, NULL, "20", "20"}                },
	    {"limits.max",   "5MB",            {"5000000", "5000000", NULL, NULL}      },
	    {"limits.max",   "4294967294iops", {NULL, NULL, "4294967294", "4294967294"}},
	};
	static const char *const names[] = {"rbps", "wbps", "riops", "wiops"};
	struct stage *s = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct properties out;

		s->instance.n_devices = s->wi.n_disks = 0;
		add_disk(s, "root", DISK({rows[i].option, rows[i].text}));
		lies_on(s, "root", 8, 16);
		out = desire(s);
		for (size_t k = 0; k < 4; k++) {
			const struct property *p = properties_find(&out, "io/8:16", names[k]);

			assert_int_equal(p != NULL, rows[i].values[k] != NULL);
			if (!p)
				continue;
			assert_string_equal(p->value, rows[i].values[k]);
			assert_string_equal(p->key,
					    arena_printf(s->arena, "root.%s", rows[i].option));
			assert_ptr_equal(p->from, &s->document);
		}
	}
}

static void max_wins(void **state)
{
	struct stage *s = *state;
	struct properties out;

	add_disk(s, "root",
		 DISK({"limits.max", "1MB"}, {"limits.read", "2MB"}, {"limits.write", "30iops"}));
	lies_on(s, "root", 8, 0);
	out = desire(s);
	assert_int_equal(out.n, 2);
	assert_string_equal(properties_find(&out, "io/8:0", "rbps")->value, "1000000");
	assert_string_equal(properties_find(&out, "io/8:0", "wbps")->value, "1000000");
}

/* Nothing is averaged: what two disks cannot agree on is refused, the rest goes on. */
static void two_wishes_for_one_device_are_refused(void **state)
{
	struct stage *s = *state;
	const struct property *p;
	struct properties out;

	add_disk(s, "data", DISK({"limits.read", "30MB"}, {"limits.write", "5MB"}));
	add_disk(s, "root", DISK({"limits.read", "10MB"}, {"limits.write", "5000kB"}));
	add_disk(s, "third", DISK({"limits.read", "20MB"}));
	lies_on(s, "data", 8, 0);
	lies_on(s, "root", 8, 0);
	lies_on(s, "third", 8, 0);
	out = desire(s);
	assert_int_equal(out.n, 2);
	p = properties_find(&out, "io/8:0", "rbps");
	assert_int_equal(p->certainty, UNKNOWN);
	assert_null(p->value);
	assert_non_null(strstr(p->reason, "instances/web1.yaml:1 says limits.read: 30MB"));
	assert_non_null(strstr(p->reason, "instances/web1.yaml:11 says limits.read: 10MB"));
	assert_non_null(p->remedy);
	assert_string_equal(properties_find(&out, "io/8:0", "wbps")->value, "5000000");
}

static void two_devices_do_not_meet(void **state)
{
	struct stage *s = *state;
	struct properties out;

	add_disk(s, "data", DISK({"limits.read", "30MB"}));
	add_disk(s, "root", DISK({"limits.read", "10MB"}));
	lies_on(s, "data", 8, 0);
	lies_on(s, "data", 8, 16); /* a btrfs on two */
	lies_on(s, "root", 7, 0);
	out = desire(s);
	assert_int_equal(out.n, 3);
	assert_string_equal(properties_find(&out, "io/7:0", "rbps")->value, "10000000");
	assert_string_equal(properties_find(&out, "io/8:0", "rbps")->value, "30000000");
	assert_string_equal(properties_find(&out, "io/8:16", "rbps")->value, "30000000");
}

static void what_cannot_be_limited_is_shown(void **state)
{
	struct stage *s = *state;
	const struct property *p;
	struct properties out;

	add_disk(s, "my/disk", DISK({"limits.read", "30MB"}));
	s->disks[s->wi.n_disks++] = (struct disk_device){
	    .disk = "my/disk", .refused = "it is on tmpfs", .unsupported = true};
	out = desire(s);
	p = properties_find(&out, "io/my%2Fdisk", "limits.read");
	assert_non_null(p);
	assert_int_equal(p->effect, EFFECT_UNSUPPORTED);
	assert_int_equal(p->certainty, UNSUPPORTED);
	assert_string_equal(p->reason, "it is on tmpfs");
	s->host.cgroups[CONTROLLER_IO] = CGROUP_NONE;
	s->disks[0] = (struct disk_device){.disk = "my/disk", .major = 8};
	out = desire(s);
	assert_int_equal(out.items[0].effect, EFFECT_UNSUPPORTED);
	assert_non_null(out.items[0].remedy);
}

/* Stand-in cgroup files. */
static void kernel_has(struct stage *s, enum cgroup_version version, const char *file,
		       const char *text)
{
	int fd = openat(s->dir, file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	s->host.cgroups[CONTROLLER_IO] = version;
	cgroup_close(s->c.cgroup);
	s->c.cgroup = cgroup_at(&s->c, version, s->dir, s->folder);
}

static struct property observe(struct stage *s, const char *object, const char *attribute)
{
	struct property item = {.object = object, .attribute = attribute};
	struct properties asked = {.arena = s->arena, .items = &item, .n = 1}, out;

	properties_init(&out, s->arena);
	blockio_driver.observe(&s->c, &asked, &out);
	assert_int_equal(out.n, 1);
	return out.items[0];
}

static void reads_both_versions(void **state)
{
	struct stage *s = *state;
	struct properties out;

	kernel_has(s, CGROUP_V2, "io.max",
		   "8:16 rbps=2097152 wbps=max riops=max wiops=120\n8:1 rbps=7 wbps=max\n");
	assert_string_equal(observe(s, "io/8:16", "rbps").value, "2097152");
	assert_string_equal(observe(s, "io/8:16", "wbps").value, "max");
	assert_string_equal(observe(s, "io/8:16", "wiops").value, "120");
	assert_string_equal(observe(s, "io/8:1", "rbps").value, "7");
	assert_string_equal(observe(s, "io/8:0", "rbps").value, "max");
	properties_init(&out, s->arena);
	blockio_driver.observe(&s->c, NULL, &out);
	assert_int_equal(out.n, 3);

	kernel_has(s, CGROUP_V1, "blkio.throttle.read_bps_device", "8:16 2097152\n8:1 7\n");
	assert_string_equal(observe(s, "io/8:16", "rbps").value, "2097152");
	assert_string_equal(observe(s, "io/8:1", "rbps").value, "7");
	assert_string_equal(observe(s, "io/8:0", "rbps").value, "max");
	assert_int_equal(observe(s, "io/8:16", "wbps").certainty, UNSUPPORTED);
	assert_int_equal(observe(s, "io/root", "limits.read").certainty, UNKNOWN);
}

static const char *written(struct stage *s, const char *file, const char *attribute,
			   const char *value)
{
	struct change change = {.object = "io/8:16", .attribute = attribute, .to = value};
	struct change *one = &change;
	char text[128] = "";
	int fd;

	blockio_driver.apply(&s->c, &one, 1);
	assert_int_equal(change.verdict, VERDICT_APPLIED);
	fd = openat(s->dir, file, O_RDONLY | O_CLOEXEC);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return arena_strdup(s->arena, text);
}

static void writes_both_versions(void **state)
{
	struct stage *s = *state;
	struct change change = {.object = "io/8:16", .attribute = "wbps", .to = "1"},
		      *one = &change;

	kernel_has(s, CGROUP_V2, "io.max", "");
	assert_string_equal(written(s, "io.max", "wiops", "120"), "8:16 wiops=120");
	assert_string_equal(written(s, "io.max", "rbps", "max"), "8:16 rbps=max");
	kernel_has(s, CGROUP_V1, "blkio.throttle.read_bps_device", "");
	assert_string_equal(written(s, "blkio.throttle.read_bps_device", "rbps", "99"), "8:16 99");
	kernel_has(s, CGROUP_V1, "blkio.throttle.read_bps_device", "");
	assert_string_equal(written(s, "blkio.throttle.read_bps_device", "rbps", "max"), "8:16 0");
	blockio_driver.apply(&s->c, &one, 1);
	assert_int_equal(change.verdict, VERDICT_FAILED);
	assert_non_null(strstr(change.error, "blkio.throttle.write_bps_device"));
}

static const char *base(struct stage *s, const char *attribute)
{
	struct property owned = {.object = "io/8:16", .attribute = attribute};

	return blockio_driver.base(&s->c, &owned, s->arena);
}

static void goes_back_to_what_the_owner_said(void **state)
{
	struct stage *s = *state;

	assert_string_equal(base(s, "rbps"), "max");
	own_text = "8:0 rbps=1\n8:16 rbps=77 wiops=max";
	assert_string_equal(base(s, "rbps"), "77");
	assert_string_equal(base(s, "wiops"), "max");
	s->host.cgroups[CONTROLLER_IO] = CGROUP_V1;
	own_text = "8:0 1\n8:16  78";
	assert_string_equal(base(s, "rbps"), "78");
}

/* Of the machine that runs the test: whatever is true of it, the answer is one of these. */
static void asks_the_kernel_what_lies_behind(void **state)
{
	struct stage *s = *state;
	struct blockdevs found;
	const char *why;
	struct stat st;
	int r;

	assert_int_equal(blockdev_behind("/no/such/path", s->arena, &found, &why), -ENOENT);
	assert_string_equal(why, "/no/such/path: No such file or directory");
	assert_int_equal(blockdev_behind("/proc/self", s->arena, &found, &why), -ENODEV);
	assert_non_null(strstr(why, "proc"));
	r = blockdev_behind(s->folder, s->arena, &found, &why);
	assert_int_equal(stat(s->folder, &st), 0);
	if (r == 0 && major(st.st_dev) != 0) {
		struct blockdev whole;

		assert_int_equal(found.n, 1);
		assert_int_equal(blockdev_whole(st.st_dev, &whole), 0);
		assert_int_equal(found.items[0].major, whole.major);
		assert_int_equal(found.items[0].minor, whole.minor);
	} else if (r < 0) {
		assert_non_null(why);
	}
	assert_int_equal(blockdev_whole(makedev(4000, 1), &(struct blockdev){0}), -ENXIO);
}

static void resolves_only_disks_with_limits(void **state)
{
	struct stage *s = *state;

	add_disk(s, "data", DISK({"path", "/mnt"}, {"source", "/proc"}));
	assert_false(blockio_needs_rootfs(&s->instance));
	blockio_resolve(&s->wi, NULL, s->arena);
	assert_int_equal(s->wi.n_disks, 0);
	add_disk(s, "more", DISK({"limits.read", "1MB"}, {"path", "/mnt"}, {"source", "/proc"}));
	add_disk(s, "gone", DISK({"limits.max", "1MB"}, {"path", "/mnt"}, {"source", "/no/such"}));
	assert_false(blockio_needs_rootfs(&s->instance));
	add_disk(s, "root", DISK({"limits.max", "1MB"}, {"path", "/"}));
	assert_true(blockio_needs_rootfs(&s->instance));
	blockio_resolve(&s->wi, NULL, s->arena);
	assert_int_equal(s->wi.n_disks, 3);
	assert_true(s->wi.disks[0].unsupported); /* proc never will have one */
	assert_false(s->wi.disks[1].unsupported);
	assert_non_null(s->wi.disks[1].refused);
	assert_non_null(s->wi.disks[2].refused);
	blockio_resolve(&s->wi, "overlay:/a:/b", s->arena);
	assert_true(s->wi.disks[2].unsupported);
	blockio_resolve(&s->wi, "dir:/proc", s->arena);
	assert_non_null(strstr(s->wi.disks[2].refused, "/proc is on proc"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(one_property_for_each_direction_and_unit),
	    TEST(max_wins),
	    TEST(two_wishes_for_one_device_are_refused),
	    TEST(two_devices_do_not_meet),
	    TEST(what_cannot_be_limited_is_shown),
	    TEST(reads_both_versions),
	    TEST(writes_both_versions),
	    TEST(goes_back_to_what_the_owner_said),
	    TEST(asks_the_kernel_what_lies_behind),
	    TEST(resolves_only_disks_with_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
