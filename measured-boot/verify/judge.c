/* SPDX-License-Identifier: MIT */
/*
 * The judgement: every step, in the documented order.  A step that fails does not stop the ones
 * behind it; each knows by the flags in struct judge what it may still believe.
 */
#include "measured-boot/verify/identity.h"
#include "measured-boot/verify/json.h"
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

static void (*const steps[])(struct judge *judge) = {
	/* who speaks */
	certificate_read,
	host_enrolled,
	certificate_chain,
	ak_check,
	/* what the TPM signed, and that the logs make it */
	quote_check,
	bootlog_replay,
	checkpoint_pcr,
	quote_pcrs,
	/* what booted */
	appraise_boot,
	checkpoint_check,
	log_check,
	quote_clock,
	quote_banks,
	/* is it new enough, and is it the domain that was asked for */
	limits_check,
	launch_check,
};

static void subject(const struct judge *judge)
{
	struct verdict_subject *about = &judge->verdict->about;

	about->host = true;
	if (judge->enrolled) {
		memcpy(about->host_name, judge->host_name, sizeof(about->host_name));
	}
	about->genuine = judge->checkpoint_ok;
	memcpy(about->boot_id, judge->e->checkpoint.boot_id, sizeof(about->boot_id));
	memcpy(about->nonce, judge->in->nonce, sizeof(about->nonce));
	about->tenant_asked = judge->in->expect != NULL;
	about->tenant = judge->in->expect && judge->launch;
	about->launch_record = about->tenant ? judge->launch->index : 0;
}

void verify_judge(const struct verify_inputs *in, const struct evidence *e, struct verdict *verdict)
{
	struct judge judge = {.in = in, .e = e, .verdict = verdict};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		steps[i](&judge);
	}
	verdict->strict = in->strict;
	verdict_close(verdict);
	subject(&judge);
	X509_free(judge.ek_certificate);
	EVP_PKEY_free(judge.ak);
	bootlog_free(judge.log);
	reference_free(judge.reference);
	limits_free(judge.limits);
	expectation_free(judge.expect);
	free(judge.entry_ok);
}

/* ---- what was judged by which files --------------------------------------------------------- */

void verify_evidence_name(struct verdict *verdict, const char *name, const struct bytes *evidence)
{
	verdict->about.evidence = name;
	SHA256(evidence->data, evidence->length, verdict->about.evidence_sha256);
}
