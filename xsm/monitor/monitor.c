/* SPDX-License-Identifier: MIT */
/*
 * Parser of the policy blob and the slow look-ups.  Owns nothing but the table of permission
 * counts.
 *
 * Trust boundary: every byte of the blob is hostile until xsm_policy_parse() has returned
 * 0; after that no look-up can leave the blob, whatever label or number it is asked about.
 */
#include "xsm/monitor/monitor.h"

/* clang-format off */
/* How many permissions each class has: bits above them mean nothing and must be zero. */
static const uint8_t perm_count[XSM_CLASS_COUNT] = {
#define XSM_CLASS(c) [XSM_CLASS_##c] = XSM_PERM_COUNT_##c,
#define XSM_PERM(c, p, text)
#define XSM_CLASS_END(c)
#include "xsm/perms.def"
};

/* All names in the order of their numbers: what xsm_abi() hashes. */
static const char abi_text[] =
#define XSM_CLASS(c) "class " #c "\n"
#define XSM_PERM(c, p, text) #p "\n"
#define XSM_CLASS_END(c)
#include "xsm/perms.def"
;
/* clang-format on */

/* Fowler-Noll-Vo 1a with 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
#define FNV_OFFSET 0xcbf29ce484222325ull
#define FNV_PRIME  0x100000001b3ull

/* Tells a stale build from a fresh one, not a forger from an author: no need to be
 * collision-free. */
uint64_t xsm_abi(void)
{
	size_t length = sizeof(abi_text) - 1;
	uint64_t hash = FNV_OFFSET;

	for (size_t i = 0; i < length; i++) {
		hash ^= (uint8_t)abi_text[i];
		hash *= FNV_PRIME;
	}
	return hash;
}

/* Cells of the matrix of subjects and objects. */
static size_t cell_count(size_t contexts)
{
	return contexts * contexts;
}

/* The same with the zero cell that brings the vectors behind to 4-byte alignment. */
static size_t padded_cell_count(size_t contexts)
{
	return (cell_count(contexts) + 1) & ~(size_t)1;
}

/* What the counts in the header say: 64-bit sums of 16-bit products and one 32-bit number, so there
 * is no overflow. */
static uint64_t size_by_counts(const struct xsm_blob_header *header)
{
	uint64_t contexts = header->contexts * (uint64_t)sizeof(struct xsm_blob_context);
	uint64_t cells = padded_cell_count(header->contexts) * (uint64_t)sizeof(uint16_t);
	uint64_t vectors = header->vectors * (uint64_t)(XSM_VECTOR_WORDS * sizeof(uint32_t));

	return sizeof(*header) + contexts + cells + vectors + header->names;
}

static bool are_counts_in_range(const struct xsm_blob_header *header)
{
	if (header->contexts == 0 || header->contexts > XSM_MAX_CONTEXTS) {
		return false;
	}
	return header->vectors != 0 && header->reserved == 0;
}

