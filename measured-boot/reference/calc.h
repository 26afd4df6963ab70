/* SPDX-License-Identifier: MIT */
/*
 * Expected PCR values of a Corbel boot, computed from the files.  Host code, trusted by whoever
 * uses the values as a reference; hashes with OpenSSL, so that a fault in the hypervisor's own
 * SHA-2 shows as a difference.
 */
#ifndef MEASURED_BOOT_REFERENCE_CALC_H
#define MEASURED_BOOT_REFERENCE_CALC_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CALC_BANKS 2
#define CALC_PCRS  6 /* 4, 8, 9, 17, 18, 19 */
#define CALC_FILES 6 /* the hypervisor and five modules */

struct calc_bank {
	const char *name;
	unsigned size;
};

struct calc_file {
	const char *path;
	const char *shown;  /* its name in messages; NULL: path */
	const char *string; /* the loader's command line for it, as GRUB passes it on */
	uint64_t size;
	uint8_t digest[CALC_BANKS][64];
};

struct calc_pcr {
	unsigned index;
	uint8_t value[CALC_BANKS][64];
};

struct calc_piece {
	const void *bytes;
	size_t size;
};

extern const struct calc_bank calc_bank[CALC_BANKS];

/* Digests of the pieces one behind the other; false: no memory. */
bool calc_digest(const struct calc_piece *piece, unsigned count, uint8_t digest[CALC_BANKS][64]);

/* Fills size and digests from the file.  False: a message naming the file is on stderr. */
bool calc_read(struct calc_file *file);

/* file[0] is the hypervisor, the modules follow in the order of the boot entry; grub: its
 * Authenticode digests.  False: a message is on stderr. */
bool calc_chain(const uint8_t grub[CALC_BANKS][64], const struct calc_file *file, unsigned count,
		struct calc_pcr pcr[CALC_PCRS]);
#endif
