/* schema/notes: each belongs to a row, and its examples are good ones. */
#include "schema/arena.h"
#include "schema/keys.h"
#include "schema/notes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define OF_NETWORK "network."

/* The row of a config key, of DEVICE.OPTION, or of network.KEY; NULL: none. */
static const struct key *row(const char *name, struct arena *a)
{
	const char *dot = strchr(name, '.');
	const struct device_type *t;
	const struct key *k = keys_find(name, SCOPE_CONTAINER);

	if (k || !dot)
		return k;
	if (strncmp(name, OF_NETWORK, strlen(OF_NETWORK)) == 0)
		return keys_find(dot + 1, SCOPE_NETWORK);
	t = device_type_find(arena_strndup(a, name, (size_t)(dot - name)));
	return t ? device_option_find(t, dot + 1) : NULL;
}

static size_t rows_fitting(const char *name)
{
	size_t n, count = 0;
	const struct key_table *const *tables = key_tables_all(&n);
	struct key pattern = {.name = name};

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < tables[i]->n; j++)
			count += !strcmp(tables[i]->rows[j].name, name) ||
				 key_fits(&pattern, tables[i]->rows[j].name);
	return count;
}

static void every_note_has_a_row(void **state)
{
	struct arena *a = arena_new();
	size_t n;
	const struct note *notes = notes_all(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && strcmp(notes[i - 1].name, notes[i].name) >= 0)
			fail_msg("%s: out of order, or twice", notes[i].name);
		if (!row(notes[i].name, a) && !rows_fitting(notes[i].name))
			fail_msg("%s: no such row", notes[i].name);
		assert_ptr_equal(note_find(notes[i].name), &notes[i]);
		assert_true(notes[i].examples && *notes[i].examples);
	}
	arena_free(a);
}

/* "NAME: VALUE": the value is one of the row's, which is the note's. */
static void check_example(const struct note *note, const char *line, size_t n, struct arena *a)
{
	const char *example = arena_strndup(a, line, n), *sign = strstr(example, ": ");
	const char *device = strncmp(note->name, "disk.", 5) == 0      ? "disk."
			     : strncmp(note->name, "nic.", 4) == 0     ? "nic."
			     : strncmp(note->name, OF_NETWORK, 8) == 0 ? OF_NETWORK
								       : "";
	const char *name;
	const struct key *k;
	struct complaint why;
	struct value v;

	if (!sign)
		fail_msg("%s: '%s' is no example", note->name, example);
	name = arena_printf(a, "%s%.*s", device, (int)(sign - example), example);
	k = row(name, a);
	if (!k || note_find(name) != note)
		fail_msg("%s: '%s' is about something else", note->name, example);
	if (value_parse(k->grammar, sign + 2, a, &v, &why) < 0)
		fail_msg("%s: '%s': %s", note->name, example, why.message);
}

static void examples_are_valid(void **state)
{
	struct arena *a = arena_new();
	size_t n;
	const struct note *notes = notes_all(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (const char *line = notes[i].examples; *line;) {
			size_t length = strcspn(line, "\n");

			check_example(&notes[i], line, length, a);
			line += length + (line[length] == '\n');
		}
	arena_free(a);
}

static void check_formulas(const struct note *note, const char *lines)
{
	while (lines && *lines) {
		size_t n = strcspn(lines, "\n");

		if (n == 0 || !memmem(lines, n, " = ", 3))
			fail_msg("%s: '%.*s' is no formula", note->name, (int)n, lines);
		lines += n + (lines[n] == '\n');
	}
}

static void formulas_are_formulas(void **state)
{
	size_t n;
	const struct note *notes = notes_all(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		check_formulas(&notes[i], notes[i].v1);
		check_formulas(&notes[i], notes[i].v2);
		check_formulas(&notes[i], notes[i].link);
		check_formulas(&notes[i], notes[i].lxc);
	}
}

/* What is drawn by hand must fit a terminal; what is prose is wrapped. */
static void drawings_fit(void **state)
{
	size_t n;
	const struct note *notes = notes_all(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (const char *line = notes[i].text; line && *line;) {
			size_t length = strcspn(line, "\n");

			if ((*line == ' ' && length > 80) || line[length ? length - 1 : 0] == ' ')
				fail_msg("%s: '%.*s'", notes[i].name, (int)length, line);
			line += length + (line[length] == '\n');
		}
}

/* A key that takes effect says where. */
static void every_live_key_has_a_note(void **state)
{
	struct arena *a = arena_new();
	size_t n;
	const struct key_table *const *tables = key_tables_all(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < tables[i]->n; j++) {
			const struct key *k = &tables[i]->rows[j];

			const char *before = k->scope & SCOPE_NETWORK ? OF_NETWORK : "";

			if (k->effect == EFFECT_LIVE &&
			    !note_find(arena_join(a, before, k->name, NULL)))
				fail_msg("%s: no note", k->name);
		}
	arena_free(a);
}

/* Options of nics too; those of disks that steer only the others have none. */
static void every_live_option_of_a_nic_has_a_note(void **state)
{
	const struct device_type *t = device_type_find("nic");
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < t->n_options; i++)
		if (t->options[i].effect == EFFECT_LIVE &&
		    !note_find(arena_printf(a, "nic.%s", t->options[i].name)))
			fail_msg("%s: no note", t->options[i].name);
	arena_free(a);
}

static void several_rows_share_a_note(void **state)
{
	(void)state;
	assert_string_equal(note_find("limits.kernel.nofile")->name, "limits.kernel.*");
	assert_string_equal(note_find("limits.hugepages.1GB")->name, "limits.hugepages.*");
	assert_string_equal(note_find("disk.limits.read")->name, "disk.limits.read");
	assert_null(note_find("limits.nosuch"));
	assert_null(note_find(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_note_has_a_row),
	    cmocka_unit_test(examples_are_valid),
	    cmocka_unit_test(formulas_are_formulas),
	    cmocka_unit_test(drawings_fit),
	    cmocka_unit_test(every_live_key_has_a_note),
	    cmocka_unit_test(every_live_option_of_a_nic_has_a_note),
	    cmocka_unit_test(several_rows_share_a_note),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
