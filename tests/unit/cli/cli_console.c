/* SPDX-License-Identifier: MIT */
/*
 * The console drainer: ring arithmetic against a model, hostile indices, floods,
 * a client that does not read, domains that come, break their page and die, logs.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/cli_drainer.h"
#include "cli/cli_host.h"
#include "tools/corbel/consoled.h"
#include "tools/corbel/store.h"

static struct xencons_interface *add_tenant(uint16_t domid)
{
	struct fake_domain *domain = fake_add(domid, XEN_DOMINF_blocked);

	domain->page = calloc(1, 4096);
	return domain->page;
}

/* What a tenant's driver does: as much as fits. */
static size_t tenant_writes(struct xencons_interface *page, const char *text)
{
	size_t done = 0;

	while (text[done] && page->out_prod - page->out_cons < sizeof(page->out)) {
		page->out[MASK_XENCONS_IDX(page->out_prod, page->out)] = text[done++];
		page->out_prod++;
	}
	return done;
}

static size_t tenant_reads(struct xencons_interface *page, char *to, size_t size)
{
	size_t done = 0;

	while (done < size && page->in_cons != page->in_prod) {
		to[done++] = page->in[MASK_XENCONS_IDX(page->in_cons, page->in)];
		page->in_cons++;
	}
	return done;
}

/* ---- the ring ------------------------------------------------------------------------------ */

static void test_ring_model(void **state)
{
	struct xencons_interface *page = add_tenant(2);
	struct console_ring ring;
	unsigned seed = 7, written = 0, read = 0, typed = 0, taken = 0;
	char buffer[4096];

	(void)state;
	page->out_cons = page->out_prod = 0xfffffe00u; /* the indices wrap on the way */
	page->in_cons = page->in_prod = 0xffffff00u;
	console_ring_start(&ring, page);
	for (int round = 0; round < 20000; round++) {
		size_t room = sizeof(page->out) - (page->out_prod - page->out_cons);
		size_t count = (size_t)rand_r(&seed) % 300;
		int got;

		for (size_t i = 0; i < count && i < room; i++) {
			page->out[MASK_XENCONS_IDX(page->out_prod, page->out)] = (char)written++;
			page->out_prod++;
		}
		got = console_ring_drain(&ring, buffer, (size_t)rand_r(&seed) % 400);
		for (int i = 0; i < got; i++) {
			assert_int_equal(buffer[i], (char)read++);
		}
		count = (size_t)rand_r(&seed) % 200;
		for (size_t i = 0; i < count; i++) {
			buffer[i] = (char)(typed + i);
		}
		got = console_ring_feed(&ring, buffer, count);
		assert_true(got >= 0 && (size_t)got <= count);
		typed += (unsigned)got;
		count = tenant_reads(page, buffer, (size_t)rand_r(&seed) % 200);
		for (size_t i = 0; i < count; i++) {
			assert_int_equal(buffer[i], (char)taken++);
		}
	}
	assert_true(read > 1000000 && taken > 1000000);
}

static void test_ring_hostile(void **state)
{
	struct xencons_interface *page = add_tenant(2);
	struct console_ring ring;
	char buffer[4096];

	(void)state;
	console_ring_start(&ring, page);
	page->out_prod = sizeof(page->out) + 1;
	assert_int_equal(console_ring_drain(&ring, buffer, sizeof(buffer)), -1);
	page->out_prod = 0xffffffffu;
	assert_int_equal(console_ring_drain(&ring, buffer, sizeof(buffer)), -1);
	page->out_prod = sizeof(page->out);
	page->out_cons = 55; /* ours: what the tenant writes there does not count */
	assert_int_equal(console_ring_drain(&ring, buffer, sizeof(buffer)), sizeof(page->out));
	assert_int_equal(page->out_cons, sizeof(page->out));
	page->in_cons = 1; /* ahead of what was produced */
	assert_int_equal(console_ring_feed(&ring, "x", 1), -1);
	page->in_cons = (uint32_t)-1025;
	assert_int_equal(console_ring_feed(&ring, "x", 1), -1);
	page->in_cons = (uint32_t)-1024;
	assert_int_equal(console_ring_feed(&ring, "x", 1), 0);
}

/* ---- the daemon ------------------------------------------------------------------------------ */

