/* SPDX-License-Identifier: MIT */
/*
 * console_io: a domain's way to the host console.  Dom0 is the terminal's owner; whether another
 * domain may write at all is the policy's word, given before these handlers run.  The whole buffer
 * is pinned before the first byte moves, so that typed input cannot be lost to a bad pointer.
 */
#include "diag/console.h"
#include "gate/hypercall.h"
#include <xen/errno.h>

#define PIECE 256u /* the builder's longest line */

long hc_console_write(struct hc_call *call)
{
	uint32_t length = (uint32_t)call->arg[1], done, n;
	struct gbuf pin;
	char piece[PIECE];
	long result;

	if (call->arg[1] > PAGE_SIZE) {
		return -XEN_E2BIG;
	}
	if (length == 0) {
		return 0;
	}
	result = gbuf_pin(call->vcpu, call->arg[2], length, false, &pin);
	if (result) {
		return result;
	}
	for (done = 0; done < length; done += n) {
		n = MIN(length - done, PIECE);
		gbuf_read(&pin, done, piece, n);
		console_domain_write(call->caller->id, piece, n);
	}
	gbuf_unpin(&pin);
	return 0;
}

long hc_console_read(struct hc_call *call)
{
	uint32_t length = (uint32_t)MIN(call->arg[1], PAGE_SIZE), done = 0, n;
	struct gbuf pin;
	char piece[PIECE];
	long result;

	if (length == 0) {
		return 0;
	}
	result = gbuf_pin(call->vcpu, call->arg[2], length, true, &pin);
	if (result) {
		return result;
	}
	while (done < length &&
	       (n = (uint32_t)console_input(piece, MIN(length - done, PIECE))) != 0) {
		gbuf_write(&pin, done, piece, n);
		done += n;
	}
	gbuf_unpin(&pin);
	return done;
}
