/* SPDX-License-Identifier: MIT */
/*
 * The canonical request: what the encoder writes is what the decoder reads, and every departure
 * from the one encoding is refused with its reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#undef fail /* cmocka's, which is not used here */

#include "builder-domain/hypercall.h"
#include "builder-domain/lib.h"
#include "builder-domain/request.h"
#include "tools/plan/encode.h"

static uint8_t bytes[CORBEL_REQUEST_MAX + 64];
static size_t len;
static struct build_request out;

void console_write(const char *text, size_t size)
{
	(void)text;
	(void)size;
}

static int setup(void **state)
{
	struct request r = {
		.name = "w.b_1+2-",
		.memory_mib = 128,
		.vcpus = 4,
		.weight = 512,
		.label = "system_u:system_r:tenant.t",
		.cmdline = "console=hvc0",
		.kernel_size = 0x123456789,
		.initrd_size = 77,
		.flags = CORBEL_RQF_PAUSED,
	};
	const char *why;

	(void)state;
	memset(r.uuid, 0x5C, sizeof(r.uuid));
	memset(bytes, 0, sizeof(bytes));
	len = request_encode(&r, bytes, sizeof(bytes), &why);
	assert_true(len > 0);
	fail_reason[0] = 0;
	return 0;
}

static uint8_t *field(uint16_t tag)
{
	uint8_t *at = bytes + sizeof(struct corbel_request_header);
	uint16_t head[2];

	for (memcpy(head, at, 4); head[0] != tag; memcpy(head, at, 4)) {
		at += 4 + head[1];
	}
	return at;
}

static void refused(const char *reason)
{
	assert_int_equal(request_decode(bytes, len, CORBEL_RQF_PAUSED, &out), -XEN_EINVAL);
	assert_string_equal(fail_reason, reason);
	fail_reason[0] = 0;
}

static void test_round_trip(void **state)
{
	(void)state;
	assert_int_equal(request_decode(bytes, len, CORBEL_RQF_PAUSED, &out), 0);
	assert_string_equal(out.name, "w.b_1+2-");
	assert_int_equal(out.uuid[15], 0x5C);
	assert_int_equal(out.memory_mib, 128);
	assert_int_equal(out.vcpus, 4);
	assert_int_equal(out.weight, 512);
	assert_string_equal(out.label, "system_u:system_r:tenant.t");
	assert_string_equal(out.cmdline, "console=hvc0");
	assert_int_equal(out.cmdline_len, 12);
	assert_int_equal(out.kernel_size, 0x123456789);
	assert_int_equal(out.initrd_size, 77);
	assert_int_equal(out.flags, CORBEL_RQF_PAUSED);
	assert_int_equal(out.owner_len, 0);
}

static void test_header(void **state)
{
	struct corbel_request_header *h = (struct corbel_request_header *)bytes;

	(void)state;
	h->magic++;
	refused("request: magic 0x51524244, version 1, reserved 0; not 0x51524243, 1, 0");
	setup(NULL);
	h->version = 2;
	refused("request: magic 0x51524243, version 2, reserved 0; not 0x51524243, 1, 0");
	setup(NULL);
	h->reserved = 1;
	refused("request: magic 0x51524243, version 1, reserved 1; not 0x51524243, 1, 0");
	setup(NULL);
	h->size--;
	refused("request: header says 149 bytes, 150 are there (at most 3072)");
	setup(NULL);
	h->size = (uint32_t)(len = CORBEL_REQUEST_MAX + 1);
	refused("request: header says 3073 bytes, 3073 are there (at most 3072)");
	setup(NULL);
	len = 11;
	refused("request: cut short: 12 bytes wanted, 11 left");
}

/* Cut anywhere, the request is refused. */
static void test_truncation(void **state)
{
	size_t whole = len;

	(void)state;
	for (len = 0; len < whole; len++) {
		((struct corbel_request_header *)bytes)->size = (uint32_t)len;
		assert_int_equal(request_decode(bytes, len, CORBEL_RQF_PAUSED, &out), -XEN_EINVAL);
	}
	((struct corbel_request_header *)bytes)->size = (uint32_t)(len = whole + 3);
	fail_reason[0] = 0;
	refused("request: 3 bytes follow the last field");
}

