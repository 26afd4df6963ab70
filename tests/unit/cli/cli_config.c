/* SPDX-License-Identifier: MIT */
/*
 * The configuration parser and what the keys mean: a table of accepted and
 * refused files with their messages, random bytes, and the way back to a file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "abi/corbel.h"
#include "builder-domain/abi.h"
#include "tools/corbel/config.h"
#include "tools/corbel/guest.h"

#define BASE "name='a'\nkernel='/k'\nmemory=64\n"

static const struct {
	const char *text, *error; /* error NULL: accepted; else a part of the message */
	const char *warning;      /* part of what is said, or NULL: nothing is said */
} cases[] = {
	{BASE, NULL, NULL},
	{BASE "vcpus='2'\nmemory = '256'", NULL, NULL},
	{BASE "# comment\n\n  ;; uuid=\"00112233-4455-6677-8899-aabbccddeeff\" ; vcpus=2 # x", NULL,
	 NULL},
	{BASE "disk=[]\nvif=[ ]\n", NULL, NULL},
	{BASE "memory = 0x40\r\n", NULL, NULL},
	{BASE "type='pvh'", NULL, NULL},
	{BASE "type='pv'", NULL, "t.cfg:4: note: `type=\"pv\"' runs as PVH here"},
	{BASE "type='p'", NULL, "runs as PVH"},
	{BASE "type='hvm'", "t.cfg:4: HVM guests are not supported", NULL},
	{BASE "type='h'", "HVM guests", NULL},
	{BASE "builder='hvm'", "HVM guests", NULL},
	{BASE "type='x'", "t.cfg:4: Invalid domain type x.", NULL},
	{BASE "colour='red'", NULL, "t.cfg:4: warning: unknown key `colour' ignored"},
	{BASE "cpu_cap=50", NULL, "`cpu_cap' has no effect"},
	{BASE "cpus=[\"0\", \"1,2\"]", NULL, "`cpus' has no effect"},
	{BASE "disk=['phy:/dev/x,xvda,w']", NULL, NULL},
	{BASE "disk=['phy:/dev/x,xvda,q']", "t.cfg:4: disk `phy:/dev/x,xvda,q': unknown value",
	 NULL},
	{BASE "vif=['']", NULL, NULL},
	{BASE "vif=['model=e1000']", "t.cfg:4: vif: model `e1000'", NULL},
	{BASE "virtio=['type=virtio,device22']", "t.cfg:4: `virtio': this host cannot give", NULL},
	{BASE "virtio=[]\nvsnd=[]\nvdispl=[]\npvcalls=[]\nusbdevice=[]", NULL, NULL},
	{BASE "vsnd=[['card']]", "`vsnd': this host cannot give such devices", NULL},
	{BASE "vdispl=['a']", "`vdispl': this host cannot give such devices", NULL},
	{BASE "pvcalls=['a']", "`pvcalls': this host cannot give such devices", NULL},
	{BASE "rdm='strategy=host'", "`rdm': this host cannot give such devices", NULL},
	{BASE "pvshim=1", "t.cfg:4: `pvshim' is not supported", NULL},
	{BASE "pvshim=0\npassthrough='disabled'", NULL, NULL},
	{BASE "passthrough='enabled'", "`passthrough' is not supported", NULL},
	{BASE "vnuma=[['pnode=0']]", "`vnuma' is not supported", NULL},
	{BASE "bootloader='pygrub'", "`bootloader' is not supported", NULL},
	{BASE "firmware='pvgrub64'", "`firmware' is not supported", NULL},
	{BASE "cmdline='x'\nextra='y'", NULL, "ignoring root= and extra="},
	{BASE "cmdline='a \xc3\xa9'", "t.cfg:4: `cmdline': byte 0xc3 at 2: expected ASCII", NULL},
	{BASE "root='\xc3\xa9'", "t.cfg:4: `root': byte 0xc3 at 0: expected ASCII", NULL},
	{BASE "extra='\xff'", "t.cfg:4: `extra': byte 0xff at 0: expected ASCII", NULL},
	{BASE "maxmem=128", NULL, "`maxmem' above the start value"},
	{BASE "maxmem=2097152", NULL, "`maxmem' above the start value"},
	{BASE "vcpus=4\nmaxvcpus=32", NULL, "t.cfg:5: warning: `maxvcpus' above the start value"},
	{"name='a'\nkernel='/k'\nmaxmem=2097152", "`maxmem' must be 4 to 1048576", NULL},
	{BASE "maxmem=32", "t.cfg:4: `maxmem' is less than `memory'", NULL},
	{BASE "maxvcpus=1\nvcpus=2", "`maxvcpus' is less than `vcpus'", NULL},
	{BASE "vcpus=9", "t.cfg:4: `vcpus' must be 1 to 8, not 9", NULL},
	{BASE "vcpus=0", "`vcpus' must be 1 to 8", NULL},
	{BASE "vcpus='two'", "t.cfg:4: `vcpus' must be a number, not `two'", NULL},
	{BASE "vcpus=[1]", "`vcpus' must be a number", NULL},
	{BASE "cpu_weight=65536", "`cpu_weight' must be 1 to 65535", NULL},
	{BASE "memory=99999999999999999999", "t.cfg:4: `memory' must be a number", NULL},
	{BASE "memory=-5", "expected a quoted string, a number or a list", NULL},
	{BASE "memory=1k", "a number must be decimal or 0x", NULL},
	{BASE "driver_domain=2", "t.cfg:4: `driver_domain' must be 0 to 1, not 2", NULL},
	{BASE "uuid='12'", "t.cfg:4: `uuid' is not a UUID: `12'", NULL},
	{BASE "on_crash='explode'", "t.cfg:4: `on_crash' must be destroy, restart or preserve",
	 NULL},
	{BASE "on_crash='coredump-restart'", NULL, "nobody can dump"},
	{BASE "on_poweroff='preserve'\non_reboot='destroy'", NULL, NULL},
	{BASE "name='has blank'", "t.cfg:4: `name' may hold", NULL},
	{BASE "name='12'", "must not be a number", NULL},
	{BASE "name=['a']", "t.cfg:4: `name' must be a string", NULL},
	{BASE "seclabel=''", "`seclabel' is empty", NULL},
	{"kernel='/k'\nmemory=64", "Domain name must be specified.", NULL},
	{"name='a'\nmemory=64", "Neither kernel nor bootloader specified", NULL},
	{"name='a'\nkernel='/k'", "`memory' must be specified", NULL},
	{"name='a", "t.cfg:1: string without closing quote", NULL},
	{"name='a\n'", "t.cfg:1: string without closing quote", NULL},
	{"name='a' 'b'", "t.cfg:1: expected the end of the line or `;'", NULL},
	{"\n\nname", "t.cfg:3: expected `=' or `+='", NULL},
	{"=3", "t.cfg:1: expected a key", NULL},
	{"9a=3", "expected a key", NULL},
	{"a=[1,2", "expected `,' or `]'", NULL},
	{"a=[1 2]", "expected `,' or `]'", NULL},
	{"a=[,]", "expected a quoted string", NULL},
	{"a=[[[[[[[[[[1]]]]]]]]]]", "lists nested too deeply", NULL},
	{"a='x'\na+=['y']", "t.cfg:2: `+=' needs two lists or two strings", NULL},
	{BASE "memory+=64", "t.cfg:4: `memory' is a number: `+=' joins strings and lists", NULL},
	{BASE "vcpus+='2'", "t.cfg:4: `vcpus' is a number", NULL},
	{BASE "memory+=64\nmemory=32", NULL, NULL},
	{"name=\n", "t.cfg:1: expected a quoted string, a number or a list near end of line", NULL},
	{"name=\001", "near byte 0x01", NULL},
	{BASE "extra='\\x2d'", "t.cfg:4: `\\x2d' in a string: escapes by number", NULL},
	{BASE "extra='\\0411'", "t.cfg:4: `\\041' in a string: escapes by number", NULL},
	{BASE "extra='\\q'", "t.cfg:4: `\\q' in a string: not an escape of xl's", NULL},
	{BASE "extra='\\", "t.cfg:4: `\\' in a string: not an escape of xl's", NULL},
	{BASE "extra='\\\n'", "t.cfg:4: `\\' in a string: not an escape of xl's", NULL},
	{"extra='\\'", "t.cfg:1: string without closing quote", NULL},
	{"Name='a'", "t.cfg:1: expected a key (of small letters) near `Name", NULL},
	{"a=\n3", "t.cfg:1: expected a quoted string", NULL},
};

