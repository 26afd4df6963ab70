/* SPDX-License-Identifier: MIT */
/*
 * The quote: that the TPM made it, that the attestation key signed it, that it is fresh, and that
 * the PCR values computed from the logs are the ones it signed.  A quote that the TPM did not make
 * cannot bear its magic number, since a restricted key refuses to sign such bytes from outside
 * (TPM 2.0 part 1, 31.2).
 */
#include "measured-boot/verify/identity.h"
#include "measured-boot/shared/eventlog.h"
#include "measured-boot/shared/merkle.h"
#include <openssl/ecdsa.h>
#include <openssl/sha.h>
#include <string.h>
#include <tss2/tss2_mu.h>

/* ---- signature --------------------------------------------------------------------------------
 */

/* ECDSA with SHA-256, two numbers of at most 32 bytes, nothing behind them. */
static bool signature_parse(const struct bytes *bytes, TPMT_SIGNATURE *out)
{
	const TPMS_SIGNATURE_ECC *ecc = &out->signature.ecdsa;
	size_t at = 0;

	memset(out, 0, sizeof(*out));
	return bytes->length &&
	       Tss2_MU_TPMT_SIGNATURE_Unmarshal(bytes->data, bytes->length, &at, out) ==
		       TSS2_RC_SUCCESS &&
	       at == bytes->length && out->sigAlg == TPM2_ALG_ECDSA &&
	       ecc->hash == TPM2_ALG_SHA256 && ecc->signatureR.size > 0 &&
	       ecc->signatureR.size <= 32 && ecc->signatureS.size > 0 && ecc->signatureS.size <= 32;
}

/* The numbers' range, 1 to the order less one, is checked by the verification (FIPS 186-4, 6.4). */
static bool signature_verify(EVP_PKEY *key, const TPMS_SIGNATURE_ECC *ecc,
			     const struct bytes *message)
{
	ECDSA_SIG *numbers = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(ecc->signatureR.buffer, ecc->signatureR.size, NULL);
	BIGNUM *s = BN_bin2bn(ecc->signatureS.buffer, ecc->signatureS.size, NULL);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char *der = NULL;
	bool good = false;
	int length;

	if (!numbers || !r || !s || !ECDSA_SIG_set0(numbers, r, s)) {
		BN_free(r);
		BN_free(s);
	} else {
		length = i2d_ECDSA_SIG(numbers, &der);
		good = context && length > 0 &&
		       EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
		       EVP_DigestVerify(context, der, (size_t)length, message->data,
					message->length) == 1;
	}
	ECDSA_SIG_free(numbers);
	EVP_MD_CTX_free(context);
	OPENSSL_free(der);
	return good;
}

static bool row_signature(struct judge *j)
{
	TPMT_SIGNATURE signature;

	if (!j->ak) {
		verdict_add(j->v, "quote.signature", ROW_missing, "a signature by the AK", NULL,
			    "There is no usable attestation key to check it with.");
		return false;
	}
	if (!signature_parse(&j->e->signature, &signature)) {
		verdict_add(j->v, "quote.signature", ROW_bad, "ECDSA P-256 with SHA-256",
			    "something else", "No signature that this key could have made.");
		return false;
	}
	if (!signature_verify(j->ak, &signature.signature.ecdsa, &j->e->attest)) {
		verdict_add(j->v, "quote.signature", ROW_bad, "a signature by the AK",
			    "does not fit",
			    "The quote is not as the TPM signed it, or another TPM's.");
		return false;
	}
	verdict_add(j->v, "quote.signature", ROW_ok, "a signature by the AK", "fits",
		    "Signed with this key; that a TPM holds it is said by ak.credential.");
	return true;
}

/* ---- contents ---------------------------------------------------------------------------------
 */

/* tss2-mu refuses another magic number on its own; this says so in a row. */
static bool row_magic(struct judge *j, TPMS_ATTEST *attest)
{
	const struct bytes *b = &j->e->attest;
	static const uint8_t magic[4] = {0xFF, 0x54, 0x43, 0x47};
	size_t at = 0;

	memset(attest, 0, sizeof(*attest));
	if (b->length < sizeof(magic) || memcmp(b->data, magic, sizeof(magic)) != 0) {
		verdict_add_digest(j->v, "quote.magic", ROW_bad, magic,
				   b->length < sizeof(magic) ? NULL : b->data, sizeof(magic),
				   "No TPM made this structure: anyone could have.");
		return false;
	}
	if (Tss2_MU_TPMS_ATTEST_Unmarshal(b->data, b->length, &at, attest) != TSS2_RC_SUCCESS ||
	    at != b->length || attest->type != TPM2_ST_ATTEST_QUOTE) {
		verdict_add(j->v, "quote.magic", ROW_bad, "a quote", "something else",
			    "The TPM signed something, but no quote of PCR values.");
		return false;
	}
	verdict_add(j->v, "quote.magic", ROW_ok, "a quote made by a TPM", "as expected",
		    "It bears the mark that an AK signs only on what its TPM made itself.");
	return true;
}

