/* SPDX-License-Identifier: MIT */
/*
 * `corbel-reference tenant`: a right call says what the domain's launch record must say; each wrong
 * input is refused for its own reason, and nothing is written.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "reference/reference_call.h"
#include "measured-boot/reference/reference.h"
#include "tools/sign/manifest.h"

#define CALL(...)         call((const char *const[]){"tenant", __VA_ARGS__, NULL})
#define REFUSED(why, ...) call_refused(why, (const char *const[]){"tenant", __VA_ARGS__, NULL})
#define KERNEL            "--kernel", "k"
#define CMDLINE           "--cmdline", "quiet"
#define SIZE              "--memory", "100", "--vcpus", "3"
#define LABEL             "--label", "u:r:tenant.t"
#define WORDS             KERNEL, CMDLINE, SIZE, LABEL

static void signed_as(const char *name, const char *kernel, const char *initrd, const char *cmdline,
		      const char *label)
{
	struct manifest_input input = {.kernel = kernel,
				       .initrd = initrd,
				       .cmdline = cmdline,
				       .label = label,
				       .min_policy = 9};
	struct corbel_owner_manifest manifest;
	struct p256_key key;
	char error[512];

	assert_int_equal(p256_load(&key, "key.pem", true, error, sizeof(error)), 0);
	assert_int_equal(manifest_make(&manifest, &input, &key, error, sizeof(error)), 0);
	save(name, &manifest, sizeof(manifest));
	p256_free(&key);
}

static int setup(void **state)
{
	static const char config[] = "name=\"t\"\nkernel=\"k\"\ncmdline='quiet'\nmemory=100\n"
				     "vcpus=3\nseclabel=\"u:r:tenant.t\"\n";

	if (call_start(state) != 0) {
		return -1;
	}
	save_key();
	save("k", "kernel", 6);
	save("i", "initrd", 6);
	save("t.cfg", config, strlen(config));
	signed_as("m", "k", "", "quiet", "u:r:tenant.t");
	return 0;
}

static void good(void **state)
{
	char first[CALL_TEXT];

	(void)state;
	assert_int_equal(CALL(WORDS), STATUS_yes);
	assert_written(
		"{\n  \"format\": \"corbel.expect.1\",\n  \"name\": \"tenant\",\n  \"kernel\": \"");
	assert_written("\"initrd\": \"e3b0c44298fc1c149afbf4c8996fb924"); /* of nothing */
	assert_written("\"cmdline\": \"quiet\",\n  \"cmdline_sha256\": \"");
	assert_written(
		"\"memory_pages\": 25600,\n  \"vcpus\": 3,\n  \"label\": \"u:r:tenant.t\",\n  "
		"\"owner\": \"\",\n  \"min_policy\": 0,\n  \"uuid\": \"\"\n}\n");
	strcpy(first, written);
	assert_int_equal(CALL(WORDS, "--name", "tenant", "--initrd", ""), STATUS_yes);
	assert_string_equal(written, first);
	assert_int_equal(CALL("--config", "t.cfg", "name=\"tenant\""), STATUS_yes);
	assert_string_equal(written, first);
	assert_int_equal(CALL(WORDS, "-o", "file"), STATUS_yes);
	assert_string_equal(written, "");
	load("file", written);
	assert_string_equal(written, first);
	assert_int_equal(CALL(WORDS, "--initrd", "i"), STATUS_yes);
	assert_null(strstr(written, "e3b0c442"));
	assert_int_equal(CALL(KERNEL, CMDLINE, "--memory", "4", "--vcpus", "1", LABEL), STATUS_yes);
	assert_written("\"memory_pages\": 1024,\n  \"vcpus\": 1,");
	assert_int_equal(CALL("--config", "t.cfg", "uuid=\"01234567-89ab-cdef-0123-456789abcdef\""),
			 STATUS_yes);
	assert_written("\"uuid\": \"01234567-89ab-cdef-0123-456789abcdef\"");
	assert_int_equal(CALL("--config", "t.cfg", "pci=['3a:1f.7','0000:00:04.0']"), STATUS_yes);
	assert_written("\"uuid\": \"\",\n  \"devices\": [\"00:04.0\", \"3a:1f.7\"]\n}\n");
	REFUSED("pci `0001:00:04.0': only PCI domain 0000", "--config", "t.cfg",
		"pci=['0001:00:04.0']");
}

