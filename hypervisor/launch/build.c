/* SPDX-License-Identifier: MIT */
/*
 * The build calls (abi/corbel.h).  The dispatcher has made sure that a target in state `building`
 * belongs to the calling instance (INV-DOM-1); what is checked here is the order of steps.
 */
#include "launch/build.h"
#include "launch/builder.h"
#include "launch/devices.h"
#include "ipc/grant.h"
#include "base/host.h"
#include "gate/gate.h"
#include "gate/policy.h"
#include "launch/launchlog.h"
#include "launch/life.h"
#include "launch/policy.h"
#include "domain/sched.h"
#include "diag/trace.h"
#include "mm/frames.h"
#include "mm/hpt.h"
#include "mm/npt.h"
#include "mm/tlb.h"
#include "virt/virt.h"
#include <xen/errno.h>

static bool dom0_made;
static uint16_t next_domid = CORBEL_DOMID_FIRST;

bool build_is_dom0_made(void)
{
	return dom0_made;
}

/* Also of reserved fields: they are zero, so that they can mean something one day. */
static bool is_zero(const void *data, size_t count)
{
	const uint8_t *bytes = data;
	uint8_t any = 0;

	while (count > 0) {
		any |= bytes[--count];
	}
	return any == 0;
}

/* Numbers for tenants: 0 is nobody's, and none is used twice in one boot. */
static uint32_t next_tenant = 1;

static bool is_label_of(struct xsm_label label, unsigned sid)
{
	return label.ctx == xsm_sid_label(&host_policy, sid).ctx;
}

/* Labels hypervisor and builder are nobody's to ask for; dom0's once, for domain 0. */
static bool may_be_asked_for(struct xsm_label label, bool for_dom0)
{
	return !is_label_of(label, XSM_SID_hypervisor) && !is_label_of(label, XSM_SID_builder) &&
	       is_label_of(label, XSM_SID_dom0) == for_dom0;
}

/* Whose wish is carried out: of whom asked for the session; of the boot's plan, the builder's. */
static const struct domain *acts_for(const struct hc_call *call)
{
	const struct domain *requester = builder_requester();

	return requester ? requester : call->caller;
}

static int choose_label(struct hc_call *call, const struct corbel_build_create *arg,
			struct xsm_label *label)
{
	int rc;

	if (arg->label[sizeof(arg->label) - 1]) {
		return -XEN_EINVAL;
	}
	rc = policy_label(arg->label, label);
	if (rc) {
		return rc;
	}
	if (!may_be_asked_for(*label, arg->flags & CORBEL_BUILD_DOM0)) {
		return gate_deny(call, NULL, XSM_RIGHT(domain, create));
	}
	/* A stranger to all others, until the commit says whose it is. */
	if (xsm_is_owned(&host_policy, *label)) {
		label->tenant = next_tenant;
	}
	rc = gate_authorize_label(call, acts_for(call), *label, XSM_RIGHT(domain, create));
	if (rc == 0 && label->tenant != XSM_TENANT_NONE) {
		next_tenant++;
	}
	return rc;
}

/* Names are decoration, but one uuid never stands for two domains at a time; all zero is none. */
static bool uuid_taken(const uint8_t uuid[16])
{
	bool taken = false;

	if (is_zero(uuid, sizeof(((struct corbel_log_launch *)0)->uuid))) {
		return false;
	}
	for (struct domain *d = domain_next(0); d; d = domain_after(d)) {
		const struct corbel_log_launch *record = &d->launch.record;

		if (!d->is_builder && memcmp(record->uuid, uuid, sizeof(record->uuid)) == 0) {
			taken = true; /* and on to the end: domain_after() puts references */
		}
	}
	return taken;
}

/* The number asked for, or the next free one: slots of domains that are not yet gone are passed
 * over. Whoever gets a number again gets what its clients granted to it, as far as the policy gives
 * it. */
static struct domain *make_domain(const struct corbel_build_create *arg, struct xsm_label label)
{
	struct domain *d = NULL;

	if (arg->flags & CORBEL_BUILD_DOM0 || arg->domid) {
		return domain_create(arg->domid, label, arg->max_pages, arg->vcpus);
	}
	for (unsigned tries = 0; !d && tries < MAX_DOMAINS; tries++) {
		if (next_domid % MAX_DOMAINS > CORBEL_DOMID_BUILDER) {
			d = domain_create(next_domid, label, arg->max_pages, arg->vcpus);
		}
		next_domid++;
		if (next_domid == DOMID_FIRST_RESERVED) {
			next_domid = CORBEL_DOMID_FIRST;
		}
	}
	return d;
}

