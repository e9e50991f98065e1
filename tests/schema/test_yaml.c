/* schema/yaml through its header: trees, places, bounds, complaints. */
#include "schema/arena.h"
#include "schema/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct reading {
	struct arena *arena;
	struct source source;
	struct documents documents;
	struct diagnostics ds;
	int r;
};

static struct reading *read_bytes(const char *text, size_t n)
{
	struct reading *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->arena = arena_new();
	r->source = (struct source){"t.yaml", text, n};
	diagnostics_init(&r->ds, r->arena);
	r->r = yaml_read(&r->source, r->arena, &r->documents, &r->ds);
	assert_int_equal(r->r<0, r->ds.errors> 0);
	return r;
}

static void done(struct reading *r)
{
	arena_free(r->arena);
	free(r);
}

/* The tree as JSON-like text: quoted scalars in "", plain ones bare. */
static void show(FILE *out, const struct node *node)
{
	switch (node->kind) {
	case NODE_SCALAR:
		fprintf(out, node->plain ? "%s" : "\"%s\"", node->text);
		return;
	case NODE_SEQUENCE:
		fputc('[', out);
		for (size_t i = 0; i < node->n; i++) {
			fputs(i ? "," : "", out);
			show(out, node->items[i]);
		}
		fputc(']', out);
		return;
	case NODE_MAPPING:
		fputc('{', out);
		for (size_t i = 0; i < node->n; i++) {
			fputs(i ? "," : "", out);
			fprintf(out, "%s:", node->keys[i]->text);
			show(out, node->items[i]);
		}
		fputc('}', out);
		return;
	}
}

static char *show_all(const struct documents *documents)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	assert_non_null(out);
	for (size_t i = 0; i < documents->n; i++) {
		fputs(i ? " --- " : "", out);
		show(out, documents->roots[i]);
	}
	fclose(out);
	return text;
}

static void good_texts_make_trees(void **state)
{
	static const struct {
		const char *text, *tree;
	} cases[] = {
	    {"",								    ""			   },
	    {"# nothing\n",							 ""                           },
	    {"a: 1\n",							      "{a:1}"                      },
	    {"\xef\xbb\xbf"
	     "a: 1\n",						 "{a:1}"		      },
	    {"a: 1\r\nb: 2\r\n",						    "{a:1,b:2}"                  },
 /* Source text is kept. */
	    {"[010, 0x1F, 1.50, 1e3, 1_000, 2020-01-01, 12:30:45, yes, Off, .inf]",
	     "[010,0x1F,1.50,1e3,1_000,2020-01-01,12:30:45,yes,Off,.inf]"                                        },
	    {"[null, ~, x]",							"[,,x]"                      },
	    {"{a: null, b: ~, c: , d: Null, e: NULL, f: nUll}",                     "{a:,b:,c:,d:,e:,f:nUll}"    },
	    {"['null', \"~\", '']",						 "[\"null\",\"~\",\"\"]"      },
	    {"[!!str null, !!null ~, !!int 5]",                                     "[\"null\",,5]"              },
	    {"['it''s', \"\\t\\x41\\u00e9\\U0001F389\"]",
	     "[\"it's\",\"\tA\xc3\xa9\xf0\x9f\x8e\x89\"]"                                                        },
	    {"a: |\n  x\n  y\nb: |-\n  z\nc: >\n  u\n  v\nd: |2\n   w\n",
	     "{a:\"x\ny\n\",b:\"z\",c:\"u v\n\",d:\" w\n\"}"                                                     },
	    {"{\"a\": [1, true], \"b\": {\"c\": \"d\\/e\"}}",                       "{a:[1,true],b:{c:\"d/e\"}}" },
	    {"{\n\t\"a\":1,\n\t\"b\":2\n}",                                         "{a:1,b:2}"                  },
	    {"a: 1\n---\n---\nb: 2\n...\n",                                         "{a:1} ---  --- {b:2}"       },
	    {"%YAML 1.1\n---\na: 1\n",					      "{a:1}"                      },
	    {"%YAML 1.2\n---\na: 1\n",					      "{a:1}"                      },
	    {"a: &x [1, 2]\nb: *x\n",					       "{a:[1,2],b:[1,2]}"          },
	    {"a: &x 1\nb: &x 2\nc: *x\n",					   "{a:1,b:2,c:2}"              },
	    {"a: &x {b: &x 1}\nc: *x\n",					    "{a:{b:1},c:1}"              },
 /* Merging: explicit keys win wherever they stand, the earlier mapping in a list. */
	    {"a: &x {k: 1, l: 2}\nb: {<<: *x, l: 3}\n",                             "{a:{k:1,l:2},b:{l:3,k:1}}"  },
	    {"a: &x {k: 1, l: 2}\nb: {l: 3, <<: *x}\n",                             "{a:{k:1,l:2},b:{l:3,k:1}}"  },
	    {"- &x {k: 1}\n- &y {k: 2, m: 4}\n- {<<: [*x, *y]}\n",                  "[{k:1},{k:2,m:4},{k:1,m:4}]"},
	    {"{<<: {a: 1}, b: 2}",						  "{b:2,a:1}"                  },
	    {"{\"<<\": 1}",							 "{<<:1}"                     },
	    {"a: &x {k: 1}\nb: &y {<<: *x, l: 2}\nc: {<<: *y}\n",
	     "{a:{k:1},b:{l:2,k:1},c:{l:2,k:1}}"								 },
	    {"e\xcc\x81: 1\n\xc3\xa9: 2\n",                                         "{e\xcc\x81:1,\xc3\xa9:2}"   },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct reading *r = read_bytes(cases[i].text, strlen(cases[i].text));
		char *tree = show_all(&r->documents);

		if (r->ds.n)
			print_error("%s\n%s\n", cases[i].text, r->ds.items[0].message);
		assert_int_equal(r->r, 0);
		assert_false(r->documents.cut);
		assert_string_equal(tree, cases[i].tree);
		free(tree);
		done(r);
	}
}

