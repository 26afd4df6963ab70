/* SPDX-License-Identifier: MIT */
/*
 * A PE32+ image as firmware measures it, and GRUB's modules and configuration inside.
 */
#ifndef MEASURED_BOOT_REFERENCE_PE_H
#define MEASURED_BOOT_REFERENCE_PE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pe {
	const char *shown; /* the file's name in messages */
	const uint8_t *bytes;
	size_t size;
	uint8_t digest[2][64];  /* Authenticode, SHA-256 and SHA-384 */
	size_t mods, mods_size; /* GRUB's section, within bytes */
};

/* False: a message naming the file is on stderr. */
bool pe_read(struct pe *pe);

/* GRUB's embedded configuration, NUL-terminated, in pe->bytes; NULL with a message if there is not
 * exactly one, or if the image lacks the module that measures. */
const char *pe_grub_config(const struct pe *pe);
#endif
