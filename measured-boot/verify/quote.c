/* SPDX-License-Identifier: MIT */
/*
 * The quote: that the TPM made it, that the attestation key signed it, that it is fresh, and that
 * the PCR values computed from the logs are the ones it signed.  A quote that the TPM did not make
 * cannot bear its magic number, since a restricted key refuses to sign such bytes from outside
 * (TPM 2.0 part 1, 31.2).
 */
#include "measured-boot/verify/identity.h"
#include "measured-boot/shared/eventlog.h"
#include "tools/lib/merkle.h"
#include <openssl/ecdsa.h>
#include <openssl/sha.h>
#include <string.h>
#include <tss2/tss2_mu.h>

/* ---- signature ---------------------------------------------------------------------------- */

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

static bool row_signature(struct judge *judge)
{
	TPMT_SIGNATURE signature;

	if (!judge->ak) {
		verdict_add(judge->verdict, "quote.signature", ROW_missing, "a signature by the AK",
			    NULL, "There is no usable attestation key to check it with.");
		return false;
	}
	if (!signature_parse(&judge->e->signature, &signature)) {
		verdict_add(judge->verdict, "quote.signature", ROW_bad, "ECDSA P-256 with SHA-256",
			    "something else", "No signature that this key could have made.");
		return false;
	}
	if (!signature_verify(judge->ak, &signature.signature.ecdsa, &judge->e->attest)) {
		verdict_add(judge->verdict, "quote.signature", ROW_bad, "a signature by the AK",
			    "does not fit",
			    "The quote is not as the TPM signed it, or another TPM's.");
		return false;
	}
	verdict_add(judge->verdict, "quote.signature", ROW_ok, "a signature by the AK", "fits",
		    "Signed with this key; that a TPM holds it is said by ak.credential.");
	return true;
}

/* ---- contents ----------------------------------------------------------------------------- */

/* tss2-mu refuses another magic number on its own; this says so in a row. */
static bool row_magic(struct judge *judge, TPMS_ATTEST *attest)
{
	const struct bytes *b = &judge->e->attest;
	static const uint8_t magic[4] = {0xFF, 0x54, 0x43, 0x47};
	size_t at = 0;

	memset(attest, 0, sizeof(*attest));
	if (b->length < sizeof(magic) || memcmp(b->data, magic, sizeof(magic)) != 0) {
		verdict_add_digest(judge->verdict, "quote.magic", ROW_bad, magic,
				   b->length < sizeof(magic) ? NULL : b->data, sizeof(magic),
				   "No TPM made this structure: anyone could have.");
		return false;
	}
	if (Tss2_MU_TPMS_ATTEST_Unmarshal(b->data, b->length, &at, attest) != TSS2_RC_SUCCESS ||
	    at != b->length || attest->type != TPM2_ST_ATTEST_QUOTE) {
		verdict_add(judge->verdict, "quote.magic", ROW_bad, "a quote", "something else",
			    "The TPM signed something, but no quote of PCR values.");
		return false;
	}
	verdict_add(judge->verdict, "quote.magic", ROW_ok, "a quote made by a TPM", "as expected",
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

static bool quotes_bank(const struct judge *judge, uint16_t alg)
{
	for (unsigned n = 0; n < judge->quoted_count; n++) {
		if (judge->quoted[n] == alg) {
			return true;
		}
	}
	return false;
}

/* Takes the banks over; whether each selects what it must, and none is there twice. */
static bool take_selection(struct judge *judge, const TPML_PCR_SELECTION *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		const TPMS_PCR_SELECTION *bank = &s->pcrSelections[i];

		if (judge->quoted_count == BANKS_MAX || quotes_bank(judge, bank->hash) ||
		    selected(bank) != QUOTE_PCRS) {
			return false;
		}
		judge->quoted[judge->quoted_count++] = bank->hash;
	}
	return true;
}

static void take_facts(struct judge *judge, const TPMS_ATTEST *attest)
{
	const TPMS_QUOTE_INFO *quote = &attest->attested.quote;

	judge->reset_count = attest->clockInfo.resetCount;
	judge->restart_count = attest->clockInfo.restartCount;
	judge->clock_safe = attest->clockInfo.safe == TPM2_YES;
	if (attest->extraData.size == sizeof(judge->quote_nonce)) {
		memcpy(judge->quote_nonce, attest->extraData.buffer, sizeof(judge->quote_nonce));
	}
	judge->pcr_selection_ok = take_selection(judge, &quote->pcrSelect) &&
				  quote->pcrDigest.size == sizeof(judge->pcr_digest);
	if (judge->pcr_selection_ok) {
		memcpy(judge->pcr_digest, quote->pcrDigest.buffer, sizeof(judge->pcr_digest));
	}
}

static void row_nonce(struct judge *judge, const TPMS_ATTEST *attest)
{
	const struct evidence *e = judge->e;
	merkle_hash leaf;

	if (attest->extraData.size != CORBEL_NONCE_LEN) {
		verdict_add(judge->verdict, "quote.nonce", ROW_bad, "32 bytes", "another length",
			    "The quote does not carry the verifier's nonce.");
	} else if (memcmp(e->nonce, judge->in->nonce, CORBEL_NONCE_LEN) != 0) {
		verdict_add_digest(judge->verdict, "quote.nonce", ROW_bad, judge->in->nonce,
				   e->nonce, CORBEL_NONCE_LEN,
				   "The evidence names another nonce: it answers another question, "
				   "or was altered.");
	} else if (e->batch_size == 0) {
		judge->quote_fresh = verdict_compare(
			judge->verdict, "quote.nonce", judge->in->nonce, judge->quote_nonce,
			CORBEL_NONCE_LEN, "Made for this nonce: the quote is not an old one.",
			"Made for another nonce: an old quote, or somebody else's.");
	} else {
		merkle_leaf(judge->in->nonce, CORBEL_NONCE_LEN, leaf);
		judge->quote_fresh = merkle_inclusion_verify(
			leaf, e->batch_index, e->batch_size, (const merkle_hash *)e->batch_proof,
			e->batch_proof_length, judge->quote_nonce);
		verdict_add_digest(
			judge->verdict, "quote.nonce", judge->quote_fresh ? ROW_ok : ROW_bad,
			judge->in->nonce, NULL, CORBEL_NONCE_LEN,
			judge->quote_fresh ? "Made for a set of nonces, of which this is one."
					   : "This nonce is not among those that it was made "
					     "for.");
	}
}

void quote_check(struct judge *judge)
{
	TPMS_ATTEST attest;
	bool made_by_tpm = row_magic(judge, &attest);

	judge->quote_signed = row_signature(judge) && made_by_tpm;
	if (!made_by_tpm) {
		verdict_add(judge->verdict, "quote.nonce", ROW_missing, NULL, NULL,
			    "There is no quote that could carry a nonce.");
		return;
	}
	take_facts(judge, &attest);
	row_nonce(judge, &attest);
}

/* ---- PCR values --------------------------------------------------------------------------- */

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
static uint32_t different(const struct judge *judge)
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < 24; i++) {
		if (judge->e->pcr_present & QUOTE_PCRS & 1u << i &&
		    memcmp(judge->e->pcr[i], judge->pcr256[i], 32) != 0) {
			bits |= 1u << i;
		}
	}
	return bits;
}