/* The checks below return the reason to refuse the blob, NULL when it passes. */
static const char *check_header(const struct xsm_blob_header *header, size_t length)
{
	if (header->magic != XSM_BLOB_MAGIC) {
		return "policy: not a policy blob (magic)";
	}
	if (header->abi != xsm_abi() || header->classes != XSM_CLASS_COUNT) {
		return "policy: compiled for other classes and permissions (abi)";
	}
	if (!are_counts_in_range(header)) {
		return "policy: number of contexts or vectors out of range";
	}
	if (header->size != length || size_by_counts(header) != length) {
		return "policy: sizes in the header do not add up to the file's";
	}
	for (unsigned i = 0; i < XSM_SID_COUNT; i++) {
		if (header->sid[i] >= header->contexts) {
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

static bool is_name_character(char character)
{
	return character > ' ' && character < 127;
}

/* One name at offset: printable, of legal length, ended within the section.  Returns the offset
 * behind its NUL, 0 if it is malformed. */
static uint32_t check_name(const char *names, uint32_t offset, uint32_t end)
{
	uint32_t at = offset;

	while (at < end && is_name_character(names[at])) {
		at++;
	}
	if (at >= end || names[at] != 0) {
		return 0;
	}
	if (at == offset || at - offset > XSM_NAME_MAX) {
		return 0;
	}
	return at + 1;
}

static const char *name_of(const struct xsm_policy *policy, unsigned context)
{
	return policy->names + policy->context[context].name;
}

static bool is_malformed(const struct xsm_policy *policy, const struct xsm_blob_context *context)
{
	return context->self >= policy->contexts || (context->flags & ~XSM_CONTEXT_OWNED) != 0;
}

static const char *check_contexts(const struct xsm_policy *policy, uint32_t names_size)
{
	uint32_t offset = 0; /* names are stored in this order, one behind the other */

	for (unsigned i = 0; i < policy->contexts; i++) {
		const struct xsm_blob_context *context = &policy->context[i];
		uint32_t next;

		if (context->name != offset || is_malformed(policy, context)) {
			return "policy: malformed context";
		}
		next = check_name(policy->names, offset, names_size);
		if (next == 0) {
			return "policy: malformed context name";
		}
		/* Strictly ascending: no name twice, and equal policies are equal bytes. */
		if (i > 0 && compare_names(name_of(policy, i - 1), name_of(policy, i)) >= 0) {
			return "policy: context names are not in order";
		}
		offset = next;
	}
	if (offset != names_size) {
		return "policy: bytes behind the last name";
	}
	return NULL;
}

static bool is_padding_zero(const struct xsm_policy *policy)
{
	size_t count = cell_count(policy->contexts);

	return count == padded_cell_count(policy->contexts) || policy->cell[count] == 0;
}

static const char *check_cells(const struct xsm_policy *policy, unsigned vectors)
{
	size_t count = cell_count(policy->contexts);
	unsigned seen = 1; /* vectors are numbered by first use, and every one is used */

	for (size_t i = 0; i < count; i++) {
		unsigned number = policy->cell[i];

		if (number > seen || number >= vectors) {
			return "policy: vector number out of order or out of range";
		}
		if (number == seen) {
			seen++;
		}
	}
	if (seen != vectors || !is_padding_zero(policy)) {
		return "policy: unused vector or padding not zero";
	}
	return NULL;
}

static const char *check_vectors(const struct xsm_policy *policy, unsigned vectors)
{
	size_t words = (size_t)vectors * XSM_VECTOR_WORDS;

	for (size_t i = 0; i < words; i++) {
		/* A vector's length is a multiple of XSM_CLASS_COUNT. */
		unsigned perms = perm_count[i % XSM_CLASS_COUNT];
		/* 64 bits, since a class may have 32 permissions. */
		uint64_t mask = policy->vector[i];
		bool is_vector_0 = i < XSM_VECTOR_WORDS;

		if ((mask >> perms) != 0 || (is_vector_0 && mask != 0)) {
			return "policy: permission that does not exist, or vector 0 allows";
		}
	}
	return NULL;
}

/* Finds the sections; nothing in them is looked at yet. */
static struct xsm_policy locate(const struct xsm_blob_header *header)
{
	struct xsm_policy policy = {.contexts = header->contexts};

	policy.context = (const struct xsm_blob_context *)(header + 1);
	policy.cell = (const uint16_t *)(policy.context + header->contexts);
	policy.vector = (const uint32_t *)(policy.cell + padded_cell_count(header->contexts));
	policy.names = (const char *)(policy.vector + (size_t)header->vectors * XSM_VECTOR_WORDS);
	for (unsigned i = 0; i < XSM_SID_COUNT; i++) {
		policy.sid[i] = header->sid[i];
	}
	return policy;
}

int xsm_policy_parse(struct xsm_policy *policy, const void *blob, size_t length, const char **why)
{
	const struct xsm_blob_header *header = blob;
	struct xsm_policy parsed;

	/* No context: denies everything, whatever may be refused below. */
	*policy = (struct xsm_policy){0};
	if (length < sizeof(*header) || (uintptr_t)blob % sizeof(header->magic) != 0) {
		*why = "policy: shorter than its header, or not 8-byte aligned";
		return -1;
	}
	*why = check_header(header, length);
	if (*why != NULL) {
		return -1;
	}
	parsed = locate(header);
	*why = check_contexts(&parsed, header->names);
	if (*why == NULL) {
		*why = check_cells(&parsed, header->vectors);
	}
	if (*why == NULL) {
		*why = check_vectors(&parsed, header->vectors);
	}
	if (*why != NULL) {
		return -1;
	}
	*policy = parsed;
	return 0;
}

bool xsm_is_owned(const struct xsm_policy *policy, struct xsm_label label)
{
	if (label.ctx >= policy->contexts) {
		return false;
	}
	return (policy->context[label.ctx].flags & XSM_CONTEXT_OWNED) != 0;
}

/* Bits of xsm_kind(); KIND_INITIAL << sid for each enum xsm_sid. */
#define KIND_OWNED   1u
#define KIND_INITIAL 2u
#define KIND_SELF    (KIND_INITIAL << XSM_SID_COUNT)

unsigned xsm_kind(const struct xsm_policy *policy, struct xsm_label label)
{
	unsigned kind = 0;

	if (xsm_is_owned(policy, label)) {
		kind |= KIND_OWNED;
	}
	if (policy->contexts == 0) {
		return kind; /* no policy: its initial contexts name nothing */
	}
	for (unsigned i = 0; i < XSM_SID_COUNT; i++) {
		if (policy->sid[i] == label.ctx) {
			kind |= KIND_INITIAL << i;
		}
	}
	for (unsigned i = 0; i < policy->contexts; i++) {
		if (i != label.ctx && policy->context[i].self == label.ctx) {
			kind |= KIND_SELF;
		}
	}
	return kind;
}

/* Whether one of them may do something to the other because they have the same owner. */
static bool is_given_by_owner(const struct xsm_policy *policy, unsigned a, unsigned b)
{
	const uint32_t *forth = xsm_masks(policy, a, b, XSM_RELATION_SAME);
	const uint32_t *back = xsm_masks(policy, b, a, XSM_RELATION_SAME);

	for (unsigned i = 0; i < XSM_CLASS_COUNT; i++) {
		if ((forth[i] | back[i]) != 0) {
			return true;
		}
	}
	return false;
}

bool xsm_needs_owner(const struct xsm_policy *policy, struct xsm_label label)
{
	struct xsm_label other = {0};

	if (!xsm_is_owned(policy, label)) {
		return false;
	}
	for (; other.ctx < policy->contexts; other.ctx++) {
		if (xsm_is_owned(policy, other) &&
		    is_given_by_owner(policy, label.ctx, other.ctx)) {
			return true;
		}
	}
	return false;
}

int xsm_label_by_name(const struct xsm_policy *policy, const char *name, struct xsm_label *out)
{
	for (unsigned i = 0; i < policy->contexts; i++) {
		if (compare_names(name_of(policy, i), name) == 0) {
			*out = (struct xsm_label){.ctx = (uint16_t)i};
			return 0;
		}
	}
	return -1;
}

const char *xsm_label_name(const struct xsm_policy *policy, struct xsm_label label)
{
	if (label.ctx >= policy->contexts) {
		return "(invalid)";
	}
	return name_of(policy, label.ctx);
}

struct xsm_label xsm_self_label(const struct xsm_policy *policy, struct xsm_label label)
{
	if (label.ctx < policy->contexts) {
		label.ctx = policy->context[label.ctx].self;
	}
	return label;
}
