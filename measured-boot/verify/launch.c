/* SPDX-License-Identifier: MIT */
/*
 * The tenant's part: its launch record against what it expects, and its report.  A domain is the
 * pair {boot id, index of its launch record}; its uuid, which Dom0 chose, is decoration.  That it
 * lives only its own report with this nonce shows: Dom0 can hold back a destroy record, but it
 * cannot make a dead domain speak.
 */
#include "measured-boot/verify/expect.h"
#include "measured-boot/verify/log.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>

#include "abi/corbel.h"
#include "tools/lib/hex.h"
#include "measured-boot/verify/json.h"

#define BOUND_MAX (64u << 20)

/* ---- the launch record --------------------------------------------------------------------- */

static void digest_row(struct judge *judge, const char *row, const uint8_t *expected,
		       const uint8_t *found, const char *what)
{
	if (!memcmp(expected, found, 32)) {
		verdict_add_digest(judge->verdict, row, good_log(judge), expected, found, 32,
				   "The %s is as expected.", what);
	} else {
		verdict_add_digest(judge->verdict, row, ROW_bad, expected, found, 32,
				   "Another %s was launched.", what);
	}
}

static void number_row(struct judge *judge, const char *row, uint64_t expected, uint64_t found,
		       const char *what)
{
	char expected_text[32];
	char found_text[32];

	snprintf(expected_text, sizeof(expected_text), "%llu", (unsigned long long)expected);
	snprintf(found_text, sizeof(found_text), "%llu", (unsigned long long)found);
	if (expected == found) {
		verdict_add(judge->verdict, row, good_log(judge), expected_text, found_text,
			    "The %s is as expected.", what);
	} else {
		verdict_add(judge->verdict, row, ROW_bad, expected_text, found_text,
			    "The domain was launched with another %s.", what);
	}
}

static void label_row(struct judge *judge, const struct corbel_log_launch *launch)
{
	const char *meaning = "The label, and so what the policy allows, is as expected.";
	char label[64] = {0};
	char found[64];
	bool is_same;

	memcpy(label, judge->expect->label, strlen(judge->expect->label));
	is_same = !memcmp(label, launch->label, sizeof(label));
	if (!is_same) {
		meaning = "The domain was launched under another label: other domains may have "
			  "other rights to it.";
	}
	text_escape(launch->label, strnlen(launch->label, sizeof(launch->label)), found,
		    sizeof(found));
	verdict_add(judge->verdict, "tenant.label", log_result(judge, is_same),
		    judge->expect->label, found, "%s", meaning);
}

static void owner_row(struct judge *judge, const struct corbel_log_launch *launch)
{
	static const uint8_t nobody[32];
	const uint8_t *expected = judge->expect->owner;
	const char *meaning = "The owner whose signature the builder verified is another.";
	bool is_same = !memcmp(expected, launch->owner, 32);

	if (is_same && !memcmp(expected, nobody, 32)) {
		verdict_add(judge->verdict, "tenant.owner", good_log(judge), "nobody's", "nobody's",
			    "The launch was signed by nobody, as expected: whoever has Dom0 could "
			    "have made it.");
		return;
	}
	if (is_same) {
		meaning = "The owner signed this launch.";
	} else if (!memcmp(launch->owner, nobody, 32)) {
		meaning = "Nobody signed this launch.";
	}
	verdict_add_digest(judge->verdict, "tenant.owner", log_result(judge, is_same), expected,
			   launch->owner, 32, "%s", meaning);
}

/* The hypervisor held the launch to it; a policy on probation may have been rolled back since. */
static void min_policy_row(struct judge *judge, const struct corbel_log_launch *launch)
{
	uint64_t least = least_serial(judge);
	char expected[32];
	char found[32];

	if (launch->min_policy != judge->expect->min_policy || least >= launch->min_policy) {
		number_row(judge, "tenant.min_policy", judge->expect->min_policy,
			   launch->min_policy, "least policy serial");
		return;
	}
	snprintf(expected, sizeof(expected), "%llu or more",
		 (unsigned long long)launch->min_policy);
	snprintf(found, sizeof(found), "%llu", (unsigned long long)least);
	verdict_add(judge->verdict, "tenant.min_policy", ROW_bad, expected, found,
		    "Since the launch an older policy than the owner accepts was in force.");
}

