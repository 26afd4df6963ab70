/* SPDX-License-Identifier: MIT */
/*
 * Verb learn: denied calls of a trace as CIL rules for the author to judge.  It proposes; it never
 * changes a policy.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <json-c/json.h>
#include "tools/lib/files.h"
#include "xsm/tool/propose.h"
#include "xsm/tool/words.h"

/* ---- CIL ------------------------------------------------------------------------------------ */

static uint64_t calls_of(const struct proposals *all, unsigned first, unsigned end)
{
	uint64_t sum = 0;

	for (unsigned i = first; i < end; i++) {
		sum = words_sum(sum, all->item[i].why == NULL ? all->item[i].calls : 0);
	}
	return sum;
}

/* No name may end a comment and so become a rule. */
static void print_plain(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
	}
}

static void print_pair(FILE *out, const struct proposals *all, const struct proposal *x)
{
	char *pair = words_pair(all->checker, x->right.subject, x->right.object,
				1u << x->right.relation);

	print_plain(out, pair);
	fprintf(out, "  %s:%s", source_class_name[x->right.cls],
		source_perm_name[x->right.cls][x->right.perm]);
	free(pair);
}

static void print_rule(FILE *out, const struct proposals *all, unsigned first, unsigned end)
{
	char *rule = proposals_text(all, first, end);

	fprintf(out, "\n; %llu call%s:", (unsigned long long)calls_of(all, first, end),
		calls_of(all, first, end) == 1 ? "" : "s");
	for (unsigned i = first; i < end; i++) {
		const struct proposal *x = &all->item[i];

		if (x->why == NULL) {
			fprintf(out, " %s %llu", source_perm_name[x->right.cls][x->right.perm],
				(unsigned long long)x->calls);
		}
	}
	fprintf(out, "\n%s\n", rule);
	free(rule);
}

static void print_rejected(FILE *out, const struct proposals *all)
{
	const char *title = "\n; Not proposed:\n";

	for (unsigned i = 0; i < all->count; i++) {
		const struct proposal *x = &all->item[i];

		if (x->why == NULL) {
			continue;
		}
		fprintf(out, "%s;   ", title);
		print_pair(out, all, x);
		fprintf(out, ", %llu call%s:\n;     ", (unsigned long long)x->calls,
			x->calls == 1 ? "" : "s");
		print_plain(out, x->why);
		fputc('\n', out);
		title = "";
	}
}

static void print_extras(FILE *out, const struct proposals *all)
{
	for (unsigned i = 0; i < all->extras; i++) {
		fputs(i == 0 ? "\n; These rules also allow what nobody asked for in this trace:\n"
			     : "",
		      out);
		fputs(";   ", out);
		print_pair(out, all, &all->extra[i]);
		fputc('\n', out);
	}
}

/* Refused calls that the counters have and the ring has not. */
static uint64_t without_object(const struct trace *trace, const struct trace_line *line)
{
	uint64_t ring;

	if (line->kind != TRACE_REFUSED) {
		return 0;
	}
	ring = trace_in_ring(trace, TRACE_DENIED, &line->right);
	return line->count > ring ? line->count - ring : 0;
}

static void print_lost(FILE *out, const struct trace *trace, const struct policy *p)
{
	const char *title = "\n; Refused according to the counters, of unknown object, so not "
			    "considered:\n";

	for (unsigned i = 0; i < trace->count; i++) {
		const struct trace_line *line = &trace->item[i];
		uint64_t calls = without_object(trace, line);

		if (calls != 0) {
			fprintf(out, "%s;   %s  %s:%s, %llu call%s\n", title,
				p->type[line->right.subject], source_class_name[line->right.cls],
				source_perm_name[line->right.cls][line->right.perm],
				(unsigned long long)calls, calls == 1 ? "" : "s");
			title = "";
		}
	}
}

