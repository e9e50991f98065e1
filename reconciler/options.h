/*
 * options - the command line: one table of flags for all commands.
 * A command's row says which flags it takes; a flag may stand before or behind the command's name.
 * What is wrong is named, with the near miss; no manual is dumped.
 */
#pragma once

#include "schema/diagnostic.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum output { OUTPUT_TEXT, OUTPUT_JSON, OUTPUT_YAML };
enum log_format { LOG_TEXT, LOG_JSON };

struct options {
	const char *directory; /* -d; default /etc/evenkeel */
	const char *lxcpath;   /* -P; default liblxc's lxc.lxcpath; absolute, links resolved */
	enum output output;    /* -o; YAML is the default of commands with FLAG_YAML alone */
	int verbosity;         /* -q: -1, -v: 1, -vv: 2 */
	bool color;            /* --color, NO_COLOR and whether stdout is a terminal, resolved */
	const char *host;      /* --host; default gethostname */
	const char *etc;       /* --etc; default /etc: where subuid and subgid are read */
	const char *owner;     /* --owner: one more user whose manifests are trusted; NULL */
	bool show_secrets, all, yes;
	const char *compat; /* validate --compat lxd|incus; NULL */
	bool usage;         /* status --usage */
	bool boot_only;     /* apply --boot-only */
	unsigned settle_ms; /* run --settle; default 20; 0: at once */
	unsigned resync_s;  /* run --resync; default 300; 0: never */
	bool observe;       /* run --observe: report, never write */
	enum log_format log_format;
	bool watch;          /* status --watch */
	const char *wait;    /* status --wait[=CONDITION]: a condition's or a status's name; NULL */
	uint64_t timeout_ms; /* --timeout, with --wait; 0: none was given */
	uint64_t for_ms;     /* pause --for; 0: no end */
	const char *reason;  /* pause --reason; NULL */
	unsigned given;      /* enum flag, or-ed: what the command line names */
	bool help, version;
	char **names; /* what follows: instance names, paths or keys */
	size_t n_names;
};

enum flag {
	FLAG_DIRECTORY = 1 << 0,
	FLAG_LXCPATH = 1 << 1,
	FLAG_OUTPUT = 1 << 2, /* -o text|json */
	FLAG_YAML = 1 << 3,   /* -o yaml|json; with FLAG_OUTPUT: text|yaml|json */
	FLAG_HOST = 1 << 4,
	FLAG_ETC = 1 << 5,
	FLAG_OWNER = 1 << 6,
	FLAG_SECRETS = 1 << 7,
	FLAG_ALL = 1 << 8,
	FLAG_YES = 1 << 9,
	FLAG_COMPAT = 1 << 10,
	FLAG_USAGE = 1 << 11,
	FLAG_SETTLE = 1 << 12,
	FLAG_RESYNC = 1 << 13,
	FLAG_OBSERVE = 1 << 14,
	FLAG_LOG_FORMAT = 1 << 15,
	FLAG_WATCH = 1 << 16,
	FLAG_WAIT = 1 << 17,
	FLAG_TIMEOUT = 1 << 18,
	FLAG_FOR = 1 << 19,
	FLAG_REASON = 1 << 20,
	FLAG_BOOT_ONLY = 1 << 21,
	FLAG_COMMON = 1 << 22, /* -q, -v, --color, --help: every command has them */
};

/* One row of main's table of commands. */
struct command {
	const char *name;
	const char *args;   /* as help shows them: "[NAME...]" */
	const char *help;   /* one line */
	const char *status; /* one line: what its exit statuses mean */
	unsigned flags;     /* enum flag, or-ed */
	size_t most;        /* names that may follow; SIZE_MAX: any number */
	int (*run)(const struct options *o);
};

/* One flag, for help. */
struct flag_help {
	const char *name, *help;
	const char *argument; /* NULL: none; "[=WORD]" where it may be left out */
	char letter;          /* 0: none */
};

/* Reads a command line: O and *COMMAND (NULL where none was named and help or version was asked
 * for). The texts live in A and ARGV. Returns 0, or -EINVAL with a finding. */
int options_parse(int argc, char **argv, const struct command *commands, size_t n, struct arena *a,
		  struct options *o, const struct command **command, struct diagnostics *ds);

/* The flags that a command with FLAGS takes, in the order of the table; returns how many. */
size_t options_flags(unsigned flags, struct arena *a, struct flag_help **out);

/* The command of that name, or NULL with a finding that names the near miss. */
const struct command *options_command(const char *name, const struct command *commands, size_t n,
				      struct diagnostics *ds);
