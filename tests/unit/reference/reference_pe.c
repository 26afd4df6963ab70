/* SPDX-License-Identifier: MIT */
/*
 * The digest of a boot loader, against the plain definition for a file without gaps (every byte but
 * checksum, certificate entry and certificates, in order), and what becomes of broken images: a
 * clear refusal, and no read outside the file.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include "reference/reference_said.h"
#include "measured-boot/reference/grub.h"
#include "measured-boot/reference/pe.h"

#define PE       0x80u
#define OPTIONAL (PE + 24)
#define TABLE    (OPTIONAL + 240)
#define HEADERS  0x400u
#define CERT     0x88u
#define SIZE     (HEADERS + 0x600 + 0x30 + CERT)

static uint8_t image[8192]; /* of these SIZE belong to the file */
static uint8_t *real;       /* made by grub-mkimage */
static size_t real_size;

static void put(unsigned at, uint64_t value, unsigned bytes)
{
	memcpy(image + at, &value, bytes);
}

/* Three sections, not in the file's order, one without bytes; something behind them;
 * certificates. */
static void make(void)
{
	static const struct {
		uint32_t size, start;
	} section[3] = {{0x200, HEADERS + 0x400}, {0, 0}, {0x400, HEADERS}};

	for (unsigned i = 0; i < SIZE; i++) {
		image[i] = (uint8_t)(i * 31 + i / 256);
	}
	memset(image, 0, 64);
	memcpy(image, "MZ", 2);
	put(60, PE, 4);
	memcpy(image + PE, "PE\0", 4);
	put(PE + 6, 3, 2);
	put(PE + 20, 240, 2);
	put(OPTIONAL, 0x20B, 2);
	put(OPTIONAL + 60, HEADERS, 4);
	put(OPTIONAL + 108, 16, 4);
	put(OPTIONAL + 112 + 32, SIZE - CERT, 4);
	put(OPTIONAL + 112 + 36, CERT, 4);
	for (unsigned i = 0; i < 3; i++) {
		memcpy(image + TABLE + i * 40, "x\0\0\0\0\0\0", 8);
		put(TABLE + i * 40 + 16, section[i].size, 4);
		put(TABLE + i * 40 + 20, section[i].start, 4);
	}
}

static void digest_of(const uint8_t *bytes, size_t size, struct pe *pe)
{
	memset(pe, 0, sizeof(*pe));
	pe->shown = "FILE";
	pe->bytes = bytes;
	pe->size = size;
}

static void expect_digest(const struct pe *pe, const EVP_MD *md, unsigned bank, unsigned len)
{
	uint8_t plain[SIZE], digest[64];
	size_t used = 0;

	for (unsigned i = 0; i < SIZE - CERT; i++) {
		bool skipped = (i >= OPTIONAL + 64 && i < OPTIONAL + 68) ||
			       (i >= OPTIONAL + 144 && i < OPTIONAL + 152);

		if (!skipped) {
			plain[used++] = image[i];
		}
	}
	EVP_Digest(plain, used, digest, NULL, md, NULL);
	assert_memory_equal(pe->digest[bank], digest, len);
}

static void digest(void **state)
{
	struct pe pe, signed_again;

	(void)state;
	make();
	digest_of(image, SIZE, &pe);
	assert_true(pe_read(&pe));
	expect_digest(&pe, EVP_sha256(), 0, 32);
	expect_digest(&pe, EVP_sha384(), 1, 48);
	/* One without bytes lies nowhere. */
	put(TABLE + 40 + 20, HEADERS + 0x500, 4);
	digest_of(image, SIZE, &pe);
	assert_true(pe_read(&pe));
	make();
	digest_of(image, SIZE, &pe);
	assert_true(pe_read(&pe));
	/* What signing changes is not in it, every other byte is. */
	for (unsigned i = 0; i < SIZE; i++) {
		bool skipped = (i >= OPTIONAL + 64 && i < OPTIONAL + 68) || i >= SIZE - CERT;

		if (i < HEADERS && !skipped) {
			continue;
		}
		image[i] ^= 0x55;
		digest_of(image, SIZE, &signed_again);
		assert_true(pe_read(&signed_again));
		assert_int_equal(memcmp(pe.digest, signed_again.digest, sizeof(pe.digest)) == 0,
				 skipped);
		image[i] ^= 0x55;
	}
}

static void refused(size_t size, const char *why)
{
	uint8_t *copy = malloc(size ? size : 1);
	const char *said;
	struct pe pe;

	memcpy(copy, image, size);
	digest_of(copy, size, &pe);
	said_start();
	assert_false(pe_read(&pe));
	said = said_end();
	if (!strstr(said, why) || !strstr(said, "FILE: ")) {
		fail_msg("'%s' does not say '%s'", said, why);
	}
	free(copy);
	make();
}

