/* SPDX-License-Identifier: MIT */
/*
 * The checkpoint: the bytes whose digest is in PCR 22.  They are the hypervisor's own words when
 * the quote vouches for the PCR, and about this very moment when they hold the quote's nonce.
 */
#include "measured-boot/verify/log.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>

#include "abi/corbel.h"
#include "measured-boot/shared/eventlog.h"
#include "measured-boot/verify/bootlog.h"

static const struct {
	uint32_t flag;
	const char *word;
} flag_words[] = {
	{CORBEL_HOST_MEASURED, "measured"}, {CORBEL_HOST_TPM, "tpm"},
	{CORBEL_HOST_IOMMU, "iommu"},       {CORBEL_HOST_EFI, "efi"},
	{CORBEL_HOST_DEBUG, "debug"},       {CORBEL_HOST_WEAK_ENTROPY, "weak-entropy"},
	{CORBEL_HOST_SMT, "smt"},           {CORBEL_HOST_NO_DEVICES, "no-devices"},
	{CORBEL_HOST_NO_IBPB, "no-ibpb"},
};

void flags_text(uint32_t flags, char out[FLAGS_TEXT])
{
	size_t used = 0;

	out[0] = 0;
	for (size_t i = 0; i < sizeof(flag_words) / sizeof(flag_words[0]); i++) {
		if (flags & flag_words[i].flag) {
			used += snprintf(out + used, FLAGS_TEXT - used, "%s%s", used ? " " : "",
					 flag_words[i].word);
			flags &= ~flag_words[i].flag;
		}
	}
	if (flags) {
		snprintf(out + used, FLAGS_TEXT - used, "%sunknown 0x%x", used ? " " : "", flags);
	}
}

void checkpoint_pcr(struct judge *j)
{
	uint8_t both256[64] = {0}, both384[96] = {0}, unused[48];

	digest_both(&j->e->checkpoint, sizeof(j->e->checkpoint), both256 + 32, both384 + 48);
	digest_both(both256, sizeof(both256), j->pcr256[CORBEL_CHECKPOINT_PCR], unused);
	digest_both(both384, sizeof(both384), unused, j->pcr384[CORBEL_CHECKPOINT_PCR]);
	for (unsigned n = 0; n < j->banks; n++) {
		uint8_t *value = j->foreign[n][CORBEL_CHECKPOINT_PCR];
		uint8_t digest[BANK_DIGEST_MAX];

		memset(value, 0, BANK_DIGEST_MAX);
		memset(digest, EVENTLOG_FOREIGN, sizeof(digest));
		bank_extend(j->bank[n], value, digest);
	}
	j->pcr_known |= 1u << CORBEL_CHECKPOINT_PCR;
}

/* Why nothing vouches for PCR 22: the first of the rows that pcrs_ok needs. */
static const char *cause(const struct judge *j)
{
	if (!j->quote_signed) {
		return "quote.signature";
	}
	if (!j->enrolled) {
		return "host.enrolled";
	}
	if (memcmp(j->ak_name, j->enrolled_ak, NAME_LEN)) {
		return "ak.credential";
	}
	return j->quote_fresh ? "quote.pcrs" : "quote.nonce";
}

static void pcr22_row(struct judge *j)
{
	const uint8_t *computed = j->pcr256[CORBEL_CHECKPOINT_PCR];
	const uint8_t *read = j->e->pcr_present & 1u << CORBEL_CHECKPOINT_PCR
				      ? j->e->pcr[CORBEL_CHECKPOINT_PCR]
				      : NULL;

	if (j->pcrs_ok) {
		verdict_add_digest(j->v, "checkpoint.pcr22", ROW_ok, computed, computed, 32,
				   "The TPM vouches for the checkpoint: the state of the launch "
				   "log as the hypervisor wrote it.");
	} else if (read && memcmp(computed, read, 32)) {
		verdict_add_digest(j->v, "checkpoint.pcr22", ROW_bad, computed, read, 32,
				   "PCR 22 holds another checkpoint than this one.");
	} else {
		verdict_add_digest(j->v, "checkpoint.pcr22", ROW_missing, computed, read, 32,
				   "No quote vouches for the checkpoint: see %s.", cause(j));
	}
}

