/* SPDX-License-Identifier: MIT */
/*
 * Enrolment without a TPM: requests that are refused, each for one thing in it, files that cannot
 * be written, and what an answer does to the list of hosts.  That a TPM answers is in
 * verify_enroll.c.
 */
#include "verify/verify_expect.h"
#include "measured-boot/verify/json.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <tss2/tss2_mu.h>
#include <unistd.h>
#include <cmocka.h>

static TPMT_PUBLIC ek_public;
static char request_file[96], challenge_file[96], secret_file[96], pending_file[96];
static char *told, *complained; /* what enroll() wrote, and what came to standard error */
static bool close_fails;

/* In the C library's place: a file system may find out only here that what was written is lost. */
int close(int fd)
{
	bool written = (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY;
	int result = (int)syscall(SYS_close, fd);

	if (written && close_fails) {
		errno = EIO;
		return -1;
	}
	return result;
}

/* ---- keys --------------------------------------------------------------------------------- */

static void set_modulus(TPMT_PUBLIC *p, EVP_PKEY *key)
{
	BIGNUM *n = NULL;

	assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n), 1);
	p->unique.rsa.size = (UINT16)BN_num_bytes(n);
	p->parameters.rsaDetail.keyBits = (UINT16)BN_num_bits(n);
	BN_bn2bin(n, p->unique.rsa.buffer);
	BN_free(n);
}

/* The same numbers as a key that only signs. */
static EVP_PKEY *pss_key(EVP_PKEY *key)
{
	EVP_PKEY *out;
	BIGNUM *n = NULL;

	assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n), 1);
	out = fixture_rsa_public("RSA-PSS", n);
	BN_free(n);
	return out;
}

static int setup(void **state)
{
	expect_setup(state);
	fixture_quote(&f);
	ek_public = (TPMT_PUBLIC){
		.type = TPM2_ALG_RSA,
		.nameAlg = TPM2_ALG_SHA256,
		.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
				    TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_ADMINWITHPOLICY |
				    TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT,
		.parameters.rsaDetail = {.symmetric = {.algorithm = TPM2_ALG_AES,
						       .keyBits.aes = 128,
						       .mode.aes = TPM2_ALG_CFB},
					 .scheme.scheme = TPM2_ALG_NULL},
	};
	set_modulus(&ek_public, f.ek);
	snprintf(challenge_file, sizeof(challenge_file), "%s/challenge.json", f.directory);
	snprintf(secret_file, sizeof(secret_file), "%s/secret.json", f.directory);
	signal(SIGXFSZ, SIG_IGN);
	return 0;
}

static int teardown(void **state)
{
	free(told);
	free(complained);
	return expect_teardown(state);
}

/* ---- asking ------------------------------------------------------------------------------- */

static FILE *usual_stderr;
static size_t complained_length;

static void listen(void)
{
	free(complained);
	usual_stderr = stderr;
	stderr = open_memstream(&complained, &complained_length);
}

static void listen_no_more(void)
{
	fclose(stderr);
	stderr = usual_stderr;
}

static void write_request(X509 *certificate, const TPMT_PUBLIC *ek)
{
	uint8_t area[1024];
	size_t length = 0, text_length;
	char *text;
	FILE *out = open_memstream(&text, &text_length);

	assert_int_equal(Tss2_MU_TPMT_PUBLIC_Marshal(ek, area, sizeof(area), &length), 0);
	fixture_set_certificate(&f, certificate);
	fputs("{\"format\": \"corbel.enroll.1\", ", out);
	fixture_base64(out, "ek_certificate", f.e.ek_certificate.data, f.e.ek_certificate.length,
		       ", ");
	fixture_hex(out, "ek_public", area, length, ", ");
	fixture_hex(out, "ak_public", f.e.ak_public.data, f.e.ak_public.length, "}\n");
	fclose(out);
	fixture_write(&f, "host.json", text, text_length, request_file);
	free(text);
}

/* Asks with what lies in host.json. */
static int ask_again(const char *name)
{
	struct enroll_inputs in = {.name = name,
				   .evidence = request_file,
				   .challenge = challenge_file,
				   .pending = secret_file,
				   .roots = f.roots};
	size_t length;
	FILE *out;
	int status;

	free(told);
	out = open_memstream(&told, &length);
	listen();
	status = enroll(&in, out);
	listen_no_more();
	fclose(out);
	return status;
}

