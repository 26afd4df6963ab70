/* SPDX-License-Identifier: MIT */
/*
 * See promises.h.  Expect lines are compared as they are written, blanks aside.  A neverallow is as
 * many promises as it has permissions, so that their order, and whether they stand in one rule or
 * in several, is all the same.  Another way to write its types counts as gone: a person has to
 * look.
 */
#include <stdlib.h>
#include <string.h>
#include "xsm/tool/expect.h"
#include "xsm/tool/forms.h"
#include "xsm/tool/promises.h"

#define LONGEST 4000u /* of a neverallow that is compared */

static bool has(const struct findings *promises, const char *text)
{
	for (unsigned i = 0; i < promises->count; i++) {
		if (strcmp(promises->item[i].text, text) == 0) {
			return true;
		}
	}
	return false;
}

/* Calls work with the text of each promise of a rule (neverallow SOURCE TARGET (CLASS (PERM...)));
 * of one of another form with the text of the whole. */
static void each_promise(const struct form *rule,
			 void (*work)(const char *text, const char *right, void *with), void *with)
{
	const struct form *access = rule->children == 4 ? rule->child[3] : NULL;
	bool plain = access != NULL && access->children == 2 && form_word(access, 0) != NULL &&
		     access->child[1]->word == NULL;
	char *source, *target;

	for (unsigned i = 0; plain && i < access->child[1]->children; i++) {
		plain = form_word(access->child[1], i) != NULL;
	}
	if (!plain) {
		char *text = form_text(rule, LONGEST);

		work(text, text, with);
		free(text);
		return;
	}
	source = form_text(rule->child[1], LONGEST);
	target = form_text(rule->child[2], LONGEST);
	for (unsigned i = 0; i < access->child[1]->children; i++) {
		char *right =
			must_print("%s:%s", form_word(access, 0), form_word(access->child[1], i));
		char *text = must_print("%s %s %s", source, target, right);

		work(text, right, with);
		free(text);
		free(right);
	}
	free(source);
	free(target);
}

static void add_promise(const char *text, const char *right, void *with)
{
	(void)right;
	find(with, NULL, 0, "%s", text);
}

static void collect_neverallow(const struct form *form, void *with)
{
	if (form_is(form, "neverallow")) {
		each_promise(form, add_promise, with);
	}
}

struct loss {
	const struct findings *now;
	struct findings *gone;
	/* Of one rule: what is promised no more, and whether some of it still is. */
	char *rights;
	bool some_kept;
};

static void note_loss(const char *text, const char *right, void *with)
{
	struct loss *loss = with;
	char *more;

	if (has(loss->now, text)) {
		loss->some_kept = true;
		return;
	}
	more = loss->rights != NULL ? must_print("%s %s", loss->rights, right)
				    : must_print("%s", right);
	free(loss->rights);
	loss->rights = more;
}

static void find_loss(const struct form *form, void *with)
{
	struct loss *loss = with;
	char *text;

	if (!form_is(form, "neverallow")) {
		return;
	}
	loss->rights = NULL;
	loss->some_kept = false;
	each_promise(form, note_loss, loss);
	text = form_text(form, LONGEST);
	if (loss->rights != NULL && loss->some_kept) {
		find(loss->gone, form->file->path, form->line, "%s: no longer %s", text,
		     loss->rights);
	} else if (loss->rights != NULL && !has(loss->gone, text)) {
		find(loss->gone, form->file->path, form->line, "%s", text);
	}
	free(text);
	free(loss->rights);
}

static void collect_expect(const struct policy *p, struct findings *promises)
{
	struct findings wrong = {0};
	struct expectations e;

	expectations_read(&e, p, &wrong);
	for (unsigned i = 0; i < e.count; i++) {
		find(promises, e.item[i].file, e.item[i].line, "expect %s", e.item[i].text);
	}
	expectations_free(&e);
	findings_free(&wrong);
}

static void walk(const struct policy *p, void (*work)(const struct form *form, void *with),
		 void *with)
{
	struct findings wrong = {0};
	struct forms forms;

	forms_read(&forms, p->folder, &wrong);
	forms_walk(&forms, work, with);
	forms_free(&forms);
	findings_free(&wrong);
}

bool promises_gone(const struct policy *old, const struct policy *new, struct findings *gone)
{
	struct findings before = {0}, now = {0};
	struct loss loss = {.now = &now, .gone = gone};

	if (old->folder == NULL || new->folder == NULL) {
		return false;
	}
	collect_expect(old, &before);
	collect_expect(new, &now);
	for (unsigned i = 0; i < before.count; i++) {
		if (!has(&now, before.item[i].text) && !has(gone, before.item[i].text)) {
			finding_move(gone, &before.item[i]);
		}
	}
	walk(new, collect_neverallow, &now);
	walk(old, find_loss, &loss);
	findings_free(&before);
	findings_free(&now);
	return true;
}
