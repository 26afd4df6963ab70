/* SPDX-License-Identifier: MIT */
/*
 * TPM2_MakeCredential in software, so that the verifier needs no TPM: a secret that comes back only
 * from the TPM that holds both the endorsement key and the object of the given name (TPM 2.0 part
 * 1, chapter 24; KDFa is 11.4.10.2, secret sharing B.10.4).  Its one consumer is enrolment.
 */
#include "measured-boot/verify/identity.h"
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#define SEED_LEN   32u /* of the EK's nameAlg */
#define SECRET_MAX 32u /* one digest of the nameAlg (part 1, 24.4) */

static void put16(uint8_t *out, size_t value)
{
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
}

/* KDFa with SHA-256 for at most 256 bits: one round of HMAC(key, 1, label, 0, context, bits). */
static bool kdf(const uint8_t seed[SEED_LEN], const char *label, const uint8_t *context,
		size_t length, size_t bits, uint8_t *out)
{
	uint8_t message[4 + 16 + NAME_LEN + 4] = {0, 0, 0, 1}, full[32];
	size_t at = 4, label_length = strlen(label) + 1;
	unsigned made = sizeof(full);

	memcpy(message + at, label, label_length);
	at += label_length;
	if (length) {
		memcpy(message + at, context, length);
		at += length;
	}
	put16(message + at, 0);
	put16(message + at + 2, bits);
	if (!HMAC(EVP_sha256(), seed, SEED_LEN, message, at + 4, full, &made)) {
		return false;
	}
	memcpy(out, full, bits / 8);
	return true;
}

static bool encrypt_identity(const uint8_t key[16], const uint8_t *in, size_t length, uint8_t *out)
{
	static const uint8_t zero[16];
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int done = 0;
	bool good = context &&
		    EVP_EncryptInit_ex(context, EVP_aes_128_cfb128(), NULL, key, zero) == 1 &&
		    EVP_EncryptUpdate(context, out, &done, in, (int)length) == 1 &&
		    done == (int)length;

	EVP_CIPHER_CTX_free(context);
	return good;
}

/* RSA-OAEP with SHA-256 and the label "IDENTITY", its NUL included. */
static bool encrypt_seed(EVP_PKEY *ek, const uint8_t seed[SEED_LEN], struct bytes *out)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, ek, NULL);
	char *label = OPENSSL_strdup("IDENTITY");
	size_t length = 0;
	bool good = context && label && EVP_PKEY_encrypt_init(context) == 1 &&
		    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
		    EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) == 1 &&
		    EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1;

	if (good && EVP_PKEY_CTX_set0_rsa_oaep_label(context, label, sizeof("IDENTITY")) == 1) {
		label = NULL; /* now the context's */
		good = EVP_PKEY_encrypt(context, NULL, &length, seed, SEED_LEN) == 1;
	} else {
		good = false;
	}
	out->data = good ? malloc(2 + length) : NULL;
	good = out->data && EVP_PKEY_encrypt(context, out->data + 2, &length, seed, SEED_LEN) == 1;
	if (good) {
		put16(out->data, length);
		out->length = 2 + length;
	}
	OPENSSL_free(label);
	EVP_PKEY_CTX_free(context);
	return good;
}

/* TPM2B_ID_OBJECT: u16 size, TPM2B integrity HMAC, encrypted TPM2B secret. */
static bool wrap(const uint8_t seed[SEED_LEN], const uint8_t name[NAME_LEN], const uint8_t *secret,
		 size_t length, struct bytes *out)
{
	uint8_t key[16], hmac_key[32], plain[2 + SECRET_MAX];
	uint8_t covered[2 + SECRET_MAX + NAME_LEN];
	size_t inner = 2 + length;
	unsigned made = 32;
	bool good;

	put16(plain, length);
	memcpy(plain + 2, secret, length);
	good = kdf(seed, "STORAGE", name, NAME_LEN, 128, key) &&
	       encrypt_identity(key, plain, inner, covered) &&
	       kdf(seed, "INTEGRITY", NULL, 0, 256, hmac_key);
	memcpy(covered + inner, name, NAME_LEN);
	out->length = 2 + 2 + 32 + inner;
	out->data = good ? malloc(out->length) : NULL;
	good = out->data && HMAC(EVP_sha256(), hmac_key, sizeof(hmac_key), covered,
				 inner + NAME_LEN, out->data + 4, &made);
	if (good) {
		put16(out->data, out->length - 2);
		put16(out->data + 2, 32);
		memcpy(out->data + 36, covered, inner);
	}
	OPENSSL_cleanse(key, sizeof(key));
	OPENSSL_cleanse(hmac_key, sizeof(hmac_key));
	OPENSSL_cleanse(plain, sizeof(plain));
	return good;
}

bool credential_make(EVP_PKEY *ek, const uint8_t name[NAME_LEN], const uint8_t *secret,
		     size_t length, struct bytes *credential, struct bytes *encrypted_seed)
{
	uint8_t seed[SEED_LEN];
	bool good;

	*credential = *encrypted_seed = (struct bytes){0};
	good = length <= SECRET_MAX && RAND_priv_bytes(seed, sizeof(seed)) == 1 &&
	       encrypt_seed(ek, seed, encrypted_seed) &&
	       wrap(seed, name, secret, length, credential);
	OPENSSL_cleanse(seed, sizeof(seed));
	if (!good) {
		free(credential->data);
		free(encrypted_seed->data);
		*credential = *encrypted_seed = (struct bytes){0};
	}
	return good;
}
