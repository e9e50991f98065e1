/* schema/manifest: files and documents, kinds, names, exports, fields. */
#include "tests/schema/findings.h"

static void a_whole_instance_is_read(void **state)
{
	struct loaded l =
	    load("instances/any.yaml", "kind: instance\n"
				       "name: web1\n"
				       "description: front end\n"
				       "profiles: [default, small]\n"
				       "state: running\n"
				       "restart: allowed\n"
				       "paused: {until: 2026-12-01T12:00:00+02:00, reason: disk}\n"
				       "hosts: [\"web*\", \"!web9\"]\n"
				       "source:\n"
				       "  template: busybox\n"
				       "  options: {release: v1, auth-key: ''}\n"
				       "  config: /etc//lxc/base.conf\n"
				       "config:\n"
				       "  limits.memory: 256MiB\n"
				       "  limits.cpu: 2\n"
				       "  user.x: \n"
				       "devices:\n"
				       "  none1: {type: none}\n");
	const struct document *d;

	(void)state;
	assert_string_equal(l.findings, "");
	assert_int_equal(l.manifest->n, 1);
	d = &l.manifest->documents[0];
	assert_int_equal(d->kind, KIND_INSTANCE);
	assert_string_equal(d->name, "web1");
	assert_int_equal(d->name_at.line, 2);
	assert_int_equal(d->name_at.column, 7);
	assert_string_equal(d->description, "front end");
	assert_false(d->broken);
	assert_false(d->foreign);
	assert_true(d->profiles_given);
	assert_int_equal(d->profiles.n, 2);
	assert_string_equal(d->profiles.items[1].text, "small");
	assert_int_equal(d->profiles.items[1].at.column, 21);
	assert_int_equal(d->state, STATE_RUNNING);
	assert_int_equal(d->state_at.line, 5);
	assert_true(d->restart_allowed);
	assert_true(d->paused.given);
	assert_int_equal(d->paused.until, 1796119200);
	assert_string_equal(d->paused.reason, "disk");
	assert_int_equal(d->paused.at.line, 7);
	assert_int_equal(d->hosts.n, 2);
	assert_string_equal(d->hosts.items[1].text, "!web9");
	assert_string_equal(d->source.template, "busybox");
	assert_string_equal(d->source.config, "/etc/lxc/base.conf");
	assert_int_equal(d->source.options.n, 2);
	assert_string_equal(d->source.options.items[0].name, "auth-key");
	assert_string_equal(d->source.options.items[0].text, "");
	/* Sorted, registry's names, empty values dropped. */
	assert_int_equal(d->config.n, 2);
	assert_string_equal(d->config.items[0].name, "limits.cpu");
	assert_ptr_equal(d->config.items[0].name, d->config.items[0].key->name);
	assert_int_equal(d->config.items[0].at.line, 15);
	assert_int_equal(d->config.items[0].value_at.column, 15);
	assert_string_equal(d->config.items[1].text, "256MiB");
	assert_int_equal(d->devices.n, 1);
	assert_string_equal(d->devices.items[0].type->name, "none");
	unload(&l);
}

static void absent_differs_from_empty(void **state)
{
	static const struct {
		const char *line;
		bool given;
	} cases[] = {
	    {"",               false},
            {"profiles:\n",    false},
            {"profiles: []\n", true }
        };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[64];
		struct loaded l;

		snprintf(text, sizeof(text), "kind: instance\nname: a\n%s", cases[i].line);
		l = load("a.yaml", text);
		assert_string_equal(l.findings, "");
		assert_int_equal(l.manifest->documents[0].profiles_given, cases[i].given);
		assert_int_equal(l.manifest->documents[0].profiles.n, 0);
		assert_int_equal(l.manifest->documents[0].state, STATE_AS_IT_IS);
		assert_null(l.manifest->documents[0].source.at.source);
		unload(&l);
	}
}

