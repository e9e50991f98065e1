/* Runs a fuzz target over saved inputs: replay_NAME FILE|FOLDER... */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MOST 16

static size_t inputs;

static bool complain(const char *path)
{
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	return false;
}

/* The bytes are an allocation of just their size, so that a step beyond them is seen. */
static bool replay_file(int fd, const char *path, size_t size)
{
	uint8_t *bytes = malloc(size ? size : 1);
	size_t got = 0;
	ssize_t n = 1;

	if (!bytes)
		return complain(path);
	while (got < size && n > 0) {
		n = read(fd, bytes + got, size - got);
		if (n > 0)
			got += (size_t)n;
	}
	if (n >= 0) {
		LLVMFuzzerTestOneInput(bytes, got);
		inputs++;
	}
	free(bytes);
	return n >= 0 || complain(path);
}

static bool replay(int folder, const char *name, const char *path, unsigned depth);

static bool replay_folder(int fd, const char *path, unsigned depth)
{
	DIR *folder = fdopendir(fd);
	struct dirent *entry;
	char below[4096];
	bool good = true;

	if (!folder) {
		close(fd);
		return complain(path);
	}
	while ((entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		good &= replay(dirfd(folder), entry->d_name, below, depth + 1);
	}
	closedir(folder);
	return good;
}

static bool replay(int folder, const char *name, const char *path, unsigned depth)
{
	int fd = openat(folder, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	bool good;

	if (fd < 0)
		return complain(path);
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && depth < DEPTH_MOST)
		return replay_folder(fd, path, depth);
	good = S_ISREG(st.st_mode) && replay_file(fd, path, (size_t)st.st_size);
	if (!S_ISREG(st.st_mode))
		fprintf(stderr, "%s: not a file\n", path);
	close(fd);
	return good;
}

int main(int argc, char **argv)
{
	bool good = true;

	if (argc < 2) {
		fprintf(stderr, "usage: %s FILE|FOLDER...\n", argv[0]);
		return 2;
	}
	for (int i = 1; i < argc; i++)
		good &= replay(AT_FDCWD, argv[i], argv[i], 0);
	printf("%s: %zu inputs\n", argv[0], inputs);
	return good && inputs > 0 ? 0 : 1;
}