static void owners(void **state)
{
	char first[CALL_TEXT];

	(void)state;
	assert_int_equal(CALL(WORDS, "--owner-key", "key.pem"), STATUS_yes);
	assert_written("\"min_policy\": 0,");
	assert_null(strstr(written, "\"owner\": \"\""));
	assert_int_equal(CALL(WORDS, "--owner-key", "key.pem", "--min-policy", "9"), STATUS_yes);
	assert_written("\"min_policy\": 9,");
	strcpy(first, written);
	assert_int_equal(CALL(WORDS, "--manifest", "m"), STATUS_yes);
	assert_string_equal(written, first);
	assert_int_equal(CALL("--config", "t.cfg", "name=\"tenant\"", "owner_manifest=\"m\""),
			 STATUS_yes);
	assert_string_equal(written, first);
	assert_int_equal(CALL("--config", "t.cfg", "name=\"tenant\"", "owner_manifest=\"none\"",
			      "--manifest", "m"),
			 STATUS_yes);
	assert_string_equal(written, first);
	REFUSED("none: ", WORDS, "--owner-key", "none");
	REFUSED("--min-policy: expected a decimal", WORDS, "--owner-key", "key.pem", "--min-policy",
		"x");
	REFUSED("none: ", WORDS, "--manifest", "none");
	assert_int_equal(CALL("--config", "t.cfg", "owner_manifest=\"none\""), STATUS_bad);
	assert_non_null(strstr(said, "which manifest is meant is said by --manifest FILE"));
}

static void other_owners(void **state)
{
	static const char label[] = "u:r:tenant.t";
	char forged[CALL_TEXT];
	FILE *file;

	(void)state;
	signed_as("x", "i", "", "quiet", label);
	REFUSED("x: kernel: signed for another file", WORDS, "--manifest", "x");
	signed_as("x", "k", "i", "quiet", label);
	REFUSED("x: initrd: signed for another file", WORDS, "--manifest", "x");
	signed_as("x", "k", "", "quiet!", label);
	REFUSED("x: cmdline: signed for another one", WORDS, "--manifest", "x");
	signed_as("x", "k", "", "quiet", "u:r:tenant.u");
	REFUSED("x: label: signed for another one", WORDS, "--manifest", "x");
	signed_as("x", "k", "", "quiet", label);
	load("x", forged);
	forged[sizeof(struct corbel_owner_manifest) - 1] ^= 1;
	file = fopen("x", "wb");
	fwrite(forged, 1, sizeof(struct corbel_owner_manifest), file);
	fclose(file);
	REFUSED("x: signature: is not of this key", WORDS, "--manifest", "x");
}

