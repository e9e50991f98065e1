/* schema/keys through its header: every row whole, every name found, slips mended. */
#include "schema/arena.h"
#include "schema/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ANY_SCOPE (SCOPE_CONTAINER | SCOPE_NETWORK | SCOPE_POOL)

/* The keys that LXD and Incus have for containers, and what becomes of each here. */
static const struct expected {
	const char *name;
	enum effect effect;
} expected[] = {
    {"limits.cpu",				     EFFECT_LIVE       },
    {"limits.cpu.nodes",			       EFFECT_LIVE       },
    {"limits.cpu.allowance",                           EFFECT_LIVE       },
    {"limits.cpu.priority",			    EFFECT_LIVE       },
    {"limits.memory",				  EFFECT_LIVE       },
    {"limits.memory.enforce",                          EFFECT_LIVE       },
    {"limits.memory.swap",			     EFFECT_LIVE       },
    {"limits.memory.swap.priority",                    EFFECT_LIVE       },
    {"limits.memory.oom_priority",                     EFFECT_LIVE       },
    {"limits.processes",			       EFFECT_LIVE       },
    {"limits.disk.priority",                           EFFECT_LIVE       },
    {"limits.network.priority",                        EFFECT_LIVE       },
    {"limits.hugepages.64KB",                          EFFECT_LIVE       },
    {"limits.hugepages.1MB",                           EFFECT_LIVE       },
    {"limits.hugepages.2MB",                           EFFECT_LIVE       },
    {"limits.hugepages.1GB",                           EFFECT_LIVE       },
    {"limits.kernel.as",			       EFFECT_LIVE       },
    {"limits.kernel.core",			     EFFECT_LIVE       },
    {"limits.kernel.cpu",			      EFFECT_LIVE       },
    {"limits.kernel.data",			     EFFECT_LIVE       },
    {"limits.kernel.fsize",			    EFFECT_LIVE       },
    {"limits.kernel.locks",			    EFFECT_LIVE       },
    {"limits.kernel.memlock",                          EFFECT_LIVE       },
    {"limits.kernel.msgqueue",                         EFFECT_LIVE       },
    {"limits.kernel.nice",			     EFFECT_LIVE       },
    {"limits.kernel.nofile",                           EFFECT_LIVE       },
    {"limits.kernel.nproc",			    EFFECT_LIVE       },
    {"limits.kernel.rss",			      EFFECT_LIVE       },
    {"limits.kernel.rtprio",                           EFFECT_LIVE       },
    {"limits.kernel.rttime",                           EFFECT_LIVE       },
    {"limits.kernel.sigpending",                       EFFECT_LIVE       },
    {"limits.kernel.stack",			    EFFECT_LIVE       },
    {"limits.kernel.*",				EFFECT_LIVE       },
    {"boot.autostart",				 EFFECT_POLICY     },
    {"boot.autostart.delay",                           EFFECT_POLICY     },
    {"boot.autostart.priority",                        EFFECT_POLICY     },
    {"boot.stop.priority",			     EFFECT_POLICY     },
    {"boot.host_shutdown_timeout",                     EFFECT_POLICY     },
    {"boot.host_shutdown_action",                      EFFECT_POLICY     },
    {"boot.autorestart",			       EFFECT_POLICY     },
    {"environment.*",				  EFFECT_RESTART    },
    {"user.*",					 EFFECT_POLICY     },
    {"user.network-config",			    EFFECT_POLICY     },
    {"user.user-data",				 EFFECT_POLICY     },
    {"user.vendor-data",			       EFFECT_POLICY     },
    {"user.meta-data",				 EFFECT_POLICY     },
    {"user.network_mode",			      EFFECT_POLICY     },
    {"image.*",					EFFECT_IGNORED    },
    {"security.privileged",			    EFFECT_RESTART    },
    {"security.nesting",			       EFFECT_RESTART    },
    {"security.idmap.isolated",                        EFFECT_RESTART    },
    {"security.idmap.base",			    EFFECT_RESTART    },
    {"security.idmap.size",			    EFFECT_RESTART    },
    {"security.protection.delete",                     EFFECT_POLICY     },
    {"security.protection.start",                      EFFECT_POLICY     },
    {"security.protection.shift",                      EFFECT_POLICY     },
    {"security.devlxd",				EFFECT_UNSUPPORTED},
    {"security.devlxd.images",                         EFFECT_UNSUPPORTED},
    {"security.devlxd.management.volumes",             EFFECT_UNSUPPORTED},
    {"security.guestapi",			      EFFECT_UNSUPPORTED},
    {"security.guestapi.images",                       EFFECT_UNSUPPORTED},
    {"security.syscalls.allow",                        EFFECT_RESTART    },
    {"security.syscalls.deny",                         EFFECT_RESTART    },
    {"security.syscalls.deny_default",                 EFFECT_RESTART    },
    {"security.syscalls.deny_compat",                  EFFECT_RESTART    },
    {"security.syscalls.whitelist",                    EFFECT_RESTART    },
    {"security.syscalls.blacklist",                    EFFECT_RESTART    },
    {"security.syscalls.blacklist_default",            EFFECT_RESTART    },
    {"security.syscalls.blacklist_compat",             EFFECT_RESTART    },
    {"security.syscalls.intercept.bpf",                EFFECT_UNSUPPORTED},
    {"security.syscalls.intercept.bpf.devices",        EFFECT_UNSUPPORTED},
    {"security.syscalls.intercept.mknod",              EFFECT_UNSUPPORTED},
    {"security.syscalls.intercept.mount",              EFFECT_UNSUPPORTED},
    {"security.syscalls.intercept.sched_setscheduler", EFFECT_UNSUPPORTED},
    {"security.syscalls.intercept.setxattr",           EFFECT_UNSUPPORTED},
    {"security.syscalls.intercept.sysinfo",            EFFECT_UNSUPPORTED},
    {"security.syscalls.intercept.mount.allowed",      EFFECT_UNSUPPORTED},
    {"security.syscalls.intercept.mount.fuse",         EFFECT_UNSUPPORTED},
    {"security.syscalls.intercept.mount.shift",        EFFECT_UNSUPPORTED},
    {"security.delegate_bpf",                          EFFECT_UNSUPPORTED},
    {"security.delegate_bpf.cmd_types",                EFFECT_UNSUPPORTED},
    {"security.delegate_bpf.map_types",                EFFECT_UNSUPPORTED},
    {"security.delegate_bpf.prog_types",               EFFECT_UNSUPPORTED},
    {"security.delegate_bpf.attach_types",             EFFECT_UNSUPPORTED},
    {"security.bpffs.delegate_cmds",                   EFFECT_UNSUPPORTED},
    {"security.bpffs.delegate_maps",                   EFFECT_UNSUPPORTED},
    {"security.bpffs.delegate_progs",                  EFFECT_UNSUPPORTED},
    {"security.bpffs.delegate_attachs",                EFFECT_UNSUPPORTED},
    {"security.bpffs.path",			    EFFECT_UNSUPPORTED},
    {"security.selinux.type",                          EFFECT_UNSUPPORTED},
    {"security.selinux.domain",                        EFFECT_UNSUPPORTED},
    {"security.selinux.level",                         EFFECT_UNSUPPORTED},
    {"security.selinux.label_rootfs",                  EFFECT_UNSUPPORTED},
    {"raw.lxc",					EFFECT_RESTART    },
    {"raw.apparmor",				   EFFECT_RESTART    },
    {"raw.seccomp",				    EFFECT_RESTART    },
    {"raw.idmap",				      EFFECT_RESTART    },
    {"linux.kernel_modules",                           EFFECT_LIVE       },
    {"linux.kernel_modules.load",                      EFFECT_POLICY     },
    {"linux.sysctl.*",				 EFFECT_LIVE       },
    {"snapshots.schedule",			     EFFECT_UNSUPPORTED},
    {"snapshots.schedule.stopped",                     EFFECT_UNSUPPORTED},
    {"snapshots.pattern",			      EFFECT_UNSUPPORTED},
    {"snapshots.expiry",			       EFFECT_UNSUPPORTED},
    {"snapshots.expiry.manual",                        EFFECT_UNSUPPORTED},
    {"cluster.evacuate",			       EFFECT_UNSUPPORTED},
    {"migration.incremental.memory",                   EFFECT_UNSUPPORTED},
    {"migration.incremental.memory.iterations",        EFFECT_UNSUPPORTED},
    {"migration.incremental.memory.goal",              EFFECT_UNSUPPORTED},
    {"migration.stateful",			     EFFECT_UNSUPPORTED},
    {"placement.group",				EFFECT_UNSUPPORTED},
    {"nvidia.runtime",				 EFFECT_UNSUPPORTED},
    {"nvidia.driver.capabilities",                     EFFECT_UNSUPPORTED},
    {"nvidia.require.cuda",			    EFFECT_UNSUPPORTED},
    {"nvidia.require.driver",                          EFFECT_UNSUPPORTED},
    {"cloud-init.network-config",                      EFFECT_UNSUPPORTED},
    {"cloud-init.user-data",                           EFFECT_UNSUPPORTED},
    {"cloud-init.vendor-data",                         EFFECT_UNSUPPORTED},
    {"cloud-init.ssh-keys.*",                          EFFECT_UNSUPPORTED},
    {"oci.entrypoint",				 EFFECT_UNSUPPORTED},
    {"oci.cwd",					EFFECT_UNSUPPORTED},
    {"oci.uid",					EFFECT_UNSUPPORTED},
    {"oci.gid",					EFFECT_UNSUPPORTED},
    {"oci.dns.nameservers",			    EFFECT_UNSUPPORTED},
    {"oci.dns.domain",				 EFFECT_UNSUPPORTED},
    {"oci.dns.search",				 EFFECT_UNSUPPORTED},
    {"systemd.credential.*",                           EFFECT_UNSUPPORTED},
    {"systemd.credential-binary.*",                    EFFECT_UNSUPPORTED},
    {"ubuntu_pro.guest_attach",                        EFFECT_UNSUPPORTED},
    {"volatile.apply_template",                        EFFECT_IGNORED    },
    {"volatile.attached_volumes",                      EFFECT_IGNORED    },
    {"volatile.base_image",			    EFFECT_IGNORED    },
    {"volatile.cloud-init.instance-id",                EFFECT_IGNORED    },
    {"volatile.cluster.group",                         EFFECT_IGNORED    },
    {"volatile.container.oci",                         EFFECT_IGNORED    },
    {"volatile.cpu.nodes",			     EFFECT_IGNORED    },
    {"volatile.evacuate.origin",                       EFFECT_IGNORED    },
    {"volatile.idmap.base",			    EFFECT_IGNORED    },
    {"volatile.idmap.current",                         EFFECT_IGNORED    },
    {"volatile.idmap.next",			    EFFECT_IGNORED    },
    {"volatile.last_state.idmap",                      EFFECT_IGNORED    },
    {"volatile.last_state.power",                      EFFECT_IGNORED    },
    {"volatile.last_state.ready",                      EFFECT_IGNORED    },
    {"volatile.apply_quota",                           EFFECT_IGNORED    },
    {"volatile.rebalance.last_move",                   EFFECT_IGNORED    },
    {"volatile.selinux.context",                       EFFECT_IGNORED    },
    {"volatile.uuid",				  EFFECT_IGNORED    },
    {"volatile.uuid.generation",                       EFFECT_IGNORED    },
    {"volatile.<name>.apply_quota",                    EFFECT_IGNORED    },
    {"volatile.<name>.bus",			    EFFECT_IGNORED    },
    {"volatile.<name>.ceph_rbd",                       EFFECT_IGNORED    },
    {"volatile.<name>.devlxd.owner",                   EFFECT_IGNORED    },
    {"volatile.<name>.host_name",                      EFFECT_IGNORED    },
    {"volatile.<name>.hwaddr",                         EFFECT_IGNORED    },
    {"volatile.<name>.io.bus",                         EFFECT_IGNORED    },
    {"volatile.<name>.mig.uuid",                       EFFECT_IGNORED    },
    {"volatile.<name>.name",                           EFFECT_IGNORED    },
    {"volatile.<name>.uuid",                           EFFECT_IGNORED    },
    {"volatile.<name>.vgpu.uuid",                      EFFECT_IGNORED    },
    {"volatile.<name>.last_state.created",             EFFECT_IGNORED    },
    {"volatile.<name>.last_state.hwaddr",              EFFECT_IGNORED    },
    {"volatile.<name>.last_state.ip_addresses",        EFFECT_IGNORED    },
    {"volatile.<name>.last_state.mtu",                 EFFECT_IGNORED    },
    {"volatile.<name>.last_state.pci.driver",          EFFECT_IGNORED    },
    {"volatile.<name>.last_state.pci.parent",          EFFECT_IGNORED    },
    {"volatile.<name>.last_state.pci.slot.name",       EFFECT_IGNORED    },
    {"volatile.<name>.last_state.ready",               EFFECT_IGNORED    },
    {"volatile.<name>.last_state.usb.bus",             EFFECT_IGNORED    },
    {"volatile.<name>.last_state.usb.device",          EFFECT_IGNORED    },
    {"volatile.<name>.last_state.vdpa.name",           EFFECT_IGNORED    },
    {"volatile.<name>.last_state.vf.hwaddr",           EFFECT_IGNORED    },
    {"volatile.<name>.last_state.vf.id",               EFFECT_IGNORED    },
    {"volatile.<name>.last_state.vf.parent",           EFFECT_IGNORED    },
    {"volatile.<name>.last_state.vf.spoofcheck",       EFFECT_IGNORED    },
    {"volatile.<name>.last_state.vf.trusted",          EFFECT_IGNORED    },
    {"volatile.<name>.last_state.vf.vlan",             EFFECT_IGNORED    },
    {"limits.memory.force",			    EFFECT_POLICY     },
};