/* What is read from PATH: "KIND NAME", or "" when nothing is. */
static void kinds_and_names_are_found(void **state)
{
	static const struct {
		const char *path, *text, *document;
	} cases[] = {
	    {"x.yaml",			     "{kind: instance, name: a}",                               "instance a"    },
	    {"x.yaml",			     "{kind: profile, name: a b}",                              "profile a b"   },
	    {"x.yaml",			     "{kind: network, name: br0}",                              "network br0"   },
	    {"x.yaml",			     "{kind: storage-pool, name: p, driver: dir}",              "storage-pool p"},
	    {"x.yaml",			     "{kind: preseed, config: {}}",                             "preseed x"     },
	    {"x.json",			     "{\"kind\": \"instance\"}",                                "instance x"    },
	    {"x.yml",			      "kind: instance",					  "instance x"    },
 /* The folder, the nearest one. */
	    {"instances/x.yaml",                   "config: {}",                                              "instance x"    },
	    {"profiles/x.yaml",                    "config: {}",					      "profile x"     },
	    {"/etc/evenkeel/profiles/team/x.yaml", "config: {}",                                              "profile x"     },
	    {"profiles/instances/x.yaml",          "config: {}",                                              "instance x"    },
	    {"networks/br0.yaml",                  "config: {}",                                              "network br0"   },
	    {"storage-pools/p.yaml",               "driver: dir",                                             "storage-pool p"},
	    {"profiles.yaml",                      "name: a",						 ""              },
	    {"myprofiles/x.yaml",                  "name: a",						 ""              },
	    {"profiles/x.yaml",                    "kind: instance",                                          "instance x"    },
 /* The shape. */
	    {"x.yaml",			     "{name: x, architecture: x86_64}",                         "instance x"    },
	    {"x.yaml",			     "{name: x, profiles: [a]}",                                "instance x"    },
	    {"x.yaml",			     "{name: x, state: running}",                               "instance x"    },
	    {"x.yaml",			     "{name: x, used_by: []}",                                  "profile x"     },
	    {"x.yaml",			     "{name: x, driver: dir, used_by: []}",                     "storage-pool x"},
	    {"br0.yaml",			   "{name: br0, managed: true, type: bridge, used_by: []}",   "network br0"   },
	    {"br0.yaml",			   "{name: br0, type: bridge, config: {}}",                   "network br0"   },
	    {"br0.yaml",			   "{name: br0, type: bridge, config: {}, state: absent}",    "network br0"   },
	    {"x.yaml",			     "{name: x, type: container, config: {}, state: absent}",   "instance x"    },
	    {"x.yaml",			     "{profiles: [{name: default}]}",                           "preseed x"     },
	    {"x.yaml",			     "{storage_pools: []}",                                     "preseed x"     },
	    {"x.yaml",			     "{name: x, config: {}}",                                   ""              },
	    {"x.yaml",			     "{foo: bar}",					      ""              },
	    {"x.yaml",			     "[a, b]",						  ""              },
	    {"x.yaml",			     "just text",					       ""              },
	    {"x.yaml",			     "",							""              },
	    {"-",				  "kind: instance",					  ""              },
	    {"-",				  "{kind: instance, name: a}",                               "instance a"    },
 /* Somebody else's. */
	    {"x.yaml",			     "{architecture: x86_64, type: virtual-machine, bogus: 1}", ""              },
	    {"x.yaml",			     "{architecture: x86_64, type: container}",                 "instance x"    },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct loaded l = load(cases[i].path, cases[i].text);
		char document[128] = "";

		if (l.manifest->n)
			snprintf(document, sizeof(document), "%s %s",
				 kind_name(l.manifest->documents[0].kind),
				 l.manifest->documents[0].name);
		if (strcmp(document, cases[i].document) != 0)
			print_error("%s: %s\n%s", cases[i].path, cases[i].text, l.findings);
		assert_string_equal(document, cases[i].document);
		unload(&l);
	}
}

static void several_documents_in_a_file(void **state)
{
	struct loaded l = load("all.yaml", "---\nkind: profile\nname: small\n---\n---\n"
					   "kind: instance\nname: a\nconifg: {}\n---\n"
					   "kind: instance\nname: b\n---\nkind: instance\n");

	(void)state;
	assert_string_equal(
	    l.findings,
	    "8:1 error: unknown field 'conifg' of the instance [did you mean config?]\n"
	    "13:1 error: the instance has no name [add name: NAME; the file's name serves only "
	    "where it holds one document]\n");
	assert_int_equal(l.manifest->n, 3);
	assert_false(l.manifest->documents[0].broken);
	assert_true(l.manifest->documents[1].broken);
	assert_string_equal(l.manifest->documents[1].name, "a");
	assert_false(l.manifest->documents[2].broken);
	unload(&l);
}

