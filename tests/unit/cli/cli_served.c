/* SPDX-License-Identifier: MIT */
/*
 * Devices of running domains: what is written into xenstore and with which permissions, the order
 * in which it goes, what a script is told, and that nothing is left of what fails.  Back ends
 * answer in fake_store.committed; the scripts are real.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/cli_host.h"
#include "cli/cli_xenstore.h"
#include "tools/corbel/store.h"
#include "tools/corbel/vbd.h"
#include "tools/lib/files.h"

#define BACK  "/local/domain/0/backend/vbd/2/51728"
#define FRONT "/local/domain/2/device/vbd/51728"
#define NET   "/local/domain/0/backend/vif/2/0"

static const char *scratch;
static char script[200], disk_word[256], target_word[256];

/* What the made-up back ends do. */
static struct {
	const char *hotplug, *number;
	bool asleep;   /* it takes up nothing and lets go of nothing */
	bool stubborn; /* it lets go only of what has no front end any more */
} back_end;

static const char *value(const char *path)
{
	const struct fake_node *node = fake_store_node(path);

	return node ? node->value : "";
}

static void answer(const char *back, const char *front)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/state", back);
	if (back_end.asleep || !fake_store_node(path)) {
		return;
	}
	if (!strcmp(value(path), "1")) {
		fake_store_write(path, "2");
		snprintf(path, sizeof(path), "%s/hotplug-status", back);
		fake_store_write(path, back_end.hotplug);
		snprintf(path, sizeof(path), "%s/physical-device", back);
		fake_store_write(path, back_end.number);
	} else if (!strcmp(value(path), "5") && (!back_end.stubborn || !fake_store_node(front))) {
		fake_store_write(path, "6");
	}
}

static void committed(void)
{
	answer(BACK, FRONT);
	answer(NET, "/local/domain/2/device/vif/0");
}