static unsigned count_rules(const struct proposals *all, uint64_t *calls)
{
	unsigned rules = 0;

	*calls = 0;
	for (unsigned i = 0, end; i < all->count; i = end) {
		end = proposals_rule(all, i);
		rules += proposals_has_rule(all, i, end);
		*calls = words_sum(*calls, calls_of(all, i, end));
	}
	return rules;
}

static char *cil(const struct proposals *all, const struct trace *trace, const struct policy *p)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	uint64_t calls;
	unsigned rules = count_rules(all, &calls);

	if (out == NULL) {
		exit(complain("out of memory"));
	}
	fputs("; Proposed by corbel-policy learn from ", out);
	print_plain(out, trace->path);
	fprintf(out,
		".\n; %u rule%s for %llu denied call%s; read each: it holds for every domain of the "
		"kind.\n",
		rules, rules == 1 ? "" : "s", (unsigned long long)calls, calls == 1 ? "" : "s");
	if (all->checker != p) {
		fputs("; Checked with the base only; with the policy's folder its own neverallow "
		      "rules count too.\n",
		      out);
	}
	if (all->allowed_already != 0) {
		fprintf(out, "; %llu %s allowed by the policy already%s.\n",
			(unsigned long long)all->allowed_already,
			all->allowed_already == 1 ? "call that was denied is"
						  : "calls that were denied are",
			trace_is_of(trace, p) ? ": the state of a domain said no" : "");
	}
	for (unsigned i = 0, end; i < all->count; i = end) {
		end = proposals_rule(all, i);
		if (proposals_has_rule(all, i, end)) {
			print_rule(out, all, i, end);
		}
	}
	print_extras(out, all);
	print_rejected(out, all);
	print_lost(out, trace, p);
	fclose(out);
	return text;
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static struct json_object *rights_json(const struct proposals *all, const struct proposal *item,
				       unsigned count, bool rejected)
{
	struct json_object *list = json_object_new_array();

	for (unsigned i = 0; i < count; i++) {
		struct json_object *row;

		if ((item[i].why != NULL) != rejected) {
			continue;
		}
		row = json_object_new_object();
		put_right(row, all->checker, &item[i].right);
		put_count(row, "calls", item[i].calls);
		if (item[i].why != NULL) {
			put_text(row, "why", item[i].why);
		}
		json_object_array_add(list, row);
	}
	return list;
}

static void print_proposals_json(const struct proposals *all, const char *text)
{
	struct json_object *o = json_object_new_object(), *list = put_list(o, "rules");

	for (unsigned i = 0, end; i < all->count; i = end) {
		end = proposals_rule(all, i);
		if (proposals_has_rule(all, i, end)) {
			struct json_object *row = json_object_new_object();
			char *rule = proposals_text(all, i, end);

			put_text(row, "rule", rule);
			put_count(row, "calls", calls_of(all, i, end));
			json_object_array_add(list, row);
			free(rule);
		}
	}
	json_object_object_add(o, "proposed", rights_json(all, all->item, all->count, false));
	json_object_object_add(o, "not_proposed", rights_json(all, all->item, all->count, true));
	json_object_object_add(o, "also_allowed", rights_json(all, all->extra, all->extras, false));
	put_count(o, "allowed_already", all->allowed_already);
	put_text(o, "cil", text);
	print_json(o);
}

/* ---- verb ----------------------------------------------------------------------------------- */

/* The base alone, as a policy that allows nothing. */
static bool open_base(struct policy *p, const struct arguments *arguments)
{
	static const char nothing[] = "; nothing\n";
	char folder[] = "/tmp/corbel-learn.XXXXXX", error[256];
	char *file;
	bool good;

	if (mkdtemp(folder) == NULL) {
		complain("%s: %s", folder, strerror(errno));
		return false;
	}
	file = must_print("%s/nothing.cil", folder);
	good = files_write(file, nothing, sizeof(nothing) - 1, error, sizeof(error)) == 0;
	if (!good) {
		complain("%s", error);
	}
	good = good && policy_open(p, folder, arguments);
	unlink(file);
	rmdir(folder);
	free(file);
	if (good) {
		p->path = "the base";
	}
	return good;
}

