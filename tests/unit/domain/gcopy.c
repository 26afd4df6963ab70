/* SPDX-License-Identifier: MIT */
/*
 * Guest memory access (domain/gcopy.c): walks of page tables that a guest wrote, every size and
 * every way to be wrong, and copies that cross pages.  The guest has 4 KiB and 2 MiB nested entries
 * and one page of each kind that no hypercall may touch (S22, S23).  After each test every
 * reference is back and no slot is left in use.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <xen/errno.h>
#include "sim/machine.h"
#include "mm/frames.h"
#include "mm/npt.h"

#define SMALL 256u         /* gfns [0, 256): 4 KiB entries */
#define BLOCK 512u         /* gfns [512, 1024): one 2 MiB entry */
#define ROOT  16u          /* gfn of the top table; further tables follow */
#define ABOVE (1ull << 20) /* gfn of a page above 4 GiB */
enum { SHARED = 300, GRANT, FOREIGN, MODULE, MMIO, READ_ONLY, ANOTHERS, ABSENT };

#define P  1ull
#define W  2ull
#define PS 0x80ull

static struct domain d;
static struct vcpu v;
static frame_t frame_at[1024];
static uint64_t next_table;
static bool is_anothers;

static void nested(uint64_t gfn, uint8_t kind, unsigned order, uint16_t owner, bool write)
{
	struct npt_entry e = {.kind = kind, .order = (uint8_t)order, .write = write, .exec = true};

	assert_int_equal(frames_alloc(owner, order, &e.frame), 0);
	assert_int_equal(npt_map(&d.npt, (gfn_t){gfn}, e), 0);
	for (uint64_t i = 0; i < 1ull << order; i++) {
		frame_at[gfn + i] = (frame_t){e.frame.n + i};
	}
}

static int setup_once(void **state)
{
	struct npt_entry above = {.kind = NPT_RAM, .write = true, .exec = true};

	(void)state;
	machine_init();
	d.id = 5;
	d.lock = (struct spinlock)SPINLOCK(RANK_DOMAIN);
	d.npt.limit = 100;
	v.domain = &d;
	assert_int_equal(npt_init(&d.npt, &d.charge.heap_pages), 0);
	assert_int_equal(virt_vcpu_init(&v.virt, &d.npt), 0);
	for (uint64_t gfn = 0; gfn < SMALL; gfn++) {
		nested(gfn, NPT_RAM, 0, d.id, true);
	}
	nested(BLOCK, NPT_RAM, BLOCK_ORDER, d.id, true);
	/* owned by the domain, so that the kind alone must be the reason */
	for (uint64_t gfn = SHARED; gfn <= MMIO; gfn++) {
		static const uint8_t kind[] = {NPT_SHARED, NPT_GRANT, NPT_FOREIGN, NPT_MODULE,
					       NPT_MMIO};

		nested(gfn, kind[gfn - SHARED], 0, d.id, true);
	}
	nested(READ_ONLY, NPT_RAM, 0, d.id, false);
	nested(ANOTHERS, NPT_RAM, 0, 6, true);
	assert_int_equal(frames_alloc(d.id, 0, &above.frame), 0);
	assert_int_equal(npt_map(&d.npt, (gfn_t){ABOVE}, above), 0);
	return 0;
}

static uint64_t *entry_at(uint64_t table_gfn, uint64_t index)
{
	return (uint64_t *)(void *)machine_page(frame_at[table_gfn]) + index;
}