/* PCRs of a selection as bits. */
static uint32_t selected(const TPMS_PCR_SELECTION *s)
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < s->sizeofSelect && i < 4; i++) {
		bits |= (uint32_t)s->pcrSelect[i] << (8 * i);
	}
	return bits;
}

static bool quotes_bank(const struct judge *j, uint16_t alg)
{
	for (unsigned n = 0; n < j->quoted_count; n++) {
		if (j->quoted[n] == alg) {
			return true;
		}
	}
	return false;
}

/* Takes the banks over; whether each selects what it must, and none is there twice. */
static bool take_selection(struct judge *j, const TPML_PCR_SELECTION *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		const TPMS_PCR_SELECTION *bank = &s->pcrSelections[i];

		if (j->quoted_count == BANKS_MAX || quotes_bank(j, bank->hash) ||
		    selected(bank) != QUOTE_PCRS) {
			return false;
		}
		j->quoted[j->quoted_count++] = bank->hash;
	}
	return true;
}

static void take_facts(struct judge *j, const TPMS_ATTEST *attest)
{
	const TPMS_QUOTE_INFO *quote = &attest->attested.quote;

	j->reset_count = attest->clockInfo.resetCount;
	j->restart_count = attest->clockInfo.restartCount;
	j->clock_safe = attest->clockInfo.safe == TPM2_YES;
	if (attest->extraData.size == sizeof(j->quote_nonce)) {
		memcpy(j->quote_nonce, attest->extraData.buffer, sizeof(j->quote_nonce));
	}
	j->pcr_selection_ok = take_selection(j, &quote->pcrSelect) &&
			      quote->pcrDigest.size == sizeof(j->pcr_digest);
	if (j->pcr_selection_ok) {
		memcpy(j->pcr_digest, quote->pcrDigest.buffer, sizeof(j->pcr_digest));
	}
}

static void row_nonce(struct judge *j, const TPMS_ATTEST *attest)
{
	const struct evidence *e = j->e;
	merkle_hash leaf;

	if (attest->extraData.size != CORBEL_NONCE_LEN) {
		verdict_add(j->v, "quote.nonce", ROW_bad, "32 bytes", "another length",
			    "The quote does not carry the verifier's nonce.");
	} else if (memcmp(e->nonce, j->in->nonce, CORBEL_NONCE_LEN) != 0) {
		verdict_add_digest(j->v, "quote.nonce", ROW_bad, j->in->nonce, e->nonce,
				   CORBEL_NONCE_LEN,
				   "The evidence names another nonce: it answers another question, "
				   "or was altered.");
	} else if (e->batch_size == 0) {
		j->quote_fresh = verdict_compare(
			j->v, "quote.nonce", j->in->nonce, j->quote_nonce, CORBEL_NONCE_LEN,
			"Made for this nonce: the quote is not an old one.",
			"Made for another nonce: an old quote, or somebody else's.");
	} else {
		merkle_leaf(j->in->nonce, CORBEL_NONCE_LEN, leaf);
		j->quote_fresh = merkle_inclusion_verify(leaf, e->batch_index, e->batch_size,
							 (const merkle_hash *)e->batch_proof,
							 e->batch_proof_length, j->quote_nonce);
		verdict_add_digest(j->v, "quote.nonce", j->quote_fresh ? ROW_ok : ROW_bad,
				   j->in->nonce, NULL, CORBEL_NONCE_LEN,
				   j->quote_fresh
					   ? "Made for a set of nonces, of which this is one."
					   : "This nonce is not among those that it was made "
					     "for.");
	}
}

void quote_check(struct judge *j)
{
	TPMS_ATTEST attest;
	bool made_by_tpm = row_magic(j, &attest);

	j->quote_signed = row_signature(j) && made_by_tpm;
	if (!made_by_tpm) {
		verdict_add(j->v, "quote.nonce", ROW_missing, NULL, NULL,
			    "There is no quote that could carry a nonce.");
		return;
	}
	take_facts(j, &attest);
	row_nonce(j, &attest);
}

