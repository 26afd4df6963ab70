/* SPDX-License-Identifier: MIT */
/*
 * Our side of a tenant's console page (xencons_interface).  Every byte of the
 * page is the tenant's to change at any time, so the indices that are ours live
 * in private memory and the tenant's are read once and checked.
 */
#ifndef CORBEL_TOOL_CONSOLE_RING_H
#define CORBEL_TOOL_CONSOLE_RING_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/io/console.h>

struct console_ring {
	struct xencons_interface *page;
	uint32_t out_cons, in_prod;
};

/* Takes up the ring where the page says it is. */
void console_ring_start(struct console_ring *ring, struct xencons_interface *page);
/* The page is all zero although the ring was used: the hypervisor has put another in its place,
 * when the grant was revoked.  A tenant that wipes its page looks alike, and loses its console too.
 */
bool console_ring_gone(const struct console_ring *ring);
/* Takes at most size bytes of output.  Returns bytes, or -1 if the tenant's index is impossible. */
int console_ring_drain(struct console_ring *ring, char *to, size_t size);
/* Gives at most size bytes of input.  Returns bytes, or -1 as above. */
int console_ring_feed(struct console_ring *ring, const char *from, size_t size);

#endif
