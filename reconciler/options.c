#include "reconciler/options.h"

#include "reconciler/condition.h"
#include "reconciler/flagvalue.h"
#include "schema/arena.h"
#include "schema/text.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <lxc/lxccontainer.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define FIRST_NUMBER 256 /* of long flags in getopt's answers: beyond every letter */

#define SETTLE_MOST 1000   /* in ms: then the daemon acts in any case */
#define RESYNC_MOST 604800 /* in s: a week */

/* What a command line says before the command is known. */
struct parse {
	struct arena *arena;
	struct diagnostics *ds;
	struct options *o;
	const char *format, *color;
	unsigned used;                                     /* enum flag, or-ed */
	const char *spelling[sizeof(unsigned) * CHAR_BIT]; /* of each flag used */
};

enum takes {
	TAKES_YES,
	TAKES_TEXT,
	TAKES_SETTLE,
	TAKES_RESYNC,
	TAKES_TIME,
	TAKES_FORMAT,
	TAKES_LOG,
	TAKES_WAIT,
	TAKES_COLOR,
	TAKES_QUIET,
	TAKES_VERBOSE
};

#define YES(member) TAKES_YES, offsetof(struct options, member)
#define TEXT(member) TAKES_TEXT, offsetof(struct options, member)
#define TIME(member) TAKES_TIME, offsetof(struct options, member)

/* clang-format off */
static const struct flag_row {
	const char *name;
	char letter;
	const char *argument; /* "[=" in front: it may be left out */
	unsigned flags; /* a command with one of these takes it */
	enum takes takes;
	size_t at; /* of the member of struct options */
	const char *help;
} flags[] = {
	{"directory", 'd', "DIR", FLAG_DIRECTORY, TEXT(directory),
	 "where the manifests are (default /etc/evenkeel)"},
	{"lxcpath", 'P', "PATH", FLAG_LXCPATH, TEXT(lxcpath),
	 "where the containers are (default: as LXC is configured)"},
	{"output", 'o', "FORMAT", FLAG_OUTPUT | FLAG_YAML, TAKES_FORMAT, 0, NULL},
	{"all", 0, NULL, FLAG_ALL, YES(all), "every container; also what is in sync"},
	{"yes", 0, NULL, FLAG_YES, YES(yes), "do not ask before destroying or letting go"},
	{"boot-only", 0, NULL, FLAG_BOOT_ONLY, YES(boot_only),
	 "only the boot files of stopped containers: no start, no stop"},
	{"usage", 0, NULL, FLAG_USAGE, YES(usage), "also what each container uses"},
	{"watch", 0, NULL, FLAG_WATCH, YES(watch), "stay, and print each instance that changes"},
	{"wait", 0, "[=CONDITION]", FLAG_WAIT, TAKES_WAIT, 0,
	 "until each instance is in-sync, or stopped, running, ..."},
	{"timeout", 0, "TIME", FLAG_TIMEOUT, TIME(timeout_ms), "how long to wait at most, like 60s"},
	{"for", 0, "TIME", FLAG_FOR, TIME(for_ms), "for how long, like 2h (default: until resume)"},
	{"reason", 0, "TEXT", FLAG_REASON, TEXT(reason), "why, as status shows it"},
	{"settle", 0, "MS", FLAG_SETTLE, TAKES_SETTLE, offsetof(struct options, settle_ms),
	 "act when the directory has been quiet so long (default 20)"},
	{"resync", 0, "S", FLAG_RESYNC, TAKES_RESYNC, offsetof(struct options, resync_s),
	 "look at all containers so often (default 300; 0: never)"},
	{"observe", 0, NULL, FLAG_OBSERVE, YES(observe), "report what is not as it should be; write nothing"},
	{"log-format", 0, "FORMAT", FLAG_LOG_FORMAT, TAKES_LOG, 0,
	 "text or json (default text)"},
	{"compat", 0, "WHOM", FLAG_COMPAT, TEXT(compat), "also say what lxd or incus would refuse"},
	{"show-secrets", 0, NULL, FLAG_SECRETS, YES(show_secrets),
	 "show values that are otherwise (hidden)"},
	{"host", 0, "NAME", FLAG_HOST, TEXT(host), "the host's name, for hosts: (default: its own)"},
	{"etc", 0, "DIR", FLAG_ETC, TEXT(etc), "where subuid and subgid are read (default /etc)"},
	{"owner", 0, "USER", FLAG_OWNER, TEXT(owner), "trust manifests of this user as well as root's"},
	{"quiet", 'q', NULL, FLAG_COMMON, TAKES_QUIET, 0, "errors only"},
	{"verbose", 'v', NULL, FLAG_COMMON, TAKES_VERBOSE, 0, "say more; twice: every kernel write"},
	{"color", 0, "WHEN", FLAG_COMMON, TAKES_COLOR, 0,
	 "auto, always or never (default auto; NO_COLOR is heeded)"},
	{"help", 'h', NULL, FLAG_COMMON, YES(help), "this help"},
	{"version", 0, NULL, 0, YES(version), "print the version"},
};
/* clang-format on */

