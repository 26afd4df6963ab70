/* SPDX-License-Identifier: MIT */
/*
 * Enrolment and quote with a real software TPM: the credential that we make without a TPM is
 * activated by one, and a quote that one made is accepted; tpm2-tools drive it, so that nothing of
 * ours is on both sides.
 */
#include "verify/verify_fixture.h"
#include "sim/swtpm.h"
#include "tools/lib/hex.h"
#include "measured-boot/verify/json.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

static struct fixture f;
static struct bytes ek_public, ak_public;

/* Runs shell text without single quotes in the fixture's directory, the tools pointed at the TPM;
 * the first failure ends it. */
static int shell(const char *text)
{
	char command[4096];

	snprintf(command, sizeof(command),
		 "cd %s && TPM2TOOLS_TCTI=swtpm:path=%s sh -ec '%s' >>log 2>&1", f.directory,
		 swtpm_path(), text);
	return system(command);
}

static struct bytes load(const char *name)
{
	char path[128], error[256];
	struct bytes out;

	snprintf(path, sizeof(path), "%s/%s", f.directory, name);
	if (!file_read(path, 65536, &out, error)) {
		fail_msg("%s", error);
	}
	return out;
}

/* A TPM2B_PUBLIC file without its size. */
static struct bytes load_public(const char *name)
{
	struct bytes b = load(name);

	b.length -= 2;
	memmove(b.data, b.data + 2, b.length);
	return b;
}

static EVP_PKEY *rsa_key(const struct bytes *public_area)
{
	TPMT_PUBLIC p;
	EVP_PKEY *key;
	BIGNUM *n;

	assert_true(public_parse(public_area, &p));
	n = BN_bin2bn(p.unique.rsa.buffer, p.unique.rsa.size, NULL);
	key = fixture_rsa_public("RSA", n);
	BN_free(n);
	return key;
}

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	swtpm_start("sha256,sha384");
	swtpm_power_cycle();
	swtpm_disconnect();
	assert_int_equal(
		shell("tpm2_createek -Q -c 0x81010001 -G rsa -u ek.pub; tpm2_flushcontext -t; "
		      "tpm2_createak -Q -C 0x81010001 -c ak.ctx -G ecc -g sha256 -s ecdsa -u "
		      "ak.pub; tpm2_flushcontext -t; tpm2_flushcontext -s; tpm2_flushcontext -l"),
		0);
	ek_public = load_public("ek.pub");
	ak_public = load_public("ak.pub");
	EVP_PKEY_free(f.ek);
	f.ek = rsa_key(&ek_public);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	swtpm_connect();
	swtpm_stop();
	free(ek_public.data);
	free(ak_public.data);
	fixture_close(&f);
	return 0;
}

/* ---- files -------------------------------------------------------------------------------- */

static char *in_hex(const struct bytes *b)
{
	char *text = malloc(2 * b->length + 1);

	hex_encode(b->data, b->length, text);
	return text;
}

/* host.json as Dom0's agent writes it. */
static void write_request(X509 *certificate, const struct bytes *ek, const struct bytes *ak,
			  char path[96])
{
	char text[16384], *base64, *ek_hex = in_hex(ek), *ak_hex = in_hex(ak);

	fixture_set_certificate(&f, certificate);
	base64 = malloc(BASE64_SIZE(f.e.ek_certificate.length) + 1);
	base64_encode(f.e.ek_certificate.data, f.e.ek_certificate.length, base64);
	snprintf(text, sizeof(text),
		 "{\n  \"format\": \"corbel.enroll.1\",\n  \"ek_certificate\": \"%s\",\n"
		 "  \"ek_public\": \"%s\",\n  \"ak_public\": \"%s\"\n}\n",
		 base64, ek_hex, ak_hex);
	fixture_write(&f, "host.json", text, strlen(text), path);
	free(base64);
	free(ek_hex);
	free(ak_hex);
}

static char challenge_file[128], secret_file[128];
static const char *in_the_way; /* of its files: what must not be replaced */
static rlim_t room;            /* bytes that a file may have; 0: as many as it wants */

