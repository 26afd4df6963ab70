/* SPDX-License-Identifier: MIT */
/*
 * Well-formed calls for the dispatcher's fuzz target: the steps of a build, grants and event
 * channels, in whatever order and with whatever values the input says.  Without them chance alone
 * would rarely come past the first check of a handler.
 */
#include "dispatcher.h"
#include "launch/build.h"
#include "launch/builder.h"
#include "ipc/grant.h"
#include "mm/npt.h"

#define WINDOW (CORBEL_BUILDER_WINDOW >> PAGE_SHIFT)
#define MAPS   0x2000u /* gfns for grant mappings */
#define TRAP   (BLOCK_SIZE * 3)

static uint32_t pick(uint32_t limit)
{
	return fuzz_byte() % limit;
}

/* ---- builds ------------------------------------------------------------------------------ */
static void build(uint64_t op, void *arg, size_t size)
{
	fuzz_call(builder_current(), CORBEL_HYPERCALL, op, arg, size);
}

static void create(void)
{
	struct corbel_build_create a = {.max_pages = 2048, .vcpus = 1 + pick(8), .weight = 256};

	copy_string(a.label, sizeof(a.label), TENANT_LABEL);
	build(CORBEL_OP_build_create, &a, sizeof(a));
}

static bool put_words(struct domain *d, uint32_t at, const uint64_t *words, uint32_t count)
{
	struct npt_entry e;

	if (!d || !npt_lookup(&d->npt, (gfn_t){WORLD_DATA >> PAGE_SHIFT}, &e) ||
	    e.kind != NPT_RAM) {
		return false;
	}
	memcpy(machine_page(e.frame) + at, words, count * sizeof(*words));
	return true;
}

static void populate(uint16_t id)
{
	unsigned order = pick(3) ? 0 : BLOCK_ORDER;
	struct xen_memory_reservation a = {
		.nr_extents = 1 + pick(8), .extent_order = order, .domid = id};
	uint64_t gfns[8];

	for (unsigned i = 0; i < 8; i++) {
		gfns[i] = order ? 512 * (1 + pick(6)) : pick(40) * (1 + 511 * pick(2));
	}
	a.extent_start.p = (void *)(uintptr_t)WORLD_DATA;
	if (put_words(builder_current(), 0, gfns, 8)) {
		fuzz_call(builder_current(), __HYPERVISOR_memory_op, XENMEM_populate_physmap, &a,
			  sizeof(a));
	}
}

static void window(uint16_t id)
{
	struct xen_add_to_physmap_batch a = {.domid = DOMID_SELF,
					     .space = XENMAPSPACE_gmfn_foreign,
					     .size = (uint16_t)(1 + pick(6))};
	uint64_t from[6], to[6];

	for (unsigned i = 0; i < 6; i++) {
		from[i] = pick(40);
		to[i] = WINDOW + pick(12);
	}
	a.u.foreign_domid = id;
	a.idxs.p = (void *)(uintptr_t)WORLD_DATA;
	a.gpfns.p = (void *)(uintptr_t)(WORLD_DATA + 64);
	a.errs.p = (void *)(uintptr_t)(WORLD_DATA + 128);
	if (put_words(builder_current(), 0, from, 6) && put_words(builder_current(), 64, to, 6)) {
		fuzz_call(builder_current(), __HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch,
			  &a, sizeof(a));
	}
}

static void drop_window(void)
{
	uint32_t count = 1 + pick(12), at = pick(12);

	for (uint32_t i = 0; i < count; i++) {
		struct xen_remove_from_physmap a = {.domid = DOMID_SELF,
						    .gpfn = WINDOW + (at + i) % 12};

		fuzz_call(builder_current(), __HYPERVISOR_memory_op, XENMEM_remove_from_physmap, &a,
			  sizeof(a));
	}
}

static void other_build_step(uint16_t id)
{
	struct corbel_build_commit commit = {.domid = id};
	struct corbel_build_grant grant = {
		.domid = id, .peer = fuzz_domid(), .ref = pick(3), .gfn = pick(40)};
	struct corbel_build_stub stub = {
		.domid = id, .eip = 0x1000, .trap = TRAP * pick(3), .budget_ms = 1000};
	struct corbel_build_wait wait = {.domid = id};
	struct corbel_build_vcpu vcpu = {.domid = id};
	struct corbel_build_seal seal = {.domid = id, .run = (uint16_t)pick(2)};
	struct corbel_build_done done = {.status = 0};

	switch (pick(8)) {
	case 0:
		build(CORBEL_OP_build_grant, &grant, sizeof(grant));
		break;
	case 1:
		build(CORBEL_OP_build_stub, &stub, sizeof(stub));
		break;
	case 2:
		build(CORBEL_OP_build_wait, &wait, sizeof(wait));
		break;
	case 3:
		build(CORBEL_OP_build_vcpu, &vcpu, sizeof(vcpu));
		break;
	case 4:
		build(CORBEL_OP_build_seal, &seal, sizeof(seal));
		break;
	case 5:
		if (pick(4) == 0) {
			build(CORBEL_OP_build_done, &done, sizeof(done));
		}
		break;
	default:
		build(CORBEL_OP_build_commit, &commit, sizeof(commit));
		break;
	}
}

