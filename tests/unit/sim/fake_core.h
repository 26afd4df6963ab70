/* SPDX-License-Identifier: MIT */
/*
 * What ipc/event*.c and ipc/grant*.c stand on, for tests on the host: heap, domains, policy
 * answers, scheduler, guest copies, frames and nested tables.  Every fake counts, so that a test
 * can ask for balance; wrong use (a lock not held, a reference too many) ends the test.
 */
#ifndef SIM_FAKE_CORE_H
#define SIM_FAKE_CORE_H
#include "domain/domain.h"
#include "gate/gate.h"
#include "mm/npt.h"

#define FAKE_DOMAINS 4
#define FAKE_GFNS    64 /* per domain */
#define FAKE_RAM     8  /* gfns [0, 8) are RAM at the start */
#define FAKE_SPARE   8  /* frames behind the RAM, for frames_alloc() */
#define FAKE_FRAMES  (FAKE_DOMAINS * FAKE_RAM + FAKE_SPARE)
#define FAKE_REFS(i)                                                                               \
	((i) < FAKE_DOMAINS * FAKE_RAM ? 1u : 0u) /* of frame i when nobody uses it                \
						   * \ */

struct fake_state {
	struct domain domain[FAKE_DOMAINS];
	struct vcpu vcpu[FAKE_DOMAINS][2];
	uint32_t heap_left; /* pages that heap_page() still gives */
	uint32_t heap_used; /* pages given and not freed */
	uint32_t kicks[FAKE_DOMAINS][2];
	uint32_t polls[FAKE_DOMAINS];
	uint32_t last_poll;
	uint32_t denials;                 /* calls of gate_deny() */
	bool refuse;                      /* gate_authorize() and gate_find_target() say -EPERM */
	uint32_t asked_class, asked_perm; /* by the last of these calls */
	uint32_t npt_fail;                /* npt_map() fails with -ENOMEM this many times */
	uint32_t tlb_requests;
	/* called in the middle of npt_lookup(): a guest that changes things at the worst moment */
	void (*race)(struct domain *d);
};

struct fake_frame {
	uint16_t owner;
	uint32_t refs;
	uint8_t data[4096];
};

extern struct fake_state fake;
extern struct fake_frame fake_frames[FAKE_FRAMES];
extern struct npt_entry fake_npt[FAKE_DOMAINS][FAKE_GFNS];

/* All domains afresh, running, two vCPUs each, domain 0 is Dom0; tables not yet made. */
void fake_reset(void);
/* One domain afresh after its teardown. */
void fake_domain_reset(uint16_t id);
frame_t fake_ram(uint16_t id, uint32_t gfn); /* frame that backs RAM gfn of the domain at first */
/* A call by vCPU 0 of the domain, with the argument copied in. */
struct hc_call fake_call(uint16_t caller, uint16_t target, const void *arg, size_t size);
uint32_t fake_random(void); /* a fixed sequence from the last fake_seed() */
void fake_seed(uint64_t seed);
#endif
