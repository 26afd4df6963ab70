/* SPDX-License-Identifier: MIT */
/*
 * See reader.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/corbel/domains.h"
#include "tools/corbel/reader.h"

bool record_has_labels(const struct corbel_trace *record)
{
	return (record->kind == CORBEL_TRACE_denied || record->kind == CORBEL_TRACE_audited ||
		record->kind == CORBEL_TRACE_standing) &&
	       record->relation < XSM_RELATION_COUNT;
}

/* A confirmation changes no number. */
static bool is_switch(const struct corbel_trace *record)
{
	return record->kind == CORBEL_TRACE_policy && record->result != CORBEL_SWITCH_confirmed;
}

static void load(struct reader *reader)
{
	reader->error = force_load(&reader->force, reader->why);
}

/* All records since boot, or what is left of them.  Without a record of the last switch: it was
 * overwritten, and so is older than all that is left in its ring. */
static void explain_first(struct reader *reader, const struct corbel_policy_info *at_start)
{
	const struct rings *rings = &reader->rings;
	size_t from = rings->count;

	load(reader);
	reader->force_from = rings->count;
	if (reader->error || at_start->switches != reader->force.info.switches) {
		return; /* switched while the rings were read */
	}
	while (from > 0 && !is_switch(&rings->records[from - 1])) {
		from--;
	}
	if (from == 0 && reader->force.info.switches) {
		while (from < rings->count && rings->records[from].time_ns < rings->gap_ns) {
			from++;
		}
	}
	reader->force_from = from;
}

/* More of them: what was in force goes on to explain them up to the first switch. */
static void explain_more(struct reader *reader)
{
	const struct rings *rings = &reader->rings;
	uint32_t switches = 0;
	size_t first = rings->count, last = 0;

	for (size_t i = 0; i < rings->count; i++) {
		if (is_switch(&rings->records[i])) {
			first = switches++ ? first : i;
			last = i + 1;
		}
	}
	reader->force_from = last;
	if (!switches) {
		return;
	}
	force_free(&reader->before);
	reader->before = reader->force;
	memset(&reader->force, 0, sizeof(reader->force));
	reader->before_end = first;
	load(reader);
	if (reader->error ||
	    reader->force.info.switches != reader->before.info.switches + switches) {
		reader->force_from = rings->count; /* lost one, or one more has happened since */
	}
}

static void read_names(struct reader *reader)
{
	static struct domain_entry entry;
	struct domain_walk walk = {0};

	reader->domain_count = 0;
	while (!domains_walk(&walk, &entry)) {
		struct domain_name *grown =
			realloc(reader->domains, (reader->domain_count + 1) * sizeof(*grown));

		if (!grown) {
			fputs("out of memory\n", stderr);
			exit(1);
		}
		reader->domains = grown;
		grown += reader->domain_count++;
		grown->domid = entry.info.domain;
		snprintf(grown->name, sizeof(grown->name), "%s",
			 strcmp(entry.name, "(null)") != 0 ? entry.name : "");
	}
}

int reader_read(struct reader *reader)
{
	struct corbel_policy_info at_start = {0};
	int ret;

	if (!reader->started) {
		force_info(&at_start); /* if it fails, so will the reading of the policy */
	}
	ret = rings_read(&reader->rings);
	if (ret) {
		return ret;
	}
	reader->before_end = 0;
	if (!reader->started) {
		explain_first(reader, &at_start);
	} else {
		explain_more(reader);
	}
	reader->started = true;
	if (reader->rings.count) {
		read_names(reader);
	}
	return 0;
}

void reader_free(struct reader *reader)
{
	rings_free(&reader->rings);
	force_free(&reader->before);
	force_free(&reader->force);
	free(reader->domains);
	memset(reader, 0, sizeof(*reader));
}

const struct xsm_policy *reader_policy(const struct reader *reader, size_t i)
{
	if (i < reader->before_end) {
		return reader->before.policy.contexts ? &reader->before.policy : NULL;
	}
	return i >= reader->force_from && reader->force.policy.contexts ? &reader->force.policy
									: NULL;
}

const char *reader_domain(const struct reader *reader, uint16_t domid)
{
	for (size_t i = 0; i < reader->domain_count; i++) {
		if (reader->domains[i].domid == domid && reader->domains[i].name[0]) {
			return reader->domains[i].name;
		}
	}
	return NULL;
}
