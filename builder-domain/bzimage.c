/* SPDX-License-Identifier: MIT */
/*
 * Linux bzImage by its boot protocol (Linux Documentation/arch/x86/boot.rst).  Only the header is
 * read here: the compressed payload is opaque, and the image's own stub unpacks it inside the new
 * domain.  Header bytes are hostile; so is the unpacked memory that the note search walks.
 */
#include "builder-domain/image.h"
#include "builder-domain/lib.h"

#define SECTOR          512u
#define HEADER_OFFSET   0x1f1u
#define HEADER_JUMP     0x202u /* the header ends at this + second byte of the jump */
#define BOOT_FLAG       0xAA55u
#define HEADER_MAGIC    0x53726448u /* "HdrS" */
#define PROTOCOL_MIN    0x20Cu
#define SETUP_SECTS_OLD 4u
#define SETUP_SECTS_MAX 64u
#define ALIGNMENT_MAX   0x200000u
#define INIT_SIZE_MAX   0x40000000u

_Static_assert(sizeof(struct boot_params) == 4096, "zero page");
_Static_assert(sizeof(struct setup_header) == 0x268 + 4 - HEADER_OFFSET, "header of protocol 2.15");

static MUST_CHECK int check_kind(const struct setup_header *h)
{
	if (h->version < PROTOCOL_MIN) {
		return bad_kernel("boot protocol %u.%u is older than 2.12", h->version >> 8,
				  h->version & 0xff);
	}
	if ((h->loadflags & LOADED_HIGH) == 0 || (h->xloadflags & XLF_KERNEL_64) == 0) {
		return bad_kernel("bzImage is not a 64-bit kernel loaded high");
	}
	if ((h->jump & 0xff) != 0xEB || HEADER_JUMP + (h->jump >> 8) < 0x264) {
		return bad_kernel("bzImage header ends at %x, too early for init_size",
				  HEADER_JUMP + (h->jump >> 8));
	}
	return 0;
}

static MUST_CHECK int check_addresses(const struct setup_header *h)
{
	if (h->relocatable_kernel == 0 || h->pref_address != BZIMAGE_KERNEL) {
		return bad_kernel("bzImage wants address %lx, must be relocatable and want %lx",
				  (uint64_t)h->pref_address, BZIMAGE_KERNEL);
	}
	if (h->kernel_alignment == 0 || (h->kernel_alignment & (h->kernel_alignment - 1)) != 0 ||
	    h->kernel_alignment > ALIGNMENT_MAX) {
		return bad_kernel("bzImage alignment %x is not a power of two up to 2 MiB",
				  h->kernel_alignment);
	}
	if (h->init_size == 0 || h->init_size > INIT_SIZE_MAX) {
		return bad_kernel("bzImage init_size %x, must be 1 to %x", h->init_size,
				  INIT_SIZE_MAX);
	}
	return 0;
}

static MUST_CHECK int check_sizes(const struct image *image, const struct setup_header *h,
				  struct bzimage_plan *plan)
{
	unsigned sectors = h->setup_sects == 0 ? SETUP_SECTS_OLD : h->setup_sects;

	if (sectors > SETUP_SECTS_MAX) {
		return bad_kernel("bzImage has %u setup sectors, at most %u", sectors,
				  SETUP_SECTS_MAX);
	}
	plan->blob_offset = (sectors + 1) * SECTOR;
	plan->blob_size = h->syssize * 16ull;
	if (plan->blob_size == 0 || plan->blob_offset > image->size ||
	    plan->blob_size > image->size - plan->blob_offset) {
		return bad_kernel("bzImage says %lx+%lx bytes, the file has %lx", plan->blob_offset,
				  plan->blob_size, image->size);
	}
	if (h->payload_offset > plan->blob_size ||
	    h->payload_length > plan->blob_size - h->payload_offset) {
		return bad_kernel("bzImage payload %x+%x is larger than its blob %lx",
				  h->payload_offset, h->payload_length, plan->blob_size);
	}
	/* The stub unpacks in place: the window holds at least the packed bytes. */
	if (plan->blob_size > h->init_size) {
		return bad_kernel("bzImage init_size %x is less than its blob %lx", h->init_size,
				  plan->blob_size);
	}
	plan->window_end = BZIMAGE_KERNEL + h->init_size;
	return 0;
}