/* Parses text as t.cfg; returns what was said, to be freed. */
static char *read_text(const char *text, struct config *config, struct guest *guest, int *ret)
{
	char *said;
	size_t size;
	FILE *err = open_memstream(&said, &size);

	config_init(config);
	*ret = config_parse(config, "t.cfg", text, strlen(text));
	if (!*ret) {
		*ret = guest_from_config(guest, config, err);
	}
	fclose(err);
	return said;
}

static void test_table(void **state)
{
	static struct guest guest;
	struct config config;
	int ret;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *said = read_text(cases[i].text, &config, &guest, &ret);

		if ((ret != 0) != (cases[i].error != NULL) ||
		    (cases[i].error && !strstr(config.error, cases[i].error))) {
			fail_msg("case %zu `%s': %d `%s'", i, cases[i].text, ret, config.error);
		}
		if (cases[i].warning ? !strstr(said, cases[i].warning) : said[0] != '\0') {
			fail_msg("case %zu `%s' said `%s'", i, cases[i].text, said);
		}
		free(said);
		config_free(&config);
	}
}

/* parse_cmdline() of xl 4.17: whether a key is there decides, not whether it has text. */
static void test_joined(void **state)
{
	static const char *const forms[][2] = {
		{"", ""},
		{"root=''", "root="},
		{"extra=''", ""},
		{"root='' \nextra='x'", "root= x"},
		{"root='/dev/xvda'\nextra=''", "root=/dev/xvda "},
		{"root=''\nextra=''", "root= "},
		{"cmdline=''", ""},
	};
	static struct guest guest;
	struct config config;

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		char text[256], *said;
		int ret;

		snprintf(text, sizeof(text), "%s%s\n", BASE, forms[i][0]);
		said = read_text(text, &config, &guest, &ret);
		assert_int_equal(ret, 0);
		assert_string_equal(guest.request.cmdline, forms[i][1]);
		free(said);
		config_free(&config);
	}
}

