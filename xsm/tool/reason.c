/* SPDX-License-Identifier: MIT */
/*
 * Finds reasons by asking the compiler: a neverallow rule for exactly the right in question makes
 * it report every rule that gives the right; compiling with one constraint at a time shows which
 * one denies it; compiling with one rule more shows whether that rule is forbidden.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "xsm/tool/folder.h"
#include "xsm/tool/reason.h"

/* The type in user:role:type. */
static const char *type_of(const struct policy *p, unsigned context)
{
	const char *name = p->xsm.names + p->xsm.context[context].name;
	const char *role = strchr(name, ':');
	const char *type = role != NULL ? strchr(role + 1, ':') : NULL;

	return type != NULL ? type + 1 : name;
}

char *reason_rule(const struct policy *p, const struct right *r, const char *kind)
{
	return must_print("(%s %s %s (%s (%s)))", kind, type_of(p, r->subject),
			  type_of(p, r->object), source_class_name[r->cls],
			  source_perm_name[r->cls][r->perm]);
}

/* Moves those findings that `neverallow` of file:line (prefix) made. */
static void take(struct findings *to, struct findings *from, const char *forbidden_by, bool equal)
{
	for (unsigned i = 0; i < from->count; i++) {
		struct finding *f = &from->item[i];
		struct finding *copy;

		if (f->rule == NULL ||
		    (strncmp(f->forbidden_by, forbidden_by, strlen(forbidden_by)) == 0) != equal) {
			continue;
		}
		copy = find(to, f->file, f->line, "%s", equal ? f->rule : f->text);
		copy->rule = must_print("%s", f->rule);
		copy->forbidden_by = must_print("%s", f->forbidden_by);
		for (unsigned l = 0; l < f->links; l++) {
			finding_link(copy, "%s", f->chain[l]);
		}
	}
}

static void find_rules(struct reason *reason, const struct policy *p)
{
	char *probe = reason_rule(p, &reason->right, "neverallow");
	struct findings said = {0};
	sepol_policydb_t *policy = folder_compile(p->folder, probe, true, &said);

	sepol_policydb_free(policy);
	take(&reason->rules, &said, FOLDER_EXTRA ":", true);
	findings_free(&said);
	free(probe);
}

/* End of the form that starts at text[start], or `size`. */
static size_t form_end(const char *text, size_t start, size_t size)
{
	unsigned depth = 0;
	bool comment = false, quoted = false;

	for (size_t i = start; i < size; i++) {
		char c = text[i];

		if (c == '\n') {
			comment = false;
		} else if (comment) {
			continue;
		} else if (c == '"') {
			quoted = !quoted;
		} else if (quoted) {
			continue;
		} else if (c == ';') {
			comment = true;
		} else if (c == '(') {
			depth++;
		} else if (c == ')' && --depth == 0) {
			return i + 1;
		}
	}
	return size;
}

/* Start of the next constraint at or behind `from`; size: none. */
static size_t next_constraint(const struct source_file *f, size_t from)
{
	static const char *const word[] = {"constrain", "mlsconstrain"};
	bool comment = false;

	for (size_t i = from; i < f->size; i++) {
		size_t name = i + 1;

		comment = f->text[i] != '\n' && (comment || f->text[i] == ';');
		if (comment || f->text[i] != '(') {
			continue;
		}
		name += strspn(f->text + name, " \t\r\n");
		for (unsigned w = 0; w < 2; w++) {
			size_t length = strlen(word[w]);

			if (strncmp(f->text + name, word[w], length) == 0 &&
			    strchr(" \t\r\n(", f->text[name + length]) != NULL) {
				return i;
			}
		}
	}
	return f->size;
}

static void blank(struct source_file *f, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		if (f->text[i] != '\n') {
			f->text[i] = ' ';
		}
	}
}

/* The same sources, in which constraint number `keep` is the only one; *line is its line, *text it
 * itself.  False: there is no such number. */