static int setup(void **state)
{
	(void)state;
	v.virt.vmcb->cr0 = 0x80000011;
	v.virt.vmcb->efer = EFER_LMA | EFER_LME;
	v.virt.vmcb->cr3 = ROOT * PAGE_SIZE;
	next_table = ROOT + 1;
	for (uint64_t gfn = 0; gfn < SMALL; gfn++) {
		machine_fill(frame_at[gfn], 0);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (unsigned gfn = 0; gfn < ARRAY_SIZE(frame_at); gfn++) {
		if (frame_at[gfn].n) {
			assert_int_equal(frame_refs(frame_at[gfn]), 1);
		}
	}
	assert_int_equal(machine.slots_now, 0);
	return 0;
}

/* Maps va to gpa; size_shift 12, 21 or 30 says at which level.  Rights at every level as given. */
static uint64_t *map(uint64_t va, uint64_t gpa, int size_shift, uint64_t rights)
{
	uint64_t table = ROOT;

	for (int shift = 39; shift > size_shift; shift -= 9) {
		uint64_t *e = entry_at(table, (va >> shift) & 511);

		if (!(*e & P)) {
			*e = next_table++ * PAGE_SIZE | P | W;
		}
		table = (*e & 0x000FFFFFFFFFF000ull) >> PAGE_SHIFT;
	}
	*entry_at(table, (va >> size_shift) & 511) = gpa | rights | (size_shift > 12 ? PS : 0);
	return entry_at(table, (va >> size_shift) & 511);
}

static int pin(uint64_t va, uint32_t length, bool write)
{
	static uint8_t buffer[PAGE_SIZE];
	struct gbuf b;
	int rc = gbuf_pin(&v, va, length, write, &b);

	if (rc == 0) {
		gbuf_unpin(&b);
	}
	assert_int_equal(b.pages, 0); /* also after a failure: nothing to give back */
	if (!write && !is_anothers) {
		/* the short way, which relies on the nested table's word that RAM is its own */
		assert_int_equal(copy_from_guest(&v, buffer, va, length), rc);
	}
	return rc;
}

/* What a pin of one byte at va resolves to, or ~0. */
static uint64_t resolves_to(uint64_t va)
{
	struct gbuf b;
	uint64_t gfn = ~0ull;

	if (gbuf_pin(&v, va, 1, false, &b)) {
		return ~0ull;
	}
	for (uint64_t i = 0; i < ARRAY_SIZE(frame_at); i++) {
		if (frame_at[i].n == b.frame[0].n) {
			gfn = i;
		}
	}
	assert_int_equal(frame_refs(b.frame[0]), 2);
	gbuf_unpin(&b);
	return gfn * PAGE_SIZE + b.offset;
}

static void page_sizes(void **state)
{
	const uint64_t high = 0xFFFF888000000000ull;

	(void)state;
	map(0x400000, 7 * PAGE_SIZE, 12, P | W);
	map(high + 0x40000000, BLOCK * PAGE_SIZE, 21, P | W);
	map(high, 0, 30, P | W);
	assert_int_equal(resolves_to(0x400123), 7 * PAGE_SIZE + 0x123);
	assert_int_equal(resolves_to(high + 0x40000000 + 0x1FF123), 0x3FF123);
	assert_int_equal(resolves_to(high + 0x205678), 0x205678); /* into the 2 MiB nested block */
	assert_int_equal(resolves_to(high + 0x5678), 0x5678);
	assert_int_equal(resolves_to(high + 0x3FFFFFFF), ~0ull); /* 1 GiB page beyond its RAM */
	assert_int_equal(resolves_to(0x401000), ~0ull);
	/* PAT bit of a large page is no address bit */
	map(high + 0x40000000, BLOCK * PAGE_SIZE | 0x1000, 21, P | W);
	assert_int_equal(resolves_to(high + 0x40000000), BLOCK * PAGE_SIZE);
	/* a top-level entry cannot be a page */
	*entry_at(ROOT, 3) = 7 * PAGE_SIZE | P | W | PS;
	assert_int_equal(resolves_to(3ull << 39), ~0ull);
}

static void modes(void **state)
{
	struct gbuf b;

	(void)state;
	v.virt.vmcb->cr0 = 0x11; /* paging off: identity, 32 bits */
	assert_int_equal(resolves_to(0x5678), 0x5678);
	assert_int_equal(resolves_to(0x100005678ull), ~0ull);
	assert_int_equal(pin(0xFFFFFFFF, 2, false), -XEN_EFAULT);
	/* also where there is RAM behind the 32 bits */
	assert_int_equal(gbuf_pin_physical(&d, (gpa_t){ABOVE * PAGE_SIZE}, 8, true, &b), 0);
	gbuf_unpin(&b);
	assert_int_equal(pin(ABOVE * PAGE_SIZE, 8, false), -XEN_EFAULT);
	assert_int_equal(pin(ABOVE * PAGE_SIZE, 8, true), -XEN_EFAULT);
	v.virt.vmcb->cr0 = 0x80000011; /* paging without long mode */
	v.virt.vmcb->efer = 0;
	assert_int_equal(resolves_to(0x5678), ~0ull);
	/* nor are its tables walked as if they were those of long mode */
	map(0x5000, 7 * PAGE_SIZE, 12, P | W);
	assert_int_equal(resolves_to(0x5678), ~0ull);
	assert_int_equal(pin(0x5678, 8, true), -XEN_EFAULT);
	v.virt.vmcb->efer = EFER_LMA | EFER_LME;
	assert_int_equal(resolves_to(0x5678), 7 * PAGE_SIZE + 0x678);
}

static void rights(void **state)
{
	uint64_t *leaf = map(0x400000, 7 * PAGE_SIZE, 12, P);

	(void)state;
	assert_int_equal(pin(0x400000, 8, false), 0);
	assert_int_equal(pin(0x400000, 8, true), -XEN_EFAULT);
	*leaf |= W;
	assert_int_equal(pin(0x400000, 8, true), 0);
	for (int shift = 39; shift > 12; shift -= 9) { /* read-only at one level is read-only */
		uint64_t *e = entry_at(ROOT + (39 - shift) / 9, (0x400000ull >> shift) & 511);

		*e &= ~W;
		assert_int_equal(pin(0x400000, 8, true), -XEN_EFAULT);
		assert_int_equal(pin(0x400000, 8, false), 0);
		*e = (*e | W) & ~P;
		assert_int_equal(pin(0x400000, 8, false), -XEN_EFAULT);
		*e |= P;
	}
	/* user and no-execute are not looked at */
	*leaf |= 4 | 1ull << 63;
	assert_int_equal(pin(0x400000, 8, true), 0);
}

static void addresses(void **state)
{
	(void)state;
	map(0x7FFFFFFFF000, 7 * PAGE_SIZE, 12, P | W);
	map(0xFFFF800000000000ull, 8 * PAGE_SIZE, 12, P | W);
	map(0xFFFFFFFFFFFFF000ull, 9 * PAGE_SIZE, 12, P | W);
	for (uint64_t i = 0; i < 16; i++) { /* where an address that wraps would go on */
		map(i * PAGE_SIZE, i * PAGE_SIZE, 12, P | W);
	}
	assert_int_equal(pin(0x7FFFFFFFFFFF, 1, true), 0);
	assert_int_equal(pin(0x7FFFFFFFFFFF, 2, true), -XEN_EFAULT); /* into the hole */
	assert_int_equal(pin(0x800000000000ull, 1, false), -XEN_EFAULT);
	assert_int_equal(pin(0xFFFF7FFFFFFFFFFFull, 1, false), -XEN_EFAULT);
	assert_int_equal(pin(0xFFFF7FFFFFFFFFFFull, 2, false), -XEN_EFAULT);
	assert_int_equal(pin(0xFFFF800000000000ull, 1, true), 0);
	assert_int_equal(pin(0xFFFFFFFFFFFFF000ull, 4095, true), 0);
	assert_int_equal(pin(0xFFFFFFFFFFFFFFFFull, 2, true), -XEN_EFAULT); /* wraps to 0 */
	assert_int_equal(pin(0xDEAD000000000000ull, 8, false), -XEN_EFAULT);
	/* every bit that makes it non-canonical */
	for (unsigned bit = 48; bit < 64; bit++) {
		assert_int_equal(pin(1ull << bit, 8, false), -XEN_EFAULT);
	}
}

static void lengths(void **state)
{
	(void)state;
	map(0x400000, 7 * PAGE_SIZE, 12, P | W);
	map(0x401000, 4 * PAGE_SIZE, 12, P | W);
	assert_int_equal(pin(0x400000, 0, false), -XEN_EINVAL);
	assert_int_equal(pin(0x400000, PAGE_SIZE, false), 0);
	assert_int_equal(pin(0x400000, PAGE_SIZE + 1, false), -XEN_EINVAL);
	assert_int_equal(pin(0x400000, 0xFFFFFFFF, false), -XEN_EINVAL);
	assert_int_equal(pin(0x400FFF, PAGE_SIZE, true), 0);
	/* second page missing: the first one's reference comes back (teardown) */
	assert_int_equal(pin(0x401FFF, 2, true), -XEN_EFAULT);
	assert_int_equal(pin(0x3FFFFF, 2, true), -XEN_EFAULT);
}

static void forbidden_pages(void **state)
{
	static const uint64_t bad[] = {SHARED, GRANT,    FOREIGN, MODULE,
				       MMIO,   ANOTHERS, ABSENT,  GFN_LIMIT};
	struct gbuf b;

	(void)state;
	map(0x400000, 7 * PAGE_SIZE, 12, P | W);
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		gpa_t gpa = {bad[i] * PAGE_SIZE};

		is_anothers = bad[i] == ANOTHERS;
		map(0x401000, gpa.a, 12, P | W);
		assert_int_equal(pin(0x401000, 8, false), -XEN_EFAULT);
		assert_int_equal(pin(0x401000, 8, true), -XEN_EFAULT);
		assert_int_equal(pin(0x400FFC, 8, false), -XEN_EFAULT); /* its second half */
		assert_int_equal(gbuf_pin_physical(&d, gpa, 8, false, &b), -XEN_EFAULT);
		gpa.a -= 4;
		assert_int_equal(gbuf_pin_physical(&d, gpa, 8, true, &b), -XEN_EFAULT);
		assert_int_equal(b.pages, 0);
		/* as a table at each level: not even read */
		for (int shift = 39; shift > 12; shift -= 9) {
			uint64_t *e =
				entry_at(ROOT + (39 - shift) / 9, (0x400000ull >> shift) & 511);
			uint64_t good = *e;

			*e = bad[i] * PAGE_SIZE | P | W;
			assert_int_equal(pin(0x400000, 8, false), -XEN_EFAULT);
			*e = good;
		}
		v.virt.vmcb->cr3 = bad[i] * PAGE_SIZE;
		assert_int_equal(pin(0x400000, 8, false), -XEN_EFAULT);
		v.virt.vmcb->cr3 = ROOT * PAGE_SIZE;
		assert_int_equal(pin(0x400000, 8, true), 0);
	}
	is_anothers = false;
	/* addresses of 52 bits and of the hypervisor itself */
	map(0x401000, 0x000FFFFFFFFFF000ull, 12, P | W);
	assert_int_equal(pin(0x401000, 8, false), -XEN_EFAULT);
	map(0x401000, (uintptr_t)&d & ~PAGE_MASK & 0x000FFFFFFFFFF000ull, 12, P | W);
	assert_int_equal(pin(0x401000, 8, false), -XEN_EFAULT);
	/* read-only by the nested table alone */
	map(0x401000, READ_ONLY * PAGE_SIZE, 12, P | W);
	assert_int_equal(pin(0x401000, 8, false), 0);
	assert_int_equal(pin(0x401000, 8, true), -XEN_EFAULT);
}

