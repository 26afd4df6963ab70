/* SPDX-License-Identifier: MIT */
/* See fake_core.h.  cpu/locks.c is the real one, so the order of locks is checked too. */
#include "sim/fake_core.h"
#include "ipc/event.h"
#include "ipc/pirq.h"
#include "mm/iommu.h"
#include "base/host.h"
#include "gate/policy.h"
#include "domain/sched.h"
#include "domain/vcpu.h"
#include "diag/trace.h"
#include "cpu/percpu.h"
#include "mm/frames.h"
#include "mm/heap.h"
#include "mm/tlb.h"
#include <stdio.h>
#include <stdlib.h>
#include <xen/errno.h>

struct fake_state fake;
struct fake_frame fake_frames[FAKE_FRAMES];
struct corbel_policy_counter policy_counters[XSM_MAX_CONTEXTS][CORBEL_COUNTER_CLASSES * 32];
struct npt_entry fake_npt[FAKE_DOMAINS][FAKE_GFNS];
struct host_state host;
struct percpu percpu_area[MAX_CPUS];
uint32_t percpu_count = 1;

static shared_info_t shared[FAKE_DOMAINS];
static uint64_t seed_state;

void panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}

static bool held(enum lock_rank rank)
{
	return percpu_area[0].locks_held >> rank & 1u;
}

/* ---- set-up ------------------------------------------------------------------------------- */
void fake_seed(uint64_t seed)
{
	seed_state = seed * 2 + 1;
}

uint32_t fake_random(void)
{
	seed_state = seed_state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed_state >> 33);
}

frame_t fake_ram(uint16_t id, uint32_t gfn)
{
	return (frame_t){(uint64_t)id * FAKE_RAM + gfn};
}

void fake_domain_reset(uint16_t id)
{
	struct domain *d = &fake.domain[id];
	uint32_t i;

	*d = (struct domain){.id = id,
			     .state = CORBEL_DOM_running,
			     .refs = 1,
			     .lock = SPINLOCK(RANK_DOMAIN),
			     .is_dom0 = id == 0,
			     .shared_info = &shared[id],
			     .vcpu_count = 2};
	memset(&shared[id], 0, sizeof(shared[id]));
	memset(fake_npt[id], 0, sizeof(fake_npt[id]));
	for (i = 0; i < 2; i++) {
		fake.vcpu[id][i] = (struct vcpu){.domain = d, .virt.id = i};
		d->vcpu[i] = &fake.vcpu[id][i];
	}
	for (i = 0; i < FAKE_RAM; i++) {
		CHECK(fake_frames[fake_ram(id, i).n].refs <= 1);
		fake_frames[fake_ram(id, i).n].owner = id;
		fake_frames[fake_ram(id, i).n].refs = 1;
		fake_npt[id][i] = (struct npt_entry){
			.frame = fake_ram(id, i), .kind = NPT_RAM, .write = true, .exec = true};
	}
}

void fake_reset(void)
{
	uint16_t id;

	memset(&fake, 0, sizeof(fake));
	memset(fake_frames, 0, sizeof(fake_frames));
	host.audit_denied = 0;
	fake.heap_left = 10000;
	for (id = 0; id < FAKE_DOMAINS; id++) {
		fake_domain_reset(id);
	}
}

struct hc_call fake_call(uint16_t caller, uint16_t target, const void *arg, size_t size)
{
	struct hc_call call = {.vcpu = &fake.vcpu[caller][0],
			       .caller = &fake.domain[caller],
			       .target = &fake.domain[target]};

	memcpy(call.in.bytes, arg, size);
	return call;
}

/* ---- heap, domains, trace, policy ------------------------------------------------------------ */
void *heap_page(uint32_t *charge)
{
	if (fake.heap_left == 0) {
		return NULL;
	}
	fake.heap_left--;
	fake.heap_used++;
	++*charge;
	return calloc(1, PAGE_SIZE);
}

void heap_page_free(void *page, uint32_t *charge)
{
	if (!page) {
		return;
	}
	CHECK(*charge > 0);
	--*charge;
	fake.heap_used--;
	fake.heap_left++;
	free(page);
}

void domain_get(struct domain *d)
{
	CHECK(d->refs > 0 && percpu_area[0].locks_held == 0);
	d->refs++;
}

void domain_put(struct domain *d)
{
	CHECK(d->refs > 1 && percpu_area[0].locks_held == 0);
	d->refs--;
}

int gate_deny(const struct hc_call *call, const struct domain *object, size_t right)
{
	CHECK(call && object && right < XSM_RIGHTS);
	fake.denials++;
	return -XEN_EPERM;
}

void gate_overrule(const struct hc_call *call, const struct domain *object, size_t right)
{
	policy_count(call->caller->label, right)->allowed--;
	IGNORED(gate_deny(call, object, right));
}

int gate_authorize(const struct hc_call *call, const struct domain *object, size_t right)
{
	CHECK(call && object);
	fake.asked_class = right / 32;
	fake.asked_perm = right % 32;
	return fake.refuse ? -XEN_EPERM : 0;
}

int gate_find_target(const struct hc_call *call, uint16_t domid, uint32_t states, size_t right,
		     struct domain **out)
{
	uint16_t id = domid == DOMID_SELF ? call->caller->id : domid;

