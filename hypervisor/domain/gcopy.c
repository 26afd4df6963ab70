/* SPDX-License-Identifier: MIT */
/*
 * Guest memory access (domain/gcopy.h).  A guest virtual address is resolved by walking the vCPU's
 * own page tables, each entry loaded once and whole.  Every frame touched must be plain RAM owned
 * by that domain (NPT_RAM) and is referenced while in use: a granted, foreign, shared or device
 * page can never be the target of a hypercall's copy.
 */
#include "domain/gcopy.h"
#include "domain/domain.h"
#include "base/lib.h"
#include "cpu/asm.h"
#include "mm/frames.h"
#include "mm/npt.h"
#include "mm/pagetable.h"
#include "mm/slots.h"
#include "virt/virt.h"
#include <xen/errno.h>

/* Where a walk goes on: the caller holds the domain's lock, which keeps every entry, and so the
 * reference that it owns, for as long. */
struct walk {
	const uint64_t *directory; /* npt_directory() */
	struct slot slot;
	struct virt_paging paging;
};

static inline bool find_ram(const struct walk *w, uint64_t gpa, bool write, frame_t *out)
{
	return npt_ram_frame(w->directory, (gfn_t){gpa >> PAGE_SHIFT}, write, out);
}

/* Four-level walk (APM vol. 2 5.3), each entry loaded once and whole; write needs W at every
 * level. */
static inline __attribute__((always_inline)) bool walk_long(const struct walk *w, uint64_t va,
							    bool write, uint64_t *gpa)
{
	uint64_t need = PTE_PRESENT | (write ? PTE_WRITE : 0);
	uint64_t table = w->paging.cr3 & PTE_FRAME;

	if ((uint64_t)((int64_t)(va << 16) >> 16) != va) {
		return false;
	}
#pragma GCC unroll 4
	for (int shift = 39; shift >= 12; shift -= 9) {
		const uint64_t *entries;
		uint64_t entry;
		frame_t frame;

		if (!find_ram(w, table, false, &frame)) {
			return false;
		}
		entries = (const uint64_t *)slot_point(w->slot, frame);
		entry = __atomic_load_n(&entries[(va >> shift) & 511], __ATOMIC_RELAXED);
		if ((entry & need) != need) {
			return false;
		}
		table = entry & PTE_FRAME;
		if (shift == 12 || ((entry & PTE_LARGE) && shift < 39)) {
			uint64_t mask = (1ull << shift) - 1;

			*gpa = (table & ~mask) | (va & mask);
			return true;
		}
	}
	return false;
}

static inline bool translate(const struct walk *w, uint64_t va, bool write, uint64_t *gpa)
{
	if (!w->paging.enabled) {
		*gpa = va;
		return va >> 32 == 0;
	}
	/* Linux makes hypercalls in long mode or with paging off only; other modes are refused. */
	return w->paging.long_mode && walk_long(w, va, write, gpa);
}

/* v = 0: addresses are guest-physical. */
static inline void walk_begin(struct walk *w, struct vcpu *v, struct domain *d)
{
	spin_lock(&d->lock);
	w->directory = npt_directory(&d->npt);
	w->slot = slot_take();
	if (v) {
		virt_paging(&v->virt, &w->paging);
	} else {
		w->paging = (struct virt_paging){.enabled = false};
	}
}

static inline void walk_end(const struct walk *w, struct domain *d)
{
	slot_clear(w->slot);
	spin_unlock(&d->lock);
}

void gbuf_unpin(struct gbuf *b)
{
	for (uint32_t i = 0; i < b->pages; i++) {
		frame_put(b->frame[i]);
	}
	b->pages = 0;
}

