/* SPDX-License-Identifier: MIT */
/*
 * From staged kernel file to PVH entry: ELF segments are copied, a bzImage is unpacked by its own
 * stub inside the new domain.  Runs only after the digests are committed.  What the builder placed
 * for this purpose is wiped again, so that the kernel starts on its own bytes and zeroes.
 */
#include "builder-domain/build.h"
#include "builder-domain/hypercall.h"
#include "builder-domain/lib.h"
#include "builder-domain/tables.h"

#define STUB_BUDGET_MS 120000u
#define NOTE_ALIGN     4ul /* where note_scan() looks */

static MUST_CHECK int staged_read(const struct image *image, uint64_t offset, void *out,
				  uint64_t len)
{
	return target_read(image->where + offset, out, len);
}

static MUST_CHECK int load_elf(const struct image *image, const struct layout *layout,
			       uint32_t *entry)
{
	struct elf_plan plan;
	int rc = elf_parse(image, layout->kernel_gpa, &plan);

	for (uint32_t i = 0; rc == 0 && i < plan.count; i++) {
		const struct elf_segment *segment = &plan.segments[i];

		rc = target_copy(segment->gpa, image->where + segment->offset, segment->file_size);
	}
	if (rc == 0) {
		print("ELF kernel, %u segments, PVH entry 0x%x", plan.count, plan.entry);
		*entry = plan.entry;
	}
	return rc;
}

static MUST_CHECK int check_room(const struct build_request *request, const struct layout *layout,
				 const struct bzimage_plan *plan)
{
	uint64_t files = room_for(request->kernel_size) + room_for(request->initrd_size);
	uint64_t need = plan->window_end + files;

	if (plan->window_end <= layout->kernel_gpa) {
		return 0;
	}
	return fail(
		XEN_EINVAL,
		"memory: %u MiB is too small, %lu MiB needed (kernel up to %lu, its file %lu, initrd %lu)",
		request->memory_mib, to_mib(need), to_mib(plan->window_end),
		to_mib(request->kernel_size), to_mib(request->initrd_size));
}

static MUST_CHECK int stub_place(const struct image *image, const struct layout *layout,
				 const struct bzimage_plan *plan)
{
	static const char cmdline[] = "nokaslr"; /* or the output would not land at 16 MiB */
	struct boot_params zero_page;

	bzimage_zero_page(plan, STUB_CMDLINE_GPA, layout->kernel_gpa, &zero_page);
	return target_write(STUB_ZERO_PAGE_GPA, &zero_page, sizeof(zero_page))
		       ?: target_write(STUB_CMDLINE_GPA, cmdline, sizeof(cmdline))
		       ?: target_copy(BZIMAGE_LOAD, image->where + plan->blob_offset,
				      plan->blob_size);
}

/* Where the kernel would begin if it were not entered by its note.  Its ELF header says so too, but
 * the unpacker has moved the first segment over it. */
static int is_in_trap(uint64_t rip)
{
	return rip >= BZIMAGE_KERNEL && rip < BZIMAGE_KERNEL + BZIMAGE_TRAP;
}

static MUST_CHECK int stub_result(const struct corbel_build_wait *wait)
{
	switch (wait->state) {
	case CORBEL_STUB_TRAPPED:
		if (!is_in_trap(wait->rip)) {
			return bad_kernel("unpacking ended at 0x%lx, not in [0x%lx, 0x%lx)",
					  wait->rip, BZIMAGE_KERNEL, BZIMAGE_KERNEL + BZIMAGE_TRAP);
		}
		return 0;
	case CORBEL_STUB_TIMEDOUT:
		return fail(XEN_ETIMEDOUT,
			    "kernel: unpacking used up its %u s of CPU time at 0x%lx",
			    STUB_BUDGET_MS / 1000, wait->rip);
	default:
		return bad_kernel("the image's unpacker crashed at 0x%lx", wait->rip);
	}
}

static MUST_CHECK int stub_run(uint16_t domid)
{
	struct corbel_build_stub stub = {
		.domid = domid,
		.eip = BZIMAGE_LOAD,
		.esi = STUB_ZERO_PAGE_GPA, /* boot.rst, "32-bit boot protocol" */
		.trap = BZIMAGE_KERNEL,
		.budget_ms = STUB_BUDGET_MS,
	};
	struct corbel_build_wait wait = {.domid = domid};
	long rc = corbel_call(CORBEL_OP_build_stub, &stub);

	if (rc == 0) {
		do {
			rc = corbel_call(CORBEL_OP_build_wait, &wait);
		} while (rc == -XEN_EAGAIN);
	}
	if (rc != 0) {
		return call_result("kernel: unpacking", rc);
	}
	return stub_result(&wait);
}

/* In pieces that overlap by all but the first place of a note, so that each place is seen once. */
static MUST_CHECK int find_note(const struct bzimage_plan *plan, uint32_t *entry)
{
	static uint8_t piece[PAGE_SIZE + NOTE_BYTES - NOTE_ALIGN];
	struct note_search search = {0};
	uint64_t end = plan->window_end & ~(NOTE_ALIGN - 1);
	int rc = 0;

	for (uint64_t gpa = BZIMAGE_KERNEL; rc == 0 && gpa < end; gpa += PAGE_SIZE) {
		uint64_t len = MIN(end - gpa, sizeof(piece));

		rc = target_read(gpa, piece, len);
		note_scan(piece, len, &search);
	}
	if (rc == 0) {
		rc = note_accept(&search, plan->window_end, entry);
	}
	return rc;
}

static MUST_CHECK int load_bzimage(const struct build_request *request, const struct image *image,
				   const struct layout *layout, uint16_t domid, uint32_t *entry)
{
	struct bzimage_plan plan;
	uint64_t blob;
	int rc = bzimage_parse(image, request->cmdline_len, &plan);

	if (rc == 0) {
		rc = check_room(request, layout, &plan);
	}
	if (rc == 0) {
		rc = stub_place(image, layout, &plan);
	}
	if (rc == 0) {
		print("unpacking the bzImage by its own stub in domain %u (%u s of CPU time at most)",
		      domid, STUB_BUDGET_MS / 1000);
		rc = stub_run(domid);
	}
	if (rc == 0) {
		rc = find_note(&plan, entry);
	}
	if (rc != 0) {
		return rc;
	}
	print("unpacked, one PVH note, entry 0x%x", *entry);
	/* What the packed bytes share with the kernel is the kernel's own now. */
	blob = MIN(plan.blob_size, BZIMAGE_KERNEL - BZIMAGE_LOAD);
	return target_zero(BOOT_AREA, BOOT_AREA_END - BOOT_AREA) ?: target_zero(BZIMAGE_LOAD, blob);
}

int kernel_load(const struct build_request *request, const struct layout *layout, uint16_t domid,
		uint32_t *entry)
{
	struct image image = {
		.size = request->kernel_size,
		.read = staged_read,
		.where = layout->kernel_gpa,
	};
	int rc = elf_probe(&image);

	if (rc < 0) {
		return rc;
	}
	if (rc == 1) {
		rc = load_elf(&image, layout, entry);
	} else {
		rc = load_bzimage(request, &image, layout, domid, entry);
	}
	if (rc == 0) {
		rc = target_zero(layout->kernel_gpa, request->kernel_size);
	}
	return rc;
}
