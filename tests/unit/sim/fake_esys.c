/* SPDX-License-Identifier: MIT */
/*
 * See fake_esys.h.
 */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_tctildr.h>

#include "measured-boot/attest/attest.h"
#include "sim/fake_esys.h"

enum { TR_AK = 0x100, TR_EK, TR_NV, TR_LOADED, TR_SESSION };

struct fake_esys fake_esys;
static EVP_PKEY *key; /* the AK's private part */

void fake_esys_init(void)
{
	EVP_PKEY *old = key;

	memset(&fake_esys, 0, sizeof(fake_esys));
	fake_esys.has_ek = fake_esys.has_certificate = true;
	fake_esys.rc = TPM2_RC_FAILURE;
	fake_esys.ek.publicArea =
		(TPMT_PUBLIC){.type = TPM2_ALG_RSA,
			      .nameAlg = TPM2_ALG_SHA256,
			      .parameters.rsaDetail = {.symmetric.algorithm = TPM2_ALG_NULL,
						       .scheme.scheme = TPM2_ALG_NULL,
						       .keyBits = 2048}};
	memcpy(fake_esys.nv, "\x30\x82\x03\xe8", 4); /* 1004 bytes of DER */
	memset(fake_esys.nv + 4, 0xCE, 1000);
	fake_esys.nv_size = 1200;
	fake_esys.banks.count = 1;
	fake_esys.banks.pcrSelections[0] = (TPMS_PCR_SELECTION){
		.hash = TPM2_ALG_SHA256, .sizeofSelect = 3, .pcrSelect = {0xFF, 0xFF, 0xFF}};
	key = EVP_EC_gen("P-256");
	EVP_PKEY_free(old);
}

void fake_esys_free(void)
{
	EVP_PKEY_free(key);
	key = NULL;
}

static bool fails(const char *function, TPM2_HANDLE handle)
{
	fake_esys.commands++;
	return fake_esys.fail && strcmp(function, fake_esys.fail) == 0 &&
	       (!fake_esys.handle || fake_esys.handle == handle) && fake_esys.nth-- == 0;
}

#define COMMAND(handle)                                                                            \
	do {                                                                                       \
		(void)context;                                                                     \
		(void)s1;                                                                          \
		(void)s2;                                                                          \
		(void)s3;                                                                          \
		if (fails(__func__, handle)) {                                                     \
			return fake_esys.rc;                                                       \
		}                                                                                  \
	} while (0)

static void *copy(const void *from, size_t size)
{
	return memcpy(calloc(1, size), from, size);
}

/* ---- the way to it ------------------------------------------------------------------------ */

TSS2_RC Tss2_TctiLdr_Initialize(const char *name, TSS2_TCTI_CONTEXT **context)
{
	static char tcti;

	if (strcmp(name, FAKE_ESYS_TCTI) != 0) {
		return TSS2_TCTI_RC_IO_ERROR;
	}
	*context = (TSS2_TCTI_CONTEXT *)&tcti;
	fake_esys.held++;
	return TSS2_RC_SUCCESS;
}

void Tss2_TctiLdr_Finalize(TSS2_TCTI_CONTEXT **context)
{
	*context = NULL;
	fake_esys.held--;
}

TSS2_RC Esys_Initialize(ESYS_CONTEXT **context, TSS2_TCTI_CONTEXT *tcti, TSS2_ABI_VERSION *abi)
{
	static char esys;

	(void)tcti;
	(void)abi;
	if (fails(__func__, 0)) {
		return fake_esys.rc;
	}
	*context = (ESYS_CONTEXT *)&esys;
	fake_esys.held++;
	return TSS2_RC_SUCCESS;
}

void Esys_Finalize(ESYS_CONTEXT **context)
{
	*context = NULL;
	fake_esys.held--;
}

void Esys_Free(void *memory)
{
	free(memory);
}

/* ---- keys --------------------------------------------------------------------------------- */

