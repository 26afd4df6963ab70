/* SPDX-License-Identifier: MIT */
/*
 * The build session against builders that behave, fail, ask for too much, crash,
 * fall silent or are interrupted, and the whole verb create on top of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/cli_host.h"
#include "measured-boot/shared/sha2.h"
#include "tools/corbel/corbel.h"
#include "tools/corbel/session.h"
#include "tools/corbel/store.h"

#define KERNEL_SIZE 700000u /* two exchanges, the second a short one */
#define INITRD_SIZE 5000u
#define SHOP        "system_u:system_r:shop.t"
#define LABEL       "seclabel='" SHOP "'"

static char kernel_path[128], initrd_path[128], config_path[128];
static uint32_t seen_flags, seen_owner; /* the second is the length of field 11 */
static struct corbel_owner_manifest manifest;

/* ---- builders -------------------------------------------------------------------------------- */

static void set_state(struct corbel_ring *ring, uint32_t state)
{
	__atomic_store_n(&ring->state, state, __ATOMIC_RELEASE);
	fake_builder_notify();
}

static void *fail_with(struct corbel_ring *ring, int error, const char *reason)
{
	ring->result = error;
	strncpy(ring->reason, reason, sizeof(ring->reason));
	set_state(ring, CORBEL_RING_failed);
	return NULL;
}

/* Asks for a range; returns have_len, or 0 when the session was closed. */
static uint32_t pull(struct corbel_ring *ring, uint32_t file, uint64_t offset, uint32_t length)
{
	uint32_t seq = ring->want_seq + 1;

	ring->want_file = file;
	ring->want_offset = offset;
	ring->want_len = length;
	__atomic_store_n(&ring->want_seq, seq, __ATOMIC_RELEASE);
	set_state(ring, CORBEL_RING_staging);
	while (__atomic_load_n(&ring->have_seq, __ATOMIC_ACQUIRE) != seq) {
		fake_builder_wait(1000);
		if (fake.closed) {
			return 0;
		}
	}
	return ring->have_len;
}

static uint8_t file_byte(uint32_t file, uint64_t offset)
{
	return (uint8_t)(offset * 7 + file + (offset >> 9));
}

static bool pull_file(struct host_session *session, uint32_t file, uint64_t size)
{
	uint64_t done = 0;

	while (done < size) {
		uint32_t length = (uint32_t)(size - done < 128 * 4096 ? size - done : 128 * 4096);

		if (pull(session->ring, file, done, length) != length) {
			return false;
		}
		for (uint32_t i = 0; i < length; i++) {
			if (session->data[i] != file_byte(file, done + i)) {
				return false;
			}
		}
		done += length;
	}
	return true;
}

/* The value of a field; NULL if it is not there. */
static const uint8_t *field(const uint8_t *request, uint32_t size, uint16_t tag, uint32_t *length)
{
	uint16_t head[2];

	for (uint32_t at = sizeof(struct corbel_request_header); at + 4 <= size;
	     at += 4 + head[1]) {
		memcpy(head, request + at, sizeof(head));
		if (head[0] == tag) {
			*length = head[1];
			return request + at + 4;
		}
	}
	*length = 0;
	return NULL;
}

static bool accept_request(struct corbel_ring *ring)
{
	static const uint8_t zero[4];
	struct corbel_request_header header;
	const uint8_t *value;
	uint32_t length;

	memcpy(&header, ring->request, sizeof(header));
	if (ring->magic != CORBEL_RING_MAGIC || header.magic != CORBEL_REQUEST_MAGIC ||
	    header.size != ring->request_size || ring->data_refs != CORBEL_RING_MAX_DATA ||
	    ring->data_ref[127] != 20 + 127) {
		return false;
	}
	value = field(ring->request, header.size, CORBEL_RQ_flags, &length);
	memcpy(&seen_flags, value ? value : zero, sizeof(seen_flags));
	value = field(ring->request, header.size, CORBEL_RQ_owner, &seen_owner);
	if (seen_owner == sizeof(manifest) && memcmp(value, &manifest, seen_owner) != 0) {
		return false;
	}
	ring->instance = fake.info.builder_instance;
	set_state(ring, CORBEL_RING_accepted);
	return true;
}

static void *good_builder(void *argument)
{
	struct host_session *session = argument;
	struct corbel_ring *ring = session->ring;

	if (!accept_request(ring)) {
		return fail_with(ring, -EINVAL, "malformed");
	}
	if (!pull_file(session, CORBEL_FILE_kernel, KERNEL_SIZE) ||
	    !pull_file(session, CORBEL_FILE_initrd, INITRD_SIZE)) {
		return fail_with(ring, -EIO, "wrong bytes");
	}
	set_state(ring, CORBEL_RING_building);
	usleep(20000);
	fake_add(4, XEN_DOMINF_blocked);
	memcpy(fake.domains[4].info.handle, ring->request + 12 + 4 + 4 + 4, 16); /* name "demo" */
	ring->domid = 4;
	set_state(ring, CORBEL_RING_done);
	return NULL;
}

