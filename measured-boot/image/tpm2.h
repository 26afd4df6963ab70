/* SPDX-License-Identifier: MIT */
/*
 * The seven TPM 2.0 commands that measuring needs, marshalled by hand.
 * Part of the measured image; responses are hostile and are read through one bounded cursor.
 */
#ifndef MEASURED_BOOT_IMAGE_TPM2_H
#define MEASURED_BOOT_IMAGE_TPM2_H
#include "base/must_check.h"
#include "measured-boot/image/tis.h"
#include "measured-boot/shared/eventlog.h"

#define TPM_AUTH_LEN   32
#define TPM_RANDOM_LEN 32

/* An authorisation value; length 0 is the empty one. */
struct tpm_auth {
	uint16_t len;
	uint8_t value[TPM_AUTH_LEN];
};

/* All return 0, a TPM response code (< 0x10000) or an enum measure_error. */

/* Active banks; error when one is of an unknown algorithm or lacks one of PCR 17-19. */
MUST_CHECK uint32_t tpm2_banks(const struct tis *tis, struct tpm_banks *out);
/* digest[i] belongs to banks->bank[i] and has its size. */
MUST_CHECK uint32_t tpm2_extend(const struct tis *tis, unsigned pcr, const struct tpm_banks *banks,
				uint8_t digest[][TPM_DIGEST_MAX]);
MUST_CHECK uint32_t tpm2_pcr_read(const struct tis *tis, unsigned pcr, uint16_t alg, uint16_t size,
				  uint8_t *digest);
/* Times that the TPM was reset, and restarted since (TPM2_ReadClock). */
MUST_CHECK uint32_t tpm2_counts(const struct tis *tis, uint32_t *reset_count,
				uint32_t *restart_count);
MUST_CHECK uint32_t tpm2_random(const struct tis *tis, uint8_t out[TPM_RANDOM_LEN]);
/* Gives the group of PCR 20-22 an authorisation value; it must have none yet. */
MUST_CHECK uint32_t tpm2_protect_group(const struct tis *tis, const struct tpm_auth *auth);
/* Whether that answer says that nobody can give the group a value: the TPM has no such command, or
 * no such group. */
MUST_CHECK bool tpm2_is_unprotectable(uint32_t error);

/* The same in two halves that wait for no answer, for PCRs of that group: send; then, when
 * tis_answered() says so, tpm2_receive_empty(): MEASURE_AGAIN: the TPM wants it sent again. */
MUST_CHECK uint32_t tpm2_send_reset(const struct tis *tis, unsigned pcr,
				    const struct tpm_auth *auth);
MUST_CHECK uint32_t tpm2_send_extend(const struct tis *tis, unsigned pcr,
				     const struct tpm_banks *banks,
				     uint8_t digest[][TPM_DIGEST_MAX], const struct tpm_auth *auth);
MUST_CHECK uint32_t tpm2_receive_empty(const struct tis *tis);
#endif
