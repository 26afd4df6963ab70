/* SPDX-License-Identifier: MIT */
/*
 * Puts the events of one PCR beside those expected there, by position and digest, so that one event
 * left out or put in is named as that and does not make all that follow look wrong.  This is for
 * naming only: two lists are the same if, and only if, every event is `same` and none is extra.
 */
#ifndef MEASURED_BOOT_VERIFY_ALIGN_H
#define MEASURED_BOOT_VERIFY_ALIGN_H
#include "measured-boot/verify/bootlog.h"

#define ALIGN_MAX 1024u

struct expected_event {
	uint32_t type;
	const uint8_t *sha256, *sha384; /* sha384 NULL: not known */
	const struct boot_event *found; /* OUT: NULL: it is not there */
	bool same;                      /* OUT: type and digests */
};

/* Fills found and same; stores events that nothing expected in `extra`, which has room for `m`,
 * and returns their number. */
size_t align_events(struct expected_event *expected, size_t n,
		    const struct boot_event *const *found, size_t m,
		    const struct boot_event **extra);
#endif
