/*
 * nic_names - what a nic is called inside, where its manifest does not say.
 */
#pragma once

#include "schema/nic.h"

/* Gives each of I's N nics its name inside. What is given stays; then, if they are still free, the
 * names that the record has (OWNED; may be NULL), then devices' own names of the form ethN, then
 * the first ethN that are free. */
void nic_names_give(const struct instance *i, struct nic *nics, size_t n,
		    const struct properties *owned, struct arena *a);
