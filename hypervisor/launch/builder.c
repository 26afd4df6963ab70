/* SPDX-License-Identifier: MIT */
/*
 * The builder domain's life: started from the measured image, ended after one build, restarted
 * pristine.  Also the rendezvous by which Dom0 posts a session.  The image stays in the heap; its
 * digest is compared with the instance's memory before the first instruction of each.
 */
#include "launch/builder.h"
#include "launch/build.h"
#include "base/host.h"
#include "launch/launchlog.h"
#include "domain/memory.h"
#include "launch/policy.h"
#include "domain/sched.h"
#include "diag/trace.h"
#include "cpu/percpu.h"
#include "cpu/time.h"
#include "measured-boot/shared/sha2.h"
#include "mm/frames.h"
#include "mm/heap.h"
#include "mm/npt.h"
#include "mm/slots.h"
#include "virt/virt.h"
#include <xen/errno.h>

#define BOOT_DEADLINE_NS    1800000000000ull /* Dom0's kernel unpacks slowly on an emulator */
#define SESSION_DEADLINE_NS 600000000000ull
#define RESTART_HEAP        64u /* pages: more than an instance needs to start */

static const void *image;
static uint64_t image_size;
static const struct kept_module *boot_modules;
static struct domain *instance, *target;
static bool created, ended, stopped;
static uint64_t deadline = ~0ull;
static struct corbel_rendezvous posted;
static const struct domain *poster; /* 0: nothing is posted; it is Dom0, which the host outlives by
				     * no session */
static const struct domain *requester;
static uint32_t session; /* CORBEL_SESSION_* that the instance serves */
static bool in_vain;     /* the last instance ended without having done its work; */
static int last_status;  /* with this word */

void builder_init(const void *image_in, uint64_t size, const struct kept_module *modules)
{
	image = image_in;
	image_size = size;
	boot_modules = modules;
}

struct domain *builder_current(void)
{
	return instance;
}

bool builder_may_create(const struct domain *caller)
{
	return caller == instance && !ended && !created && session == CORBEL_SESSION_BUILD;
}

bool builder_may_load(const struct domain *caller)
{
	return caller == instance && !ended && session == CORBEL_SESSION_POLICY;
}

void builder_set_target(struct domain *d)
{
	target = d;
	created = true;
}

const struct domain *builder_requester(void)
{
	return requester;
}

struct domain *builder_target(void)
{
	return target;
}

/* Maps the boot modules read-only; the references pass to the entries. */
static void map_modules(struct domain *d, struct corbel_builder_start *start)
{
	uint64_t gpa = CORBEL_BUILDER_MODULE;

	for (unsigned m = 0; m < KEPT_MODULES; m++) {
		const struct kept_module *k = &boot_modules[m];

		start->module[m].gpa = gpa;
		start->module[m].size = k->size;
		copy_string(start->module[m].name, sizeof(start->module[m].name), k->name);
		for (uint32_t b = 0; b < k->blocks; b++) {
			struct npt_entry e = {
				.frame = k->block[b], .kind = NPT_MODULE, .order = BLOCK_ORDER};

			CHECK(npt_map(d, (gfn_t){gpa >> PAGE_SHIFT}, e) == 0);
			gpa += BLOCK_SIZE;
		}
	}
	start->module_count = KEPT_MODULES;
}

/* Digest of the image bytes as they lie in the instance's memory. */
static void hash_memory(struct domain *d, uint8_t out[SHA256_LEN])
{
	struct sha2_ctx c;

	sha256_init(&c);
	for (uint64_t at = 0; at < image_size; at += PAGE_SIZE) {
		struct npt_entry e;
		void *page;

		CHECK(npt_lookup(d, (gfn_t){(CORBEL_BUILDER_BASE + at) >> PAGE_SHIFT}, &e));
		page = slot_map(e.frame);
		sha2_update(&c, page, MIN(image_size - at, PAGE_SIZE));
		slot_unmap(page);
	}
	sha2_final(&c, out);
}