static void policy_row(struct judge *judge)
{
	bool is_known = reference_policy(judge->reference, judge->launch->policy);
	const char *meaning = "It was launched under a policy that the references have.";

	if (!judge->reference->best) {
		verdict_add_digest(judge->verdict, "tenant.policy", ROW_missing, NULL,
				   judge->launch->policy, 32,
				   "Without a reference nothing says which policies are "
				   "acceptable.");
		return;
	}
	if (!is_known) {
		meaning = "It was launched under a policy that no reference has.";
	}
	verdict_add_digest(judge->verdict, "tenant.policy", log_result(judge, is_known), NULL,
			   judge->launch->policy, 32, "%s", meaning);
}

static char underscore(char character)
{
	if (character == '-') {
		return '_';
	}
	return character;
}

/* Length of the word at the beginning; quotes hold it together. */
static size_t word_length(const char *text)
{
	bool is_quoted = false;
	size_t length = 0;

	while (text[length] && (is_quoted || text[length] != ' ')) {
		if (text[length] == '"') {
			is_quoted = !is_quoted;
		}
		length++;
	}
	return length;
}

static bool names_equal(const char *text, const char *name, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (underscore(text[i]) != underscore(name[i])) {
			return false; /* also at the text's end: a name has no NUL */
		}
	}
	return true;
}

/* As Linux reads a line: the last word of a name counts, - is _ in names, quotes hold words
 * together, and what is behind "--" is for init. */
static bool has_word(const char *cmdline, const char *word)
{
	const char *value = strchr(word, '=') + 1;
	size_t name = value - word;
	const char *at = cmdline + strspn(cmdline, " ");
	bool has = false;

	while (*at) {
		size_t length = word_length(at);

		if (length == 2 && !strncmp(at, "--", 2)) {
			break;
		}
		if (names_equal(at, word, name)) {
			has = length == strlen(word) && !strncmp(at + name, value, length - name);
		}
		at += length;
		at += strspn(at, " ");
	}
	return has;
}

static void profile_row(struct judge *judge)
{
	static const char *const word[] = {"panic=5", "xen_blkfront.trusted=0",
					   "xen_netfront.trusted=0", "sysctl.kernel.sysrq=0"};
	char missing[128] = "";
	const char *space = "";
	size_t used = 0;

	for (size_t i = 0; i < sizeof(word) / sizeof(word[0]); i++) {
		if (!has_word(judge->expect->cmdline, word[i])) {
			used += snprintf(missing + used, sizeof(missing) - used, "%s%s", space,
					 word[i]);
			space = " ";
		}
	}
	if (missing[0]) {
		verdict_add(judge->verdict, "tenant.profile", ROW_warning, missing,
			    "not on the command line",
			    "Without these words a kernel trusts what Dom0 gives it more than it "
			    "should: %s.",
			    missing);
	} else {
		verdict_add(judge->verdict, "tenant.profile", good_log(judge), "the tenant profile",
			    "on the command line",
			    "The kernel is told not to trust its disks and networks.");
	}
}

/* Dom0 chose it: so the row proves nothing, but a tenant may ask for it. */
static void uuid_row(struct judge *judge, const struct corbel_log_launch *launch)
{
	const uint8_t *expected = judge->expect->uuid;
	bool is_same = !memcmp(expected, launch->uuid, 16);
	const char *meaning = "As expected; Dom0 chose it, so it proves nothing.";

	if (judge->expect->any_uuid) {
		return;
	}
	if (!is_same) {
		meaning = "Dom0 gave it another UUID.";
	}
	verdict_add_digest(judge->verdict, "tenant.uuid", log_result(judge, is_same), expected,
			   launch->uuid, 16, "%s", meaning);
}

#define DEVICES_TEXT (CORBEL_LOG_DEVICES * 8 + 8)

static const char *devices_text(const uint16_t *devices, uint32_t count, char text[DEVICES_TEXT])
{
	size_t used = 0;

	strcpy(text, "none");
	for (uint32_t i = 0; i < count && i < CORBEL_LOG_DEVICES; i++) {
		used += (size_t)snprintf(text + used, DEVICES_TEXT - used, "%s%02x:%02x.%x",
					 i ? " " : "", devices[i] >> 8, devices[i] >> 3 & 0x1f,
					 devices[i] & 7);
	}
	return text;
}

