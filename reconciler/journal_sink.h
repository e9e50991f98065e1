/*
 * journal_sink - where the journal's lines go. Never waits, never ends the program.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum sink_kind { SINK_LINES, SINK_SYSTEMD };

struct journal_sink {
	enum sink_kind kind;
	int fd;
	bool ours;   /* fd is to be closed */
	bool socket; /* fd is a socket */
	bool pipe;   /* fd is a pipe or FIFO */
	bool cut;    /* the last line was taken in part */
};

/* Lines to FD, which stays the caller's. A pipe or terminal is opened anew, so that nobody else who
 * holds it finds it non-blocking. */
struct journal_sink sink_lines(int fd);

/* The socket of systemd-journald at PATH. False: it cannot be had. */
bool sink_systemd(const char *path, struct journal_sink *out);

void sink_close(struct journal_sink *s);

/* Hands over all of BYTES, at once or not at all as far as the kernel allows. */
bool sink_put(struct journal_sink *s, const char *bytes, size_t n);

/* Hands over N bytes of whole lines, many in one write; to a pipe in pieces that it takes at once
 * or not at all. Returns how many lines were not taken. */
size_t sink_put_lines(struct journal_sink *s, const char *bytes, size_t n);

/* How many lines N bytes of whole lines are. */
size_t sink_count_lines(const char *bytes, size_t n);

/* Is FD what systemd's STREAM ("DEVICE:INODE", of JOURNAL_STREAM) names? */
bool sink_is_stream(int fd, const char *stream);
