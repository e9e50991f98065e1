/* schema/choices: what each of these grammars takes and refuses. */
#include "schema/arena.h"
#include "schema/choices.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const struct grammar *grammar;
	const char *text;
	bool fine;
} cases[] = {
    {&grammar_enforce,         "hard",                     true },
    {&grammar_enforce,         "soft",                     true },
    {&grammar_enforce,         "Soft",                     false},
    {&grammar_enforce,         "none",                     false},
    {&grammar_autostart,       "1",                        true },
    {&grammar_autostart,       "last-state",               true },
    {&grammar_autostart,       "Last-State",               false},
    {&grammar_autostart,       "2",                        false},
    {&grammar_evacuate,        "live-migrate",             true },
    {&grammar_evacuate,        "force-stop",               true },
    {&grammar_evacuate,        "run",                      false},
    {&grammar_selinux_type,    "container_t",              true },
    {&grammar_selinux_type,    "_t",                       false},
    {&grammar_selinux_type,    "container",                false},
    {&grammar_selinux_type,    "a:b_t",                    false},
    {&grammar_base64,          "aGVsbG8=",                 true },
    {&grammar_base64,          "aGVs\nbG8=\n",             true },
    {&grammar_base64,          "aGVsbG8",                  false},
    {&grammar_base64,          "a===",                     false},
    {&grammar_base64,          "aG=s",                     false},
    {&grammar_base64,          "aGV$",                     false},
    {&grammar_nic_addresses4,  "none",                     true },
    {&grammar_nic_addresses4,  "10.0.3.5",                 true },
    {&grammar_nic_addresses4,  "10.0.3.5, 10.0.3.6",       true },
    {&grammar_nic_addresses4,  "10.0.3.5,",                false},
    {&grammar_nic_addresses4,  ",10.0.3.5",                false},
    {&grammar_nic_addresses4,  "10.0.3.5/24",              false},
    {&grammar_nic_addresses4,  "fd42::5",                  false},
    {&grammar_nic_addresses4,  "10.0.3.256",               false},
    {&grammar_nic_addresses6,  "fd42::5",                  true },
    {&grammar_nic_addresses6,  "10.0.3.5",                 false},
    {&grammar_gateway4,        "auto",                     true },
    {&grammar_gateway4,        "10.0.3.1,10.0.3.2",        false},
    {&grammar_gateway6,        "none",                     true },
    {&grammar_gateway6,        "fe80::1",                  true },
    {&grammar_host_address4,   "169.254.0.1",              true },
    {&grammar_host_address4,   "auto",                     false},
    {&grammar_bridge_address4, "10.0.3.1/24",              true },
    {&grammar_bridge_address4, "auto",                     true },
    {&grammar_bridge_address4, "10.0.3.1",                 false},
    {&grammar_bridge_address4, "10.0.3.1/33",              false},
    {&grammar_bridge_address4, "10.0.3.1/",                false},
    {&grammar_bridge_address4, "/24",                      false},
    {&grammar_bridge_address4, "10.0.3.1/24x",             false},
    {&grammar_bridge_address6, "fd42::1/64",               true },
    {&grammar_bridge_address6, "fd42::1/129",              false},
    {&grammar_vlan_list,       "10",                       true },
    {&grammar_vlan_list,       "10,20-29,4094",            true },
    {&grammar_vlan_list,       "29-20",                    false},
    {&grammar_vlan_list,       "4095",                     false},
    {&grammar_vlan_list,       "10,",                      false},
    {&grammar_vlan_list,       "10-",                      false},
    {&grammar_vlan_list,       "-10",                      false},
    {&grammar_vlan_list,       "99999999999999999999",     false},
    {&grammar_infiniband_mac,  "00:11:22:33:44:55:66:77",  true },
    {&grammar_infiniband_mac,  "00:11:22:33:44:55",        false},
    {&grammar_infiniband_mac,  "00-11:22:33:44:55:66:77",  false},
    {&grammar_pci,             "0000:01:00.0",             true },
    {&grammar_pci,             "01:00.0",                  true },
    {&grammar_pci,             "01:00",                    false},
    {&grammar_pci,             "0000:01:00.0/..",          false},
    {&grammar_proxy_address,   "tcp:127.0.0.1:80",         true },
    {&grammar_proxy_address,   "tcp:0.0.0.0:80,8000-8009", true },
    {&grammar_proxy_address,   "udp:[fd42::1]:53",         true },
    {&grammar_proxy_address,   "tcp::80",                  true },
    {&grammar_proxy_address,   "unix:/run/x.sock",         true },
    {&grammar_proxy_address,   "unix:@abstract",           true },
    {&grammar_proxy_address,   "unix:relative",            false},
    {&grammar_proxy_address,   "unix:/",                   false},
    {&grammar_proxy_address,   "tcp:127.0.0.1",            false},
    {&grammar_proxy_address,   "tcp:127.0.0.1:0",          false},
    {&grammar_proxy_address,   "tcp:127.0.0.1:65536",      false},
    {&grammar_proxy_address,   "tcp:fd42::1:53",           false},
    {&grammar_proxy_address,   "sctp:127.0.0.1:80",        false},
    {&grammar_tunnel_protocol, "vxlan",                    true },
    {&grammar_tunnel_protocol, "ipip",                     false},
};

static void words_and_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena *a = arena_new();
		struct complaint why;
		struct value v = {0};
		bool advised;
		int r = value_parse(cases[i].grammar, cases[i].text, a, &v, &why);

		if ((r == 0) != cases[i].fine)
			fail_msg("%s '%s': %s", cases[i].grammar->name, cases[i].text,
				 r == 0 ? "was taken" : why.message);
		/* what to write instead: in the hint, or said already */
		advised = r == 0 || why.hint[0] || strstr(why.message, ": expected ");
		if (r < 0 && (!why.message[0] || !advised || why.offset > strlen(cases[i].text)))
			fail_msg("%s '%s': a poor complaint", cases[i].grammar->name,
				 cases[i].text);
		arena_free(a);
	}
}

static void last_state_is_no(void **state)
{
	struct arena *a = arena_new();
	struct complaint why;
	struct value v;

	(void)state;
	assert_int_equal(value_parse(&grammar_autostart, "yes", a, &v, &why), 0);
	assert_true(v.yes);
	assert_int_equal(value_parse(&grammar_autostart, "last-state", a, &v, &why), 0);
	assert_false(v.yes);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(words_and_addresses),
	    cmocka_unit_test(last_state_is_no),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
