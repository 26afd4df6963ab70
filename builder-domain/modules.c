/* SPDX-License-Identifier: MIT */
/*
 * Builds Dom0 from the boot modules.  The hypervisor has measured them and maps them read-only; the
 * plan is decoded as strictly as any other request.
 */
#include "builder-domain/build.h"
#include "builder-domain/hypercall.h"
#include "builder-domain/lib.h"
#include "builder-domain/serve.h"

#define CHUNK 0x40000u

enum { PLAN, KERNEL, INITRD, MODULES };
static const char names[MODULES][16] = {"plan", "kernel", "initrd"};
static struct {
	const uint8_t *bytes;
	uint64_t size;
} module[MODULES];

static MUST_CHECK int fetch(enum corbel_ring_file file, uint64_t offset, uint32_t len,
			    const uint8_t **bytes)
{
	unsigned m = file == CORBEL_FILE_kernel ? KERNEL : INITRD;

	if (offset > module[m].size || len > module[m].size - offset) {
		return fail(XEN_EINVAL, "modules: %s is shorter than the plan says", names[m]);
	}
	*bytes = module[m].bytes + offset;
	return 0;
}

static void progress(enum corbel_ring_state state)
{
	(void)state; /* nobody to tell yet: the console lines do */
}

static MUST_CHECK int take_modules(const struct corbel_builder_start *start)
{
	for (unsigned m = 0; m < MODULES; m++) {
		if (m >= start->module_count ||
		    memcmp(start->module[m].name, names[m], sizeof(names[m])) != 0) {
			return fail(XEN_EINVAL, "modules: number %u is not %s", m, names[m]);
		}
		module[m].bytes = guest_pointer(start->module[m].gpa);
		module[m].size = start->module[m].size;
	}
	return 0;
}

int serve_modules(const struct corbel_builder_start *start)
{
	static const struct source source = {CHUNK, fetch, progress};
	static struct build_request request;
	uint16_t domid;
	int rc = take_modules(start)
			 ?: request_decode(module[PLAN].bytes, module[PLAN].size,
					   CORBEL_RQF_DOM0 | TEST_FLAGS, &request);

	if (rc != 0) {
		return rc;
	}
	if (request.kernel_size != module[KERNEL].size ||
	    request.initrd_size != module[INITRD].size) {
		return fail(XEN_EINVAL,
			    "plan: kernel %lu, initrd %lu bytes; the modules have %lu and %lu",
			    request.kernel_size, request.initrd_size, module[KERNEL].size,
			    module[INITRD].size);
	}
	return build(&request, module[PLAN].bytes, (uint32_t)module[PLAN].size, &source, &domid);
}
