/* SPDX-License-Identifier: MIT */
/*
 * Driver domains (`driver_domain` of xl.cfg(5)): a domain of the same name that comes after one
 * that has ended gets its number, so that its clients' rings, grants and event channels are its
 * own, and their devices are put before it anew.
 */
#ifndef CORBEL_TOOL_DRIVER_H
#define CORBEL_TOOL_DRIVER_H
#include "tools/corbel/xenstore.h"

/* The number of the last driver domain of that name; 0: there was none since xenstored runs. */
uint16_t driver_number(struct xs_handle *store, const char *name);
/* Keeps it, and gives the domain, which does not run yet, the devices whose back ends it is to be,
 * of all that Dom0 has notes of.  What fails is said on stderr, and that device stays without. */
void driver_begin(struct xs_handle *store, const char *name, uint16_t domid);

#endif
