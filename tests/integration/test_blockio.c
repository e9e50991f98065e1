/* Throttles of real block devices: which device lies behind a path, and the kernel's own files. */
#include "limits/blockdev.h"
#include "limits/blockio.h"
#include "schema/expand.h"
#include "schema/manifest.h"
#include "tests/integration/driving.h"
#include "tests/skip.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/blkpg.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

/* A file system in a file, on a loop device, in the test's own mount namespace. */
struct image {
	struct harness *h;
	const char *file, *device, *mounted; /* the last two NULL: not (yet) there */
	struct blockdev numbers;
};

/* Whatever a test leaves behind is detached after it: loop devices outlive the mount namespace. */
static struct image *images[8];
static size_t n_images;

static struct image *image_new(struct harness *h, const char *tag, off_t size)
{
	struct image *i = arena_alloc(h->arena, sizeof(*i));
	int fd;

	assert_true(n_images < sizeof(images) / sizeof(*images));
	images[n_images++] = i;
	i->h = h;
	i->file = arena_printf(h->arena, "%s/%s.img", h->root, tag);
	fd = open(i->file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
	return i;
}

/* False: this machine gives no loop devices. */
static bool image_attach(struct image *i)
{
	struct stat st;
	char *output;

	if (harness_run(i->h, &output, "losetup", "-P", "-f", "--show", i->file, NULL) != 0) {
		fprintf(stderr, "SKIPPED: no loop device: %s\n", output);
		return false;
	}
	output[strcspn(output, "\n")] = '\0';
	i->device = output;
	assert_int_equal(stat(i->device, &st), 0);
	i->numbers = (struct blockdev){major(st.st_rdev), minor(st.st_rdev)};
	return true;
}

static struct manifest *manifest; /* of the test that runs */

static int clean_up(void **state)
{
	(void)state;
	manifest_free(manifest);
	manifest = NULL;
	while (n_images > 0) {
		struct image *i = images[--n_images];

		if (i->mounted)
			umount2(i->mounted, MNT_DETACH);
		if (i->device)
			harness_run(i->h, NULL, "losetup", "-d", i->device, NULL);
		unlink(i->file);
	}
	return 0;
}

/* False: this machine has no such file system. */
static bool image_mount(struct image *i, const char *kind)
{
	const char *program = arena_printf(i->h->arena, "mkfs.%s", kind);
	const char *where = arena_printf(i->h->arena, "%s.mnt", i->file);
	char *output;

	if (harness_run(i->h, &output, program, "-q", i->device, NULL) != 0) {
		fprintf(stderr, "SKIPPED: %s: %s\n", program, output);
		return false;
	}
	assert_int_equal(mkdir(where, 0755), 0);
	if (mount(i->device, where, kind, 0, NULL) < 0) {
		fprintf(stderr, "SKIPPED: cannot mount %s: %s\n", kind, strerror(errno));
		return false;
	}
	i->mounted = where;
	assert_int_equal(mkdir(arena_printf(i->h->arena, "%s/below", where), 0755), 0);
	return true;
}

static void assert_behind(const char *path, struct blockdev want, struct arena *a)
{
	struct blockdevs found;
	const char *why;

	if (blockdev_behind(path, a, &found, &why) < 0)
		fail_msg("%s: %s", path, why);
	assert_int_equal(found.n, 1);
	assert_int_equal(found.items[0].major, want.major);
	assert_int_equal(found.items[0].minor, want.minor);
}

static void file_systems_lie_on_their_devices(void **state)
{
	static const char *const kinds[] = {"ext4", "xfs", "btrfs"};
	struct harness *h = harness_require_root(state);
	size_t tried = 0;

	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		struct image *i = image_new(h, kinds[k], 320l << 20);
		const char *below;

		if (image_attach(i) && image_mount(i, kinds[k])) {
			below = arena_printf(h->arena, "%s/below", i->mounted);
			tried++;
			assert_behind(i->mounted, i->numbers, h->arena);
			assert_behind(below, i->numbers, h->arena);
			harness_write(h, arena_printf(h->arena, "%s/file", below), "x");
			assert_behind(arena_printf(h->arena, "%s/file", below), i->numbers,
				      h->arena);
			assert_behind(i->device, i->numbers, h->arena);
		}
	}
	if (tried == 0)
		skip_because("no file system on a loop device");
}

