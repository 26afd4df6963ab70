/* SPDX-License-Identifier: MIT */
/*
 * Reasons in words and as JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>
#include "xsm/tool/reason.h"

static void print_rules(FILE *out, const struct reason *r, const char *indent)
{
	for (unsigned i = 0; i < r->rules.count; i++) {
		const struct finding *f = &r->rules.item[i];

		fprintf(out, "%s%s\n", indent, f->text);
		for (unsigned l = 0; l < f->links; l++) {
			fprintf(out, "%s    %s\n", indent, f->chain[l]);
		}
	}
	if (r->allowed && !r->sources) {
		fprintf(out, "%swhere the rule stands only a folder of sources can tell\n", indent);
	}
}

static void print_least(FILE *out, const struct reason *r, const char *indent)
{
	if (r->floor != NULL) {
		fprintf(out, "%sno rule can allow it\n", indent);
		return;
	}
	if (r->rules.count > 0) {
		fprintf(out, "%sno further rule can allow it: the constraint has to change\n",
			indent);
		return;
	}
	if (r->possible) {
		fprintf(out, "%sthe least rule that would allow it: %s\n", indent, r->least);
		return;
	}
	fprintf(out, "%sthe least rule would be %s, but it cannot be added:\n", indent, r->least);
	for (unsigned i = 0; i < r->objection.count; i++) {
		fprintf(out, "%s    forbidden by the neverallow at %s\n", indent,
			r->objection.item[i].forbidden_by);
	}
}

static void print_denied(FILE *out, const struct reason *r, const struct policy *p,
			 const char *indent)
{
	if (r->sources) {
		fprintf(out, "%s%s\n", indent,
			r->rules.count > 0 ? "a rule gives it, but not in this relation of owners:"
					   : "no rule gives it");
	}
	print_rules(out, r, indent);
	for (unsigned i = 0; i < r->constraint.count; i++) {
		const struct finding *f = &r->constraint.item[i];

		fprintf(out, "%sowner relation '%s' (%s): denied by the constraint at %s:%u\n",
			indent, relation_name[r->right.relation],
			relation_words(p, r->right.subject, r->right.object, r->right.relation),
			f->file, f->line);
		fprintf(out, "%s    %s\n", indent, f->text);
	}
	if (r->floor != NULL) {
		fprintf(out, "%sthe hypervisor refuses any policy that gives it: %s\n", indent,
			r->floor);
	}
	print_least(out, r, indent);
}

char *reason_text(const struct reason *r, const struct policy *p, const char *indent)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL) {
		return must_print("%s", "");
	}
	if (r->allowed) {
		print_rules(out, r, indent);
	} else {
		print_denied(out, r, p, indent);
	}
	fclose(out);
	if (size > 0) {
		text[size - 1] = 0;
	}
	return text;
}

static void add_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, text != NULL ? json_object_new_string(text) : NULL);
}

struct json_object *reason_json_short(const struct reason *r, const struct policy *p)
{
	struct json_object *o = json_object_new_object();

	add_text(o, "subject", p->type[r->right.subject]);
	add_text(o, "object", p->type[r->right.object]);
	add_text(o, "class", source_class_name[r->right.cls]);
	add_text(o, "perm", source_perm_name[r->right.cls][r->right.perm]);
	add_text(o, "relation", relation_name[r->right.relation]);
	json_object_object_add(o, "allowed", json_object_new_boolean(r->allowed));
	return o;
}

struct json_object *reason_json(const struct reason *r, const struct policy *p)
{
	struct json_object *o = reason_json_short(r, p);

	json_object_object_add(o, "rules", findings_json(&r->rules));
	json_object_object_add(o, "constraints", findings_json(&r->constraint));
	add_text(o, "floor", r->floor);
	if (!r->allowed) {
		add_text(o, "least_rule", r->least);
		json_object_object_add(o, "possible", json_object_new_boolean(r->possible));
		json_object_object_add(o, "objections", findings_json(&r->objection));
	}
	return o;
}