static void words(void **state)
{
	static char text[4200];

	(void)state;
	REFUSED("--memory: expected at least 4 MiB", KERNEL, CMDLINE, "--memory", "3", "--vcpus",
		"1", LABEL);
	REFUSED("--vcpus: expected at least 1", KERNEL, CMDLINE, "--memory", "4", "--vcpus", "0",
		LABEL);
	REFUSED("--memory: expected a decimal", KERNEL, CMDLINE, "--memory", "x", "--vcpus", "1",
		LABEL);
	REFUSED("--vcpus: expected a decimal", KERNEL, CMDLINE, "--memory", "4", "--vcpus", "x",
		LABEL);
	REFUSED("--label: expected", KERNEL, CMDLINE, SIZE, "--label", "");
	memset(text, 'x', sizeof(text) - 1);
	REFUSED("--kernel or --initrd: longer", "--kernel", text, CMDLINE, SIZE, LABEL);
	REFUSED("--kernel or --initrd: longer", WORDS, "--initrd", text);
	text[2048] = 0;
	REFUSED("--cmdline: 2048 bytes", KERNEL, "--cmdline", text, SIZE, LABEL);
	text[64] = 0;
	REFUSED("--label: expected", KERNEL, CMDLINE, SIZE, "--label", text);
	REFUSED("--name, --kernel", WORDS, "--name", text);
	REFUSED("cmdline: byte 0xc3", KERNEL, "--cmdline", "\xC3\xA9", SIZE, LABEL);
	REFUSED("label: byte 0xc3", KERNEL, CMDLINE, SIZE, "--label", "\xC3\xA9");
	REFUSED("name: byte 0xc3", WORDS, "--name", "\xC3\xA9");
	REFUSED("kernel: none: ", "--kernel", "none", CMDLINE, SIZE, LABEL);
	REFUSED("ramdisk: none: ", WORDS, "--initrd", "none");
	REFUSED("/none/file", WORDS, "-o", "/none/file");
}

static void configurations(void **state)
{
	(void)state;
	REFUSED("none.cfg: ", "--config", "none.cfg");
	REFUSED("command line:1: ", "--config", "t.cfg", "memory=");
	REFUSED("memory", "--config", "t.cfg", "memory=3");
	assert_int_equal(CALL("--config", "t.cfg", "kernel=\"/none/k\""), STATUS_bad);
	assert_non_null(strstr(said, "'kernel=\"k\"'"));
	assert_int_equal(CALL("--config", "t.cfg", "kernel=\"none\""), STATUS_bad);
	assert_non_null(strstr(said, "'kernel=\"none\"'"));
	assert_int_equal(CALL("--config", "t.cfg", "kernel=\"/\""), STATUS_bad); /* it is there */
	assert_null(strstr(said, "on this machine"));
}

static void usage(void **state)
{
	(void)state;
	REFUSED("exclude each other", WORDS, "--manifest", "m", "--owner-key", "key.pem");
	REFUSED("--min-policy goes with --owner-key", WORDS, "--min-policy", "1");
	REFUSED("--min-policy goes with --owner-key", WORDS, "--manifest", "m", "--min-policy",
		"1");
	REFUSED("--config says all", "--config", "t.cfg", KERNEL);
	REFUSED("--config says all", "--config", "t.cfg", "--initrd", "i");
	REFUSED("--config says all", "--config", "t.cfg", CMDLINE);
	REFUSED("--config says all", "--config", "t.cfg", "--memory", "100");
	REFUSED("--config says all", "--config", "t.cfg", "--vcpus", "1");
	REFUSED("--config says all", "--config", "t.cfg", LABEL);
	REFUSED("--config says all", "--config", "t.cfg", "--name", "n");
	REFUSED("KEY=VALUE goes with --config", WORDS, "memory=1");
	REFUSED("--kernel is missing", CMDLINE, SIZE, LABEL);
	REFUSED("--kernel is empty", "--kernel", "", CMDLINE, SIZE, LABEL);
	REFUSED("--cmdline is missing", KERNEL, SIZE, LABEL);
	REFUSED("--memory is missing", KERNEL, CMDLINE, "--vcpus", "1", LABEL);
	REFUSED("--vcpus is missing", KERNEL, CMDLINE, "--memory", "100", LABEL);
	REFUSED("--label is missing", KERNEL, CMDLINE, SIZE);
	REFUSED("an option is given twice: 'k'", WORDS, KERNEL);
	assert_int_equal(CALL(WORDS, "--what"), STATUS_bad);
	assert_non_null(strstr(said, "tenant: see the options below"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),           cmocka_unit_test(owners),
		cmocka_unit_test(other_owners),   cmocka_unit_test(words),
		cmocka_unit_test(configurations), cmocka_unit_test(usage),
	};

	return cmocka_run_group_tests_name("reference_tenant", tests, setup, call_end);
}