static void test_drain_and_attach(void **state)
{
	struct xencons_interface *page = add_tenant(2);
	char text[4096];
	int fd;

	(void)state;
	tenant_writes(page, "early words\r\n");
	consoles_scan();
	assert_int_equal(fake.domains[2].maps, 1);
	assert_int_equal(fake.domains[2].notifies, 1);
	read_console_log(2, text, sizeof(text));
	assert_string_equal(text, "early words\r\n");

	fd = client_connect("attach 2\n");
	client_reads(fd, text, sizeof(text));
	assert_string_equal(text, "ok 13\nearly words\r\n");
	tenant_writes(page, "login: ");
	fake_raise(102);
	drainer_settle();
	client_reads(fd, text, sizeof(text));
	assert_string_equal(text, "login: ");
	assert_int_equal(send(fd, "root\n", 5, 0), 5);
	drainer_settle();
	assert_int_equal(tenant_reads(page, text, sizeof(text)), 5);
	assert_memory_equal(text, "root\n", 5);

	/* The domain dies: last words, then the client's stream ends and the page is given back. */
	tenant_writes(page, "bye");
	fake.domains[2].info.flags = XEN_DOMINF_dying;
	consoles_scan();
	client_reads(fd, text, sizeof(text));
	assert_string_equal(text, "bye");
	assert_int_equal(recv(fd, text, sizeof(text), 0), 0);
	assert_int_equal(fake.domains[2].maps, 0);
	assert_int_equal(fake.domains[2].binds, 0);
	close(fd);
	fd = client_connect("attach 2\n");
	client_reads(fd, text, sizeof(text));
	assert_string_equal(text, "error: no such domain, or it has ended\n");
	close(fd);
}

static void test_building_is_left_alone(void **state)
{
	(void)state;
	add_tenant(2);
	fake.domains[2].launch.state = CORBEL_DOM_building;
	consoles_scan();
	assert_int_equal(fake.domains[2].maps, 0);
	fake.domains[2].launch.state = CORBEL_DOM_running;
	consoles_scan_for(2);
	assert_int_equal(fake.domains[2].maps, 1);
}

static void test_input_waits_for_room(void **state)
{
	struct xencons_interface *page = add_tenant(2);
	char sent[4000], got[5000];
	size_t size = 0;
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof(sent); i++) {
		sent[i] = (char)('a' + i % 26);
	}
	consoles_scan();
	fd = client_connect("attach 2\n");
	assert_int_equal(send(fd, sent, sizeof(sent), 0), sizeof(sent));
	drainer_settle();
	for (int i = 0; i < 20 && size < sizeof(sent); i++) {
		size += tenant_reads(page, got + size, sizeof(got) - size);
		fake_raise(102); /* its driver says that it has read */
		drainer_settle();
	}
	assert_int_equal(size, sizeof(sent));
	assert_memory_equal(got, sent, sizeof(sent));
	close(fd);
}

static void test_hostile_tenant(void **state)
{
	struct xencons_interface *page = add_tenant(2), *other = add_tenant(3);
	char text[4096];
	int fd;

	(void)state;
	consoles_scan();
	fd = client_connect("attach 2\n");
	client_reads(fd, text, sizeof(text));
	page->out_prod = 0x80000000u;
	fake_raise(102);
	drainer_settle();
	client_reads(fd, text, sizeof(text));
	assert_non_null(strstr(text, "console closed: the domain broke its console page"));
	assert_int_equal(recv(fd, text, sizeof(text), 0), 0);
	close(fd);
	assert_int_equal(fake.domains[2].maps, 0);
	tenant_writes(other, "still here");
	fake_raise(103);
	consoles_scan(); /* the broken one stays closed */
	drainer_settle();
	assert_int_equal(fake.domains[2].maps, 0);
	read_console_log(3, text, sizeof(text));
	assert_string_equal(text, "still here");
	fd = client_connect("attach 2\n");
	client_reads(fd, text, sizeof(text));
	assert_non_null(strstr(text, "error: closed"));
	close(fd);
}