TSS2_RC Esys_TR_FromTPMPublic(ESYS_CONTEXT *context, TPM2_HANDLE handle, ESYS_TR s1, ESYS_TR s2,
			      ESYS_TR s3, ESYS_TR *object)
{
	bool is_ak = handle == ATTEST_AK_HANDLE, is_ek = handle == ATTEST_EK_HANDLE;

	COMMAND(handle);
	if (!(is_ak ? fake_esys.has_ak : true) || !(is_ek ? fake_esys.has_ek : true) ||
	    !(handle == ATTEST_EK_NV_INDEX ? fake_esys.has_certificate : true)) {
		return TPM2_RC_HANDLE + TPM2_RC_1;
	}
	*object = is_ak ? TR_AK : TR_NV;
	*object = is_ek ? TR_EK : *object;
	fake_esys.held += !is_ak;
	return TSS2_RC_SUCCESS;
}

TSS2_RC Esys_TR_Close(ESYS_CONTEXT *context, ESYS_TR *object)
{
	(void)context;
	*object = ESYS_TR_NONE;
	fake_esys.held--;
	return TSS2_RC_SUCCESS;
}

TSS2_RC Esys_TR_GetName(ESYS_CONTEXT *context, ESYS_TR object, TPM2B_NAME **name)
{
	uint8_t public[sizeof(TPM2B_PUBLIC)];
	size_t length = 0;

	(void)context;
	(void)object;
	if (fails(__func__, 0)) {
		return fake_esys.rc;
	}
	*name = calloc(1, sizeof(**name));
	(*name)->size = 34;
	(*name)->name[1] = TPM2_ALG_SHA256;
	if (Tss2_MU_TPMT_PUBLIC_Marshal(&fake_esys.ak.publicArea, public, sizeof(public),
					&length)) {
		abort();
	}
	SHA256(public, length, (*name)->name + 2);
	return TSS2_RC_SUCCESS;
}

TSS2_RC Esys_ReadPublic(ESYS_CONTEXT *context, ESYS_TR object, ESYS_TR s1, ESYS_TR s2, ESYS_TR s3,
			TPM2B_PUBLIC **public, TPM2B_NAME **name, TPM2B_NAME **qualified)
{
	(void)name;
	(void)qualified;
	COMMAND(object == TR_AK ? ATTEST_AK_HANDLE : ATTEST_EK_HANDLE);
	*public = copy(object == TR_AK ? &fake_esys.ak : &fake_esys.ek, sizeof(**public));
	return TSS2_RC_SUCCESS;
}

TSS2_RC Esys_StartAuthSession(ESYS_CONTEXT *context, ESYS_TR tpm_key, ESYS_TR bind, ESYS_TR s1,
			      ESYS_TR s2, ESYS_TR s3, const TPM2B_NONCE *nonce, TPM2_SE type,
			      const TPMT_SYM_DEF *symmetric, TPMI_ALG_HASH hash, ESYS_TR *session)
{
	(void)tpm_key;
	(void)bind;
	(void)nonce;
	(void)type;
	(void)symmetric;
	(void)hash;
	COMMAND(0);
	*session = TR_SESSION;
	fake_esys.held++;
	return TSS2_RC_SUCCESS;
}

TSS2_RC Esys_PolicySecret(ESYS_CONTEXT *context, ESYS_TR auth, ESYS_TR session, ESYS_TR s1,
			  ESYS_TR s2, ESYS_TR s3, const TPM2B_NONCE *nonce,
			  const TPM2B_DIGEST *hash, const TPM2B_NONCE *ref, INT32 expiration,
			  TPM2B_TIMEOUT **timeout, TPMT_TK_AUTH **ticket)
{
	(void)auth;
	(void)session;
	(void)nonce;
	(void)hash;
	(void)ref;
	(void)expiration;
	(void)timeout;
	(void)ticket;
	COMMAND(0);
	return TSS2_RC_SUCCESS;
}

TSS2_RC Esys_FlushContext(ESYS_CONTEXT *context, ESYS_TR object)
{
	(void)context;
	(void)object;
	fake_esys.held--;
	return TSS2_RC_SUCCESS;
}

