/* SPDX-License-Identifier: MIT */
/*
 * Small things that the steps behind the checkpoint share: checkpoint.c, log.c, launch.c, limits.c.
 * They look at records only when their inclusion in the checkpoint's tree is proved.
 */
#ifndef MEASURED_BOOT_VERIFY_LOG_H
#define MEASURED_BOOT_VERIFY_LOG_H
#include "measured-boot/verify/bootlog.h"
#include "measured-boot/verify/reference.h"

/* Bits that every trusted host has set. */
#define HOST_REQUIRED (CORBEL_HOST_MEASURED | CORBEL_HOST_TPM | CORBEL_HOST_EFI)

/* CORBEL_HOST_* in words. */
#define FLAGS_TEXT 160
void flags_text(uint32_t flags, char out[FLAGS_TEXT]);

/* The next proved record of this type (0: any) at or behind *at, which moves on; NULL: no more. */
const struct log_entry *log_next(const struct judge *judge, uint32_t type, size_t *at);

/* What a good row may say of the launch log: ROW_ok when the checkpoint is vouched for. */
enum row_result good_log(const struct judge *judge);
/* The same of what is as it should be, else ROW_bad. */
enum row_result log_result(const struct judge *judge, bool is_good);

/* The newest proved report that holds the verifier's nonce, NULL if there is none; `others` is the
 * number of the domain's other reports. */
const struct corbel_log_record *report_find(const struct judge *judge, unsigned *others);

/* limits.c: the least serial of all policies that could touch the domain: those since its launch,
 * or since boot when no domain was asked for, whatever launches are shown. */
uint64_t least_serial(const struct judge *judge);

/* checkpoint.c, called by log_check(): checkpoint.switches */
void checkpoint_switches(struct judge *judge);
#endif