/* ---- grants ------------------------------------------------------------------------------ */
static void copy_grant(struct domain *d, struct domain *granter, uint32_t ref)
{
	struct gnttab_copy a = {.len = (uint16_t)(pick(255) * 20), .flags = (uint16_t)pick(4)};

	a.source.domid = a.flags & GNTCOPY_source_gref ? granter->id : DOMID_SELF;
	a.dest.domid = a.flags & GNTCOPY_dest_gref ? granter->id : DOMID_SELF;
	if (a.flags & GNTCOPY_source_gref) {
		a.source.u.ref = ref;
	} else {
		a.source.u.gmfn = pick(28);
	}
	if (a.flags & GNTCOPY_dest_gref) {
		a.dest.u.ref = ref;
	} else {
		a.dest.u.gmfn = pick(28);
	}
	fuzz_call(d, __HYPERVISOR_grant_table_op, GNTTABOP_copy, &a, sizeof(a));
}

static void grant(struct domain *mapper, struct domain *granter)
{
	struct grant_entry_v1 *entry = granter->grants ? grant_frame(granter, 0) : NULL;
	uint32_t ref = 8 + pick(8);
	struct gnttab_map_grant_ref map = {.host_addr = (uint64_t)(MAPS + pick(16)) << PAGE_SHIFT,
					   .flags = GNTMAP_host_map | pick(2) * GNTMAP_readonly,
					   .ref = ref,
					   .dom = granter->id};
	struct gnttab_unmap_grant_ref unmap = {
		.host_addr = (uint64_t)(MAPS + pick(16)) << PAGE_SHIFT, .handle = pick(20)};

	if (!entry) {
		return;
	}
	switch (pick(4)) {
	case 0:
		entry[ref].domid = mapper->id;
		entry[ref].frame = pick(28);
		entry[ref].flags = (uint16_t)(GTF_permit_access | pick(2) * GTF_readonly);
		break;
	case 1:
		fuzz_call(mapper, __HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, &unmap,
			  sizeof(unmap));
		break;
	case 2:
		copy_grant(mapper, granter, ref);
		break;
	default:
		fuzz_call(mapper, __HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, &map,
			  sizeof(map));
		break;
	}
}

/* ---- events and memory ------------------------------------------------------------------- */
static void event(struct domain *d, struct domain *peer)
{
	union {
		evtchn_alloc_unbound_t unbound;
		evtchn_bind_interdomain_t bind;
		evtchn_bind_virq_t virq;
		evtchn_send_t port;
		evtchn_bind_vcpu_t vcpu;
		evtchn_bind_ipi_t ipi;
	} a;
	static const uint8_t subs[] = {
		EVTCHNOP_alloc_unbound, EVTCHNOP_bind_interdomain, EVTCHNOP_bind_virq,
		EVTCHNOP_send,          EVTCHNOP_bind_vcpu,        EVTCHNOP_bind_ipi,
		EVTCHNOP_close,         EVTCHNOP_unmask,           EVTCHNOP_bind_interdomain,
		EVTCHNOP_send};
	uint8_t sub = subs[pick(sizeof(subs))];

	memset(&a, 0, sizeof(a));
	switch (sub) {
	case EVTCHNOP_alloc_unbound:
		a.unbound.dom = pick(2) ? DOMID_SELF : peer->id;
		a.unbound.remote_dom = pick(4) ? peer->id : d->id;
		break;
	case EVTCHNOP_bind_interdomain:
		a.bind.remote_dom = peer->id;
		a.bind.remote_port = pick(6);
		break;
	case EVTCHNOP_bind_virq:
		a.virq.virq = pick(8);
		a.virq.vcpu = pick(3);
		break;
	case EVTCHNOP_bind_vcpu:
		a.vcpu.port = pick(8);
		a.vcpu.vcpu = pick(3);
		break;
	case EVTCHNOP_bind_ipi:
		a.ipi.vcpu = pick(3);
		break;
	default:
		a.port.port = pick(8);
		break;
	}
	fuzz_call(d, __HYPERVISOR_event_channel_op, sub, &a, sizeof(a));
}

static void memory(struct domain *d)
{
	struct xen_add_to_physmap add = {.domid = DOMID_SELF,
					 .space = pick(2),
					 .idx = pick(4),
					 .gpfn = pick(2) ? MAPS + pick(16) : pick(28)};
	struct vcpu_register_vcpu_info info = {.mfn = pick(28), .offset = 64 * pick(40)};

	if (pick(2)) {
		fuzz_call(d, __HYPERVISOR_memory_op, XENMEM_add_to_physmap, &add, sizeof(add));
	} else {
		fuzz_call(d, __HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, &info, sizeof(info));
	}
}

void step_known(struct domain *dom0)
{
	struct domain *d = world_domain(fuzz_domid());
	struct domain *target = builder_target();
	uint16_t id = target && pick(16) ? target->id : fuzz_domid();
	uint32_t kind = pick(12);

	d = d ? d : dom0;
	if (kind == 0) {
		create();
	} else if (kind == 1) {
		populate(id);
	} else if (kind == 2) {
		window(id);
	} else if (kind == 3) {
		drop_window();
	} else if (kind < 7) {
		other_build_step(id);
	} else if (kind < 9) {
		grant(pick(8) ? dom0 : d, pick(8) ? d : dom0);
	} else if (kind < 11) {
		event(kind == 9 ? d : dom0, kind == 9 ? dom0 : d);
	} else {
		memory(d);
	}
}
