/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: the request decoder.  One meaning has one encoding: what is accepted must encode to
 * the same bytes again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "builder-domain/hypercall.h"
#include "builder-domain/lib.h"
#include "builder-domain/request.h"
#include "tools/plan/encode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void console_write(const char *text, size_t len)
{
	(void)text;
	(void)len;
}

static void demand(int condition)
{
	if (!condition) {
		abort();
	}
}

static int is_ascii(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text >= 0x80) {
			return 0;
		}
	}
	return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct build_request decoded;
	static struct request again;
	uint8_t bytes[CORBEL_REQUEST_MAX];
	const char *why;

	fail_reason[0] = 0;
	if (request_decode(data, size, UINT32_MAX, &decoded) != 0) {
		demand(fail_reason[0] != '\0');
		return 0;
	}
	memset(&again, 0, sizeof(again));
	memcpy(again.name, decoded.name, sizeof(again.name));
	memcpy(again.uuid, decoded.uuid, sizeof(again.uuid));
	memcpy(again.label, decoded.label, sizeof(again.label));
	memcpy(again.cmdline, decoded.cmdline, sizeof(again.cmdline));
	again.memory_mib = decoded.memory_mib;
	again.vcpus = decoded.vcpus;
	again.weight = decoded.weight;
	again.kernel_size = decoded.kernel_size;
	again.initrd_size = decoded.initrd_size;
	again.flags = decoded.flags;
	again.owner_len = decoded.owner_len;
	again.owner = decoded.owner;
	again.devices.count = decoded.device_count;
	memcpy(again.devices.function, decoded.devices, sizeof(decoded.devices));
	if (!is_ascii(decoded.cmdline)) { /* the encoder alone refuses that */
		demand(request_encode(&again, bytes, sizeof(bytes), &why) == 0 && why != NULL);
		return 0;
	}
	demand(request_encode(&again, bytes, sizeof(bytes), &why) == size);
	demand(memcmp(bytes, data, size) == 0);
	return 0;
}