static int enroll_in_room(const struct enroll_inputs *in, FILE *out)
{
	struct rlimit kept, less;
	int status;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &kept), 0);
	less = kept;
	if (room) {
		less.rlim_cur = room;
	}
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &less), 0);
	status = enroll(in, out);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &kept), 0);
	return status;
}

static int enroll_with(unsigned flags, const struct bytes *ek, const struct bytes *ak, bool allow)
{
	X509 *certificate = fixture_certificate(f.ek, "board", f.ca, f.root, flags);
	char path[96], *said = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&said, &length);
	struct enroll_inputs in = {.name = "host-1",
				   .evidence = path,
				   .challenge = challenge_file,
				   .pending = secret_file,
				   .roots = f.roots,
				   .allow_test_tpm = allow};
	int status;

	snprintf(challenge_file, sizeof(challenge_file), "%s/challenge.json", f.directory);
	snprintf(secret_file, sizeof(secret_file), "%s/secret.json", f.directory);
	unlink(challenge_file);
	unlink(secret_file);
	if (in_the_way) {
		fclose(fopen(in_the_way, "w"));
	}
	write_request(certificate, ek, ak, path);
	status = enroll_in_room(&in, out);
	fclose(out);
	/* words of its own: it is not a verdict on any host */
	assert_non_null(strstr(said, status ? "\nno challenge made: " : "\nchallenge made: "));
	assert_null(strstr(said, "\ntrusted:"));
	assert_true(!in_the_way || strstr(said, "json: cannot be written: File exists\n"));
	assert_true(!room || strstr(said, "json: cannot be written: File too large\n"));
	free(said);
	X509_free(certificate);
	return status;
}

/* The challenge in the form that tpm2_activatecredential reads. */
static void write_blob(const char *change)
{
	static const uint8_t head[8] = {0xBA, 0xDC, 0xC0, 0xDE, 0, 0, 0, 1};
	struct json_file file;
	struct json_node root;
	struct bytes credential, secret;
	uint8_t blob[1024];
	char path[96];

	assert_true(json_open_path(&file, &root, challenge_file, 65536));
	json_only(&root, (const char *[]){"format", "credential", "secret", NULL});
	json_format(&root, "corbel.challenge.1");
	json_hex_bytes(json_member(&root, "credential"), 200, &credential);
	json_hex_bytes(json_member(&root, "secret"), 600, &secret);
	assert_true(json_ok(&file));
	json_close(&file);
	memcpy(blob, head, 8);
	memcpy(blob + 8, credential.data, credential.length);
	memcpy(blob + 8 + credential.length, secret.data, secret.length);
	fixture_write(&f, change, blob, 8 + credential.length + secret.length, path);
	free(credential.data);
	free(secret.data);
}

static int activate(void)
{
	return shell("tpm2_startauthsession --policy-session -S s.ctx; "
		     "tpm2_policysecret -Q -S s.ctx -c e; "
		     "tpm2_activatecredential -Q -c ak.ctx -C 0x81010001 -i blob -o answer -P "
		     "session:s.ctx; tpm2_flushcontext -t; tpm2_flushcontext -s; "
		     "tpm2_flushcontext -l");
}

/* ---- tests -------------------------------------------------------------------------------- */

