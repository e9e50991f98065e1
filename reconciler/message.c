#include "reconciler/message.h"

#include "reconciler/report.h"
#include "schema/arena.h"
#include "schema/text.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

static const char *const requests[] = {
    [REQUEST_HELLO] = "hello", [REQUEST_STATUS] = "status", [REQUEST_WATCH] = "watch",
    [REQUEST_APPLY] = "apply", [REQUEST_POKE] = "poke",     [REQUEST_MANAGED] = "managed",
};

static const char *const answers[] = {
    [ANSWER_HELLO] = "hello",     [ANSWER_STANDING] = "standing", [ANSWER_GONE] = "gone",
    [ANSWER_UNKNOWN] = "unknown", [ANSWER_READY] = "ready",       [ANSWER_OUTPUT] = "output",
    [ANSWER_END] = "end",         [ANSWER_DONE] = "done",         [ANSWER_MANAGED] = "managed",
    [ANSWER_REFUSED] = "refused",
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static bool word_find(const char *const *words, size_t n, const char *word, size_t *out)
{
	for (size_t i = 0; word && i < n; i++) {
		if (strcmp(words[i], word) != 0)
			continue;
		*out = i;
		return true;
	}
	return false;
}

/* A message of our version; NULL with *WHY. */
static json_t *open_message(const char *line, size_t size, const char *whose, struct arena *a,
			    const char **why)
{
	json_t *message = json_loadb(line, size, JSON_REJECT_DUPLICATES, NULL);
	const json_t *version = json_object_get(message, "version");

	if (!json_is_object(message))
		*why = "this is no message: write one JSON object a line";
	else if (!json_is_integer(version))
		*why = "a message without a version";
	else if (json_integer_value(version) != MESSAGE_VERSION)
		*why = arena_printf(a,
				    "%s speaks version %lld, and this end version %d: both have to "
				    "be of one evenkeel",
				    whose, (long long)json_integer_value(version), MESSAGE_VERSION);
	else
		return message;
	json_decref(message);
	return NULL;
}

static bool yes(const json_t *message, const char *name)
{
	return json_is_true(json_object_get(message, name));
}

static const char *text(const json_t *message, const char *name, struct arena *a)
{
	return arena_strdup(a, json_string_value(json_object_get(message, name)));
}

static int number(const json_t *message, const char *name, int least, int most)
{
	json_int_t n = json_integer_value(json_object_get(message, name));

	return n < least ? least : n > most ? most : (int)n;
}

static int read_names(const json_t *message, struct arena *a, const char ***out, size_t *n,
		      const char **why)
{
	const json_t *list = json_object_get(message, "names");
	size_t size = json_array_size(list);

	if (list && !json_is_array(list)) {
		*why = "names is not a list";
		return -EINVAL;
	}
	if (size)
		*out = arena_alloc(a, size * sizeof(**out));
	for (size_t i = 0; i < size; i++) {
		const char *name = json_string_value(json_array_get(list, i));
		const char *wrong = name ? name_check_instance(name) : "is not a text";

		if (wrong) {
			*why = arena_printf(a, "the name of the instance %s: '%s'", wrong,
					    name ? text_escape(a, name, strlen(name), 80) : "");
			return -EINVAL;
		}
		(*out)[i] = arena_strdup(a, name);
	}
	*n = size;
	return 0;
}

static int read_request(const json_t *message, struct arena *a, struct request *out,
			const char **why)
{
	const char *word = json_string_value(json_object_get(message, "request"));
	size_t kind;

	if (!word_find(requests, COUNT_OF(requests), word, &kind)) {
		*why = word ? arena_printf(a, "unknown request '%s'",
					   text_escape(a, word, strlen(word), 80))
			    : "a message without a request";
		return -EINVAL;
	}
	*out = (struct request){
	    .kind = (enum request_kind)kind,
	    .digest = yes(message, "digest"),
	    .settle = yes(message, "settle"),
	    .show_secrets = yes(message, "show_secrets"),
	    .verbosity = number(message, "verbosity", -1, 2),
	    .json = yes(message, "json"),
	    .color = yes(message, "color"),
	    .all = yes(message, "all"),
	};
	return read_names(message, a, &out->names, &out->n, why);
}

int request_parse(const char *line, size_t size, struct arena *a, struct request *out,
		  const char **why)
{
	json_t *message = open_message(line, size, "who asks", a, why);
	int r = message ? read_request(message, a, out, why) : -EINVAL;

	json_decref(message);
	return r;
}

/* What this kind of answer cannot do without. */
static bool is_whole(const struct answer *r, const json_t *message)
{
	switch (r->kind) {
	case ANSWER_HELLO:
		return r->pid > 0 && r->directory && r->lxcpath && r->host && r->etc;
	case ANSWER_STANDING:
		return r->standing.name != NULL;
	case ANSWER_GONE:
	case ANSWER_UNKNOWN:
		return r->name != NULL;
	case ANSWER_OUTPUT:
	case ANSWER_REFUSED:
		return r->text != NULL;
	case ANSWER_END:
		return json_is_integer(json_object_get(message, "status"));
	case ANSWER_READY:
	case ANSWER_DONE:
	case ANSWER_MANAGED:
		break;
	}
	return true;
}

static int read_answer(const json_t *message, struct arena *a, struct answer *out, const char **why)
{
	const char *word = json_string_value(json_object_get(message, "answer"));
	const json_t *standing = json_object_get(message, "standing");
	size_t kind;
	struct answer r;

	*why = "the answer is not understood";
	if (!word_find(answers, COUNT_OF(answers), word, &kind))
		return -EINVAL;
	r = (struct answer){
	    .kind = (enum answer_kind)kind,
	    .pid = number(message, "pid", 0, INT32_MAX),
	    .program = text(message, "program", a),
	    .directory = text(message, "directory", a),
	    .lxcpath = text(message, "lxcpath", a),
	    .host = text(message, "host", a),
	    .etc = text(message, "etc", a),
	    .owner = text(message, "owner", a),
	    .observe = yes(message, "observe"),
	    .name = text(message, "name", a),
	    .text = text(message, "text", a),
	    .generation = text(message, "generation", a),
	    .error = yes(message, "error"),
	    .trouble = yes(message, "trouble"),
	    .status = number(message, "status", 0, 255),
	};
	if ((standing && standing_from_json(standing, a, &r.standing) < 0) ||
	    read_names(message, a, &r.names, &r.n, why) < 0 || !is_whole(&r, message))
		return -EINVAL;
	*out = r;
	return 0;
}

int answer_parse(const char *line, size_t size, struct arena *a, struct answer *out,
		 const char **why)
{
	json_t *message = open_message(line, size, "the daemon", a, why);
	int r = message ? read_answer(message, a, out, why) : -EINVAL;

	json_decref(message);
	return r;
}

/* --- printing ------------------------------------------------------------------------------------
 */

static json_t *message_new(const char *what, const char *word)
{
	json_t *message = json_object();

	json_object_set_new(message, "version", json_integer(MESSAGE_VERSION));
	json_object_set_new(message, what, json_string(word));
	return message;
}

static void set_text(json_t *message, const char *name, const char *value)
{
	if (value)
		json_object_set_new(message, name, json_text(value));
}

static void set_yes(json_t *message, const char *name, bool value)
{
	if (value)
		json_object_set_new(message, name, json_true());
}

static void set_number(json_t *message, const char *name, int value)
{
	if (value)
		json_object_set_new(message, name, json_integer(value));
}

static void set_names(json_t *message, const char **names, size_t n)
{
	json_t *list;

	if (n == 0)
		return;
	list = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_text(names[i]));
	json_object_set_new(message, "names", list);
}

