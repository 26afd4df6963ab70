/* SPDX-License-Identifier: MIT */
/*
 * corbel-attest in tests: Corbel's calls are made by the relay kernel in a booted machine, through
 * the Unix socket that the environment variable CORBEL_RELAY names (tests/attest/relay.py, which
 * says what goes over it).  Stands in for tools/corbel/host_xen.c; no trust boundary, a test reads
 * what the tested side answers.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/corbel/host.h"

#define NO_POINTER 0xFFFFu

static int relay = -1;

static int relay_open(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = getenv("CORBEL_RELAY");

	if (relay >= 0) {
		return 0;
	}
	if (!path || strlen(path) >= sizeof(address.sun_path)) {
		fputs("CORBEL_RELAY: expected the path of the relay's socket\n", stderr);
		return -ENODEV;
	}
	strcpy(address.sun_path, path);
	relay = socket(AF_UNIX, SOCK_STREAM, 0);
	if (relay < 0 || connect(relay, (struct sockaddr *)&address, sizeof(address))) {
		perror(path);
		return -ENODEV;
	}
	return 0;
}

static int give(const void *data, size_t size)
{
	return write(relay, data, size) == (ssize_t)size ? 0 : -EIO;
}

static int take(void *data, size_t size)
{
	return recv(relay, data, size, MSG_WAITALL) == (ssize_t)size ? 0 : -EIO;
}

/* The page: what the kernel's buffer holds afterwards, zeroes from *filled on. */
static int call(enum corbel_op op, void *argument, size_t size, uint16_t pointer, uint8_t *page)
{
	uint8_t head[5] = {(uint8_t)op, (uint8_t)size, (uint8_t)(size >> 8), (uint8_t)pointer,
			   (uint8_t)(pointer >> 8)};
	int64_t result = 0;
	uint16_t filled = 0;
	int ret = relay_open();

	ret = ret ? ret : give(head, sizeof(head));
	ret = ret ? ret : give(argument, size);
	ret = ret ? ret : take(&result, sizeof(result));
	ret = ret ? ret : take(argument, size);
	ret = ret ? ret : take(&filled, sizeof(filled));
	if (ret || filled > 4096) {
		return ret ? ret : -EIO;
	}
	memset(page, 0, 4096);
	if (filled) {
		ret = take(page, filled);
	}
	return ret ? ret : (int)result;
}

int host_corbel(enum corbel_op op, void *argument, size_t size)
{
	uint8_t page[4096];

	return call(op, argument, size, NO_POINTER, page);
}

int host_corbel_read(enum corbel_op op, uint64_t offset, void *buffer, uint32_t size,
		     uint64_t *next, uint64_t *lost)
{
	struct corbel_read read = {.offset = offset, .size = size < 4096 ? size : 4096};
	uint8_t page[4096];
	int ret = call(op, &read, sizeof(read), offsetof(struct corbel_read, buffer), page);

	if (ret < 0) {
		return ret;
	}
	if (read.filled > read.size) {
		return -EIO;
	}
	memcpy(buffer, page, read.filled);
	if (next) {
		*next = read.next;
	}
	if (lost) {
		*lost = read.lost;
	}
	return (int)read.filled;
}

int host_corbel_log_read(struct corbel_log_read *read, void *buffer)
{
	uint8_t page[4096];
	int ret;

	if (read->size > sizeof(page)) {
		return -EINVAL;
	}
	read->buffer = 0;
	ret = call(CORBEL_OP_log_read, read, sizeof(*read),
		   offsetof(struct corbel_log_read, buffer), page);
	if (ret >= 0 && read->filled > read->size) {
		return -EIO;
	}
	if (ret >= 0) {
		memcpy(buffer, page, read->filled);
	}
	return ret;
}