TSS2_RC Esys_Create(ESYS_CONTEXT *context, ESYS_TR parent, ESYS_TR s1, ESYS_TR s2, ESYS_TR s3,
		    const TPM2B_SENSITIVE_CREATE *sensitive, const TPM2B_PUBLIC *in,
		    const TPM2B_DATA *outside, const TPML_PCR_SELECTION *pcrs,
		    TPM2B_PRIVATE **private, TPM2B_PUBLIC **public, TPM2B_CREATION_DATA **data,
		    TPM2B_DIGEST **hash, TPMT_TK_CREATION **ticket)
{
	uint8_t point[65];
	size_t length;

	(void)parent;
	(void)sensitive;
	(void)outside;
	(void)pcrs;
	(void)data;
	(void)hash;
	(void)ticket;
	COMMAND(0);
	EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point),
					&length);
	*private = calloc(1, sizeof(**private));
	*public = copy(in, sizeof(**public));
	(*public)->publicArea.unique.ecc.x.size = 32;
	(*public)->publicArea.unique.ecc.y.size = 32;
	memcpy((*public)->publicArea.unique.ecc.x.buffer, point + 1, 32);
	memcpy((*public)->publicArea.unique.ecc.y.buffer, point + 33, 32);
	return TSS2_RC_SUCCESS;
}

TSS2_RC Esys_Load(ESYS_CONTEXT *context, ESYS_TR parent, ESYS_TR s1, ESYS_TR s2, ESYS_TR s3,
		  const TPM2B_PRIVATE *private, const TPM2B_PUBLIC *public, ESYS_TR *object)
{
	(void)parent;
	(void)private;
	COMMAND(0);
	fake_esys.ak = *public;
	fake_esys.held++;
	*object = TR_LOADED;
	return TSS2_RC_SUCCESS;
}

TSS2_RC Esys_EvictControl(ESYS_CONTEXT *context, ESYS_TR auth, ESYS_TR object, ESYS_TR s1,
			  ESYS_TR s2, ESYS_TR s3, TPMI_DH_PERSISTENT handle, ESYS_TR *kept)
{
	(void)auth;
	(void)object;
	(void)handle;
	COMMAND(0);
	fake_esys.has_ak = true;
	*kept = TR_AK;
	return TSS2_RC_SUCCESS;
}

/* It answers with the credential itself. */
TSS2_RC Esys_ActivateCredential(ESYS_CONTEXT *context, ESYS_TR ak, ESYS_TR ek, ESYS_TR s1,
				ESYS_TR s2, ESYS_TR s3, const TPM2B_ID_OBJECT *credential,
				const TPM2B_ENCRYPTED_SECRET *secret, TPM2B_DIGEST **out)
{
	(void)ak;
	(void)ek;
	(void)secret;
	COMMAND(0);
	*out = calloc(1, sizeof(**out));
	(*out)->size = credential->size;
	memcpy((*out)->buffer, credential->credential, credential->size);
	return TSS2_RC_SUCCESS;
}

/* ---- PCRs --------------------------------------------------------------------------------- */

TSS2_RC Esys_GetCapability(ESYS_CONTEXT *context, ESYS_TR s1, ESYS_TR s2, ESYS_TR s3,
			   TPM2_CAP capability, UINT32 property, UINT32 count, TPMI_YES_NO *more,
			   TPMS_CAPABILITY_DATA **data)
{
	(void)property;
	(void)count;
	COMMAND(0);
	*more = 0;
	*data = calloc(1, sizeof(**data));
	(*data)->capability = capability;
	(*data)->data.assignedPCR = fake_esys.banks;
	return TSS2_RC_SUCCESS;
}

TSS2_RC Esys_PCR_Read(ESYS_CONTEXT *context, ESYS_TR s1, ESYS_TR s2, ESYS_TR s3,
		      const TPML_PCR_SELECTION *in, UINT32 *counter, TPML_PCR_SELECTION **out,
		      TPML_DIGEST **values)
{
	const BYTE *selected = in->pcrSelections[0].pcrSelect;

	COMMAND(0);
	*counter = 1;
	*out = copy(in, sizeof(**out));
	*values = calloc(1, sizeof(**values));
	for (unsigned i = 0; i < 24; i++) {
		if (selected[i / 8] & 1 << i % 8) {
			TPM2B_DIGEST *digest = &(*values)->digests[(*values)->count++];

			digest->size = 32;
			memcpy(digest->buffer, fake_esys.pcr[i], 32);
		}
	}
	if (fake_esys.answer) {
		fake_esys.answer(*out, *values);
	}
	return TSS2_RC_SUCCESS;
}

