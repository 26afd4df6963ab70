/* SPDX-License-Identifier: MIT */
/*
 * The steps of a judgement and what they hand to each other.  verify_judge() calls them in the
 * order below.  Every step adds its rows, whatever happened before it: what it cannot judge it says
 * with a ROW_missing row, so that no verdict has a gap that reads as consent.  No step believes
 * a field of `e` before a flag below says that something trusted vouched for it.
 */
#ifndef MEASURED_BOOT_VERIFY_STEPS_H
#define MEASURED_BOOT_VERIFY_STEPS_H
#include "measured-boot/verify/verify.h"

#define NAME_LEN 34u /* of a TPM object with nameAlg SHA-256: u16 0x000B, digest */
/* PCRs that a quote must select, in every active bank, and no other. */
#define QUOTE_PCRS      0x4E03FFu /* 0-9, 17, 18, 19, 22 */
#define BANKS_MAX       8u
#define BANK_DIGEST_MAX 64u

struct bootlog;     /* bootlog.c: the events of the boot log, in order */
struct reference;   /* appraise.c: the loaded references and the firmware profile */
struct limits;      /* limits.c */
struct expectation; /* expect.c */
struct x509_st;
struct evp_pkey_st;

struct judge {
	const struct verify_inputs *in;
	const struct evidence *e;
	struct verdict *verdict;

	/* certificate_read(), host_enrolled(), ak_check() */
	struct x509_st *ek_certificate; /* NULL: unreadable */
	uint8_t ek_sha256[32];          /* of its SubjectPublicKeyInfo; zero: unreadable */
	bool enrolled;                  /* the EK is in hosts.json; then: */
	char host_name[64];
	uint8_t enrolled_ak[NAME_LEN]; /* the only AK that this host may use */
	uint8_t ak_name[NAME_LEN];     /* computed from e->ak_public; zero: unreadable */
	struct evp_pkey_st *ak;        /* NULL: no usable key */

	/* quote_check(): what the TPM signed.  Meaningful only when quote_signed. */
	bool quote_signed;       /* TPM-made, and the signature is the AK's */
	bool quote_fresh;        /* its nonce is ours, or the root of a batch with ours in it */
	uint8_t quote_nonce[32]; /* extraData; what checkpoint.nonce must equal */
	uint32_t reset_count, restart_count;
	bool clock_safe;
	uint8_t pcr_digest[32];     /* SHA-256 over the selected PCRs, bank after bank */
	bool pcr_selection_ok;      /* exactly QUOTE_PCRS in each of these banks, no bank twice: */
	uint16_t quoted[BANKS_MAX]; /* TPM_ALG, in the quote's order */
	unsigned quoted_count;

	/* bootlog_replay() sets 0-9 and 17-19, checkpoint_pcr() sets 22; a bit in pcr_known for
	 * each PCR computed in all banks of the log.  SHA-256 is always one of them, and decides
	 * alone; SHA-384 must agree where there is such a bank; of others (foreign) nothing is
	 * known but that log and quote agree. */
	uint16_t bank[BANKS_MAX];
	unsigned banks;
	uint8_t pcr256[24][32], pcr384[24][48], foreign[BANKS_MAX][24][BANK_DIGEST_MAX];
	uint32_t pcr_known;
	struct bootlog *log; /* NULL: unreadable */
	bool boot_log_ok;    /* parsed to its last byte and replayed */

	/* quote_pcrs(): the computed values are those that the TPM signed, the AK is the enrolled
	 * one and the quote is fresh: from here on boot log and checkpoint are genuine. */
	bool pcrs_ok;

	/* appraise_*() */
	struct reference *reference;
	/* checkpoint_check() */
	bool checkpoint_ok; /* genuine, and carries the quote's nonce */
	/* log_check(): records whose inclusion is proved; e->entry[i] is believed if entry_ok[i] */
	bool *entry_ok;
	const struct corbel_log_record *boot; /* leaf 0, proved; NULL: not there */
	/* the asked domain's launch record, proved; NULL: none */
	const struct corbel_log_record *launch;
	/* limits_check(), launch_check() */
	struct limits *limits;
	struct expectation *expect;
};

/* ---- part 1: identity and quote ----------------------------------------------------------- */

/* certificate.c: reads the DER and the digest of its key; certificate_chain() says what failed. */
void certificate_read(struct judge *judge);
/* hosts.c: host.enrolled */
void host_enrolled(struct judge *judge);
/* certificate.c: ek.chain, ek.test-tpm */
void certificate_chain(struct judge *judge);
/* ak.c: ak.attributes, ak.credential */
void ak_check(struct judge *judge);
/* quote.c: quote.magic, quote.signature, quote.nonce */
void quote_check(struct judge *judge);
/* quote.c, after bootlog_replay() and checkpoint_pcr(): quote.pcrs.  Sets pcrs_ok; when the digest
 * differs it names the PCRs whose value in e->pcr is not the computed one. */
void quote_pcrs(struct judge *judge);
/* quote.c, after log_check(): quote.clock, the TPM's counters against leaf 0; quote.banks, the
 * banks of log and quote against those that the hypervisor found. */
void quote_clock(struct judge *judge);
void quote_banks(struct judge *judge);

/* ---- part 2: boot log, references, checkpoint, launch log, limits, tenant ------------------- */

/* bootlog.c: whether the log has a bank of this TPM_ALG. */
bool judge_bank(const struct judge *judge, uint16_t alg);
/* bootlog.c: boot.log.  Parses e->boot_log and replays it into the PCR values. */
void bootlog_replay(struct judge *judge);
/* checkpoint.c, no row: PCR 22 as the bytes of e->checkpoint would make it. */
void checkpoint_pcr(struct judge *judge);
/* appraise.c: loads references and profile, then firmware, grub, hypervisor, hypervisor.cmdline,
 * policy ... dom0.initrd, X.cmdline, pcr17, pcr18, pcr19 */
void appraise_boot(struct judge *judge);
/* checkpoint.c: checkpoint.pcr22, checkpoint.nonce, checkpoint.flags, checkpoint.policy,
 * checkpoint.audit, host.* */
void checkpoint_check(struct judge *judge);
/* launch.c: log.inclusion, log.boot, log.consistency.  Sets entry_ok, boot. */
void log_check(struct judge *judge);
/* limits.c: limits.* */
void limits_check(struct judge *judge);
/* launch.c: tenant.*, report.*; nothing but a note when no expectation was given */
void launch_check(struct judge *judge);

/* Free what the steps allocated; each takes NULL. */
void bootlog_free(struct bootlog *log);
void reference_free(struct reference *reference);
void limits_free(struct limits *limits);
void expectation_free(struct expectation *expect);
#endif
