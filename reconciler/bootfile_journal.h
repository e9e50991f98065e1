/*
 * bootfile_journal - who has the temporaries of boot files in hand.
 * A file in the LXC path names the containers whose temporaries a batch is writing: what a crash
 * leaves is known. The batch keeps it locked for as long as it lives, so that nobody takes what is
 * being written for what was left.
 */
#pragma once

struct arena;

struct bootfile_journal {
	int dir; /* of the LXC path */
	struct arena *arena;
	/* Takes the temporaries of NAME away. */
	void (*undo)(void *context, const char *name);
	void *context;
};

/* Waits for a run that is alive, of another process or another thread of this one, and undoes one
 * that is not. 0: no journal is there now; -errno: it cannot be removed. */
int bootfile_journal_recover(const struct bootfile_journal *j);

/* NAMES, each followed by a line break, are in hand from now on. An fd for bootfile_journal_end, or
 * -errno. */
int bootfile_journal_begin(const struct bootfile_journal *j, const char *names);
void bootfile_journal_end(const struct bootfile_journal *j, int fd);
