/* SPDX-License-Identifier: MIT */
/*
 * What a hostile root of Dom0 can try on a tenant: map its memory, read and write its vCPU, change
 * its parameters, use a grant that it was not given.  Runs as root in Dom0 and talks to the
 * kernel's Xen devices and to the hypervisor directly.  It trusts nobody and is trusted by nobody.
 *
 *   corbel-attack DOMID
 *
 * One line per attempt, `refused NAME ERROR` or `GRANTED NAME ...`; exit 0 if all were refused with
 * the error that the interface promises.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/grant_table.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>
#include <xen/sys/gntdev.h>
#include <xen/sys/privcmd.h>

#define PAGE       4096
#define UNUSED_REF 40 /* a reference that no Debian tenant without devices has granted */

static int privcmd;
static int granted; /* attempts that were not refused as they must be */

/* Arguments live in locked pages of their own: plain RAM for the hypervisor. */
static union {
	struct xen_domctl domctl;
	struct xen_hvm_param param;
	struct xen_memory_reservation reservation;
	struct xen_add_to_physmap_batch batch;
	struct xen_mem_acquire_resource resource;
	struct gnttab_map_grant_ref map;
	uint8_t page[PAGE];
} argument __attribute__((aligned(PAGE)));
static struct {
	vcpu_guest_context_t context;
	xen_pfn_t frame;
	xen_ulong_t index;
	int error;
} buffer __attribute__((aligned(PAGE)));

static void report(const char *name, int error, int expected)
{
	if (error == 0) {
		printf("GRANTED %s\n", name);
		granted = 1;
	} else if (error != expected) {
		printf("GRANTED %s: refused with errno %d (%s), expected %d\n", name, error,
		       strerror(error), expected);
		granted = 1;
	} else {
		printf("refused %s %s\n", name, error == EPERM ? "EPERM" : strerror(error));
	}
}

/* The hypervisor's answer, 0 or a positive errno. */
static int hypercall(unsigned number, uint64_t a1, uint64_t a2, uint64_t a3)
{
	struct privcmd_hypercall call = {.op = number, .arg = {a1, a2, a3, 0, 0}};

	return ioctl(privcmd, IOCTL_PRIVCMD_HYPERCALL, &call) < 0 ? errno : 0;
}

static void clear(void)
{
	memset(&argument, 0, sizeof(argument));
	memset(&buffer, 0, sizeof(buffer));
}

static void try_mmap_batch(domid_t victim, const char *name, xen_pfn_t gfn)
{
	int error = 0;
	struct privcmd_mmapbatch_v2 batch = {.num = 1, .dom = victim, .arr = &gfn, .err = &error};
	volatile uint8_t *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, privcmd, 0);

	if (p == MAP_FAILED) {
		report(name, errno, EPERM);
		return;
	}
	batch.addr = (uintptr_t)p;
	if (ioctl(privcmd, IOCTL_PRIVCMD_MMAPBATCH_V2, &batch) < 0) {
		error = -errno;
	}
	report(name, -error, EPERM);
	if (error == 0) {
		printf("GRANTED %s: first byte %02x\n", name, p[0]);
	}
	munmap((void *)p, PAGE);
}

static void try_raw_map(domid_t victim)
{
	int error;

	clear();
	argument.batch.domid = DOMID_SELF;
	argument.batch.space = XENMAPSPACE_gmfn_foreign;
	argument.batch.size = 1;
	argument.batch.u.foreign_domid = victim;
	buffer.index = 0x1000;
	buffer.frame = 0x200000; /* far above Dom0's RAM: free */
	set_xen_guest_handle(argument.batch.idxs, &buffer.index);
	set_xen_guest_handle(argument.batch.gpfns, &buffer.frame);
	set_xen_guest_handle(argument.batch.errs, &buffer.error);
	error = hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch,
			  (uintptr_t)&argument.batch, 0);
	report("map-by-hypercall", error ? error : -buffer.error, EPERM);
}

static void try_memory(domid_t victim)
{
	clear();
	argument.reservation.domid = victim;
	argument.reservation.nr_extents = 1;
	buffer.frame = 0x1000;
	set_xen_guest_handle(argument.reservation.extent_start, &buffer.frame);
	report("take-memory",
	       hypercall(__HYPERVISOR_memory_op, XENMEM_decrease_reservation,
			 (uintptr_t)&argument.reservation, 0),
	       EPERM);

	clear();
	argument.resource.domid = victim;
	argument.resource.type = XENMEM_resource_grant_table;
	argument.resource.nr_frames = 1;
	set_xen_guest_handle(argument.resource.frame_list, &buffer.frame);
	report("map-grant-table",
	       hypercall(__HYPERVISOR_memory_op, XENMEM_acquire_resource,
			 (uintptr_t)&argument.resource, 0),
	       EPERM);
}

