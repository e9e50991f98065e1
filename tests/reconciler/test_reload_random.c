#include "tests/reconciler/reload_fixture.h"

#ifdef EVENKEEL_DEBUG_ARENA
#define STEPS 150
#else
#define STEPS 600
#endif

struct storm {
	struct fixture *f;
	uint64_t seed;
	bool calm; /* no file of it is wrong by itself, so that all can be compared */
	const char *paths[32];
	size_t n;
};

static unsigned pick(struct storm *s, unsigned n)
{
	s->seed = s->seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(s->seed >> 33) % n;
}

static const char *any_file(struct storm *s)
{
	static const char *const folders[] = {"instances/", "instances/sub/", "instances/sub2/",
					      "profiles/", ""};
	const char *in = folders[pick(s, 5)];

	if (strcmp(in, "profiles/") == 0)
		return arena_printf(s->f->arena, "profiles/%s.yaml",
				    pick(s, 4) ? (char[]){'p', (char)('0' + pick(s, 4)), 0}
					       : "default");
	return arena_printf(s->f->arena, "%sf%u.yaml", in, pick(s, 6));
}

static const char *any_config(struct storm *s)
{
	static const char *const configs[] = {
	    "config: {limits.memory: 64MiB}",
	    "config: {limits.memory: 64MiB, user.a: b} # c",
	    "config:\n  limits.memory: 65MiB\n  limits.processes: 9",
	    "config: {limits.memory: 64X}",
	    "config: {security.privileged: true}",
	    "config: {raw.seccomp: a, security.syscalls.deny: b}",
	    "config: {limits.memory.swap.priority: 3, limits.memory.swap: false}",
	    "devices: {e: {type: nic, nictype: bridged, parent: b, hwaddr: \"00:16:3e:00:00:01\"}}",
	    "devices: {e: {type: nic, nictype: bridged, parent: b, hwaddr: \"00:16:3e:00:00:02\"}}",
	    "devices: {d: {type: disk, source: /srv, path: /srv}}",
	    "devices: {d: {type: none}}",
	    "description: x",
	};

	const char *text = configs[pick(s, sizeof(configs) / sizeof(*configs))];

	return s->calm && strstr(text, "64X") ? "config: {}" : text;
}

static const char *any_document(struct storm *s, bool profile)
{
	struct arena *a = s->f->arena;
	const char *text = any_config(s);

	if (profile)
		return arena_printf(a, "%s\n", text);
	if (pick(s, 2))
		text = arena_printf(a, "%s\nprofiles: [p%u, %s]", text,
				    s->calm ? 2 + pick(s, 2) : pick(s, 4),
				    pick(s, s->calm ? 60 : 8) ? "p1" : "nobody");
	if (pick(s, 6) == 0)
		text = arena_printf(a, "%s\nstate: stopped", text);
	if (pick(s, 8) == 0)
		text = arena_printf(a, "%s\nhosts: [other]", text);
	return arena_printf(a, "%s\n", text);
}

static const char *any_text(struct storm *s, const char *path)
{
	struct arena *a = s->f->arena;
	const char *text = "";

	if (strncmp(path, "profiles/", 9) == 0)
		return s->calm || pick(s, 12) ? any_document(s, true) : "config: {";
	if (pick(s, 15) == 0)
		return !s->calm && pick(s, 2) ? "config: {" : "# nothing\n";
	for (unsigned i = 0, n = pick(s, 6) ? 1 : 1 + pick(s, 3); i < n; i++) {
		bool profile = pick(s, s->calm ? 60 : 10) == 0;

		text = arena_printf(a, "%s---\nkind: %s\nname: %c%u\n%s", text,
				    profile ? "profile" : "instance", profile ? 'p' : 'i',
				    pick(s, profile   ? 4
					    : s->calm ? 200
						      : 20),
				    any_document(s, profile));
	}
	return text;
}

static void changed(struct storm *s, const char *path)
{
	if (s->n < sizeof(s->paths) / sizeof(*s->paths))
		s->paths[s->n++] = path;
}

static bool is_there(struct storm *s, const char *path)
{
	return access(path_of(s->f, path), F_OK) == 0;
}

static void put_if_folder(struct storm *s, const char *path)
{
	char *folder_path = arena_strdup(s->f->arena, path), *slash = strrchr(folder_path, '/');

	if (slash)
		*slash = '\0';
	if (!slash || is_there(s, folder_path))
		put(s->f, path, any_text(s, path));
}

