/* SPDX-License-Identifier: MIT */
/*
 * What diag/ asks of floors above: only on the way down, when the machine stops for a broken
 * invariant, so that no guest's bytes are left behind.
 */
#ifndef DIAG_UPCALLS_H
#define DIAG_UPCALLS_H

/* mm/frames.c: clears all that guests had, locks or not. */
void frames_wipe(void);
/* mm/heap.c: clears all of the hypervisor's pages, used or not. */
void heap_wipe(void);
#endif