/* Bad texts, what is said first and where; HINT is a part of the hint, or NULL. */
static void bad_texts_are_placed(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *message, *hint;
	} cases[] = {
	    {"a:\n\tb: 1",			     2, 1,  "a tab as indentation",                                    "spaces"         },
	    {"a:\n  b: 1\n\tc: 2",                     3, 1,  "a tab as indentation",                                    "spaces"         },
	    {"a: |\n x\n\ty\n",                        3, 1,  "a tab as indentation",                                    "spaces"         },
	    {"a: b: c",				1, 5,  "a ':' cannot stand here",                                 "quotes"         },
	    {"\xc3\xa9: b: c",                         1, 5,  "a ':' cannot stand here",                                 "quotes"         },
	    {"a:\n  b: 1\n  foo\n  c: 1\n",            3, 3,
	     "this is neither 'key: value' nor an item of a list",                                                       "blank"          },
	    {"a: \"x\n\n",			     1, 4,  "this quote is never closed",                              NULL             },
	    {"a: 'x\n---\nb: 1\n",                     1, 4,  "this quote is not closed before the document ends",       NULL             },
	    {"a: [1,\n  2\nb: 3\n",                    3, 2,
	     "a ',' or the ']' of the list that was opened in line 1 is missing",                                        NULL             },
	    {"a:\n   b: 1\n  c: 2",                    3, 3,  "this does not continue the mapping that began in line 1",
	     "align"														      },
	    {"a: 'b'c\n",			      1, 7,  "this does not continue the mapping that began in line 1",
	     "quoted as a whole"													  },
	    {"a: *\n",				 1, 4,  "'*' begins an alias, and no name follows",                "quotes"         },
	    {"a: @x\n",				1, 4,  "a plain text cannot begin with '@'",                      "quotes"         },
	    {"a: \"\\q\"\n",                           1, 5,  "an unknown escape",                                       "single quotes"  },
	    {"a: \"\\ud83d\\ude00\"\n",                1, 7,  "this escape is no character",                             "surrogate"      },
	    {"a: - b\n",			       1, 4,  "a list cannot begin here",                                "line of its own"},
	    {"a: |x\n b\n",			    1, 5,  "text behind the '|' or '>' that begins a block",          NULL             },
	    {"a: 1\na: 2\n",                           2, 1,  "'a' is given twice",                                      "line 1"         },
	    {"a: 1\n\"a\": 2\n",                       2, 1,  "'a' is given twice",                                      "line 1"         },
	    {"x:\n  - {b: 1, 'b': 2}\n",               2, 12, "'b' is given twice",                                      "line 2"         },
	    {"x: &x {b: 1}\ny:\n  <<: *x\n  <<: *x\n", 4, 3,  "'<<' is given twice",                                     "line 3"         },
	    {"a: *x\n",				1, 4,  "no anchor '&x' before this",                              NULL             },
	    {"a: &x 1\n---\nb: *x\n",                  3, 4,  "no anchor '&x' before this",                              NULL             },
	    {"a: &x [*x]\n",                           1, 8,  "'*x' is part of what it stands for",                      NULL             },
	    {"a: &x {<<: *x}\n",                       1, 12, "'*x' is part of what it stands for",                      NULL             },
	    {"a: {<<: 5}\n",                           1, 9,  "'<<' merges mappings, and this is none",                  "anchors"        },
	    {"a: {<<: [{b: 1}, c]}\n",                 1, 18, "'<<' merges mappings, and this is none",                  NULL             },
	    {"? [a]\n: 1\n",                           1, 3,  "a key must be a plain text",                              NULL             },
	    {"a: !foo b\n",			    1, 4,  "an unknown tag '!foo'",                                   "quotes"         },
	    {"a: ! b\n",			       1, 4,  "an unknown tag '!'",                                      "quotes"         },
	    {"a: !!timestamp b\n",                     1, 4,  "the tag !!timestamp cannot stand here",                   NULL             },
	    {"a: !!binary b\n",                        1, 4,  "the tag !!binary cannot stand here",                      NULL             },
	    {"a: !!map b\n",                           1, 4,  "the tag !!map cannot stand here",                         NULL             },
	    {"a: !!null b\n",                          1, 4,  "the tag !!null before a text",                            NULL             },
	    {"a: !u!x b\n",			    1, 4,  "an unknown tag",                                          "quotes"         },
	    {"a: \"\\0\"\n",                           1, 4,  "an escaped control character (U+0000)",                   NULL             },
	    {"a: \"x\\e[31m\"\n",                      1, 4,  "an escaped control character (U+001B)",                   NULL             },
	    {"a: \"\\N\"\n",                           1, 4,  "an escaped control character (U+0085)",                   NULL             },
	    {"a: 1\nb: \x1b[0m\n",                     2, 4,  "a control character (U+001B)",                            NULL             },
	    {"a: \x7f\n",			      1, 4,  "a control character (U+007F)",                            NULL             },
	    {"a: \xc2\x85\n",                          1, 4,  "a control character (U+0085)",                            NULL             },
	    {"a: 1\rb: 2\n",                           1, 5,  "a carriage return without a line feed",                   "CRLF"           },
	    {"a: \xe2\x80\xa8\n",                      1, 4,  "a Unicode line separator (U+2028)",                       "\\u2028"        },
	    {"a: 1\nb: \xc3\xa9\xff\n",                2, 5,  "not UTF-8 (byte 0xFF)",                                   "UTF-8"          },
	    {"a: \xed\xa0\x80\n",                      1, 4,  "not UTF-8 (byte 0xED)",                                   NULL             },
	    {"a: \xff\x01\n",                          1, 4,  "not UTF-8 (byte 0xFF)",                                   NULL             },
	    {"a: \xef\xbb\xbf\n",                      1, 4,  "a byte order mark (U+FEFF) inside the text",              NULL             },
	    {"\xff\xfe"
	     "a",			 1, 1,  "the file is UTF-16",                                      "UTF-8"          },
	    {"%FOO\n---\na: 1\n",                      1, 5,  "while scanning a directive found unknown directive name",
	     NULL															 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct reading *r = read_bytes(cases[i].text, strlen(cases[i].text));
		const struct diagnostic *d = &r->ds.items[0];

		if (r->ds.n == 0)
			print_error("no finding: %s\n", cases[i].text);
		assert_true(r->ds.n > 0);
		assert_string_equal(d->message, cases[i].message);
		assert_int_equal(d->place.line, cases[i].line);
		assert_int_equal(d->place.column, cases[i].column);
		assert_ptr_equal(d->place.source, &r->source);
		if (cases[i].hint && (!d->hint || !strstr(d->hint, cases[i].hint)))
			print_error("%s: hint %s\n", cases[i].text, d->hint);
		assert_true(!cases[i].hint || (d->hint && strstr(d->hint, cases[i].hint)));
		done(r);
	}
}

