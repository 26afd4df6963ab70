/* SPDX-License-Identifier: MIT */
/*
 * See repeated.h.  Compiles without the rule: the digest names a policy's meaning, so where it
 * stays the same the rule has none.
 */
#include <stdlib.h>
#include <string.h>
#include "xsm/tool/folder.h"
#include "xsm/tool/forms.h"
#include "xsm/tool/repeated.h"

/* A compilation takes a time that grows with the square of the contexts: some seconds in all. */
#define MOST_WORK 200000u

static bool is_same_without(const struct policy *p, struct folder *folder)
{
	struct policy without = {.path = p->path};
	struct findings said = {0};
	bool same = policy_from_folder(&without, folder, NULL, false, &said) &&
		    memcmp(without.digest, p->digest, sizeof(p->digest)) == 0;

	findings_free(&said);
	policy_free(&without);
	return same;
}

/* The text of the form in the copy, which has the same files. */
static char *place_of(struct folder *folder, const struct form *form)
{
	for (unsigned i = 0; i < folder->count; i++) {
		if (strcmp(folder->file[i].path, form->file->path) == 0) {
			return folder->file[i].text + form->at;
		}
	}
	return NULL;
}

static void look_at_rule(const struct policy *p, struct folder *folder, const struct form *rule,
			 struct findings *warnings)
{
	const struct finding here = {.file = rule->file->path, .line = rule->line};
	char *place = place_of(folder, rule), *text;
	size_t length = rule->end - rule->at;

	if (place == NULL || findings_have_place(warnings, &here)) {
		return;
	}
	memset(place, ' ', length);
	if (!is_same_without(p, folder)) {
		memcpy(place, rule->file->text + rule->at, length);
		return;
	}
	text = form_text(rule, (unsigned)length);
	find(warnings, rule->file->path, rule->line,
	     "warning: %s adds nothing: other rules give all of it", text);
	free(text);
}

void repeated_find(const struct policy *p, struct findings *warnings)
{
	struct findings said = {0};
	struct folder folder;
	struct forms forms;
	unsigned rules = 0;

	forms_read(&forms, p->folder, &said);
	for (unsigned i = 0; i < forms.count; i++) {
		rules += forms.top[i]->file->own && form_is(forms.top[i], "allow");
	}
	if ((uint64_t)rules * p->xsm.contexts * p->xsm.contexts > MOST_WORK) {
		find(warnings, p->path, 0,
		     "warning: too large to try which of %u allow rules add nothing", rules);
		forms_free(&forms);
		findings_free(&said);
		return;
	}
	folder_copy(&folder, p->folder);
	for (unsigned i = forms.count; i-- > 0;) { /* so that the first one stays */
		if (forms.top[i]->file->own && form_is(forms.top[i], "allow")) {
			look_at_rule(p, &folder, forms.top[i], warnings);
		}
	}
	folder_free(&folder);
	forms_free(&forms);
	findings_free(&said);
}
