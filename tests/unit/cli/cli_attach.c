/* SPDX-License-Identifier: MIT */
/*
 * The client of the console drainer: the verb, and what `create -c` does with a domain that lives
 * for a moment only.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>
#include <xen/sched.h>

#include "cli/cli_drainer.h"
#include "cli/cli_host.h"
#include "tools/corbel/console_link.h"
#include "tools/corbel/consoled.h"
#include "tools/corbel/store.h"

static int saved_input;

static int set_up(void **state)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	saved_input = dup(STDIN_FILENO);
	dup2(null, STDIN_FILENO);
	close(null);
	return drainer_set_up(state);
}

static int tear_down(void **state)
{
	dup2(saved_input, STDIN_FILENO);
	close(saved_input);
	return drainer_tear_down(state);
}

static void add_tenant(uint16_t domid, uint32_t flags)
{
	fake_add(domid, flags)->page = calloc(1, 4096);
}

static void tenant_writes(uint16_t domid, const char *text)
{
	struct xencons_interface *page = fake.domains[domid].page;

	for (; *text; text++) {
		page->out[MASK_XENCONS_IDX(page->out_prod, page->out)] = *text;
		page->out_prod++;
	}
}

/* ---- the daemon, beside ---------------------------------------------------------------------- */

static bool serving;
static pthread_t server;

static void *serve(void *argument)
{
	while (__atomic_load_n(&serving, __ATOMIC_ACQUIRE)) {
		consoled_round(drainer_events, 5);
		consoles_scan();
	}
	return argument;
}

static void start_serving(void)
{
	serving = true;
	pthread_create(&server, NULL, serve, NULL);
}

static void stop_serving(void)
{
	__atomic_store_n(&serving, false, __ATOMIC_RELEASE);
	pthread_join(server, NULL);
}

/* The verb itself, its input at an end: a paused domain, then the same shut down. */
static void test_verb(void **state)
{
	struct run run;

	(void)state;
	add_tenant(2, XEN_DOMINF_paused);
	tenant_writes(2, "last words\r\n");
	consoles_scan();
	start_serving();
	run = RUN("corbel", "console", "2");
	assert_int_equal(run.code, 0);
	assert_string_equal(run.err, "domain 2 is paused\n");
	run_free(&run);
	fake.domains[2].info.flags = XEN_DOMINF_shutdown | SHUTDOWN_crash
								   << XEN_DOMINF_shutdownshift;
	run = RUN("corbel", "console", "2");
	assert_int_equal(run.code, 1);
	assert_string_equal(run.err, "domain 2 has shut down (crashed)\n");
	run_free(&run);
	run = RUN("corbel", "console", "2", "--expect", "last words");
	assert_int_equal(run.code, 0);
	run_free(&run);
	run = RUN("corbel", "console", "2", "--expect", "other words");
	assert_int_equal(run.code, 1);
	run_free(&run);
	stop_serving();
}

/* ---- a short life ---------------------------------------------------------------------------- */

static void live_shortly(uint16_t domid)
{
	tenant_writes(domid, "no such file\r\ngiving up\r\n");
	fake_raise(100 + domid);
	strcpy(fake.domains[domid].launch.crash_reason, "triple fault");
	__atomic_store_n(&fake.domains[domid].info.flags,
			 XEN_DOMINF_shutdown | SHUTDOWN_crash << XEN_DOMINF_shutdownshift,
			 __ATOMIC_RELEASE);
}

/* Attaches to a new domain and lets it run; what is shown is left in shown. */
static int attach_new(uint16_t domid, char *shown, size_t size)
{
	const struct console_script script = {.start = true};
	int saved = dup(STDOUT_FILENO), file = memfd_create("shown", MFD_CLOEXEC), code;
	ssize_t got;

	fflush(stdout);
	dup2(file, STDOUT_FILENO);
	code = console_link_attach(domid, &script);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	got = pread(file, shown, size - 1, 0);
	shown[got > 0 ? got : 0] = '\0';
	close(file);
	close(saved);
	return code;
}

static void add_note(uint16_t domid, const char *name)
{
	static struct guest guest;

	memset(&guest, 0, sizeof(guest));
	strcpy(guest.request.name, name);
	memcpy(guest.request.uuid, fake.domains[domid].info.handle, sizeof(guest.request.uuid));
	strcpy(guest.request.label, "l");
	strcpy(guest.kernel, "/k");
	guest.request.memory_mib = 8;
	guest.request.vcpus = guest.request.weight = 1;
	guest.on_crash = ACTION_preserve;
	assert_int_equal(store_pending(&guest) | store_commit(&guest, domid), 0);
}

static void test_short_life(void **state)
{
	char shown[1024];

	(void)state;
	fake.unpaused = live_shortly;
	start_serving();
	for (uint16_t domid = 2; domid < 12; domid++) {
		add_tenant(domid, XEN_DOMINF_paused);
		add_note(domid, "hello");
		assert_int_equal(attach_new(domid, shown, sizeof(shown)), 0);
		assert_string_equal(shown,
				    "no such file\r\ngiving up\r\n"
				    "\r\n[domain hello has shut down (crashed: triple fault)]\r\n");
		assert_int_equal(fake.last_command, XEN_DOMCTL_unpausedomain);
	}
	stop_serving();
}

/* Nobody drains: the domain runs nevertheless. */
static void test_no_drainer(void **state)
{
	char shown[1024];

	(void)state;
	clients_close_all();
	add_tenant(2, XEN_DOMINF_paused);
	assert_int_equal(attach_new(2, shown, sizeof(shown)), 1);
	assert_int_equal(fake.last_command, XEN_DOMCTL_unpausedomain);
	assert_int_equal(fake.last_domid, 2);
	assert_int_equal(clients_listen() < 0, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_verb),
		T(test_short_life),
		T(test_no_drainer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
