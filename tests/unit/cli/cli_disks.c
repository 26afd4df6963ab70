/* SPDX-License-Identifier: MIT */
/*
 * Disks and virtual-device numbers of a configuration: tables of what is taken and what
 * is refused, the way back, and Debian's libxlutil as the oracle of disks.
 */
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

/* ---- virtual-device numbers ------------------------------------------------------------------ */

static const struct {
	const char *name;
	uint32_t number;    /* 0: refused */
	const char *called; /* by vdev_name(), if not by the same name */
} vdevs[] = {
	{"xvda", 51712, NULL},
	{"xvdb", 51728, NULL},
	{"xvdp", 51712 + 15 * 16, NULL},
	{"xvdp15", 51712 + 255, NULL},
	{"xvda1", 51713, NULL},
	{"xvda16", 1u << 28 | 16, NULL},
	{"xvdq", 1u << 28 | 16 << 8, NULL},
	{"xvdz", 1u << 28 | 25 << 8, NULL},
	{"xvdaa", 1u << 28 | 26 << 8, NULL},
	{"xvdtq37", 1u << 28 | 536 << 8 | 37, NULL},
	{"d536p37", 1u << 28 | 536 << 8 | 37, "xvdtq37"},
	{"d0", 51712, "xvda"},
	{"d0p0", 51712, "xvda"},
	{"d1p2", 51730, "xvdb2"},
	{"d1048575p255", (1u << 28) + (1u << 28) - 1, "xvdbgqcv255"},
	{"d1048576", 0, NULL},
	{"d0p256", 0, NULL},
	{"xvdbgqcv", (1u << 28) + (1048575u << 8), NULL},
	{"xvdbgqcw", 0, NULL},
	{"xvdzzzzzzzzzzzzzzzz", 0, NULL},
	{"xvda256", 0, NULL},
	{"xvda01", 0, NULL},
	{"xvda1x", 0, NULL},
	{"xvda-1", 0, NULL},
	{"xvd", 0, NULL},
	{"xvd1", 0, NULL},
	{"XVDA", 0, NULL},
	{"sda", 2048, NULL},
	{"sdb3", 2048 + 16 + 3, NULL},
	{"sdp15", 2048 + 255, NULL},
	{"sdq", 0, NULL},
	{"sda16", 0, NULL},
	{"hda", 768, NULL},
	{"hdb", 768 + 64, NULL},
	{"hdc2", (22 << 8) + 2, NULL},
	{"hdd63", (22 << 8) + 64 + 63, NULL},
	{"hde", 0, NULL},
	{"hda64", 0, NULL},
	{"51712", 51712, "xvda"},
	{"0xca00", 51712, "xvda"},
	{"0145000", 51712, "xvda"},
	{"4660", 4660, NULL},
	{"536870912", 0, NULL},
	{"99999999999999999999999", 0, NULL},
	{"12x", 0, NULL},
	{"d", 0, NULL},
	{"d1p", 0, NULL},
	{"d1p1p1", 0, NULL},
	{"", 0, NULL},
	{"vda", 0, NULL},
	{"nvme0n1", 0, NULL},
};

static void test_vdevs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vdevs) / sizeof(vdevs[0]); i++) {
		uint32_t number = 0;
		char name[32];

		if (vdev_number(vdevs[i].name, &number) != (vdevs[i].number != 0) ||
		    number != vdevs[i].number) {
			fail_msg("`%s': %u", vdevs[i].name, number);
		}
		if (number) {
			vdev_name(number, name, sizeof(name));
			assert_string_equal(name,
					    vdevs[i].called ? vdevs[i].called : vdevs[i].name);
		}
	}
}

