/* SPDX-License-Identifier: MIT */
/*
 * Verb policy on a fake machine: what is refused before anybody is asked, sessions that end well
 * and badly, the list of standing uses, and the looks at what is in force.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/cli_host.h"
#include "measured-boot/shared/sha2.h"
#include "tools/corbel/corbel.h"
#include "tools/corbel/policy.h"
#include "tools/corbel/store.h"

#define SHOP  "system_u:system_r:shop.t"
#define STALL "system_u:system_r:stall.t"

/* The file that is loaded: as made by set_up(), or spoilt by a test. */
static struct {
	struct corbel_signed_policy header;
	uint8_t blob[4096] __attribute__((aligned(8)));
} file;
static char path[128];
static struct corbel_policy_request asked;

/* ---- builders ------------------------------------------------------------------------------ */

static void set_state(struct corbel_ring *ring, uint32_t state)
{
	__atomic_store_n(&ring->state, state, __ATOMIC_RELEASE);
	fake_builder_notify();
}

static void *fail_with(struct corbel_ring *ring, int error, const char *reason)
{
	ring->result = error;
	strncpy(ring->reason, reason, sizeof(ring->reason));
	set_state(ring, CORBEL_RING_failed);
	return NULL;
}

/* Takes the request and pulls the file in one piece; false if it is not what was written. */
static bool take(struct host_session *session, uint32_t which)
{
	struct corbel_ring *ring = session->ring;

	if (ring->magic != CORBEL_RING_MAGIC || ring->request_size != sizeof(asked)) {
		return false;
	}
	memcpy(&asked, ring->request, sizeof(asked));
	ring->instance = fake.info.builder_instance;
	ring->want_file = which;
	ring->want_offset = 0;
	ring->want_len = asked.size;
	__atomic_store_n(&ring->want_seq, 1, __ATOMIC_RELEASE);
	set_state(ring, CORBEL_RING_staging);
	while (__atomic_load_n(&ring->have_seq, __ATOMIC_ACQUIRE) != 1) {
		fake_builder_wait(1000);
		if (fake.closed) {
			return false;
		}
	}
	set_state(ring, CORBEL_RING_building);
	return ring->have_len == asked.size && asked.magic == CORBEL_POLICY_REQUEST_MAGIC &&
	       !memcmp(session->data, &file, asked.size);
}

static void add_standing(uint64_t time_ns, int32_t result, uint64_t uses)
{
	struct corbel_trace *record = fake_record(CORBEL_TRACE_standing, time_ns);

	record->subject = 2;
	record->object = 0;
	record->cls = XSM_CLASS_grant;
	record->perm = XSM_PERM_grant_map_write;
	record->subject_context = FAKE_SHOP;
	record->object_context = FAKE_DOM0;
	record->arg = uses;
	record->result = result;
}

/* As the hypervisor: records, then the switch, then what it says about itself. */
static void *good_builder(void *argument)
{
	struct corbel_ring *ring = ((struct host_session *)argument)->ring;

	if (!take(argument, CORBEL_FILE_policy)) {
		return fail_with(ring, -EINVAL, "wrong bytes");
	}
	pthread_mutex_lock(&fake.lock);
	add_standing(10, 0, 3);
	if (asked.flags & CORBEL_POLICY_REVOKE && !(asked.flags & CORBEL_POLICY_CHECK)) {
		add_standing(10, 1, 3);
		ring->revoked = 3;
	}
	if (!(asked.flags & CORBEL_POLICY_CHECK)) {
		fake_record(CORBEL_TRACE_policy, 11)->arg = file.header.serial;
		add_standing(12, 1, 9); /* of a roll-back later: not of this session */
		fake_policy(STALL, file.header.serial);
		fake.policy.switches++;
		fake.policy.seconds_left = asked.confirm_s;
	}
	pthread_mutex_unlock(&fake.lock);
	ring->standing = 3;
	set_state(ring, CORBEL_RING_done);
	return NULL;
}

