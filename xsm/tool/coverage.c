/* SPDX-License-Identifier: MIT */
/*
 * Verb coverage: which rights of a policy a recorded trace has used.  Of each subject from the
 * exact counters; of each pair from the trace ring, which has only what the policy records.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>
#include "xsm/tool/trace.h"
#include "xsm/tool/words.h"

struct use {
	uint64_t calls[XSM_CLASS_COUNT][32];
	uint32_t given[XSM_CLASS_COUNT]; /* to anything at all */
	unsigned rights, used;
};

struct coverage {
	const struct policy *p;
	const struct trace *trace;
	struct use *use; /* [context] */
	unsigned rights, used;
	unsigned recorded, recorded_used; /* rights of pairs that the policy records */
	unsigned foreign;                 /* lines that the policy contradicts */
};

/* ---- counting ------------------------------------------------------------------------------- */

static bool contradicts(const struct coverage *c, const struct trace_line *line)
{
	const struct right *r = &line->right;
	bool some = (words_any(c->p, r->subject, r->cls) >> r->perm & 1) != 0;

	switch (line->kind) {
	case TRACE_ALLOWED:
		return !some;
	case TRACE_AUDITED:
		return !policy_allows(c->p, r);
	case TRACE_DENIED:
		return policy_allows(c->p, r);
	case TRACE_REFUSED:
	default:
		return false;
	}
}

static void count_line(struct coverage *c, const struct trace_line *line)
{
	uint64_t *calls = &c->use[line->right.subject].calls[line->right.cls][line->right.perm];

	c->foreign += contradicts(c, line);
	/* A counter includes what the ring has; the ring may be older than the counters. */
	if ((line->kind == TRACE_ALLOWED || line->kind == TRACE_AUDITED) && line->count > *calls) {
		*calls = line->count;
	}
}

static bool pair_used(const struct coverage *c, const struct right *right)
{
	for (unsigned i = 0; i < c->trace->count; i++) {
		const struct trace_line *line = &c->trace->item[i];

		if (line->kind == TRACE_AUDITED &&
		    memcmp(&line->right, right, sizeof(*right)) == 0) {
			return true;
		}
	}
	return false;
}

static void count_pairs(struct coverage *c)
{
	struct right right = RIGHT_START;

	while (right_next(c->p, &right)) {
		if (policy_allows(c->p, &right) && policy_audits(c->p, &right)) {
			c->recorded++;
			c->recorded_used += pair_used(c, &right);
		}
	}
}

static void count(struct coverage *c)
{
	c->use = must_alloc(c->p->xsm.contexts * sizeof(*c->use));
	for (unsigned i = 0; i < c->trace->count; i++) {
		count_line(c, &c->trace->item[i]);
	}
	for (unsigned s = 0; s < c->p->xsm.contexts; s++) {
		struct use *u = &c->use[s];

		for (unsigned cls = 0; cls < XSM_CLASS_COUNT; cls++) {
			u->given[cls] = words_any(c->p, s, cls);
			for (unsigned perm = 0; perm < 32; perm++) {
				if ((u->given[cls] >> perm & 1) != 0) {
					u->rights++;
					u->used += u->calls[cls][perm] != 0;
				}
			}
		}
		c->rights += u->rights;
		c->used += u->used;
	}
	count_pairs(c);
}

/* Whether any subject has the permission, and whether any has used it. */
static void exercised(const struct coverage *c, unsigned cls, unsigned perm, bool *given,
		      bool *used)
{
	*given = *used = false;
	for (unsigned s = 0; s < c->p->xsm.contexts; s++) {
		*given |= (c->use[s].given[cls] >> perm & 1) != 0;
		*used |= c->use[s].calls[cls][perm] != 0;
	}
}

/* ---- text ----------------------------------------------------------------------------------- */

static uint32_t unused_mask(const struct use *u, unsigned cls)
{
	uint32_t mask = u->given[cls];

	for (unsigned perm = 0; perm < 32; perm++) {
		if (u->calls[cls][perm] != 0) {
			mask &= ~(1u << perm);
		}
	}
	return mask;
}

