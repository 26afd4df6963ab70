/* SPDX-License-Identifier: MIT */
/*
 * The pieces of the boot log, joined: each part is in the result once and in order, whatever lies
 * behind it in firmware's memory; what is cut short or contradicts itself is refused by name.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tools/corbel/host.h"
#include "tools/corbel/rawlog.h"

#define FIRST   32u  /* bytes of the old-style first record */
#define RECORD  75u  /* bytes of each other one */
#define BEHIND  100u /* bytes of firmware's memory behind each piece */
#define LAST_AT (FIRST + RECORD)
#define OWN     "corbel's own records"

static struct {
	uint8_t *data; /* exactly `size` long, so that the sanitizer sees each step beyond */
	size_t size, table, log;
	struct corbel_boot_log head;
	int error, odd; /* of a read behind the first; bytes too many that it claims */
} raw;

int host_corbel_read(enum corbel_op op, uint64_t offset, void *buffer, uint32_t size,
		     uint64_t *next, uint64_t *lost)
{
	uint64_t left = offset < raw.size ? raw.size - offset : 0;

	assert_int_equal(op, CORBEL_OP_boot_log);
	if (raw.error && offset) {
		return raw.error;
	}
	left = left < 50 ? left : 50; /* never a page at once */
	left = left < size ? left : size;
	memcpy(buffer, raw.data + offset, left);
	*next = offset + left + (offset ? (unsigned)raw.odd : 0);
	*lost = 0;
	return (int)left;
}

static void put(const void *data, size_t size)
{
	raw.data = realloc(raw.data, raw.size + size);
	memcpy(raw.data + raw.size, data, size);
	raw.size += size;
}

/* PCR 7, type 2, SHA-1 and SHA-256, data "ab" and the name. */
static void put_record(char name)
{
	uint8_t record[RECORD] = {
		[0] = 7,
		[4] = 2,
		[8] = 2,
		[12] = 0x04,
		[14 ... 33] = 1,
		[34] = 0x0B,
		[36 ... 67] = 2,
		[68] = 3,
		[72] = 'a',
		[73] = 'b',
		[74] = (uint8_t)name,
	};

	put(record, sizeof(record));
}

static void set_head(void)
{
	memcpy(raw.data, &raw.head, sizeof(raw.head));
}

/* Firmware's log with records a and b; the table with b, c and d, of which b is in the log. */
static int fresh(void **state)
{
	static const uint8_t first[FIRST] = {0xF1}, count[16] = {1, [8] = 3};
	uint8_t behind[BEHIND];

	(void)state;
	memset(behind, 0xEE, sizeof(behind));
	free(raw.data);
	memset(&raw, 0, sizeof(raw));
	put(&raw.head, sizeof(raw.head));
	raw.table = raw.size;
	put(count, sizeof(count));
	put_record('b');
	put_record('c');
	put_record('d');
	put(behind, BEHIND);
	raw.log = raw.size;
	put(first, sizeof(first));
	put_record('a');
	put_record('b');
	put(behind, BEHIND);
	raw.head = (struct corbel_boot_log){raw.log - raw.table, raw.size - raw.log, LAST_AT, 1};
	set_head();
	put(OWN, strlen(OWN));
	return 0;
}

/* That the result is the first record, those with these names, and Corbel's. */
static void joined(const char *names)
{
	size_t count = strlen(names), at = FIRST;
	struct rawlog log;

	assert_int_equal(rawlog_load(&log), 0);
	assert_int_equal(log.length, FIRST + count * RECORD + strlen(OWN));
	assert_int_equal(log.data[0], 0xF1);
	for (size_t i = 0; i < count; i++, at += RECORD) {
		assert_int_equal(log.data[at], 7);
		assert_int_equal(log.data[at + RECORD - 1], names[i]);
	}
	assert_memory_equal(log.data + at, OWN, strlen(OWN));
	free(log.data);
}

static void refused(const char *why)
{
	struct rawlog log;

	set_head();
	assert_int_equal(rawlog_load(&log), -EBADMSG);
	assert_null(log.data);
	if (!strstr(log.error, why)) {
		fail_msg("'%s' instead of '%s'", log.error, why);
	}
}

static void good(void **state)
{
	(void)state;
	joined("abcd");
	raw.head.final_skip = 0;
	set_head();
	joined("abbcd");
	raw.head.final_skip = 3; /* nothing since */
	set_head();
	joined("ab");
	raw.data[raw.table + 8] = 2; /* what lies behind the table's last record is no record */
	raw.head.final_skip = 1;
	set_head();
	joined("abc");
	raw.head.last = FIRST; /* likewise of the log: b came after it was asked for */
	raw.head.final_skip = 0;
	set_head();
	joined("abc");
}

/* A firmware without a table, and none that gives a log: Corbel's records alone, or nothing. */
static void parts_missing(void **state)
{
	struct rawlog log;

	(void)state;
	memmove(raw.data + raw.table, raw.data + raw.log, raw.size - raw.log);
	raw.size -= raw.head.final_bytes;
	raw.head.final_bytes = raw.head.final_skip = 0;
	set_head();
	joined("ab");

	memset(&raw.head, 0, sizeof(raw.head));
	raw.size = 0;
	put(&raw.head, sizeof(raw.head));
	assert_int_equal(rawlog_load(&log), 0);
	assert_int_equal(log.length, 0);
	free(log.data);
	put(OWN, strlen(OWN));
	assert_int_equal(rawlog_load(&log), 0);
	assert_int_equal(log.length, strlen(OWN));
	assert_memory_equal(log.data, OWN, strlen(OWN));
	free(log.data);
}

