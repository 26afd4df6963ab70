/* SPDX-License-Identifier: MIT */
/*
 * Policy sessions on the simulated hypervisor: a policy that the operator signed reaches it byte
 * for byte, and its answer reaches Dom0; whatever was changed, cut or signed by others never does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#undef fail /* cmocka's, which is not used here */

#include <xen/errno.h>

#include "builder-domain/lib.h"
#include "measured-boot/shared/sha2.h"
#include "tests/unit/builder/builder_fixture.h"
#include "tests/unit/sim/signing.h"

#define BLOB_LEN 20000u /* two fetches of the three data pages */

static struct signer operator, second;
static struct {
	struct corbel_signed_policy head;
	uint8_t blob[CORBEL_POLICY_MAX + 1];
} file;
static struct corbel_policy_request ask;

static void sign_file(const struct signer *signer)
{
	memcpy(file.head.key, signer->public, sizeof(file.head.key));
	sign_bytes(signer, &file.head, CORBEL_POLICY_SIGNED, file.head.signature);
}

static void make_file(uint32_t blob_len)
{
	memset(&file, 0, sizeof(file));
	memcpy(file.head.magic, CORBEL_SIGNED_MAGIC, sizeof(file.head.magic));
	for (uint32_t i = 0; i < blob_len; i++) {
		file.blob[i] = (uint8_t)(i * 11 + i / 253);
	}
	file.head.serial = 7;
	file.head.size = blob_len;
	sha256(file.blob, blob_len, file.head.digest);
	sign_file(&operator);
	ask.size = (uint32_t)sizeof(file.head) + blob_len;
}

static int setup(void **state)
{
	builder_setup(state);
	sim.kind = CORBEL_SESSION_POLICY;
	ask = (struct corbel_policy_request){.magic = CORBEL_POLICY_REQUEST_MAGIC, .confirm_s = 60};
	memset(ring_start.policy_key, 0, sizeof(ring_start.policy_key));
	memcpy(ring_start.policy_key[0], operator.digest, 32);
	make_file(BLOB_LEN);
	policy_file = (const uint8_t *)&file;
	return 0;
}

static int run(void)
{
	memcpy(encoded, &ask, sizeof(ask));
	encoded_len = sizeof(ask);
	return run_ring();
}

static void again(void)
{
	builder_teardown(NULL);
	setup(NULL);
}

static void refused(int error, const char *reason)
{
	check_ring_failed(run(), error, reason);
	assert_int_equal(sim.loaded, 0);
	assert_int_equal(sim.created, 0);
	again();
}

static void loads(uint32_t flags, uint32_t confirm_s)
{
	sim.standing = 5;
	sim.revoked = 3;
	assert_int_equal(run(), 0);
	assert_int_equal(sim.loaded, 1);
	assert_int_equal(sim.policy.size, file.head.size);
	assert_int_equal(sim.policy.flags, flags);
	assert_int_equal(sim.policy.serial, 7);
	assert_int_equal(sim.policy.confirm_s, confirm_s);
	assert_memory_equal(sim.blob, file.blob, file.head.size);
	assert_int_equal(sim_ring()->state, CORBEL_RING_done);
	assert_int_equal(sim_ring()->result, 0);
	assert_int_equal(sim_ring()->domid, 0);
	assert_int_equal(sim_ring()->standing, 5);
	assert_int_equal(sim_ring()->revoked, 3);
	assert_non_null(strstr(sim.log, flags & CORBEL_POLICY_CHECK ? "policy serial 7 checked"
								    : "policy serial 7 loaded"));
	assert_int_equal(sim.created, 0);
	again();
}

static void test_loaded(void **state)
{
	(void)state;
	peer_scribbles = 1;
	loads(0, 60);
	ask.flags = CORBEL_POLICY_REVOKE;
	loads(CORBEL_POLICY_REVOKE, 60);
	ask.flags = CORBEL_POLICY_CHECK;
	loads(CORBEL_POLICY_CHECK, 0);
	file.head.flags = CORBEL_POLICY_NO_ROLLBACK;
	sign_file(&operator);
	loads(CORBEL_POLICY_NO_ROLLBACK, 0);
	make_file(1);
	loads(0, 60);
	make_file(CORBEL_POLICY_MAX);
	loads(0, 60);
}

/* Two keys, so that one can be replaced. */
static void test_keys(void **state)
{
	(void)state;
	sign_file(&second);
	refused(XEN_EPERM, "policy: signed by a key that is not the operator's");
	memcpy(ring_start.policy_key[1], second.digest, 32);
	loads(0, 60);
	memcpy(ring_start.policy_key[1], second.digest, 32);
	sign_file(&second);
	loads(0, 60);
	memset(ring_start.policy_key, 0, sizeof(ring_start.policy_key));
	refused(XEN_EPERM, "policy: this host knows no operator's key (policy-key)");
	memcpy(file.head.key, second.public, 64); /* the operator's signature, another's key */
	refused(XEN_EPERM, "policy: signed by a key that is not the operator's");
	sign_file(&second);
	memcpy(file.head.key, operator.public, 64); /* and the other way round */
	refused(XEN_EPERM, "policy: the signature is not valid");
}

