/* SPDX-License-Identifier: MIT */
/*
 * A policy under which Dom0 has domains built, serves and ends them, and sees none: what is not
 * listed is not gone.  Names come from the notes, consoles are served, notes and logs stay; all of
 * it goes when the hypervisor says that there is no such domain.
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

#include "cli/cli_drainer.h"
#include "cli/cli_host.h"
#include "tools/corbel/consoled.h"
#include "tools/corbel/corbel.h"
#include "tools/corbel/store.h"

#define SHOP      "system_u:system_r:shop.t"
#define MAY(perm) (1u << XSM_PERM_domain_##perm)

static int set_up(void **state)
{
	int ret = drainer_set_up(state);

	fake_policy_dom0(SHOP, MAY(create) | MAY(destroy));
	return ret;
}

static void note(uint16_t domid, const char *name, bool pending)
{
	static struct guest guest;

	memset(&guest, 0, sizeof(guest));
	strcpy(guest.request.name, name);
	memset(guest.request.uuid, domid, sizeof(guest.request.uuid));
	strcpy(guest.request.label, SHOP);
	strcpy(guest.kernel, "/k");
	guest.request.memory_mib = 64;
	guest.request.vcpus = 2;
	guest.request.weight = 256;
	assert_int_equal(store_pending(&guest), 0);
	if (!pending) {
		assert_int_equal(store_commit(&guest, domid), 0);
	}
}

static struct fake_domain *add_hidden(uint16_t domid, const char *name)
{
	struct fake_domain *domain = fake_add(domid, XEN_DOMINF_blocked);

	domain->hidden = true;
	domain->page = calloc(1, 4096);
	if (name) {
		note(domid, name, false);
	}
	return domain;
}

static void expect(struct run run, int code, const char *out, const char *err)
{
	if (run.code != code || !strstr(run.out, out) || !strstr(run.err, err)) {
		fail_msg("exit %d, printed `%s', said `%s', not %d `%s' `%s'", run.code, run.out,
			 run.err, code, out, err);
	}
	run_free(&run);
}

#define HEADER "Name                                        ID   Mem VCPUs\tState\tTime(s)"
#define ROW0   "Domain-0                                     0   128     1     r-----      12.3"
#define ROW2   "demo                                         2    64     2     hidden         -"
#define SAYS   "the policy hides domains from Dom0 (domain:getdomaininfo)"

static void test_list(void **state)
{
	struct run run;

	(void)state;
	add_hidden(2, "demo");
	note(9, "gone", false);
	expect(RUN("corbel", "list"), 0, HEADER "\n" ROW0 "\n" ROW2 "\n", SAYS);
	run = RUN("corbel", "list");
	assert_null(strstr(run.out, "gone"));
	run_free(&run);
	expect(RUN("corbel", "list", "demo"), 0, ROW2 "\n", SAYS);
	expect(RUN("corbel", "list", "-Z", "2"), 0, ROW2 " " SHOP, SAYS);
	expect(RUN("corbel", "list", "9"), 1, "", "Error: Domain '9' does not exist.");
	run = RUN("corbel", "list", "--json", "demo");
	assert_non_null(strstr(run.out, "\"memory_mib\": 64,"));
	assert_non_null(strstr(run.out, "\"state\": \"hidden\","));
	assert_null(strstr(run.out, "running"));
	assert_null(strstr(run.out, "cpu_seconds"));
	run_free(&run);
	expect(RUN("corbel", "vm-list"), 0, "  2    demo ", "");
	expect(RUN("corbel", "domid", "demo"), 0, "2\n", "");
	expect(RUN("corbel", "domname", "2"), 0, "demo\n", "");
	expect(RUN("corbel", "pause", "demo"), 1, "", "not permitted: domain:pause");
	expect(RUN("corbel", "destroy", "nobody"), 1, "",
	       "nobody is an invalid domain identifier (rc=-6)\n" SAYS);
	/* The policy changes: the same name, now with what the hypervisor says. */
	fake.domains[2].hidden = false;
	fake_policy_dom0(SHOP, MAY(create) | MAY(destroy) | MAY(getdomaininfo));
	expect(RUN("corbel", "list"), 0,
	       "demo                                         2   128     1     -b----      12.3",
	       "");
	run = RUN("corbel", "list");
	assert_string_equal(run.err, "");
	run_free(&run);
}

/* Neither listed nor noted: its number is all that is known. */
static void test_without_note(void **state)
{
	(void)state;
	add_hidden(2, NULL);
	expect(RUN("corbel", "list"), 0, ROW0 "\n", SAYS);
	expect(RUN("corbel", "list", "2"), 0, "(null)                                       2",
	       SAYS);
	expect(RUN("corbel", "domname", "2"), 1, "", "the policy hides it, and there is no note");
}

static void test_destroy(void **state)
{
	(void)state;
	add_hidden(2, "demo");
	add_hidden(3, "other");
	expect(RUN("corbel", "destroy", "demo"), 0, "", "");
	assert_int_equal(fake.last_domid, 2);
	expect(RUN("corbel", "domid", "demo"), 1, "", "Can't get domid");
	expect(RUN("corbel", "domid", "other"), 0, "3\n", "");
}

static void test_create(void **state)
{
	char path[128], kernel[160], uuid[] = "uuid=\"03030303-0303-0303-0303-030303030303\"";
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "%s/kernel", store_root);
	file = fopen(path, "w");
	assert_int_equal(fputs("k", file), 1);
	fclose(file);
	snprintf(kernel, sizeof(kernel), "kernel=\"%s\"", path);
	add_hidden(3, "demo");
	expect(RUN("corbel", "create", "-q", "name=\"demo\"", "memory=8", kernel), EXIT_EXISTS, "",
	       "Domain with name \"demo\" already exists.");
	expect(RUN("corbel", "create", "-q", "name=\"x\"", "memory=8", kernel, uuid), EXIT_EXISTS,
	       "", "Domain 3 has the UUID");
}

