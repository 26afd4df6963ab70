/* SPDX-License-Identifier: MIT */
/*
 * console_io: a domain's way to the host console.  Dom0 is the terminal's owner; whether another
 * domain may write at all is the policy's word, given before these handlers run.  The whole buffer
 * is pinned before the first byte moves, so that typed input cannot be lost to a bad pointer.
 */
#include "core/console.h"
#include "core/hypercall.h"
#include <xen/errno.h>

#define PIECE 256u /* the builder's longest line */

/* RSI = count, RDX = buffer; more than a page is refused.  0 or an error; length 0 pins nothing. */
static long pin_buffer(struct hc_call *call, bool write, uint32_t length, struct gbuf *pin)
{
	return length ? gbuf_pin(call->vcpu, call->arg[2], length, write, pin) : 0;
}

long hc_console_write(struct hc_call *call)
{
	uint32_t length = (uint32_t)call->arg[1], done, n;
	struct gbuf pin;
	char piece[PIECE];
	long result;

	if (call->arg[1] > PAGE_SIZE) {
		return -XEN_E2BIG;
	}
	result = pin_buffer(call, false, length, &pin);
	if (result || !length) {
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

	result = pin_buffer(call, true, length, &pin);
	if (result || !length) {
		return result;
	}
	while (done < length) {
		n = (uint32_t)console_input(piece, MIN(length - done, PIECE));
		if (n == 0) {
			break;
		}
		gbuf_write(&pin, done, piece, n);
		done += n;
	}
	gbuf_unpin(&pin);
	return done;
}