static void print_subject(const struct coverage *c, unsigned s)
{
	const struct use *u = &c->use[s];

	printf("%s: %u of %u rights used\n", c->p->type[s], u->used, u->rights);
	for (unsigned cls = 0; cls < XSM_CLASS_COUNT; cls++) {
		bool any = false;

		for (unsigned perm = 0; perm < 32; perm++) {
			if ((u->given[cls] >> perm & 1) != 0 && u->calls[cls][perm] != 0) {
				if (!any) {
					printf("  used    %s:", source_class_name[cls]);
				}
				printf(" %s (%llu)", source_perm_name[cls][perm],
				       (unsigned long long)u->calls[cls][perm]);
				any = true;
			}
		}
		if (any) {
			putchar('\n');
		}
	}
	for (unsigned cls = 0; cls < XSM_CLASS_COUNT; cls++) {
		if (unused_mask(u, cls) != 0) {
			fputs("  never   ", stdout);
			words_mask(stdout, cls, unused_mask(u, cls));
			putchar('\n');
		}
	}
}

/* Rights of pairs that the policy records: which were used, which were asked for and refused. */
static void print_pairs(const struct coverage *c)
{
	static const char *const verb[] = {"refused", "allowed"};

	for (unsigned i = 0; i < c->trace->count; i++) {
		const struct trace_line *line = &c->trace->item[i];
		char *pair;

		if (line->kind > TRACE_AUDITED) {
			continue;
		}
		if (i == 0) {
			puts("of pairs, as far as the trace ring has them:");
		}
		pair = words_pair(c->p, line->right.subject, line->right.object,
				  1u << line->right.relation);
		printf("  %s  %s  %s:%s  %llu\n", verb[line->kind], pair,
		       source_class_name[line->right.cls],
		       source_perm_name[line->right.cls][line->right.perm],
		       (unsigned long long)line->count);
		free(pair);
	}
	if (c->recorded != 0) {
		printf("of %u rights of pairs that the policy records, %u used\n", c->recorded,
		       c->recorded_used);
	}
}

static void print_permissions(const struct coverage *c, bool wanted, const char *title)
{
	bool headed = false;

	for (unsigned cls = 0; cls < XSM_CLASS_COUNT; cls++) {
		uint32_t mask = 0;

		for (unsigned perm = 0; perm < 32 && source_perm_name[cls][perm] != NULL; perm++) {
			bool given, used;

			exercised(c, cls, perm, &given, &used);
			mask |= (uint32_t)(given == wanted && !used) << perm;
		}
		if (mask != 0) {
			if (!headed) {
				puts(title);
			}
			headed = true;
			fputs("  ", stdout);
			words_mask(stdout, cls, mask);
			putchar('\n');
		}
	}
}

