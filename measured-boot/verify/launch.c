/* SPDX-License-Identifier: MIT */
/*
 * The tenant's part: its launch record against what it expects, and its report.  A domain is the
 * pair {boot id, index of its launch record}; its uuid, which Dom0 chose, is decoration.  That it
 * lives only its own report with this nonce shows: Dom0 can hold back a destroy record, but it
 * cannot make a dead domain speak.
 */
#include "measured-boot/verify/log.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>

#include "abi/corbel.h"
#include "measured-boot/shared/hex.h"
#include "measured-boot/verify/json.h"

#define CMDLINE_MAX 4096u
#define BOUND_MAX   (64u << 20)

struct expectation {
	char name[64], label[64];
	char *cmdline;
	uint8_t kernel[32], initrd[32], cmdline_sha256[32], owner[32], uuid[16];
	bool any_uuid;
	uint64_t memory_pages, min_policy;
	uint32_t vcpus;
};

static void copy_text(struct json_node node, char *out, size_t room)
{
	snprintf(out, room, "%s", json_text(node, room - 1));
}

static void read_uuid(struct json_node node, struct expectation *x)
{
	const char *text = json_text(node, 36);
	char digits[33];
	size_t count = 0;

	x->any_uuid = !text[0];
	for (size_t i = 0; text[i] && count < 32; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (!dash || text[i] != '-') {
			digits[count++] = text[i];
		}
	}
	digits[count] = 0;
	if (!x->any_uuid && (strlen(text) != 36 || !hex_decode(digits, x->uuid, 16))) {
		json_fault(&node, "expected a UUID, 8-4-4-4-12 hex digits, or nothing");
	}
}

static void read_expectation(const struct json_node *root, struct expectation *x)
{
	struct json_node digest;
	uint8_t computed[32];

	json_format(root, "corbel.expect.1");
	json_only(root, (const char *[]){"format", "name", "kernel", "initrd", "cmdline",
					 "cmdline_sha256", "memory_pages", "vcpus", "label",
					 "owner", "min_policy", "uuid", NULL});
	copy_text(json_member(root, "name"), x->name, sizeof(x->name));
	copy_text(json_member(root, "label"), x->label, sizeof(x->label));
	json_hex(json_member(root, "kernel"), x->kernel, 32);
	json_hex(json_member(root, "initrd"), x->initrd, 32);
	x->cmdline = strdup(json_text(json_member(root, "cmdline"), CMDLINE_MAX));
	digest = json_member(root, "cmdline_sha256");
	json_hex(digest, x->cmdline_sha256, 32);
	x->memory_pages = json_number(json_member(root, "memory_pages"), UINT64_MAX / 2);
	x->vcpus = json_number(json_member(root, "vcpus"), UINT32_MAX);
	json_hex_or_empty(json_member(root, "owner"), x->owner, 32);
	x->min_policy = json_number(json_member(root, "min_policy"), UINT64_MAX / 2);
	read_uuid(json_member(root, "uuid"), x);
	if (!x->cmdline ||
	    !EVP_Digest(x->cmdline, strlen(x->cmdline), computed, NULL, EVP_sha256(), NULL)) {
		fputs("out of memory\n", stderr);
		exit(2);
	}
	if (json_ok(root->file) && memcmp(computed, x->cmdline_sha256, 32)) {
		json_fault(&digest, "expected the SHA-256 of cmdline");
	}
}

static bool expectation_open(struct judge *j)
{
	struct json_file f;
	struct json_node root;
	bool good;

	j->expect = calloc(1, sizeof(*j->expect));
	if (!j->expect) {
		fputs("out of memory\n", stderr);
		exit(2);
	}
	if (json_open_input(j->v, &f, &root, j->in->expect, JSON_FILE_MAX)) {
		read_expectation(&root, j->expect);
	}
	good = json_ok(&f);
	if (!good) {
		verdict_add(j->v, "tenant.launch", ROW_missing, "an expectation", f.error,
			    "What the tenant expects cannot be read.");
	}
	json_close(&f);
	return good;
}

