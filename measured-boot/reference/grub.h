/* SPDX-License-Identifier: MIT */
/*
 * GRUB's embedded configuration, as far as it decides what is loaded and measured.
 */
#ifndef MEASURED_BOOT_REFERENCE_GRUB_H
#define MEASURED_BOOT_REFERENCE_GRUB_H
#include <stdbool.h>

#define GRUB_FILES_MAX 16

struct grub_file {
	char *path;   /* absolute, on the device that GRUB comes from */
	char *string; /* what GRUB hands over and measures: the words behind the path */
	unsigned line;
};

struct grub_entry {
	struct grub_file file[GRUB_FILES_MAX]; /* multiboot2's, then module2's in order */
	unsigned count;
};

/* False: a message "SHOWN: configuration line N: ..." is on stderr. */
bool grub_parse(const char *shown, const char *config, struct grub_entry *entry);
void grub_free(struct grub_entry *entry);
#endif
