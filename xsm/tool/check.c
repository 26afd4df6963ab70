/* SPDX-License-Identifier: MIT */
/*
 * corbel-policy check: everything that would stop a policy, here instead of on a host.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <json-c/json.h>
#include "xsm/tool/audits.h"
#include "xsm/tool/check.h"
#include "xsm/tool/expect.h"
#include "tools/lib/files.h"
#include "xsm/tool/folder.h"
#include "xsm/tool/warnings.h"

/* A policy that is wrong at one place is wrong at many; more lines do not help. */
#define MOST_FINDINGS 20u

static const struct flag flags[] = {
	{"o", "FILE",
	 "write the blob, if there is nothing to object to; of a folder also the policydb"},
	{"uncovered", NULL, "list the rights that no line `; expect allow' speaks of"},
	{NULL, NULL, NULL},
};

/* What is said beside the findings; only of a policy with sources. */
struct remarks {
	struct findings warnings;
	unsigned expected, rights, covered;
};

/* Compiles; a policy that breaks neverallow rules is compiled again without them, so that all that
 * is wrong is said at once. */
static bool load(struct policy *p, const char *path, const char *base, struct findings *findings)
{
	struct stat s;
	struct findings second = {0};
	bool good;

	*p = (struct policy){.path = path, .keep_binary = true};
	if (stat(path, &s) != 0 || !S_ISDIR(s.st_mode)) {
		return policy_load(p, path, base, findings);
	}
	p->folder = must_alloc(sizeof(*p->folder));
	if (!folder_read(p->folder, path, base, findings)) {
		return false;
	}
	good = policy_from_folder(p, p->folder, NULL, true, findings);
	for (unsigned i = 0; i < findings->count; i++) {
		findings->item[i].bad_input = false; /* it is a policy, with a fault */
		if (!good && findings->item[i].rule != NULL) {
			good = policy_from_folder(p, p->folder, NULL, false, &second);
			findings_free(&second);
			break;
		}
	}
	return good;
}

/* The rights that the hypervisor's floor refuses, one by one. */
static void check_floor(const struct policy *p, struct findings *findings)
{
	struct right right = RIGHT_START;
	const char *why, *reason;
	unsigned before = findings->count, more = 0;

	if (xsm_floor_check(&p->xsm, &why) == 0) {
		return;
	}
	while (right_next(p, &right)) {
		reason = policy_allows(p, &right) ? policy_floor(p, &right) : NULL;
		more += reason != NULL && findings->count == before + MOST_FINDINGS;
		if (reason != NULL && findings->count < before + MOST_FINDINGS) {
			char *text = right_text(p, &right);

			find(findings, p->path, 0, "the hypervisor would refuse it: %s: %s", reason,
			     text);
			free(text);
		}
	}
	if (more != 0) {
		find(findings, p->path, 0, "the hypervisor would refuse it: and for %u more rights",
		     more);
	}
	if (findings->count == before) {
		find(findings, p->path, 0, "the hypervisor would refuse it: %s", why);
	}
}

/* Nothing between owners, also where the floor would not look. */
static void check_owners(const struct policy *p, struct findings *findings)
{
	struct right right = RIGHT_START;
	const char *why;

	if (xsm_floor_check(&p->xsm, &why) != 0) {
		return; /* said */
	}
	while (right_next(p, &right)) {
		if (right.relation == XSM_RELATION_APART && policy_allows(p, &right)) {
			char *text = right_text(p, &right);

			find(findings, p->path, 0,
			     "a right between domains of different owners: %s", text);
			free(text);
		}
	}
}

/* A permission that nobody holds is a typing error, or said to be meant. */
static void check_holders(const struct policy *p, const struct expectations *e,
			  struct findings *findings)
{
	uint32_t held[XSM_CLASS_COUNT] = {0};
	struct right right = RIGHT_START;

	while (right_next(p, &right)) {
		held[right.cls] |= (uint32_t)policy_allows(p, &right) << right.perm;
	}
	for (unsigned c = 0; c < XSM_CLASS_COUNT; c++) {
		char *missing = must_print("%s", "");

		for (unsigned b = 0; b < 32 && source_perm_name[c][b] != NULL; b++) {
			if ((held[c] >> b & 1) == 0 && (e->retired[c] >> b & 1) == 0) {
				char *more = must_print("%s %s", missing, source_perm_name[c][b]);

				free(missing);
				missing = more;
			}
		}
		if (*missing != 0) {
			find(findings, p->path, 0,
			     "nobody has in class %s:%s; if that is meant, say so with lines "
			     "'; retired %s PERM'",
			     source_class_name[c], missing, source_class_name[c]);
		}
		free(missing);
	}
}

static unsigned check_folder(const struct policy *p, struct findings *findings)
{
	struct expectations e;
	unsigned count;

	expectations_read(&e, p, findings);
	for (unsigned i = 0; i < e.count; i++) {
		if (!e.item[i].bad) {
			expect_holds(&e.item[i], p, findings);
		}
	}
	check_holders(p, &e, findings);
	audits_check(p->folder, findings);
	count = e.count;
	expectations_free(&e);
	return count;
}

bool check_policy(struct policy *p, const char *path, const char *base, struct findings *findings,
		  unsigned *expected)
{
	*expected = 0;
	if (load(p, path, base, findings)) {
		check_floor(p, findings);
		check_owners(p, findings);
		if (p->folder != NULL) {
			*expected = check_folder(p, findings);
		}
	} else if (p->folder != NULL) {
		expectations_look(p->folder, findings);
	}
	return findings->count == 0;
}

