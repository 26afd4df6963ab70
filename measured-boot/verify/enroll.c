/* SPDX-License-Identifier: MIT */
/*
 * Enrolment.  `enroll` judges a host's endorsement and attestation keys and makes a challenge that
 * only the TPM with both can answer; `admit` puts the host into the list when the answer is right.
 * Between the two the secret stays in a file of the verifier's.  Whether the certificate really is
 * that of the machine in question nobody but the verifier's owner can know: he takes host.json from
 * there himself.
 */
#include "measured-boot/verify/bootlog.h"
#include "measured-boot/verify/identity.h"
#include "measured-boot/verify/json.h"
#include "tools/lib/hex.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECRET_LEN 32u

/* What is on its way from host.json to the list. */
struct pending {
	char name[HOST_NAME_MAX_LEN + 1];
	uint8_t ek_sha256[32], ak_name[NAME_LEN], secret[SECRET_LEN];
};

struct request {
	struct bytes certificate, ek, ak;
};

#define WHY_LEN 400

static int complain(const char *text)
{
	fprintf(stderr, "corbel-verify: %s\n", text);
	return VERDICT_cannot_judge;
}

static bool request_read(const char *path, struct request *out, char error[256])
{
	struct json_file f;
	struct json_node root;

	*out = (struct request){0};
	if (json_open_path(&f, &root, path, JSON_FILE_MAX)) {
		json_format(&root, "corbel.enroll.1");
		json_only(&root, (const char *[]){"format", "ek_certificate", "ek_public",
						  "ak_public", NULL});
		json_base64(json_member(&root, "ek_certificate"), 8192, &out->certificate);
		json_hex_bytes(json_member(&root, "ek_public"), 1024, &out->ek);
		json_hex_bytes(json_member(&root, "ak_public"), 1024, &out->ak);
	}
	memcpy(error, f.error, sizeof(f.error));
	json_close(&f);
	return !f.failed;
}

static void request_free(struct request *r)
{
	free(r->certificate.data);
	free(r->ek.data);
	free(r->ak.data);
}

/* The public area must be of the certificate's key: its modulus; and of a kind whose credentials
 * we can make.  NULL: as it should be. */
static const char *ek_fault(EVP_PKEY *key, const struct bytes *public_area)
{
	TPMT_PUBLIC p;
	uint8_t modulus[TPM2_MAX_RSA_KEY_BYTES];
	BIGNUM *n = NULL;
	bool same;

	if (!public_parse(public_area, &p) || p.type != TPM2_ALG_RSA) {
		return "ek_public: expected the TPMT_PUBLIC of an RSA key";
	}
	if (p.nameAlg != TPM2_ALG_SHA256 || !(p.objectAttributes & TPMA_OBJECT_RESTRICTED) ||
	    !(p.objectAttributes & TPMA_OBJECT_DECRYPT) ||
	    p.parameters.rsaDetail.symmetric.algorithm != TPM2_ALG_AES ||
	    p.parameters.rsaDetail.symmetric.keyBits.aes != 128 ||
	    p.parameters.rsaDetail.symmetric.mode.aes != TPM2_ALG_CFB) {
		return "ek_public: expected a restricted decryption key, SHA-256 and AES-128-CFB";
	}
	if (!EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_get_bits(key) < 2048 ||
	    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) != 1) {
		return "ek_certificate: expected an RSA key of at least 2048 bits";
	}
	same = BN_num_bytes(n) == p.unique.rsa.size &&
	       BN_bn2binpad(n, modulus, p.unique.rsa.size) == p.unique.rsa.size &&
	       memcmp(modulus, p.unique.rsa.buffer, p.unique.rsa.size) == 0;
	BN_free(n);
	return same ? NULL : "ek_public: expected the key that the certificate is for";
}

/* Closes the file; 0, or the errno that says why the text is not all there. */
static int put_text(int fd, const char *text)
{
	size_t left = strlen(text);
	int error = 0;

	while (left > 0 && !error) {
		ssize_t written = write(fd, text, left);

		if (written < 0) {
			error = errno;
		} else {
			text += written;
			left -= (size_t)written;
		}
	}
	if (close(fd) != 0 && !error) {
		error = errno;
	}
	return error;
}

/* Creates with mode 0600 and fails, with the reason, rather than follow what lies there; then it
 * leaves nothing of its own behind. */
