/* SPDX-License-Identifier: MIT */
/*
 * A domain's life from create to gone (launch/life.h): what it is made of, how it ends, and the
 * reaper, which takes a dying one apart in bounded steps from the host's loop.  Stands on events,
 * grants and nested tables; each of them gives init and teardown.
 */
#include "launch/life.h"
#include "cpu/time.h"
#include "diag/console.h"
#include "diag/trace.h"
#include "domain/sched.h"
#include "domain/vcpu.h"
#include "gate/policy.h"
#include "ipc/event.h"
#include "ipc/grant.h"
#include "ipc/pirq.h"
#include "launch/build.h"
#include "launch/devices.h"
#include "launch/launchlog.h"
#include "mm/frames.h"
#include "mm/heap.h"
#include "mm/iommu.h"
#include "mm/npt.h"
#include "mm/tlb.h"
#include "virt/virt.h"
#include <xen/sched.h>

_Static_assert(sizeof(struct domain) <= PAGE_SIZE, "one heap page each");

#define TABLE_SLACK  64u  /* nested tables beyond those of plain RAM */
#define SERVE_TABLES 128u /* nested tables for the grants of many, where Linux puts them */
#define HEAP_FIXED   96u  /* events, grant frames and mappings, 8 vCPUs, itself */
/* Builder (BUILDER_HEAP_LIMIT and HEAP_FIXED) and what the hypervisor keeps: images, policies. */
#define HEAP_RESERVE 1024u

static uint32_t dying_count;
static uint64_t promised; /* sum of charge.heap_promise, in pages */

static void init_shared_info(struct domain *d)
{
	shared_info_t *s = d->shared_info;
	uint64_t wall = wallclock_boot_ns();

	memset(s->evtchn_mask, 0xFF, sizeof(s->evtchn_mask));
	s->wc_version = 2;
	s->wc_sec = (uint32_t)(wall / 1000000000u);
	s->wc_sec_hi = (uint32_t)(wall / 1000000000u >> 32);
	s->wc_nsec = (uint32_t)(wall % 1000000000u);
	for (unsigned i = 0; i < XEN_LEGACY_MAX_VCPUS; i++) {
		vcpu_time_fill(&s->vcpu_info[i]);
	}
}

/*
 * Hypervisor memory is promised whole at creation, so that no guest can use up what the builder,
 * Dom0 or a later tenant needs.  The builder draws on the reserve.
 */
bool domain_promise(struct domain *d, uint32_t pages)
{
	_Static_assert(BUILDER_HEAP_LIMIT + HEAP_FIXED < HEAP_RESERVE, "the builder's share");
	if (d->id == CORBEL_DOMID_BUILDER) {
		return true;
	}
	if (promised + pages + HEAP_RESERVE > heap_total_pages()) {
		return false;
	}
	promised += pages;
	d->charge.heap_promise += pages;
	return true;
}

void domain_serve(struct domain *d)
{
	if (domain_promise(d, GRANT_SERVE_PAGES + SERVE_TABLES)) {
		d->npt.limit += SERVE_TABLES;
		grant_serve(d);
	}
}

struct domain *domain_create(uint16_t domid, struct xsm_label label, uint64_t max_pages,
			     uint32_t vcpus)
{
	struct domain *d;

	/* There is one builder, so nobody can take the slot meanwhile (INV-BUILD-1). */
	if (domain_in_slot(domid)) {
		return NULL;
	}
	d = heap_page(NULL);
	if (!d) {
		return NULL;
	}
	d->id = domid;
	d->state = CORBEL_DOM_building;
	d->lock.rank = RANK_DOMAIN;
	d->refs = 1;
	d->label = label;
	d->self_label = xsm_self_label(&host_policy, label);
	d->charge.ram_limit = max_pages;
	d->vcpu_count = vcpus;
	d->launch.record.memory_pages = max_pages;
	d->launch.record.vcpus = vcpus;
	d->launch.record.weight = 256;
	copy_string(d->launch.record.label, sizeof(d->launch.record.label),
		    xsm_label_name(&host_policy, label));
	d->shutdown_reason = 0xFF;
	d->charge.heap_pages = 1;
	d->npt.limit = TABLE_SLACK + (uint32_t)(max_pages >> 11); /* 2 MiB entries and splits */
	if (!domain_promise(d, d->npt.limit + HEAP_FIXED)) {
		heap_page_free(d, NULL);
		return NULL;
	}
	d->shared_info = heap_page(&d->charge.heap_pages);
	if (!d->shared_info || npt_init(&d->npt, &d->charge.heap_pages) || event_init(d) ||
	    grant_init(d)) {
		goto fail;
	}
	init_shared_info(d);
	domain_enter(d);
	return d;
fail:
	promised -= d->charge.heap_promise;
	event_teardown(d);
	grant_teardown(d);
	IGNORED(npt_teardown(&d->npt, UINT32_MAX)); /* no entries yet: done at once */
	heap_page_free(d->shared_info, &d->charge.heap_pages);
	heap_page_free(d, NULL);
	return NULL;
}

/* Dom0 has gone: nothing else can be served.  Tenants' memory is scrubbed before the machine
 * goes. */
static __attribute__((noreturn)) void end_of_host(bool clean)
{
	iommu_refuse_all();
	builder_stop();
	for (unsigned i = 0; i < MAX_DOMAINS; i++) {
		struct domain *d = domain_in_slot(i);

		if (d && d->state != CORBEL_DOM_dying) {
			domain_destroy(d);
		}
	}
	for (unsigned round = 0; round < 1u << 20 && !domain_reap(4096); round++) {
		virt_flush();
	}
	do {
		virt_flush();
	} while (frames_scrub(4096));
	machine_stop(clean);
}