static void test_tags(void **state)
{
	(void)state;
	field(CORBEL_RQ_vcpus)[0] = CORBEL_RQ_memory;
	refused("request: tag 3 where 4 (vcpus) is due");
	setup(NULL);
	field(CORBEL_RQ_flags)[0] = 12;
	refused("request: tag 12 where 10 (flags) is due");
	setup(NULL);
	field(CORBEL_RQ_memory)[2] = 5;
	refused("request: memory has 5 bytes, at most 4");
	setup(NULL);
	field(CORBEL_RQ_memory)[2] = 3;
	refused("request: memory has 3 bytes, not 4");
	setup(NULL);
	field(CORBEL_RQ_memory)[2] = 0;
	refused("request: memory has 0 bytes, not 4");
	setup(NULL);
	memset(field(CORBEL_RQ_name) + 2, 0xFF, 2);
	refused("request: name has 65535 bytes, at most 63");
}

static void test_values(void **state)
{
	uint32_t flags = CORBEL_RQF_DOM0;

	(void)state;
	memset(field(CORBEL_RQ_memory) + 4, 0, 4);
	refused("request: memory is 0, must be 4 to 1048576");
	setup(NULL);
	field(CORBEL_RQ_vcpus)[4] = 9;
	refused("request: vcpus is 9, must be 1 to 8");
	setup(NULL);
	field(CORBEL_RQ_weight)[6] = 1;
	refused("request: weight is 66048, must be 1 to 65535");
	setup(NULL);
	memset(field(CORBEL_RQ_kernel) + 4, 0, 8);
	refused("request: kernel is 0, must be 1 to 1099511627776");
	setup(NULL);
	memset(field(CORBEL_RQ_initrd) + 4, 0xFF, 8);
	refused("request: initrd is 18446744073709551615, must be 0 to 1099511627776");
	setup(NULL);
	memcpy(field(CORBEL_RQ_flags) + 4, &flags, 4);
	refused("request: flags 0x1, of which 0x1 are not allowed here");
}

static void test_texts(void **state)
{
	(void)state;
	field(CORBEL_RQ_name)[5] = '/';
	refused("request: name has byte 0x2f at 1");
	setup(NULL);
	field(CORBEL_RQ_name)[4] = 0;
	refused("request: name has byte 0x0 at 0");
	setup(NULL);
	field(CORBEL_RQ_name)[4] = '{'; /* behind z, and : behind 9 */
	refused("request: name has byte 0x7b at 0");
	setup(NULL);
	field(CORBEL_RQ_name)[4] = ':';
	refused("request: name has byte 0x3a at 0");
	setup(NULL);
	field(CORBEL_RQ_name)[2] = 0;
	refused("request: length of name is 0, must be 1 to 63");
	setup(NULL);
	field(CORBEL_RQ_label)[4 + 3] = 0x7F;
	refused("request: label has byte 0x7f at 3");
	setup(NULL);
	field(CORBEL_RQ_label)[4 + 25] = 0;
	refused("request: label has byte 0x0 at 25");
	setup(NULL);
	field(CORBEL_RQ_label)[4] = '\n';
	refused("request: label has byte 0xa at 0");
	setup(NULL);
	field(CORBEL_RQ_cmdline)[4 + 7] = 0;
	refused("request: cmdline has byte 0x0 at 7");
}

