/* SPDX-License-Identifier: MIT */
/*
 * A tenant that reports what is typed on its console: 64 bytes each time, as they are.  It says
 * "reported RESULT INDEX LAUNCH".  For the attestation tests.
 */
#include "tests/guest/lib/xen.h"
#include "abi/log.h"
#include <xen/hvm/params.h>
#include <xen/io/console.h>

const char test_title[] = "reporter";

static void read_console(uint8_t *out, size_t len)
{
	uint64_t gfn = 0, port = 0;
	volatile struct xencons_interface *ring;

	hvm_get_param(HVM_PARAM_CONSOLE_PFN, &gfn);
	hvm_get_param(HVM_PARAM_CONSOLE_EVTCHN, &port);
	ring = (void *)(gfn * PAGE_SIZE);
	while (len > 0) {
		if (ring->in_cons == ring->in_prod) {
			event_wait((uint32_t)port, 1000000000ull);
			continue;
		}
		*out++ = (uint8_t)ring->in[MASK_XENCONS_IDX(ring->in_cons, ring->in)];
		ring->in_cons++;
		len--;
	}
}

void test_main(void)
{
	static struct corbel_report report __attribute__((aligned(256)));

	events_init();
	print("reporter: ready\n");
	for (;;) {
		long result;

		memset(&report, 0, sizeof(report));
		read_console(report.data, sizeof(report.data));
		result = corbel_call(CORBEL_OP_log_report, &report);
		print("reported %ld %lu %lu\n", result, report.index, report.launch);
	}
}
