/* SPDX-License-Identifier: MIT */
/*
 * Verb trace on a fake machine: lines, JSON, several CPUs, lost records, names across a switch of
 * policies, following, and the text form for other tools.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/cli_host.h"
#include "tools/corbel/corbel.h"
#include "tools/corbel/guest.h"
#include "tools/corbel/names.h"
#include "tools/corbel/store.h"

#define SECOND 1000000000ull

static int set_up(void **state)
{
	static struct guest guest;

	(void)state;
	fake_reset();
	scratch_make();
	fake_add(0, XEN_DOMINF_running);
	fake_add(2, XEN_DOMINF_blocked);
	strcpy(guest.request.name, "demo");
	memset(guest.request.uuid, 2, 16);
	strcpy(guest.request.label, "system_u:system_r:shop.t");
	strcpy(guest.kernel, "/boot/vmlinuz");
	guest.request.memory_mib = 128;
	guest.request.vcpus = 1;
	guest.request.weight = 256;
	return store_pending(&guest) || store_commit(&guest, 2);
}

static int tear_down(void **state)
{
	(void)state;
	scratch_remove();
	fake_reset();
	return 0;
}

static void expect(struct run run, int code, const char *out, const char *err)
{
	assert_string_equal(run.out, out);
	if (!strstr(run.err, err) || (!*err && *run.err)) {
		fail_msg("said `%s', not `%s'", run.err, err);
	}
	assert_int_equal(run.code, code);
	run_free(&run);
}
#define TRACE(...) RUN("corbel", "trace", __VA_ARGS__)

/* d0 is refused something on d2. */
static struct corbel_trace *add_denied(uint64_t time_ns)
{
	struct corbel_trace *record = fake_record(CORBEL_TRACE_denied, time_ns);

	record->subject = 0;
	record->object = 2;
	record->call = CALL(36, 13);
	record->result = -EPERM;
	record->cls = XSM_CLASS_domain;
	record->perm = XSM_PERM_domain_getvcpucontext;
	record->relation = XSM_RELATION_UNDER;
	record->subject_context = FAKE_DOM0;
	record->object_context = FAKE_SHOP;
	return record;
}

static void add_switch(uint64_t time_ns, int32_t result, uint64_t serial)
{
	struct corbel_trace *record = fake_record(CORBEL_TRACE_policy, time_ns);

	record->result = result;
	record->arg = serial;
}

#define DENIED(time, object)                                                                       \
	"[     " time "] denied    d0(Domain-0):dom0.t -> d2(demo):" object                        \
	" domctl_getvcpu domain:getvcpucontext [under] = -EPERM (-1)\n"

static void test_names(void **state)
{
	char name[64];

	(void)state;
	call_name(CALL(20, 0), name, sizeof(name));
	assert_string_equal(name, "grant_map");
	call_name(CALL(36, 99), name, sizeof(name));
	assert_string_equal(name, "domctl.99");
	call_name(CALL(99, 1), name, sizeof(name));
	assert_string_equal(name, "99.1");
	permission_name(0, 0, name, sizeof(name));
	assert_string_equal(name, "xen:settime");
	permission_name(2, 1, name, sizeof(name));
	assert_string_equal(name, "mmu:map_write");
	permission_name(2, 6, name, sizeof(name)); /* one behind the last of the class */
	assert_string_equal(name, "mmu:6");
	permission_name(2, 255, name, sizeof(name));
	assert_string_equal(name, "mmu:255");
	permission_name(77, 1, name, sizeof(name));
	assert_string_equal(name, "77:1");
	call_reason(-EPERM, CALL_CORBEL(CORBEL_OP_policy_read), name, sizeof(name));
	assert_string_equal(name, "not permitted: security:read_policy");
	call_reason(-EPERM, CALL_CORBEL(CORBEL_OP_policy_confirm), name, sizeof(name));
	assert_string_equal(name, "not permitted: security:load_policy");
	call_reason(-EPERM, CALL(99, 1), name, sizeof(name));
	assert_string_equal(name, "Operation not permitted");
	call_reason(-ENOSYS, CALL_CORBEL(CORBEL_OP_policy_read), name, sizeof(name));
	assert_string_equal(name, "this hypervisor does not have the call");
}

