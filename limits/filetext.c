#include "limits/filetext.h"

#include "limits/cgroup.h"
#include "schema/arena.h"

#include <errno.h>
#include <string.h>

/* v1 prints "unlimited" as LONG_MAX rounded down to pages or huge pages; nothing real is near. */
#define NEARLY_UNLIMITED (UINT64_C(1) << 62)

uint64_t number_round(uint64_t n, uint64_t unit)
{
	if (n >= NEARLY_UNLIMITED)
		return NUMBER_MAX;
	return unit > 1 ? n - n % unit : n;
}

uint64_t number_add(uint64_t x, uint64_t y)
{
	uint64_t sum;

	if (__builtin_add_overflow(x, y, &sum))
		return NUMBER_MAX;
	return number_round(sum, 0);
}

/* The power of two that a suffix stands for; -1: it is none. */
static int suffix_shift(const char *text)
{
	static const char suffixes[] = "KMGTPE";
	const char *found;

	if (*text == '\0')
		return 0;
	found = strchr(suffixes, *text & ~0x20);
	return found && *found && text[1] == '\0' ? 10 * (int)(found - suffixes + 1) : -1;
}

bool number_read(const char *text, uint64_t *out)
{
	uint64_t n = 0;
	int shift;

	if (strcmp(text, "max") == 0 || (*text == '-' && text[1] >= '1' && text[1] <= '9')) {
		*out = NUMBER_MAX;
		return true;
	}
	if (*text < '0' || *text > '9')
		return false;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (__builtin_mul_overflow(n, 10u, &n) ||
		    __builtin_add_overflow(n, (unsigned)(*text - '0'), &n))
			n = NEARLY_UNLIMITED;
	}
	shift = suffix_shift(text);
	if (shift < 0)
		return false;
	*out = n > NUMBER_MAX >> shift ? NUMBER_MAX : number_round(n << shift, 0);
	return true;
}

const char *number_print(uint64_t n, struct arena *a)
{
	return n == NUMBER_MAX ? "max" : arena_decimal(a, n);
}

const char *number_print_v1(uint64_t n, struct arena *a)
{
	return n == NUMBER_MAX ? "-1" : number_print(n, a);
}

/* Several lines for one item: LXC sets them in turn, so the last one holds. */
static ssize_t own_text(const struct filetext *t, const char *file, char *buf, size_t size)
{
	const char *item = arena_printf(t->arena, "lxc.%s.%s",
					t->version == CGROUP_V1 ? "cgroup" : "cgroup2", file);
	const char *text =
	    t->container->own_item ? t->container->own_item(t->container, item) : NULL;
	const char *line;
	size_t n;

	if (!text)
		return -ENOENT;
	n = strlen(text);
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
		n--;
	line = memrchr(text, '\n', n);
	line = line ? line + 1 : text;
	n -= (size_t)(line - text);
	if (n == 0)
		return -ENOENT;
	if (n >= size)
		return -EMSGSIZE;
	memcpy(buf, line, n);
	buf[n] = '\0';
	return (ssize_t)n;
}

static ssize_t kernel_text(const struct filetext *t, const char *file, char *buf, size_t size)
{
	for (size_t i = 0; i < t->n_open; i++)
		if (strcmp(t->open[i].name, file) == 0)
			return cgroup_file_read(&t->open[i], buf, size);
	return cgroup_read_again(t->container->cgroup, t->controller, file, buf, size);
}

ssize_t filetext_get(struct filetext *t, const char *file, char *buf, size_t size)
{
	bool shared;
	ssize_t n;

	if (t->own)
		return own_text(t, file, buf, size);
	shared = size > sizeof(t->limit) && strcmp(file, "memory.limit_in_bytes") == 0;
	if (shared && *t->limit) {
		n = (ssize_t)strlen(t->limit);
		memcpy(buf, t->limit, (size_t)n + 1);
		return n;
	}
	n = kernel_text(t, file, buf, size);
	if (shared && n > 0 && n < (ssize_t)sizeof(t->limit))
		memcpy(t->limit, buf, (size_t)n + 1);
	return n;
}

int filetext_number(struct filetext *t, const char *file, uint64_t *out)
{
	char text[64];
	ssize_t n = filetext_get(t, file, text, sizeof(text));
	uint64_t number;

	if (n < 0)
		return (int)n;
	if (!number_read(text, &number))
		return -EINVAL;
	*out = number_round(number, t->unit);
	return 0;
}