/* Every number that stands for a disk has a name that stands for it. */
static void test_vdev_names(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 200000; round++) {
		uint32_t number = 1u << 28 | (uint32_t)draw(1u << 28), again = 0;
		unsigned disk = number >> 8 & 0xfffff, partition = number & 0xff;
		char name[32];

		vdev_name(number, name, sizeof(name));
		assert_true(vdev_number(name, &again));
		assert_int_equal(again, disk < 16 && partition < 16 ? 51712 + disk * 16 + partition
								    : number);
	}
}

/* ---- disks ----------------------------------------------------------------------------------- */

static const struct {
	const char *text;
	const char *error;   /* part of the message; NULL: taken */
	const char *written; /* what it means */
} disks[] = {
	{"/dev/vg/v,,hda", NULL, "format=raw,vdev=hda,access=w,target=/dev/vg/v"},
	{"/dev/vg/v,raw,hda,rw", NULL, "format=raw,vdev=hda,access=w,target=/dev/vg/v"},
	{"format=raw, vdev=hda, access=rw, target=/dev/vg/v", NULL,
	 "format=raw,vdev=hda,access=w,target=/dev/vg/v"},
	{"raw:/dev/vg/v,hda,w", NULL, "format=raw,vdev=hda,access=w,target=/dev/vg/v"},
	{"phy:/dev/x,xvda,r", NULL, "format=raw,vdev=xvda,access=r,target=/dev/x"},
	{"phy:vg/x,xvda1,ro", NULL, "format=raw,vdev=xvda1,access=r,target=/dev/vg/x"},
	{"file:/a b.img,xvda", NULL, "format=raw,vdev=xvda,access=w,target=/a b.img"},
	{"tap2:tapdisk:aio:/x,xvdb,ro", NULL, "format=raw,vdev=xvdb,access=r,target=/x"},
	{"tap:qcow2:/x,xvdb,w", NULL, "format=qcow2,vdev=xvdb,access=w,target=/x"},
	{"/x,qcow2,xvdaa,w", NULL, "format=qcow2,vdev=xvdaa,access=w,target=/x"},
	{"/a,raw,hda:disk,w", NULL, "format=raw,vdev=hda,access=w,target=/a"},
	{"vdev=xvda,target=/a,b,c=d ", NULL, "format=raw,vdev=xvda,access=w,target=/a,b,c=d "},
	{",,xvda,r,target=/a", NULL, "format=raw,vdev=xvda,access=r,target=/a"},
	{"/a,,xvda,w!", NULL, "format=raw,vdev=xvda,access=w!,target=/a"},
	{"/a,,xvda,access=!", NULL, "format=raw,vdev=xvda,access=w!,target=/a"},
	{"/a,,xvda,backend=driver,w", NULL,
	 "format=raw,vdev=xvda,access=w,backend=driver,target=/a"},
	{"/a,,xvda,backendtype=phy", NULL, "format=raw,vdev=xvda,access=w,target=/a"},
	{"/a,,xvda,backendtype=qdisk,specification=xen", NULL,
	 "format=raw,vdev=xvda,access=w,target=/a"},
	{"r0,,xvda,script=block-drbd", NULL,
	 "format=raw,vdev=xvda,access=w,script=block-drbd,target=r0"},
	{"drbd:r0,xvda,w", NULL, "format=raw,vdev=xvda,access=w,script=block-drbd,target=r0"},
	{"iscsi:x,xvda,w", NULL, "format=raw,vdev=xvda,access=w,script=block-iscsi,target=x"},
	{"/a,,xvda,no-discard,direct-io-safe,trusted", NULL,
	 "format=raw,vdev=xvda,access=w,no-discard,direct-io-safe,trusted,target=/a"},
	{"/a,,xvda,no-discard,discard,trusted,untrusted", NULL,
	 "format=raw,vdev=xvda,access=w,target=/a"},
	{"/a,,xvda,", NULL, "format=raw,vdev=xvda,access=w,target=/a"},
	{"", "no vdev", NULL},
	{"/a", "no vdev", NULL},
	{"/a,raw", "no vdev", NULL},
	{"vdev=xvda", "a disk needs a target", NULL},
	{"vdev=xvda,target=", "a disk needs a target", NULL},
	{"phy:,xvda,w", "a disk needs a target", NULL},
	{",empty,xvda", "a disk needs a target", NULL},
	{"/a,,xvda,target=/b", "target is given twice", NULL},
	{"/a,,xvda,vdev=xvdb", "vdev is given twice: `xvdb'", NULL},
	{"/a,,vda,w", "`vda' is no virtual device", NULL},
	{"/a,vhd,xvda", "unknown value for format: `vhd'; this host serves raw and qcow2", NULL},
	{"/a,qed,xvda", "format: `qed'", NULL},
	{"qcow:/a,xvda", "format: `qcow'", NULL},
	{"/a,xvda,w", "format: `xvda'", NULL},
	{"/a,RAW,xvda", "format: `RAW'", NULL},
	{"/a,,xvda,x", "unknown value for access: `x'", NULL},
	{"/a,,xvda,readonly", "access: `readonly'", NULL},
	{"/a,,xvda,w,zz", "too many words: `zz'", NULL},
	{"/a,,xvda,w,zz=1", "unknown parameter `zz='", NULL},
	{"foo:/a,xvda,w", "unknown disk prefix `foo:'", NULL},
	{"/a.iso,,hdc,cdrom", "no CD-ROM drive", NULL},
	{"/a.iso,,hdc,devtype=cdrom", "no CD-ROM drive", NULL},
	{"raw:/a.iso,hdc:cdrom,ro", "no CD-ROM drive", NULL},
	{",hdc:cdrom,r", "no CD-ROM drive", NULL},
	{"/a,,hdc,devtype=floppy", "unknown value for devtype: `floppy'", NULL},
	{"/a,,xvda,backendtype=tap", "backendtype `tap': this host serves disks by blkback", NULL},
	{"/a,,xvda,backendtype=standalone", "backendtype `standalone'", NULL},
	{"/a,,xvda,specification=virtio", "specification `virtio'", NULL},
	{"/a,,xvda,colo", "`colo' is not supported", NULL},
	{"/a\n,,xvda", "target: byte 0x0a is no text", NULL},
};

