/* SPDX-License-Identifier: MIT */
/*
 * See files.h.  Owns nothing but the temporary name while it writes.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/lib/files.h"

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

bool files_regular(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static int write_all(FILE *file, const void *bytes, size_t size)
{
	bool written = file && fwrite(bytes, size, 1, file) == 1;

	return file && fclose(file) == 0 && written ? 0 : -1;
}

/* Under a temporary name next to it, then renamed; a new file gets the mode any new file gets. */
static int replace(const char *path, const void *bytes, size_t size)
{
	char temporary[PATH_MAX];
	mode_t mask = umask(0);
	struct stat status;
	FILE *file;
	int fd;

	umask(mask);
	if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= (int)sizeof(temporary)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkstemp(temporary);
	if (fd < 0) {
		return -1;
	}
	fchmod(fd, stat(path, &status) == 0 ? status.st_mode & 0777 : 0666 & ~mask);
	file = fdopen(fd, "wb");
	if (!file) {
		close(fd);
	}
	if (write_all(file, bytes, size) || rename(temporary, path)) {
		unlink(temporary);
		return -1;
	}
	return 0;
}

int files_write(const char *path, const void *bytes, size_t size, char *error, size_t error_size)
{
	char target[PATH_MAX];
	struct stat status;
	int ret;

	if (!strcmp(path, "-")) {
		if (fwrite(bytes, size, 1, stdout) != 1 || fflush(stdout)) {
			snprintf(error, error_size, "standard output: %s", strerror(errno));
			return -1;
		}
		return 0;
	}
	if (lstat(path, &status) && errno == ENOENT) {
		ret = replace(path, bytes, size);
	} else if (files_regular(path) && realpath(path, target)) {
		ret = replace(target, bytes, size); /* a symbolic link stays one */
	} else {
		ret = write_all(fopen(path, "wb"), bytes, size); /* a device, a pipe */
	}
	if (ret) {
		snprintf(error, error_size, "%s: %s", path, strerror(errno));
	}
	return ret;
}