static void hostile(void **state)
{
	(void)state;
	make();
	refused(0, "expected MZ");
	refused(63, "expected MZ");
	refused(PE + 20, "PE header");
	refused(TABLE - 1, "optional header");
	refused(TABLE + 100, "NumberOfSections");
	refused(HEADERS - 1, "SizeOfHeaders");
	refused(HEADERS + 0x500, "section");
	refused(SIZE - CERT, "certificate table");
	image[0] = 'N';
	refused(SIZE, "expected MZ");
	image[PE + 1] = 'F';
	refused(SIZE, "PE header");
	put(60, 0xFFFFFFFF, 4);
	refused(SIZE, "PE header");
	put(PE + 20, 151, 2);
	refused(SIZE, "PE32+");
	put(PE + 6, 97, 2); /* all of them in the file */
	refused(sizeof(image), "NumberOfSections");
	put(OPTIONAL, 0x10B, 2);
	refused(SIZE, "PE32+");
	put(OPTIONAL + 108, 4, 4);
	refused(SIZE, "five directories");
	put(PE + 6, 0, 2);
	refused(SIZE, "NumberOfSections");
	put(PE + 6, 0xFFFF, 2);
	refused(SIZE, "NumberOfSections");
	put(OPTIONAL + 60, 0x10, 4);
	refused(SIZE, "SizeOfHeaders");
	put(OPTIONAL + 60, 0xFFFFFFFF, 4);
	refused(SIZE, "SizeOfHeaders");
	put(TABLE + 20, HEADERS + 0x300, 4);
	refused(SIZE, "overlap");
	put(TABLE + 20, 0x10, 4);
	refused(SIZE, "section 1");
	/* more than there is, behind one without bytes */
	put(TABLE + 16, 0x600, 4);
	put(TABLE + 20, HEADERS + 0x20, 4);
	put(TABLE + 40 + 20, HEADERS + 0x10, 4);
	put(TABLE + 80 + 16, 0x600, 4);
	refused(SIZE, "certificate table");
	put(TABLE + 16, 0xFFFFFFFF, 4);
	refused(SIZE, "section 1");
	put(OPTIONAL + 112 + 36, 0x80000000, 4);
	refused(SIZE, "certificate table");
}

/* ---- a real GRUB ----------------------------------------------------------------------------- */

static int setup(void **state)
{
	static const char command[] =
		"d=$(mktemp -d) && printf 'multiboot2 /a b\\nboot\\n' >$d/c && grub-mkimage -O "
		"x86_64-efi -d /usr/lib/grub/x86_64-efi -p /x -c $d/c -o $d/g tpm multiboot2 fat && "
		"cat $d/g; rm -rf $d";
	FILE *f = popen(command, "r");

	(void)state;
	real = malloc(4 << 20);
	real_size = f ? fread(real, 1, 4 << 20, f) : 0;
	return f && pclose(f) == 0 && real_size > 4096 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	free(real);
	return 0;
}

static bool whole(const uint8_t *bytes, size_t size)
{
	struct grub_entry entry;
	const char *config;
	struct pe pe;
	bool good;

	digest_of(bytes, size, &pe);
	config = pe_read(&pe) ? pe_grub_config(&pe) : NULL;
	good = config && grub_parse("FILE", config, &entry);
	if (good) {
		grub_free(&entry);
	}
	return good;
}

static void grub(void **state)
{
	struct grub_entry entry;
	const char *config;
	struct pe pe;

	(void)state;
	digest_of(real, real_size, &pe);
	assert_true(pe_read(&pe));
	config = pe_grub_config(&pe);
	assert_non_null(config);
	assert_string_equal(config, "multiboot2 /a b\nboot\n");
	assert_true(grub_parse("FILE", config, &entry));
	assert_int_equal(entry.count, 1);
	grub_free(&entry);
}

/* Cut anywhere it is refused; with any field changed nothing outside it is read (the sanitizer
 * watches a copy of exactly that size). */
static void hostile_grub(void **state)
{
	uint8_t *copy;
	struct pe pe;

	(void)state;
	digest_of(real, real_size, &pe);
	assert_true(pe_read(&pe));
	said_start();
	for (size_t size = 0; size < real_size; size += size < 1024 ? 1 : 1021) {
		copy = malloc(size + 1);
		memcpy(copy, real, size);
		assert_false(whole(copy, size));
		free(copy);
	}
	srand(7);
	copy = malloc(real_size + 1);
	memcpy(copy, real, real_size);
	for (unsigned i = 0; i < 1500; i++) {
		static const uint32_t values[] = {0, 1, 7, 8, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
		/* The headers; the head of GRUB's section; the headers of its objects. */
		size_t at = (size_t)rand() % 700;

		if (i % 3) {
			at = pe.mods + (size_t)rand() % (i % 3 == 1 ? 128 : pe.mods_size);
		}

		if (at > real_size - 4) {
			continue;
		}
		memcpy(copy + at, &values[(size_t)rand() % 7], 4);
		whole(copy, real_size);
		memcpy(copy + at, real + at, 4);
	}
	free(copy);
	said_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digest),
		cmocka_unit_test(hostile),
		cmocka_unit_test(grub),
		cmocka_unit_test(hostile_grub),
	};

	return cmocka_run_group_tests_name("reference_pe", tests, setup, teardown);
}
