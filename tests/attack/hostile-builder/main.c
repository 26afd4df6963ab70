/* SPDX-License-Identifier: MIT */
/*
 * T5, T6, T7, S20: a builder that an image has taken over.  Runs in the builder's place from boot,
 * has the builder's label, and tries what an owned instance would: a second domain, labels that are
 * not to be had, other targets, a second commit, sealing with a mapping left, touching the domain
 * after the seal.  Its last honest act is a Dom0 that switches itself off, by which the machine
 * stops cleanly.
 */
#include "abi/log.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/xen.h"
#include <xen/domctl.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>

const char test_title[] = "builder that was taken over";

#define TARGET   CORBEL_DOMID_DOM0
#define WINDOW   0x80000ul /* first frame of the foreign window */
#define PAGES    256
#define CODE_GFN 0x10ul

static void refused(const char *name, long rc)
{
	check_equal(name, (uint64_t)rc, (uint64_t)-XEN_EPERM);
}

static void fails(const char *name, long rc)
{
	if (rc < 0) {
		ok("%s: %ld", name, rc);
	} else {
		not_ok(name, "answer %ld", rc);
	}
}

static long create(uint32_t flags, const char *label, uint64_t pages, uint32_t vcpus)
{
	struct corbel_build_create arg = {
		.flags = flags, .max_pages = pages, .vcpus = vcpus, .weight = 256};

	format_into(arg.label, sizeof(arg.label), "%s", label);
	return corbel_call(CORBEL_OP_build_create, &arg);
}

/* T56: it would be the image's own policy. */
static void policy(const char *name, uint32_t flags, uint32_t confirm_s)
{
	static uint8_t blob[64] __attribute__((aligned(8)));
	struct corbel_policy_load arg = {.buffer = (uintptr_t)blob,
					 .size = sizeof(blob),
					 .flags = flags,
					 .serial = 1,
					 .confirm_s = confirm_s};

	refused(name, corbel_call(CORBEL_OP_policy_load, &arg));
}

static void creations(void)
{
	policy("a policy", 0, 60);
	policy("a policy for good", CORBEL_POLICY_NO_ROLLBACK, 0);
	refused("a tenant before Dom0", create(0, "system_u:system_r:tenant.t", PAGES, 1));
	refused("Dom0 with the builder's label",
		create(CORBEL_BUILD_DOM0, "system_u:system_r:builder.t", PAGES, 1));
	refused("Dom0 with the hypervisor's label",
		create(CORBEL_BUILD_DOM0, "system_u:system_r:hypervisor.t", PAGES, 1));
	refused("Dom0 with a tenant's label",
		create(CORBEL_BUILD_DOM0, "system_u:system_r:tenant.t", PAGES, 1));
	fails("a label that is not", create(CORBEL_BUILD_DOM0, "nonsense", PAGES, 1));
	fails("unknown flags", create(0x80, "system_u:system_r:dom0.t", PAGES, 1));
	fails("no vCPU", create(CORBEL_BUILD_DOM0, "system_u:system_r:dom0.t", PAGES, 0));
	fails("9 vCPUs", create(CORBEL_BUILD_DOM0, "system_u:system_r:dom0.t", PAGES, 9));
	fails("no memory", create(CORBEL_BUILD_DOM0, "system_u:system_r:dom0.t", 0, 1));
	fails("2^64-1 pages", create(CORBEL_BUILD_DOM0, "system_u:system_r:dom0.t", ~0ull, 1));
	check_equal("Dom0 itself",
		    (uint64_t)create(CORBEL_BUILD_DOM0, "system_u:system_r:dom0.t", PAGES, 1), 0);
	refused("a second Dom0", create(CORBEL_BUILD_DOM0, "system_u:system_r:dom0.t", PAGES, 1));
	refused("a second domain", create(0, "system_u:system_r:tenant.t", PAGES, 1));
	policy("a policy during a build", 0, 60);
}

static long populate(uint16_t domid, uint64_t gfn, unsigned order)
{
	static xen_pfn_t frames[1];
	struct xen_memory_reservation arg = {
		.nr_extents = 1, .extent_order = order, .domid = domid};

	frames[0] = gfn;
	set_xen_guest_handle(arg.extent_start, frames);
	return hypercall2(__HYPERVISOR_memory_op, XENMEM_populate_physmap, (uintptr_t)&arg);
}