static void nul_bytes_are_placed(void **state)
{
	struct reading *r = read_bytes("a: 1\nb: x\0y\n", 12);

	(void)state;
	assert_string_equal(r->ds.items[0].message, "a NUL byte");
	assert_int_equal(r->ds.items[0].place.line, 2);
	assert_int_equal(r->ds.items[0].place.column, 5);
	assert_int_equal(r->documents.n, 0);
	done(r);
}

static void places_count_characters(void **state)
{
	const char *text = "\xc3\xa9: {\xf0\x9f\x8e\x89: x, \"k\": y}\nlist:\n  - z\n";
	struct reading *r = read_bytes(text, strlen(text));
	const struct node *root = r->documents.roots[0], *map = root->items[0];
	struct place at;

	(void)state;
	assert_int_equal(root->at.line, 1);
	assert_int_equal(map->at.column, 4);
	assert_int_equal(map->keys[0]->at.column, 5);
	assert_int_equal(map->items[0]->at.column, 8);
	assert_int_equal(map->keys[1]->at.column, 11);
	assert_string_equal(node_get(root, "list", &at)->items[0]->text, "z");
	assert_int_equal(at.line, 2);
	assert_null(node_get(root, "lost", NULL));
	assert_null(node_get(map->items[0], "x", NULL));
	done(r);
}

