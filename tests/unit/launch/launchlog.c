/* SPDX-License-Identifier: MIT */
/*
 * The launch log on the simulated machine: every record byte for byte, when it is written and when
 * not, and the checkpoint, whose root is compared with one that is computed from the records alone.
 * The ring is launchlog_ring.c's.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "launch/build.h"
#include "base/host.h"
#include "launch/policy.h"
#include "launch/launchlog_calls.h"
#include "measured-boot/image/measure.h"
#include <xen/errno.h>

/* ---- boot and launch ----------------------------------------------------------------------- */

static void boot_and_dom0(void **state)
{
	struct corbel_log_record r = expected_record(0, CORBEL_LOG_boot, CORBEL_LOG_NONE);

	(void)state;
	assert_int_equal(log_keep(), 2);
	r.instance = 0;
	memset(r.policy, 0, sizeof(r.policy)); /* of a machine that has none yet */
	r.body.boot = (struct corbel_log_boot){.hypervisor_svn = CORBEL_HYPERVISOR_SVN,
					       .builder_svn = host.builder_svn,
					       .tpm_error = MEASURE_ERR_no_tpm};
	strcpy(r.body.boot.version, HOST_VERSION);
	r.host_flags = kept[0].host_flags; /* set up since */
	check_record(&r);

	r = expected_record(1, CORBEL_LOG_launch, CORBEL_DOMID_DOM0);
	r.instance = 1;
	r.body.launch = (struct corbel_log_launch){
		.label = DOM0_LABEL, .memory_pages = 2048, .vcpus = 2, .weight = 256};
	memset(r.body.launch.kernel, 0x55, 32);
	check_record(&r);
	assert_int_equal(dom0->launch.index, 1);
}

static long commit(const struct corbel_build_commit *what)
{
	struct corbel_build_commit arg = *what;

	return corbel(world_builder(), CORBEL_OP_build_commit, &arg, sizeof(arg));
}

/* Each field of the record is what was created and committed, and nothing that came later. */
static void launch_in_the_seal(void **state)
{
	struct corbel_build_commit first = {.min_policy = host.policy_serial};
	struct domain *d = world_create(false);
	struct corbel_launch_info info = {.domid = d->id};
	struct corbel_log_record r;
	uint64_t before = log_keep();
	uint32_t instance = d->build.instance;

	(void)state;
	memset(d->launch.record.uuid, 0xA0,
	       sizeof(d->launch.record.uuid)); /* as create would have set it */
	first.domid = d->id;
	memset(first.request, 1, 32);
	memset(first.kernel, 2, 32);
	memset(first.initrd, 3, 32);
	memset(first.cmdline, 4, 32);
	memset(first.owner, 5, 32);
	assert_int_equal(commit(&first), 0);
	assert_int_equal(seal_domain(d->id), -XEN_EBUSY); /* no vCPU yet */
	world_start_vcpu(d);
	/* An image that has taken the builder over by now has come too late. */
	memset(first.kernel, 9, 32);
	memset(first.owner, 9, 32);
	first.min_policy = 0;
	assert_int_equal(commit(&first), -XEN_EEXIST);
	assert_int_equal(log_keep(), before); /* nothing is said before the seal, */
	assert_int_equal(d->launch.index, 0);
	assert_int_equal(seal_domain(d->id), 0);
	assert_int_equal(log_keep(), before + 1); /* and all by then */
	assert_int_equal(seal_domain(d->id), -XEN_EPERM);
	r = expected_record(before, CORBEL_LOG_launch, d->id);
	r.instance = instance;
	r.body.launch = (struct corbel_log_launch){.label = TENANT_LABEL,
						   .memory_pages = 2048,
						   .min_policy = host.policy_serial,
						   .vcpus = 2,
						   .weight = 256};
	memset(r.body.launch.uuid, 0xA0, 16);
	memset(r.body.launch.request, 1, 32);
	memset(r.body.launch.kernel, 2, 32);
	memset(r.body.launch.initrd, 3, 32);
	memset(r.body.launch.cmdline, 4, 32);
	memset(r.body.launch.owner, 5, 32);
	check_record(&r);
	assert_int_equal(corbel(dom0, CORBEL_OP_launch_info, &info, sizeof(info)), 0);
	assert_int_equal(info.launch, before);
	end_fruitless(0); /* not fruitless: it has sealed */
	assert_int_equal(log_keep(), before + 1);
}

