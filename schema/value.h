/*
 * value - what a value may look like, and what it means.
 * One grammar per kind of value. A registry row names its grammar; the validator, explain and the
 * drivers all read values through it, so that a text is judged in one place only.
 * Source texts are kept as they were written; meaning is what is compared.
 */
#pragma once

#include "schema/ranges.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

/* CPUs and NUMA nodes beyond this number are refused: no kernel that we know has them. */
#define VALUE_CPU_MOST 8191

/* Why a text was refused. OFFSET: where in it, in bytes. */
struct complaint {
	char message[256]; /* says the text and what was expected: "'64X' is not a size" */
	char hint[256];    /* "" or what to write instead */
	size_t offset;
};

/* A number that may be given as a part of a whole. */
struct amount {
	bool percent; /* number is percent, else in the unit of the grammar */
	uint64_t number;
};

/* limits.cpu: how many, or which. limits.cpu.nodes: which, or balanced. */
struct cpus {
	bool counted;
	bool balanced;     /* nodes only: the word; SET is empty then */
	uint64_t count;    /* counted: how many */
	struct ranges set; /* else: which */
};

/* limits.cpu.allowance: a share, or a quota per period. */
struct allowance {
	bool percent;
	uint64_t share;               /* percent: of a full weight */
	uint64_t quota_us, period_us; /* else: microseconds */
};

#define VALUE_UNLIMITED UINT64_MAX

/* limits.kernel.*: see getrlimit(2); VALUE_UNLIMITED is RLIM_INFINITY. SOFT <= HARD. */
struct rlimit_pair {
	uint64_t soft, hard;
};

/* limits.read and limits.write of a disk. */
struct disk_rate {
	bool iops; /* operations per second, else bytes per second */
	uint64_t number;
};

/* limits.memory.swap: a boolean, or so many bytes. */
struct swap {
	bool sized;
	bool allowed;   /* not sized */
	uint64_t bytes; /* sized */
};

/* One line of raw.idmap. KIND 'u', 'g' or 'b' for both. */
struct idmap_line {
	char kind;
	uint32_t host, container, count;
	size_t offset; /* of the line in the text */
};

struct value {
	const struct grammar *grammar;
	union {
		bool yes;
		int64_t integer;
		uint64_t number; /* bytes, bits per second, seconds */
		struct amount amount;
		struct cpus cpus;
		struct allowance allowance;
		struct rlimit_pair rlimit;
		struct disk_rate rate;
		struct swap swap;
		const char *text; /* words, free text, paths: the text itself */
		struct {
			const char *const *items;
			size_t n;
		} list;
		struct {
			const struct idmap_line *lines;
			size_t n;
		} idmap;
	};
};

struct grammar {
	const char *name;         /* what a user would call it: "size", "CPU set" */
	const char *syntax;       /* one line for explain, with examples */
	const char *const *words; /* the words of a choice, NULL-terminated; NULL: not a choice */
	int64_t least, most;      /* bounds of an integer; least == most: none */
	int (*parse)(const struct grammar *g, const char *text, struct arena *a, struct value *out,
		     struct complaint *why);
};

/* Reads TEXT (never NULL, not empty: an empty value is no value) by G. What OUT points to lives in
 * A. Returns 0, or -EINVAL with WHY filled and OUT untouched. */
int value_parse(const struct grammar *g, const char *text, struct arena *a, struct value *out,
		struct complaint *why);

/* Do TEXT and OTHER, two values of G, mean the same: 1Mbit and 1000kbit? Where that is hard to say
 * only one text is the same as another. */
bool value_same(const struct grammar *g, const char *text, const char *other);

/* All grammars declared below; returns how many. */
size_t value_grammars(const struct grammar *const **out);

/* The one reader of plain numbers: all N bytes of TEXT are digits, at least one, and mean at most
 * MOST. OUT is untouched when it says no. */
bool value_digits(const char *text, size_t n, uint64_t most, uint64_t *out);

/* For grammars that a table brings along: a choice of its words (exact, case counts), an integer
 * between its bounds. */
int value_parse_word(const struct grammar *g, const char *text, struct arena *a, struct value *out,
		     struct complaint *why);
int value_parse_integer(const struct grammar *g, const char *text, struct arena *a,
			struct value *out, struct complaint *why);

extern const struct grammar grammar_bool, /* yes: true yes on 1, false no off 0, any case */
    grammar_size,                         /* number: bytes, decimal and binary suffixes; not 0 */
    grammar_size_or_zero,                 /* the same, 0 allowed */
    grammar_bit_rate,                     /* number: bits per second; at least 8 */
    grammar_bits,                         /* number: bits; 1000 to 34359738360 */
    grammar_disk_rate,                    /* rate */
    grammar_memory,       /* amount: a size (at least 1 MiB) or 1%..100% (above: warning
			     is the caller's) */
    grammar_swap,         /* swap */
    grammar_integer,      /* integer: any int64 */
    grammar_seconds,      /* integer: 0.. */
    grammar_uint32,       /* number */
    grammar_id,           /* number: 0..4294967294 */
    grammar_port,         /* number: 1..65535 */
    grammar_priority,     /* integer: 0..10 */
    grammar_oom_priority, /* integer: -1000..1000 */
    grammar_processes,    /* integer: -1 (no limit) or 0.. */
    grammar_cpus,         /* cpus */
    grammar_nodes,        /* cpus, never counted: a bare number is a node */
    grammar_allowance,    /* allowance: quota at least 1 ms, period 1 ms to 1 s */
    grammar_rlimit,       /* rlimit */
    grammar_idmap,        /* idmap */
    grammar_text,         /* text: anything printable, line breaks allowed */
    grammar_line,         /* text without line breaks */
    grammar_path,         /* text: absolute, no "..", cleaned up ("//", "/./", "/" at the end) */
    grammar_host_path,    /* text: absolute path on the host, cleaned up likewise */
    grammar_interface,    /* text: 1..15 bytes that the kernel takes (dev_valid_name) */
    grammar_mac,          /* text: six octets, lower-cased; unicast */
    grammar_mtu,          /* number: 68..65535 */
    grammar_vlan,         /* integer: 0..4094, or the word none as -1 */
    grammar_mode,         /* number: octal, 0..07777 */
    grammar_word_list,    /* list: comma-separated words, blanks around them dropped */
    grammar_line_list,    /* list: one a line, empty lines dropped */
    grammar_address4,
    grammar_address6, /* text: inet_pton(3), as the first of a list where allowed */
    grammar_cidr4_list, grammar_cidr6_list, /* list: ADDRESS/PREFIX,... */
    grammar_duration,                       /* text: "1d 2H", see explain */
    grammar_schedule,                       /* text: cron fields or @aliases */
    grammar_hex4;                           /* text: four hexadecimal digits, lower-cased */

/* The value as a size in the largest unit that says it exactly: "256MiB", "1536MiB", "256MB",
 * "12345B"; "unlimited" for VALUE_UNLIMITED. Reading it back gives the same number. */
char *value_show_bytes(uint64_t bytes, struct arena *a);
/* Likewise for bits per second: "100Mbit", "12345bit". */
char *value_show_bits(uint64_t bits, struct arena *a);
