/* SPDX-License-Identifier: MIT */
/*
 * Arbitrary bytes as the pieces of a boot log (tools/corbel/rawlog.c): what comes out is never
 * longer than what went in, is made of bytes from there, and ends with the hypervisor's own.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/corbel/host.h"
#include "tools/corbel/rawlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int host_corbel_read(enum corbel_op op, uint64_t offset, void *buffer, uint32_t size,
		     uint64_t *next, uint64_t *lost)
{
	(void)op;
	(void)offset;
	(void)buffer;
	(void)size;
	(void)next;
	(void)lost;
	return -ENOSYS;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct corbel_boot_log head;
	struct rawlog log;
	size_t own;
	int ret = rawlog_join(&log, data, size);

	if (ret) {
		if (ret != -EBADMSG || log.data || !log.error[0]) {
			abort();
		}
		return 0;
	}
	memcpy(&head, data, sizeof(head));
	own = size - sizeof(head) - head.final_bytes - head.log_bytes;
	if (log.length > size - sizeof(head) || log.length < own ||
	    memcmp(log.data + log.length - own, data + size - own, own) != 0 ||
	    (head.log_bytes &&
	     memcmp(log.data, data + sizeof(head) + head.final_bytes, head.last + 1) != 0)) {
		abort();
	}
	free(log.data);
	return 0;
}