/* A partition as a table would make it, whether or not this kernel reads tables. */
static int add_partition(const struct image *i)
{
	struct blkpg_partition part = {.start = 1 << 20, .length = 4 << 20, .pno = 1};
	struct blkpg_ioctl_arg arg = {
	    .op = BLKPG_ADD_PARTITION, .datalen = sizeof(part), .data = &part};
	int fd = open(i->device, O_RDONLY | O_CLOEXEC), r;

	r = ioctl(fd, BLKPG, &arg);
	close(fd);
	return r;
}

static void a_partition_is_its_disk(void **state)
{
	struct harness *h = harness_require_root(state);
	struct image *i = image_new(h, "disk", 16 << 20);
	unsigned part_major, part_minor;
	const char *node, *name;
	struct blockdev whole;
	char *numbers;

	if (!image_attach(i) || add_partition(i) < 0)
		skip_because("no partition on a loop device: %s", strerror(errno));
	name = strrchr(i->device, '/') + 1;
	numbers = harness_read(h, "/sys/block/%s/%sp1/dev", name, name);
	assert_non_null(numbers);
	assert_int_equal(sscanf(numbers, "%u:%u", &part_major, &part_minor), 2);
	assert_int_equal(blockdev_whole(makedev(part_major, part_minor), &whole), 0);
	assert_int_equal(whole.major, i->numbers.major);
	assert_int_equal(whole.minor, i->numbers.minor);
	node = arena_printf(h->arena, "%s/part", h->root);
	assert_int_equal(mknod(node, S_IFBLK | 0600, makedev(part_major, part_minor)), 0);
	assert_behind(node, i->numbers, h->arena);
	unlink(node);
}

static void without_a_device_it_says_so(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *lower = arena_printf(h->arena, "%s/lower", h->root);
	const char *overlay = arena_printf(h->arena, "%s/overlay", h->root), *why;
	struct blockdevs found;

	assert_int_equal(mkdir(lower, 0755), 0);
	assert_int_equal(mkdir(overlay, 0755), 0);
	assert_int_equal(mount("tmpfs", lower, "tmpfs", 0, NULL), 0);
	assert_int_equal(blockdev_behind(lower, h->arena, &found, &why), -ENODEV);
	assert_non_null(strstr(why, "tmpfs"));
	if (mount("overlay", overlay, "overlay", 0,
		  arena_printf(h->arena, "lowerdir=%s:/usr", lower)) == 0) {
		assert_int_equal(blockdev_behind(overlay, h->arena, &found, &why), -ENODEV);
		assert_non_null(strstr(why, "overlay"));
		umount2(overlay, MNT_DETACH);
	}
	umount2(lower, MNT_DETACH);
}

/* The properties of a manifest for D's container, its disks resolved. */
static struct properties wanted(struct driving *d, const char *text)
{
	struct properties out;
	struct manifest_hints hints = {.kind = KIND_INSTANCE, .kind_known = true};
	struct world w = {.arena = d->arena, .host = d->host};
	struct expand_options how = {.host = "test"};
	struct world_instance wi = {0};
	struct diagnostics ds;
	struct catalog catalog;

	diagnostics_init(&ds, d->arena);
	manifest = manifest_from_bytes("instances/web1.yaml", text, strlen(text), hints, &ds);
	catalog_build(&catalog, &manifest, 1, d->arena, &ds);
	wi.instance = instance_expand(&catalog, &manifest->documents[0], &how, d->arena, &ds);
	if (ds.errors)
		fail_msg("%s", ds.items[0].message);
	blockio_resolve(&wi, d->c->own_item(d->c, "lxc.rootfs.path"), d->arena);
	properties_init(&out, d->arena);
	blockio_driver.desire(&w, &wi, &out);
	properties_sort(&out);
	return out; /* the manifest's texts stay until the end of the test */
}

static void apply_all(struct driving *d, const struct properties *want)
{
	for (size_t i = 0; i < want->n; i++) {
		struct change c;

		d->object = want->items[i].object;
		assert_int_equal(want->items[i].certainty, CERTAIN_VALUE);
		c = driving_apply(d, want->items[i].attribute, want->items[i].value);
		if (c.verdict != VERDICT_APPLIED)
			fail_msg("%s", c.error);
		assert_string_equal(driving_value(d, want->items[i].attribute),
				    want->items[i].value);
	}
}

