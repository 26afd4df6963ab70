/* SPDX-License-Identifier: MIT */
/* Test kernels: hostile hypercalls, driven by the hypervisor's own table. */
#include "tests/guest/lib/hostile_calls.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/xen.h"

enum kind { KIND_none, KIND_in, KIND_inout, KIND_list, KIND_denied };

struct row {
	uint32_t nr, sub;
	const char *name;
	enum kind kind;
};

#define NOARG KIND_none
#define IN    KIND_in
#define INOUT KIND_inout
#define LIST  KIND_list
static const struct row rows[] = {
#define HC(nr, sub, name, type, dir, ...) {nr, sub, #name, dir},
#define DENY(nr, sub, name, cls, perm)    {nr, sub, #name, KIND_denied},
#define DENY_REST(nr, name, cls, perm)    {nr, 77, #name, KIND_denied},
#include "abi/hypercalls.def"
#undef HC
#undef DENY
#undef DENY_REST
};
#undef NOARG
#undef IN
#undef INOUT
#undef LIST

/* Puts the pointer where the row expects one. */
static long call(const struct row *row, uint64_t pointer)
{
	if (sub_in_argument(row->nr)) {
		return hypercall1(row->nr, pointer);
	}
	switch (row->nr) {
	case __HYPERVISOR_console_io:
		return hypercall3(row->nr, row->sub, 64, pointer);
	case __HYPERVISOR_vcpu_op:
		return hypercall3(row->nr, row->sub, 0, pointer);
	case __HYPERVISOR_grant_table_op:
		return hypercall3(row->nr, row->sub, pointer, 2);
	default:
		return hypercall2(row->nr, row->sub, pointer);
	}
}

/* ---- pointers -------------------------------------------------------------------------------- */

#define SLOT(n)  (WINDOW_BASE + (n)*PAGE_SIZE)
#define EDGE_UP  10 /* followed by a page that is not there */
#define READONLY 20
#define NOWHERE  30 /* maps a guest address without RAM */
#define MMIO     32
#define FOREIGN  34
#define TABLE    36
#define SHARED   38
#define HIGH     40 /* beyond 36 bits */

static uint8_t plain[4096] __attribute__((aligned(4096)));

struct pointer {
	const char *name;
	uint64_t value;
	bool readable; /* an IN argument may be read there */
};
static struct pointer pointers[24];
static unsigned pointer_count;

static void add(const char *name, uint64_t value, bool readable)
{
	pointers[pointer_count++] = (struct pointer){name, value, readable};
}

static void make_pointers(const void *foreign)
{
	pointer_count = 0;
	window_set(EDGE_UP, (uintptr_t)plain, PTE_P | PTE_W | PTE_U);
	window_set(EDGE_UP + 1, 0, 0);
	window_set(READONLY, (uintptr_t)plain, PTE_P | PTE_U);
	window_set(NOWHERE, 0x90000000, PTE_P | PTE_W | PTE_U);
	window_set(MMIO, 0xFEE00000, PTE_P | PTE_W | PTE_U);
	window_set(MMIO + 1, 0xFED40000, PTE_P | PTE_W | PTE_U);
	window_set(TABLE, (uintptr_t)grant_table, PTE_P | PTE_W | PTE_U);
	window_set(SHARED, (uintptr_t)shared_info, PTE_P | PTE_W | PTE_U);
	window_set(HIGH, 1ull << 40, PTE_P | PTE_W | PTE_U);
	add("unmapped", SLOT(500), false);
	add("unmapped, far", 0x7fffffff0000, false);
	add("not canonical", 0x8000000000000000, false);
	add("not canonical, low", 0x0000800000000000, false);
	add("end of the address space", ~7ull, false);
	add("last byte", ~0ull, false);
	add("kernel half", 0xffff800000000000, false);
	add("hypervisor's linear addresses", 0xffff82d080000000, false);
	add("over the edge by 1", SLOT(EDGE_UP + 1) - 1, false);
	add("over the edge by 2", SLOT(EDGE_UP + 1) - 2, false);
	add("read-only page", SLOT(READONLY), true);
	add("guest address without RAM", SLOT(NOWHERE), false);
	add("APIC page", SLOT(MMIO), false);
	add("TPM page", SLOT(MMIO + 1), false);
	add("grant table", SLOT(TABLE), false);
	add("shared_info", SLOT(SHARED), false);
	add("beyond 36 bits", SLOT(HIGH), false);
	if (foreign != NULL) {
		window_set(FOREIGN, (uintptr_t)foreign, PTE_P | PTE_W | PTE_U);
		add("page granted by another", SLOT(FOREIGN), false);
	}
}

/* Calls without a pointer; and what would print the page if it can be read. */
static bool skip(const struct row *row, const struct pointer *p)
{
	return row->kind == KIND_none || (p->readable && row->nr == __HYPERVISOR_console_io);
}

static unsigned calls_made;

