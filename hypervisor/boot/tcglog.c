/* SPDX-License-Identifier: MIT */
/*
 * Record sizes in a TCG event log (tcglog.h; TCG PC Client Platform Firmware Profile 1.05 section
 * 10.2).  Pure and bounded.
 */
#include "boot/tcglog.h"
#include "core/lib.h"

#define EVENT1_HEADER 32u /* PCR, type, SHA-1, size of the event */
#define MAX_DIGESTS   8u

struct algorithm {
	uint16_t id, size;
};

static const struct algorithm algorithms[] = {
	{0x0004, 20}, /* SHA-1 */ {0x000B, 32},   /* SHA-256 */ {0x000C, 48}, /* SHA-384 */
	{0x000D, 64}, /* SHA-512 */ {0x0012, 32},                             /* SM3-256 */
};

static uint32_t u32_at(const uint8_t *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static uint16_t digest_size(const uint8_t *bytes)
{
	uint16_t id;

	memcpy(&id, bytes, sizeof(id));
	for (unsigned i = 0; i < ARRAY_SIZE(algorithms); i++) {
		if (algorithms[i].id == id) {
			return algorithms[i].size;
		}
	}
	return 0;
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
		if (available - at < 2) {
			return 0;
		}
		uint16_t size = digest_size(record + at);

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
