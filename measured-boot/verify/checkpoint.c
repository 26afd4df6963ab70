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
	{.flag = CORBEL_HOST_MEASURED, .word = "measured"},
	{.flag = CORBEL_HOST_TPM, .word = "tpm"},
	{.flag = CORBEL_HOST_IOMMU, .word = "iommu"},
	{.flag = CORBEL_HOST_EFI, .word = "efi"},
	{.flag = CORBEL_HOST_DEBUG, .word = "debug"},
	{.flag = CORBEL_HOST_WEAK_ENTROPY, .word = "weak-entropy"},
	{.flag = CORBEL_HOST_SMT, .word = "smt"},
	{.flag = CORBEL_HOST_NO_DEVICES, .word = "no-devices"},
	{.flag = CORBEL_HOST_NO_IBPB, .word = "no-ibpb"},
};
#define FLAG_WORDS (sizeof(flag_words) / sizeof(flag_words[0]))

/* Flags that flag_words does not have. */
static uint32_t unknown_flags(uint32_t flags)
{
	for (size_t i = 0; i < FLAG_WORDS; i++) {
		flags &= ~flag_words[i].flag;
	}
	return flags;
}

void flags_text(uint32_t flags, char out[FLAGS_TEXT])
{
	uint32_t unknown = unknown_flags(flags);
	const char *space = "";
	size_t used = 0;

	out[0] = 0;
	for (size_t i = 0; i < FLAG_WORDS; i++) {
		if (flags & flag_words[i].flag) {
			used += snprintf(out + used, FLAGS_TEXT - used, "%s%s", space,
					 flag_words[i].word);
			space = " ";
		}
	}
	if (unknown) {
		snprintf(out + used, FLAGS_TEXT - used, "%sunknown 0x%x", space, unknown);
	}
}

/* What an extend of zeroes makes of the digest: the new value is the hash of both. */
void checkpoint_pcr(struct judge *judge)
{
	const struct corbel_checkpoint *checkpoint = &judge->e->checkpoint;
	uint8_t both256[2 * 32] = {0};
	uint8_t both384[2 * 48] = {0};
	uint8_t unused[48];

	digest_both(checkpoint, sizeof(*checkpoint), both256 + 32, both384 + 48);
	digest_both(both256, sizeof(both256), judge->pcr256[CORBEL_CHECKPOINT_PCR], unused);
	digest_both(both384, sizeof(both384), unused, judge->pcr384[CORBEL_CHECKPOINT_PCR]);
	for (unsigned n = 0; n < judge->banks; n++) {
		uint8_t *value = judge->foreign[n][CORBEL_CHECKPOINT_PCR];
		uint8_t digest[BANK_DIGEST_MAX];

		memset(value, 0, BANK_DIGEST_MAX);
		memset(digest, EVENTLOG_FOREIGN, sizeof(digest));
		bank_extend(judge->bank[n], value, digest);
	}
	judge->pcr_known |= 1u << CORBEL_CHECKPOINT_PCR;
}

/* Why nothing vouches for PCR 22: the first of the rows that pcrs_ok needs. */
static const char *cause(const struct judge *judge)
{
	if (!judge->quote_signed) {
		return "quote.signature";
	}
	if (!judge->enrolled) {
		return "host.enrolled";
	}
	if (memcmp(judge->ak_name, judge->enrolled_ak, NAME_LEN)) {
		return "ak.credential";
	}
	if (!judge->quote_fresh) {
		return "quote.nonce";
	}
	return "quote.pcrs";
}

static void pcr22_row(struct judge *judge)
{
	const uint8_t *computed = judge->pcr256[CORBEL_CHECKPOINT_PCR];
	const uint8_t *read = NULL;

	if (judge->e->pcr_present & 1u << CORBEL_CHECKPOINT_PCR) {
		read = judge->e->pcr[CORBEL_CHECKPOINT_PCR];
	}
	if (judge->pcrs_ok) {
		verdict_add_digest(judge->verdict, "checkpoint.pcr22", ROW_ok, computed, computed,
				   32,
				   "The TPM vouches for the checkpoint: the state of the launch "
				   "log as the hypervisor wrote it.");
	} else if (read && memcmp(computed, read, 32)) {
		verdict_add_digest(judge->verdict, "checkpoint.pcr22", ROW_bad, computed, read, 32,
				   "PCR 22 holds another checkpoint than this one.");
	} else {
		verdict_add_digest(judge->verdict, "checkpoint.pcr22", ROW_missing, computed, read,
				   32, "No quote vouches for the checkpoint: see %s.",
				   cause(judge));
	}
}