static void unsealed_leaves_no_launch(void **state)
{
	static const int how[] = {-5, 0};
	struct corbel_log_record r;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct domain *d = world_create(false);
		uint64_t before = log_keep();
		uint32_t instance = d->build.instance;

		world_commit(d);
		world_start_vcpu(d);
		if (i < 2) {
			end_fruitless(how[i]);
		} else {
			domain_crash(world_builder(), "of its own", 0);
			world_settle();
		}
		assert_int_equal(log_keep(), before + 1);
		r = expected_record(before, CORBEL_LOG_builder, CORBEL_DOMID_BUILDER);
		r.body.builder = (struct corbel_log_builder){.ended = instance,
							     .status = i < 2 ? how[i] : -1};
		assert_int_equal(r.instance, instance + 1);
		check_record(&r);
	}
}

static void destroy_records(void **state)
{
	struct domain *d = world_tenant(true), *other = world_tenant(true);
	struct sched_shutdown op = {.reason = SHUTDOWN_poweroff};
	uint16_t id = d->id;
	uint64_t launch = d->launch.index, next = log_keep();
	struct corbel_log_record r;

	(void)state;
	world_arg(d, __HYPERVISOR_sched_op, SCHEDOP_shutdown, &op, sizeof(op));
	assert_int_equal(log_keep(), next); /* it may be listed yet */
	world_destroy(d);
	r = expected_record(next, CORBEL_LOG_destroy, id);
	r.body.destroy = (struct corbel_log_destroy){.launch = launch, .reason = SHUTDOWN_poweroff};
	check_record(&r);
	assert_int_equal(log_keep(), next + 1);
	id = other->id;
	launch = other->launch.index;
	domain_destroy(other);
	domain_destroy(other); /* ends once */
	r = expected_record(next + 1, CORBEL_LOG_destroy, id);
	r.body.destroy = (struct corbel_log_destroy){.launch = launch, .reason = 0xFF};
	check_record(&r);
	assert_int_equal(log_keep(), next + 2);
}

static void least_policy(void **state)
{
	struct domain *d = world_create(false);
	struct corbel_build_commit arg = {.domid = d->id, .min_policy = host.policy_serial + 1};

	(void)state;
	memset(arg.kernel, 7, sizeof(arg.kernel));
	assert_int_equal(commit(&arg), -XEN_EPERM);
	arg.min_policy = UINT64_MAX;
	assert_int_equal(commit(&arg), -XEN_EPERM);
	assert_false(d->launch.committed);
	assert_int_equal(d->launch.record.kernel[0], 0);
	arg.min_policy = host.policy_serial;
	assert_int_equal(commit(&arg), 0);
}

/* What may still be rolled back does not count as the policy that an owner asks for. */
static void least_policy_on_trial(void **state)
{
	struct corbel_build_commit arg = {.min_policy = host.policy_serial + 1};

	(void)state;
	memset(arg.kernel, 7, sizeof(arg.kernel));
	assert_int_equal(load_policy("split", 0, arg.min_policy, 60), 0);
	arg.domid = world_create(false)->id;
	assert_int_equal(commit(&arg), -XEN_EPERM);
	machine.now += 61 * 1000000000ull;
	policy_tick(machine.now);
	assert_int_equal(commit(&arg), -XEN_EPERM);
	arg.min_policy--;
	assert_int_equal(commit(&arg), 0);
}

