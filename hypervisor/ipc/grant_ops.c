/* SPDX-License-Identifier: MIT */
/*
 * Grant table hypercalls.  A batch is walked element by element: its bytes are pinned writable,
 * copied once, worked on, and the answer goes back through the same pin, so that no answer is lost
 * after an effect.  What is refused is refused in the element's status; the call itself fails only
 * when the array cannot be read (-EFAULT) or is too long (-E2BIG): Linux's back ends stop the
 * kernel on any other result.  Trust boundary: every field of an element is the caller's.
 */
#include "ipc/grant_table.h"
#include "gate/gate.h"
#include "mm/frames.h"
#include "mm/iommu.h"
#include "mm/npt.h"
#include <xen/errno.h>

#define BATCH_MAX 512 /* elements of one call; the longest batch of Linux's back ends */

union element {
	struct gnttab_map_grant_ref map;
	struct gnttab_unmap_grant_ref unmap;
	struct gnttab_copy copy;
};

typedef int16_t element_handler(struct hc_call *call, union element *element);

/* What `handle` returns is the element's status, a 16-bit field at byte status_at. */
static long for_each(struct hc_call *call, uint32_t size, size_t status_at, element_handler *handle)
{
	union element element;
	struct gbuf pin;
	int16_t status;
	uint64_t i;

	if (call->arg[2] > BATCH_MAX) {
		return -XEN_E2BIG;
	}
	for (i = 0; i < call->arg[2]; i++) {
		if (gbuf_pin(call->vcpu, call->arg[1] + i * size, size, true, &pin)) {
			return -XEN_EFAULT;
		}
		gbuf_read(&pin, 0, &element, size);
		status = handle(call, &element);
		memcpy((uint8_t *)&element + status_at, &status, sizeof(status));
		gbuf_write(&pin, 0, &element, size);
		gbuf_unpin(&pin);
	}
	return 0;
}

/* Ends an element whose granter was found, but has not granted this.  The policy allows the pair:
 * the granter's is as much a denial as the policy's, and recorded as one. */
static int16_t refuse(struct hc_call *call, struct domain *granter, uint32_t right, uint32_t ref,
		      int16_t status)
{
	if (status == GNTST_permission_denied) {
		call->detail = ref;
		gate_overrule(call, granter, right);
	}
	domain_put(granter);
	return status;
}

static int16_t map_element(struct hc_call *call, union element *element)
{
	struct gnttab_map_grant_ref *op = &element->map;
	bool write = !(op->flags & GNTMAP_readonly);
	uint32_t right = right_of_use[grant_kind(op->ref, write)];
	gfn_t gfn = {op->host_addr >> PAGE_SHIFT};
	struct domain *granter;
	int16_t status;

	op->handle = ~0u;
	op->dev_bus_addr = 0;
	if ((op->flags & ~(uint32_t)GNTMAP_readonly) != GNTMAP_host_map) {
		return GNTST_general_error;
	}
	if (op->host_addr & PAGE_MASK || gfn.n >= GFN_LIMIT) {
		return GNTST_bad_virt_addr;
	}
	if (gate_find_target(call, op->dom, IN_LIVE, right, &granter)) {
		return GNTST_permission_denied;
	}
	status = grant_map(call->caller, granter, op->ref, gfn, write, &op->handle);
	if (status != GNTST_okay) {
		return refuse(call, granter, right, op->ref, status);
	}
	return GNTST_okay; /* the reference on granter belongs to the mapping now */
}

static int16_t unmap_element(struct hc_call *call, union element *element)
{
	const struct gnttab_unmap_grant_ref *op = &element->unmap;
	gfn_t gfn = {op->host_addr >> PAGE_SHIFT};
	struct grant_map *map;
	int16_t status;

	if (op->dev_bus_addr) {
		return GNTST_bad_dev_addr;
	}
	if (op->host_addr & PAGE_MASK) {
		return GNTST_bad_virt_addr;
	}
	map = grant_reserve_map(call->caller, op->handle, gfn, &status);
	if (!map) {
		return status;
	}
	/* Of a granter in any state: mappings of a dead domain must be dropped too.  Without one it
	 * was revoked: what lies there is the caller's own. */
	if (map->granter && gate_authorize(call, map->granter, XSM_RIGHT(grant, unmap))) {
		grant_unreserve_map(call->caller, map);
		return GNTST_permission_denied;
	}
	return grant_unmap(call->caller, map, op->handle);
}

/* One end of a copy: a page that may be addressed from page_open() to page_close(). */
struct copy_page {
	struct domain *granter; /* whose entry is in use for it; NULL: the caller's own page */
	uint32_t ref;
	frame_t frame;
	bool write;
};