/* A client that does not read: the tenant's output goes on, the client is told what it missed. */
static void test_slow_client(void **state)
{
	struct xencons_interface *page = add_tenant(2);
	static char line[1025], text[65536 * 8];
	size_t written = 0, got, total = 0;
	int fd;

	(void)state;
	memset(line, 'z', 1024);
	consoles_scan();
	fd = client_connect("attach 2\n");
	for (int i = 0; i < 900; i++) {
		written += tenant_writes(page, line);
		fake_raise(102);
		consoled_round(drainer_events, 5);
	}
	assert_int_equal(written, 900 * 1024);
	for (int i = 0; i < 100; i++) {
		drainer_settle();
		while ((got = client_reads(fd, text + total, 65536)) > 0) {
			total += got;
			assert_true(total < sizeof(text) - 65536);
		}
	}
	assert_true(total < written);
	tenant_writes(page, "fresh");
	fake_raise(102);
	drainer_settle();
	client_reads(fd, text, sizeof(text));
	assert_non_null(strstr(text, " bytes skipped]\r\nfresh"));
	close(fd);
}

/* More than a second's budget: the drain stops, the port stays masked, the next tick goes on. */
static void test_flood(void **state)
{
	struct xencons_interface *page = add_tenant(2);
	static char line[1025];
	struct stat status;
	size_t written = 0;
	char path[160];

	(void)state;
	memset(line, 'q', 1024);
	consoles_scan();
	for (int i = 0; i < 1100; i++) {
		written += tenant_writes(page, line);
		consoles_event(102);
	}
	assert_true(written < 1100 * 1024 && consoles_find(2)->throttled);
	consoles_tick();
	assert_false(consoles_find(2)->throttled);
	for (int i = 0; i < 1000; i++) {
		written += tenant_writes(page, line);
		consoles_event(102);
	}
	snprintf(path, sizeof(path), "%s/console-2.log", console_log_root);
	assert_int_equal(stat(path, &status), 0);
	assert_true(status.st_size <= CONSOLE_LOG_MAX);
	strcat(path, ".1");
	assert_int_equal(stat(path, &status), 0);
	assert_true(status.st_size <= CONSOLE_LOG_MAX);
}

/* A new domain with an old number starts a new log; a restarted drainer goes on with the old
 * one. */
static void test_log_identity(void **state)
{
	struct xencons_interface *page = add_tenant(2);
	char text[256];

	(void)state;
	tenant_writes(page, "one ");
	consoles_scan();
	consoles_close_all();
	tenant_writes(page, "two");
	consoles_scan();
	read_console_log(2, text, sizeof(text));
	assert_string_equal(text, "one two");
	memset(fake.domains[2].info.handle, 0x77, 16);
	consoles_scan();
	tenant_writes(page, "three");
	consoles_event(102);
	read_console_log(2, text, sizeof(text));
	assert_string_equal(text, "three");
}

static void test_malformed_requests(void **state)
{
	static const char *const lines[] = {"\n",          "attach\n",       "attach x\n",
					    "attach 2x\n", "attach 99999\n", "frob 2\n",
					    "attach 7\n"};
	char text[256], longer[200];
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		fd = client_connect(lines[i]);
		client_reads(fd, text, sizeof(text));
		assert_ptr_equal(strstr(text, "error: "), text);
		assert_int_equal(recv(fd, text, sizeof(text), 0), 0);
		close(fd);
	}
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	fd = client_connect(longer);
	assert_true(recv(fd, text, sizeof(text), 0) <= 0);
	close(fd);
	fd = client_connect("new 2\n");
	client_reads(fd, text, sizeof(text));
	assert_string_equal(text, "ok 0\n");
	close(fd);
}

static void test_many_clients(void **state)
{
	int fds[CLIENTS_MAX + 8];
	char text[64];

	(void)state;
	add_tenant(2);
	consoles_scan();
	for (int i = 0; i < CLIENTS_MAX + 8; i++) {
		fds[i] = client_connect("attach 2\n");
	}
	client_reads(fds[0], text, sizeof(text));
	assert_string_equal(text, "ok 0\n");
	assert_true(recv(fds[CLIENTS_MAX + 7], text, sizeof(text), 0) <= 0);
	for (int i = 0; i < CLIENTS_MAX + 8; i++) {
		close(fds[i]);
	}
	drainer_settle();
	fds[0] = client_connect("attach 2\n");
	client_reads(fds[0], text, sizeof(text));
	assert_string_equal(text, "ok 0\n");
	close(fds[0]);
}

#define T(name) cmocka_unit_test_setup_teardown(name, drainer_set_up, drainer_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_ring_model),           T(test_ring_hostile),
		T(test_drain_and_attach),     T(test_building_is_left_alone),
		T(test_input_waits_for_room), T(test_hostile_tenant),
		T(test_slow_client),          T(test_flood),
		T(test_log_identity),         T(test_malformed_requests),
		T(test_many_clients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
