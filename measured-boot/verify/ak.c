/* SPDX-License-Identifier: MIT */
/*
 * The attestation key.  Its public area comes from the host; the TPM's word for it is the name, a
 * digest of that area, which enrolment bound to the endorsement key.  What the area says decides
 * what a signature means: only a restricted key refuses to sign made-up quotes (TPM 2.0 part 1,
 * 25.1.5), only fixedTPM and fixedParent keep it inside that TPM.
 */
#include "measured-boot/verify/identity.h"
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/sha.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#define NEEDED                                                                                     \
	(TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |        \
	 TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT)
/* whether it is exempt from lockout changes nothing for a key without authorisation value */
#define ALLOWED (NEEDED | TPMA_OBJECT_NODA)

bool public_parse(const struct bytes *bytes, TPMT_PUBLIC *out)
{
	uint8_t again[sizeof(TPMT_PUBLIC)];
	size_t at = 0, written = 0;

	memset(out, 0, sizeof(*out));
	return bytes->length && bytes->length <= sizeof(again) &&
	       Tss2_MU_TPMT_PUBLIC_Unmarshal(bytes->data, bytes->length, &at, out) ==
		       TSS2_RC_SUCCESS &&
	       Tss2_MU_TPMT_PUBLIC_Marshal(out, again, sizeof(again), &written) ==
		       TSS2_RC_SUCCESS &&
	       written == bytes->length && memcmp(again, bytes->data, written) == 0;
}

void public_name(const struct bytes *bytes, uint8_t name[NAME_LEN])
{
	name[0] = 0;
	name[1] = TPM2_ALG_SHA256;
	SHA256(bytes->data, bytes->length, name + 2);
}

/* NULL, or what is wrong with it. */
static const char *fault(const TPMT_PUBLIC *p)
{
	const TPMS_ECC_PARMS *ecc = &p->parameters.eccDetail;
	uint32_t missing = NEEDED & ~p->objectAttributes;

	if (p->type != TPM2_ALG_ECC || ecc->curveID != TPM2_ECC_NIST_P256) {
		return "no ECC P-256 key";
	}
	if (p->nameAlg != TPM2_ALG_SHA256) {
		return "its name is not made with SHA-256";
	}
	if (missing & TPMA_OBJECT_RESTRICTED) {
		return "unrestricted: it signs what it is given, a made-up quote too";
	}
	if (missing & TPMA_OBJECT_SIGN_ENCRYPT || p->objectAttributes & TPMA_OBJECT_DECRYPT) {
		return "no signing-only key";
	}
	if (missing &
	    (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN)) {
		return "its private part may be outside the TPM";
	}
	if (missing || p->objectAttributes & ~ALLOWED || p->authPolicy.size != 0) {
		return "attributes or a policy that an attestation key has not";
	}
	if (ecc->scheme.scheme != TPM2_ALG_ECDSA ||
	    ecc->scheme.details.ecdsa.hashAlg != TPM2_ALG_SHA256) {
		return "it does not sign with ECDSA and SHA-256 only";
	}
	if (ecc->symmetric.algorithm != TPM2_ALG_NULL || ecc->kdf.scheme != TPM2_ALG_NULL) {
		return "algorithms that an attestation key has not";
	}
	return NULL;
}

/* NULL: not a point of the curve. */
static EVP_PKEY *p256_key(const TPMS_ECC_POINT *p)
{
	uint8_t point[65] = {POINT_CONVERSION_UNCOMPRESSED};
	char group[] = SN_X9_62_prime256v1;
	OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *context, *check = NULL;
	EVP_PKEY *key = NULL;

	if (p->x.size > 32 || p->y.size > 32) {
		return NULL;
	}
	memcpy(point + 33 - p->x.size, p->x.buffer, p->x.size);
	memcpy(point + 65 - p->y.size, p->y.buffer, p->y.size);
	context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	if (!context || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
		key = NULL;
	}
	EVP_PKEY_CTX_free(context);
	check = key ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
	if (key && (!check || EVP_PKEY_public_check(check) != 1)) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	EVP_PKEY_CTX_free(check);
	return key;
}

EVP_PKEY *ak_judge(struct verdict *verdict, const struct bytes *bytes)
{
	static const char expected[] = "restricted P-256 signing key fixed in its TPM";
	const char *found = "no TPMT_PUBLIC structure";
	EVP_PKEY *key = NULL;
	TPMT_PUBLIC public;

	if (public_parse(bytes, &public)) {
		found = fault(&public);
		key = found ? NULL : p256_key(&public.unique.ecc);
		if (!found && !key) {
			found = "no point of the curve";
		}
	}
	if (key) {
		verdict_add(verdict, "ak.attributes", ROW_ok, expected, "as expected",
			    "The key signs only what the TPM itself made.");
	} else {
		verdict_add(verdict, "ak.attributes", ROW_bad, expected, found,
			    "A signature of this key would prove nothing.");
	}
	return key;
}

void ak_check(struct judge *judge)
{
	judge->ak = ak_judge(judge->verdict, &judge->e->ak_public);
	public_name(&judge->e->ak_public, judge->ak_name);
	if (!judge->enrolled) {
		verdict_add_digest(judge->verdict, "ak.credential", ROW_missing, NULL,
				   judge->ak_name, NAME_LEN,
				   "The host is not enrolled: nothing ties this key to its TPM.");
		return;
	}
	verdict_compare(judge->verdict, "ak.credential", judge->enrolled_ak, judge->ak_name,
			NAME_LEN,
			"The key that this TPM proved to hold when the host was enrolled.",
			"Another key than the one that this TPM proved to hold.");
}