static void *failing_builder(void *argument)
{
	struct corbel_ring *ring = ((struct host_session *)argument)->ring;

	memset(ring->reason, 'y', sizeof(ring->reason));
	return fail_with(ring, -EINVAL, "kernel: not \033[2J an ELF file");
}

static void *full_builder(void *argument)
{
	return fail_with(((struct host_session *)argument)->ring, -ENOMEM, "no frames");
}

static void *greedy_builder(void *argument)
{
	struct host_session *session = argument;

	accept_request(session->ring);
	if (pull(session->ring, CORBEL_FILE_kernel, KERNEL_SIZE - 10, 11) != CORBEL_RING_GIVE_UP) {
		return fail_with(session->ring, -EIO, "was given what is not there");
	}
	return NULL;
}

static void *crashing_builder(void *argument)
{
	struct host_session *session = argument;

	accept_request(session->ring);
	pthread_mutex_lock(&fake.lock);
	fake.info.builder_instance++;
	pthread_mutex_unlock(&fake.lock);
	return NULL;
}

/* Ends before it has seen the ring. */
static void *lost_builder(void *argument)
{
	(void)argument;
	pthread_mutex_lock(&fake.lock);
	fake.info.builder_instance++;
	pthread_mutex_unlock(&fake.lock);
	return NULL;
}

static void *silent_builder(void *argument)
{
	(void)argument;
	return NULL;
}

static volatile sig_atomic_t signalled;

static void *interrupted_builder(void *argument)
{
	struct host_session *session = argument;

	accept_request(session->ring);
	signalled = 1;
	if (pull(session->ring, CORBEL_FILE_kernel, 0, 4096) == 4096 &&
	    pull(session->ring, CORBEL_FILE_kernel, 4096, 4096) == 4096) {
		return fail_with(session->ring, -EIO, "was served after the signal");
	}
	return fail_with(session->ring, -EIO, "the other side gave up");
}

/* The signal comes when the domain is finished. */
static void *late_builder(void *argument)
{
	struct corbel_ring *ring = ((struct host_session *)argument)->ring;

	accept_request(ring);
	fake_add(4, XEN_DOMINF_blocked);
	ring->domid = 4;
	signalled = 1;
	usleep(50000);
	__atomic_store_n(&ring->state, CORBEL_RING_done, __ATOMIC_RELEASE);
	fake_builder_notify();
	return NULL;
}

/* ---- session ------------------------------------------------------------------------------- */

static void write_file(char *path, const char *name, uint32_t file, uint32_t size)
{
	FILE *out;

	snprintf(path, 128, "%s/%s", store_root, name);
	out = fopen(path, "w");
	for (uint32_t i = 0; i < size; i++) {
		fputc(file_byte(file, i), out);
	}
	fclose(out);
}

static int set_up(void **state)
{
	FILE *out;

	(void)state;
	fake_reset();
	scratch_make();
	fake_add(0, XEN_DOMINF_running);
	fake.info.builder_instance = 3;
	write_file(kernel_path, "kernel", CORBEL_FILE_kernel, KERNEL_SIZE);
	write_file(initrd_path, "initrd", CORBEL_FILE_initrd, INITRD_SIZE);
	snprintf(config_path, sizeof(config_path), "%s/demo", store_root);
	out = fopen(config_path, "w");
	fprintf(out, "name='demo'\nkernel='%s'\nramdisk='%s'\nmemory=64\n", kernel_path,
		initrd_path);
	return fclose(out);
}

static int tear_down(void **state)
{
	(void)state;
	scratch_remove();
	fake_reset();
	return 0;
}

/* A session with a request of 16 bytes of header only: the fakes look no deeper. */
static int run(struct session *session, void *(*builder)(void *))
{
	struct corbel_request_header header = {CORBEL_REQUEST_MAGIC, 1, 0, 16};

	session_init(session, CORBEL_SESSION_BUILD);
	fake.builder = builder;
	memcpy(session->request, &header, sizeof(header));
	session->request_size = 16;
	session->files[CORBEL_FILE_kernel] = (struct session_file){
		.fd = open(kernel_path, O_RDONLY | O_CLOEXEC),
		.size = KERNEL_SIZE,
		.path = kernel_path,
	};
	session->files[CORBEL_FILE_initrd] = (struct session_file){
		.fd = open(initrd_path, O_RDONLY | O_CLOEXEC),
		.size = INITRD_SIZE,
		.path = initrd_path,
	};
	session->interrupted = &signalled;
	session->idle_ms = session->staging_ms = session->building_ms = 1000;
	signalled = 0;
	int ret = session_run(session);

	close(session->files[CORBEL_FILE_kernel].fd);
	close(session->files[CORBEL_FILE_initrd].fd);
	return ret;
}