static int ask(EVP_PKEY *certified, const TPMT_PUBLIC *ek)
{
	X509 *certificate = fixture_certificate(certified, "board", f.ca, f.root, 0);

	write_request(certificate, ek);
	X509_free(certificate);
	unlink(challenge_file);
	unlink(secret_file);
	return ask_again("host-1");
}

static void says(const char *text, const char *words)
{
	if (!strstr(text, words)) {
		fail_msg("not said: %s, but: %s", words, text);
	}
}

static void refused(EVP_PKEY *certified, const TPMT_PUBLIC *ek, const char *words)
{
	assert_int_equal(ask(certified, ek), VERDICT_not_trusted);
	says(told, words);
	says(told, "\nno challenge made: the keys are not as they must be, see above\n");
	assert_int_not_equal(access(challenge_file, F_OK), 0);
	assert_int_not_equal(access(secret_file, F_OK), 0);
}

/* ---- requests ----------------------------------------------------------------------------- */

static void good(void **state)
{
	(void)state;
	assert_int_equal(ask(f.ek, &ek_public), VERDICT_trusted);
	says(told, "\nchallenge made: ");
	says(told, challenge_file);
	assert_string_equal(complained, "");
	assert_int_equal(access(challenge_file, F_OK), 0);
	assert_int_equal(access(secret_file, F_OK), 0);
}

static void names(void **state)
{
	(void)state;
	assert_int_equal(ask(f.ek, &ek_public), VERDICT_trusted);
	unlink(challenge_file);
	unlink(secret_file);
	assert_int_equal(ask_again("host 1"), VERDICT_cannot_judge);
	says(complained, "--name: expected up to 63 letters");
	assert_int_not_equal(access(challenge_file, F_OK), 0);
}

/* A key of the TPM that is no endorsement key, or one whose credentials are made otherwise. */
static void kinds(void **state)
{
	static const char other[] = "expected a restricted decryption key, SHA-256 and AES-128-CFB";
	TPMT_PUBLIC p = ek_public;
	TPMT_SYM_DEF_OBJECT *symmetric = &p.parameters.rsaDetail.symmetric;

	(void)state;
	refused(f.ek, &f.ak_public, "expected the TPMT_PUBLIC of an RSA key");
	p.nameAlg = TPM2_ALG_SHA384;
	refused(f.ek, &p, other);
	p = ek_public;
	p.objectAttributes &= ~TPMA_OBJECT_RESTRICTED;
	refused(f.ek, &p, other);
	p = ek_public;
	p.objectAttributes &= ~TPMA_OBJECT_DECRYPT;
	refused(f.ek, &p, other);
	p = ek_public;
	symmetric->algorithm = TPM2_ALG_CAMELLIA;
	refused(f.ek, &p, other);
	p = ek_public;
	symmetric->keyBits.aes = 256;
	refused(f.ek, &p, other);
	p = ek_public;
	symmetric->mode.aes = TPM2_ALG_OFB;
	refused(f.ek, &p, other);
}

/* A certificate for another key, or for a key of another kind. */
static void certified(void **state)
{
	EVP_PKEY *pss = pss_key(f.ek), *small = EVP_RSA_gen(1024);
	TPMT_PUBLIC p = ek_public;

	(void)state;
	refused(pss, &ek_public, "expected an RSA key of at least 2048 bits");
	set_modulus(&p, small);
	refused(small, &p, "expected an RSA key of at least 2048 bits");
	refused(f.ek, &p, "expected the key that the certificate is for");
	p = ek_public; /* the same number, written otherwise */
	p.unique.rsa.size++;
	p.unique.rsa.buffer[0] = 0;
	memcpy(p.unique.rsa.buffer + 1, ek_public.unique.rsa.buffer, ek_public.unique.rsa.size);
	refused(f.ek, &p, "expected the key that the certificate is for");
	EVP_PKEY_free(pss);
	EVP_PKEY_free(small);
}

/* ---- files -------------------------------------------------------------------------------- */

/* Each of the two in turn: what lay there stays, and nothing comes beside it. */
static void in_the_way(void **state)
{
	const char *const file[] = {challenge_file, secret_file};

	(void)state;
	assert_int_equal(ask(f.ek, &ek_public), VERDICT_trusted);
	for (int i = 0; i < 2; i++) {
		unlink(challenge_file);
		unlink(secret_file);
		fclose(fopen(file[i], "w"));
		assert_int_equal(ask_again("host-1"), VERDICT_cannot_judge);
		says(complained, file[i]);
		says(complained, ": cannot be written: File exists\n");
		says(told, "\nno challenge made: ");
		assert_int_equal(access(file[i], F_OK), 0);
		assert_int_not_equal(access(file[!i], F_OK), 0);
	}
}

