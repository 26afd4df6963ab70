/* SPDX-License-Identifier: MIT */
/*
 * A build request after decoding: what the builder acts on, nothing more.
 */
#ifndef BUILDER_REQUEST_H
#define BUILDER_REQUEST_H
#include "base/must_check.h"
#include <stdint.h>

#include "abi/corbel.h"
#include "builder-domain/abi.h"

struct build_request {
	char name[64];
	uint8_t uuid[16];
	uint32_t memory_mib;
	uint32_t vcpus;
	uint32_t weight;
	char label[CORBEL_LABEL_LEN];
	char cmdline[2048];
	uint32_t cmdline_len;
	uint64_t kernel_size;
	uint64_t initrd_size; /* 0 = none */
	uint32_t flags;       /* CORBEL_RQF_* */
	uint32_t owner_len;   /* 0 = nobody's */
	struct corbel_owner_manifest owner;
	uint32_t device_count;                   /* 0 = the request names none */
	uint16_t devices[CORBEL_RQ_DEVICES_MAX]; /* as struct corbel_build_device has them */
};

/* Decodes exactly `size` bytes, which must be the caller's own copy.  flags_allowed is what this
 * source may ask for.  0, or a negative errno with the reason recorded. */
MUST_CHECK int request_decode(const uint8_t *bytes, uint64_t size, uint32_t flags_allowed,
			      struct build_request *out);
#endif
