#include "reconciler/bootfile.h"

#include "reconciler/fields.h"
#include "reconciler/include.h"
#include "reconciler/own_nics.h"
#include "schema/arena.h"

#include <assert.h>
#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER "# evenkeel 1 boot file and record; generated, do not edit. See evenkeel(8).\n"
#define MOST_BYTES (1u << 20)

/* ---- checksum: FNV-1a's idea in words; it tells torn from whole, it is no seal ---- */

/* Each step can be undone, so that one changed word never goes unseen. */
static uint64_t mix(uint64_t state, uint64_t word)
{
	state = (state ^ word) * UINT64_C(0x100000001b3);
	return state ^ state >> 32;
}

static uint64_t hash(const char *text, size_t n)
{
	uint64_t state = mix(UINT64_C(0xcbf29ce484222325), n), word;

	for (; n >= sizeof(word); text += sizeof(word), n -= sizeof(word)) {
		memcpy(&word, text, sizeof(word));
		state = mix(state, le64toh(word));
	}
	for (; n > 0; text++, n--)
		state = mix(state, (unsigned char)*text);
	return state;
}

/* printf would be a tenth of a pass over thousands of records. */
static void hash_print(uint64_t number, char out[17])
{
	for (int i = 15; i >= 0; i--, number >>= 4)
		out[i] = "0123456789abcdef"[number & 15];
	out[16] = '\0';
}

void bootfile_digest(const char *text, char out[17])
{
	hash_print(hash(text, strlen(text)), out);
}

/* ---- writing ---- */

static const char *needs_quotes(const char *value)
{
	size_t n = strlen(value);

	if (isspace((unsigned char)value[0]) || isspace((unsigned char)value[n - 1]))
		return "\"";
	/* LXC takes one pair of quotes away, so that a value with a pair of its own gets another.
	 */
	if (n > 1 && (value[0] == '"' || value[0] == '\'') && value[n - 1] == value[0])
		return "\"";
	return "";
}