/* A name that a row stands for: its own, or with its open part filled. */
static char *sample(const struct key *k, struct arena *a)
{
	size_t n = strcspn(k->name, "*<");
	const char *rest = k->rest ? "7" : "x.y";

	if (!k->name[n])
		return arena_strdup(a, k->name);
	if (k->name[n] == '*')
		return arena_printf(a, "%.*s%s", (int)n, k->name, rest);
	return arena_printf(a, "%.*seth0%s", (int)n, k->name, strchr(k->name, '>') + 1);
}

static bool one_line(const char *text)
{
	return text && *text && !strpbrk(text, "\n\t") && text[strlen(text) - 1] != '.';
}

static void check_row(const struct key *k)
{
	if (!one_line(k->help) || strlen(k->help) > 80)
		fail_msg("%s: help", k->name);
	if (!k->grammar || !k->grammar->parse || !one_line(k->grammar->name) ||
	    !one_line(k->grammar->syntax))
		fail_msg("%s: grammar", k->name);
	if (!one_line(k->preset))
		fail_msg("%s: preset", k->name);
	if (k->note && !one_line(k->note))
		fail_msg("%s: note", k->name);
	if ((k->effect == EFFECT_UNSUPPORTED || k->effect == EFFECT_IGNORED) && !k->note)
		fail_msg("%s: no note says why", k->name);
	if (!k->scope || !k->dialect || k->effect == EFFECT_START)
		fail_msg("%s: scope, dialect or effect", k->name);
	if ((k->dialect & DIALECT_OURS) && k->dialect != DIALECT_OURS)
		fail_msg("%s: ours, and somebody else's", k->name);
	if (k->effect == EFFECT_UNSUPPORTED && k->boot != BOOT_NONE)
		fail_msg("%s: unsupported, and yet at a start", k->name);
	if (k->effect == EFFECT_RESTART && k->boot != BOOT_FILE)
		fail_msg("%s: a restart would not bring it about", k->name);
	if (k->rest && k->name[strlen(k->name) - 1] != '*')
		fail_msg("%s: a rest without a pattern", k->name);
}

