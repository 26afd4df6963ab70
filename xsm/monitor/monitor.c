/* SPDX-License-Identifier: MIT */
/*
 * Parser of the policy blob and the slow look-ups.  Owns nothing but the table of permission
 * counts. Trust boundary: every byte of the blob is hostile until xsm_policy_parse() has returned
 * 0; after that no look-up can leave the blob, whatever label or number it is asked about.
 */
#include "xsm/monitor/monitor.h"

/* clang-format off */
static const uint8_t perm_count[XSM_CLASS_COUNT] = {
#define XSM_CLASS(c) [XSM_CLASS_##c] = XSM_PERM_COUNT_##c,
#define XSM_PERM(c, p, text)
#define XSM_CLASS_END(c)
#include "xsm/perms.def"
};

static const char abi_text[] =
#define XSM_CLASS(c) "class " #c "\n"
#define XSM_PERM(c, p, text) #p "\n"
#define XSM_CLASS_END(c)
#include "xsm/perms.def"
;
/* clang-format on */

/* Fowler-Noll-Vo 1a: tells a stale build from a fresh one, not a forger from an author. */
uint64_t xsm_abi(void)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	for (size_t i = 0; i + 1 < sizeof(abi_text); i++) {
		hash = (hash ^ (uint8_t)abi_text[i]) * 0x100000001b3ull;
	}
	return hash;
}

/* The checks below return the reason to refuse the blob, NULL when it passes. */
static const char *check_header(const struct xsm_blob_header *h, size_t len)
{
	uint64_t cells, size;

	if (h->magic != XSM_BLOB_MAGIC) {
		return "policy: not a policy blob (magic)";
	}
	if (h->abi != xsm_abi() || h->classes != XSM_CLASS_COUNT) {
		return "policy: compiled for other classes and permissions (abi)";
	}
	if (h->contexts == 0 || h->contexts > XSM_MAX_CONTEXTS || h->vectors == 0 || h->reserved) {
		return "policy: number of contexts or vectors out of range";
	}
	/* 64-bit sums of 16-bit products and one 32-bit number: no overflow. */
	cells = ((uint64_t)h->contexts * h->contexts + 1) & ~1ull;
	size = sizeof(*h) + (uint64_t)h->contexts * sizeof(struct xsm_blob_context) + cells * 2 +
	       (uint64_t)h->vectors * XSM_VECTOR_WORDS * 4 + h->names;
	if (h->size != len || size != len) {
		return "policy: sizes in the header do not add up to the file's";
	}
	for (unsigned i = 0; i < XSM_SID_COUNT; i++) {
		if (h->sid[i] >= h->contexts) {
			return "policy: initial context does not exist";
		}
	}
	return NULL;
}

/* <0, 0, >0 as strcmp, for names that are known to end. */
static int compare_names(const char *a, const char *b)
{
	while (*a != 0 && *a == *b) {
		a++;
		b++;
	}
	return (int)(unsigned char)*a - (int)(unsigned char)*b;
}

/* One name at offset: printable, of legal length, ended within the section.  Returns the offset
 * behind its NUL, 0 if it is malformed. */
static uint32_t check_name(const char *names, uint32_t offset, uint32_t end)
{
	uint32_t length = 0;

	while (offset + length < end && names[offset + length] > ' ' &&
	       names[offset + length] < 127) {
		length++;
	}
	if (offset + length >= end || names[offset + length] != 0 || length == 0 ||
	    length > XSM_NAME_MAX) {
		return 0;
	}
	return offset + length + 1;
}

static const char *check_contexts(const struct xsm_policy *p, uint32_t names)
{
	uint32_t offset = 0, next;

	for (unsigned i = 0; i < p->contexts; i++) {
		const struct xsm_blob_context *c = &p->context[i];

		if (c->name != offset || c->self >= p->contexts || c->flags & ~XSM_CONTEXT_OWNED) {
			return "policy: malformed context";
		}
		next = check_name(p->names, offset, names);
		if (next == 0) {
			return "policy: malformed context name";
		}
		if (i > 0 &&
		    compare_names(p->names + p->context[i - 1].name, p->names + offset) >= 0) {
			return "policy: context names are not in order";
		}
		offset = next;
	}
	return offset == names ? NULL : "policy: bytes behind the last name";
}

