/* SPDX-License-Identifier: MIT */
/*
 * Signed things, from the tools that sign them to what the hypervisor then knows: domains in their
 * owner's name, and policies of the operator.  What is signed by others, changed, or replayed comes
 * to nothing, and the reason says why.
 */
#include "tests/guest/lib/tenant.h"
#include <xen/domctl.h>

const char test_title[] = "owners and signed policies";

#define LAB_LABEL "system_u:system_r:lab.t"

static struct build request;
static struct corbel_launch_info info;

static const uint8_t *file(const char *name, size_t *size)
{
	const uint8_t *bytes = archive_find(name, size);

	if (bytes == NULL) {
		broken("no %s in the archive", name);
	}
	return bytes;
}

static void prepare(const char *label, const char *manifest)
{
	size_t size = sizeof(struct corbel_owner_manifest);

	request.name = "signed";
	request.label = label;
	request.cmdline = "case=hello";
	request.flags = CORBEL_RQF_PAUSED;
	request.uuid[0]++;
	request.owner = manifest == NULL ? NULL : (const void *)file(manifest, &size);
	if (size != sizeof(struct corbel_owner_manifest)) {
		broken("%s has %u bytes", manifest, (unsigned)size);
	}
}

/* Builds, looks at whose it is, and returns its owner's number. */
static uint32_t built(const char *name, const char *label, const char *manifest, const char *digest,
		      uint16_t *domid)
{
	static const uint8_t nobody[32];
	const uint8_t *owner = nobody;
	size_t size;

	prepare(label, manifest);
	build_must(&request);
	*domid = request.domid;
	memset(&info, 0, sizeof(info));
	if (launch_info(*domid, &info) != 0) {
		broken("no launch_info of domain %u", *domid);
	}
	if (digest != NULL) {
		owner = file(digest, &size);
	}
	check_true(name, memcmp(info.record.owner, owner, 32) == 0 && info.tenant != 0);
	return info.tenant;
}

static void refused(const char *name, bool done, const char *reason)
{
	if (done) {
		not_ok(name, "it was done");
	} else if (!request.ended || strstr(request.reason, reason) == NULL) {
		not_ok(name, "%s", request.ended ? request.reason : "no end");
	} else {
		ok("%s: %s", name, request.reason);
	}
}

static void owners(void)
{
	static struct corbel_owner_manifest copy;
	uint16_t domid[5];
	uint32_t mine = built("signed by an owner", TENANT_LABEL, "owner.manifest", "owner.digest",
			      &domid[0]);
	uint32_t again = built("and a second one", TENANT_LABEL, "owner.manifest", "owner.digest",
			       &domid[1]);
	uint32_t other = built("signed by another", TENANT_LABEL, "other.manifest", "other.digest",
			       &domid[2]);
	uint32_t nobodys = built("nobody's", TENANT_LABEL, NULL, NULL, &domid[3]);
	uint32_t stranger = built("nobody's either", TENANT_LABEL, NULL, NULL, &domid[4]);

	check_equal("one owner, one number", again, mine);
	check_true("others have others", other != mine && nobodys != mine && nobodys != other &&
						 stranger != nobodys && stranger != mine &&
						 stranger != other);
	prepare(TENANT_LABEL, "owner.manifest");
	request.cmdline = "case=hello init=/bin/sh";
	refused("another command line", build_run(&request), "command line's digest is not");
	prepare(TENANT_LABEL, "owner.manifest");
	request.kernel_size--;
	refused("another kernel", build_run(&request), "kernel's digest is not");
	request.kernel_size++;
	prepare(TENANT_LABEL, "lab.manifest");
	refused("another label", build_run(&request), "label is not");
	prepare(TENANT_LABEL, "owner.manifest");
	copy = *request.owner;
	copy.signature[40] ^= 4;
	request.owner = &copy;
	refused("a changed signature", build_run(&request), "signature is not valid");
	for (unsigned i = 0; i < ARRAY_SIZE(domid); i++) {
		domain_control(XEN_DOMCTL_destroydomain, domid[i]);
	}
}

