/*
 * windows - id windows of isolated instances: allocated once, kept in the record, disjoint.
 * The arithmetic is schema/idmap's; here is who already holds what on this host.
 */
#pragma once

struct survey;

/* Gives every isolated instance its window: the one its manifest names or the record holds, else
 * the lowest free one. Where none is possible, its window_refused says why. */
void windows_assign(struct survey *s);
