/* SPDX-License-Identifier: MIT */
/*
 * One tenant per hostile processor state: each alone ends as expected, with the expected reason;
 * Dom0's own registers stay; and when all are gone every frame is back.
 */
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/tenant.h"

const char test_title[] = "hostile processor states in tenants";

/* reason: a part of the hypervisor's text, "" for ends that have none.  or_off: a processor that
 * traps properly lets the tenant live on, which is as good. */
static const struct {
	const char *name;
	enum tenant_end end;
	const char *reason;
	bool or_off;
	uint32_t vcpus;
} cases[] = {
	{"cr4", TENANT_crashed, "invalid processor state", true, 1},
	{"cr3", TENANT_crashed, "invalid processor state", true, 1},
	{"cr0nw", TENANT_crashed, "invalid processor state", true, 1},
	{"efer", TENANT_off, "", false, 1},
	{"cr3-nowhere", TENANT_crashed, "outside its memory", false, 1},
	{"read", TENANT_crashed, "read outside its memory", false, 1},
	{"write", TENANT_crashed, "write outside its memory", false, 1},
	{"fetch", TENANT_crashed, "fetch outside its memory", false, 1},
	{"apic-page", TENANT_crashed, "read outside its memory", false, 1},
	{"hypervisor-page", TENANT_off, "", false, 1},
	{"string-in", TENANT_crashed, "string I/O", false, 1},
	{"string-out", TENANT_crashed, "string I/O", false, 1},
	{"triple", TENANT_crashed, "triple fault", false, 1},
	{"idt-nowhere", TENANT_crashed, "outside its memory", false, 1},
	{"gdt-nowhere", TENANT_crashed, "outside its memory", false, 1},
	{"stack-nowhere", TENANT_crashed, "outside its memory", false, 1},
	{"xcr0", TENANT_off, "", false, 1},
	{"clean", TENANT_off, "", false, 1},
	{"halt", TENANT_off, "", false, 1},
	{"halt", TENANT_off, "", false, 2},
	{"crash", TENANT_crashed, "", false, 1},
	{"reboot", TENANT_other, "", false, 1},
	{"svm", TENANT_off, "", false, 1},
	{"apic", TENANT_off, "", false, 2},
};

static struct build request;
static struct tenant tenant;

static void judge(unsigned index, enum tenant_end end)
{
	const char *wanted = cases[index].reason;
	char name[64], reason[64];

	format_into(name, sizeof(name), "%s, %u vCPU", cases[index].name, cases[index].vcpus);
	tenant_crash_reason(&tenant, reason, sizeof(reason));
	if (end == TENANT_off && cases[index].or_off) {
		ok("%s: trapped, went on", name);
	} else if (end != cases[index].end) {
		not_ok(name, "%s (%s), wanted %s", tenant_end_name(end), reason,
		       tenant_end_name(cases[index].end));
	} else if (strstr(tenant.log, "started") == NULL) {
		not_ok(name, "it said nothing");
	} else if (wanted[0] != 0 && strstr(reason, wanted) == NULL) {
		not_ok(name, "reason '%s', wanted '%s'", reason, wanted);
	} else {
		ok("%s: %s %s", name, tenant_end_name(end), reason);
	}
}

static void run(unsigned index)
{
	char cmdline[64];

	format_into(cmdline, sizeof(cmdline), "case=%s", cases[index].name);
	request.name = cases[index].name;
	request.cmdline = cmdline;
	request.vcpus = cases[index].vcpus;
	request.uuid[0] = (uint8_t)(index + 1);
	if (!build_run(&request)) {
		not_ok(cases[index].name, "build: %s", request.ended ? request.reason : "no end");
		return;
	}
	tenant_attach(&tenant, cases[index].name, request.domid, 0);
	judge(index, tenant_wait(&tenant, 10000000000ull));
	tenant_destroy(&tenant);
}

static void check_own_state(void)
{
	uint64_t value;

	__asm__ volatile("mov %%db0, %0" : "=r"(value));
	check_equal("Dom0's DR0 is its own", value, 0x123000);
	__asm__ volatile("mov %%db3, %0" : "=r"(value));
	check_equal("Dom0's DR3 is its own", value, 0x456000);
	check_true("Dom0's TSC_AUX is its own", msr_read(0xC0000103, &value) && value == 0x55);
}

void test_main(void)
{
	uint64_t before, after;

	ring_client_init();
	build_image(&request, "hostile-cpu.elf");
	__asm__ volatile("mov %0, %%db0" : : "r"(0x123000ul));
	__asm__ volatile("mov %0, %%db3" : : "r"(0x456000ul));
	msr_write(0xC0000103, 0x55);
	before = frames_settle();
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		run(i);
	}
	check_own_state();
	after = frames_settle();
	check_equal("every frame is back, and scrubbed", after, before);
}
