/* schema/devices, device_rules and nic_rules, through manifests. */
#include "tests/schema/findings.h"

/* The errors alone: what is not carried out yet changes with every driver. */
static void check_errors(const struct finding_case *cases, size_t n)
{
	int failed = 0;

	for (size_t i = 0; i < n; i++) {
		char *text = NULL, found[1024] = "";
		struct loaded l;

		assert_true(asprintf(&text, "kind: instance\ndevices:\n%s", cases[i].text) >= 0);
		l = load("a.yaml", text);
		for (size_t j = 0; j < l.ds.n; j++) {
			const struct diagnostic *d = &l.ds.items[j];
			size_t at = strlen(found);

			if (d->severity == SEVERITY_ERROR)
				snprintf(found + at, sizeof(found) - at, "%u:%u %s\n",
					 d->place.line, d->place.column, d->message);
		}
		if (strcmp(found, cases[i].findings) != 0) {
			print_error("--- text\n%s\n--- expected\n%s--- found\n%s", text,
				    cases[i].findings, found);
			failed++;
		}
		unload(&l);
		free(text);
	}
	assert_int_equal(failed, 0);
}

static void common_rules(void **state)
{
	static const struct finding_case cases[] = {
	    {"  a: {type: none}\n",                            ""						       },
	    {"  a: {type: none, user.x: y}\n",                 ""						       },
	    {"  a: {type: none, path: /x}\n",
	     "3:19 a device of type none has no options but user.*\n"                                                   },
	    {"  a: {type: none, path: }\n",
	     "3:19 a device of type none has no options but user.*\n"                                                   },
	    {"  a: {}\n",				      "3:3 device 'a' has no type\n"                           },
	    {"  a:\n",					 "3:3 device 'a' has no type\n"                           },
	    {"  a: {type: }\n",				"3:13 device 'a' has no type\n"                          },
	    {"  a: {type: [x]}\n",                             "3:13 type must be a text, not a list\n"                 },
	    {"  a: {type: dsik}\n",                            "3:13 unknown type of device 'dsik'\n"                   },
	    {"  a: 5\n",				       "3:6 a must be a mapping, not a text\n"                  },
	    {"  a b: {type: none}\n",
	     "3:3 the name of a device may hold letters, digits and / . - : _ only: 'a b'\n"                            },
	    {"  .a: {type: none}\n",                           "3:3 the name of a device may not begin with '.': '.a'\n"},
	    {"  a/b: {type: none}\n",                          ""						       },
	    {"  a: {type: gpu, pci: 0000:01:00.0, id: 1}\n",
	     "3:18 pci and id exclude each other\n"								     },
	    {"  a: {type: proxy, listen: 'tcp:0.0.0.0:80'}\n", "3:3 proxy 'a' has no connect\n"                         },
	    {"  a: {type: infiniband}\n",                      "3:3 infiniband 'a' has no nictype\n"
					  "3:3 infiniband 'a' has no parent\n" },
	    {"  a: {type: tpm}\n",                             "3:3 tpm 'a' has no path\n"                              },
	    {"  a: {type: usb}\n",                             ""						       },
	    {"  a: {type: unix-hotplug}\n",                    "3:3 unix-hotplug 'a' would match every device\n"        },
	    {"  a: {type: unix-hotplug, vendorid: 1d6b}\n",    ""                                                       },
	};

	(void)state;
	check_errors(cases, COUNT(cases));
}

static void disk_rules(void **state)
{
	static const struct finding_case cases[] = {
	    {"  a: {type: disk, source: /srv, path: /x, limits.read: 10MB}\n",             ""                                      },
	    {"  a: {type: disk, path: /, pool: default, size: 10GiB}\n",                   ""                                      },
	    {"  a: {type: disk, path: /}\n",					       ""                                      },
	    {"  a: {type: disk, path: /, source: /x}\n",
	     "3:28 disk 'a' is the root disk: it has no source\n"								  },
	    {"  a: {type: disk, path: //, recursive: true}\n",
	     "3:29 disk 'a' is the root disk: it cannot be recursive\n"                                                            },
	    {"  a: {type: disk, source: /x}\n",                                            "3:3 disk 'a' has no path\n"            },
	    {"  a: {type: disk, path: /x}\n",					      "3:3 disk 'a' has no source\n"          },
	    {"  a: {type: disk, path: /x, source: srv}\n",                                 "3:37 'srv' is not an absolute path\n"  },
	    {"  a: {type: disk, path: /x, source: vol, pool: p}\n",                        ""                                      },
	    {"  a: {type: disk, path: /x, source: vol, pool: p, shift: true}\n",
	     "3:51 shift and pool exclude each other\n"									    },
	    {"  a: {type: disk, path: /x, source: 'ceph:pool/image'}\n",                   ""                                      },
	    {"  a: {type: disk, path: /x, source: /x, size: 1GiB}\n",
	     "3:41 disk 'a' has a size: only the root disk may\n"								  },
	    {"  a: {type: disk, path: /x, source: /x, required: false, optional: true}\n",
	     "3:41 required and optional exclude each other\n"								     },
	    {"  a: {type: disk, path: /x, source: /x, recursive: 1, readonly: yes}\n",
	     "3:41 disk 'a' is recursive and readonly: the kernel cannot do both\n"                                                },
	    {"  a: {type: disk, path: /x, source: /x, recursive: 1, readonly: no}\n",      ""                                      },
	    {"  a: {type: disk, path: /x, source: /x, limits.max: 10Mbit}\n",
	     "3:55 '10Mbit' is not a disk rate\n"										  },
	    {"  a: {type: disk, path: /x, soruce: /x}\n",
	     "3:29 unknown option 'soruce' of a disk device\n"								     },
	    {"  a: {type: disk, path: /x, source: /1}\n"
	     "  b: {type: disk, path: /x/, source: /2}\n"
	     "  c: {type: disk, path: //x/., source: /2}\n",		  "4:25 disks 'a' and 'b' have the same path\n"
	     "5:25 disks 'b' and 'c' have the same path\n"},
	    {"  a: {type: disk, path: /x, source: /1}\n"
	     "  b: {type: tpm, path: /x}\n",				  ""				      },
	};

	(void)state;
	check_errors(cases, COUNT(cases));
}

