/* SPDX-License-Identifier: MIT */
/*
 * Answers (gate/hypercall.h).  What goes out is built in the zeroed argument or copied from one
 * named run of bytes, so no byte of the hypervisor's memory leaves beside what was meant.
 */
#include "domain/gcopy.h"
#include "gate/hypercall.h"
#include <xen/errno.h>

void *hc_answer(struct hc_call *call, size_t size)
{
	CHECK(size <= sizeof(call->in.bytes));
	return memset(call->in.bytes, 0, size);
}

long hc_read_bytes(struct hc_call *call, const void *bytes, uint64_t length)
{
	struct corbel_read *op = (struct corbel_read *)call->in.bytes;
	uint32_t n = 0; /* past the end there is nothing, and that is no error */
	int result = 0;

	if (op->size > PAGE_SIZE || op->size == 0) {
		return -XEN_EINVAL;
	}
	if (op->offset < length) {
		n = (uint32_t)MIN(length - op->offset, op->size);
		result = copy_to_guest(call->vcpu, op->buffer,
				       (const uint8_t *)bytes + index_in(op->offset, length), n);
	}
	if (result) {
		return result;
	}
	op->filled = n;
	op->next = op->offset + n;
	op->lost = 0;
	return 0;
}
