/*
 * bootfile - the one generated file beside a container's config, which is also the record.
 * It holds what LXC needs to start the container with the same properties, and as comments which
 * properties we own. The container's config includes it by its last line. Written atomically, many
 * at once with two syncfs.
 *
 * LXCPATH/NAME/evenkeel.conf:
 *     # evenkeel 1 boot file and record; generated, do not edit. See evenkeel(8).
 *     #@ container PATH NAME          (PATH and NAME in the escaping of the record)
 *     #@ own OBJECT ATTRIBUTE VALUE   (one per owned property)
 *     #@ window BASE SIZE             (isolated id window)
 *     #@ seccomp FILE TEXT            (a seccomp policy, kept in FILE beside it)
 *     lxc.KEY = VALUE ...
 *     #@ end CHECKSUM                 (of all bytes before this line)
 */
#pragma once

#include "schema/driver.h"

#include <sys/stat.h>

#define BOOTFILE_NAME "evenkeel.conf"

enum record_state {
	RECORD_NONE, /* no boot file */
	RECORD_FINE,
	RECORD_TORN,    /* cut, edited, of an unknown version, or not by us: rebuilt, kept aside */
	RECORD_FOREIGN, /* names another container: a copy */
	RECORD_UNREADABLE, /* there is one, and what it says is not known */
};

enum include_state {
	INCLUDE_NONE,     /* the config does not include our file */
	INCLUDE_FINE,     /* by its last line */
	INCLUDE_NOT_LAST, /* something (save_config) came after it and overrides it */
	INCLUDE_FOREIGN,  /* it includes another container's boot file */
};

/* What our file says of a container. */
struct record {
	enum record_state state;
	enum include_state include;
	int error;                  /* RECORD_UNREADABLE: why */
	struct properties owned;    /* sorted; values as we last wrote them */
	struct idmap_window window; /* size 0: none */
	bool own_nics_moved;        /* by own_nics_moved; false where the config was not read */
	char digest[17]; /* of the file's bytes as they are, hex; "" when there is none, "-" when it
			    is not our own */
};

/* Reads record and include of NAME below the open LXC path. Never fails: a container without
 * either has RECORD_NONE. */
void bootfile_read(int lxcpath_dir, const char *lxcpath, const char *name, struct arena *a,
		   struct record *out);

/* The record that TEXT is, when it is the boot file of NAME and included as it should be; NULL:
 * there is none, and no include. */
void bootfile_record(const char *text, const char *lxcpath, const char *name, struct arena *a,
		     struct record *out);

/* Is this a file that we wrote, and nobody else could have? The container's folder may belong to
 * its root. */
bool bootfile_is_ours(const struct stat *st);
/* The text of the boot file of NAME; NULL: there is none of ours. */
char *bootfile_text(int lxcpath_dir, const char *name, struct arena *a);

/* The file's text for these owned properties and LXC lines ("lxc.cgroup.memory... = ..."); both
 * are written in the order given. */
char *bootfile_render(const char *lxcpath, const char *name, const struct properties *owned,
		      const struct idmap_window *window, const char *const *lines, size_t n_lines,
		      struct arena *a);
/* As record.digest for a text. */
void bootfile_digest(const char *text, char out[17]);

/* One LXC config line "KEY = VALUE" through the one writer that lets nothing escape into LXC's
 * grammar: NULL with a reason in *WHY for line breaks, NUL and what LXC would cut. */
char *bootfile_line(const char *key, const char *value, struct arena *a, const char **why);

/* Among the lines of a boot file: no id map at all, whatever the container's config says. */
#define BOOTFILE_NO_IDMAP "# lxc.idmap: none"

/* Among the lines of a boot file: a seccomp policy. It is written as a file of its own beside the
 * boot file, and lxc.seccomp.profile names it. */
char *bootfile_policy_line(const char *policy, struct arena *a);
/* The name of that file: another policy has another name, so that what a container was started
 * with can be told. */
char *bootfile_policy_name(const char *policy, struct arena *a);
/* The policy in the text of a boot file; false: it has none. */
bool bootfile_policy_find(const char *text, struct arena *a, char **name, char **policy);

/* A batch of boot files: all temporaries, one syncfs, all renames, one syncfs. */
struct bootfile_batch;
struct bootfile_batch *bootfile_batch_new(int lxcpath_dir, const char *lxcpath, struct arena *a);
/* Adds a file to write (TEXT, NULL: remove it) and mends the include line. *ERROR (may be NULL) is
 * set by the commit: 0 or an errno, with a one-line reason in *WHY. */
void bootfile_batch_add(struct bootfile_batch *b, const char *name, const char *text, int *error,
			const char **why);
/* Adds one to let go of: as with TEXT NULL, and nothing else of ours stays in its folder. */
void bootfile_batch_release(struct bootfile_batch *b, const char *name, int *error,
			    const char **why);
/* Writes all. A commit of another thread or process in the same LXC path is waited for. Returns the
 * number of files that failed. The batch is empty afterwards. */
size_t bootfile_batch_commit(struct bootfile_batch *b);
/* How many syncfs the last commit made: 2, or 0 when there was nothing to write. */
size_t bootfile_batch_syncs(const struct bootfile_batch *b);
/* Takes away what a run that was killed has left in the LXC path, as each commit does. */
void bootfile_batch_recover(int lxcpath_dir, const char *lxcpath);

/* Why the boot file may not take over the id map of NAME (it comes from a file that the owner
 * includes, or belongs to a rootfs that is mounted in a way of his own); NULL: it may. */
const char *bootfile_idmap_refused(int lxcpath_dir, const char *lxcpath, const char *name,
				   struct arena *a);

/* Takes our include line and boot file away, puts commented-out lines back; nothing of ours stays
 * in the folder. Returns 0 or -errno with WHY. */
int bootfile_release(int lxcpath_dir, const char *lxcpath, const char *name, struct arena *a,
		     const char **why);
