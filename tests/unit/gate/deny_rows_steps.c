/* SPDX-License-Identifier: MIT */
/*
 * The world of the deny tests and what single calls need before them (deny_rows.h), made by
 * hypercalls under the shipped policy, and the policies under which the calls are then made.
 */
#include "gate/deny_rows.h"
#include "launch/build.h"
#include "launch/builder.h"
#include "ipc/grant.h"
#include "base/host.h"
#include "domain/memory.h"
#include "launch/policy.h"

/* ---- policy in force ----------------------------------------------------------------------- */
static const uint8_t permissions[XSM_CLASS_COUNT] = {
#define XSM_CLASS(c) [XSM_CLASS_##c] = XSM_PERM_COUNT_##c,
#define XSM_PERM(c, p, text)
#define XSM_CLASS_END(c)
#include "xsm/perms.def"
#undef XSM_CLASS
#undef XSM_PERM
#undef XSM_CLASS_END
};

/* The blob in force is changed in place, all its vectors alike: labels stay what they are, and no
 * parser or floor looks at it any more. */
static void change(unsigned cls, uint32_t clear, uint32_t set)
{
	const struct xsm_blob_header *blob = (const void *)host_policy.context;
	uint32_t *word = (uint32_t *)(uintptr_t)host_policy.vector;

	for (unsigned v = 0; v < blob[-1].vectors; v++) {
		for (unsigned relation = 0; relation < XSM_RELATION_COUNT; relation++) {
			uint32_t *mask = &word[v * XSM_VECTOR_WORDS + relation * XSM_CLASS_COUNT];

			mask[cls] = (mask[cls] & ~clear) | set;
		}
		/* nothing on record that is allowed */
		word[v * XSM_VECTOR_WORDS + XSM_RELATION_COUNT * XSM_CLASS_COUNT + cls] = 0;
	}
}

void policy_open(void)
{
	for (unsigned cls = 0; cls < XSM_CLASS_COUNT; cls++) {
		change(cls, 0, (uint32_t)((1ull << permissions[cls]) - 1));
	}
}

void policy_close(void)
{
	for (unsigned cls = 0; cls < XSM_CLASS_COUNT; cls++) {
		change(cls, ~0u, 0);
	}
}

void policy_set(unsigned cls, unsigned perm, bool allowed)
{
	change(cls, 1u << perm, allowed ? 1u << perm : 0);
}

/* ---- steps ------------------------------------------------------------------------------- */
static struct domain *domain(uint16_t id)
{
	struct domain *d = world_domain(id);

	DENY_CHECK(d);
	return d;
}

void deny_world(void)
{
	struct domain *d;

	world_init("cloud");
	world_stores_log = false; /* it is there to be read from its first record */
	d = world_create(true);
	world_commit(d);
	world_start_vcpu(d);
	world_seal(d, true);
	DENY_CHECK(world_tenant(true)->id == TENANT);
	DENY_CHECK(world_tenant(true)->id == TARGET);
	DENY_CHECK(world_create(false)->id == UNFINISHED);
}

void nothing(void)
{
}

void lists(void)
{
	uint64_t *data = (void *)world_memory(world_builder(), WORLD_DATA);

	data[0] = 60;     /* populate: where */
	data[1] = 3;      /* map: from */
	data[2] = WINDOW; /* to */
	data[3] = 0x77;   /* errors */
}

/* In somebody's name: under the policy of these tests the label needs an owner. */
void committed(void)
{
	struct corbel_build_commit commit = {.domid = UNFINISHED, .owner = {1}};

	DENY_CHECK(world_arg(world_builder(), CORBEL_HYPERCALL, CORBEL_OP_build_commit, &commit,
			     sizeof(commit)) == 0);
}

void stub_ready(void)
{
	committed();
	DENY_CHECK(domain_populate(domain(UNFINISHED), (gfn_t){512}, BLOCK_ORDER) == 0);
}

void stub_ended(void)
{
	struct corbel_build_stub stub = {.domid = UNFINISHED, .trap = BLOCK_SIZE, .budget_ms = 1};

	stub_ready();
	DENY_CHECK(world_arg(world_builder(), CORBEL_HYPERCALL, CORBEL_OP_build_stub, &stub,
			     sizeof(stub)) == 0);
	build_stub_trapped(domain(UNFINISHED)->vcpu[0], BLOCK_SIZE);
}

