/* SPDX-License-Identifier: MIT */
/*
 * A domain in xenstore: its tree and its permissions, created whole or not at all, taken back at
 * its end; the verbs shutdown and reboot; and who watches.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <xen/sched.h>

#include "builder-domain/tables.h"
#include "cli/cli_host.h"
#include "cli/cli_xenstore.h"
#include "tools/corbel/corbel.h"
#include "tools/corbel/store.h"
#include "tools/corbel/tree.h"
#include "tools/corbel/watch.h"

#define SHOP "system_u:system_r:shop.t"
#define UUID "03030303-0303-0303-0303-030303030303"

_Static_assert(HOST_STORE_GFN == STORE_GPA >> 12 && HOST_CONSOLE_GFN == CONSOLE_GPA >> 12,
	       "where the builder puts the pages");

static char config_path[128];
static bool introduced_first; /* before it was let run */
static uint32_t seen_flags;   /* of the request */

static uint32_t request_flags(const uint8_t *request, uint32_t size)
{
	uint32_t flags = 0;
	uint16_t head[2]; /* tag, length */

	for (uint32_t at = sizeof(struct corbel_request_header); at + 4 <= size;
	     at += 4 + head[1]) {
		memcpy(head, request + at, sizeof(head));
		if (head[0] == CORBEL_RQ_flags) {
			memcpy(&flags, request + at + 4, sizeof(flags));
		}
	}
	return flags;
}

/* A builder that takes anything. */
static void *quick_builder(void *argument)
{
	struct corbel_ring *ring = ((struct host_session *)argument)->ring;

	seen_flags = request_flags((const uint8_t *)ring->request, ring->request_size);
	fake_add(4, XEN_DOMINF_paused);
	memset(fake.domains[4].info.handle, 3, 16);
	ring->domid = 4;
	ring->instance = fake.info.builder_instance;
	__atomic_store_n(&ring->state, CORBEL_RING_done, __ATOMIC_RELEASE);
	fake_builder_notify();
	return NULL;
}

static void note_unpaused(uint16_t domid)
{
	introduced_first = domid == 4 && fake_store.introduced == 4;
}

static int set_up(void **state)
{
	char path[128];
	FILE *file;

	(void)state;
	fake_reset();
	fake_store_reset();
	fake_store.runs = true;
	fake_store_write("/local/domain/0/name", "Domain-0");
	fake_add(0, XEN_DOMINF_running);
	fake.info.builder_instance = 9;
	fake.builder = quick_builder;
	fake.unpaused = note_unpaused;
	fake.last_command = 0;
	introduced_first = false;
	/* Dom0 may list, let run and serve. */
	fake_policy_serving(SHOP);
	scratch_make();
	snprintf(path, sizeof(path), "%s/kernel", store_root);
	file = fopen(path, "w");
	fputs("kernel", file);
	fclose(file);
	snprintf(config_path, sizeof(config_path), "%s/demo.cfg", store_root);
	file = fopen(config_path, "w");
	fprintf(file,
		"name='demo'\nkernel='%s'\nmemory=128\nvcpus=2\nuuid='" UUID "'\nseclabel='" SHOP
		"'\n",
		path);
	return fclose(file);
}

static int tear_down(void **state)
{
	(void)state;
	scratch_remove();
	fake_reset();
	return 0;
}

/* ---- the tree --------------------------------------------------------------------------- */

