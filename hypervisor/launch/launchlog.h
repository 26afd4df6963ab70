/* SPDX-License-Identifier: MIT */
/*
 * The launch log (abi/log.h): the Merkle tree's right edge, the newest records until Dom0 has
 * stored them, and the checkpoint in PCR 22.  No TPM command but for a checkpoint.
 *
 * INV-LOG-1  An append cannot fail: its slot was reserved before, or is asked for right before.
 *            reserved + records not yet stored <= CORBEL_LOG_RING, always.
 * INV-LOG-2  A domain that runs has its launch record in the tree: the append is part of the seal.
 *
 * On the one CPU, from handlers and the scheduler's loop; more CPUs will need a lock.
 */
#ifndef LAUNCH_LAUNCHLOG_H
#define LAUNCH_LAUNCHLOG_H
#include "base/must_check.h"
#include "domain/domain.h"

/* The flags as they are now: any TPM error since boot has taken CORBEL_HOST_MEASURED back. */
uint32_t host_flags(void);

/* Slots that a domain needs in its life: launch and destroy. */
#define LAUNCHLOG_DOMAIN_SLOTS 2u

void launchlog_draw_boot_id(void); /* also finds out whether the random numbers are any good */
void launchlog_boot(void);         /* leaf 0; host_state is complete */

/* Sets slots aside for appends to come.  False: the ring is too full, nothing has changed. */
MUST_CHECK bool launchlog_reserve(uint32_t slots);
void launchlog_release(uint32_t slots);

/* Each uses up one slot that its caller has reserved. */
void launchlog_launch(struct domain *d); /* in the seal; sets d->launch.index */
void launchlog_policy(const uint8_t before[32], uint64_t before_serial, int reason,
		      uint32_t standing, uint32_t revoked);
void launchlog_builder(uint32_t ended, int status);

/* The domain is dying: on record if it was launched, else its slots are free again. */
void launchlog_destroy(const struct domain *d);
#endif
