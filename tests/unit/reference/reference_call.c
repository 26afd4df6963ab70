/* SPDX-License-Identifier: MIT */
/*
 * See reference_call.h.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include "reference/reference_call.h"
#include "measured-boot/reference/reference.h"

#define WORDS_MAX 24
#define LEAKED    98

/* With sanitizers; what a child leaks is not looked for when it ends. */
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static char folder[] = "/tmp/corbel_reference.XXXXXX";
char written[CALL_TEXT], said[CALL_TEXT];

int call_start(void **state)
{
	(void)state;
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

int call_end(void **state)
{
	(void)state;
	assert_int_equal(chdir("/"), 0);
	shell("rm -r %s", folder);
	return 0;
}

void save(const char *name, const void *bytes, size_t size)
{
	FILE *file = fopen(name, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	fclose(file);
}

void save_key(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	FILE *secret = fopen("key.pem", "w"), *public = fopen("public.pem", "w");

	assert_non_null(secret);
	assert_non_null(public);
	assert_int_equal(PEM_write_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(PEM_write_PUBKEY(public, key), 1);
	fclose(secret);
	fclose(public);
	EVP_PKEY_free(key);
}

size_t load(const char *name, char text[CALL_TEXT])
{
	FILE *file = fopen(name, "rb");
	size_t size;

	assert_non_null(file);
	size = fread(text, 1, CALL_TEXT - 1, file);
	text[size] = '\0';
	fclose(file);
	return size;
}

void shell(const char *format, ...)
{
	char command[2048];
	va_list arguments;

	va_start(arguments, format);
	assert_in_range(vsnprintf(command, sizeof(command), format, arguments), 1,
			sizeof(command) - 1);
	va_end(arguments);
	assert_int_equal(system(command), 0);
}

int call(const char *const *words)
{
	char *argv[WORDS_MAX + 2] = {"corbel-reference"};
	int status, argc = 1;
	pid_t child;

	for (; words[argc - 1]; argc++) {
		assert_true(argc <= WORDS_MAX);
		argv[argc] = (char *)words[argc - 1];
	}
	child = fork();
	if (child == 0) {
		if (!freopen("out", "w", stdout) || !freopen("err", "w", stderr)) {
			_exit(99);
		}
		status = reference_main(argc, argv);
		fflush(NULL);
		if (__lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check()) {
			status = LEAKED;
		}
		_exit(status);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	load("out", written);
	load("err", said);
	return WEXITSTATUS(status);
}

void call_refused(const char *why, const char *const *words)
{
	if (call(words) != STATUS_bad || written[0] || !strstr(said, why) ||
	    strstr(said + 1, "corbel-reference: ")) {
		fail_msg("'%s' is not '%s', or '%s' was written", said, why, written);
	}
}

void assert_written(const char *text)
{
	if (!strstr(written, text) || said[0]) {
		fail_msg("no '%s' in '%s', or '%s' was said", text, written, said);
	}
}