static void check_rows(const struct key *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		check_row(&rows[i]);
		if (i > 0 && strcmp(rows[i - 1].name, rows[i].name) >= 0)
			fail_msg("%s: out of order, or twice", rows[i].name);
	}
}

static void every_key_is_whole(void **state)
{
	size_t n;
	const struct key_table *const *tables = key_tables_all(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		const struct key_table *t = tables[i];

		check_rows(t->rows, t->n);
		assert_non_null(t->subject);
		for (size_t j = 0; j < t->n; j++) {
			assert_int_equal(t->rows[j].scope & ~t->scope, 0);
			assert_int_equal(t->rows[j].scope & SCOPE_DEVICE, 0);
			if (t->prefix)
				assert_int_equal(
				    strncmp(t->rows[j].name, t->prefix, strlen(t->prefix)), 0);
		}
	}
}

static void every_key_is_found(void **state)
{
	struct arena *a = arena_new();
	size_t n;
	const struct key_table *const *tables = key_tables_all(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < tables[i]->n; j++) {
			const struct key *k = &tables[i]->rows[j];

			if (keys_find(sample(k, a), k->scope) != k)
				fail_msg("%s: not found by %s", k->name, sample(k, a));
			assert_true(key_fits(k, sample(k, a)));
		}
	}
	arena_free(a);
}

