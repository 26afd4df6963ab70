/* SPDX-License-Identifier: MIT */
/*
 * The envelope with BearSSL's constant-time primitives.  Pure but for getrandom(); every byte of an
 * envelope is hostile until its tag has been checked.
 */
#include <bearssl.h>
#include <string.h>
#include <sys/random.h>

#include "tools/report/envelope.h"

static const char tag[] = "corbel.envelope.1"; /* with its NUL */

/* SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING } up to the point itself. */
static const uint8_t spki[ENVELOPE_PUBLIC_LEN - ENVELOPE_POINT] = {
	0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
	0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};

struct keys {
	uint8_t cipher[32], mac[32];
};

static bool new_key(uint8_t key[ENVELOPE_KEY_LEN], uint8_t point[ENVELOPE_POINT])
{
	br_hmac_drbg_context drbg;
	br_ec_private_key secret;
	br_ec_public_key public_key;
	uint8_t seed[48];

	if (getrandom(seed, sizeof(seed), 0) != sizeof(seed)) {
		return false;
	}
	br_hmac_drbg_init(&drbg, &br_sha256_vtable, seed, sizeof(seed));
	explicit_bzero(seed, sizeof(seed));
	return br_ec_keygen(&drbg.vtable, &br_ec_p256_m31, &secret, key, BR_EC_secp256r1) ==
		       ENVELOPE_KEY_LEN &&
	       br_ec_compute_pub(&br_ec_p256_m31, &public_key, point, &secret) == ENVELOPE_POINT;
}

bool envelope_key(uint8_t key[ENVELOPE_KEY_LEN], uint8_t public_key[ENVELOPE_PUBLIC_LEN])
{
	memcpy(public_key, spki, sizeof(spki));
	return new_key(key, public_key + sizeof(spki));
}

/* mul() refuses what is no point of the curve. */
static bool derive(struct keys *keys, const uint8_t key[ENVELOPE_KEY_LEN],
		   const uint8_t other[ENVELOPE_POINT], const uint8_t nonce[ENVELOPE_NONCE_LEN],
		   const uint8_t sender[ENVELOPE_POINT], const uint8_t receiver[ENVELOPE_POINT])
{
	uint8_t point[ENVELOPE_POINT], information[sizeof(tag) + 2 * ENVELOPE_POINT];
	br_hkdf_context hkdf;

	memcpy(point, other, sizeof(point));
	if (!br_ec_p256_m31.mul(point, sizeof(point), key, ENVELOPE_KEY_LEN, BR_EC_secp256r1)) {
		return false;
	}
	memcpy(information, tag, sizeof(tag));
	memcpy(information + sizeof(tag), sender, ENVELOPE_POINT);
	memcpy(information + sizeof(tag) + ENVELOPE_POINT, receiver, ENVELOPE_POINT);
	br_hkdf_init(&hkdf, &br_sha256_vtable, nonce, ENVELOPE_NONCE_LEN);
	br_hkdf_inject(&hkdf, point + 1, 32);
	br_hkdf_flip(&hkdf);
	br_hkdf_produce(&hkdf, information, sizeof(information), keys, sizeof(*keys));
	explicit_bzero(point, sizeof(point));
	explicit_bzero(&hkdf, sizeof(hkdf));
	return true;
}

static void cipher(const struct keys *keys, uint8_t *text, size_t size)
{
	static const uint8_t zero[12];
	br_aes_ct64_ctr_keys aes;

	br_aes_ct64_ctr_init(&aes, keys->cipher, sizeof(keys->cipher));
	br_aes_ct64_ctr_run(&aes, zero, 0, text, size);
	explicit_bzero(&aes, sizeof(aes));
}

static void authenticate(const struct keys *keys, const uint8_t *bytes, size_t size,
			 uint8_t mac[32])
{
	br_hmac_key_context key;
	br_hmac_context hmac;

	br_hmac_key_init(&key, &br_sha256_vtable, keys->mac, sizeof(keys->mac));
	br_hmac_init(&hmac, &key, 0);
	br_hmac_update(&hmac, bytes, size);
	br_hmac_out(&hmac, mac);
}

size_t envelope_seal(uint8_t out[ENVELOPE_MAX], const uint8_t public_key[ENVELOPE_PUBLIC_LEN],
		     const uint8_t nonce[ENVELOPE_NONCE_LEN], const uint8_t *secret, size_t size)
{
	const uint8_t *receiver = public_key + sizeof(spki);
	uint8_t key[ENVELOPE_KEY_LEN];
	struct keys keys;

	if (size == 0 || size > ENVELOPE_SECRET_MAX || memcmp(public_key, spki, sizeof(spki)) ||
	    !new_key(key, out) || !derive(&keys, key, receiver, nonce, out, receiver)) {
		return 0;
	}
	memcpy(out + ENVELOPE_POINT, secret, size);
	cipher(&keys, out + ENVELOPE_POINT, size);
	authenticate(&keys, out, ENVELOPE_POINT + size, out + ENVELOPE_POINT + size);
	explicit_bzero(key, sizeof(key));
	explicit_bzero(&keys, sizeof(keys));
	return ENVELOPE_OVERHEAD + size;
}

static bool equal(const uint8_t *a, const uint8_t *b, size_t size)
{
	uint8_t difference = 0;

	for (size_t i = 0; i < size; i++) {
		difference |= a[i] ^ b[i];
	}
	return difference == 0;
}

size_t envelope_open(uint8_t secret[ENVELOPE_SECRET_MAX], const uint8_t key[ENVELOPE_KEY_LEN],
		     const uint8_t nonce[ENVELOPE_NONCE_LEN], const uint8_t *envelope, size_t size)
{
	const br_ec_private_key own = {BR_EC_secp256r1, (uint8_t *)key, ENVELOPE_KEY_LEN};
	size_t text = size - ENVELOPE_OVERHEAD;
	uint8_t receiver[ENVELOPE_POINT], mac[32];
	br_ec_public_key public_key;
	struct keys keys;
	bool good;

	if (size <= ENVELOPE_OVERHEAD || size > ENVELOPE_MAX ||
	    br_ec_compute_pub(&br_ec_p256_m31, &public_key, receiver, &own) != ENVELOPE_POINT ||
	    !derive(&keys, key, envelope, nonce, envelope, receiver)) {
		return 0;
	}
	authenticate(&keys, envelope, ENVELOPE_POINT + text, mac);
	good = equal(mac, envelope + ENVELOPE_POINT + text, sizeof(mac));
	if (good) {
		memcpy(secret, envelope + ENVELOPE_POINT, text);
		cipher(&keys, secret, text);
	}
	explicit_bzero(&keys, sizeof(keys));
	return good ? text : 0;
}
