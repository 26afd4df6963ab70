/* SPDX-License-Identifier: MIT */
/*
 * The list `pci` of a configuration: what is taken, refused and said, compared with Debian's
 * libxlutil, and its way into a request and back into a file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <libxlutil.h>

#include "tools/corbel/guest.h"
#include "tools/corbel/guest_pci.h"

#define FORM "expected a PCI device as [0000:]BB:DD.F in hex digits"

static const struct {
	const char *text, *error; /* error NULL: taken */
	const char *warning;      /* part of what is said, or NULL: nothing is said */
} cases[] = {
	{"pci=[]", NULL, NULL},
	{"pci=['00:04.0']", NULL, NULL},
	{"pci=['0000:00:04.0', '00:05.0',]", NULL, NULL},
	{"pci=['0:4.0']", NULL, NULL},
	{"pci=['bdf=00:04.0']", NULL, NULL},
	{"pci=['bdf=00:04.0,seize=0,permissive=0']", NULL, NULL},
	{"pci=['00:04.0@7']", NULL, "t:1: warning: pci: `vslot' has no effect"},
	{"pci=['00:04.0@']", "t:1: pci `00:04.0@': expected a slot in hex digits, at most 1f",
	 NULL},
	{"pci=['00:04.0@7x']", "t:1: pci `00:04.0@7x': expected a slot", NULL},
	{"pci=['00:04.0@20']", "t:1: pci `00:04.0@20': expected a slot", NULL},
	{"pci=['00:04.0@1f']", NULL, "`vslot' has no effect"},
	{"pci=['00:04.0,vslot=123']", "t:1: pci `00:04.0,vslot=123': expected a slot", NULL},
	{"pci=['00:04.0,vslot=7']", NULL, "`vslot' has no effect"},
	{"pci=[\n'00:04.0,msitranslate=1']", NULL, "t:2: warning: pci: `msitranslate' has no"},
	{"pci=['00:04.0,power_mgmt=1']", NULL, "`power_mgmt' has no effect"},
	{"pci=['00:04.0,seize=1']", NULL, "`seize' has no effect"},
	{"pci=['name=disk']", "t:1: pci `name=disk': `name': devices have none here", NULL},
	{"pci=['00:04.0,rdm_policy=strict']", NULL, "`rdm_policy' has no effect"},
	{"pci=['00:04.0,rdm_policy=lax']",
	 "t:1: pci `00:04.0,rdm_policy=lax': `rdm_policy' must be strict or relaxed", NULL},
	{"pci=['00:04.0,permissive=1']",
	 "t:1: pci `00:04.0,permissive=1': `permissive': configuration space is always filtered",
	 NULL},
	{"pci=['00:04.0,colour=1']", "t:1: pci `00:04.0,colour=1': unknown option `colour'", NULL},
	{"pci=['00:04.0,seize']", "t:1: pci `00:04.0,seize': `seize' needs a value", NULL},
	{"pci=['00:04.0,']", "t:1: pci `00:04.0,': unknown option `'", NULL},
	{"pci=['00:04.0,bdf=00:05.0']", "t:1: pci `00:04.0,bdf=00:05.0': names two devices", NULL},
	{"pci=['seize=1']", "t:1: pci `seize=1': names no device", "seize"},
	{"pci=['']", "t:1: pci `': " FORM, NULL},
	{"pci=['nvme']", "t:1: pci `nvme': " FORM, NULL},
	{"pci=['00:04']", "t:1: pci `00:04': " FORM, NULL},
	{"pci=['00:04.0 ']", "t:1: pci `00:04.0 ': " FORM, NULL},
	{"pci=['@7']", "t:1: pci `@7': " FORM, NULL},
	{"pci=['00:04.*']", "t:1: pci `00:04.*': `*' for all functions is not supported", NULL},
	{"pci=['00:20.0']", "t:1: pci `00:20.0': there is no such PCI device", NULL},
	{"pci=['00:04.8']", "t:1: pci `00:04.8': there is no such PCI device", NULL},
	{"pci=['0001:00:04.0']", "t:1: pci `0001:00:04.0': only PCI domain 0000 is known", NULL},
	{"pci=['00:04.0',\n'0000:00:04.0']", "t:2: pci `0000:00:04.0': is named twice", NULL},
	{"pci=['00:04.0']\npci+=['0:4.0']", "t:2: pci `0:4.0': is named twice", NULL},
	{"pci=[['00:04.0']]", "t:1: `pci' must be a list of strings", NULL},
	{"pci='00:04.0'", "t:1: `pci' must be a list", NULL},
	{"pci=['00:04.0']\npassthrough='enabled'", NULL, NULL},
	{"pci=['00:04.0']\npassthrough='sync_pt'", NULL, NULL},
	{"pci=['00:04.0']\npassthrough='unknown'", NULL, NULL},
	{"pci=['00:04.0']\npassthrough='share_pt'", "t:2: `passthrough' is not supported", NULL},
	{"pci=['00:04.0']\npassthrough='disabled'",
	 "t:2: `passthrough' is disabled, but `pci' names devices", NULL},
	{"pci=[]\npassthrough='enabled'", "t:2: `passthrough' is not supported", NULL},
	{"pci_permissive=1", "t:1: `pci_permissive' is not supported", NULL},
	{"pci_permissive=0", NULL, NULL},
	{"pci_seize=1", NULL, "`pci_seize' has no effect"},
};

#define BASE "\nname='a'\nkernel='/k'\nmemory=64\n"

static struct guest guest;

