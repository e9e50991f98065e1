/* Objects that are known by one of their attributes: replaced, refused and removed as a whole. */
#include "reconciler/plan.h"
#include "schema/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SIDE_MOST 6

/* ---- a driver of our own stands in the place of the program's ---- */

static struct properties wanted;

static void desire(const struct world *w, const struct world_instance *i, struct properties *out)
{
	(void)w;
	(void)i;
	for (size_t k = 0; k < wanted.n; k++)
		properties_add(out, wanted.items[k]);
}

static void observe(struct container *c, const struct properties *asked, struct properties *out)
{
	(void)c;
	(void)asked;
	(void)out;
}

/* A thing's size goes back to 1; a thing of its owner's stays his. */
static const char *base(const struct container *c, const struct property *owned, struct arena *a)
{
	(void)c;
	(void)a;
	if (strcmp(owned->object, "thing/his") == 0 && strcmp(owned->attribute, "is") == 0)
		return "box";
	return strcmp(owned->attribute, "size") == 0 ? "1" : NULL;
}

static enum phase phase(const struct property *p, enum action action)
{
	if (action == ACTION_REMOVE)
		return PHASE_REMOVE;
	return strcmp(p->attribute, "size") == 0 ? PHASE_SHAPE : PHASE_LINK;
}

static const struct driver thing_driver = {
    .kind = "thing",
    .effect = EFFECT_LIVE,
    .identity = "is",
    .phase = phase,
    .desire = desire,
    .observe = observe,
    .base = base,
};

const struct driver *const drivers[] = {&thing_driver};
const size_t n_drivers = 1;

const struct driver *driver_for(const char *object)
{
	return object_is(object, "thing") ? &thing_driver : NULL;
}

/* ---- running containers ---- */

struct side {
	const char *object, *attribute, *value;
	enum certainty certainty;
};

struct expectation {
	enum action action;
	enum phase phase;
	const char *object, *attribute, *from, *to;
	bool identity;
};

struct example {
	const char *name;
	struct side desired[SIDE_MOST], observed[SIDE_MOST], owned[SIDE_MOST];
	struct expectation changes[SIDE_MOST];
	size_t kept;
	bool stopped;
};

