/* SPDX-License-Identifier: MIT */
/*
 * Verb simulate: what a policy would have said to the calls of a recorded trace.  The trace ring
 * names the object of a call; the counters do not, so for them the objects that the recorded policy
 * allowed are asked, if that policy is given.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>
#include "xsm/tool/trace.h"
#include "xsm/tool/words.h"

enum verdict {
	NEWLY_DENIED,
	MAYBE_DENIED,
	NEWLY_ALLOWED,
	MAYBE_ALLOWED,
	BY_STATE, /* denied although the policy in force allowed it: a domain's state said no */
	UNCHANGED,
	VERDICTS
};

static const char *const member[VERDICTS] = {"newly_denied",  "maybe_denied",    "newly_allowed",
					     "maybe_allowed", "denied_by_state", "unchanged"};
/* For one call, and for several. */
static const char *const heading[VERDICTS][2] = {
	{"would newly be denied", "would newly be denied"},
	{"would newly be denied on some objects (the counters do not say which were called)",
	 "would newly be denied on some objects (the counters do not say which were called)"},
	{"would newly be allowed", "would newly be allowed"},
	{"would newly be allowed on some objects (the counters do not say which were called)",
	 "would newly be allowed on some objects (the counters do not say which were called)"},
	{"stays denied (by state: the policy in force allowed it)",
	 "stay denied (by state: the policy in force allowed them)"},
	{"stays as it is", "stay as they are"}};

struct outcome {
	const struct trace_line *line;
	enum verdict verdict;
	uint64_t count; /* of counters: without the calls that the ring has */
};

struct simulation {
	const struct policy *new, *recorded; /* recorded may be NULL */
	struct outcome *item;
	unsigned count;
	uint64_t calls[VERDICTS];
};

/* ---- one line ------------------------------------------------------------------------------- */

/* Pairs that the policy in force (the new one, if none was given) answers with `allowed` and, of
 * them, those that the new one answers the same way. */
static void ask(const struct simulation *s, const struct right *right, bool allowed,
		unsigned *pairs, unsigned *same)
{
	const struct policy *old = s->recorded != NULL ? s->recorded : s->new;
	int subject = words_context_of(s->new, old, right->subject);
	struct right there = *right, here = *right;

	*pairs = *same = 0;
	if (subject < 0) {
		return;
	}
	there.subject = (unsigned)subject;
	for (there.object = 0; there.object < old->xsm.contexts; there.object++) {
		int object = words_context_of(old, s->new, there.object);

		for (there.relation = 0; there.relation < XSM_RELATION_COUNT; there.relation++) {
			if (!policy_occurs(old, there.subject, there.object, there.relation) ||
			    policy_allows(old, &there) != allowed) {
				continue;
			}
			*pairs += 1;
			here.object = (unsigned)object;
			here.relation = there.relation;
			*same += object < 0 ? !allowed : policy_allows(s->new, &here) == allowed;
		}
	}
}

static enum verdict judge_counter(const struct simulation *s, const struct trace_line *line)
{
	bool allowed = line->kind == TRACE_ALLOWED;
	unsigned pairs, same, others;

	if (s->recorded == NULL) {
		/* All that is sure: what is allowed on no object at all is denied. */
		ask(s, &line->right, true, &pairs, &same);
		return allowed && pairs == 0 ? NEWLY_DENIED : UNCHANGED;
	}
	ask(s, &line->right, allowed, &pairs, &same);
	if (pairs == same) {
		return UNCHANGED;
	}
	if (allowed) {
		return same == 0 ? NEWLY_DENIED : MAYBE_DENIED;
	}
	/* What is allowed on some object may have been refused there by state. */
	ask(s, &line->right, true, &others, &(unsigned){0});
	return same == 0 && others == 0 ? NEWLY_ALLOWED : MAYBE_ALLOWED;
}

/* Whether the policy in force, if it is known, allowed what is on record as denied. */
static bool denied_by_state(const struct simulation *s, const struct trace_line *line)
{
	struct right there = line->right;
	int subject, object;

	if (s->recorded == NULL || line->kind != TRACE_DENIED) {
		return false;
	}
	subject = words_context_of(s->new, s->recorded, line->right.subject);
	object = words_context_of(s->new, s->recorded, line->right.object);
	if (subject < 0 || object < 0) {
		return false;
	}
	there.subject = (unsigned)subject;
	there.object = (unsigned)object;
	return policy_occurs(s->recorded, there.subject, there.object, there.relation) &&
	       policy_allows(s->recorded, &there);
}

