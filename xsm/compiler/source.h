/* SPDX-License-Identifier: MIT */
/*
 * The compiler's two halves: the policy as libsepol decides it (source.c) and the blob (emit.c).
 * Host tools only; errors end the program with a message that names the policy's part.
 */
#ifndef XSM_COMPILER_SOURCE_H
#define XSM_COMPILER_SOURCE_H
#include <stddef.h>
#include "xsm/monitor/monitor.h"

struct source_context {
	char name[XSM_NAME_MAX + 1];
	unsigned self;             /* index of the context that it is to itself */
	uint32_t user, role, type; /* libsepol's values */
	uint32_t sid[3]; /* libsepol's SIDs of the context as tenant A, as A and B, and as B */
};

struct source {
	struct source_context *context; /* sorted by name */
	unsigned contexts;
	unsigned relations; /* 1, or XSM_RELATION_COUNT for a policy with MLS */
	unsigned initial[XSM_SID_COUNT];
	uint32_t cls[XSM_CLASS_COUNT];    /* our class -> libsepol's */
	uint8_t bit[XSM_CLASS_COUNT][32]; /* our permission -> libsepol's bit */
};

/* What one context may do to another, by relation of their tenants; [0] only without MLS. */
struct source_access {
	uint32_t allow[XSM_RELATION_COUNT][XSM_CLASS_COUNT];
	uint32_t audit[XSM_CLASS_COUNT];
};

/* Names of perms.def. */
extern const char *const source_class_name[XSM_CLASS_COUNT];
extern const char *const source_perm_name[XSM_CLASS_COUNT][32];

/* Reads a binary policy for target Xen; libsepol keeps state, so one policy per process. */
void source_read(struct source *s, const char *path);
/* Asks libsepol. */
void source_decide(const struct source *s, unsigned subject, unsigned object,
		   struct source_access *out);
void source_free(struct source *s);

/* Builds the canonical blob; the caller frees it. */
void *emit_blob(const struct source *s, size_t *size);

/* Prints "corbel-lower: " and the message, and exits with status 1. */
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
#endif
