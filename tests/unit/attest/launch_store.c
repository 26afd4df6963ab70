/* SPDX-License-Identifier: MIT */
/*
 * Dom0's store of the launch log: nothing is acknowledged that is not on the disk, a writer may be
 * killed at any step, and what does not fit is refused.  The hypervisor is fake (fake_log.h);
 * writes go to a real folder, by way of faults.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "sim/fake_log.h"
#include "tools/corbel/launchlog.h"

static char folder[64], file[256];

/* What the writer does, in steps, over all processes. */
static struct steps {
	int done, kill_at; /* the step that the writer does not survive; -1: none */
	off_t safe;        /* bytes of the file that fsync() has returned for */
	int full_after;    /* bytes that a pwrite() may still write, then ENOSPC; -1: any */
	int sync_error;
	bool acknowledged_too_much;
} * steps;

static bool is_last_step(void)
{
	return steps->done++ == steps->kill_at;
}

ssize_t __real_pwrite(int fd, const void *data, size_t size, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *data, size_t size, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *data, size_t size, off_t offset)
{
	if (is_last_step()) {
		raise(SIGKILL);
	}
	if (is_last_step()) {
		__real_pwrite(fd, data, size - 100, offset); /* torn */
		raise(SIGKILL);
	}
	if (steps->full_after >= 0) {
		if (!steps->full_after) {
			errno = ENOSPC;
			return -1;
		}
		size = size < (size_t)steps->full_after ? size : (size_t)steps->full_after;
		steps->full_after -= (int)size;
	}
	return __real_pwrite(fd, data, size, offset);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	struct stat status;

	if (is_last_step()) {
		raise(SIGKILL);
	}
	if (steps->sync_error) {
		errno = steps->sync_error;
		return -1;
	}
	if (!fstat(fd, &status) && S_ISREG(status.st_mode)) {
		steps->safe = status.st_size;
	}
	if (is_last_step()) {
		raise(SIGKILL);
	}
	return __real_fsync(fd);
}

static void before_read(const struct corbel_log_read *read)
{
	if ((off_t)read->stored * 512 > steps->safe) {
		steps->acknowledged_too_much = true;
	}
	if (is_last_step()) {
		raise(SIGKILL);
	}
}

static int set_up(void **state)
{
	(void)state;
	fake_log_init();
	fake_log->before = before_read;
	steps = mmap(NULL, sizeof(*steps), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	*steps = (struct steps){.kill_at = -1, .full_after = -1};
	strcpy(folder, "/tmp/corbel-store-XXXXXX");
	if (!mkdtemp(folder)) {
		return -1;
	}
	strcat(folder, "/a/b"); /* made by the store */
	launchlog_root = folder;
	snprintf(file, sizeof(file), "%s/", folder);
	for (int i = 0; i < 32; i++) {
		strcat(file, "b0");
	}
	strcat(file, ".log");
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	munmap(steps, sizeof(*steps));
	snprintf(command, sizeof(command), "rm -rf %.24s", folder);
	return system(command);
}

static void add(int count)
{
	for (int i = 0; i < count; i++) {
		fake_log_add(CORBEL_LOG_report, 7);
	}
}

/* The store holds exactly the hypervisor's records, and it knows. */
static void assert_whole(void)
{
	static struct corbel_log_record found[FAKE_LOG_MAX + 1];
	int fd = open(file, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, found, sizeof(found)), fake_log->count * 512);
	close(fd);
	assert_memory_equal(found, fake_log->record, fake_log->count * 512);
	assert_int_equal(fake_log->stored, fake_log->count);
	assert_false(steps->acknowledged_too_much);
}

static void assert_stored(void)
{
	char why[512] = "";

	if (launchlog_store(why, sizeof(why))) {
		fail_msg("%s", why);
	}
	assert_whole();
}

/* Fails with this error and these words; acknowledges nothing beyond `stored`. */
static void assert_refused(int error, const char *words, uint64_t stored)
{
	char why[512] = "";

	assert_int_equal(launchlog_store(why, sizeof(why)), error);
	if (!strstr(why, words)) {
		fail_msg("no `%s' in `%s'", words, why);
	}
	assert_int_equal(fake_log->stored, stored);
	assert_false(steps->acknowledged_too_much);
}

