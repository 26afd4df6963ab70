/* SPDX-License-Identifier: MIT */
/*
 * Measurement records, and the TCG_PCR_EVENT2 entries that carry them.  Shared by the hypervisor
 * and the off-line calculator, so that there is one definition of what is hashed.
 *
 * A PCR is extended with H(record), H being the bank's own algorithm, and the record is the event
 * data of an EV_EVENT_TAG entry.  Little endian, packed:
 *
 *	u32 0x4C425243 ("CRBL")    TCG tagged-event id
 *	u32 bytes that follow
 *	16 bytes "corbel.measure.1"
 *	u16 kind (enum measure_kind)
 *	u16 PCR
 *	u16 length, name of the kind
 *	u32 length, text           the hypervisor's command line; empty for files
 *	u64 size                   of the file, or of the text
 *	u16 0x000B, u16 32, SHA-256 of the file, or of the text
 *	u16 0x000C, u16 48, SHA-384 of the same
 *
 * A chain ends with an EV_SEPARATOR entry: u32 0, or u32 1 after an error.
 * An active bank that is neither SHA-256 nor SHA-384 is extended, each time, with
 * EVENTLOG_FOREIGN in every byte: it then equals no chain of hashes, and no verifier may use it.
 */
#ifndef MEASURED_BOOT_SHARED_EVENTLOG_H
#define MEASURED_BOOT_SHARED_EVENTLOG_H
#include "base/must_check.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TPM_ALG_SHA256 0x000B
#define TPM_ALG_SHA384 0x000C
#define TPM_BANKS_MAX  8
#define TPM_DIGEST_MAX 64

#define EVENTLOG_SEPARATOR 4
#define EVENTLOG_TAG       6
#define EVENTLOG_FOREIGN   0xEE
#define EVENTLOG_TAG_ID    0x4C425243u
#define EVENTLOG_DATA_MAX  4096u
#define EVENTLOG_TEXT_MAX  (EVENTLOG_DATA_MAX - 256u)
#define EVENTLOG_FIRST_PCR 17
#define EVENTLOG_LAST_PCR  19 /* capped, otherwise unused */

enum measure_kind {
	MEASURE_config = 1,  /* PCR 17: the hypervisor's command line */
	MEASURE_policy = 2,  /* PCR 17: the policy blob */
	MEASURE_builder = 3, /* PCR 17: the builder image */
	MEASURE_plan = 4,    /* PCR 18: the launch plan of Dom0, command line included */
	MEASURE_kernel = 5,  /* PCR 18: Dom0's kernel file */
	MEASURE_initrd = 6,  /* PCR 18: Dom0's initrd file */
	MEASURE_kind_end
};

/* The active PCR banks and, for an extend, what goes into each. */
struct tpm_banks {
	unsigned count;
	struct {
		uint16_t alg, size;
	} bank[TPM_BANKS_MAX];
};

struct eventlog_data {
	uint8_t byte[EVENTLOG_DATA_MAX];
	size_t len;
};

unsigned eventlog_pcr(enum measure_kind kind);
const char *eventlog_name(enum measure_kind kind);

/* Bytes of a digest of this TPM_ALG, 0 for an algorithm that we do not know. */
uint16_t eventlog_digest_size(uint16_t alg);
/* Its bit in the boot record's list of banks (abi/log.h); 0 likewise. */
uint32_t eventlog_bank_bit(uint16_t alg);

/* False when the text is too long. */
MUST_CHECK bool eventlog_record(struct eventlog_data *out, enum measure_kind kind, const char *text,
				size_t text_len, uint64_t size, const uint8_t sha256[32],
				const uint8_t sha384[48]);
void eventlog_separator(struct eventlog_data *out, bool error);

/* What each bank is extended with for this event data. */
void eventlog_digests(const struct eventlog_data *data, const struct tpm_banks *banks,
		      uint8_t digest[][TPM_DIGEST_MAX]);

/* Appends a TCG_PCR_EVENT2 at log + used; returns the new length, 0 when it does not fit. */
size_t eventlog_append(uint8_t *log, size_t used, size_t cap, unsigned pcr, uint32_t type,
		       const struct tpm_banks *banks, uint8_t digest[][TPM_DIGEST_MAX],
		       const struct eventlog_data *data);
#endif
