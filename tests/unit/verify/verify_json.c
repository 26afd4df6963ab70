/* SPDX-License-Identifier: MIT */
/*
 * Values out of JSON, one check each: what is not as it must be is told in words, gives zeroes, and
 * so does all that is asked after it; and files that cannot be read to their end.  Whole texts are
 * in verify_inputs.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#include "verify/verify_fixture.h"
#include "measured-boot/verify/bootlog.h"
#include "measured-boot/verify/json.h"

static const char text[] =
	"{\"n\": 7, \"huge\": 18446744073709551615, \"t\": \"abcd\", \"del\": \"\\u007f\", \"none\": "
	"\"\", \"odd\": \"012\", \"h\": \"0102\", \"zz\": \"zz\", \"b\": \"AAAA\", \"hnul\": \"0102\\u0000\", \"bnul\": "
	"\"AAAA\\u0000\", \"o\": {\"x\": 1}, \"l\": [1, null], \"z\": null}";

static struct json_file f;
static struct json_node root;

static int fresh(void **state)
{
	(void)state;
	json_close(&f);
	assert_true(json_open(&f, &root, "FILE", text, sizeof(text) - 1));
	return 0;
}

static int closed(void **state)
{
	(void)state;
	json_close(&f);
	return 0;
}

static struct json_node at(const char *key)
{
	return json_member(&root, key);
}

/* What was asked last was at fault, and why; then the file is as new. */
static void says(const char *words)
{
	assert_false(json_ok(&f));
	if (!strstr(f.error, words)) {
		fail_msg("not said: %s, but: %s", words, f.error);
	}
	fresh(NULL);
}

/* ---- texts -------------------------------------------------------------------------------- */

static void refused(const char *whole, const char *words)
{
	json_close(&f);
	assert_false(json_open(&f, &root, "FILE", whole, strlen(whole)));
	says(words);
}

static void whole_texts(void **state)
{
	(void)state;
	refused("null ", "expected a JSON object, found at byte 5: null");
	refused("{", "the file ends inside a value");
	refused("{} x", "found at byte 3: unexpected character");
	refused("{\"\x7f\": 1}", "expected keys of printable ASCII");
	refused("{:1}", "expected keys of printable ASCII");
	refused("[]", "FILE: expected an object");
}

/* ---- values ------------------------------------------------------------------------------- */

static void kinds(void **state)
{
	struct json_node n = at("n"), list = at("l"), object = at("o");

	(void)state;
	json_member(&n, "x");
	says("n: expected an object");
	json_format(&root, "corbel.x.1");
	says("format: missing");
	list = at("l");
	assert_false(json_is_array(&list, 1));
	says("l: expected at most 1 items, found 2");
	object = at("o");
	assert_false(json_is_array(&object, 1));
	says("o: expected an array");
	list = at("l");
	json_item(&list, 1);
	says("l[1]: null stands for nothing here");
	at("z");
	says("z: null stands for nothing here");
	n = at("n");
	assert_false(json_has(&n, "x"));
	assert_true(json_ok(&f));
}

static void numbers_and_texts(void **state)
{
	(void)state;
	assert_int_equal(json_number(at("n"), UINT64_MAX), 7);
	assert_int_equal(json_number(at("huge"), UINT64_MAX), 0);
	says("huge: expected a whole number from 0 to 18446744073709551614");
	assert_string_equal(json_text(at("n"), 9), "");
	says("n: expected a text");
	assert_string_equal(json_text(at("del"), 9), "");
	says("del: expected printable ASCII");
	assert_string_equal(json_text(at("t"), 4), "abcd");
	assert_string_equal(json_text(at("t"), 3), "");
	says("t: expected at most 3 characters, found 4");
}

static void hex(void **state)
{
	uint8_t out[2] = {9, 9};
	struct bytes bytes;

	(void)state;
	assert_true(json_hex(at("h"), out, 2));
	assert_int_equal(out[1], 2);
	assert_false(json_hex(at("h"), out, 1));
	says("h: expected 2 hex digits");
	assert_false(json_hex(at("hnul"), out, 2));
	says("hnul: expected 4 hex digits");
	assert_false(json_hex_or_empty(at("none"), out, 2));
	assert_true(json_ok(&f));
	assert_int_equal(out[1], 0);
	json_hex_bytes(at("h"), 2, &bytes);
	assert_int_equal(bytes.length, 2);
	free(bytes.data);
	json_hex_bytes(at("h"), 1, &bytes);
	says("h: expected an even number of hex digits, 2 to 2");
	json_hex_bytes(at("none"), 2, &bytes);
	says("none: expected an even number of hex digits");
	json_hex_bytes(at("odd"), 2, &bytes);
	says("odd: expected an even number of hex digits");
	json_hex_bytes(at("zz"), 2, &bytes);
	assert_null(bytes.data);
	says("zz: expected hex digits only");
}

