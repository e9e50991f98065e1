#include "schema/arena.h"
#include "schema/crosscheck.h"
#include "schema/expand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A directory in memory: its files, and what became of them. */
struct fixture {
	struct arena *arena;
	struct diagnostics ds;
	struct manifest *manifests[64];
	size_t n;
	struct catalog catalog;
	struct expand_options options;
};

static int set_up(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	f->arena = arena_new();
	diagnostics_init(&f->ds, f->arena);
	f->options.host = "host1";
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < f->n; i++)
		manifest_free(f->manifests[i]);
	arena_free(f->arena);
	test_free(f);
	return 0;
}

static void add(struct fixture *f, const char *path, const char *text)
{
	f->manifests[f->n++] =
	    manifest_from_bytes(path, text, strlen(text), manifest_hints_from_path(path), &f->ds);
}

static void build(struct fixture *f)
{
	catalog_build(&f->catalog, f->manifests, f->n, f->arena, &f->ds);
}

static const struct instance *expand(struct fixture *f, const char *name)
{
	const struct document *d = catalog_find(&f->catalog, KIND_INSTANCE, name);

	assert_non_null(d);
	return instance_expand(&f->catalog, d, &f->options, f->arena, &f->ds);
}

/* All findings of a severity, one a line: "FILE:LINE message [instance]". */
static const char *findings(struct fixture *f, enum severity severity)
{
	const char *all = "";

	diagnostics_sort(&f->ds);
	for (size_t i = 0; i < f->ds.n; i++) {
		const struct diagnostic *d = &f->ds.items[i];

		if (d->severity != severity)
			continue;
		all = arena_printf(f->arena, "%s%s%s:%u %s%s%s%s", all, *all ? "\n" : "",
				   d->place.source ? d->place.source->name : "", d->place.line,
				   d->message, d->instance ? " [" : "",
				   d->instance ? d->instance : "", d->instance ? "]" : "");
	}
	return all;
}

static void later_profiles_win_key_by_key(void **state)
{
	struct fixture *f = *state;
	const struct instance *i;

	add(f, "profiles/default.yaml",
	    "config:\n  limits.memory: 1GiB\n  limits.processes: 100\n  user.a: '1'\n");
	add(f, "profiles/small.yaml", "config:\n  limits.memory: 256MiB\n  user.a: ''\n");
	add(f, "instances/web1.yaml",
	    "profiles: [default, small]\nconfig:\n  limits.processes: 50\n  user.b: x\n");
	build(f);
	i = expand(f, "web1");
	assert_string_equal(instance_text(i, "limits.memory"), "256MiB");
	assert_string_equal(instance_text(i, "limits.processes"), "50");
	/* an empty value is no value */
	assert_string_equal(instance_text(i, "user.a"), "1");
	assert_string_equal(instance_text(i, "user.b"), "x");
	assert_null(instance_text(i, "limits.cpu"));
	assert_int_equal(i->n_config, 4);
	assert_string_equal(instance_get(i, "limits.memory")->from->name, "small");
	assert_ptr_equal(instance_get(i, "user.b")->from, i->document);
	assert_false(i->held_back);
	assert_false(i->elsewhere);
	assert_string_equal(findings(f, SEVERITY_ERROR), "");
	for (size_t k = 1; k < i->n_config; k++)
		assert_true(strcmp(i->config[k - 1].setting->name, i->config[k].setting->name) < 0);
}

static void a_device_replaces_the_whole_device(void **state)
{
	struct fixture *f = *state;
	const struct instance *i;

	add(f, "profiles/a.yaml",
	    "devices:\n"
	    "  eth0: {type: nic, nictype: bridged, parent: br0, mtu: 1400}\n"
	    "  eth1: {type: nic, nictype: bridged, parent: br1}\n"
	    "  root: {type: disk, path: /, pool: default}\n");
	add(f, "profiles/b.yaml", "devices:\n  eth1: {type: none}\n");
	add(f, "instances/web1.yaml",
	    "profiles: [a, b]\n"
	    "devices:\n"
	    "  eth0: {type: nic, nictype: bridged, parent: br9}\n");
	build(f);
	i = expand(f, "web1");
	assert_int_equal(i->n_devices, 3);
	assert_string_equal(i->devices[0].device->name, "eth0");
	assert_string_equal(device_text(i->devices[0].device, "parent"), "br9");
	assert_null(device_text(i->devices[0].device, "mtu"));
	assert_string_equal(i->devices[1].device->type->name, "none");
	assert_string_equal(i->devices[1].from->name, "b");
	assert_string_equal(i->devices[2].from->name, "a");
}