/* clang-format off */
static const struct example examples[] = {
    {
	.name = "what is as it shall be stays",
	.desired = {{"thing/a", "is", "box", CERTAIN_VALUE}, {"thing/a", "size", "2", CERTAIN_VALUE}},
	.observed = {{"thing/a", "is", "box", CERTAIN_VALUE}, {"thing/a", "size", "2", CERTAIN_VALUE}},
	.owned = {{"thing/a", "is", "box", CERTAIN_VALUE}, {"thing/a", "size", "2", CERTAIN_VALUE}},
    },
    {
	.name = "a part changes in place",
	.desired = {{"thing/a", "is", "box", CERTAIN_VALUE}, {"thing/a", "size", "2", CERTAIN_VALUE}},
	.observed = {{"thing/a", "is", "box", CERTAIN_VALUE}, {"thing/a", "size", "3", CERTAIN_VALUE}},
	.owned = {{"thing/a", "is", "box", CERTAIN_VALUE}, {"thing/a", "size", "3", CERTAIN_VALUE}},
	.changes = {{ACTION_CHANGE, PHASE_SHAPE, "thing/a", "size", "3", "2", false}},
    },
    {
	.name = "it comes, with its parts",
	.desired = {{"thing/a", "is", "box", CERTAIN_VALUE}, {"thing/a", "size", "2", CERTAIN_VALUE}},
	.observed = {{"thing/a", "is", NULL, CERTAIN_ABSENT}, {"thing/a", "size", NULL, CERTAIN_ABSENT}},
	.changes = {{ACTION_ADD, PHASE_LINK, "thing/a", "is", NULL, "box", true},
		    {ACTION_ADD, PHASE_SHAPE, "thing/a", "size", NULL, "2", false}},
    },
    {
	.name = "another one takes its place, and what was ours of the old one stays known till then",
	.desired = {{"thing/a", "is", "bag", CERTAIN_VALUE}, {"thing/a", "size", "2", CERTAIN_VALUE}},
	.observed = {{"thing/a", "colour", NULL, CERTAIN_ABSENT}, {"thing/a", "is", "box", CERTAIN_VALUE},
		     {"thing/a", "size", NULL, CERTAIN_ABSENT}},
	.owned = {{"thing/a", "colour", "red", CERTAIN_VALUE}, {"thing/a", "is", "box", CERTAIN_VALUE},
		  {"thing/a", "size", "2", CERTAIN_VALUE}},
	.changes = {{ACTION_REPLACE, PHASE_LINK, "thing/a", "is", "box", "bag", true},
		    {ACTION_ADD, PHASE_SHAPE, "thing/a", "size", NULL, "2", false}},
	.kept = 1,
    },
    {
	.name = "what is left behind by the old one goes",
	.desired = {{"thing/a", "is", "bag", CERTAIN_VALUE}},
	.observed = {{"thing/a", "is", "box", CERTAIN_VALUE}, {"thing/a", "size", "2", CERTAIN_VALUE}},
	.owned = {{"thing/a", "is", "box", CERTAIN_VALUE}, {"thing/a", "size", "2", CERTAIN_VALUE}},
	.changes = {{ACTION_REMOVE, PHASE_REMOVE, "thing/a", "size", "2", NULL, false},
		    {ACTION_REPLACE, PHASE_LINK, "thing/a", "is", "box", "bag", true}},
	.kept = 1,
    },
    {
	.name = "it goes, and no part of it is put back to anything",
	.observed = {{"thing/a", "is", "box", CERTAIN_VALUE}, {"thing/a", "size", "2", CERTAIN_VALUE}},
	.owned = {{"thing/a", "is", "box", CERTAIN_VALUE}, {"thing/a", "size", "2", CERTAIN_VALUE}},
	.changes = {{ACTION_REMOVE, PHASE_REMOVE, "thing/a", "is", "box", NULL, true},
		    {ACTION_REMOVE, PHASE_REMOVE, "thing/a", "size", "2", NULL, false}},
	.kept = 2,
    },
    {
	.name = "one that its owner has by himself stays, and its parts are put back",
	.observed = {{"thing/his", "is", "box", CERTAIN_VALUE}, {"thing/his", "size", "2", CERTAIN_VALUE}},
	.owned = {{"thing/his", "is", "box", CERTAIN_VALUE}, {"thing/his", "size", "2", CERTAIN_VALUE}},
	.changes = {{ACTION_REMOVE, PHASE_REMOVE, "thing/his", "size", "2", "1", false}},
	.kept = 1,
    },
    {
	.name = "the one that its owner has comes back with the next start, and all is as it is till then",
	.observed = {{"thing/his", "is", "bag", CERTAIN_VALUE}, {"thing/his", "size", "2", CERTAIN_VALUE}},
	.owned = {{"thing/his", "is", "bag", CERTAIN_VALUE}, {"thing/his", "size", "2", CERTAIN_VALUE}},
	.changes = {{ACTION_WAIT, PHASE_REMOVE, "thing/his", "is", "bag", "box", true}},
	.kept = 2,
    },
    {
	.name = "one that is gone already is forgotten",
	.observed = {{"thing/a", "is", NULL, CERTAIN_ABSENT}, {"thing/a", "size", NULL, CERTAIN_ABSENT}},
	.owned = {{"thing/a", "is", "box", CERTAIN_VALUE}, {"thing/a", "size", "2", CERTAIN_VALUE}},
    },
    {
	.name = "refused, nothing of it is touched, and all stays ours",
	.desired = {{"thing/a", "is", NULL, UNKNOWN}, {"thing/a", "size", "4", CERTAIN_VALUE}},
	.observed = {{"thing/a", "colour", "red", CERTAIN_VALUE}, {"thing/a", "is", "box", CERTAIN_VALUE},
		     {"thing/a", "size", "2", CERTAIN_VALUE}},
	.owned = {{"thing/a", "colour", "red", CERTAIN_VALUE}, {"thing/a", "is", "box", CERTAIN_VALUE},
		  {"thing/a", "size", "2", CERTAIN_VALUE}},
	.changes = {{ACTION_NONE, PHASE_LINK, "thing/a", "is", NULL, NULL, true}},
	.kept = 3,
    },
    {
	.name = "of one that cannot be looked at nothing is touched",
	.desired = {{"thing/a", "is", "box", CERTAIN_VALUE}, {"thing/a", "size", "4", CERTAIN_VALUE},
		    {"thing/b", "is", "bag", CERTAIN_VALUE}},
	.observed = {{"thing/a", "is", NULL, UNKNOWN}, {"thing/a", "size", "2", CERTAIN_VALUE},
		     {"thing/b", "is", NULL, UNSUPPORTED}, {"thing/c", "is", NULL, UNKNOWN},
		     {"thing/c", "size", "2", CERTAIN_VALUE}},
	.owned = {{"thing/a", "size", "2", CERTAIN_VALUE}, {"thing/c", "is", "box", CERTAIN_VALUE},
		  {"thing/c", "size", "2", CERTAIN_VALUE}},
	.changes = {{ACTION_NONE, PHASE_LINK, "thing/a", "is", NULL, "box", true},
		    {ACTION_NONE, PHASE_LINK, "thing/b", "is", NULL, "bag", true},
		    {ACTION_NONE, PHASE_LINK, "thing/c", "is", NULL, "box", true}},
	.kept = 3,
    },
    {
	.name = "stopped: another one with the next start",
	.desired = {{"thing/a", "is", "bag", CERTAIN_VALUE}, {"thing/a", "size", "2", CERTAIN_VALUE}},
	.owned = {{"thing/a", "is", "box", CERTAIN_VALUE}, {"thing/a", "size", "1", CERTAIN_VALUE}},
	.changes = {{ACTION_REPLACE, PHASE_LINK, "thing/a", "is", "box", "bag", true},
		    {ACTION_CHANGE, PHASE_SHAPE, "thing/a", "size", "1", "2", false}},
	.stopped = true,
    },
    {
	.name = "stopped and refused: all stays ours",
	.desired = {{"thing/a", "is", NULL, UNKNOWN}},
	.owned = {{"thing/a", "is", "box", CERTAIN_VALUE}, {"thing/a", "size", "1", CERTAIN_VALUE}},
	.changes = {{ACTION_NONE, PHASE_LINK, "thing/a", "is", NULL, NULL, true}},
	.kept = 2,
	.stopped = true,
    },
};
/* clang-format on */

