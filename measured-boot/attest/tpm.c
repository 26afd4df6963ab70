/* SPDX-License-Identifier: MIT */
/*
 * The TPM at locality 0, by ESAPI: the commands that need no key of their own making.  What it
 * answers is passed on, not believed: the verifier checks it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>
#include <unistd.h>

#include "measured-boot/attest/attest.h"

const uint8_t attest_pcr[ATTEST_PCRS] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 17, 18, 19, 22};

int tpm_error(TSS2_RC rc, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return attest_error("%s: %s (0x%x)", text, Tss2_RC_Decode(rc), rc);
}

/* TPM_RC_HANDLE, whichever handle of the command it is about (TPM 2.0 part 2, 6.6.2). */
bool tpm_is_absent(TSS2_RC rc)
{
	return (rc & ~(TSS2_RC)0xF40) == TPM2_RC_HANDLE;
}

int tpm_open(struct tpm *tpm, const char *tcti)
{
	static const char device[] = "device:";
	const char *path = tcti + sizeof(device) - 1;
	TSS2_RC rc;

	memset(tpm, 0, sizeof(*tpm));
	if (!strncmp(tcti, device, sizeof(device) - 1) && access(path, F_OK) && errno == ENOENT) {
		return attest_error("no %s: the host has no TPM (see `corbel host')", path);
	}
	tpm->ak = ESYS_TR_NONE;
	setenv("TSS2_LOG", "all+NONE", 0); /* what went wrong is said once, here */
	rc = Tss2_TctiLdr_Initialize(tcti, &tpm->tcti);
	if (rc) {
		return tpm_error(rc, "cannot reach the TPM at %s", tcti);
	}
	rc = Esys_Initialize(&tpm->esys, tpm->tcti, NULL);
	if (rc) {
		Tss2_TctiLdr_Finalize(&tpm->tcti);
		return tpm_error(rc, "cannot use the TPM at %s", tcti);
	}
	return ATTEST_OK;
}

void tpm_close(struct tpm *tpm)
{
	Esys_Finalize(&tpm->esys);
	Tss2_TctiLdr_Finalize(&tpm->tcti);
}

static void select_pcr(TPMS_PCR_SELECTION *selection, TPMI_ALG_HASH bank, size_t first, size_t end)
{
	memset(selection, 0, sizeof(*selection));
	selection->hash = bank;
	selection->sizeofSelect = 3;
	for (size_t i = first; i < end; i++) {
		selection->pcrSelect[attest_pcr[i] / 8] |= (BYTE)(1 << attest_pcr[i] % 8);
	}
}

/* One answer has room for eight digests. */
static int read_pcrs(struct tpm *tpm, size_t first, size_t end, struct quote *quote)
{
	TPML_PCR_SELECTION in = {.count = 1}, *out = NULL;
	TPML_DIGEST *values = NULL;
	uint32_t counter;
	int ret = ATTEST_OK;
	TSS2_RC rc;

	select_pcr(&in.pcrSelections[0], TPM2_ALG_SHA256, first, end);
	rc = Esys_PCR_Read(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &in, &counter, &out,
			   &values);
	if (rc) {
		return tpm_error(rc, "cannot read the PCRs");
	}
	if (values->count != end - first || out->count != 1 ||
	    memcmp(&out->pcrSelections[0], &in.pcrSelections[0],
		   offsetof(TPMS_PCR_SELECTION, pcrSelect) + 3) != 0) {
		ret = attest_error("the TPM gave %u of %zu PCRs: is its SHA-256 bank active?",
				   values->count, end - first);
	}
	for (size_t i = first; i < end && !ret; i++) {
		if (values->digests[i - first].size != 32) {
			ret = attest_error("the TPM gave PCR %u with %u bytes", attest_pcr[i],
					   values->digests[i - first].size);
		} else {
			memcpy(quote->pcr[i], values->digests[i - first].buffer, 32);
		}
	}
	Esys_Free(out);
	Esys_Free(values);
	return ret;
}

static bool is_active(const TPMS_PCR_SELECTION *bank)
{
	bool active = false;

	for (unsigned i = 0; i < bank->sizeofSelect && i < sizeof(bank->pcrSelect); i++) {
		active |= bank->pcrSelect[i] != 0;
	}
	return active;
}

/* Exactly the active banks: a verifier refuses a quote that leaves one out. */
static int select_banks(struct tpm *tpm, TPML_PCR_SELECTION *selection)
{
	TPMS_CAPABILITY_DATA *capability = NULL;
	const TPML_PCR_SELECTION *banks;
	bool sha256 = false;
	TPMI_YES_NO more;
	TSS2_RC rc;

	selection->count = 0;
	rc = Esys_GetCapability(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_PCRS,
				0, 1, &more, &capability);
	if (rc) {
		return tpm_error(rc, "cannot ask for the active PCR banks");
	}
	banks = &capability->data.assignedPCR;
	for (unsigned i = 0; i < banks->count; i++) {
		if (is_active(&banks->pcrSelections[i])) {
			sha256 |= banks->pcrSelections[i].hash == TPM2_ALG_SHA256;
			select_pcr(&selection->pcrSelections[selection->count++],
				   banks->pcrSelections[i].hash, 0, ATTEST_PCRS);
		}
	}
	Esys_Free(capability);
	return sha256 ? ATTEST_OK
		      : attest_error(
				"the TPM's SHA-256 bank is not active: without it there is no "
				"evidence (`swtpm_setup --pcr-banks`, or the firmware's setup)");
}

