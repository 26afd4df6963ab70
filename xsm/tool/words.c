/* SPDX-License-Identifier: MIT */
/*
 * See words.h.  Says only what the policy says; decides nothing.
 */
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>
#include "tools/lib/p256.h"
#include "xsm/tool/words.h"

/* clang-format off */
const char *const perm_sentence[XSM_CLASS_COUNT][32] = {
#define XSM_CLASS(c) [XSM_CLASS_##c] = {
#define XSM_PERM(c, p, text) [XSM_PERM_##c##_##p] = text,
#define XSM_CLASS_END(c) },
#include "xsm/perms.def"
};
/* clang-format on */

bool words_is_own(const struct policy *p, unsigned subject, unsigned object)
{
	return p->xsm.context[subject].self == object &&
	       (object != subject || !policy_owned(p, subject));
}

char *words_pair(const struct policy *p, unsigned subject, unsigned object, unsigned relations)
{
	const unsigned same = 1u << XSM_RELATION_SAME, apart = 1u << XSM_RELATION_APART;
	const char *owner = "";

	if (words_is_own(p, subject, object)) {
		return must_print("%s on itself", p->type[subject]);
	}
	if (policy_owned(p, subject) && policy_owned(p, object)) {
		relations &= same | apart;
		owner = ", whoever their owners are";
		if (relations == same) {
			owner = " of the same owner";
		} else if (relations == apart) {
			owner = " of another owner";
		}
	}
	return must_print("%s on %s%s", p->type[subject], p->type[object], owner);
}

int words_context_of(const struct policy *p, const struct policy *other, unsigned context)
{
	struct xsm_label label = {.ctx = (uint16_t)context}, found;

	return xsm_label_by_name(&other->xsm, xsm_label_name(&p->xsm, label), &found) == 0
		       ? found.ctx
		       : -1;
}

void words_mask(FILE *to, unsigned cls, uint32_t mask)
{
	fprintf(to, "%s:", source_class_name[cls]);
	for (unsigned perm = 0; perm < 32; perm++) {
		if ((mask >> perm & 1) != 0) {
			fprintf(to, " %s", source_perm_name[cls][perm]);
		}
	}
}

uint32_t words_any(const struct policy *p, unsigned subject, unsigned cls)
{
	uint32_t any = 0;

	for (unsigned object = 0; object < p->xsm.contexts; object++) {
		for (unsigned relation = 0; relation < XSM_RELATION_COUNT; relation++) {
			if (policy_occurs(p, subject, object, relation)) {
				any |= xsm_masks(&p->xsm, subject, object, relation)[cls];
			}
		}
	}
	return any;
}

uint64_t words_sum(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

/* ---- JSON ----------------------------------------------------------------------------------- */

void put_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

void put_count(struct json_object *o, const char *key, uint64_t count)
{
	json_object_object_add(o, key, json_object_new_uint64(count));
}

void put_bool(struct json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}

void put_hex(struct json_object *o, const char *key, const uint8_t *bytes, size_t size)
{
	char *text = must_alloc(2 * size + 1);

	p256_hex(bytes, size, text);
	put_text(o, key, text);
	free(text);
}

struct json_object *put_list(struct json_object *o, const char *key)
{
	struct json_object *list = json_object_new_array();

	json_object_object_add(o, key, list);
	return list;
}

void put_right(struct json_object *o, const struct policy *p, const struct right *right)
{
	put_text(o, "subject", p->type[right->subject]);
	put_text(o, "object", p->type[right->object]);
	put_text(o, "relation", relation_name[right->relation]);
	put_text(o, "class", source_class_name[right->cls]);
	put_text(o, "perm", source_perm_name[right->cls][right->perm]);
}
