/*
 * records - the boot files of a whole LXC path, read ahead.
 * A thread reads them while the manifests are being parsed: with thousands of stopped containers
 * that is a third of a diff. It only reads files, and is gone before anything else happens.
 */
#pragma once

#include "reconciler/bootfile.h"

struct records;

/* Begins to read those of LXCPATH. NULL: there is nothing to read, or no thread to be had; then
 * everybody reads for himself. */
struct records *records_read_ahead(const char *lxcpath);

/* Waits for the reader. WANTED: how many records will be asked for; with only a few it is told to
 * stop instead, and nothing is found. */
void records_await(struct records *r, size_t wanted);

/* What was read of NAME, after records_await; false: nothing. *OUT lives as long as R. */
bool records_find(const struct records *r, const char *name, struct record *out);

/* Waits for the reader and frees what it read. NULL is allowed. */
void records_free(struct records *r);
