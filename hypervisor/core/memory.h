/* SPDX-License-Identifier: MIT */
/* Guest RAM of a domain. */
#ifndef CORE_MEMORY_H
#define CORE_MEMORY_H
#include "core/domain.h"

/* One extent of fresh, zeroed RAM at gfn.  -ENOMEM, -EEXIST, -EINVAL. */
int domain_populate(struct domain *d, gfn_t gfn, unsigned order);
#endif
