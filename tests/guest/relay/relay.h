/* SPDX-License-Identifier: MIT */
/*
 * The relay kernel's parts, and the frames between it and tests/attest/relay.py.
 *
 * To the kernel, over the host console, binary: u8 kind, u16 length (little endian), payload.
 * From it, text: lines "@HEX", at most 3840 digits each, then "@."; first a u64, the result.
 */
#ifndef GUEST_RELAY_H
#define GUEST_RELAY_H
#include "tests/guest/lib/tenant.h"
#include "abi/log.h"

#define FRAME_MAX  6144u
#define ANSWER_MAX 16384u

struct frame {
	uint8_t kind;
	uint16_t length;
	uint8_t data[FRAME_MAX];
};

struct answer {
	size_t length; /* of data, besides the result */
	uint8_t data[ANSWER_MAX];
};

/* ---- locality 0 of the TPM (tis.c) ----------------------------------------------------------- */

#define TPM_PAGE 0xFED40000ul
/* One whole command; the response's length, 0 if the TPM did not serve it within the time. */
size_t tpm_command(const uint8_t *command, size_t len, uint8_t *response, size_t cap,
		   uint64_t timeout_ns);
/* Sends the first len bytes of a command; go: lets it run.  The response stays unread and the
 * locality taken.  False: the TPM took it not. */
bool tpm_begin(const uint8_t *command, size_t len, bool go, uint64_t timeout_ns);
/* Throws away what tpm_begin left and gives the locality back. */
void tpm_drop(void);

/* ---- tenants (tenants.c) ----------------------------------------------------------------------
 */

void tenants_init(void);
/* Text lines KEY=VALUE; the answer: u16 domid, then the reason. */
int64_t tenant_create(const char *text, struct answer *answer);
/* u16 domid, 64 bytes; the answer: what the tenant said. */
int64_t tenant_report(const uint8_t *data, size_t len, struct answer *answer);
int64_t tenant_end(uint16_t domid);
#endif