/* Links are followed by openat2(2) only. */
static void relink(struct storm *s, const char *path, const char *target)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC};
	long fd = syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how));

	if (fd < 0)
		return;
	close((int)fd);
	(void)unlink(path_of(s->f, path));
	if (pick(s, 4))
		assert_int_equal(symlink(target, path_of(s->f, path)), 0);
}

static void edit_one(struct storm *s)
{
	const char *path = any_file(s), *other = any_file(s);
	const char *sub = path_of(s->f, "instances/sub"), *sub2 = path_of(s->f, "instances/sub2");

	switch (pick(s, 13)) {
	case 0:
		(void)unlink(path_of(s->f, path));
		break;
	case 1:
		if (strncmp(path, other, 9) == 0)
			(void)rename(path_of(s->f, path), path_of(s->f, other));
		changed(s, other);
		break;
	case 2:
		if (rename(sub, sub2) < 0 && rename(sub2, sub) < 0)
			(void)mkdir(sub, 0755);
		changed(s, "instances/sub");
		path = "instances/sub2";
		break;
	case 3:
		(void)chmod(path_of(s->f, path), !s->calm && pick(s, 2) ? 0664 : 0644);
		break;
	case 4:
		if (pick(s, 3) == 0)
			put(s->f, ".evenkeelignore", pick(s, 2) ? "f3.yaml\n" : "# none\n");
		path = ".evenkeelignore";
		break;
	case 5:
		if (s->calm)
			return;
		relink(s, "instances/l.yaml", arena_printf(s->f->arena, "f%u.yaml", pick(s, 6)));
		relink(s, "current", pick(s, 2) ? "instances/sub" : "instances/sub2");
		return;
	default:
		put_if_folder(s, path);
	}
	changed(s, path);
}

static size_t rage(struct storm *s)
{
	struct fixture *f = s->f;
	size_t whole = 0;

	put(f, "instances/keep.yaml", "config: {}\n");
	update_all(f);
	for (unsigned step = 0; step < STEPS; step++) {
		char what[64];

		s->n = 0;
		for (unsigned i = 0, n = pick(s, 4) ? 1 : 1 + pick(s, 6); i < n; i++)
			edit_one(s);
		/* what links lead to is told as theirs */
		changed(s, "instances/l.yaml");
		changed(s, "current");
		snprintf(what, sizeof(what), "step %u", step);
		arena_reset(f->news_arena);
		f->trouble =
		    reload_update(f->r, s->paths, pick(s, 20) ? s->n : 0, f->news_arena, &f->news);
		whole += compare(f, what);
	}
	return whole;
}

static void random_edits_end_as_a_fresh_load_does(void **state)
{
	struct storm s = {.f = *state, .seed = 20261};

	rage(&s);
}

static void calm_edits_end_as_a_fresh_load_does(void **state)
{
	struct storm s = {.f = *state, .seed = 1886, .calm = true};

	/* findings, catalog and digest could be compared too */
	assert_true(rage(&s) > STEPS / 4);
}

/* All that is broken is mended: then nothing is left of what was remembered. */
static void mended_files_leave_no_trace(void **state)
{
	struct storm s = {.f = *state, .seed = 7};
	struct fixture *f = *state;

	put(f, "instances/keep.yaml", "config: {}\n");
	for (unsigned step = 0; step < STEPS / 4; step++) {
		s.n = 0;
		edit_one(&s);
		changed(&s, "instances/l.yaml");
		changed(&s, "current");
		reload_update(f->r, s.paths, s.n, f->news_arena, &f->news);
	}
	(void)unlink(path_of(f, "instances/l.yaml"));
	(void)unlink(path_of(f, "current"));
	for (unsigned i = 0; i < 6; i++) {
		static const char *const folders[] = {"", "instances/", "instances/sub/",
						      "instances/sub2/"};

		for (unsigned k = 0; k < 4; k++)
			(void)unlink(
			    path_of(f, arena_printf(f->arena, "%sf%u.yaml", folders[k], i)));
	}
	for (unsigned i = 0; i < 4; i++)
		put(f, arena_printf(f->arena, "profiles/p%u.yaml", i), "config: {}\n");
	put(f, "profiles/default.yaml", "config: {}\n");
	for (unsigned i = 0; i < 4; i++)
		mode(f, arena_printf(f->arena, "profiles/p%u.yaml", i), 0644);
	mode(f, "profiles/default.yaml", 0644);
	update_all(f);
	assert_string_equal(names(f), "keep");
	assert_string_equal(standing(f), "");
	assert_false(reload_generation(f->r)->partial);
	compare(f, "mended");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(random_edits_end_as_a_fresh_load_does),
	    TEST(calm_edits_end_as_a_fresh_load_does),
	    TEST(mended_files_leave_no_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
