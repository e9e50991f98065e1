/*
 * preseed - a preseed document: strict at every level, validated only.
 * Its profiles, networks and pools are judged as documents of their kinds, and are none: they
 * come into force when somebody asks for it, never by lying in a directory.
 */
#pragma once

#include "schema/reading.h"

void preseed_read(struct reading *r, const struct node *root);
