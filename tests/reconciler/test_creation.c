/* The config of a new container, and what a job process is told: text in, text out. */
#include "reconciler/creation.h"
#include "reconciler/include.h"
#include "reconciler/jobspec.h"
#include "schema/arena.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char *idmap[] = {"u 0 100000 65536", "g 0 100000 65536"};

static struct jobspec unprivileged(void)
{
	return (struct jobspec){
	    .lxcpath = "/p", .name = "web", .template = "busybox", .idmap = idmap, .n_idmap = 2};
}

static size_t count(const char *text, const char *part)
{
	size_t n = 0;

	while ((text = strstr(text, part))) {
		n++;
		text++;
	}
	return n;
}

static void a_new_config_is_unprivileged(void **state)
{
	struct arena *a = arena_new();
	struct jobspec s = unprivileged();
	const char *config, *userns;

	(void)state;
	config = creation_config(&s,
				 "# Template\nlxc.rootfs.path = dir:/p/.x.1/web/rootfs\n"
				 "lxc.mount.fstab = /p/.x.1/web/fstab",
				 "/p/.x.1", true, a);
	assert_string_equal(include_value(config, "lxc.rootfs.path", a), "dir:/p/web/rootfs");
	assert_string_equal(include_value(config, "lxc.mount.fstab", a), "/p/web/fstab");
	assert_string_equal(include_value(config, "lxc.uts.name", a), "web");
	assert_string_equal(include_value(config, "lxc.rootfs.options", a), "idmap=container");
	assert_string_equal(include_value(config, "lxc.apparmor.profile", a), "generated");
	assert_string_equal(include_value(config, "lxc.net.0.type", a), "empty");
	assert_string_equal(include_value(config, "lxc.net.0.flags", a), "up");
	assert_int_equal(count(config, "lxc.idmap = "), 2);
	assert_int_equal(count(config, "/common.conf\n"), 1);
	/* the device list stands behind what lifts it */
	userns = strstr(config, "userns.conf\n");
	assert_non_null(userns);
	assert_non_null(strstr(userns, "lxc.cgroup.devices.deny = a\n"));
	assert_non_null(strstr(userns, "lxc.cgroup2.devices.deny = a\n"));
	arena_free(a);
}

static void a_distributions_own_includes_are_used(void **state)
{
	struct arena *a = arena_new();
	struct jobspec s = unprivileged();
	const char *config;

	(void)state;
	config = creation_config(&s,
				 "lxc.include = /usr/share/lxc/config/no-such.common.conf\n"
				 "lxc.uts.name = other\n",
				 "/p/.x.1", false, a);
	assert_int_equal(count(config, "common.conf"), 1);
	assert_non_null(strstr(config, "/usr/share/lxc/config/userns.conf\n"));
	assert_string_equal(include_value(config, "lxc.apparmor.profile", a), "unconfined");
	assert_string_equal(include_value(config, "lxc.uts.name", a), "other");
	assert_string_equal(include_value(config, "lxc.net.0.type", a), "empty");
	arena_free(a);
}

static void a_given_config_is_left_alone(void **state)
{
	struct arena *a = arena_new();
	struct jobspec s = unprivileged();

	(void)state;
	s.config = "/etc/base.conf";
	s.n_idmap = 0;
	assert_string_equal(creation_config(&s, "lxc.tty.max = 1\n", "/p/.x.1", true, a),
			    "lxc.tty.max = 1\nlxc.uts.name = web\n");
	arena_free(a);
}

static void a_privileged_one_has_no_map(void **state)
{
	struct arena *a = arena_new();
	struct jobspec s = unprivileged();
	const char *config;

	(void)state;
	s.n_idmap = 0;
	config = creation_config(&s, "", "/p/.x.1", true, a);
	assert_null(strstr(config, "idmap"));
	assert_null(strstr(config, "userns.conf"));
	assert_non_null(strstr(config, "/common.conf\n"));
	arena_free(a);
}

static void a_spec_comes_back(void **state)
{
	struct jobspec_option options[] = {
	    {"key",   "a b\nc"},
            {"empty", ""      }
        };
	struct arena *a = arena_new();
	struct jobspec s = unprivileged(), out;
	size_t n;
	char *text;

	(void)state;
	s.step = STEP_STOP;
	s.timeout = 7;
	s.config = "/c d";
	s.options = options;
	s.n_options = 2;
	s.rlimits[7] = (struct rlimit_pair){1024, VALUE_UNLIMITED};
	text = jobspec_print(&s, a, &n);
	assert_int_equal(strlen(text), n);
	assert_int_equal(jobspec_parse(text, a, &out), 0);
	assert_int_equal(out.step, STEP_STOP);
	assert_false(out.clear);
	assert_string_equal(out.lxcpath, "/p");
	assert_string_equal(out.name, "web");
	assert_int_equal(out.timeout, 7);
	assert_string_equal(out.template, "busybox");
	assert_string_equal(out.config, "/c d");
	assert_int_equal(out.n_options, 2);
	assert_string_equal(out.options[0].value, "a b\nc");
	assert_string_equal(out.options[1].value, "");
	assert_int_equal(out.n_idmap, 2);
	assert_string_equal(out.idmap[1], idmap[1]);
	assert_int_equal(out.rlimits[7].soft, 1024);
	assert_true(out.rlimits[7].hard == VALUE_UNLIMITED);
	arena_free(a);
}

static void a_bad_spec_is_refused(void **state)
{
	static const char *const texts[] = {
	    "",
	    "step 1\n",
	    "nonsense\n",
	    "step 99\ncontainer /p web\n",
	    "step 1\ncontainer /p ../etc\n",
	    "step 1\ncontainer /p .hidden\n",
	    "step 1\ncontainer p web\n",
	};
	struct arena *a = arena_new();
	struct jobspec out;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_int_equal(jobspec_parse(arena_strdup(a, texts[i]), a, &out), -EINVAL);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_new_config_is_unprivileged),
	    cmocka_unit_test(a_distributions_own_includes_are_used),
	    cmocka_unit_test(a_given_config_is_left_alone),
	    cmocka_unit_test(a_privileged_one_has_no_map),
	    cmocka_unit_test(a_spec_comes_back),
	    cmocka_unit_test(a_bad_spec_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