static void test_good(void **state)
{
	static struct session session;

	(void)state;
	assert_int_equal(run(&session, good_builder), 0);
	assert_int_equal(session.domid, 4);
	assert_int_equal(session.instance, 3);
	assert_int_equal(session.staged, KERNEL_SIZE + INITRD_SIZE);
}

static void test_bad_ends(void **state)
{
	static const struct {
		void *(*builder)(void *);
		int result;
		const char *reason;
	} ends[] = {
		{failing_builder, -EINVAL, "kernel: not ?[2J an ELF file"},
		{full_builder, -ENOMEM, "no frames"},
		{greedy_builder, -EPROTO, "asked for 11 bytes at 699990 of file 1"},
		{crashing_builder, -EIO, "the builder ended in mid-session"},
		{lost_builder, -EIO, "the builder ended in mid-session"},
		{silent_builder, -ETIMEDOUT, "no answer from the builder while taking the request"},
		{interrupted_builder, -EINTR, "interrupted"},
		{late_builder, -EINTR, "interrupted; domain 4 was finished and is destroyed"},
	};
	static struct session session;

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		assert_int_equal(run(&session, ends[i].builder), ends[i].result);
		if (!strstr(session.reason, ends[i].reason)) {
			fail_msg("end %zu: `%s'", i, session.reason);
		}
	}
	fake.rendezvous_error = -EPERM;
	assert_int_equal(run(&session, good_builder), -EPERM);
	assert_non_null(
		strstr(session.reason, "cannot post the request: not permitted: build:request"));
}

/* The file becomes shorter while it is served. */
static void test_shrinking_file(void **state)
{
	static struct session session;

	(void)state;
	assert_int_equal(truncate(kernel_path, 1000), 0);
	assert_int_equal(run(&session, good_builder), -EIO);
	assert_non_null(strstr(session.reason, "cannot read"));
}

/* ---- create -------------------------------------------------------------------------------- */

static void expect(struct run result, int code, const char *part)
{
	if (result.code != code || !strstr(result.err, part)) {
		fail_msg("exit %d, said `%s', not %d `%s'", result.code, result.err, code, part);
	}
	run_free(&result);
}

static void test_create(void **state)
{
	(void)state;
	fake.builder = good_builder;
	expect(RUN("corbel", "create", config_path), 0, "Parsing config from ");
	assert_int_equal(seen_flags, 0);
	expect(RUN("corbel", "domid", "demo"), 0, "");
	expect(RUN("corbel", "create", "-q", config_path), EXIT_EXISTS,
	       "Domain with name \"demo\" already exists.");
	expect(RUN("corbel", "-f", "destroy", "demo"), 0, "");
	expect(RUN("xl", "create", config_path, "-p", "type=\"pvh\""), 0, "");
	assert_int_equal(seen_flags, CORBEL_RQF_PAUSED);
	expect(RUN("corbel", "destroy", "demo"), 0, "");
	expect(RUN("corbel", "create", "-q", "--request-flag", "crash", config_path), 0, "");
	assert_int_equal(seen_flags, CORBEL_RQF_CRASH);
	expect(RUN("corbel", "destroy", "demo"), 0, "");
	for (int may = 0; may < 2; may++) { /* -c: made paused only if Dom0 may unpause it */
		fake_policy_dom0(SHOP, may ? 1u << XSM_PERM_domain_unpause : 0);
		expect(RUN("corbel", "create", "-qc", config_path, LABEL), 1, "console");
		assert_int_equal(seen_flags, may ? CORBEL_RQF_PAUSED : 0);
		expect(RUN("corbel", "destroy", "demo"), 0, "");
	}
}

static void write_manifest(const char *path, size_t size)
{
	FILE *out = fopen(path, "w");

	assert_int_equal(fwrite(&manifest, 1, size, out), size);
	assert_int_equal(fclose(out), 0);
}

