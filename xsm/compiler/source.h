/* SPDX-License-Identifier: MIT */
/*
 * The compiler's two halves: the policy as libsepol decides it (source.c) and the blob (emit.c).
 * Host tools only.  What goes wrong is said in source.error, without the name of the file.
 */
#ifndef XSM_COMPILER_SOURCE_H
#define XSM_COMPILER_SOURCE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "xsm/monitor/monitor.h"

/* The attribute of types whose domains have an owner. */
#define SOURCE_OWNED "owned_type"

struct source_context {
	char name[XSM_NAME_MAX + 1];
	unsigned self; /* index of the context that it is to itself */
	bool is_self;  /* is that of another context */
	bool owned;
	uint32_t user, role, type; /* libsepol's values */
	uint32_t sid[3]; /* libsepol's SIDs: nobody's, owner A's, owner B's; 0 = not asked yet */
};

struct source {
	struct source_context *context; /* sorted by name */
	unsigned contexts;
	unsigned initial[XSM_SID_COUNT];
	uint32_t cls[XSM_CLASS_COUNT];    /* our class -> libsepol's */
	uint8_t bit[XSM_CLASS_COUNT][32]; /* our permission -> libsepol's bit */
	bool loaded;
	char error[256];
};

/* What one context may do to another; masks of relations that cannot occur are zero. */
struct source_access {
	uint32_t allow[XSM_RELATION_COUNT][XSM_CLASS_COUNT];
	uint32_t audit[XSM_CLASS_COUNT]; /* of what is allowed in some relation */
};

/* Names of perms.def. */
extern const char *const source_class_name[XSM_CLASS_COUNT];
extern const char *const source_perm_name[XSM_CLASS_COUNT][32];

/* The generated part of every policy: classes, initial contexts (classes.c). */
void classes_print(FILE *out);

/* Bit mask of the relations that can occur. */
unsigned source_relations(bool subject_owned, bool object_owned, bool object_is_self);

/* Reads a binary policy for target Xen; libsepol keeps state, so one policy at a time.  To be freed
 * also when it fails. */
bool source_read(struct source *s, const char *path);
/* The same of one in memory, which is freed with s. */
struct sepol_policydb;
bool source_use(struct source *s, struct sepol_policydb *policy);
/* Asks libsepol. */
bool source_decide(struct source *s, unsigned subject, unsigned object, struct source_access *out);
/* The name of attribute `number`, and which contexts have it; "": that number is of a type; NULL:
 * it was the last one. */
const char *source_attribute(const struct source *s, unsigned number, bool *has);
void source_free(struct source *s);

/* Builds the canonical blob, which the caller frees; NULL: see s->error. */
void *emit_blob(struct source *s, size_t *size);
#endif