char *bootfile_line(const char *key, const char *value, struct arena *a, const char **why)
{
	const char *quote;

	*why = NULL;
	if (strncmp(key, "lxc.", 4) != 0)
		*why = "not an LXC key";
	for (const char *c = key; *c && !*why; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
			*why = "a character that no LXC key has";
	if (!*why && !*value)
		*why = "empty: LXC would drop what was set before";
	if (!*why && strpbrk(value, "\n\r"))
		*why = "a line break: LXC's configuration has no way to write it";
	if (*why)
		return NULL;
	quote = needs_quotes(value);
	return arena_printf(a, "%s = %s%s%s", key, quote, value, quote);
}

#define POLICY "#@ seccomp "

char *bootfile_policy_name(const char *policy, struct arena *a)
{
	char digest[17];

	bootfile_digest(policy, digest);
	return arena_printf(a, "evenkeel-%s.seccomp", digest);
}

char *bootfile_policy_line(const char *policy, struct arena *a)
{
	struct writer w = {.arena = a};

	writer_text(&w, "#@ seccomp");
	writer_field(&w, bootfile_policy_name(policy, a));
	writer_field(&w, policy);
	writer_put(&w, "", 1);
	return w.text;
}

bool bootfile_policy_find(const char *text, struct arena *a, char **name, char **policy)
{
	const char *line = strstr(text, "\n" POLICY);
	char *fields[2];

	if (!line)
		return false;
	line += 1 + sizeof(POLICY) - 1;
	if (fields_read(arena_strndup(a, line, strcspn(line, "\n")), fields, 2) != 2)
		return false;
	*name = fields[0];
	*policy = fields[1];
	return strcmp(*name, bootfile_policy_name(*policy, a)) == 0;
}

static void put_line(struct writer *w, const char *lxcpath, const char *name, const char *line)
{
	assert(!strpbrk(line, "\n\r"));
	writer_text(w, line);
	writer_text(w, "\n");
	if (strncmp(line, POLICY, sizeof(POLICY) - 1) == 0) {
		const char *file = line + sizeof(POLICY) - 1, *why;
		char *path = arena_printf(w->arena, "%s/%s/%.*s", lxcpath, name,
					  (int)strcspn(file, " "), file);

		path = bootfile_line("lxc.seccomp.profile", path, w->arena, &why);
		writer_text(w, path ? path : "# lxc.seccomp.profile cannot be written");
		writer_text(w, "\n");
	}
}

char *bootfile_render(const char *lxcpath, const char *name, const struct properties *owned,
		      const struct idmap_window *window, const char *const *lines, size_t n_lines,
		      struct arena *a)
{
	struct writer w = {.arena = a};
	char end[48];

	writer_text(&w, HEADER "#@ container");
	writer_field(&w, lxcpath);
	writer_field(&w, name);
	for (size_t i = 0; i < owned->n; i++) {
		writer_text(&w, "\n#@ own");
		writer_field(&w, owned->items[i].object);
		writer_field(&w, owned->items[i].attribute);
		if (owned->items[i].value)
			writer_field(&w, owned->items[i].value);
	}
	if (window && window->size) {
		snprintf(end, sizeof(end), "\n#@ window %" PRIu32 " %" PRIu32, window->base,
			 window->size);
		writer_text(&w, end);
	}
	writer_text(&w, "\n");
	for (size_t i = 0; i < n_lines; i++)
		put_line(&w, lxcpath, name, lines[i]);
	hash_print(hash(w.text, w.n), end);
	writer_text(&w, "#@ end ");
	writer_text(&w, end);
	writer_put(&w, "\n", 2);
	return w.text;
}

/* ---- reading ---- */

static bool number(const char *text, uint32_t *out)
{
	char *end;
	unsigned long long n = strtoull(text, &end, 10);

	*out = (uint32_t)n;
	return isdigit((unsigned char)*text) && !*end && n <= UINT32_MAX;
}

static bool parse_own(char **fields, int n, struct properties *owned)
{
	if (n != 3 && n != 4)
		return false;
	properties_add(owned, (struct property){
				  .object = fields[1],
				  .attribute = fields[2],
				  .value = n == 4 ? fields[3] : NULL,
				  .certainty = n == 4 ? CERTAIN_VALUE : CERTAIN_ABSENT,
			      });
	return true;
}

static bool parse_record_line(char *line, const char *lxcpath, const char *name, struct record *r)
{
	char *fields[4];
	int n = fields_read(line, fields, 4);

	if (n < 1)
		return false;
	if (strcmp(fields[0], "container") == 0) {
		if (n != 3)
			return false;
		if (strcmp(fields[1], lxcpath) != 0 || strcmp(fields[2], name) != 0)
			r->state = RECORD_FOREIGN;
		return true;
	}
	if (strcmp(fields[0], "own") == 0)
		return parse_own(fields, n, &r->owned);
	if (strcmp(fields[0], "window") == 0) {
		r->window.holder = name;
		return n == 3 && number(fields[1], &r->window.base) &&
		       number(fields[2], &r->window.size);
	}
	return strcmp(fields[0], "seccomp") == 0 && n == 3;
}

/* Cuts the checksum line off; false when TEXT is not what we wrote. */
static bool is_whole(char *text, size_t n)
{
	const size_t size = sizeof("#@ end 0123456789abcdef\n") - 1;
	char expected[sizeof("#@ end 0123456789abcdef\n")] = "#@ end ";

	if (n <= size || strncmp(text, HEADER, sizeof(HEADER) - 1) != 0)
		return false;
	hash_print(hash(text, n - size), expected + strlen("#@ end "));
	expected[size - 1] = '\n';
	if (memcmp(text + n - size, expected, size) != 0)
		return false;
	text[n - size] = '\0';
	return true;
}

static bool is_sorted(const struct properties *p)
{
	for (size_t i = 1; i < p->n; i++)
		if (property_compare(&p->items[i - 1], &p->items[i]) >= 0)
			return false;
	return true;
}

/* TEXT is taken apart; the record points into it. */
static void parse_record(char *text, size_t n, const char *lxcpath, const char *name,
			 struct record *r)
{
	struct arena *a = r->owned.arena;
	bool container = false;

	r->state = RECORD_TORN;
	hash_print(hash(text, n), r->digest);
	if (memchr(text, '\0', n) || !is_whole(text, n))
		return;
	r->state = RECORD_FINE;
	for (char *line = strsep(&text, "\n"); line; line = strsep(&text, "\n")) {
		if (strncmp(line, "#@ ", 3) != 0)
			continue;
		container |= strncmp(line, "#@ container ", 13) == 0;
		if (!parse_record_line(line + 3, lxcpath, name, r)) {
			r->state = RECORD_TORN;
			break;
		}
	}
	if (!container)
		r->state = RECORD_TORN;
	if (r->state != RECORD_FINE) {
		properties_init(&r->owned, a);
		r->window = (struct idmap_window){0};
	} else if (!is_sorted(&r->owned)) {
		properties_sort(&r->owned);
	}
}

bool bootfile_is_ours(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_uid == geteuid() && (st->st_mode & 022) == 0;
}

/* Reads a file below the container's folder, which may belong to the container's root, into BUF or,
 * when it is larger, into the arena. NULL with errno: there is none that can be read. */
static char *read_file(int dir, const char *path, int flags, char *buf, size_t size,
		       struct arena *a, size_t *n, struct stat *st)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);
	ssize_t got = -1;
	int error;

	if (fd < 0)
		return NULL;
	error = fstat(fd, st) < 0 ? errno : S_ISREG(st->st_mode) ? 0 : EPERM;
	if (!error) {
		got = read(fd, buf, size - 1);
		error = errno;
	}
	if (got == (ssize_t)size - 1 && st->st_size >= got && st->st_size < MOST_BYTES) {
		buf = arena_alloc(a, (size_t)st->st_size + 1);
		got = pread(fd, buf, (size_t)st->st_size, 0);
		error = errno;
	}
	close(fd);
	errno = error;
	if (got < 0)
		return NULL;
	buf[got] = '\0';
	*n = (size_t)got;
	return buf;
}

