/* SPDX-License-Identifier: MIT */
/*
 * Writes the canonical blob.  Owns its byte order; nothing here decides a permission.
 */
#include <stdlib.h>
#include <string.h>
#include "xsm/compiler/source.h"

#define VECTOR_BYTES (XSM_VECTOR_WORDS * sizeof(uint32_t))

struct vectors {
	uint32_t (*word)[XSM_VECTOR_WORDS];
	unsigned count;
};

/* Number of the vector; added at the end when it is new, so numbers follow first use.  -1: no room
 * for another. */
static int intern(struct vectors *v, const struct source_access *a)
{
	uint32_t words[XSM_VECTOR_WORDS];
	void *more;

	memcpy(words, a->allow, sizeof(a->allow));
	memcpy(words + XSM_RELATION_COUNT * XSM_CLASS_COUNT, a->audit, sizeof(a->audit));
	for (unsigned i = 0; i < v->count; i++) {
		if (memcmp(v->word[i], words, VECTOR_BYTES) == 0) {
			return (int)i;
		}
	}
	more = v->count < UINT16_MAX ? realloc(v->word, (v->count + 1) * VECTOR_BYTES) : NULL;
	if (more == NULL) {
		return -1;
	}
	v->word = more;
	memcpy(v->word[v->count], words, VECTOR_BYTES);
	return (int)v->count++;
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
		.classes = XSM_CLASS_COUNT,
	};
	uint32_t name = 0;
	void *blob, *at;

	for (unsigned i = 0; i < XSM_SID_COUNT; i++) {
		h.sid[i] = (uint16_t)s->initial[i];
	}
	for (unsigned i = 0; i < s->contexts; i++) {
		h.names += (uint32_t)strlen(s->context[i].name) + 1;
	}
	*size = sizeof(h) + s->contexts * sizeof(struct xsm_blob_context) + cells * sizeof(*cell) +
		v->count * VECTOR_BYTES + h.names;
	h.size = (uint32_t)*size;
	blob = malloc(*size);
	if (blob == NULL) {
		return NULL;
	}
	at = put(blob, &h, sizeof(h));
	for (unsigned i = 0; i < s->contexts; i++) {
		struct xsm_blob_context c = {
			.name = name,
			.self = (uint16_t)s->context[i].self,
			.flags = s->context[i].owned ? XSM_CONTEXT_OWNED : 0,
		};

		at = put(at, &c, sizeof(c));
		name += (uint32_t)strlen(s->context[i].name) + 1;
	}
	at = put(at, cell, cells * sizeof(*cell));
	at = put(at, v->word, v->count * VECTOR_BYTES);
	for (unsigned i = 0; i < s->contexts; i++) {
		at = put(at, s->context[i].name, strlen(s->context[i].name) + 1);
	}
	return blob;
}

static bool fill(struct source *s, struct vectors *v, uint16_t *cell)
{
	struct source_access access = {0};
	int number = intern(v, &access); /* vector 0: nothing */

	for (size_t i = 0; i < (size_t)s->contexts * s->contexts && number >= 0; i++) {
		if (!source_decide(s, (unsigned)(i / s->contexts), (unsigned)(i % s->contexts),
				   &access)) {
			return false;
		}
		number = intern(v, &access);
		cell[i] = (uint16_t)number;
	}
	return number >= 0;
}

void *emit_blob(struct source *s, size_t *size)
{
	size_t cells = ((size_t)s->contexts * s->contexts + 1) & ~(size_t)1;
	uint16_t *cell = calloc(cells, sizeof(*cell));
	struct vectors v = {0};
	void *blob = NULL;

	snprintf(s->error, sizeof(s->error),
		 "out of memory, or more than %u different access vectors", UINT16_MAX);
	if (cell != NULL && fill(s, &v, cell)) {
		blob = assemble(s, &v, cell, cells, size);
	}
	free(cell);
	free(v.word);
	return blob;
}
