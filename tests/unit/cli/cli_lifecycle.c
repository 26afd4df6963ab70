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

#include "cli/cli_host.h"
#include "tools/corbel/consoled.h"
#include "tools/corbel/store.h"

static int set_up(void **state)
{
	(void)state;
	fake_reset();
	scratch_make();
	fake_add(0, XEN_DOMINF_running);
	return host_events_open() < 0 || clients_listen() < 0;
}

static int tear_down(void **state)
{
	(void)state;
	consoles_close_all();
	clients_close_all();
	close(fake.event_pipe[0]);
	close(fake.event_pipe[1]);
	scratch_remove();
	fake_reset();
	return 0;
}

/* The daemon runs itself for each action; this program then only notes its arguments. */
static int note_arguments(int argc, char **argv)
{
	FILE *file = fopen(getenv("CLI_LIFECYCLE_NOTES"), "a");

	if (!file) {
		return 1;
	}
	for (int i = 1; i < argc; i++) {
		fprintf(file, "%s%s", i > 1 ? " " : "", argv[i]);
	}
	fputc('\n', file);
	return fclose(file);
}

static void wait_for_actions(const char *path, char *text, size_t size)
{
	for (int i = 0; i < 40; i++) {
		FILE *file;

		usleep(50000);
		consoles_scan();
		lifecycle_tick();
		file = fopen(path, "r");
		text[file ? fread(text, 1, size - 1, file) : 0] = '\0';
		if (file) {
			fclose(file);
		}
	}
}

static void add_down(uint16_t domid, unsigned reason)
{
	static struct guest guest;
	struct fake_domain *domain =
		fake_add(domid, XEN_DOMINF_shutdown | reason << XEN_DOMINF_shutdownshift);

	memset(&guest, 0, sizeof(guest));
	snprintf(guest.request.name, sizeof(guest.request.name), "guest%u", domid);
	memcpy(guest.request.uuid, domain->info.handle, 16);
	strcpy(guest.request.label, "l");
	strcpy(guest.kernel, "/k");
	guest.request.memory_mib = 8;
	guest.request.vcpus = guest.request.weight = 1;
	guest.on_poweroff = ACTION_destroy;
	guest.on_reboot = ACTION_restart;
	guest.on_crash = ACTION_preserve;
	assert_int_equal(store_pending(&guest) | store_commit(&guest, domid), 0);
}

static void test_actions(void **state)
{
	char path[128], text[1024];

	(void)state;
	snprintf(path, sizeof(path), "%s/notes", store_root);
	setenv("CLI_LIFECYCLE_NOTES", path, 1);
	add_down(2, SHUTDOWN_poweroff);
	add_down(3, SHUTDOWN_reboot);
	add_down(4, SHUTDOWN_crash);
	fake_add(5, XEN_DOMINF_shutdown); /* nobody's note: left alone */
	wait_for_actions(path, text, sizeof(text));
	assert_non_null(strstr(text, "destroy 2\n"));
	assert_non_null(strstr(text, "destroy 3\n"));
	assert_non_null(strstr(text, "create -q "));
	assert_non_null(strstr(text, "/restart-03030303-0303-0303-0303-030303030303.cfg\n"));
	assert_null(strstr(text, "destroy 4"));
	assert_null(strstr(text, "destroy 5"));
	assert_ptr_equal(strstr(strstr(text, "destroy 2") + 1, "destroy 2"), NULL);
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
		cmocka_unit_test_setup_teardown(test_actions, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sweep, set_up, tear_down),
	};

	if (argc > 1) {
		return note_arguments(argc, argv);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