void domain_shutdown(struct domain *d, uint16_t reason)
{
	d->shutdown_reason = reason;
	printk("domain %u shut down: reason %u\n", d->id, reason);
	if (d->is_builder) {
		builder_ended(-1);
		return;
	}
	if (d->is_dom0) {
		end_of_host(reason != SHUTDOWN_crash);
	}
	domain_set_state(d, CORBEL_DOM_shutdown);
	sched_changed();
	event_global_virq(VIRQ_DOM_EXC);
}

void domain_crash(struct domain *d, const char *reason, uint64_t arg)
{
	copy_string(d->crash_reason, sizeof(d->crash_reason), reason);
	printk("domain %u crashed: %s (0x%lx)\n", d->id, reason, arg);
	trace_note(CORBEL_TRACE_crash, d->id, d->id, 0, arg);
	if (d->is_builder) {
		builder_ended(-1);
	} else if (d->state == CORBEL_DOM_building) {
		build_stub_ended(d, CORBEL_STUB_CRASHED, arg);
	} else if (d->state != CORBEL_DOM_dying) {
		domain_shutdown(d, SHUTDOWN_crash);
	}
}

void domain_vcpu_halted(struct vcpu *v)
{
	struct domain *d = v->domain;
	struct vcpu *t;

	if (d->state == CORBEL_DOM_building || d->is_builder) {
		domain_crash(d, "halted for ever", virt_rip(&v->virt));
		return;
	}
	v->halted_forever = true;
	sched_sleep(v, VCPU_offline);
	for (uint32_t i = 0; (t = domain_vcpu(d, i)) != NULL; i++) {
		if (!t->halted_forever && t->state != VCPU_offline) {
			return;
		}
	}
	domain_shutdown(d, SHUTDOWN_poweroff);
}

enum virt_action vcpu_halts(struct virt_vcpu *virt)
{
	struct vcpu *v = vcpu_of(virt);

	/* A stub never waits: its budget is CPU time, and its builder waits for it. */
	if (!virt_interrupts_on(virt) || v->domain->state == CORBEL_DOM_building) {
		domain_vcpu_halted(v);
		return VIRT_STOP;
	}
	if (virt->kicked) {
		return VIRT_RESUME;
	}
	sched_sleep(v, VCPU_blocked);
	return VIRT_STOP;
}

void vcpu_crash(struct virt_vcpu *v, const char *reason, uint64_t arg)
{
	domain_crash(vcpu_of(v)->domain, reason, arg);
}

enum virt_action vcpu_nested_fault(struct virt_vcpu *virt, const struct virt_fault *fault)
{
	struct vcpu *v = vcpu_of(virt);
	struct domain *d = v->domain;
	const char *reason = "read outside its memory";

	/* Present and not executable: nothing but the trapped block is (INV-BUILD-3). */
	if (d->build.stub_trap && fault->fetch && fault->present) {
		build_stub_trapped(v, fault->gpa);
		return VIRT_STOP;
	}
	if (devices_answer(d, fault)) {
		return VIRT_RESUME;
	}
	if (fault->fetch) {
		reason = "instruction fetch outside its memory";
	} else if (fault->write) {
		reason = "write outside its memory";
	}
	domain_crash(d, reason, fault->gpa);
	return VIRT_STOP;
}

void domain_destroy(struct domain *d)
{
	if (d->state == CORBEL_DOM_dying) {
		return;
	}
	devices_close(d);
	launchlog_destroy(d);
	domain_set_state(d, CORBEL_DOM_dying);
	d->build.creator = NULL;
	sched_changed();
	dying_count++;
	event_global_virq(VIRQ_DOM_EXC);
	if (d->is_builder) {
		builder_ended(-1); /* what it was building goes with it (INV-BUILD-2) */
	}
}

/* One bounded step; true when the domain is gone. */
static bool reap_step(struct domain *d, uint32_t budget)
{
	struct vcpu *v;

	if (!d->reap_started) {
		d->reap_started = true;
		event_teardown(d);
		pirq_teardown(d);
		grant_teardown(d);
		for (uint32_t i = 0; (v = domain_vcpu(d, i)) != NULL; i++) {
			vcpu_destroy(v);
		}
		d->reap_epoch = tlb_request();
	}
	if (!tlb_passed(d->reap_epoch) || !npt_teardown(&d->npt, budget) ||
	    !devices_return(d, now_ns()) || d->refs != 1) {
		return false; /* a peer that still maps its grants keeps the structure: a zombie */
	}
	heap_page_free(d->shared_info, &d->charge.heap_pages);
	domain_leave(d);
	domain_set_state(d, CORBEL_DOM_gone);
	builder_domain_gone(d);
	CHECK(d->charge.heap_pages == 1);
	promised -= d->charge.heap_promise;
	heap_page_free(d, NULL);
	dying_count--;
	event_global_virq(VIRQ_DOM_EXC);
	return true;
}

bool domain_reap(uint32_t budget)
{
	bool idle = true;

	if (!dying_count) {
		return true;
	}
	for (unsigned i = 0; i < MAX_DOMAINS; i++) {
		struct domain *d = domain_in_slot(i);

		if (d && d->state == CORBEL_DOM_dying) {
			bool zombie = domain_is_zombie(d); /* reap_step() may free it */

			idle = (reap_step(d, budget) || zombie) && idle;
		}
	}
	return idle;
}