static const struct lists {
	const char *profiles, *memory; /* NULL: not set */
	bool with_default;
} lists[] = {
    {"",		      "1GiB", true },
    {"profiles:\n",           "1GiB", true },
    {"profiles: []\n",        NULL,   true },
    {"profiles: [default]\n", "1GiB", true },
    {"",		      NULL,   false},
    {"profiles: [default]\n", NULL,   false},
};

static void absent_profiles_mean_the_default(void **state)
{
	struct fixture *f = *state;

	for (size_t k = 0; k < sizeof(lists) / sizeof(*lists); k++) {
		const struct instance *i;
		const char *text;

		add(f, "instances/web1.yaml",
		    arena_printf(f->arena, "%sconfig: {user.x: y}\n", lists[k].profiles));
		if (lists[k].with_default)
			add(f, "profiles/default.yaml", "config: {limits.memory: 1GiB}\n");
		build(f);
		i = expand(f, "web1");
		text = instance_text(i, "limits.memory");
		if (lists[k].memory)
			assert_string_equal(text, lists[k].memory);
		else
			assert_null(text);
		assert_false(i->held_back);
		assert_string_equal(findings(f, SEVERITY_ERROR), "");
		while (f->n > 0)
			manifest_free(f->manifests[--f->n]);
	}
}

static void an_unknown_profile_holds_back(void **state)
{
	struct fixture *f = *state;
	const struct instance *i;

	add(f, "profiles/small.yaml", "config: {limits.memory: 1GiB}\n");
	add(f, "instances/web1.yaml", "profiles:\n- small\n- smal\n");
	build(f);
	i = expand(f, "web1");
	assert_true(i->held_back);
	assert_string_equal(findings(f, SEVERITY_ERROR),
			    "instances/web1.yaml:3 there is no profile 'smal' [web1]");
	assert_string_equal(f->ds.items[0].hint, "did you mean small?");
	assert_string_equal(instance_held_reason(&f->catalog, i, f->arena),
			    "there is no profile 'smal'");
	/* what is known is there all the same */
	assert_string_equal(instance_text(i, "limits.memory"), "1GiB");
}

static void an_unknown_profile_of_a_lone_file_is_a_warning(void **state)
{
	struct fixture *f = *state;

	f->options.lone_files = true;
	add(f, "instances/web1.yaml", "profiles: [small]\n");
	build(f);
	assert_false(expand(f, "web1")->held_back);
	assert_string_equal(findings(f, SEVERITY_ERROR), "");
	assert_string_equal(findings(f, SEVERITY_WARNING),
			    "instances/web1.yaml:1 profile 'small' is not in the files given "
			    "[web1]");
}

static void a_broken_profile_holds_back_only_its_users(void **state)
{
	struct fixture *f = *state;
	const struct instance *i;

	add(f, "profiles/bad.yaml", "config: {limits.memory: 64X}\n");
	add(f, "profiles/good.yaml", "config: {limits.memory: 1GiB}\n");
	add(f, "instances/web1.yaml", "profiles: [bad]\n");
	add(f, "instances/web2.yaml", "profiles: [good]\n");
	build(f);
	i = expand(f, "web1");
	assert_true(i->held_back);
	assert_string_equal(instance_held_reason(&f->catalog, i, f->arena),
			    "profile 'bad' has errors");
	i = expand(f, "web2");
	assert_false(i->held_back);
	assert_null(instance_held_reason(&f->catalog, i, f->arena));
}