static int pin_range(struct vcpu *v, struct domain *d, uint64_t address, uint32_t length,
		     bool write, struct gbuf *out)
{
	uint64_t a = address & ~PAGE_MASK;
	struct walk w;
	int rc = 0;

	out->pages = 0;
	if (length == 0 || length > PAGE_SIZE) {
		return -XEN_EINVAL;
	}
	if (address + length < address) {
		return -XEN_EFAULT;
	}
	out->offset = address & PAGE_MASK;
	out->length = length;
	out->write = write;
	walk_begin(&w, v, d);
	/* Counted, not compared with the end: after the last page of all comes page 0. */
	for (uint32_t pages = (out->offset + length + PAGE_MASK) >> PAGE_SHIFT; pages; pages--) {
		frame_t *frame = &out->frame[out->pages];
		uint64_t gpa = a;

		if ((v && !translate(&w, a, write, &gpa)) || !find_ram(&w, gpa, write, frame) ||
		    !frame_get(*frame, d->id)) {
			rc = -XEN_EFAULT;
			break;
		}
		out->pages++;
		a += PAGE_SIZE;
	}
	walk_end(&w, d);
	if (rc) {
		gbuf_unpin(out);
	}
	return rc;
}

int gbuf_pin(struct vcpu *v, uint64_t va, uint32_t length, bool write, struct gbuf *out)
{
	return pin_range(v, v->domain, va, length, write, out);
}

int gbuf_pin_physical(struct domain *d, gpa_t gpa, uint32_t length, bool write, struct gbuf *out)
{
	return pin_range(NULL, d, gpa.a, length, write, out);
}

static void transfer(const struct gbuf *b, uint32_t offset, void *host, uint32_t length, bool write)
{
	uint32_t at = b->offset + offset;

	CHECK(offset + length <= b->length && (!write || b->write));
	while (length) { /* once, unless it crosses the page */
		uint32_t in_page = at & PAGE_MASK;
		uint32_t part = MIN(length, (uint32_t)PAGE_SIZE - in_page);
		uint8_t *page = slot_map(b->frame[at >> PAGE_SHIFT]);

		if (write) {
			memcpy(page + in_page, host, part);
		} else {
			memcpy(host, page + in_page, part);
		}
		slot_unmap(page);
		at += part;
		host = (uint8_t *)host + part;
		length -= part;
	}
}

void gbuf_read(const struct gbuf *b, uint32_t offset, void *dst, uint32_t length)
{
	transfer(b, offset, dst, length, false);
}

void gbuf_write(const struct gbuf *b, uint32_t offset, const void *src, uint32_t length)
{
	transfer(b, offset, (void *)(uintptr_t)src, length, true);
}

void *gbuf_open(const struct gbuf *b)
{
	CHECK(b->pages == 1);
	return (uint8_t *)slot_map(b->frame[0]) + b->offset;
}

void gbuf_close(void *p)
{
	slot_unmap(p);
}

int copy_from_guest(struct vcpu *v, void *dst, uint64_t va, uint32_t length)
{
	uint8_t *to = dst;
	struct walk w;
	int rc = 0;

	if (length == 0 || length > PAGE_SIZE) {
		return -XEN_EINVAL;
	}
	if (va + length < va) {
		return -XEN_EFAULT;
	}
	walk_begin(&w, v, v->domain);
	while (length) {
		uint32_t part = MIN(length, (uint32_t)(PAGE_SIZE - (va & PAGE_MASK)));
		frame_t frame;
		uint64_t gpa;

		if (!translate(&w, va, false, &gpa) || !find_ram(&w, gpa, false, &frame)) {
			rc = -XEN_EFAULT;
			break;
		}
		memcpy(to, slot_point(w.slot, frame) + (va & PAGE_MASK), part);
		to += part;
		va += part;
		length -= part;
	}
	walk_end(&w, v->domain);
	return rc;
}

int copy_to_guest(struct vcpu *v, uint64_t va, const void *src, uint32_t length)
{
	struct gbuf b;
	int rc = gbuf_pin(v, va, length, true, &b);

	if (rc == 0) {
		gbuf_write(&b, 0, src, length);
		gbuf_unpin(&b);
	}
	return rc;
}

void frame_copy(frame_t dst, uint32_t dst_offset, frame_t src, uint32_t src_offset, uint32_t length)
{
	uint8_t *from = slot_map(src);
	uint8_t *to = slot_map(dst);

	CHECK(dst_offset + length <= PAGE_SIZE && src_offset + length <= PAGE_SIZE);
	memcpy(to + dst_offset, from + src_offset, length);
	slot_unmap(to);
	slot_unmap(from);
}
