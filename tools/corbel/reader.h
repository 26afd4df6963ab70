/* SPDX-License-Identifier: MIT */
/*
 * Trace records with the names that belong to them.  A record has numbers of contexts, and numbers
 * mean something only in the policy that was in force when it was written: the reader keeps the
 * policies and says which records each of them explains.
 */
#ifndef CORBEL_TOOL_READER_H
#define CORBEL_TOOL_READER_H
#include <stdbool.h>

#include "tools/corbel/force.h"
#include "tools/corbel/rings.h"

struct domain_name {
	uint16_t domid;
	char name[64];
};

struct reader {
	struct rings rings;
	struct force before, force; /* before and after the switches of the last read */
	size_t before_end;          /* records [0, before_end) are of `before` */
	size_t force_from;          /* records [force_from, count) are of `force` */
	int error;                  /* why names are missing: 0 or a negative errno, and */
	char why[FORCE_WHY];
	struct domain_name *domains;
	size_t domain_count;
	bool started;
};

/* Reads what is new.  Returns 0 or trace_read's negative errno. */
int reader_read(struct reader *reader);
void reader_free(struct reader *reader);

/* The policy that explains record i of the last read; NULL: none that is known. */
const struct xsm_policy *reader_policy(const struct reader *reader, size_t i);
/* The present name of a domain, NULL if it has none. */
const char *reader_domain(const struct reader *reader, uint16_t domid);

/* Whether the record has labels and a relation. */
bool record_has_labels(const struct corbel_trace *record);

#endif
