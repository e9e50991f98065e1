/*
 * nic_rules - which options go with which kind of network interface.
 */
#pragma once

#include "schema/reading.h"

void nic_rules_check(struct reading *r, const struct device *d);
