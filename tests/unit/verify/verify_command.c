/* SPDX-License-Identifier: MIT */
/*
 * The command line of corbel-verify as a user types it, a process each: exit status, what is said
 * on standard output and standard error, and which files are written.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "verify/verify_case.h"
#include "measured-boot/verify/command.h"
#include "measured-boot/verify/json.h"

#define WORDS_MAX 100u
#define NONCE     "a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5"

static char evidence[96], page[96], out_file[96], err_file[96];
static const char *output; /* in place of out_file; NULL: there */
static rlim_t room = RLIM_INFINITY;
static char *out, *err;

static char *content(const char *path)
{
	struct bytes text;
	char error[256];

	if (!file_read(path, 1 << 20, &text, error)) {
		fail_msg("%s", error);
	}
	return (char *)text.data;
}

static void child(int count, char **word)
{
	struct rlimit limit = {room, RLIM_INFINITY};

	if (!freopen(output ? output : out_file, "w", stdout) || !freopen(err_file, "w", stderr)) {
		_exit(100);
	}
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	count = verify_command(count, word);
	fflush(stderr);
	_exit(count);
}

/* Runs it with these words, ended by NULL; returns the exit status. */
static int run_words(const char *const *words)
{
	char *word[WORDS_MAX] = {strdup("corbel-verify")};
	int count = 1, status;
	pid_t pid;

	for (; words[count - 1]; count++) {
		assert_in_range(count, 1, WORDS_MAX - 1);
		word[count] = strdup(words[count - 1]);
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		child(count, word);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	for (int i = 0; i < count; i++) {
		free(word[i]);
	}
	assert_true(WIFEXITED(status));
	free(out);
	free(err);
	out = content(out_file);
	err = content(err_file);
	return WEXITSTATUS(status);
}

#define RUN(...) run_words((const char *const[]){__VA_ARGS__, NULL})

static void has(const char *text, const char *words)
{
	if (!strstr(text, words)) {
		fail_msg("not said: %s, but: %s", words, text);
	}
}

#define REFUSED(words, ...)                                                                        \
	do {                                                                                       \
		assert_int_equal(RUN(__VA_ARGS__), VERDICT_cannot_judge);                          \
		has(err, words);                                                                   \
	} while (0)

static int setup(void **state)
{
	case_setup(state);
	snprintf(out_file, sizeof(out_file), "%s/out", w.f.directory);
	snprintf(err_file, sizeof(err_file), "%s/err", w.f.directory);
	snprintf(page, sizeof(page), "%s/page.html", w.f.directory);
	return 0;
}

static int teardown(void **state)
{
	free(out);
	free(err);
	return case_teardown(state);
}

static int fresh(void **state)
{
	char *text;

	case_fresh(state);
	text = recorded_json(&w);
	fixture_write(&w.f, "evidence.json", text, strlen(text), evidence);
	free(text);
	unlink(page);
	output = NULL;
	room = RLIM_INFINITY;
	return 0;
}

/* ---- words -------------------------------------------------------------------------------- */

static void usage(void **state)
{
	(void)state;
	assert_int_equal(RUN("--help"), 0);
	has(out, "usage: corbel-verify check EVIDENCE");
	assert_int_equal(RUN("check", "-h"), 0);
	has(out, "usage: corbel-verify check EVIDENCE");
	REFUSED("unknown option '-h'", "check", "file", "-h");
	REFUSED("unknown verb 'chekc' (--help shows the usage)", "chekc");
	assert_int_equal(run_words((const char *const[]){NULL}), VERDICT_cannot_judge);
	has(err, "no verb");
	output = "/dev/full";
	REFUSED("cannot write 'standard output': No space left on device", "--help");
}

static void words(void **state)
{
	const char *many[WORDS_MAX] = {"check", "file", "--roots"};

	(void)state;
	REFUSED("a file name is missing after 'check'", "check", "--nonce", NONCE);
	REFUSED("a file name is missing after 'admit'", "admit", "one", "--hosts", "h");
	REFUSED("unexpected word 'two'", "check", "one", "two", "--nonce", NONCE);
	REFUSED("unknown option '--nonsense'", "check", "file", "--nonsense");
	REFUSED("nothing follows '--nonce'", "check", "file", "--nonce");
	REFUSED("nothing follows '--roots'", "check", "file", "--roots");
	REFUSED("given twice: '--nonce'", "check", "file", "--nonce", NONCE, "--nonce", NONCE);
	for (int i = 3; i < 35; i++) {
		many[i] = "root";
	}
	assert_int_equal(run_words(many), VERDICT_cannot_judge);
	has(err, "--nonce: expected 64 hex digits, found 'none'"); /* 32 are not too many */
	many[35] = "one-more";
	assert_int_equal(run_words(many), VERDICT_cannot_judge);
	has(err, "unexpected word 'one-more'");
	many[35] = "--roots";
	many[36] = "one-more";
	assert_int_equal(run_words(many), VERDICT_cannot_judge);
	has(err, "too many '--roots'");
}

static void demands(void **state)
{
	(void)state;
	REFUSED("--nonce: expected 64 hex digits, found 'none'", "check", "file");
	REFUSED("--nonce: expected 64 hex digits, found 'a5'", "check", "file", "--nonce", "a5");
	REFUSED("without --expect there is no report for '--bound'", "check", "file", "--nonce",
		NONCE, "--bound", "b");
	REFUSED("--strict: missing option '--limits'", "check", "file", "--nonce", NONCE,
		"--strict");
	REFUSED("e: cannot be read", "check", "e", "--nonce", NONCE, "--strict", "--limits", "l");
	REFUSED("/nonexistent: cannot be read", "check", "/nonexistent", "--nonce", NONCE);
	REFUSED("missing option '--name'", "enroll", "h", "-o", "c", "--secret", "s");
	REFUSED("missing option '-o'", "enroll", "h", "--name", "n", "--secret", "s");
	REFUSED("missing option '--secret'", "enroll", "h", "--name", "n", "-o", "c");
	REFUSED("unknown option '--hosts'", "enroll", "h", "--hosts", "h");
	REFUSED("h: cannot be read", "enroll", "h", "--name", "n", "-o", "c", "--secret", "s");
	REFUSED("missing option '--hosts'", "admit", "s", "00");
	REFUSED("s: cannot be read", "admit", "s", "00", "--hosts", "h", "--replace");
	REFUSED("unexpected word 'more'", "nonce", "more", "words", "here");
}

static void nonces(void **state)
{
	char first[80];

	(void)state;
	assert_int_equal(RUN("nonce"), 0);
	assert_int_equal(strspn(out, "0123456789abcdef"), 64);
	assert_string_equal(out + 64, "\n");
	snprintf(first, sizeof(first), "%s", out);
	assert_int_equal(RUN("nonce"), 0);
	assert_string_not_equal(out, first);
}

/* ---- check -------------------------------------------------------------------------------- */

#define FILES                                                                                      \
	"--nonce", NONCE, "--roots", w.f.root_file, "--hosts", w.f.hosts_file, "--reference",      \
		RECORDED_GOLDEN "reference.json", "--firmware", RECORDED_GOLDEN "firmware.json",   \
		"--firmware-key", RECORDED_GOLDEN "firmware.pem", "--expect", w.expect, "--bound", \
		w.bound

static void checks(void **state)
{
	char bound[sizeof(w.bound)];

	(void)state;
	assert_int_equal(RUN("check", evidence, FILES), 0);
	has(out, "\ntrusted: ");
	assert_string_equal(err, "");
	assert_int_equal(RUN("check", FILES, evidence, "--json"), 0);
	has(out, "{\n  \"format\": \"corbel.verdict.1\"");
	has(out, "\"verdict\": \"trusted\"");
	assert_null(strstr(out, "error"));
	memcpy(bound, w.bound, sizeof(bound));
	fixture_write(&w.f, "other-bound", "x", 1, w.bound);
	assert_int_equal(RUN("check", evidence, FILES), 1);
	memcpy(w.bound, bound, sizeof(bound));
	has(out, "\nnot trusted: report.");
	fixture_write(&w.f, "evidence.json", "{}", 2, evidence);
	REFUSED("evidence.json: format: missing", "check", evidence, FILES);
	fresh(NULL);
	output = "/dev/full";
	REFUSED("cannot write 'standard output'", "check", evidence, FILES);
}

/* One object, also when nothing was judged. */
static void objects(void **state)
{
	(void)state;
	assert_int_equal(RUN("check", "file", "--json"), VERDICT_cannot_judge);
	has(out, "\"error\": \"--nonce: expected 64 hex digits, found 'none' (");
	assert_int_equal(RUN("check", "file", "--nonsense", "--json"), VERDICT_cannot_judge);
	has(out, "\"error\": \"unknown option '--nonsense' (");
	assert_int_equal(RUN("check", "file"), VERDICT_cannot_judge);
	assert_string_equal(out, "");
	assert_int_equal(RUN("check", evidence, FILES, "--json", "--html", "/nonexistent/page"),
			 VERDICT_cannot_judge);
	has(out, "\"error\": \"cannot write '/nonexistent/page': No such file or directory\"");
	assert_null(strstr(out, "rows"));
	/* where no program reads, the verdict is told all the same */
	assert_int_equal(RUN("check", evidence, FILES, "--html", "/nonexistent/page"),
			 VERDICT_cannot_judge);
	has(out, "\ntrusted: ");
}

static void pages(void **state)
{
	struct stat status;
	char *text;

	(void)state;
	assert_int_equal(RUN("check", evidence, FILES, "--html", page), 0);
	has(out, "\ntrusted: ");
	text = content(page);
	has(text, "</html>\n");
	free(text);
	assert_int_equal(stat(page, &status), 0);
	/* no room for the last bytes, and for the first */
	room = (rlim_t)status.st_size - 1;
	REFUSED("cannot write '", "check", evidence, FILES, "--html", page);
	has(err, "page.html': File too large");
	room = RLIM_INFINITY;
	REFUSED("cannot write '/dev/full': No space left", "check", evidence, FILES, "--html",
		"/dev/full");
}

/* The page goes into the place of no file that was asked to be read, under whatever name. */
static void inputs(void **state)
{
	const char *const words[] = {"--hosts",  "--firmware", "--firmware-key",
				     "--limits", "--expect",   "--bound",
				     "--since",  "--roots",    "--reference"};
	static const char refused[] = "--html: the page would replace an input,";
	char file[96], other[128], signature[96];

	(void)state;
	fixture_write(&w.f, "input", "x", 1, file);
	fixture_write(&w.f, "input.sig", "x", 1, signature);
	snprintf(other, sizeof(other), "%s/other-name", w.f.directory);
	assert_int_equal(link(file, other), 0);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i], "--expect") == 0) {
			REFUSED(refused, "check", "e", "--nonce", NONCE, words[i], file, "--html",
				other);
		} else {
			REFUSED(refused, "check", "e", "--nonce", NONCE, "--expect", "x", words[i],
				file, "--html", other);
		}
	}
	REFUSED(refused, "check", file, "--nonce", NONCE, "--html", other);
	REFUSED(refused, "check", "e", "--nonce", NONCE, "--firmware", file, "--html", signature);
	REFUSED("e: cannot be read", "check", "e", "--nonce", NONCE, "--hosts", file, "--html",
		page);
	assert_int_equal(access(page, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(usage, fresh),   cmocka_unit_test_setup(words, fresh),
		cmocka_unit_test_setup(demands, fresh), cmocka_unit_test_setup(nonces, fresh),
		cmocka_unit_test_setup(checks, fresh),  cmocka_unit_test_setup(objects, fresh),
		cmocka_unit_test_setup(pages, fresh),   cmocka_unit_test_setup(inputs, fresh),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
