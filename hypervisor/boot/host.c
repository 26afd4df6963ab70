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
	{.name = "plan"}, {.name = "kernel"}, {.name = "initrd"}};

struct digests {
	uint8_t sha256[SHA256_LEN], sha384[SHA384_LEN];
};

static void memory_init(struct boot_info *boot)
{
	uint64_t table = ROUND_UP(boot->hv_free, PAGE_SIZE);
	uint64_t heap = ROUND_UP(table + frames_table_bytes(boot->ram_top), PAGE_SIZE);
	uint64_t end = boot->hv_base + boot->hv_size;

	CHECK(heap + (8ul << 20) < end);
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

		first = first ?: to;
		CHECK(to && to == first + at);
		memcpy(to, from, MIN(module->size - at, PAGE_SIZE));
		slot_unmap(from);
	}
	sha256(first, module->size, out->sha256);
	sha384(first, module->size, out->sha384);
	return first;
}

/* Copies a module into blocks of its own and hashes the copy, not the original. */
static void keep_module(struct kept_module *k, const struct boot_module *module,
			struct digests *out)
{
	struct sha2_ctx c256;
	struct sha2_ctx c384;

	k->size = module->size;
	sha256_init(&c256);
	sha384_init(&c384);
	for (uint64_t at = 0; at < module->size; at += PAGE_SIZE) {
		uint64_t part = MIN(module->size - at, PAGE_SIZE);
		frame_t to;
		void *page;

		if (at % BLOCK_SIZE == 0) {
			if (k->blocks == ARRAY_SIZE(k->block) ||
			    frames_alloc(OWNER_HYPERVISOR, BLOCK_ORDER, &k->block[k->blocks])) {
				panic("module %s: too large for the memory of this host", k->name);
			}
			k->blocks++;
		}
		to.n = k->block[k->blocks - 1].n + ((at % BLOCK_SIZE) >> PAGE_SHIFT);
		frame_copy(to, 0, frame_of(module->base + at), 0, (uint32_t)part);
		page = slot_map(to);
		sha2_update(&c256, page, part);
		if (measure_ok()) {
			sha2_update(&c384, page, part);
		}
		slot_unmap(page);
	}
	sha2_final(&c256, out->sha256);
	sha2_final(&c384, out->sha384);
}

/* 64 small hex digits. */
static bool read_digest(const char *text, uint8_t out[SHA256_LEN])
{
	for (unsigned i = 0; i < 2 * SHA256_LEN; i++) {
		unsigned letter = (unsigned)text[i] - 'a', digit = (unsigned)text[i] - '0';

		if (letter > 5 && digit > 9) {
			return false;
		}
		out[i / 2] = (uint8_t)(out[i / 2] << 4 | (letter > 5 ? digit : letter + 10));
	}
	return true;
}

/* `policy-key=HEX[,HEX]`: who may sign a policy for a running host.  Measured with the rest of the
 * command line. */
static void read_policy_keys(const struct boot_info *boot)
{
	char text[2 * 64 + 3] = ""; /* one more than allowed, to see it */

	if (boot_option(boot, "policy-key", text, sizeof(text)) &&
	    !((strlen(text) == 64 || (strlen(text) == 129 && text[64] == ',' &&
				      read_digest(text + 65, host.policy_key[1]))) &&
	      read_digest(text, host.policy_key[0]))) {
		panic("option policy-key: not one or two SHA-256 in small hex digits");
	}
}

/* `policy-serial=N`: of the boot policy, so that an owner can refuse an older one.  Measured too.
 */
static void read_policy_serial(const struct boot_info *boot)
{
	char text[20] = "";

	if (!boot_option(boot, "policy-serial", text, sizeof(text))) {
		return;
	}
	for (const char *c = text; *c; c++) {
		if (*c < '0' || *c > '9' || c == text + 18) {
			panic("option policy-serial: not a number of at most 18 digits");
		}
		host.policy_serial = host.policy_serial * 10 + (uint64_t)(*c - '0');
	}
}

static void check_builder_header(const void *image, uint64_t size)
{
	const struct corbel_builder_header *h = image;

	if (size < sizeof(*h) || h->magic != CORBEL_BUILDER_MAGIC || h->size != size ||
	    h->memory < size || h->memory > CORBEL_BUILDER_RAM - CORBEL_BUILDER_BASE ||
	    h->entry >= size) {
		panic("module builder: not a builder image");
	}
	host.builder_svn = h->svn;
	if (h->flags & 1) {
		host.flags |= CORBEL_HOST_DEBUG;
		printk("builder: TEST BUILD, accepts debug requests\n");
	}
}

_Static_assert(BOOT_LOG_MAX == MEASURE_FW_LOG_MAX, "firmware's log fits whole");

static void measure_begin(struct boot_info *boot)
{
	measure_init(boot->tpm ? (volatile uint8_t *)TIS_BASE : NULL, now_ns);
	CHECK(measure_firmware_log(&boot->log, sizeof(boot->log.head) + boot->log.head.final_bytes +
						       boot->log.head.log_bytes));
	measure_start();
	measure_config(boot->cmdline);
	host.flags |= (boot->tpm ? CORBEL_HOST_TPM : 0) | (boot->efi ? CORBEL_HOST_EFI : 0);
	/* Bus masters are off, and nobody is given a port, configuration space or a BAR. */
	host.flags |= boot->masters_stopped ? CORBEL_HOST_NO_DEVICES : 0;
	if (cpuid(0x80000000, 0).a >= 0x8000001E && cpuid(0x8000001E, 0).b >> 8 & 0xFF) {
		host.flags |= CORBEL_HOST_SMT; /* APM vol. 3 E.4.17: threads per core, less one */
	}
	if (!cpu_has_ibpb()) {
		host.flags |= CORBEL_HOST_NO_IBPB;
	}
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
		MEASURE_policy, MEASURE_builder, MEASURE_plan, MEASURE_kernel, MEASURE_initrd};
	const struct boot_module *m = boot->module;
	void *image[] = {[MODULE_policy] = NULL, [MODULE_builder] = NULL};
	struct digests d;

	for (unsigned i = 0; i < BOOT_MODULES; i++) {
		if (i < ARRAY_SIZE(image)) {
			image[i] = copy_to_heap(&m[i], &d);
		} else {
			keep_module(&kept[i - MODULE_plan], &m[i], &d);
		}
		measure_file(kind[i], d.sha256, d.sha384, m[i].size);
		frames_add_region(m[i].base, ROUND_UP(m[i].size, PAGE_SIZE));
		if (i == MODULE_builder) {
			memcpy(host.builder_image, d.sha256, sizeof(host.builder_image));
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
	take_modules(boot);
	measure_end();
	launchlog_boot();
	hypercall_init();
	virt_init_cpu();
	builder_start();
	host_loop();
}
