/* SPDX-License-Identifier: MIT */
/*
 * corbel-policy: the policy author's bench.  This file finds the verb and reads its command line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "xsm/tool/tool.h"

#define VERBS(V)                                                                                   \
	V(check)                                                                                   \
	V(query) V(explain) V(diff) V(simulate) V(learn) V(coverage) V(graph) V(test) V(sign)
#define DECLARE(v) extern const struct verb verb_##v;
VERBS(DECLARE)
#define ENTRY(v) &verb_##v,
static const struct verb *const verbs[] = {VERBS(ENTRY)};
#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

static void usage(FILE *to)
{
	fputs("usage: corbel-policy VERB ... [--json] [--base DIR]\n\nverbs:\n", to);
	for (size_t i = 0; i < VERB_COUNT; i++) {
		fprintf(to, "  %-9s %s\n", verbs[i]->name, verbs[i]->summary);
	}
	fputs("\n`corbel-policy VERB --help` shows how a verb is used, with an example.\n"
	      "POLICY is a folder of *.cil files, a policydb, a blob or a signed policy.\n"
	      "FILE behind -o may be `-', standard output.\n"
	      "With --json standard output has one JSON value; if something is wrong with the use\n"
	      "or the input it is an object with a member \"error\".\n"
	      "Exit status: 0 yes, 1 no or a finding, 2 bad use or bad input.\n",
	      to);
}

static void help(const struct verb *verb)
{
	printf("usage: corbel-policy %s %s [--json] [--base DIR]\n\n%s\n\n", verb->name,
	       verb->synopsis, verb->help);
	for (const struct flag *f = verb->flags; f != NULL && f->name != NULL; f++) {
		char *left = must_print("%s%s %s", f->name[1] == 0 ? "-" : "--", f->name,
					f->value != NULL ? f->value : "");

		printf("  %-19s %s\n", left, f->text);
		free(left);
	}
	puts("  --json              the answer as JSON\n"
	     "  --base DIR          types, roles and invariants to compile a folder with; otherwise\n"
	     "                      $CORBEL_POLICY_BASE, or the folder installed with this program");
}

const char *argument(const struct arguments *arguments, const char *flag)
{
	const struct flag *flags = arguments->verb->flags;

	for (unsigned i = 0; flags != NULL && flags[i].name != NULL; i++) {
		if (strcmp(flags[i].name, flag) == 0) {
			return arguments->value[i];
		}
	}
	return NULL;
}

/* One flag of the verb at argv[*i]; false after a complaint. */
static bool read_flag(struct arguments *a, char **argv, int *i)
{
	const struct flag *flags = a->verb->flags;
	const char *name = argv[*i] + (argv[*i][1] == '-' ? 2 : 1);

	if (strcmp(name, "json") == 0) {
		a->json = true;
		return true;
	}
	if (strcmp(name, "base") == 0) {
		a->base = argv[++*i];
		return a->base != NULL || complain("--base wants a folder") == 0;
	}
	for (unsigned f = 0; flags != NULL && flags[f].name != NULL; f++) {
		if (strcmp(flags[f].name, name) == 0) {
			a->value[f] = flags[f].value == NULL ? "" : argv[++*i];
			return a->value[f] != NULL ||
			       complain("%s wants %s", argv[*i - 1], flags[f].value) == 0;
		}
	}
	return complain("no flag %s; see corbel-policy %s --help", argv[*i], a->verb->name) == 0;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct arguments a = {.verb = verb};
	unsigned flags = 0;

	while (verb->flags != NULL && verb->flags[flags].name != NULL) {
		flags++;
	}
	a.value = must_alloc((flags + 1) * sizeof(*a.value));
	a.word = must_alloc(((size_t)argc + 1) * sizeof(*a.word));
	for (int i = 2; i < argc; i++) { /* before the first complaint */
		a.json |= strcmp(argv[i], "--json") == 0 && strcmp(argv[i - 1], "-o") != 0;
	}
	complain_as_json(a.json);
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0) {
			help(verb);
			return STATUS_YES;
		}
		if (argv[i][0] != '-' || argv[i][1] == 0) { /* - is standard input */
			a.word[a.words++] = argv[i];
		} else if (!read_flag(&a, argv, &i)) {
			return STATUS_BAD;
		}
	}
	if (a.json && argument(&a, "o") != NULL && strcmp(argument(&a, "o"), "-") == 0) {
		return complain("-o - and --json both want standard output");
	}
	if (a.words < verb->min_words || a.words > verb->max_words) {
		return complain("%s; usage: corbel-policy %s %s",
				a.words < verb->min_words ? "something is missing"
							  : "more than was expected",
				verb->name, verb->synopsis);
	}
	return verb->run(&a);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return STATUS_BAD;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		usage(stdout);
		return STATUS_YES;
	}
	for (size_t i = 0; i < VERB_COUNT; i++) {
		if (strcmp(verbs[i]->name, argv[1]) == 0) {
			int status = run(verbs[i], argc, argv);

			complaint_print();
			return fflush(stdout) != 0 || ferror(stdout) ? STATUS_BAD : status;
		}
	}
	complain("no verb '%s'", argv[1]);
	usage(stderr);
	return STATUS_BAD;
}