static bool is_there(const char *format, unsigned number)
{
	char path[160];

	snprintf(path, sizeof(path), format, store_root, number);
	return access(path, F_OK) == 0;
}

static void touch(const char *format, unsigned number)
{
	char path[160];

	snprintf(path, sizeof(path), format, store_root, number);
	fclose(fopen(path, "w"));
}

static void test_sweep(void **state)
{
	const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	char path[160];

	(void)state;
	add_hidden(2, "demo");
	touch("%s/console-%u", 2);
	touch("%s/console-%u.log", 2);
	for (unsigned i = 20; i < 20 + SWEEP_LOGS_KEPT; i++) { /* newer, and gone */
		touch("%s/console-%u.log", i);
	}
	note(9, "gone", false);
	note(17, "unknown", true);
	snprintf(path, sizeof(path), "%s/domains/pending-11111111-1111-1111-1111-111111111111",
		 store_root);
	assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
	sweep();
	assert_true(is_there("%s/domains/%u", 2));
	assert_true(is_there("%s/console-%u", 2));
	assert_true(is_there("%s/console-%u.log", 2));
	assert_false(is_there("%s/domains/%u", 9));
	assert_int_equal(access(path, F_OK), 0); /* it may have become a hidden domain */
	fake.domains[2].barred = true;
	sweep();
	assert_true(is_there("%s/domains/%u", 2));
	fake.error = -EIO;
	sweep();
	assert_true(is_there("%s/domains/%u", 2));
	fake.error = 0;
	fake.domains[2].used = false;
	fake_policy(SHOP, 0);
	sweep();
	assert_false(is_there("%s/domains/%u", 2));
	assert_false(is_there("%s/console-%u", 2));
	assert_int_equal(access(path, F_OK), -1);
}

/* ---- the drainer -------------------------------------------------------------------------- */

static void tenant_writes(struct xencons_interface *page, const char *text)
{
	for (; *text; text++) {
		page->out[MASK_XENCONS_IDX(page->out_prod, page->out)] = *text;
		page->out_prod++;
	}
}

/* What the drainer answers to a request, at first. */
static int request(const char *line, char *answer, size_t size)
{
	int fd = client_connect(line);

	client_reads(fd, answer, size);
	return fd;
}

static void expect_log(uint16_t domid, const char *expected)
{
	char text[256];

	read_console_log(domid, text, sizeof(text));
	assert_string_equal(text, expected);
}

static void test_console(void **state)
{
	struct fake_domain *domain = add_hidden(2, "demo");
	char text[256];
	int fd;

	(void)state;
	tenant_writes(domain->page, "early ");
	fd = request("attach 2\n", text, sizeof(text));
	assert_string_equal(text, "ok 6\nearly ");
	consoles_scan();
	tenant_writes(domain->page, "words");
	fake_raise(102);
	drainer_settle();
	assert_int_equal(domain->maps, 1);
	expect_log(2, "early words");
	/* Seen, and not any more: it is the same console and the same log. */
	domain->hidden = false;
	consoles_scan();
	domain->hidden = true;
	consoles_scan();
	assert_int_equal(domain->maps, 1);
	/* The policy takes even what serves it, and lets stand what there is. */
	domain->barred = true;
	consoles_scan();
	assert_int_equal(domain->maps, 1);
	tenant_writes(domain->page, "!");
	/* It is torn down: only when its page is given back can it go. */
	domain->disconnected = true;
	consoles_scan();
	assert_int_equal(domain->maps, 0);
	expect_log(2, "early words!");
	domain->used = false;
	consoles_scan();
	close(fd);
	fd = request("attach 2\n", text, sizeof(text));
	assert_string_equal(text, "error: no such domain, or it has ended\n");
	close(fd);
}

static void test_console_gone(void **state)
{
	struct fake_domain *domain = add_hidden(2, "demo");

	(void)state;
	consoles_scan();
	assert_int_equal(domain->maps, 1);
	domain->used = false;
	consoles_scan();
	assert_int_equal(domain->maps, 0);
}

/* Its note is lost: served as long as it is there, and found at a client's word. */
static void test_console_without_note(void **state)
{
	struct fake_domain *domain = add_hidden(2, "demo"), *other = add_hidden(3, NULL);
	char text[256];

	(void)state;
	consoles_scan();
	store_remove(2);
	consoles_scan();
	assert_int_equal(domain->maps, 1);
	assert_int_equal(other->maps, 0);
	close(request("attach 3\n", text, sizeof(text)));
	assert_string_equal(text, "ok 0\n");
	consoles_scan();
	assert_int_equal(other->maps, 1);
	fake.error = -EIO;
	close(request("attach 4\n", text, sizeof(text)));
	assert_string_equal(text, "error: cannot look it up: Input/output error\n");
	fake.error = 0;
}

/* Being built, or not to be served: nothing is asked for, since each refusal is on record. */
static void test_console_barred(void **state)
{
	struct fake_domain *domain = add_hidden(2, "demo");

	(void)state;
	domain->barred = true;
	consoles_scan();
	assert_int_equal(domain->maps, 0);
	domain->barred = false;
	consoles_scan_for(2);
	assert_int_equal(domain->maps, 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, drainer_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_list),           T(test_without_note),
		T(test_destroy),        T(test_create),
		T(test_sweep),          T(test_console),
		T(test_console_gone),   T(test_console_without_note),
		T(test_console_barred),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
