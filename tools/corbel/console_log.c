/* SPDX-License-Identifier: MIT */
/*
 * See console_log.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/corbel/console_log.h"

const char *console_log_root = "/var/log/corbel";

int console_log_prepare(void)
{
	return mkdir(console_log_root, 0700) && errno != EEXIST ? -errno : 0;
}

int console_log_open(struct console_log *log, uint16_t domid, int keep)
{
	off_t end;

	snprintf(log->path, sizeof(log->path), "%s/console-%u.log", console_log_root, domid);
	log->fd = open(log->path,
		       O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | (keep ? 0 : O_TRUNC),
		       0600);
	if (log->fd < 0) {
		return -errno;
	}
	end = lseek(log->fd, 0, SEEK_END);
	log->size = end > 0 ? (size_t)end : 0;
	return 0;
}

static void rotate(struct console_log *log)
{
	char old[sizeof(log->path) + 2];

	snprintf(old, sizeof(old), "%s.1", log->path);
	rename(log->path, old);
	close(log->fd);
	log->fd = open(log->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_TRUNC,
		       0600);
	log->size = 0;
}

void console_log_write(struct console_log *log, const char *bytes, size_t size)
{
	if (log->fd >= 0 && log->size + size > CONSOLE_LOG_MAX) {
		rotate(log);
	}
	while (size && log->fd >= 0) {
		ssize_t put = write(log->fd, bytes, size);

		if (put <= 0) {
			return; /* a full disk loses log, never stops the drain */
		}
		log->size += (size_t)put;
		bytes += put;
		size -= (size_t)put;
	}
}

static size_t tail_of(int fd, size_t file_size, char *to, size_t size)
{
	size_t want = file_size < size ? file_size : size;
	ssize_t got = want ? pread(fd, to, want, (off_t)(file_size - want)) : 0;

	return got > 0 ? (size_t)got : 0;
}

size_t console_log_tail(const struct console_log *log, char *to, size_t size)
{
	char old[sizeof(log->path) + 2];
	size_t before = 0;
	struct stat status;
	int fd;

	if (log->fd < 0) {
		return 0;
	}
	if (log->size < size) {
		/* Just rotated: the rest of the tail is in the older file. */
		snprintf(old, sizeof(old), "%s.1", log->path);
		fd = open(old, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd >= 0) {
			if (!fstat(fd, &status)) {
				before = tail_of(fd, (size_t)status.st_size, to, size - log->size);
			}
			close(fd);
		}
	}
	return before + tail_of(log->fd, log->size, to + before, size - before);
}

void console_log_close(struct console_log *log)
{
	if (log->fd >= 0) {
		close(log->fd);
	}
	log->fd = -1;
}