/* Errors of structure do not end the reading: all are gathered, and the document is marked. */
static void structure_errors_are_gathered(void **state)
{
	const char *text = "a: 1\na: !x 2\nb: *no\n---\nc: 1\n---\nd: 1\nd: 2\n";
	struct reading *r = read_bytes(text, strlen(text));

	(void)state;
	assert_int_equal(r->ds.errors, 4);
	assert_int_equal(r->documents.n, 3);
	assert_true(r->documents.broken[0]);
	assert_false(r->documents.broken[1]);
	assert_true(r->documents.broken[2]);
	assert_false(r->documents.cut);
	done(r);
}

/* What stands before a syntax error is there, so that the document's name can be known. */
static void what_was_read_survives_the_cut(void **state)
{
	const char *text = "a: 1\n---\nname: web1\nconfig:\n  x: 1\n y: 2\nz: 3\n";
	struct reading *r = read_bytes(text, strlen(text));
	char *tree = show_all(&r->documents);

	(void)state;
	assert_string_equal(tree, "{a:1} --- {name:web1,config:{x:1}}");
	assert_true(r->documents.cut);
	assert_false(r->documents.broken[0]);
	assert_true(r->documents.broken[1]);
	free(tree);
	done(r);
}

/* N times PART between BEFORE and AFTER. */
static char *repeat(const char *before, const char *part, size_t n, const char *after)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	fputs(before, out);
	for (size_t i = 0; i < n; i++)
		fputs(part, out);
	fputs(after, out);
	fclose(out);
	return text;
}

static void expect_first(const char *text, const char *message)
{
	struct reading *r = read_bytes(text, strlen(text));

	if (message) {
		assert_true(r->ds.n > 0);
		assert_string_equal(r->ds.items[0].message, message);
		assert_true(r->documents.cut);
	} else {
		assert_int_equal(r->r, 0);
	}
	done(r);
}