/* A device reads and writes its domain's memory, and whoever made it is trusted with that.  No row
 * where none was ordered and none was given, which is how tenants are. */
static void devices_row(struct judge *judge, const struct corbel_log_launch *launch)
{
	const struct expectation *expect = judge->expect;
	char expected[DEVICES_TEXT], found[DEVICES_TEXT];
	bool is_same = expect->device_count == launch->device_count &&
		       !memcmp(expect->devices, launch->devices, sizeof(launch->devices));

	if (expect->device_count == 0 && is_same) {
		return;
	}
	verdict_add(
		judge->verdict, "tenant.devices", log_result(judge, is_same),
		devices_text(expect->devices, expect->device_count, expected),
		devices_text(launch->devices, launch->device_count, found), "%s",
		is_same ? "The PCI devices that were ordered; they can read and write its memory."
			: "The domain was launched with other PCI devices.");
}

/* The host as it was then: the checkpoint tells of now. */
static void record_row(struct judge *judge)
{
	uint32_t flags = judge->launch->host_flags;
	const char *name = judge->expect->name;
	char found[96];

	snprintf(found, sizeof(found), "record %llu, domain %u",
		 (unsigned long long)judge->launch->index, judge->launch->domid);
	if ((flags & CORBEL_HOST_DEBUG) || !(flags & CORBEL_HOST_MEASURED)) {
		verdict_add(judge->verdict, "tenant.launch", ROW_bad, name, found,
			    "When the domain was launched the host was unmeasured or open for "
			    "tests.");
	} else {
		verdict_add(judge->verdict, "tenant.launch", good_log(judge), name, found,
			    "The boot id and this record's number name the domain for ever.");
	}
}

static void launch_rows(struct judge *judge)
{
	const struct expectation *expect = judge->expect;
	const struct corbel_log_launch *launch = &judge->launch->body.launch;

	record_row(judge);
	digest_row(judge, "tenant.kernel", expect->kernel, launch->kernel, "kernel");
	digest_row(judge, "tenant.initrd", expect->initrd, launch->initrd, "initrd");
	digest_row(judge, "tenant.cmdline", expect->cmdline_sha256, launch->cmdline,
		   "command line");
	number_row(judge, "tenant.memory", expect->memory_pages, launch->memory_pages,
		   "memory size in pages");
	number_row(judge, "tenant.vcpus", expect->vcpus, launch->vcpus, "number of vCPUs");
	devices_row(judge, launch);
	label_row(judge, launch);
	owner_row(judge, launch);
	min_policy_row(judge, launch);
	uuid_row(judge, launch);
	policy_row(judge);
	profile_row(judge);
}

/* ---- life and report ------------------------------------------------------------------------ */

/* A domain's number comes again, its launch record's does not; and nobody reports before he
 * lives. */
static bool is_report_of(const struct corbel_log_record *report,
			 const struct corbel_log_record *launch)
{
	return report->body.report.launch == launch->index && report->domid == launch->domid &&
	       report->index > launch->index;
}

static bool report_genuine(struct judge *judge, const struct corbel_log_record *report)
{
	if (is_report_of(report, judge->launch)) {
		return true;
	}
	verdict_add(judge->verdict, "report.nonce", ROW_bad, "this domain's report", "another's",
		    "Record %llu is not a report of the domain that was launched.",
		    (unsigned long long)report->index);
	return false;
}

/* The record of the domain's end, NULL if the evidence has none. */
static const struct log_entry *find_end(const struct judge *judge)
{
	const struct log_entry *entry;
	size_t at = 0;

	do {
		entry = log_next(judge, CORBEL_LOG_destroy, &at);
	} while (entry && entry->record.body.destroy.launch != judge->launch->index);
	return entry;
}

