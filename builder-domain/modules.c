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

enum module_index { PLAN, KERNEL, INITRD, MODULES };

/* As the hypervisor names them, in this order. */
static const char names[MODULES][16] = {
	[PLAN] = "plan",
	[KERNEL] = "kernel",
	[INITRD] = "initrd",
};

static struct {
	const uint8_t *bytes;
	uint64_t size;
} module[MODULES];

static enum module_index index_of(enum corbel_ring_file file)
{
	if (file == CORBEL_FILE_kernel) {
		return KERNEL;
	}
	return INITRD;
}

static MUST_CHECK int fetch(enum corbel_ring_file file, uint64_t offset, uint32_t len,
			    const uint8_t **bytes)
{
	enum module_index index = index_of(file);

	if (offset > module[index].size || len > module[index].size - offset) {
		return fail(XEN_EINVAL, "modules: %s is shorter than the plan says", names[index]);
	}
	*bytes = module[index].bytes + offset;
	return 0;
}

static void progress(enum corbel_ring_state state)
{
	(void)state; /* nobody to tell yet: the console lines do */
}

static MUST_CHECK int take_modules(const struct corbel_builder_start *start)
{
	for (unsigned i = 0; i < MODULES; i++) {
		if (i >= start->module_count ||
		    memcmp(start->module[i].name, names[i], sizeof(names[i])) != 0) {
			return fail(XEN_EINVAL, "modules: number %u is not %s", i, names[i]);
		}
		module[i].bytes = guest_pointer(start->module[i].gpa);
		module[i].size = start->module[i].size;
	}
	return 0;
}

int serve_modules(const struct corbel_builder_start *start)
{
	static const struct source source = {
		.chunk = CHUNK,
		.fetch = fetch,
		.progress = progress,
	};
	static struct build_request request;
	const uint32_t flags_allowed = CORBEL_RQF_DOM0 | TEST_FLAGS;
	const uint8_t *plan;
	uint64_t plan_size;
	uint16_t domid;
	int rc = take_modules(start);

	plan = module[PLAN].bytes;
	plan_size = module[PLAN].size;
	if (rc == 0) {
		rc = request_decode(plan, plan_size, flags_allowed, &request);
	}
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
	return build(&request, plan, (uint32_t)plan_size, &source, &domid);
}