int tpm_quote(struct tpm *tpm, const uint8_t nonce[CORBEL_NONCE_LEN], struct quote *quote)
{
	TPMT_SIG_SCHEME key_scheme = {.scheme = TPM2_ALG_NULL};
	TPM2B_DATA data = {.size = CORBEL_NONCE_LEN};
	TPML_PCR_SELECTION selection;
	TPMT_SIGNATURE *signature = NULL;
	TPM2B_ATTEST *attest = NULL;
	TSS2_RC rc;
	int ret;

	memcpy(data.buffer, nonce, CORBEL_NONCE_LEN);
	ret = select_banks(tpm, &selection);
	if (ret) {
		return ret;
	}
	rc = Esys_Quote(tpm->esys, tpm->ak, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &data,
			&key_scheme, &selection, &attest, &signature);
	if (rc) {
		return tpm_error(rc, "the TPM refuses the quote");
	}
	memcpy(quote->attest.data, attest->attestationData, attest->size);
	quote->attest.length = attest->size;
	quote->signature.length = 0;
	rc = Tss2_MU_TPMT_SIGNATURE_Marshal(signature, quote->signature.data,
					    sizeof(quote->signature.data),
					    &quote->signature.length);
	Esys_Free(attest);
	Esys_Free(signature);
	if (rc) {
		return tpm_error(rc, "the TPM's signature has no form that can be written");
	}
	ret = read_pcrs(tpm, 0, 8, quote);
	return ret ? ret : read_pcrs(tpm, 8, ATTEST_PCRS, quote);
}

/* ---- EK certificate ----------------------------------------------------------------------- */

/* An index may be larger than the certificate in it: the length is in the DER header. */
static size_t der_length(const struct blob *der)
{
	size_t bytes, length = 0;

	if (der->length < 4 || der->data[0] != 0x30) {
		return 0;
	}
	if (der->data[1] < 0x80) {
		return 2u + der->data[1];
	}
	bytes = der->data[1] & 0x7f;
	if (bytes < 1 || bytes > 2) {
		return 0;
	}
	for (size_t i = 0; i < bytes; i++) {
		length = length << 8 | der->data[2 + i];
	}
	return 2 + bytes + length;
}

static int read_index(struct tpm *tpm, ESYS_TR index, uint16_t size, struct blob *out)
{
	/* Any TPM takes so much at a time (PTP 1.05, 4.3). */
	const uint16_t piece = 512;

	out->length = 0;
	while (out->length < size) {
		uint16_t want = (uint16_t)(size - out->length);
		TPM2B_MAX_NV_BUFFER *data = NULL;
		TSS2_RC rc = Esys_NV_Read(tpm->esys, index, index, ESYS_TR_PASSWORD, ESYS_TR_NONE,
					  ESYS_TR_NONE, want < piece ? want : piece,
					  (uint16_t)out->length, &data);

		if (rc) {
			return tpm_error(rc, "cannot read the EK certificate in NV 0x%x",
					 ATTEST_EK_NV_INDEX);
		}
		if (!data->size || data->size > size - out->length) {
			Esys_Free(data);
			return attest_error("the TPM gave a wrong length of NV 0x%x",
					    ATTEST_EK_NV_INDEX);
		}
		memcpy(out->data + out->length, data->buffer, data->size);
		out->length += data->size;
		Esys_Free(data);
	}
	return ATTEST_OK;
}

int tpm_read_certificate(struct tpm *tpm, struct blob *certificate)
{
	TPM2B_NV_PUBLIC *public = NULL;
	ESYS_TR index;
	size_t length;
	TSS2_RC rc;
	int ret;

	rc = Esys_TR_FromTPMPublic(tpm->esys, ATTEST_EK_NV_INDEX, ESYS_TR_NONE, ESYS_TR_NONE,
				   ESYS_TR_NONE, &index);
	if (tpm_is_absent(rc)) {
		return attest_error("this TPM has no EK certificate (NV 0x%x)", ATTEST_EK_NV_INDEX);
	}
	if (rc) {
		return tpm_error(rc, "cannot find the EK certificate in NV 0x%x",
				 ATTEST_EK_NV_INDEX);
	}
	rc = Esys_NV_ReadPublic(tpm->esys, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &public,
				NULL);
	if (rc) {
		Esys_TR_Close(tpm->esys, &index);
		return tpm_error(rc, "cannot look at the EK certificate in NV 0x%x",
				 ATTEST_EK_NV_INDEX);
	}
	if (public->nvPublic.dataSize > sizeof(certificate->data)) {
		ret = attest_error("NV 0x%x has %u bytes, more than a certificate",
				   ATTEST_EK_NV_INDEX, public->nvPublic.dataSize);
	} else {
		ret = read_index(tpm, index, public->nvPublic.dataSize, certificate);
	}
	Esys_Free(public);
	Esys_TR_Close(tpm->esys, &index);
	if (ret) {
		return ret;
	}
	length = der_length(certificate);
	if (!length || length > certificate->length) {
		return attest_error("NV 0x%x holds no certificate in DER", ATTEST_EK_NV_INDEX);
	}
	certificate->length = length;
	return ATTEST_OK;
}