void expectation_free(struct expectation *expect)
{
	if (expect) {
		free(expect->cmdline);
		free(expect);
	}
}

/* ---- the launch record -------------------------------------------------------------------------
 */

static void digest_row(struct judge *j, const char *row, const uint8_t *expected,
		       const uint8_t *found, const char *what)
{
	bool same = !memcmp(expected, found, 32);

	verdict_add_digest(j->v, row, same ? good_log(j) : ROW_bad, expected, found, 32,
			   same ? "The %s is as expected." : "Another %s was launched.", what);
}

static void number_row(struct judge *j, const char *row, uint64_t expected, uint64_t found,
		       const char *what)
{
	char e[32], f[32];

	snprintf(e, sizeof(e), "%llu", (unsigned long long)expected);
	snprintf(f, sizeof(f), "%llu", (unsigned long long)found);
	verdict_add(j->v, row, expected == found ? good_log(j) : ROW_bad, e, f,
		    expected == found ? "The %s is as expected."
				      : "The domain was launched with another %s.",
		    what);
}

static void label_row(struct judge *j, const struct corbel_log_launch *l)
{
	char label[64] = {0}, found[64];
	bool same;

	memcpy(label, j->expect->label, strlen(j->expect->label));
	same = !memcmp(label, l->label, sizeof(label));
	text_escape(l->label, strnlen(l->label, sizeof(l->label)), found, sizeof(found));
	verdict_add(j->v, "tenant.label", same ? good_log(j) : ROW_bad, j->expect->label, found,
		    same ? "The label, and so what the policy allows, is as expected."
			 : "The domain was launched under another label: other domains may have "
			   "other rights to it.");
}

static void owner_row(struct judge *j, const struct corbel_log_launch *l)
{
	static const uint8_t nobody[32];
	const uint8_t *expected = j->expect->owner;
	const char *meaning = "The owner whose signature the builder verified is another.";
	bool same = !memcmp(expected, l->owner, 32);

	if (same && !memcmp(expected, nobody, 32)) {
		verdict_add(j->v, "tenant.owner", good_log(j), "nobody's", "nobody's",
			    "The launch was signed by nobody, as expected: whoever has Dom0 could "
			    "have made it.");
		return;
	}
	if (same) {
		meaning = "The owner signed this launch.";
	} else if (!memcmp(l->owner, nobody, 32)) {
		meaning = "Nobody signed this launch.";
	}
	verdict_add_digest(j->v, "tenant.owner", same ? good_log(j) : ROW_bad, expected, l->owner,
			   32, "%s", meaning);
}

/* The hypervisor held the launch to it; a policy on probation may have been rolled back since. */
static void min_policy_row(struct judge *j, const struct corbel_log_launch *l)
{
	uint64_t least = least_serial(j);
	char e[32], f[32];

	if (l->min_policy != j->expect->min_policy || least >= l->min_policy) {
		number_row(j, "tenant.min_policy", j->expect->min_policy, l->min_policy,
			   "least policy serial");
		return;
	}
	snprintf(e, sizeof(e), "%llu or more", (unsigned long long)l->min_policy);
	snprintf(f, sizeof(f), "%llu", (unsigned long long)least);
	verdict_add(j->v, "tenant.min_policy", ROW_bad, e, f,
		    "Since the launch an older policy than the owner accepts was in force.");
}

static void policy_row(struct judge *j)
{
	bool good = reference_policy(j->reference, j->launch->policy);

	if (!j->reference->best) {
		verdict_add_digest(j->v, "tenant.policy", ROW_missing, NULL, j->launch->policy, 32,
				   "Without a reference nothing says which policies are "
				   "acceptable.");
		return;
	}
	verdict_add_digest(j->v, "tenant.policy", good ? good_log(j) : ROW_bad, NULL,
			   j->launch->policy, 32,
			   good ? "It was launched under a policy that the references have."
				: "It was launched under a policy that no reference has.");
}

static char underscore(char c)
{
	return c == '-' ? '_' : c;
}

