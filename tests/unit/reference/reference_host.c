/* SPDX-License-Identifier: MIT */
/*
 * `corbel-reference host`, on images made here with a real GRUB: what is in a reference and in the
 * text form, which names an image's files may have, and each wrong image refused for its own
 * reason.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "abi/corbel.h"
#include "abi/log.h"
#include "reference/reference_call.h"
#include "measured-boot/reference/reference.h"
#include "tools/plan/encode.h"

#define CALL(...)         call((const char *const[]){"host", __VA_ARGS__, NULL})
#define REFUSED(why, ...) call_refused(why, (const char *const[]){"host", __VA_ARGS__, NULL})

/* ---- the image, a folder `esp` ------------------------------------------------------------ */

#define LOAD                                                                                       \
	"module2 /corbel/policy.bin policy\nmodule2 /corbel/builder.bin builder\n"                 \
	"module2 /corbel/plan.bin plan\nmodule2 /corbel/vmlinuz kernel x\n"
#define INITRD     "module2 /corbel/initrd.cpio initrd\n"
#define HYPERVISOR "multiboot2 /corbel/corbel.elf "

static void grub(const char *config)
{
	save("grub.cfg", config, strlen(config));
	shell("grub-mkimage -O x86_64-efi -d /usr/lib/grub/x86_64-efi -p /corbel -c grub.cfg "
	      "-o esp/EFI/BOOT/BOOTX64.EFI tpm multiboot2 fat");
}

/* The usual configuration, with these words for the hypervisor. */
#define GRUB_WITH(words) grub(HYPERVISOR words "\n" LOAD INITRD "boot\n")

static void builder(uint64_t magic, uint32_t size, uint32_t flags)
{
	struct corbel_builder_header header = {
		.magic = magic, .size = size, .flags = flags, .svn = 7};

	save("esp/corbel/builder.bin", &header, sizeof(header));
}

static void plan(uint64_t kernel_size, uint64_t initrd_size, const char *cmdline)
{
	struct request request = {.name = "Domain-0",
				  .memory_mib = 768,
				  .vcpus = 2,
				  .weight = 256,
				  .label = "system_u:system_r:dom0.t",
				  .kernel_size = kernel_size,
				  .initrd_size = initrd_size,
				  .flags = CORBEL_RQF_DOM0};
	static uint8_t bytes[CORBEL_REQUEST_MAX];
	const char *why;

	strcpy(request.cmdline, cmdline);
	save("esp/corbel/plan.bin", bytes, request_encode(&request, bytes, sizeof(bytes), &why));
}

static int each(void **state)
{
	(void)state;
	shell("rm -rf esp && mkdir -p esp/EFI/BOOT esp/corbel && cp grub.efi esp/EFI/BOOT/"
	      "BOOTX64.EFI && cd esp/corbel && printf hv >corbel.elf && printf policy >policy.bin && "
	      "printf kernel >vmlinuz && printf init >initrd.cpio");
	builder(CORBEL_BUILDER_MAGIC, sizeof(struct corbel_builder_header), 0);
	plan(6, 4, "console=hvc0");
	return 0;
}

static int setup(void **state)
{
	if (call_start(state) != 0) {
		return -1;
	}
	shell("mkdir -p esp/EFI/BOOT");
	GRUB_WITH("policy-serial=5");
	shell("mv esp/EFI/BOOT/BOOTX64.EFI grub.efi");
	return 0;
}

/* ---- references --------------------------------------------------------------------------- */

static void reference(void **state)
{
	static char first[CALL_TEXT];

	(void)state;
	assert_int_equal(CALL("esp"), STATUS_yes);
	assert_written("{\n  \"format\": \"corbel.reference.1\",\n  \"name\": \"esp\",\n  "
		       "\"hypervisor_svn\": ");
	assert_written("\"builder_svn\": 7,\n  \"policy_serial\": 5,\n  \"components\": [\n    "
		       "{\"name\": \"grub\", \"pcr\": 4, \"sha256\": \"");
	assert_written("    {\"name\": \"hypervisor\", \"pcr\": 9, \"string\": "
		       "\"policy-serial=5\", \"size\": 2, \"sha256\": \"");
	assert_written("    {\"name\": \"kernel\", \"pcr\": 9, \"string\": \"kernel x\", \"size\": "
		       "6, \"sha256\": \"");
	assert_written("},\n    \"19\": {\"sha256\": \"");
	assert_written("\"}\n  },\n  \"dom0_cmdline\": \"console=hvc0\",\n  "
		       "\"dom0_memory_pages\": 196608,\n  \"dom0_vcpus\": 2\n}\n");
	strcpy(first, written);
	assert_int_equal(CALL("./esp//", "-o", "file"), STATUS_yes);
	assert_string_equal(written, "");
	load("file", written);
	assert_string_equal(written, first);
	assert_int_equal(CALL("esp", "--name", "n", "--hypervisor-svn", "4294967295"), STATUS_yes);
	assert_written("\"name\": \"n\",\n  \"hypervisor_svn\": 4294967295,");
	REFUSED("/none/file: ", "esp", "-o", "/none/file");
	/* what it loads is an input */
	REFUSED("is an input, and would be replaced", "esp", "-o", "esp/corbel/vmlinuz");
}

