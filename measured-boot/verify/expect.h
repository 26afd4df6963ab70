/* SPDX-License-Identifier: MIT */
/*
 * What a tenant expects of its launch, as its file says.
 */
#ifndef MEASURED_BOOT_VERIFY_EXPECT_H
#define MEASURED_BOOT_VERIFY_EXPECT_H
#include "base/must_check.h"
#include "measured-boot/verify/steps.h"

struct expectation {
	char name[64];
	char label[64];
	char *cmdline;
	uint8_t kernel[32];
	uint8_t initrd[32];
	uint8_t cmdline_sha256[32];
	uint8_t owner[32]; /* zero: nobody */
	uint8_t uuid[16];
	bool any_uuid;
	uint64_t memory_pages;
	uint64_t min_policy;
	uint32_t vcpus;
	uint32_t device_count;
	uint16_t devices[CORBEL_LOG_DEVICES]; /* as struct corbel_log_launch has them */
};

/* Reads the file into judge->expect, which is never NULL afterwards; false: a row says why. */
MUST_CHECK bool expectation_open(struct judge *judge);
#endif
