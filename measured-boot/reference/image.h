/* SPDX-License-Identifier: MIT */
/*
 * A host image: the folder that a boot image is made from, or the FAT file system itself.
 */
#ifndef MEASURED_BOOT_REFERENCE_IMAGE_H
#define MEASURED_BOOT_REFERENCE_IMAGE_H
#include <stdbool.h>

struct image {
	const char *shown; /* as the user named it */
	char *tree;        /* folder with its files */
	bool temporary;    /* the folder is ours */
};

/* False: a message is on stderr. */
bool image_open(struct image *image, const char *path);
void image_close(struct image *image);

/* Where a file of the image lies (*path) and what it is called in messages (*shown), both freed by
 * the caller.  Names match as on FAT: in any case.  False: a message is on stderr. */
bool image_find(const struct image *image, const char *name, char **path, char **shown);
#endif