static const char whole[] = "/local/domain/4 =  (n0,r4)\n"
			    "/local/domain/4/vm = /vm/" UUID " (n0,r4)\n"
			    "/local/domain/4/name = demo (n0,r4)\n"
			    "/local/domain/4/domid = 4 (n0,r4)\n"
			    "/local/domain/4/cpu =  (n0,r4)\n"
			    "/local/domain/4/cpu/0 =  (n0,r4)\n"
			    "/local/domain/4/cpu/0/availability = online (n0,r4)\n"
			    "/local/domain/4/cpu/1 =  (n0,r4)\n"
			    "/local/domain/4/cpu/1/availability = online (n0,r4)\n"
			    "/local/domain/4/memory =  (n0,r4)\n"
			    "/local/domain/4/memory/static-max = 131072 (n0,r4)\n"
			    "/local/domain/4/memory/target = 131072 (n0,r4)\n"
			    "/local/domain/4/store =  (n0,r4)\n"
			    "/local/domain/4/store/ring-ref = 228 (n0,r4)\n"
			    "/local/domain/4/store/port = 2 (n0,r4)\n"
			    "/local/domain/4/console =  (n0,r4)\n"
			    "/local/domain/4/console/type = corbel (n0,r4)\n"
			    "/local/domain/4/console/backend-id = 0 (n0,r4)\n"
			    "/local/domain/4/console/ring-ref = 227 (n0,r4)\n"
			    "/local/domain/4/console/port = 1 (n0,r4)\n"
			    "/local/domain/4/control =  (n0,r4)\n"
			    "/local/domain/4/control/shutdown =  (n4)\n"
			    "/local/domain/4/control/feature-poweroff =  (n4)\n"
			    "/local/domain/4/control/feature-reboot =  (n4)\n"
			    "/local/domain/4/control/feature-suspend =  (n4)\n"
			    "/local/domain/4/control/sysrq =  (n4)\n"
			    "/local/domain/4/device =  (n0,r4)\n"
			    "/local/domain/4/device/suspend =  (n0,r4)\n"
			    "/local/domain/4/device/suspend/event-channel =  (n4)\n"
			    "/local/domain/4/data =  (n4)\n"
			    "/local/domain/4/drivers =  (n4)\n"
			    "/local/domain/4/feature =  (n4)\n"
			    "/local/domain/4/attr =  (n4)\n"
			    "/local/domain/4/error =  (n4)\n";

static void check_tree(void)
{
	static char text[8192];
	const struct fake_node *start = fake_store_node("/vm/" UUID "/start_time");

	fake_store_print("/local/domain/4", text, sizeof(text));
	assert_string_equal(text, whole);
	assert_string_equal(fake_store_node("/vm/" UUID)->access, "n0,r4");
	assert_string_equal(fake_store_node("/vm/" UUID "/name")->value, "demo");
	assert_string_equal(fake_store_node("/vm/" UUID "/uuid")->value, UUID);
	assert_true(atoll(start->value) > 1000000000);
	assert_string_equal(start->access, "n0,r4");
	assert_int_equal(fake_store.introduced, 4);
	assert_int_equal(fake_store.gfn, 0xE4);
	assert_int_equal(fake_store.port, 2);
}

static void check_nothing_left(void)
{
	static char text[8192];

	fake_store_print("/local/domain/4", text, sizeof(text));
	assert_string_equal(text, "");
	assert_null(fake_store_node("/vm/" UUID));
	assert_int_equal(fake_store.introduced, 0);
	assert_non_null(fake_store_node("/local/domain/0/name"));
}

static void test_create(void **state)
{
	struct run run = RUN("corbel", "create", "-q", config_path);

	(void)state;
	assert_string_equal(run.err, "");
	assert_int_equal(run.code, EXIT_OK);
	check_tree();
	assert_int_equal(fake.last_command, XEN_DOMCTL_unpausedomain);
	assert_true(introduced_first);
	assert_int_equal(seen_flags, CORBEL_RQF_PAUSED);
	run_free(&run);
}

/* What an earlier domain of that number has left is not mixed in, and others' changes go before. */
static void test_create_over(void **state)
{
	struct run run;

	(void)state;
	fake_store_write("/local/domain/4/device/vbd/51712/state", "4");
	fake_store.busy = 3;
	run = RUN("corbel", "create", "-q", config_path);
	assert_int_equal(run.code, EXIT_OK);
	check_tree();
	run_free(&run);
}