static void one_name_twice_is_an_error_at_both(void **state)
{
	struct fixture *f = *state;

	add(f, "a.yaml",
	    "kind: instance\nname: web1\nconfig: {}\n---\nkind: profile\nname: web1\n"
	    "config: {}\n");
	add(f, "b.yaml", "kind: instance\nname: web1\nconfig: {}\n");
	add(f, "c.yaml", "kind: instance\nname: web2\nconfig: {}\n");
	build(f);
	assert_int_equal(f->catalog.n_instances, 3);
	assert_string_equal(findings(f, SEVERITY_ERROR),
			    "a.yaml:2 instance 'web1' is also defined at b.yaml:2\n"
			    "b.yaml:2 instance 'web1' is also defined at a.yaml:2");
	assert_true(expand(f, "web1")->held_back);
	assert_false(expand(f, "web2")->held_back);
	assert_false(catalog_find(&f->catalog, KIND_PROFILE, "web1")->broken);
	assert_null(catalog_find(&f->catalog, KIND_NETWORK, "web1"));
}

static void losers_are_told_in_order(void **state)
{
	struct fixture *f = *state;
	struct loser *losers;
	const struct instance *i;

	add(f, "profiles/default.yaml", "config: {limits.memory: 1GiB, user.x: a}\n");
	add(f, "profiles/small.yaml",
	    "config: {limits.memory: 256MiB}\ndevices:\n  root: {type: disk, path: /}\n");
	add(f, "instances/web1.yaml",
	    "profiles: [default, small]\nconfig: {limits.memory: 1GiB}\n"
	    "devices:\n  root: {type: none}\n");
	build(f);
	i = expand(f, "web1");
	assert_int_equal(instance_losers(&f->catalog, i, f->arena, &losers), 3);
	assert_string_equal(losers[0].from->name, "default");
	assert_string_equal(losers[0].setting->text, "1GiB");
	assert_string_equal(losers[1].setting->text, "256MiB");
	assert_string_equal(losers[2].device->name, "root");
	assert_null(losers[2].setting);
}

static const struct host_case {
	const char *patterns; /* as in the manifest */
	const char *host;
	bool match;
} hosts[] = {
    {"[]",		    "any",  true },
    {"['web*']",              "web1", true },
    {"['web*']",              "db1",  false},
    {"['web*', '!web9']",     "web9", false},
    {"['web*', '!web9']",     "web8", true },
    {"['!web9']",             "db1",  true },
    {"['!web9']",             "web9", false},
    {"['!web9', '!db*']",     "db7",  false},
    {"['!web9', 'web*']",     "web9", true }, /* the last that fits decides */
    {"['web[0-9]', 'db?']",   "db1",  true },
    {"['web[0-9]', 'db?']",   "db12", false},
    {"['a*', '!ab*', 'abc']", "abc",  true },
};

static void hosts_decide_where(void **state)
{
	struct fixture *f = *state;

	for (size_t k = 0; k < sizeof(hosts) / sizeof(*hosts); k++) {
		add(f, "instances/web1.yaml",
		    arena_printf(f->arena, "hosts: %s\nconfig: {}\n", hosts[k].patterns));
		build(f);
		f->options.host = hosts[k].host;
		if (expand(f, "web1")->elsewhere == hosts[k].match)
			fail_msg("%s on %s", hosts[k].patterns, hosts[k].host);
		while (f->n > 0)
			manifest_free(f->manifests[--f->n]);
	}
}

static void values_are_read_by_their_grammar(void **state)
{
	struct fixture *f = *state;
	const struct instance *i;
	struct value v;

	add(f, "instances/web1.yaml",
	    "config: {limits.processes: 50, security.nesting: 'Yes', security.privileged: off}\n");
	build(f);
	i = expand(f, "web1");
	assert_true(instance_value(i, "limits.processes", f->arena, &v));
	assert_int_equal(v.integer, 50);
	assert_false(instance_value(i, "limits.memory", f->arena, &v));
	assert_true(instance_yes(i, "security.nesting", false));
	assert_false(instance_yes(i, "security.privileged", true));
	assert_true(instance_yes(i, "boot.autostart", true));
}

