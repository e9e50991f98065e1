#include "tests/schema/refusals.h"

static void addresses(void **state)
{
	static const struct refusal wrong4[] = {
	    {"10.0.0",      0, "'10.0.0' is not an IPv4 address", "write one like 10.0.0.2"                                        },
	    {"10.0.0.256",  0, NULL,                              NULL							     },
	    {"010.0.0.1",   0, NULL,                              NULL							     },
	    {"10.0.0.1/24", 0, NULL,                              "write it without a prefix, like 10.0.0.2"                       },
	    {"fd42::1",     0, NULL,                              "that is an address of the other family; write one like 10.0.0.2"},
	    {" 10.0.0.1",   0, NULL,                              NULL							     },
	    {"none",        0, NULL,			      NULL							     },
	};
	static const struct refusal wrong6[] = {
	    {"10.0.0.1",								 0, NULL,				  NULL                    },
	    {"fd42::1::2",							       0, "'fd42::1::2' is not an IPv6 address", "write one like fd42::2"},
	    {"fe80::1%eth0",							     0, NULL,                                  NULL                    },
	    {"fd42:0000000000000000000000000000000000000000000000000000000000000000::1", 0, NULL,
	     NULL																	  },
	};
	struct arena *a = arena_new();

	(void)state;
	assert_string_equal(accepted(&grammar_address4, "10.0.0.1", a).text, "10.0.0.1");
	assert_string_equal(accepted(&grammar_address6, "FD42:0::0:1", a).text, "fd42::1");
	refuses(&grammar_address4, wrong4, LENGTH(wrong4));
	refuses(&grammar_address6, wrong6, LENGTH(wrong6));
	arena_free(a);
}

static void networks(void **state)
{
	static const struct refusal wrong4[] = {
	    {"10.0.0.1",              0,  "'10.0.0.1' is not an IPv4 address with a prefix",
	     "did you mean 10.0.0.1/32?"										 },
	    {"10.0.0.0/33",           0,  NULL,					      "write one like 10.0.0.0/24"},
	    {"10.0.0.0/",             0,  NULL,					      NULL                        },
	    {"10.0.0.0/-1",           0,  NULL,					      NULL                        },
	    {"10.0.0.0/24,",          12, "'' is not an IPv4 address with a prefix",         NULL                        },
	    {"10.0.0.0/24,fd42::/64", 12, NULL,
	     "that is an address of the other family; write one like 10.0.0.0/24"                                        },
	    {", ,",                   0,  NULL,					      NULL                        },
	};
	struct arena *a = arena_new();
	struct value v;

	(void)state;
	v = accepted(&grammar_cidr4_list, "10.0.0.0/24 , 192.0.2.7/032,0.0.0.0/0", a);
	assert_int_equal(v.list.n, 3);
	assert_string_equal(v.list.items[0], "10.0.0.0/24");
	assert_string_equal(v.list.items[1], "192.0.2.7/32");
	assert_string_equal(v.list.items[2], "0.0.0.0/0");
	v = accepted(&grammar_cidr6_list, "FD42::/64", a);
	assert_int_equal(v.list.n, 1);
	assert_string_equal(v.list.items[0], "fd42::/64");
	refuses(&grammar_cidr4_list, wrong4, LENGTH(wrong4));
	refuses(&grammar_cidr6_list,
		&(struct refusal){"fd42::1", 0, NULL, "did you mean fd42::1/128?"}, 1);
	refuses(&grammar_cidr6_list, &(struct refusal){"fd42::/129", 0, NULL, NULL}, 1);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(addresses),
	    cmocka_unit_test(networks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