static void test_values(void **state)
{
	static const char text[] = BASE "root='/dev/xvda1'\nextra=\"console=hvc0 a='b'\"\n"
					"extra += ' more'\nvcpus=2\ncpu_weight=512\nmemory=128\n"
					"seclabel='s:r:t'\non_reboot='preserve'\nramdisk='/i'\n"
					"driver_domain=1\n";
	static struct guest guest;
	struct config config;
	int ret;
	char *said = read_text(text, &config, &guest, &ret);

	(void)state;
	assert_int_equal(ret, 0);
	assert_string_equal(guest.request.name, "a");
	assert_string_equal(guest.request.cmdline, "root=/dev/xvda1 console=hvc0 a='b' more");
	assert_string_equal(guest.request.label, "s:r:t");
	assert_string_equal(guest.kernel, "/k");
	assert_string_equal(guest.ramdisk, "/i");
	assert_int_equal(guest.request.vcpus, 2);
	assert_int_equal(guest.request.weight, 512);
	assert_int_equal(guest.request.memory_mib, 128);
	assert_int_equal(guest.on_poweroff, ACTION_destroy);
	assert_int_equal(guest.on_reboot, ACTION_preserve);
	assert_int_equal(guest.on_crash, ACTION_destroy);
	assert_false(guest.has_uuid);
	assert_true(guest.is_driver);
	free(said);
	config_free(&config);
}