/* What lxc config show and lxc profile show print, with what an author would not write. */
static void exports_pass_as_they_are(void **state)
{
	struct loaded l = load("backup/c1.yaml",
			       "### This is a YAML representation\n"
			       "architecture: x86_64\n"
			       "config:\n"
			       "  image.os: Debian\n"
			       "  image.requirements.cgroup: v1\n"
			       "  limits.memory: 1GiB\n"
			       "  volatile.eth0.hwaddr: 00:16:3e:11:22:33\n"
			       "  volatile.idmap.base: \"0\"\n"
			       "  volatile.last_state.idmap: '[{\"Isuid\":true,\"Hostid\":1000}]'\n"
			       "devices:\n"
			       "  root:\n"
			       "    path: /\n"
			       "    pool: default\n"
			       "    type: disk\n"
			       "ephemeral: false\n"
			       "profiles:\n- default\n"
			       "stateful: false\n"
			       "status: Running\n"
			       "state: {pid: 1}\n"
			       "expanded_config: {a: b}\n"
			       "frobnicated: 5\n"
			       "description: \"\"\n");
	const struct document *d = &l.manifest->documents[0];

	(void)state;
	assert_string_equal(
	    l.findings,
	    "4:3 notice: ignored, as not ours: image.os, image.requirements.cgroup, "
	    "volatile.eth0.hwaddr, volatile.idmap.base, volatile.last_state.idmap, pool\n"
	    "22:1 warning: unknown field 'frobnicated' of the export: ignored\n");
	assert_int_equal(l.manifest->n, 1);
	assert_string_equal(d->name, "c1");
	assert_true(d->foreign);
	assert_false(d->broken);
	assert_int_equal(d->state, STATE_AS_IT_IS);
	assert_int_equal(d->config.n, 6);
	unload(&l);

	l = load("profiles/default.yaml", "config: {}\ndescription: Default\ndevices: {}\n"
					  "name: default\nused_by:\n- /1.0/instances/c1\n");
	assert_string_equal(l.findings, "");
	assert_true(l.manifest->documents[0].foreign);
	unload(&l);
}

static void files_findings(void **state)
{
	static const struct finding_case cases[] = {
	    {"name: c2\narchitecture: x86_64\n",
	     "1:7 error: the name 'c2' is not that of the file, 'c1' [rename the file, or add "
	     "kind: instance to keep both]\n"													},
	    {"name: c1\narchitecture: x86_64\n",                                      ""							     },
	    {"kind: instance\nname: c2\narchitecture: x86_64\n",                      ""                                                             },
	    {"kind: instance\nbogus: 1\narchitecture: x86_64\n",
	     "2:1 error: unknown field 'bogus' of the instance\n"										    },
	    {"architecture: x86_64\ntype: virtual-machine\nconfig: {raw.qemu: x}\n",
	     "1:1 notice: a virtual machine: not ours, left alone\n"										 },
	    {"kind: instance\ntype: lxc\n",
	     "2:7 error: unknown type of instance 'lxc' [it is container]\n"                                                                         },
	    {"foo: bar\n",							    "1:1 warning: not a manifest [if it is meant to be one, add kind: "
			   "instance, profile, network, storage-pool or preseed]\n"                                        },
	    {"name: a\nconfig: {}\n",
	     "1:1 warning: not a manifest [add kind: instance, or kind: profile]\n"                                                                  },
	    {"- a\n",								 "1:1 warning: not a manifest [if it is meant to be one, add kind: "
		      "instance, profile, network, storage-pool or preseed]\n"                                                  },
	    {"kind: instnace\n",						      "1:7 error: unknown kind 'instnace' [did you mean instance?]\n"},
	    {"kind: pod\n",							   "1:7 error: unknown kind 'pod' [it is instance, profile, network, "
			    "storage-pool or preseed]\n"								  },
	    {"kind: [a]\n",							   "1:7 error: kind must be a text, not a list\n"                 },
	    {"kind: network\nname: br0\nconfig: {ipv4.address: auto}\n",
	     "3:24 notice: ipv4.address: evenkeel picks no subnet [write the address that the "
	     "bridge shall "
	     "have, or none]\n"														      },
	    {"kind: network\nname: br0\ntype: brigde\nconfig: {ipv4.adress: auto}\n",
	     "3:7 error: unknown type of network 'brigde' [did you mean bridge?]\n"
	     "4:10 error: unknown key 'ipv4.adress' [did you mean ipv4.address?]\n"                                                                  },
	    {"kind: storage-pool\nname: p\n",
	     "1:1 error: the storage pool has no driver [add driver: dir, btrfs, ...]\n"
	     "1:1 notice: not yet supported: validated only: storage pools\n"                                                                        },
	    {"kind: storage-pool\nname: p\ndriver: zsf\nconfig: {siez: 1GiB}\n",
	     "1:1 notice: not yet supported: validated only: storage pools\n"
	     "3:9 error: unknown storage driver 'zsf' [did you mean zfs?]\n"
	     "4:10 error: unknown key 'siez' [did you mean size?]\n"										 },
	};

	(void)state;
	check_findings("c1.yaml", "", cases, COUNT(cases));
}

