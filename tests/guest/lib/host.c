/* SPDX-License-Identifier: MIT */
/* Test kernels as Dom0: host_info, launch_info, frame balance, audit trail, log ring. */
#include "tests/guest/lib/xen.h"
#include <xen/domctl.h>
#include <xen/sysctl.h>

void host_info(struct corbel_host_info *out)
{
	long rc;

	memset(out, 0, sizeof(*out));
	rc = corbel_call(CORBEL_OP_host_info, out);
	if (rc != 0) {
		broken("host_info: %ld", rc);
	}
}

long launch_info(uint16_t domid, struct corbel_launch_info *out)
{
	memset(out, 0, sizeof(*out));
	out->domid = domid;
	return corbel_call(CORBEL_OP_launch_info, out);
}

/* The builder's next instance is made in the background: rest means 20 ms without a change. */
uint64_t frames_settle(void)
{
	uint64_t end = now_ns() + 10000000000ull, last = ~0ull, rested = 0;
	struct corbel_host_info info;

	do {
		host_info(&info);
		if (info.dirty_frames == 0 && info.freed_count == info.scrubbed_count &&
		    info.free_frames == last) {
			rested++;
		} else {
			rested = 0;
		}
		last = info.free_frames;
		sleep_ns(4000000);
	} while (rested < 5 && now_ns() < end);
	if (rested < 5) {
		broken("frames do not come to rest: %lu free, %lu dirty", info.free_frames,
		       info.dirty_frames);
	}
	return last;
}

long domain_control(uint32_t cmd, uint16_t domid)
{
	struct xen_domctl arg = {
		.cmd = cmd, .interface_version = XEN_DOMCTL_INTERFACE_VERSION, .domain = domid};

	return hypercall1(__HYPERVISOR_domctl, (uintptr_t)&arg);
}

/* Walks the trace from the start: calls visit for each record. */
static void trace_walk(void (*visit)(const struct corbel_trace *record, void *context),
		       void *context)
{
	static struct corbel_trace records[85] __attribute__((aligned(4096)));
	struct corbel_read arg = {.offset = 0};

	for (;;) {
		arg.buffer = (uintptr_t)records;
		arg.size = sizeof(records);
		arg.filled = 0;
		if (corbel_call(CORBEL_OP_trace_read, &arg) < 0 || arg.filled == 0) {
			return;
		}
		for (uint32_t i = 0; i < arg.filled / sizeof(records[0]); i++) {
			visit(&records[i], context);
		}
		arg.offset = arg.next;
	}
}

struct audit {
	uint32_t call;
	unsigned count;
};

static void visit_denied(const struct corbel_trace *record, void *context)
{
	struct audit *audit = context;

	if (record->kind == CORBEL_TRACE_denied && record->call == audit->call &&
	    record->subject == CORBEL_DOMID_DOM0) {
		audit->count++;
	}
}

unsigned audit_count(uint32_t nr, uint32_t sub)
{
	struct audit audit = {.call = nr << 16 | (sub & 0xffff)};

	trace_walk(visit_denied, &audit);
	return audit.count;
}

struct crash {
	uint16_t domid;
	bool found;
	struct corbel_trace *out;
};

static void visit_crash(const struct corbel_trace *record, void *context)
{
	struct crash *crash = context;

	if (record->kind == CORBEL_TRACE_crash &&
	    (record->subject == crash->domid || record->object == crash->domid)) {
		crash->found = true;
		*crash->out = *record;
	}
}

bool trace_crash(uint16_t domid, struct corbel_trace *out)
{
	struct crash crash = {.domid = domid, .out = out};

	trace_walk(visit_crash, &crash);
	return crash.found;
}

struct kind {
	uint32_t wanted;
	bool found;
};

static void visit_kind(const struct corbel_trace *record, void *context)
{
	struct kind *kind = context;

	kind->found |= record->kind == kind->wanted;
}

bool trace_has(uint32_t kind)
{
	struct kind look = {.wanted = kind};

	trace_walk(visit_kind, &look);
	return look.found;
}

bool log_contains(const char *text)
{
	static char log[32768] __attribute__((aligned(4096)));
	struct xen_sysctl arg = {.cmd = XEN_SYSCTL_readconsole,
				 .interface_version = XEN_SYSCTL_INTERFACE_VERSION};
	size_t used = 0;
	uint32_t index = 0;

	/* Page by page: a hypercall buffer is at most one page. */
	while (used + 4096 < sizeof(log)) {
		arg.u.readconsole.clear = 0;
		arg.u.readconsole.incremental = 1;
		arg.u.readconsole.index = index;
		arg.u.readconsole.count = 4096;
		set_xen_guest_handle(arg.u.readconsole.buffer, log + used);
		if (hypercall1(__HYPERVISOR_sysctl, (uintptr_t)&arg) != 0 ||
		    arg.u.readconsole.count == 0) {
			break;
		}
		used += arg.u.readconsole.count;
		index = arg.u.readconsole.index;
	}
	log[used] = 0;
	return strstr(log, text) != NULL;
}
