/* SPDX-License-Identifier: MIT */
/*
 * Linux bzImage by its boot protocol (Linux Documentation/arch/x86/boot.rst).  Only the header is
 * read here: the compressed payload is opaque, and the image's own stub unpacks it inside the new
 * domain.  Header bytes are hostile; so is the unpacked memory that the note search walks.
 */
#include "builder-domain/image.h"
#include "builder-domain/lib.h"

#define SECTOR           512u
#define PARAGRAPH        16ull /* unit of the blob's size */
#define HEADER_OFFSET    0x1f1u
#define HEADER_JUMP      0x202u /* the header ends at this + second byte of the jump */
#define BOOT_FLAG        0xAA55u
#define HEADER_MAGIC     0x53726448u /* "HdrS" */
#define PROTOCOL_MIN     0x20Cu
#define JUMP_SHORT       0xEBu
#define INIT_SIZE_END    0x264u
#define SETUP_SECTS_OLD  4u
#define SETUP_SECTS_MAX  64u
#define LOADER_UNDEFINED 0xff
#define E820_RAM         1
#define ALIGNMENT_MAX    0x200000u
#define INIT_SIZE_MAX    0x40000000u

_Static_assert(sizeof(struct boot_params) == 4096, "zero page");
_Static_assert(sizeof(struct setup_header) == 0x268 + 4 - HEADER_OFFSET, "header of protocol 2.15");

/* Where the header ends in the file: the target of the jump at its start (boot.rst, "Details of
 * header fields"). */
static unsigned header_end(const struct setup_header *header)
{
	return HEADER_JUMP + (header->jump >> 8);
}

static MUST_CHECK int check_kind(const struct setup_header *header)
{
	if (header->version < PROTOCOL_MIN) {
		return bad_kernel("boot protocol %u.%u is older than 2.12", header->version >> 8,
				  header->version & 0xff);
	}
	if ((header->loadflags & LOADED_HIGH) == 0 || (header->xloadflags & XLF_KERNEL_64) == 0) {
		return bad_kernel("bzImage is not a 64-bit kernel loaded high");
	}
	if ((header->jump & 0xff) != JUMP_SHORT || header_end(header) < INIT_SIZE_END) {
		return bad_kernel("bzImage header ends at 0x%x, too early for init_size",
				  header_end(header));
	}
	return 0;
}

static int is_power_of_two(uint32_t number)
{
	return number != 0 && (number & (number - 1)) == 0;
}

static MUST_CHECK int check_addresses(const struct setup_header *header)
{
	if (header->relocatable_kernel == 0 || header->pref_address != BZIMAGE_KERNEL) {
		return bad_kernel("bzImage wants address 0x%lx, must be relocatable and want 0x%lx",
				  (uint64_t)header->pref_address, BZIMAGE_KERNEL);
	}
	if (!is_power_of_two(header->kernel_alignment) ||
	    header->kernel_alignment > ALIGNMENT_MAX) {
		return bad_kernel("bzImage alignment 0x%x is not a power of two up to 2 MiB",
				  header->kernel_alignment);
	}
	if (header->init_size == 0 || header->init_size > INIT_SIZE_MAX) {
		return bad_kernel("bzImage init_size 0x%x, must be 1 to 0x%x", header->init_size,
				  INIT_SIZE_MAX);
	}
	return 0;
}

static MUST_CHECK int check_sizes(const struct image *image, const struct setup_header *header,
				  struct bzimage_plan *plan)
{
	unsigned sectors = header->setup_sects;