static int domctl(domid_t victim, uint32_t operation)
{
	argument.domctl.cmd = operation;
	argument.domctl.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	argument.domctl.domain = victim;
	return hypercall(__HYPERVISOR_domctl, (uintptr_t)&argument.domctl, 0, 0);
}

static void try_vcpu(domid_t victim)
{
	clear();
	set_xen_guest_handle(argument.domctl.u.vcpucontext.ctxt, &buffer.context);
	report("read-vcpu", domctl(victim, XEN_DOMCTL_getvcpucontext), EPERM);
	clear();
	set_xen_guest_handle(argument.domctl.u.vcpucontext.ctxt, &buffer.context);
	report("write-vcpu", domctl(victim, XEN_DOMCTL_setvcpucontext), EPERM);
	clear();
	report("read-hvm-context", domctl(victim, XEN_DOMCTL_gethvmcontext), EPERM);
	clear();
	report("write-hvm-context", domctl(victim, XEN_DOMCTL_sethvmcontext), EPERM);
	clear();
	report("debug-vcpu", domctl(victim, XEN_DOMCTL_setdebugging), EPERM);
}

static void try_parameters(domid_t victim)
{
	clear();
	argument.param.domid = victim;
	argument.param.index = HVM_PARAM_CALLBACK_IRQ;
	argument.param.value = 0x0200000000000000ull | 0x20; /* an upcall vector of our choice */
	report("set-hvm-parameter",
	       hypercall(__HYPERVISOR_hvm_op, HVMOP_set_param, (uintptr_t)&argument.param, 0),
	       EPERM);
}

static void try_grant(domid_t victim)
{
	struct ioctl_gntdev_map_grant_ref request = {.count = 1};
	int gntdev = open("/dev/xen/gntdev", O_RDWR), error;
	void *p;

	clear();
	argument.map.host_addr = 0x200000000ull;
	argument.map.flags = GNTMAP_host_map;
	argument.map.ref = UNUSED_REF;
	argument.map.dom = victim;
	error = hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref,
			  (uintptr_t)&argument.map, 1);
	/* Single grant operations are refused by the status of the element. */
	if (error == 0 && argument.map.status != GNTST_okay) {
		error = EPERM;
	}
	report("map-grant-by-hypercall", error, EPERM);

	if (gntdev < 0) {
		report("map-grant", errno, EINVAL);
		return;
	}
	request.refs[0].domid = victim;
	request.refs[0].ref = UNUSED_REF;
	if (ioctl(gntdev, IOCTL_GNTDEV_MAP_GRANT_REF, &request) < 0) {
		report("map-grant", errno, EINVAL);
	} else {
		/* Linux turns any refusal of the element into EINVAL. */
		p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, gntdev,
			 (off_t)request.index);
		report("map-grant", p == MAP_FAILED ? errno : 0, EINVAL);
	}
	close(gntdev);
}

int main(int argc, char **argv)
{
	char *end = NULL;
	unsigned long victim = argc == 2 ? strtoul(argv[1], &end, 10) : 0;

	if (argc != 2 || *argv[1] == '\0' || *end != '\0' || victim >= DOMID_FIRST_RESERVED) {
		fprintf(stderr, "usage: corbel-attack DOMID\n");
		return 2;
	}
	privcmd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
	if (privcmd < 0) {
		fprintf(stderr, "corbel-attack: /dev/xen/privcmd: %s\n", strerror(errno));
		return 2;
	}
	if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0) {
		fprintf(stderr, "corbel-attack: cannot lock memory: %s\n", strerror(errno));
		return 2;
	}
	try_mmap_batch((domid_t)victim, "map-first-page", 0);
	try_mmap_batch((domid_t)victim, "map-kernel-page", 0x1000);
	try_raw_map((domid_t)victim);
	try_memory((domid_t)victim);
	try_vcpu((domid_t)victim);
	try_parameters((domid_t)victim);
	try_grant((domid_t)victim);
	return granted;
}