static void *quiet_builder(void *argument)
{
	struct corbel_ring *ring = ((struct host_session *)argument)->ring;

	if (!take(argument, CORBEL_FILE_policy)) {
		return fail_with(ring, -EINVAL, "wrong bytes");
	}
	ring->standing = 2; /* not on record */
	set_state(ring, CORBEL_RING_done);
	return NULL;
}

static void *refusing_builder(void *argument)
{
	struct corbel_ring *ring = ((struct host_session *)argument)->ring;

	take(argument, CORBEL_FILE_policy);
	return fail_with(ring, -EPERM, "policy: the signature is not valid");
}

static void *curious_builder(void *argument)
{
	take(argument, CORBEL_FILE_kernel);
	return NULL;
}

/* The signal comes when all is done. */
static void *late_builder(void *argument)
{
	struct corbel_ring *ring = ((struct host_session *)argument)->ring;

	take(argument, CORBEL_FILE_policy);
	fake.policy.seconds_left = asked.confirm_s;
	kill(getpid(), SIGINT);
	usleep(50000);
	__atomic_store_n(&ring->state, CORBEL_RING_done, __ATOMIC_RELEASE);
	fake_builder_notify();
	return NULL;
}

/* ---- the file ------------------------------------------------------------------------------ */

static void write_policy(size_t size)
{
	FILE *out = fopen(path, "w");

	assert_int_equal(fwrite(&file, 1, size, out), size);
	assert_int_equal(fclose(out), 0);
}

static void write_whole(void)
{
	write_policy(sizeof(file.header) + file.header.size);
}

static int set_up(void **state)
{
	(void)state;
	fake_reset();
	scratch_make();
	fake_add(0, XEN_DOMINF_running);
	fake_add(2, XEN_DOMINF_blocked);
	fake.info.builder_instance = 3;
	memset(&file, 0, sizeof(file));
	memset(&asked, 0, sizeof(asked));
	memcpy(file.header.magic, CORBEL_SIGNED_MAGIC, sizeof(file.header.magic));
	file.header.serial = 7;
	file.header.size = fake_blob(file.blob, STALL);
	sha256(file.blob, file.header.size, file.header.digest);
	memset(file.header.key, 0x77, sizeof(file.header.key));
	policy_key_digest(file.header.key, fake.policy.key[1]);
	fake.policy.serial = fake.policy.previous = 6;
	fake.builder = good_builder;
	snprintf(path, sizeof(path), "%s/site.signed", store_root);
	write_whole();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_remove();
	fake_reset();
	return 0;
}

/* ---- expectations -------------------------------------------------------------------------- */

static void expect(struct run run, int code, const char *out, const char *err)
{
	if (run.code != code || !strstr(run.out, out) || !strstr(run.err, err)) {
		fail_msg("exit %d, `%s', said `%s'; not %d, `%s', `%s'", run.code, run.out, run.err,
			 code, out, err);
	}
	run_free(&run);
}
#define POLICY(...) RUN("corbel", "policy", __VA_ARGS__)
#define LOAD(...)   RUN("corbel", "policy", "load", path, __VA_ARGS__)
#define PLAIN_LOAD  RUN("corbel", "policy", "load", path)

#define USE "  2 - (" SHOP ") on 0 Domain-0 (system_u:system_r:dom0.t): grant:map_write, 3, "

static void test_load(void **state)
{
	(void)state;
	expect(PLAIN_LOAD, 0,
	       "standing uses that the new policy forbids: 3, of these revoked: 0\n" USE
	       "kept\npolicy ",
	       "");
	assert_int_equal(fake.session_kind, CORBEL_SESSION_POLICY);
	assert_int_equal(asked.flags, 0);
	assert_int_equal(asked.confirm_s, 60);
	expect(POLICY("confirm"), 0, ", serial 7, stays in force\n", "");
	assert_int_equal(fake.keep, 1);
	expect(PLAIN_LOAD, 1, "", "is refused: its serial 7 is not above 7, which is in force\n");
	file.header.serial++;
	write_whole();
	expect(LOAD("--revoke", "--confirm", "120"), 0,
	       ", serial 8, is in force\n"
	       "`corbel policy confirm' within 120 s keeps it; otherwise the policy before "
	       "returns\n",
	       "");
	assert_int_equal(asked.flags, CORBEL_POLICY_REVOKE);
	assert_int_equal(asked.confirm_s, 120);
	expect(POLICY("rollback"), 0, "is in force again\n", "");
	assert_int_equal(fake.keep, 0);
}