static void header(void **state)
{
	struct corbel_boot_log was = raw.head;

	(void)state;
	raw.head.log_bytes += strlen(OWN) + 1;
	refused("cut short");
	raw.head.log_bytes = UINT64_MAX;
	refused("cut short");
	raw.head = was;
	raw.head.final_bytes = UINT64_MAX - 10;
	refused("cut short");
	raw.head = was;
	raw.head.last = 0;
	refused("cannot have its last record at 0");
	raw.head.last = was.log_bytes;
	refused("cannot have its last record");
	raw.head.last = UINT64_MAX;
	refused("cannot have its last record");
	raw.head.last = LAST_AT + 1;
	refused("is malformed");
	raw.head = was;
	raw.head.log_bytes = 0;
	refused("0 bytes cannot have");
	raw.head = was;
	raw.head.final_bytes = 15; /* the rest of the table before the log */
	raw.head.log_bytes += was.final_bytes - 15;
	raw.head.last += was.final_bytes - 15;
	refused("shorter than its header");
	raw.head = was;
	raw.head.final_skip = 4;
	refused("has 3 records, and had 4 before");
	raw.size = sizeof(raw.head) - 1;
	refused("31 bytes are shorter than the header");
}

/* A record may have one digest to eight: so many SHA-1 ones, without data. */
static void digests(void **state)
{
	(void)state;
	for (unsigned count = 0; count <= 9; count++) {
		const size_t size = 16 + 22 * count;
		uint8_t record[16 + 22 * 9] = {7, [4] = 2, [8] = (uint8_t)count};
		struct rawlog log;

		memset(&raw.head, 0, sizeof(raw.head));
		raw.size = 0;
		put(&raw.head, sizeof(raw.head));
		put("F", 1);
		for (unsigned i = 0; i < count; i++) {
			record[12 + 22 * i] = 4;
		}
		put(record, size);
		raw.head.log_bytes = 1 + size;
		raw.head.last = 1;
		if (count < 1 || count > 8) {
			refused("the last record");
			continue;
		}
		set_head();
		assert_int_equal(rawlog_load(&log), 0);
		assert_int_equal(log.length, 1 + size);
		free(log.data);
	}
}

/* Every prefix of the log's last record and of the table's is refused, as are odd fields. */
static void records(void **state)
{
	struct corbel_boot_log was = raw.head;
	uint8_t *last = raw.data + raw.log + LAST_AT;

	(void)state;
	for (size_t length = 1; length < RECORD; length++) {
		struct corbel_boot_log only = {.log_bytes = LAST_AT + length, .last = LAST_AT};
		uint8_t *copy = malloc(sizeof(only) + only.log_bytes);
		struct rawlog log;

		memcpy(copy, &only, sizeof(only));
		memcpy(copy + sizeof(only), raw.data + raw.log, only.log_bytes);
		assert_int_equal(rawlog_join(&log, copy, sizeof(only) + only.log_bytes), -EBADMSG);
		assert_string_equal(log.error, "the last record of the firmware's log, at byte "
					       "107, is malformed");
		free(copy);
	}
	last[11] = 0xff; /* four billion */
	refused("the last record");
	last[11] = 0;
	last[12] = 0x77; /* unknown algorithm */
	refused("the last record");
	last[12] = 4;
	last[71] = 0xff; /* four billion bytes of data */
	refused("the last record");
	last[71] = 0;
	joined("abcd");
	for (size_t length = 16; length < 16 + 3 * RECORD; length++) {
		struct rawlog log;
		uint8_t *copy = malloc(was.log_bytes + sizeof(was) + length);

		raw.head.final_bytes = length;
		memcpy(copy, &raw.head, sizeof(raw.head));
		memcpy(copy + sizeof(raw.head), raw.data + raw.table, length);
		memcpy(copy + sizeof(raw.head) + length, raw.data + raw.log, was.log_bytes);
		assert_int_equal(rawlog_join(&log, copy, was.log_bytes + sizeof(was) + length),
				 -EBADMSG);
		assert_non_null(strstr(log.error, "of 3 of the final events table is malformed"));
		free(copy);
	}
	raw.head = was;
	raw.data[raw.table + 8] = 4;
	refused("record 4 of 4 of the final events table");
	raw.data[raw.table + 15] = 0xff;
	refused("record 4 of 18374686479671623684");
}

static void reads(void **state)
{
	struct rawlog log;

	(void)state;
	raw.error = -EPERM;
	assert_int_equal(rawlog_load(&log), -EPERM);
	assert_null(log.data);
	raw.error = 0;
	raw.odd = 1;
	refused("does not advance at byte 50");
	raw.odd = 0;
	raw.data = realloc(raw.data, 5 << 20);
	memset(raw.data, 0, 5 << 20);
	raw.size = 5 << 20;
	memset(&raw.head, 0, sizeof(raw.head));
	refused("longer than");
	free(raw.data);
	raw.data = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(good, fresh),
		cmocka_unit_test_setup(parts_missing, fresh),
		cmocka_unit_test_setup(header, fresh),
		cmocka_unit_test_setup(records, fresh),
		cmocka_unit_test_setup(digests, fresh),
		cmocka_unit_test_setup(reads, fresh),
	};

	return cmocka_run_group_tests_name("rawlog", tests, NULL, NULL);
}