/* Nothing, or one whole manifest, whose bytes nobody looks at yet. */
static void test_owner(void **state)
{
	static const uint8_t manifest[sizeof(struct corbel_owner_manifest)] = {0xEE};
	struct corbel_request_header *h = (struct corbel_request_header *)bytes;
	uint8_t *owner = field(CORBEL_RQ_owner);
	size_t without = len;

	(void)state;
	for (uint16_t size = 0; size <= sizeof(manifest) + 1; size++) {
		memset(owner + 4, 0, sizeof(manifest) + 1);
		memcpy(owner + 4, manifest, size < sizeof(manifest) ? size : sizeof(manifest));
		memcpy(owner + 2, &size, sizeof(size));
		h->size = (uint32_t)(len = without + size);
		if (size == 0 || size == sizeof(manifest)) {
			assert_int_equal(request_decode(bytes, len, CORBEL_RQF_PAUSED, &out), 0);
			assert_int_equal(out.owner_len, size);
			assert_memory_equal(&out.owner, owner + 4, sizeof(out.owner));
		} else if (size > sizeof(manifest)) {
			refused("request: owner has 313 bytes, at most 312");
		} else {
			assert_int_equal(request_decode(bytes, len, CORBEL_RQF_PAUSED, &out),
					 -XEN_EINVAL);
			assert_memory_equal(fail_reason, "request: owner has ", 19);
			fail_reason[0] = 0;
		}
	}
}

static size_t add_devices(const uint16_t *devices, uint16_t size)
{
	static size_t without;
	struct corbel_request_header *h = (struct corbel_request_header *)bytes;
	uint16_t head[2] = {CORBEL_RQ_devices, size};

	setup(NULL);
	without = len;
	memcpy(bytes + len, head, sizeof(head));
	memcpy(bytes + len + sizeof(head), devices, size);
	len += sizeof(head) + size;
	h->size = (uint32_t)len;
	return without;
}

/* None, and then no field; or 1 to 32, ascending. */
static void test_devices(void **state)
{
	uint16_t devices[CORBEL_RQ_DEVICES_MAX + 1];
	size_t without;

	(void)state;
	for (uint16_t i = 0; i < CORBEL_RQ_DEVICES_MAX + 1; i++) {
		devices[i] = (uint16_t)(i * 8);
	}
	devices[CORBEL_RQ_DEVICES_MAX - 1] = 0xFFFF;
	assert_int_equal(request_decode(bytes, len, CORBEL_RQF_PAUSED, &out), 0);
	assert_int_equal(out.device_count, 0);
	for (uint16_t count = 1; count <= CORBEL_RQ_DEVICES_MAX; count++) {
		without = add_devices(devices, count * 2);
		assert_int_equal(request_decode(bytes, len, CORBEL_RQF_PAUSED, &out), 0);
		assert_int_equal(out.device_count, count);
		assert_memory_equal(out.devices, devices, count * 2);
	}
	for (size_t cut = without + 1; cut < len; cut++) {
		((struct corbel_request_header *)bytes)->size = (uint32_t)cut;
		assert_int_equal(request_decode(bytes, cut, CORBEL_RQF_PAUSED, &out), -XEN_EINVAL);
	}
	fail_reason[0] = 0;
	add_devices(devices, 0);
	refused("request: devices has 0 bytes, not 2 for each of 1 to 32");
	add_devices(devices, 3);
	refused("request: devices has 3 bytes, not 2 for each of 1 to 32");
	add_devices(devices, 66);
	refused("request: devices has 66 bytes, at most 64");
	devices[2] = devices[1];
	add_devices(devices, 8);
	refused("request: devices has 0x8 after 0x8: they must ascend");
	devices[2] = 0;
	add_devices(devices, 6);
	refused("request: devices has 0x0 after 0x8: they must ascend");
	/* Once, and last. */
	devices[1] = CORBEL_RQ_devices;
	add_devices(devices, 2);
	memcpy(bytes + len, bytes + len - 6, 6);
	((struct corbel_request_header *)bytes)->size = (uint32_t)(len += 6);
	refused("request: 6 bytes follow the last field");
	setup(NULL);
	field(CORBEL_RQ_owner)[0] = CORBEL_RQ_devices;
	refused("request: tag 12 where 11 (owner) is due");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_round_trip, setup),
		cmocka_unit_test_setup(test_header, setup),
		cmocka_unit_test_setup(test_truncation, setup),
		cmocka_unit_test_setup(test_tags, setup),
		cmocka_unit_test_setup(test_values, setup),
		cmocka_unit_test_setup(test_texts, setup),
		cmocka_unit_test_setup(test_owner, setup),
		cmocka_unit_test_setup(test_devices, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
