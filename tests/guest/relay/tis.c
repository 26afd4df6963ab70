/* SPDX-License-Identifier: MIT */
/*
 * Locality 0 of the TPM's FIFO interface, as Dom0 has it.  Written apart from
 * measured-boot/image/tis.c, so that a mistake in one does not hide in the other; no trust
 * boundary, this is test code.
 */
#include "tests/guest/relay/relay.h"

#define ACCESS  (*(volatile uint8_t *)(TPM_PAGE + 0x00))
#define STATUS  (*(volatile uint32_t *)(TPM_PAGE + 0x18))
#define CONTROL (*(volatile uint8_t *)(TPM_PAGE + 0x18))
#define FIFO    (*(volatile uint8_t *)(TPM_PAGE + 0x24))

#define ID (*(volatile uint32_t *)(TPM_PAGE + 0xF00))

#define ACCESS_ACTIVE  0x20
#define ACCESS_REQUEST 0x02
#define STATUS_READY   0x40u
#define STATUS_GO      0x20u
#define STATUS_AVAIL   0x90u /* valid, and there is data */

static uint64_t deadline;

/* Without a TPM there is a page of ones, which keeps what is written to it. */
static bool absent(void)
{
	return ID == 0xFFFFFFFFu;
}

static bool late(void)
{
	sleep_ns(200000);
	return now_ns() > deadline;
}

/* Inactive, its status reads all ones: any bit would look set. */
static bool taken(void)
{
	uint8_t access = ACCESS;

	return access != 0xFF && (access & ACCESS_ACTIVE) != 0;
}

static bool wait_status(uint32_t bits)
{
	for (;;) {
		uint32_t status = STATUS;

		if (status != 0xFFFFFFFFu && (status & bits) == bits) {
			return true;
		}
		if (!taken() || late()) {
			return false;
		}
	}
}

static bool take(void)
{
	while (!taken()) {
		ACCESS = ACCESS_REQUEST;
		if (!taken() && late()) {
			return false;
		}
	}
	return true;
}

bool tpm_begin(const uint8_t *command, size_t len, bool go, uint64_t timeout_ns)
{
	deadline = now_ns() + timeout_ns;
	if (absent() || !take()) {
		return false;
	}
	CONTROL = STATUS_READY;
	if (!wait_status(STATUS_READY)) {
		return false;
	}
	for (size_t i = 0; i < len;) {
		uint32_t burst = STATUS >> 8 & 0xFFFF;

		if (STATUS == 0xFFFFFFFFu || (burst == 0 && late())) {
			return false;
		}
		for (; burst > 0 && i < len; burst--) {
			FIFO = command[i++];
		}
	}
	if (go) {
		CONTROL = STATUS_GO;
	}
	return true;
}

void tpm_drop(void)
{
	if (absent()) {
		return;
	}
	CONTROL = STATUS_READY;
	ACCESS = ACCESS_ACTIVE;
}

static bool read_bytes(uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!wait_status(STATUS_AVAIL)) {
			return false;
		}
		out[i] = FIFO;
	}
	return true;
}

size_t tpm_command(const uint8_t *command, size_t len, uint8_t *response, size_t cap,
		   uint64_t timeout_ns)
{
	size_t size = 0;

	if (tpm_begin(command, len, true, timeout_ns) && read_bytes(response, 10)) {
		size = (size_t)response[2] << 24 | (size_t)response[3] << 16 |
		       (size_t)response[4] << 8 | response[5];
		if (size < 10 || size > cap || !read_bytes(response + 10, size - 10)) {
			size = 0;
		}
	}
	tpm_drop();
	return size;
}