static void check_disk(const char *text, const char *error, const char *written)
{
	struct disk disk, again;
	char why[200] = "", back[DISK_TEXT];
	bool taken = disk_parse(&disk, text, why, sizeof(why));

	if (taken != !error || (error && !strstr(why, error))) {
		fail_msg("`%s': %d `%s'", text, taken, why);
	}
	if (taken) {
		disk_format_text(&disk, back, sizeof(back));
		assert_string_equal(back, written);
		assert_true(disk_parse(&again, back, why, sizeof(why)));
		assert_memory_equal(&disk, &again, sizeof(disk));
	}
}

static void test_disks(void **state)
{
	char text[DISK_TARGET + 32] = "vdev=xvda,target=/";

	(void)state;
	for (size_t i = 0; i < sizeof(disks) / sizeof(disks[0]); i++) {
		check_disk(disks[i].text, disks[i].error, disks[i].written);
	}
	memset(text + strlen(text), 'x', sizeof(text) - 1 - strlen(text));
	check_disk(text, "target is longer than 1023 bytes", NULL);
	check_disk(strchr(text, '/'), "target is longer than 1023 bytes", NULL);
}

/* What is refused here and not by libxlutil. */
static bool is_ours(const char *why)
{
	static const char *const ours[] = {"no virtual device", "this host serves", "no CD-ROM",
					   "needs a target",    "is not supported", "given twice",
					   "for devtype: `"};

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (strstr(why, ours[i])) {
			return true;
		}
	}
	return false;
}