/* A `destroy' that was killed has left a domain's tree and its disk, which would pass for used. */
static void test_swept(void **state)
{
	struct run run;

	(void)state;
	fake_add(6, XEN_DOMINF_blocked);
	fake_store_write("/local/domain/6/vm", "/vm/six");
	fake_store_write("/vm/six/name", "six");
	fake_store_write("/local/domain/5/vm", "/vm/five");
	fake_store_write("/vm/five/name", "five");
	fake_store_write("/local/domain/0/backend/vbd/5/51712/mode", "w");
	fake_store_write("/local/domain/0/backend/vif/7/0/mac", "x");
	run = RUN("corbel", "create", "-q", config_path);
	assert_string_equal(run.err, "");
	assert_int_equal(run.code, EXIT_OK);
	check_tree();
	assert_null(fake_store_node("/local/domain/5"));
	assert_null(fake_store_node("/vm/five"));
	assert_null(fake_store_node("/local/domain/0/backend/vbd"));
	assert_null(fake_store_node("/local/domain/0/backend/vif"));
	assert_non_null(fake_store_node("/vm/six/name"));
	assert_non_null(fake_store_node("/local/domain/6/vm"));
	run_free(&run);
}

static void test_create_paused(void **state)
{
	struct run run = RUN("corbel", "create", "-q", "-p", config_path);

	(void)state;
	assert_int_equal(run.code, EXIT_OK);
	check_tree();
	assert_int_equal(fake.last_command, 0);
	run_free(&run);
}

/* Nothing is left: not the domain, nor its note, nor a node. */
static void check_undone(const char *says)
{
	struct run run = RUN("corbel", "create", "-q", config_path);

	assert_string_equal(run.err, says);
	assert_int_equal(run.code, EXIT_BUILD);
	check_nothing_left();
	assert_false(fake.domains[4].used);
	run_free(&run);
	run = RUN("corbel", "domid", "demo");
	assert_int_equal(run.code, EXIT_ERROR);
	run_free(&run);
}

static void test_undone(void **state)
{
	(void)state;
	fake_store.introduce_error = EINVAL;
	check_undone("corbel: cannot create demo: xenstored does not take domain 4: Invalid "
		     "argument\n");
	fake_store.introduce_error = 0;
	fake_store.full = "/local/domain/4/control/sysrq";
	check_undone("corbel: cannot create demo: cannot write /local/domain/4/control/sysrq in "
		     "xenstore: No space left on device\n");
	fake_store.full = NULL;
	fake_store.busy = 1000;
	check_undone("corbel: cannot create demo: cannot write /local/domain/4 in xenstore: "
		     "Resource temporarily unavailable\n");
}

static void check_without(const char *says)
{
	struct run run = RUN("corbel", "create", "-q", config_path);

	assert_string_equal(run.err, says);
	assert_int_equal(run.code, EXIT_OK);
	assert_true(fake.domains[4].used);
	assert_int_equal(fake.last_command, 0);
	assert_int_equal(seen_flags, 0); /* it was not made paused */
	check_nothing_left();
	run_free(&run);
	fake.domains[4].used = false;
}

static void test_without_store(void **state)
{
	(void)state;
	fake_store.runs = false;
	check_without("warning: no xenstored answers (Connection refused): demo gets no disks and "
		      "no network\n");
	fake_store.runs = true;
	fake_policy_dom0(SHOP, 1u << XSM_PERM_domain_getdomaininfo); /* it may map nothing */
	check_without("warning: the policy keeps Dom0's xenstored from " SHOP
		      ": demo gets no disks and no network\n");
}

static void test_destroy(void **state)
{
	struct run run = RUN("corbel", "create", "-q", config_path);

	(void)state;
	run_free(&run);
	fake_store_write("/local/domain/4/data/mine", "x");
	run = RUN("corbel", "destroy", "demo");
	assert_int_equal(run.code, EXIT_OK);
	check_nothing_left();
	assert_int_equal(fake_store.released, 4);
	run_free(&run);
}

/* ---- shutdown and reboot ---------------------------------------------------------------- */

static void expect(struct run run, int code, const char *err)
{
	assert_string_equal(run.err, err);
	assert_int_equal(run.code, code);
	assert_string_equal(run.out, "");
	run_free(&run);
}

static const char *asked(void)
{
	return fake_store_node("/local/domain/4/control/shutdown")->value;
}