static void test_lists(void **state)
{
	static const char text[] = "disk = [ 'a',\n  \"b\", # two\n\n 'c',\n]\ndisk += ['d']\n"
				   "nest = [[1,2],'x']";
	const struct config_setting *setting;
	struct config config;
	size_t count = 0;

	(void)state;
	config_init(&config);
	assert_int_equal(config_parse(&config, "t.cfg", text, strlen(text)), 0);
	assert_int_equal(config_list_count(&config, "disk", &count), 1);
	assert_int_equal(count, 4);
	setting = config_find(&config, "disk");
	assert_string_equal(setting->value->items[3]->text, "d");
	assert_int_equal(setting->line, 1);
	setting = config_find(&config, "nest");
	assert_int_equal(setting->line, 7);
	assert_int_equal(setting->value->items[0]->kind, CONFIG_LIST);
	config_free(&config);
}

static void test_last_assignment_wins(void **state)
{
	static const char text[] = BASE "type='pv'\n";
	static const char more[] = "type=\"pvh\"";
	static struct guest guest;
	struct config config;

	(void)state;
	config_init(&config);
	assert_int_equal(config_parse(&config, "t.cfg", text, strlen(text)), 0);
	assert_int_equal(config_parse(&config, "command line", more, strlen(more)), 0);
	assert_int_equal(guest_from_config(&guest, &config, stderr), 0);
	config_free(&config);
}

/* Effective settings -> file -> settings, with both quotes in the strings. */
static void test_write_back(void **state)
{
	static const char text[] = BASE "cmdline='a=\"'\ncmdline+=\"it's\"\ncmdline+='\" end'\n"
					"uuid='00112233-4455-6677-8899-aabbccddeeff'\n";
	static struct guest guest, again;
	struct config config, second;
	char *written, *said;
	size_t size;
	FILE *out = open_memstream(&written, &size);
	int ret;

	(void)state;
	said = read_text(text, &config, &guest, &ret);
	assert_int_equal(ret, 0);
	assert_string_equal(guest.request.cmdline, "a=\"it's\" end");
	free(said);
	guest_write(&guest, out);
	fclose(out);
	said = read_text(written, &second, &again, &ret);
	assert_int_equal(ret, 0);
	assert_string_equal(said, "");
	assert_memory_equal(&guest, &again, sizeof(guest));
	free(said);
	free(written);
	config_free(&config);
	config_free(&second);
}

/* Bytes up to `most`. */
static void draw_text(char *text, size_t size, int most, unsigned *seed)
{
	static const char often[] = "\\\\\"'#;=[],nx0\t\n\r\a\b\f\v $";
	size_t length = (size_t)rand_r(seed) % size;

	for (size_t i = 0; i < length; i++) {
		text[i] = rand_r(seed) % 2 ? often[(size_t)rand_r(seed) % (sizeof(often) - 1)]
					   : (char)(1 + rand_r(seed) % most);
	}
	text[length] = '\0';
}

