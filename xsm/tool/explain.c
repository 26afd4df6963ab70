/* SPDX-License-Identifier: MIT */
/*
 * corbel-policy explain: why something is allowed or denied.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>
#include "xsm/tool/reason.h"

/* With reasons, which take the compiler's time; beyond that many answers only yes or no. */
#define MOST_REASONS 64u

struct question {
	bool *subject, *object; /* [context]; object NULL: the subject's own domain */
	unsigned cls;
	int perm, relation; /* -1: all */
};

/* False after a complaint. */
static bool read_question(const struct arguments *a, const struct policy *p, struct question *q)
{
	bool self = strcmp(a->word[2], "self") == 0;
	int cls;

	*q = (struct question){.perm = -1, .relation = -1};
	q->subject = policy_contexts_wanted(p, a->word[1]);
	q->object = q->subject != NULL && !self ? policy_contexts_wanted(p, a->word[2]) : NULL;
	if (q->subject == NULL || (q->object == NULL && !self)) {
		return false;
	}
	cls = class_wanted(a->word[3]);
	if (cls < 0) {
		return false;
	}
	q->cls = (unsigned)cls;
	if (strcmp(a->word[4], "*") != 0) {
		q->perm = perm_wanted(q->cls, a->word[4]);
		if (q->perm < 0) {
			return false;
		}
	}
	if (a->words > 5) {
		q->relation = relation_wanted(a->word[5]);
		return q->relation >= 0;
	}
	return true;
}

static bool asks(const struct question *q, const struct policy *p, const struct right *r)
{
	return q->subject[r->subject] && r->cls == q->cls &&
	       (q->object != NULL ? q->object[r->object]
				  : p->xsm.context[r->subject].self == r->object) &&
	       (q->perm < 0 || (unsigned)q->perm == r->perm) &&
	       (q->relation < 0 || (unsigned)q->relation == r->relation);
}

/* Explains one right, or only says whether it is there; returns that. */
static bool answer(const struct policy *p, const struct right *right, bool reasons,
		   struct json_object *list)
{
	struct reason reason = {.right = *right, .allowed = policy_allows(p, right)};
	char *question, *text;
	bool allowed;

	if (reasons) {
		reason_find(&reason, p, right);
	}
	allowed = reason.allowed;
	if (list != NULL) {
		json_object_array_add(list, reasons ? reason_json(&reason, p)
						    : reason_json_short(&reason, p));
	} else {
		question = right_text(p, right);
		text = reasons ? reason_text(&reason, p, "    ") : must_print("%s", "");
		printf("%s: %s\n%s%s", question, allowed ? "yes" : "no", text,
		       *text != 0 ? "\n" : "");
		free(question);
		free(text);
	}
	reason_free(&reason);
	return allowed;
}

/* Says why nothing was asked. */
static void complain_never(const struct arguments *a, const struct question *q,
			   const struct policy *p)
{
	bool self = q->object == NULL;

	for (unsigned i = 0; i < p->xsm.contexts && !self; i++) {
		self = q->object[i] && p->is_self[i];
	}
	complain("%s is never asked about %s%s%s: %s", a->word[1], a->word[2],
		 q->relation >= 0 ? " in relation " : "",
		 q->relation >= 0 ? relation_name[q->relation] : "",
		 q->relation >= 0 || !self ? "their owners cannot stand so"
					   : "that is what another kind of domain is to itself");
}

static void answer_all(const struct policy *p, const struct question *q, struct json_object *list,
		       unsigned *asked, unsigned *allowed)
{
	struct right right = RIGHT_START;
	bool reasons;

	while (right_next(p, &right)) {
		*asked += asks(q, p, &right);
	}
	reasons = *asked <= MOST_REASONS;
	right = (struct right)RIGHT_START;
	while (right_next(p, &right)) {
		if (asks(q, p, &right)) {
			*allowed += answer(p, &right, reasons, list);
		}
	}
	if (!reasons && list == NULL) {
		printf("%u answers, without reasons: those are given for at most %u\n", *asked,
		       MOST_REASONS);
	}
}

static int explain_question(const struct arguments *a, const struct policy *p,
			    const struct question *q)
{
	struct json_object *list = a->json ? json_object_new_array() : NULL, *object;
	unsigned asked = 0, allowed = 0;

	answer_all(p, q, list, &asked, &allowed);
	if (asked == 0) {
		complain_never(a, q, p);
	} else if (a->json) {
		object = json_object_new_object();
		json_object_object_add(object, "answers", list);
		json_object_object_add(object, "reasons",
				       json_object_new_boolean(asked <= MOST_REASONS));
		print_json(object);
		list = NULL;
	}
	json_object_put(list);
	if (asked == 0) {
		return STATUS_BAD;
	}
	return allowed == asked ? STATUS_YES : STATUS_NO;
}

static int explain(const struct arguments *a)
{
	struct question q;
	struct policy p;
	int status = STATUS_BAD;

	if (!policy_open(&p, a->word[0], a)) {
		return STATUS_BAD;
	}
	if (read_question(a, &p, &q)) {
		status = explain_question(a, &p, &q);
	}
	free(q.subject);
	free(q.object);
	policy_free(&p);
	return status;
}

const struct verb verb_explain = {
	.name = "explain",
	.summary = "why something is allowed or denied, and what would allow it",
	.synopsis = "POLICY SUBJECT OBJECT CLASS PERM [RELATION]",
	.help = "Allowed: the rules, each with file and line and the calls that lead to it.\n"
		"Denied: no rule, the constraint on owners, or the hypervisor's floor; and the\n"
		"least rule that would allow it, or that none can.  OBJECT may be `self`.\n"
		"SUBJECT and OBJECT may be an attribute, or `*` for any; PERM may be `*`: each right\n"
		"that is asked for is answered, with reasons if they are at most 64.\n"
		"RELATION of the owners: same, over, under, apart; otherwise all that can occur.\n"
		"Sources are named for a folder only.  Exit status 1: denied (some of it).\n\n"
		"example: why can Dom0 not map a tenant's memory?\n"
		"  corbel-policy explain xsm/policy/cloud dom0.t tenant.t mmu map_read",
	.min_words = 5,
	.max_words = 6,
	.run = explain,
};
