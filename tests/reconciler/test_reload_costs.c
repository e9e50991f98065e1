#include "tests/reconciler/reload_fixture.h"

#include <malloc.h>

/* Where every piece of memory is watched, fewer do. */
#ifdef EVENKEEL_DEBUG_ARENA
#define EDITS 300
#define MANY 1000
#else
#define EDITS 10000
#define MANY 10000
#endif

static void fill(struct fixture *f, size_t n)
{
	char name[64], text[256];

	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "instances/i%05zu.yaml", i);
		snprintf(text, sizeof(text),
			 "profiles: [p%zu]\nconfig: {limits.memory: %zuMiB, user.n: \"%zu\"}\n",
			 i % 10, 64 + i % 7, i);
		put(f, name, text);
	}
	for (size_t i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "profiles/p%zu.yaml", i);
		put(f, name, "config: {limits.processes: 100}\n");
	}
}

static size_t heap(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

static void one_file_costs_one_file(void **state)
{
	struct fixture *f = *state;

	fill(f, 2000);
	assert_int_equal(update_all(f), LOAD_FINE);
	assert_int_equal(f->news.n, 2000);
	put(f, "instances/i00077.yaml", "profiles: [p7]\nconfig: {limits.memory: 1GiB}\n");
	update(f, "instances/i00077.yaml");
	assert_false(f->news.whole);
	assert_int_equal(f->news.files_read, 1);
	assert_int_equal(f->news.instances_expanded, 1);
	assert_string_equal(news(f), "i00077");
	assert_string_equal(instance_text(find(f, "i00077"), "limits.memory"), "1GiB");
	/* a profile's users, and nobody else */
	put(f, "profiles/p3.yaml", "config: {limits.processes: 101}\n");
	update(f, "profiles/p3.yaml");
	assert_int_equal(f->news.files_read, 1);
	assert_int_equal(f->news.instances_expanded, 200);
	assert_int_equal(f->news.n, 200);
	/* what they do not take from it is no news to them */
	put(f, "profiles/p4.yaml", "config: {limits.processes: 100, limits.memory: 9MiB}\n");
	update(f, "profiles/p4.yaml");
	assert_int_equal(f->news.instances_expanded, 200);
	assert_string_equal(news(f), "");
	compare(f, "counts");
}

static void a_comment_is_no_news(void **state)
{
	struct fixture *f = *state;

	put(f, "instances/a.yaml", "profiles: [p]\nconfig: {user.x: y}\n");
	put(f, "profiles/p.yaml", "config: {limits.memory: 64MiB}\n");
	update_all(f);
	put(f, "instances/a.yaml", "# new\n\nprofiles: [p]\nconfig:\n  user.x: y # same\n");
	update(f, "instances/a.yaml");
	assert_int_equal(f->news.files_read, 1);
	assert_string_equal(news(f), "");
	put(f, "profiles/p.yaml", "description: small\nconfig: {limits.memory: 64MiB}\n");
	update(f, "profiles/p.yaml");
	assert_int_equal(f->news.instances_expanded, 1);
	assert_string_equal(news(f), "");
	/* but where it stands is known anew */
	assert_int_equal(instance_get(find(f, "a"), "user.x")->setting->at.line, 5);
	assert_int_equal(instance_get(find(f, "a"), "limits.memory")->setting->at.line, 2);
	compare(f, "comment");
}

static void each_field_that_asks_is_news(void **state)
{
	static const char *const texts[] = {
	    "state: running\n",
	    "state: stopped\n",
	    "state: running\nrestart: allowed\n",
	    "source: {template: busybox}\n",
	    "source: {template: busybox, options: {release: x}}\n",
	    "source: {template: busybox, options: {release: y}}\n",
	    "source: {config: /etc/lxc/default.conf}\n",
	    "paused: true\n",
	    "paused: {reason: disk}\n",
	    "paused: {until: 2026-12-01, reason: disk}\n",
	    "paused: {until: 2026-12-02, reason: disk}\n",
	    "hosts: [other]\n",
	    "config: {user.a: b}\n",
	    "config: {user.a: c}\n",
	    "config: {user.b: c}\n",
	    "devices: {d: {type: disk, source: /srv, path: /srv}}\n",
	    "devices: {d: {type: disk, source: /srv, path: /data}}\n",
	    "devices: {e: {type: disk, source: /srv, path: /data}}\n",
	    "devices: {e: {type: none}}\n",
	    "config: {limits.memory: 64X}\n",
	};
	struct fixture *f = *state;

	put(f, "instances/a.yaml", "description: nothing\n");
	update_all(f);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		put(f, "instances/a.yaml", texts[i]);
		update(f, "instances/a.yaml");
		if (f->news.n != 1)
			fail_msg("no news: %s", texts[i]);
		update(f, "instances/a.yaml");
		assert_int_equal(f->news.n, 0);
	}
}

static void what_did_not_change_is_not_opened(void **state)
{
	struct fixture *f = *state;

	fill(f, MANY);
	update_all(f);
	let_settle();
	update_all(f);
	update_all(f);
	assert_true(f->news.whole);
	assert_int_equal(f->news.files_read, 0);
	assert_int_equal(f->news.instances_expanded, 0);
	assert_int_equal(f->news.n, 0);
	/* touched only: read, and that is all */
	put(f, "profiles/p1.yaml", "config: {limits.processes: 100}\n");
	update_all(f);
	assert_int_equal(f->news.files_read, 1);
	assert_int_equal(f->news.instances_expanded, 0);
	compare(f, "unchanged");
}

static void edit_some(struct fixture *f, size_t edits, const char *const *texts, size_t n)
{
	for (size_t i = 0; i < edits; i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s%05zu.yaml", i % 5 ? "instances/i" : "profiles/p",
			 i % 5 ? i % 11 : i % 3);
		put(f, name, texts[i % n]);
		update(f, name);
	}
}

static void memory_is_flat(void **state)
{
	static const char *const texts[] = {
	    "config: {limits.memory: 64MiB}\n",
	    "config: {limits.memory: 65MiB}\n# x\n",
	    "config: {limits.memory: 64X}\n",
	    "config: {limits.memory: 1GiB, user.x: long}\n",
	    "config: {",
	    "config: {}\n",
	    "profiles: [nobody]\n",
	};
	struct fixture *f = *state;
	size_t before, after;

	fill(f, 10);
	update_all(f);
	edit_some(f, 200, texts, 7);
	fill(f, 10);
	update_all(f);
	update_all(f);
	before = heap();
	edit_some(f, EDITS, texts, 7);
	fill(f, 10);
	update_all(f);
	update_all(f);
	after = heap();
	if (after > before + 32768)
		fail_msg("%zu bytes more", after - before);
	compare(f, "flat");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(one_file_costs_one_file),
	    TEST(a_comment_is_no_news),
	    TEST(each_field_that_asks_is_news),
	    TEST(what_did_not_change_is_not_opened),
	    TEST(memory_is_flat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
