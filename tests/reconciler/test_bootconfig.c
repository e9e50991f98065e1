/* What is fixed at a start: from a manifest's keys to the boot file's lines, and back. */
#include "reconciler/bootconfig.h"
#include "reconciler/bootfile.h"
#include "schema/arena.h"
#include "schema/expand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct room {
	struct arena *a;
	struct manifest *manifest;
	struct host host;
	struct world world;
	struct world_instance instance;
	struct properties desired;
	const char **lines;
	size_t n, capacity;
};

static void open_room(struct room *r, const char *config)
{
	char text[4096];
	struct diagnostics ds;
	struct catalog catalog;
	struct expand_options options = {.host = "here"};
	struct subid *ids;

	*r = (struct room){.a = arena_new()};
	diagnostics_init(&ds, r->a);
	snprintf(text, sizeof(text), "kind: instance\nname: web\nprofiles: []\nconfig:\n%s",
		 config);
	r->manifest = manifest_from_bytes("instances/web.yaml", text, strlen(text),
					  manifest_hints_from_path("instances/web.yaml"), &ds);
	for (size_t i = 0; i < ds.n; i++)
		if (ds.items[i].severity == SEVERITY_ERROR)
			fail_msg("%s", ds.items[i].message);
	catalog_build(&catalog, &r->manifest, 1, r->a, &ds);
	r->instance.instance = instance_expand(
	    &catalog, catalog_find(&catalog, KIND_INSTANCE, "web"), &options, r->a, &ds);
	ids = arena_alloc(r->a, sizeof(*ids));
	*ids = (struct subid){100000, 1000000};
	r->host.subuids = r->host.subgids = ids;
	r->host.n_subuids = r->host.n_subgids = 1;
	assert_int_equal(idmap_default(ids, 1, ids, 1, r->a, &r->host.idmap), 0);
	r->world =
	    (struct world){.arena = r->a, .host = &r->host, .instances = &r->instance, .n = 1};
	properties_init(&r->desired, r->a);
}

static void desire(struct room *r)
{
	bootconfig_driver.desire(&r->world, &r->instance, &r->desired);
	properties_sort(&r->desired);
	bootconfig_driver.boot(&r->host, &r->desired, r->a, &r->lines, &r->n, &r->capacity);
}

static void close_room(struct room *r)
{
	manifest_free(r->manifest);
	arena_free(r->a);
}

/* "ATTRIBUTE=VALUE", or "ATTRIBUTE?REASON" of one that cannot be had; a line each. */
static const char *wanted(struct room *r)
{
	const char *text = "";

	for (size_t i = 0; i < r->desired.n; i++) {
		const struct property *p = &r->desired.items[i];

		assert_string_equal(p->object, "config");
		assert_non_null(p->key);
		text = arena_printf(r->a, "%s%s%s%s\n", text, p->attribute,
				    p->certainty == CERTAIN_VALUE ? "=" : "?",
				    p->certainty == CERTAIN_VALUE ? p->value : p->reason);
	}
	return text;
}

static const char *written(struct room *r)
{
	const char *text = "";

	for (size_t i = 0; i < r->n; i++)
		text = arena_printf(r->a, "%s%s\n", text, r->lines[i]);
	return text;
}