/* Revoked uses are listed once, although each is on record twice. */
static void test_revoke(void **state)
{
	(void)state;
	expect(LOAD("--revoke"), 0,
	       "standing uses that the new policy forbids: 3, of these revoked: 3\n" USE
	       "revoked\npolicy ",
	       "");
}

static void test_check(void **state)
{
	(void)state;
	expect(LOAD("--check", "--revoke", "--confirm", "5"), 0,
	       "could be loaded; nothing was changed\n",
	       "note: --confirm has no effect with --check");
	assert_int_equal(asked.flags, CORBEL_POLICY_CHECK);
	assert_int_equal(asked.confirm_s, 0);
	assert_int_equal(fake.policy.serial, 6);
	expect(LOAD("--check"), 0, USE "kept\n", "");
}

/* Signed as one that stays: nothing to confirm. */
static void test_stays(void **state)
{
	(void)state;
	file.header.flags = CORBEL_POLICY_NO_ROLLBACK;
	write_whole();
	expect(LOAD("--keep"), 0, ", serial 7, is in force and stays\n", "");
	assert_int_equal(asked.confirm_s, 0);
}

static void test_load_json(void **state)
{
	(void)state;
	expect(LOAD("--json"), 0,
	       "    \"serial\": 7,\n    \"standing\": 3,\n    \"revoked\": 0,\n    \"uses\": [\n"
	       "        {\n            \"subject\": 2,\n            \"subject_name\": \"-\",\n"
	       "            \"subject_label\": \"" SHOP "\",\n            \"object\": 0,\n"
	       "            \"object_name\": \"Domain-0\",\n"
	       "            \"object_label\": \"system_u:system_r:dom0.t\",\n"
	       "            \"permission\": \"grant:map_write\",\n            \"uses\": 3,\n"
	       "            \"revoked\": false\n        }\n    ],\n    \"confirm_seconds\": 60\n}\n",
	       "");
}

/* The trace cannot be read: the number stands, and that is said.  A number above the list's alone
 * is no loss. */
static void test_unlisted(void **state)
{
	(void)state;
	fake.builder = quiet_builder;
	expect(LOAD("--check"), 0, "forbids: 2,", "");
	fake.denied_op = CORBEL_OP_trace_read;
	expect(LOAD("--check"), 0, "forbids: 2,",
	       "cannot list the standing uses: not permitted: xen:trace\n");
}

static void test_bad_files(void **state)
{
	(void)state;
	expect(RUN("corbel", "policy", "load", "/nonexistent"), 2, "",
	       "corbel: /nonexistent: No such file or directory\n");
	expect(RUN("corbel", "policy", "load", "/dev/null"), 2, "", "not a regular file\n");
	write_policy(sizeof(file.header) - 1);
	expect(PLAIN_LOAD, 2, "", "not a signed policy (it does not begin with CORBPOL1)");
	write_policy(sizeof(file.header) + file.header.size - 1);
	expect(PLAIN_LOAD, 2, "", " bytes, but its header says ");
	write_policy(sizeof(file.header) + file.header.size + 1);
	expect(PLAIN_LOAD, 2, "", " bytes, but its header says ");
	file.blob[200] ^= 1;
	write_whole();
	expect(PLAIN_LOAD, 2, "", "damaged: the policy does not have the digest that was signed\n");
	sha256(file.blob, file.header.size, file.header.digest);
	write_whole();
	expect(PLAIN_LOAD, 2, "", "site.signed: policy: ");
	file.header.flags = 2;
	write_whole();
	expect(PLAIN_LOAD, 2, "", "unknown flags 0x2\n");
	file.header.serial = 0;
	write_whole();
	expect(PLAIN_LOAD, 2, "", "serial 0 is the boot policy's\n");
	file.header.size = CORBEL_POLICY_MAX + 1;
	write_policy(1000);
	expect(PLAIN_LOAD, 2, "", "a policy has 1 to 131072 bytes, this one 131073\n");
	file.header.magic[7] = '2';
	write_policy(1000);
	expect(PLAIN_LOAD, 2, "", "not a signed policy");
	assert_int_equal(asked.magic, 0); /* nobody was asked */
}