/* What only the whole shows: two documents, and what is said of them. */
static const struct cross_case {
	const char *profile, *instance;
	enum severity severity;
	const char *message;
} crosses[] = {
    {"config: {raw.seccomp: x}\n",					      "config: {security.syscalls.deny: reboot}\n",        SEVERITY_ERROR,
     "i.yaml:4 security.syscalls.deny and raw.seccomp (p.yaml:3) exclude each other [web1]"                                                              },
    {"config: {security.syscalls.deny: reboot}\n",                              "config: {raw.seccomp: x}\n",                        SEVERITY_ERROR,
     "i.yaml:4 raw.seccomp and security.syscalls.deny (p.yaml:3) exclude each other [web1]"                                                              },
    {"config: {raw.seccomp: x}\n",					      "config: {security.syscalls.deny_default: false}\n",
     SEVERITY_ERROR,																   ""},
    {"config: {raw.seccomp: x}\n",					      "config: {security.syscalls.deny_default: true}\n",
     SEVERITY_ERROR,																   "i.yaml:4 security.syscalls.deny_default and raw.seccomp (p.yaml:3) exclude each other "
     "[web1]"															},
    {"config: {raw.seccomp: x}\n",					      "config: {security.syscalls.blacklist: reboot}\n",
     SEVERITY_ERROR,																   "i.yaml:4 security.syscalls.blacklist and raw.seccomp (p.yaml:3) exclude each other "
     "[web1]"															},
 /* a profile that contradicts itself is wrong once, for all its users */
    {"config:\n  security.syscalls.allow: a\n  security.syscalls.deny: b\n",    "",                                                  SEVERITY_ERROR,
     "p.yaml:5 security.syscalls.deny and security.syscalls.allow (p.yaml:4) exclude each "
     "other"																	     },
    {"config: {security.syscalls.allow: a}\n",                                  "config: {security.syscalls.whitelist: a}\n",
     SEVERITY_ERROR,																   "i.yaml:4 security.syscalls.whitelist and security.syscalls.allow (p.yaml:3) exclude each "
     "other [web1]"														  },
    {"config: {security.syscalls.blacklist_compat: 'no'}\n",
     "config: {security.syscalls.deny_compat: 'no'}\n",									      SEVERITY_ERROR,
     "i.yaml:4 security.syscalls.deny_compat and security.syscalls.blacklist_compat (p.yaml:3) "
     "exclude each other [web1]"															 },
    {"config: {nvidia.runtime: true}\n",                                        "config: {security.privileged: true}\n",             SEVERITY_ERROR,
     "i.yaml:4 security.privileged and nvidia.runtime (p.yaml:3) exclude each other [web1]"                                                              },
    {"config: {nvidia.runtime: true}\n",                                        "config: {security.privileged: false}\n",            SEVERITY_ERROR,
     ""																		  },
    {"config: {security.syscalls.intercept.mount.allowed: 'ext4,btrfs'}\n",
     "config: {security.syscalls.intercept.mount.fuse: ext4=fuse2fs}\n",                                                             SEVERITY_ERROR,
     "i.yaml:4 file system 'ext4' is both in security.syscalls.intercept.mount.fuse and in "
     "security.syscalls.intercept.mount.allowed (p.yaml:3) [web1]"										       },
    {"devices:\n  a: {type: nic, nictype: p2p, name: eth0}\n",
     "devices:\n  b: {type: nic, nictype: p2p, name: eth0}\n",								       SEVERITY_ERROR,
     "i.yaml:5 guest interface name 'eth0' is that of 'a' (p.yaml:4) too [web1]"                                                                         },
    {"devices:\n  a: {type: nic, nictype: p2p, name: eth0}\n",
     "devices:\n  b: {type: nic, nictype: p2p, name: eth1}\n  a: {type: none}\n",                                                    SEVERITY_ERROR,
     ""																		  },
    {"devices:\n  a: {type: nic, nictype: p2p, hwaddr: '00:16:3E:00:00:01'}\n",
     "devices:\n  b: {type: nic, nictype: p2p, hwaddr: '00:16:3e:00:00:01'}\n",                                                      SEVERITY_ERROR,
     "i.yaml:5 address '00:16:3e:00:00:01' is that of 'a' (p.yaml:4) too [web1]"                                                                         },
    {"devices:\n  a: {type: disk, source: /x, path: /mnt/data}\n",
     "devices:\n  b: {type: disk, source: /y, path: //mnt/./data/}\n",                                                               SEVERITY_ERROR,
     "i.yaml:5 path '/mnt/data' is that of 'a' (p.yaml:4) too [web1]"										    },
    {"devices:\n  root: {type: disk, pool: p, path: /}\n",
     "devices:\n  other: {type: disk, pool: p, path: /}\n",									  SEVERITY_ERROR,
     "i.yaml:5 more than one root disk: 'root' (p.yaml:4) is one too [web1]"									     },
    {"devices:\n  root: {type: disk, pool: p, path: /}\n",
     "devices:\n  root: {type: none}\n  other: {type: disk, pool: p, path: /}\n",                                                    SEVERITY_ERROR,
     ""																		  },
    {"config: {security.idmap.base: 500000}\n",                                 "config: {security.idmap.size: 10}\n",
     SEVERITY_WARNING,																 "i.yaml:4 security.idmap.size is ignored without security.idmap.isolated [web1]\n"
     "p.yaml:3 security.idmap.base is ignored without security.idmap.isolated [web1]"                                              },
    {"config: {security.idmap.base: 500000}\n",                                 "config: {security.idmap.isolated: true}\n",
     SEVERITY_WARNING,																 ""},
    {"config: {raw.idmap: both 0 0}\n",					 "config: {security.privileged: true}\n",             SEVERITY_WARNING,
     "p.yaml:3 raw.idmap is ignored in a privileged container [web1]"										    },
    {"",									"config: {raw.idmap: both 0 0}\n",                   SEVERITY_WARNING,
     "i.yaml:4 raw.idmap maps the host's root (id 0) into the container [web1]"                                                                          },
    {"",									"config: {raw.idmap: \"uid 5 1\\nuid 5 2\"}\n",      SEVERITY_ERROR,
     "i.yaml:4 host uid 5 is mapped twice: by line 1 (uid 5 1) and by line 2 (uid 5 2) [web1]"                                                           },
    {"config: {limits.memory.enforce: soft}\n",                                 "config: {limits.memory.swap: true}\n",
     SEVERITY_NOTICE,																  "i.yaml:4 limits.memory.swap has no effect without limits.memory [web1]\n"
     "p.yaml:3 limits.memory.enforce has no effect without limits.memory [web1]"                                                    },
    {"config: {limits.memory.enforce: soft}\n",                                 "config: {limits.memory: 1GiB}\n",                   SEVERITY_NOTICE,
     ""																		  },
    {"config: {limits.memory.swap: false, limits.memory: 1GiB}\n",
     "config: {limits.memory.swap.priority: 5}\n",										   SEVERITY_NOTICE,
     "i.yaml:4 limits.memory.swap.priority has no effect where limits.memory.swap is false "
     "[web1]"																	    },
};

