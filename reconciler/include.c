#include "reconciler/include.h"

#include "schema/arena.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_DEPTH 8
#define MOST_CONFIG (1u << 20)

/* A line of a config, read as LXC does (lxc.container.conf(5)): "KEY = VALUE", blanks around both
 * dropped, one pair of quotes around the value too. */
struct line {
	const char *start; /* with its line break, where it has one */
	size_t n;
	const char *key, *value; /* not NUL-terminated; n_key 0: no setting */
	size_t n_key, n_value;
};

static void trim(const char **text, size_t *n)
{
	while (*n && isspace((unsigned char)(*text)[0])) {
		(*text)++;
		(*n)--;
	}
	while (*n && isspace((unsigned char)(*text)[*n - 1]))
		(*n)--;
}

static void split(struct line *l)
{
	const char *text = l->start, *equals;
	size_t n = l->n;

	l->key = l->value = "";
	l->n_key = l->n_value = 0;
	trim(&text, &n);
	if (n < 4 || memcmp(text, "lxc.", 4) != 0)
		return;
	equals = memchr(text, '=', n);
	if (!equals)
		return;
	l->key = text;
	l->n_key = (size_t)(equals - text);
	l->value = equals + 1;
	l->n_value = n - l->n_key - 1;
	trim(&l->key, &l->n_key);
	trim(&l->value, &l->n_value);
	if (l->n_value > 1 && (l->value[0] == '"' || l->value[0] == '\'') &&
	    l->value[l->n_value - 1] == l->value[0]) {
		l->value++;
		l->n_value -= 2;
	}
}

/* The next line of *CONFIG; false at its end. */
static bool next_line(const char **config, struct line *l)
{
	const char *end;

	if (!**config)
		return false;
	end = strchr(*config, '\n');
	l->start = *config;
	l->n = end ? (size_t)(end + 1 - *config) : strlen(*config);
	*config += l->n;
	split(l);
	return true;
}

static bool key_is(const struct line *l, const char *key)
{
	return l->n_key == strlen(key) && memcmp(l->key, key, l->n_key) == 0;
}

static bool includes_boot_file(const struct line *l)
{
	const size_t n = sizeof("/" BOOTFILE_NAME) - 1;

	return key_is(l, "lxc.include") && l->n_value >= n &&
	       memcmp(l->value + l->n_value - n, "/" BOOTFILE_NAME, n) == 0;
}

/* Is the one line that names a boot file the last one, and ours? It nearly always is. */
static bool ends_with_ours(const char *config, const char *named, const char *boot_path)
{
	const char *line = memrchr(config, '\n', (size_t)(named - config));
	size_t n = strlen(boot_path);
	struct line l;

	line = line ? line + 1 : config;
	return next_line(&line, &l) && !*line && includes_boot_file(&l) && l.n_value == n &&
	       memcmp(l.value, boot_path, n) == 0;
}

enum include_state include_find(const char *config, const char *boot_path)
{
	const char *named = strstr(config, "/" BOOTFILE_NAME);
	bool foreign = false, last = false;
	size_t ours = 0, n = strlen(boot_path);
	struct line l;

	if (!named)
		return INCLUDE_NONE;
	if (ends_with_ours(config, named, boot_path))
		return INCLUDE_FINE;
	while (next_line(&config, &l)) {
		if (!l.n_key)
			continue;
		last = includes_boot_file(&l);
		if (!last)
			continue;
		if (l.n_value == n && memcmp(l.value, boot_path, n) == 0)
			ours++;
		else
			foreign = true;
	}
	if (foreign)
		return INCLUDE_FOREIGN;
	if (!ours)
		return INCLUDE_NONE;
	return last && ours == 1 ? INCLUDE_FINE : INCLUDE_NOT_LAST;
}

static bool is_aside(const struct line *l)
{
	return strncmp(l->start, INCLUDE_ASIDE, sizeof(INCLUDE_ASIDE) - 1) == 0;
}

/* Copies the lines that are to stay; returns the end of what was written. */
static char *copy_lines(const char *config, bool take_idmap, char *to)
{
	const size_t aside = sizeof(INCLUDE_ASIDE) - 1;
	struct line l;

	while (next_line(&config, &l)) {
		if (includes_boot_file(&l))
			continue;
		if (is_aside(&l) && !take_idmap) {
			l.start += aside;
			l.n -= aside;
		} else if (take_idmap && key_is(&l, "lxc.idmap")) {
			to = mempcpy(to, INCLUDE_ASIDE, aside);
		}
		to = mempcpy(to, l.start, l.n);
	}
	*to = '\0';
	return to;
}

