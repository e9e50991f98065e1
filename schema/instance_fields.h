/*
 * instance_fields - the fields that only instances have.
 */
#pragma once

#include "schema/reading.h"

void instance_read_profiles(struct reading *r, const struct node *value, struct document *d);
void instance_read_hosts(struct reading *r, const struct node *value, struct document *d);
void instance_read_state(struct reading *r, const struct node *value, struct document *d);
void instance_read_restart(struct reading *r, const struct node *value, struct document *d);
void instance_read_source(struct reading *r, const struct node *value, struct document *d);
