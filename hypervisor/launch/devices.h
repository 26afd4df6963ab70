/* SPDX-License-Identifier: MIT */
/*
 * PCI devices of a domain, from the build to the reaper: claimed while it is built, its own at
 * seal, refused all access when it dies, reset before anybody else gets them.  Caller: the build
 * calls and launch/life.c.
 *
 * INV-DEV-1  A device has rights to memory and interrupts only between its domain's seal and end.
 */
#ifndef LAUNCH_DEVICES_H
#define LAUNCH_DEVICES_H
#include "domain/domain.h"
#include "virt/upcalls.h"

/* Claims a function for a building domain, and puts it into its launch record; the errors are
 * build_device's (abi/corbel.h). */
MUST_CHECK int devices_claim(struct domain *d, uint16_t function);
/* At seal: BARs into its nested tables, its memory and interrupts open to its devices.  d->lock is
 * held.  -ENOMEM: the domain cannot be sealed. */
MUST_CHECK int devices_open(struct domain *d);
/* It dies: from here on its devices reach nothing. */
void devices_close(struct domain *d);
/* All are reset, and free for others as far as that is possible; false: not yet. */
MUST_CHECK bool devices_return(struct domain *d, uint64_t now);
/* A touch of the window outside BARs: ones lie there from now on.  false: it is none. */
MUST_CHECK bool devices_answer(struct domain *d, const struct virt_fault *fault);
#endif