static void the_whole_is_checked(void **state)
{
	struct fixture *f = *state;

	for (size_t k = 0; k < sizeof(crosses) / sizeof(*crosses); k++) {
		const struct cross_case *c = &crosses[k];
		const struct instance *i;

		add(f, "p.yaml", arena_printf(f->arena, "kind: profile\nname: p\n%s", c->profile));
		add(f, "i.yaml",
		    arena_printf(f->arena, "kind: instance\nname: web1\nprofiles: [p]\n%s",
				 c->instance));
		/* what the files alone say (unsupported keys, ...) is not what is tested */
		diagnostics_init(&f->ds, f->arena);
		build(f);
		i = expand(f, "web1");
		assert_string_equal(findings(f, c->severity), c->message);
		assert_int_equal(i->held_back, c->severity == SEVERITY_ERROR && c->message[0]);
		diagnostics_init(&f->ds, f->arena);
		while (f->n > 0)
			manifest_free(f->manifests[--f->n]);
	}
}

static void instances_are_checked_together(void **state)
{
	struct fixture *f = *state;
	struct instance *all[5];
	const char *names[] = {"web1", "web2", "web3", "web4", "web5"};

	add(f, "p.yaml",
	    "kind: profile\nname: p\n"
	    "devices:\n  b: {type: nic, nictype: p2p, host_name: veth-x}\n");
	add(f, "i.yaml",
	    "kind: instance\nname: web1\nprofiles: [p]\n"
	    "devices:\n  a: {type: nic, nictype: p2p, hwaddr: '00:16:3e:00:00:01'}\n---\n"
	    "kind: instance\nname: web2\nprofiles: [p]\nconfig: {security.privileged: true}\n---\n"
	    "kind: instance\nname: web3\nprofiles: []\n"
	    "devices:\n  a: {type: nic, nictype: p2p, hwaddr: '00:16:3E:00:00:01'}\n---\n"
	    "kind: instance\nname: web4\nprofiles: []\nhosts: [elsewhere]\n"
	    "devices:\n  a: {type: nic, nictype: p2p, hwaddr: '00:16:3E:00:00:01'}\n---\n"
	    "kind: instance\nname: web5\nprofiles: []\nconfig: {security.privileged: true}\n");
	build(f);
	for (size_t i = 0; i < 5; i++)
		all[i] = (struct instance *)expand(f, names[i]);
	diagnostics_init(&f->ds, f->arena);
	instances_crosscheck(all, 5, &f->ds);
	assert_string_equal(findings(f, SEVERITY_WARNING),
			    "i.yaml:5 hwaddr '00:16:3e:00:00:01' is also given to web3 at "
			    "i.yaml:16 [web1]\n"
			    "i.yaml:16 hwaddr '00:16:3e:00:00:01' is also given to web1 at "
			    "i.yaml:5 [web3]");
	assert_string_equal(findings(f, SEVERITY_ERROR),
			    "p.yaml:4 host_name 'veth-x' goes to 2 instances: web1, web2");
	/* addresses on segments that nobody knows may be the same; names on a host not */
	assert_false(all[0]->devices[0].disputed);
	assert_true(all[0]->devices[1].disputed);
	assert_true(all[1]->devices[0].disputed);
	assert_false(all[2]->devices[0].disputed);
	assert_string_equal(findings(f, SEVERITY_NOTICE),
			    "i.yaml:10 a privileged container is not a boundary: its root is the "
			    "host's (web2 and 1 more)");
}

