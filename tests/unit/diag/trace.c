/* SPDX-License-Identifier: MIT */
/* The trace ring never loses a record in silence; locks keep their order; clock arithmetic. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <time.h>
#include "sim/fake_boot.h"
#include "base/lib.h"
#include "cpu/locks.h"
#include "diag/trace.h"
#include "cpu/clock.h"
#include "cpu/percpu.h"

static void add(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		trace_add((struct corbel_trace){.kind = CORBEL_TRACE_state, .arg = i});
	}
}

static void test_trace(void **state)
{
	static struct corbel_trace out[TRACE_RECORDS + 8];
	uint64_t next, lost;
	char expected[32];

	(void)state;
	assert_int_equal(trace_read(0, 0, out, 16, &next, &lost), 0);
	assert_int_equal(lost, 0);
	assert_int_equal(next, 1);

	fake_now = 77;
	add(5);
	assert_int_equal(trace_read(0, next, out, 2, &next, &lost), 2);
	assert_int_equal(out[0].seq, 1);
	assert_int_equal(out[1].seq, 2);
	assert_int_equal(out[0].time_ns, 77);
	assert_int_equal(next, 3);
	assert_int_equal(lost, 0);

	add(TRACE_RECORDS - 5); /* just full */
	assert_int_equal(trace_read(0, 0, out, 1, &next, &lost), 1);
	assert_int_equal(out[0].seq, 1);
	assert_int_equal(lost, 0);

	add(100); /* the first 100 are gone */
	assert_int_equal(trace_read(0, 3, out, ARRAY_SIZE(out), &next, &lost), TRACE_RECORDS);
	assert_int_equal(out[0].seq, 101);
	assert_int_equal(out[TRACE_RECORDS - 1].seq, TRACE_RECORDS + 100);
	assert_int_equal(out[TRACE_RECORDS - 1].arg, 99);
	assert_int_equal(next, TRACE_RECORDS + 101);
	assert_int_equal(lost, 100);
	assert_int_equal(trace_read(0, next, out, 16, &next, &lost), 0);
	assert_int_equal(next, TRACE_RECORDS + 101);
	assert_int_equal(trace_read(0, 100000, out, 16, &next, &lost), 0); /* from the future */

	fake_boot_reset();
	trace_dump(2);
	snprintf(expected, sizeof(expected), "trace %u ", TRACE_RECORDS + 98);
	assert_null(strstr(fake_output, expected));
	snprintf(expected, sizeof(expected), "trace %u ", TRACE_RECORDS + 99);
	assert_non_null(strstr(fake_output, expected));
	snprintf(expected, sizeof(expected), "trace %u ", TRACE_RECORDS + 100);
	assert_non_null(strstr(fake_output, expected));
	assert_int_equal(percpu_area[0].locks_held, 0);
}

static void test_lock_order(void **state)
{
	struct spinlock domain = SPINLOCK(RANK_DOMAIN), other = SPINLOCK(RANK_DOMAIN);
	struct spinlock frames = SPINLOCK(RANK_FRAMES), sched = SPINLOCK(RANK_SCHED);

	(void)state;
	spin_lock(&domain);
	assert_true(PANICS(spin_lock(&other))); /* a second one of its rank */
	spin_lock(&frames);
	assert_true(PANICS(spin_lock(&sched))); /* lower rank */
	spin_unlock(&domain);                   /* any order of release */
	spin_unlock(&frames);
	assert_int_equal(percpu_area[0].locks_held, 0);
	assert_true(PANICS(spin_unlock(&other)));
	spin_lock(&domain);
	assert_true(PANICS(spin_lock(&domain))); /* alone on the machine: would never end */
	spin_unlock(&domain);
}

static void test_clock(void **state)
{
	static const uint64_t rates[] = {100000000,  999999999,  1000000000, 1000000001,
					 2100000000, 2596130000, 3999999999, 5000000000};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rates); i++) {
		struct clock_scale scale = clock_scale(rates[i]);

		assert_true(scale.mul >= 1u << 31);
		/* An hour comes out right to a microsecond, a second to some nanoseconds. */
		uint64_t hour = clock_to_ns(scale, rates[i] * 3600);

		assert_true(hour <= 3600000000000ull && hour > 3599999990000ull);
		uint64_t second = clock_to_ns(scale, rates[i]);

		assert_true(second <= 1000000000 && second > 999999990);
	}
	assert_int_equal(clock_scale(1000000000).mul, 1u << 31);
	assert_int_equal(clock_scale(1000000000).shift, 1);
}

static void test_calendar(void **state)
{
	static const int64_t moments[] = {0,          951782399,  951782400,  951868800,
					  1709164800, 1795316638, 4102444800, 4107542399};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(moments); i++) {
		time_t moment = moments[i];
		struct tm tm;

		gmtime_r(&moment, &tm);
		assert_int_equal(clock_unix_seconds((unsigned)tm.tm_year + 1900,
						    (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday,
						    (unsigned)tm.tm_hour, (unsigned)tm.tm_min,
						    (unsigned)tm.tm_sec),
				 moments[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trace),
		cmocka_unit_test(test_lock_order),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_calendar),
	};

	return cmocka_run_group_tests_name("trace", tests, 0, 0);
}
