/* schema/settings and schema/key_rules, through manifests. */
#include "tests/schema/findings.h"

static void instance_config_findings(void **state)
{
	static const struct finding_case cases[] = {
	    {"  limits.memory: 1GiB\n",                                ""						      },
	    {"  limits.memory:\n  limits.cpu: ''\n",                   ""                                                      },
	    {"  limits.memry: 1GiB\n",
	     "3:3 error: unknown key 'limits.memry' [did you mean limits.memory?]\n"                                           },
	    {"  limits.memry:\n",
	     "3:3 error: unknown key 'limits.memry' [did you mean limits.memory?]\n"                                           },
	    {"  qqqqqqq: 1GiB\n",				      "3:3 error: unknown key 'qqqqqqq'\n"                    },
	    {"  '': 1GiB\n",					   "3:3 error: unknown key ''\n"                           },
	    {"  limits.cpu: [1]\n",				    "3:15 error: limits.cpu must be a text, not a list\n"   },
	    {"  limits.cpu: {a: 1}\n",                                 "3:15 error: limits.cpu must be a text, not a mapping\n"},
	    {"  limits.memory: 101%\n",                                "3:18 warning: 101% is more memory than the host has\n" },
	    {"  limits.memory: 100%\n",                                ""						      },
	    {"  environment.PATH: /bin\n  environment._x1: y\n",       ""                                                      },
	    {"  environment.1A: x\n",
	     "3:15 error: the name of a variable must begin with a letter or '_': '1A'\n"                                      },
	    {"  environment.A-B: x\n",
	     "3:15 error: the name of a variable may hold letters, digits and '_' only: "
	     "'A-B'\n"													 },
	    {"  \"environment.A=B\": x\n",
	     "3:16 error: the name of a variable may hold letters, digits and '_' only: "
	     "'A=B'\n"													 },
	    {"  linux.sysctl.net.ipv4.ip_forward: 1\n",                ""                                                      },
	    {"  linux.sysctl.net..x: 1\n",                             "3:16 error: the name of a sysctl needs something "
					   "before and behind each '.': 'net..x'\n"  },
	    {"  linux.sysctl.x: 1\n",                                  "3:16 error: the name of a sysctl has no '.', as in "
				      "net.ipv4.ip_forward: 'x'\n"                        },
	    {"  limits.kernel.nofile: 10:20\n  limits.kernel.15: 1\n", ""                                                      },
	    {"  limits.kernel.16: 1\n",
	     "3:17 error: no resource limit has the number 16 [0 to 15; most have names, like "
	     "limits.kernel.nofile]\n"											 },
	    {"  limits.kernel.nofil: 1\n",
	     "3:3 error: unknown key 'limits.kernel.nofil' [did you mean "
	     "limits.kernel.nofile?]\n"											},
	    {"  limits.kernel.bogus: 1\n",
	     "3:17 error: unknown key 'limits.kernel.bogus' [what stands for * in "
	     "limits.kernel.* may hold 0123456789 only]\n"								     },
	    {"  raw.qemu: x\n",
	     "3:3 error: 'raw.qemu' is for virtual machines only [in a profile, which machines "
	     "may use, it would be ignored]\n"										 },
	    {"  security.devlxd: true\n  snapshots.expiry: 1d\n",
	     "3:3 notice: unsupported: valid, and nothing here carries it out: "
	     "security.devlxd, snapshots.expiry\n"									     },
	    {"  volatile.uuid: x\n  image.os: y\n",
	     "3:3 notice: ignored, as not ours: volatile.uuid, image.os\n"                                                     },
	};

	(void)state;
	check_findings("a.yaml", "kind: instance\nconfig:\n", cases, COUNT(cases));
}

static void profile_config_findings(void **state)
{
	static const struct finding_case cases[] = {
	    {"  limits.memory: 1GiB\n", ""							   },
	    {"  volatile.uuid: x\n",    "3:3 error: 'volatile.uuid' can only be set on an instance\n"},
	    {"  image.os: x\n",         "3:3 error: 'image.os' can only be set on an instance\n"     },
	    {"  raw.qemu: x\n",         "3:3 notice: ignored, as not ours: raw.qemu\n"               },
	};

	(void)state;
	check_findings("a.yaml", "kind: profile\nconfig:\n", cases, COUNT(cases));
}

