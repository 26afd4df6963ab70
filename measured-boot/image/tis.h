/* SPDX-License-Identifier: MIT */
/*
 * The TPM's FIFO (TIS) register interface: one locality, whole commands in and out.
 * Part of the measured image; everything the device answers is hostile: lengths are checked
 * before a byte is stored, and every wait has a deadline.
 */
#ifndef MEASURED_BOOT_IMAGE_TIS_H
#define MEASURED_BOOT_IMAGE_TIS_H
#include "base/must_check.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIS_COMMAND_NS 2000000000ull
#define TIS_TAKE_NS    5000000000ull

struct tis {
	volatile uint8_t *base; /* locality 0's page, the others follow */
	uint64_t (*now_ns)(void);
	unsigned locality; /* the one in use, after tis_take() */
};

/* All return 0 or an enum measure_error. */
MUST_CHECK uint32_t tis_probe(const struct tis *tis);
/* Makes `locality` the active one, by force if a lower one does not let go. */
MUST_CHECK uint32_t tis_take(struct tis *tis, unsigned locality);
/* Gives the locality back; waits for nothing. */
void tis_release(const struct tis *tis);
/* One step of the same that waits for nothing: asks for `locality`, by force if `seize`; true when
 * it is active now.  What was asked for stays pending until tis_release(). */
MUST_CHECK bool tis_try(struct tis *tis, unsigned locality, bool seize);
/* Sends one command. */
MUST_CHECK uint32_t tis_send(const struct tis *tis, uint64_t deadline, const uint8_t *command,
			     size_t len);
/* Whether its response waits to be received. */
MUST_CHECK bool tis_answered(const struct tis *tis);
/* Waits for the response and stores it, at most `cap` bytes, a header (10) at least; a longer one
 * is an error. */
MUST_CHECK uint32_t tis_receive(const struct tis *tis, uint64_t deadline, uint8_t *response,
				size_t cap, size_t *got);

#ifdef CORBEL_HOST_TEST
/* The register model of the unit tests and fuzzers. */
uint8_t fake_tis_read8(unsigned locality, unsigned reg);
MUST_CHECK uint32_t fake_tis_read32(unsigned locality, unsigned reg);
void fake_tis_write8(unsigned locality, unsigned reg, uint8_t value);
#endif
#endif
