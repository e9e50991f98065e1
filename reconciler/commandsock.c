#include "reconciler/commandsock.h"

#include "limits/procfile.h"
#include "schema/arena.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SUFFIX "/command"
#define HASHED "lxc/"

/* What fits beside liblxc's two NULs. */
#define NAME_MOST (sizeof(((struct sockaddr_un *)0)->sun_path) - 3)

/* FNV-1a, with which liblxc shortens what does not fit. */
static uint64_t hash(const char *text)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return h;
}

/* The name of the socket, without its first NUL. True: it was too long, and is a hash. */
static bool socket_name(const char *lxcpath, const char *name, char out[NAME_MOST + 1])
{
	char path[4096 + 256];
	int n = snprintf(path, sizeof(path), "%s/%s", lxcpath, name);

	if (n >= 0 && (size_t)n + strlen(SUFFIX) <= NAME_MOST) {
		stpcpy(stpcpy(out, path), SUFFIX);
		return false;
	}
	snprintf(out, NAME_MOST + 1, HASHED "%016" PRIx64 SUFFIX, hash(path));
	return true;
}

struct names {
	struct arena *arena;
	const char **items;
	size_t n, capacity;
};

static void add(struct names *names, const char *name)
{
	names->items = arena_grow(names->arena, names->items, names->n, &names->capacity,
				  sizeof(*names->items));
	names->items[names->n++] = name;
}

static int compare(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static void sort(struct names *names)
{
	size_t kept = 0;

	if (names->n == 0)
		return;
	qsort(names->items, names->n, sizeof(*names->items), compare);
	for (size_t i = 1; i < names->n; i++)
		if (strcmp(names->items[kept], names->items[i]) != 0)
			names->items[++kept] = names->items[i];
	names->n = kept + 1;
}

/* "...: 00000002 00000000 00010000 0001 01 12345 @LXCPATH/NAME/command": the name's last part cut
 * off; NULL: another socket. */
static char *name_in(char *line)
{
	char *at = strstr(line, " @"), *end;

	if (!at)
		return NULL;
	at += 2;
	at[strcspn(at, "\n")] = '\0';
	end = at + strlen(at);
	if (end - at <= (ptrdiff_t)strlen(SUFFIX) || strcmp(end - strlen(SUFFIX), SUFFIX) != 0)
		return NULL;
	end[-(ptrdiff_t)strlen(SUFFIX)] = '\0';
	return at;
}

/* Sorts out the lines: names of LXCPATH, and hashes of anybody's. */
static int read_sockets(FILE *f, const char *lxcpath, struct names *names, struct names *hashes)
{
	size_t length = strlen(lxcpath), size = 0;
	char *line = NULL;

	while (getline(&line, &size, f) >= 0) {
		char *name = name_in(line);

		if (!name)
			continue;
		if (strncmp(name, HASHED, strlen(HASHED)) == 0) {
			add(hashes, arena_strdup(hashes->arena, name + strlen(HASHED)));
			continue;
		}
		if (strncmp(name, lxcpath, length) != 0 || name[length] != '/')
			continue;
		name += length + 1;
		if (*name && *name != '.' && !strchr(name, '/'))
			add(names, arena_strdup(names->arena, name));
	}
	free(line);
	return ferror(f) ? -EIO : 0;
}

/* A hash does not say whose it is: the folders of LXCPATH are hashed instead. */
static void add_hashed(int dir, const char *lxcpath, struct names *hashes, struct names *names)
{
	int fd = dir < 0 ? -1 : openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!folder) {
		procfile_close(&fd);
		return;
	}
	sort(hashes);
	while ((e = readdir(folder))) {
		char name[NAME_MOST + 1], *found = name + strlen(HASHED);

		if (e->d_name[0] == '.' || !socket_name(lxcpath, e->d_name, name))
			continue;
		name[strlen(name) - strlen(SUFFIX)] = '\0';
		if (bsearch(&found, hashes->items, hashes->n, sizeof(*hashes->items), compare))
			add(names, arena_strdup(names->arena, e->d_name));
	}
	closedir(folder);
}

int commandsock_list(int dir, const char *lxcpath, struct arena *a, const char ***out, size_t *n)
{
	FILE *f = fopen("/proc/net/unix", "re");
	struct arena *scratch;
	struct names names = {.arena = a}, hashes = {0};
	int error;

	if (!f)
		return -errno;
	scratch = hashes.arena = arena_new();
	error = read_sockets(f, lxcpath, &names, &hashes);
	fclose(f);
	if (hashes.n)
		add_hashed(dir, lxcpath, &hashes, &names);
	arena_free(scratch);
	if (error < 0)
		return error;
	sort(&names);
	*out = names.items;
	*n = names.n;
	return 0;
}

enum listener commandsock_listener(const char *lxcpath, const char *name, uid_t *uid)
{
	procfile_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct ucred peer;
	socklen_t size = sizeof(peer);
	size_t n;

	socket_name(lxcpath, name, address.sun_path + 1);
	n = strlen(address.sun_path + 1);
	if (fd < 0)
		return LISTENER_BUSY;
	if (connect(fd, (struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n)) < 0)
		return errno == ECONNREFUSED ? LISTENER_NONE : LISTENER_BUSY;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return LISTENER_BUSY;
	if (peer.uid == geteuid())
		return LISTENER_OURS;
	if (uid)
		*uid = peer.uid;
	return LISTENER_FOREIGN;
}
