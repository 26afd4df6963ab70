/* SPDX-License-Identifier: MIT */
/*
 * Guest RAM of a domain and what else lies in its nested tables (domain/memory.h).
 * Locks: each domain's own around its nested tables, never two at once.
 */
#include "domain/memory.h"
#include "mm/frames.h"
#include "mm/npt.h"
#include "mm/slots.h"
#include "mm/tlb.h"
#include <xen/errno.h>

/* A foreign mapping of the builder `holder` goes.  Once its build has ended `building` is NULL: the
 * target is dying and its count is read by nobody. */
static void foreign_released(struct domain *holder, frame_t frame)
{
	struct domain *target = holder->build.target;

	if (target) {
		CHECK(frame_owner(frame) == target->id && target->mapped_by_builder > 0);
		target->mapped_by_builder--;
	}
}

/* Gives back what an entry held, after npt_unmap() or in teardown. */
void npt_released(struct npt *npt, const struct npt_entry *e)
{
	struct domain *d = (struct domain *)((uint8_t *)npt - offsetof(struct domain, npt));
	uint64_t count = 1ull << e->order;

	switch (e->kind) {
	case NPT_RAM:
		d->charge.ram_pages -= count;
		frames_put_range(e->frame, count);
		break;
	case NPT_FOREIGN:
		foreign_released(d, e->frame);
		frames_put_range(e->frame, count);
		break;
	case NPT_MODULE:
		frames_put_range(e->frame, count);
		break;
	case NPT_GRANT:
		panic("grant mapping left at gfn teardown of domain %u", d->id);
	default: /* SHARED, MMIO: no reference */
		break;
	}
}

int domain_populate(struct domain *d, gfn_t gfn, unsigned order)
{
	struct npt_entry e = {
		.kind = NPT_RAM, .order = (uint8_t)order, .write = true, .exec = true};
	uint64_t count = 1ull << order;
	int rc;

	if (d->charge.ram_pages + count > d->charge.ram_limit) {
		return -XEN_ENOMEM;
	}
	rc = frames_alloc(d->id, order, &e.frame);
	if (rc) {
		return rc == -XEN_ENOMEM && domain_is_reaping() ? -XEN_EAGAIN : rc;
	}
	spin_lock(&d->lock);
	rc = npt_map(&d->npt, gfn, e);
	if (rc == 0) {
		d->charge.ram_pages += count;
	}
	spin_unlock(&d->lock);
	if (rc) {
		frames_put_range(e.frame, count);
	}
	return rc;
}

/*
 * The old entry goes first: its place is where the new one lies.  No page is lost by that, since
 * the insertion cannot fail for want of memory: removing a 4 KiB entry leaves its table there.
 * Where nothing was mapped, nothing has been removed when it fails.
 */
int domain_replace(struct domain *d, gfn_t gfn, const struct npt_entry *instead)
{
	struct npt_entry old;
	int rc = 0;

	spin_lock(&d->lock);
	if (npt_lookup(&d->npt, gfn, &old)) {
		if (old.kind == NPT_GRANT || old.kind == NPT_MMIO || old.kind == NPT_MODULE) {
			rc = -XEN_EBUSY;
		} else {
			rc = npt_unmap(&d->npt, gfn, 0, &old);
			if (rc == 0) {
				npt_released(&d->npt, &old);
				tlb_request();
			}
		}
	}
	if (rc == 0 && instead) {
		rc = npt_map(&d->npt, gfn, *instead);
	}
	spin_unlock(&d->lock);
	return rc;
}

void domain_write(struct domain *d, gpa_t gpa, const void *src, uint64_t length)
{
	uint64_t at = gpa.a;

	while (length) {
		uint64_t part = MIN(length, PAGE_SIZE - (at & PAGE_MASK));
		struct npt_entry e;
		uint8_t *page;

		CHECK(npt_lookup(&d->npt, (gfn_t){at >> PAGE_SHIFT}, &e) && e.kind == NPT_RAM);
		page = slot_map(e.frame);
		memcpy(page + (at & PAGE_MASK), src, part);
		slot_unmap(page);
		at += part;
		src = (const uint8_t *)src + part;
		length -= part;
	}
}
