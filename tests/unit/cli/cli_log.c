/* SPDX-License-Identifier: MIT */
/*
 * The launch log in the CLI: the daemon, create's look at it, and how attest hands over.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/cli_host.h"
#include "tools/corbel/corbel.h"
#include "tools/corbel/guest.h"
#include "tools/corbel/launchlog.h"
#include "tools/corbel/store.h"

static char log_path[256], helper[PATH_MAX];

static int set_up(void **state)
{
	static struct guest guest;

	(void)state;
	fake_reset();
	snprintf(log_path, sizeof(log_path), "%s/", scratch_make());
	for (int i = 0; i < 32; i++) {
		strcat(log_path, "00");
	}
	strcat(log_path, ".log");
	fake.launches = 3;
	fake_add(0, XEN_DOMINF_running);
	fake_add(2, XEN_DOMINF_blocked);
	strcpy(guest.request.name, "web");
	memset(guest.request.uuid, 2, 16);
	strcpy(guest.request.label, "system_u:system_r:tenant.t");
	strcpy(guest.kernel, "/boot/vmlinuz");
	guest.request.memory_mib = 128;
	guest.request.vcpus = 1;
	guest.request.weight = 256;
	return store_pending(&guest) || store_commit(&guest, 2);
}

static int tear_down(void **state)
{
	(void)state;
	unlink(helper);
	scratch_remove();
	fake_reset();
	return 0;
}

static off_t stored(void)
{
	struct stat status;

	return stat(log_path, &status) ? -1 : status.st_size;
}

static char *contents(const char *path)
{
	static char text[4096];
	FILE *file = fopen(path, "r");
	size_t size = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	text[size] = '\0';
	if (file) {
		fclose(file);
	}
	return text;
}

/* ---- create -------------------------------------------------------------------------------- */

static void *refusing_builder(void *argument)
{
	struct host_session *session = argument;

	strcpy(session->ring->reason, "no");
	session->ring->result = -EINVAL;
	__atomic_store_n(&session->ring->state, CORBEL_RING_failed, __ATOMIC_RELEASE);
	fake_builder_notify();
	return NULL;
}

static struct run create(void)
{
	char kernel[300], *word;
	FILE *file;
	struct run run;

	snprintf(kernel, sizeof(kernel), "%s/kernel", store_root);
	file = fopen(kernel, "w");
	fputs("kernel", file);
	fclose(file);
	assert_true(asprintf(&word, "kernel='%s'", kernel) > 0);
	fake.builder = refusing_builder;
	run = RUN("corbel", "create", "-q", "name='new'", "memory=64", word);
	free(word);
	assert_int_equal(run.code, 3);
	return run;
}

static void test_create_stores(void **state)
{
	struct run run = create();

	(void)state;
	assert_int_equal(fake.stored_at_session, 3);
	assert_int_equal(stored(), 3 * 512);
	assert_null(strstr(run.err, "launch log"));
	run_free(&run);
}

static void test_create_warns(void **state)
{
	struct run run;

	(void)state;
	fake.launches_error = -ENOENT;
	run = create();
	assert_non_null(strstr(run.err, "warning: the launch log is not stored: "));
	run_free(&run);
	fake.launches_error = -EPERM; /* another domain's task */
	run = create();
	assert_null(strstr(run.err, "launch log"));
	run_free(&run);
}

/* ---- logd ------------------------------------------------------------------------------------ */

static void wait_until_stored(off_t size)
{
	for (int i = 0; i < 100 && stored() != size; i++) {
		usleep(50000);
	}
	assert_int_equal(stored(), size);
}

static void assert_refused(const char *why)
{
	struct run run = RUN("corbel", "logd", "-F");

	assert_int_equal(run.code, 1);
	assert_non_null(strstr(run.err, why));
	run_free(&run);
}

static void test_logd(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0) {
		struct run run = RUN("corbel", "logd", "-F");

		_exit(run.code);
	}
	wait_until_stored(3 * 512);
	assert_refused("logd: another one runs already\n");
	assert_int_equal(truncate(log_path, 512), 0); /* this fake gives them again */
	wait_until_stored(3 * 512);
	kill(child, SIGTERM);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	fake.error = -ENOENT; /* no such device: not under the hypervisor */
	assert_refused("logd: cannot reach the hypervisor: No such file or directory\n");
}

