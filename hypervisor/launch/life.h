/* SPDX-License-Identifier: MIT */
/*
 * How a domain begins and ends (life cycle: domain/domain.h).  Called from handlers, from the exit
 * path (virt/upcalls.h) and from the host's loop.
 */
#ifndef LAUNCH_LIFE_H
#define LAUNCH_LIFE_H
#include "base/must_check.h"
#include "domain/domain.h"

/* Makes an empty domain in state building.  NULL: no slot or no memory. */
struct domain *domain_create(uint16_t domid, struct xsm_label label, uint64_t max_pages,
			     uint32_t vcpus);
/* Sets more of the hypervisor's memory aside for it, pages.  false: it is not there. */
MUST_CHECK bool domain_promise(struct domain *d, uint32_t pages);
/* It serves others: it may map as many grants as that takes, where there is memory for the
 * tables. */
void domain_serve(struct domain *d);
void domain_shutdown(struct domain *d, uint16_t reason);
/* It broke its contract: records the reason, ends the domain. */
void domain_crash(struct domain *d, const char *reason, uint64_t arg);
void domain_destroy(struct domain *d);        /* -> dying; the reaper does the rest */
MUST_CHECK bool domain_reap(uint32_t budget); /* true when nothing is left to do */

/* HLT with interrupts off: the domain powers off when all its vCPUs have done so. */
void domain_vcpu_halted(struct vcpu *v);
#endif