static void nonce_row(struct judge *j)
{
	const struct corbel_checkpoint *c = &j->e->checkpoint;
	bool good = !memcmp(c->magic, CORBEL_CHECKPOINT_MAGIC, sizeof(c->magic));

	if (!good) {
		char found[64];

		text_escape(c->magic, sizeof(c->magic), found, sizeof(found));
		verdict_add(j->v, "checkpoint.nonce", ROW_bad, CORBEL_CHECKPOINT_MAGIC, found,
			    "These bytes are no checkpoint.");
	} else if (memcmp(c->nonce, j->quote_nonce, sizeof(c->nonce))) {
		good = false;
		verdict_add_digest(j->v, "checkpoint.nonce", ROW_bad, j->quote_nonce, c->nonce,
				   sizeof(c->nonce),
				   "A stale checkpoint: it was made for another nonce, and hides "
				   "what happened since.");
	} else if (!j->quote_fresh) {
		good = false;
		verdict_add_digest(j->v, "checkpoint.nonce", ROW_missing, j->quote_nonce, c->nonce,
				   sizeof(c->nonce),
				   "The checkpoint is as old as the quote, and the quote is not "
				   "fresh: see quote.nonce.");
	} else {
		verdict_add_digest(j->v, "checkpoint.nonce", good_log(j), j->quote_nonce, c->nonce,
				   sizeof(c->nonce),
				   "The checkpoint was made for this very question.");
	}
	j->checkpoint_ok = good && j->pcrs_ok;
}

/* One row about one property of the host. */
static void property(struct judge *j, const char *row, enum row_result result, const char *expected,
		     const char *meaning)
{
	char found[FLAGS_TEXT];

	flags_text(j->e->checkpoint.host_flags, found);
	verdict_add(j->v, row, result, expected, found, "%s", meaning);
}

static void flag_rows(struct judge *j)
{
	const char *devices = "A device, and so Dom0, can reach tenants' memory.";
	uint32_t flags = j->e->checkpoint.host_flags, known = 0;
	enum row_result good = good_log(j);

	for (size_t i = 0; i < sizeof(flag_words) / sizeof(flag_words[0]); i++) {
		known |= flag_words[i].flag;
	}
	property(j, "checkpoint.flags", flags & ~known ? ROW_bad : good, "flags that are known",
		 flags & ~known ? "The host is in a state that this verifier does not know."
				: "What the hypervisor says of its host.");
	property(j, "host.measured", (flags & HOST_REQUIRED) == HOST_REQUIRED ? good : ROW_bad,
		 "measured tpm efi",
		 (flags & HOST_REQUIRED) == HOST_REQUIRED
			 ? "Every step of the boot was measured."
			 : "The hypervisor itself says that its boot was not measured.");
	property(j, "host.debug", flags & CORBEL_HOST_DEBUG ? ROW_bad : good, "not debug",
		 flags & CORBEL_HOST_DEBUG ? "A debug build, or options for tests are on: tenants "
					     "are not protected."
					   : "No debug build and no option for tests.");
	property(j, "host.entropy", flags & CORBEL_HOST_WEAK_ENTROPY ? ROW_bad : good,
		 "not weak-entropy",
		 flags & CORBEL_HOST_WEAK_ENTROPY
			 ? "The host's random numbers can be guessed, boot id and salts with them."
			 : "The host has a good source of random numbers.");
	if (flags & CORBEL_HOST_IOMMU) {
		devices = "Devices reach no tenant's memory.";
	} else if (flags & CORBEL_HOST_NO_DEVICES) {
		devices = "No domain has a device that could reach memory.";
	}
	property(j, "host.iommu",
		 flags & (CORBEL_HOST_IOMMU | CORBEL_HOST_NO_DEVICES) ? good : ROW_bad,
		 "iommu or no-devices", devices);
	property(j, "host.smt", flags & CORBEL_HOST_SMT ? ROW_warning : good, "not smt",
		 flags & CORBEL_HOST_SMT ? "Cores run two threads: tenants on one core can watch "
					   "each other."
					 : "One thread a core.");
	property(j, "host.ibpb", flags & CORBEL_HOST_NO_IBPB ? ROW_warning : good, "not no-ibpb",
		 flags & CORBEL_HOST_NO_IBPB
			 ? "The CPU cannot flush its branch predictor: one tenant can train it "
			   "against the next on the same core."
			 : "The branch predictor is flushed between tenants.");
}

