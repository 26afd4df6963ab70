/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: the launch plan's text form, through to the canonical bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "builder-domain/abi.h"
#include "tools/plan/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct plan plan;
	uint8_t bytes[CORBEL_REQUEST_MAX];
	char error[128] = "";
	const char *why;

	if (plan_parse("fuzz.plan", (const char *)data, size, &plan, error, sizeof(error)) != 0) {
		if (strncmp(error, "fuzz.plan:", 10) != 0) {
			abort();
		}
		return 0;
	}
	plan.request.kernel_size = 1;
	if (request_encode(&plan.request, bytes, sizeof(bytes), &why) == 0 && why == NULL) {
		abort();
	}
	return 0;
}
