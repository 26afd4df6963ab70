/* SPDX-License-Identifier: MIT */
/*
 * From the CPU set-up to the scheduler: memory, modules, measurement, policy, virtualisation,
 * builder.  Runs once, on the boot CPU; every failure here stops the machine with its reason.
 */
#include "boot/boot.h"
#include "boot/loop.h"
#include "launch/build.h"
#include "base/host.h"
#include "calls/hypercall.h"
#include "mm/iommu.h"
#include "launch/launchlog.h"
#include "launch/policy.h"
#include "diag/trace.h"
#include "cpu/asm.h"
#include "cpu/cpu.h"
#include "cpu/time.h"
#include "measured-boot/image/measure.h"
#include "measured-boot/shared/sha2.h"
#include "mm/frames.h"
#include "mm/heap.h"
#include "mm/hpt.h"
#include "mm/slots.h"
#include "virt/virt.h"

static struct kept_module kept[KEPT_MODULES] = {
	{.name = "plan"},
	{.name = "kernel"},
	{.name = "initrd"},
};

struct digests {
	uint8_t sha256[SHA256_LEN];
	uint8_t sha384[SHA384_LEN];
};

#define LEAST_HEAP (8ul << 20) /* bytes; below that nothing could be served */

static void memory_init(struct boot_info *boot)
{
	uint64_t table = ROUND_UP(boot->hv_free, PAGE_SIZE);
	uint64_t heap = ROUND_UP(table + frames_table_bytes(boot->ram_top), PAGE_SIZE);
	uint64_t end = boot->hv_base + boot->hv_size;

	CHECK(heap + LEAST_HEAP < end);
	frames_init(boot, (void *)table);
	heap_init(heap, end - heap);
	printk("memory: %lu MiB for domains, %lu MiB for the hypervisor\n",
	       frames_count().total >> 8, heap_free_pages() >> 8);
}

/* Policy and builder image move into the hypervisor's own pages, contiguous by construction. */
static void *copy_to_heap(const struct boot_module *module, struct digests *out)
{
	uint8_t *first = NULL;

	for (uint64_t at = 0; at < module->size; at += PAGE_SIZE) {
		uint8_t *to = heap_page(NULL);
		void *from = slot_map(frame_of(module->base + at));

		if (at == 0) {
			first = to;
		}
		CHECK(to && to == first + at);
		memcpy(to, from, MIN(module->size - at, PAGE_SIZE));
		slot_unmap(from);
	}
	sha256(first, module->size, out->sha256);
	sha384(first, module->size, out->sha384);
	return first;
}

/* The frame that keeps the module's byte `at`; a block is made for the first of each 2 MiB. */
static frame_t frame_to_keep(struct kept_module *module, uint64_t at)
{
	frame_t frame;

	if (at % BLOCK_SIZE == 0) {
		if (module->blocks == ARRAY_SIZE(module->block) ||
		    frames_alloc(OWNER_HYPERVISOR, BLOCK_ORDER, &module->block[module->blocks])) {
			panic("module %s: too large for the memory of this host", module->name);
		}
		module->blocks++;
	}
	frame.n = module->block[module->blocks - 1].n + ((at % BLOCK_SIZE) >> PAGE_SHIFT);
	return frame;
}

/* Copies a module into blocks of its own and hashes the copy, not the original. */
static void keep_module(struct kept_module *keep, const struct boot_module *module,
			struct digests *out)
{
	struct sha2_ctx c256;
	struct sha2_ctx c384;

	keep->size = module->size;
	sha256_init(&c256);
	sha384_init(&c384);
	for (uint64_t at = 0; at < module->size; at += PAGE_SIZE) {
		uint64_t part = MIN(module->size - at, PAGE_SIZE);
		frame_t to = frame_to_keep(keep, at);
		void *page;

		frame_copy(to, 0, frame_of(module->base + at), 0, (uint32_t)part);
		page = slot_map(to);
		sha256_update(&c256, page, part);
		if (measure_ok()) {
			sha384_update(&c384, page, part);
		}
		slot_unmap(page);
	}
	sha256_final(&c256, out->sha256);
	sha384_final(&c384, out->sha384);
}