static void fields_findings(void **state)
{
	static const struct finding_case cases[] = {
	    {"kind: instance\n",				      "2:1 error: 'kind' is given twice [the first is in line 1]\n"    },
	    {"name: -a\n",					    "2:7 error: the name of the instance must begin with a letter or a "
			   "digit: '-a'\n"								   },
	    {"name: a/b\n",					   "2:7 error: the name of the instance may hold letters, digits, '-', "
			    "'_' and '.' only: 'a/b'\n"                                                     },
	    {"name: [a]\n",					   "2:7 error: name must be a text, not a list\n"                   },
	    {"name: a_b\n",
	     "2:7 warning: the name 'a_b' would be refused by LXD and Incus: they allow "
	     "letters, digits and '-'\n"											       },
	    {"name: '123'\n",					 "2:7 warning: the name '123' would be refused by LXD and Incus: "
			      "it is a number\n"							  },
	    {"state: runing\n",				       "2:8 error: unknown state 'runing' [did you mean running?]\n"    },
	    {"state: on\n",
	     "2:8 error: unknown state 'on' [it is running, stopped, frozen or absent]\n"                                              },
	    {"state: {a: b}\n",				       "2:8 error: state must be a text, not a mapping\n"               },
	    {"restart: yes\n",
	     "2:10 error: unknown word for restart 'yes' [it is never or allowed]\n"                                                   },
	    {"restart: never\n",				      ""							       },
	    {"paused: yes\n",					 ""							       },
	    {"paused: false\n",				       ""							       },
	    {"paused:\n",					     ""							       },
	    {"paused: {until: 2026-12-01T10:00:00Z, reason: disk}\n", ""                                                               },
	    {"paused: {reason: disk, until: ''}\n",                   ""							       },
	    {"paused: maybe\n",
	     "2:9 error: 'maybe' is neither true nor false [write true, false or {until: "
	     "2026-12-01, reason: "
	     "TEXT}]\n"														},
	    {"paused: 2026-12-01\n",
	     "2:9 error: paused is true, false, or says until when [write paused: {until: "
	     "2026-12-01}]\n"													  },
	    {"paused: [a]\n",					 "2:9 error: paused must be a text, not a list\n"                 },
	    {"paused: {}\n",
	     "2:9 error: paused says neither until nor reason [write paused: true to pause it "
	     "without an end]\n"												       },
	    {"paused: {until: 2026-02-30}\n",
	     "2:17 error: '2026-02-30' is not a point in time [write 2026-12-01T10:00:00Z, "
	     "2026-12-01T10:00:00+02:00 or 2026-12-01]\n"									      },
	    {"paused: {untl: 2026-02-03}\n",
	     "2:10 error: unknown field 'untl' of paused [did you mean until?]\n"                                                      },
	    {"paused: {for: 2h}\n",
	     "2:10 error: unknown field 'for' of paused [it has until and reason]\n"                                                   },
	    {"paused: {reason: [a]}\n",                               "2:18 error: reason must be a text, not a list\n"                },
	    {"hosts: web1\n",					 "2:8 error: hosts must be a list, not a text [write [ONE, OTHER], "
			      "or one '- ITEM' a line]\n"                                                 },
	    {"hosts: ['', '!']\n",
	     "2:9 error: an empty pattern of hosts [write \"web*\", or \"!web9\" for all but "
	     "one]\n"
	     "2:13 error: an empty pattern of hosts [write \"web*\", or \"!web9\" for all but "
	     "one]\n"														  },
	    {"profiles: default\n",                                   "2:11 error: profiles must be a list, not a text [write "
				    "[ONE, OTHER], or one '- ITEM' a line]\n"                       },
	    {"profiles: [a, b, a]\n",                                 "2:18 error: profile 'a' is listed twice\n"                      },
	    {"profiles: [a/b]\n",				     "2:12 error: the name of a profile holds a '/': 'a/b'\n"         },
	    {"profiles: [[a]]\n",				     "2:12 error: profiles must be a text, not a list\n"              },
	    {"profile: [a]\n",
	     "2:1 error: unknown field 'profile' of the instance [did you mean profiles?]\n"                                           },
	    {"used_by: []\n",					 "2:1 error: unknown field 'used_by' of the instance [it is a "
			      "field of kind: profile]\n"                                                 },
	    {"config: []\n",					  "2:9 error: config must be a mapping, not a list [write one 'key: "
			     "value' a line, indented]\n"                                                  },
	    {"config:\ndevices:\n",                                   ""							       },
	    {"description: [a]\n",				    "2:14 error: description must be a text, not a list\n"           },
	    {"source: {}\n",					  "2:9 error: source says neither template nor config [write "
			     "source: {template: NAME}]\n"                                                 },
	    {"source: busybox\n",
	     "2:9 error: source must be a mapping, not a text [write one 'key: value' a line, "
	     "indented]\n"													     },
	    {"source: {type: image, alias: a}\n",
	     "2:10 error: unknown field 'type' of source [containers are made from a template: "
	     "images are not yet supported]\n"
	     "2:23 error: unknown field 'alias' of source [containers are made from a "
	     "template: images are not yet supported]\n"									       },
	    {"source: {templat: a}\n",
	     "2:10 error: unknown field 'templat' of source [did you mean template?]\n"                                                },
	    {"source: {template: ../x}\n",                            "2:20 error: the name of a template may hold "
					   "letters, digits, '-', '_' and '.' only: '../x'\n"},
	    {"source: {template: a, options: {-r: x}}\n",
	     "2:33 error: the name of a template's option must begin with a letter or a digit: "
	     "'-r'\n"														  },
	    {"source: {config: /a, options: {r: x}}\n",               "2:32 error: options without a template\n"                       },
	    {"source: {config: a/b}\n",
	     "2:18 error: 'a/b' is not an absolute path [write it from / on]\n"                                                        },
	};

	(void)state;
	check_findings("c1.yaml", "kind: instance\n", cases, COUNT(cases));
}