static const char *check_cells(const struct xsm_policy *p, unsigned vectors)
{
	size_t count = (size_t)p->contexts * p->contexts;
	unsigned seen = 1; /* vectors are numbered by first use, and every one is used */

	for (size_t i = 0; i < count; i++) {
		if (p->cell[i] > seen || p->cell[i] >= vectors) {
			return "policy: vector number out of order or out of range";
		}
		seen += p->cell[i] == seen;
	}
	if (seen != vectors || (count % 2 != 0 && p->cell[count] != 0)) {
		return "policy: unused vector or padding not zero";
	}
	/* A vector's length is a multiple of XSM_CLASS_COUNT. */
	for (size_t i = 0; i < (size_t)vectors * XSM_VECTOR_WORDS; i++) {
		unsigned perms = perm_count[i % XSM_CLASS_COUNT];

		if (((uint64_t)p->vector[i] >> perms) != 0 ||
		    (i < XSM_VECTOR_WORDS && p->vector[i] != 0)) {
			return "policy: permission that does not exist, or vector 0 allows";
		}
	}
	return NULL;
}

int xsm_policy_parse(struct xsm_policy *p, const void *blob, size_t len, const char **why)
{
	const struct xsm_blob_header *h = blob;
	struct xsm_policy parsed;

	*p = (struct xsm_policy){0};
	*why = len < sizeof(*h) || ((uintptr_t)blob & 7) != 0
		       ? "policy: shorter than its header, or not 8-byte aligned"
		       : check_header(h, len);
	if (*why != NULL) {
		return -1;
	}
	parsed.contexts = h->contexts;
	parsed.context = (const struct xsm_blob_context *)(h + 1);
	parsed.cell = (const uint16_t *)(parsed.context + h->contexts);
	parsed.vector =
		(const uint32_t *)(parsed.cell + (((size_t)h->contexts * h->contexts + 1) & ~1ul));
	parsed.names = (const char *)(parsed.vector + (size_t)h->vectors * XSM_VECTOR_WORDS);
	for (unsigned i = 0; i < XSM_SID_COUNT; i++) {
		parsed.sid[i] = h->sid[i];
	}
	*why = check_contexts(&parsed, h->names);
	if (*why == NULL) {
		*why = check_cells(&parsed, h->vectors);
	}
	if (*why != NULL) {
		return -1;
	}
	*p = parsed;
	return 0;
}

bool xsm_is_owned(const struct xsm_policy *p, struct xsm_label label)
{
	return label.ctx < p->contexts && p->context[label.ctx].flags & XSM_CONTEXT_OWNED;
}

unsigned xsm_kind(const struct xsm_policy *p, struct xsm_label label)
{
	unsigned kind = xsm_is_owned(p, label);

	/* The floor sees to it that there are more contexts than initial ones. */
	for (unsigned i = 0; i < p->contexts; i++) {
		kind |= i < XSM_SID_COUNT && p->sid[i] == label.ctx ? 2u << i : 0;
		kind |= i != label.ctx && p->context[i].self == label.ctx ? 2u << XSM_SID_COUNT : 0;
	}
	return kind;
}

bool xsm_needs_owner(const struct xsm_policy *p, struct xsm_label label)
{
	uint32_t any = 0;

	for (struct xsm_label other = {0}; other.ctx < p->contexts; other.ctx++) {
		for (unsigned c = 0;
		     xsm_is_owned(p, label) && xsm_is_owned(p, other) && c < XSM_CLASS_COUNT; c++) {
			any |= xsm_masks(p, label.ctx, other.ctx, XSM_RELATION_SAME)[c] |
			       xsm_masks(p, other.ctx, label.ctx, XSM_RELATION_SAME)[c];
		}
	}
	return any != 0;
}

int xsm_label_by_name(const struct xsm_policy *p, const char *name, struct xsm_label *out)
{
	for (unsigned i = 0; i < p->contexts; i++) {
		if (compare_names(p->names + p->context[i].name, name) == 0) {
			*out = (struct xsm_label){.ctx = (uint16_t)i};
			return 0;
		}
	}
	return -1;
}

const char *xsm_label_name(const struct xsm_policy *p, struct xsm_label label)
{
	return label.ctx < p->contexts ? p->names + p->context[label.ctx].name : "(invalid)";
}

struct xsm_label xsm_self_label(const struct xsm_policy *p, struct xsm_label label)
{
	if (label.ctx < p->contexts) {
		label.ctx = p->context[label.ctx].self;
	}
	return label;
}