static bool write_new(const char *path, const char *text, char why[WHY_LEN])
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int error = fd < 0 ? errno : put_text(fd, text);

	if (error) {
		char name[300];

		text_escape(path, strlen(path), name, sizeof(name));
		snprintf(why, WHY_LEN, "%s: cannot be written: %s", name, strerror(error));
	}
	if (error && fd >= 0) {
		unlink(path);
	}
	return !error;
}

static bool write_challenge(const char *path, const struct bytes *credential,
			    const struct bytes *secret, char why[WHY_LEN])
{
	char *text = calloc(1, 256 + 2 * (credential->length + secret->length)), *at = text;
	bool good;

	if (!text) {
		snprintf(why, WHY_LEN, "out of memory");
		return false;
	}
	at += sprintf(at, "{\n  \"format\": \"corbel.challenge.1\",\n  \"credential\": \"");
	hex_encode(credential->data, credential->length, at);
	at += sprintf(at + 2 * credential->length, "\",\n  \"secret\": \"") +
	      2 * credential->length;
	hex_encode(secret->data, secret->length, at);
	strcat(at, "\"\n}\n");
	good = write_new(path, text, why);
	free(text);
	return good;
}

static bool write_pending(const char *path, const struct pending *p, char why[WHY_LEN])
{
	char ek[65], ak[2 * NAME_LEN + 1], secret[2 * SECRET_LEN + 1], text[512];

	hex_encode(p->ek_sha256, 32, ek);
	hex_encode(p->ak_name, NAME_LEN, ak);
	hex_encode(p->secret, SECRET_LEN, secret);
	snprintf(text, sizeof(text),
		 "{\n  \"format\": \"corbel.pending.1\",\n  \"name\": \"%s\",\n"
		 "  \"ek_sha256\": \"%s\",\n  \"ak_name\": \"%s\",\n  \"secret\": \"%s\"\n}\n",
		 p->name, ek, ak, secret);
	return write_new(path, text, why);
}

static int challenge(const struct enroll_inputs *in, EVP_PKEY *ek, struct pending *p,
		     char why[WHY_LEN])
{
	struct bytes credential, seed;
	int status = VERDICT_cannot_judge;

	if (RAND_priv_bytes(p->secret, SECRET_LEN) != 1 ||
	    !credential_make(ek, p->ak_name, p->secret, SECRET_LEN, &credential, &seed)) {
		snprintf(why, WHY_LEN, "it cannot be made with this endorsement key");
		return VERDICT_cannot_judge;
	}
	if (write_pending(in->pending, p, why)) {
		if (write_challenge(in->challenge, &credential, &seed, why)) {
			status = VERDICT_trusted;
		} else {
			unlink(in->pending);
		}
	}
	free(credential.data);
	free(seed.data);
	return status;
}

/* Both keys judged; the challenge made if they are what they must be. */
static int judge_request(const struct enroll_inputs *in, const struct request *r, X509 *certificate,
			 FILE *out)
{
	EVP_PKEY *ek = X509_get0_pubkey(certificate), *ak;
	struct verdict verdict = {0};
	struct pending p = {0};
	const char *wrong = ek ? ek_fault(ek, &r->ek) : "ek_certificate: its key is unreadable";
	char outcome[WHY_LEN] = "something is missing, see above";
	int status;

	certificate_judge(&verdict, certificate, in->roots, in->allow_test_tpm);
	ak = ak_judge(&verdict, &r->ak);
	if (wrong) {
		verdict_add(&verdict, "ek.public", ROW_bad, "the certificate's key", NULL, "%s",
			    wrong);
	}
	verdict_close(&verdict);
	verdict_rows(&verdict, out);
	status = (int)verdict.status;
	verdict_free(&verdict);
	EVP_PKEY_free(ak);
	if (status == VERDICT_trusted) {
		snprintf(p.name, sizeof(p.name), "%s", in->name);
		public_name(&r->ak, p.ak_name);
		if (certificate_key_digest(certificate, p.ek_sha256)) {
			status = challenge(in, ek, &p, outcome);
		} else {
			snprintf(outcome, sizeof(outcome),
				 "the endorsement key cannot be digested");
			status = VERDICT_cannot_judge;
		}
		if (status != VERDICT_trusted) {
			complain(outcome);
		}
	}
	OPENSSL_cleanse(&p, sizeof(p));
	/* no word of a verdict: nothing was decided but that it is worth asking */
	if (status == VERDICT_not_trusted) {
		snprintf(outcome, sizeof(outcome), "the keys are not as they must be, see above");
	} else if (status == VERDICT_trusted) {
		text_escape(in->challenge, strlen(in->challenge), outcome, sizeof(outcome));
	}
	fprintf(out, "\n%s: %s\n", status ? "no challenge made" : "challenge made", outcome);
	return status;
}

