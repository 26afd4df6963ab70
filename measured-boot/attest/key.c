/* SPDX-License-Identifier: MIT */
/*
 * The attestation key: made once below the EK, persistent, used for quotes and nothing else.  That
 * it lies in the TPM of the EK certificate is proved to a verifier by credential activation.
 */
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <tss2/tss2_mu.h>
#include <unistd.h>

#include "measured-boot/attest/attest.h"
#include "tools/corbel/launchlog.h"
#include "tools/lib/files.h"

/* NODA: its password is empty, and a host that lost power a few times locks its TPM out. */
#define AK_ATTRIBUTES                                                                              \
	(TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_FIXEDTPM |                \
	 TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |    \
	 TPMA_OBJECT_NODA)

static const TPM2B_PUBLIC ak_template = {
	.publicArea =
		{
			.type = TPM2_ALG_ECC,
			.nameAlg = TPM2_ALG_SHA256,
			.objectAttributes = AK_ATTRIBUTES,
			.parameters.eccDetail =
				{
					.symmetric.algorithm = TPM2_ALG_NULL,
					.scheme = {.scheme = TPM2_ALG_ECDSA,
						   .details.ecdsa.hashAlg = TPM2_ALG_SHA256},
					.curveID = TPM2_ECC_NIST_P256,
					.kdf.scheme = TPM2_ALG_NULL,
				},
		},
};

/* ---- EK -------------------------------------------------------------------------------------- */

static int find_ek(struct tpm *tpm, ESYS_TR *ek)
{
	TSS2_RC rc = Esys_TR_FromTPMPublic(tpm->esys, ATTEST_EK_HANDLE, ESYS_TR_NONE, ESYS_TR_NONE,
					   ESYS_TR_NONE, ek);

	if (tpm_is_absent(rc)) {
		return attest_error("this TPM has no RSA EK at 0x%x: it was not provisioned",
				    ATTEST_EK_HANDLE);
	}
	return rc ? tpm_error(rc, "cannot look at the EK at 0x%x", ATTEST_EK_HANDLE) : ATTEST_OK;
}

/* The EK may be used by who knows the endorsement hierarchy's auth (EK profile 2.5, B.3.3).  Such a
 * session is good for one command. */
static int open_session(struct tpm *tpm, ESYS_TR *session)
{
	TPMT_SYM_DEF none = {.algorithm = TPM2_ALG_NULL};
	TSS2_RC rc;

	rc = Esys_StartAuthSession(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
				   ESYS_TR_NONE, ESYS_TR_NONE, NULL, TPM2_SE_POLICY, &none,
				   TPM2_ALG_SHA256, session);
	if (rc) {
		return tpm_error(rc, "the TPM starts no session");
	}
	rc = Esys_PolicySecret(tpm->esys, ESYS_TR_RH_ENDORSEMENT, *session, ESYS_TR_PASSWORD,
			       ESYS_TR_NONE, ESYS_TR_NONE, NULL, NULL, NULL, 0, NULL, NULL);
	if (rc) {
		Esys_FlushContext(tpm->esys, *session);
		return tpm_error(rc, "the endorsement hierarchy is not open (its auth is set?)");
	}
	return ATTEST_OK;
}

static int marshal(const TPM2B_PUBLIC *public, struct blob *out)
{
	TSS2_RC rc;

	out->length = 0;
	rc = Tss2_MU_TPMT_PUBLIC_Marshal(&public->publicArea, out->data, sizeof(out->data),
					 &out->length);
	return rc ? tpm_error(rc, "the TPM's key has no form that can be written") : ATTEST_OK;
}

static int read_public(struct tpm *tpm, ESYS_TR object, struct blob *out)
{
	TPM2B_PUBLIC *public = NULL;
	TSS2_RC rc = Esys_ReadPublic(tpm->esys, object, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
				     &public, NULL, NULL);
	int ret;

	if (rc) {
		return tpm_error(rc, "cannot read a key's public part");
	}
	ret = marshal(public, out);
	Esys_Free(public);
	return ret;
}