static void a_key_stands_once(void **state)
{
	size_t n;
	const struct key_table *const *tables = key_tables_all(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < tables[i]->n; j++)
			for (size_t other = i + 1; other < n; other++)
				for (size_t l = 0; l < tables[other]->n; l++)
					if ((tables[i]->rows[j].scope &
					     tables[other]->rows[l].scope) &&
					    !strcmp(tables[i]->rows[j].name,
						    tables[other]->rows[l].name))
						fail_msg("%s: in two tables",
							 tables[i]->rows[j].name);
}

static void every_device_is_whole(void **state)
{
	struct arena *a = arena_new();
	size_t n;
	const struct device_type *const *types = device_types_all(&n);

	(void)state;
	assert_int_equal(n, 12);
	for (size_t i = 0; i < n; i++) {
		const struct device_type *t = types[i];

		assert_true(i == 0 || strcmp(types[i - 1]->name, t->name) < 0);
		assert_true(one_line(t->help));
		assert_true(t->effect != EFFECT_UNSUPPORTED || t->note);
		assert_ptr_equal(device_type_find(t->name), t);
		check_rows(t->options, t->n_options);
		for (size_t j = 0; j < t->n_options; j++) {
			const struct key *k = &t->options[j];

			assert_int_equal(k->scope, SCOPE_DEVICE);
			assert_ptr_equal(device_option_find(t, sample(k, a)), k);
			if (t->effect == EFFECT_UNSUPPORTED && k->effect == EFFECT_LIVE)
				fail_msg("%s.%s: live in an unsupported device", t->name, k->name);
		}
		assert_non_null(device_option_find(t, "user.note"));
		assert_null(device_option_find(t, "user."));
		assert_null(device_option_find(t, "nosuch"));
		assert_null(device_option_find(t, "type"));
	}
	assert_null(device_type_find("nics"));
	arena_free(a);
}

