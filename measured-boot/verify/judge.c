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

static void (*const steps[])(struct judge *j) = {
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

static void subject(const struct judge *j)
{
	struct verdict_subject *about = &j->v->about;

	about->host = true;
	if (j->enrolled) {
		memcpy(about->host_name, j->host_name, sizeof(about->host_name));
	}
	about->genuine = j->checkpoint_ok;
	memcpy(about->boot_id, j->e->checkpoint.boot_id, sizeof(about->boot_id));
	memcpy(about->nonce, j->in->nonce, sizeof(about->nonce));
	about->tenant_asked = j->in->expect != NULL;
	about->tenant = j->in->expect && j->launch;
	about->launch_record = about->tenant ? j->launch->index : 0;
}

void verify_judge(const struct verify_inputs *in, const struct evidence *e, struct verdict *v)
{
	struct judge j = {.in = in, .e = e, .v = v};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		steps[i](&j);
	}
	v->strict = in->strict;
	verdict_close(v);
	subject(&j);
	X509_free(j.ek_certificate);
	EVP_PKEY_free(j.ak);
	bootlog_free(j.log);
	reference_free(j.reference);
	limits_free(j.limits);
	expectation_free(j.expect);
	free(j.entry_ok);
}

/* ---- what was judged by which files -------------------------------------------------------------
 */

void verify_evidence_name(struct verdict *v, const char *name, const struct bytes *evidence)
{
	v->about.evidence = name;
	SHA256(evidence->data, evidence->length, v->about.evidence_sha256);
}
