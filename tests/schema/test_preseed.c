/* schema/preseed, through manifests. */
#include "tests/schema/findings.h"

#define NOTICE "1:1 notice: not yet supported: validated only: a preseed\n"

static void a_dump_is_fine(void **state)
{
	static const struct finding_case cases[] = {
	    {"config:\n  core.https_address: '[::]:8443'\n  images.auto_update_interval: 15\n"
	     "networks:\n- config:\n    ipv4.address: auto\n    ipv6.address: none\n"
	     "  description: ''\n  name: lxdbr0\n  type: bridge\n  project: default\n"
	     "storage_pools:\n- config: {size: 10GiB}\n  name: default\n  driver: btrfs\n"
	     "profiles:\n- config: {limits.memory: 1GiB}\n  description: x\n  devices:\n"
	     "    eth0: {name: eth0, network: lxdbr0, type: nic}\n"
	     "    root: {path: /, pool: default, type: disk}\n  name: default\n"
	     "projects:\n- {name: p, description: '', config: {features.images: 'true'}}\n"
	     "cluster: null\n",			  NOTICE},
	    {"kind: preseed\n",				       NOTICE},
	    {"storage_pools: []\nnetworks: []\nprofiles: []\n",       NOTICE},
	    {"cluster: {enabled: true, server_name: a, member_config: [{entity: storage-pool, "
	     "name: local, key: source, value: ''}]}\n", NOTICE},
	};

	(void)state;
	check_findings("preseed.yaml", "", cases, COUNT(cases));
}

static void it_is_strict_at_every_level(void **state)
{
	static const struct finding_case cases[] = {
	    {"profles: []\n",						 "2:1 error: unknown field 'profles' of the preseed [did you mean "
			      "profiles?]\n"						 },
	    {"networks: {}\n",						"2:11 error: networks must be a list, not a mapping [write [ONE, "
			       "OTHER], or one '- ITEM' a line]\n"                          },
	    {"config: [a]\n",						 "2:9 error: config must be a mapping, not a list [write one "
			      "'key: value' a line, indented]\n"                             },
	    {"config: {a: [b]}\n",					    "2:13 error: a must be a text, not a list\n"},
	    {"profiles: [{config: {}}]\n",
	     "2:12 error: the profile has no name [add name: NAME]\n"                                                     },
	    {"profiles: [{name: a, used_by: []}]\n",
	     "2:22 error: unknown field 'used_by' of the profile\n"                                                       },
	    {"profiles: [{name: a, config: {limits.memry: 1GiB}}]\n",
	     "2:31 error: unknown key 'limits.memry' [did you mean limits.memory?]\n"                                     },
	    {"profiles: [{name: a}, {name: b}, {name: a}]\n",
	     "2:41 error: 'a' is twice in profiles\n"								     },
	    {"profiles: [a]\n",					       "2:12 error: profiles must be a mapping, not a text [write one "
				"'key: value' a line, indented]\n"                         },
	    {"storage_pools: [{name: p}]\n",
	     "2:17 error: the storage pool has no driver [add driver: dir, btrfs, ...]\n"                                 },
	    {"projects: [{nam: p}]\n",
	     "2:13 error: unknown field 'nam' of projects [did you mean name?]\n"                                         },
	    {"cluster: {member_config: [{entty: x}]}\n",
	     "2:28 error: unknown field 'entty' of member_config [did you mean entity?]\n"                                },
	    {"certificates: [{projects: x}]\n",
	     "2:27 error: projects must be a list, not a text [write [ONE, OTHER], or one '- "
	     "ITEM' a line]\n"											    },
	    {"storage_volumes: [{name: v, pool: p, config: {size: 1GiB}}]\n", ""                                          },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct finding_case with = cases[i];
		char findings[512];

		snprintf(findings, sizeof(findings), NOTICE "%s", cases[i].findings);
		with.findings = findings;
		check_findings("p.yaml", "kind: preseed\n", &with, 1);
	}
}

/* What a preseed holds is no document of the directory. */
static void its_profiles_stay_inside(void **state)
{
	struct loaded l = load("p.yaml", "profiles: [{name: default, config: {limits.cpu: x}}]\n");

	(void)state;
	assert_int_equal(l.manifest->n, 1);
	assert_int_equal(l.manifest->documents[0].kind, KIND_PRESEED);
	assert_true(l.manifest->documents[0].broken);
	unload(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_dump_is_fine),
	    cmocka_unit_test(it_is_strict_at_every_level),
	    cmocka_unit_test(its_profiles_stay_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