/* Every context of a denied line must be in the sources that rules are checked with. */
static bool can_check(const struct trace *trace, const struct policy *p,
		      const struct policy *checker)
{
	for (unsigned i = 0; i < trace->count; i++) {
		const struct right *r = &trace->item[i].right;
		bool subject = words_context_of(p, checker, r->subject) >= 0;

		if (trace->item[i].kind == TRACE_DENIED &&
		    (!subject || words_context_of(p, checker, r->object) < 0)) {
			complain("%s:%u: %s is not in the base, so a rule for it cannot be "
				 "checked; name the policy's folder instead of %s",
				 trace->path, trace->item[i].line,
				 p->type[subject ? r->object : r->subject], p->path);
			return false;
		}
	}
	return true;
}

static int learn(const struct arguments *arguments, const struct policy *p,
		 const struct policy *checker)
{
	const char *output = argument(arguments, "o");
	struct proposals all;
	struct trace trace;
	int status = STATUS_YES;
	char error[512], *text;

	if (!trace_read(&trace, arguments->word[0], p, arguments->json)) {
		return STATUS_BAD;
	}
	if (!can_check(&trace, p, checker)) {
		trace_free(&trace);
		return STATUS_BAD;
	}
	proposals_make(&all, &trace, p, checker);
	text = cil(&all, &trace, p);
	for (unsigned i = 0; i < all.count; i++) {
		status = all.item[i].why != NULL ? STATUS_NO : status;
	}
	if (output != NULL && files_write(output, text, strlen(text), error, sizeof(error)) != 0) {
		status = complain("%s", error);
	} else if (arguments->json) {
		print_proposals_json(&all, text);
	} else if (output == NULL) {
		fputs(text, stdout);
	}
	free(text);
	proposals_free(&all);
	trace_free(&trace);
	return status;
}

static int run(const struct arguments *arguments)
{
	const char *output = argument(arguments, "o");
	struct policy p = {0}, base = {0};
	bool has_policy = arguments->words == 2;
	int status = STATUS_BAD;

	if (output != NULL && files_regular(output)) {
		return complain("%s: exists already, and is not overwritten; name another file, "
				"one for each trace",
				output);
	}
	if (has_policy && !policy_open(&p, arguments->word[1], arguments)) {
		return STATUS_BAD;
	}
	if (p.folder != NULL) {
		status = learn(arguments, &p, &p);
	} else if (open_base(&base, arguments)) {
		status = learn(arguments, has_policy ? &p : &base, &base);
		policy_free(&base);
	}
	policy_free(&p);
	return status;
}

static const struct flag flags[] = {
	{"o", "FILE", "write the rules there, a new file, instead of to standard output"},
	{NULL, NULL, NULL},
};

const struct verb verb_learn = {
	.name = "learn",
	.summary = "propose rules for the denied calls of a recorded trace",
	.synopsis = "TRACE [POLICY] [-o FILE]",
	.help = "TRACE is what `corbel trace --export` writes, - standard input.\n"
		"Prints CIL: a rule for each pair and class that was denied and that POLICY does not\n"
		"allow yet, with the number of calls.  Each rule has been compiled with POLICY, a\n"
		"folder (without one: with the base alone).  What the hypervisor's floor, a\n"
		"neverallow, a constraint or a line `; expect deny' forbids is never proposed; a\n"
		"comment says why.  A denial\n"
		"may well be right: learn knows what was asked for, not what should be.\n"
		"\n"
		"Exit status: 0 every denied call has a rule; 1 some cannot have one; 2 bad use or\n"
		"bad input.\n"
		"\n"
		"Example:\n"
		"  corbel-policy learn monday.trace my-site/ -o my-site/learned-monday.cil\n"
		"  corbel-policy check my-site/",
	.min_words = 1,
	.max_words = 2,
	.flags = flags,
	.run = run,
};