static void nonce_row(struct judge *judge)
{
	const struct corbel_checkpoint *checkpoint = &judge->e->checkpoint;
	bool good = !memcmp(checkpoint->magic, CORBEL_CHECKPOINT_MAGIC, sizeof(checkpoint->magic));

	if (!good) {
		char found[64];

		text_escape(checkpoint->magic, sizeof(checkpoint->magic), found, sizeof(found));
		verdict_add(judge->verdict, "checkpoint.nonce", ROW_bad, CORBEL_CHECKPOINT_MAGIC,
			    found, "These bytes are no checkpoint.");
	} else if (memcmp(checkpoint->nonce, judge->quote_nonce, sizeof(checkpoint->nonce))) {
		good = false;
		verdict_add_digest(judge->verdict, "checkpoint.nonce", ROW_bad, judge->quote_nonce,
				   checkpoint->nonce, sizeof(checkpoint->nonce),
				   "A stale checkpoint: it was made for another nonce, and hides "
				   "what happened since.");
	} else if (!judge->quote_fresh) {
		good = false;
		verdict_add_digest(judge->verdict, "checkpoint.nonce", ROW_missing,
				   judge->quote_nonce, checkpoint->nonce, sizeof(checkpoint->nonce),
				   "The checkpoint is as old as the quote, and the quote is not "
				   "fresh: see quote.nonce.");
	} else {
		verdict_add_digest(judge->verdict, "checkpoint.nonce", good_log(judge),
				   judge->quote_nonce, checkpoint->nonce, sizeof(checkpoint->nonce),
				   "The checkpoint was made for this very question.");
	}
	judge->checkpoint_ok = good && judge->pcrs_ok;
}

/* One row about one property of the host. */
static void property_row(struct judge *judge, const char *row, enum row_result result,
			 const char *expected, const char *meaning)
{
	char found[FLAGS_TEXT];

	flags_text(judge->e->checkpoint.host_flags, found);
	verdict_add(judge->verdict, row, result, expected, found, "%s", meaning);
}

/* A property that hosts without a flag have. */
struct property {
	const char *row;
	uint32_t bad_flag;
	enum row_result bad_result;
	const char *expected;
	const char *good_meaning;
	const char *bad_meaning;
};

static const struct property debug = {
	.row = "host.debug",
	.bad_flag = CORBEL_HOST_DEBUG,
	.bad_result = ROW_bad,
	.expected = "not debug",
	.good_meaning = "No debug build and no option for tests.",
	.bad_meaning = "A debug build, or options for tests are on: tenants are not protected.",
};

static const struct property entropy = {
	.row = "host.entropy",
	.bad_flag = CORBEL_HOST_WEAK_ENTROPY,
	.bad_result = ROW_bad,
	.expected = "not weak-entropy",
	.good_meaning = "The host has a good source of random numbers.",
	.bad_meaning = "The host's random numbers can be guessed, boot id and salts with them.",
};

static const struct property smt = {
	.row = "host.smt",
	.bad_flag = CORBEL_HOST_SMT,
	.bad_result = ROW_warning,
	.expected = "not smt",
	.good_meaning = "One thread a core.",
	.bad_meaning = "Cores run two threads: tenants on one core can watch each other.",
};

static const struct property ibpb = {
	.row = "host.ibpb",
	.bad_flag = CORBEL_HOST_NO_IBPB,
	.bad_result = ROW_warning,
	.expected = "not no-ibpb",
	.good_meaning = "The branch predictor is flushed between tenants.",
	.bad_meaning = "The CPU cannot flush its branch predictor: one tenant can train it "
		       "against the next on the same core.",
};

static void judge_property(struct judge *judge, const struct property *property)
{
	enum row_result result = good_log(judge);
	const char *meaning = property->good_meaning;

	if (judge->e->checkpoint.host_flags & property->bad_flag) {
		result = property->bad_result;
		meaning = property->bad_meaning;
	}
	property_row(judge, property->row, result, property->expected, meaning);
}

static void known_row(struct judge *judge, uint32_t flags)
{
	bool is_known = unknown_flags(flags) == 0;
	const char *meaning = "What the hypervisor says of its host.";

	if (!is_known) {
		meaning = "The host is in a state that this verifier does not know.";
	}
	property_row(judge, "checkpoint.flags", log_result(judge, is_known), "flags that are known",
		     meaning);
}

static void measured_row(struct judge *judge, uint32_t flags)
{
	bool is_measured = (flags & HOST_REQUIRED) == HOST_REQUIRED;
	const char *meaning = "Every step of the boot was measured.";

	if (!is_measured) {
		meaning = "The hypervisor itself says that its boot was not measured.";
	}
	property_row(judge, "host.measured", log_result(judge, is_measured), "measured tpm efi",
		     meaning);
}

static void devices_row(struct judge *judge, uint32_t flags)
{
	const char *meaning = "Devices reach no tenant's memory.";
	bool is_safe = true;

	if (!(flags & CORBEL_HOST_IOMMU)) {
		meaning = "No domain has a device that could reach memory.";
		if (!(flags & CORBEL_HOST_NO_DEVICES)) {
			meaning = "A device, and so Dom0, can reach tenants' memory.";
			is_safe = false;
		}
	}
	property_row(judge, "host.iommu", log_result(judge, is_safe), "iommu or no-devices",
		     meaning);
}

