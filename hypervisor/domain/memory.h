/* SPDX-License-Identifier: MIT */
/* Guest RAM of a domain. */
#ifndef DOMAIN_MEMORY_H
#define DOMAIN_MEMORY_H
#include "domain/domain.h"

/* One extent of fresh, zeroed RAM at gfn.  -ENOMEM, -EEXIST, -EINVAL; -EAGAIN while frames are to
 * come back: dirty ones, or those of domains that are being reaped. */
int domain_populate(struct domain *d, gfn_t gfn, unsigned order);
#endif
