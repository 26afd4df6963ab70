/* SPDX-License-Identifier: MIT */
/* Guest RAM of a domain. */
#ifndef DOMAIN_MEMORY_H
#define DOMAIN_MEMORY_H
#include "domain/domain.h"

/* One extent of fresh, zeroed RAM at gfn.  -ENOMEM, -EEXIST, -EINVAL. */
int domain_populate(struct domain *d, gfn_t gfn, unsigned order);
#endif