/* Instances web1, web2, ... whose nics are LINES[k], and what is said of all together. */
static const char *together(struct fixture *f, const char *const *lines, size_t n,
			    struct instance **all)
{
	const char *text = "";

	for (size_t k = 0; k < n; k++)
		text = arena_printf(f->arena,
				    "%skind: instance\nname: web%zu\nprofiles: []\n"
				    "devices: {%s}\n---\n",
				    text, k + 1, lines[k]);
	add(f, "i.yaml", text);
	build(f);
	for (size_t k = 0; k < n; k++)
		all[k] = (struct instance *)expand(f, arena_printf(f->arena, "web%zu", k + 1));
	instances_crosscheck(all, n, &f->ds);
	return findings(f, SEVERITY_ERROR);
}

static void one_address_on_one_segment(void **state)
{
	static const char *const lines[] = {
	    "a: {type: nic, nictype: bridged, parent: br0, hwaddr: '00:16:3e:00:00:01'}",
	    "a: {type: nic, nictype: bridged, parent: br1, hwaddr: '00:16:3e:00:00:01'}",
	    "a: {type: nic, network: br0, hwaddr: '00:16:3E:00:00:01'}",
	    "a: {type: nic, nictype: bridged, parent: br0, hwaddr: '00:16:3e:00:00:02'}",
	};
	struct fixture *f = *state;
	struct instance *all[4];

	assert_string_equal(together(f, lines, 4, all),
			    "i.yaml:4 hwaddr '00:16:3e:00:00:01' is also given to web3 at "
			    "i.yaml:14 [web1]\n"
			    "i.yaml:14 hwaddr '00:16:3e:00:00:01' is also given to web1 at "
			    "i.yaml:4 [web3]");
	assert_string_equal(findings(f, SEVERITY_WARNING),
			    "i.yaml:9 hwaddr '00:16:3e:00:00:01' is also given to web1 at "
			    "i.yaml:4 [web2]");
	assert_true(all[0]->devices[0].disputed);
	assert_false(all[1]->devices[0].disputed);
	assert_true(all[2]->devices[0].disputed);
	assert_false(all[3]->devices[0].disputed);
	/* a new expansion knows nothing of it: who has one is looked at again */
	assert_false(instances_claim_same(all[0], all[0]));
	assert_true(instances_claim_same(all[1], all[1]));
	all[2]->elsewhere = true;
	instances_crosscheck(all, 4, &f->ds);
	assert_false(all[0]->devices[0].disputed);
}

