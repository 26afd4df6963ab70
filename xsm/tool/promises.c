/* SPDX-License-Identifier: MIT */
/*
 * See promises.h.  Promises are compared as they are written, blanks aside: the same promise in
 * other words counts as gone, and a person has to look.
 */
#include <stdlib.h>
#include <string.h>
#include "xsm/tool/expect.h"
#include "xsm/tool/forms.h"
#include "xsm/tool/promises.h"

#define LONGEST 4000u /* of a neverallow that is compared */

static void collect_neverallow(const struct form *form, void *with)
{
	if (form_is(form, "neverallow")) {
		char *text = form_text(form, LONGEST);

		find(with, form->file->path, form->line, "%s", text);
		free(text);
	}
}

static void collect(const struct policy *p, struct findings *promises)
{
	struct findings wrong = {0};
	struct expectations e;
	struct forms forms;

	expectations_read(&e, p, &wrong);
	for (unsigned i = 0; i < e.count; i++) {
		find(promises, e.item[i].file, e.item[i].line, "expect %s", e.item[i].text);
	}
	expectations_free(&e);
	forms_read(&forms, p->folder, &wrong);
	forms_walk(&forms, collect_neverallow, promises);
	forms_free(&forms);
	findings_free(&wrong);
}

static bool has(const struct findings *promises, const char *text)
{
	for (unsigned i = 0; i < promises->count; i++) {
		if (strcmp(promises->item[i].text, text) == 0) {
			return true;
		}
	}
	return false;
}

bool promises_gone(const struct policy *old, const struct policy *new, struct findings *gone)
{
	struct findings before = {0}, now = {0};

	if (old->folder == NULL || new->folder == NULL) {
		return false;
	}
	collect(old, &before);
	collect(new, &now);
	for (unsigned i = 0; i < before.count; i++) {
		if (!has(&now, before.item[i].text) && !has(gone, before.item[i].text)) {
			finding_move(gone, &before.item[i]);
		}
	}
	findings_free(&before);
	findings_free(&now);
	return true;
}