static void alive_row(struct judge *judge, bool reported)
{
	const struct log_entry *end = find_end(judge);

	if (end) {
		verdict_add(judge->verdict, "tenant.alive", ROW_bad, "alive", "destroyed",
			    "Record %llu says that the domain has ended.",
			    (unsigned long long)end->index);
	} else if (reported) {
		verdict_add(judge->verdict, "tenant.alive", good_log(judge), "alive", "it reported",
			    "The domain answered after this nonce was drawn.");
	} else {
		verdict_add(judge->verdict, "tenant.alive", ROW_missing, "alive", NULL,
			    "Only a report with this nonce shows that the domain lives.");
	}
}

/* What a tenant reports of what it binds: the hash of tag, nonce and the file's hash
 * (docs/ATTESTATION.md). */
static void report_data(const struct judge *judge, const struct bytes *bound, uint8_t out[32])
{
	struct {
		char tag[sizeof(CORBEL_REPORT_TAG)];
		uint8_t nonce[CORBEL_NONCE_LEN];
		uint8_t sha256[32];
	} message;
	uint8_t unused[48];

	memcpy(message.tag, CORBEL_REPORT_TAG, sizeof(message.tag));
	memcpy(message.nonce, judge->in->nonce, sizeof(message.nonce));
	digest_both(bound->data, bound->length, message.sha256, unused);
	digest_both(&message, sizeof(message), out, unused);
}

static void data_row(struct judge *judge, const struct corbel_log_record *report)
{
	const uint8_t *found = report->body.report.data + CORBEL_NONCE_LEN;
	const char *meaning = "The domain bound this file to itself.";
	uint8_t expected[32];
	struct bytes bound;
	bool is_bound;
	char error[256];

	if (!judge->in->bound) {
		verdict_add_digest(judge->verdict, "report.data", ROW_warning, NULL, found, 32,
				   "The report binds something that was not compared: without "
				   "--bound nothing says which key is the domain's.");
		return;
	}
	if (!input_read(judge->verdict, judge->in->bound, BOUND_MAX, &bound, error)) {
		verdict_add(judge->verdict, "report.data", ROW_missing, "the bound file", error,
			    "The file that the report should bind cannot be read.");
		return;
	}
	report_data(judge, &bound, expected);
	free(bound.data);
	is_bound = !memcmp(expected, found, 32);
	if (!is_bound) {
		meaning = "The domain bound something else.";
	}
	verdict_add_digest(judge->verdict, "report.data", log_result(judge, is_bound), expected,
			   found, 32, "%s", meaning);
}

static void report_rows(struct judge *judge, const struct corbel_log_record *report,
			unsigned others)
{
	bool reported = report && judge->launch && report_genuine(judge, report);

	if (judge->launch) {
		alive_row(judge, reported);
	}
	if (reported) {
		verdict_add_digest(judge->verdict, "report.nonce", good_log(judge),
				   judge->in->nonce, report->body.report.data, CORBEL_NONCE_LEN,
				   "The domain reported with this nonce (record %llu).",
				   (unsigned long long)report->index);
		data_row(judge, report);
	} else if (report && !judge->launch) {
		verdict_add(judge->verdict, "report.nonce", ROW_missing, "a launch record", NULL,
			    "The report's domain has no launch record in the evidence.");
	} else if (!report && others) {
		verdict_add(judge->verdict, "report.nonce", ROW_bad, "a report with this nonce",
			    "reports with other nonces",
			    "The domain's reports answer older questions, not this one.");
	} else if (!report) {
		verdict_add(judge->verdict, "report.nonce", ROW_missing, "a report with this nonce",
			    NULL, "The evidence has no report of the domain.");
	}
}

void launch_check(struct judge *judge)
{
	const struct corbel_log_record *report;
	unsigned others;

	if (!judge->in->expect && !judge->in->bound) {
		verdict_add(judge->verdict, "tenant.launch", ROW_note, NULL, NULL,
			    "No expectation was given: only the host was judged.");
		return;
	}
	if (judge->in->expect && !expectation_open(judge)) {
		return;
	}
	report = report_find(judge, &others);
	if (!judge->launch) {
		verdict_add(judge->verdict, "tenant.launch", ROW_missing, "a launch record", NULL,
			    "The evidence has no proved launch record of the domain.");
	} else if (judge->expect) {
		launch_rows(judge);
	}
	report_rows(judge, report, others);
}