static void print_text(const struct coverage *c)
{
	for (unsigned s = 0; s < c->p->xsm.contexts; s++) {
		if (c->use[s].rights != 0) {
			print_subject(c, s);
		}
	}
	print_pairs(c);
	print_permissions(c, true, "permissions never exercised by anybody who has them:");
	print_permissions(c, false, "permissions that nobody has:");
	printf("%u of %u rights used\n", c->used, c->rights);
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static void put_rights(struct json_object *o, const struct use *u, bool used)
{
	struct json_object *list = put_list(o, used ? "used" : "unused");

	for (unsigned cls = 0; cls < XSM_CLASS_COUNT; cls++) {
		for (unsigned perm = 0; perm < 32; perm++) {
			struct json_object *row;

			if ((u->given[cls] >> perm & 1) == 0 ||
			    (u->calls[cls][perm] != 0) != used) {
				continue;
			}
			row = json_object_new_object();
			put_text(row, "class", source_class_name[cls]);
			put_text(row, "perm", source_perm_name[cls][perm]);
			put_count(row, "calls", u->calls[cls][perm]);
			json_object_array_add(list, row);
		}
	}
}

static void put_permissions(struct json_object *o, const struct coverage *c, bool wanted)
{
	struct json_object *list =
		put_list(o, wanted ? "permissions_never_exercised" : "permissions_of_nobody");

	for (unsigned cls = 0; cls < XSM_CLASS_COUNT; cls++) {
		for (unsigned perm = 0; perm < 32 && source_perm_name[cls][perm] != NULL; perm++) {
			bool given, used;
			char *name;

			exercised(c, cls, perm, &given, &used);
			if (given == wanted && !used) {
				name = must_print("%s:%s", source_class_name[cls],
						  source_perm_name[cls][perm]);
				json_object_array_add(list, json_object_new_string(name));
				free(name);
			}
		}
	}
}

static void print_coverage_json(const struct coverage *c)
{
	struct json_object *o = json_object_new_object(), *list = put_list(o, "subjects");

	for (unsigned s = 0; s < c->p->xsm.contexts; s++) {
		struct json_object *row;

		if (c->use[s].rights == 0) {
			continue;
		}
		row = json_object_new_object();
		put_text(row, "subject", c->p->type[s]);
		put_rights(row, &c->use[s], true);
		put_rights(row, &c->use[s], false);
		json_object_array_add(list, row);
	}
	list = put_list(o, "pairs");
	for (unsigned i = 0; i < c->trace->count; i++) {
		const struct trace_line *line = &c->trace->item[i];

		if (line->kind <= TRACE_AUDITED) {
			struct json_object *row = json_object_new_object();

			put_right(row, c->p, &line->right);
			put_bool(row, "allowed", line->kind == TRACE_AUDITED);
			put_count(row, "calls", line->count);
			json_object_array_add(list, row);
		}
	}
	put_permissions(o, c, true);
	put_permissions(o, c, false);
	put_count(o, "rights", c->rights);
	put_count(o, "used", c->used);
	put_count(o, "recorded_rights", c->recorded);
	put_count(o, "recorded_used", c->recorded_used);
	put_bool(o, "same_policy", trace_is_of(c->trace, c->p));
	print_json(o);
}

/* ---- verb ----------------------------------------------------------------------------------- */

static int run(const struct arguments *arguments)
{
	struct policy p;
	struct trace trace;
	struct coverage c = {.p = &p, .trace = &trace};

	if (!policy_open(&p, arguments->word[1], arguments)) {
		return STATUS_BAD;
	}
	if (!trace_read(&trace, arguments->word[0], &p, arguments->json)) {
		policy_free(&p);
		return STATUS_BAD;
	}
	count(&c);
	if (!trace_is_of(&trace, &p)) {
		fprintf(stderr,
			"corbel-policy: note: %s was recorded under another policy than %s%s\n",
			trace.path, p.path,
			c.foreign != 0 ? ", which would have answered some calls differently" : "");
	}
	if (arguments->json) {
		print_coverage_json(&c);
	} else {
		print_text(&c);
	}
	free(c.use);
	trace_free(&trace);
	policy_free(&p);
	return c.used == c.rights ? STATUS_YES : STATUS_NO;
}

const struct verb verb_coverage = {
	.name = "coverage",
	.summary = "which rights of a policy a recorded trace has used",
	.synopsis = "TRACE POLICY",
	.help = "TRACE is what `corbel trace --export` writes, - standard input.  What a subject\n"
		"has used comes from the exact counters, so a right counts as used when it was used\n"
		"on any object.  What was used on which object is known of recorded calls only\n"
		"(auditallow in the policy).  A right that was never used is one to take away, or to\n"
		"write a test for.\n"
		"\n"
		"Exit status: 0 every right was used; 1 some was not; 2 bad use or bad input.\n"
		"\n"
		"Example:\n"
		"  corbel trace --export >monday.trace                            (in Dom0)\n"
		"  corbel-policy coverage monday.trace cloud.bin",
	.min_words = 2,
	.max_words = 2,
	.run = run,
};