/* What owners demand of the host, in manifests that are good otherwise. */
static void minimum(void)
{
	uint16_t domid;

	prepare(TENANT_LABEL, "later.manifest");
	refused("a later policy demanded", build_run(&request),
		"policy: older than the owner's manifest allows");
	prepare(TENANT_LABEL, "builder.manifest");
	refused("a later builder demanded", build_run(&request),
		"owner: the manifest asks for builder ");
	built("this builder demanded", TENANT_LABEL, "now.manifest", "owner.digest", &domid);
	domain_control(XEN_DOMCTL_destroydomain, domid);
}

static bool loaded(const char *name, uint32_t flags, uint32_t confirm_s)
{
	size_t size;

	request.policy = file(name, &size);
	request.policy_size = size;
	return policy_run(&request, flags, confirm_s);
}

static void in_force(const char *name, uint64_t serial, bool waits)
{
	static struct corbel_policy_info now;

	memset(&now, 0, sizeof(now));
	corbel_call(CORBEL_OP_policy_info, &now);
	if (now.serial != serial || (now.seconds_left != 0) != waits) {
		not_ok(name, "serial %lu, %u seconds left", now.serial, now.seconds_left);
	} else {
		ok("%s", name);
	}
}

static void must_load(const char *name, bool done)
{
	if (done) {
		ok("%s: %u standing, %u revoked", name, request.standing, request.revoked);
	} else {
		not_ok(name, "%s", request.ended ? request.reason : "no end");
	}
}

static void refused_policies(void)
{
	static uint8_t copy[8192];
	const uint8_t *signed_file;
	size_t size;

	refused("a stranger's policy", loaded("stranger.signed", 0, 60), "not the operator's");
	signed_file = file("lab.signed", &size);
	memcpy(copy, signed_file, MIN(size, sizeof(copy)));
	request.policy = copy;
	request.policy_size = size;
	copy[8]++;
	refused("another serial", policy_run(&request, 0, 60), "signature is not valid");
	copy[8]--;
	copy[size - 1] ^= 1;
	refused("another blob", policy_run(&request, 0, 60), "blob is not the one signed");
	copy[size - 1] ^= 1;
	request.policy_size--;
	refused("a blob cut short", policy_run(&request, 0, 60), "are signed");
	refused("no time to confirm", loaded("lab.signed", 0, 0), "seconds to confirm");
	refused("not roll back, unsigned", loaded("lab.signed", CORBEL_POLICY_NO_ROLLBACK, 0),
		"flags");
	in_force("the boot policy is in force", 0, false);
}

static void policies(void)
{
	struct corbel_policy_confirm keep = {.keep = 1};
	uint16_t domid;

	refused_policies();
	prepare(LAB_LABEL, "lab.manifest");
	check_true("a label of another policy", !build_run(&request));
	must_load("checked", loaded("lab.signed", CORBEL_POLICY_CHECK, 0));
	in_force("and not in force", 0, false);
	must_load("loaded", loaded("lab.signed", 0, 60));
	in_force("in force until it is rolled back", 5, true);
	refused("while one waits", loaded("cloud.signed", 0, 60), "waits to be confirmed");
	check_equal("confirmed", (uint64_t)corbel_call(CORBEL_OP_policy_confirm, &keep), 0);
	in_force("in force", 5, false);
	prepare(LAB_LABEL, NULL);
	refused("a label of owners, without one", build_run(&request), "owner's manifest");
	built("with one", LAB_LABEL, "lab.manifest", "owner.digest", &domid);
	refused("the same serial", loaded("same.signed", 0, 60), "not above");
	refused("a policy without a live label", loaded("cloud.signed", 0, 60), LAB_LABEL);
	domain_control(XEN_DOMCTL_destroydomain, domid);
	frames_settle();
	must_load("signed to stay", loaded("stay.signed", 0, 60));
	in_force("in force for good", 7, false);
	refused("an older one", loaded("cloud.signed", 0, 60), "not above");
	built("a policy as demanded", TENANT_LABEL, "later.manifest", "owner.digest", &domid);
}

void test_main(void)
{
	ring_client_init();
	build_image(&request, "worker.elf");
	owners();
	minimum();
	policies();
}
