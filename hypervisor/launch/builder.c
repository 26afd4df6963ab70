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
#include "launch/life.h"
#include "domain/memory.h"
#include "gate/gate.h"
#include "gate/policy.h"
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

#define BOOT_LIMIT_NS    1800000000000ull /* Dom0's kernel unpacks slowly on an emulator */
#define SESSION_LIMIT_NS 600000000000ull
#define RESTART_HEAP     64u /* pages: more than an instance needs to start */

/* Where the one instance is in its life. */
enum builder_phase {
	BUILDER_none, /* there is none: the next waits for its predecessor's end and for memory */
	BUILDER_waiting, /* it runs and has no session yet */
	BUILDER_serving, /* it has the one session of its life, the boot's or a posted one */
	BUILDER_ended    /* its work is over, its domain is dying */
};

static struct {
	/* the measured image, and what the first instance maps */
	const void *image;
	uint64_t image_size;
	const struct kept_module *modules;

	enum builder_phase phase;
	struct domain *instance; /* NULL in BUILDER_none; ->build.target: what it builds now */
	bool created;            /* it has created its domain */
	bool host_ends;          /* no further instance */

	/* BUILDER_serving */
	uint32_t session;                      /* CORBEL_SESSION_* */
	const struct domain *requester;        /* whose session; NULL: the boot's */
	uint64_t session_start, session_limit; /* ns since boot; ns that it may take */
	uint64_t waited_before; /* sched_wait_time() of the instance when the session began */
	uint64_t stub_waited;   /* the same of stubs that are gone, as it was at their end */

	/* What Dom0 has posted for the next session; no poster: nothing.  The poster is Dom0, which
	 * the host outlives by no session. */
	struct corbel_rendezvous posted;
	const struct domain *poster;

	/* How the last instance ended. */
	bool fruitless; /* without having done its work, */
	int status;     /* with this word */
} builder;

void builder_init(const void *image, uint64_t size, const struct kept_module *modules)
{
	builder.image = image;
	builder.image_size = size;
	builder.modules = modules;
}

struct domain *builder_current(void)
{
	return builder.instance;
}

/* The instance whose call this is, if its work is not over. */
static bool is_current(const struct domain *caller)
{
	return caller == builder.instance &&
	       (builder.phase == BUILDER_waiting || builder.phase == BUILDER_serving);
}

bool builder_may_create(const struct domain *caller)
{
	return is_current(caller) && !builder.created && builder.session == CORBEL_SESSION_BUILD;
}

bool builder_may_load(const struct domain *caller)
{
	return is_current(caller) && builder.session == CORBEL_SESSION_POLICY;
}

void builder_set_target(struct domain *d)
{
	builder.instance->build.target = d;
	builder.created = true;
}

const struct domain *builder_requester(void)
{
	return builder.requester;
}

struct domain *builder_target(void)
{
	return builder.instance ? builder.instance->build.target : NULL;
}