static void text(void **state)
{
	(void)state;
	assert_int_equal(CALL("esp", "--text"), STATUS_yes);
	assert_written("pcr 4 sha256 ");
	assert_written("\npcr 19 sha384 ");
	assert_written("\nfile grub sha256 ");
	assert_written("\nfile policy sha256 823412d1eacb67956220e532959f0104");
	assert_written(" esp/corbel/vmlinuz\n");
}

/* Said where somebody could take the reference for one of a host to trust. */
static void test_builder(void **state)
{
	(void)state;
	builder(CORBEL_BUILDER_MAGIC, sizeof(struct corbel_builder_header), 1);
	assert_int_equal(CALL("esp"), STATUS_yes);
	assert_non_null(strstr(said, "warning: esp: has a test build of the builder"));
	assert_int_equal(CALL("esp", "--text"), STATUS_yes);
	assert_string_equal(said, "");
	plan(7, 4, "");
	REFUSED("plan.bin: kernel: ", "esp");
	plan(6, 4, "");
	builder(CORBEL_BUILDER_MAGIC, sizeof(struct corbel_builder_header), 2);
	assert_int_equal(CALL("esp"), STATUS_yes);
	assert_string_equal(said, "");
}

/* Without an initrd, and with files whose names are in another case. */
static void names(void **state)
{
	(void)state;
	grub(HYPERVISOR "\n" LOAD "boot\n");
	plan(6, 0, "");
	shell("mv esp/corbel/corbel.elf esp/corbel/Corbel.ELF && rm esp/corbel/initrd.cpio");
	shell("mv esp/EFI esp/efi");
	assert_int_equal(CALL("esp"), STATUS_yes);
	assert_written("\"policy_serial\": 0,");
	/* of two names the very one */
	shell("printf 'another one' >esp/corbel/corbel.elf");
	assert_int_equal(CALL("esp"), STATUS_yes);
	assert_written("\"size\": 11, ");
	shell("rm esp/corbel/Corbel.ELF && printf x >esp/corbel/CORBEL.elf");
	assert_int_equal(CALL("esp"), STATUS_yes);
	assert_written("\"size\": 11, ");
}

static void default_name(const char *image, const char *name)
{
	char text[128];

	snprintf(text, sizeof(text), "  \"name\": \"%s\",\n", name);
	assert_int_equal(CALL(image), STATUS_yes);
	assert_written(text);
}

static void default_names(void **state)
{
	char image[65] = "";

	(void)state;
	shell("mv esp esp.img");
	default_name("esp.img", "esp");
	default_name("./esp.img///", "esp");
	shell("mv esp.img esp.imx");
	default_name("esp.imx", "esp.imx");
	shell("mv esp.imx .img");
	default_name(".img", ".img");
	default_name("./.img", ".img");
	shell("mv .img x.img");
	default_name("x.img", "x");
	memset(image, 'x', 64);
	shell("mv x.img %s", image);
	REFUSED("--name: expected 1 to 63 bytes", image);
	shell("rm -r %s", image);
}

/* ---- what is no host image ---------------------------------------------------------------- */

static void configurations(void **state)
{
	(void)state;
	grub("boot\n");
	REFUSED("expected multiboot2 before boot", "esp");
	grub(HYPERVISOR "\nmodule2 /corbel/policy.bin polic\nboot\n");
	REFUSED("BOOTX64.EFI: configuration line 2: expected policy, builder, plan, kernel or "
		"initrd behind the path, found 'polic'",
		"esp");
	grub(HYPERVISOR "\nmodule2 /corbel/policy.bin policy2\nboot\n");
	REFUSED("found 'policy2'", "esp");
	grub(HYPERVISOR "\nmodule2 /corbel/policy.bin polity\nboot\n");
	REFUSED("found 'polity'", "esp");
	grub(HYPERVISOR "\nmodule2 /corbel/policy.bin config\nboot\n");
	REFUSED("found 'config'", "esp");
	grub(HYPERVISOR "\n" LOAD "module2 /corbel/initrd.cpio kernel y\nboot\n");
	REFUSED("BOOTX64.EFI: configuration line 6: a second module 'kernel y'", "esp");
	grub(HYPERVISOR "\n" LOAD "module2 /corbel/initrd initrd\nboot\n");
	REFUSED("esp/corbel/initrd: is not in the image", "esp");
	GRUB_WITH("\xC3\xA9");
	REFUSED("BOOTX64.EFI: byte 0xc3", "esp");
}

