/* SPDX-License-Identifier: MIT */
/*
 * A machine below the real hypervisor, for tests on the host: RAM behind map slots, clock, console,
 * TPM state and the world switch are simulated; frames, heap, nested tables, guest copies, domains,
 * dispatcher, handlers, policy and VMCB access are the product's own files.  A guest frame can be
 * touched only while it is in a slot (AddressSanitizer stops what comes too late), and at the first
 * hand-out of a frame its old contents are a marker, not zero.
 */
#ifndef SIM_MACHINE_H
#define SIM_MACHINE_H
#include "domain/domain.h"
#include "base/addr.h"
#include "virt/virt.h"
#include "virt/svm/vmcb.h"

#define MACHINE_BLOCKS 16u  /* 2 MiB each */
#define MACHINE_FIRST  512u /* number of the first frame */
#define MACHINE_FRAMES (MACHINE_BLOCKS * 512u)
/* Not RAM at first: the block around it is no block until frames_add_region() brings it. */
#define MACHINE_HOLE       (MACHINE_FIRST + MACHINE_FRAMES - 100u)
#define MACHINE_HEAP_PAGES 4096u
#define MACHINE_MARKER     0xA5

struct machine {
	uint64_t now;   /* ns since boot */
	uint32_t stops; /* calls of machine_stop() */
	uint32_t slots_now;
	bool quiet; /* no printk() */
	/* the TPM: NULL: there is none; else what measure_checkpoint() does */
	uint32_t (*checkpoint)(const void *record, size_t len);
	/* one guest run: what svm_enter() is to do */
	void (*guest)(struct vmcb *vmcb, struct vcpu_regs *regs);
	/* how a CPU that runs no guest flushes; NULL: tlb_sync() alone */
	void (*flush)(void);
};
extern struct machine machine;

/* Once per process: the frame table, the heap, the trace ring. */
void machine_init(void);
void machine_policy(const char *name); /* build/policy/NAME.bin in force */

/* A place where panic() or machine_stop() return to: 0 at first, then 1 (panic) or 2 (stop). */
#define machine_catch() (machine_catching = true, setjmp(machine_caught))
#include <setjmp.h>
extern jmp_buf machine_caught;
extern bool machine_catching;
extern char machine_panic_text[200];

uint8_t *machine_page(frame_t f);        /* the frame's bytes, as the tests see them */
uint8_t *machine_device_page(frame_t f); /* the registers of a device */
bool machine_is_zero(frame_t f);
void machine_fill(frame_t f, uint8_t byte);
void machine_seed(uint64_t seed);
uint32_t machine_random(void);
uint32_t machine_below(uint32_t limit); /* random, 0 .. limit - 1 */
/* Every CPU carries out all flushes; scrubs until nothing is dirty. */
void machine_settle(void);
/* Runs work() with this_cpu() being another CPU. */
void machine_as_cpu(unsigned cpu, void (*work)(void));
/* That CPU carries out its flushes; without machine.flush: whether there were any. */
bool machine_sync(unsigned cpu);
#endif