static void sign(const TPM2B_ATTEST *attest, TPMT_SIGNATURE *out)
{
	TPMS_SIGNATURE_ECC *ecc = &out->signature.ecdsa;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t der[128];
	const unsigned char *at = der;
	size_t length = sizeof(der);
	ECDSA_SIG *numbers;

	if (EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) != 1 ||
	    EVP_DigestSign(context, der, &length, attest->attestationData, attest->size) != 1) {
		abort();
	}
	EVP_MD_CTX_free(context);
	numbers = d2i_ECDSA_SIG(NULL, &at, (long)length);
	out->sigAlg = TPM2_ALG_ECDSA;
	ecc->hash = TPM2_ALG_SHA256;
	ecc->signatureR.size = ecc->signatureS.size = 32;
	BN_bn2binpad(ECDSA_SIG_get0_r(numbers), ecc->signatureR.buffer, 32);
	BN_bn2binpad(ECDSA_SIG_get0_s(numbers), ecc->signatureS.buffer, 32);
	ECDSA_SIG_free(numbers);
}

/* The digest of the values is left at zero. */
TSS2_RC Esys_Quote(ESYS_CONTEXT *context, ESYS_TR ak, ESYS_TR s1, ESYS_TR s2, ESYS_TR s3,
		   const TPM2B_DATA *data, const TPMT_SIG_SCHEME *scheme,
		   const TPML_PCR_SELECTION *pcrs, TPM2B_ATTEST **quoted,
		   TPMT_SIGNATURE **signature)
{
	TPMS_ATTEST attest = {.magic = TPM2_GENERATED_VALUE,
			      .type = TPM2_ST_ATTEST_QUOTE,
			      .extraData = *data,
			      .attested.quote = {.pcrSelect = *pcrs, .pcrDigest.size = 32}};
	size_t length = 0;

	(void)ak;
	(void)scheme;
	COMMAND(0);
	*quoted = calloc(1, sizeof(**quoted));
	*signature = calloc(1, sizeof(**signature));
	if (Tss2_MU_TPMS_ATTEST_Marshal(&attest, (*quoted)->attestationData,
					sizeof((*quoted)->attestationData), &length)) {
		abort();
	}
	(*quoted)->size = (UINT16)length;
	sign(*quoted, *signature);
	if (fake_esys.bad_signature) {
		(*signature)->sigAlg = TPM2_ALG_ERROR;
	}
	return TSS2_RC_SUCCESS;
}

/* ---- EK certificate ----------------------------------------------------------------------- */

TSS2_RC Esys_NV_ReadPublic(ESYS_CONTEXT *context, ESYS_TR index, ESYS_TR s1, ESYS_TR s2, ESYS_TR s3,
			   TPM2B_NV_PUBLIC **public, TPM2B_NAME **name)
{
	(void)index;
	(void)name;
	COMMAND(0);
	*public = calloc(1, sizeof(**public));
	(*public)->nvPublic.dataSize = fake_esys.nv_size;
	return TSS2_RC_SUCCESS;
}

TSS2_RC Esys_NV_Read(ESYS_CONTEXT *context, ESYS_TR auth, ESYS_TR index, ESYS_TR s1, ESYS_TR s2,
		     ESYS_TR s3, UINT16 size, UINT16 offset, TPM2B_MAX_NV_BUFFER **data)
{
	(void)auth;
	(void)index;
	COMMAND(0);
	*data = calloc(1, sizeof(**data));
	(*data)->size = (UINT16)(size + fake_esys.nv_more);
	memcpy((*data)->buffer, fake_esys.nv + offset, size);
	return TSS2_RC_SUCCESS;
}
