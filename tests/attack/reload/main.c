/* SPDX-License-Identifier: MIT */
/*
 * T36, T37, T38: policies replaced under running tenants, by a Dom0 that never confirms, locks
 * itself out, loads in the middle of builds, signals and mappings, and replays old files.  What the
 * new policy forbids is listed and kept, or ended, as asked; the old one comes back by itself; no
 * frame is lost.
 */
#include "tests/guest/lib/tenant.h"
#include <xen/domctl.h>

const char test_title[] = "policies under running tenants";

#define LAB_LABEL "system_u:system_r:lab.t"
#define STANDING  3u /* the console's page, and its channel from both ends */

static struct build session, request;
static struct tenant victim;

static bool load(const char *name, uint32_t flags, uint32_t confirm_s)
{
	size_t size;

	session.policy = archive_find(name, &size);
	if (session.policy == NULL) {
		broken("no %s in the archive", name);
	}
	session.policy_size = size;
	return policy_run(&session, flags, confirm_s);
}

static void loaded(const char *what, bool done)
{
	if (done) {
		ok("%s: %u standing, %u revoked", what, session.standing, session.revoked);
	} else {
		not_ok(what, "%s", session.ended ? session.reason : "no end");
	}
}

static void refused(const char *what, bool done, const char *reason)
{
	if (!done && session.ended && strstr(session.reason, reason) != NULL) {
		ok("%s: %s", what, session.reason);
	} else {
		not_ok(what, "%s", done ? "it was done" : session.reason);
	}
}

static long confirm(uint32_t keep)
{
	struct corbel_policy_confirm arg = {.keep = keep};

	return corbel_call(CORBEL_OP_policy_confirm, &arg);
}

static uint64_t serial(void)
{
	static struct corbel_policy_info info;

	memset(&info, 0, sizeof(info));
	return corbel_call(CORBEL_OP_policy_info, &info) == 0 ? info.serial : ~0ull;
}

/* Without a hypercall: under `empty` there is none. */
static void wait_until(uint64_t end)
{
	while (now_ns() < end) {
		__asm__ volatile("pause");
	}
}

static bool speaks(void)
{
	tenant_drain(&victim);
	victim.log_used = 0;
	victim.log[0] = 0;
	return tenant_said(&victim, "count", 3000000000ull);
}

static void start_victim(void)
{
	request.name = "victim";
	request.cmdline = "case=count";
	build_must(&request);
	tenant_attach(&victim, "victim", request.domid, 0);
	check_true("the victim runs", tenant_said(&victim, "count 2", 5000000000ull));
}

/* T38: listed and kept. */
static void listed(void)
{
	loaded("apart checked", load("apart.signed", CORBEL_POLICY_CHECK, 0));
	check_equal("what it would forbid is counted", session.standing, STANDING);
	check_equal("a check ends nothing", session.revoked, 0);
	check_true("and changes nothing", serial() == 0 && speaks());
}

/* T37: nobody confirms. */
static void dropped(void)
{
	uint64_t end;

	loaded("apart loaded for 3 s", load("apart.signed", 0, 3));
	end = now_ns() + 4000000000ull;
	check_equal("it is in force", serial(), 3);
	check_equal("the channel that was kept carries nothing",
		    (uint64_t)event_send(victim.console_port), (uint64_t)-XEN_EPERM);
	check_equal("the mapping that was kept cannot be had again",
		    (uint64_t)grant_map(victim.domid, 0, 5, 0, &(uint32_t){0}),
		    (uint64_t)GNTST_permission_denied);
	check_equal("and the tenant lives", tenant_state(&victim), TENANT_lives);
	while (now_ns() < end) {
		sleep_ns(50000000);
	}
	check_equal("the boot policy is back", serial(), 0);
	check_equal("too late to confirm", (uint64_t)confirm(1), (uint64_t)-XEN_ENOENT);
	check_true("the tenant speaks", speaks());
}

/* A policy without any rights: nobody could take it back. */
static void locked_out(void)
{
	static struct corbel_host_info info;
	long keep, facts, destroy;
	bool done = load("empty.signed", 0, 3);
	uint64_t end = now_ns() + 4000000000ull;

	keep = confirm(0);
	facts = corbel_call(CORBEL_OP_host_info, &info);
	destroy = domain_control(XEN_DOMCTL_destroydomain, victim.domid);
	wait_until(end);
	loaded("a policy without rights, for 3 s", done);
	check_equal("Dom0 cannot take it back", (uint64_t)keep, (uint64_t)-XEN_EPERM);
	check_equal("nor read", (uint64_t)facts, (uint64_t)-XEN_EPERM);
	check_equal("nor destroy", (uint64_t)destroy, (uint64_t)-XEN_EPERM);
	check_equal("it is gone by itself", serial(), 0);
}

/* T38: revoked. */
static void revoked(void)
{
	const uint64_t *page = grant_slot(0);
	uint64_t any = 0;

	loaded("apart loaded, to revoke", load("apart.signed", CORBEL_POLICY_REVOKE, 60));
	check_equal("it counts the same", session.standing, STANDING);
	check_true("and ends them", session.revoked + 1 >= STANDING);
	for (unsigned i = 0; i < PAGE_SIZE / 8; i++) {
		any |= page[i];
	}
	check_equal("an empty page lies in place of the tenant's", any, 0);
	/* A channel that is kept answers -EPERM; of this one nobody is at the other end. */
	check_equal("its channel is cut", (uint64_t)event_send(victim.console_port), 0);
	check_equal("the tenant lives", tenant_state(&victim), TENANT_lives);
	check_equal("taken back", (uint64_t)confirm(0), 0);
	check_equal("the boot policy is in force", serial(), 0);
	check_equal("the empty page can be dropped",
		    (uint64_t)grant_unmap(0, victim.console_handle), 0);
	/* What was ended does not come back by itself, but can be had again. */
	tenant_attach(&victim, "victim", victim.domid, 0);
	check_true("the tenant speaks again", speaks());
}