static void report_records(void **state)
{
	struct domain *d[] = {world_tenant(true), world_tenant(true), dom0};
	struct corbel_report report;
	struct corbel_log_record r;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		uint64_t index = log_keep();

		memset(&report, 0x77, sizeof(report));
		memset(report.data, (int)i + 1, sizeof(report.data));
		assert_int_equal(report_by(d[i], &report), 0);
		assert_int_equal(report.index, index);
		assert_int_equal(report.launch, d[i]->launch.index);
		assert_memory_equal(report.boot_id, host.boot_id, 32);
		r = expected_record(index, CORBEL_LOG_report, d[i]->id);
		r.body.report.launch = d[i]->launch.index;
		memset(r.body.report.data, (int)i + 1, sizeof(report.data));
		check_record(&r);
	}
	/* Who was never launched has nothing to report. */
	assert_int_equal(report_by(world_builder(), &report), -XEN_ENOENT);
	assert_int_equal(kept_count, log_keep());
}

/* ---- policies ------------------------------------------------------------------------------- */

static struct corbel_log_record switch_record(uint64_t index, const uint8_t before[32],
					      uint64_t before_serial, uint32_t reason)
{
	struct corbel_log_record r = expected_record(index, CORBEL_LOG_policy, CORBEL_LOG_NONE);

	r.body.policy_change.before_serial = before_serial;
	memcpy(r.body.policy_change.before, before, 32);
	r.body.policy_change.reason = reason;
	return r;
}

static void policy_records(void **state)
{
	struct corbel_log_record r;
	uint8_t cloud[32], split[32];
	uint64_t first, before = host.policy_serial;

	(void)state;
	memcpy(cloud, host.policy_digest, 32);
	first = log_keep() + 1; /* the instance that waited comes first, in vain */
	assert_int_equal(load_policy("split", 0, ++serial, 60), 0);
	memcpy(split, host.policy_digest, 32);
	log_keep();
	r = switch_record(first, cloud, before, CORBEL_SWITCH_loaded);
	r.instance = kept[first].instance;
	assert_int_equal(r.policy_serial, serial);
	check_record(&r);
	assert_int_equal(confirm_policy(0), 0);
	r = switch_record(log_keep() - 1, split, serial, CORBEL_SWITCH_rolledback);
	check_record(&r);
	assert_int_equal(r.policy_serial, before);

	assert_int_equal(load_policy("split", 0, ++serial, 60), 0);
	first = log_keep();
	machine.now += 61 * 1000000000ull;
	policy_tick(machine.now);
	r = switch_record(first, split, serial, CORBEL_SWITCH_expired);
	check_record(&r);

	assert_int_equal(load_policy("split", 0, ++serial, 60), 0);
	first = log_keep();
	assert_int_equal(confirm_policy(1), 0);
	assert_int_equal(log_keep(), first); /* in force since it was loaded */
	assert_int_equal(load_policy("cloud", CORBEL_POLICY_CHECK, serial + 1, 0), 0);
	assert_int_equal(log_keep(), first + 1); /* a builder in vain, no policy */
	assert_int_equal(kept[first].type, CORBEL_LOG_builder);
	assert_int_equal(load_policy("cloud", CORBEL_POLICY_NO_ROLLBACK, ++serial, 0), 0);
	assert_int_equal(kept[log_keep() - 1].type, CORBEL_LOG_policy);
}

/* Standing and revoked uses are in the record of the load, and of a roll-back. */
static void policy_uses(void **state)
{
	struct domain *tenant = world_tenant(true);
	struct corbel_log_policy *p;
	uint32_t handle;

	(void)state;
	give_page(tenant, 8, 0, 5);
	assert_int_equal(map_page(dom0, tenant->id, 8, 100, &handle), 0);
	assert_int_equal(load_policy("split", 0, ++serial, 60), 0);
	p = &kept[log_keep() - 1].body.policy_change;
	assert_int_equal(p->standing, 1);
	assert_int_equal(p->revoked, 0);
	assert_int_equal(confirm_policy(0), 0);
	p = &kept[log_keep() - 1].body.policy_change;
	assert_int_equal(p->standing + p->revoked, 0);
	assert_int_equal(load_policy("split", CORBEL_POLICY_REVOKE, ++serial, 60), 0);
	p = &kept[log_keep() - 1].body.policy_change;
	assert_int_equal(p->standing, 1);
	assert_int_equal(p->revoked, 1);
	assert_int_equal(confirm_policy(0), 0);
	assert_int_equal(kept[log_keep() - 1].type, CORBEL_LOG_policy);
}

