/* SPDX-License-Identifier: MIT */
/*
 * Encoder of the canonical build request (builder-domain/abi.h), shared by the CLI and
 * by the launch-plan maker.  Host side only: nothing here is trusted, because
 * the builder decodes and checks every byte again.
 */
#ifndef PLAN_ENCODE_H
#define PLAN_ENCODE_H
#include <stddef.h>
#include <stdint.h>

#include "builder-domain/abi.h"
#include "tools/lib/devices.h"

struct request {
	char name[64];
	uint8_t uuid[16];
	uint32_t memory_mib;
	uint32_t vcpus;
	uint32_t weight;
	char label[64];
	char cmdline[2048];
	uint64_t kernel_size;
	uint64_t initrd_size; /* 0 = none */
	uint32_t flags;       /* CORBEL_RQF_* */
	uint32_t owner_len;   /* of owner below; 0 = nobody's */
	struct corbel_owner_manifest owner;
	struct device_list devices;
};

/* Writes the one encoding of r.  Returns its size, or 0 with *why naming the field at fault. */
size_t request_encode(const struct request *r, uint8_t *out, size_t cap, const char **why);

#endif
