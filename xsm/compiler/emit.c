/* SPDX-License-Identifier: MIT */
/*
 * Writes the canonical blob.  Owns its byte order; nothing here decides a permission.
 */
#include <stdlib.h>
#include <string.h>
#include "xsm/compiler/source.h"

struct vectors {
	uint32_t *word; /* count * stride */
	unsigned stride, count;
};

/* Number of the vector; added at the end when it is new, so numbers follow first use. */
static unsigned intern(struct vectors *v, const struct source_access *a, unsigned relations)
{
	size_t bytes = v->stride * sizeof(uint32_t);
	uint32_t words[(XSM_RELATION_COUNT + 1) * XSM_CLASS_COUNT];

	memcpy(words, a->allow, relations * sizeof(a->allow[0]));
	memcpy(words + relations * XSM_CLASS_COUNT, a->audit, sizeof(a->audit));
	for (unsigned i = 0; i < v->count; i++) {
		if (memcmp(v->word + (size_t)i * v->stride, words, bytes) == 0) {
			return i;
		}
	}
	if (v->count == UINT16_MAX) {
		die("more than %u different access vectors", UINT16_MAX);
	}
	v->word = realloc(v->word, (v->count + 1) * bytes);
	if (v->word == NULL) {
		die("out of memory");
	}
	memcpy(v->word + (size_t)v->count * v->stride, words, bytes);
	return v->count++;
}

static void *put(void *at, const void *bytes, size_t size)
{
	memcpy(at, bytes, size);
	return (char *)at + size;
}

static void *assemble(const struct source *s, const struct vectors *v, const uint16_t *cell,
		      size_t cells, size_t *size)
{
	struct xsm_blob_header h = {
		.magic = XSM_BLOB_MAGIC,
		.abi = xsm_abi(),
		.contexts = (uint16_t)s->contexts,
		.vectors = (uint16_t)v->count,
		.relations = (uint16_t)s->relations,
		.classes = XSM_CLASS_COUNT,
	};
	size_t vector_bytes = (size_t)v->count * v->stride * sizeof(uint32_t);
	uint32_t name = 0;
	void *blob, *at;

	for (unsigned i = 0; i < XSM_SID_COUNT; i++) {
		h.sid[i] = (uint16_t)s->initial[i];
	}
	for (unsigned i = 0; i < s->contexts; i++) {
		h.names += (uint32_t)strlen(s->context[i].name) + 1;
	}
	*size = sizeof(h) + s->contexts * sizeof(struct xsm_blob_context) + cells * sizeof(*cell) +
		vector_bytes + h.names;
	h.size = (uint32_t)*size;
	blob = malloc(*size);
	if (blob == NULL) {
		die("out of memory");
	}
	at = put(blob, &h, sizeof(h));
	for (unsigned i = 0; i < s->contexts; i++) {
		struct xsm_blob_context c = {.name = name, .self = (uint16_t)s->context[i].self};

		at = put(at, &c, sizeof(c));
		name += (uint32_t)strlen(s->context[i].name) + 1;
	}
	at = put(at, cell, cells * sizeof(*cell));
	at = put(at, v->word, vector_bytes);
	for (unsigned i = 0; i < s->contexts; i++) {
		at = put(at, s->context[i].name, strlen(s->context[i].name) + 1);
	}
	return blob;
}

void *emit_blob(const struct source *s, size_t *size)
{
	size_t cells = ((size_t)s->contexts * s->contexts + 1) & ~(size_t)1;
	struct vectors v = {.stride = (s->relations + 1) * XSM_CLASS_COUNT};
	struct source_access access = {0};
	uint16_t *cell = calloc(cells, sizeof(*cell));
	void *blob;

	if (cell == NULL) {
		die("out of memory");
	}
	intern(&v, &access, s->relations); /* vector 0: nothing */
	for (unsigned i = 0; i < s->contexts; i++) {
		for (unsigned j = 0; j < s->contexts; j++) {
			source_decide(s, i, j, &access);
			cell[(size_t)i * s->contexts + j] =
				(uint16_t)intern(&v, &access, s->relations);
		}
	}
	blob = assemble(s, &v, cell, cells, size);
	free(cell);
	free(v.word);
	return blob;
}
