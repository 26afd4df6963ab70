/* SPDX-License-Identifier: MIT */
/*
 * The firmware's events against its signed profile: PCR 0-3, 5-7, and those of PCR 4 before GRUB's.
 * Each PCR by itself, in order, by type and digest: how the PCRs interleave no TPM vouches for.
 * The text in the log is not looked at; what is shown is the profile's.
 */
#include "measured-boot/verify/align.h"
#include "measured-boot/verify/reference.h"

#include <stdlib.h>

#define ROWS_MAX 12u /* differences shown one by one */

struct comparison {
	const struct profile_event *profile[ALIGN_MAX];
	struct expected_event expected[ALIGN_MAX];
	const struct boot_event *found[ALIGN_MAX], *extra[ALIGN_MAX];
	size_t count, found_count;
	unsigned differences;
};

static size_t profile_count(const struct reference *reference, uint32_t pcr)
{
	size_t count = 0;

	for (size_t i = 0; i < reference->event_count; i++) {
		count += reference->event[i].pcr == pcr;
	}
	return count;
}

size_t firmware_before_grub(const struct judge *judge)
{
	size_t all = bootlog_of_pcr(judge->log, 4, NULL, 0);

	if (judge->reference->profile) {
		return profile_count(judge->reference, 4);
	}
	return all ? all - 1 : 0;
}

static void difference(struct judge *judge, struct comparison *c, uint32_t pcr,
		       const struct profile_event *profile, const struct boot_event *found)
{
	char place[64];

	if (c->differences++ >= ROWS_MAX) {
		return;
	}
	snprintf(place, sizeof(place), found ? "event %u of the log" : "no event",
		 found ? found->number : 0);
	if (!profile) {
		verdict_add_digest(judge->verdict, "firmware", ROW_bad, NULL, found->sha256, 32,
				   "PCR %u, %s: the profile has no such event there.", pcr, place);
	} else {
		verdict_add_digest(judge->verdict, "firmware", ROW_bad, profile->sha256,
				   found ? found->sha256 : NULL, 32,
				   "PCR %u, %s: the profile expects '%s' there, type 0x%x.", pcr,
				   place, profile->text, profile->type);
	}
}

static void compare_pcr(struct judge *judge, struct comparison *c, uint32_t pcr)
{
	const struct reference *reference = judge->reference;
	size_t extras;

	c->count = 0;
	for (size_t i = 0; i < reference->event_count; i++) {
		const struct profile_event *event = &reference->event[i];

		if (event->pcr == pcr) {
			c->profile[c->count] = event;
			c->expected[c->count++] = (struct expected_event){
				event->type, event->sha256,
				event->has_sha384 ? event->sha384 : NULL, NULL, false};
		}
	}
	c->found_count = bootlog_of_pcr(judge->log, pcr, c->found, ALIGN_MAX);
	if (c->found_count > ALIGN_MAX) {
		c->found_count = ALIGN_MAX; /* more than any profile has: the rest is extra too */
	}
	if (pcr == 4 && c->found_count > c->count) {
		c->found_count = c->count; /* from GRUB on: appraise.c */
	}
	extras = align_events(c->expected, c->count, c->found, c->found_count, c->extra);
	for (size_t i = 0; i < c->count; i++) {
		if (!c->expected[i].same) {
			difference(judge, c, pcr, c->profile[i], c->expected[i].found);
		}
	}
	for (size_t i = 0; i < extras; i++) {
		difference(judge, c, pcr, NULL, c->extra[i]);
	}
}

void appraise_firmware(struct judge *judge)
{
	const struct reference *reference = judge->reference;
	struct comparison *c;

	if (!reference->profile) {
		verdict_add(judge->verdict, "firmware", ROW_missing,
			    "a profile of this host's firmware, signed",
			    reference->profile_error[0] ? reference->profile_error : "none given",
			    "What the firmware did before GRUB cannot be judged without a profile "
			    "that was taken out of band.");
		return;
	}
	c = calloc(1, sizeof(*c));
	if (!c) {
		fputs("out of memory\n", stderr);
		exit(2);
	}
	for (uint32_t pcr = 0; pcr <= 7; pcr++) {
		compare_pcr(judge, c, pcr);
	}
	if (c->differences > ROWS_MAX) {
		verdict_add(judge->verdict, "firmware", ROW_bad, reference->profile_name, NULL,
			    "%u more events differ: this is not the firmware, or not the "
			    "configuration, that the profile was taken from.",
			    c->differences - ROWS_MAX);
	} else if (!c->differences) {
		verdict_add(judge->verdict, "firmware", good_result(judge), reference->profile_name,
			    reference->profile_name,
			    "All %zu events of firmware and boot manager are as in the signed "
			    "profile.",
			    reference->event_count);
	}
	free(c);
}
