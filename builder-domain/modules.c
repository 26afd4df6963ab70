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

struct module {
	const uint8_t *bytes;
	uint64_t size;
};

static struct module plan, kernel, initrd;

static int fetch(enum corbel_ring_file file, uint64_t offset, uint32_t len, const uint8_t **bytes)
{
	const struct module *m = file == CORBEL_FILE_kernel ? &kernel : &initrd;

	if (offset > m->size || len > m->size - offset) {
		return fail(XEN_EINVAL, "modules: file %u is shorter than the plan says", file);
	}
	*bytes = m->bytes + offset;
	return 0;
}

static void progress(enum corbel_ring_state state)
{
	(void)state; /* nobody to tell yet: the console lines do */
}

static struct module *module_named(const char name[16])
{
	static const struct {
		char name[16];
		struct module *module;
	} known[] = {{"plan", &plan}, {"kernel", &kernel}, {"initrd", &initrd}};

	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (memcmp(name, known[i].name, sizeof(known[i].name)) == 0) {
			return known[i].module;
		}
	}
	return NULL;
}

static int take_modules(const struct corbel_builder_start *start)
{
	memset(&plan, 0, sizeof(plan));
	memset(&kernel, 0, sizeof(kernel));
	memset(&initrd, 0, sizeof(initrd));
	if (start->module_count > sizeof(start->module) / sizeof(start->module[0])) {
		return fail(XEN_EINVAL, "modules: %u given", start->module_count);
	}
	for (uint32_t i = 0; i < start->module_count; i++) {
		struct module *m = module_named(start->module[i].name);

		if (m == NULL || m->bytes != NULL) {
			return fail(XEN_EINVAL, "modules: module %u is unknown or given twice", i);
		}
		m->bytes = guest_pointer(start->module[i].gpa);
		m->size = start->module[i].size;
	}
	if (plan.bytes == NULL || kernel.bytes == NULL) {
		return fail(XEN_ENOENT, "modules: no %s", plan.bytes == NULL ? "plan" : "kernel");
	}
	return 0;
}

int serve_modules(const struct corbel_builder_start *start)
{
	static const struct source source = {CHUNK, fetch, progress};
	static struct build_request request;
	uint16_t domid;
	int rc = take_modules(start);

	if (rc == 0) {
		rc = request_decode(plan.bytes, plan.size, CORBEL_RQF_DOM0 | TEST_FLAGS, &request);
	}
	if (rc != 0) {
		return rc;
	}
	if (request.kernel_size != kernel.size || request.initrd_size != initrd.size) {
		return fail(XEN_EINVAL,
			    "plan: kernel %lu, initrd %lu bytes; the modules have %lu "
			    "and %lu",
			    request.kernel_size, request.initrd_size, kernel.size, initrd.size);
	}
	return build(&request, plan.bytes, (uint32_t)plan.size, &source, &domid);
}
