/*
 * windows - id windows of isolated instances: allocated once, kept in the record, disjoint.
 * The arithmetic is schema/idmap's; here is who already holds what on this host.
 */
#pragma once

struct survey;

/* Gives every isolated instance without a window of its own the lowest free one; says of each that
 * cannot have one, or that collides with another's, why (a finding of the survey). */
void windows_assign(struct survey *s);