/*
 * Dom0's TPM page.  Locality 0 only: 1-4 and the presence page are mapped to nobody.  Without a TPM
 * its driver finds what an empty bus shows, all ones, on a page that nobody else sees.
 */
static void give_dom0_devices(struct domain *d)
{
	static uint8_t empty_bus[PAGE_SIZE] __attribute__((aligned(4096)));
	struct npt_entry page = {
		.frame = frame_of(TIS_BASE),
		.kind = NPT_MMIO,
		.write = true,
	};

	if (!(host.flags & CORBEL_HOST_TPM)) {
		memset(empty_bus, 0xFF, sizeof(empty_bus));
		page.frame = frame_of((uintptr_t)empty_bus);
	}
	CHECK(npt_map(&d->npt, (gfn_t){TIS_BASE >> PAGE_SHIFT}, page) == 0);
}

#define WEIGHT_MAX 65535u /* as xl.cfg(5) has it for cpu_weight */

static bool is_create_valid(const struct corbel_build_create *arg)
{
	if ((arg->flags & ~CORBEL_BUILD_DOM0) || arg->pad) {
		return false;
	}
	if (arg->vcpus == 0 || arg->vcpus > CORBEL_MAX_VCPUS) {
		return false;
	}
	if (arg->domid && (arg->domid % MAX_DOMAINS <= CORBEL_DOMID_BUILDER ||
			   arg->domid >= DOMID_FIRST_RESERVED || arg->flags)) {
		return false;
	}
	return arg->weight != 0 && arg->weight <= WEIGHT_MAX && arg->max_pages != 0;
}

/* A new domain that has its place in the log and its label, and nothing else. */
static int make_labelled(struct hc_call *call, const struct corbel_build_create *arg,
			 struct domain **made)
{
	struct xsm_label label;
	int rc;

	if (!launchlog_reserve(LAUNCHLOG_DOMAIN_SLOTS)) {
		return -XEN_EBUSY;
	}
	rc = choose_label(call, arg, &label);
	if (rc == 0) {
		*made = make_domain(arg, label);
		rc = *made ? 0 : -XEN_ENOMEM;
	}
	if (rc) {
		launchlog_release(LAUNCHLOG_DOMAIN_SLOTS);
		return rc;
	}
	(*made)->launch.log_slots = LAUNCHLOG_DOMAIN_SLOTS;
	return 0;
}

long hc_build_create(struct hc_call *call)
{
	struct corbel_build_create *arg = (void *)call->in.bytes;
	bool for_dom0 = arg->flags & CORBEL_BUILD_DOM0;
	struct domain *d;
	int rc;

	/* Dom0 is made first, and once. */
	if (!builder_may_create(call->caller) || for_dom0 == dom0_made) {
		return gate_deny(call, NULL, XSM_RIGHT(domain, create));
	}
	if (!is_create_valid(arg)) {
		return -XEN_EINVAL;
	}
	if (arg->max_pages > frames_count().total) {
		return -XEN_ENOMEM;
	}
	if (uuid_taken(arg->uuid)) {
		return -XEN_EEXIST;
	}
	rc = make_labelled(call, arg, &d);
	if (rc) {
		return rc;
	}
	d->build.creator = call->caller;
	d->build.instance = call->caller->build.instance;
	d->launch.record.weight = arg->weight;
	d->is_dom0 = for_dom0;
	memcpy(d->launch.record.uuid, arg->uuid, sizeof(arg->uuid));
	builder_set_target(d);
	if (for_dom0) {
		give_dom0_devices(d);
		domain_serve(d);
	}
	arg->domid = d->id;
	domain_set_state(d, CORBEL_DOM_building);
	return 0;
}

long hc_build_grant(struct hc_call *call)
{
	const struct corbel_build_grant *arg = (void *)call->in.bytes;

	if (arg->ref >= GRANT_SEEDS) {
		return -XEN_EINVAL; /* only the two reserved entries are the builder's to seed */
	}
	return grant_seed(call->target, arg->ref, arg->peer, (gfn_t){arg->gfn});
}

