/* SPDX-License-Identifier: MIT */
/*
 * The simulated hypervisor of the builder's tests.  Foreign and grant mappings are real shared
 * mappings of two sparse files, so a stale or missing mapping shows as it would on the machine.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <xen/xen.h>
#include <xen/errno.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/hvm/hvm_op.h>

#include "builder-domain/hypercall.h"
#include "tests/unit/builder/builder_sim.h"

#define PAGE        4096ul
#define TARGET_SIZE (16ul << 30)
#define WINDOW_SIZE (16ul << 20)
#define PEER_PAGES  (SIM_DATA_REF + CORBEL_RING_MAX_DATA)
#define MODULES     4u

struct sim sim;

static int target_file = -1, peer_file;
static uint8_t *window, *peer_memory;
static uint8_t is_foreign[WINDOW_SIZE / PAGE];
static uint8_t *populated; /* one byte per page of the target */
static void *modules[MODULES];
static struct shared_info shared __attribute__((aligned(4096)));
static uint64_t clock_cycles;

static int make_file(uint64_t size)
{
	int fd = memfd_create("builder-sim", 0);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	return fd;
}

void sim_reset(void)
{
	if (target_file >= 0) {
		close(target_file);
		close(peer_file);
		munmap(window, WINDOW_SIZE);
		munmap(peer_memory, PEER_PAGES * PAGE);
		munmap(populated, TARGET_SIZE / PAGE);
	}
	memset(&sim, 0, sizeof(sim));
	memset(is_foreign, 0, sizeof(is_foreign));
	memset(modules, 0, sizeof(modules));
	sim.large_extents = -1;
	sim.pages_left = INT64_MAX;
	sim.stub_state = CORBEL_STUB_TRAPPED;
	sim.stub_rip = 0x1000000;
	target_file = make_file(TARGET_SIZE);
	peer_file = make_file(PEER_PAGES * PAGE);
	window = mmap(NULL, WINDOW_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	peer_memory =
		mmap(NULL, PEER_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, peer_file, 0);
	populated = mmap(NULL, TARGET_SIZE / PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_true(window != MAP_FAILED && peer_memory != MAP_FAILED && populated != MAP_FAILED);
	shared.vcpu_info[0].time.tsc_to_system_mul = 1u << 31;
	shared.vcpu_info[0].time.tsc_shift = 1;
}

void sim_module(unsigned index, void *bytes)
{
	modules[index] = bytes;
}

uint64_t sim_module_gpa(unsigned index)
{
	return CORBEL_BUILDER_MODULE + index * 0x4000000ul;
}

void sim_target_read(uint64_t gpa, void *out, size_t len)
{
	assert_int_equal(pread(target_file, out, len, (off_t)gpa), len);
}

void sim_target_write(uint64_t gpa, const void *in, size_t len)
{
	assert_int_equal(pwrite(target_file, in, len, (off_t)gpa), len);
}

int sim_target_is_zero(uint64_t gpa, size_t len)
{
	uint8_t *bytes = malloc(len);
	int is_zero = 1;

	assert_non_null(bytes);
	sim_target_read(gpa, bytes, len);
	for (size_t i = 0; i < len; i++) {
		is_zero = is_zero && bytes[i] == 0;
	}
	free(bytes);
	return is_zero;
}

struct corbel_ring *sim_ring(void)
{
	return (struct corbel_ring *)(peer_memory + SIM_RING_REF * PAGE);
}

uint8_t *sim_data(void)
{
	return peer_memory + SIM_DATA_REF * PAGE;
}

/* ---- the machine ---- */

void *guest_pointer(uint64_t gpa)
{
	for (unsigned i = 0; i < MODULES; i++) {
		if (gpa == sim_module_gpa(i)) {
			return modules[i];
		}
	}
	if (gpa == 0x10000) {
		assert_true(sim.shared_info_mapped);
		return &shared;
	}
	assert_in_range(gpa, CORBEL_BUILDER_WINDOW, CORBEL_BUILDER_WINDOW + WINDOW_SIZE - 1);
	return window + (gpa - CORBEL_BUILDER_WINDOW);
}

uint64_t cycles(void)
{
	return clock_cycles += sim.cycles_step;
}

void crash(void)
{
	longjmp(sim.crashed, 1);
}

static void map_page(uint64_t gpa, int fd, uint64_t offset, int prot)
{
	uint8_t *at = guest_pointer(gpa);

	assert_true(mmap(at, PAGE, prot, MAP_SHARED | MAP_FIXED, fd, (off_t)offset) == at);
}

static void set_foreign(uint64_t gpa, int now)
{
	uint8_t *flag = &is_foreign[(gpa - CORBEL_BUILDER_WINDOW) / PAGE];

	sim.mapped += now - *flag;
	*flag = (uint8_t)now;
}

static long populate(struct xen_memory_reservation *r)
{
	uint64_t pages = 1ul << r->extent_order;
	unsigned done;

	assert_int_equal(r->domid, SIM_DOMID);
	assert_true(r->extent_order == 0 || r->extent_order == 9);
	assert_in_range(r->nr_extents, 1, 64);
	assert_false(sim.sealed);
	if (sim.populate_error) {
		return -sim.populate_error;
	}
	for (done = 0; done < r->nr_extents; done++) {
		uint64_t gfn = r->extent_start.p[done];

		if (sim.pages_left < (long)pages ||
		    (r->extent_order == 9 && sim.large_extents == 0)) {
			break;
		}
		assert_int_equal(gfn % pages, 0);
		assert_true((uint64_t)sim.populated + pages <= sim.create.max_pages);
		for (uint64_t i = 0; i < pages; i++) {
			assert_int_equal(populated[gfn + i], 0);
			populated[gfn + i] = 1;
		}
		sim.large_extents -= r->extent_order == 9 && sim.large_extents > 0;
		sim.pages_left -= (long)pages;
		sim.populated += (long)pages;
	}
	if (done == 0 && sim.pages_dirty > 0) {
		long some = sim.pages_dirty < 512 ? sim.pages_dirty : 512;

		sim.pages_dirty -= some;
		sim.pages_left += some;
		return -XEN_EAGAIN;
	}
	return done == 0 ? -XEN_ENOMEM : (long)done;
}

static long add_batch(struct xen_add_to_physmap_batch *b)
{
	assert_int_equal(b->domid, DOMID_SELF);
	assert_int_equal(b->space, XENMAPSPACE_gmfn_foreign);
	assert_in_range(b->size, 1, 64);
	for (unsigned i = 0; i < b->size; i++) {
		if ((sim.sealed && !sim.seal_leaks) || !sim.created || !populated[b->idxs.p[i]] ||
		    (sim.refuse_gfn != 0 && b->idxs.p[i] == sim.refuse_gfn)) {
			b->errs.p[i] = -XEN_EPERM;
			continue;
		}
		map_page(b->gpfns.p[i] * PAGE, target_file, b->idxs.p[i] * PAGE,
			 PROT_READ | PROT_WRITE);
		set_foreign(b->gpfns.p[i] * PAGE, 1);
		b->errs.p[i] = 0;
	}
	return 0;
}

static long memory_op(unsigned op, void *argument)
{
	struct xen_remove_from_physmap *remove = argument;
	struct xen_add_to_physmap *add = argument;

	switch (op) {
	case XENMEM_populate_physmap:
		return populate(argument);
	case XENMEM_add_to_physmap_batch:
		return add_batch(argument);
	case XENMEM_add_to_physmap:
		assert_int_equal(add->space, XENMAPSPACE_shared_info);
		sim.shared_info_mapped = 1;
		assert_int_equal(add->gpfn, 0x10);
		return 0;
	case XENMEM_remove_from_physmap:
		set_foreign(remove->gpfn * PAGE, 0);
		mmap(guest_pointer(remove->gpfn * PAGE), PAGE, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		return 0;
	default:
		return -XEN_ENOSYS;
	}
}

static long grant_op(struct gnttab_map_grant_ref *map, uint64_t count)
{
	assert_in_range(count, 1, 64);
	for (uint64_t i = 0; i < count; i++) {
		assert_int_equal(map[i].dom, CORBEL_DOMID_DOM0);
		if (map[i].ref < SIM_RING_REF || map[i].ref >= PEER_PAGES) {
			map[i].status = GNTST_bad_gntref;
			continue;
		}
		/* The builder writes to the ring page only: data pages are the peer's. */
		assert_int_equal((map[i].flags & GNTMAP_readonly) == 0, map[i].ref == SIM_RING_REF);
		map_page(map[i].host_addr, peer_file, map[i].ref * PAGE,
			 (map[i].flags & GNTMAP_readonly) ? PROT_READ : PROT_READ | PROT_WRITE);
		map[i].status = GNTST_okay;
	}
	return 0;
}

static void run_peer(void)
{
	if (sim.peer != NULL) {
		sim.peer();
	}
}

static long event_op(unsigned op, void *argument)
{
	struct evtchn_bind_interdomain *bind = argument;
	struct evtchn_alloc_unbound *alloc = argument;

	switch (op) {
	case EVTCHNOP_bind_interdomain:
		if (bind->remote_port != SIM_PORT) {
			return -XEN_EINVAL;
		}
		bind->local_port = 3;
		return 0;
	case EVTCHNOP_send:
		sim.notified++;
		run_peer();
		return 0;
	case EVTCHNOP_alloc_unbound:
		assert_int_equal(alloc->dom, SIM_DOMID);
		assert_int_equal(alloc->remote_dom, CORBEL_DOMID_DOM0);
		alloc->port = ++sim.unbound_ports;
		return 0;
	default:
		return -XEN_ENOSYS;
	}
}

static long give_device(const struct corbel_build_device *device)
{
	assert_int_equal(sim.created, 1);
	assert_int_equal(sim.populated, 0);
	assert_int_equal(device->domid, SIM_DOMID);
	assert_int_equal(device->pad, 0);
	if (sim.bad_device_error && device->function == sim.bad_device) {
		return -sim.bad_device_error;
	}
	sim.device[sim.devices++] = device->function;
	return 0;
}

static long corbel_build(enum corbel_op op, void *argument)
{
	struct corbel_build_wait *wait = argument;

	switch (op) {
	case CORBEL_OP_build_create:
		assert_int_equal(sim.created++, 0);
		sim.create = *(struct corbel_build_create *)argument;
		((struct corbel_build_create *)argument)->domid = SIM_DOMID;
		return 0;
	case CORBEL_OP_build_commit:
		assert_int_equal(sim.committed++, 0);
		sim.commit = *(struct corbel_build_commit *)argument;
		return 0;
	case CORBEL_OP_build_device:
		return give_device(argument);
	case CORBEL_OP_build_stub:
		assert_int_equal(sim.committed, 1);
		sim.stub_args = *(struct corbel_build_stub *)argument;
		sim.stub_waits = 3;
		return 0;
	case CORBEL_OP_build_wait:
		if (sim.stub_waits-- > 1) {
			return -XEN_EAGAIN;
		}
		if (sim.stub != NULL) {
			sim.stub();
		}
		wait->state = sim.stub_state;
		wait->rip = sim.stub_rip;
		return 0;
	case CORBEL_OP_build_grant:
		assert_in_range(sim.granted, 0, 1);
		sim.grant[sim.granted++] = *(struct corbel_build_grant *)argument;
		return 0;
	case CORBEL_OP_build_vcpu:
		sim.vcpu = *(struct corbel_build_vcpu *)argument;
		return 0;
	case CORBEL_OP_build_seal:
		assert_int_equal(sim.committed, 1);
		assert_int_equal(sim.mapped, 0);
		assert_int_not_equal(sim.vcpu.eip, 0);
		sim.sealed++;
		sim.seal = *(struct corbel_build_seal *)argument;
		return 0;
	default:
		return -XEN_ENOSYS;
	}
}

static long policy_load(struct corbel_policy_load *load)
{
	assert_int_equal(sim.loaded++, 0);
	assert_int_equal(load->buffer % 8, 0);
	assert_in_range(load->size, 1, CORBEL_POLICY_MAX);
	sim.policy = *load;
	memcpy(sim.blob, (void *)(uintptr_t)load->buffer, load->size);
	load->standing = sim.standing;
	load->revoked = sim.revoked;
	if (sim.policy_reason != NULL) {
		strcpy(load->reason, sim.policy_reason);
	}
	return sim.policy_result;
}

static long corbel_op(enum corbel_op op, void *argument)
{
	struct corbel_rendezvous *meeting = argument;

	if (sim.fail_call[op] != 0) {
		return sim.fail_call[op];
	}
	if (op == CORBEL_OP_rendezvous_get) {
		meeting->ref = SIM_RING_REF;
		meeting->port = SIM_PORT;
		meeting->kind = sim.kind;
		return sim.stub_waits++ == 0 ? -XEN_EAGAIN : 0;
	}
	return op == CORBEL_OP_policy_load ? policy_load(argument) : corbel_build(op, argument);
}

static long set_param(const struct xen_hvm_param *param)
{
	assert_int_equal(param->domid, SIM_DOMID);
	assert_in_range(param->index, 0, 63);
	sim.param[param->index] = param->value;
	return 0;
}

long hypercall(unsigned number, uint64_t a, uint64_t b, uint64_t c)
{
	void *argument = (void *)(uintptr_t)b;

	switch (number) {
	case __HYPERVISOR_console_io:
		assert_true(sim.log_len + b < sizeof(sim.log));
		memcpy(sim.log + sim.log_len, (void *)(uintptr_t)c, b);
		sim.log_len += b;
		return 0;
	case __HYPERVISOR_memory_op:
		return memory_op((unsigned)a, argument);
	case __HYPERVISOR_grant_table_op:
		return grant_op(argument, c);
	case __HYPERVISOR_event_channel_op:
		return event_op((unsigned)a, argument);
	case __HYPERVISOR_sched_op:
		run_peer();
		return 0;
	case __HYPERVISOR_hvm_op:
		return set_param(argument);
	case CORBEL_HYPERCALL:
		return corbel_op((enum corbel_op)a, argument);
	default:
		return -XEN_ENOSYS;
	}
}