static void every_expected_key_is_there(void **state)
{
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < COUNT(expected); i++) {
		struct key pattern = {.name = expected[i].name};
		const struct key *k;

		if (!strcmp(expected[i].name, "limits.kernel.*"))
			pattern.rest = "0123456789";
		k = keys_find(sample(&pattern, a), SCOPE_INSTANCE);
		if (!k || strcmp(k->name, expected[i].name))
			fail_msg("%s: no row", expected[i].name);
		if (k->effect != expected[i].effect)
			fail_msg("%s: is %s", k->name, effect_name(k->effect));
	}
	arena_free(a);
}

static void names_and_scopes(void **state)
{
	static const struct {
		const char *name;
		unsigned scope;
		const char *row; /* NULL: unknown */
	} cases[] = {
	    {"limits.memory",				SCOPE_INSTANCE,  "limits.memory"         },
	    {"limits.memory",				SCOPE_NETWORK,   NULL                    },
	    {"limits.memory.",			       SCOPE_INSTANCE,  NULL                    },
	    {"limits.",				      SCOPE_INSTANCE,  NULL                    },
	    {"limits",				       SCOPE_INSTANCE,  NULL                    },
	    {"",					     ANY_SCOPE,       NULL                    },
	    {".",					    ANY_SCOPE,       NULL                    },
	    {"*",					    ANY_SCOPE,       NULL                    },
	    {"Limits.memory",				SCOPE_INSTANCE,  NULL                    },
	    {"limits.kernel.nofile",                         SCOPE_INSTANCE,  "limits.kernel.nofile"  },
	    {"limits.kernel.7",                              SCOPE_INSTANCE,  "limits.kernel.*"       },
	    {"limits.kernel.bogus",                          SCOPE_INSTANCE,  NULL                    },
	    {"limits.kernel.*",                              SCOPE_INSTANCE,  NULL                    },
	    {"limits.kernel.",			       SCOPE_INSTANCE,  NULL                    },
	    {"environment.FOO",                              SCOPE_PROFILE,   "environment.*"         },
	    {"environment.A.B.C",                            SCOPE_PROFILE,   "environment.*"         },
	    {"environment.",				 SCOPE_PROFILE,   NULL                    },
	    {"environment",				  SCOPE_PROFILE,   NULL                    },
	    {"user.user-data",			       SCOPE_PROFILE,   "user.user-data"        },
	    {"user.anything",				SCOPE_PROFILE,   "user.*"                },
	    {"user.anything",				SCOPE_NETWORK,   "user.*"                },
	    {"user.x",				       SCOPE_POOL,      "user.*"                },
	    {"linux.sysctl.net.ipv4.ip_forward",             SCOPE_INSTANCE,  "linux.sysctl.*"        },
	    {"linux.sysctl.net/ipv4/conf/eth0.1/forwarding", SCOPE_INSTANCE,  "linux.sysctl.*"        },
	    {"linux.sysctl.a b",                             SCOPE_INSTANCE,  NULL                    },
	    {"cloud-init.ssh-keys.me",                       SCOPE_INSTANCE,  "cloud-init.ssh-keys.*" },
	    {"volatile.eth0.hwaddr",                         SCOPE_INSTANCE,  "volatile.<name>.hwaddr"},
	    {"volatile.eth0.100.hwaddr",                     SCOPE_INSTANCE,  "volatile.<name>.hwaddr"},
	    {"volatile.eth0.last_state.hwaddr",              SCOPE_INSTANCE,
	     "volatile.<name>.last_state.hwaddr"						      },
	    {"volatile..hwaddr",                             SCOPE_INSTANCE,  "volatile.*"            },
	    {"volatile.what.ever",                           SCOPE_INSTANCE,  "volatile.*"            },
	    {"volatile.uuid",				SCOPE_INSTANCE,  "volatile.uuid"         },
	    {"volatile.uuid",				SCOPE_PROFILE,   NULL                    },
	    {"volatile.eth0.hwaddr",                         SCOPE_PROFILE,   NULL                    },
	    {"image.os",				     SCOPE_INSTANCE,  "image.*"               },
	    {"image.os",				     SCOPE_PROFILE,   NULL                    },
	    {"raw.qemu",				     SCOPE_PROFILE,   "raw.qemu"              },
	    {"raw.qemu.conf",				SCOPE_PROFILE,   "raw.qemu.*"            },
	    {"raw.qemu",				     SCOPE_INSTANCE,  NULL                    },
	    {"boot.mode",				    SCOPE_PROFILE,   "boot.mode"             },
	    {"boot.mode",				    SCOPE_INSTANCE,  NULL                    },
	    {"boot.mode",				    SCOPE_CONTAINER, "boot.mode"             },
	    {"ipv4.address",				 SCOPE_NETWORK,   "ipv4.address"          },
	    {"ipv4.address",				 SCOPE_CONTAINER, NULL                    },
	    {"tunnel.a.b.id",				SCOPE_NETWORK,   "tunnel.<name>.id"      },
	    {"bgp.peers.x.asn",                              SCOPE_NETWORK,   "bgp.peers.<name>.asn"  },
	    {"size",					 SCOPE_POOL,      "size"                  },
	    {"volume.zfs.use_refquota",                      SCOPE_POOL,      "volume.*"              },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct key *k = keys_find(cases[i].name, cases[i].scope);

		if (!k != !cases[i].row || (k && strcmp(k->name, cases[i].row)))
			fail_msg("'%s': %s instead of %s", cases[i].name, k ? k->name : "(none)",
				 cases[i].row ? cases[i].row : "(none)");
	}
}