/* ---- PCR values -------------------------------------------------------------------------------
 */

/* Appends "4 9 17" for the bits. */
static void list_pcrs(char *out, size_t room, uint32_t bits)
{
	size_t used = 0;

	out[0] = 0;
	for (unsigned i = 0; i < 24; i++) {
		if (bits & 1u << i && used < room) {
			used += (size_t)snprintf(out + used, room - used, "%s%u", used ? " " : "",
						 i);
		}
	}
}

/* PCRs that the host reads differently from what its own logs make: where to look. */
static uint32_t different(const struct judge *j)
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < 24; i++) {
		if (j->e->pcr_present & QUOTE_PCRS & 1u << i &&
		    memcmp(j->e->pcr[i], j->pcr256[i], 32) != 0) {
			bits |= 1u << i;
		}
	}
	return bits;
}

/* The quote is right; the values beside it decide nothing, but whoever reads them must not be
 * deceived: they are all there, no others, and the ones that were signed.  True: a row was added.
 */
static bool row_shown(struct judge *j)
{
	uint32_t bits = different(j), unequal = j->e->pcr_present ^ QUOTE_PCRS;
	unsigned pcr = 0;
	char list[80];

	if (!(bits | unequal)) {
		return false;
	}
	list_pcrs(list, sizeof(list), bits | unequal);
	while (!((bits ? bits : unequal) & 1u << pcr)) {
		pcr++;
	}
	verdict_add_digest(
		j->v, "quote.pcrs", ROW_bad, QUOTE_PCRS & 1u << pcr ? j->pcr256[pcr] : NULL,
		j->e->pcr_present & 1u << pcr ? j->e->pcr[pcr] : NULL, 32,
		"The logs make the values that were signed, but the evidence shows other "
		"ones, too few or too many: PCR %s.",
		list);
	return true;
}

static const uint8_t *value_of(const struct judge *j, uint16_t alg, unsigned pcr)
{
	if (alg == TPM2_ALG_SHA256) {
		return j->pcr256[pcr];
	}
	if (alg == TPM2_ALG_SHA384) {
		return j->pcr384[pcr];
	}
	for (unsigned n = 0; n < j->banks; n++) {
		if (j->bank[n] == alg) {
			return j->foreign[n][pcr];
		}
	}
	return NULL;
}

/* As the TPM does it: bank after bank in the quote's order (TPM 2.0 part 3, 18.4). */
static bool digest_pcrs(const struct judge *j, uint8_t out[32])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;

	for (unsigned n = 0; n < j->quoted_count; n++) {
		size_t size = eventlog_digest_size(j->quoted[n]);

		for (unsigned i = 0; i < 24 && good; i++) {
			const uint8_t *value = value_of(j, j->quoted[n], i);

			if (QUOTE_PCRS & 1u << i) {
				good = value && EVP_DigestUpdate(context, value, size) == 1;
			}
		}
	}
	good = good && EVP_DigestFinal_ex(context, out, NULL) == 1;
	EVP_MD_CTX_free(context);
	return good;
}

static void row_pcrs(struct judge *j)
{
	uint8_t computed[32] = {0};
	char list[80];

	if (digest_pcrs(j, computed) && memcmp(computed, j->pcr_digest, 32) == 0) {
		j->pcrs_ok = j->quote_fresh && j->enrolled &&
			     memcmp(j->ak_name, j->enrolled_ak, NAME_LEN) == 0;
		if (!row_shown(j)) {
			verdict_add_digest(j->v, "quote.pcrs", ROW_ok, computed, j->pcr_digest, 32,
					   "The logs make exactly the values that were signed.");
		}
		return;
	}
	list_pcrs(list, sizeof(list), different(j));
	verdict_add_digest(j->v, "quote.pcrs", ROW_bad, computed, j->pcr_digest, 32,
			   "The logs do not make the values that the TPM signed; look at PCR %s.",
			   list[0] ? list : "values that the host does not show");
}

#define BANKS_TEXT 96

/* "SHA-256 SHA-384" for bits as the boot record has them. */
static void banks_text(uint32_t bits, char out[BANKS_TEXT])
{
	static const char *const name[] = {"SHA-1", "SHA-256",  "SHA-384",  "SHA-512",
					   "SM3",   "SHA3-256", "SHA3-384", "SHA3-512"};
	size_t used = 0;

	snprintf(out, BANKS_TEXT, "none");
	for (unsigned i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		if (bits & 1u << i) {
			used += (size_t)snprintf(out + used, BANKS_TEXT - used, "%s%s",
						 used ? " " : "", name[i]);
		}
	}
}