static void write_file(const char *name, const char *text, mode_t mode, char path[200])
{
	FILE *file;

	snprintf(path, 200, "%s/%s", scratch, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	chmod(path, mode);
}

static char *script_log(void)
{
	static char text[2048];
	char path[200];
	FILE *file;

	snprintf(path, sizeof(path), "%s/log", scratch);
	memset(text, 0, sizeof(text));
	file = fopen(path, "r");
	if (file) {
		assert_true(fread(text, 1, sizeof(text) - 1, file) < sizeof(text));
		fclose(file);
		unlink(path);
	}
	return text;
}

static int setup(void **state)
{
	static struct guest guest;
	struct fake_domain *domain;
	char path[200], text[400];

	(void)state;
	fake_reset();
	fake_store_reset();
	scratch = scratch_make();
	store_root = scratch;
	back_end.hotplug = "connected";
	back_end.number = "7:0";
	back_end.asleep = back_end.stubborn = false;
	device_ready_ms = device_let_go_ms = 50;
	fake_store.runs = true;
	fake_store.committed = committed;
	domain = fake_add(2, XEN_DOMINF_blocked);
	fake_store_write("/local/domain/2/domid", "2");
	fake_store_write("/local/domain/0/domid", "0");
	memset(&guest, 0, sizeof(guest));
	strcpy(guest.request.name, "demo");
	strcpy(guest.request.label, "system_u:system_r:shop.t");
	strcpy(guest.kernel, "/k");
	memcpy(guest.request.uuid, domain->info.handle, sizeof(guest.request.uuid));
	guest.request.memory_mib = 64;
	guest.request.vcpus = guest.request.weight = 1;
	assert_int_equal(store_pending(&guest) | store_commit(&guest, 2), 0);
	snprintf(text, sizeof(text),
		 "#!/bin/sh\n[ ! -e %s/fails ] || exit 3\n"
		 "echo $1 $2 $XENBUS_PATH $XENBUS_TYPE vif=$vif net=$netdev >>%s/log\n",
		 scratch, scratch);
	write_file("script", text, 0755, script);
	write_file("disk", "content", 0644, path);
	snprintf(target_word, sizeof(target_word), "target=%s", path);
	snprintf(disk_word, sizeof(disk_word), "vdev=xvdb,script=%s", script);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove();
	return 0;
}

static bool nothing_is_left(void)
{
	return !fake_store_node("/local/domain/0/backend/vbd/2") &&
	       !fake_store_node("/local/domain/0/backend/vif/2") &&
	       !fake_store_node("/local/domain/2/device/vbd") &&
	       !fake_store_node("/local/domain/2/device/vif");
}

static bool is_noted(const char *text)
{
	static struct guest guest;
	char *written;
	size_t size;
	FILE *out = open_memstream(&written, &size);
	bool found;

	assert_true(store_read(2, &guest));
	guest_write(&guest, out);
	fclose(out);
	found = strstr(written, text) != NULL;
	free(written);
	return found;
}

/* ---- disks ----------------------------------------------------------------------------------- */

static void expect_run(struct run run, int code, const char *err)
{
	if (run.code != code || !strstr(run.err, err)) {
		fail_msg("%d, %s", run.code, run.err);
	}
	run_free(&run);
}

static void attach_disk(int code, const char *err)
{
	expect_run(RUN("corbel", "block-attach", "demo", disk_word, target_word), code, err);
}

static void expect_tree(const char *path, const char *text)
{
	char printed[4096];

	fake_store_print(path, printed, sizeof(printed));
	assert_string_equal(printed, text);
}

static void test_attached(void **state)
{
	char text[2048];

	(void)state;
	attach_disk(0, "");
	expect_tree(FRONT, FRONT
		    " =  (n2,r0)\n" FRONT "/backend = " BACK " (n2,r0)\n" FRONT
		    "/backend-id = 0 (n2,r0)\n" FRONT "/virtual-device = 51728 (n2,r0)\n" FRONT
		    "/device-type = disk (n2,r0)\n" FRONT "/trusted = 0 (n2,r0)\n" FRONT
		    "/state = 1 (n2,r0)\n");
	snprintf(text, sizeof(text),
		 BACK " =  (n0,r2)\n" BACK "/frontend = " FRONT " (n0,r2)\n" BACK
		      "/frontend-id = 2 (n0,r2)\n" BACK "/online = 1 (n0,r2)\n" BACK
		      "/bootable = 1 (n0,r2)\n" BACK "/removable = 0 (n0,r2)\n" BACK
		      "/dev = xvdb (n0,r2)\n" BACK "/type = phy (n0,r2)\n" BACK
		      "/mode = w (n0,r2)\n" BACK "/device-type = disk (n0,r2)\n" BACK
		      "/discard-enable = 1 (n0,r2)\n" BACK "/params = %s (n0,r2)\n" BACK
		      "/script = %s (n0,r2)\n" BACK "/target = %s (n0,r2)\n" BACK
		      "/format = raw (n0,r2)\n" BACK "/state = 2 (n0,r2)\n" BACK
		      "/hotplug-status = connected (n0,r2)\n" BACK
		      "/physical-device = 7:0 (n0,r2)\n",
		 target_word + 7, script, target_word + 7);
	expect_tree(BACK, text);
	assert_string_equal(script_log(), "add backend/vbd/2/51728 vbd vif= net=\n");
	assert_true(is_noted("vdev=xvdb"));
	attach_disk(1, "cannot attach xvdb to domain demo: the domain has it already");
	assert_string_equal(script_log(), "");
}

static void test_listed(void **state)
{
	struct run run;

	(void)state;
	attach_disk(0, "");
	fake_store_write(FRONT "/ring-ref", "8");
	fake_store_write(FRONT "/event-channel", "x\033[2J"); /* the tenant's own folder */
	run = RUN("corbel", "block-list", "demo");
	assert_int_equal(run.code, 0);
	assert_string_equal(
		run.out, "Vdev  BE  handle state evt-ch ring-ref BE-path                       \n"
			 "51728 0   2      1     -1     8        " BACK "\n");
	run_free(&run);
	expect_run(RUN("corbel", "block-list", "nobody"), 1, "nobody is an invalid domain");
}

static void test_detached(void **state)
{
	(void)state;
	attach_disk(0, "");
	script_log();
	expect_run(RUN("corbel", "block-detach", "demo", "xvdc"), 1,
		   "Error: Device xvdc not connected.\n");
	assert_false(nothing_is_left());
	expect_run(RUN("corbel", "block-detach", "demo", "51728"), 0, "");
	assert_true(nothing_is_left());
	assert_string_equal(script_log(), "remove backend/vbd/2/51728 vbd vif= net=\n");
	assert_false(is_noted("vdev=xvdb"));
}

/* The domain keeps it: it goes all the same, after a time. */
static void test_taken_away(void **state)
{
	(void)state;
	back_end.stubborn = true;
	attach_disk(0, "");
	expect_run(RUN("corbel", "block-detach", "demo", "xvdb"), 0,
		   "domain 2 has not let go of disk 51728 in 0 s: taken away\n");
	assert_true(nothing_is_left());
	attach_disk(0, "");
	expect_run(RUN("corbel", "block-detach", "--force", "demo", "xvdb"), 0, "");
	assert_true(nothing_is_left());
}

static void test_failures_leave_nothing(void **state)
{
	char path[200];

	(void)state;
	back_end.asleep = true;
	attach_disk(1, "xen-blkback does not take it up");
	assert_true(nothing_is_left());
	back_end.asleep = false;
	script_log();
	back_end.number = "0:0";
	attach_disk(1, "the script has connected no device (connected, 0:0)");
	assert_true(nothing_is_left());
	assert_string_equal(script_log(), "add backend/vbd/2/51728 vbd vif= net=\n"
					  "remove backend/vbd/2/51728 vbd vif= net=\n");
	back_end.number = "7:0";
	write_file("fails", "", 0644, path);
	attach_disk(1, "/script add failed");
	assert_true(nothing_is_left());
	unlink(path);
	fake_store.full = BACK "/mode";
	attach_disk(1, "cannot write " BACK "/mode in xenstore: No space left on device");
	fake_store.full = NULL;
	assert_true(nothing_is_left());
	assert_false(is_noted("vdev=xvdb"));
	fake_store.busy = 3;
	attach_disk(0, "");
}

static void test_refused(void **state)
{
	(void)state;
	expect_run(RUN("corbel", "block-attach", "demo"), 2, "requires at least 2 arguments");
	expect_run(RUN("corbel", "block-attach", "demo", "/a,,vda"), 1, "no virtual device");
	expect_run(RUN("corbel", "block-attach", "0", disk_word, target_word), 1,
		   "domain 0 is part of the host");
	expect_run(RUN("corbel", "block-attach", "demo", "vdev=xvdb,script=none", target_word), 1,
		   "script /etc/xen/scripts/none: No such file");
	expect_run(RUN("corbel", "block-attach", "demo", "vdev=xvdb,backend=web", target_word), 1,
		   "there is no domain `web' to serve it");
	fake_store.runs = false;
	attach_disk(1, "no xenstored answers");
	fake_store.runs = true;
	assert_true(nothing_is_left());
}

/* Who uses a file, under whatever name. */
static void test_users(void **state)
{
	static const struct {
		const char *mode;
		enum disk_access access;
		bool in_the_way;
	} cases[] = {
		{"w", DISK_write, true}, {"w", DISK_read, true},    {"r", DISK_write, true},
		{"r", DISK_read, false}, {"w", DISK_shared, false}, {"w!", DISK_write, true},
	};
	struct xs_handle *store = xenstore_open();
	char path[200], other[240];
	struct disk disk = {0};
	uint16_t user;

	(void)state;
	write_file("disk", "content", 0644, path);
	snprintf(other, sizeof(other), "%s/other", scratch);
	assert_int_equal(link(path, other), 0);
	strcpy(disk.target, path);
	assert_int_equal(disk_find_user(store, &disk, &user), -ESRCH);
	fake_store_write("/local/domain/0/backend/vbd/5/51712/params", other);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_store_write("/local/domain/0/backend/vbd/5/51712/mode", cases[i].mode);
		disk.access = cases[i].access;
		user = 0;
		assert_int_equal(disk_find_user(store, &disk, &user),
				 cases[i].in_the_way ? 0 : -ESRCH);
		assert_int_equal(user, cases[i].in_the_way ? 5 : 0);
	}
	unlink(other);
	disk.access = DISK_write;
	assert_int_equal(disk_find_user(store, &disk, &user), -ESRCH);
}