int key_ek_public(struct tpm *tpm, struct blob *public)
{
	ESYS_TR ek;
	int ret = find_ek(tpm, &ek);

	if (!ret) {
		ret = read_public(tpm, ek, public);
		Esys_TR_Close(tpm->esys, &ek);
	}
	return ret;
}

/* ---- making the AK -------------------------------------------------------------------------- */

static int create(struct tpm *tpm, ESYS_TR ek, TPM2B_PRIVATE **private, TPM2B_PUBLIC **public)
{
	TPM2B_SENSITIVE_CREATE sensitive = {0};
	TPML_PCR_SELECTION pcrs = {0};
	TPM2B_DATA outside = {0};
	ESYS_TR session;
	TSS2_RC rc;
	int ret = open_session(tpm, &session);

	if (ret) {
		return ret;
	}
	rc = Esys_Create(tpm->esys, ek, session, ESYS_TR_NONE, ESYS_TR_NONE, &sensitive,
			 &ak_template, &outside, &pcrs, private, public, NULL, NULL, NULL);
	Esys_FlushContext(tpm->esys, session);
	return rc ? tpm_error(rc, "the TPM makes no AK") : ATTEST_OK;
}

static int load(struct tpm *tpm, ESYS_TR ek, const TPM2B_PRIVATE *private,
		const TPM2B_PUBLIC *public, ESYS_TR *loaded)
{
	ESYS_TR session;
	TSS2_RC rc;
	int ret = open_session(tpm, &session);

	if (ret) {
		return ret;
	}
	rc = Esys_Load(tpm->esys, ek, session, ESYS_TR_NONE, ESYS_TR_NONE, private, public, loaded);
	Esys_FlushContext(tpm->esys, session);
	return rc ? tpm_error(rc, "the TPM does not load the AK") : ATTEST_OK;
}

static int make_ak(struct tpm *tpm)
{
	TPM2B_PRIVATE *private = NULL;
	TPM2B_PUBLIC *public = NULL;
	ESYS_TR ek, loaded;
	TSS2_RC rc;
	int ret = find_ek(tpm, &ek);

	if (ret) {
		return ret;
	}
	ret = create(tpm, ek, &private, &public);
	if (!ret) {
		ret = load(tpm, ek, private, public, &loaded);
	}
	Esys_Free(private);
	Esys_Free(public);
	Esys_TR_Close(tpm->esys, &ek);
	if (ret) {
		return ret;
	}
	rc = Esys_EvictControl(tpm->esys, ESYS_TR_RH_OWNER, loaded, ESYS_TR_PASSWORD, ESYS_TR_NONE,
			       ESYS_TR_NONE, ATTEST_AK_HANDLE, &tpm->ak);
	Esys_FlushContext(tpm->esys, loaded);
	return rc ? tpm_error(rc, "the TPM does not keep the AK at 0x%x", ATTEST_AK_HANDLE)
		  : ATTEST_OK;
}

/* ---- one AK, ever --------------------------------------------------------------------------- */

static bool is_ours(const struct blob *public)
{
	struct blob expected;
	TPM2B_PUBLIC found = {0}, like = ak_template;
	size_t offset = 0;

	if (Tss2_MU_TPMT_PUBLIC_Unmarshal(public->data, public->length, &offset,
					  &found.publicArea)) {
		return false;
	}
	like.publicArea.unique = found.publicArea.unique;
	return !marshal(&like, &expected) && expected.length == public->length &&
	       !memcmp(expected.data, public->data, public->length);
}

static void path_of(const char *name, char *path, size_t size)
{
	snprintf(path, size, "%s/%s", launchlog_root, name);
}

static bool recall(const char *name, struct blob *blob)
{
	const char *why;
	char path[512];
	FILE *file;

	path_of(name, path, sizeof(path));
	file = files_open_stream(path, &why);
	if (!file) {
		return false;
	}
	blob->length = fread(blob->data, 1, sizeof(blob->data), file);
	fclose(file);
	return blob->length > 0 && blob->length < sizeof(blob->data);
}

