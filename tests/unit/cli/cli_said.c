/* SPDX-License-Identifier: MIT */
/*
 * What the CLI says, word for word, where its user would otherwise look for a fault at the wrong
 * place: a list that is whole, consoles that a policy ends, refusals that a policy on trial or a
 * missing owner explains.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/cli_drainer.h"
#include "cli/cli_host.h"
#include "measured-boot/shared/sha2.h"
#include "tools/corbel/consoled.h"
#include "tools/corbel/corbel.h"
#include "tools/corbel/policy.h"
#include "tools/corbel/store.h"

static char path[128];

static int set_up(void **state)
{
	int ret = drainer_set_up(state);

	fake.info.builder_instance = 3;
	return ret;
}

static void expect(struct run run, int code, const char *out, const char *err)
{
	if (run.code != code || !strstr(run.out, out) || strcmp(run.err, err) != 0) {
		fail_msg("exit %d, `%s', said `%s'; not %d, `%s', `%s'", run.code, run.out, run.err,
			 code, out, err);
	}
	run_free(&run);
}

/* ---- a policy's standing uses -------------------------------------------------------------- */

#define LOAD(...) RUN("corbel", "policy", "load", path, __VA_ARGS__)

static unsigned counted, lose;

static void add_use(unsigned subject, unsigned object, unsigned class, unsigned perm)
{
	struct corbel_trace *record = fake_record(CORBEL_TRACE_standing, 10);

	record->seq += lose;
	record->subject = (uint16_t)subject;
	record->object = (uint16_t)object;
	record->cls = (uint8_t) class;
	record->perm = (uint8_t)perm;
	record->arg = 1;
}

/* Finds more than it has records for, as where both ends forbid the same channel. */
static void *counting_builder(void *argument)
{
	struct corbel_ring *ring = ((struct host_session *)argument)->ring;

	pthread_mutex_lock(&fake.lock);
	add_use(0, 2, XSM_CLASS_grant, XSM_PERM_grant_map_ring);
	lose = 0;
	add_use(0, 2, XSM_CLASS_event, XSM_PERM_event_send);
	add_use(2, 0, XSM_CLASS_grant, XSM_PERM_grant_map_write);
	add_use(3, 2, XSM_CLASS_grant, XSM_PERM_grant_map_write);
	pthread_mutex_unlock(&fake.lock);
	ring->instance = fake.info.builder_instance;
	ring->standing = (uint32_t)counted;
	__atomic_store_n(&ring->state, CORBEL_RING_done, __ATOMIC_RELEASE);
	fake_builder_notify();
	return NULL;
}

static void write_policy(void)
{
	static uint8_t blob[4096] __attribute__((aligned(8)));
	struct corbel_signed_policy header = {.serial = 7};
	FILE *out;

	memcpy(header.magic, CORBEL_SIGNED_MAGIC, sizeof(header.magic));
	header.size = fake_blob(blob, "system_u:system_r:stall.t");
	sha256(blob, header.size, header.digest);
	policy_key_digest(header.key, fake.policy.key[0]);
	snprintf(path, sizeof(path), "%s/site.signed", store_root);
	out = fopen(path, "w");
	assert_non_null(out);
	assert_int_equal(fwrite(&header, sizeof(header), 1, out), 1);
	assert_int_equal(fwrite(blob, header.size, 1, out), 1);
	assert_int_equal(fclose(out), 0);
	fake.builder = counting_builder;
}

static void test_nothing_lost(void **state)
{
	(void)state;
	write_policy();
	fake_record(CORBEL_TRACE_denied, 1)->seq = 40; /* 39 are gone since boot: no matter */
	counted = 5;
	expect(LOAD("--check"), 0, "forbids: 5,", "");
	counted = 4;
	expect(LOAD("--check"), 0, "forbids: 4,", "");
}

static void test_lost(void **state)
{
	(void)state;
	write_policy();
	fake_record(CORBEL_TRACE_denied, 1);
	counted = 8;
	lose = 5;
	expect(LOAD("--check"), 0, "forbids: 8,",
	       "corbel: the list may not be whole: the trace has lost 5 records meanwhile\n");
}