/* ---- interfaces ------------------------------------------------------------------------------ */

static void test_interface(void **state)
{
	char word[256];
	struct run run;

	(void)state;
	snprintf(word, sizeof(word), "script=%s", script);
	expect_run(RUN("corbel", "network-attach", "demo", word, "mac=00:16:3e:00:00:07",
		       "rate=1MB/s@20ms", "gatewaydev=eth7"),
		   0, "");
	assert_string_equal(script_log(), "online type_if=vif backend/vif/2/0 vif vif=vif2.0 "
					  "net=eth7\n");
	assert_string_equal(value(NET "/rate"), "20000,20000");
	assert_string_equal(value(NET "/mac"), "00:16:3e:00:00:07");
	assert_string_equal(value("/local/domain/2/device/vif/0/trusted"), "0");
	assert_true(is_noted("mac=00:16:3e:00:00:07"));
	run = RUN("corbel", "network-list", "demo");
	assert_string_equal(
		run.out,
		"Idx BE Mac Addr.         handle state evt-ch   tx-/rx-ring-ref BE-path            "
		"           \n"
		"0   0  00:16:3e:00:00:07      0     1     -1    -1/-1          " NET "\n");
	run_free(&run);
	expect_run(RUN("corbel", "network-detach", "demo", "1"), 1, "Unknown device 1.\n");
	expect_run(RUN("corbel", "network-detach", "demo", "00:16:3E:00:00:07"), 0, "");
	assert_string_equal(script_log(), "offline type_if=vif backend/vif/2/0 vif vif=vif2.0 "
					  "net=\n");
	assert_true(nothing_is_left());
	assert_false(is_noted("mac="));
	expect_run(RUN("corbel", "network-attach", "demo", "bridge=none"), 1,
		   "/etc/xen/scripts/vif-bridge");
}

/* ---- the end of a domain --------------------------------------------------------------------- */

/* It is paused first; a back end that holds on does not hold up the rest. */
static void test_end(void **state)
{
	char word[256];
	struct run run;

	(void)state;
	snprintf(word, sizeof(word), "script=%s", script);
	attach_disk(0, "");
	expect_run(RUN("corbel", "network-attach", "demo", word), 0, "");
	script_log();
	back_end.asleep = true;
	run = RUN("corbel", "destroy", "demo");
	assert_non_null(strstr(run.err, "disk 51728 of domain 2: its back end has not let go"));
	run_free(&run);
	assert_true(nothing_is_left());
	assert_string_equal(script_log(),
			    "remove backend/vbd/2/51728 vbd vif= net=\n"
			    "offline type_if=vif backend/vif/2/0 vif vif=vif2.0 net=\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_attached, setup, teardown),
		cmocka_unit_test_setup_teardown(test_listed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_detached, setup, teardown),
		cmocka_unit_test_setup_teardown(test_taken_away, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failures_leave_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_users, setup, teardown),
		cmocka_unit_test_setup_teardown(test_interface, setup, teardown),
		cmocka_unit_test_setup_teardown(test_end, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