/* 0, the call's error, or the element's. */
static long map_foreign(uint16_t domid, uint64_t gfn, uint64_t to)
{
	static xen_ulong_t index[1];
	static xen_pfn_t frames[1];
	static int errors[1];
	struct xen_add_to_physmap_batch arg = {
		.domid = DOMID_SELF, .space = XENMAPSPACE_gmfn_foreign, .size = 1};
	long rc;

	index[0] = gfn;
	frames[0] = to;
	errors[0] = 1;
	arg.u.foreign_domid = domid;
	set_xen_guest_handle(arg.idxs, index);
	set_xen_guest_handle(arg.gpfns, frames);
	set_xen_guest_handle(arg.errs, errors);
	rc = hypercall2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch, (uintptr_t)&arg);
	return rc != 0 ? rc : errors[0];
}

static long unmap(uint64_t gfn)
{
	struct xen_remove_from_physmap arg = {.domid = DOMID_SELF, .gpfn = gfn};

	return hypercall2(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap, (uintptr_t)&arg);
}

static void memory(void)
{
	static const uint16_t others[] = {DOMID_SELF, CORBEL_DOMID_BUILDER, DOMID_XEN, DOMID_IO, 7,
					  0x7fff};
	char name[64];

	fails("a block beyond 36 bits", populate(TARGET, 1ull << 30, 0) == 1 ? 1 : -1);
	for (unsigned gfn = 0; gfn < PAGES; gfn++) {
		if (populate(TARGET, gfn, 0) != 1) {
			broken("populate of page %u", gfn);
		}
	}
	check_true("more than the domain may own", populate(TARGET, 0x1000, 0) <= 0);
	check_true("a page twice", populate(TARGET, 5, 0) <= 0);
	check_true("own memory grows by nothing", populate(DOMID_SELF, 0x90000, 0) <= 0);
	for (unsigned i = 0; i < ARRAY_SIZE(others); i++) {
		format_into(name, sizeof(name), "foreign map of domain %x", others[i]);
		fails(name, map_foreign(others[i], CODE_GFN, WINDOW + 8));
	}
	fails("foreign map of a frame that is not there", map_foreign(TARGET, 0x5000, WINDOW + 8));
	fails("foreign map over own code", map_foreign(TARGET, CODE_GFN, 0x100));
	check_equal("foreign map of the domain being built",
		    (uint64_t)map_foreign(TARGET, CODE_GFN, WINDOW), 0);
}

static long commit(uint16_t domid, uint8_t fill, uint8_t owner)
{
	static struct corbel_build_commit arg;

	memset(&arg, fill, sizeof(arg));
	arg.domid = domid;
	memset(arg.pad, 0, sizeof(arg.pad));
	memset(arg.owner, owner, sizeof(arg.owner));
	arg.min_policy = fill == 0xFF ? ~0ull : 0;
	return corbel_call(CORBEL_OP_build_commit, &arg);
}

static long vcpu(uint32_t entry)
{
	struct corbel_build_vcpu arg = {.domid = TARGET, .eip = entry};

	return corbel_call(CORBEL_OP_build_vcpu, &arg);
}

static long seal(uint16_t run)
{
	struct corbel_build_seal arg = {.domid = TARGET, .run = run};

	return corbel_call(CORBEL_OP_build_seal, &arg);
}

static long stub(uint64_t trap, uint64_t budget)
{
	struct corbel_build_stub arg = {
		.domid = TARGET, .eip = 0x10000, .trap = trap, .budget_ms = budget};

	return corbel_call(CORBEL_OP_build_stub, &arg);
}

static void steps(void)
{
	/* mov $0x18000000, %ecx; 1: dec %ecx; jnz 1b; cli; hlt: time for the checks after the
	 * seal */
	static const uint8_t code[] = {0xb9, 0, 0, 0, 0x18, 0x49, 0x75, 0xfd, 0xfa, 0xf4};
	struct corbel_build_grant grant = {.domid = TARGET, .peer = 0, .ref = 2, .gfn = 3};
	uint8_t *window = (void *)(WINDOW * PAGE_SIZE);

	memcpy(window, code, sizeof(code));
	fails("seal before the commit", seal(1));
	fails("vCPU before the commit", vcpu(0x10000));
	fails("stub before the commit", stub(0x200000, 10));
	fails("a grant entry that is not the builder's to seed",
	      corbel_call(CORBEL_OP_build_grant, &grant));
	check_equal("an owner of Dom0", (uint64_t)commit(TARGET, 0x11, 0x77),
		    (uint64_t)-XEN_EINVAL);
	refused("a commit that demands a later policy", commit(TARGET, 0xFF, 0));
	check_equal("commit", (uint64_t)commit(TARGET, 0x11, 0), 0);
	check_equal("commit again, other digests", (uint64_t)commit(TARGET, 0x22, 0),
		    (uint64_t)-XEN_EEXIST);
	check_equal("the same again", (uint64_t)commit(TARGET, 0x11, 0), (uint64_t)-XEN_EEXIST);
	fails("commit for oneself", commit(CORBEL_DOMID_BUILDER, 0x22, 0));
	fails("stub with an odd trap", stub(0x200010, 10));
	fails("stub without a budget", stub(0x200000, 0));
	fails("seal without a vCPU", seal(1));
	check_equal("vCPU", (uint64_t)vcpu(0x10000), 0);
	fails("a second vCPU", vcpu(0x10000));
	fails("stub after the vCPU", stub(0x200000, 10));
	fails("unpause before the seal", domain_control(XEN_DOMCTL_unpausedomain, TARGET));
	fails("seal with a foreign mapping left", seal(1));
	check_equal("unmap", (uint64_t)unmap(WINDOW), 0);
	check_equal("seal", (uint64_t)seal(1), 0);
}