/* As Linux reads a line: the last word of a name counts, - is _ in names, quotes hold words
 * together, and what is behind "--" is for init. */
static bool has_word(const char *cmdline, const char *word)
{
	size_t name = strchr(word, '=') - word + 1;
	bool has = false;

	for (const char *at = cmdline + strspn(cmdline, " "); *at; at += strspn(at, " ")) {
		size_t length = 0, same = 0;

		for (bool quoted = false; at[length] && (quoted || at[length] != ' '); length++) {
			quoted ^= at[length] == '"';
		}
		if (length == 2 && !strncmp(at, "--", 2)) {
			break;
		}
		while (same < name && underscore(at[same]) == underscore(word[same])) {
			same++;
		}
		if (same == name) {
			has = length == strlen(word) &&
			      !strncmp(at + name, word + name, length - name);
		}
		at += length;
	}
	return has;
}

static void profile_row(struct judge *j)
{
	static const char *const word[] = {"panic=5", "xen_blkfront.trusted=0",
					   "xen_netfront.trusted=0", "sysctl.kernel.sysrq=0"};
	char missing[128] = "";

	for (size_t i = 0; i < sizeof(word) / sizeof(word[0]); i++) {
		if (!has_word(j->expect->cmdline, word[i])) {
			snprintf(missing + strlen(missing), sizeof(missing) - strlen(missing),
				 "%s%s", missing[0] ? " " : "", word[i]);
		}
	}
	if (missing[0]) {
		verdict_add(j->v, "tenant.profile", ROW_warning, missing, "not on the command line",
			    "Without these words a kernel trusts what Dom0 gives it more than it "
			    "should: %s.",
			    missing);
	} else {
		verdict_add(j->v, "tenant.profile", good_log(j), "the tenant profile",
			    "on the command line",
			    "The kernel is told not to trust its disks and networks.");
	}
}

static void launch_rows(struct judge *j)
{
	const struct expectation *x = j->expect;
	const struct corbel_log_launch *l = &j->launch->body.launch;
	uint32_t flags = j->launch->host_flags;
	char found[96];

	snprintf(found, sizeof(found), "record %llu, domain %u",
		 (unsigned long long)j->launch->index, j->launch->domid);
	if ((flags & CORBEL_HOST_DEBUG) || !(flags & CORBEL_HOST_MEASURED)) {
		verdict_add(j->v, "tenant.launch", ROW_bad, x->name, found,
			    "When the domain was launched the host was unmeasured or open for "
			    "tests.");
	} else {
		verdict_add(j->v, "tenant.launch", good_log(j), x->name, found,
			    "The boot id and this record's number name the domain for ever.");
	}
	digest_row(j, "tenant.kernel", x->kernel, l->kernel, "kernel");
	digest_row(j, "tenant.initrd", x->initrd, l->initrd, "initrd");
	digest_row(j, "tenant.cmdline", x->cmdline_sha256, l->cmdline, "command line");
	number_row(j, "tenant.memory", x->memory_pages, l->memory_pages, "memory size in pages");
	number_row(j, "tenant.vcpus", x->vcpus, l->vcpus, "number of vCPUs");
	label_row(j, l);
	owner_row(j, l);
	min_policy_row(j, l);
	if (!x->any_uuid) {
		bool same = !memcmp(x->uuid, l->uuid, 16);

		verdict_add_digest(j->v, "tenant.uuid", same ? good_log(j) : ROW_bad, x->uuid,
				   l->uuid, 16,
				   same ? "As expected; Dom0 chose it, so it proves nothing."
					: "Dom0 gave it another UUID.");
	}
	policy_row(j);
	profile_row(j);
}

/* ---- life and report ----------------------------------------------------------------------------
 */

static bool report_genuine(struct judge *j, const struct corbel_log_record *report)
{
	if (report->body.report.launch == j->launch->index && report->domid == j->launch->domid &&
	    report->index > j->launch->index) {
		return true;
	}
	verdict_add(j->v, "report.nonce", ROW_bad, "this domain's report", "another's",
		    "Record %llu is not a report of the domain that was launched.",
		    (unsigned long long)report->index);
	return false;
}