/* Without any of the four the hypervisor does not start. */
static void missing(void **state)
{
	static const char *const module[] = {"policy", "builder", "plan", "kernel"};
	char config[1024], why[64];

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		strcpy(config, HYPERVISOR "\n");
		for (unsigned m = 0; m < 4; m++) {
			if (m != i) {
				sprintf(config + strlen(config), "module2 /corbel/policy.bin %s\n",
					module[m]);
			}
		}
		strcat(config, "boot\n");
		grub(config);
		snprintf(why, sizeof(why), "configuration: no module2 for '%s'", module[i]);
		REFUSED(why, "esp");
	}
}

static void options(void **state)
{
	(void)state;
	GRUB_WITH("x policy-serial=999999999999999999 policy-serial=1");
	assert_int_equal(CALL("esp"), STATUS_yes);
	assert_written("\"policy_serial\": 999999999999999999,");
	GRUB_WITH("=9 policy=9 policy_serial=1 policy-serial2=2 policy-serial=3");
	assert_int_equal(CALL("esp"), STATUS_yes);
	assert_written("\"policy_serial\": 3,");
	GRUB_WITH("policy-serial policy-serial=1");
	assert_int_equal(CALL("esp"), STATUS_yes);
	assert_written("\"policy_serial\": 0,");
	GRUB_WITH("policy-serial=0000000000000000001");
	REFUSED("BOOTX64.EFI: hypervisor option policy-serial: more than 18 digits", "esp");
	GRUB_WITH("policy-serial=1x");
	REFUSED("BOOTX64.EFI: hypervisor option policy-serial: expected a decimal number", "esp");
}

static void files(void **state)
{
	const uint32_t size = sizeof(struct corbel_builder_header);

	(void)state;
	builder(CORBEL_BUILDER_MAGIC + 1, size, 0);
	REFUSED("builder.bin: header: not a builder image", "esp");
	builder(CORBEL_BUILDER_MAGIC, size - 1, 0);
	REFUSED("builder.bin: header: not a builder image", "esp");
	builder(CORBEL_BUILDER_MAGIC, 16, 0);
	assert_int_equal(truncate("esp/corbel/builder.bin", 16), 0);
	REFUSED("builder.bin: header: not a builder image of 16 bytes", "esp");
	each(state);
	save("esp/corbel/plan.bin", "plan", 4);
	REFUSED("esp/corbel/plan.bin: request: ", "esp");
	plan(7, 4, "");
	REFUSED("plan.bin: kernel: the plan says 7 bytes, esp/corbel/vmlinuz has 6", "esp");
	plan(6, 5, "");
	REFUSED("plan.bin: initrd: the plan says 5 bytes, esp/corbel/initrd.cpio has 4", "esp");
	plan(6, 4, "\xC3\xA9");
	REFUSED("plan.bin: ", "esp");
	save("esp/corbel/policy.bin", "", 0);
	REFUSED("esp/corbel/policy.bin: is empty", "esp");
	grub(HYPERVISOR "\n" LOAD "boot\n");
	each(state);
	grub(HYPERVISOR "\n" LOAD "boot\n");
	REFUSED("plan.bin: initrd: the plan says 4 bytes, the absent module has 0", "esp");
	save("esp/EFI/BOOT/BOOTX64.EFI", "no GRUB", 7);
	REFUSED("esp/EFI/BOOT/BOOTX64.EFI: not a PE image", "esp");
	save("esp/EFI/BOOT/BOOTX64.EFI", "", 0);
	REFUSED("esp/EFI/BOOT/BOOTX64.EFI: is empty", "esp");
	unlink("esp/EFI/BOOT/BOOTX64.EFI");
	REFUSED("esp/EFI/BOOT/BOOTX64.EFI: is not in the image", "esp");
}

/* ---- file systems ------------------------------------------------------------------------- */

static void file_systems(void **state)
{
	static char first[CALL_TEXT];

	(void)state;
	assert_int_equal(CALL("esp"), STATUS_yes);
	strcpy(first, written);
	shell("mkdir tmp && mformat -C -i esp.img -f 2880 :: && mcopy -s -i esp.img esp/EFI "
	      "esp/corbel ::");
	setenv("TMPDIR", "tmp", 1);
	assert_int_equal(CALL("esp.img"), STATUS_yes);
	assert_string_equal(written, first);
	assert_int_equal(CALL("esp.img", "--text"), STATUS_yes);
	assert_written(" esp.img:/corbel/vmlinuz\n");
	REFUSED("esp.img: is an input, and would be replaced", "esp.img", "-o", "esp.img");
	shell("head -c -1 esp.img >cut.img && head -c 512 /dev/zero >x.img");
	REFUSED("cut.img: is cut short: expected a whole FAT file system", "cut.img");
	assert_int_equal(CALL("x.img"), STATUS_bad);
	assert_non_null(strstr(said, "x.img: mcopy cannot read it: expected a whole FAT file "));
	shell("printf x >x.img");
	assert_int_equal(CALL("x.img"), STATUS_bad);
	shell("rmdir tmp"); /* it is as it was */
	REFUSED(": cannot be made: No such file or directory", "esp.img");
	unsetenv("TMPDIR");
	assert_int_equal(CALL("esp.img"), STATUS_yes);
	shell("rm esp.img");
}