static void test_console_ends(void **state)
{
	struct run run;

	(void)state;
	write_policy();
	fake_add(2, XEN_DOMINF_blocked);
	strcpy(fake.domains[2].launch.record.label, "system_u:system_r:tenant.t");
	counted = 4;
	run = LOAD("--check", "--revoke");
	assert_non_null(strstr(run.out, "grant:map_ring, 1, kept\n    its console and its "
					"store connection end\n  0 "));
	assert_non_null(strstr(run.out, "event:send, 1, kept\n  2 "));
	assert_non_null(strstr(run.out, "grant:map_write, 1, kept\n  3 "));
	assert_non_null(strstr(run.out, "grant:map_write, 1, kept\npolicy "));
	run_free(&run);
	expect(LOAD("--check"), 0, "    its console and its store connection end with --revoke\n",
	       "");
	run = LOAD("--keep");
	assert_null(strstr(run.out, "its console and"));
	run_free(&run);
}

/* ---- keys ---------------------------------------------------------------------------------- */

static void test_fact_keys(void **state)
{
	(void)state;
	expect(RUN("corbel", "policy", "show", "--json"), 0, "\"keys\": [\n\n    ]\n}\n", "");
	memset(fake.policy.key, 0xab, sizeof(fake.policy.key));
	fake.policy.key[1][0] = 0xcd;
#define AB31 "abababababababababababababababababababababababababababababababab"
	expect(RUN("corbel", "policy", "show", "--json"), 0,
	       "    \"keys\": [\n        \"" AB31 "\",\n        \"cdabab", "");
	expect(RUN("corbel", "policy", "show"), 0, "keys                   : " AB31 " cdabab", "");
}

/* ---- facts -------------------------------------------------------------------------------- */

/* KEY holds for JSON too; one that no key begins with is an error. */
static void test_keys(void **state)
{
	(void)state;
	fake.info.free_frames = 1234;
	expect(RUN("corbel", "host", "--json", "free"), 0,
	       "{\n    \"free_frames\": 1234,\n    \"freed_count\": 0\n}\n", "");
	expect(RUN("corbel", "info", "free_c", "--json"), 0, "{\n    \"free_cpus\": 0\n}\n", "");
	expect(RUN("corbel", "info", "zzz"), EXIT_USAGE, "",
	       "corbel: info: no key begins with `zzz'\n");
	expect(RUN("corbel", "info", "zzz", "--json"), EXIT_USAGE, "",
	       "corbel: info: no key begins with `zzz'\n");
}

/* Record 0 is the boot's: nobody is shown it as his own. */
static void test_log_index(void **state)
{
	(void)state;
	fake_add(2, XEN_DOMINF_running);
	expect(RUN("corbel", "launch", "2"), 0, "\nlog_index              : none\n", "");
	expect(RUN("corbel", "launch", "2", "--json"), 0, "    \"log_index\": null,\n", "");
	fake.domains[1].launch.launch = fake.domains[2].launch.launch = 6;
	expect(RUN("corbel", "launch", "2"), 0, "\nlog_index              : 6\n", "");
	expect(RUN("corbel", "launch", "99"), EXIT_ERROR, "",
	       "corbel: cannot read the launch record of domain 99: no such domain\n");
}

/* ---- refusals of create -------------------------------------------------------------------- */

static const char *reason;
static int error;

static void *failing_builder(void *argument)
{
	struct corbel_ring *ring = ((struct host_session *)argument)->ring;

	ring->result = error;
	ring->instance = fake.info.builder_instance;
	strncpy(ring->reason, reason, sizeof(ring->reason));
	__atomic_store_n(&ring->state, CORBEL_RING_failed, __ATOMIC_RELEASE);
	fake_builder_notify();
	return NULL;
}

static void refuse(int with, const char *why, const char *said)
{
	char kernel[160], err[400];
	FILE *out;

	snprintf(path, sizeof(path), "%s/kernel", store_root);
	out = fopen(path, "w");
	fputs("kernel", out);
	fclose(out);
	snprintf(kernel, sizeof(kernel), "kernel='%s'", path);
	snprintf(err, sizeof(err), "corbel: cannot create shop: %s\n%s", why, said);
	reason = why;
	error = with;
	fake.builder = failing_builder;
	expect(RUN("corbel", "create", "-q", "/dev/null", "name='shop'", kernel, "memory=8"),
	       EXIT_BUILD, "", err);
}

