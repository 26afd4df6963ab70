/* SPDX-License-Identifier: MIT */
/*
 * What a file is that is no kernel, for the message only: nothing is decided here.
 */
#include "builder-domain/image.h"
#include "builder-domain/lib.h"

#define LOOK_BYTES 64u

static const struct kind {
	const char *name;
	uint8_t length;
	uint8_t magic[6];
} kinds[] = {
	{.name = "a gzip file", .length = 2, .magic = {0x1f, 0x8b}},
	{.name = "an xz file", .length = 6, .magic = {0xfd, '7', 'z', 'X', 'Z', 0}},
	{.name = "a zstd file", .length = 4, .magic = {0x28, 0xb5, 0x2f, 0xfd}},
	{.name = "an lz4 file", .length = 4, .magic = {0x02, 0x21, 0x4c, 0x18}}, /* by `lz4 -l` */
	{.name = "an lz4 file", .length = 4, .magic = {0x04, 0x22, 0x4d, 0x18}},
	{.name = "a bzip2 file", .length = 3, .magic = "BZh"},
	{.name = "an lzma file", .length = 4, .magic = {0x5d, 0, 0, 0}},
	{.name = "a cpio archive (an initrd?)", .length = 5, .magic = "07070"},
	{.name = "a script", .length = 2, .magic = "#!"},
	{.name = "an EFI program", .length = 2, .magic = "MZ"},
};

static int is_text_byte(uint8_t byte)
{
	switch (byte) {
	case '\n':
	case '\r':
	case '\t':
		return 1;
	default:
		return byte >= ' ' && byte <= '~';
	}
}

static int is_text(const uint8_t *bytes, uint64_t len)
{
	for (uint64_t i = 0; i < len; i++) {
		if (!is_text_byte(bytes[i])) {
			return 0;
		}
	}
	return 1;
}

static int is_zero(const uint8_t *bytes, uint64_t len)
{
	uint8_t any = 0;

	for (uint64_t i = 0; i < len; i++) {
		any |= bytes[i];
	}
	return any == 0;
}

static const char *kind_of(const uint8_t *bytes, uint64_t len)
{
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct kind *kind = &kinds[i];

		if (len >= kind->length && memcmp(bytes, kind->magic, kind->length) == 0) {
			return kind->name;
		}
	}
	if (len == 0) {
		return "an empty file";
	}
	if (is_text(bytes, len)) {
		return "a text file";
	}
	if (is_zero(bytes, len)) {
		return "a file that begins with zeros";
	}
	return "a file of unknown kind";
}

int not_a_kernel(const struct image *image)
{
	uint8_t bytes[LOOK_BYTES] = {0};
	uint64_t len = MIN(image->size, sizeof(bytes));
	int rc = image_read(image, 0, bytes, len, "file");

	if (rc != 0) {
		return rc;
	}
	return bad_kernel("%s, %lu bytes; must be an ELF file with a PVH note or a bzImage",
			  kind_of(bytes, len), image->size);
}