/* web1's address as it was made, written down for another. */
static void a_derived_address_can_be_met(void **state)
{
	static const char *const lines[] = {
	    "eth0: {type: nic, nictype: bridged, parent: br0}",
	    "eth0: {type: nic, nictype: bridged, parent: br0, hwaddr: '2A:57:a2:56:91:fe'}",
	};
	struct fixture *f = *state;
	struct instance *all[2];

	assert_string_equal(together(f, lines, 2, all),
			    "i.yaml:4 hwaddr '2a:57:a2:56:91:fe' is also given to web2 at "
			    "i.yaml:9 [web1]\n"
			    "i.yaml:9 hwaddr '2a:57:a2:56:91:fe' is also given to web1 at "
			    "i.yaml:4 [web2]");
	assert_true(all[0]->devices[0].disputed);
}

static void an_end_has_a_name_of_its_own(void **state)
{
	static const char *const lines[] = {
	    "a: {type: nic, nictype: bridged, parent: br0, host_name: v0}",
	    "a: {type: nic, nictype: p2p, host_name: br0}",
	    "a: {type: nic, nictype: p2p, host_name: v0}",
	    "a: {type: nic, nictype: p2p, host_name: v1}",
	};
	struct fixture *f = *state;
	struct instance *all[4];

	assert_string_equal(together(f, lines, 4, all),
			    "i.yaml:4 host_name 'v0' is also given to web3 at i.yaml:14 [web1]\n"
			    "i.yaml:9 host_name 'br0' is the parent of nic 'a' of web1 (i.yaml:4) "
			    "[web2]\n"
			    "i.yaml:14 host_name 'v0' is also given to web1 at i.yaml:4 [web3]");
	assert_true(all[1]->devices[0].disputed);
	assert_false(all[3]->devices[0].disputed);
}

static void what_a_host_has_once_goes_to_one(void **state)
{
	static const char *const lines[] = {
	    "a: {type: nic, nictype: physical, parent: eth1}",
	    "a: {type: nic, nictype: physical, parent: eth1}",
	    "a: {type: nic, nictype: macvlan, parent: eth1}",
	    "a: {type: nic, nictype: routed, ipv4.address: '10.0.0.5, 10.0.0.6'}",
	    "a: {type: nic, nictype: routed, ipv4.address: 10.0.0.6, ipv6.address: 'fd00::1'}",
	    "a: {type: nic, nictype: bridged, parent: br0, ipv4.address: 10.0.0.6}",
	};
	struct fixture *f = *state;
	struct instance *all[6];

	assert_string_equal(together(f, lines, 6, all),
			    "i.yaml:4 parent 'eth1' is also given to web2 at i.yaml:9 [web1]\n"
			    "i.yaml:9 parent 'eth1' is also given to web1 at i.yaml:4 [web2]\n"
			    "i.yaml:19 address '10.0.0.6' is also given to web5 at i.yaml:24 "
			    "[web4]\n"
			    "i.yaml:24 address '10.0.0.6' is also given to web4 at i.yaml:19 "
			    "[web5]");
	for (size_t k = 0; k < 6; k++)
		assert_int_equal(all[k]->devices[0].disputed, k != 2 && k != 5);
	assert_true(instances_claim_same(all[2], all[2]));
	assert_false(instances_claim_same(all[2], all[5]));
}

static void one_instance_has_each_once(void **state)
{
	struct fixture *f = *state;

	add(f, "n.yaml", "kind: network\nname: lan\ntype: macvlan\nconfig: {parent: eth9}\n");
	add(f, "i.yaml",
	    "kind: instance\nname: web1\nprofiles: []\ndevices:\n"
	    "  a: {type: nic, nictype: p2p, name: n0, host_name: h0, hwaddr: '00:16:3e:00:00:01'}\n"
	    "  b: {type: nic, nictype: p2p, name: n0, host_name: h0, hwaddr: '00:16:3E:00:00:01'}\n"
	    "  c: {type: nic, nictype: p2p, hwaddr: '2A:57:A2:56:91:FE'}\n"
	    "  eth0: {type: nic, nictype: p2p}\n"
	    "  l: {type: nic, network: lan, limits.max: 1Mbit}\n");
	build(f);
	assert_true(expand(f, "web1")->held_back);
	assert_string_equal(
	    findings(f, SEVERITY_ERROR),
	    "i.yaml:6 guest interface name 'n0' is that of 'a' (i.yaml:5) too [web1]\n"
	    "i.yaml:6 host_name 'h0' is that of 'a' (i.yaml:5) too [web1]\n"
	    "i.yaml:6 address '00:16:3e:00:00:01' is that of 'a' (i.yaml:5) too [web1]\n"
	    "i.yaml:7 address '2a:57:a2:56:91:fe' is that of 'eth0' (i.yaml:8) too [web1]\n"
	    "i.yaml:9 limits.max is no option of a macvlan nic, which network 'lan' makes [web1]");
}