static void test_hints(void **state)
{
	(void)state;
	refuse(-EBUSY, "create: refused (error 16)",
	       "the launch log is full of records that nobody has stored: does `corbel logd' run?\n");
	refuse(-EPERM, "policy: older than the owner's manifest allows: not permitted (error 1)",
	       "the owner's manifest asks for policy serial 0 or later; `corbel policy show' says "
	       "what is in force\n");
	refuse(-EPERM, "owner: the manifest asks for builder 2, this is 1",
	       "the owner does not want his domain built by this host's builder; it comes with the "
	       "host image\n");
	fake.policy.seconds_left = 9;
	refuse(-EBUSY, "create: refused (error 16)",
	       "a policy waits for its confirmation, and the one before has no such label: "
	       "`corbel policy confirm' first\n");
	refuse(-EPERM, "seal: the label may need an owner's manifest: not permitted (error 1)",
	       "make one with corbel-sign and name it as owner_manifest\n");
	refuse(-EPERM, "seal: not permitted (error 1)", "");
	refuse(-EBUSY, "vcpu: refused (error 16)", "");
	refuse(-ENOENT, "create: not known to the policy (error 2)", "");
}

/* ---- a console that is taken away ---------------------------------------------------------- */

static void told(int fd, const char *what)
{
	char text[4096];

	drainer_settle();
	client_reads(fd, text, sizeof(text));
	if (!strstr(text, what) || strstr(text, "broke")) {
		fail_msg("told `%s', not `%s'", text, what);
	}
	close(fd);
}

static struct xencons_interface *drained(const char *text)
{
	struct fake_domain *domain = fake_add(2, XEN_DOMINF_blocked);

	domain->page = calloc(1, 4096);
	memcpy(domain->page->out, text, strlen(text));
	domain->page->out_prod = (uint32_t)strlen(text);
	consoles_scan();
	assert_int_equal(domain->maps, 1);
	return domain->page;
}

static void test_taken_away(void **state)
{
	struct xencons_interface *page = drained("some words");
	int fd = client_connect("attach 2\n");

	(void)state;
	consoles_tick();
	assert_int_equal(consoles_find(2)->state, CONSOLE_live);
	memset(page, 0, 4096);
	consoles_tick(); /* no event comes any more */
	assert_int_equal(fake.domains[2].maps, 0);
	told(fd, "the console was taken away (policy), closed");
	told(client_connect("attach 2\n"), "error: closed, the console was taken away (policy)\n");
}

/* One that was never used is as it was. */
static void test_unused(void **state)
{
	struct xencons_interface *page = drained("");

	(void)state;
	memset(page, 0, 4096);
	consoles_tick();
	assert_int_equal(consoles_find(2)->state, CONSOLE_live);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, drainer_tear_down)

/* ---- a domain's devices ---------------------------------------------------------------------- */

static void test_devices(void **state)
{
	struct corbel_log_launch *record = &fake.domains[2].launch.record;

	(void)state;
	fake_add(2, XEN_DOMINF_running);
	expect(RUN("corbel", "pci-list", "2"), 0, "", "");
	expect(RUN("corbel", "launch", "2"), 0, "devices                : -\n", "");
	record->device_count = 2;
	record->devices[0] = 0x20;
	record->devices[1] = 0x3aff;
	expect(RUN("corbel", "pci-list", "2"), 0,
	       "Vdev Device\n01.0 0000:00:04.0\n02.0 0000:3a:1f.7\n", "");
	expect(RUN("corbel", "launch", "2"), 0, "devices                : 00:04.0 3a:1f.7\n", "");
	record->device_count = 0xFFFFFFFF; /* the hypervisor would never */
	expect(RUN("corbel", "pci-list", "2"), 0, "20.0 0000:00:00.0\n", "");
	expect(RUN("corbel", "pci-list", "7"), 1, "",
	       "corbel: cannot read the launch record of domain 7: no such domain\n");
	expect(RUN("corbel", "pci-list", "nobody"), 1, "",
	       "nobody is an invalid domain identifier (rc=-6)\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_nothing_lost), T(test_lost),      T(test_console_ends), T(test_fact_keys),
		T(test_keys),         T(test_log_index), T(test_hints),        T(test_taken_away),
		T(test_unused),       T(test_devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