/* Of a shorter file what there is of the header: enough to say what it is. */
static MUST_CHECK int read_header(const struct image *image, struct setup_header *h)
{
	uint64_t len = image->size < HEADER_OFFSET ? 0 : image->size - HEADER_OFFSET;
	int rc = 0;

	if (len != 0) {
		rc = image_read(image, HEADER_OFFSET, h, MIN(len, sizeof(*h)), "bzImage header");
	}
	if (rc != 0) {
		return rc;
	}
	if (h->boot_flag != BOOT_FLAG || h->header != HEADER_MAGIC) {
		return not_a_kernel(image);
	}
	if (len < sizeof(*h)) {
		return bad_kernel("a bzImage cut short in its header, at %lu bytes", image->size);
	}
	return 0;
}

int bzimage_parse(const struct image *image, uint32_t cmdline_len, struct bzimage_plan *plan)
{
	struct setup_header *h = &plan->header;
	int rc;

	memset(plan, 0, sizeof(*plan));
	rc = read_header(image, h) ?: check_kind(h) ?: check_addresses(h)
		     ?: check_sizes(image, h, plan);
	if (rc == 0 && cmdline_len > h->cmdline_size) {
		rc = fail(XEN_EINVAL, "cmdline: %u bytes, the kernel takes %u", cmdline_len,
			  h->cmdline_size);
	}
	return rc;
}

void bzimage_zero_page(const struct bzimage_plan *plan, uint32_t cmdline_gpa, uint64_t ram_end,
		       struct boot_params *out)
{
	static const struct boot_e820_entry low = {0, BOOT_AREA, 1};
	/* Bytes beyond the header's own end are not header (boot.rst, "the real-mode code"). */
	unsigned len = HEADER_JUMP + (plan->header.jump >> 8) - HEADER_OFFSET;

	memset(out, 0, sizeof(*out));
	memcpy(&out->hdr, &plan->header, len < sizeof(plan->header) ? len : sizeof(plan->header));
	out->hdr.type_of_loader = 0xff;
	out->hdr.code32_start = (uint32_t)BZIMAGE_LOAD;
	out->hdr.cmd_line_ptr = cmdline_gpa;
	out->hdr.ramdisk_image = 0;
	out->hdr.ramdisk_size = 0;
	out->hdr.setup_data = 0;
	out->e820_entries = 2;
	out->e820_table[0] = low;
	out->e820_table[1] = (struct boot_e820_entry){BOOT_AREA_END, ram_end - BOOT_AREA_END, 1};
}

void note_scan(const uint8_t *bytes, uint64_t len, struct note_search *search)
{
	static const uint32_t pattern[4] = {4, 8, 0x12, 0x006e6558}; /* sizes, type, "Xen" */

	for (uint64_t at = 0; at + NOTE_BYTES <= len; at += 4) {
		uint32_t first;

		memcpy(&first, bytes + at, sizeof(first));
		if (first == pattern[0] && memcmp(bytes + at, pattern, sizeof(pattern)) == 0) {
			search->matches++;
			memcpy(&search->entry, bytes + at + sizeof(pattern), sizeof(search->entry));
		}
	}
}

int note_accept(const struct note_search *search, uint64_t window_end, uint32_t *entry)
{
	if (search->matches != 1) {
		return bad_kernel("%u PVH notes in the unpacked kernel, must be one",
				  search->matches);
	}
	if (search->entry < BZIMAGE_KERNEL || search->entry >= window_end) {
		return bad_kernel("PVH entry %lx is outside the kernel [%lx, %lx)", search->entry,
				  BZIMAGE_KERNEL, window_end);
	}
	*entry = (uint32_t)search->entry;
	return 0;
}