long hc_build_device(struct hc_call *call)
{
	const struct corbel_build_device *arg = (void *)call->in.bytes;
	int rc;

	if (arg->pad) {
		return -XEN_EINVAL;
	}
	if (call->target->launch.committed) {
		return -XEN_EEXIST; /* an image that takes the builder over comes too late */
	}
	rc = gate_authorize_for(call, acts_for(call), call->target, XSM_RIGHT(resource, add));
	if (rc == 0) {
		rc = devices_claim(call->target, arg->function);
	}
	return rc;
}

/* Domains of one owner have one number. */
static void set_owner(struct domain *target, const uint8_t owner[32])
{
	struct corbel_log_launch *record = &target->launch.record;

	for (struct domain *d = domain_next(0); d; d = domain_after(d)) {
		const struct corbel_log_launch *other = &d->launch.record;

		if (memcmp(other->owner, owner, sizeof(other->owner)) == 0) {
			target->label.tenant = d->label.tenant;
		}
	}
	target->self_label.tenant = target->label.tenant;
	memcpy(record->owner, owner, sizeof(record->owner));
}

long hc_build_commit(struct hc_call *call)
{
	const struct corbel_build_commit *arg = (void *)call->in.bytes;
	struct domain *d = call->target;
	struct corbel_log_launch *record = &d->launch.record;
	bool names_owner = !is_zero(arg->owner, sizeof(arg->owner));

	if (d->launch.committed) {
		return -XEN_EEXIST; /* write-once: a later word cannot replace an earlier one */
	}
	if (!is_zero(arg->pad, sizeof(arg->pad))) {
		return -XEN_EINVAL;
	}
	if (names_owner && !xsm_is_owned(&host_policy, d->label)) {
		return -XEN_EINVAL;
	}
	if (arg->min_policy > policy_least_serial()) {
		return -XEN_EPERM;
	}
	memcpy(record->request, arg->request, sizeof(record->request));
	memcpy(record->kernel, arg->kernel, sizeof(record->kernel));
	memcpy(record->initrd, arg->initrd, sizeof(record->initrd));
	memcpy(record->cmdline, arg->cmdline, sizeof(record->cmdline));
	record->min_policy = arg->min_policy;
	if (names_owner) {
		set_owner(d, arg->owner);
	}
	d->launch.committed = true;
	trace_note(CORBEL_TRACE_build, CORBEL_DOMID_BUILDER, d->id, 0, CORBEL_STEP_commit);
	return 0;
}

#define STUB_BUDGET_MAX_MS 10000000u

long hc_build_stub(struct hc_call *call)
{
	const struct corbel_build_stub *arg = (void *)call->in.bytes;
	struct domain *d = call->target;
	struct vcpu *v;
	int rc;

	if (!d->launch.committed || d->vcpu[0] || d->build.stub_trap) {
		return -XEN_EBUSY;
	}
	if (!is_zero(arg->pad, sizeof(arg->pad))) {
		return -XEN_EINVAL;
	}
	if (arg->budget_ms == 0 || arg->budget_ms > STUB_BUDGET_MAX_MS) {
		return -XEN_EINVAL;
	}
	if (arg->trap == 0 || arg->trap % BLOCK_SIZE) {
		return -XEN_EINVAL;
	}
	v = vcpu_create(d, 0);
	if (!v) {
		return -XEN_ENOMEM;
	}
	spin_lock(&d->lock);
	rc = npt_set_exec(&d->npt, (gfn_t){arg->trap >> PAGE_SHIFT}, false);
	spin_unlock(&d->lock);
	if (rc) {
		vcpu_destroy(v);
		return rc;
	}
	tlb_request();
	virt_reset_flat(&v->virt, arg->eip, 0, arg->esi);
	v->stub_budget_ns = arg->budget_ms * 1000000;
	d->build.stub_trap = arg->trap;
	d->build.stub_state = 0;
	trace_note(CORBEL_TRACE_build, CORBEL_DOMID_BUILDER, d->id, 0, CORBEL_STEP_stub);
	sched_wake(v);
	return 0;
}

void build_stub_ended(struct domain *d, uint16_t state, uint64_t rip)
{
	struct vcpu *builder = NULL;

	if (!d->build.stub_trap || d->build.stub_state) {
		return;
	}
	if (d->build.creator) {
		builder = d->build.creator->vcpu[0];
	}
	d->build.stub_state = state;
	d->build.stub_rip = rip;
	trace_note(CORBEL_TRACE_build, CORBEL_DOMID_BUILDER, d->id, state, CORBEL_STEP_ended);
	sched_sleep(d->vcpu[0], VCPU_offline);
	if (builder && builder->state == VCPU_waiting) {
		sched_wake(builder);
	}
}