/* Every bit of the header, and one bit of some bytes of the blob. */
static void test_changed(void **state)
{
	uint8_t *bytes = (uint8_t *)&file.head;

	(void)state;
	for (size_t bit = 0; bit < sizeof(file.head) * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(run() < 0);
		assert_memory_equal(fail_reason, "policy: ", 8);
		assert_int_equal(sim.loaded, 0);
		again();
	}
	for (size_t at = 0; at < BLOB_LEN; at += 997) {
		file.blob[at] ^= 0x10;
		refused(XEN_EPERM, "policy: the blob is not the one signed");
	}
	file.head.serial++; /* a roll-back's reach: the number is signed */
	refused(XEN_EPERM, "policy: the signature is not valid");
	file.head.flags = CORBEL_POLICY_NO_ROLLBACK;
	refused(XEN_EPERM, "policy: the signature is not valid");
}

/* Signed, and still not as it must be. */
static void test_signed_nonsense(void **state)
{
	(void)state;
	file.head.serial = 0;
	sign_file(&operator);
	refused(XEN_EINVAL, "policy: serial 0, flags 0x0; must be above 0, of 0x1");
	file.head.flags = 3;
	sign_file(&operator);
	refused(XEN_EINVAL, "policy: serial 7, flags 0x3; must be above 0, of 0x1");
	file.head.size--;
	sign_file(&operator);
	refused(XEN_EINVAL, "policy: a blob of 20000 bytes, 19999 are signed");
	file.head.magic[0] = 'X';
	sign_file(&operator);
	refused(XEN_EINVAL, "policy: the file is no signed policy, its magic is wrong");
	ask.size--;
	refused(XEN_EINVAL, "policy: a blob of 19999 bytes, 20000 are signed");
}

static void test_bad_request(void **state)
{
	(void)state;
	ask.magic++;
	refused(XEN_EINVAL, "policy: request of 16 bytes, magic 0x4c504244; not 16, 0x4c504243");
	for (uint32_t bit = 1; bit != 0; bit <<= 1) {
		if ((bit & (CORBEL_POLICY_REVOKE | CORBEL_POLICY_CHECK)) == 0) {
			ask.flags = bit;
			assert_true(run() < 0);
			assert_memory_equal(fail_reason, "policy: flags ", 14);
			assert_int_equal(sim.loaded + sim.notified, 1); /* nothing was fetched */
			again();
		}
	}
	ask.size = sizeof(file.head);
	refused(XEN_EINVAL, "policy: a signed policy of 184 bytes, must be 185 to 131256");
	ask.size = sizeof(file.head) + CORBEL_POLICY_MAX + 1;
	refused(XEN_EINVAL, "policy: a signed policy of 131257 bytes, must be 185 to 131256");
	ask.confirm_s = 0;
	refused(XEN_EINVAL, "policy: 0 seconds to confirm, must be 1 to 3600");
	ask.confirm_s = 3601;
	refused(XEN_EINVAL, "policy: 3601 seconds to confirm, must be 1 to 3600");
	memcpy(encoded, &ask, sizeof(ask));
	encoded_len = sizeof(ask) - 1;
	check_ring_failed(run_ring(), XEN_EINVAL,
			  "policy: request of 15 bytes, magic 0x4c504243; not 16, 0x4c504243");
	again();
	use_elf(); /* a build's request in a policy session, and a policy's in a build */
	assert_int_equal(run_ring(), -XEN_EINVAL);
	assert_int_equal(sim.created + sim.loaded, 0);
	again();
	sim.kind = CORBEL_SESSION_BUILD;
	assert_int_equal(run(), -XEN_EINVAL);
	assert_memory_equal(fail_reason, "request: ", 9);
	assert_int_equal(sim.created + sim.loaded, 0);
}

static void test_bad_peer(void **state)
{
	(void)state;
	peer_gives_up = 1;
	refused(XEN_EIO, "ring: the requester gave up at byte 0 of file 3");
	peer_is_short = 1;
	refused(XEN_EINVAL, "ring: 12287 bytes answered where 12288 were asked");
}

/* What the hypervisor refuses is said in its words. */
static void test_refused_by_hypervisor(void **state)
{
	(void)state;
	sim.policy_result = 1;
	sim.policy_reason = "label system_u:system_r:tenant.t of domain 5 is not in it";
	sim.standing = 2;
	check_ring_failed(run(), XEN_EINVAL,
			  "policy: label system_u:system_r:tenant.t of domain 5 is not in it");
	assert_int_equal(sim_ring()->standing, 2);
	again();
	sim.policy_result = -XEN_EBUSY;
	check_ring_failed(run(), XEN_EBUSY,
			  "policy: another waits to be confirmed: refused (error 16)");
	again();
	sim.policy_result = -XEN_EINVAL;
	check_ring_failed(run(), XEN_EINVAL,
			  "policy: serial not above the one in force: refused (error 22)");
	again();
	sim.policy_result = -XEN_EPERM;
	check_ring_failed(run(), XEN_EPERM, "policy: not permitted (error 1)");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, builder_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_loaded),
		TEST(test_keys),
		TEST(test_changed),
		TEST(test_signed_nonsense),
		TEST(test_bad_request),
		TEST(test_bad_peer),
		TEST(test_refused_by_hypervisor),
	};

	signer_make(&operator);
	signer_make(&second);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