/* Another spelling of the same is no news. */
static void instances_are_compared_by_meaning(void **state)
{
	static const struct {
		const char *nic, *memory;
		bool same;
	} rows[] = {
	    {"hwaddr: '00:16:3E:00:00:01', limits.max: 1Mbit",     "1GiB", true },
	    {"hwaddr: '00:16:3e:00:00:01', limits.max: 1000kbit",  "1GiB", true },
	    {"hwaddr: '00:16:3e:00:00:01', limits.max: 1001kbit",  "1GiB", false},
	    {"hwaddr: '00:16:3e:00:00:02', limits.max: 1Mbit",     "1GiB", false},
	    {"hwaddr: '00:16:3e:00:00:01', limits.ingress: 1Mbit", "1GiB", false},
	};
	struct fixture *f = *state;
	const struct instance *first;

	for (size_t k = 0; k < sizeof(rows) / sizeof(*rows); k++)
		add(f, "i.yaml",
		    arena_printf(f->arena,
				 "kind: instance\nname: web%zu\nprofiles: []\n"
				 "config: {limits.memory: %s}\n"
				 "devices: {a: {type: nic, nictype: p2p, %s}}\n",
				 k, rows[k].memory, rows[k].nic));
	build(f);
	first = expand(f, "web0");
	for (size_t k = 0; k < sizeof(rows) / sizeof(*rows); k++)
		assert_int_equal(
		    instance_same(first, expand(f, arena_printf(f->arena, "web%zu", k))),
		    rows[k].same);
}

static void very_many_profiles_are_merged(void **state)
{
	struct fixture *f = *state;
	const struct instance *i;
	const char *text = "", *list = "";

	for (int k = 0; k < 300; k++) {
		text = arena_printf(f->arena,
				    "%skind: profile\nname: p%d\nconfig: {user.all: '%d', "
				    "user.p%d: x, user.half%d: '%d'}\n---\n",
				    text, k, k, k, k / 2, k);
		list = arena_printf(f->arena, "%s%sp%d", list, k ? ", " : "", k);
	}
	add(f, "all.yaml",
	    arena_printf(f->arena, "%skind: instance\nname: web1\nprofiles: [%s]\n", text, list));
	build(f);
	i = expand(f, "web1");
	assert_string_equal(findings(f, SEVERITY_ERROR), "");
	assert_int_equal(i->n_config, 1 + 300 + 150);
	assert_string_equal(instance_text(i, "user.all"), "299");
	assert_string_equal(instance_text(i, "user.half7"), "15");
	assert_string_equal(instance_text(i, "user.p0"), "x");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(later_profiles_win_key_by_key),
	    TEST(a_device_replaces_the_whole_device),
	    TEST(absent_profiles_mean_the_default),
	    TEST(an_unknown_profile_holds_back),
	    TEST(an_unknown_profile_of_a_lone_file_is_a_warning),
	    TEST(a_broken_profile_holds_back_only_its_users),
	    TEST(one_name_twice_is_an_error_at_both),
	    TEST(losers_are_told_in_order),
	    TEST(hosts_decide_where),
	    TEST(values_are_read_by_their_grammar),
	    TEST(the_whole_is_checked),
	    TEST(instances_are_checked_together),
	    TEST(one_address_on_one_segment),
	    TEST(a_derived_address_can_be_met),
	    TEST(an_end_has_a_name_of_its_own),
	    TEST(what_a_host_has_once_goes_to_one),
	    TEST(one_instance_has_each_once),
	    TEST(instances_are_compared_by_meaning),
	    TEST(very_many_profiles_are_merged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
