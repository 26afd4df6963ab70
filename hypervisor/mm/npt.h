/* SPDX-License-Identifier: MIT */
/*
 * Nested page tables of one domain: 4 KiB and 2 MiB entries, split on demand.  Table pages come
 * from the heap, charged to the domain.  Caller holds the domain's lock (RANK_DOMAIN).
 *
 * The same tables are what the domain's devices go by (mm/iommu.h): AMD's two formats leave each
 * other room.  So a device reaches what its domain has as RAM or as a mapping of a grant, with the
 * rights that these entries give, and nothing of the other kinds.
 *
 * References: npt_map() takes over the caller's reference(s) on RAM, FOREIGN, GRANT and MODULE
 * frames; npt_unmap() hands them back to the caller, who puts them.  SHARED (heap pages) and MMIO
 * carry none.
 */
#ifndef MM_NPT_H
#define MM_NPT_H
#include "base/must_check.h"
#include "mm/upcalls.h"
#include "base/addr.h"
#include "mm/pagetable.h"

enum npt_kind {
	NPT_NONE,
	NPT_RAM,     /* plain, owned by this domain: the only kind that may be granted */
	NPT_SHARED,  /* shared_info or grant frame, a heap page */
	NPT_FOREIGN, /* builder's mapping of the domain that it builds */
	NPT_GRANT,   /* mapping of another domain's grant */
	NPT_MODULE,  /* boot module, read-only */
	NPT_MMIO     /* device page given at build (TPM locality 0) */
};

struct npt_entry {
	frame_t frame;
	uint8_t kind;  /* enum npt_kind */
	uint8_t order; /* 0 or BLOCK_ORDER */
	bool write, exec;
};

/*
 * What the processor ignores in a nested entry (APM vol. 2 5.4.1, 15.25.5) and the IOMMU reads
 * (48882, table 15): rights to read and write, beside the level (mm/pagetable.h).
 */
#define NPT_DMA_READ  (1ull << 61)
#define NPT_DMA_WRITE (1ull << 62)

/* The kind lies in bits that neither reads, or that mean nothing to the IOMMU without a right to
 * read: bit 8 is set for RAM alone, which every guest copy asks for; 59 and 60 tell four others. */
#define NPT_IS_RAM     (1ull << 8)
#define NPT_KIND_SHIFT 59
#define NPT_KIND       (3ull << NPT_KIND_SHIFT)

#define GFN_LIMIT (1ull << (36 - PAGE_SHIFT)) /* guests see 36 physical address bits */

/* The tables of one domain, a member of what owns them; all zero: none. */
struct npt {
	uint64_t *root;
	uint64_t teardown_gfn; /* how far npt_teardown() has come */
	uint32_t *pages;       /* heap pages are charged here, */
	uint32_t limit;        /* and tables are made only below that many */
	uint16_t device_id;    /* the DomainID of those whose devices use them; 0: nobody's do */
};

/* Charges *pages, which outlives the tables. */
MUST_CHECK int npt_init(struct npt *npt, uint32_t *pages);
/* -EEXIST when something is mapped there, -ENOMEM, -EINVAL (range, alignment). */
MUST_CHECK int npt_map(struct npt *npt, gfn_t gfn, struct npt_entry entry);
/* Looks up one gfn: order says what covers it, frame is the 4 KiB frame of that gfn. */
MUST_CHECK bool npt_lookup(struct npt *npt, gfn_t gfn, struct npt_entry *out);
/* Removes one 4 KiB mapping (splitting a block), or a whole block when order == BLOCK_ORDER and
 * gfn is aligned and a block lies there.  -ENOENT, -ENOMEM (split). */
MUST_CHECK int npt_unmap(struct npt *npt, gfn_t gfn, unsigned order, struct npt_entry *old);
/* Sets or clears execute permission on the 2 MiB range at gfn (block or 512 pages). */
MUST_CHECK int npt_set_exec(struct npt *npt, gfn_t gfn, bool exec);
/* Frees table pages and puts every reference, at most budget entries per call; true when done. */
MUST_CHECK bool npt_teardown(struct npt *npt, uint32_t budget);

/* The table below the root: GFN_LIMIT allows one, and it is always there. */
static inline const uint64_t *npt_directory(const struct npt *npt)
{
	return pte_table(npt->root[0]);
}

/*
 * The frame behind gfn when it is plain RAM (and writable, if asked): the look-up of every guest
 * copy, so it is inline.  table: npt_directory() of the domain.
 */
static inline MUST_CHECK bool npt_ram_frame(const uint64_t *table, gfn_t gfn, bool write,
					    frame_t *out)
{
	const uint64_t want = PTE_PRESENT | (write ? PTE_WRITE : 0) | NPT_IS_RAM;
	uint64_t entry, low = gfn.n & 511;

	if (gfn.n >= GFN_LIMIT) {
		return false;
	}
	entry = __atomic_load_n(&table[index_in(gfn.n >> 18, GFN_LIMIT >> 18)], __ATOMIC_ACQUIRE);
	if (!(entry & PTE_PRESENT)) {
		return false;
	}
	table = pte_table(entry);
	entry = __atomic_load_n(&table[(gfn.n >> 9) & 511], __ATOMIC_ACQUIRE);
	if (!(entry & PTE_LARGE)) {
		if (!(entry & PTE_PRESENT)) {
			return false;
		}
		table = pte_table(entry);
		entry = __atomic_load_n(&table[low], __ATOMIC_ACQUIRE);
		low = 0;
	}
	out->n = ((entry & PTE_FRAME) >> PAGE_SHIFT) + low;
	return (entry & want) == want;
}
#endif