static struct properties side_of(const struct side *items, struct arena *a)
{
	struct properties p;

	properties_init(&p, a);
	for (size_t i = 0; i < SIDE_MOST && items[i].object; i++)
		properties_add(&p, (struct property){.object = items[i].object,
						     .attribute = items[i].attribute,
						     .value = items[i].value,
						     .certainty = items[i].certainty,
						     .effect = EFFECT_LIVE});
	properties_sort(&p);
	return p;
}

static void assert_text(const char *is, const char *expected, const char *name)
{
	if ((is == NULL) != (expected == NULL) || (is && strcmp(is, expected) != 0))
		fail_msg("%s: %s instead of %s", name, is ? is : "none",
			 expected ? expected : "none");
}

static void check_change(const struct change *c, const struct expectation *e, const char *name)
{
	if (c->action != e->action || c->phase != e->phase || c->identity != e->identity)
		fail_msg("%s: action %d, phase %d, identity %d of %s %s", name, (int)c->action,
			 (int)c->phase, c->identity, c->object, c->attribute);
	assert_text(c->object, e->object, name);
	assert_text(c->attribute, e->attribute, name);
	assert_text(c->from, e->from, name);
	assert_text(c->to, e->to, name);
}

static void check_example(const struct example *e)
{
	struct arena *a = arena_new();
	struct container c = {.arena = a};
	struct properties desired = side_of(e->desired, a), observed = side_of(e->observed, a),
			  owned = side_of(e->owned, a), kept;
	struct changes changes = {.arena = a};
	size_t n = 0;

	properties_init(&kept, a);
	if (e->stopped)
		plan_diff_stopped(&desired, &owned, true, &changes, &kept);
	else
		plan_diff(&c, &desired, &observed, &owned, &changes, &kept);
	while (n < SIDE_MOST && e->changes[n].object)
		n++;
	if (changes.n != n)
		fail_msg("%s: %zu changes instead of %zu", e->name, changes.n, n);
	for (size_t i = 0; i < n; i++)
		check_change(&changes.items[i], &e->changes[i], e->name);
	if (kept.n != e->kept)
		fail_msg("%s: %zu kept instead of %zu", e->name, kept.n, e->kept);
	arena_free(a);
}

