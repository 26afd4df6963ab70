/* SPDX-License-Identifier: MIT */
/*
 * Owner's manifests in whole builds: one that fits makes the domain its owner's, whatever does not
 * fit or was changed ends the build with the name of the field, and nothing sealed or owned.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#undef fail /* cmocka's, which is not used here */

#include <xen/errno.h>

#include "abi/log.h"
#include "builder-domain/lib.h"
#include "measured-boot/shared/sha2.h"
#include "tests/unit/builder/builder_fixture.h"
#include "tests/unit/sim/signing.h"

#define MIN_POLICY (1ull << 40)

static struct signer signer;

static void sign_manifest(void)
{
	sign_bytes(&signer, &request.owner, CORBEL_OWNER_SIGNED, request.owner.signature);
}

/* A manifest that fits the request as it stands. */
static void make_manifest(void)
{
	struct corbel_owner_manifest *m = &request.owner;

	memset(m, 0, sizeof(*m));
	memcpy(m->magic, CORBEL_OWNER_MAGIC, sizeof(m->magic));
	sha256(&kernel, request.kernel_size, m->kernel);
	sha256(initrd, request.initrd_size, m->initrd);
	sha256(request.cmdline, strlen(request.cmdline), m->cmdline);
	memcpy(m->label, request.label, sizeof(m->label));
	m->min_policy = MIN_POLICY;
	m->min_builder = CORBEL_BUILDER_SVN;
	memcpy(m->key, signer.public, sizeof(m->key));
	request.owner_len = sizeof(*m);
	sign_manifest();
}

static int setup(void **state)
{
	builder_setup(state);
	use_elf();
	make_manifest();
	encode();
	return 0;
}

static void again(void)
{
	builder_teardown(NULL);
	setup(NULL);
}

/* The request as it stands now fails for this reason, and says so to Dom0. */
static void refused(const char *reason)
{
	encode();
	check_ring_failed(run_ring(), XEN_EPERM, reason);
	assert_int_equal(sim.committed, 1); /* nothing of it was looked at before */
	assert_int_equal(sim.sealed + sim.vcpu.eip, 0);
	again();
}

static void test_signed(void **state)
{
	(void)state;
	assert_int_equal(run_ring(), 0);
	assert_int_equal(sim.sealed, 1);
	assert_memory_equal(sim.commit.owner, signer.digest, 32);
	assert_true(sim.commit.min_policy == MIN_POLICY);
	check_digests();

	again();
	request.initrd_size = 0;
	make_manifest();
	request.owner.min_policy = request.owner.min_builder = 0; /* any */
	sign_manifest();
	encode();
	assert_int_equal(run_ring(), 0);
	assert_memory_equal(sim.commit.owner, signer.digest, 32);
	assert_true(sim.commit.min_policy == 0);
}

static void test_nobodys(void **state)
{
	(void)state;
	request.owner_len = 0;
	encode();
	assert_int_equal(run_ring(), 0);
	assert_memory_equal(sim.commit.owner, (uint8_t[32]){0}, 32);
	assert_true(sim.commit.min_policy == 0);
	assert_int_equal(sim.sealed, 1);
}

/* What the owner demands of the host.  The builder's version is its own word; the policy's serial
 * is the hypervisor's to compare, in the commit. */
static void test_minimum(void **state)
{
	char reason[80];

	(void)state;
	format(reason, sizeof(reason), "owner: the manifest asks for builder %u, this is %u",
	       CORBEL_BUILDER_SVN + 1, CORBEL_BUILDER_SVN);
	request.owner.min_builder = CORBEL_BUILDER_SVN + 1;
	sign_manifest();
	refused(reason);
	request.owner.min_builder = UINT32_MAX;
	sign_manifest();
	refused("owner: the manifest asks for builder 4294967295, this is 1");
	request.owner.min_builder--; /* lowered, not signed so */
	refused("owner: the signature is not valid");
	request.owner.min_policy--;
	refused("owner: the signature is not valid");
	request.owner.pad = 1; /* signed so, but it may mean something one day */
	sign_manifest();
	encode();
	check_ring_failed(run_ring(), XEN_EINVAL,
			  "owner: not a manifest, its magic or padding is wrong");
	assert_int_equal(sim.sealed, 0);
}