static void nic_rules(void **state)
{
	static const struct finding_case cases[] = {
	    {"  a: {type: nic, nictype: bridged, parent: br0, limits.max: 1Mbit}\n",                 ""                                             },
	    {"  a: {type: nic, network: lxdbr0, name: eth0}\n",                                      ""                                             },
	    {"  a: {type: nic, nictype: p2p}\n",						     ""                                             },
	    {"  a: {type: nic}\n",								   "3:3 nic 'a' has neither nictype nor network\n"},
	    {"  a: {type: nic, nictype: bridged}\n",
	     "3:3 nic 'a' has no parent: a bridged nic needs one\n"										 },
	    {"  a: {type: nic, network: n, parent: br0, mtu: 1500, vlan: 5}\n",
	     "3:27 the name of a network must have 2 to 15 characters, as an interface: 'n'\n"
	     "3:30 parent cannot be given beside network\n"
	     "3:43 mtu cannot be given beside network\n"
	     "3:54 vlan cannot be given beside network\n"											   },
	    {"  a: {type: nic, nictype: macvlan, parent: e0, limits.ingress: 1Mbit}\n",
	     "3:48 limits.ingress cannot be had: a macvlan nic has no end on the host\n"                                                            },
	    {"  a: {type: nic, nictype: sriov, parent: e0, limits.egress: 1Mbit}\n",
	     "3:46 limits.egress cannot be had: a sriov nic has no end on the host\n"                                                               },
	    {"  a: {type: nic, nictype: routed, limits.egress: 1Mbit, "
	     "ipv4.host_address: 169.254.0.1}\n",				       ""					     },
	    {"  a: {type: nic, nictype: bridged, parent: br0, ipv4.host_address: 1.2.3.4}\n",
	     "3:49 ipv4.host_address is no option of a bridged nic\n"									       },
	    {"  a: {type: nic, nictype: p2p, parent: br0}\n",
	     "3:32 parent is no option of a p2p nic\n"											      },
	    {"  a: {type: nic, nictype: bridged, parent: br0, host_name: abcdefghijklmnop}\n",
	     "3:60 'abcdefghijklmnop' is not an interface name\n"										   },
	    {"  a: {type: nic, nictype: bridged, parent: br/0}\n",
	     "3:46 'br/0' is not an interface name\n"											       },
	    {"  a: {type: nic, nictype: p2p, name: lo}\n",                                           "3:38 name cannot be 'lo'\n"                   },
	    {"  a: {type: nic, nictype: p2p, mtu: 67}\n",                                            "3:37 '67' is out of range\n"                  },
	    {"  a: {type: nic, nictype: p2p, mtu: 1279}\n",                                          ""                                             },
	    {"  a: {type: nic, nictype: p2p, hwaddr: '00:00:00:00:00:00'}\n",
	     "3:41 the kernel refuses an address of zeros only\n"										   },
	    {"  a: {type: nic, nictype: p2p, limits.max: 7bit}\n",                                   "3:44 '7bit' is too little\n"                  },
	    {"  a: {type: nic, nictype: macvlan, parent: eth0, host_name: v0}\n",
	     "3:50 host_name is no option of a macvlan nic\n"										       },
	    {"  a: {type: nic, nictype: macvlan, parent: eth0, name: eth0}\n",                       ""                                             },
	    {"  a: {type: nic, nictype: bridged, parent: br0, host_name: br0}\n",
	     "3:60 host_name 'br0' is the name of the parent\n"										     },
	    {"  a: {type: nic, network: br0, host_name: br0}\n",
	     "3:43 host_name 'br0' is the name of the parent\n"										     },
	    {"  a: {type: nic, network: br0, mode: l2}\n",
	     "3:32 mode is no option of a nic with a network\n"										     },
	    {"  a: {type: nic, network: br0, limits.max: 1Mbit, host_name: x0}\n",                   ""                                             },
	    {"  a: {type: nic, nictype: ovn, network: ovn0}\n",
	     "3:18 nictype cannot be given beside network\n"											},
 /* buckets and bursts */
	    {"  a: {type: nic, nictype: p2p, limits.max: 1Mbit, limits.max.bucket: 1Mbit}\n",        ""                                             },
	    {"  a: {type: nic, nictype: p2p, limits.ingress: 1Mbit, limits.ingress.bucket: 1Mbit,\n"
	     "    limits.ingress.burst: 2Mbit}\n",				      ""					     },
	    {"  a: {type: nic, nictype: p2p, limits.max.bucket: 1Mbit}\n",
	     "3:32 limits.max.bucket without a limit\n"											     },
	    {"  a: {type: nic, nictype: p2p, limits.egress: 1Mbit, limits.ingress.bucket: 1Mbit}\n",
	     "3:54 limits.ingress.bucket without a limit\n"											 },
	    {"  a: {type: nic, nictype: p2p, limits.max: 1kbit, limits.egress.bucket: 275kbit}\n",
	     "3:73 limits.egress.bucket is too large for its limit\n"									       },
	    {"  a: {type: nic, nictype: p2p, limits.max: 1kbit, limits.max.bucket: 275kbit}\n",
	     "3:70 limits.max.bucket is too large for its limit\n"										  },
	    {"  a: {type: nic, nictype: p2p, limits.max: 1kbit, limits.max.bucket: 274kbit}\n",      ""                                             },
	    {"  a: {type: nic, nictype: p2p, limits.max: 1Mbit, limits.max.burst: 2Mbit}\n",
	     "3:51 limits.max.burst without a bucket\n"											     },
	    {"  a: {type: nic, nictype: p2p, limits.max: 1Mbit, limits.max.burst: 999kbit,\n"
	     "    limits.max.bucket: 10kbit}\n",					"3:69 limits.max.burst is below the limit\n"   },
	    {"  a: {type: nic, nictype: macvlan, parent: eth0, limits.max.bucket: 1Mbit}\n",
	     "3:50 limits.max.bucket without a limit\n"
	     "3:50 limits.max.bucket cannot be had: a macvlan nic has no end on the host\n"                                                         },
	    {"  a: {type: nic, nictype: bridged, parent: br0, limits.ingress: 10MB}\n",
	     "3:67 '10MB' is not a bit rate\n"												      },
	};

	(void)state;
	check_errors(cases, COUNT(cases));
}

