/* SPDX-License-Identifier: MIT */
/*
 * The boot log: the TCG crypto-agile event log of firmware and boot loader, with Corbel's own
 * records behind it.  Hostile input: it is parsed within bounds and to its last byte, and means
 * nothing until the PCR values that it replays to are those that the TPM signed.
 */
#ifndef MEASURED_BOOT_VERIFY_BOOTLOG_H
#define MEASURED_BOOT_VERIFY_BOOTLOG_H
#include "measured-boot/verify/steps.h"

#define BOOTLOG_EVENTS_MAX 4096u
#define BOOTLOG_PCRS       24u

#define EV_NO_ACTION                     0x00000003u
#define EV_SEPARATOR                     0x00000004u
#define EV_EVENT_TAG                     0x00000006u
#define EV_IPL                           0x0000000Du
#define EV_EFI_BOOT_SERVICES_APPLICATION 0x80000003u
#define EV_EFI_HCRTM_EVENT               0x80000010u

struct boot_event {
	unsigned number; /* place in the log, from 1, as messages have it */
	uint32_t pcr, type;
	uint8_t sha256[32], sha384[48]; /* sha384: zero when the log has no such bank */
	bool has_sha384;
	const uint8_t *digest[BANKS_MAX]; /* of each bank, in the log's bytes */
	const uint8_t *data;              /* in the log's bytes */
	uint32_t size;
};

struct bootlog {
	struct boot_event *event;
	size_t count;
	uint8_t start_value;      /* last byte of PCR 0 before its first event */
	uint16_t bank[BANKS_MAX]; /* TPM_ALG of the active banks, as the header has them */
	unsigned banks;           /* SHA-256 is always among them */
};

/* NULL: `error` says which event, at which byte, and what was expected. */
struct bootlog *bootlog_parse(const uint8_t *data, size_t length, char error[256]);

/* SHA-256 and SHA-384 of the same bytes.  No memory for it ends the process. */
void digest_both(const void *data, size_t length, uint8_t sha256[32], uint8_t sha384[48]);

/* Whether the event's digests are these; SHA-384 counts if the log has that bank. */
bool event_is(const struct boot_event *event, const uint8_t sha256[32], const uint8_t sha384[48]);

/* Values of all PCRs of the log's n-th bank after these events. */
void bootlog_bank(const struct bootlog *log, unsigned n,
		  uint8_t pcr[BOOTLOG_PCRS][BANK_DIGEST_MAX]);

/* One extend of a PCR of this bank. */
void bank_extend(uint16_t alg, uint8_t *value, const uint8_t *digest);

/* The same of the two banks that are judged; pcr384 is zero when there is no such bank. */
void bootlog_values(const struct bootlog *log, uint8_t pcr256[BOOTLOG_PCRS][32],
		    uint8_t pcr384[BOOTLOG_PCRS][48]);

/* The events of one PCR that were extended, in order; returns their number, at most `max` are
 * stored. */
size_t bootlog_of_pcr(const struct bootlog *log, uint32_t pcr, const struct boot_event **out,
		      size_t max);

/* `length` bytes of somebody's text as printable ASCII, the rest as \xNN, cut with "..." when
 * `room` (at least 8) is used up. */
void text_escape(const void *text, size_t length, char *out, size_t room);
#endif