static void compare_disk(const char *text, unsigned counts[2])
{
	const char *specs[] = {text};
	libxl_device_disk theirs = {0};
	char *said = NULL, why[200] = "";
	size_t size;
	FILE *report = open_memstream(&said, &size);
	XLU_Config *config = xlu_cfg_init(report, "t");
	bool there = xlu_disk_parse(config, 1, specs, &theirs) == 0, here;
	struct disk disk;

	here = disk_parse(&disk, text, why, sizeof(why));
	if (there && !theirs.vdev[0]) {
		assert_false(here); /* taken as a name */
	} else if (here != there && strchr(text, ':') && strstr(text, ",,")) {
		here = false; /* empty words behind a prefix: it counts them otherwise */
	} else if (strstr(text, "trusted")) {
		here = false; /* the manual has the word, its parser takes it for a position's */
	} else if (here != there && (here ? disk.access != DISK_shared : !is_ours(why))) {
		fail_msg("`%s': %s here (%s), %s there", text, here ? "taken" : "refused", why,
			 there ? "taken" : "refused");
	}
	/* It drops the last comma of a target that ends in one. */
	if (here && there && text[strlen(text) - 1] != ',' &&
	    theirs.format != LIBXL_DISK_FORMAT_EMPTY) {
		const char *path = theirs.pdev_path;

		assert_string_equal(path, disk.script[0] || path[0] == '/'
						  ? disk.target
						  : disk.target + strlen("/dev/"));
		assert_string_equal(theirs.vdev, disk.vdev);
		assert_string_equal(theirs.script ? theirs.script : "", disk.script);
		assert_string_equal(theirs.backend_domname ? theirs.backend_domname : "",
				    disk.backend);
		if (theirs.readwrite != (disk.access == DISK_write)) {
			fail_msg("`%s': other access", text);
		}
		assert_int_equal(theirs.format, disk.format == DISK_qcow2 ? LIBXL_DISK_FORMAT_QCOW2
									  : LIBXL_DISK_FORMAT_RAW);
		assert_int_equal(theirs.direct_io_safe, disk.direct_io_safe);
	}
	counts[0] += here && there;
	counts[1] += !here && !there;
	free(theirs.pdev_path);
	free(theirs.vdev);
	free(theirs.script);
	free(theirs.backend_domname);
	fclose(report);
	free(said);
	xlu_cfg_destroy(config);
}

static void test_disk_oracle(void **state)
{
	static const char *const first[] = {"/a",         "/a b",   "vg/v", "phy:/a", "file:/a",
					    "tap:aio:/a", "",       "raw",  "foo:/",  "qcow2:/a",
					    "drbd:r0",    "vhd:/a", "a:b",  " /a"};
	static const char *const more[] = {
		"",
		"",
		"raw",
		"qcow2",
		"vhd",
		"xvda",
		"xvdb1",
		"sda",
		"hdc:disk",
		"hdc:cdrom",
		"r",
		"ro",
		"w",
		"rw",
		"w!",
		"format=raw",
		"vdev=xvda",
		"access=",
		"access=r",
		"backend=d",
		"script=s",
		"discard",
		"no-discard",
		"trusted",
		"zz=1",
		"cdrom",
		"direct-io-safe",
		"backendtype=phy",
		" xvda",
		"target=/t,u",
		"devtype=disk",
	};
	unsigned counts[2] = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(disks) / sizeof(disks[0]); i++) {
		if (!strchr(disks[i].text, '\n')) {
			compare_disk(disks[i].text, counts);
		}
	}
	for (unsigned round = 0; round < 60000; round++) {
		char text[256];
		size_t words = 1 + draw(6);

		strcpy(text, first[draw(sizeof(first) / sizeof(first[0]))]);
		for (size_t i = 0; i < words; i++) {
			strcat(text, ",");
			strcat(text, more[draw(sizeof(more) / sizeof(more[0]))]);
		}
		compare_disk(text, counts);
	}
	assert_true(counts[0] > 500 && counts[1] > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vdevs),
		cmocka_unit_test(test_vdev_names),
		cmocka_unit_test(test_disks),
		cmocka_unit_test(test_disk_oracle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
