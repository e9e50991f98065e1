#include "limits/oom.h"
#include "tests/limits/fixture.h"

#include <signal.h>
#include <sys/wait.h>

/* A container whose init is a child of the test. */
struct stage {
	struct arena *arena;
	struct container c;
};

static const char *own_value;

static const char *own_item(const struct container *c, const char *item)
{
	(void)c;
	return strcmp(item, "lxc.proc.oom_score_adj") == 0 ? own_value : NULL;
}

static int start(void **state)
{
	struct stage *s = calloc(1, sizeof(*s));
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	s->arena = arena_new();
	s->c = (struct container){.arena = s->arena,
				  .init = pid,
				  .pidfd = -1,
				  .own_item = own_item,
				  .status = STATUS_RUNNING};
	s->c.proc = open(arena_printf(s->arena, "/proc/%d", (int)pid), O_PATH | O_CLOEXEC);
	own_value = NULL;
	*state = s;
	return s->c.proc < 0;
}

static int finish(void **state)
{
	struct stage *s = *state;

	kill(s->c.init, SIGKILL);
	waitpid(s->c.init, NULL, 0);
	close(s->c.proc);
	arena_free(s->arena);
	free(s);
	return 0;
}

static struct property observe(struct stage *s)
{
	struct property item = {.object = "oom", .attribute = "oom_score_adj"};
	struct properties asked = {.arena = s->arena, .items = &item, .n = 1}, out;

	properties_init(&out, s->arena);
	oom_driver.observe(&s->c, &asked, &out);
	assert_int_equal(out.n, 1);
	return out.items[0];
}

static struct change apply(struct stage *s, const char *to)
{
	struct change change = {.object = "oom", .to = to}, *one = &change;

	oom_driver.apply(&s->c, &one, 1);
	return change;
}

static void wish_is_a_number(void **state)
{
	const char *lines[] = {"limits.memory.oom_priority=+0500", NULL};
	struct stage *s = *state;
	struct world_instance wi = {.instance = fixture_instance(s->arena, lines)};
	struct world w = {.arena = s->arena};
	struct properties out;

	properties_init(&out, s->arena);
	oom_driver.desire(&w, &wi, &out);
	assert_int_equal(out.n, 1);
	assert_string_equal(out.items[0].value, "500");
	assert_string_equal(out.items[0].key, "limits.memory.oom_priority");
}

static void raised_and_seen(void **state)
{
	struct stage *s = *state;

	assert_int_equal(apply(s, "900").verdict, VERDICT_APPLIED);
	assert_string_equal(observe(s).value, "900");
	assert_int_equal(apply(s, "900").verdict, VERDICT_APPLIED);
}

/* Below what it was started with only CAP_SYS_RESOURCE may go. */
static void lowering_may_be_refused(void **state)
{
	struct stage *s = *state;
	struct change c = apply(s, "-1000");

	if (c.verdict == VERDICT_APPLIED) {
		assert_string_equal(observe(s).value, "-1000");
	} else {
		assert_int_equal(c.error_number, EACCES);
		assert_non_null(strstr(c.error, "CAP_SYS_RESOURCE"));
	}
}

static void gone_init_is_unknown(void **state)
{
	struct stage *s = *state;

	kill(s->c.init, SIGKILL);
	waitpid(s->c.init, NULL, 0);
	assert_int_equal(observe(s).certainty, UNKNOWN);
	assert_int_equal(apply(s, "1").verdict, VERDICT_FAILED);
}

static void goes_back_to_the_owners_line(void **state)
{
	struct property owned = {.object = "oom", .attribute = "oom_score_adj"};
	struct stage *s = *state;

	assert_string_equal(oom_driver.base(&s->c, &owned, s->arena), "0");
	own_value = "300";
	assert_string_equal(oom_driver.base(&s->c, &owned, s->arena), "300");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(wish_is_a_number),
	    TEST(raised_and_seen),
	    TEST(lowering_may_be_refused),
	    TEST(gone_init_is_unknown),
	    TEST(goes_back_to_the_owners_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