static void raw_lxc_findings(void **state)
{
	static const struct finding_case cases[] = {
	    {"  raw.lxc: lxc.cap.drop = sys_admin\n",                           ""      },
	    {"  raw.lxc: |\n    # a comment\n\n    lxc.cgroup.memory.limit_in_bytes=1\n"
	     "    lxc.hook.start = /bin/true\n",		   ""      },
	    {"  raw.lxc: |\n    lxc.cap.drop = a\n    lxc.idmap = u 0 1 2\n",
	     "5:5 error: raw.lxc cannot set lxc.idmap: the id map is the manifest's affair "
	     "[use raw.idmap or security.idmap.*]\n"                                    },
	    {"  raw.lxc: |-\n    # x\n\n      foo\n",
	     "6:7 error: a line of raw.lxc that is no 'KEY = VALUE' [one a line: in YAML begin "
	     "the text with '|']\n"						     },
	    {"  raw.lxc: \"lxc.cap.drop=a\\nlxc.prlimit.nofile=5\"\n",
	     "3:12 error: raw.lxc cannot set lxc.prlimit.nofile: resource limits are keys of "
	     "the manifest [use limits.kernel.*]\n"                                     },
	    {"  raw.lxc: ' lxc.utsname = x'\n",
	     "3:14 error: LXC knows no key 'lxc.utsname' [did you mean lxc.uts.name?]\n"},
	    {"  raw.lxc: lxc.rootfs.options = idmap=container\n",
	     "3:12 warning: raw.lxc sets lxc.rootfs.options: it moves the root file system "
	     "from where the container has it\n"                                        },
	    {"  raw.lxc: |\n    lxc.net.0.type = none\n    lxc.include = /x\n",
	     "4:5 error: raw.lxc cannot set lxc.net.0.type: interfaces are devices of the "
	     "manifest [write a device of type nic]\n"
	     "5:5 error: raw.lxc cannot set lxc.include: nobody could say what the included "
	     "file brings [write its lines here]\n"                                     },
	};

	(void)state;
	check_findings("a.yaml", "kind: instance\nconfig:\n", cases, COUNT(cases));
}

/* The complaint points into the value, whatever its style. */
static void complaints_point_into_values(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
	} cases[] = {
	    {"  limits.memory: 64X\n",                    3, 20},
	    {"  limits.memory: '64X'\n",                  3, 21},
	    {"  limits.memory: \"64X\"\n",                3, 21},
	    {"  limits.memory: \"\\x36\\x34X\"\n",        3, 18},
	    {"  limits.memory: &m !!str 64X\n",           3, 29},
	    {"  raw.idmap: |\n    both 1 1\n    uid 5\n", 5, 5 },
	    {"  raw.idmap: |1\n    both 1 1\n",           4, 4 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *text = NULL;
		struct loaded l;

		assert_true(asprintf(&text, "kind: instance\nconfig:\n%s", cases[i].text) >= 0);
		l = load("a.yaml", text);
		if (l.ds.errors != 1 || l.ds.items[0].place.line != cases[i].line ||
		    l.ds.items[0].place.column != cases[i].column)
			print_error("%s%s", text, l.findings);
		assert_int_equal(l.ds.errors, 1);
		assert_int_equal(l.ds.items[0].place.line, cases[i].line);
		assert_int_equal(l.ds.items[0].place.column, cases[i].column);
		unload(&l);
		free(text);
	}
}

/* Each is said once per file, of all documents together, and shortened. */
static void notices_come_once_per_file(void **state)
{
	struct loaded l = load("a.yaml", "kind: instance\nname: a\nconfig: {volatile.a: 1}\n"
					 "---\nkind: instance\nname: b\nconfig:\n"
					 "  volatile.a: 1\n  volatile.b: 1\n  volatile.c: 1\n"
					 "  volatile.d: 1\n  volatile.e: 1\n  volatile.f: 1\n"
					 "  volatile.g: 1\n  volatile.h: 1\n  volatile.i: 1\n");

	(void)state;
	assert_string_equal(l.findings,
			    "3:10 notice: ignored, as not ours: volatile.a, volatile.b, "
			    "volatile.c, volatile.d, volatile.e, volatile.f, volatile.g, "
			    "volatile.h and 1 more\n");
	unload(&l);
}

static void bad_settings_are_left_out(void **state)
{
	struct loaded l = load("a.yaml", "kind: instance\nconfig:\n  limits.memory: 64X\n"
					 "  limits.cpu: 2\n  limits.cqu: 2\n");

	(void)state;
	assert_int_equal(l.ds.errors, 2);
	assert_int_equal(l.manifest->documents[0].config.n, 1);
	assert_true(l.manifest->documents[0].broken);
	unload(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(instance_config_findings),
	    cmocka_unit_test(profile_config_findings),
	    cmocka_unit_test(raw_lxc_findings),
	    cmocka_unit_test(complaints_point_into_values),
	    cmocka_unit_test(notices_come_once_per_file),
	    cmocka_unit_test(bad_settings_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
