/*
 * persist - the boot files of a pass: before something is taken, and after it was put back.
 * The record names a property before it is first taken and forgets it after it was put back; each
 * round costs two syncfs, however many files.
 */
#pragma once

#include "reconciler/draft.h"

/* Ownership first: writes the files of those that take more than their record names, and of those
 * that will be started. What could not be recorded is skipped. */
void persist_before(struct survey *s);

/* Writes what every file shall be in the end. What waits for a restart, and what a boot file alone
 * brings about, has its verdict then. */
void persist_after(struct survey *s);
