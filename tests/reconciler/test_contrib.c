/* The manual pages and completions know every flag that the program has. */
#include "reconciler/journal_entry.h"
#include "reconciler/options.h"
#include "schema/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define EVERY_FLAG ((FLAG_COMMON << 1) - 1)

/* Tests run in the repository's top folder. */
static char *slurp(const char *path, struct arena *a)
{
	FILE *f = fopen(path, "r");
	char *text = arena_alloc(a, 65536);
	size_t n;

	if (!f)
		fail_msg("%s cannot be read: run the tests from the top folder", path);
	n = fread(text, 1, 65535, f);
	assert_true(n > 0 && n < 65535);
	fclose(f);
	return text;
}

/* Each flag, behind PREFIX, stands in the file as a word. */
static void check(const char *path, const char *prefix)
{
	struct arena *a = arena_new();
	char *text = slurp(path, a);
	struct flag_help *flags;
	size_t n = options_flags(EVERY_FLAG & ~FLAG_YAML, a, &flags);

	assert_true(n > 12);
	for (size_t i = 0; i < n; i++) {
		const char *word = arena_printf(a, "%s%s", prefix, flags[i].name);
		const char *at = strstr(text, word);

		while (at && strspn(at + strlen(word), "abcdefghijklmnopqrstuvwxyz"))
			at = strstr(at + 1, word);
		if (!at)
			fail_msg("%s does not know --%s", path, flags[i].name);
	}
	arena_free(a);
}

static void flags_are_described(void **state)
{
	(void)state;
	check("contrib/man/evenkeel.8", " -");
	check("contrib/completions/evenkeel.bash", "--");
	check("contrib/completions/_evenkeel", "--");
	check("contrib/completions/evenkeel.fish", "-l ");
}

/* Who looks for one kind of line in the journal finds its MESSAGE_ID in the manual. */
static void events_are_listed(void **state)
{
	struct arena *a = arena_new();
	const char *text = slurp("contrib/man/evenkeel.8", a);

	(void)state;
	for (int i = 0; i < N_EVENTS; i++) {
		const struct event_info *e = event_info((enum event)i);

		if (!strstr(text, arena_printf(a, "\n.It %s\n", e->name)))
			fail_msg("evenkeel(8) does not know the event %s", e->name);
		if (!strstr(text, arena_printf(a, "\n.Li %s\n", e->message_id)))
			fail_msg("evenkeel(8) does not know the MESSAGE_ID of %s", e->name);
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(flags_are_described),
	    cmocka_unit_test(events_are_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
