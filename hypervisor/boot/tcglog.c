/* SPDX-License-Identifier: MIT */
/*
 * Record sizes in a TCG event log (tcglog.h; TCG PC Client Platform Firmware Profile 1.05 section
 * 10.2).  Pure and bounded.
 */
#include "boot/tcglog.h"
#include "core/lib.h"
#include "measured-boot/eventlog.h"

#define MAX_DIGESTS 8u

uint64_t tcglog_event2_size(const uint8_t *record, uint64_t available)
{
	uint64_t at = 12;
	uint32_t digests, event;

	if (available < at) {
		return 0;
	}
	memcpy(&digests, record + 8, sizeof(digests));
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
	memcpy(&event, record + at, sizeof(event));
	return available - at - 4 < event ? 0 : at + 4 + event;
}
