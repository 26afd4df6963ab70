/* SPDX-License-Identifier: MIT */
/*
 * Every call that Corbel never grants, tried by Dom0: each is -EPERM, and each leaves a denial in
 * the audit trace and in the counter.  The rows come from the hypervisor's own table, so a new row
 * is tested without a change here.
 */
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/xen.h"

const char test_title[] = "denied rows";

struct row {
	uint32_t nr, sub;
	const char *name;
	bool rest;
};

static const struct row denied[] = {
#define HC(...)
#define DENY(nr, sub, name, cls, perm) {nr, sub, #name, false},
#define DENY_REST(nr, name, cls, perm) {nr, 0, #name, true},
#include "abi/hypercalls.def"
#undef HC
#undef DENY
#undef DENY_REST
};

static const struct row granted[] = {
#define HC(nr, sub, name, ...)         {nr, sub, #name, false},
#define DENY(nr, sub, name, cls, perm) {nr, sub, #name, false},
#define DENY_REST(nr, name, cls, perm)
#include "abi/hypercalls.def"
#undef HC
#undef DENY
#undef DENY_REST
};

static bool has_row(uint32_t nr, uint32_t sub)
{
	for (unsigned i = 0; i < ARRAY_SIZE(granted); i++) {
		if (granted[i].nr == nr && granted[i].sub == sub) {
			return true;
		}
	}
	return false;
}

static uint64_t argument[512] __attribute__((aligned(4096)));

static long call(uint32_t nr, uint32_t sub)
{
	memset(argument, 0, sizeof(argument));
	if (!sub_in_argument(nr)) {
		return hypercall5(nr, sub, (uintptr_t)argument, 1, 0, DOMID_SELF);
	}
	((uint32_t *)argument)[0] = sub;
	((uint32_t *)argument)[1] = interface_version(nr);
	return hypercall1(nr, (uintptr_t)argument);
}

static void try_one(const struct row *row, uint32_t sub)
{
	struct corbel_host_info before, after;
	unsigned records = audit_count(row->nr, sub);
	char name[64];
	long rc;

	format_into(name, sizeof(name), "%s (%u.%u)", row->name, row->nr, sub);
	host_info(&before);
	rc = call(row->nr, sub);
	host_info(&after);
	if (rc != -XEN_EPERM) {
		not_ok(name, "answer %ld, wanted -EPERM", rc);
	} else if (after.audit_denied != before.audit_denied + 1) {
		not_ok(name, "the denial counter went from %lu to %lu", before.audit_denied,
		       after.audit_denied);
	} else if (audit_count(row->nr, sub) != records + 1) {
		not_ok(name, "no denial in the trace");
	} else {
		ok("%s is -EPERM and audited", name);
	}
}

static void try_rest(const struct row *row)
{
	unsigned tried = 0;

	for (uint32_t sub = 0; sub < 96 && tried < 3; sub += 7) {
		if (!has_row(row->nr, sub)) {
			try_one(row, sub);
			tried++;
		}
	}
	if (!has_row(row->nr, 0xffff)) {
		try_one(row, 0xffff);
	}
}

#define FLOOD 20000u

/* T46: more denials than the ring holds: the counter is exact, and what was lost is told. */
static void flood(void)
{
	struct corbel_host_info before, after;
	struct corbel_read read = {.offset = 0, .size = 48};
	uint64_t overwritten;

	host_info(&before);
	for (unsigned i = 0; i < FLOOD; i++) {
		call(__HYPERVISOR_kexec_op, 0);
	}
	host_info(&after);
	check_equal("every denial is counted", after.audit_denied - before.audit_denied, FLOOD);
	read.buffer = (uintptr_t)argument;
	check_equal("the trace is readable after a flood",
		    (uint64_t)corbel_call(CORBEL_OP_trace_read, &read), 0);
	overwritten = ((struct corbel_trace *)argument)->seq - 1;
	check_equal("what was overwritten is counted as lost", read.lost, overwritten);
	check_equal("and host_info says the same", after.trace_lost, overwritten);
}

void test_main(void)
{
	struct corbel_host_info info;

	events_init();
	/* The builder that made Dom0 ends with a refused call of its own; after that nobody else's
	 * denials are counted. */
	do {
		sleep_ns(10000000);
		host_info(&info);
	} while (info.builder_instance < 2);
	frames_settle();
	for (unsigned i = 0; i < ARRAY_SIZE(denied); i++) {
		if (denied[i].rest) {
			try_rest(&denied[i]);
		} else {
			try_one(&denied[i], denied[i].sub);
		}
	}
	host_info(&info);
	check_equal("no trace record was lost", info.trace_lost, 0);
	flood();
}