static void copies(void **state)
{
	uint8_t out[PAGE_SIZE], in[PAGE_SIZE];
	struct gbuf b;
	uint8_t *open;

	(void)state;
	map(0x400000, 7 * PAGE_SIZE, 12, P | W);
	map(0x401000, 4 * PAGE_SIZE, 12, P | W);
	for (unsigned round = 0; round < 2000; round++) {
		uint32_t offset = machine_below(PAGE_SIZE), length = 1 + machine_below(PAGE_SIZE);
		uint32_t second = offset + length > PAGE_SIZE ? offset + length - PAGE_SIZE : 0;

		for (unsigned i = 0; i < length; i++) {
			out[i] = (uint8_t)machine_random();
		}
		assert_int_equal(copy_to_guest(&v, 0x400000 + offset, out, length), 0);
		assert_memory_equal(machine_page(frame_at[7]) + offset, out, length - second);
		assert_memory_equal(machine_page(frame_at[4]), out + length - second, second);
		memset(in, 0, sizeof(in));
		assert_int_equal(copy_from_guest(&v, in, 0x400000 + offset, length), 0);
		assert_memory_equal(in, out, length);
	}
	/* what lies beside a copy stays */
	machine_fill(frame_at[7], 0x11);
	assert_int_equal(copy_to_guest(&v, 0x400010, out, 16), 0);
	assert_int_equal(machine_page(frame_at[7])[15], 0x11);
	assert_int_equal(machine_page(frame_at[7])[32], 0x11);
	assert_int_equal(gbuf_pin(&v, 0x400020, 16, true, &b), 0);
	open = gbuf_open(&b);
	open[0] = 0x77;
	gbuf_close(open);
	gbuf_unpin(&b);
	assert_int_equal(machine_page(frame_at[7])[32], 0x77);
	/* a pin for reading is not written through, nor anything past its end */
	assert_int_equal(gbuf_pin(&v, 0x400020, 16, false, &b), 0);
	if (machine_catch() == 0) {
		gbuf_write(&b, 0, out, 1);
		fail();
	}
	if (machine_catch() == 0) {
		gbuf_read(&b, 8, in, 9);
		fail();
	}
	gbuf_unpin(&b);
}

