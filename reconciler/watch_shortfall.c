#include "reconciler/watch_shortfall.h"

#include "limits/procfile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

/* File systems that somebody else changes: other hosts, or a process behind FUSE. */
static const struct {
	uint32_t magic;
	const char *name;
} remote[] = {
    {0x6969,     "NFS"     },
    {0x517b,     "SMB"     },
    {0xff534d42, "SMB"     },
    {0xfe534d42, "SMB"     },
    {0x65735546, "FUSE"    },
    {0x00c36400, "Ceph"    },
    {0x01021997, "9p"      },
    {0x5346414f, "AFS"     },
    {0x6b414653, "AFS"     },
    {0x73757245, "Coda"    },
    {0x786f4256, "vboxsf"  },
    {0x01161970, "GFS2"    },
    {0x7461636f, "OCFS2"   },
    {0x0bd00bd0, "Lustre"  },
    {0x47504653, "GPFS"    },
    {0x20030528, "OrangeFS"},
};

static bool too_many_files(void)
{
	int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return errno == EMFILE;
	close(fd);
	return false;
}

static uint64_t limit_of(const char *path)
{
	uint64_t n;

	return procfile_read_number(AT_FDCWD, path, &n) == 0 ? n : 0;
}

/* NAME of fs.inotify, at its limit, and twice as much to set it to. */
static void remedy_sysctl(struct shortfall *s, const char *name, uint64_t now)
{
	snprintf(s->remedy, sizeof(s->remedy), "sysctl -w %s=%" PRIu64, name,
		 now ? now * 2 : 65536);
}

void shortfall_instance(struct shortfall *s, int error)
{
	uint64_t most, here;
	const char *name = "fs.inotify.max_user_instances";

	if (s->given)
		return;
	*s = (struct shortfall){.given = true};
	if (error != EMFILE || too_many_files()) {
		snprintf(s->why, sizeof(s->why), "no changes are reported (inotify): %s",
			 strerror(error));
		return;
	}
	most = limit_of("/proc/sys/fs/inotify/max_user_instances");
	/* 0 is a limit too */
	if (procfile_read_number(AT_FDCWD, "/proc/sys/user/max_inotify_instances", &here) == 0 &&
	    (!most || here < most)) {
		most = here;
		name = "user.max_inotify_instances";
	}
	snprintf(s->why, sizeof(s->why),
		 "no changes are reported: all %" PRIu64
		 " inotify instances of the user are in use",
		 most);
	remedy_sysctl(s, name, most ? most : 64);
}

static void note_watches(struct shortfall *s, const char *path)
{
	uint64_t most = limit_of("/proc/sys/fs/inotify/max_user_watches");
	uint64_t here = limit_of("/proc/sys/user/max_inotify_watches");
	const char *name = "fs.inotify.max_user_watches";

	/* The user namespace may have a limit of its own. */
	if (here && (!most || here < most)) {
		most = here;
		name = "user.max_inotify_watches";
	}
	snprintf(s->why, sizeof(s->why),
		 "changes below %.100s are not reported: all %" PRIu64
		 " inotify watches of the user are in use",
		 path, most);
	remedy_sysctl(s, name, most);
}

void shortfall_watch(struct shortfall *s, int error, const char *path)
{
	if (s->given)
		return;
	*s = (struct shortfall){.given = true};
	if (error == ENOSPC)
		note_watches(s, path);
	else
		snprintf(s->why, sizeof(s->why), "changes below %.100s are not reported: %s", path,
			 strerror(error));
}

void shortfall_file_system(struct shortfall *s, int fd, const char *path)
{
	struct statfs fs;

	if (s->given || fstatfs(fd, &fs) < 0)
		return;
	for (size_t i = 0; i < sizeof(remote) / sizeof(*remote); i++) {
		if ((uint32_t)fs.f_type != remote[i].magic)
			continue;
		*s = (struct shortfall){.given = true};
		snprintf(s->why, sizeof(s->why),
			 "%.100s is on %s, which does not report what others change there", path,
			 remote[i].name);
		snprintf(s->remedy, sizeof(s->remedy), "keep the manifests on a local file system");
		return;
	}
}
