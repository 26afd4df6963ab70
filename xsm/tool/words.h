/* SPDX-License-Identifier: MIT */
/*
 * How verbs speak of pairs of contexts and of rights, and the few shapes of output they share.
 */
#ifndef XSM_TOOL_WORDS_H
#define XSM_TOOL_WORDS_H
#include <stdio.h>
#include "xsm/tool/model.h"

/* The sentence of a permission in perms.def, without its full stop. */
extern const char *const perm_sentence[XSM_CLASS_COUNT][32];

/* Whether the object stands for the subject's own domain. */
bool words_is_own(const struct policy *p, unsigned subject, unsigned object);

/*
 * "dom0.t on tenant.t", "tenant.t on itself", "shop.t on shop.t of the same owner".  relations is a
 * set of bits (1 << relation); the caller frees the text.
 */
char *words_pair(const struct policy *p, unsigned subject, unsigned object, unsigned relations);

/* The context of the same name in another policy; -1: it has none. */
int words_context_of(const struct policy *p, const struct policy *other, unsigned context);

/* "grant: map_read map_write copy" of a mask. */
void words_mask(FILE *to, unsigned cls, uint32_t mask);

/* What the subject may do of one class to anything at all. */
uint32_t words_any(const struct policy *p, unsigned subject, unsigned cls);

/* a + b, or the largest number there is. */
uint64_t words_sum(uint64_t a, uint64_t b);

/* Members of a JSON object. */
void put_text(struct json_object *o, const char *key, const char *text);
void put_count(struct json_object *o, const char *key, uint64_t count);
void put_bool(struct json_object *o, const char *key, bool value);
void put_hex(struct json_object *o, const char *key, const uint8_t *bytes, size_t size);
struct json_object *put_list(struct json_object *o, const char *key);
/* "subject", "object", "relation", "class", "perm" as names. */
void put_right(struct json_object *o, const struct policy *p, const struct right *right);

#endif