static enum verdict judge(const struct simulation *s, const struct trace_line *line)
{
	bool allows;

	if (line->kind == TRACE_ALLOWED || line->kind == TRACE_REFUSED) {
		return judge_counter(s, line);
	}
	if (denied_by_state(s, line)) {
		return BY_STATE;
	}
	allows = policy_allows(s->new, &line->right);
	if (line->kind == TRACE_AUDITED) {
		return allows ? UNCHANGED : NEWLY_DENIED;
	}
	return allows ? NEWLY_ALLOWED : UNCHANGED;
}

static void simulate(struct simulation *s, const struct trace *trace)
{
	s->item = must_alloc(trace->count * sizeof(*s->item));
	for (unsigned i = 0; i < trace->count; i++) {
		const struct trace_line *line = &trace->item[i];
		uint64_t count = line->count, ring = 0;
		enum verdict verdict;

		if (line->kind == TRACE_ALLOWED) {
			ring = trace_in_ring(trace, TRACE_AUDITED, &line->right);
		} else if (line->kind == TRACE_REFUSED) {
			ring = trace_in_ring(trace, TRACE_DENIED, &line->right);
		}
		if (ring != 0 && ring >= count) {
			continue; /* the ring has each of them, with its object */
		}
		verdict = judge(s, line);
		count -= ring;
		s->item[s->count++] = (struct outcome){line, verdict, count};
		s->calls[verdict] = words_sum(s->calls[verdict], count);
	}
}

/* ---- output --------------------------------------------------------------------------------- */

static char *what(const struct simulation *s, const struct trace_line *line)
{
	if (line->kind == TRACE_ALLOWED || line->kind == TRACE_REFUSED) {
		return must_print("%s", s->new->type[line->right.subject]);
	}
	return words_pair(s->new, line->right.subject, line->right.object,
			  1u << line->right.relation);
}

static void print_verdict(const struct simulation *s, enum verdict verdict, const char *path)
{
	if (s->calls[verdict] == 0) {
		return;
	}
	printf("%llu call%s %s%s\n", (unsigned long long)s->calls[verdict],
	       s->calls[verdict] == 1 ? "" : "s", heading[verdict][s->calls[verdict] != 1],
	       verdict == UNCHANGED ? "" : ":");
	for (unsigned i = 0; i < s->count && verdict != UNCHANGED; i++) {
		const struct outcome *o = &s->item[i];
		char *pair;

		if (o->verdict != verdict) {
			continue;
		}
		pair = what(s, o->line);
		printf("%12llu  %s  %s:%s  (%s:%u)\n", (unsigned long long)o->count, pair,
		       source_class_name[o->line->right.cls],
		       source_perm_name[o->line->right.cls][o->line->right.perm], path,
		       o->line->line);
		free(pair);
	}
}

/* What the new policy has no place for. */
static void print_gaps(const struct trace *trace)
{
	for (unsigned i = 0; i < trace->gaps; i++) {
		const struct trace_gap *g = &trace->gap[i];

		printf("%s (%u line%s left out, the first %s:%u)\n", g->text, g->lines,
		       g->lines == 1 ? "" : "s", trace->path, g->line);
	}
}

static void print_text(const struct simulation *s, const struct trace *trace)
{
	bool counters = false;

	print_gaps(trace);
	for (unsigned verdict = 0; verdict < VERDICTS; verdict++) {
		print_verdict(s, (enum verdict)verdict, trace->path);
	}
	for (unsigned i = 0; i < s->count; i++) {
		counters |= s->item[i].line->kind >= TRACE_ALLOWED;
	}
	if (trace->count == 0 && trace->gaps == 0) {
		puts("the trace has no calls");
	}
	if (s->calls[NEWLY_ALLOWED] != 0 && s->recorded == NULL) {
		puts("note: a call that is denied by the state of a domain is on record like one that "
		     "is denied by\n      the policy in force, and may be among those above; only "
		     "--recorded POLICY tells them\n      apart");
	}
	if (counters && s->recorded == NULL) {
		puts("note: counters do not name objects, so a right that is lost on some objects "
		     "only is not seen\n      in them; --recorded POLICY, the policy in force "
		     "when they were recorded, tells more");
	}
}