static void try_pointer(const struct row *row, const struct pointer *p, unsigned *wrong)
{
	long rc;

	/* A read-only page of nonsense is a fine IN argument: only the answer's kind is looked
	 * at. */
	memset(plain, 0xff, sizeof(plain));
	rc = call(row, p->value);
	calls_made++;
	if (rc < 0 && rc > -200) {
		return;
	}
	if (p->readable && row->kind != KIND_inout) {
		return;
	}
	(*wrong)++;
	not_ok(row->name, "%u.%u with pointer '%s' answers %ld", row->nr, row->sub, p->name, rc);
}

void hostile_pointers(const void *foreign)
{
	make_pointers(foreign);
	for (unsigned p = 0; p < pointer_count; p++) {
		unsigned wrong = 0;

		for (unsigned r = 0; r < ARRAY_SIZE(rows); r++) {
			if (!skip(&rows[r], &pointers[p])) {
				try_pointer(&rows[r], &pointers[p], &wrong);
			}
		}
		if (wrong == 0) {
			ok("no call follows a pointer: %s", pointers[p].name);
		}
	}
	print("hostile pointers: %u calls\n", calls_made);
}

/* ---- arguments ------------------------------------------------------------------------------- */

static uint32_t state;

static uint32_t next(void)
{
	state = state * 1664525 + 1013904223;
	return state >> 8;
}

/* Guest frame numbers below 9 are low pages that the test kernels do not use. */
static uint64_t interesting(void)
{
	static const uint64_t values[] = {
		0,          1,
		2,          3,
		7,          8,
		255,        0x3ff,
		0x400,      0x7fef,
		DOMID_SELF, DOMID_IO,
		DOMID_XEN,  DOMID_INVALID,
		0xffff,     0x10000,
		0x7fffffff, 0x80000000,
		0xffffffff, 0x100000000,
		1ull << 47, 1ull << 63,
		~0ull,      0xFFFFFFFFFFFFF000,
	};
	uint32_t pick = next() % (ARRAY_SIZE(values) + 4);

	if (pick < ARRAY_SIZE(values)) {
		return values[pick];
	}
	return pick % 2 != 0 ? pointers[next() % pointer_count].value
			     : (uintptr_t)plain + next() % 64;
}

static void fill(uint64_t *argument, const struct row *row)
{
	for (unsigned i = 0; i < 32; i++) {
		argument[i] = interesting();
		if (next() % 3 == 0) {
			argument[i] = (argument[i] & 0xffffffff) | interesting() << 32;
		} else if (next() % 3 == 0) {
			argument[i] <<= 32;
		}
	}
	if (sub_in_argument(row->nr)) {
		((uint32_t *)argument)[0] = row->sub;
		((uint32_t *)argument)[1] = interface_version(row->nr);
	}
}

/* What would end or stop this very run if the argument happened to be right. */
static bool fatal(const struct row *row)
{
	static const struct {
		uint32_t nr, sub;
	} list[] = {
		{__HYPERVISOR_sched_op, 1}, /* block: no event would come */
		{__HYPERVISOR_sched_op, 2}, /* shutdown */
		{__HYPERVISOR_sched_op, 3}, /* poll: may wait for ever */
		{__HYPERVISOR_console_io, 0},       {CORBEL_HYPERCALL, CORBEL_OP_rendezvous_get},
		{__HYPERVISOR_event_channel_op, 3}, /* close: the console's and client's ports */
		{__HYPERVISOR_hvm_op, 0},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(list); i++) {
		if (list[i].nr == row->nr && list[i].sub == row->sub) {
			return true;
		}
	}
	return false;
}

/* A tenant that gets a yes here has got through the gate; a report on itself is anybody's. */
static bool only_dom0(const struct row *row)
{
	return row->nr == __HYPERVISOR_domctl || row->nr == __HYPERVISOR_sysctl ||
	       (row->nr == CORBEL_HYPERCALL && row->sub != CORBEL_OP_log_report) ||
	       row->nr == __HYPERVISOR_console_io || row->nr == __HYPERVISOR_platform_op;
}

void hostile_arguments(uint32_t seed, unsigned calls, bool privileged)
{
	static uint64_t argument[512] __attribute__((aligned(4096)));
	unsigned refused = 0, accepted = 0, wrong = 0;

	state = seed;
	for (unsigned i = 0; i < calls; i++) {
		const struct row *row = &rows[next() % ARRAY_SIZE(rows)];
		bool in_registers = next() % 4 == 0;
		long rc;

		if (fatal(row)) {
			continue;
		}
		fill(argument, row);
		rc = in_registers && !sub_in_argument(row->nr)
			     ? hypercall5(row->nr, row->sub, interesting(), interesting(),
					  interesting(), interesting())
			     : call(row, (uintptr_t)argument);
		if (rc < 0) {
			refused++;
		} else {
			accepted++;
		}
		if (rc >= 0 && (row->kind == KIND_denied || (!privileged && only_dom0(row)))) {
			wrong++;
			not_ok(row->name, "%u.%u answers %ld (seed %u, call %u)", row->nr, row->sub,
			       rc, seed, i);
		}
	}
	if (wrong == 0) {
		ok("%u hostile calls: %u refused, %u accepted, none wrongly", refused + accepted,
		   refused, accepted);
	}
	irq_disable();
}