static size_t count_lines(const char *config)
{
	size_t n = 1;

	for (; *config; config++)
		n += *config == '\n';
	return n;
}

char *include_own(const char *config, struct arena *a)
{
	char *own = arena_alloc(a, strlen(config) + 1);

	copy_lines(config, false, own);
	return own;
}

int include_mend(const char *config, const char *boot_path, bool take_idmap, struct arena *a,
		 char **out)
{
	const char *line = "", *why;
	char *mended, *end;

	if (boot_path) {
		line = bootfile_line("lxc.include", boot_path, a, &why);
		if (!line)
			return -EINVAL;
	}
	mended = arena_alloc(a, strlen(config) + count_lines(config) * sizeof(INCLUDE_ASIDE) +
				    strlen(line) + 3);
	end = copy_lines(config, take_idmap, mended);
	if (boot_path) {
		if (end > mended && end[-1] != '\n')
			*end++ = '\n';
		stpcpy(stpcpy(end, line), "\n");
	}
	*out = mended;
	return 0;
}

char *include_read(int dir, const char *path, struct arena *a)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	char *text = NULL;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < MOST_CONFIG) {
		ssize_t n;

		text = arena_alloc(a, (size_t)st.st_size + 1);
		n = read(fd, text, (size_t)st.st_size);
		text[n > 0 ? n : 0] = '\0';
	}
	close(fd);
	return text;
}

static const char *find_idmap(const char *config, struct arena *a, int depth);

static const char *find_idmap_in_file(const char *path, struct arena *a, int depth)
{
	const char *text = include_read(AT_FDCWD, path, a);
	const char *left = text;
	struct line l;

	while (left && next_line(&left, &l))
		if (key_is(&l, "lxc.idmap"))
			return path;
	return text ? find_idmap(text, a, depth + 1) : NULL;
}

/* An included folder stands for its *.conf files. */
static const char *find_idmap_in_folder(DIR *folder, const char *path, struct arena *a, int depth)
{
	const char *found = NULL;
	struct dirent *e;

	while (!found && (e = readdir(folder))) {
		size_t n = strlen(e->d_name);

		if (n > 5 && strcmp(e->d_name + n - 5, ".conf") == 0)
			found =
			    find_idmap_in_file(arena_printf(a, "%s/%s", path, e->d_name), a, depth);
	}
	closedir(folder);
	return found;
}

static const char *find_idmap(const char *config, struct arena *a, int depth)
{
	const char *found = NULL;
	struct line l;

	while (depth < MOST_DEPTH && !found && next_line(&config, &l)) {
		const char *path;
		DIR *folder;

		if (!key_is(&l, "lxc.include") || includes_boot_file(&l))
			continue;
		path = arena_strndup(a, l.value, l.n_value);
		folder = opendir(path);
		if (folder)
			found = find_idmap_in_folder(folder, path, a, depth);
		else
			found = find_idmap_in_file(path, a, depth);
	}
	return found;
}

const char *include_with_idmap(const char *config, struct arena *a)
{
	return find_idmap(config, a, 0);
}

bool include_net(const char *config, unsigned index, const char **type, size_t *n)
{
	char prefix[32];
	size_t size = (size_t)snprintf(prefix, sizeof(prefix), "lxc.net.%u.", index);
	bool found = false;
	struct line l;

	*type = NULL;
	*n = 0;
	if (!strstr(config, prefix))
		return false;
	while (next_line(&config, &l)) {
		if (l.n_key < size || memcmp(l.key, prefix, size) != 0)
			continue;
		found = true;
		if (l.n_key != size + 4 || memcmp(l.key + size, "type", 4) != 0)
			continue;
		*type = l.value;
		*n = l.n_value;
	}
	return found;
}

const char *include_value(const char *config, const char *key, struct arena *a)
{
	const char *value = NULL;
	struct line l;

	while (next_line(&config, &l))
		if (key_is(&l, key))
			value = arena_strndup(a, l.value, l.n_value);
	return value;
}