static void put_gaps(struct json_object *o, const struct trace *trace)
{
	struct json_object *list = put_list(o, "not_in_policy");

	for (unsigned i = 0; i < trace->gaps; i++) {
		struct json_object *row = json_object_new_object();

		put_text(row, "text", trace->gap[i].text);
		put_count(row, "lines", trace->gap[i].lines);
		put_count(row, "line", trace->gap[i].line);
		json_object_array_add(list, row);
	}
}

static void print_outcomes_json(const struct simulation *s, const struct trace *trace)
{
	struct json_object *o = json_object_new_object(), *list;

	for (unsigned verdict = 0; verdict < VERDICTS; verdict++) {
		struct json_object *group = json_object_new_object();

		put_count(group, "calls", s->calls[verdict]);
		list = put_list(group, "lines");
		for (unsigned i = 0; i < s->count; i++) {
			const struct trace_line *line = s->item[i].line;
			struct json_object *row;

			if (s->item[i].verdict != verdict) {
				continue;
			}
			row = json_object_new_object();
			put_right(row, s->new, &line->right);
			if (line->kind >= TRACE_ALLOWED) {
				json_object_object_del(row, "object");
				json_object_object_del(row, "relation");
			}
			put_count(row, "calls", s->item[i].count);
			put_count(row, "line", line->line);
			json_object_array_add(list, row);
		}
		json_object_object_add(o, member[verdict], group);
	}
	put_gaps(o, trace);
	put_bool(o, "recorded_policy_known", s->recorded != NULL);
	print_json(o);
}

/* ---- verb ----------------------------------------------------------------------------------- */

static int simulate_with(struct simulation *s, const struct arguments *arguments)
{
	struct trace trace;
	int status;

	if (!trace_read_gaps(&trace, arguments->word[0], s->new, s->recorded, arguments->json)) {
		return STATUS_BAD;
	}
	if (s->recorded != NULL && !trace_is_of(&trace, s->recorded)) {
		status = complain("%s: is not the policy that %s was recorded under (its SHA-256 "
				  "is another)",
				  s->recorded->path, trace.path);
		trace_free(&trace);
		return status;
	}
	if (s->recorded == NULL && trace_is_of(&trace, s->new)) {
		s->recorded = s->new;
	}
	simulate(s, &trace);
	if (arguments->json) {
		print_outcomes_json(s, &trace);
	} else {
		print_text(s, &trace);
	}
	status = s->calls[NEWLY_DENIED] != 0 || s->calls[MAYBE_DENIED] != 0 || trace.gaps != 0
			 ? STATUS_NO
			 : STATUS_YES;
	free(s->item);
	trace_free(&trace);
	return status;
}

static int run(const struct arguments *arguments)
{
	const char *recorded_path = argument(arguments, "recorded");
	struct policy new, recorded;
	struct simulation s = {.new = &new};
	int status;

	if (!policy_open(&new, arguments->word[1], arguments)) {
		return STATUS_BAD;
	}
	if (recorded_path != NULL) {
		if (!policy_open(&recorded, recorded_path, arguments)) {
			policy_free(&new);
			return STATUS_BAD;
		}
		s.recorded = &recorded;
	}
	status = simulate_with(&s, arguments);
	if (recorded_path != NULL) {
		policy_free(&recorded);
	}
	policy_free(&new);
	return status;
}

static const struct flag flags[] = {
	{"recorded", "POLICY", "the policy in force when the trace was recorded"},
	{NULL, NULL, NULL},
};

const struct verb verb_simulate = {
	.name = "simulate",
	.summary = "which calls of a recorded trace a policy would newly deny or allow",
	.synopsis = "TRACE POLICY [--recorded POLICY]",
	.help = "TRACE is what `corbel trace --export` writes, - standard input.  Denied and\n"
		"recorded calls are known with their objects.  The counters of all other calls are\n"
		"not: with --recorded the objects that the old policy allowed are asked; without it\n"
		"only a permission that is lost on every object is seen in them.  What the old policy\n"
		"allowed and is on record as denied was denied by the state of a domain (a sealed one\n"
		"cannot be mapped), and no policy changes that.\n"
		"\n"
		"Exit status: 0 nothing that was allowed is denied; 1 something is, or may be, or the\n"
		"policy lacks a context of the trace; 2 bad use or bad input.\n"
		"\n"
		"Example:\n"
		"  corbel trace --export >monday.trace                            (in Dom0)\n"
		"  corbel-policy simulate monday.trace my-site/ --recorded cloud.bin",
	.min_words = 2,
	.max_words = 2,
	.flags = flags,
	.run = run,
};
