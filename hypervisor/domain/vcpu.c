/* SPDX-License-Identifier: MIT */
/*
 * vCPUs: making and ending them, their registered areas, and the vcpu_op and set_timer_op calls.
 * A registered area is pinned guest RAM: it holds references for as long as it is registered.
 */
#include "domain/vcpu.h"
#include "domain/sched.h"
#include "cpu/percpu.h"
#include "cpu/time.h"
#include "mm/heap.h"
#include "virt/virt.h"
#include "virt/vlapic.h"
#include <xen/errno.h>

#define VLAPIC_AT 2048u
_Static_assert(sizeof(struct vcpu) <= VLAPIC_AT, "vCPU and vlapic share a page");
_Static_assert(sizeof(struct vlapic) <= PAGE_SIZE - VLAPIC_AT, "vCPU and vlapic share a page");

struct vcpu *vcpu_create(struct domain *d, uint32_t id)
{
	struct vcpu *v = heap_page(&d->charge.heap_pages);

	if (!v) {
		return NULL;
	}
	v->domain = d;
	v->virt.id = id;
	v->virt.siblings = d->vcpu_count;
	v->virt.domid = d->id;
	v->state = VCPU_offline;
	v->timer_deadline = v->poll_deadline = ~0ull;
	v->virt.vlapic = (struct vlapic *)((uint8_t *)v + VLAPIC_AT);
	v->runstate.state = RUNSTATE_offline;
	v->runstate.state_entry_time = now_ns();
	if (virt_vcpu_init(&v->virt, &d->npt)) {
		heap_page_free(v, &d->charge.heap_pages);
		return NULL;
	}
	vlapic_reset(&v->virt);
	d->vcpu[id] = v;
	sched_add(v);
	return v;
}

void vcpu_destroy(struct vcpu *v)
{
	struct domain *d = v->domain;

	sched_forget(v);
	gbuf_unpin(&v->vcpu_info);
	gbuf_unpin(&v->runstate_area);
	d->vcpu[v->virt.id] = NULL;
	virt_vcpu_free(&v->virt, &d->npt);
	heap_page_free(v, &d->charge.heap_pages);
}

void vcpu_kick(struct virt_vcpu *v)
{
	sched_kick(vcpu_of(v));
}

void vcpu_startup(struct virt_vcpu *virt, uint8_t vector)
{
	struct vcpu *v = vcpu_of(virt);

	/* The first one starts with its domain, one that runs ignores it (APM vol. 2 16.5). */
	if (v->state != VCPU_offline || virt->id == 0) {
		return;
	}
	vlapic_reset(virt);
	virt_reset_sipi(virt, vector);
	v->halted_forever = false;
	sched_wake(v);
}

struct virt_vcpu *vcpu_sibling(const struct virt_vcpu *v, uint32_t id)
{
	const struct vcpu *asking = (const struct vcpu *)v;
	struct vcpu *sibling = domain_vcpu(asking->domain, id);

	return sibling ? &sibling->virt : NULL;
}

void vcpu_time_fill(struct vcpu_info *info)
{
	uint64_t base;

	time_pvclock(&info->time.tsc_to_system_mul, &info->time.tsc_shift, &base);
	info->time.tsc_timestamp = base;
	info->time.system_time = 0;
	info->time.flags = 1; /* TSC is stable across CPUs */
	info->time.version = 2;
}

struct vcpu_info *vcpu_info_open(struct vcpu *v)
{
	return v->vcpu_info.pages ? gbuf_open(&v->vcpu_info)
				  : &v->domain->shared_info->vcpu_info[v->virt.id];
}

void vcpu_info_close(struct vcpu *v, struct vcpu_info *info)
{
	if (v->vcpu_info.pages) {
		gbuf_close(info);
	}
}

void vcpu_runstate_publish(struct vcpu *v)
{
	if (v->runstate_area.pages) {
		gbuf_write(&v->runstate_area, 0, &v->runstate, sizeof(v->runstate));
	}
}

void vcpu_runstate_set(struct vcpu *v, int state)
{
	struct vcpu_runstate_info *r = &v->runstate;
	uint64_t now = now_ns();

	if (r->state == state) {
		return;
	}
	r->time[r->state] += now - r->state_entry_time;
	r->state_entry_time = now;
	r->state = state;
	vcpu_runstate_publish(v);
}
