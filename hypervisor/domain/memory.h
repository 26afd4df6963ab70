/* SPDX-License-Identifier: MIT */
/* Guest RAM of a domain, and what else is put into its nested tables. */
#ifndef DOMAIN_MEMORY_H
#define DOMAIN_MEMORY_H
#include "base/must_check.h"
#include "domain/domain.h"
#include "mm/npt.h"

/* One extent of fresh, zeroed RAM at gfn.  -ENOMEM, -EEXIST, -EINVAL; -EAGAIN while frames are to
 * come back: dirty ones, or those of domains that are being reaped. */
MUST_CHECK int domain_populate(struct domain *d, gfn_t gfn, unsigned order) MUST_CHECK;
/* Removes the page that is mapped at gfn, if any, and puts `instead` there, if it is not NULL.
 * -EBUSY: what lies there must not go this way (grant mapping, module, device page); -ENOMEM: a
 * block could not be split, or there was nothing and no table.  A failure changes nothing. */
MUST_CHECK int domain_replace(struct domain *d, gfn_t gfn,
			      const struct npt_entry *instead) MUST_CHECK;
/* Copies to guest-physical memory of a domain that the hypervisor itself sets up: all of it is
 * mapped RAM. */
void domain_write(struct domain *d, gpa_t gpa, const void *src, uint64_t length);
#endif