/* Maps the boot modules read-only; the references pass to the entries. */
static void map_modules(struct domain *d, struct corbel_builder_start *start)
{
	uint64_t gpa = CORBEL_BUILDER_MODULE;

	for (unsigned m = 0; m < KEPT_MODULES; m++) {
		const struct kept_module *k = &builder.modules[m];

		start->module[m].gpa = gpa;
		start->module[m].size = k->size;
		copy_string(start->module[m].name, sizeof(start->module[m].name), k->name);
		for (uint32_t b = 0; b < k->blocks; b++) {
			struct npt_entry e = {
				.frame = k->block[b], .kind = NPT_MODULE, .order = BLOCK_ORDER};

			CHECK(npt_map(&d->npt, (gfn_t){gpa >> PAGE_SHIFT}, e) == 0);
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
	for (uint64_t at = 0; at < builder.image_size; at += PAGE_SIZE) {
		struct npt_entry e;
		void *page;

		CHECK(npt_lookup(&d->npt, (gfn_t){(CORBEL_BUILDER_BASE + at) >> PAGE_SHIFT}, &e));
		page = slot_map(e.frame);
		sha256_update(&c, page, MIN(builder.image_size - at, PAGE_SIZE));
		slot_unmap(page);
	}
	sha256_final(&c, out);
}

/* The instance has a session from now on. */
static void begin_session(uint32_t kind, const struct domain *requester, uint64_t limit)
{
	builder.phase = BUILDER_serving;
	builder.session = kind;
	builder.requester = requester;
	builder.session_start = now_ns();
	builder.session_limit = limit;
	builder.waited_before = sched_wait_time(builder.instance->vcpu[0]);
	builder.stub_waited = 0;
}

/* Memory, modules, image and vCPU of a new instance. */
static struct domain *make_instance(void)
{
	const struct corbel_builder_header *header = builder.image;
	struct corbel_builder_start start = {.tsc_hz = tsc_hz()};
	struct xsm_label label = xsm_sid_label(&host_policy, XSM_SID_builder);
	struct domain *d =
		domain_create(CORBEL_DOMID_BUILDER, label, CORBEL_BUILDER_RAM >> PAGE_SHIFT, 1);

	CHECK(d);
	d->is_builder = true;
	d->npt.limit = BUILDER_HEAP_LIMIT;
	memcpy(start.policy_key, host.policy_key, sizeof(start.policy_key));
	start.instance = d->build.instance = ++host.builder_instance;
	for (uint64_t gpa = 0; gpa < CORBEL_BUILDER_RAM; gpa += BLOCK_SIZE) {
		if (domain_populate(d, (gfn_t){gpa >> PAGE_SHIFT}, BLOCK_ORDER)) {
			panic("no memory for the builder domain");
		}
	}
	if (d->build.instance == 1) {
		map_modules(d, &start);
	}
	domain_write(d, (gpa_t){CORBEL_BUILDER_START}, &start, sizeof(start));
	domain_write(d, (gpa_t){CORBEL_BUILDER_BASE}, builder.image, builder.image_size);
	hash_memory(d, host.builder_memory);
	CHECK(memcmp(host.builder_memory, host.builder_image, SHA256_LEN) == 0);
	CHECK(vcpu_create(d, 0));
	virt_reset_flat(&d->vcpu[0]->virt, CORBEL_BUILDER_BASE + header->entry,
			CORBEL_BUILDER_START, 0);
	return d;
}

void builder_start(void)
{
	struct domain *d;

	CHECK(builder.phase == BUILDER_none && !builder.instance);
	d = make_instance();
	builder.phase = BUILDER_waiting;
	builder.instance = d;
	builder.created = false;
	builder.session = CORBEL_SESSION_BUILD;
	builder.requester = NULL;
	this_cpu()->last_domain = OWNER_NONE; /* its number is its predecessor's */
	if (d->build.instance == 1) {
		begin_session(CORBEL_SESSION_BUILD, NULL, BOOT_LIMIT_NS);
	}
	if (builder.fruitless) {
		launchlog_builder(d->build.instance - 1, builder.status);
	}
	builder.fruitless = false;
	trace_note(CORBEL_TRACE_builder, OWNER_NONE, d->id, 0, d->build.instance);
	domain_set_state(d, CORBEL_DOM_running);
	sched_wake(d->vcpu[0]);
}

void builder_ended(int status)
{
	struct domain *d = builder.instance;
	struct domain *unfinished = builder_target();

	if (!d || builder.phase == BUILDER_ended) {
		return;
	}
	builder.phase = BUILDER_ended;
	builder.fruitless = status || unfinished ||
			    (builder.session == CORBEL_SESSION_BUILD && !builder.created);
	builder.status = status;
	trace_note(CORBEL_TRACE_builder, d->id, d->id, status, d->build.instance);
	if (unfinished) {
		domain_destroy(unfinished);
		d->build.target = NULL;
	}
	domain_destroy(d);
}

/* The next instance waits for memory: what the last one had may still have to be scrubbed, and
 * domains may have taken the rest. */
static void restart(void)
{
	if (builder.phase == BUILDER_none && !builder.host_ends && build_is_dom0_made() &&
	    heap_free_pages() >= RESTART_HEAP &&
	    frames_count().blocks >= CORBEL_BUILDER_RAM / BLOCK_SIZE &&
	    (!builder.fruitless || launchlog_reserve(1))) {
		builder_start();
	}
}

void builder_domain_gone(struct domain *d)
{
	if (d != builder.instance) {
		return;
	}
	builder.instance = NULL;
	builder.phase = BUILDER_none;
	if (!build_is_dom0_made()) {
		panic("the builder ended without a Dom0");
	}
	restart();
}

void builder_stop(void)
{
	builder.host_ends = true;
}

void builder_stub_gone(const struct vcpu *stub)
{
	builder.stub_waited += sched_wait_time(stub);
}

/*
 * The limit is on what a session takes, not on how busy the host is: time in which the instance, or
 * the stub of what it builds, could have run and did not is forgiven.  Of the two only the longer:
 * while one of them runs the other waits, and their sum would let a session go on for ever.
 */
static bool out_of_time(uint64_t now)
{
	const struct domain *building = builder_target();
	uint64_t instance = sched_wait_time(builder.instance->vcpu[0]) - builder.waited_before;
	uint64_t stub = builder.stub_waited;

	if (building && building->vcpu[0]) {
		stub += sched_wait_time(building->vcpu[0]);
	}
	return now - builder.session_start >= builder.session_limit + MAX(instance, stub);
}

void builder_tick(uint64_t now)
{
	restart();
	if (builder.phase == BUILDER_serving && out_of_time(now)) {
		domain_crash(builder.instance, "build deadline passed",
			     builder.instance->build.instance);
	}
}

long hc_build_done(struct hc_call *call)
{
	const struct corbel_build_done *arg = (void *)call->in.bytes;

	if (call->caller != builder.instance) {
		return gate_deny(call, NULL, XSM_RIGHT(build, serve));
	}
	builder_ended(arg->status);
	call->block = true;
	return 0;
}

static long post(struct hc_call *call, uint32_t kind, size_t right)
{
	struct corbel_rendezvous *arg = (void *)call->in.bytes;
	struct vcpu *waiter = builder.instance ? builder.instance->vcpu[0] : NULL;

	if (!call->caller->is_dom0) {
		return gate_deny(call, NULL, right);
	}
	if (arg->kind || arg->port == 0) {
		return -XEN_EINVAL;
	}
	builder.posted = *arg;
	builder.posted.kind = kind;
	builder.poster = call->caller;
	/* An instance that already serves a session does not take another: the next one will. */
	arg->instance = host.builder_instance + (builder.phase != BUILDER_waiting);
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

	if (call->caller != builder.instance || builder.phase != BUILDER_waiting) {
		return gate_deny(call, NULL,
				 XSM_RIGHT(build, serve)); /* one session per instance */
	}
	if (!builder.poster) {
		sched_sleep(call->vcpu, VCPU_waiting);
		call->block = true;
		return -XEN_EAGAIN;
	}
	*arg = builder.posted;
	arg->instance = builder.instance->build.instance;
	begin_session(builder.posted.kind, builder.poster, SESSION_LIMIT_NS);
	builder.poster = NULL;
	return 0;
}
