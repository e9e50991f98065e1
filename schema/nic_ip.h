/*
 * nic_ip - the addresses of a routed or ipvlan nic.
 */
#pragma once

#include "schema/nic.h"

/* Fills NIC's ip, whose device and kind are there, into A. */
void nic_ip_read(struct nic *nic, struct arena *a);