static void test_shutdown(void **state)
{
	struct run run = RUN("corbel", "create", "-q", config_path);

	(void)state;
	run_free(&run);
	expect(RUN("corbel", "shutdown", "demo"), EXIT_ERROR,
	       "corbel: domain demo has not said that it takes such requests "
	       "(control/feature-poweroff)\n"
	       "it may be booting, or have no driver for it: -F asks all the same, `destroy' ends "
	       "it\n");
	assert_string_equal(asked(), "");
	expect(RUN("corbel", "reboot", "-F", "demo"), EXIT_OK, "Rebooting domain 4\n");
	assert_string_equal(asked(), "reboot");
	assert_string_equal(fake_store_node("/local/domain/4/control/shutdown")->access, "n4");
	fake_store_write("/local/domain/4/control/feature-poweroff", "1");
	expect(RUN("xl", "shutdown", "4"), EXIT_OK, "Shutting down domain 4\n");
	assert_string_equal(asked(), "poweroff");
	fake.domains[4].info.flags = XEN_DOMINF_shutdown | SHUTDOWN_poweroff
								   << XEN_DOMINF_shutdownshift;
	expect(RUN("corbel", "shutdown", "-w", "demo"), EXIT_OK,
	       "domain demo has shut down already (powered off)\n"
	       "domain demo has shut down (powered off)\n");
}

static void test_shutdown_all(void **state)
{
	struct run run = RUN("corbel", "create", "-q", config_path);

	(void)state;
	run_free(&run);
	fake_add(5, XEN_DOMINF_blocked);
	fake_store_write("/local/domain/4/control/feature-poweroff", "1");
	expect(RUN("corbel", "shutdown", "-a"), EXIT_ERROR,
	       "Shutting down domain 4\n"
	       "corbel: domain 5 is not in xenstore, so it cannot be asked\n");
	assert_string_equal(asked(), "poweroff");
}

static void test_shutdown_refused(void **state)
{
	struct run run = RUN("corbel", "shutdown");

	(void)state;
	assert_int_equal(run.code, EXIT_USAGE);
	run_free(&run);
	run = RUN("corbel", "shutdown", "-a", "demo");
	assert_int_equal(run.code, EXIT_USAGE);
	run_free(&run);
	expect(RUN("corbel", "shutdown", "0"), EXIT_ERROR,
	       "corbel: domain 0 is not asked: it is part of the host\n");
	expect(RUN("corbel", "reboot", "nobody"), EXIT_ERROR,
	       "nobody is an invalid domain identifier (rc=-6)\n");
	expect(RUN("corbel", "reboot", "7"), EXIT_ERROR, "corbel: Domain '7' does not exist.\n");
	fake_store.runs = false;
	expect(RUN("corbel", "shutdown", "-a"), EXIT_ERROR,
	       "corbel: no xenstored answers, so no domain can be asked: Connection refused\n");
}

/* ---- watching --------------------------------------------------------------------------- */

static unsigned next_news(struct watch *watch)
{
	struct pollfd fd = {.fd = watch->events, .events = POLLIN};

	poll(&fd, 1, 5000);
	return watch_take(watch);
}

static void test_watch(void **state)
{
	struct watch watch;

	(void)state;
	assert_int_equal(pipe(fake_store.watch_pipe), 0);
	assert_int_equal(watch_start(&watch, "@releaseDomain"), 0);
	assert_int_equal(next_news(&watch), WATCH_connected);
	assert_int_equal(watch_take(&watch), WATCH_none);
	assert_int_equal(write(fake_store.watch_pipe[1], "x", 1), 1);
	assert_int_equal(next_news(&watch), WATCH_fired);
	kill(watch.child, SIGKILL);
	assert_int_equal(next_news(&watch), WATCH_lost);
	assert_int_equal(watch.events, -1);
	assert_int_equal(watch_take(&watch), WATCH_none);

	fake_store.runs = false;
	assert_int_equal(watch_start(&watch, "@releaseDomain"), 0);
	assert_int_equal(next_news(&watch), WATCH_lost);
	watch_stop(&watch);
	assert_int_equal(watch.events, -1);
	close(fake_store.watch_pipe[0]);
	close(fake_store.watch_pipe[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_create, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_create_over, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_swept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_create_paused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_undone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_without_store, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_destroy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_shutdown, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_shutdown_all, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_shutdown_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_watch, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
