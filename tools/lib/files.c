/* SPDX-License-Identifier: MIT */
/*
 * See files.h.  Owns the list of inputs, and the temporary name while it writes.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tools/lib/files.h"

/* Names, not numbers of files, which a file system gives again.  Never freed: what was an input
 * stays one. */
static char **inputs;
static size_t input_count;

void files_input(const char *path)
{
	char **more, *name;

	for (size_t i = 0; i < input_count; i++) {
		if (!strcmp(inputs[i], path)) {
			return;
		}
	}
	name = strdup(path);
	more = realloc(inputs, (input_count + 1) * sizeof(*inputs));
	if (!name || !more) {
		fputs("out of memory\n", stderr);
		exit(2);
	}
	inputs = more;
	inputs[input_count++] = name;
}

bool files_is_input(const char *path)
{
	bool found = false;

	for (size_t i = 0; i < input_count && !found; i++) {
		found = files_same(inputs[i], path);
	}
	return found;
}

static int open_regular(const char *path, struct stat *status, const char **why)
{
	/* Not to wait for a FIFO's writer; without effect on a regular file. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	*why = NULL;
	if (fd < 0 || fstat(fd, status)) {
		int error = errno;

		if (fd >= 0) {
			close(fd);
		}
		*why = strerror(error);
		errno = error;
		return -1;
	}
	if (S_ISREG(status->st_mode)) {
		return fd;
	}
	*why = S_ISDIR(status->st_mode) ? "is a folder, expected a file" : "is not a regular file";
	close(fd);
	errno = 0;
	return -1;
}

int files_open(const char *path, struct stat *status, const char **why)
{
	int fd = open_regular(path, status, why);

	if (fd >= 0) {
		files_input(path);
	}
	return fd;
}

static FILE *stream_of(int fd, const char **why)
{
	FILE *file = fd < 0 ? NULL : fdopen(fd, "rb");

	if (fd >= 0 && !file) {
		*why = strerror(errno);
		close(fd);
	}
	return file;
}

FILE *files_open_stream(const char *path, const char **why)
{
	struct stat status;

	return stream_of(files_open(path, &status, why), why);
}

FILE *files_open_own(const char *path, const char **why)
{
	struct stat status;

	return stream_of(open_regular(path, &status, why), why);
}

/* A pipe that this program was started with, and the device that is always empty. */
static bool is_stream(const char *path, const struct stat *status)
{
	bool is_own = !strcmp(path, "/dev/stdin") || !strncmp(path, "/dev/fd/", 8) ||
		      !strncmp(path, "/proc/self/fd/", 14);

	return (S_ISFIFO(status->st_mode) && is_own) ||
	       (S_ISCHR(status->st_mode) && status->st_rdev == makedev(1, 3));
}

FILE *files_open_argument(const char *path, const char **why)
{
	struct stat status;
	FILE *file;

	if (stat(path, &status) || !is_stream(path, &status)) {
		return files_open_stream(path, why);
	}
	file = fopen(path, "rbe");
	*why = file ? NULL : strerror(errno);
	return file;
}

static void *read_all(int fd, size_t size)
{
	uint8_t *bytes = malloc(size);
	size_t done = 0;
	ssize_t got;

	while (bytes && done < size) {
		got = read(fd, bytes + done, size - done);
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got <= 0) {
			free(bytes);
			return NULL;
		}
		done += (size_t)got;
	}
	return bytes;
}

void *files_read(const char *path, size_t limit, size_t *size, char *error, size_t error_size)
{
	struct stat status;
	const char *why;
	int fd = files_open(path, &status, &why);
	void *bytes = NULL;

	if (fd < 0) {
		snprintf(error, error_size, "%s: %s", path, why);
		return NULL;
	}
	if (status.st_size == 0) {
		why = "is empty";
	} else if ((uint64_t)status.st_size > limit) {
		why = "is too large";
	} else {
		*size = (size_t)status.st_size;
		bytes = read_all(fd, *size);
		why = bytes ? NULL : "cannot be read";
	}
	close(fd);
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
	if (files_is_input(path)) {
		snprintf(error, error_size, "%s: is an input, and would be replaced", path);
		return -1;
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

bool files_same(const char *one, const char *other)
{
	struct stat a, b;

	return strcmp(one, other) == 0 || (stat(one, &a) == 0 && stat(other, &b) == 0 &&
					   a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}