/* The model's walk: entries as they lie in memory, no code in common. */
static uint64_t model_walk(uint64_t table, uint64_t va, int shift, bool write)
{
	uint64_t gfn = (table & 0x000FFFFFFFFFF000ull) >> 12, e;

	if (gfn >= SMALL && (gfn < BLOCK || gfn >= 1024) && gfn != READ_ONLY) {
		return ~0ull;
	}
	e = *entry_at(gfn, (va >> shift) & 511);
	if (!(e & P) || (write && !(e & W))) {
		return ~0ull;
	}
	if (shift == 12) {
		return (e & 0x000FFFFFFFFFF000ull) | (va & 0xFFF);
	}
	if ((e & PS) && shift == 39) {
		/* reserved bit: the product goes on as if it were clear, which only the guest's
		 * own tables can lead into */
		return model_walk(e, va, shift - 9, write);
	}
	if (e & PS) {
		uint64_t in_page = (1ull << shift) - 1;

		return (e & 0x000FFFFFFFFFF000ull & ~in_page) | (va & in_page);
	}
	return model_walk(e, va, shift - 9, write);
}

static bool is_plain(uint64_t gpa, bool write)
{
	uint64_t gfn = gpa >> 12;

	return gfn < SMALL || (gfn >= BLOCK && gfn < 1024) || (gfn == READ_ONLY && !write);
}