static void limits_come_change_and_go(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "io"), *object;
	struct image *i = image_new(h, "data", 32 << 20);
	struct properties want;
	struct driving *d;
	pid_t init;

	if (!image_attach(i) || !image_mount(i, "ext4"))
		skip_because("no ext4 on a loop device");
	harness_create(h, name, NULL);
	init = harness_start(h, name);
	d = driving_open(h, name, &blockio_driver, "io");
	if (d->host->cgroups[CONTROLLER_IO] == CGROUP_NONE) {
		driving_close(d);
		harness_destroy(h, name);
		skip_because("no controller for block devices");
	}
	want =
	    wanted(d, arena_printf(h->arena,
				   "name: web1\nprofiles: []\ndevices:\n  data:\n    type: disk\n"
				   "    source: %s/below\n    path: /mnt\n"
				   "    limits.read: 10MB\n    limits.write: 50iops\n",
				   i->mounted));
	assert_int_equal(want.n, 2);
	object = arena_printf(h->arena, "io/%u:%u", i->numbers.major, i->numbers.minor);
	assert_string_equal(properties_find(&want, object, "rbps")->value, "10000000");
	assert_string_equal(properties_find(&want, object, "wiops")->value, "50");
	apply_all(d, &want);
	if (d->host->cgroups[CONTROLLER_IO] == CGROUP_V1)
		assert_string_equal(
		    harness_cgroup(h, name, "blkio", "blkio.throttle.read_bps_device", "io.max"),
		    arena_printf(h->arena, "%s 10000000", object + 3));

	want.items[0].value = "20000000";
	apply_all(d, &want);
	for (size_t k = 0; k < want.n; k++) {
		assert_string_equal(driving_base(d, want.items[k].attribute), "max");
		want.items[k].value = "max";
	}
	apply_all(d, &want);
	assert_string_equal(
	    harness_cgroup(h, name, "blkio", "blkio.throttle.read_bps_device", "io.max"), "");
	assert_int_equal(harness_init(h, name), init);
	driving_close(d);
	harness_destroy(h, name);
}

/* The device that went, and the one that never was. */
static void a_device_that_went_is_no_failure_to_remove(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "gone");
	struct driving *d;
	struct change c;

	harness_create(h, name, NULL);
	harness_start(h, name);
	d = driving_open(h, name, &blockio_driver, "io/4000:17");
	if (d->host->cgroups[CONTROLLER_IO] != CGROUP_NONE) {
		c = driving_apply(d, "rbps", "1000");
		assert_int_equal(c.verdict, VERDICT_FAILED);
		assert_non_null(strstr(c.error, "4000:17"));
		assert_non_null(strstr(c.error, "no such block device"));
		assert_int_equal(driving_apply(d, "rbps", "max").verdict, VERDICT_APPLIED);
	}
	driving_close(d);
	harness_destroy(h, name);
}

/* The root disk is the device behind the container's rootfs, wherever that is. */
static void the_root_disk_is_behind_the_rootfs(void **state)
{
	struct harness *h = harness_require_root(state);
	const char *name = harness_name(h, "root"), *why;
	struct properties want;
	struct blockdevs found;
	struct driving *d;
	int behind;

	harness_create(h, name, NULL);
	harness_start(h, name);
	d = driving_open(h, name, &blockio_driver, "io");
	behind = blockdev_behind(arena_printf(d->arena, "%s/%s/rootfs", h->lxcpath, name), d->arena,
				 &found, &why);
	want = wanted(d, "name: web1\nprofiles: []\ndevices:\n  root:\n    type: disk\n"
			 "    path: /\n    limits.max: 90MB\n");
	if (behind == 0) {
		assert_int_equal(want.n, 2 * found.n);
		apply_all(d, &want);
		for (size_t i = 0; i < want.n; i++)
			want.items[i].value = "max";
		apply_all(d, &want);
	} else {
		assert_int_equal(want.n, 1);
		assert_string_equal(want.items[0].reason, why);
	}
	driving_close(d);
	harness_destroy(h, name);
}

#define TEST(name) cmocka_unit_test_teardown(name, clean_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(file_systems_lie_on_their_devices),
	    TEST(a_partition_is_its_disk),
	    TEST(without_a_device_it_says_so),
	    TEST(limits_come_change_and_go),
	    TEST(a_device_that_went_is_no_failure_to_remove),
	    TEST(the_root_disk_is_behind_the_rootfs),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