static void test_refused(void **state)
{
	(void)state;
	fake.policy.seconds_left = 9;
	expect(PLAIN_LOAD, 1, "", "serial 6 waits for its confirmation (9 s left)");
	fake.policy.seconds_left = 0;
	fake.policy.key[1][3] ^= 1;
	expect(PLAIN_LOAD, 1, "", ", which is no operator key of this host\n");
	memset(fake.policy.key, 0, sizeof(fake.policy.key));
	expect(PLAIN_LOAD, 1, "", "booted without an operator key (policy-key=)");
	assert_int_equal(asked.magic, 0);
	policy_key_digest(file.header.key, fake.policy.key[0]);
	fake.builder = refusing_builder;
	expect(PLAIN_LOAD, 1, "", "is refused: policy: the signature is not valid\n");
	fake.builder = curious_builder;
	expect(PLAIN_LOAD, 1, "", "of file 1, which are not there\n");
	fake.denied_op = CORBEL_OP_policy_request;
	expect(PLAIN_LOAD, 1, "", "cannot post the request: not permitted: security:load_policy\n");
	/* Who may load but not read still can. */
	fake.builder = good_builder;
	fake.denied_op = CORBEL_OP_policy_info;
	expect(PLAIN_LOAD, 0, "within 60 s keeps it",
	       "cannot compare with the policy in force: not permitted: security:read_policy\n");
}

static void test_interrupted(void **state)
{
	(void)state;
	fake.builder = late_builder;
	expect(PLAIN_LOAD, 1, "", "interrupted; the policy before is in force again\n");
	assert_int_equal(fake.keep, 0);
	expect(LOAD("--check"), 1, "", "interrupted; nothing was changed\n");
	file.header.flags = CORBEL_POLICY_NO_ROLLBACK;
	write_whole();
	expect(PLAIN_LOAD, 1, "", "interrupted; the policy is in force and stays\n");
}

static void test_decide(void **state)
{
	(void)state;
	expect(POLICY("confirm"), 1, "", "no policy waits for its confirmation\n");
	expect(POLICY("rollback"), 1, "", "no policy waits for its confirmation\n");
	fake.denied_op = CORBEL_OP_policy_confirm;
	expect(POLICY("confirm"), 1, "",
	       "cannot confirm the policy: not permitted: security:load_policy\n");
	expect(POLICY("rollback"), 1, "",
	       "cannot roll the policy back: not permitted: security:load_policy\n");
}

static void test_show(void **state)
{
	(void)state;
	memcpy(fake.policy.boot, fake.policy.digest, sizeof(fake.policy.boot));
	expect(POLICY("show"), 0, "serial                 : 6\nboot_policy            : yes\n", "");
	fake.policy.boot[0] ^= 1;
	fake.policy.seconds_left = 17;
	fake.policy.previous = 5;
	expect(POLICY("show", "--json"), 0,
	       "    \"contexts\": 7,\n    \"waits\": true,\n    \"seconds_left\": 17,\n"
	       "    \"previous_serial\": 5,\n    \"switches\": 0,\n    \"keys\": [\n        \"",
	       "");
	memset(fake.policy.key, 0, sizeof(fake.policy.key));
	expect(POLICY("show"), 0, "keys                   : -\n", "");
	fake.denied_op = CORBEL_OP_policy_info;
	expect(POLICY("show"), 1, "",
	       "cannot ask for the policy in force: not permitted: security:read_policy\n");
}