static const char *const formats[] = {
    [OUTPUT_TEXT] = "text",
    [OUTPUT_JSON] = "json",
    [OUTPUT_YAML] = "yaml",
};

static const struct flag_row *row_of_letter(int letter)
{
	for (size_t i = 0; i < COUNT_OF(flags); i++)
		if (letter && flags[i].letter == letter)
			return &flags[i];
	return NULL;
}

static const char *shown(struct parse *p, const char *text)
{
	return text_escape(p->arena, text, strlen(text), 80);
}

/* Offers the word nearest to TEXT, if there is one; keeps the answer of the finding. */
static int hint_near(struct diagnostics *ds, const char *prefix, const char *text,
		     const char *const *words, size_t n)
{
	const char *near = text_near_miss(text, words, n);

	if (near)
		return diagnostic_hint(ds, "did you mean %s%s?", prefix, near);
	return diagnostic_hint(ds, "evenkeel --help lists what there is");
}

static int refuse_unknown(struct parse *p, const char *argument)
{
	const char *names[COUNT_OF(flags)], *name = argument + 2;
	size_t n = strcspn(name, "="), matches = 0;
	char *text = arena_strndup(p->arena, name, n);

	for (size_t i = 0; i < COUNT_OF(flags); i++) {
		names[i] = flags[i].name;
		matches += n > 0 && strncmp(flags[i].name, text, n) == 0;
	}
	if (matches > 1) {
		diagnostic_error(p->ds, NOWHERE, "--%s could be several options", shown(p, text));
		return diagnostic_hint(p->ds, "write the option in full");
	}
	diagnostic_error(p->ds, NOWHERE, "unknown option --%s", shown(p, text));
	return hint_near(p->ds, "--", text, names, COUNT_OF(flags));
}

/* What getopt refused: optopt is 0 for an unknown long flag, the letter of a short one, or the
 * number of a long one whose argument is wrong. */
static int refuse(struct parse *p, int answer, const char *argument)
{
	const char letter[] = {(char)optopt, '\0'};

	if (optopt == 0)
		return refuse_unknown(p, argument);
	if (optopt >= FIRST_NUMBER && answer == ':')
		return diagnostic_error(p->ds, NOWHERE, "--%s needs an argument: %s",
					flags[optopt - FIRST_NUMBER].name,
					flags[optopt - FIRST_NUMBER].argument);
	if (optopt >= FIRST_NUMBER)
		return diagnostic_error(p->ds, NOWHERE, "--%s takes no argument",
					flags[optopt - FIRST_NUMBER].name);
	if (answer == ':')
		return diagnostic_error(p->ds, NOWHERE, "-%s needs an argument: %s", letter,
					row_of_letter(optopt)->argument);
	diagnostic_error(p->ds, NOWHERE, "unknown option -%s", shown(p, letter));
	return diagnostic_hint(p->ds, "evenkeel --help lists what there is");
}

static int set(struct parse *p, const struct flag_row *row, const char *text)
{
	char *member = (char *)p->o + row->at;

	if (!text)
		text = row->takes == TAKES_WAIT ? condition_name(CONDITION_IN_SYNC) : "";
	if (row->argument && !*text)
		return diagnostic_error(p->ds, NOWHERE, "--%s: the argument is empty", row->name);
	for (unsigned bit = 0; bit < COUNT_OF(p->spelling); bit++)
		if (row->flags & 1u << bit)
			p->spelling[bit] = row->name;
	p->used |= row->flags;
	switch (row->takes) {
	case TAKES_YES:
		*(bool *)member = true;
		break;
	case TAKES_TEXT:
		*(const char **)member = text;
		break;
	case TAKES_SETTLE:
		return flagvalue_number(row->name, text, SETTLE_MOST, "milliseconds",
					(unsigned *)(void *)member, p->ds);
	case TAKES_RESYNC:
		return flagvalue_number(row->name, text, RESYNC_MOST, "seconds",
					(unsigned *)(void *)member, p->ds);
	case TAKES_TIME:
		return flagvalue_time(row->name, text, (uint64_t *)(void *)member, p->ds);
	case TAKES_FORMAT:
		p->format = text;
		break;
	case TAKES_LOG:
		return flagvalue_log(text, &p->o->log_format, p->ds);
	case TAKES_WAIT:
		return flagvalue_wait(text, &p->o->wait, p->ds);
	case TAKES_COLOR:
		p->color = text;
		break;
	case TAKES_QUIET:
		p->o->verbosity = -1;
		break;
	case TAKES_VERBOSE:
		p->o->verbosity = p->o->verbosity < 0 ? 1 : p->o->verbosity + 1;
		break;
	}
	return 0;
}

