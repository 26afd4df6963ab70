/* SPDX-License-Identifier: MIT */
/*
 * How long is a TCG event log?  Firmware gives only where it starts and, at best, where its last
 * record starts.  Records are measured, never believed further than that.
 */
#ifndef BOOT_TCGLOG_H
#define BOOT_TCGLOG_H
#include <stdint.h>

/* Size in bytes of the TCG_PCR_EVENT2 record at `record`, of which `available` bytes are readable;
 * 0 = malformed. */
uint64_t tcglog_event2_size(const uint8_t *record, uint64_t available);
#endif