static void machine_keys(void **state)
{
	(void)state;
	assert_true(key_is_vm_only(keys_find("security.secureboot", SCOPE_PROFILE)));
	assert_true(key_is_vm_only(keys_find("raw.qemu.conf", SCOPE_PROFILE)));
	assert_true(key_is_vm_only(keys_find("smbios11.x", SCOPE_PROFILE)));
	assert_false(key_is_vm_only(keys_find("limits.memory", SCOPE_PROFILE)));
}

/* A name made of dots is no work for minutes. */
static void dots_are_cheap(void **state)
{
	size_t n = 200000;
	char *name = malloc(n + 1);
	clock_t start = clock();

	(void)state;
	assert_non_null(name);
	memcpy(name, "volatile.", 9);
	memset(name + 9, '.', n - 9);
	name[n] = '\0';
	assert_string_equal(keys_find(name, SCOPE_INSTANCE)->name, "volatile.*");
	memcpy(name, "bgp.peers", 9);
	assert_null(keys_find(name, SCOPE_NETWORK));
	assert_true(clock() - start < 2 * CLOCKS_PER_SEC);
	free(name);
}

static void slips(void **state)
{
	static const struct {
		const char *name, *meant;
		unsigned scope;
	} cases[] = {
	    {"limits.memroy",                     "limits.memory",                    SCOPE_CONTAINER},
	    {"limit.memory",                      "limits.memory",                    SCOPE_CONTAINER},
	    {"enviroment.FOO",                    "environment.FOO",                  SCOPE_CONTAINER},
	    {"linux.sysctrl.net.ipv4.ip_forward", "linux.sysctl.net.ipv4.ip_forward",
	     SCOPE_CONTAINER									 },
	    {"limits.kernel.nofiles",             "limits.kernel.nofile",             SCOPE_CONTAINER},
	    {"xyzzy",			     NULL,			       SCOPE_CONTAINER},
	    {"ipv4.adress",                       "ipv4.address",                     SCOPE_NETWORK  },
	    {"ipv4.adress",                       NULL,                               SCOPE_POOL     },
	};
	struct arena *a = arena_new();
	const struct device_type *nic = device_type_find("nic");

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *meant = keys_near_miss(cases[i].name, cases[i].scope, a);

		if (!meant != !cases[i].meant || (meant && strcmp(meant, cases[i].meant)))
			fail_msg("'%s': %s", cases[i].name, meant ? meant : "(none)");
	}
	assert_string_equal(device_option_near_miss(nic, "limits.egres", a), "limits.egress");
	assert_string_equal(device_option_near_miss(nic, "usr.note", a), "user.note");
	assert_null(device_option_near_miss(nic, "zzzzzzzz", a));
	arena_free(a);
}

