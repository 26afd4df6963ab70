/* SPDX-License-Identifier: MIT */
/*
 * What the drainer does after a tenant has shut down: on_poweroff, on_reboot and
 * on_crash, each by running the command again, which is this program.
 */
#include <errno.h>
#include <fcntl.h>
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
#include <xen/sched.h>

#include "cli/cli_drainer.h"
#include "cli/cli_host.h"
#include "tools/corbel/consoled.h"
#include "tools/corbel/store.h"

/* The daemon runs itself for each action; this program then only notes its arguments, and for a
 * create what it reads. */
static int note_arguments(int argc, char **argv)
{
	FILE *file = fopen(getenv("CLI_LIFECYCLE_NOTES"), "a");
	bool create = argc > 1 && !strcmp(argv[1], "create");
	char line[256];

	if (!file) {
		return 1;
	}
	if (create && getenv("CLI_LIFECYCLE_SLOW")) {
		usleep(300000);
	}
	for (int i = 1; i < argc; i++) {
		fprintf(file, "%s%s", i > 1 ? " " : "", argv[i]);
	}
	fputc('\n', file);
	while (create && fgets(line, sizeof(line), stdin)) {
		fprintf(file, "  %s", line);
	}
	return fclose(file) || (create && getenv("CLI_LIFECYCLE_FAIL"));
}

static void start_notes(char path[128])
{
	snprintf(path, 128, "%s/notes", store_root);
	setenv("CLI_LIFECYCLE_NOTES", path, 1);
}

static void read_notes(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "r");

	text[file ? fread(text, 1, size - 1, file) : 0] = '\0';
	if (file) {
		fclose(file);
	}
}

/* What has been destroyed is gone, as with the real command. */
static void forget_destroyed(const char *text)
{
	const char *at = text;

	while ((at = strstr(at, "destroy ")) != NULL) {
		at += strlen("destroy ");
		fake.domains[atoi(at)].used = false;
	}
}

static void wait_for_actions(const char *path, char *text, size_t size)
{
	for (int i = 0; i < 40; i++) {
		usleep(50000);
		read_notes(path, text, size);
		forget_destroyed(text);
		consoles_scan();
		lifecycle_tick();
	}
	read_notes(path, text, size);
}

static unsigned count(const char *text, const char *what)
{
	unsigned found = 0;

	while ((text = strstr(text, what)) != NULL) {
		text += strlen(what);
		found++;
	}
	return found;
}

/* A domain that is down, and its note. */
static void add_life(uint16_t domid, unsigned reason, uint8_t uuid)
{
	static struct guest guest;
	struct fake_domain *domain =
		fake_add(domid, XEN_DOMINF_shutdown | reason << XEN_DOMINF_shutdownshift);

	memset(domain->info.handle, uuid, sizeof(domain->info.handle));
	memset(&guest, 0, sizeof(guest));
	snprintf(guest.request.name, sizeof(guest.request.name), "guest%u", uuid);
	memset(guest.request.uuid, uuid, sizeof(guest.request.uuid));
	strcpy(guest.request.label, "l");
	strcpy(guest.kernel, "/k");
	guest.request.memory_mib = 8;
	guest.request.vcpus = guest.request.weight = 1;
	guest.on_poweroff = ACTION_destroy;
	guest.on_reboot = ACTION_restart;
	guest.on_crash = ACTION_preserve;
	assert_int_equal(store_pending(&guest) | store_commit(&guest, domid), 0);
}

static void add_down(uint16_t domid, unsigned reason)
{
	add_life(domid, reason, (uint8_t)domid);
}

static void test_actions(void **state)
{
	char path[128], text[4096];

	(void)state;
	start_notes(path);
	add_down(2, SHUTDOWN_poweroff);
	add_down(3, SHUTDOWN_reboot);
	add_down(4, SHUTDOWN_crash);
	fake_add(5, XEN_DOMINF_shutdown); /* nobody's note: left alone */
	wait_for_actions(path, text, sizeof(text));
	assert_non_null(strstr(text, "destroy 2\n"));
	assert_non_null(strstr(text, "destroy 3\n"));
	assert_non_null(strstr(text, "create -q -\n  name = 'guest3'\n"
				     "  uuid = '03030303-0303-0303-0303-030303030303'\n"));
	assert_int_equal(count(text, "create"), 1);
	assert_null(strstr(text, "destroy 4"));
	assert_null(strstr(text, "destroy 5"));
	assert_int_equal(count(text, "destroy 2"), 1);
}