/* A copy that cannot be kept costs a command next time, no more. */
static void keep(const char *name, const struct blob *blob)
{
	char path[512], temporary[520];
	FILE *file;
	bool good;

	path_of(name, path, sizeof(path));
	snprintf(temporary, sizeof(temporary), "%s.new", path);
	file = fopen(temporary, "we");
	if (file) {
		good = fwrite(blob->data, 1, blob->length, file) == blob->length;
		good = !fclose(file) && good;
		if (!good || rename(temporary, path)) {
			unlink(temporary);
		}
	}
}

/* The name that the TPM gave is the digest of the public part: a copy with it is the same key. */
static bool has_name(struct tpm *tpm, const struct blob *public)
{
	uint8_t name[2 + SHA256_DIGEST_LENGTH] = {TPM2_ALG_SHA256 >> 8, TPM2_ALG_SHA256 & 0xff};
	TPM2B_NAME *found = NULL;
	bool same;

	if (Esys_TR_GetName(tpm->esys, tpm->ak, &found)) {
		return false;
	}
	SHA256(public->data, public->length, name + 2);
	same = found->size == sizeof(name) && !memcmp(found->name, name, sizeof(name));
	Esys_Free(found);
	return same;
}

int key_ready(struct tpm *tpm, struct identity *identity)
{
	TSS2_RC rc = Esys_TR_FromTPMPublic(tpm->esys, ATTEST_AK_HANDLE, ESYS_TR_NONE, ESYS_TR_NONE,
					   ESYS_TR_NONE, &tpm->ak);
	bool known;
	int ret = ATTEST_OK;

	if (tpm_is_absent(rc)) {
		ret = make_ak(tpm);
	} else if (rc) {
		ret = tpm_error(rc, "cannot look at the AK at 0x%x", ATTEST_AK_HANDLE);
	}
	if (ret) {
		return ret;
	}
	known = recall("ak.public", &identity->ak_public) && has_name(tpm, &identity->ak_public);
	if (!known) {
		ret = read_public(tpm, tpm->ak, &identity->ak_public);
	}
	if (!ret && !is_ours(&identity->ak_public)) {
		ret = attest_error("the key at 0x%x is not an AK made here (restricted ECDSA key "
				   "on P-256 with SHA-256, fixed to its TPM, without a policy): "
				   "evict it first",
				   ATTEST_AK_HANDLE);
	}
	if (!ret && (!known || !recall("ek.der", &identity->ek_certificate))) {
		ret = tpm_read_certificate(tpm, &identity->ek_certificate);
		if (!ret) {
			keep("ek.der", &identity->ek_certificate);
			keep("ak.public", &identity->ak_public);
		}
	}
	return ret;
}

/* ---- credential ----------------------------------------------------------------------------- */

int key_activate(struct tpm *tpm, const struct blob *credential, const struct blob *secret,
		 struct blob *out)
{
	TPM2B_ENCRYPTED_SECRET encrypted = {0};
	TPM2B_ID_OBJECT object = {0};
	TPM2B_DIGEST *found = NULL;
	size_t first = 0, second = 0;
	ESYS_TR ek, session;
	TSS2_RC rc;
	int ret;

	if (Tss2_MU_TPM2B_ID_OBJECT_Unmarshal(credential->data, credential->length, &first,
					      &object) ||
	    first != credential->length) {
		return attest_error("challenge: credential: expected a TPM2B_ID_OBJECT");
	}
	if (Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal(secret->data, secret->length, &second,
						     &encrypted) ||
	    second != secret->length) {
		return attest_error("challenge: secret: expected a TPM2B_ENCRYPTED_SECRET");
	}
	ret = find_ek(tpm, &ek);
	if (ret) {
		return ret;
	}
	ret = open_session(tpm, &session);
	if (!ret) {
		rc = Esys_ActivateCredential(tpm->esys, tpm->ak, ek, ESYS_TR_PASSWORD, session,
					     ESYS_TR_NONE, &object, &encrypted, &found);
		Esys_FlushContext(tpm->esys, session);
		ret = rc ? tpm_error(rc, "the challenge is not for this TPM and its AK")
			 : ATTEST_OK;
	}
	if (!ret) {
		memcpy(out->data, found->buffer, found->size);
		out->length = found->size;
		Esys_Free(found);
	}
	Esys_TR_Close(tpm->esys, &ek);
	return ret;
}