/* A manifest travels whole, survives in the note, and is refused before anybody is asked. */
static void test_owner(void **state)
{
	char path[128], key[160];
	struct run result;

	(void)state;
	snprintf(path, sizeof(path), "%s/owner", store_root);
	snprintf(key, sizeof(key), "owner_manifest=\"%s\"", path);
	memcpy(manifest.magic, CORBEL_OWNER_MAGIC, sizeof(manifest.magic));
	strcpy(manifest.label, "system_u:system_r:shop.t");
	sha256("quiet", 5, manifest.cmdline);
	memset(manifest.key, 0x5a, sizeof(manifest.key));
	fake.builder = good_builder;
#define CREATE(...) RUN("corbel", "create", config_path, key, __VA_ARGS__)
	expect(CREATE(LABEL), 1, "owner: No such file or directory\n");
	write_manifest(path, sizeof(manifest) - 1);
	expect(CREATE(LABEL, "cmdline='quiet'"), 1, "owner: shorter than a manifest (312 bytes)");
	write_manifest(path, sizeof(manifest));
	expect(CREATE("cmdline='quiet'"), 1,
	       "signed for the label `system_u:system_r:shop.t', not `system_u:system_r:tenant.t'");
	expect(CREATE(LABEL, "cmdline='quiet '"), 1,
	       "signed for another command line than `quiet '\n");
	fake.denied_op = CORBEL_OP_rendezvous_set;
	expect(CREATE(LABEL, "cmdline='quiet'"), EXIT_BUILD, "not permitted: build:request");
	fake.denied_op = 0;
	expect(CREATE(LABEL, "cmdline='quiet'"), 0, "");
	assert_int_equal(seen_owner, sizeof(manifest));
	result = RUN("corbel", "list", "-l", "demo");
	assert_non_null(strstr(result.out, "\"owner_manifest\": \"/tmp/"));
	run_free(&result);
	manifest.label[40] = 'x'; /* behind the label */
	write_manifest(path, sizeof(manifest));
	expect(CREATE(LABEL, "cmdline='quiet'"), 1, "signed for the label");
	manifest.label[40] = '\0';
	manifest.pad = 1;
	write_manifest(path, sizeof(manifest));
	expect(CREATE(LABEL, "cmdline='quiet'"), 1,
	       "not an owner manifest (its padding is not zero)");
	manifest.magic[0] = 'x';
	write_manifest(path, sizeof(manifest));
	expect(CREATE(LABEL, "cmdline='quiet'"), 1, "not an owner manifest");
}

static void test_create_failures(void **state)
{
	(void)state;
	fake.builder = failing_builder;
	expect(RUN("corbel", "create", config_path), EXIT_BUILD,
	       "corbel: cannot create demo: kernel: not ?[2J an ELF file\n");
	fake.builder = full_builder;
	expect(RUN("corbel", "create", config_path), EXIT_MEMORY, "no frames");
	expect(RUN("corbel", "domid", "demo"), 1, "");
	expect(RUN("corbel", "create"), EXIT_USAGE, "requires at least 1 argument");
	expect(RUN("corbel", "create", "--request-flag", "x", config_path), EXIT_USAGE,
	       "unknown flag `x'");
	expect(RUN("corbel", "create", "/nonexistent"), EXIT_ERROR,
	       "Failed to parse config: /nonexistent: No such file");
	expect(RUN("corbel", "create", config_path, "vcpus=\"x\""), EXIT_ERROR,
	       "command line:1: `vcpus' must be a number");
	expect(RUN("corbel", "create", config_path, "kernel='/nonexistent'"), EXIT_BUILD,
	       "cannot open kernel /nonexistent");
	expect(RUN("corbel", "create", config_path, "memory=100000"), EXIT_MEMORY,
	       "corbel: memory: 100000 MiB wanted, 1000 MiB free and 24 MiB to be scrubbed\n");
	expect(RUN("corbel", "create", config_path, "kernel='/dev/null'"), EXIT_BUILD,
	       "kernel /dev/null is not a regular file");
	fake.builder = good_builder;
	expect(RUN("corbel", "create", config_path, "colour=1"), 0,
	       "command line:1: warning: unknown key `colour' ignored\n");
}

static void test_dry_run(void **state)
{
	struct run result = RUN("corbel", "create", "-n", config_path, "memory=32");

	(void)state;
	assert_int_equal(result.code, 0);
	assert_non_null(strstr(result.out, "        \"name\": \"demo\",\n"));
	assert_non_null(strstr(result.out, "        \"max_memkb\": 32768,\n"));
	assert_null(strstr(result.out, "uuid"));
	run_free(&result);
	result = RUN("corbel", "-N", "create", "/dev/null", "name='x'", "kernel='/k'", "memory=8");
	assert_int_equal(result.code, 0);
	run_free(&result);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_good),   T(test_bad_ends),        T(test_shrinking_file),
		T(test_create), T(test_create_failures), T(test_dry_run),
		T(test_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