static void put(const void *data, size_t size, off_t offset)
{
	int fd = open(file, O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(__real_pwrite(fd, data, size, offset), size);
	close(fd);
}

/* ---- the good ways ------------------------------------------------------------------------ */

static void test_drain(void **state)
{
	(void)state;
	assert_stored();
	assert_stored(); /* nothing new */
	add(1);
	assert_stored();
	for (int i = 0; i < 5; i++) {
		add(250); /* wraps the ring at another place each time */
		assert_stored();
	}
}

static void test_load(void **state)
{
	const struct corbel_log_record *records;
	struct launchlog log;

	(void)state;
	add(20);
	assert_int_equal(launchlog_open(&log), 0);
	assert_int_equal(launchlog_drain(&log), 0);
	records = launchlog_map(&log, 21);
	assert_non_null(records);
	assert_memory_equal(records, fake_log->record, 21 * 512);
	launchlog_unmap(records, 21);
	assert_null(launchlog_map(&log, 23));
	assert_non_null(strstr(log.error, "has 22 records, 23 are needed"));
	launchlog_close(&log);
}

static void test_torn(void **state)
{
	(void)state;
	assert_stored();
	put("CORBLOG1 and no more", 20, 1024);
	assert_stored(); /* cut off */
	put("CORBLOG1 and no more", 20, 1024);
	add(3);
	assert_stored();
}

/* ---- killed at any step
 * --------------------------------------------------------------------------
 */

static bool killed_at(int step)
{
	char why[512];
	int status;
	pid_t child;

	steps->done = 0;
	steps->kill_at = step;
	child = fork();
	if (child == 0) {
		_exit(launchlog_store(why, sizeof(why)) ? 1 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	steps->kill_at = -1;
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	return WIFSIGNALED(status);
}

/* power: what was not synced is gone too. */
static void kill_everywhere(bool power)
{
	int step = 0;

	for (;; step++) {
		add(13);
		if (!killed_at(step)) {
			break;
		}
		assert_false(steps->acknowledged_too_much);
		if (power && access(file, F_OK) == 0) {
			assert_int_equal(truncate(file, steps->safe), 0);
		}
		if (step % 3 != 0) { /* else two are killed in a row */
			assert_stored();
		}
	}
	assert_true(step > 12);
	assert_whole();
}

static void test_killed(void **state)
{
	(void)state;
	kill_everywhere(false);
}

static void test_power_cut(void **state)
{
	(void)state;
	kill_everywhere(true);
}

/* The daemon, a create and an attest at the same time. */
static void test_together(void **state)
{
	int status;

	(void)state;
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 4; i++) {
			if (fork() == 0) {
				char why[512];
				int bad = 0;

				for (int j = 0; j < 20; j++) {
					bad |= launchlog_store(why, sizeof(why));
				}
				_exit(bad ? 1 : 0);
			}
		}
		for (int i = 0; i < 20; i++) {
			add(10);
			usleep(1000);
		}
		for (int i = 0; i < 4; i++) {
			assert_true(wait(&status) > 0);
			assert_int_equal(status, 0);
		}
		assert_stored();
	}
}

/* ---- faults
 * --------------------------------------------------------------------------------------
 */

static void test_full_disk(void **state)
{
	struct stat status;

	(void)state;
	assert_stored();
	add(5);
	steps->full_after = 700;
	assert_refused(-ENOSPC, "cannot store record 2", 2);
	assert_refused(-ENOSPC, "No space left on device; the hypervisor keeps it", 2);
	assert_int_equal(stat(file, &status), 0);
	assert_int_equal(status.st_size, 1024);
	steps->full_after = -1;
	assert_stored();
	add(1);
	steps->sync_error = EIO;
	assert_refused(-EIO, "Input/output error", 7);
	steps->sync_error = 0;
	assert_stored();
}

static void test_refused_call(void **state)
{
	(void)state;
	fake_log->error = -EPERM;
	assert_refused(-EPERM,
		       "cannot read the launch log: not permitted: xen:log_read, or xen:log_store "
		       "to go on after it",
		       0);
	fake_log->error = -ENOSYS;
	assert_refused(-ENOSYS, "cannot read the launch log: Function not implemented", 0);
	fake_log->error = 0;
	assert_stored();
}

static void other_index(struct corbel_log_record *record)
{
	record->index += record->index == 4;
}
static void other_boot(struct corbel_log_record *record)
{
	record->boot_id[31] ^= record->index == 4;
}
static void other_magic(struct corbel_log_record *record)
{
	record->magic[7] ^= record->index == 4;
}

static void test_wrong_record(void **state)
{
	(void)state;
	assert_stored();
	add(5);
	fake_log->change = other_index;
	assert_refused(-EBADMSG, "the hypervisor's log: record 5 stands where 4 was expected", 2);
	fake_log->change = other_boot;
	assert_refused(-EBADMSG, "the hypervisor's log: record 4 is of another boot", 2);
	fake_log->change = other_magic;
	assert_refused(-EBADMSG, "the hypervisor's log: record 4 does not begin with", 2);
	fake_log->change = NULL;
	fake_log->other_boot = true;
	assert_refused(-EBADMSG, "the hypervisor's launch log is of another boot", 2);
	fake_log->other_boot = false;
	assert_stored();
}

static void test_wrong_file(void **state)
{
	struct corbel_log_record record;

	(void)state;
	add(3);
	assert_stored();
	record = fake_log->record[4];
	record.boot_id[3] ^= 1;
	put(&record, 512, 4 * 512);
	assert_refused(-EBADMSG, ".log: record 4 is of another boot", 5);
	put(&fake_log->record[3], 512, 4 * 512);
	assert_refused(-EBADMSG, ".log: record 3 stands where 4 was expected", 5);
	put(&fake_log->record[4], 512, 4 * 512);
	assert_stored();
}

/* Records that are stored nowhere, and records that never were. */
static void test_gap(void **state)
{
	struct corbel_log_record record;

	(void)state;
	add(8);
	assert_stored();
	add(1);
	assert_int_equal(truncate(file, 9 * 512), 0);
	assert_refused(-ENOENT, "ends with record 8 and does not fit", 10);
	put(&fake_log->record[9], 512, 9 * 512);
	assert_stored();
	record = fake_log->record[10];
	record.index = 11;
	put(&record, 512, 11 * 512);
	assert_refused(-ENOENT, "ends with record 11 and does not fit", 11);
	assert_int_equal(unlink(file), 0);
	assert_refused(-ENOENT, "ends with record -1 and does not fit", 11);
}

static void test_no_folder(void **state)
{
	char why[512] = "";

	(void)state;
	launchlog_root = "/dev/null/launchlog";
	assert_int_equal(launchlog_store(why, sizeof(why)), -ENOTDIR);
	assert_string_equal(why, "cannot make /dev/null/launchlog: Not a directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(test_drain),      TEST(test_load),         TEST(test_torn),
		TEST(test_killed),     TEST(test_power_cut),    TEST(test_together),
		TEST(test_full_disk),  TEST(test_refused_call), TEST(test_wrong_record),
		TEST(test_wrong_file), TEST(test_gap),          TEST(test_no_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