static void flag_rows(struct judge *judge)
{
	uint32_t flags = judge->e->checkpoint.host_flags;

	known_row(judge, flags);
	measured_row(judge, flags);
	judge_property(judge, &debug);
	judge_property(judge, &entropy);
	devices_row(judge, flags);
	judge_property(judge, &smt);
	judge_property(judge, &ibpb);
}

static void policy_row(struct judge *judge)
{
	const uint8_t *digest = judge->e->checkpoint.policy;
	const struct reference_component *policy = NULL;
	const char *addition = "";

	if (judge->reference && judge->reference->best) {
		policy = reference_find(judge->reference->best, "policy");
	}
	if (!policy) {
		verdict_add_digest(judge->verdict, "checkpoint.policy", ROW_missing, NULL, digest,
				   32,
				   "Without a reference nothing says which policies are "
				   "acceptable.");
	} else if (reference_policy(judge->reference, digest)) {
		if (memcmp(policy->sha256, digest, 32)) {
			addition = ", not the one booted with";
		}
		verdict_add_digest(judge->verdict, "checkpoint.policy", good_log(judge),
				   policy->sha256, digest, 32,
				   "The policy in force is one of the references'%s.", addition);
	} else {
		verdict_add_digest(judge->verdict, "checkpoint.policy", ROW_bad, policy->sha256,
				   digest, 32, "A policy is in force that no reference has.");
	}
}

/* Counters that decide nothing, but an auditor asks for them. */
static void audit_row(struct judge *judge)
{
	char found[96];

	snprintf(found, sizeof(found), "%llu refusals, %llu lost",
		 (unsigned long long)judge->e->checkpoint.audit_denied,
		 (unsigned long long)judge->e->checkpoint.trace_lost);
	verdict_add(judge->verdict, "checkpoint.audit", ROW_note, NULL, found,
		    "Refusals by the policy since boot, and trace records that were lost.");
}

void checkpoint_check(struct judge *judge)
{
	pcr22_row(judge);
	nonce_row(judge);
	flag_rows(judge);
	policy_row(judge);
	audit_row(judge);
}

/* One policy record: it must follow the one before it, and its policy be acceptable. */
static bool switch_good(struct judge *judge, const struct log_entry *entry,
			const uint8_t before[32])
{
	const struct corbel_log_record *r = &entry->record;

	if (memcmp(r->body.policy_change.before, before, 32)) {
		verdict_add_digest(judge->verdict, "checkpoint.switches", ROW_bad, before,
				   r->body.policy_change.before, 32,
				   "Record %llu replaces a policy that was not in force: one is "
				   "not shown.",
				   (unsigned long long)entry->index);
		return false;
	}
	if (judge->reference->best && !reference_policy(judge->reference, r->policy)) {
		verdict_add_digest(judge->verdict, "checkpoint.switches", ROW_bad, NULL, r->policy,
				   32, "Record %llu put a policy in force that no reference has.",
				   (unsigned long long)entry->index);
		return false;
	}
	return true;
}

void checkpoint_switches(struct judge *judge)
{
	const struct corbel_checkpoint *checkpoint = &judge->e->checkpoint;
	const struct log_entry *entry;
	const uint8_t *in_force = NULL;
	char expected[32];
	char found[32];
	uint32_t count = 0;
	size_t at = 0;
	bool good = true;

	if (judge->boot) {
		in_force = judge->boot->policy;
	}
	for (entry = log_next(judge, CORBEL_LOG_policy, &at); entry;
	     entry = log_next(judge, CORBEL_LOG_policy, &at)) {
		good = judge->boot && good && switch_good(judge, entry, in_force);
		in_force = entry->record.policy;
		count++;
	}
	snprintf(expected, sizeof(expected), "%u", checkpoint->policy_switches);
	snprintf(found, sizeof(found), "%u", count);
	if (count < checkpoint->policy_switches) {
		verdict_add(judge->verdict, "checkpoint.switches", ROW_missing, expected, found,
			    "The evidence does not have every change of policy since boot.");
	} else if (count > checkpoint->policy_switches) {
		verdict_add(judge->verdict, "checkpoint.switches", ROW_bad, expected, found,
			    "The evidence does not have every change of policy since boot.");
	} else if (!judge->boot || !judge->reference->best) {
		verdict_add(judge->verdict, "checkpoint.switches", ROW_missing, expected, found,
			    "Without boot record and reference nothing says which policies are "
			    "acceptable.");
	} else if (good && memcmp(in_force, checkpoint->policy, 32)) {
		verdict_add_digest(judge->verdict, "checkpoint.switches", ROW_bad, in_force,
				   checkpoint->policy, 32,
				   "Another policy is in force than the records lead to.");
	} else if (good) {
		verdict_add(judge->verdict, "checkpoint.switches", good_log(judge), expected, found,
			    "Every change of policy since boot is on record, and none was to an "
			    "unknown policy.");
	}
}