/* The same complaint is made once, and its end is said. */
static void test_logd_complains(void **state)
{
	char path[300];
	int status, fd;
	pid_t child;

	(void)state;
	snprintf(path, sizeof(path), "%s/said", store_root);
	mkdir(log_path, 0700); /* in the file's place */
	child = fork();
	if (child == 0) {
		char *words[] = {"corbel", "logd", "-F", NULL};

		fd = open(path, O_WRONLY | O_CREAT, 0600);
		dup2(fd, STDERR_FILENO);
		optind = 0;
		_exit(tool_main(3, words));
	}
	sleep(3);
	rmdir(log_path);
	wait_until_stored(3 * 512);
	kill(child, SIGTERM);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_non_null(strstr(contents(path), "Z logd: cannot open "));
	assert_non_null(strstr(contents(path), "Z logd: the launch log is stored again\n"));
	assert_null(strstr(strstr(contents(path), "cannot open") + 1, "cannot open"));
}

/* ---- attest ---------------------------------------------------------------------------------- */

/* A program in corbel-attest's place that notes its arguments. */
static void make_helper(void)
{
	ssize_t length = readlink("/proc/self/exe", helper, sizeof(helper) - 20);
	FILE *file;

	assert_true(length > 0);
	helper[length] = '\0';
	strcpy(strrchr(helper, '/') + 1, "corbel-attest");
	file = fopen(helper, "w");
	assert_non_null(file);
	fprintf(file, "#!/bin/sh\nfor word; do echo \"$word\"; done >%s/words\nexit 7\n",
		store_root);
	fclose(file);
	chmod(helper, 0700);
}

static int run_attest(char **words, int count)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		optind = 0;
		_exit(tool_main(count, words));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}
#define ATTEST(...)                                                                                \
	run_attest((char *[]){"corbel", "attest", __VA_ARGS__, NULL},                              \
		   sizeof((char *[]){"corbel", "attest", __VA_ARGS__}) / sizeof(char *))

static void assert_words(const char *expected)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/words", store_root);
	assert_string_equal(contents(path), expected);
}

static void test_attest(void **state)
{
	(void)state;
	make_helper();
	assert_int_equal(ATTEST("--nonce", "aa", "--domain", "web", "-o", "web"), 7);
	assert_words("--nonce\naa\n--domain\n2\n-o\nweb\n");
	assert_int_equal(ATTEST("--domain=web", "--domain", "77", "-o", "--domain"), 7);
	assert_words("--domain=2\n--domain\n77\n-o\n--domain\n");
	assert_int_equal(ATTEST("--request", "aa:web:f:g", "--request=bb::f", "--request=cc:web:h"),
			 7);
	assert_words("--request\naa:2:f:g\n--request=bb::f\n--request=cc:2:h\n");
	assert_int_equal(ATTEST("--request", "web"), 7); /* corbel-attest refuses it */
	assert_words("--request\nweb\n");
}

static void test_attest_fails(void **state)
{
	struct run run;

	(void)state;
	run = RUN("corbel", "attest", "--domain", "nobody");
	assert_int_equal(run.code, 1);
	assert_non_null(strstr(run.err, "no domain called `nobody' lives; one that has ended goes "
					"by its number"));
	run_free(&run);
	run = RUN("corbel", "attest", "--request", "aa:nobody:f");
	assert_int_equal(run.code, 1);
	run_free(&run);
	run = RUN("corbel", "attest", "--domain", "");
	assert_int_equal(run.code, 1);
	assert_non_null(strstr(run.err, "a domain's name or number is missing"));
	run_free(&run);
	run = RUN("corbel", "attest");
	assert_int_equal(run.code, 2);
	run_free(&run);
	run = RUN("corbel", "attest", "--enroll", "-o", "f");
	assert_int_equal(run.code, 1);
	assert_non_null(strstr(run.err, "corbel-attest: No such file or directory"));
	run_free(&run);
	run = RUN("corbel", "logd", "-F", "x");
	assert_int_equal(run.code, 2);
	run_free(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(test_create_stores),  TEST(test_create_warns), TEST(test_logd),
		TEST(test_logd_complains), TEST(test_attest),       TEST(test_attest_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
