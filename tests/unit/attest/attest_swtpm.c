/* SPDX-License-Identifier: MIT */
/*
 * The TPM below attest_fixture.h: a real swtpm.
 */
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "attest/attest_fixture.h"
#include "sim/swtpm.h"

static void put32(uint8_t *to, uint32_t value)
{
	for (int i = 0; i < 4; i++) {
		to[i] = (uint8_t)(value >> (24 - 8 * i));
	}
}

/* One command on PCR 22 at locality 2 with an empty password; `more` follows the session. */
static void command(uint32_t code, const uint8_t *more, size_t length)
{
	uint8_t in[256] = {0x80, 0x02}, out[4096];

	put32(in + 2, (uint32_t)(27 + length));
	put32(in + 6, code);
	put32(in + 10, CORBEL_CHECKPOINT_PCR);
	put32(in + 14, 9);
	put32(in + 18, TPM2_RS_PW);
	memcpy(in + 27, more, length);
	swtpm_execute(2, in, 27 + length, out);
	assert_int_equal(out[6] | out[7] | out[8] | out[9], 0);
}

void tpm_extend(const void *data, size_t length)
{
	uint8_t more[4 + 2 + 32 + 2 + 48] = {0, 0, 0, 2, 0, TPM2_ALG_SHA256};

	SHA256(data, length, more + 6);
	more[39] = TPM2_ALG_SHA384;
	SHA384(data, length, more + 40);
	swtpm_connect();
	command(TPM2_CC_PCR_Reset, more, 0);
	command(TPM2_CC_PCR_Extend, more, sizeof(more));
	/* Back to locality 0, where corbel-attest is. */
	swtpm_execute(0, (const uint8_t[]){0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b, 0, 8}, 12,
		      (uint8_t[4096]){0});
	swtpm_disconnect();
}

int start_tpm(void **state)
{
	(void)state;
	swtpm_start_certified("sha256,sha384");
	swtpm_power_cycle();
	swtpm_disconnect();
	snprintf(tcti, sizeof(tcti), "swtpm:path=%s", swtpm_path());
	return 0;
}

int stop_tpm(void **state)
{
	(void)state;
	swtpm_stop();
	return 0;
}
