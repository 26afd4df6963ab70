/* SPDX-License-Identifier: MIT */
/*
 * Puts the events of one PCR beside those expected there (align.h).  Work is bounded by the product
 * of two lists of at most ALIGN_MAX entries.
 */
#include "measured-boot/verify/align.h"

#include <string.h>

static bool same(const struct expected_event *expected, const struct boot_event *found)
{
	return expected->type == found->type &&
	       event_is(found, expected->sha256,
			expected->sha384 ? expected->sha384 : found->sha384);
}

static bool expected_later(const struct expected_event *expected, size_t from, size_t n,
			   const struct boot_event *found)
{
	for (size_t i = from; i < n; i++) {
		if (same(&expected[i], found)) {
			return true;
		}
	}
	return false;
}

size_t align_events(struct expected_event *expected, size_t n,
		    const struct boot_event *const *found, size_t m,
		    const struct boot_event **extra)
{
	size_t at = 0, extras = 0;

	for (size_t i = 0; i < n; i++) {
		struct expected_event *e = &expected[i];

		e->found = NULL;
		e->same = false;
		/* The one after it is what belongs here: this one was put in. */
		if (at + 1 < m && !same(e, found[at]) && same(e, found[at + 1])) {
			extra[extras++] = found[at++];
		}
		if (at == m) {
			continue;
		}
		e->same = same(e, found[at]);
		/* It belongs further on: what belongs here was left out. */
		if (e->same || !expected_later(expected, i + 1, n, found[at])) {
			e->found = found[at++];
		}
	}
	while (at < m) {
		extra[extras++] = found[at++];
	}
	return extras;
}
