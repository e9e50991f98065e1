/* schema/names: one allow-list for each kind of name. */
#include "schema/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define X63 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

struct name_case {
	const char *(*check)(const char *name);
	const char *name;
	int fine;
};

static void names_are_judged(void **state)
{
	static const struct name_case cases[] = {
	    {name_check_instance,        "web1",                     1},
	    {name_check_instance,        "1a",                       1},
	    {name_check_instance,        "a-b_c.d",                  1},
	    {name_check_instance,        X63,                        1},
	    {name_check_instance,        X63 "x",                    0},
	    {name_check_instance,        "",                         0},
	    {name_check_instance,        "-a",                       0},
	    {name_check_instance,        ".a",                       0},
	    {name_check_instance,        "..",                       0},
	    {name_check_instance,        "_a",                       0},
	    {name_check_instance,        "a/b",                      0},
	    {name_check_instance,        "a b",                      0},
	    {name_check_instance,        "a\n",                      0},
	    {name_check_instance,        "\xc3\xa9",                 0},
	    {name_check_profile,         "default",                  1},
	    {name_check_profile,         "a b ?",                    1},
	    {name_check_profile,         "\xc3\xa9",                 1},
	    {name_check_profile,         X63 "x",                    1},
	    {name_check_profile,         X63 "xx",                   0},
	    {name_check_profile,         "",                         0},
	    {name_check_profile,         "a/b",                      0},
	    {name_check_profile,         ".",                        0},
	    {name_check_profile,         "..",                       0},
	    {name_check_profile,         "-a",                       0},
	    {name_check_profile,         "a\tb",                     0},
	    {name_check_profile,         "a\xc2\x85",                0},
	    {name_check_profile,         "a\x7f",                    0},
	    {name_check_profile,         "a\xff",                    0},
	    {name_check_device,          "eth0",                     1},
	    {name_check_device,          "/dev/x:1-2_3.4",           1},
	    {name_check_device,          "-a",                       1},
	    {name_check_device,          "",                         0},
	    {name_check_device,          ".a",                       0},
	    {name_check_device,          "a b",                      0},
	    {name_check_device,          X63 "x",                    0},
	    {name_check_network,         "lxdbr0",                   1},
	    {name_check_network,         "a",                        0},
	    {name_check_network,         "abcdefghijklmno",          1},
	    {name_check_network,         "abcdefghijklmnop",         0},
	    {name_check_network,         "a..b",                     0},
	    {name_check_network,         "a/b",                      0},
	    {name_check_network,         "-ab",                      0},
	    {name_check_network,         "",                         0},
	    {name_check_pool,            "default",                  1},
	    {name_check_pool,            "a/b",                      0},
	    {name_check_pool,            ".a",                       0},
	    {name_check_pool,            "",                         0},
	    {name_check_pool,            X63 "x",                    0},
	    {name_check_variable,        "PATH",                     1},
	    {name_check_variable,        "_x1",                      1},
	    {name_check_variable,        "1x",                       0},
	    {name_check_variable,        "a=b",                      0},
	    {name_check_variable,        "",                         0},
	    {name_check_sysctl,          "net.ipv4.conf.eth0-1.x_y", 1},
	    {name_check_sysctl,          "net",                      0},
	    {name_check_sysctl,          "net..x",                   0},
	    {name_check_sysctl,          ".net.x",                   0},
	    {name_check_sysctl,          "net.",                     0},
	    {name_check_sysctl,          "net/x.y",                  0},
	    {name_check_sysctl,          "-a.b",                     0},
	    {name_check_sysctl,          "",                         0},
	    {name_check_template,        "busybox",                  1},
	    {name_check_template,        "../x",                     0},
	    {name_check_template,        "/bin/sh",                  0},
	    {name_check_template,        "",                         0},
	    {name_check_template_option, "auth-key",                 1},
	    {name_check_template_option, "--x",                      0},
	    {name_check_template_option, "a=b",                      0},
	    {name_check_template_option, "",                         0},
	    {name_check_template_option, "rootfs",                   0},
	    {name_check_template_option, "path",                     0},
	    {name_warn_instance,         "web-1",                    1},
	    {name_warn_instance,         "1a",                       1},
	    {name_warn_instance,         "123",                      0},
	    {name_warn_instance,         "a_b",                      0},
	    {name_warn_instance,         "a.b",                      0},
	    {name_warn_instance,         "a-",                       0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *wrong = cases[i].check(cases[i].name);

		if ((wrong == NULL) != cases[i].fine)
			print_error("%zu '%s': %s\n", i, cases[i].name, wrong ? wrong : "fine");
		assert_int_equal(wrong == NULL, cases[i].fine);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(names_are_judged)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
