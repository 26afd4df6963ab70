/* SPDX-License-Identifier: MIT */
/*
 * memory_op: populate and foreign mapping for the builder, shared_info and grant frames for guests.
 * Locks: each domain's own around its nested tables, never two at once.
 */
#include "domain/gcopy.h"
#include "domain/memory.h"
#include "domain/sched.h"
#include "gate/gate.h"
#include "ipc/grant.h"
#include "mm/frames.h"
#include "mm/npt.h"
#include <xen/errno.h>

#define BATCH_MAX    64u
#define BLOCKS_MAX   4u   /* 2 MiB extents zeroed in one call */
#define SCRUB_FRAMES 512u /* dirty frames scrubbed in one call that finds none free */

/* None is free, but some will be: the caller works for them itself, a bounded step in each call,
 * and lets the reaper go first when nothing is dirty yet. */
static void help_scrubbing(struct vcpu *v)
{
	if (frames_count().dirty) {
		frames_scrub(SCRUB_FRAMES);
	} else {
		sched_yield(v);
	}
}

/* -EAGAIN: nothing was done, ask again. */
long hc_memory_populate(struct hc_call *call)
{
	const struct xen_memory_reservation *arg = (void *)call->in.bytes;
	unsigned order = arg->extent_order;
	uint64_t limit = order ? BLOCKS_MAX : BATCH_MAX;
	xen_pfn_t gfns[BATCH_MAX];
	uint64_t count = MIN(arg->nr_extents, limit);
	int rc;

	if ((order != 0 && order != BLOCK_ORDER) || arg->mem_flags) {
		return -XEN_EINVAL;
	}
	if (count == 0) {
		return 0;
	}
	rc = copy_from_guest(call->vcpu, gfns, (uintptr_t)arg->extent_start.p,
			     (uint32_t)(count * sizeof(gfns[0])));
	if (rc) {
		return rc;
	}
	for (uint64_t i = 0; i < count; i++) {
		rc = domain_populate(call->target, (gfn_t){gfns[i]}, order);
		if (rc == -XEN_EAGAIN && i == 0) {
			help_scrubbing(call->vcpu);
		}
		if (rc) {
			return i ? (long)i : rc; /* progress so far; the rest can be asked again */
		}
	}
	return (long)count;
}

static int map_shared(struct domain *d, gfn_t gfn, void *page)
{
	struct npt_entry e = {.frame = frame_of((uintptr_t)page),
			      .kind = NPT_SHARED,
			      .write = true,
			      .exec = false};

	return gfn.n == 0 || gfn.n >= GFN_LIMIT ? -XEN_EINVAL : domain_replace(d, gfn, &e);
}

long hc_memory_add(struct hc_call *call)
{
	const struct xen_add_to_physmap *arg = (void *)call->in.bytes;
	struct domain *d = call->target;
	void *page;

	if (d != call->caller) {
		/* The builder leaves these pages to the guest. */
		return gate_deny(call, d, XSM_RIGHT(mmu, physmap));
	}
	switch (arg->space) {
	case XENMAPSPACE_shared_info:
		return arg->idx ? -XEN_EINVAL : map_shared(d, (gfn_t){arg->gpfn}, d->shared_info);
	case XENMAPSPACE_grant_table:
		page = arg->idx < GRANT_FRAMES ? grant_frame(d, (uint32_t)arg->idx) : NULL;
		return page ? map_shared(d, (gfn_t){arg->gpfn}, page) : -XEN_EINVAL;
	default:
		return -XEN_EINVAL;
	}
}

long hc_memory_remove(struct hc_call *call)
{
	const struct xen_remove_from_physmap *arg = (void *)call->in.bytes;

	if (call->target != call->caller) {
		return gate_deny(call, call->target, XSM_RIGHT(mmu, physmap));
	}
	return domain_replace(call->caller, (gfn_t){arg->gpfn}, NULL);
}

/* One page of the building domain into the builder's window. */
static int map_foreign(struct domain *builder, struct domain *target, uint64_t from, uint64_t to)
{
	struct npt_entry e;
	bool ok;
	int rc;

	if (to < CORBEL_BUILDER_WINDOW >> PAGE_SHIFT) {
		return -XEN_EINVAL; /* its own RAM and the modules stay what they are */
	}
	spin_lock(&target->lock);
	ok = npt_lookup(&target->npt, (gfn_t){from}, &e) && e.kind == NPT_RAM &&
	     frame_get(e.frame, target->id);
	spin_unlock(&target->lock);
	if (!ok) {
		return -XEN_ENOENT;
	}
	e = (struct npt_entry){.frame = e.frame, .kind = NPT_FOREIGN, .write = true};
	rc = domain_replace(builder, (gfn_t){to}, &e);
	if (rc) {
		frame_put(e.frame);
	} else {
		target->mapped_by_builder++;
	}
	return rc;
}

long hc_memory_add_batch(struct hc_call *call)
{
	const struct xen_add_to_physmap_batch *arg = (void *)call->in.bytes;
	xen_ulong_t from[BATCH_MAX];
	xen_pfn_t to[BATCH_MAX];
	int errors[BATCH_MAX];
	struct domain *target;
	struct gbuf out;
	uint32_t count = arg->size;
	long rc;

	if (arg->space != XENMAPSPACE_gmfn_foreign) {
		return -XEN_EINVAL;
	}
	rc = gate_find_target(call, arg->u.foreign_domid, IN_BUILDING, XSM_RIGHT(mmu, map_write),
			      &target);
	if (rc) {
		return rc;
	}
	if (call->target != call->caller || count == 0 || count > BATCH_MAX) {
		rc = -XEN_EINVAL;
	} else if (copy_from_guest(call->vcpu, from, (uintptr_t)arg->idxs.p, count * 8) ||
		   copy_from_guest(call->vcpu, to, (uintptr_t)arg->gpfns.p, count * 8)) {
		rc = -XEN_EFAULT;
	} else {
		rc = gbuf_pin(call->vcpu, (uintptr_t)arg->errs.p, count * 4, true, &out);
	}
	if (rc == 0) {
		for (uint32_t i = 0; i < count; i++) {
			errors[i] = map_foreign(call->caller, target, from[i], to[i]);
		}
		gbuf_write(&out, 0, errors, count * 4);
		gbuf_unpin(&out);
	}
	domain_put(target);
	return rc;
}