static int take(const char *text, struct config *config, char **said)
{
	char whole[4096];
	size_t size;
	FILE *err = open_memstream(said, &size);
	int ret;

	config_init(config);
	snprintf(whole, sizeof(whole), "%s" BASE, text);
	ret = config_parse(config, "t", whole, strlen(whole));
	if (!ret) {
		ret = guest_from_config(&guest, config, err);
	}
	fclose(err);
	return ret;
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config config;
		char *said;
		int ret = take(cases[i].text, &config, &said);

		if (ret != (cases[i].error ? -1 : 0) ||
		    (ret && strncmp(config.error, cases[i].error, strlen(cases[i].error)) != 0)) {
			fail_msg("`%s': %d `%s'", cases[i].text, ret, config.error);
		}
		if (cases[i].warning ? !strstr(said, cases[i].warning) : said[0] != '\0') {
			fail_msg("`%s': said `%s'", cases[i].text, said);
		}
		free(said);
		config_free(&config);
	}
}

/* What is taken here libxlutil takes as the same device; returns whether it is taken. */
static bool compare(XLU_Config *xlu, const char *item)
{
	libxl_device_pci pci = {0};
	struct config config;
	char text[160], *said;
	bool taken;

	snprintf(text, sizeof(text), "pci=['%s']", item);
	taken = !take(text, &config, &said);
	if (taken) {
		unsigned function = guest.request.devices.function[0];

		if (xlu_pci_parse_spec_string(xlu, &pci, item) || pci.domain ||
		    ((unsigned)pci.bus << 8 | (unsigned)pci.dev << 3 | pci.func) != function) {
			fail_msg("`%s': %04x here, there %x:%x:%x.%x", item, function, pci.domain,
				 pci.bus, pci.dev, pci.func);
		}
		free(pci.name);
	}
	free(said);
	config_free(&config);
	return taken;
}

static void test_oracle(void **state)
{
	static const char *const items[] = {
		"00:04.0",   "0000:3a:1f.7",          "0:4.1",
		"a:b.2",     "ff:1F.7,seize=1",       "00:04.0@7",
		"00:04.*",   "0001:00:04.0",          "00:20.0",
		"00:04.8",   "00:04.0,colour=1",      "",
		"bdf=0:5.3", "00:04.0,rdm_policy=no", "0:0:4.2,msitranslate=1,vslot=3",
	};
	XLU_Config *xlu = xlu_cfg_init(stderr, "t");

	(void)state;
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		compare(xlu, items[i]);
	}
	xlu_cfg_destroy(xlu);
}

/* Good ones with a few characters changed, taken out or doubled. */
static void test_random(void **state)
{
	static const char *const bases[] = {"0000:00:04.0,seize=1", "3a:1f.7@5", "bdf=00:05.1"};
	static const char alphabet[] = "0123456789abcdefAF:.@,=* -xs";
	FILE *nowhere = fopen("/dev/null", "w");
	XLU_Config *xlu = xlu_cfg_init(nowhere, "t");
	unsigned seed = 1, taken = 0;

	(void)state;
	for (unsigned round = 0; round < 30000; round++) {
		char item[64] = "";
		unsigned changes = (unsigned)rand_r(&seed) % 4;

		strcpy(item, bases[round % 3]);
		while (changes-- > 0) {
			size_t at = (size_t)rand_r(&seed) % strlen(item);

			if (rand_r(&seed) % 3 == 0) {
				memmove(item + at + 1, item + at, strlen(item + at) + 1);
			} else if (rand_r(&seed) % 3 == 0 && strlen(item) > 1) {
				memmove(item + at, item + at + 1, strlen(item + at));
			} else {
				item[at] = alphabet[(size_t)rand_r(&seed) % (sizeof(alphabet) - 1)];
			}
		}
		taken += compare(xlu, item);
	}
	assert_in_range(taken, 5000, 29000);
	xlu_cfg_destroy(xlu);
	fclose(nowhere);
}

/* Sorted, encoded, and written as a file that means the same. */
static void test_request(void **state)
{
	static const uint8_t tail[] = {12, 0, 6, 0, 0x20, 0, 0x29, 0, 0xff, 0x3a};
	static uint8_t bytes[CORBEL_REQUEST_MAX], without[CORBEL_REQUEST_MAX];
	struct config config;
	char *said, *written;
	const char *why;
	size_t size, len, plain;
	FILE *out;

	(void)state;
	assert_int_equal(take("", &config, &said), 0);
	guest.request.kernel_size = 1;
	plain = request_encode(&guest.request, without, sizeof(without), &why);
	assert_true(plain > 0);
	free(said);
	config_free(&config);
	assert_int_equal(take("pci=['3a:1f.7','00:05.1','00:04.0']", &config, &said), 0);
	guest.request.kernel_size = 1;
	len = request_encode(&guest.request, bytes, sizeof(bytes), &why);
	assert_int_equal(len, plain + sizeof(tail));
	assert_memory_equal(bytes + plain, tail, sizeof(tail));
	assert_memory_equal(bytes + 12, without + 12, plain - 12);
	free(said);
	config_free(&config);

	out = open_memstream(&written, &size);
	guest_pci_write(&guest.request.devices, out);
	fclose(out);
	assert_string_equal(written, "pci = ['00:04.0', '00:05.1', '3a:1f.7']\n");
	assert_int_equal(take(written, &config, &said), 0);
	assert_int_equal(guest.request.devices.count, 3);
	assert_int_equal(guest.request.devices.function[2], 0x3aff);
	free(said);
	free(written);
	config_free(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_oracle),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
