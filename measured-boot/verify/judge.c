/* SPDX-License-Identifier: MIT */
/*
 * The judgement: every step, in the documented order.  A step that fails does not stop the ones
 * behind it; each knows by the flags in struct judge what it may still believe.
 */
#include "measured-boot/verify/identity.h"
#include <stdlib.h>

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
	/* is it new enough, and is it the domain that was asked for */
	limits_check,
	launch_check,
};

void verify_judge(const struct verify_inputs *in, const struct evidence *e, struct verdict *v)
{
	struct judge j = {.in = in, .e = e, .v = v};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		steps[i](&j);
	}
	verdict_close(v);
	X509_free(j.ek_certificate);
	EVP_PKEY_free(j.ak);
	bootlog_free(j.log);
	reference_free(j.reference);
	limits_free(j.limits);
	expectation_free(j.expect);
	free(j.entry_ok);
}
