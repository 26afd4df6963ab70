/* SPDX-License-Identifier: MIT */
/* Between launch/build.c (what the builder asks) and launch/builder.c (the builder's own life). */
#ifndef LAUNCH_BUILDER_H
#define LAUNCH_BUILDER_H
#include "base/must_check.h"
#include "domain/domain.h"

MUST_CHECK bool
builder_may_create(const struct domain *caller); /* current instance, nothing created yet */
/* Current instance in a policy session: it has seen no image, so none has taken it over. */
MUST_CHECK bool builder_may_load(const struct domain *caller);
void builder_set_target(struct domain *d);    /* 0 when sealed */
const struct domain *builder_requester(void); /* whose session it serves; 0: none */
struct domain *builder_target(void);          /* what the instance builds now, or 0 */
/* The stub's vCPU goes: what it has waited for the CPU does not count against the session's
 * limit. */
void builder_stub_gone(const struct vcpu *stub);
#endif