static void no_mcopy(void **state)
{
	char *path = strdup(getenv("PATH"));

	(void)state;
	shell("head -c 512 /dev/zero >x.img");
	setenv("PATH", "/none", 1);
	REFUSED("x.img: mcopy (package mtools) cannot be started: No such file", "x.img");
	setenv("PATH", path, 1);
	free(path);
	REFUSED("none: No such file", "none");
	REFUSED("/dev/null: expected a folder or a file system in a file (is not a regular ",
		"/dev/null");
}

/* Names that are not a way out of the image, nor a way at all. */
static void ways(void **state)
{
	(void)state;
	grub("multiboot2 /corbel/../corbel/corbel.elf\n" LOAD INITRD "boot\n");
	REFUSED("esp/corbel/../corbel/corbel.elf: is not in the image", "esp");
	grub("multiboot2 /corbel/corbel.elf/x\n" LOAD INITRD "boot\n");
	REFUSED("esp/corbel/corbel.elf/x: is not in the image", "esp");
	grub("multiboot2 //corbel///corbel.elf\n" LOAD INITRD "boot\n");
	assert_int_equal(CALL("esp"), STATUS_yes);
	grub("multiboot2 /corbel/corbel.el\n" LOAD INITRD "boot\n");
	REFUSED("esp/corbel/corbel.el: is not in the image", "esp");
	grub("multiboot2 /corbel/corbel.elg\n" LOAD INITRD "boot\n");
	REFUSED("esp/corbel/corbel.elg: is not in the image", "esp");
}

/* ---- words -------------------------------------------------------------------------------- */

static void usage(void **state)
{
	char name[65] = "";

	(void)state;
	REFUSED("host: expected one image, not 0", "--text");
	REFUSED("host: expected one image, not 2", "esp", "esp");
	REFUSED("--hypervisor-svn: expected a decimal number up to 4294967295", "esp",
		"--hypervisor-svn", "4294967296");
	memset(name, 'x', 64);
	REFUSED("--name: expected 1 to 63 bytes", "esp", "--name", name);
	REFUSED("--name: expected 1 to 63 bytes", "esp", "--name", "");
	REFUSED("--name: expected 1 to 63 bytes", "/");
	REFUSED("--name: byte 0xc3", "esp", "--name", "\xC3\xA9");
	assert_int_equal(CALL("esp", "--what"), STATUS_bad);
	assert_non_null(strstr(said, "host: see the options below"));
	name[63] = '\0';
	assert_int_equal(CALL("esp", "--name", name), STATUS_yes);
	assert_written(name);
}

static void verbs(void **state)
{
#define RUN(...) call((const char *const[]){__VA_ARGS__, NULL})
	(void)state;
	assert_int_equal(call((const char *const[]){NULL}), STATUS_bad);
	assert_non_null(strstr(said, "expected a verb, not ''"));
	assert_int_equal(RUN("hos"), STATUS_bad);
	assert_non_null(strstr(said, "expected a verb, not 'hos'"));
	assert_string_equal(written, "");
	assert_int_equal(RUN("host", "esp", "--help"), STATUS_yes);
	assert_written("usage: corbel-reference host IMAGE [--name NAME]");
	assert_null(strstr(written, "corbel-reference tenant "));
	assert_int_equal(RUN("tenant", "--help"), STATUS_yes);
	assert_int_equal(strncmp(written, "usage: corbel-reference tenant", 30), 0);
	assert_int_equal(RUN("--help"), STATUS_yes);
	assert_written("usage: corbel-reference host IMAGE ... ");
	assert_written("\n\nusage: corbel-reference tenant ");
	assert_written("\n\nusage: corbel-reference firmware EVIDENCE.json");
#undef RUN
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, each)
		TEST(reference),      TEST(text),     TEST(test_builder), TEST(names),
		TEST(default_names),  TEST(missing),  TEST(options),      TEST(files),
		TEST(configurations), TEST(no_mcopy), TEST(file_systems), TEST(ways),
		TEST(usage),          TEST(verbs),
	};

	return cmocka_run_group_tests_name("reference_host", tests, setup, call_end);
}
