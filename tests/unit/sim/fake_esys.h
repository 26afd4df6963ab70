/* SPDX-License-Identifier: MIT */
/*
 * A TPM as the library ESAPI shows it, made up and in this process: it signs quotes with a real
 * key, and fails where a test says so.  Only what corbel-attest asks of it.
 */
#ifndef SIM_FAKE_ESYS_H
#define SIM_FAKE_ESYS_H
#include <stdbool.h>
#include <stdint.h>
#include <tss2/tss2_esys.h>

#define FAKE_ESYS_TCTI "fake" /* any other is not reached */

struct fake_esys {
	bool has_ak, has_ek, has_certificate;
	TPM2B_PUBLIC ak, ek;
	uint8_t nv[9000]; /* of the EK certificate */
	uint16_t nv_size;
	uint8_t pcr[24][32];
	TPML_PCR_SELECTION banks;
	unsigned commands; /* that it was given */
	int held;          /* contexts, sessions, loaded keys and handles that nobody has let go */

	/* Faults: the nth call (from 0) of this function, about this handle if there is one,
	 * answers so. */
	const char *fail;
	unsigned nth;
	TPM2_HANDLE handle;
	TSS2_RC rc;
	int nv_more;        /* bytes more than asked for */
	bool bad_signature; /* of no kind */
	/* Changes what PCR_Read answers. */
	void (*answer)(TPML_PCR_SELECTION *selection, TPML_DIGEST *values);
};
extern struct fake_esys fake_esys;

/* A TPM with EK and certificate, one bank, and no AK yet. */
void fake_esys_init(void);
void fake_esys_free(void);
#endif