static void bounds_are_named(void **state)
{
	static const struct {
		const char *before, *part;
		size_t n;
		const char *after, *message;
	} cases[] = {
	    {"",      "[",                 32,              "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", NULL                                                  },
	    {"",      "[",                 33,              "",				 "more than 32 open [ and {"                           },
	    {"",      "{a: ",              33,              "",				 "more than 32 open [ and {"                           },
	    {"",      "[",                 100000,          "",                                 "more than 32 open [ and {"                           },
	    {"",      "- ",                64,              "a",				NULL						  },
	    {"",      "- ",                65,              "a",				"more than 64 levels of nesting"                      },
	    {"",      "? ",                65,              "a",				"more than 64 levels of nesting"                      },
	    {"a: ",   "xxxxxxxxxxxxxxxx",  16384,           "",                                 NULL                                                  },
	    {"a: ",   "xxxxxxxxxxxxxxxx",  16384,           "x",                                "more than 262144 bytes in one text"                  },
	    {"a: \"", "x\\\n",             300000,          "\"",                               "more than 262144 bytes in one text"                  },
	    {"",      "- a\n",             199999,          "",                                 NULL						  },
	    {"",      "- a\n",             200000,          "",                                 "more than 200000 nodes in one file, aliases expanded"},
	    {"",      "---\na\n",          10000,           "",                                 NULL						  },
	    {"",      "---\na\n",          10001,           "",                                 "more than 10000 documents in one file"               },
	    {"",      "aaaaaaaaaaaaaaa\n", (4u << 20) / 16, "#",                                "more than 4194304 bytes in one file"                 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *text = repeat(cases[i].before, cases[i].part, cases[i].n, cases[i].after);

		expect_first(text, cases[i].message);
		free(text);
	}
}

static void alias_bombs_are_refused(void **state)
{
	char *text;

	(void)state;
	/* Nine lists of nine: a billion nodes for those who walk them. */
	expect_first("a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
		     "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
		     "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n",
		     "more than 200000 nodes in one file, aliases expanded");
	/* Few nodes, much text. */
	text = repeat("- &a ", "xxxxxxxxxxxxxxxx", 16384, "");
	{
		char *bomb = repeat(text, "\n- *a", 64, "\n");

		expect_first(bomb,
			     "more than 16777216 bytes of text in one file, aliases expanded");
		free(bomb);
	}
	free(text);
	/* Merges of merges. */
	expect_first("a: &a {k: &l [x,x,x,x,x,x,x,x,x,x,x,x,x,x,x]}\nb: &b {<<: [*a,*a,*a,*a]}\n",
		     NULL);
}

/* Sorting, not comparing each with each: quadratic would take minutes. */
static void many_keys_are_fast(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct reading *r;

	(void)state;
	for (size_t i = 0; i < 90000; i++)
		fprintf(out, "key%zu: 1\n", (i * 7919) % 90000);
	fputs("'key5': 2\n", out);
	fclose(out);
	r = read_bytes(text, size);
	assert_int_equal(r->ds.errors, 1);
	assert_string_equal(r->ds.items[0].message, "'key5' is given twice");
	assert_int_equal(r->ds.items[0].place.line, 90001);
	assert_int_equal(r->documents.roots[0]->n, 90000);
	assert_string_equal(r->documents.roots[0]->keys[1]->text, "key7919");
	done(r);
	free(text);
}

static void many_anchors_are_fast(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct reading *r;

	(void)state;
	for (size_t i = 0; i < 60000; i++)
		fprintf(out, "- &a%zu %zu\n", i, i);
	fputs("- *a59999\n- *a0\n", out);
	fclose(out);
	r = read_bytes(text, size);
	assert_int_equal(r->r, 0);
	assert_string_equal(r->documents.roots[0]->items[60000]->text, "59999");
	assert_ptr_equal(r->documents.roots[0]->items[60001], r->documents.roots[0]->items[0]);
	done(r);
	free(text);
}

/* What is printed of a manifest cannot drive a terminal. */
static void names_in_messages_are_escaped(void **state)
{
	const char *text = "\"a\\tb\": 1\n\"a\\tb\": 2\n";
	struct reading *r = read_bytes(text, strlen(text));

	(void)state;
	assert_string_equal(r->ds.items[0].message, "'a\\tb' is given twice");
	done(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(good_texts_make_trees),
	    cmocka_unit_test(bad_texts_are_placed),
	    cmocka_unit_test(nul_bytes_are_placed),
	    cmocka_unit_test(places_count_characters),
	    cmocka_unit_test(structure_errors_are_gathered),
	    cmocka_unit_test(what_was_read_survives_the_cut),
	    cmocka_unit_test(bounds_are_named),
	    cmocka_unit_test(alias_bombs_are_refused),
	    cmocka_unit_test(many_keys_are_fast),
	    cmocka_unit_test(many_anchors_are_fast),
	    cmocka_unit_test(names_in_messages_are_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