#define NEVER_GRANTED (GRANT_OWN_FIRST + 400)

static long posted;

static bool post_in_mid_build(struct build *b, struct corbel_ring *ring, uint8_t *data)
{
	/* No ring of its own: with the build's, the next instance could write its failure over a
	 * result that Dom0 has not read yet. */
	struct corbel_rendezvous arg = {.ref = NEVER_GRANTED, .port = 1};

	(void)ring;
	(void)data;
	if (b->wants == 1) {
		posted = corbel_call(CORBEL_OP_policy_request, &arg);
	}
	return true;
}

/* The instance that takes the session of post_in_mid_build() finds no ring for it and ends. */
static void follow_instances(uint32_t served)
{
	static struct corbel_host_info info;

	for (unsigned i = 0; i < 10000; i++) {
		host_info(&info);
		if (info.builder_instance >= served + 2) {
			return;
		}
		sleep_ns(1000000);
	}
	not_ok("a session without a request", "ends no instance");
}

/* Loads between builds, and a session posted while another runs. */
static void while_building(void)
{
	struct tenant other;

	request.name = "other";
	request.cmdline = "case=hello";
	request.uuid[0]++;
	request.answer = post_in_mid_build;
	build_must(&request);
	request.answer = NULL;
	check_equal("a policy session posted in mid-build waits", (uint64_t)posted, 0);
	tenant_attach(&other, "other", request.domid, 1);
	check_equal("the build is not disturbed", tenant_wait(&other, 10000000000ull), TENANT_off);
	tenant_destroy(&other);
	check_equal("nor the policy", serial(), 0);
	follow_instances(request.instance);
	loaded("lab loaded", load("lab.signed", 0, 60));
	request.label = LAB_LABEL;
	request.uuid[0]++;
	check_true("a label of the waiting policy has to wait", !build_run(&request));
	request.label = NULL;
	check_equal("taken back", (uint64_t)confirm(0), 0);
	build_must(&request);
	check_true("an honest build works", request.result == 0);
	check_equal("and ends", (uint64_t)domain_control(XEN_DOMCTL_destroydomain, request.domid),
		    0);
}

#define ROUNDS 6u

/* Switch after switch under a tenant that floods its channel, and a Dom0 that maps and signals. */
static void storm(void)
{
	static struct tenant flood;
	unsigned switched = 0, mapped = 0;
	uint32_t handle;

	request.name = "flood";
	request.cmdline = "case=flood";
	request.uuid[0]++;
	build_must(&request);
	tenant_attach(&flood, "flood", request.domid, 1);
	check_true("the flood runs", tenant_said(&flood, "flooding", 5000000000ull));
	for (unsigned i = 0; i < ROUNDS; i++) {
		switched += load("apart.signed", i % 2 ? CORBEL_POLICY_REVOKE : 0, 60);
		for (unsigned k = 0; k < 200; k++) {
			event_send(flood.console_port);
			if (grant_map(flood.domid, 0, 5, 0, &handle) == 0) {
				mapped++;
				grant_unmap(5, handle);
			}
		}
		switched += confirm(0) == 0;
	}
	check_equal("every switch happened", switched, 2 * ROUNDS);
	check_equal("and none let a mapping through", mapped, 0);
	check_equal("the flood lives", tenant_state(&flood), TENANT_lives);
	grant_unmap(1, flood.console_handle);
	flood.attached = false; /* revoked in the second round */
	tenant_destroy(&flood);
}

/* T36: what is older than the last policy in force stays out, also when it is signed to stay. */
static void replayed(void)
{
	loaded("cloud signed to stay", load("stay.signed", 0, 0));
	check_equal("in force", serial(), 9);
	check_equal("nobody can take it back", (uint64_t)confirm(0), (uint64_t)-XEN_ENOENT);
	refused("an older file", load("cloud.signed", 0, 60), "not above");
	refused("an older one signed to stay", load("old.signed", 0, 0), "not above");
	refused("the same again", load("stay.signed", 0, 0), "not above");
	check_equal("still in force", serial(), 9);
}

/* A new policy waits for its confirmation, and the power goes: the launcher kills the machine. */
static void power_cut(void)
{
	loaded("apart loaded, before the power goes", load("apart.signed", 0, 3600));
	for (;;) {
		sleep_ns(1000000000);
	}
}

void test_main(void)
{
	uint64_t before;
	char name[16];

	ring_client_init();
	if (option("case", name, sizeof(name)) != NULL) {
		power_cut();
	}
	check_equal("the boot policy is in force", serial(), 0);
	build_image(&request, "worker.elf");
	before = frames_settle();
	start_victim();
	listed();
	dropped();
	locked_out();
	revoked();
	while_building();
	tenant_destroy(&victim);
	storm();
	replayed();
	check_equal("every frame is back, and scrubbed", frames_settle(), before);
}
