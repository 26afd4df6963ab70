/* SPDX-License-Identifier: MIT */
/*
 * See plan.h.  The decoder is the builder's, so that no plan is read here in another way than
 * there; this file lends it what it expects of its surroundings.
 */
#include "measured-boot/reference/plan.h"
#include "builder-domain/hypercall.h"
#include "builder-domain/lib.h"
#include "builder-domain/request.h"
#include "measured-boot/reference/reference.h"
#include "tools/lib/files.h"
#include <stdlib.h>
#include <string.h>

/* The builder's console: not used by the decoder, whose reasons end in fail_reason. */
void console_write(const char *text, size_t size)
{
	fwrite(text, 1, size, stderr);
}

bool plan_read(const char *path, const char *shown, struct plan_facts *facts)
{
	static struct build_request request;
	char error[512];
	size_t size = 0;
	uint8_t *bytes = files_read(path, 1 << 20, &size, error, sizeof(error));
	int rc;

	if (!bytes) {
		return bad("%s: %s", shown, error);
	}
	fail_reason[0] = '\0';
	rc = request_decode(bytes, size, CORBEL_RQF_DOM0, &request);
	free(bytes);
	if (rc != 0) {
		return bad("%s: %s", shown, fail_reason);
	}
	if (!(request.flags & CORBEL_RQF_DOM0)) {
		return bad("%s: flags: expected dom0: this plan describes another domain", shown);
	}
	memcpy(facts->cmdline, request.cmdline, sizeof(facts->cmdline));
	/* As builder-domain/build.c asks for it. */
	facts->memory_pages = (uint64_t)request.memory_mib << (20 - PAGE_SHIFT);
	facts->vcpus = request.vcpus;
	facts->kernel_size = request.kernel_size;
	facts->initrd_size = request.initrd_size;
	return true;
}