static void corbel_call(uint16_t caller, uint64_t op, void *arg, size_t size)
{
	DENY_CHECK(world_arg(domain(caller), CORBEL_HYPERCALL, op, arg, size) == 0);
}

void complete(void)
{
	committed();
	world_start_vcpu(domain(UNFINISHED));
}

void no_build(void)
{
	builder_ended(0);
	world_settle();
	DENY_CHECK(!world_domain(UNFINISHED));
}

void posted(void)
{
	struct corbel_rendezvous post = {.ref = 8, .port = 3};

	no_build();
	corbel_call(DOM0, CORBEL_OP_rendezvous_set, &post, sizeof(post));
}

void session(void)
{
	no_build();
	world_session();
}

void policy_session(void)
{
	const struct xsm_blob_header *blob = (const void *)host_policy.context;
	struct corbel_rendezvous post = {.ref = 8, .port = 3}, take = {.ref = 0};
	uint32_t size = blob[-1].size;

	no_build();
	corbel_call(DOM0, CORBEL_OP_policy_request, &post, sizeof(post));
	corbel_call(BUILDER, CORBEL_OP_rendezvous_get, &take, sizeof(take));
	DENY_CHECK(take.kind == CORBEL_SESSION_POLICY);
	for (uint32_t at = 0; at < size; at += PAGE_SIZE) {
		memcpy(world_memory(world_builder(), BLOB_AT + at),
		       (const uint8_t *)(blob - 1) + at, MIN(size - at, PAGE_SIZE));
	}
}

void policy_waits(void)
{
	const struct xsm_blob_header *blob = (const void *)host_policy.context;
	struct corbel_policy_load load = {
		.buffer = BLOB_AT, .size = blob[-1].size, .serial = 1, .confirm_s = 60};

	policy_session();
	corbel_call(BUILDER, CORBEL_OP_policy_load, &load, sizeof(load));
}

void granted(void)
{
	struct grant_entry_v1 *entry = grant_frame(domain(TARGET), 0);

	entry[8] = (struct grant_entry_v1){
		.flags = GTF_permit_access, .domid = DOM0, .frame = SHARED_AT};
	domain(DOM0)->npt.limit += 64; /* for nested tables of what it maps */
}

void mapped(void)
{
	struct gnttab_map_grant_ref map = {.host_addr = 0x90000,
					   .flags = GNTMAP_host_map | GNTMAP_readonly,
					   .ref = 8,
					   .dom = TARGET};
	struct domain *dom0 = domain(DOM0);

	granted();
	memcpy(world_memory(dom0, WORLD_ARG), &map, sizeof(map));
	DENY_CHECK(world_call(dom0, __HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, WORLD_ARG,
			      1) == 0);
	memcpy(&map, world_memory(dom0, WORLD_ARG), sizeof(map));
	DENY_CHECK(map.status == GNTST_okay && map.handle == 0);
}

static void event_call(uint16_t caller, uint64_t op, void *arg, size_t size)
{
	DENY_CHECK(world_arg(domain(caller), __HYPERVISOR_event_channel_op, op, arg, size) == 0);
}

void port_for_dom0(void)
{
	struct evtchn_alloc_unbound op = {.dom = DOMID_SELF, .remote_dom = DOM0};

	event_call(TARGET, EVTCHNOP_alloc_unbound, &op, sizeof(op));
	DENY_CHECK(op.port == 1);
}

void connected(void)
{
	struct evtchn_bind_interdomain op = {.remote_dom = TARGET, .remote_port = 1};

	port_for_dom0();
	event_call(DOM0, EVTCHNOP_bind_interdomain, &op, sizeof(op));
	DENY_CHECK(op.local_port == 1);
}

void own_port(void)
{
	struct evtchn_alloc_unbound op = {.dom = DOMID_SELF, .remote_dom = DOM0};

	event_call(TENANT, EVTCHNOP_alloc_unbound, &op, sizeof(op));
	DENY_CHECK(op.port == 1);
}

void paused(void)
{
	domain_pause(domain(TARGET));
}

void console_data(void)
{
	memcpy(world_memory(domain(DOM0), WORLD_DATA), "text", 4);
}
