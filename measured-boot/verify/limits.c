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
static bool limits_open(struct judge *j)
{
	static const char *const rows[] = {"limits.hypervisor", "limits.builder", "limits.policy",
					   "limits.revoked"};
	struct json_file f;
	struct json_node root;
	bool good = false;

	if (j->in->limits) {
		j->limits = calloc(1, sizeof(*j->limits));
		if (!j->limits) {
			fputs("out of memory\n", stderr);
			exit(2);
		}
		if (json_open_input(j->v, &f, &root, j->in->limits, JSON_FILE_MAX)) {
			read_limits(&root, j->limits);
		}
		good = json_ok(&f);
		if (!good) {
			verdict_add(j->v, rows[0], ROW_missing, "limits", f.error,
				    "The limits cannot be read.");
		}
		json_close(&f);
		return good;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		verdict_add(j->v, rows[i], ROW_note, NULL, NULL,
			    "No limits were given: old versions are as good as new ones.");
	}
	return false;
}

static void least(struct judge *j, const char *row, uint64_t minimum, uint64_t found,
		  const char *what)
{
	char expected[64], have[64];

	snprintf(expected, sizeof(expected), "%llu or more", (unsigned long long)minimum);
	snprintf(have, sizeof(have), "%llu", (unsigned long long)found);
	verdict_add(j->v, row, found < minimum ? ROW_bad : good_log(j), expected, have,
		    found < minimum ? "The %s is older than the least that is accepted."
				    : "The %s is new enough.",
		    what);
}

uint64_t least_serial(const struct judge *j)
{
	const struct corbel_log_record *first = j->in->expect && j->launch ? j->launch : j->boot;
	uint64_t serial = j->e->checkpoint.policy_serial;
	const struct log_entry *entry;

	if (first && first->policy_serial < serial) {
		serial = first->policy_serial;
	}
	for (size_t at = 0; (entry = log_next(j, CORBEL_LOG_policy, &at));) {
		if ((!first || entry->index > first->index) &&
		    entry->record.policy_serial < serial) {
			serial = entry->record.policy_serial;
		}
	}
	return serial;
}

static void versions(struct judge *j)
{
	const struct limits *limits = j->limits;

	if (j->boot) {
		least(j, "limits.hypervisor", limits->hypervisor_svn,
		      j->boot->body.boot.hypervisor_svn, "hypervisor's security version");
		least(j, "limits.builder", limits->builder_svn, j->boot->body.boot.builder_svn,
		      "builder's security version");
	} else {
		verdict_add(j->v, "limits.hypervisor", ROW_missing, "a boot record", NULL,
			    "Without the boot record the versions are not known.");
		verdict_add(j->v, "limits.builder", ROW_missing, "a boot record", NULL,
			    "Without the boot record the versions are not known.");
	}
	least(j, "limits.policy", limits->policy_serial, least_serial(j),
	      "oldest policy that was in force");
}

/* ---- revocations --------------------------------------------------------------------------------
 */

static void look_up(struct judge *j, const uint8_t digest[32], const char *what)
{
	for (size_t i = 0; i < j->limits->count; i++) {
		if (!memcmp(j->limits->revoked[i], digest, 32)) {
			j->limits->hits++;
			verdict_add_digest(j->v, "limits.revoked", ROW_bad, NULL, digest, 32,
					   "Revoked: %s.", what);
			return;
		}
	}
}

static void look_up_launch(struct judge *j, const struct corbel_log_launch *launch)
{
	look_up(j, launch->kernel, "a launched domain's kernel");
	look_up(j, launch->initrd, "a launched domain's initrd");
	look_up(j, launch->cmdline, "a launched domain's command line");
	look_up(j, launch->owner, "a launched domain's owner");
}

static void revocations(struct judge *j)
{
	const struct log_entry *entry;

	look_up(j, j->ek_sha256, "the TPM's endorsement key");
	look_up(j, j->ak_name + 2, "the attestation key's name");
	for (size_t i = 0; j->log && i < j->log->count; i++) {
		const struct boot_event *event = &j->log->event[i];

		if (event->type != EV_NO_ACTION) {
			char what[64];

			snprintf(what, sizeof(what), "event %u of the boot log, PCR %u",
				 event->number, event->pcr);
			look_up(j, event->sha256, what);
		}
	}
	look_up(j, j->e->checkpoint.policy, "the policy in force");
	for (size_t at = 0; (entry = log_next(j, 0, &at));) {
		look_up(j, entry->record.policy, "a policy that was in force");
		if (entry->record.type == CORBEL_LOG_boot) {
			look_up(j, entry->record.body.boot.builder_image, "the builder");
		} else if (entry->record.type == CORBEL_LOG_launch) {
			look_up_launch(j, &entry->record.body.launch);
		}
	}
	if (!j->limits->hits) {
		char expected[64];

		snprintf(expected, sizeof(expected), "none of %zu digests", j->limits->count);
		verdict_add(j->v, "limits.revoked", good_log(j), expected, "none",
			    "Nothing that was booted, nor what these records show, is revoked.");
	}
}

void limits_check(struct judge *j)
{
	if (limits_open(j)) {
		versions(j);
		revocations(j);
	}
}

void limits_free(struct limits *limits)
{
	if (limits) {
		free(limits->revoked);
		free(limits);
	}
}