static void policy_row(struct judge *j)
{
	const uint8_t *digest = j->e->checkpoint.policy;
	const struct reference_component *policy = NULL;

	if (j->reference && j->reference->best) {
		policy = reference_find(j->reference->best, "policy");
	}
	if (!policy) {
		verdict_add_digest(j->v, "checkpoint.policy", ROW_missing, NULL, digest, 32,
				   "Without a reference nothing says which policies are "
				   "acceptable.");
	} else if (reference_policy(j->reference, digest)) {
		verdict_add_digest(j->v, "checkpoint.policy", good_log(j), policy->sha256, digest,
				   32, "The policy in force is one of the references'%s.",
				   memcmp(policy->sha256, digest, 32) ? ", not the one booted with"
								      : "");
	} else {
		verdict_add_digest(j->v, "checkpoint.policy", ROW_bad, policy->sha256, digest, 32,
				   "A policy is in force that no reference has.");
	}
}

/* Counters that decide nothing, but an auditor asks for them. */
static void audit_row(struct judge *j)
{
	char found[96];

	snprintf(found, sizeof(found), "%llu refusals, %llu lost",
		 (unsigned long long)j->e->checkpoint.audit_denied,
		 (unsigned long long)j->e->checkpoint.trace_lost);
	verdict_add(j->v, "checkpoint.audit", ROW_note, NULL, found,
		    "Refusals by the policy since boot, and trace records that were lost.");
}

void checkpoint_check(struct judge *j)
{
	pcr22_row(j);
	nonce_row(j);
	flag_rows(j);
	policy_row(j);
	audit_row(j);
}

/* One policy record: it must follow the one before it, and its policy be acceptable. */
static bool switch_good(struct judge *j, const struct log_entry *entry, const uint8_t before[32])
{
	const struct corbel_log_record *r = &entry->record;

	if (memcmp(r->body.policy_change.before, before, 32)) {
		verdict_add_digest(j->v, "checkpoint.switches", ROW_bad, before,
				   r->body.policy_change.before, 32,
				   "Record %llu replaces a policy that was not in force: one is "
				   "not shown.",
				   (unsigned long long)entry->index);
		return false;
	}
	if (j->reference->best && !reference_policy(j->reference, r->policy)) {
		verdict_add_digest(j->v, "checkpoint.switches", ROW_bad, NULL, r->policy, 32,
				   "Record %llu put a policy in force that no reference has.",
				   (unsigned long long)entry->index);
		return false;
	}
	return true;
}

void checkpoint_switches(struct judge *j)
{
	const struct corbel_checkpoint *c = &j->e->checkpoint;
	const uint8_t *in_force = j->boot ? j->boot->policy : NULL;
	const struct log_entry *entry;
	char expected[32], found[32];
	uint32_t count = 0;
	bool good = true;

	for (size_t at = 0; (entry = log_next(j, CORBEL_LOG_policy, &at));) {
		good = j->boot && good && switch_good(j, entry, in_force);
		in_force = entry->record.policy;
		count++;
	}
	snprintf(expected, sizeof(expected), "%u", c->policy_switches);
	snprintf(found, sizeof(found), "%u", count);
	if (count != c->policy_switches) {
		verdict_add(j->v, "checkpoint.switches",
			    count < c->policy_switches ? ROW_missing : ROW_bad, expected, found,
			    "The evidence does not have every change of policy since boot.");
	} else if (!j->boot || !j->reference->best) {
		verdict_add(j->v, "checkpoint.switches", ROW_missing, expected, found,
			    "Without boot record and reference nothing says which policies are "
			    "acceptable.");
	} else if (good && memcmp(in_force, c->policy, 32)) {
		verdict_add_digest(j->v, "checkpoint.switches", ROW_bad, in_force, c->policy, 32,
				   "Another policy is in force than the records lead to.");
	} else if (good) {
		verdict_add(j->v, "checkpoint.switches", good_log(j), expected, found,
			    "Every change of policy since boot is on record, and none was to an "
			    "unknown policy.");
	}
}