/* Whatever else there were to say of a text with control characters: it is said once. */
static void control_characters_are_refused_once(void **state)
{
	static const char *const cases[] = {
	    "name: \"w\\a\"\n",
	    "description: \"d\\a\"\n",
	    "profiles: [\"p\\a\"]\n",
	    "state: \"r\\a\"\n",
	    "restart: \"r\\a\"\n",
	    "paused: \"p\\a\"\n",
	    "paused: {reason: \"p\\a\"}\n",
	    "paused: {until: \"p\\a\"}\n",
	    "paused: {\"p\\a\": x}\n",
	    "hosts: [\"h\\a\"]\n",
	    "type: \"t\\a\"\n",
	    "\"f\\a\": 1\n",
	    "source: {template: \"t\\a\"}\n",
	    "source: {\"t\\a\": x}\n",
	    "source: {config: \"/c\\a\"}\n",
	    "source: {template: t, options: {\"o\\a\": x}}\n",
	    "source: {template: t, options: {o: \"x\\a\"}}\n",
	    "config: {\"u\\a\": x}\n",
	    "config: {user.u: \"x\\a\"}\n",
	    "config: {limits.memory: \"64\\a\"}\n",
	    "config: {limits.memory.enforce: \"hard\\a\"}\n",
	    "config: {snapshots.schedule: \"x\\a\"}\n",
	    "config: {raw.lxc: \"x\\a\"}\n",
	    "devices: {\"d\\a\": {type: nic}}\n",
	    "devices: {d: {type: \"nic\\a\"}}\n",
	    "devices: {d: {type: disk, source: /s, path: \"/p\\a\"}}\n",
	    "devices: {d: {type: disk, source: \"/s\\a\", path: /p}}\n",
	    "devices: {d: {type: disk, source: /s, \"path\\a\": /p}}\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena *a = arena_new();
		const char *text = arena_printf(a, "kind: instance\n%s", cases[i]);
		struct manifest_hints hints = {0};
		struct diagnostics ds;
		struct manifest *m;

		diagnostics_init(&ds, a);
		m = manifest_from_bytes("c1.yaml", text, strlen(text), hints, &ds);
		if (ds.errors != 1)
			fail_msg("%s: %zu errors", cases[i], ds.errors);
		assert_non_null(strstr(ds.items[0].message, "an escaped control character"));
		for (size_t k = 0; k < m->n; k++)
			assert_true(m->documents[k].broken);
		manifest_free(m);
		arena_free(a);
	}
}