/* What is on record of a launch is the hypervisor's to write, at the seal, from the commit. */
static void launch_log(const char *when)
{
	static struct corbel_log_record record;
	struct corbel_log_read read = {.buffer = (uintptr_t)&record, .size = sizeof(record)};
	struct corbel_log_read forget = {.first = 1, .stored = 1};
	struct corbel_checkpoint checkpoint = {.size = 1};
	struct corbel_report report = {.data = "an honest Dom0"};
	char name[64];

	format_into(name, sizeof(name), "the launch log read %s", when);
	refused(name, corbel_call(CORBEL_OP_log_read, &read));
	format_into(name, sizeof(name), "the launch log forgotten %s", when);
	refused(name, corbel_call(CORBEL_OP_log_read, &forget));
	format_into(name, sizeof(name), "a checkpoint %s", when);
	refused(name, corbel_call(CORBEL_OP_checkpoint, &checkpoint));
	format_into(name, sizeof(name), "a report %s", when);
	check_equal(name, (uint64_t)corbel_call(CORBEL_OP_log_report, &report),
		    (uint64_t)-XEN_ENOENT);
}

static void after_seal(void)
{
	uint64_t value;
	uint32_t handle;

	refused("foreign map of the sealed domain", map_foreign(TARGET, CODE_GFN, WINDOW));
	refused("populate of the sealed domain", populate(TARGET, 0x2000, 0));
	refused("parameter of the sealed domain",
		hvm_set_param_of(TARGET, HVM_PARAM_CONSOLE_PFN, 1));
	refused("its parameter read", hvm_get_param_of(TARGET, HVM_PARAM_CONSOLE_PFN, &value));
	fails("commit after the seal", commit(TARGET, 0x33, 0));
	fails("vCPU after the seal", vcpu(0x10000));
	fails("stub after the seal", stub(0x200000, 10));
	fails("seal after the seal", seal(1));
	fails("pause of the sealed domain", domain_control(XEN_DOMCTL_pausedomain, TARGET));
	fails("destroy of the sealed domain", domain_control(XEN_DOMCTL_destroydomain, TARGET));
	refused("another domain after the seal", create(0, "system_u:system_r:tenant.t", PAGES, 1));
	refused("Dom0 again after the seal",
		create(CORBEL_BUILD_DOM0, "system_u:system_r:dom0.t", PAGES, 1));
	launch_log("after the seal");
	grants_init();
	fails("a grant of the sealed domain", grant_map(TARGET, 0, 0, 0, &handle));
}

static uint32_t visits; /* in memory that must be fresh in each instance */

/* The instance after the one that was taken over. */
static void next_instance(uint32_t instance)
{
	check_equal("the next instance", instance, 2);
	check_equal("starts with fresh memory", visits, 0);
	refused("Dom0 a second time",
		create(CORBEL_BUILD_DOM0, "system_u:system_r:dom0.t", PAGES, 1));
	refused("Dom0's label for a tenant", create(0, "system_u:system_r:dom0.t", PAGES, 1));
	refused("the builder's label for a tenant",
		create(0, "system_u:system_r:builder.t", PAGES, 1));
	refused("foreign map of Dom0", map_foreign(TARGET, CODE_GFN, WINDOW));
	refused("a tenant that nobody asked for",
		create(0, "system_u:system_r:tenant.t", PAGES, 1));
}

void test_main(void)
{
	const struct corbel_builder_start *start = (void *)(uintptr_t)start_info_address;
	struct corbel_build_done done = {.status = 0};

	if (start->instance != 1) {
		next_instance(start->instance);
		print("%u passed, %u failed\n", tests_passed, tests_failed);
		for (;;) {
			hypercall2(__HYPERVISOR_sched_op, 0, 0); /* until Dom0 stops the machine */
		}
	}
	visits++;
	events_init();
	creations();
	memory();
	launch_log("during a build");
	steps();
	after_seal();
	corbel_call(CORBEL_OP_build_done, &done);
	not_ok("build_done", "came back");
}