char *bootfile_text(int lxcpath_dir, const char *name, struct arena *a)
{
	char buf[16384], path[4096];
	struct stat st;
	char *text;
	size_t n;

	snprintf(path, sizeof(path), "%s/" BOOTFILE_NAME, name);
	text = read_file(lxcpath_dir, path, O_NOFOLLOW, buf, sizeof(buf), a, &n, &st);
	return text && bootfile_is_ours(&st) ? arena_strndup(a, text, n) : NULL;
}

void bootfile_record(const char *text, const char *lxcpath, const char *name, struct arena *a,
		     struct record *out)
{
	*out = (struct record){.state = RECORD_NONE, .include = INCLUDE_NONE};
	properties_init(&out->owned, a);
	if (!text)
		return;
	parse_record(arena_strdup(a, text), strlen(text), lxcpath, name, out);
	out->include = INCLUDE_FINE;
}

void bootfile_read(int lxcpath_dir, const char *lxcpath, const char *name, struct arena *a,
		   struct record *out)
{
	char buf[16384], path[4096], boot_path[4096];
	struct stat st;
	char *text;
	size_t n;

	*out = (struct record){.state = RECORD_NONE, .include = INCLUDE_NONE};
	properties_init(&out->owned, a);
	snprintf(path, sizeof(path), "%s/" BOOTFILE_NAME, name);
	text = read_file(lxcpath_dir, path, O_NOFOLLOW, buf, sizeof(buf), a, &n, &st);
	if (text && bootfile_is_ours(&st)) {
		parse_record(arena_strndup(a, text, n), n, lxcpath, name, out);
	} else if (text || errno == EPERM || errno == ELOOP) {
		/* What somebody else wrote is no record, even when it says just what ours would. */
		out->state = RECORD_TORN;
		strcpy(out->digest, "-");
	} else if (errno != ENOENT && errno != ENOTDIR && errno != EBADF) {
		out->state = RECORD_UNREADABLE;
		out->error = errno;
	}
	snprintf(path, sizeof(path), "%s/config", name);
	snprintf(boot_path, sizeof(boot_path), "%s/%s/" BOOTFILE_NAME, lxcpath, name);
	text = read_file(lxcpath_dir, path, 0, buf, sizeof(buf), a, &n, &st);
	if (!text)
		return;
	out->include = include_find(text, boot_path);
	out->own_nics_moved = own_nics_moved(text, &out->owned);
}