/* A value that may not have line breaks is refused wherever it comes from. */
static void line_breaks_in_options_are_refused(void **state)
{
	struct loaded l =
	    load("a.yaml", "kind: instance\nsource: {template: a, options: {r: \"x\\ny\"}}\n");

	(void)state;
	assert_int_equal(l.ds.errors, 1);
	assert_true(l.manifest->documents[0].broken);
	unload(&l);
}

/* The name of what was cut off is known, and nothing is said that stands behind the cut. */
static void a_cut_document_keeps_its_name(void **state)
{
	struct loaded l = load("x.yaml", "kind: instance\nname: web1\nbogus: 1\n"
					 "config:\n  a: b: c\n");

	(void)state;
	assert_int_equal(l.ds.errors, 1);
	assert_int_equal(l.manifest->n, 1);
	assert_string_equal(l.manifest->documents[0].name, "web1");
	assert_true(l.manifest->documents[0].broken);
	unload(&l);

	l = load("profiles/small.yaml", "config:\n\ta: b\n");
	assert_int_equal(l.ds.n, 1);
	assert_int_equal(l.manifest->n, 1);
	assert_string_equal(l.manifest->documents[0].name, "small");
	assert_true(l.manifest->documents[0].broken);
	unload(&l);

	l = load("x.yaml", "a: b: c\n");
	assert_int_equal(l.manifest->n, 0);
	unload(&l);
}

/* A document that ended well is whole, whatever comes behind it. */
static void what_comes_behind_breaks_nobody(void **state)
{
	struct loaded l =
	    load("x.yaml", "kind: instance\nname: web1\nbogus: 1\n---\nkind: instance\nname: w\n"
			   "---\na: b: c\n");

	(void)state;
	assert_int_equal(l.ds.errors, 2);
	assert_int_equal(l.manifest->n, 2);
	assert_true(l.manifest->documents[0].broken);
	assert_false(l.manifest->documents[1].broken);
	unload(&l);
}

static void a_byte_order_mark_shifts_nothing(void **state)
{
	struct loaded l = load("x.yaml", "\xef\xbb\xbfkind: instnace\n");

	(void)state;
	assert_string_equal(l.findings,
			    "1:7 error: unknown kind 'instnace' [did you mean instance?]\n");
	assert_int_equal(l.manifest->source.text[0], 'k');
	unload(&l);
}

static void empty_files_say_nothing(void **state)
{
	static const char *const texts[] = {"",      "\n\n",       "# a comment\n",
					    "---\n", "---\n...\n", "--- ~\n"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct loaded l = load("instances/x.yaml", texts[i]);

		assert_string_equal(l.findings, "");
		assert_int_equal(l.manifest->n, 0);
		unload(&l);
	}
	manifest_free(NULL);
}

