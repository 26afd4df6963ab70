/* SPDX-License-Identifier: MIT */
/*
 * Interfaces of a configuration, and its lists of disks and interfaces: tables of what is taken and
 * what is refused, the way back, and Debian's libxlutil as the oracle of rates.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <libxlutil.h>

#include "tools/corbel/guest_devices.h"

static unsigned seed = 1;

static size_t draw(size_t below)
{
	return (size_t)rand_r(&seed) % below;
}

/* ---- interfaces ------------------------------------------------------------------------------ */

static const struct {
	const char *text;
	const char *error;   /* part of the message; NULL: taken */
	const char *written; /* what it means */
} vifs[] = {
	{"", NULL, "untrusted"},
	{"mac=00:16:3E:74:3d:76,bridge=xenbr1", NULL,
	 "untrusted,mac=00:16:3e:74:3d:76,bridge=xenbr1"},
	{" ip=10.0.0.1 10.0.0.2 , script=vif-route,gatewaydev=eth0,vifname=web0", NULL,
	 "untrusted,gatewaydev=eth0,vifname=web0,ip=10.0.0.1 10.0.0.2 ,script=vif-route"},
	{"netdev=eth1,trusted,mtu=9000,devid=3,backend=net", NULL,
	 "trusted,gatewaydev=eth1,backend=net,mtu=9000,devid=3"},
	{"model=netfront,type=vif", NULL, "untrusted"},
	{"rate=10MB/s@20ms", NULL, "untrusted,rate=10000000B/s@20000us"},
	{"mac=00:16:3e:74:3d", "`00:16:3e:74:3d' is no MAC address", NULL},
	{"mac=00:16:3e:74:3d:7", "no MAC address", NULL},
	{"mac=00:16:3e:74:3d:g1", "no MAC address", NULL},
	{"mac=00-16-3e-74-3d-76", "no MAC address", NULL},
	{"mac=00:16:3e:74:3d:761", "no MAC address", NULL},
	{"mac=", "no MAC address", NULL},
	{"mac=01:16:3e:74:3d:76", "is a group's (multicast)", NULL},
	{"mac=ff:ff:ff:ff:ff:ff", "multicast", NULL},
	{"mac=00:00:00:00:00:00", "is nobody's", NULL},
	{"bridge=a/b", "bridge: `a/b' cannot be an interface's name", NULL},
	{"bridge=..", "cannot be an interface's name", NULL},
	{"vifname=sixteen-letters.", "vifname is longer than 15 bytes", NULL},
	{"model=e1000", "model `e1000': a PVH guest has netfront alone", NULL},
	{"type=ioemu", "type `ioemu': a PVH guest has netfront alone", NULL},
	{"mtu=67", "mtu must be 68 to 65535, not `67'", NULL},
	{"mtu=1k", "mtu must be", NULL},
	{"devid=256", "devid must be 0 to 255", NULL},
	{"devid=-1", "devid must be", NULL},
	{"colour=red", "unknown parameter `colour='", NULL},
	{"accel", "unknown word `accel'", NULL},
	{"=x", "unknown parameter `='", NULL},
	{"script=a\tb", "script: byte 0x09 is no text", NULL},
	{"rate=10", "rate: `10' is not like 10MB/s", NULL},
	{"rate=1Mb/s@0ms", "bad interval", NULL},
	{"rate=5b/s", "lets no byte pass", NULL},
	{"rate=1GB/s@1000s", "more than 4 GiB in an interval", NULL},
};

static void test_vifs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vifs) / sizeof(vifs[0]); i++) {
		struct vif vif, again;
		char why[200] = "", back[VIF_TEXT];
		bool taken = vif_parse(&vif, vifs[i].text, why, sizeof(why));

		if (taken != !vifs[i].error || (vifs[i].error && !strstr(why, vifs[i].error))) {
			fail_msg("`%s': %d `%s'", vifs[i].text, taken, why);
		}
		if (taken) {
			vif_format_text(&vif, back, sizeof(back));
			assert_string_equal(back, vifs[i].written);
			assert_true(vif_parse(&again, back, why, sizeof(why)));
			assert_memory_equal(&vif, &again, sizeof(vif));
		}
	}
}

static void compare_rate(const char *rate)
{
	char *said = NULL, why[200], text[128];
	size_t size;
	FILE *report = open_memstream(&said, &size);
	XLU_Config *config = xlu_cfg_init(report, "t");
	libxl_device_nic theirs = {0};
	struct vif vif;
	bool there, here;

	errno = 0; /* it looks at a stale one */
	there = xlu_vif_parse_rate(config, rate, &theirs) == 0;
	there = there && theirs.rate_bytes_per_interval > 0 &&
		theirs.rate_bytes_per_interval <= UINT32_MAX;
	vif_init(&vif);
	snprintf(text, sizeof(text), "rate=%s", rate);
	here = vif_set(&vif, text, why, sizeof(why));
	if (here != there) {
		fail_msg("rate `%s': %d here, %d there", rate, here, there);
	}
	if (here) {
		assert_int_equal(vif_credit(&vif), theirs.rate_bytes_per_interval);
		assert_int_equal(vif.rate_interval, theirs.rate_interval_usecs);
	}
	fclose(report);
	free(said);
	xlu_cfg_destroy(config);
}