static uint32_t bank_bits(const uint16_t *alg, unsigned count)
{
	uint32_t bits = 0;

	for (unsigned n = 0; n < count; n++) {
		bits |= eventlog_bank_bit(alg[n]);
	}
	return bits;
}

/* Whether exactly the banks of the log were quoted.  Bits of unknown algorithms are none, so the
 * numbers count too. */
static bool banks_equal(const struct judge *j)
{
	return j->quoted_count == j->banks &&
	       bank_bits(j->quoted, j->quoted_count) == bank_bits(j->bank, j->banks);
}

void quote_pcrs(struct judge *j)
{
	char expected[128], found[128], text[BANKS_TEXT];

	banks_text(j->banks ? bank_bits(j->bank, j->banks) : eventlog_bank_bit(TPM2_ALG_SHA256),
		   text);
	snprintf(expected, sizeof(expected), "PCR 0-9 17-19 22 of %s", text);
	banks_text(bank_bits(j->quoted, j->quoted_count), text);
	snprintf(found, sizeof(found), "those of %s", text);
	if (!j->quote_signed) {
		verdict_add(j->v, "quote.pcrs", ROW_missing, expected, NULL,
			    "No genuine quote says what the TPM holds.");
	} else if (!j->pcr_selection_ok) {
		verdict_add(j->v, "quote.pcrs", ROW_bad, expected, "another selection",
			    "The quote leaves out a register, where anything could be, or has one "
			    "too many.");
	} else if ((j->pcr_known & QUOTE_PCRS) != QUOTE_PCRS) {
		list_pcrs(text, sizeof(text), QUOTE_PCRS & ~j->pcr_known);
		verdict_add(j->v, "quote.pcrs", ROW_missing, expected, NULL,
			    "The logs do not tell the values of PCR %s.", text);
	} else if (!banks_equal(j)) {
		verdict_add(j->v, "quote.pcrs", ROW_bad, expected, found,
			    "The quote leaves out an active bank, where anything could be, or has "
			    "one that the log does not tell of.");
	} else {
		row_pcrs(j);
	}
}

/* The log's header, which lists the banks, is measured nowhere; the boot record is the hypervisor's
 * own word. */
void quote_banks(struct judge *j)
{
	char expected[BANKS_TEXT], found[BANKS_TEXT];
	uint32_t quoted = bank_bits(j->quoted, j->quoted_count);

	banks_text(quoted, found);
	if (!j->quote_signed || !j->boot) {
		verdict_add(j->v, "quote.banks", ROW_missing, NULL, j->quote_signed ? found : NULL,
			    "There is no proved boot record or no genuine quote to compare.");
		return;
	}
	banks_text(j->boot->body.boot.banks, expected);
	if (j->boot->body.boot.banks != quoted) {
		verdict_add(j->v, "quote.banks", ROW_bad, expected, found,
			    "Other banks than the hypervisor found active in this TPM.");
	} else {
		verdict_add(j->v, "quote.banks", ROW_ok, expected, found,
			    "Every bank that is active in this TPM was quoted.");
	}
}

/* ---- the TPM's counters -----------------------------------------------------------------------
 */

void quote_clock(struct judge *j)
{
	char expected[48], found[48];

	snprintf(found, sizeof(found), "reset %u restart %u", j->reset_count, j->restart_count);
	if (!j->quote_signed || !j->boot) {
		verdict_add(j->v, "quote.clock", ROW_missing, NULL, j->quote_signed ? found : NULL,
			    "There is no proved boot record or no genuine quote to compare.");
		return;
	}
	snprintf(expected, sizeof(expected), "reset %u restart %u", j->boot->body.boot.reset_count,
		 j->boot->body.boot.restart_count);
	if (strcmp(expected, found) != 0) {
		verdict_add(j->v, "quote.clock", ROW_bad, expected, found,
			    "The TPM was reset after the host had booted: its registers may have "
			    "been filled by something else.");
		return;
	}
	verdict_add(j->v, "quote.clock", ROW_ok, expected, found,
		    "The TPM was not reset since the hypervisor started%s.",
		    j->clock_safe ? "" : " (its clock may have stood later before; not used)");
}