static void test_lines(void **state)
{
	struct corbel_trace *record;

	(void)state;
	add_denied(1500000000);
	record = fake_record(CORBEL_TRACE_state, 2000001000);
	record->object = 2;
	record->arg = CORBEL_DOM_running;
	record = fake_record(CORBEL_TRACE_build, 3 * SECOND);
	record->subject = 1;
	record->object = 7; /* gone by now */
	record->arg = CORBEL_STEP_ended;
	record->result = CORBEL_STUB_TRAPPED;
	record = fake_record(CORBEL_TRACE_audited, 4 * SECOND);
	record->subject = 2;
	record->call = CALL(17, 0);
	record->cls = XSM_CLASS_version;
	record->relation = XSM_RELATION_OVER;
	record->subject_context = FAKE_SHOP;
	record->object_context = FAKE_HYPERVISOR;
	record = fake_record(CORBEL_TRACE_standing, 5 * SECOND);
	record->subject = 2;
	record->object = 0;
	record->cls = XSM_CLASS_grant;
	record->relation = XSM_RELATION_OVER;
	record->perm = XSM_PERM_grant_map_write;
	record->subject_context = FAKE_SHOP;
	record->object_context = FAKE_DOM0;
	record->arg = 3;
	record->result = 1;
	record = fake_record(CORBEL_TRACE_denied, 6 * SECOND); /* a call that nobody has */
	record->subject = 2;
	record->vcpu = 1;
	record->call = CALL(37, 4);
	record->result = -EPERM;
	record->cls = XSM_CLASS_xen;
	record->perm = XSM_PERM_xen_platform;
	expect(TRACE("--since", "1"), 0,
	       DENIED("1.500000",
		      "shop.t") "[     2.000001] state     hypervisor -> d2(demo) running\n"
				"[     3.000000] build     d1 -> d7 unpacker-ended trapped\n"
				"[     4.000000] audited   d2(demo):shop.t -> hypervisor:hypervisor.t version "
				"version:xen_version [over]\n"
				"[     5.000000] standing  d2(demo):shop.t -> d0(Domain-0):dom0.t "
				"grant:map_write [over] uses=3 revoked\n"
				"[     6.000000] denied    d2(demo) v1 -> hypervisor kexec.4 xen:platform "
				"= -EPERM (-1)\n",
	       "");
	expect(TRACE("--since", "6"), 0,
	       "[     6.000000] denied    d2(demo) v1 -> hypervisor kexec.4 xen:platform "
	       "= -EPERM (-1)\n",
	       "");
}

static void test_json(void **state)
{
	(void)state;
	add_denied(1500000000)->cpu = 0;
	expect(TRACE("--json"), 0,
	       "{\"seq\":1,\"cpu\":0,\"time_ns\":1500000000,\"kind\":\"denied\",\"subject\":0,"
	       "\"object\":2,\"vcpu\":0,\"call\":\"domctl_getvcpu\",\"number\":36,\"sub\":13,"
	       "\"permission\":\"domain:getvcpucontext\",\"subject_name\":\"Domain-0\","
	       "\"subject_label\":\"system_u:system_r:dom0.t\",\"object_name\":\"demo\","
	       "\"object_label\":\"system_u:system_r:shop.t\",\"relation\":\"under\","
	       "\"result\":-1,\"error\":\"EPERM\",\"arg\":0}\n",
	       "");
}

