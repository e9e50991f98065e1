#include "reconciler/help.h"

#include "schema/arena.h"

#include <string.h>

/* "directory DIR"; an argument that may be left out stands behind "=". */
static const char *spelling(const struct flag_help *flag, struct arena *a)
{
	if (!flag->argument)
		return flag->name;
	return arena_printf(a, "%s%s%s", flag->name, flag->argument[0] == '[' ? "" : " ",
			    flag->argument);
}

static void print_flags(FILE *f, unsigned taken)
{
	struct arena *a = arena_new();
	struct flag_help *flags;
	size_t n = options_flags(taken, a, &flags), width = 0;

	for (size_t i = 0; i < n; i++) {
		const char *name = spelling(&flags[i], a);

		width = strlen(name) > width ? strlen(name) : width;
	}
	for (size_t i = 0; i < n; i++) {
		const char letter[] = {'-', flags[i].letter, ',', '\0'};

		fprintf(f, "  %-3s --%-*s  %s\n", flags[i].letter ? letter : "", (int)width,
			spelling(&flags[i], a), flags[i].help);
	}
	arena_free(a);
}

void help_program(FILE *f, const struct command *commands, size_t n)
{
	int name = 0, args = 0;

	for (size_t i = 0; i < n; i++) {
		name = (int)strlen(commands[i].name) > name ? (int)strlen(commands[i].name) : name;
		args = (int)strlen(commands[i].args) > args ? (int)strlen(commands[i].args) : args;
	}
	fputs("evenkeel keeps LXC containers as their manifests say, without a restart.\n\n"
	      "usage: evenkeel COMMAND [OPTION...] [NAME...]\n\n",
	      f);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "  %-*s  %-*s  %s\n", name, commands[i].name, args, commands[i].args,
			commands[i].help);
	fputs("\nOptions of all commands:\n", f);
	print_flags(f, 0);
	fputs("\n'evenkeel help COMMAND' shows the options and exit statuses of a command.\n", f);
}

void help_command(FILE *f, const struct command *c)
{
	fprintf(f, "usage: evenkeel %s [OPTION...]%s%s\n\n%s\n\n", c->name, *c->args ? " " : "",
		c->args, c->help);
	print_flags(f, c->flags | FLAG_COMMON);
	fprintf(f, "\nExit status: %s.\n", c->status);
}
