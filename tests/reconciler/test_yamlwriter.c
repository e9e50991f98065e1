#include "reconciler/yamlwriter.h"

#include "schema/arena.h"
#include "schema/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* One mapping with TEXT as its only value, as it is written. The caller frees it. */
static char *written(const char *text)
{
	struct yamlwriter w;
	char *out = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&out, &n);

	assert_non_null(f);
	yamlwriter_open(&w, f);
	yamlwriter_document_start(&w, false);
	yamlwriter_mapping_start(&w);
	yamlwriter_text(&w, "k");
	yamlwriter_text(&w, text);
	yamlwriter_mapping_end(&w);
	yamlwriter_document_end(&w);
	assert_int_equal(yamlwriter_close(&w), 0);
	assert_int_equal(fclose(f), 0);
	return out;
}

static const struct {
	const char *text, *want;
} texts[] = {
    {"256MiB",            "k: 256MiB\n"                   },
    {"25ms/200ms",        "k: 25ms/200ms\n"               },
    {"web1",	      "k: web1\n"                     },
    {"/srv/data",         "k: /srv/data\n"                },
    {"a: b",	      "k: 'a: b'\n"                   },
    {"# no comment",      "k: '# no comment'\n"           },
    {"it's",	      "k: it's\n"                     },
    {"",		  "k: \"\"\n"		     },
 /* what another reader would take for something else */
    {"2",		 "k: \"2\"\n"                    },
    {"1.50",	      "k: \"1.50\"\n"                 },
    {"1e3",	       "k: \"1e3\"\n"                  },
    {"0x1F",	      "k: \"0x1F\"\n"                 },
    {"12:30:45",          "k: \"12:30:45\"\n"             },
    {"2020-01-01",        "k: \"2020-01-01\"\n"           },
    {"-5",		"k: \"-5\"\n"                   },
    {".inf",	      "k: \".inf\"\n"                 },
    {"yes",	       "k: \"yes\"\n"                  },
    {"Off",	       "k: \"Off\"\n"                  },
    {"NULL",	      "k: \"NULL\"\n"                 },
    {"~",		 "k: \"~\"\n"                    },
    {"<<",		"k: \"<<\"\n"                   },
    {"both 1 1\nuid 2 2", "k: |-\n  both 1 1\n  uid 2 2\n"},
    {"two\nlines\n",      "k: |\n  two\n  lines\n"        },
 /* nothing drives a terminal */
    {"a\033[31m",         "k: \"a\\e[31m\"\n"             },
    {"f\303\274r",        "k: \"f\\xFCr\"\n"              },
    {"\342\200\256x",     "k: \"\\u202Ex\"\n"             },
};

static void texts_are_quoted_as_needed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		char *out = written(texts[i].text);

		assert_string_equal(out, texts[i].want);
		free(out);
	}
}

/* Control characters are refused by our reader, however they are written. */
static bool readable(const char *text)
{
	return strchr(text, '\033') == NULL;
}

static void texts_are_read_back(void **state)
{
	char longest[400];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	longest[100] = longest[200] = longest[300] = ' ';
	for (size_t i = 0; i <= sizeof(texts) / sizeof(*texts); i++) {
		bool last = i == sizeof(texts) / sizeof(*texts);
		const char *text = last ? longest : texts[i].text;
		char *out = written(text);
		struct source source = {"x", out, strlen(out)};
		struct arena *a = arena_new();
		struct diagnostics ds;
		struct documents docs;

		diagnostics_init(&ds, a);
		if (readable(text)) {
			assert_int_equal(yaml_read(&source, a, &docs, &ds), 0);
			assert_string_equal(docs.roots[0]->items[0]->text, text);
		}
		/* long lines stay whole */
		assert_true(!last || strchr(out, '\n') == out + strlen(out) - 1);
		arena_free(a);
		free(out);
	}
}

static void documents_and_lists_are_written(void **state)
{
	struct yamlwriter w;
	char *out = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&out, &n);

	(void)state;
	yamlwriter_open(&w, f);
	for (int i = 0; i < 2; i++) {
		yamlwriter_document_start(&w, i > 0);
		yamlwriter_mapping_start(&w);
		yamlwriter_text(&w, "list");
		yamlwriter_sequence_start(&w);
		yamlwriter_text(&w, "a");
		yamlwriter_word(&w, "true");
		yamlwriter_sequence_end(&w);
		yamlwriter_text(&w, "none");
		yamlwriter_mapping_start(&w);
		yamlwriter_mapping_end(&w);
		yamlwriter_mapping_end(&w);
		yamlwriter_document_end(&w);
	}
	assert_int_equal(yamlwriter_close(&w), 0);
	fclose(f);
	assert_string_equal(out,
			    "list:\n- a\n- true\nnone: {}\n---\nlist:\n- a\n- true\nnone: {}\n");
	free(out);
}

static void lost_output_is_told(void **state)
{
	struct yamlwriter w;
	FILE *f = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(f);
	setvbuf(f, NULL, _IONBF, 0);
	yamlwriter_open(&w, f);
	yamlwriter_document_start(&w, false);
	yamlwriter_text(&w, "text");
	yamlwriter_document_end(&w);
	assert_true(yamlwriter_close(&w) < 0);
	fclose(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(texts_are_quoted_as_needed),
	    cmocka_unit_test(texts_are_read_back),
	    cmocka_unit_test(documents_and_lists_are_written),
	    cmocka_unit_test(lost_output_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
