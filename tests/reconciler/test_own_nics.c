/* The interfaces of a container's own config: found where a plan asks for them, and only there. */
#include "reconciler/own_nics.h"
#include "reconciler/survey.h"
#include "schema/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NAME "ek-test-own"
#define BOOT "lxc.net.5.type = veth\n"

/* A stopped container with a config of its own and one nic in its manifest. */
struct fixture {
	struct arena *arena;
	char path[32];
	struct device_type type;
	struct device device;
	struct expanded_device expanded;
	struct document document;
	struct instance instance;
	struct host host;
	struct survey survey;
	struct world_instance world;
	struct subject subject;
};

static void write_file(const struct fixture *f, const char *name, const char *text)
{
	FILE *file = fopen(arena_printf(f->arena, "%s/" NAME "/%s", f->path, name), "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void set_up(struct fixture *f, const char *config)
{
	*f = (struct fixture){.arena = arena_new(),
			      .path = "/tmp/ek-test-XXXXXX",
			      .document = {.name = NAME},
			      .type = {.name = "nic"}};
	assert_non_null(mkdtemp(f->path));
	assert_int_equal(mkdir(arena_printf(f->arena, "%s/" NAME, f->path), 0700), 0);
	write_file(f, "config", config);
	write_file(f, "evenkeel.conf", BOOT);
	f->device = (struct device){.name = "eth0", .type = &f->type};
	f->expanded.device = &f->device;
	f->instance = (struct instance){
	    .name = NAME, .document = &f->document, .devices = &f->expanded, .n_devices = 1};
	f->world.instance = &f->instance;
	f->world.exists = true;
	f->survey.arena = f->arena;
	f->survey.containers = containers_open(f->path, &f->host, NULL, f->arena);
	f->subject.world = &f->world;
	bootfile_read(f->survey.containers->dir, f->path, NAME, f->arena, &f->subject.record);
	f->subject.container = container_open(f->survey.containers, NAME);
}

static void tear_down(struct fixture *f)
{
	static const char *const files[] = {"/" NAME "/config", "/" NAME "/evenkeel.conf", "/" NAME,
					    ""};

	container_close(f->subject.container);
	containers_close(f->survey.containers);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		assert_int_equal(remove(arena_printf(f->arena, "%s%s", f->path, files[i])), 0);
	arena_free(f->arena);
}

static void record_index(struct fixture *f, const char *index)
{
	properties_add(&f->subject.record.owned, (struct property){.object = "nic/eth0",
								   .attribute = "index",
								   .value = index,
								   .certainty = CERTAIN_VALUE});
}

static const char *or_dash(const char *text)
{
	return text ? text : "-";
}

static const char *print(const struct fixture *f)
{
	const char *text = "";

	for (size_t i = 0; i < f->world.n_own_nics; i++) {
		const struct own_nic *n = &f->world.own_nics[i];

		text = arena_printf(f->arena, "%s%u %s %s %s %s %s %s %s\n", text, n->index,
				    or_dash(n->type), or_dash(n->name), or_dash(n->link),
				    or_dash(n->hwaddr), or_dash(n->mtu), or_dash(n->pair),
				    or_dash(n->mode));
	}
	return text;
}

static void all_of_the_config_are_found(void **state)
{
	/* clang-format off */
	static const struct {
		const char *config, *found;
	} rows[] = {
	    {"", ""},
	    {"lxc.uts.name = x\n", ""},
	    {"lxc.net.0.type = empty\n", "0 empty - - - - - -\n"},
	    {"lxc.net.0.type = none\n", "0 none - - - - - -\n"},
	    {"lxc.net.0.type = veth\nlxc.net.0.link = br0\nlxc.net.0.name = eth0\n"
	     "lxc.net.0.hwaddr = 00:16:3E:01:02:03\nlxc.net.0.mtu = 1400\n"
	     "lxc.net.0.veth.pair = vex\nlxc.net.0.ipv4.address = 10.0.0.2/24\n",
	     "0 veth eth0 br0 00:16:3e:01:02:03 1400 vex -\n"},
	    {"lxc.net.0.type = veth\nlxc.net.0.hwaddr = 00:16:3e:xx:xx:xx\n",
	     "0 veth eth0 - - - - -\n"},
	    {"lxc.net.9.type = macvlan\nlxc.net.9.link = eth1\nlxc.net.9.macvlan.mode = bridge\n"
	     "lxc.net.2.type = veth\nlxc.net.200.type = phys\nlxc.net.200.link = eth9\n",
	     "2 veth eth0 - - - - -\n9 macvlan eth1 eth1 - - - bridge\n"
	     "200 phys eth9 eth9 - - - -\n"},
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fixture f;

		set_up(&f, rows[i].config);
		own_nics_read(&f.survey, &f.subject);
		assert_true(f.world.own_nics_known);
		assert_string_equal(print(&f), rows[i].found);
		tear_down(&f);
	}
}

/* As LXC 5 names them. */
static void what_has_no_name_gets_one(void **state)
{
	static const struct {
		const char *config, *found;
	} rows[] = {
	    {"lxc.net.0.type = veth\nlxc.net.1.type = veth\nlxc.net.2.type = veth\n"
	     "lxc.net.2.name = eth0\n",				      "0 veth eth1 - - - - -\n1 veth eth2 - - - - -\n2 veth eth0 - - - - -\n"},
	    {"lxc.net.0.type = veth\nlxc.net.1.type = veth\nlxc.net.1.name = eth1\n"
	     "lxc.net.2.type = veth\n",				      "0 veth eth0 - - - - -\n1 veth eth1 - - - - -\n2 veth eth2 - - - - -\n"},
	    {"lxc.net.0.type = veth\nlxc.net.1.type = empty\nlxc.net.2.type = macvlan\n",
	     "0 veth eth0 - - - - -\n1 empty - - - - - -\n2 macvlan eth1 - - - - private\n"                                                                      },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fixture f;

		set_up(&f, rows[i].config);
		own_nics_read(&f.survey, &f.subject);
		assert_string_equal(print(&f), rows[i].found);
		tear_down(&f);
	}
}

static void our_own_lines_are_none_of_them(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "lxc.net.0.type = empty\n");
	write_file(&f, "config",
		   arena_printf(f.arena,
				"lxc.net.0.type = empty\nlxc.include = %s/" NAME "/evenkeel.conf\n",
				f.path));
	own_nics_read(&f.survey, &f.subject);
	assert_string_equal(print(&f), "0 empty - - - - - -\n");
	tear_down(&f);
}

static void they_are_looked_at_only_where_the_record_does_not_say_it_all(void **state)
{
	static const struct {
		const char *config, *kind, *index;
		bool known;
	} rows[] = {
	    {"lxc.net.0.type = veth\n",    "nic",  NULL,         true },
	    {"lxc.net.0.type = veth\n",    "disk", NULL,         false},
	    {"lxc.net.0.type = veth\n",    "none", NULL,         false},
	    {"lxc.net.0.type = veth\n",    "nic",  "1",          false},
	    {"lxc.net.0.type = veth\n",    "nic",  "0 own veth", false},
	    {"lxc.net.0.type = veth\n",    "nic",  "0",          true }, /* it has become the owner's */
	    {"lxc.net.1.type = veth\n",    "nic",  "0 own veth", true }, /* it is no longer his */
	    {"lxc.net.0.type = macvlan\n", "nic",  "0 own veth", true }, /* it is another one */
	    {"lxc.net.0.link = br0\n",     "nic",  "0 own veth", true },
	    {"lxc.uts.name = x\n",         "nic",  "0",          false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fixture f;

		set_up(&f, rows[i].config);
		f.type.name = rows[i].kind;
		if (rows[i].index)
			record_index(&f, rows[i].index);
		f.subject.record.own_nics_moved =
		    own_nics_moved(rows[i].config, &f.subject.record.owned);
		own_nics_read(&f.survey, &f.subject);
		if (f.world.own_nics_known != rows[i].known)
			fail_msg("row %zu", i);
		tear_down(&f);
	}
}

static void one_that_is_not_there_has_none(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, "lxc.net.0.type = veth\n");
	f.world.exists = false;
	own_nics_read(&f.survey, &f.subject);
	assert_false(f.world.own_nics_known);
	assert_int_equal(f.world.n_own_nics, 0);
	tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_of_the_config_are_found),
	    cmocka_unit_test(what_has_no_name_gets_one),
	    cmocka_unit_test(our_own_lines_are_none_of_them),
	    cmocka_unit_test(they_are_looked_at_only_where_the_record_does_not_say_it_all),
	    cmocka_unit_test(one_that_is_not_there_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
