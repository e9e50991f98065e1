#include "reconciler/ignore.h"

#include "schema/arena.h"

#include <fnmatch.h>
#include <string.h>

static void add_rule(struct ignore *ig, size_t *capacity, const char *line, size_t n,
		     struct arena *a)
{
	struct ignore_rule r = {0};
	char *glob;

	if (n > 0 && line[0] == '!') {
		r.keep = true;
		line++;
		n--;
	}
	if (n > 0 && line[n - 1] == '/') {
		r.folder = true;
		n--;
	}
	if (n == 0)
		return;
	glob = arena_strndup(a, line, n);
	r.anchored = strchr(glob, '/');
	r.glob = glob[0] == '/' ? glob + 1 : glob;
	ig->rules = arena_grow(a, ig->rules, ig->n, capacity, sizeof(*ig->rules));
	ig->rules[ig->n++] = r;
}

void ignore_read(const char *text, size_t n, struct arena *a, struct ignore *out)
{
	const char *end = text + n;
	size_t capacity = 0;

	*out = (struct ignore){0};
	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text)), *last;

		if (!stop)
			stop = end;
		last = stop;
		while (last > text && (last[-1] == ' ' || last[-1] == '\t' || last[-1] == '\r'))
			last--;
		if (text < last && *text != '#')
			add_rule(out, &capacity, text, (size_t)(last - text), a);
		text = stop + 1;
	}
}

static bool rule_fits(const struct ignore_rule *r, const char *path, const char *name, bool folder)
{
	if (r->folder && !folder)
		return false;
	if (!r->anchored)
		return fnmatch(r->glob, name, 0) == 0;
	/* "**" reaches over folders, a lone "*" does not. */
	return fnmatch(r->glob, path, strstr(r->glob, "**") ? 0 : FNM_PATHNAME) == 0;
}

bool ignore_fits(const struct ignore *ig, const char *path, const char *name, bool folder)
{
	for (size_t i = ig->n; i > 0; i--) {
		if (rule_fits(&ig->rules[i - 1], path, name, folder))
			return !ig->rules[i - 1].keep;
	}
	return false;
}

static bool ends_with(const char *name, size_t n, const char *end)
{
	size_t m = strlen(end);

	return n > m && memcmp(name + n - m, end, m) == 0;
}

bool ignore_leftover(const char *name)
{
	size_t n = strlen(name);

	return name[0] == '.' || name[n - 1] == '~' || (name[0] == '#' && name[n - 1] == '#') ||
	       ends_with(name, n, ".swp") || strcmp(name, "4913") == 0;
}

bool ignore_manifest_name(const char *name)
{
	size_t n = strlen(name);

	return ends_with(name, n, ".yaml") || ends_with(name, n, ".yml") ||
	       ends_with(name, n, ".json");
}
