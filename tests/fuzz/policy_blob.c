/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: the policy parser, the floor and every look-up on what they accept.  The first byte
 * of the input says which parts of the blob are repaired before parsing, so that the fuzzer reaches
 * the later checks without having to guess sums and hashes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "xsm/monitor/monitor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { REPAIR_HEADER = 1, REPAIR_NAMES = 2, REPAIR_CELLS = 4 };

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static void repair_cells(uint16_t *cell, size_t count, unsigned vectors)
{
	unsigned seen = 1;

	for (size_t i = 0; i < count; i++) {
		cell[i] = (uint16_t)(cell[i] % (seen < vectors ? seen + 1 : vectors));
		seen += cell[i] == seen;
	}
	if (count % 2 != 0) {
		cell[count] = 0;
	}
}

/* Makes the repaired parts right as far as the bytes suffice; returns the blob's length. */
static size_t repair(uint8_t *blob, size_t len, unsigned what)
{
	struct xsm_blob_header *h = (void *)blob;
	struct xsm_blob_context *context = (void *)(h + 1);
	uint16_t *cell;
	size_t cells, names;

	h->magic = XSM_BLOB_MAGIC;
	h->abi = xsm_abi();
	h->classes = XSM_CLASS_COUNT;
	h->contexts = (uint16_t)((h->contexts - 1u) % 8 + 1);
	h->vectors = (uint16_t)((h->vectors - 1u) % 64 + 1);
	h->reserved = 0;
	for (unsigned i = 0; i < XSM_SID_COUNT; i++) {
		h->sid[i] = (uint16_t)(h->sid[i] % (h->contexts + 1u));
	}
	cell = (uint16_t *)(context + h->contexts);
	cells = ((size_t)h->contexts * h->contexts + 1) & ~(size_t)1;
	names = sizeof(*h) + h->contexts * sizeof(*context) + cells * 2 +
		(size_t)h->vectors * XSM_VECTOR_WORDS * 4;
	if (names > len) {
		return len;
	}
	if ((what & REPAIR_NAMES) != 0 && names + 2u * h->contexts <= len) {
		for (unsigned i = 0; i < h->contexts; i++) {
			context[i].name = 2 * i;
			context[i].self = (uint16_t)(context[i].self % h->contexts);
			context[i].flags &= XSM_CONTEXT_OWNED;
			blob[names + 2 * i] = (uint8_t)('a' + i);
			blob[names + 2 * i + 1] = 0;
		}
		len = names + 2u * h->contexts;
	}
	if ((what & REPAIR_CELLS) != 0) {
		repair_cells(cell, (size_t)h->contexts * h->contexts, h->vectors);
	}
	h->names = (uint32_t)(len - names);
	h->size = (uint32_t)len;
	return len;
}

/* Of the rights every seventh, beginning with `first`: other inputs ask for the others. */
static void ask(const struct xsm_policy *p, size_t first)
{
	for (unsigned s = 0; s <= p->contexts && s <= 8; s++) {
		struct xsm_label subject = {.tenant = s % 3, .ctx = (uint16_t)s}, found;

		CHECK(xsm_self_label(p, subject).ctx < p->contexts || s >= p->contexts);
		if (s < p->contexts) {
			CHECK(xsm_label_by_name(p, xsm_label_name(p, subject), &found) == 0);
			CHECK(found.ctx == s);
		}
		CHECK(!xsm_needs_owner(p, subject) || xsm_is_owned(p, subject));
		for (unsigned t = 0; t <= p->contexts && t <= 8; t++) {
			struct xsm_label object = {.tenant = t % 4, .ctx = (uint16_t)t};

			for (size_t right = first; right <= XSM_RIGHTS + 64; right += 7) {
				bool yes = xsm_allowed(p, subject, object, right);

				IGNORED(xsm_audited(p, subject, object, right));
				CHECK(!yes ||
				      (s < p->contexts && t < p->contexts && right < XSM_RIGHTS));
			}
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xsm_policy p;
	const char *why = NULL;
	uint8_t *blob;
	size_t len;

	if (size < 1) {
		return 0;
	}
	len = size - 1;
	blob = malloc(len == 0 ? 1 : len); /* exact, so that reading past the end is seen */
	if (blob == NULL) {
		return 0;
	}
	memcpy(blob, data + 1, len);
	if ((data[0] & REPAIR_HEADER) != 0 && len >= sizeof(struct xsm_blob_header)) {
		len = repair(blob, len, data[0]);
	}
	if (xsm_policy_parse(&p, blob, len, &why) == 0) {
		CHECK((xsm_floor_check(&p, &why) == 0) == (why == NULL));
		ask(&p, data[0] >> 4);
	} else {
		CHECK(why != NULL && p.contexts == 0);
	}
	free(blob);
	return 0;
}
