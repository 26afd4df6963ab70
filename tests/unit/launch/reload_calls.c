/* SPDX-License-Identifier: MIT */
/* See reload_calls.h. */
#include "launch/launchlog.h"
#include "launch/reload_calls.h"
#include "launch/build.h"
#include "ipc/grant.h"
#include "base/host.h"
#include "launch/policy.h"
#include "diag/trace.h"
#include "measured-boot/shared/sha2.h"
#include <stdio.h>
#include <stdlib.h>

struct domain *dom0;
uint64_t serial;
struct corbel_policy_load last_load;

static long corbel(struct domain *d, uint64_t op, void *arg, size_t size)
{
	return world_arg(d, CORBEL_HYPERCALL, op, arg, size);
}

int reload_setup(void **state)
{
	(void)state;
	world_init("cloud");
	dom0 = world_create(true);
	world_commit(dom0);
	world_start_vcpu(dom0);
	dom0 = world_seal(dom0, true);
	return 0;
}

void fresh_builder(void)
{
	builder_ended(0);
	world_settle();
}

/* ---- builds ------------------------------------------------------------------------------ */
long create_domain(const char *label, uint16_t *domid)
{
	struct corbel_build_create create = {.max_pages = 64, .vcpus = 1, .weight = 256};
	long rc;

	copy_string(create.label, sizeof(create.label), label);
	world_session();
	rc = corbel(world_builder(), CORBEL_OP_build_create, &create, sizeof(create));
	*domid = create.domid;
	return rc;
}

static void populate(uint16_t domid)
{
	struct xen_memory_reservation r = {.nr_extents = WORLD_PAGES, .domid = domid};
	xen_pfn_t gfns[WORLD_PAGES] = {0};

	for (unsigned i = 0; i < WORLD_PAGES; i++) {
		gfns[i] = i;
	}
	memcpy(world_memory(world_builder(), WORLD_DATA), gfns, sizeof(gfns));
	r.extent_start.p = (void *)(uintptr_t)WORLD_DATA;
	CHECK(world_arg(world_builder(), __HYPERVISOR_memory_op, XENMEM_populate_physmap, &r,
			sizeof(r)) == WORLD_PAGES);
}

long commit_for(uint16_t domid, uint8_t owner)
{
	struct corbel_build_commit arg = {.domid = domid};

	memset(arg.owner, owner, sizeof(arg.owner));
	return corbel(world_builder(), CORBEL_OP_build_commit, &arg, sizeof(arg));
}

long seal_domain(uint16_t domid)
{
	struct corbel_build_seal seal = {.domid = domid, .run = 1};

	return corbel(world_builder(), CORBEL_OP_build_seal, &seal, sizeof(seal));
}

struct domain *make_domain_of(const char *label, uint8_t owner)
{
	uint16_t domid;

	CHECK(create_domain(label, &domid) == 0);
	populate(domid);
	CHECK(commit_for(domid, owner) == 0);
	world_start_vcpu(world_domain(domid));
	return world_seal(world_domain(domid), true);
}

/* ---- policies ---------------------------------------------------------------------------- */
uint32_t policy_file(const char *name, uint8_t *out)
{
	const char *build = getenv("CORBEL_BUILD");
	char path[200];
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), "%s/policy/%s.bin", build ? build : "build", name);
	file = fopen(path, "rb");
	if (!file) {
		panic("%s: cannot open", path);
	}
	size = fread(out, 1, CORBEL_POLICY_MAX, file);
	fclose(file);
	return (uint32_t)size;
}

long load_bytes(const void *blob, struct corbel_policy_load *load)
{
	uint32_t size = MIN(load->size, CORBEL_POLICY_MAX);

	for (uint32_t at = 0; at < size; at += PAGE_SIZE) {
		memcpy(world_memory(world_builder(), POLICY_AT + at), (const uint8_t *)blob + at,
		       MIN(size - at, PAGE_SIZE));
	}
	load->buffer = POLICY_AT;
	return corbel(world_builder(), CORBEL_OP_policy_load, load, sizeof(*load));
}

void policy_session(void)
{
	struct corbel_rendezvous meeting = {.ref = 8, .port = 3};

	fresh_builder();
	CHECK(corbel(world_domain(CORBEL_DOMID_DOM0), CORBEL_OP_policy_request, &meeting,
		     sizeof(meeting)) == 0);
	CHECK(corbel(world_builder(), CORBEL_OP_rendezvous_get, &meeting, sizeof(meeting)) == 0 &&
	      meeting.kind == CORBEL_SESSION_POLICY);
}

long load_policy(const char *name, uint32_t flags, uint64_t serial, uint32_t confirm_s)
{
	static uint8_t blob[CORBEL_POLICY_MAX];
	long rc;

	policy_session();
	last_load = (struct corbel_policy_load){.size = policy_file(name, blob),
						.flags = flags,
						.serial = serial,
						.confirm_s = confirm_s};
	rc = load_bytes(blob, &last_load);
	fresh_builder();
	return rc;
}