/* Tables full of chance, each entry likely to lead to another table. */
static void random_tables(void **state)
{
	unsigned good = 0;

	(void)state;
	machine_seed(4);
	for (unsigned round = 0; round < 60; round++) {
		for (uint64_t gfn = ROOT; gfn < ROOT + 8; gfn++) {
			for (unsigned i = 0; i < 512; i++) {
				uint64_t to = machine_below(4) ? ROOT + machine_below(8)
							       : machine_below(1200);

				*entry_at(gfn, i) = to * PAGE_SIZE | (machine_below(8) ? P : 0) |
						    (machine_below(8) ? W : 0) |
						    (machine_below(8) ? 0 : PS) |
						    (machine_below(64) ? 0 : 1ull << 51);
			}
		}
		for (unsigned n = 0; n < 500; n++) {
			uint64_t va = (uint64_t)machine_random() << 20 ^ machine_random();
			bool write = machine_below(2);
			uint64_t gpa;

			va = (uint64_t)((int64_t)(va << 16) >> 16);
			gpa = model_walk(ROOT * PAGE_SIZE, va, 39, write);
			is_anothers = gpa >> PAGE_SHIFT == ANOTHERS;
			assert_int_equal(pin(va, 1, write),
					 gpa != ~0ull && is_plain(gpa, write) ? 0 : -XEN_EFAULT);
			if (gpa != ~0ull && is_plain(gpa, false)) {
				good += resolves_to(va) == gpa;
			}
		}
	}
	is_anothers = false;
	assert_true(good > 1000);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(page_sizes), T(modes),           T(rights), T(addresses),
		T(lengths),    T(forbidden_pages), T(copies), T(random_tables),
	};

	return cmocka_run_group_tests_name("gcopy", tests, setup_once, NULL);
}
