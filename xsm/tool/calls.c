/* SPDX-License-Identifier: MIT */
/*
 * Calls of macros that do not fit: too few or too many arguments, or no type where one is wanted.
 * The compiler says that something is missing; here is what.
 */
#include <stdlib.h>
#include "xsm/tool/model.h"
#include "xsm/tool/names.h"

struct search {
	const struct names *names;
	struct findings *findings;
};

static bool is_type(const struct names *names, const char *word)
{
	return names_has(names, word, "type") || names_has(names, word, "typeattribute") ||
	       names_has(names, word, "typealias");
}

/* What is wrong with it, NULL: nothing that can be seen here. */
static char *fault(const struct names *names, const struct form *wanted, const struct form *given)
{
	unsigned count = given != NULL ? given->children : 0;

	if (count != wanted->children) {
		char *text = form_text(wanted, 200), *why;

		why = must_print("it takes %u argument%s, %s, and %u %s given", wanted->children,
				 wanted->children == 1 ? "" : "s", text, count,
				 count == 1 ? "is" : "are");
		free(text);
		return why;
	}
	for (unsigned i = 0; i < count; i++) {
		const char *word = form_word(given, i);
		const struct declaration *d = word != NULL ? names_named(names, word, NULL) : NULL;

		if (d != NULL && form_is(wanted->child[i], "type") && !d->is_parameter &&
		    !form_is(d->form, "block") /* said with the type that it has */ &&
		    !is_type(names, word)) {
			return must_print("it wants a type, and '%s' is a %s", word,
					  form_keyword(d->form));
		}
	}
	return NULL;
}

static void look_at_call(const struct form *call, void *with)
{
	const struct search *s = with;
	const char *name = form_word(call, 1);
	const struct declaration *macro;
	struct finding *finding;
	char *why = NULL, *quoted;

	if (!call->file->own || !form_is(call, "call") || name == NULL) {
		return;
	}
	macro = names_named(s->names, name, "macro");
	if (macro != NULL && macro->form->children > 2 && macro->form->child[2]->word == NULL) {
		why = fault(s->names, macro->form->child[2],
			    call->children > 2 ? call->child[2] : NULL);
	}
	if (why != NULL) {
		finding = find(s->findings, call->file->path, call->line, "call of macro %s: %s",
			       name, why);
		quoted = form_text(call, 200);
		finding_link(finding, "%s", quoted);
		free(quoted);
		free(why);
	}
}

void calls_find_wrong(const struct names *names, const struct forms *forms,
		      struct findings *findings)
{
	struct search search = {.names = names, .findings = findings};

	forms_walk(forms, look_at_call, &search);
}
