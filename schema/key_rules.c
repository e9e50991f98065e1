#include "schema/key_rules.h"

#include "schema/rawlxc.h"
#include "schema/yaml_place.h"

#include <errno.h>
#include <string.h>

/* RLIM_NLIMITS of Linux: numbers of resource limits are below it. */
#define RLIMITS 16

/* The part of the name that fits the final "*" of its row. */
static const char *free_part(const struct setting *s)
{
	return s->name + strlen(s->key->name) - 1;
}

static int refuse_name(struct reading *r, const struct setting *s, const char *what,
		       const char *wrong)
{
	const char *part = free_part(s);
	struct place at = yaml_place_inside(s->at, s->name, (size_t)(part - s->name));

	return diagnostic_error(r->ds, at, "the name of a %s %s: '%s'", what, wrong,
				reading_show(r, part));
}

static int check_variable(struct reading *r, const struct setting *s, const struct value *value)
{
	const char *wrong = name_check_variable(free_part(s));

	(void)value;
	return wrong ? refuse_name(r, s, "variable", wrong) : 0;
}

static int check_sysctl(struct reading *r, const struct setting *s, const struct value *value)
{
	const char *wrong = name_check_sysctl(free_part(s));

	(void)value;
	return wrong ? refuse_name(r, s, "sysctl", wrong) : 0;
}

/* A name that liblxc does not know is no key; a number is one, when the kernel has so many. */
static int check_rlimit(struct reading *r, const struct setting *s, const struct value *value)
{
	const char *name = free_part(s);
	uint64_t number;

	(void)value;
	if (value_digits(name, strlen(name), RLIMITS - 1, &number))
		return 0;
	diagnostic_error(r->ds, yaml_place_inside(s->at, s->name, (size_t)(name - s->name)),
			 "no resource limit has the number %s", reading_show(r, name));
	return diagnostic_hint(r->ds, "0 to %d; most have names, like limits.kernel.nofile",
			       RLIMITS - 1);
}

static int check_memory(struct reading *r, const struct setting *s, const struct value *value)
{
	if (!value->amount.percent || value->amount.number <= 100)
		return 0;
	diagnostic_warning(r->ds, s->value_at, "%s is more memory than the host has", s->text);
	return 0;
}

static int check_lxc_line(struct reading *r, const struct setting *s,
			  const struct rawlxc_line *line)
{
	struct place at = yaml_place_inside(s->value_at, s->text, line->offset);
	const struct rawlxc_rule *rule = rawlxc_rule_find(line->key);
	const char *key = reading_show(r, line->key);

	if (!rule && rawlxc_key_known(line->key))
		return 0;
	if (!rule) {
		diagnostic_error(r->ds, at, "LXC knows no key '%s'", key);
		reading_hint_near_miss(r, rawlxc_key_near_miss(line->key));
		return -EINVAL;
	}
	if (rule->severity == SEVERITY_ERROR)
		diagnostic_error(r->ds, at, "raw.lxc cannot set %s: %s", key, rule->why);
	else
		diagnostic_warning(r->ds, at, "raw.lxc sets %s: %s", key, rule->why);
	if (rule->instead)
		diagnostic_hint(r->ds, "%s", rule->instead);
	return rule->severity == SEVERITY_ERROR ? -EINVAL : 0;
}

static int check_lxc(struct reading *r, const struct setting *s, const struct value *value)
{
	struct rawlxc lines;
	size_t bad;
	int result = rawlxc_parse(s->text, r->scratch, &lines, &bad);

	(void)value;
	if (result < 0) {
		diagnostic_error(r->ds, yaml_place_inside(s->value_at, s->text, bad),
				 "a line of raw.lxc that is no 'KEY = VALUE'");
		diagnostic_hint(r->ds, "one a line: in YAML begin the text with '|'");
	}
	for (size_t i = 0; i < lines.n && !reading_full(r); i++)
		if (check_lxc_line(r, s, &lines.items[i]) < 0)
			result = -EINVAL;
	return result;
}

static const struct key_rule {
	const char *key;
	int (*check)(struct reading *r, const struct setting *s, const struct value *value);
} rules[] = {
    {"environment.*",   check_variable},
    {"limits.kernel.*", check_rlimit  },
    {"limits.memory",   check_memory  },
    {"linux.sysctl.*",  check_sysctl  },
    {"raw.lxc",         check_lxc     },
};

int key_rules_check(struct reading *r, const struct setting *s, const struct value *value)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (strlen(rules[i].key) == strlen(s->key->name) &&
		    strcmp(rules[i].key, s->key->name) == 0)
			return rules[i].check(r, s, value);
	return 0;
}