/* The quote is right; the values beside it decide nothing, but whoever reads them must not be
 * deceived: they are all there, no others, and the ones that were signed.  True: a row was added.
 */
static bool row_shown(struct judge *judge)
{
	uint32_t bits = different(judge), unequal = judge->e->pcr_present ^ QUOTE_PCRS;
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
		judge->verdict, "quote.pcrs", ROW_bad,
		QUOTE_PCRS & 1u << pcr ? judge->pcr256[pcr] : NULL,
		judge->e->pcr_present & 1u << pcr ? judge->e->pcr[pcr] : NULL, 32,
		"The logs make the values that were signed, but the evidence shows other "
		"ones, too few or too many: PCR %s.",
		list);
	return true;
}

static const uint8_t *value_of(const struct judge *judge, uint16_t alg, unsigned pcr)
{
	if (alg == TPM2_ALG_SHA256) {
		return judge->pcr256[pcr];
	}
	if (alg == TPM2_ALG_SHA384) {
		return judge->pcr384[pcr];
	}
	for (unsigned n = 0; n < judge->banks; n++) {
		if (judge->bank[n] == alg) {
			return judge->foreign[n][pcr];
		}
	}
	return NULL;
}

/* As the TPM does it: bank after bank in the quote's order (TPM 2.0 part 3, 18.4). */
static bool digest_pcrs(const struct judge *judge, uint8_t out[32])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;

	for (unsigned n = 0; n < judge->quoted_count; n++) {
		size_t size = eventlog_digest_size(judge->quoted[n]);

		for (unsigned i = 0; i < 24 && good; i++) {
			const uint8_t *value = value_of(judge, judge->quoted[n], i);

			if (QUOTE_PCRS & 1u << i) {
				good = value && EVP_DigestUpdate(context, value, size) == 1;
			}
		}
	}
	good = good && EVP_DigestFinal_ex(context, out, NULL) == 1;
	EVP_MD_CTX_free(context);
	return good;
}