/* ---- checkpoints ---------------------------------------------------------------------------- */

static void check_taken(uint8_t nonce)
{
	struct corbel_checkpoint c = {.magic = CORBEL_CHECKPOINT_MAGIC,
				      .size = log_keep(),
				      .policy_serial = host.policy_serial,
				      .policy_switches = host.policy_switches,
				      .host_flags = host_flags(),
				      .audit_denied = host.audit_denied,
				      .trace_lost = taken.trace_lost,
				      .builder_instance = host.builder_instance};

	memcpy(c.boot_id, host.boot_id, 32);
	memcpy(c.policy, host.policy_digest, 32);
	memset(c.nonce, nonce, 32);
	log_root(kept_count, c.root);
	assert_memory_equal(&taken, &c, sizeof(c));
}

/* The root after every append, of a tree that grows beyond a ring. */
static void roots(void **state)
{
	struct corbel_checkpoint out;
	uint64_t end = log_keep() + 300;

	(void)state;
	while (log_keep() < end) {
		struct domain *d = world_tenant(true);

		assert_int_equal(checkpoint(1, &out), 0);
		assert_memory_equal(&out, &taken, sizeof(out));
		check_taken(1);
		world_destroy(d);
		assert_int_equal(checkpoint(2, &out), 0);
		check_taken(2);
		log_store();
	}
}

static void checkpoint_steps(void **state)
{
	struct corbel_checkpoint out;
	uint64_t size = log_keep();
	unsigned before = taken_count;

	(void)state;
	checkpoint_answer = MEASURE_AGAIN;
	assert_int_equal(checkpoint(1, &out), -XEN_EAGAIN);
	check_taken(1);
	world_destroy(world_tenant(true)); /* the record under way stays what it is */
	assert_int_equal(checkpoint(1, &out), -XEN_EAGAIN);
	assert_int_equal(taken.size, size);
	/* Another verifier's nonce ends the first one's checkpoint, and gets nothing of it. */
	checkpoint_answer = 0;
	assert_int_equal(checkpoint(2, &out), -XEN_EAGAIN);
	assert_int_equal(taken.nonce[0], 1);
	assert_int_equal(out.magic[0], 0xEE);
	assert_int_equal(checkpoint(2, &out), 0);
	check_taken(2);
	assert_int_equal(out.size, size + 2);
	assert_int_equal(taken_count, before + 4);

	checkpoint_answer = MEASURE_ERR_timeout;
	assert_int_equal(checkpoint(3, &out), -XEN_ENODEV);
	assert_int_equal(out.magic[0], 0xEE);
	machine.checkpoint = NULL;
	assert_int_equal(corbel(dom0, CORBEL_OP_checkpoint, &out, sizeof(out)), -XEN_ENODEV);
	assert_int_equal(taken_count, before + 5); /* without a TPM nobody is asked */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, NULL, launchlog_clean)
	const struct CMUnitTest tests[] = {
		TEST(boot_and_dom0),   TEST(launch_in_the_seal), TEST(unsealed_leaves_no_launch),
		TEST(destroy_records), TEST(least_policy),       TEST(least_policy_on_trial),
		TEST(report_records),  TEST(policy_records),     TEST(policy_uses),
		TEST(roots),           TEST(checkpoint_steps),
	};

	return cmocka_run_group_tests_name("launchlog", tests, launchlog_setup, NULL);
}
