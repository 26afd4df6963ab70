/* SPDX-License-Identifier: MIT */
/*
 * Minimum versions and revocations: what was good once and is not any more.  Versions come from
 * proved records, digests from the boot log and the records; each digest that the verdict rests on
 * is looked up among the revoked ones.
 */
#include "measured-boot/verify/bootlog.h"
#include "measured-boot/verify/log.h"

#include <stdlib.h>
#include <string.h>

#include "measured-boot/verify/json.h"

#define REVOKED_MAX 4096u

struct limits {
	uint32_t hypervisor_svn, builder_svn;
	uint64_t policy_serial;
	uint8_t (*revoked)[32];
	size_t count;
	unsigned hits;
};

static void read_limits(const struct json_node *root, struct limits *limits)
{
	struct json_node list;

	json_format(root, "corbel.limits.1");
	json_only(root, (const char *[]){"format", "hypervisor_svn", "builder_svn", "policy_serial",
					 "revoked", NULL});
	limits->hypervisor_svn = json_number(json_member(root, "hypervisor_svn"), UINT32_MAX);
	limits->builder_svn = json_number(json_member(root, "builder_svn"), UINT32_MAX);
	limits->policy_serial = json_number(json_member(root, "policy_serial"), UINT64_MAX / 2);
	list = json_member(root, "revoked");
	if (!json_is_array(&list, REVOKED_MAX)) {
		return;
	}
	limits->revoked = calloc(json_count(&list) + 1, sizeof(*limits->revoked));
	if (!limits->revoked) {
		fputs("out of memory\n", stderr);
		exit(2);
	}
	for (size_t i = 0; i < json_count(&list); i++) {
		json_hex(json_item(&list, i), limits->revoked[i], 32);
		limits->count++;
	}
}

/* False: the rows that say so are there. */
static bool limits_open(struct judge *judge)
{
	static const char *const rows[] = {"limits.hypervisor", "limits.builder", "limits.policy",
					   "limits.revoked"};
	struct json_file f;
	struct json_node root;
	bool good = false;

	if (judge->in->limits) {
		judge->limits = calloc(1, sizeof(*judge->limits));
		if (!judge->limits) {
			fputs("out of memory\n", stderr);
			exit(2);
		}
		if (json_open_input(judge->verdict, &f, &root, judge->in->limits, JSON_FILE_MAX)) {
			read_limits(&root, judge->limits);
		}
		good = json_ok(&f);
		if (!good) {
			verdict_add(judge->verdict, rows[0], ROW_missing, "limits", f.error,
				    "The limits cannot be read.");
		}
		json_close(&f);
		return good;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		verdict_add(judge->verdict, rows[i], ROW_note, NULL, NULL,
			    "No limits were given: old versions are as good as new ones.");
	}
	return false;
}

static void least(struct judge *judge, const char *row, uint64_t minimum, uint64_t found,
		  const char *what)
{
	char expected[64], have[64];

	snprintf(expected, sizeof(expected), "%llu or more", (unsigned long long)minimum);
	snprintf(have, sizeof(have), "%llu", (unsigned long long)found);
	verdict_add(judge->verdict, row, found < minimum ? ROW_bad : good_log(judge), expected,
		    have,
		    found < minimum ? "The %s is older than the least that is accepted."
				    : "The %s is new enough.",
		    what);
}

uint64_t least_serial(const struct judge *judge)
{
	const struct corbel_log_record *first =
		judge->in->expect && judge->launch ? judge->launch : judge->boot;
	uint64_t serial = judge->e->checkpoint.policy_serial;
	const struct log_entry *entry;

	if (first && first->policy_serial < serial) {
		serial = first->policy_serial;
	}
	for (size_t at = 0; (entry = log_next(judge, CORBEL_LOG_policy, &at));) {
		if ((!first || entry->index > first->index) &&
		    entry->record.policy_serial < serial) {
			serial = entry->record.policy_serial;
		}
	}
	return serial;
}

static void versions(struct judge *judge)
{
	const struct limits *limits = judge->limits;

	if (judge->boot) {
		least(judge, "limits.hypervisor", limits->hypervisor_svn,
		      judge->boot->body.boot.hypervisor_svn, "hypervisor's security version");
		least(judge, "limits.builder", limits->builder_svn,
		      judge->boot->body.boot.builder_svn, "builder's security version");
	} else {
		verdict_add(judge->verdict, "limits.hypervisor", ROW_missing, "a boot record", NULL,
			    "Without the boot record the versions are not known.");
		verdict_add(judge->verdict, "limits.builder", ROW_missing, "a boot record", NULL,
			    "Without the boot record the versions are not known.");
	}
	least(judge, "limits.policy", limits->policy_serial, least_serial(judge),
	      "oldest policy that was in force");
}

/* ---- revocations ---------------------------------------------------------------------------- */

static void look_up(struct judge *judge, const uint8_t digest[32], const char *what)
{
	for (size_t i = 0; i < judge->limits->count; i++) {
		if (!memcmp(judge->limits->revoked[i], digest, 32)) {
			judge->limits->hits++;
			verdict_add_digest(judge->verdict, "limits.revoked", ROW_bad, NULL, digest,
					   32, "Revoked: %s.", what);
			return;
		}
	}
}

static void look_up_launch(struct judge *judge, const struct corbel_log_launch *launch)
{
	look_up(judge, launch->kernel, "a launched domain's kernel");
	look_up(judge, launch->initrd, "a launched domain's initrd");
	look_up(judge, launch->cmdline, "a launched domain's command line");
	look_up(judge, launch->owner, "a launched domain's owner");
}

static void revocations(struct judge *judge)
{
	const struct log_entry *entry;

	look_up(judge, judge->ek_sha256, "the TPM's endorsement key");
	look_up(judge, judge->ak_name + 2, "the attestation key's name");
	for (size_t i = 0; judge->log && i < judge->log->count; i++) {
		const struct boot_event *event = &judge->log->event[i];

		if (event->type != EV_NO_ACTION) {
			char what[64];

			snprintf(what, sizeof(what), "event %u of the boot log, PCR %u",
				 event->number, event->pcr);
			look_up(judge, event->sha256, what);
		}
	}
	look_up(judge, judge->e->checkpoint.policy, "the policy in force");
	for (size_t at = 0; (entry = log_next(judge, 0, &at));) {
		look_up(judge, entry->record.policy, "a policy that was in force");
		if (entry->record.type == CORBEL_LOG_boot) {
			look_up(judge, entry->record.body.boot.builder_image, "the builder");
		} else if (entry->record.type == CORBEL_LOG_launch) {
			look_up_launch(judge, &entry->record.body.launch);
		}
	}
	if (!judge->limits->hits) {
		char expected[64];

		snprintf(expected, sizeof(expected), "none of %zu digests", judge->limits->count);
		verdict_add(judge->verdict, "limits.revoked", good_log(judge), expected, "none",
			    "Nothing that was booted, nor what these records show, is revoked.");
	}
}

void limits_check(struct judge *judge)
{
	if (limits_open(judge)) {
		versions(judge);
		revocations(judge);
	}
}

void limits_free(struct limits *limits)
{
	if (limits) {
		free(limits->revoked);
		free(limits);
	}
}
