/* SPDX-License-Identifier: MIT */
/*
 * A domain in xenstore: its part of the tree, made before it runs, and its introduction to
 * xenstored, through which it reads and writes there.  Devices are added on top
 * (tools/corbel/xenstore.h).
 */
#ifndef CORBEL_TOOL_TREE_H
#define CORBEL_TOOL_TREE_H
#include <stdbool.h>

#include "tools/corbel/guest.h"
#include "tools/corbel/xenstore.h"

/* Whether the policy in force lets Dom0's xenstored serve a domain of this label: map its page,
 * share its port, and see whether it lives.  What cannot be read counts as yes. */
bool tree_permitted(const char *label);
/* All that xl writes for a PVH guest without devices, then the introduction.  0, or a negative
 * errno and why: then nothing of it is left. */
int tree_make(struct xs_handle *store, const struct guest *guest, uint16_t domid, char *why,
	      size_t size);
/* Takes it all back, also what is left of an earlier domain of that number; xenstored unmaps the
 * domain's page.  Nothing is done if no xenstored answers: then there is no such tree. */
void tree_remove(uint16_t domid);
/* The same, with their devices, for all domains that are gone and whose `destroy' was killed: their
 * disks would pass for used. */
void tree_sweep(struct xs_handle *store);

#endif