/* A note reads back to the same texts, whatever is in them. */
static void test_write_back_any(void **state)
{
	static struct guest guest, again;
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		size_t limit = round % 100 ? 40 : sizeof(guest.kernel);
		struct config config;
		char *written, *said;
		size_t size;
		FILE *out = open_memstream(&written, &size);
		int ret;

		memset(&guest, 0, sizeof(guest));
		guest.has_uuid = true;
		strcpy(guest.request.name, "a");
		guest.request.memory_mib = 64;
		guest.request.vcpus = guest.request.weight = 1;
		strcpy(guest.request.label, "l");
		strcpy(guest.kernel, "/");
		draw_text(guest.kernel + 1, limit - 1, 255, &seed);
		draw_text(guest.ramdisk, limit, 255, &seed);
		draw_text(guest.owner_manifest, limit, 255, &seed);
		draw_text(guest.request.cmdline, limit < 2048 ? limit : 2048, 127, &seed);
		guest_write(&guest, out);
		fclose(out);
		said = read_text(written, &config, &again, &ret);
		if (ret) {
			fail_msg("round %d: %s in\n%s", round, config.error, written);
		}
		assert_string_equal(said, "");
		assert_string_equal(guest.kernel, again.kernel);
		assert_string_equal(guest.ramdisk, again.ramdisk);
		assert_string_equal(guest.owner_manifest, again.owner_manifest);
		assert_string_equal(guest.request.cmdline, again.request.cmdline);
		free(said);
		free(written);
		config_free(&config);
	}
}

/* Whatever the bytes, an answer with a message, within the bounds that the sanitizers watch. */
static void test_random(void **state)
{
	static const char *const pieces[] = {"name", "=",  "+=", "'a'",    "\"b\"", "[",  "]",
					     ",",    "\n", ";",  "#",      "12",    "0x", "'",
					     " ",    "\\", "\t", "memory", "\"",    "\1"};
	static struct guest guest;
	FILE *quiet = fopen("/dev/null", "w");
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char text[256];
		size_t size = 0;
		struct config config;

		for (int i = rand_r(&seed) % 24; i > 0; i--) {
			const char *piece =
				pieces[(size_t)rand_r(&seed) % (sizeof(pieces) / sizeof(*pieces))];

			memcpy(text + size, piece, strlen(piece));
			size += strlen(piece);
		}
		if (size && round % 3 == 0) {
			text[(size_t)rand_r(&seed) % size] = (char)rand_r(&seed);
		}
		config_init(&config);
		if (config_parse(&config, "t.cfg", text, size)) {
			assert_non_null(strstr(config.error, "t.cfg:"));
		} else if (guest_from_config(&guest, &config, quiet)) {
			assert_true(config.error[0]);
		}
		config_free(&config);
	}
	fclose(quiet);
}

static void test_request(void **state)
{
	static struct request request = {
		.name = "demo",
		.memory_mib = 128,
		.vcpus = 1,
		.weight = 256,
		.label = "l",
		.cmdline = "c",
		.kernel_size = 5,
	};
	static const uint8_t head[] = {'C', 'B', 'R', 'Q', 1, 0, 0, 0};
	uint8_t bytes[CORBEL_REQUEST_MAX];
	const char *why;
	size_t size = request_encode(&request, bytes, sizeof(bytes), &why);

	(void)state;
	assert_int_equal(size, 12 + 44 + 4 + 16 + 4 * 4 + 1 + 1 + 2 * 8);
	assert_memory_equal(bytes, head, sizeof(head));
	assert_int_equal(bytes[8], size);
	assert_int_equal(bytes[12], CORBEL_RQ_name);
	assert_int_equal(bytes[14], 4);
	assert_memory_equal(bytes + 16, "demo", 4);
	assert_int_equal(request_encode(&request, bytes, size - 1, &why), 0);
	assert_non_null(strstr(why, "does not fit"));
	strcpy(request.cmdline, "a \xc3\xa9");
	assert_int_equal(request_encode(&request, bytes, sizeof(bytes), &why), 0);
	assert_non_null(strstr(why, "ASCII"));
	strcpy(request.cmdline, "c");
	request.vcpus = 9;
	assert_int_equal(request_encode(&request, bytes, sizeof(bytes), &why), 0);
	assert_non_null(strstr(why, "vcpus"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_joined),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_last_assignment_wins),
		cmocka_unit_test(test_write_back),
		cmocka_unit_test(test_write_back_any),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