void build_check_stub(struct vcpu *v)
{
	if (v->stub_budget_ns && v->cpu_time_ns > v->stub_budget_ns) {
		build_stub_ended(v->domain, CORBEL_STUB_TIMEDOUT, virt_rip(&v->virt));
	}
}

/* Where in the block a kernel begins is the image's business: what runs later starts at the entry
 * of its note, on a fresh vCPU.  That an unpacker jumps there with a mapping of its own, or without
 * its privileges, is none of what images do. */
void build_stub_trapped(struct vcpu *v, uint64_t gpa)
{
	struct domain *d = v->domain;
	uint64_t trap = d->build.stub_trap;
	uint64_t rip = virt_rip(&v->virt);
	uint16_t state = CORBEL_STUB_CRASHED;

	if (rip - trap < BLOCK_SIZE && gpa - trap < BLOCK_SIZE && virt_cpl(&v->virt) == 0) {
		state = CORBEL_STUB_TRAPPED;
	}
	build_stub_ended(d, state, rip);
}

long hc_build_wait(struct hc_call *call)
{
	struct corbel_build_wait *arg = (void *)call->in.bytes;
	struct domain *d = call->target;

	if (!d->build.stub_trap || arg->pad) {
		return -XEN_EINVAL;
	}
	if (!d->build.stub_state) {
		sched_sleep(call->vcpu, VCPU_waiting);
		call->block = true;
		return -XEN_EAGAIN;
	}
	arg->state = d->build.stub_state;
	arg->rip = d->build.stub_rip;
	/* The unpacker's vCPU goes with all its state; the image gets a fresh one. */
	spin_lock(&d->lock);
	CHECK(npt_set_exec(&d->npt, (gfn_t){d->build.stub_trap >> PAGE_SHIFT}, true) == 0);
	spin_unlock(&d->lock);
	d->build.stub_trap = 0;
	builder_stub_gone(d->vcpu[0]);
	vcpu_destroy(d->vcpu[0]);
	return 0;
}

long hc_build_vcpu(struct hc_call *call)
{
	const struct corbel_build_vcpu *arg = (void *)call->in.bytes;
	struct domain *d = call->target;

	if (!d->launch.committed || d->build.stub_trap || d->vcpu[0]) {
		return -XEN_EBUSY;
	}
	if (!is_zero(arg->pad, sizeof(arg->pad))) {
		return -XEN_EINVAL;
	}
	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		struct vcpu *v = vcpu_create(d, i);

		if (!v) {
			return -XEN_ENOMEM; /* the build fails and everything goes with it */
		}
		virt_reset_flat(&v->virt, arg->eip, arg->ebx, 0);
	}
	CHECK(d->vcpu[0]);
	d->vcpu[0]->state = VCPU_runnable; /* the others wait for INIT and SIPI */
	return 0;
}

/* INV-DOM-2, under one lock: nobody else holds anything of the domain, and it is complete. */
static bool may_seal(const struct domain *d)
{
	if (d->mapped_by_builder != 0 || d->mapped_by_peers != 0 || d->build.stub_trap != 0) {
		return false;
	}
	return d->launch.committed && d->vcpu[0] && d->vcpu[0]->state == VCPU_runnable;
}

long hc_build_seal(struct hc_call *call)
{
	const struct corbel_build_seal *arg = (void *)call->in.bytes;
	struct domain *d = call->target;
	int rc = -XEN_EBUSY;

	if (arg->run > 1 || arg->pad) {
		return -XEN_EINVAL;
	}
	/* Rights among one owner's domains are for those that have proved to be his. */
	if (xsm_needs_owner(&host_policy, d->label) &&
	    is_zero(d->launch.record.owner, sizeof(d->launch.record.owner))) {
		return gate_deny(call, NULL, XSM_RIGHT(domain, create));
	}
	spin_lock(&d->lock);
	if (may_seal(d)) {
		rc = devices_open(d);
	}
	if (rc == 0) {
		d->build.creator = NULL;
		d->state = CORBEL_DOM_sealed;
	}
	spin_unlock(&d->lock);
	if (rc) {
		return rc;
	}
	launchlog_launch(d);
	builder_set_target(NULL);
	if (d->is_dom0) {
		dom0_made = true;
	}
	domain_set_state(d, CORBEL_DOM_sealed);
	if (arg->run) {
		domain_unpause(d);
	}
	return 0;
}