static void test_older_policy(void **state)
{
	(void)state;
	sim.fail_call[CORBEL_OP_build_commit] = -XEN_EPERM;
	check_ring_failed(
		run_ring(), XEN_EPERM,
		"policy: older than the owner's manifest allows: not permitted (error 1)");
	assert_int_equal(sim.committed + sim.sealed, 0);
	again();
	request.owner_len = 0; /* who signs nothing demands nothing: it is something else */
	encode();
	sim.fail_call[CORBEL_OP_build_commit] = -XEN_EPERM;
	check_ring_failed(run_ring(), XEN_EPERM, "commit: not permitted (error 1)");
}

static void test_other_content(void **state)
{
	(void)state;
	strcpy(request.cmdline, "console=hvc0 quiet init=/bin/sh");
	refused("owner: the command line's digest is not the one signed");
	strcpy(request.label, "system_u:system_r:tenant.x");
	refused("owner: the label is not the one signed");
	((uint8_t *)&kernel)[TEST_ELF_TEXT] ^= 1;
	refused("owner: the kernel's digest is not the one signed");
	initrd[70000] ^= 1;
	refused("owner: the initrd's digest is not the one signed");
	request.initrd_size--;
	refused("owner: the initrd's digest is not the one signed");
	request.owner.label[63] = 'x'; /* signed so, but no label */
	sign_manifest();
	refused("owner: the label is not the one signed");
}

static void test_other_signer(void **state)
{
	struct signer other;

	(void)state;
	signer_make(&other);
	sign_bytes(&other, &request.owner, CORBEL_OWNER_SIGNED, request.owner.signature);
	refused("owner: the signature is not valid");
	memcpy(request.owner.key, other.public, sizeof(other.public)); /* his key, my signature */
	refused("owner: the signature is not valid");
	memcpy(request.owner.key, other.public, sizeof(other.public)); /* wholly his */
	sign_bytes(&other, &request.owner, CORBEL_OWNER_SIGNED, request.owner.signature);
	encode();
	assert_int_equal(run_ring(), 0);
	assert_memory_equal(sim.commit.owner, other.digest, 32);
	signer_free(&other);
}

/* One bit of every byte of the manifest, and every length but the right ones. */
static void test_changed(void **state)
{
	uint8_t *bytes = (uint8_t *)&request.owner;

	(void)state;
	for (size_t i = 0; i < sizeof(request.owner); i++) {
		bytes[i] ^= (uint8_t)(1 << random() % 8);
		encode();
		assert_true(run_ring() < 0);
		assert_memory_equal(fail_reason, "owner: ", 7);
		assert_int_equal(sim.sealed, 0);
		again();
	}
	request.owner.magic[7]++;
	encode();
	check_ring_failed(run_ring(), XEN_EINVAL,
			  "owner: not a manifest, its magic or padding is wrong");
}

static void test_refused_by_hypervisor(void **state)
{
	(void)state;
	sim.fail_call[CORBEL_OP_build_seal] = -XEN_EPERM;
	check_ring_failed(run_ring(), XEN_EPERM, "seal: not permitted (error 1)");
	setup(NULL);
	sim.fail_call[CORBEL_OP_build_commit] = -XEN_EBUSY;
	check_ring_failed(run_ring(), XEN_EBUSY, "commit: refused (error 16)");
	setup(NULL);
	request.owner_len = 0;
	encode();
	sim.fail_call[CORBEL_OP_build_seal] = -XEN_EPERM;
	check_ring_failed(run_ring(), XEN_EPERM,
			  "seal: the label may need an owner's manifest: not permitted (error 1)");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, builder_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_signed),       TEST(test_nobodys),      TEST(test_other_content),
		TEST(test_other_signer), TEST(test_changed),      TEST(test_refused_by_hypervisor),
		TEST(test_minimum),      TEST(test_older_policy),
	};

	signer_make(&signer);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