static void keys_become_lines(void **state)
{
	static const struct {
		const char *config, *wanted, *written;
	} cases[] = {
	    {"  user.x: y\n",								    "",								      ""								    },
	    {"  environment.B: \" b \"\n  environment.A: 'x=\"y\"'\n",
	     "lxc.environment.A=x=\"y\"\nlxc.environment.B= b \n",													"lxc.environment = A=x=\"y\"\nlxc.environment = \"B= b \"\n"          },
	    {"  boot.autostart: yes\n  boot.autostart.delay: 3\n  boot.autostart.priority: 7\n",
	     "lxc.start.auto=1\nlxc.start.delay=3\nlxc.start.order=-7\n",												 "lxc.start.auto = 1\nlxc.start.delay = 3\nlxc.start.order = -7\n"     },
	    {"  boot.autostart: last-state\n  boot.autostart.delay: -1\n"
	     "  boot.autostart.priority: -9223372036854775808\n",		   "lxc.start.delay=0\nlxc.start.order=2147483647\n",
	     "lxc.start.delay = 0\nlxc.start.order = 2147483647\n"																					      },
	    {"  security.nesting: false\n",						      "lxc.apparmor.allow_nesting=0\n",
	     "lxc.apparmor.allow_nesting = 0\n"																								 },
	    {"  security.nesting: true\n",						       "lxc.apparmor.allow_nesting=1\n",
	     "lxc.apparmor.allow_nesting = 1\n"
	     "lxc.mount.entry = proc dev/.lxc/proc proc create=dir,optional 0 0\n"
	     "lxc.mount.entry = sys dev/.lxc/sys sysfs create=dir,optional 0 0\n"																			       },
	    {"  raw.apparmor: |\n    deny /x r,\n\n      deny /y r,\n",
	     "lxc.apparmor.raw=deny /x r,\n  deny /y r,\n",													       "lxc.apparmor.raw = deny /x r,\nlxc.apparmor.raw = \"  deny /y r,\"\n"},
	    {"  raw.lxc: |\n    # a word\n    lxc.tty.max=3\n    lxc.environment = \" A=b\"\n"
	     "    lxc.cap.drop =\n",						"raw.lxc=lxc.tty.max = 3\nlxc.environment = \" A=b\"\nlxc.cap.drop =\n",
	     "lxc.tty.max = 3\nlxc.environment = \" A=b\"\nlxc.cap.drop =\n"																				    },
	    {"  raw.lxc: '# nothing'\n",							 "",								      ""								    },
	    {"  raw.idmap: both 2000000 1000\n",
	     "lxc.idmap?newuidmap and newgidmap refuse ids that are not root's\n",											""                                                                    },
	    {"  raw.idmap: both 300000 1000\n",
	     "lxc.idmap=u 0 100000 1000; u 1000 300000 1; u 1001 101001 64535; "
	     "g 0 100000 1000; g 1000 300000 1; g 1001 101001 64535\n"
	     "lxc.rootfs.options=idmap=container\n",														      "lxc.idmap = u 0 100000 1000\nlxc.idmap = u 1000 300000 1\n"
	     "lxc.idmap = u 1001 101001 64535\nlxc.idmap = g 0 100000 1000\n"
	     "lxc.idmap = g 1000 300000 1\nlxc.idmap = g 1001 101001 64535\n"
	     "lxc.rootfs.options = idmap=container\n"																       },
	    {"  security.privileged: true\n",						    "lxc.idmap=\n",
	     BOOTFILE_NO_IDMAP
	     "\nlxc.cap.drop = mac_admin mac_override sys_time sys_module sys_rawio\n"
	     "lxc.mount.auto = cgroup:mixed proc:mixed sys:mixed\n"																					     },
	    {"  security.privileged: false\n",
	     "lxc.idmap=u 0 100000 65536; g 0 100000 65536\nlxc.rootfs.options=idmap=container\n",									"lxc.idmap = u 0 100000 65536\nlxc.idmap = g 0 100000 65536\n"
	     "lxc.rootfs.options = idmap=container\n"											 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct room r;

		open_room(&r, cases[i].config);
		desire(&r);
		assert_string_equal(wanted(&r), cases[i].wanted);
		assert_string_equal(written(&r), cases[i].written);
		close_room(&r);
	}
}

static void syscalls_become_a_policy(void **state)
{
	static const struct {
		const char *config, *policy;
	} cases[] = {
	    {"  security.syscalls.allow: |\n    read\n    write\n",
	     "2\nallowlist\n[all]\nread\nwrite\n"									    },
	    {"  security.syscalls.whitelist: read\n",                                           "2\nallowlist\n[all]\nread\n"},
	    {"  security.syscalls.deny_default: false\n",                                       "2\ndenylist\n[all]\n"       },
	    {"  security.syscalls.deny: mkdir errno 1\n  security.syscalls.deny_default: no\n",
	     "2\ndenylist\n[all]\nmkdir errno 1\n"									   },
	    {"  raw.seccomp: |\n    2\n    denylist\n",                                         "2\ndenylist\n"              },
	    {"  security.syscalls.deny: mkdir errno 1\n",
	     "2\ndenylist\nreject_force_umount\n[all]\nkexec_load errno 38\n"
	     "kexec_file_load errno 38\nopen_by_handle_at errno 38\ninit_module errno 38\n"
	     "finit_module errno 38\ndelete_module errno 38\nmkdir errno 1\n"                                                },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *text, *name, *policy;
		struct room r;

		open_room(&r, cases[i].config);
		desire(&r);
		assert_int_equal(r.desired.n, 1);
		assert_string_equal(r.desired.items[0].attribute, "lxc.seccomp.profile");
		assert_string_equal(r.desired.items[0].value, cases[i].policy);
		text = bootfile_render("/p", "web", &r.desired, NULL, r.lines, r.n, r.a);
		assert_true(bootfile_policy_find(text, r.a, &name, &policy));
		assert_string_equal(policy, cases[i].policy);
		close_room(&r);
	}
}

static void compat_is_not_pretended(void **state)
{
	struct room r;

	(void)state;
	open_room(&r, "  security.syscalls.deny_compat: true\n");
	desire(&r);
	assert_int_equal(r.desired.n, 1);
	assert_int_equal(r.desired.items[0].certainty, UNSUPPORTED);
	assert_int_equal(r.n, 0);
	close_room(&r);
	open_room(&r, "  security.syscalls.deny_compat: false\n");
	desire(&r);
	assert_int_equal(r.desired.n, 0);
	close_room(&r);
}

/* A map and the owner of the rootfs's files belong together. */
static void a_map_has_to_fit_the_rootfs(void **state)
{
	static const struct {
		const char *config;
		int64_t owner;
		bool had, mounted;
	} cases[] = {
	    {"  raw.idmap: both 300000 1000\n", 0,      true,  true },
	    {"  raw.idmap: both 300000 1000\n", 100000, true,  false},
	    {"  raw.idmap: both 300000 1000\n", 200000, false, false},
	    {"  raw.idmap: both 300000 1000\n", -1,     false, false},
	    {"  security.privileged: true\n",   0,      true,  false},
	    {"  security.privileged: true\n",   100000, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct property *map;
		struct room r;

		open_room(&r, cases[i].config);
		r.instance.exists = true;
		r.instance.rootfs_owner = cases[i].owner;
		desire(&r);
		map = properties_find(&r.desired, "config", "lxc.idmap");
		assert_non_null(map);
		assert_int_equal(map->certainty == CERTAIN_VALUE, cases[i].had);
		assert_int_equal(properties_find(&r.desired, "config", "lxc.rootfs.options") !=
				     NULL,
				 cases[i].mounted);
		if (!cases[i].had) {
			assert_non_null(map->reason);
			assert_int_equal(r.n, 0);
		}
		if (cases[i].owner > 0 && !cases[i].had)
			assert_non_null(strstr(map->remedy, "evenkeel shift web"));
		close_room(&r);
	}
}

static void an_included_map_is_left_alone(void **state)
{
	struct room r;

	(void)state;
	open_room(&r, "  raw.idmap: both 300000 1000\n");
	r.instance.exists = true;
	r.instance.idmap_refused = "its id map comes from /x";
	desire(&r);
	assert_string_equal(wanted(&r), "lxc.idmap?its id map comes from /x\n");
	assert_int_equal(r.n, 0);
	close_room(&r);
}

/* ---- what a container has ---- */

struct item {
	const char *name, *value;
};

static const struct item *own_items, *running_items;

static const char *find_item(const struct item *items, const char *name)
{
	for (; items && items->name; items++)
		if (strcmp(items->name, name) == 0)
			return items->value;
	return NULL;
}

static const char *own_item(const struct container *c, const char *item)
{
	(void)c;
	return find_item(own_items, item);
}

static const char *running_item(const struct container *c, const char *item)
{
	(void)c;
	return find_item(running_items, item);
}

static const char *observed(const char *attribute, const char *like, const char **put_back)
{
	static struct arena *a;
	struct container c = {.name = "web",
			      .lxcpath = "/no/such/path",
			      .init = 1,
			      .own_item = own_item,
			      .running_item = running_item};
	struct property p = {
	    .object = "config", .attribute = attribute, .value = like, .key = "key"};
	struct properties asked = {.items = &p, .n = 1}, out;

	arena_free(a);
	a = arena_new();
	c.arena = a;
	properties_init(&out, a);
	bootconfig_driver.observe(&c, &asked, &out);
	assert_int_equal(out.n, 1);
	*put_back = bootconfig_driver.base(&c, &p, a);
	return out.items[0].value;
}

static void what_runs_is_read_back(void **state)
{
	static const struct item own[] = {
	    {"lxc.environment",  "A=own\nC=own"                      },
	    {"lxc.idmap",        "u 0 100000 65536\ng 0 100000 65536"},
	    {"lxc.apparmor.raw", "deny /own r,"                      },
	    {"lxc.start.auto",   "1"                                 },
	    {NULL,               NULL				},
	};
	static const struct item running[] = {
	    {"lxc.environment",            "A=own\nAB=x\nA=run=1\nB="              },
	    {"lxc.idmap",                  "g 0 100000 65536\nu 0 100000 65536"    },
	    {"lxc.apparmor.raw",           "deny /own r,\ndeny /x r,\n  deny /y r,"},
	    {"lxc.apparmor.allow_nesting", "1"                                     },
	    {"lxc.seccomp.profile",        "/usr/share/lxc/config/common.seccomp"  },
	    {NULL,			 NULL				    },
	};
	static const struct {
		const char *attribute, *like, *value, *base;
	} cases[] = {
	    {"lxc.environment.A",          "x",							"run=1",                                "own"						     },
	    {"lxc.environment.B",          "x",							"",                                     NULL						      },
	    {"lxc.environment.C",          "x",							NULL,                                   "own"						     },
	    {"lxc.idmap",                  "u 0 100000 65536; g 0 100000 65536",
	     "u 0 100000 65536; g 0 100000 65536",											     "u 0 100000 65536; g 0 100000 65536"                      },
	    {"lxc.idmap",                  "u 0 100000 30000; u 30000 130000 35536; g 0 100000 65536",
	     "u 0 100000 30000; u 30000 130000 35536; g 0 100000 65536",								       "u 0 100000 30000; u 30000 130000 35536; g 0 100000 65536"},
	    {"lxc.idmap",                  "",							 "u 0 100000 65536; g 0 100000 65536",
	     "u 0 100000 65536; g 0 100000 65536"																			},
	    {"lxc.apparmor.raw",           "x",							"deny /x r,\n  deny /y r,",             NULL                                                      },
	    {"lxc.apparmor.allow_nesting", "0",							"1",                                    NULL                                                      },
	    {"lxc.seccomp.profile",        "2\n",						      "/usr/share/lxc/config/common.seccomp", NULL                                                      },
	    {"lxc.start.auto",             "0",							"1",                                    "1"						       },
	};

	(void)state;
	own_items = own;
	running_items = running;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *base, *value = observed(cases[i].attribute, cases[i].like, &base);

		if (cases[i].value)
			assert_string_equal(value, cases[i].value);
		else
			assert_null(value);
		if (cases[i].base)
			assert_string_equal(base, cases[i].base);
		else
			assert_null(base);
	}
	running_items = NULL;
	{
		const char *base;

		assert_string_equal(observed("lxc.idmap", "u 0 1 1", &base), "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keys_become_lines),
	    cmocka_unit_test(syscalls_become_a_policy),
	    cmocka_unit_test(compat_is_not_pretended),
	    cmocka_unit_test(a_map_has_to_fit_the_rootfs),
	    cmocka_unit_test(an_included_map_is_left_alone),
	    cmocka_unit_test(what_runs_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