/* Each CPU counts its own; lines come in order of time; more than one batch; all that is lost. */
static void test_cpus(void **state)
{
	struct run run;
	char *line;
	unsigned lines = 0;
	double last = 0;

	(void)state;
	fake.cpus = 2;
	for (unsigned i = 0; i < 200; i++) {
		add_denied((i % 100) * 2 * SECOND + (i / 100) * SECOND);
		fake.trace[i].cpu = (uint8_t)(i / 100);
		fake.trace[i].seq = i % 100 + (i < 100 ? 1 : 11); /* ten of the second are lost */
	}
	run = RUN("corbel", "trace");
	assert_int_equal(run.code, 0);
	assert_string_equal(run.err, "10 records were lost\n");
	for (line = run.out; *line; line = strchr(line, '\n') + 1) {
		double at = strtod(line + 1, NULL);

		assert_true(at >= last);
		last = at;
		lines++;
	}
	assert_int_equal(lines, 200);
	run_free(&run);
	fake.trace[50].seq = 1; /* goes back */
	run = RUN("corbel", "trace");
	assert_int_equal(run.code, 1);
	run_free(&run);
}

/* Numbers of contexts mean something in their own policy only. */
static void test_switch(void **state)
{
	(void)state;
	add_denied(1 * SECOND);
	add_switch(2 * SECOND, CORBEL_SWITCH_loaded, 1);
	add_denied(3 * SECOND);
	add_switch(4 * SECOND, CORBEL_SWITCH_confirmed, 1);
	fake.policy.switches = 1;
#define UNKNOWN                                                                                    \
	"[     1.000000] denied    d0(Domain-0):unknown -> d2(demo):unknown domctl_getvcpu "       \
	"domain:getvcpucontext [under] = -EPERM (-1)\n"
#define LOADED    "[     2.000000] policy    hypervisor -> hypervisor loaded serial=1\n"
#define CONFIRMED "[     4.000000] policy    hypervisor -> hypervisor confirmed serial=1\n"
	expect(RUN("corbel", "trace"), 0, UNKNOWN LOADED DENIED("3.000000", "shop.t") CONFIRMED,
	       "");
	/* The record of the switch is lost, and with it all that is older on that CPU. */
	fake.trace[0].cpu = 1;
	fake.trace[1].cpu = 7; /* no such CPU: as good as overwritten */
	fake.trace[2].seq = 3;
	fake.trace[3].seq = 4;
	fake.cpus = 2;
	expect(RUN("corbel", "trace"), 0, UNKNOWN DENIED("3.000000", "shop.t") CONFIRMED,
	       "2 records were lost\n");
}

static void test_no_policy(void **state)
{
	(void)state;
	add_denied(1 * SECOND);
	fake.denied_op = CORBEL_OP_policy_info;
	expect(RUN("corbel", "trace"), 0,
	       "[     1.000000] denied    d0(Domain-0):#2 -> d2(demo):#4 domctl_getvcpu "
	       "domain:getvcpucontext [under] = -EPERM (-1)\n",
	       "corbel: cannot ask for the policy in force: not permitted: security:read_policy; "
	       "labels are shown as numbers\n");
	fake.denied_op = 0;
	fake.blob_is_another = true;
	expect(RUN("corbel", "trace", "--export"), 1, "",
	       "corbel: what was read is not the policy in force: its digest is another\n");
	fake.denied_op = CORBEL_OP_trace_read;
	expect(RUN("corbel", "trace"), 1, "",
	       "corbel: cannot read the trace: not permitted: xen:trace\n");
}

/* What happens while somebody follows. */
static void *life(void *argument)
{
	(void)argument;
	usleep(300000);
	pthread_mutex_lock(&fake.lock);
	add_denied(2 * SECOND);
	add_switch(3 * SECOND, CORBEL_SWITCH_loaded, 5);
	add_denied(4 * SECOND);
	fake_policy("system_u:system_r:stall.t", 5);
	fake.policy.switches = 1;
	pthread_mutex_unlock(&fake.lock);
	usleep(500000);
	kill(getpid(), SIGINT);
	return NULL;
}

static void test_follow(void **state)
{
	pthread_t thread;
	struct run run;

	(void)state;
	add_denied(1 * SECOND);
	pthread_create(&thread, NULL, life, NULL);
	run = RUN("corbel", "trace", "-f");
	pthread_join(thread, NULL);
	expect(run, 0,
	       DENIED("1.000000", "shop.t")
		       DENIED("2.000000", "shop.t") "[     3.000000] policy    hypervisor -> hypervisor loaded serial=5\n" DENIED(
			       "4.000000", "stall.t"),
	       "");
}