long confirm_policy(uint32_t keep)
{
	struct corbel_policy_confirm arg = {.keep = keep};

	return corbel(world_domain(CORBEL_DOMID_DOM0), CORBEL_OP_policy_confirm, &arg, sizeof(arg));
}

struct corbel_policy_info policy_info(void)
{
	struct corbel_policy_info info = {.serial = 0};

	CHECK(corbel(world_domain(CORBEL_DOMID_DOM0), CORBEL_OP_policy_info, &info, sizeof(info)) ==
	      0);
	return info;
}

bool is_in_force(const char *name)
{
	static uint8_t blob[CORBEL_POLICY_MAX];
	uint8_t digest[32];

	sha256(blob, policy_file(name, blob), digest);
	return memcmp(digest, host.policy_digest, sizeof(digest)) == 0;
}

unsigned records_of(uint16_t kind, struct corbel_trace *first)
{
	static struct corbel_trace all[TRACE_RECORDS];
	static uint64_t next = 1;
	uint64_t lost;
	uint32_t count = trace_read(0, next, all, ARRAY_SIZE(all), &next, &lost);
	unsigned found = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (all[i].kind == kind && found++ == 0 && first) {
			*first = all[i];
		}
	}
	return found;
}

/* ---- grants and channels ----------------------------------------------------------------- */
void give_page(struct domain *granter, uint32_t ref, uint16_t peer, uint64_t gfn)
{
	struct grant_entry_v1 *entry = grant_frame(granter, 0);

	CHECK(entry && ref < 512);
	entry[ref] = (struct grant_entry_v1){
		.flags = GTF_permit_access, .domid = peer, .frame = (uint32_t)gfn};
}

static void grant_call(struct domain *d, uint64_t op, void *element, size_t size)
{
	uint8_t *at = world_memory(d, WORLD_ARG);

	memcpy(at, element, size);
	CHECK(world_call(d, __HYPERVISOR_grant_table_op, op, WORLD_ARG, 1) == 0);
	memcpy(element, at, size);
}

int16_t map_page(struct domain *d, uint16_t granter, uint32_t ref, uint64_t gfn, uint32_t *handle)
{
	struct gnttab_map_grant_ref op = {.host_addr = gfn << PAGE_SHIFT,
					  .flags = GNTMAP_host_map,
					  .ref = ref,
					  .dom = granter};

	grant_call(d, GNTTABOP_map_grant_ref, &op, sizeof(op));
	*handle = op.handle;
	return op.status;
}

int16_t unmap_page(struct domain *d, uint32_t handle, uint64_t gfn)
{
	struct gnttab_unmap_grant_ref op = {.host_addr = gfn << PAGE_SHIFT, .handle = handle};

	grant_call(d, GNTTABOP_unmap_grant_ref, &op, sizeof(op));
	return op.status;
}

static long event_call(struct domain *d, uint64_t op, void *arg, size_t size)
{
	return world_arg(d, __HYPERVISOR_event_channel_op, op, arg, size);
}

long open_port(struct domain *d, uint16_t peer, uint32_t *port)
{
	struct evtchn_alloc_unbound op = {.dom = DOMID_SELF, .remote_dom = peer};
	long rc = event_call(d, EVTCHNOP_alloc_unbound, &op, sizeof(op));

	*port = op.port;
	return rc;
}

long bind_port(struct domain *d, uint16_t peer, uint32_t remote, uint32_t *port)
{
	struct evtchn_bind_interdomain op = {.remote_dom = peer, .remote_port = remote};
	long rc = event_call(d, EVTCHNOP_bind_interdomain, &op, sizeof(op));

	*port = op.local_port;
	return rc;
}

long send_event(struct domain *d, uint32_t port)
{
	struct evtchn_send op = {.port = port};

	return event_call(d, EVTCHNOP_send, &op, sizeof(op));
}

bool is_pending(struct domain *d, uint32_t port)
{
	xen_ulong_t *word = &d->shared_info->evtchn_pending[port / 64];
	bool pending = *word >> port % 64 & 1;

	*word &= ~(1ull << port % 64);
	return pending;
}

uint32_t reload_log_room(void)
{
	uint32_t room = 0;

	while (launchlog_reserve(1)) {
		room++;
	}
	launchlog_release(room);
	return room;
}

void reload_pass(uint64_t ns)
{
	machine.now += ns;
	policy_tick(machine.now);
}

int reload_clean(void **state)
{
	(void)state;
	reload_pass(4000 * SECOND);
	fresh_builder();
	world_end_all();
	world_settle();
	if (!is_in_force("cloud")) {
		CHECK(load_policy("cloud", CORBEL_POLICY_NO_ROLLBACK, policy_info().serial + 1,
				  0) == 0);
	}
	serial = policy_info().serial;
	CHECK(policy_info().seconds_left == 0);
	return 0;
}
