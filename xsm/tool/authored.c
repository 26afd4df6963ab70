/* SPDX-License-Identifier: MIT */
/*
 * See authored.h.  The compiler stops at the first fault, names a place in the base for what an
 * author has repeated, and not the name that it cannot find; the sources as trees tell the rest.
 */
#include <stdlib.h>
#include <string.h>
#include "xsm/compiler/source.h"
#include "xsm/tool/authored.h"
#include "xsm/tool/names.h"

struct look {
	const struct names *names;
	struct findings *findings;
};

static void quote(struct finding *finding, const struct form *form)
{
	char *text = form_text(form, 200);

	finding_link(finding, "%s", text);
	free(text);
}

/* ---- what is refused ---------------------------------------------------------------------- */

/* What the compiler takes and an author should not write. */
static void refuse(const struct form *form, void *with)
{
	static const char ours[] = "not known; classes and permissions are those of xsm/perms.def: "
				   "one that no call asks for protects nothing";
	static const char *const refused[][2] = {
		{"in", "a rule in somebody else's block: its place cannot be found any more"},
		{"optional", "a rule with a slip of the pen would disappear without a word"},
		{"class", ours},
		{"common", ours},
		{"classcommon", ours},
		{"classorder", ours},
	};
	const struct look *look = with;

	for (unsigned i = 0; form->file->own && i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (form_is(form, refused[i][0])) {
			char *text = form_text(form, 100);

			find_bad_input(look->findings, form->file->path, form->line,
				       "(%s ...) is refused: %s%s%s", refused[i][0],
				       i > 1 ? text : "", i > 1 ? ": " : "", refused[i][1]);
			free(text);
		}
	}
}

/* ---- classes and permissions ---------------------------------------------------------------- */

static int position(const char *const *list, unsigned count, const char *word)
{
	for (unsigned i = 0; i < count && list[i] != NULL; i++) {
		if (strcmp(list[i], word) == 0) {
			return (int)i;
		}
	}
	return -1;
}

/* The classes that have it: " domain, mmu"; empty: none has. */
static char *classes_with(const char *permission)
{
	char *all = must_print("%s", ""), *more;

	for (unsigned c = 0; c < XSM_CLASS_COUNT; c++) {
		if (position(source_perm_name[c], 32, permission) >= 0) {
			more = must_print("%s%s %s", all, *all != 0 ? "," : "",
					  source_class_name[c]);
			free(all);
			all = more;
		}
	}
	return all;
}

static char *joined(const char *const *list, unsigned count)
{
	char *all = must_print("%s", ""), *more;

	for (unsigned i = 0; i < count && list[i] != NULL; i++) {
		more = must_print("%s %s", all, list[i]);
		free(all);
		all = more;
	}
	return all;
}

struct permissions {
	const struct look *look;
	const struct form *statement;
	unsigned cls;
};

static void look_at_permissions(const struct form *list, void *with)
{
	static const char *const operators[] = {"all", "not", "and", "or", "xor", "range"};
	const struct permissions *p = with;

	for (unsigned i = 0; i < list->children; i++) {
		const char *word = form_word(list, i);
		char *others, *has;

		if (word == NULL || position(source_perm_name[p->cls], 32, word) >= 0 ||
		    position(operators, sizeof(operators) / sizeof(operators[0]), word) >= 0) {
			continue;
		}
		others = classes_with(word);
		has = joined(source_perm_name[p->cls], 32);
		quote(find(p->look->findings, p->statement->file->path, p->statement->line,
			   "class %s has no permission '%s'; %s%s", source_class_name[p->cls], word,
			   *others != 0 ? "it is one of class" : "it has:",
			   *others != 0 ? others : has),
		      p->statement);
		free(others);
		free(has);
	}
}

/* The (CLASS (PERM ...)) of a statement. */
static void look_at_classes(const struct form *statement, void *with)
{
	static const struct {
		const char *keyword;
		unsigned position;
	} where[] = {
		{"allow", 3},        {"auditallow", 3},         {"neverallow", 3},
		{"dontaudit", 3},    {"constrain", 1},          {"mlsconstrain", 1},
		{"classmapping", 3}, {"classpermissionset", 2},
	};
	struct permissions p = {.look = with, .statement = statement};
	const struct form *pair = NULL;
	const char *cls;
	int number;

	for (unsigned i = 0; statement->file->own && i < sizeof(where) / sizeof(where[0]); i++) {
		if (form_is(statement, where[i].keyword) &&
		    where[i].position < statement->children) {
			pair = statement->child[where[i].position];
		}
	}
	cls = pair != NULL ? form_word(pair, 0) : NULL;
	if (cls == NULL || pair->children != 2) {
		return;
	}
	number = position(source_class_name, XSM_CLASS_COUNT, cls);
	if (number >= 0) {
		p.cls = (unsigned)number;
		form_walk(pair->child[1], look_at_permissions, &p);
	} else if (!names_has(p.look->names, cls, NULL)) {
		char *all = joined(source_class_name, XSM_CLASS_COUNT);

		quote(find(p.look->findings, statement->file->path, statement->line,
			   "no class '%s'; there are:%s", cls, all),
		      statement);
		free(all);
	}
}