static void base64(void **state)
{
	struct bytes bytes;

	(void)state;
	json_base64(at("b"), 3, &bytes);
	assert_int_equal(bytes.length, 3);
	free(bytes.data);
	json_base64(at("b"), 2, &bytes); /* as many characters as two bytes have */
	assert_null(bytes.data);
	says("b: expected base64 with padding");
	json_base64(at("none"), 3, &bytes);
	says("none: expected base64 of 1 to 3 bytes");
	json_base64(at("bnul"), 3, &bytes);
	says("bnul: expected base64 of 1 to 3 bytes");
	json_base64(at("bnul"), 9, &bytes);
	says("bnul: expected base64 with padding");
}

/* A value that was found before a fault is none after it. */
static void after_a_fault(void **state)
{
	struct json_node n = at("n"), t = at("t"), list = at("l"), h = at("h"), b = at("b");
	struct bytes bytes;
	uint8_t out[2] = {9, 9};

	(void)state;
	assert_true(json_has(&root, "n"));
	json_member(&root, "nothing");
	assert_int_equal(json_number(n, 9), 0);
	assert_string_equal(json_text(t, 9), "");
	assert_false(json_hex(h, out, 2));
	assert_int_equal(out[0], 0);
	json_hex_bytes(h, 2, &bytes);
	assert_null(bytes.data);
	json_base64(b, 3, &bytes);
	assert_null(bytes.data);
	assert_false(json_is_array(&list, 2));
	assert_int_equal(json_count(&list), 0);
	assert_null(json_item(&list, 0).object);
	assert_false(json_is_object(&root));
	assert_false(json_has(&root, "n"));
	says("nothing: missing");
}

/* ---- files -------------------------------------------------------------------------------- */

static size_t read_at_most = SIZE_MAX;

/* In the C library's place: a file may be shorter than it was. */
ssize_t read(int fd, void *to, size_t length)
{
	size_t now = length < read_at_most ? length : read_at_most;

	if (read_at_most != SIZE_MAX) {
		read_at_most -= now;
	}
	return syscall(SYS_read, fd, to, now);
}

static void shorter(void **state)
{
	static const char path[] = "tests/golden/verify/reference.json";
	struct bytes out;
	char error[256];

	(void)state;
	read_at_most = 100;
	assert_false(file_read(path, 1 << 20, &out, error));
	read_at_most = SIZE_MAX;
	assert_non_null(strstr(error, "cannot be read to its end: it became shorter"));
	assert_null(out.data);
	assert_true(file_read(path, 1 << 20, &out, error));
	free(out.data);
}

/* Each file that was read is told of, also one that could not be; as many as there is room for. */
static void inputs(void **state)
{
	static const uint8_t nothing[32];
	static const char golden[] = "tests/golden/verify/reference.json";
	struct verdict v = {0};
	struct bytes out;
	uint8_t sha256[32], sha384[48];
	char error[256];

	(void)state;
	assert_false(input_read(&v, "/nonexistent", 9, &out, error));
	assert_int_equal(v.about.inputs, 1);
	assert_false(v.about.input[0].read);
	assert_memory_equal(v.about.input[0].sha256, nothing, 32);
	assert_true(input_read(&v, golden, 1 << 20, &out, error));
	assert_true(v.about.input[1].read);
	assert_string_equal(v.about.input[1].file, golden);
	digest_both(out.data, out.length, sha256, sha384);
	assert_memory_equal(v.about.input[1].sha256, sha256, 32);
	free(out.data);
	for (size_t i = 0; i < VERDICT_INPUTS_MAX; i++) {
		input_read(&v, "/nonexistent", 9, &out, error);
	}
	assert_int_equal(v.about.inputs, VERDICT_INPUTS_MAX);
	verdict_free(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(whole_texts, fresh),
		cmocka_unit_test_setup(kinds, fresh),
		cmocka_unit_test_setup(numbers_and_texts, fresh),
		cmocka_unit_test_setup(hex, fresh),
		cmocka_unit_test_setup(base64, fresh),
		cmocka_unit_test_setup(after_a_fault, fresh),
		cmocka_unit_test(shorter),
		cmocka_unit_test(inputs),
	};

	return cmocka_run_group_tests(tests, NULL, closed);
}