/* The next life of a UUID has ended before the last restart was done with. */
static void test_restart_twice(void **state)
{
	char path[128], text[4096] = "";

	(void)state;
	start_notes(path);
	setenv("CLI_LIFECYCLE_SLOW", "1", 1);
	add_down(3, SHUTDOWN_reboot);
	for (int i = 0; i < 60 && !strstr(text, "destroy 6"); i++) {
		usleep(50000);
		read_notes(path, text, sizeof(text));
		forget_destroyed(text);
		if (i == 8) { /* its create is asleep */
			add_life(6, SHUTDOWN_reboot, 3);
		}
		consoles_scan();
		lifecycle_tick();
	}
	unsetenv("CLI_LIFECYCLE_SLOW");
	wait_for_actions(path, text, sizeof(text));
	assert_int_equal(count(text, "destroy 3"), 1);
	assert_int_equal(count(text, "destroy 6"), 1);
	assert_int_equal(count(text, "create -q -\n  name = 'guest3'\n"), 2);
}

/* Between two lives: destroyed by name. */
static void test_forget(void **state)
{
	char path[128], text[4096] = "";

	(void)state;
	start_notes(path);
	add_down(3, SHUTDOWN_reboot);
	assert_false(lifecycle_forget("guest3"));
	for (int i = 0; i < 40 && !strstr(text, "destroy 3"); i++) {
		usleep(50000);
		consoles_scan();
		lifecycle_tick();
		read_notes(path, text, sizeof(text));
	}
	forget_destroyed(text);
	assert_false(lifecycle_forget("guest"));
	assert_true(lifecycle_forget("guest3"));
	assert_false(lifecycle_forget("guest3"));
	wait_for_actions(path, text, sizeof(text));
	assert_int_equal(count(text, "create"), 0);
}

/* A restart that fails is tried again, at growing distance, and not for ever. */
static void test_restart_fails(void **state)
{
	char path[128], text[8192];

	(void)state;
	start_notes(path);
	setenv("CLI_LIFECYCLE_FAIL", "1", 1);
	add_down(3, SHUTDOWN_reboot);
	for (int i = 0; i < 400; i++) {
		usleep(5000);
		read_notes(path, text, sizeof(text));
		forget_destroyed(text);
		consoles_scan();
		lifecycle_tick();
	}
	unsetenv("CLI_LIFECYCLE_FAIL");
	assert_int_equal(count(text, "destroy 3"), 1);
	assert_int_equal(count(text, "create -q -\n  name = 'guest3'\n"), 6);
	add_down(3, SHUTDOWN_reboot); /* it is started by hand, and the number comes again */
	unlink(path);
	wait_for_actions(path, text, sizeof(text));
	assert_int_equal(count(text, "create -q -\n  name = 'guest3'\n"), 1);
}

static bool is_there(const char *format, unsigned number)
{
	char path[160];

	snprintf(path, sizeof(path), format, store_root, number);
	return access(path, F_OK) == 0;
}

/* Notes and logs of domains that are not there, by the lock, the age and the number kept. */
static void test_sweep(void **state)
{
	const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	static struct guest pending;
	char path[160];
	int lock;

	(void)state;
	add_down(2, SHUTDOWN_poweroff);
	add_down(3, SHUTDOWN_poweroff);
	fake.domains[3].used = false;
	strcpy(pending.request.name, "pending");
	memset(pending.request.uuid, 0x11, 16);
	assert_int_equal(store_pending(&pending), 0);
	for (unsigned i = 2; i < 40; i++) {
		snprintf(path, sizeof(path), "%s/console-%u.log%s", store_root, i, "");
		fclose(fopen(path, "w"));
		strcat(path, ".1");
		fclose(fopen(path, "w"));
	}
	fclose(fopen(strcat(strcpy(path, store_root), "/console-9"), "w"));
	lock = store_lock(true);
	assert_true(lock >= 0 && store_lock(false) == -EWOULDBLOCK);
	sweep();
	assert_true(is_there("%s/domains/%u", 3)); /* some creator is at work */
	close(lock);
	sweep();
	assert_true(is_there("%s/domains/%u", 2));
	assert_false(is_there("%s/domains/%u", 3));
	assert_false(is_there("%s/console-%u", 9));
	assert_true(is_there("%s/console-%u.log", 2));
	assert_false(is_there("%s/console-%u.log", 3));
	assert_false(is_there("%s/console-%u.log.1", 39 - SWEEP_LOGS_KEPT));
	assert_true(is_there("%s/console-%u.log.1", 40 - SWEEP_LOGS_KEPT));
	snprintf(path, sizeof(path), "%s/domains/pending-11111111-1111-1111-1111-111111111111",
		 store_root);
	assert_int_equal(access(path, F_OK), 0); /* too young */
	assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
	sweep();
	assert_int_equal(access(path, F_OK), -1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_actions, drainer_set_up, drainer_tear_down),
		cmocka_unit_test_setup_teardown(test_restart_twice, drainer_set_up,
						drainer_tear_down),
		cmocka_unit_test_setup_teardown(test_forget, drainer_set_up, drainer_tear_down),
		cmocka_unit_test_setup_teardown(test_restart_fails, drainer_set_up,
						drainer_tear_down),
		cmocka_unit_test_setup_teardown(test_sweep, drainer_set_up, drainer_tear_down),
	};

	if (argc > 1) {
		return note_arguments(argc, argv);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