static void enrolment(void **state)
{
	struct bytes answer;
	struct host_list list;
	char *text, digit, error[256];

	(void)state;
	assert_int_equal(enroll_with(0, &ek_public, &ak_public, false), VERDICT_trusted);
	write_blob("blob");
	assert_int_equal(activate(), 0);
	answer = load("answer");
	text = in_hex(&answer);
	unlink(f.hosts_file);
	digit = text[5];
	text[5] = digit == '0' ? '1' : '0';
	assert_int_equal(admit(f.hosts_file, secret_file, text, false), VERDICT_not_trusted);
	assert_int_not_equal(access(f.hosts_file, F_OK), 0);
	text[5] = digit;
	assert_int_equal(admit(f.hosts_file, secret_file, "00", false), VERDICT_cannot_judge);
	assert_int_equal(admit(f.hosts_file, secret_file, text, false), VERDICT_trusted);
	assert_int_equal(admit(f.hosts_file, secret_file, text, false), VERDICT_cannot_judge);
	assert_int_equal(admit(f.hosts_file, secret_file, text, true), VERDICT_trusted);
	assert_true(hosts_read(NULL, f.hosts_file, &list, error));
	assert_int_equal(list.count, 1);
	assert_string_equal(list.host[0].name, "host-1");
	/* Another TPM under an enrolled name is another host: nothing puts it in the old one's
	 * place. */
	list.host[0].ek_sha256[0] ^= 1;
	assert_true(hosts_write(f.hosts_file, &list, error));
	free(list.host);
	assert_int_equal(admit(f.hosts_file, secret_file, text, true), VERDICT_cannot_judge);
	assert_true(hosts_read(NULL, f.hosts_file, &list, error));
	assert_int_equal(list.count, 1);
	list.host[0].ek_sha256[0] ^= 1;
	assert_true(hosts_write(f.hosts_file, &list, error));
	free(list.host);
	free(answer.data);
	free(text);
}

/* A challenge for a key that this TPM has not: it does not answer. */
static void foreign_key(void **state)
{
	EVP_PKEY *key = fixture_ec_key();
	TPMT_PUBLIC p;

	(void)state;
	fixture_ak_public(&p, key);
	fixture_set_ak(&f, &p);
	assert_int_equal(enroll_with(0, &ek_public, &f.e.ak_public, false), VERDICT_trusted);
	write_blob("blob");
	assert_int_not_equal(activate(), 0);
	assert_int_equal(shell("tpm2_flushcontext -t; tpm2_flushcontext -s; tpm2_flushcontext -l"),
			 0);
	EVP_PKEY_free(key);
}

static void refused(void **state)
{
	struct bytes other = {malloc(ek_public.length), ek_public.length};
	TPMT_PUBLIC p;

	(void)state;
	assert_int_equal(enroll_with(CERT_NO_PURPOSE, &ek_public, &ak_public, false),
			 VERDICT_not_trusted);
	assert_int_not_equal(access(challenge_file, F_OK), 0);
	assert_int_not_equal(access(secret_file, F_OK), 0);
	assert_int_equal(enroll_with(CERT_SWTPM, &ek_public, &ak_public, false),
			 VERDICT_not_trusted);
	assert_int_equal(enroll_with(CERT_SWTPM, &ek_public, &ak_public, true), VERDICT_trusted);
	/* an EK that is not the certificate's */
	memcpy(other.data, ek_public.data, other.length);
	other.data[other.length - 1] ^= 2;
	assert_int_equal(enroll_with(0, &other, &ak_public, false), VERDICT_not_trusted);
	free(other.data);
	/* an attestation key as EK and the other way round */
	assert_int_equal(enroll_with(0, &ak_public, &ak_public, false), VERDICT_not_trusted);
	assert_int_equal(enroll_with(0, &ek_public, &ek_public, false), VERDICT_not_trusted);
	/* an unrestricted key */
	assert_true(public_parse(&ak_public, &p));
	p.objectAttributes &= ~TPMA_OBJECT_RESTRICTED;
	fixture_set_ak(&f, &p);
	assert_int_equal(enroll_with(0, &ek_public, &f.e.ak_public, false), VERDICT_not_trusted);
}

/* The last line says what stands in the way, and nothing of either file is left. */
static void not_replaced(void **state)
{
	(void)state;
	in_the_way = challenge_file;
	assert_int_equal(enroll_with(0, &ek_public, &ak_public, false), VERDICT_cannot_judge);
	assert_int_not_equal(access(secret_file, F_OK), 0);
	in_the_way = secret_file;
	assert_int_equal(enroll_with(0, &ek_public, &ak_public, false), VERDICT_cannot_judge);
	assert_int_not_equal(access(challenge_file, F_OK), 0);
	in_the_way = NULL;
}