static void words_of_the_enums(void **state)
{
	(void)state;
	assert_string_equal(kind_name(KIND_POOL), "storage-pool");
	assert_string_equal(kind_name(KIND_PRESEED), "preseed");
	assert_string_equal(state_name(STATE_FROZEN), "frozen");
}

/* A file that is wrong from end to end is not read to its end, and takes nobody's time. */
static void findings_are_bounded(void **state)
{
	static const struct {
		const char *before, *line, *most;
		size_t documents;
	} cases[] = {
	    {"kind: instance\nconfig:\n",  "  environment.1A%zu: x\n",
	     "more than 100 findings in this file: the rest of it was not looked at",                                     1  },
	    {"kind: instance\ndevices:\n", "  d%zu: {type: disc}\n",
	     "more than 100 findings in this file: the rest of it was not looked at",                                     1  },
	    {"kind: instance\nconfig:\n",  "  a: %zu\n",                              "more than 100 errors in one file", 1  },
	    {"",			   "---\nkind: instance\nname: a%zu\nb: 1\n",
	     "more than 100 findings in this file: the rest of it was not looked at",                                     500},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);
		struct loaded l;

		assert_non_null(out);
		fputs(cases[i].before, out);
		for (size_t j = 0; j < 500; j++) {
			const char *hole = strstr(cases[i].line, "%zu");

			fprintf(out, "%.*s%zu%s", (int)(hole - cases[i].line), cases[i].line, j,
				hole + 3);
		}
		fclose(out);
		l = load_bytes("x.yaml", text, size);
		assert_int_equal(l.ds.errors,
				 cases[i].before[0] && strstr(cases[i].line, "a: ") ? 102 : 101);
		assert_string_equal(l.ds.items[0].message, cases[i].most);
		assert_int_equal(l.ds.items[0].place.line, 0);
		assert_int_equal(l.manifest->n, cases[i].documents);
		for (size_t j = 0; j < l.manifest->n; j++)
			assert_true(l.manifest->documents[j].broken);
		unload(&l);
		free(text);
	}
}

/* No text of a manifest stays in a finding raw. */
static void findings_are_escaped(void **state)
{
	struct loaded l = load("x.yaml", "kind: instance\n\"a\\tb\": 1\nconfig: {\"c\\nd\": 1}\n"
					 "devices: {\"e\\tf\": {type: \"g\\th\"}}\n");

	(void)state;
	assert_true(l.ds.errors >= 4);
	assert_null(strchr(l.findings, '\t'));
	for (size_t i = 0; i < l.ds.n; i++)
		assert_null(strchr(l.ds.items[i].message, '\n'));
	unload(&l);
}

#ifndef EVENKEEL_DEBUG_ARENA
static void memory_stays_small(void **state)
{
	struct loaded l =
	    load("instances/web1.yaml",
		 "kind: instance\nname: web1\ndescription: front end\nprofiles: [default, small]\n"
		 "state: running\nconfig:\n  limits.memory: 256MiB\n  limits.cpu: 2\n"
		 "  limits.cpu.allowance: 25ms/200ms\n  user.owner: team1\n");

	(void)state;
	assert_string_equal(l.findings, "");
	assert_true(arena_size(l.manifest->arena) <= 2048);
	unload(&l);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_whole_instance_is_read),
	    cmocka_unit_test(absent_differs_from_empty),
	    cmocka_unit_test(kinds_and_names_are_found),
	    cmocka_unit_test(several_documents_in_a_file),
	    cmocka_unit_test(exports_pass_as_they_are),
	    cmocka_unit_test(files_findings),
	    cmocka_unit_test(fields_findings),
	    cmocka_unit_test(control_characters_are_refused_once),
	    cmocka_unit_test(line_breaks_in_options_are_refused),
	    cmocka_unit_test(a_cut_document_keeps_its_name),
	    cmocka_unit_test(what_comes_behind_breaks_nobody),
	    cmocka_unit_test(a_byte_order_mark_shifts_nothing),
	    cmocka_unit_test(empty_files_say_nothing),
	    cmocka_unit_test(words_of_the_enums),
	    cmocka_unit_test(findings_are_bounded),
	    cmocka_unit_test(findings_are_escaped),
#ifndef EVENKEEL_DEBUG_ARENA
	    cmocka_unit_test(memory_stays_small),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
