#include "limits/blockdev.h"

#include "limits/procfile.h"
#include "schema/arena.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define ZFS_SUPER_MAGIC 0x2fc12fc1
#define MOST_DEVICES 1024

/* "8:17" as sysfs has it. */
static int read_numbers(int dir, const char *path, struct blockdev *out)
{
	char text[32];
	ssize_t n = procfile_read(dir, path, text, sizeof(text));

	if (n < 0)
		return (int)n;
	return sscanf(text, "%u:%u", &out->major, &out->minor) == 2 ? 0 : -EINVAL;
}

int blockdev_whole(dev_t number, struct blockdev *out)
{
	char path[64];
	procfile_fd dir = -1;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", major(number), minor(number));
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT ? -ENXIO : -errno;
	if (faccessat(dir, "partition", F_OK, 0) == 0)
		return read_numbers(dir, "../dev", out);
	*out = (struct blockdev){major(number), minor(number)};
	return 0;
}

static void add(struct blockdevs *out, struct arena *a, size_t *capacity, struct blockdev device)
{
	for (size_t i = 0; i < out->n; i++)
		if (out->items[i].major == device.major && out->items[i].minor == device.minor)
			return;
	out->items = arena_grow(a, out->items, out->n, capacity, sizeof(*out->items));
	out->items[out->n++] = device;
}

static int one_device(dev_t number, const char *path, struct arena *a, struct blockdevs *out,
		      const char **why)
{
	struct blockdev device = {0};
	size_t capacity = 0;
	int error = blockdev_whole(number, &device);

	if (error < 0) {
		*why = arena_printf(a, "%s: its device %u:%u is not a block device of this host",
				    path, major(number), minor(number));
		return error;
	}
	add(out, a, &capacity, device);
	return 0;
}

/* /sys/fs/btrfs/FSID/devices has a link to each device. */
static int open_btrfs_devices(int fd)
{
	struct btrfs_ioctl_fs_info_args info = {0};
	char path[96] = "/sys/fs/btrfs/", *to = path + strlen(path);

	if (ioctl(fd, BTRFS_IOC_FS_INFO, &info) < 0)
		return -errno;
	for (size_t i = 0; i < sizeof(info.fsid); i++)
		to += sprintf(to, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x",
			      info.fsid[i]);
	memcpy(to, "/devices", sizeof("/devices"));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int read_btrfs_device(int dir, const char *name, struct blockdev *out)
{
	char path[NAME_MAX + 8];
	struct blockdev device = {0};
	int error;

	snprintf(path, sizeof(path), "%s/dev", name);
	error = read_numbers(dir, path, &device);
	return error < 0 ? error : blockdev_whole(makedev(device.major, device.minor), out);
}

static int btrfs_devices(int fd, struct arena *a, struct blockdevs *out)
{
	int devices = open_btrfs_devices(fd);
	DIR *entries = devices < 0 ? NULL : fdopendir(devices);
	size_t capacity = 0;
	struct dirent *e;
	int error = 0;

	if (!entries) {
		if (devices >= 0)
			close(devices);
		return devices < 0 ? devices : -ENOMEM;
	}
	while (error == 0 && out->n < MOST_DEVICES && (e = readdir(entries))) {
		struct blockdev device = {0};

		if (e->d_name[0] == '.')
			continue;
		error = read_btrfs_device(devices, e->d_name, &device);
		if (error == 0)
			add(out, a, &capacity, device);
	}
	closedir(entries);
	return error < 0 || out->n > 0 ? error : -ENXIO;
}

static const char *file_system_without_device(const struct statfs *fs)
{
	static const struct {
		unsigned long magic;
		const char *name;
	} rows[] = {
	    {OVERLAYFS_SUPER_MAGIC, "overlay"},
	    {TMPFS_MAGIC,           "tmpfs"  },
	    {RAMFS_MAGIC,           "ramfs"  },
	    {NFS_SUPER_MAGIC,       "nfs"    },
	    {CIFS_SUPER_MAGIC,      "cifs"   },
	    {SMB2_SUPER_MAGIC,      "smb"    },
	    {CEPH_SUPER_MAGIC,      "ceph"   },
	    {FUSE_SUPER_MAGIC,      "fuse"   },
	    {V9FS_MAGIC,            "9p"     },
	    {ZFS_SUPER_MAGIC,       "zfs"    },
	    {PROC_SUPER_MAGIC,      "proc"   },
	    {SYSFS_MAGIC,           "sysfs"  },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if ((unsigned long)fs->f_type == rows[i].magic)
			return rows[i].name;
	return NULL;
}

static int of_file_system(int fd, const struct stat *st, const char *path, struct arena *a,
			  struct blockdevs *out, const char **why)
{
	struct statfs fs;
	const char *name;
	int error;

	if (fstatfs(fd, &fs) < 0) {
		error = -errno;
		*why = arena_printf(a, "%s: %s", path, strerror(errno));
		return error;
	}
	if ((unsigned long)fs.f_type == BTRFS_SUPER_MAGIC) {
		error = btrfs_devices(fd, a, out);
		if (error < 0)
			*why =
			    arena_printf(a, "%s: cannot tell which devices its btrfs lies on: %s",
					 path, strerror(-error));
		return error;
	}
	name = file_system_without_device(&fs);
	if (!name && major(st->st_dev) != 0)
		return one_device(st->st_dev, path, a, out, why);
	*why = arena_printf(a, "%s is on %s, which is not on a block device of its own", path,
			    name ? name : "a file system of a kind");
	return -ENODEV;
}

int blockdev_behind(const char *path, struct arena *a, struct blockdevs *out, const char **why)
{
	procfile_fd fd = -1;
	struct stat st;
	int error;

	*out = (struct blockdevs){0};
	*why = NULL;
	if (stat(path, &st) < 0) {
		error = -errno;
		*why = arena_printf(a, "%s: %s", path, strerror(errno));
		return error;
	}
	if (S_ISBLK(st.st_mode))
		return one_device(st.st_rdev, path, a, out, why);
	/* btrfs answers only on a file that is open in earnest */
	fd = open(path, S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)
			    ? O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
			    : O_PATH | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		error = -errno;
		*why = arena_printf(a, "%s: %s", path, strerror(errno));
		return error;
	}
	return of_file_system(fd, &st, path, a, out, why);
}