/* What is not all there says why, and is not left to lie about or to be in the way. */
static void no_room(void **state)
{
	static const rlim_t rooms[] = {100, 400}; /* less than the secret's file, than the other */

	(void)state;
	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		room = rooms[i];
		assert_int_equal(enroll_with(0, &ek_public, &ak_public, false),
				 VERDICT_cannot_judge);
		assert_int_not_equal(access(challenge_file, F_OK), 0);
		assert_int_not_equal(access(secret_file, F_OK), 0);
	}
	room = 0;
}

/* A TPM takes no longer secret than its name's digest (part 1, 24.4). */
static void long_secret(void **state)
{
	static const uint8_t name[NAME_LEN], secret[33];
	struct bytes credential, seed;

	(void)state;
	assert_true(credential_make(f.ek, name, secret, 32, &credential, &seed));
	free(credential.data);
	free(seed.data);
	assert_false(credential_make(f.ek, name, secret, 33, &credential, &seed));
	assert_null(credential.data);
	assert_null(seed.data);
}

static void read_pcrs(void)
{
	static const unsigned pcr[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 17, 18, 19, 22};
	struct bytes sha256 = load("pcr256"), sha384 = load("pcr384");

	assert_int_equal(sha256.length, 14 * 32);
	assert_int_equal(sha384.length, 14 * 48);
	for (unsigned i = 0; i < 14; i++) {
		memcpy(f.j.pcr256[pcr[i]], sha256.data + 32 * i, 32);
		memcpy(f.j.pcr384[pcr[i]], sha384.data + 48 * i, 48);
	}
	memcpy(f.e.pcr, f.j.pcr256, sizeof(f.e.pcr));
	memcpy(f.e.nonce, f.in.nonce, sizeof(f.e.nonce));
	f.j.pcr_known = f.e.pcr_present = QUOTE_PCRS;
	f.j.bank[0] = TPM2_ALG_SHA256;
	f.j.bank[1] = TPM2_ALG_SHA384;
	f.j.banks = 2;
	free(sha256.data);
	free(sha384.data);
}

/* The quote of a real TPM, of the key that was enrolled above. */
static void quote(void **state)
{
	X509 *certificate = fixture_certificate(f.ek, "board", f.ca, f.root, 0);
	char nonce[65], command[1024];

	(void)state;
	hex_encode(f.in.nonce, 32, nonce);
	snprintf(command, sizeof(command),
		 "P=0,1,2,3,4,5,6,7,8,9,17,18,19,22; tpm2_pcrextend 9:sha256=%s,sha384=%s%.32s; "
		 "tpm2_quote -Q -c ak.ctx -l sha256:$P+sha384:$P -q %s -m msg -s sig -g sha256; "
		 "tpm2_flushcontext -t; tpm2_pcrread -Q -o pcr256 sha256:$P; "
		 "tpm2_pcrread -Q -o pcr384 sha384:$P",
		 nonce, nonce, nonce, nonce);
	assert_int_equal(shell(command), 0);
	free(f.e.attest.data);
	free(f.e.signature.data);
	free(f.e.ak_public.data);
	f.e.attest = load("msg");
	f.e.signature = load("sig");
	f.e.ak_public = load_public("ak.pub");
	fixture_set_certificate(&f, certificate);
	read_pcrs();
	f.in.roots = f.roots;
	f.in.hosts = f.hosts_file;
	fixture_judge(&f);
	if (f.v.status != VERDICT_trusted) {
		verdict_text(&f.v, stderr);
	}
	assert_int_equal(f.v.status, VERDICT_trusted);
	assert_true(f.j.pcrs_ok);
	f.j.pcr384[9][0] ^= 1;
	fixture_judge(&f);
	assert_int_equal(fixture_row(&f.v, "quote.pcrs"), ROW_bad);
	X509_free(certificate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(enrolment),    cmocka_unit_test(quote),
		cmocka_unit_test(foreign_key),  cmocka_unit_test(refused),
		cmocka_unit_test(not_replaced), cmocka_unit_test(no_room),
		cmocka_unit_test(long_secret),
	};

	setenv("TSS2_LOG", "all+none", 1);
	return cmocka_run_group_tests(tests, setup, teardown);
}