int enroll(const struct enroll_inputs *in, FILE *out)
{
	struct request r;
	char error[256];
	X509 *certificate;
	int status;

	if (!host_name_valid(in->name)) {
		return complain("--name: expected up to 63 letters, digits, '.', '-' and '_'");
	}
	if (!request_read(in->evidence, &r, error)) {
		request_free(&r);
		return complain(error);
	}
	certificate = certificate_parse(&r.certificate);
	status = certificate ? judge_request(in, &r, certificate, out)
			     : complain("ek_certificate: expected one X.509 certificate in DER");
	X509_free(certificate);
	request_free(&r);
	return status;
}

/* ---- admit -------------------------------------------------------------------------------- */

static bool pending_read(const char *path, struct pending *p, char error[256])
{
	struct json_file f;
	struct json_node root;
	struct json_node name;

	memset(p, 0, sizeof(*p));
	if (json_open_path(&f, &root, path, JSON_FILE_MAX)) {
		json_format(&root, "corbel.pending.1");
		json_only(&root, (const char *[]){"format", "name", "ek_sha256", "ak_name",
						  "secret", NULL});
		name = json_member(&root, "name");
		snprintf(p->name, sizeof(p->name), "%s", json_text(name, HOST_NAME_MAX_LEN));
		if (json_ok(&f) && !host_name_valid(p->name)) {
			json_fault(&name, "expected letters, digits, '.', '-' and '_'");
		}
		json_hex(json_member(&root, "ek_sha256"), p->ek_sha256, 32);
		json_hex(json_member(&root, "ak_name"), p->ak_name, NAME_LEN);
		json_hex(json_member(&root, "secret"), p->secret, SECRET_LEN);
	}
	memcpy(error, f.error, sizeof(f.error));
	json_close(&f);
	return !f.failed;
}

/* Adds or, if asked to, replaces what has this key.  The list has room for one more. */
static bool insert(struct host_list *list, const struct pending *p, bool replace)
{
	size_t kept = 0;
	struct host *host;

	for (size_t i = 0; i < list->count; i++) {
		bool same = memcmp(list->host[i].ek_sha256, p->ek_sha256, 32) == 0;
		bool named = strcmp(list->host[i].name, p->name) == 0;

		if (named && !same) {
			fprintf(stderr,
				"corbel-verify: host '%s' is enrolled with another endorsement "
				"key: it is another host; take that one out of the list first\n",
				list->host[i].name);
			return false;
		}
		if (same && !replace) {
			fprintf(stderr,
				"corbel-verify: host '%s' is enrolled already with this key "
				"(--replace puts the new one in its place)\n",
				list->host[i].name);
			return false;
		}
		if (!same) {
			list->host[kept++] = list->host[i];
		}
	}
	host = &list->host[kept++];
	memset(host, 0, sizeof(*host));
	memcpy(host->name, p->name, sizeof(host->name));
	memcpy(host->ek_sha256, p->ek_sha256, 32);
	memcpy(host->ak_name, p->ak_name, NAME_LEN);
	list->count = kept;
	return true;
}

int admit(const char *hosts, const char *pending, const char *secret_hex, bool replace)
{
	struct host_list list = {0};
	struct pending p;
	uint8_t answer[SECRET_LEN];
	char error[256];
	bool good;

	if (!pending_read(pending, &p, error)) {
		return complain(error);
	}
	if (!hex_decode(secret_hex, answer, SECRET_LEN)) {
		return complain("the answer: expected 64 hex digits, as `corbel attest "
				"--activate` prints them");
	}
	good = CRYPTO_memcmp(answer, p.secret, SECRET_LEN) == 0;
	OPENSSL_cleanse(p.secret, SECRET_LEN);
	if (!good) {
		complain("the answer is wrong: this TPM does not hold both keys");
		return VERDICT_not_trusted;
	}
	if (access(hosts, F_OK) != 0 && errno == ENOENT) {
		list.host = calloc(1, sizeof(list.host[0]));
	} else if (!hosts_read(NULL, hosts, &list, error)) {
		return complain(error);
	}
	good = list.host && insert(&list, &p, replace);
	if (good && !hosts_write(hosts, &list, error)) {
		good = false;
		complain(error);
	}
	free(list.host);
	return good ? VERDICT_trusted : VERDICT_cannot_judge;
}