static int16_t open_own(struct domain *d, uint64_t gfn, struct copy_page *page)
{
	struct npt_entry entry;
	bool good;

	spin_lock(&d->lock);
	good = npt_lookup(&d->npt, (gfn_t){gfn}, &entry) && entry.kind == NPT_RAM &&
	       (entry.write || !page->write) && frame_get(entry.frame, d->id);
	spin_unlock(&d->lock);
	if (!good) {
		return GNTST_bad_page;
	}
	page->frame = entry.frame;
	return GNTST_okay;
}

static int16_t open_granted(struct hc_call *call, uint16_t granter_id, struct copy_page *page)
{
	uint32_t right = XSM_RIGHT(grant, copy_read);
	struct domain *granter;
	int16_t status;

	if (page->write) {
		right = XSM_RIGHT(grant, copy_write);
	}
	if (gate_find_target(call, granter_id, IN_LIVE, right, &granter)) {
		return GNTST_permission_denied;
	}
	status = grant_begin_use(granter, call->caller->id, page->ref, page->write, &page->frame);
	if (status != GNTST_okay) {
		return refuse(call, granter, right, page->ref, status);
	}
	page->granter = granter;
	return GNTST_okay;
}

static int16_t page_open(struct hc_call *call, const struct gnttab_copy_ptr *end, bool by_ref,
			 struct copy_page *page)
{
	page->granter = NULL;
	page->ref = end->u.ref;
	if (by_ref) {
		return open_granted(call, end->domid, page);
	}
	/* A bare frame number is only ever one's own. */
	if (end->domid != DOMID_SELF && end->domid != call->caller->id) {
		return GNTST_permission_denied;
	}
	return open_own(call->caller, end->u.gmfn, page);
}

static void page_close(struct copy_page *page)
{
	frame_put(page->frame);
	if (page->granter) {
		grant_end_use(page->granter, page->ref, page->write);
		domain_put(page->granter);
	}
}

static int16_t copy_element(struct hc_call *call, union element *element)
{
	const struct gnttab_copy *op = &element->copy;
	struct copy_page from = {.write = false};
	struct copy_page to = {.write = true};
	int16_t status;

	if (op->flags & ~(uint32_t)(GNTCOPY_source_gref | GNTCOPY_dest_gref)) {
		return GNTST_general_error;
	}
	if (op->source.offset + (uint32_t)op->len > PAGE_SIZE ||
	    op->dest.offset + (uint32_t)op->len > PAGE_SIZE) {
		return GNTST_bad_copy_arg;
	}
	status = page_open(call, &op->source, op->flags & GNTCOPY_source_gref, &from);
	if (status != GNTST_okay) {
		return status;
	}
	status = page_open(call, &op->dest, op->flags & GNTCOPY_dest_gref, &to);
	if (status == GNTST_okay) {
		frame_copy(to.frame, op->dest.offset, from.frame, op->source.offset, op->len);
		page_close(&to);
	}
	page_close(&from);
	return status;
}

long hc_grant_map(struct hc_call *call)
{
	long rc = for_each(call, sizeof(struct gnttab_map_grant_ref),
			   offsetof(struct gnttab_map_grant_ref, status), map_element);

	iommu_flush(); /* the caller's devices may use what was mapped, once for all elements */
	return rc;
}

long hc_grant_unmap(struct hc_call *call)
{
	return for_each(call, sizeof(struct gnttab_unmap_grant_ref),
			offsetof(struct gnttab_unmap_grant_ref, status), unmap_element);
}

long hc_grant_copy(struct hc_call *call)
{
	return for_each(call, sizeof(struct gnttab_copy), offsetof(struct gnttab_copy, status),
			copy_element);
}

long hc_grant_query(struct hc_call *call)
{
	struct gnttab_query_size *op = (struct gnttab_query_size *)call->in.bytes;
	struct domain *d = call->target;
	uint32_t i, frames = 0;

	spin_lock(&d->lock);
	for (i = 0; d->grants && i < GRANT_FRAMES; i++) {
		if (d->grants->frame[i]) {
			frames = i + 1;
		}
	}
	spin_unlock(&d->lock);
	op->nr_frames = frames;
	op->max_nr_frames = GRANT_FRAMES;
	op->status = GNTST_okay;
	return 0;
}

long hc_grant_version(struct hc_call *call)
{
	struct gnttab_set_version *op = (struct gnttab_set_version *)call->in.bytes;

	return op->version == 1 ? 0 : -XEN_ENOSYS;
}