static void test_dump(void **state)
{
	char out[160];
	uint8_t read[sizeof(fake.blob)];
	FILE *dump;

	(void)state;
	snprintf(out, sizeof(out), "%s/dump", store_root);
	expect(POLICY("dump", "-o", out), 0, "", "");
	dump = fopen(out, "r");
	assert_non_null(dump);
	assert_int_equal(fread(read, 1, sizeof(read), dump), fake.policy.size);
	assert_memory_equal(read, fake.blob, fake.policy.size);
	fclose(dump);
	fake.switch_after_read = 1; /* between digest and bytes: read again */
	expect(POLICY("dump", "-o", out), 0, "", "");
	expect(POLICY("dump", "-o", "/nonexistent/x"), 1, "",
	       "cannot write /nonexistent/x: No such");
	expect(POLICY("dump", "-o", "/dev/full"), 1, "", "cannot write /dev/full: No space");
	fake.blob_is_another = true;
	expect(POLICY("dump", "-o", out), 1, "", "its digest is another\n");
	fake.blob_is_another = false;
	fake.policy.size = CORBEL_POLICY_MAX + 1;
	expect(POLICY("dump", "-o", out), 1, "", "names a policy of 131073 bytes\n");
	fake.denied_op = CORBEL_OP_policy_read;
	fake.policy.size = 8;
	expect(POLICY("dump", "-o", out), 1, "",
	       "cannot read the policy in force: not permitted: security:read_policy\n");
}

static void test_counters(void **state)
{
	(void)state;
	fake.counters[FAKE_SHOP][XSM_CLASS_event][XSM_PERM_event_send].allowed = 70;
	fake.counters[FAKE_SHOP][XSM_CLASS_event][XSM_PERM_event_send].denied = 1;
	fake.counters[FAKE_UNLABELED][XSM_CLASS_build][0].denied = 5;
	expect(POLICY("counters"), 0,
	       "Security Label                           Permission                    Allowed "
	       "      Denied\n" SHOP "                 event:send                         70"
	       "            1\n"
	       "system_u:system_r:unlabeled.t            build:build                         0"
	       "            5\n",
	       "");
	expect(POLICY("counters", "--json"), 0,
	       "[\n    {\n        \"context\": \"" SHOP "\",\n"
	       "        \"permission\": \"event:send\",\n        \"allowed\": 70,\n"
	       "        \"denied\": 1\n    },\n",
	       "");
	fake.switch_after_read = 2; /* while the counters are read: all again, new names */
	expect(POLICY("counters"), 0, STALL " ", "");
	fake.denied_op = CORBEL_OP_policy_counters;
	expect(POLICY("counters"), 1, "",
	       "cannot read the counters: not permitted: security:read_policy\n");
}

static void test_usage(void **state)
{
	(void)state;
	expect(POLICY("load", "--help"), 0, "--confirm SECONDS", "");
	expect(RUN("corbel", "policy", "-h"), 0, "Example: corbel policy load", "");
	expect(RUN("corbel", "policy"), 2, "Usage: corbel", "requires at least 1 argument");
	expect(POLICY("lode"), 2, "", "`lode' is neither load, confirm");
	expect(POLICY("load"), 2, "Usage: corbel", "one FILE is needed");
	expect(LOAD("more"), 2, "", "one FILE is needed");
	expect(LOAD("--revoke", "--keep"), 2, "", "either --revoke or --keep");
	expect(LOAD("--confirm", "0"), 2, "", "--confirm needs 1 to 3600 seconds, not `0'");
	expect(LOAD("--confirm", "3601"), 2, "", "not `3601'");
	expect(LOAD("--confirm", "1m"), 2, "", "not `1m'");
	expect(LOAD("--wrong"), 2, "Usage: corbel", "");
	expect(POLICY("confirm", "7"), 2, "", "policy confirm: `7' is too much");
	expect(POLICY("confirm", "--json"), 2, "Usage: corbel", "");
	expect(POLICY("show", "x"), 2, "", "policy show: `x' is too much");
	expect(POLICY("counters", "-x"), 2, "Usage: corbel", "");
	expect(POLICY("dump"), 2, "", "policy dump: needs -o FILE\n");
	expect(POLICY("dump", "-o", "a", "b"), 2, "", "needs -o FILE and nothing else\n");
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_load),      T(test_revoke),      T(test_check),     T(test_stays),
		T(test_load_json), T(test_unlisted),    T(test_bad_files), T(test_refused),
		T(test_decide),    T(test_interrupted), T(test_show),      T(test_dump),
		T(test_counters),  T(test_usage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