	if (id >= FAKE_DOMAINS) {
		return -XEN_ESRCH;
	}
	if (!(states >> fake.domain[id].state & 1u) ||
	    gate_authorize(call, &fake.domain[id], right)) {
		return -XEN_EPERM;
	}
	*out = &fake.domain[id];
	domain_get(*out);
	return 0;
}

/* ---- scheduler and vcpu_info ----------------------------------------------------------------- */
void sched_kick(struct vcpu *v)
{
	fake.kicks[v->domain->id][v->virt.id]++;
}

void sched_poll_port(struct domain *d, uint32_t port)
{
	fake.polls[d->id]++;
	fake.last_poll = port;
}

struct vcpu_info *vcpu_info_open(struct vcpu *v)
{
	return &v->domain->shared_info->vcpu_info[v->virt.id];
}

void vcpu_info_close(struct vcpu *v, struct vcpu_info *info)
{
	CHECK(info == vcpu_info_open(v));
}

/* ---- guest copies: a guest virtual address is a host pointer, 0 is unmapped ------------------ */
static uint8_t *pinned;

int gbuf_pin(struct vcpu *v, uint64_t va, uint32_t length, bool write, struct gbuf *out)
{
	CHECK(v && !pinned);
	if (va < 0x10000) {
		return -XEN_EFAULT;
	}
	pinned = (uint8_t *)(uintptr_t)va;
	*out = (struct gbuf){.length = length, .write = write};
	return 0;
}

void gbuf_unpin(struct gbuf *b)
{
	CHECK(pinned && b->length);
	pinned = NULL;
}

void gbuf_read(const struct gbuf *b, uint32_t offset, void *dst, uint32_t length)
{
	CHECK(offset + length <= b->length);
	memcpy(dst, pinned + offset, length);
}

void gbuf_write(const struct gbuf *b, uint32_t offset, const void *src, uint32_t length)
{
	CHECK(b->write && offset + length <= b->length);
	memcpy(pinned + offset, src, length);
}

/* ---- frames and nested tables ---------------------------------------------------------------- */
bool frame_get(frame_t f, uint16_t owner)
{
	CHECK(f.n < FAKE_FRAMES);
	if (fake_frames[f.n].owner != owner || fake_frames[f.n].refs == 0) {
		return false;
	}
	fake_frames[f.n].refs++;
	return true;
}

int frames_alloc(uint16_t owner, unsigned order, frame_t *out)
{
	CHECK(order == 0);
	for (out->n = FAKE_DOMAINS * FAKE_RAM; out->n < FAKE_FRAMES; out->n++) {
		if (fake_frames[out->n].refs == 0) {
			fake_frames[out->n] = (struct fake_frame){.owner = owner, .refs = 1};
			return 0;
		}
	}
	return -XEN_ENOMEM;
}

void frame_put(frame_t f)
{
	CHECK(f.n < FAKE_FRAMES && fake_frames[f.n].refs > 0);
	fake_frames[f.n].refs--;
}

void frame_copy(frame_t dst, uint32_t dst_offset, frame_t src, uint32_t src_offset, uint32_t length)
{
	CHECK(fake_frames[dst.n].refs > 1 && fake_frames[src.n].refs > 1);
	CHECK(dst_offset + length <= PAGE_SIZE && src_offset + length <= PAGE_SIZE);
	memmove(fake_frames[dst.n].data + dst_offset, fake_frames[src.n].data + src_offset, length);
}

uint32_t tlb_request(void)
{
	return ++fake.tlb_requests;
}

static struct domain *owner_of(struct npt *npt)
{
	return (struct domain *)((uint8_t *)npt - offsetof(struct domain, npt));
}

int npt_map(struct npt *npt, gfn_t gfn, struct npt_entry entry)
{
	struct domain *d = owner_of(npt);

	CHECK(held(RANK_DOMAIN));
	if (gfn.n >= FAKE_GFNS) {
		return -XEN_EINVAL;
	}
	if (fake_npt[d->id][gfn.n].kind != NPT_NONE) {
		return -XEN_EEXIST;
	}
	if (fake.npt_fail) {
		fake.npt_fail--;
		return -XEN_ENOMEM;
	}
	fake_npt[d->id][gfn.n] = entry;
	return 0;
}

bool npt_lookup(struct npt *npt, gfn_t gfn, struct npt_entry *out)
{
	struct domain *d = owner_of(npt);

	CHECK(held(RANK_DOMAIN));
	if (gfn.n >= FAKE_GFNS || fake_npt[d->id][gfn.n].kind == NPT_NONE) {
		return false;
	}
	*out = fake_npt[d->id][gfn.n];
	if (fake.race) {
		fake.race(d);
	}
	return true;
}

int npt_unmap(struct npt *npt, gfn_t gfn, unsigned order, struct npt_entry *old)
{
	struct domain *d = owner_of(npt);

	CHECK(held(RANK_DOMAIN) && order == 0);
	if (gfn.n >= FAKE_GFNS || fake_npt[d->id][gfn.n].kind == NPT_NONE) {
		return -XEN_ENOENT;
	}
	*old = fake_npt[d->id][gfn.n];
	fake_npt[d->id][gfn.n] = (struct npt_entry){.kind = NPT_NONE};
	return 0;
}

/* Nobody here has a device. */
void iommu_flush(void)
{
}

void pirq_port_closed(uint32_t pirq)
{
	(void)pirq;
	abort();
}