static void an_object_has_one_fate(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++)
		check_example(&examples[i]);
}

static void nothing_is_asked_of_what_cannot_be_had(void **state)
{
	static const struct side sides[SIDE_MOST] = {
	    {"thing/a", "colour", "red", CERTAIN_VALUE},
            {"thing/a", "is",     NULL,  UNKNOWN      },
	    {"thing/a", "smell",  NULL,  UNSUPPORTED  },
            {"thing/a", "size",   "2",   CERTAIN_VALUE},
	    {"thing/b", "is",     "box", CERTAIN_VALUE},
            {"thing/b", "size",   "2",   CERTAIN_VALUE},
	};
	static const char *const left[] = {"thing/a is", "thing/a smell", "thing/b is",
					   "thing/b size"};
	struct arena *a = arena_new();
	struct document document = {.name = "a"};
	struct instance instance = {.name = "a", .document = &document};
	struct world_instance i = {.instance = &instance};
	struct world w = {.arena = a, .instances = &i, .n = 1};
	struct properties out;

	(void)state;
	wanted = side_of(sides, a);
	properties_init(&out, a);
	plan_desire(&w, &i, &out);
	assert_int_equal(out.n, 4);
	for (size_t k = 0; k < 4; k++)
		assert_string_equal(
		    arena_printf(a, "%s %s", out.items[k].object, out.items[k].attribute), left[k]);
	arena_free(a);
}

/* What of a plan belongs together. */
static void a_change_knows_its_whole(void **state)
{
	static const struct change items[] = {
	    {.object = "thing/a", .attribute = "is", .action = ACTION_ADD,  .identity = true},
	    {.object = "thing/a",                   .attribute = "size",                  .action = ACTION_ADD },
	    {.object = "thing/a",                   .attribute = "smell",                  .action = ACTION_NONE},
	    {.object = "thing/ab",                   .attribute = "size",                 .action = ACTION_CHANGE },
	    {.object = "thing/b",                   .attribute = "is",                  .action = ACTION_NONE,   .identity = true},
	    {.object = "thing/b",   .attribute = "size",                    .action = ACTION_CHANGE                    },
	};
	struct arena *a = arena_new();
	struct changes all = {.arena = a};

	(void)state;
	for (size_t i = 0; i < sizeof(items) / sizeof(*items); i++)
		changes_add(&all, items[i]);
	for (size_t i = 0; i < all.n; i++) {
		const struct change *whole = changes_whole(&all, &all.items[i]);

		assert_ptr_equal(whole, i < 2 ? &all.items[0] : NULL);
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_object_has_one_fate),
	    cmocka_unit_test(nothing_is_asked_of_what_cannot_be_had),
	    cmocka_unit_test(a_change_knows_its_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
