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
	xen_pfn_t gfns[BATCH_MAX];
	uint64_t count = MIN(arg->nr_extents, BATCH_MAX);
	int rc;

	if ((order != 0 && order != BLOCK_ORDER) || arg->mem_flags) {
		return -XEN_EINVAL;
	}
	if (order) {
		count = MIN(count, BLOCKS_MAX);
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
		if (rc && i > 0) {
			return (long)i; /* progress so far; the rest can be asked again */
		}
		if (rc) {
			return rc;
		}
	}
	return (long)count;
}

static int map_shared(struct domain *d, gfn_t gfn, void *page)
{
	struct npt_entry entry = {
		.frame = frame_of((uintptr_t)page),
		.kind = NPT_SHARED,
		.write = true,
		.exec = false,
	};

	if (gfn.n == 0 || gfn.n >= GFN_LIMIT) {
		return -XEN_EINVAL;
	}
	return domain_replace(d, gfn, &entry);
}

/* The page of the caller's own that arg names; NULL: there is none such. */
static void *shared_page(struct domain *d, const struct xen_add_to_physmap *arg)
{
	if (arg->space == XENMAPSPACE_shared_info && arg->idx == 0) {
		return d->shared_info;
	}
	if (arg->space == XENMAPSPACE_grant_table && arg->idx < GRANT_FRAMES) {
		return grant_frame(d, (uint32_t)arg->idx);
	}
	return NULL;
}

/* The row's right is the caller's over the target, but these pages are for oneself: the builder
 * leaves them to the guest.  What the gate has counted as allowed is taken back. */
static long refuse_other(struct hc_call *call)
{
	gate_overrule(call, call->target, XSM_RIGHT(mmu, physmap));
	return -XEN_EPERM;
}

long hc_memory_add(struct hc_call *call)
{
	const struct xen_add_to_physmap *arg = (void *)call->in.bytes;
	struct domain *d = call->target;
	void *page;

	if (d != call->caller) {
		return refuse_other(call);
	}
	page = shared_page(d, arg);
	if (!page) {
		return -XEN_EINVAL;
	}
	return map_shared(d, (gfn_t){arg->gpfn}, page);
}

long hc_memory_remove(struct hc_call *call)
{
	const struct xen_remove_from_physmap *arg = (void *)call->in.bytes;

	if (call->target != call->caller) {
		return refuse_other(call);
	}
	return domain_replace(call->caller, (gfn_t){arg->gpfn}, NULL);
}

/* One page of the building domain into the builder's window. */
static int map_foreign(struct domain *builder, struct domain *target, uint64_t from, uint64_t to)
{
	struct npt_entry theirs;
	struct npt_entry ours = {.kind = NPT_FOREIGN, .write = true};
	bool ok;
	int rc;

	if (to < CORBEL_BUILDER_WINDOW >> PAGE_SHIFT) {
		return -XEN_EINVAL; /* its own RAM and the modules stay what they are */
	}
	spin_lock(&target->lock);
	ok = npt_lookup(&target->npt, (gfn_t){from}, &theirs) && theirs.kind == NPT_RAM &&
	     frame_get(theirs.frame, target->id);
	spin_unlock(&target->lock);
	if (!ok) {
		return -XEN_ENOENT;
	}
	ours.frame = theirs.frame;
	rc = domain_replace(builder, (gfn_t){to}, &ours);
	if (rc) {
		frame_put(theirs.frame);
		return rc;
	}
	target->mapped_by_builder++;
	return 0;
}

/* What a batch of foreign mappings is: the caller's arrays, copied; errors go back through a
 * pin. */
struct foreign_batch {
	uint32_t count;
	xen_ulong_t from[BATCH_MAX]; /* gfns of the target */
	xen_pfn_t to[BATCH_MAX];     /* gfns of the caller */
	int errors[BATCH_MAX];
	struct gbuf out;
};

/* On success batch->out is pinned. */
static int fetch_batch(struct vcpu *v, const struct xen_add_to_physmap_batch *arg,
		       struct foreign_batch *batch)
{
	uint32_t count = arg->size;

	if (count == 0 || count > BATCH_MAX) {
		return -XEN_EINVAL;
	}
	batch->count = count;
	if (copy_from_guest(v, batch->from, (uintptr_t)arg->idxs.p,
			    count * sizeof(batch->from[0])) ||
	    copy_from_guest(v, batch->to, (uintptr_t)arg->gpfns.p, count * sizeof(batch->to[0]))) {
		return -XEN_EFAULT;
	}
	return gbuf_pin(v, (uintptr_t)arg->errs.p, count * sizeof(batch->errors[0]), true,
			&batch->out);
}

long hc_memory_add_batch(struct hc_call *call)
{
	const struct xen_add_to_physmap_batch *arg = (void *)call->in.bytes;
	struct foreign_batch batch;
	struct domain *target;
	long rc;

	if (arg->space != XENMAPSPACE_gmfn_foreign) {
		return -XEN_EINVAL;
	}
	rc = gate_find_target(call, arg->u.foreign_domid, IN_BUILDING, XSM_RIGHT(mmu, map_write),
			      &target);
	if (rc) {
		return rc;
	}
	rc = -XEN_EINVAL;
	if (call->target == call->caller) {
		rc = fetch_batch(call->vcpu, arg, &batch);
	}
	if (rc == 0) {
		for (uint32_t i = 0; i < batch.count; i++) {
			batch.errors[i] =
				map_foreign(call->caller, target, batch.from[i], batch.to[i]);
		}
		gbuf_write(&batch.out, 0, batch.errors, batch.count * sizeof(batch.errors[0]));
		gbuf_unpin(&batch.out);
	}
	domain_put(target);
	return rc;
}