static void alive_row(struct judge *j, bool reported)
{
	const struct log_entry *entry;

	for (size_t at = 0; (entry = log_next(j, CORBEL_LOG_destroy, &at));) {
		if (entry->record.body.destroy.launch == j->launch->index) {
			verdict_add(j->v, "tenant.alive", ROW_bad, "alive", "destroyed",
				    "Record %llu says that the domain has ended.",
				    (unsigned long long)entry->index);
			return;
		}
	}
	verdict_add(j->v, "tenant.alive", reported ? good_log(j) : ROW_missing, "alive",
		    reported ? "it reported" : NULL,
		    reported ? "The domain answered after this nonce was drawn."
			     : "Only a report with this nonce shows that the domain lives.");
}

static void data_row(struct judge *j, const struct corbel_log_record *report)
{
	const uint8_t *found = report->body.report.data + CORBEL_NONCE_LEN;
	uint8_t message[sizeof(CORBEL_REPORT_TAG) + CORBEL_NONCE_LEN + 32], expected[32];
	struct bytes bound;
	char error[256];

	if (!j->in->bound) {
		verdict_add_digest(j->v, "report.data", ROW_warning, NULL, found, 32,
				   "The report binds something that was not compared: without "
				   "--bound nothing says which key is the domain's.");
		return;
	}
	if (!input_read(j->v, j->in->bound, BOUND_MAX, &bound, error)) {
		verdict_add(j->v, "report.data", ROW_missing, "the bound file", error,
			    "The file that the report should bind cannot be read.");
		return;
	}
	memcpy(message, CORBEL_REPORT_TAG, sizeof(CORBEL_REPORT_TAG));
	memcpy(message + sizeof(CORBEL_REPORT_TAG), j->in->nonce, CORBEL_NONCE_LEN);
	if (!EVP_Digest(bound.data, bound.length, message + sizeof(message) - 32, NULL,
			EVP_sha256(), NULL) ||
	    !EVP_Digest(message, sizeof(message), expected, NULL, EVP_sha256(), NULL)) {
		abort();
	}
	free(bound.data);
	verdict_add_digest(j->v, "report.data", memcmp(expected, found, 32) ? ROW_bad : good_log(j),
			   expected, found, 32,
			   memcmp(expected, found, 32) ? "The domain bound something else."
						       : "The domain bound this file to itself.");
}

static void report_rows(struct judge *j, const struct corbel_log_record *report, unsigned others)
{
	bool reported = report && j->launch && report_genuine(j, report);

	if (j->launch) {
		alive_row(j, reported);
	}
	if (reported) {
		verdict_add_digest(j->v, "report.nonce", good_log(j), j->in->nonce,
				   report->body.report.data, CORBEL_NONCE_LEN,
				   "The domain reported with this nonce (record %llu).",
				   (unsigned long long)report->index);
		data_row(j, report);
	} else if (report && !j->launch) {
		verdict_add(j->v, "report.nonce", ROW_missing, "a launch record", NULL,
			    "The report's domain has no launch record in the evidence.");
	} else if (!report) {
		verdict_add(j->v, "report.nonce", others ? ROW_bad : ROW_missing,
			    "a report with this nonce", others ? "reports with other nonces" : NULL,
			    others ? "The domain's reports answer older questions, not this one."
				   : "The evidence has no report of the domain.");
	}
}

void launch_check(struct judge *j)
{
	const struct corbel_log_record *report;
	unsigned others;

	if (!j->in->expect && !j->in->bound) {
		verdict_add(j->v, "tenant.launch", ROW_note, NULL, NULL,
			    "No expectation was given: only the host was judged.");
		return;
	}
	if (j->in->expect && !expectation_open(j)) {
		return;
	}
	report = report_find(j, &others);
	if (!j->launch) {
		verdict_add(j->v, "tenant.launch", ROW_missing, "a launch record", NULL,
			    "The evidence has no proved launch record of the domain.");
	} else if (j->expect) {
		launch_rows(j);
	}
	report_rows(j, report, others);
}
