/* Lines as they come over the daemon's socket: read as requests and as answers. What is understood
 * is printed, read again, and printed the same. */
#include "tests/fuzz/fuzz.h"

#include "reconciler/message.h"
#include "schema/arena.h"

#include <stdlib.h>
#include <string.h>

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* One line and nothing that ends it early. */
static void require_line(const char *line, size_t n)
{
	require(n > 0 && line[n - 1] == '\n' && !memchr(line, '\n', n - 1));
}

static void check_request(const char *line, size_t n, struct arena *a)
{
	struct request r, again;
	const char *why = NULL;
	char *first, *second;
	size_t n_first, n_second;

	if (request_parse(line, n, a, &r, &why) < 0) {
		require(why && *why);
		return;
	}
	for (size_t i = 0; i < r.n; i++)
		require(!name_check_instance(r.names[i]));
	first = request_print(&r, a, &n_first);
	require_line(first, n_first);
	require(request_parse(first, n_first - 1, a, &again, &why) == 0);
	second = request_print(&again, a, &n_second);
	require(n_first == n_second && memcmp(first, second, n_first) == 0);
}

static void check_answer(const char *line, size_t n, struct arena *a)
{
	struct answer r, again;
	const char *why = NULL;
	char *first, *second;
	size_t n_first, n_second;

	if (answer_parse(line, n, a, &r, &why) < 0) {
		require(why && *why);
		return;
	}
	first = answer_print(&r, true, a, &n_first);
	require_line(first, n_first);
	require(answer_parse(first, n_first - 1, a, &again, &why) == 0);
	if (r.standing.name)
		require(standing_equal(&r.standing, &again.standing));
	second = answer_print(&again, true, a, &n_second);
	require(n_first == n_second && memcmp(first, second, n_first) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const char *line = (const char *)bytes, *end = line + n;

	while (line < end) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		struct arena *a = arena_new();

		if (!stop)
			stop = end;
		check_request(line, (size_t)(stop - line), a);
		check_answer(line, (size_t)(stop - line), a);
		arena_free(a);
		line = stop + 1;
	}
	return 0;
}