static void row_pcrs(struct judge *judge)
{
	uint8_t computed[32] = {0};
	char list[80];

	if (digest_pcrs(judge, computed) && memcmp(computed, judge->pcr_digest, 32) == 0) {
		judge->pcrs_ok = judge->quote_fresh && judge->enrolled &&
				 memcmp(judge->ak_name, judge->enrolled_ak, NAME_LEN) == 0;
		if (!row_shown(judge)) {
			verdict_add_digest(judge->verdict, "quote.pcrs", ROW_ok, computed,
					   judge->pcr_digest, 32,
					   "The logs make exactly the values that were signed.");
		}
		return;
	}
	list_pcrs(list, sizeof(list), different(judge));
	verdict_add_digest(judge->verdict, "quote.pcrs", ROW_bad, computed, judge->pcr_digest, 32,
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
static bool banks_equal(const struct judge *judge)
{
	return judge->quoted_count == judge->banks &&
	       bank_bits(judge->quoted, judge->quoted_count) ==
		       bank_bits(judge->bank, judge->banks);
}

void quote_pcrs(struct judge *judge)
{
	char expected[128], found[128], text[BANKS_TEXT];

	banks_text(judge->banks ? bank_bits(judge->bank, judge->banks)
				: eventlog_bank_bit(TPM2_ALG_SHA256),
		   text);
	snprintf(expected, sizeof(expected), "PCR 0-9 17-19 22 of %s", text);
	banks_text(bank_bits(judge->quoted, judge->quoted_count), text);
	snprintf(found, sizeof(found), "those of %s", text);
	if (!judge->quote_signed) {
		verdict_add(judge->verdict, "quote.pcrs", ROW_missing, expected, NULL,
			    "No genuine quote says what the TPM holds.");
	} else if (!judge->pcr_selection_ok) {
		verdict_add(judge->verdict, "quote.pcrs", ROW_bad, expected, "another selection",
			    "The quote leaves out a register, where anything could be, or has one "
			    "too many.");
	} else if ((judge->pcr_known & QUOTE_PCRS) != QUOTE_PCRS) {
		list_pcrs(text, sizeof(text), QUOTE_PCRS & ~judge->pcr_known);
		verdict_add(judge->verdict, "quote.pcrs", ROW_missing, expected, NULL,
			    "The logs do not tell the values of PCR %s.", text);
	} else if (!banks_equal(judge)) {
		verdict_add(judge->verdict, "quote.pcrs", ROW_bad, expected, found,
			    "The quote leaves out an active bank, where anything could be, or has "
			    "one that the log does not tell of.");
	} else {
		row_pcrs(judge);
	}
}

/* The log's header, which lists the banks, is measured nowhere; the boot record is the hypervisor's
 * own word. */
void quote_banks(struct judge *judge)
{
	char expected[BANKS_TEXT], found[BANKS_TEXT];
	uint32_t quoted = bank_bits(judge->quoted, judge->quoted_count);

	banks_text(quoted, found);
	if (!judge->quote_signed || !judge->boot) {
		verdict_add(judge->verdict, "quote.banks", ROW_missing, NULL,
			    judge->quote_signed ? found : NULL,
			    "There is no proved boot record or no genuine quote to compare.");
		return;
	}
	banks_text(judge->boot->body.boot.banks, expected);
	if (judge->boot->body.boot.banks != quoted) {
		verdict_add(judge->verdict, "quote.banks", ROW_bad, expected, found,
			    "Other banks than the hypervisor found active in this TPM.");
	} else {
		verdict_add(judge->verdict, "quote.banks", ROW_ok, expected, found,
			    "Every bank that is active in this TPM was quoted.");
	}
}

/* ---- the TPM's counters ------------------------------------------------------------------- */

void quote_clock(struct judge *judge)
{
	char expected[48], found[48];

	snprintf(found, sizeof(found), "reset %u restart %u", judge->reset_count,
		 judge->restart_count);
	if (!judge->quote_signed || !judge->boot) {
		verdict_add(judge->verdict, "quote.clock", ROW_missing, NULL,
			    judge->quote_signed ? found : NULL,
			    "There is no proved boot record or no genuine quote to compare.");
		return;
	}
	snprintf(expected, sizeof(expected), "reset %u restart %u",
		 judge->boot->body.boot.reset_count, judge->boot->body.boot.restart_count);
	if (strcmp(expected, found) != 0) {
		verdict_add(judge->verdict, "quote.clock", ROW_bad, expected, found,
			    "The TPM was reset after the host had booted: its registers may have "
			    "been filled by something else.");
		return;
	}
	verdict_add(judge->verdict, "quote.clock", ROW_ok, expected, found,
		    "The TPM was not reset since the hypervisor started%s.",
		    judge->clock_safe ? "" : " (its clock may have stood later before; not used)");
}