static void effects_have_words(void **state)
{
	(void)state;
	assert_string_equal(effect_name(EFFECT_LIVE), "live");
	assert_string_equal(effect_name(EFFECT_IGNORED), "ignored");
	assert_string_equal(boot_name(BOOT_AFTER_START), "after-start");
}

/* 10,000 instances bring 100,000 names: one must cost next to nothing. */
static void finding_is_fast(void **state)
{
	static const char *const names[] = {
	    "limits.memory",    "limits.cpu.allowance",
	    "environment.PATH", "user.owner",
	    "boot.autostart",   "security.nesting",
	    "raw.lxc",          "linux.sysctl.net.ipv4.ip_forward",
	};
	struct timespec start, end;
	size_t found = 0, rounds = 100000;
	double ns;

	(void)state;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	for (size_t i = 0; i < rounds; i++)
		found += keys_find(names[i % COUNT(names)], SCOPE_INSTANCE) != NULL;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	ns = ((double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec)) /
	     (double)rounds;
	print_message("%.0f ns a look-up\n", ns);
	assert_int_equal(found, rounds);
	/* The goal is 200; the bound leaves room for valgrind. */
	assert_true(ns < 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_key_is_whole),
	    cmocka_unit_test(every_key_is_found),
	    cmocka_unit_test(a_key_stands_once),
	    cmocka_unit_test(every_device_is_whole),
	    cmocka_unit_test(every_expected_key_is_there),
	    cmocka_unit_test(names_and_scopes),
	    cmocka_unit_test(machine_keys),
	    cmocka_unit_test(dots_are_cheap),
	    cmocka_unit_test(slips),
	    cmocka_unit_test(effects_have_words),
	    cmocka_unit_test(finding_is_fast),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