/* Walks the arguments with getopt; what is no flag is moved behind, from optind on. */
static int read_flags(struct parse *p, int argc, char **argv)
{
	struct option longs[COUNT_OF(flags) + 1] = {0};
	char shorts[2 * COUNT_OF(flags) + 2] = ":";
	size_t n = 1;
	int answer, r = 0;

	for (size_t i = 0; i < COUNT_OF(flags); i++) {
		int has = flags[i].argument ? required_argument : no_argument;

		if (has && flags[i].argument[0] == '[')
			has = optional_argument;
		longs[i] = (struct option){flags[i].name, has, NULL, FIRST_NUMBER + (int)i};
		if (flags[i].letter)
			shorts[n++] = flags[i].letter;
		if (flags[i].letter && flags[i].argument)
			shorts[n++] = ':';
	}
	opterr = 0;
	optind = 0; /* glibc: begin anew, also after an earlier parse */
	while ((answer = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct flag_row *row =
		    answer >= FIRST_NUMBER ? &flags[answer - FIRST_NUMBER] : row_of_letter(answer);

		if (answer == '?' || answer == ':')
			r = refuse(p, answer, argv[optind - 1]);
		else if (set(p, row, optarg) < 0)
			r = -EINVAL;
	}
	return r;
}

const struct command *options_command(const char *name, const struct command *commands, size_t n,
				      struct diagnostics *ds)
{
	const char **names = arena_alloc(ds->arena, n * sizeof(*names));

	for (size_t i = 0; i < n; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
		names[i] = commands[i].name;
	}
	diagnostic_error(ds, NOWHERE, "unknown command '%s'",
			 text_escape(ds->arena, name, strlen(name), 80));
	hint_near(ds, "", name, names, n);
	return NULL;
}

/* Does the command take every flag that was used? */
static int check_flags(struct parse *p, const struct command *c)
{
	unsigned allowed = c->flags | FLAG_COMMON;
	int r = 0;

	/* -o is one flag with two bits: either allows it */
	if (allowed & (FLAG_OUTPUT | FLAG_YAML))
		allowed |= FLAG_OUTPUT | FLAG_YAML;
	for (unsigned bit = 0; bit < COUNT_OF(p->spelling); bit++) {
		if (!(p->used & ~allowed & 1u << bit) || 1u << bit == FLAG_YAML)
			continue;
		diagnostic_error(p->ds, NOWHERE, "'%s' does not take --%s", c->name,
				 p->spelling[bit]);
		r = diagnostic_hint(p->ds, "evenkeel help %s lists what it takes", c->name);
	}
	return r;
}

/* The formats of a command with these flags, for people; the first is the default. */
static const char *formats_of(unsigned taken)
{
	if (!(taken & FLAG_YAML))
		return "text or json";
	return taken & FLAG_OUTPUT ? "text, yaml or json" : "yaml or json";
}

static int resolve_format(struct parse *p, const struct command *c)
{
	bool text = c->flags & FLAG_OUTPUT, yaml = c->flags & FLAG_YAML;

	p->o->output = text || !yaml ? OUTPUT_TEXT : OUTPUT_YAML;
	if (!p->format)
		return 0;
	for (int i = 0; i < (int)COUNT_OF(formats); i++) {
		if (strcmp(p->format, formats[i]) != 0 || (i == OUTPUT_TEXT && !text && yaml) ||
		    (i == OUTPUT_YAML && !yaml))
			continue;
		p->o->output = (enum output)i;
		return 0;
	}
	diagnostic_error(p->ds, NOWHERE, "--output: '%s' is not a format of '%s'",
			 shown(p, p->format), c->name);
	return diagnostic_hint(p->ds, "write %s", formats_of(c->flags));
}

static int resolve_color(struct parse *p)
{
	const char *no = getenv("NO_COLOR"), *terminal = getenv("TERM");

	if (p->color && strcmp(p->color, "always") == 0) {
		p->o->color = true;
		return 0;
	}
	if (p->color && strcmp(p->color, "never") == 0)
		return 0;
	if (p->color && strcmp(p->color, "auto") != 0) {
		diagnostic_error(p->ds, NOWHERE, "--color: '%s' is not known", shown(p, p->color));
		return diagnostic_hint(p->ds, "write auto, always or never");
	}
	p->o->color =
	    !(no && *no) && terminal && strcmp(terminal, "dumb") != 0 && isatty(STDOUT_FILENO);
	return 0;
}

static int check_compat(struct parse *p)
{
	const char *whom = p->o->compat;

	if (!whom || strcmp(whom, "lxd") == 0 || strcmp(whom, "incus") == 0)
		return 0;
	diagnostic_error(p->ds, NOWHERE, "--compat: '%s' is not known", shown(p, whom));
	return diagnostic_hint(p->ds, "write lxd or incus");
}

/* One spelling of the LXC path: the lock and the records are named after it. */
static const char *absolute(struct arena *a, const char *path)
{
	char real[PATH_MAX], here[PATH_MAX];

	if (realpath(path, real))
		return arena_strdup(a, real);
	if (path[0] == '/' || !getcwd(here, sizeof(here)))
		return path;
	return arena_printf(a, "%s/%s", here, path);
}

static void fill_defaults(struct options *o, struct arena *a)
{
	char host[HOST_NAME_MAX + 1] = "";

	if (!o->directory)
		o->directory = "/etc/evenkeel";
	if (!o->etc)
		o->etc = "/etc";
	if (!o->lxcpath)
		o->lxcpath = lxc_get_global_config_item("lxc.lxcpath");
	if (!o->lxcpath)
		o->lxcpath = "/var/lib/lxc";
	o->lxcpath = absolute(a, o->lxcpath);
	if (!o->host) {
		gethostname(host, sizeof(host) - 1);
		o->host = arena_strdup(a, host);
	}
}

int options_parse(int argc, char **argv, const struct command *commands, size_t n, struct arena *a,
		  struct options *o, const struct command **command, struct diagnostics *ds)
{
	struct parse p = {.arena = a, .ds = ds, .o = o};
	const struct command *c;

	*o = (struct options){.settle_ms = 20, .resync_s = 300};
	*command = NULL;
	if (read_flags(&p, argc, argv) < 0 || resolve_color(&p) < 0 || check_compat(&p) < 0)
		return -EINVAL;
	if (optind >= argc) {
		if (o->help || o->version)
			return 0;
		diagnostic_error(ds, NOWHERE, "no command given");
		return diagnostic_hint(ds, "evenkeel --help lists them");
	}
	c = options_command(argv[optind], commands, n, ds);
	if (!c)
		return -EINVAL;
	o->names = argv + optind + 1;
	o->n_names = (size_t)(argc - optind - 1);
	if (check_flags(&p, c) < 0 || resolve_format(&p, c) < 0)
		return -EINVAL;
	if (o->n_names > c->most && !o->help)
		return diagnostic_error(ds, NOWHERE, "'%s' is too much: evenkeel %s%s%s",
					shown(&p, o->names[c->most]), c->name, *c->args ? " " : "",
					c->args);
	if (o->timeout_ms && !o->wait && !o->help) {
		diagnostic_error(ds, NOWHERE, "--timeout without --wait");
		return diagnostic_hint(ds, "write --wait as well");
	}
	if (o->wait && o->watch && !o->help)
		return diagnostic_error(ds, NOWHERE, "--wait and --watch exclude each other");
	fill_defaults(o, a);
	o->given = p.used;
	*command = c;
	return 0;
}

size_t options_flags(unsigned taken, struct arena *a, struct flag_help **out)
{
	size_t n = 0;

	*out = arena_alloc(a, COUNT_OF(flags) * sizeof(**out));
	for (size_t i = 0; i < COUNT_OF(flags); i++) {
		const struct flag_row *row = &flags[i];
		struct flag_help item = {row->name, row->help, row->argument, row->letter};

		if (row->flags && !(row->flags & (taken | FLAG_COMMON)))
			continue;
		if (!row->flags && taken != 0)
			continue;
		if (row->takes == TAKES_FORMAT)
			item.help = formats_of(taken);
		(*out)[n++] = item;
	}
	return n;
}