	if (sectors == 0) {
		sectors = SETUP_SECTS_OLD;
	}
	if (sectors > SETUP_SECTS_MAX) {
		return bad_kernel("bzImage has %u setup sectors, at most %u", sectors,
				  SETUP_SECTS_MAX);
	}
	plan->blob_offset = (sectors + 1) * SECTOR; /* the boot sector is not counted */
	plan->blob_size = header->syssize * PARAGRAPH;
	if (plan->blob_size == 0 || plan->blob_offset > image->size ||
	    plan->blob_size > image->size - plan->blob_offset) {
		return bad_kernel("bzImage says %lu+%lu bytes, the file has %lu", plan->blob_offset,
				  plan->blob_size, image->size);
	}
	if (header->payload_offset > plan->blob_size ||
	    header->payload_length > plan->blob_size - header->payload_offset) {
		return bad_kernel("bzImage payload 0x%x+0x%x is larger than its blob 0x%lx",
				  header->payload_offset, header->payload_length, plan->blob_size);
	}
	/* The stub unpacks in place: the window holds at least the packed bytes. */
	if (plan->blob_size > header->init_size) {
		return bad_kernel("bzImage init_size 0x%x is less than its blob 0x%lx",
				  header->init_size, plan->blob_size);
	}
	plan->window_end = BZIMAGE_KERNEL + header->init_size;
	return 0;
}

/* Of a shorter file what there is of the header: enough to say what it is. */
static MUST_CHECK int read_header(const struct image *image, struct setup_header *header)
{
	uint64_t len = 0;
	int rc = 0;

	if (image->size > HEADER_OFFSET) {
		len = MIN(image->size - HEADER_OFFSET, sizeof(*header));
		rc = image_read(image, HEADER_OFFSET, header, len, "bzImage header");
	}
	if (rc != 0) {
		return rc;
	}
	if (header->boot_flag != BOOT_FLAG || header->header != HEADER_MAGIC) {
		return not_a_kernel(image);
	}
	if (len < sizeof(*header)) {
		return bad_kernel("a bzImage cut short in its header, at %lu bytes", image->size);
	}
	return 0;
}

int bzimage_parse(const struct image *image, uint32_t cmdline_len, struct bzimage_plan *plan)
{
	struct setup_header *header = &plan->header;
	int rc;

	memset(plan, 0, sizeof(*plan));
	rc = read_header(image, header) ?: check_kind(header) ?: check_addresses(header)
		     ?: check_sizes(image, header, plan);
	if (rc == 0 && cmdline_len > header->cmdline_size) {
		rc = fail(XEN_EINVAL, "cmdline: %u bytes, the kernel takes %u", cmdline_len,
			  header->cmdline_size);
	}
	return rc;
}

void bzimage_zero_page(const struct bzimage_plan *plan, uint32_t cmdline_gpa, uint64_t ram_end,
		       struct boot_params *out)
{
	/* Bytes beyond the header's own end are not header (boot.rst, "the real-mode code"). */
	uint64_t len = header_end(&plan->header) - HEADER_OFFSET;

	memset(out, 0, sizeof(*out));
	memcpy(&out->hdr, &plan->header, MIN(len, sizeof(plan->header)));
	out->hdr.type_of_loader = LOADER_UNDEFINED;
	out->hdr.code32_start = (uint32_t)BZIMAGE_LOAD;
	out->hdr.cmd_line_ptr = cmdline_gpa;
	out->hdr.ramdisk_image = 0;
	out->hdr.ramdisk_size = 0;
	out->hdr.setup_data = 0;
	out->e820_entries = 2;
	out->e820_table[0] = (struct boot_e820_entry){
		.addr = 0,
		.size = BOOT_AREA,
		.type = E820_RAM,
	};
	out->e820_table[1] = (struct boot_e820_entry){
		.addr = BOOT_AREA_END,
		.size = ram_end - BOOT_AREA_END,
		.type = E820_RAM,
	};
}

void note_scan(const uint8_t *bytes, uint64_t len, struct note_search *search)
{
	/* Sizes of name and value, XEN_ELFNOTE_PHYS32_ENTRY, "Xen". */
	static const uint32_t pattern[4] = {4, 8, 0x12, 0x006e6558};

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
		return bad_kernel("PVH entry 0x%lx is outside the kernel [0x%lx, 0x%lx)",
				  search->entry, BZIMAGE_KERNEL, window_end);
	}
	*entry = (uint32_t)search->entry;
	return 0;
}