struct line {
	struct arena *arena;
	char *bytes;
	size_t n, capacity;
};

static int append(const char *bytes, size_t n, void *to)
{
	struct line *line = to;

	if (n > line->capacity - line->n) {
		size_t capacity = (line->capacity + n) * 2;
		char *larger = arena_alloc(line->arena, capacity);

		if (line->n)
			memcpy(larger, line->bytes, line->n);
		line->bytes = larger;
		line->capacity = capacity;
	}
	memcpy(line->bytes + line->n, bytes, n);
	line->n += n;
	return 0;
}

static char *close_message(json_t *message, struct arena *a, size_t *size)
{
	struct line line = {.arena = a};

	json_dump_callback(message, append, &line, JSON_COMPACT);
	append("\n", 1, &line);
	json_decref(message);
	*size = line.n;
	return line.bytes;
}

char *request_print(const struct request *r, struct arena *a, size_t *size)
{
	json_t *message = message_new("request", requests[r->kind]);

	set_names(message, r->names, r->n);
	set_yes(message, "digest", r->digest);
	set_yes(message, "settle", r->settle);
	set_yes(message, "show_secrets", r->show_secrets);
	set_number(message, "verbosity", r->verbosity);
	set_yes(message, "json", r->json);
	set_yes(message, "color", r->color);
	set_yes(message, "all", r->all);
	return close_message(message, a, size);
}

char *answer_print(const struct answer *r, bool show_secrets, struct arena *a, size_t *size)
{
	json_t *message = message_new("answer", answers[r->kind]);

	set_number(message, "pid", r->pid);
	set_text(message, "program", r->program);
	set_text(message, "directory", r->directory);
	set_text(message, "lxcpath", r->lxcpath);
	set_text(message, "host", r->host);
	set_text(message, "etc", r->etc);
	set_text(message, "owner", r->owner);
	set_yes(message, "observe", r->observe);
	if (r->standing.name)
		json_object_set_new(message, "standing", standing_json(&r->standing, show_secrets));
	set_text(message, "name", r->name);
	set_text(message, "text", r->text);
	set_text(message, "generation", r->generation);
	set_names(message, r->names, r->n);
	set_yes(message, "error", r->error);
	set_yes(message, "trouble", r->trouble);
	if (r->kind == ANSWER_END)
		json_object_set_new(message, "status", json_integer(r->status));
	return close_message(message, a, size);
}
