/* schema/value_same: two texts, one meaning. */
#include "schema/keys.h"
#include "schema/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void texts_are_compared_by_meaning(void **state)
{
	static const struct {
		const struct grammar *grammar;
		const char *text, *other;
		bool same;
	} rows[] = {
	    {&grammar_bit_rate,   "1Mbit",                   "1000kbit",               true },
	    {&grammar_bit_rate,   "1Mbit",                   "1Mibit",                 false},
	    {&grammar_bits,       "1000",                    "1kbit",                  true },
	    {&grammar_mac,        "00:16:3E:AB:CD:EF",       "00:16:3e:ab:cd:ef",      true },
	    {&grammar_mac,        "00:16:3e:ab:cd:ef",       "00:16:3e:ab:cd:ee",      false},
	    {&grammar_size,       "1GiB",                    "1024MiB",                true },
	    {&grammar_mtu,        "1500",                    "01500",                  true },
	    {&grammar_bool,       "yes",                     "TRUE",                   true },
	    {&grammar_bool,       "yes",                     "off",                    false},
	    {&grammar_cidr4_list, "10.0.0.0/8, 10.1.0.0/16", "10.0.0.0/8,10.1.0.0/16", true },
	    {&grammar_cidr4_list, "10.0.0.0/8",              "10.0.0.0/8,10.1.0.0/16", false},
	    {&grammar_cidr6_list, "FD42::0/64",              "fd42::/64",              true },
	    {&grammar_path,       "//srv/./x/",              "/srv/x",                 true },
	    {&grammar_text,       "a",                       "a",                      true },
	    {&grammar_text,       "a",                       "A",                      false},
 /* what does not read is the same as itself alone */
	    {&grammar_bit_rate,   "fast",                    "fast",                   true },
	    {&grammar_bit_rate,   "fast",                    "1Mbit",                  false},
	    {&grammar_bit_rate,   "1Mbit",                   "fast",                   false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (value_same(rows[i].grammar, rows[i].text, rows[i].other) != rows[i].same)
			fail_msg("%s: '%s' and '%s'", rows[i].grammar->name, rows[i].text,
				 rows[i].other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(texts_are_compared_by_meaning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
