/*
 * options - the flags of the command line, one table for all commands.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum output { OUTPUT_TEXT, OUTPUT_JSON, OUTPUT_YAML };

struct options {
	const char *directory; /* -d; default /etc/evenkeel */
	const char *lxcpath;   /* -P; default liblxc's lxc.lxcpath */
	enum output output;    /* -o */
	int verbosity;         /* -q: -1, -v: 1, -vv: 2 */
	bool color;            /* --color, NO_COLOR and whether stdout is a terminal, resolved */
	const char *host;      /* --host; default gethostname */
	const char *etc;       /* --etc; default /etc: where subuid and subgid are read */
	const char *owner;     /* --owner: one more user whose manifests are trusted; NULL */
	bool show_secrets, all, yes;
	const char *compat; /* validate --compat lxd|incus; NULL */
	char **names;       /* what follows: instance names, paths or keys */
	size_t n_names;
};