int check_status(const struct findings *findings)
{
	int status = STATUS_YES;

	for (unsigned i = 0; i < findings->count && status != STATUS_BAD; i++) {
		status = findings->item[i].bad_input ? STATUS_BAD : STATUS_NO;
	}
	return status;
}

static void hex(char *text, const uint8_t *bytes)
{
	for (unsigned i = 0; i < 32; i++) {
		snprintf(text + (size_t)2 * i, 3, "%02x", bytes[i]);
	}
}

static void find_remarks(struct remarks *r, const struct policy *p, bool uncovered)
{
	struct findings said = {0};
	struct expectations e;

	if (p->folder == NULL || p->blob == NULL) {
		return;
	}
	expectations_read(&e, p, &said);
	warnings_find(p, &r->warnings);
	r->covered = warnings_cover(p, &e, &r->rights, uncovered ? &r->warnings : NULL);
	if (!uncovered && r->covered < r->rights) {
		find(&r->warnings, p->path, 0,
		     "warning: %u of %u rights have no expect line; --uncovered lists them",
		     r->rights - r->covered, r->rights);
	}
	expectations_free(&e);
	findings_free(&said);
}

static void print_good(const struct policy *p, const struct remarks *r, const char *digest,
		       FILE *to)
{
	findings_print(&r->warnings, false);
	fprintf(to, "%s: good: %u contexts, %u expect line%s\nsha256 %s\nsize   %zu\n", p->path,
		p->xsm.contexts, r->expected, r->expected == 1 ? " holds" : "s hold", digest,
		p->size);
	if (p->folder != NULL) {
		fprintf(to, "rights %u, of which expect lines name %u\n", r->rights, r->covered);
	}
}

static void print_verdict(const struct policy *p, const struct findings *findings,
			  const struct remarks *remarks, bool json, FILE *to)
{
	char digest[65] = "";
	struct json_object *o;

	if (p->blob != NULL) {
		hex(digest, p->digest);
	}
	if (!json) {
		findings_print(findings, false);
		if (findings->count == 0) {
			print_good(p, remarks, digest, to);
		}
		return;
	}
	o = json_object_new_object();
	json_object_object_add(o, "good", json_object_new_boolean(findings->count == 0));
	if (p->blob != NULL) {
		json_object_object_add(o, "sha256", json_object_new_string(digest));
		json_object_object_add(o, "size", json_object_new_int64((int64_t)p->size));
		json_object_object_add(o, "contexts", json_object_new_int64(p->xsm.contexts));
		json_object_object_add(o, "expect_lines", json_object_new_int64(remarks->expected));
		json_object_object_add(o, "rights", json_object_new_int64(remarks->rights));
		json_object_object_add(o, "covered", json_object_new_int64(remarks->covered));
		json_object_object_add(o, "warnings", findings_json(&remarks->warnings));
	}
	if (check_status(findings) == STATUS_BAD) {
		put_error(o, findings);
	}
	json_object_object_add(o, "findings", findings_json(findings));
	print_json(o);
}

/* The blob; beside it what setools read: site.bin and site.policydb. */
static int write_files(const struct policy *p, const char *out)
{
	size_t length = strlen(out);
	bool bin = length > 4 && strcmp(out + length - 4, ".bin") == 0;
	char *beside = must_print("%.*s.policydb", (int)(bin ? length - 4 : length), out);
	char error[512];
	int status = STATUS_YES;

	if (files_write(out, p->blob, p->size, error, sizeof(error)) != 0 ||
	    (p->binary != NULL && files_regular(out) &&
	     files_write(beside, p->binary, p->binary_size, error, sizeof(error)) != 0)) {
		status = complain("cannot write %s", error);
	}
	free(beside);
	return status;
}

static int check(const struct arguments *a)
{
	const char *out = argument(a, "o");
	struct findings findings = {0};
	struct remarks remarks = {0};
	struct policy p;
	int status;

	check_policy(&p, a->word[0], a->base, &findings, &remarks.expected);
	find_remarks(&remarks, &p, argument(a, "uncovered") != NULL);
	status = check_status(&findings);
	if (status == STATUS_YES && out != NULL) {
		status = write_files(&p, out);
	}
	if (status != STATUS_BAD || p.blob == NULL) {
		print_verdict(&p, &findings, &remarks, a->json,
			      out != NULL && strcmp(out, "-") == 0 ? stderr : stdout);
	}
	findings_free(&remarks.warnings);
	findings_free(&findings);
	policy_free(&p);
	return status;
}

const struct verb verb_check = {
	.name = "check",
	.summary = "everything that would stop a policy, found here",
	.synopsis = "POLICY [-o FILE] [--uncovered]",
	.help = "Compiles a folder with classes and base; checks neverallow rules, what the\n"
		"hypervisor itself checks (form and floor), that nothing passes between owners, that\n"
		"every permission has a holder or is named in a line `; retired CLASS PERM`, that\n"
		"an auditallow has something to record, and lines\n"
		"`; expect allow|deny SUBJECT OBJECT CLASS PERM [RELATION]`; says which comments look\n"
		"like such lines and are none.  Prints SHA-256 and size of the blob.\n"
		"Warns of kinds that can be asked for and cannot run, of rights that no call asks for,\n"
		"of allow rules that a constraint empties, with the places of both, of allow rules of\n"
		"the folder that add nothing to the others, and of rights that no expect line names\n"
		"(their number; --uncovered lists them).  Warnings leave the exit status alone.\n"
		"With -o site.bin a folder is also written as site.policydb, for setools.\n"
		"Exit status 1: findings, each with file and line.\n\n"
		"example:\n"
		"  corbel-policy check xsm/policy/cloud -o cloud.bin",
	.min_words = 1,
	.max_words = 1,
	.flags = flags,
	.run = check,
};
