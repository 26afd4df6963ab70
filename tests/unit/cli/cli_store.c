/* SPDX-License-Identifier: MIT */
/*
 * Notes about domains: what a daemon keeps of those that it reads, and what is left of one that
 * could not be written.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/cli_drainer.h"
#include "cli/cli_host.h"
#include "tools/corbel/consoled.h"
#include "tools/corbel/store.h"
#include "tools/lib/files.h"

static const struct guest *make_guest(void)
{
	static struct guest guest;

	memset(&guest, 0, sizeof(guest));
	strcpy(guest.request.name, "demo");
	strcpy(guest.request.label, "system_u:system_r:shop.t");
	strcpy(guest.kernel, "/k");
	memset(guest.request.uuid, 2, sizeof(guest.request.uuid));
	memset(guest.request.cmdline, 'x', 1000);
	guest.request.memory_mib = 64;
	guest.request.vcpus = 1;
	guest.request.weight = 256;
	return &guest;
}

static bool is_input(const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", store_root, name);
	assert_int_equal(access(path, F_OK), 0);
	return files_is_input(path);
}

/* The drainer lives for years, and each domain has names of its own. */
static void test_names_are_not_kept(void **state)
{
	struct fake_domain *domain = fake_add(2, XEN_DOMINF_blocked);
	static struct guest found;

	(void)state;
	memset(domain->info.handle, 2, sizeof(domain->info.handle));
	domain->page = calloc(1, 4096);
	assert_int_equal(store_pending(make_guest()) | store_commit(make_guest(), 2), 0);
	consoles_scan();
	consoles_close_all();
	consoles_scan();
	assert_int_equal(domain->maps, 1);
	assert_true(store_read(2, &found));
	assert_string_equal(found.request.name, "demo");
	assert_false(is_input("domains/2/config"));
	assert_false(is_input("console-2"));
}

static void test_whole_or_none(void **state)
{
	const char pending[] = "%s/domains/pending-02020202-0202-0202-0202-020202020202%s";
	struct rlimit before, small;
	char path[160];
	int ret;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 100;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	ret = store_pending(make_guest());
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(ret, -EFBIG);
	snprintf(path, sizeof(path), pending, store_root, "");
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(store_pending(make_guest()), 0);
	snprintf(path, sizeof(path), pending, store_root, "/config");
	assert_int_equal(access(path, F_OK), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, drainer_set_up, drainer_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_names_are_not_kept),
		T(test_whole_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