/* No room, told by close() alone; then by write() already, which knows better why. */
static void no_room(void **state)
{
	static const struct {
		rlim_t room;
		const char *why;
	} when[] = {{RLIM_INFINITY, "Input/output error"}, {100, "File too large"}};
	struct rlimit kept, less;

	(void)state;
	assert_int_equal(ask(f.ek, &ek_public), VERDICT_trusted);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &kept), 0);
	for (int i = 0; i < 2; i++) {
		int status;

		unlink(challenge_file);
		unlink(secret_file);
		less = kept;
		less.rlim_cur = when[i].room < kept.rlim_max ? when[i].room : kept.rlim_max;
		close_fails = true;
		setrlimit(RLIMIT_FSIZE, &less);
		status = ask_again("host-1");
		setrlimit(RLIMIT_FSIZE, &kept);
		close_fails = false;
		assert_int_equal(status, VERDICT_cannot_judge);
		says(complained, when[i].why);
		assert_int_not_equal(access(challenge_file, F_OK), 0);
		assert_int_not_equal(access(secret_file, F_OK), 0);
	}
}

/* ---- the list of hosts -------------------------------------------------------------------- */

#define ANSWER "5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"

/* A secret file for a host with this endorsement key; the right answer is ANSWER. */
static void write_pending(const char *name, uint8_t ek)
{
	uint8_t digest[32], ak_name[NAME_LEN] = {0};
	size_t length;
	char *text;
	FILE *out = open_memstream(&text, &length);

	memset(digest, ek, sizeof(digest));
	fprintf(out, "{\"format\": \"corbel.pending.1\", \"name\": \"%s\", ", name);
	fixture_hex(out, "ek_sha256", digest, sizeof(digest), ", ");
	fixture_hex(out, "ak_name", ak_name, sizeof(ak_name), ", ");
	fprintf(out, "\"secret\": \"%s\"}\n", ANSWER);
	fclose(out);
	fixture_write(&f, "pending.json", text, length, pending_file);
	free(text);
}

static int admitted(const char *hosts, bool replace)
{
	int status;

	listen();
	status = admit(hosts, pending_file, ANSWER, replace);
	listen_no_more();
	return status;
}

/* The list is the very file that it was. */
static void admit_refused(bool replace, const char *words)
{
	struct stat before, after;

	assert_int_equal(stat(f.hosts_file, &before), 0);
	assert_int_equal(admitted(f.hosts_file, replace), VERDICT_cannot_judge);
	says(complained, words);
	assert_int_equal(stat(f.hosts_file, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
}

static void list_is(const char *const *name, size_t count)
{
	struct host_list list;
	char error[256];

	assert_true(hosts_read(NULL, f.hosts_file, &list, error));
	assert_int_equal(list.count, count);
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(list.host[i].name, name[i]);
	}
	free(list.host);
}

static void others_stay(void **state)
{
	static const char *const three[] = {"a", "b", "c"}, *const replaced[] = {"a", "c", "d"};

	(void)state;
	unlink(f.hosts_file);
	for (uint8_t i = 0; i < 3; i++) {
		write_pending(three[i], i);
		assert_int_equal(admitted(f.hosts_file, false), VERDICT_trusted);
	}
	list_is(three, 3);
	write_pending("d", 1);
	admit_refused(false, "host 'b' is enrolled already with this key");
	write_pending("c", 1);
	admit_refused(true, "host 'c' is enrolled with another endorsement key");
	list_is(three, 3);
	write_pending("d", 1);
	assert_int_equal(admitted(f.hosts_file, true), VERDICT_trusted);
	list_is(replaced, 3);
}

/* A new list is begun only where there is none. */
static void list_unreadable(void **state)
{
	char path[128];

	(void)state;
	write_pending("a", 0);
	snprintf(path, sizeof(path), "%s/hosts.json", pending_file);
	assert_int_equal(admitted(path, false), VERDICT_cannot_judge);
	says(complained, "cannot be read: Not a directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),        cmocka_unit_test(names),
		cmocka_unit_test(kinds),       cmocka_unit_test(certified),
		cmocka_unit_test(in_the_way),  cmocka_unit_test(no_room),
		cmocka_unit_test(others_stay), cmocka_unit_test(list_unreadable),
	};

	setenv("TSS2_LOG", "all+none", 1);
	return cmocka_run_group_tests(tests, setup, teardown);
}