/* The reader of the pipe goes: no word about it, no failure, and no waiting for the next record. */
static void test_pipe(void **state)
{
	char *words[] = {"corbel", "trace", "-f", NULL};
	FILE *saved = stdout, *out;
	int ends[2], code;

	(void)state;
	for (unsigned records = 0; records < 2; records++) {
		assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
		out = fdopen(ends[1], "w");
		close(ends[0]);
		stdout = out;
		optind = 0;
		code = tool_main(3, words);
		stdout = saved;
		fclose(out);
		assert_int_equal(code, 0);
		add_denied(1 * SECOND);
	}
}

static void test_export(void **state)
{
	char expected[1024], digest[65];

	(void)state;
	for (int i = 0; i < CORBEL_DIGEST_LEN; i++) {
		sprintf(digest + 2 * i, "%02x", fake.policy.digest[i]);
	}
	add_denied(1 * SECOND);
	add_switch(2 * SECOND, CORBEL_SWITCH_rolledback, 0);
	add_denied(3 * SECOND);
	add_denied(4 * SECOND)->relation = XSM_RELATION_OVER;
	add_denied(5 * SECOND);
	add_denied(6 * SECOND)->kind = CORBEL_TRACE_audited;
	add_denied(7 * SECOND)->relation = 0xff; /* decided by no policy */
	fake.policy.switches = 1;
	fake.counters[FAKE_SHOP][XSM_CLASS_event][XSM_PERM_event_send].allowed = 70;
	fake.counters[FAKE_DOM0][XSM_CLASS_domain][XSM_PERM_domain_pause].denied = 2;
	fake.counters[FAKE_DOM0][XSM_CLASS_domain][31].denied = 9; /* no such permission */
	snprintf(expected, sizeof(expected),
		 "corbel-trace 1 %s\n"
		 "# 2 records are left out: of an earlier policy, or of calls that no policy "
		 "decides\n"
		 "denied %s over domain getvcpucontext 1\n"
		 "denied %s under domain getvcpucontext 2\n"
		 "audited %s under domain getvcpucontext 1\n"
		 "refused system_u:system_r:dom0.t domain pause 2\n"
		 "allowed system_u:system_r:shop.t event send 70\n",
		 digest, "system_u:system_r:dom0.t system_u:system_r:shop.t",
		 "system_u:system_r:dom0.t system_u:system_r:shop.t",
		 "system_u:system_r:dom0.t system_u:system_r:shop.t");
	expect(TRACE("--export"), 0, expected, "");
	fake.denied_op = CORBEL_OP_policy_counters;
	expect(TRACE("--export"), 1, "",
	       "cannot read the counters: not permitted: security:read_policy\n");
	fake.denied_op = CORBEL_OP_trace_read;
	expect(TRACE("--export"), 1, "", "cannot read the trace: not permitted: xen:trace\n");
}

static void expect_usage(struct run run, const char *err)
{
	assert_int_equal(run.code, 2);
	if (!strstr(run.err, err)) {
		fail_msg("said `%s', not `%s'", run.err, err);
	}
	run_free(&run);
}

static void test_usage(void **state)
{
	struct run run = TRACE("--help");

	(void)state;
	assert_int_equal(run.code, 0);
	assert_non_null(strstr(run.out, "Example: corbel trace -f"));
	run_free(&run);
	expect_usage(TRACE("--since", "x"), "--since needs a record number, not `x'");
	expect_usage(TRACE("--since", "-1"), "--since needs a record number, not `-1'");
	expect_usage(TRACE("--since", ""), "--since needs a record number");
	expect_usage(TRACE("word"), "trace: `word' is too much");
	expect_usage(TRACE("-f", "--export"), "--export goes with no other option");
	expect_usage(TRACE("--wrong"), "");
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_names),     T(test_lines),  T(test_json), T(test_cpus),   T(test_switch),
		T(test_no_policy), T(test_follow), T(test_pipe), T(test_export), T(test_usage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
