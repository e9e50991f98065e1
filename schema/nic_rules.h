/*
 * nic_rules - which options go with which kind of network interface.
 */
#pragma once

#include "schema/nic.h"
#include "schema/reading.h"

void nic_rules_check(struct reading *r, const struct device *d);

/* Has a nic of NETWORK, which makes it one of KIND, only options of such nics? The first that is
 * not goes to DS. */
bool nic_rules_check_kind(const struct device *d, enum nic_kind kind, const char *network,
			  struct diagnostics *ds);