void builder_start(void)
{
	const struct corbel_builder_header *header = image;
	struct corbel_builder_start start = {.tsc_hz = tsc_hz()};
	struct xsm_label label = xsm_sid_label(&host_policy, XSM_SID_builder);
	struct domain *d =
		domain_create(CORBEL_DOMID_BUILDER, label, CORBEL_BUILDER_RAM >> PAGE_SHIFT, 1);

	CHECK(d && !instance);
	d->is_builder = true;
	d->heap_limit = 4096; /* tables of its window: grows with what it builds */
	memcpy(start.policy_key, host.policy_key, sizeof(start.policy_key));
	start.instance = d->instance = ++host.builder_instance;
	for (uint64_t gpa = 0; gpa < CORBEL_BUILDER_RAM; gpa += BLOCK_SIZE) {
		if (domain_populate(d, (gfn_t){gpa >> PAGE_SHIFT}, BLOCK_ORDER)) {
			panic("no memory for the builder domain");
		}
	}
	if (d->instance == 1) {
		map_modules(d, &start);
	}
	domain_write(d, (gpa_t){CORBEL_BUILDER_START}, &start, sizeof(start));
	domain_write(d, (gpa_t){CORBEL_BUILDER_BASE}, image, image_size);
	hash_memory(d, host.builder_memory);
	CHECK(memcmp(host.builder_memory, host.builder_image, SHA256_LEN) == 0);
	CHECK(vcpu_create(d, 0));
	virt_reset_flat(d->vcpu[0], CORBEL_BUILDER_BASE + header->entry, CORBEL_BUILDER_START, 0);
	instance = d;
	target = NULL;
	requester = NULL;
	session = CORBEL_SESSION_BUILD;
	created = ended = false;
	this_cpu()->last_domain = OWNER_NONE; /* its number is its predecessor's */
	deadline = d->instance == 1 ? now_ns() + BOOT_DEADLINE_NS : ~0ull;
	if (in_vain) {
		launchlog_builder(d->instance - 1, last_status);
	}
	in_vain = false;
	trace_note(CORBEL_TRACE_builder, OWNER_NONE, d->id, 0, d->instance);
	domain_set_state(d, CORBEL_DOM_running);
	sched_wake(d->vcpu[0]);
}

void builder_ended(int status)
{
	struct domain *d = instance;

	if (!d || ended) {
		return;
	}
	ended = true;
	deadline = ~0ull;
	in_vain = status || target || (session == CORBEL_SESSION_BUILD && !created);
	last_status = status;
	trace_note(CORBEL_TRACE_builder, d->id, d->id, status, d->instance);
	if (target) {
		domain_destroy(target);
		target = NULL;
	}
	domain_destroy(d);
}

/* The next instance waits for memory: what the last one had may still have to be scrubbed, and
 * domains may have taken the rest. */
static void restart(void)
{
	if (!stopped && !instance && build_is_dom0_made() && heap_free_pages() >= RESTART_HEAP &&
	    frames_count().blocks >= CORBEL_BUILDER_RAM / BLOCK_SIZE &&
	    (!in_vain || launchlog_reserve(1))) {
		builder_start();
	}
}

void builder_domain_gone(struct domain *d)
{
	if (d != instance) {
		return;
	}
	instance = NULL;
	if (!build_is_dom0_made()) {
		panic("the builder ended without a Dom0");
	}
	restart();
}

void builder_stop(void)
{
	stopped = true;
}

void builder_tick(uint64_t now)
{
	restart();
	if (now >= deadline && instance) {
		deadline = ~0ull;
		domain_crash(instance, "build deadline passed", instance->instance);
	}
}

long hc_build_done(struct hc_call *call)
{
	const struct corbel_build_done *arg = (void *)call->in.bytes;

	if (call->caller != instance) {
		return hc_deny(call, NULL, XSM_RIGHT(build, serve));
	}
	builder_ended(arg->status);
	call->block = true;
	return 0;
}

static long post(struct hc_call *call, uint32_t kind, size_t right)
{
	struct corbel_rendezvous *arg = (void *)call->in.bytes;
	struct vcpu *waiter = instance ? instance->vcpu[0] : NULL;

	if (!call->caller->is_dom0) {
		return hc_deny(call, NULL, right);
	}
	if (arg->kind || arg->port == 0) {
		return -XEN_EINVAL;
	}
	posted = *arg;
	posted.kind = kind;
	poster = call->caller;
	/* An instance that already serves a session does not take another: the next one will. */
	arg->instance = host.builder_instance + (deadline != ~0ull || ended || !instance);
	if (waiter && waiter->state == VCPU_waiting) {
		sched_wake(waiter);
	}
	return 0;
}

long hc_rendezvous_set(struct hc_call *call)
{
	return post(call, CORBEL_SESSION_BUILD, XSM_RIGHT(build, request));
}

long hc_policy_request(struct hc_call *call)
{
	return post(call, CORBEL_SESSION_POLICY, XSM_RIGHT(security, load_policy));
}

long hc_rendezvous_get(struct hc_call *call)
{
	struct corbel_rendezvous *arg = (void *)call->in.bytes;

	if (call->caller != instance || deadline != ~0ull) {
		return hc_deny(call, NULL, XSM_RIGHT(build, serve)); /* one session per instance */
	}
	if (!poster) {
		sched_sleep(call->vcpu, VCPU_waiting);
		call->block = true;
		return -XEN_EAGAIN;
	}
	*arg = posted;
	arg->instance = instance->instance;
	requester = poster;
	session = posted.kind;
	poster = NULL;
	deadline = now_ns() + SESSION_DEADLINE_NS;
	return 0;
}