static bool keep_one(const struct folder *from, struct folder *to, unsigned keep, const char **file,
		     unsigned *line, char **text)
{
	unsigned number = 0;
	bool found = false;

	folder_copy(to, from);
	for (unsigned i = 0; i < from->count; i++) {
		struct source_file *f = &to->file[i];

		for (size_t at = next_constraint(f, 0), end; at < f->size;
		     at = next_constraint(f, end)) {
			end = form_end(f->text, at, f->size);
			if (number++ != keep) {
				blank(f, at, end);
				continue;
			}
			found = true;
			*file = from->file[i].path;
			*line = source_line(f, at);
			*text = must_print("%.*s", (int)(end - at), f->text + at);
		}
	}
	return found;
}

/* The decision of other sources, with more text; contexts are found by name. */
static bool allowed_by(struct folder *folder, const char *extra, const struct policy *p,
		       const struct right *right)
{
	struct policy other = {.path = p->path};
	struct findings said = {0};
	struct right r = *right;
	struct xsm_label s, t;
	bool allowed = false;

	if (policy_from_folder(&other, folder, extra, false, &said) &&
	    xsm_label_by_name(&other.xsm, p->xsm.names + p->xsm.context[right->subject].name, &s) ==
		    0 &&
	    xsm_label_by_name(&other.xsm, p->xsm.names + p->xsm.context[right->object].name, &t) ==
		    0) {
		r.subject = s.ctx;
		r.object = t.ctx;
		allowed = policy_allows(&other, &r);
	}
	findings_free(&said);
	policy_free(&other);
	return allowed;
}

/* Runs of blanks become one. */
static void squeeze(char *text)
{
	char *to = text;

	for (const char *from = text; *from != 0; from++) {
		bool space = strchr(" \t\r\n", *from) != NULL;

		if (!space || (to > text && to[-1] != ' ')) {
			*to++ = space ? ' ' : *from;
		}
	}
	*to = 0;
}

bool reason_unconstrained(const struct policy *p, struct folder *folder, struct policy *without)
{
	struct findings said = {0};
	const char *file;
	unsigned line;
	char *text;
	bool good;

	keep_one(p->folder, folder, UINT_MAX, &file, &line, &text);
	*without = (struct policy){.path = p->path};
	good = policy_from_folder(without, folder, NULL, false, &said);
	findings_free(&said);
	return good;
}

void reason_constraints(struct findings *constraints, const struct policy *p,
			const struct right *right, const char *extra)
{
	bool more = true;

	for (unsigned i = 0; more; i++) {
		const char *file = NULL;
		unsigned line = 0;
		char *text = NULL;
		struct folder folder;

		more = keep_one(p->folder, &folder, i, &file, &line, &text);
		if (more && !allowed_by(&folder, extra, p, right)) {
			squeeze(text);
			find(constraints, file, line, "%s", text);
		}
		free(text);
		folder_free(&folder);
	}
}

static void find_least(struct reason *reason, const struct policy *p)
{
	struct findings said = {0};
	sepol_policydb_t *policy;

	reason->possible = reason->floor == NULL;
	if (!reason->sources) {
		return;
	}
	if (!allowed_by(p->folder, reason->least, p, &reason->right)) {
		reason->possible = false;
		reason_constraints(&reason->constraint, p, &reason->right, reason->least);
	}
	if (reason->rules.count > 0) {
		return;
	}
	policy = folder_compile(p->folder, reason->least, true, &said);
	sepol_policydb_free(policy);
	take(&reason->objection, &said, FOLDER_EXTRA ":", false);
	reason->possible &= policy != NULL;
	findings_free(&said);
}

void reason_find(struct reason *reason, const struct policy *p, const struct right *right)
{
	*reason = (struct reason){.right = *right};
	reason->allowed = policy_allows(p, right);
	reason->sources = p->folder != NULL;
	reason->floor = policy_floor(p, right);
	if (reason->sources) {
		find_rules(reason, p);
	}
	if (!reason->allowed) {
		reason->least = reason_rule(p, right, "allow");
		find_least(reason, p);
	}
}

void reason_free(struct reason *reason)
{
	findings_free(&reason->rules);
	findings_free(&reason->constraint);
	findings_free(&reason->objection);
	free(reason->least);
	*reason = (struct reason){0};
}
