/* SPDX-License-Identifier: MIT */
/*
 * corbel-policy test: the expect lines of a policy as a TAP report.
 */
#include <stdio.h>
#include <string.h>
#include <json-c/json.h>
#include "xsm/tool/expect.h"

static void print_why(const struct finding *f)
{
	printf("  # %s:%u: %s\n", f->file, f->line, f->text);
	for (unsigned l = 0; l < f->links; l++) {
		printf("  #   %s\n", f->chain[l]);
	}
}

static const struct finding *finding_of(const struct findings *findings, const struct expect *e)
{
	for (unsigned i = 0; i < findings->count; i++) {
		const struct finding *f = &findings->item[i];

		if (f->file != NULL && strcmp(f->file, e->file) == 0 && f->line == e->line) {
			return f;
		}
	}
	return NULL;
}

static void print_one(unsigned number, const struct expect *e, bool good,
		      const struct findings *findings)
{
	const struct finding *why = finding_of(findings, e);

	printf("%sok %u - %s:%u: %s\n", good ? "" : "not ", number, e->file, e->line, e->text);
	if (!good && why != NULL) {
		print_why(why);
	}
}

static struct json_object *one_json(const struct expect *e, bool good)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "file", json_object_new_string(e->file));
	json_object_object_add(o, "line", json_object_new_int64(e->line));
	json_object_object_add(o, "expect", json_object_new_string(e->text));
	json_object_object_add(o, "holds", json_object_new_boolean(good));
	return o;
}

static int run_all(const struct policy *p, bool json)
{
	struct json_object *list = json_object_new_array(), *object = json_object_new_object();
	struct findings findings = {0};
	struct expectations e;
	int status = STATUS_YES;

	expectations_read(&e, p, &findings);
	if (!json) {
		printf("1..%u\n", e.count);
	}
	for (unsigned i = 0; i < e.count; i++) {
		bool good = !e.item[i].bad && expect_holds(&e.item[i], p, &findings);

		if (json) {
			json_object_array_add(list, one_json(&e.item[i], good));
		} else {
			print_one(i + 1, &e.item[i], good, &findings);
		}
		status = good ? status : STATUS_NO;
	}
	json_object_object_add(object, "tests", list);
	json_object_object_add(object, "findings", findings_json(&findings));
	if (json) {
		print_json(object);
	} else {
		json_object_put(object);
	}
	if (e.count == 0) {
		complain("%s: no line '; expect allow|deny ...' in this folder", p->path);
		status = STATUS_NO;
	}
	expectations_free(&e);
	findings_free(&findings);
	return status;
}

static int test(const struct arguments *a)
{
	struct policy p;
	int status;

	if (!policy_open(&p, a->word[0], a)) {
		return STATUS_BAD;
	}
	if (p.folder == NULL) {
		status = complain("%s: a folder of *.cil files was expected; only sources have "
				  "expect lines",
				  p.path);
	} else {
		status = run_all(&p, a->json);
	}
	policy_free(&p);
	return status;
}

const struct verb verb_test = {
	.name = "test",
	.summary = "a policy's own expect lines, as a TAP report",
	.synopsis = "DIR",
	.help = "Runs the lines `; expect allow|deny SUBJECT OBJECT CLASS PERM [RELATION]` of the\n"
		"folder and of base and prints one TAP line each, with the reason where it fails.\n"
		"Exit status 1: one fails, or there is none.\n\n"
		"example:\n"
		"  corbel-policy test xsm/policy/cloud",
	.min_words = 1,
	.max_words = 1,
	.run = test,
};
