/* SPDX-License-Identifier: MIT */
/*
 * Record sizes in a TCG event log (tcglog.h; TCG PC Client Platform Firmware Profile 1.05 section
 * 10.2).  Pure and bounded.
 */
#include "boot/tcglog.h"
#include "core/lib.h"
#include "measured-boot/eventlog.h"

#define EVENT1_HEADER 32u /* PCR, type, SHA-1, size of the event */
#define MAX_DIGESTS   8u

static uint32_t u32_at(const uint8_t *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

uint64_t tcglog_event1_size(const uint8_t *record, uint64_t available)
{
	if (available < EVENT1_HEADER) {
		return 0;
	}
	uint64_t size = EVENT1_HEADER + (uint64_t)u32_at(record + EVENT1_HEADER - 4);

	return size <= available ? size : 0;
}

uint64_t tcglog_event2_size(const uint8_t *record, uint64_t available)
{
	uint64_t at = 12;

	if (available < at) {
		return 0;
	}
	uint32_t digests = u32_at(record + 8);

	if (digests == 0 || digests > MAX_DIGESTS) {
		return 0;
	}
	for (uint32_t i = 0; i < digests; i++) {
		uint16_t alg, size;

		if (available - at < 2) {
			return 0;
		}
		memcpy(&alg, record + at, sizeof(alg));
		size = eventlog_digest_size(alg);
		if (size == 0 || available - at < 2u + size) {
			return 0;
		}
		at += 2u + size;
	}
	if (available - at < 4) {
		return 0;
	}
	uint64_t event = u32_at(record + at);

	return available - at - 4 < event ? 0 : at + 4 + event;
}