#define DIGEST_DIGITS (2 * SHA256_LEN)

/* Of a small hex digit; more than 15: it is none. */
static unsigned hex_value(char digit)
{
	if (digit >= '0' && digit <= '9') {
		return (unsigned)(digit - '0');
	}
	if (digit >= 'a' && digit <= 'f') {
		return (unsigned)(digit - 'a') + 10;
	}
	return UINT32_MAX;
}

static bool read_digest(const char *text, uint8_t out[SHA256_LEN])
{
	for (unsigned i = 0; i < DIGEST_DIGITS; i++) {
		unsigned value = hex_value(text[i]);

		if (value > 15) {
			return false;
		}
		out[i / 2] = (uint8_t)(out[i / 2] << 4 | value);
	}
	return true;
}

/* One digest, or two with a comma between them. */
static bool read_digests(const char *text, uint8_t out[2][SHA256_LEN])
{
	size_t length = strlen(text);

	if (length == DIGEST_DIGITS) {
		return read_digest(text, out[0]);
	}
	return length == 2 * DIGEST_DIGITS + 1 && text[DIGEST_DIGITS] == ',' &&
	       read_digest(text, out[0]) && read_digest(text + DIGEST_DIGITS + 1, out[1]);
}

/* `policy-key=HEX[,HEX]`: who may sign a policy for a running host.  Measured with the rest of the
 * command line. */
static void read_policy_keys(const struct boot_info *boot)
{
	char text[2 * DIGEST_DIGITS + 3] = ""; /* one more than allowed, to see it */

	if (boot_option(boot, "policy-key", text, sizeof(text)) &&
	    !read_digests(text, host.policy_key)) {
		panic("option policy-key: not one or two SHA-256 in small hex digits");
	}
}

#define SERIAL_DIGITS 18u /* so that a serial fits 64 bits */

/* `policy-serial=N`: of the boot policy, so that an owner can refuse an older one.  Measured
 * too. */
static void read_policy_serial(const struct boot_info *boot)
{
	char text[20] = "";

	if (!boot_option(boot, "policy-serial", text, sizeof(text))) {
		return;
	}
	for (const char *digit = text; *digit; digit++) {
		if (*digit < '0' || *digit > '9' || digit == text + SERIAL_DIGITS) {
			panic("option policy-serial: not a number of at most %u digits",
			      SERIAL_DIGITS);
		}
		host.policy_serial *= 10;
		host.policy_serial += (uint64_t)(*digit - '0');
	}
}

static void check_builder_header(const void *image, uint64_t size)
{
	const struct corbel_builder_header *header = image;

	if (size < sizeof(*header) || header->magic != CORBEL_BUILDER_MAGIC ||
	    header->size != size) {
		panic("module builder: not a builder image");
	}
	if (header->memory < size || header->entry >= size ||
	    header->memory > CORBEL_BUILDER_RAM - CORBEL_BUILDER_BASE) {
		panic("module builder: its header's memory or entry is out of bounds");
	}
	host.builder_svn = header->svn;
	if (header->flags & 1) {
		host.flags |= CORBEL_HOST_DEBUG;
		printk("builder: TEST BUILD, accepts debug requests\n");
	}
}

_Static_assert(BOOT_LOG_MAX == MEASURE_FW_LOG_MAX, "firmware's log fits whole");

static bool has_sibling_threads(void)
{
	/* APM vol. 3 E.4.17: threads per core, less one. */
	return cpuid(0x80000000, 0).a >= 0x8000001E && (cpuid(0x8000001E, 0).b >> 8 & 0xFF);
}

