/* SPDX-License-Identifier: MIT */
/*
 * corbel-policy explain: why something is allowed or denied.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>
#include "xsm/tool/reason.h"

/* False after a complaint.  *relation is -1 for all. */
static bool read_question(const struct arguments *a, const struct policy *p, struct right *right,
			  int *relation)
{
	int subject, object, cls, perm;

	*relation = -1;
	subject = policy_context(p, a->word[1]);
	if (subject < 0) {
		return false;
	}
	object = strcmp(a->word[2], "self") == 0 ? p->xsm.context[subject].self
						 : policy_context(p, a->word[2]);
	cls = object < 0 ? -1 : class_wanted(a->word[3]);
	perm = cls < 0 ? -1 : perm_wanted((unsigned)cls, a->word[4]);
	if (perm < 0) {
		return false;
	}
	if (a->words > 5) {
		*relation = relation_wanted(a->word[5]);
		if (*relation < 0) {
			return false;
		}
	}
	*right = (struct right){.subject = (unsigned)subject,
				.object = (unsigned)object,
				.cls = (unsigned)cls,
				.perm = (unsigned)perm};
	return true;
}

/* Explains one relation; returns whether it is allowed. */
static bool answer(const struct policy *p, const struct right *right, struct json_object *list)
{
	struct reason reason;
	char *question, *text;
	bool allowed;

	reason_find(&reason, p, right);
	allowed = reason.allowed;
	if (list != NULL) {
		json_object_array_add(list, reason_json(&reason, p));
	} else {
		question = right_text(p, right);
		text = reason_text(&reason, p, "    ");
		printf("%s: %s\n%s%s", question, allowed ? "yes" : "no", text,
		       *text != 0 ? "\n" : "");
		free(question);
		free(text);
	}
	reason_free(&reason);
	return allowed;
}

static int explain(const struct arguments *a)
{
	struct json_object *list = a->json ? json_object_new_array() : NULL, *object;
	unsigned asked = 0, allowed = 0;
	struct right right;
	struct policy p;
	int relation;

	if (!policy_open(&p, a->word[0], a)) {
		return STATUS_BAD;
	}
	if (!read_question(a, &p, &right, &relation)) {
		policy_free(&p);
		return STATUS_BAD;
	}
	for (unsigned r = 0; r < XSM_RELATION_COUNT; r++) {
		right.relation = r;
		if ((relation >= 0 && r != (unsigned)relation) ||
		    !policy_occurs(&p, right.subject, right.object, r)) {
			continue;
		}
		asked++;
		allowed += answer(&p, &right, list);
	}
	if (asked == 0) {
		complain("%s is never asked about %s%s%s: %s", p.type[right.subject],
			 p.type[right.object], relation >= 0 ? " in relation " : "",
			 relation >= 0 ? relation_name[relation] : "",
			 relation >= 0 ? "their owners cannot stand so"
				       : "that is what another kind of domain is to itself");
	} else if (a->json) {
		object = json_object_new_object();
		json_object_object_add(object, "answers", list);
		print_json(object);
		list = NULL;
	}
	json_object_put(list);
	policy_free(&p);
	if (asked == 0) {
		return STATUS_BAD;
	}
	return allowed == asked ? STATUS_YES : STATUS_NO;
}

const struct verb verb_explain = {
	.name = "explain",
	.summary = "why something is allowed or denied, and what would allow it",
	.synopsis = "POLICY SUBJECT OBJECT CLASS PERM [RELATION]",
	.help = "Allowed: the rules, each with file and line and the calls that lead to it.\n"
		"Denied: no rule, the constraint on owners, or the hypervisor's floor; and the\n"
		"least rule that would allow it, or that none can.  OBJECT may be `self`.\n"
		"RELATION of the owners: same, over, under, apart; otherwise all that can occur.\n"
		"Sources are named for a folder only.  Exit status 1: denied (in some relation).\n\n"
		"example: why can Dom0 not map a tenant's memory?\n"
		"  corbel-policy explain xsm/policy/cloud dom0.t tenant.t mmu map_read",
	.min_words = 5,
	.max_words = 6,
	.run = explain,
};