static void unix_rules(void **state)
{
	static const struct finding_case cases[] = {
	    {"  a: {type: unix-char, source: /dev/null, path: /x}\n",  ""                                               },
	    {"  a: {type: unix-char, path: /dev/null}\n",              ""                                               },
	    {"  a: {type: unix-char, path: /x, major: 1, minor: 3}\n", ""                                               },
	    {"  a: {type: unix-char, path: /x}\n",
	     "3:30 unix-char 'a' has a source outside of /dev\n"                                                        },
	    {"  a: {type: unix-block, source: /etc/x}\n",
	     "3:33 unix-block 'a' has a source outside of /dev\n"                                                       },
	    {"  a: {type: unix-char, source: /dev/../etc/x}\n",
	     "3:37 '/dev/../etc/x' goes up with ..\n"								   },
	    {"  a: {type: unix-char}\n",                               "3:3 unix-char 'a' has neither source nor path\n"},
	    {"  a: {type: unix-char, path: /dev/x, major: 1}\n",
	     "3:38 unix-char 'a' has a major number and no minor\n"                                                     },
	    {"  a: {type: unix-char, path: /dev/x, minor: 1}\n",
	     "3:38 unix-char 'a' has a minor number and no major\n"                                                     },
	};

	(void)state;
	check_errors(cases, COUNT(cases));
}

static void devices_are_sorted_and_typed(void **state)
{
	struct loaded l = load("a.yaml", "kind: profile\ndevices:\n"
					 "  z: {path: /z, type: disk, source: /z, user.k: v}\n"
					 "  a: {type: none}\n");
	const struct devices *devices = &l.manifest->documents[0].devices;

	(void)state;
	assert_int_equal(l.ds.errors, 0);
	assert_int_equal(devices->n, 2);
	assert_string_equal(devices->items[0].name, "a");
	assert_string_equal(devices->items[1].name, "z");
	assert_string_equal(devices->items[1].type->name, "disk");
	assert_int_equal(devices->items[1].at.line, 3);
	assert_int_equal(devices->items[1].options.n, 3);
	assert_string_equal(devices->items[1].options.items[0].name, "path");
	assert_string_equal(devices->items[1].options.items[2].name, "user.k");
	assert_string_equal(devices->items[1].options.items[2].text, "v");
	unload(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(common_rules),
	    cmocka_unit_test(disk_rules),
	    cmocka_unit_test(nic_rules),
	    cmocka_unit_test(unix_rules),
	    cmocka_unit_test(devices_are_sorted_and_typed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