static void test_rate_oracle(void **state)
{
	static const char *const pieces[] = {"0",  "1",  "20", "500", "GB", "MB", "KB",   "B",
					     "Gb", "Mb", "Kb", "b",   "/s", "/s", "@",    "ms",
					     "us", "s",  " ",  "-",   ".",  "/S", "99999"};
	static const char *const units[] = {"GB", "MB", "KB", "B", "Gb", "Mb", "Kb", "b"};
	static const char *const times[] = {"", "us", "ms", "s"};

	(void)state;
	for (unsigned round = 0; round < 40000; round++) {
		char text[96] = "";

		if (round % 2) {
			snprintf(text, sizeof(text), "%zu%s/s@%zu%s", draw(3000), units[draw(8)],
				 draw(5000), times[draw(4)]);
		} else {
			for (size_t i = 0, count = 1 + draw(7); i < count; i++) {
				strcat(text, pieces[draw(sizeof(pieces) / sizeof(pieces[0]))]);
			}
		}
		compare_rate(text);
	}
}

/* ---- lists ----------------------------------------------------------------------------------- */

static const struct {
	const char *text, *error;
} lists[] = {
	{"disk=['/a,,xvda', '/b,,xvdb,r']\nvif=['', 'bridge=b1']", NULL},
	{"disk=[\n '/a,,xvda',\n '/b,zip,xvdb']",
	 "t:3: disk `/b,zip,xvdb': unknown value for format"},
	{"disk=['/a,,xvda',\n'/b,,d0p0']", "t:2: disk: there are two d0p0"},
	{"disk=['/a,,xvda']\n\ndisk+=['/b,,xvda']", "t:3: disk: there are two xvda"},
	{"disk='/a,,xvda'", "t:1: `disk' must be a list"},
	{"disk=[['/a']]", "t:1: `disk' must be a list of strings"},
	{"vif=['mac=00:16:3e:00:00:01',\n'mac=01:16:3e:00:00:01']", "t:2: vif: MAC address"},
	{"vif=['mac=00:16:3e:00:00:01',\n'mac=00:16:3E:00:00:01']",
	 "t:2: vif: two have the same MAC"},
	{"vif=['devid=1','devid=1']", "t:1: vif: two have devid 1"},
	{"vif=['vifname=a','vifname=a']", "t:1: vif: two are called a"},
	{"vif=['','','','','','','','','']", "t:1: `vif': more than 8"},
};

static void test_lists(void **state)
{
	static struct guest_devices devices;

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const char *text = lists[i].text;
		struct config config;
		int ret;

		config_init(&config);
		assert_int_equal(config_parse(&config, "t", text, strlen(text)), 0);
		ret = guest_devices_take(&devices, &config);
		if (ret != (lists[i].error ? -1 : 0) ||
		    (ret && strncmp(config.error, lists[i].error, strlen(lists[i].error)) != 0)) {
			fail_msg("`%s': %d `%s'", text, ret, config.error);
		}
		config_free(&config);
	}
}

/* Written as settings, read again; what is drawn stays. */
static void test_written(void **state)
{
	static const char text[] = "disk=['/a\\'b,,xvda', 'file:/c,xvdb,r']\n"
				   "vif=['devid=0,trusted', 'mac=02:00:00:00:00:01', '']";
	static struct guest_devices devices, again;
	struct config config, second;
	char *written;
	size_t size;
	FILE *out = open_memstream(&written, &size);

	(void)state;
	config_init(&config);
	config_init(&second);
	assert_int_equal(config_parse(&config, "t", text, strlen(text)), 0);
	assert_int_equal(guest_devices_take(&devices, &config), 0);
	assert_int_equal(guest_devices_complete(&devices), 0);
	guest_devices_write(&devices, out);
	fclose(out);
	assert_int_equal(config_parse(&second, "t", written, size), 0);
	if (guest_devices_take(&again, &second)) {
		fail_msg("%s in\n%s", second.error, written);
	}
	assert_int_equal(again.disk_count, 2);
	assert_string_equal(again.disks[0].target, "/a'b");
	assert_string_equal(devices.disks[1].where, "t:1: ");
	assert_int_equal(again.vif_count, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(devices.vifs[i].devid, i);
		again.vifs[i].where[0] = devices.vifs[i].where[0] = '\0';
		memset(again.vifs[i].where, 0, VIF_WHERE);
		memset(devices.vifs[i].where, 0, VIF_WHERE);
		assert_memory_equal(&devices.vifs[i], &again.vifs[i], sizeof(struct vif));
	}
	assert_int_equal(devices.vifs[0].mac[2], 0x3e);
	assert_int_equal(devices.vifs[1].mac[0], 2);
	free(written);
	config_free(&config);
	config_free(&second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vifs),
		cmocka_unit_test(test_rate_oracle),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
