#include "reconciler/commands.h"
#include "reconciler/descriptors.h"
#include "reconciler/help.h"
#include "reconciler/lifecycle.h"
#include "reconciler/report.h"
#include "schema/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define ANY SIZE_MAX

/* What decides about a plan. */
#define PLANS                                                                                      \
	(FLAG_DIRECTORY | FLAG_LXCPATH | FLAG_OUTPUT | FLAG_HOST | FLAG_ETC | FLAG_OWNER |         \
	 FLAG_SECRETS | FLAG_ALL)

static int help_main(const struct options *o);

/* clang-format off */
static const struct command commands[] = {
	{"validate", "[PATH...]", "check manifests; touches nothing",
	 "0 fine, 1 something invalid, 2 trouble",
	 FLAG_DIRECTORY | FLAG_OUTPUT | FLAG_HOST | FLAG_OWNER | FLAG_SECRETS | FLAG_COMPAT, ANY,
	 validate_main},
	{"expand", "[NAME...]", "expanded configuration, each value with its origin; the id map",
	 "0 fine, 1 something invalid, 2 trouble",
	 FLAG_DIRECTORY | FLAG_LXCPATH | FLAG_OUTPUT | FLAG_YAML | FLAG_HOST | FLAG_ETC | FLAG_OWNER |
	     FLAG_SECRETS,
	 ANY, expand_main},
	{"diff", "[NAME...]", "what apply would change",
	 "0 nothing to do now, 1 differences, 2 trouble or invalid manifests",
	 PLANS, ANY, diff_main},
	{"apply", "[NAME...]", "make it so, once",
	 "0 everything holds, 1 something failed or is invalid, 2 trouble",
	 PLANS | FLAG_YES | FLAG_BOOT_ONLY, ANY, apply_main},
	{"run", "", "watch and keep it so",
	 "0 ended by SIGTERM, 2 trouble",
	 FLAG_DIRECTORY | FLAG_LXCPATH | FLAG_HOST | FLAG_ETC | FLAG_OWNER | FLAG_SECRETS | FLAG_SETTLE |
	     FLAG_RESYNC | FLAG_OBSERVE | FLAG_LOG_FORMAT,
	 0, run_main},
	{"status", "[NAME...]", "in sync, pending restart, failing",
	 "0 all in sync, 1 not (or not in time), 2 trouble",
	 PLANS | FLAG_USAGE | FLAG_WATCH | FLAG_WAIT | FLAG_TIMEOUT, ANY, status_main},
	{"export", "[NAME...]", "a manifest from a living container; its diff is empty",
	 "0 fine, 1 something that no manifest can say, 2 trouble",
	 FLAG_LXCPATH | FLAG_YAML | FLAG_ETC | FLAG_HOST | FLAG_SECRETS, ANY, export_main},
	{"release", "[NAME...]", "let go: the container stays as it is",
	 "0 let go, 1 something failed, 2 trouble",
	 FLAG_LXCPATH | FLAG_ALL | FLAG_YES, ANY, release_main},
	{"pause", "NAME...", "leave instances alone, for a while",
	 "0 paused, 2 trouble",
	 FLAG_LXCPATH | FLAG_FOR | FLAG_REASON, ANY, pause_main},
	{"resume", "NAME...", "look after them again",
	 "0 resumed, 1 one of them was not paused, 2 trouble",
	 FLAG_LXCPATH, ANY, resume_main},
	{"explain", "[KEY...]", "what a key means, its grammar, its kernel files",
	 "0 fine, 1 unknown, 2 trouble",
	 FLAG_OUTPUT, ANY, explain_main},
	{"help", "[COMMAND]", "this help, or that of a command",
	 "0 fine, 2 trouble", 0, 1, help_main},
};
/* clang-format on */

static int help_main(const struct options *o)
{
	struct arena *a;
	struct diagnostics ds;
	const struct command *c;

	if (o->n_names == 0) {
		help_program(stdout, commands, COUNT_OF(commands));
		return 0;
	}
	a = arena_new();
	diagnostics_init(&ds, a);
	c = options_command(o->names[0], commands, COUNT_OF(commands), &ds);
	if (c)
		help_command(stdout, c);
	report_diagnostics(o, &ds);
	arena_free(a);
	return c ? 0 : 2;
}

/* A file that is opened must never become standard output: what is printed would go into it. What
 * stands in for a closed stream refuses to be written. */
static void guard_streams(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) < 0)
			_exit(2);
}

static int run(int argc, char **argv)
{
	struct arena *a = arena_new();
	const struct command *c;
	struct diagnostics ds;
	struct options o;
	int status = 0;

	diagnostics_init(&ds, a);
	if (options_parse(argc, argv, commands, COUNT_OF(commands), a, &o, &c, &ds) < 0)
		status = 2;
	report_diagnostics(&o, &ds);
	if (status == 0 && o.version)
		printf("evenkeel %s\n", EVENKEEL_VERSION);
	else if (status == 0 && o.help && c)
		help_command(stdout, c);
	else if (status == 0 && o.help)
		help_program(stdout, commands, COUNT_OF(commands));
	else if (status == 0)
		status = c->run(&o);
	arena_free(a);
	return status;
}

/* Output that was lost is trouble, whatever the command found. */
static int flush_output(int status)
{
	bool lost = ferror(stdout);

	errno = 0;
	if (fflush(stdout) == 0 && !lost)
		return status;
	fprintf(stderr, "evenkeel: error: cannot write standard output%s%s\n", errno ? ": " : "",
		errno ? strerror(errno) : "");
	return 2;
}

int main(int argc, char **argv)
{
	guard_streams();
	if (argc > 1 && strcmp(argv[1], "job") == 0)
		return job_main(argc - 1, argv + 1);
	/* A reader that goes away must not end an apply half-way: writes fail instead. */
	signal(SIGPIPE, SIG_IGN);
	descriptors_raise();
	return flush_output(run(argc, argv));
}
