/* The file of what is paused: read, printed, and read as the same. */
#include "tests/fuzz/fuzz.h"

#include "reconciler/pauses.h"
#include "schema/arena.h"

#include <stdlib.h>
#include <string.h>

#define BOOT "8af4ecda-240e-4baf-b252-4a5b31ebda4d"

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check(const struct pauses *p, struct arena *a)
{
	struct pauses again;
	size_t n;
	char *text = pauses_render(p, BOOT, a, &n);

	pauses_parse(arena_strndup(a, text, n), n, BOOT, a, &again);
	require(again.n == p->n);
	for (size_t i = 0; i < p->n; i++) {
		require(strcmp(p->items[i].name, again.items[i].name) == 0);
		require(strcmp(p->items[i].reason, again.items[i].reason) == 0);
		require(p->items[i].end == again.items[i].end);
		require(p->items[i].until == again.items[i].until);
		require(i == 0 || strcmp(p->items[i - 1].name, p->items[i].name) < 0);
		require(!name_check_instance(p->items[i].name));
		pause_words(&p->items[i], a);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena *a = arena_new();
	char *text = arena_alloc(a, n + 1);
	struct pauses p;

	if (n)
		memcpy(text, bytes, n);
	pauses_parse(text, n, BOOT, a, &p);
	check(&p, a);
	arena_free(a);
	return 0;
}