static void measure_begin(struct boot_info *boot)
{
	const struct corbel_boot_log *log = &boot->log.head;
	volatile uint8_t *tpm = NULL;

	if (boot->tpm) {
		tpm = (volatile uint8_t *)TIS_BASE;
	}
	measure_init(tpm, now_ns);
	CHECK(measure_firmware_log(&boot->log, sizeof(*log) + log->final_bytes + log->log_bytes));
	measure_start();
	measure_config(boot->cmdline);
}

/* What the verifier is told of this host (abi/corbel.h). */
static void find_host_flags(const struct boot_info *boot)
{
	if (boot->tpm) {
		host.flags |= CORBEL_HOST_TPM;
	}
	if (boot->efi) {
		host.flags |= CORBEL_HOST_EFI;
	}
	/* Bus masters are off, and nobody is given a port, configuration space or a BAR. */
	if (boot->masters_stopped) {
		host.flags |= CORBEL_HOST_NO_DEVICES;
	}
	if (has_sibling_threads()) {
		host.flags |= CORBEL_HOST_SMT;
	}
	if (!cpu_has_ibpb()) {
		host.flags |= CORBEL_HOST_NO_IBPB;
	}
}

/* Before a module is copied: what is hashed stays as it is. */
static void start_iommu(const struct boot_info *boot)
{
	const char *fault;

	if (!boot->iommu) {
		return;
	}
	fault = iommu_start(boot->iommu);
	if (fault) {
		printk("warning: the IOMMU is not used: %s", fault);
		return;
	}
	host.flags |= CORBEL_HOST_IOMMU;
	printk("IOMMU on, every device refused");
}

static void measure_end(void)
{
	measure_cap();
	measure_protect();
	for (unsigned pcr = 17; pcr <= 18; pcr++) {
		trace_note(CORBEL_TRACE_measure, OWNER_NONE, OWNER_NONE, (int32_t)measure_error(),
			   pcr);
	}
	if (measure_ok() && (host.flags & CORBEL_HOST_EFI)) {
		host.flags |= CORBEL_HOST_MEASURED;
		printk("measured: PCR 17 trusted part, PCR 18 Dom0\n");
	} else {
		printk("unmeasured (error 0x%x)\n", measure_error());
	}
}

static void take_modules(struct boot_info *boot)
{
	static const enum measure_kind kind[BOOT_MODULES] = {
		[MODULE_policy] = MEASURE_policy, [MODULE_builder] = MEASURE_builder,
		[MODULE_plan] = MEASURE_plan,     [MODULE_kernel] = MEASURE_kernel,
		[MODULE_initrd] = MEASURE_initrd,
	};
	const struct boot_module *m = boot->module;
	void *image[] = {[MODULE_policy] = NULL, [MODULE_builder] = NULL};
	struct digests digests;

	for (unsigned i = 0; i < BOOT_MODULES; i++) {
		if (i < ARRAY_SIZE(image)) {
			image[i] = copy_to_heap(&m[i], &digests);
		} else {
			keep_module(&kept[i - MODULE_plan], &m[i], &digests);
		}
		measure_file(kind[i], digests.sha256, digests.sha384, m[i].size);
		frames_add_region(m[i].base, ROUND_UP(m[i].size, PAGE_SIZE));
		if (i == MODULE_builder) {
			memcpy(host.builder_image, digests.sha256, sizeof(host.builder_image));
		}
	}
	policy_boot(image[MODULE_policy], m[MODULE_policy].size);
	check_builder_header(image[MODULE_builder], m[MODULE_builder].size);
	builder_init(image[MODULE_builder], m[MODULE_builder].size, kept);
}

void core_main(struct boot_info *boot)
{
	memory_init(boot);
	trace_verbose = boot_option(boot, "trace", NULL, 0);
	read_policy_keys(boot);
	read_policy_serial(boot);
	launchlog_draw_boot_id();
	measure_begin(boot);
	find_host_flags(boot);
	start_iommu(boot);
	take_modules(boot);
	measure_end();
	launchlog_boot();
	hypercall_init();
	virt_init_cpu();
	builder_start();
	host_loop();
}
