/* SPDX-License-Identifier: MIT */
/*
 * The relay kernel's parts, and the mailbox between it and tests/attest/relay.py, which sees the
 * machine's RAM: the UART would take 100 bytes a second.  The kernel prints "relay: ready MARK";
 * the mailbox is the page in RAM that begins with these 16 bytes.
 *
 * A question is complete when `asked` has been raised, its answer when `answered` has the same
 * value.
 */
#ifndef GUEST_RELAY_H
#define GUEST_RELAY_H
#include "tests/guest/lib/tenant.h"
#include "abi/log.h"

#define MAILBOX_MAX 16384u

struct mailbox {
	uint8_t mark[16];
	uint32_t asked, answered;
	uint32_t kind, length; /* of the question in data; of the answer */
	int64_t result;
	uint8_t data[MAILBOX_MAX];
};

struct frame {
	uint8_t kind;
	uint32_t length;
	uint8_t data[MAILBOX_MAX + 1]; /* a zero follows the last byte */
};

struct answer {
	size_t length; /* of data, besides the result */
	uint8_t data[MAILBOX_MAX];
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

/* ---- tenants (tenants.c) ------------------------------------------------------------------ */

void tenants_init(void);
/* Text lines KEY=VALUE; the answer: u16 domid, then the reason. */
int64_t tenant_create(const char *text, struct answer *answer);
/* u16 domid, 64 bytes; the answer: what the tenant said. */
int64_t tenant_report(const uint8_t *data, size_t len, struct answer *answer);
int64_t tenant_end(uint16_t domid);
#endif
