/* SPDX-License-Identifier: MIT */
/*
 * See files.h.  Owns nothing but the temporary name while it writes.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xsm/tool/files.h"

static size_t size_of(FILE *file, size_t limit, const char **why)
{
	struct stat status;

	if (fstat(fileno(file), &status)) {
		*why = strerror(errno);
	} else if (S_ISDIR(status.st_mode)) {
		*why = "is a folder, expected a file";
	} else if (!S_ISREG(status.st_mode)) {
		*why = "is not a regular file";
	} else if (status.st_size == 0) {
		*why = "is empty";
	} else if ((uint64_t)status.st_size > limit) {
		*why = "is too large";
	} else {
		return (size_t)status.st_size;
	}
	return 0;
}

void *files_read(const char *path, size_t limit, size_t *size, char *error, size_t error_size)
{
	FILE *file = fopen(path, "rb");
	const char *why = NULL;
	void *bytes = NULL;

	if (!file) {
		snprintf(error, error_size, "%s: %s", path, strerror(errno));
		return NULL;
	}
	*size = size_of(file, limit, &why);
	if (!why) {
		bytes = malloc(*size);
		if (!bytes || fread(bytes, *size, 1, file) != 1) {
			why = "cannot be read";
			free(bytes);
			bytes = NULL;
		}
	}
	fclose(file);
	if (why) {
		snprintf(error, error_size, "%s: %s", path, why);
	}
	return bytes;
}

int files_write(const char *path, const void *bytes, size_t size, char *error, size_t error_size)
{
	char temporary[4096];
	FILE *file;
	bool written;

	if (!strcmp(path, "-")) {
		if (fwrite(bytes, size, 1, stdout) != 1 || fflush(stdout)) {
			snprintf(error, error_size, "standard output: %s", strerror(errno));
			return -1;
		}
		return 0;
	}
	if (snprintf(temporary, sizeof(temporary), "%s.new", path) >= (int)sizeof(temporary)) {
		snprintf(error, error_size, "%.64s...: path too long", path);
		return -1;
	}
	file = fopen(temporary, "wb");
	if (!file) {
		snprintf(error, error_size, "%s: %s", temporary, strerror(errno));
		return -1;
	}
	written = fwrite(bytes, size, 1, file) == 1;
	if (fclose(file) || !written || rename(temporary, path)) {
		snprintf(error, error_size, "%s: %s", path, strerror(errno));
		unlink(temporary);
		return -1;
	}
	return 0;
}
