/* SPDX-License-Identifier: MIT */
/* See launchlog_calls.h. */
#include "launch/launchlog_calls.h"
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include "launch/build.h"
#include "base/host.h"
#include "measured-boot/shared/sha2.h"

struct corbel_log_record kept[KEPT];
uint64_t kept_count;
struct corbel_checkpoint taken;
unsigned taken_count;
uint32_t checkpoint_answer;

long corbel(struct domain *d, uint64_t op, void *arg, size_t size)
{
	return world_arg(d, CORBEL_HYPERCALL, op, arg, size);
}

int launchlog_setup(void **state)
{
	world_stores_log = false;
	machine.quiet = true;
	return reload_setup(state);
}

int launchlog_clean(void **state)
{
	(void)state;
	machine.checkpoint = NULL;
	checkpoint_answer = 0;
	machine.now += 60 * SECOND;
	log_store();
	world_end_all();
	world_settle();
	log_store();
	return 0;
}

/* ---- records ------------------------------------------------------------------------------ */
long log_read(struct corbel_log_read *op, struct corbel_log_record *out)
{
	long rc = corbel(dom0, CORBEL_OP_log_read, op, sizeof(*op));

	if (rc == 0 && out) {
		memcpy(out, world_memory(dom0, op->buffer), op->filled);
	}
	return rc;
}

uint64_t log_keep(void)
{
	struct corbel_log_read op;

	do {
		op = (struct corbel_log_read){
			.first = kept_count, .buffer = WORLD_DATA, .size = PAGE_SIZE};
		assert_true(kept_count < KEPT - PAGE_SIZE / sizeof(kept[0]));
		assert_int_equal(log_read(&op, &kept[kept_count]), 0);
		assert_int_equal(op.filled % sizeof(kept[0]), 0);
		assert_memory_equal(op.boot_id, host.boot_id, sizeof(op.boot_id));
		kept_count += op.filled / sizeof(kept[0]);
	} while (op.filled);
	assert_int_equal(kept_count, op.count);
	return kept_count;
}

void log_store(void)
{
	struct corbel_log_read op = {.first = log_keep(), .stored = kept_count};

	assert_int_equal(log_read(&op, NULL), 0);
	assert_int_equal(op.filled, 0);
}

/* MTH(D[first:first + n]) of RFC 9162, 2.1.1. */
static void tree_hash(uint64_t first, uint64_t n, uint8_t out[32])
{
	uint8_t bytes[65] = {1};
	uint64_t k = 1;

	if (n == 1) {
		static uint8_t leaf[1 + sizeof(kept[0])];

		memcpy(leaf + 1, &kept[first], sizeof(kept[0]));
		sha256(leaf, sizeof(leaf), out);
		return;
	}
	while (k * 2 < n) {
		k *= 2;
	}
	tree_hash(first, k, bytes + 1);
	tree_hash(first + k, n - k, bytes + 33);
	sha256(bytes, sizeof(bytes), out);
}

void log_root(uint64_t size, uint8_t out[32])
{
	assert_true(size > 0 && size <= kept_count);
	tree_hash(0, size, out);
}

struct corbel_log_record expected_record(uint64_t index, uint32_t type, uint16_t domid)
{
	struct corbel_log_record r = {.magic = CORBEL_LOG_MAGIC,
				      .type = type,
				      .domid = domid,
				      .index = index,
				      .policy_serial = host.policy_serial,
				      .instance = host.builder_instance,
				      .host_flags = host_flags()};

	memcpy(r.boot_id, host.boot_id, sizeof(r.boot_id));
	memcpy(r.policy, host.policy_digest, sizeof(r.policy));
	return r;
}

void check_record(const struct corbel_log_record *expected)
{
	struct corbel_log_record r = *expected;

	assert_true(log_keep() > r.index);
	memcpy(r.salt, kept[r.index].salt, sizeof(r.salt));
	r.time_ns = kept[r.index].time_ns;
	assert_memory_equal(&kept[r.index], &r, sizeof(r));
	assert_true(r.time_ns > 0 && r.time_ns <= machine.now);
	assert_memory_not_equal(r.salt, (uint8_t[16]){0}, sizeof(r.salt));
	if (r.index > 0) {
		assert_true(r.time_ns >= kept[r.index - 1].time_ns);
		assert_memory_not_equal(r.salt, kept[r.index - 1].salt, sizeof(r.salt));
	}
}

/* ---- calls -------------------------------------------------------------------------------- */
long report_by(struct domain *d, struct corbel_report *report)
{
	return corbel(d, CORBEL_OP_log_report, report, sizeof(*report));
}

void end_fruitless(int status)
{
	struct corbel_build_done done = {.status = status};

	assert_int_equal(corbel(world_builder(), CORBEL_OP_build_done, &done, sizeof(done)),
			 WORLD_GONE);
	world_settle();
}

static uint32_t take_checkpoint(const void *record, size_t len)
{
	assert_int_equal(len, sizeof(taken));
	memcpy(&taken, record, len);
	taken_count++;
	return checkpoint_answer;
}

long checkpoint(uint8_t nonce, struct corbel_checkpoint *out)
{
	machine.checkpoint = take_checkpoint;
	host.flags |= CORBEL_HOST_MEASURED;
	memset(out, 0xEE, sizeof(*out));
	memset(out->nonce, nonce, sizeof(out->nonce));
	return corbel(dom0, CORBEL_OP_checkpoint, out, sizeof(*out));
}