/* ---- what the compiler said ----------------------------------------------------------------- */

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool is_unresolved(const struct finding *f)
{
	return begins(f->text, "Failed to resolve");
}

static bool is_missing(const struct finding *f)
{
	return is_unresolved(f) || strcmp(f->text, "Missing arguments") == 0;
}

static bool is_repetition(const struct finding *f)
{
	return strstr(f->text, "Re-declaration") != NULL ||
	       begins(f->text, "Failed to copy block") ||
	       (begins(f->text, "Bad ") && strstr(f->text, " declaration") != NULL);
}

static bool any(const struct findings *said, bool (*is)(const struct finding *))
{
	for (unsigned i = 0; i < said->count; i++) {
		if (is(&said->item[i])) {
			return true;
		}
	}
	return false;
}

static bool is_own(const struct folder *folder, const struct finding *f)
{
	for (unsigned i = 0; f->file != NULL && i < folder->count; i++) {
		if (strcmp(folder->file[i].path, f->file) == 0) {
			return folder->file[i].own;
		}
	}
	return false;
}

struct place {
	struct finding *finding;
	const struct form *found;
};

static void look_at_place(const struct form *form, void *with)
{
	struct place *p = with;

	if (p->found == NULL && form->line == p->finding->line &&
	    strcmp(form->file->path, p->finding->file) == 0) {
		p->found = form;
	}
}

/* The statement that stands there. */
static void quote_place(const struct forms *forms, struct finding *finding)
{
	struct place place = {.finding = finding};

	if (finding->file != NULL && finding->links == 0) {
		forms_walk(forms, look_at_place, &place);
		if (place.found != NULL) {
			quote(finding, place.found);
		}
	}
}

/* What was said, unless it is said better; the author's own files first. */
static void take_said(const struct folder *folder, const struct forms *forms, struct findings *said,
		      bool repetition, struct findings *findings)
{
	unsigned better = findings->count;

	for (unsigned own = 2; own-- > 0;) {
		for (unsigned i = 0; i < said->count; i++) {
			struct finding *f = &said->item[i];
			bool known = f->text != NULL && is_missing(f) && better > 0 &&
				     (findings_have_place(findings, f) || !is_own(folder, f));

			if (f->text == NULL || is_own(folder, f) != own || known ||
			    (repetition && is_repetition(f))) {
				continue;
			}
			if (is_unresolved(f)) {
				quote_place(forms, f);
			}
			finding_move(findings, f);
		}
	}
}

/* What would be said only of a policy that compiles. */
static void look_for_boolean(const struct form *form, void *with)
{
	const char *name = form_word(form, 1);

	if (form->file->own && form_is(form, "boolean") && name != NULL) {
		find(with, form->file->path, form->line, "has booleans (first: %s)", name);
	}
}

static void explain(const struct folder *folder, const struct forms *forms,
		    const struct names *names, struct findings *said, struct findings *findings)
{
	struct findings unknown = {0};
	unsigned before = findings->count;
	bool repetition = any(said, is_repetition);

	if (repetition) {
		names_find_twice(names, forms, findings);
		repetition = findings->count > before;
	}
	calls_find_wrong(names, forms, findings);
	if (any(said, is_unresolved)) {
		names_find_unknown(names, forms, &unknown);
		for (unsigned i = 0; i < unknown.count; i++) {
			if (!findings_have_place(findings, &unknown.item[i])) {
				finding_move(findings, &unknown.item[i]);
			}
		}
	}
	take_said(folder, forms, said, repetition, findings);
	forms_walk(forms, look_for_boolean, findings);
	findings_free(&unknown);
}

/* The compiler drops an attribute that no rule uses; queries and expect lines may name it. */
static char *keep_attributes(const struct names *names, const char *extra)
{
	char *text = must_print("%s", extra != NULL ? extra : ""), *more;

	for (unsigned i = 0; i < names->count; i++) {
		const struct declaration *d = &names->item[i];

		if (form_is(d->form, "typeattribute") && !d->is_parameter && *d->path == 0 &&
		    d->form->parent == NULL &&
		    strcmp(d->name, SOURCE_OWNED) != 0 /* what keeps it is what it is for */) {
			more = must_print("%s\n(expandtypeattribute %s false)", text, d->name);
			free(text);
			text = more;
		}
	}
	return text;
}

sepol_policydb_t *authored_compile(const struct folder *folder, const char *extra, bool neverallow,
				   struct findings *findings)
{
	struct forms forms;
	struct names names;
	struct findings said = {0};
	struct look look = {.names = &names, .findings = findings};
	unsigned before = findings->count;
	sepol_policydb_t *policy = NULL;
	char *text;

	forms_read(&forms, folder, findings);
	names_read(&names, &forms);
	if (findings->count == before) { /* it is a tree; else the compiler only repeats it */
		forms_walk(&forms, refuse, &look);
		forms_walk(&forms, look_at_classes, &look);
		text = keep_attributes(&names, extra);
		policy = folder_compile(folder, text, neverallow, &said);
		free(text);
	}
	if (policy == NULL) {
		explain(folder, &forms, &names, &said, findings);
	} else if (findings->count > before) {
		sepol_policydb_free(policy);
		policy = NULL;
	}
	findings_free(&said);
	names_free(&names);
	forms_free(&forms);
	return policy;
}
