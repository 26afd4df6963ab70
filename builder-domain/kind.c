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
	char magic[6];
} kinds[] = {
	{"a gzip file", 2, "\x1f\x8b"},
	{"an xz file", 6,
	 "\xfd"
	 "7zXZ"},
	{"a zstd file", 4, "\x28\xb5\x2f\xfd"},
	{"an lz4 file", 4, "\x02\x21\x4c\x18"}, /* as `lz4 -l` makes it */
	{"an lz4 file", 4, "\x04\x22\x4d\x18"},
	{"a bzip2 file", 3, "BZh"},
	{"an lzma file", 4, "\x5d\x00\x00"},
	{"a cpio archive (an initrd?)", 5, "07070"},
	{"a script", 2, "#!"},
	{"an EFI program", 2, "MZ"},
};

static int is_text(const uint8_t *bytes, uint64_t len)
{
	for (uint64_t i = 0; i < len; i++) {
		if (bytes[i] != '\n' && bytes[i] != '\r' && bytes[i] != '\t' &&
		    (bytes[i] < ' ' || bytes[i] > '~')) {
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
		if (len >= kinds[i].length && memcmp(bytes, kinds[i].magic, kinds[i].length) == 0) {
			return kinds[i].name;
		}
	}
	if (len == 0) {
		return "an empty file";
	}
	if (is_text(bytes, len)) {
		return "a text file";
	}
	return is_zero(bytes, len) ? "a file that begins with zeros" : "a file of unknown kind";
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
