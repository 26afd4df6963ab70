/* SPDX-License-Identifier: MIT */
/*
 * See trace.h.  Strict, because a line that is misread would be a right given or taken by mistake.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/lib/files.h"
#include "xsm/tool/trace.h"
#include "xsm/tool/words.h"

#define WORDS_MAX  8
#define FAULTS_MAX 20
#define COUNT_MAX  (1ull << 63)
#define LINES_MAX  1000000u

struct reader {
	struct trace *trace;
	const struct policy *p, *recorded;
	bool lenient; /* what p lacks is a gap, no fault */
	struct findings faults;
	const char *name; /* of the file, for messages */
	unsigned line;
	bool has_header;
	char *word[WORDS_MAX];
	unsigned words;
};

#define fault(r, ...) find_bad_input(&(r)->faults, (r)->name, (r)->line, __VA_ARGS__)

static void split(struct reader *r, char *text)
{
	char *rest = NULL;

	text[strcspn(text, "#")] = '\0';
	r->words = 0;
	for (char *w = strtok_r(text, " \t\r\n", &rest); w; w = strtok_r(NULL, " \t\r\n", &rest)) {
		if (r->words < WORDS_MAX) {
			r->word[r->words] = w;
		}
		r->words++;
	}
}

static bool hex_digest(const char *text, uint8_t digest[32])
{
	if (strlen(text) != 64 || strspn(text, "0123456789abcdefABCDEF") != 64) {
		return false;
	}
	for (unsigned i = 0; i < 32; i++) {
		char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};

		digest[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return true;
}

static void read_header(struct reader *r)
{
	r->has_header = true; /* said once, not for every line */
	if (r->words == 0 || strcmp(r->word[0], "corbel-trace") != 0) {
		fault(r,
		      "expected the first line `corbel-trace 1 SHA256-OF-THE-POLICY', found `%s'",
		      r->word[0]);
	} else if (r->words != 3 || strcmp(r->word[1], "1") != 0) {
		fault(r, "expected `corbel-trace 1 SHA256-OF-THE-POLICY'; this program reads "
			 "version 1 only");
	} else if (!hex_digest(r->word[2], r->trace->digest)) {
		fault(r, "expected the policy's SHA-256 as 64 hexadecimal digits, found `%s'",
		      r->word[2]);
	}
}

/* Takes the text. */
static void gap(struct reader *r, char *text)
{
	struct trace *t = r->trace;
	unsigned i = 0;

	while (i < t->gaps && strcmp(t->gap[i].text, text) != 0) {
		i++;
	}
	if (i == t->gaps) {
		t->gap = must_realloc(t->gap, (i + 1) * sizeof(*t->gap));
		t->gap[t->gaps++] = (struct trace_gap){.text = text, .line = r->line};
	} else {
		free(text);
	}
	/* A line that names a context twice is one line. */
	t->gap[i].lines += t->gap[i].last != r->line;
	t->gap[i].last = r->line;
}

/* Whether another policy than p is known to have been in force. */
static bool knows_recorded(const struct reader *r)
{
	return r->lenient && r->recorded != NULL && trace_is_of(r->trace, r->recorded);
}

static void unknown_context(struct reader *r, const char *name, bool ambiguous)
{
	bool recorded = knows_recorded(r);
	const struct policy *p = r->p;
	const char *type;

	if (recorded && !ambiguous && policy_look_up(r->recorded, name, &ambiguous) < 0) {
		p = r->recorded;
	} else if (!ambiguous && r->lenient && !trace_is_of(r->trace, r->p)) {
		type = strchr(name, ':');
		type = type != NULL ? strchr(type + 1, ':') : NULL;
		gap(r, must_print("%s is not a context of %s: calls by or on it would be denied",
				  type != NULL ? type + 1 : name, r->p->path));
		return;
	}
	fault(r,
	      ambiguous ? "`%s' is the type of several contexts of %s: write "
			  "user:role:type"
			: "`%s' is not a context of %s",
	      name, p->path);
}

static bool read_context(struct reader *r, const char *name, unsigned *context)
{
	bool ambiguous = false;
	int found = policy_look_up(r->p, name, &ambiguous);

	if (found < 0) {
		unknown_context(r, name, ambiguous);
		return false;
	}
	*context = (unsigned)found;
	return true;
}

static bool read_perm(struct reader *r, const char *cls, const char *perm, struct right *right)
{
	int c = class_named(cls), b;

	if (c < 0) {
		fault(r, "`%s' is not a class", cls);
		return false;
	}
	b = perm_named((unsigned)c, perm);
	if (b < 0) {
		fault(r, "class %s has no permission `%s'", cls, perm);
		return false;
	}
	right->cls = (unsigned)c;
	right->perm = (unsigned)b;
	return true;
}

static bool read_count(struct reader *r, const char *text, uint64_t *count)
{
	char *end = NULL;

	errno = 0;
	*count = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno != 0 || *count == 0 ||
	    *count > COUNT_MAX) {
		fault(r, "expected a count from 1 to 9223372036854775808 (2^63), found `%s'", text);
		return false;
	}
	return true;
}

/* Whether the relation could occur under the policy in force, and only p has other owners. */
static bool occurred(const struct reader *r, const struct right *right)
{
	int subject, object;

	if (!knows_recorded(r)) {
		return r->lenient && !trace_is_of(r->trace, r->p);
	}
	subject = words_context_of(r->p, r->recorded, right->subject);
	object = words_context_of(r->p, r->recorded, right->object);
	return subject >= 0 && object >= 0 &&
	       policy_occurs(r->recorded, (unsigned)subject, (unsigned)object, right->relation);
}

static bool read_object(struct reader *r, bool known, struct right *right)
{
	int relation = relation_named(r->word[3]);

	known &= read_context(r, r->word[2], &right->object);

	if (relation < 0) {
		fault(r, "expected a relation (same, over, under, apart), found `%s'", r->word[3]);
		return false;
	}
	right->relation = (unsigned)relation;
	if (!known) {
		return false;
	}
	if (policy_occurs(r->p, right->subject, right->object, right->relation)) {
		return true;
	}
	if (occurred(r, right)) {
		gap(r,
		    must_print("%s and %s cannot stand in relation `%s' in %s: a host refuses the "
			       "change while such domains run",
			       r->p->type[right->subject], r->p->type[right->object], r->word[3],
			       r->p->path));
	} else {
		fault(r, "`%s' cannot be the relation of %s to %s in %s", r->word[3],
		      r->p->type[right->subject], r->p->type[right->object], r->p->path);
	}
	return false;
}

static void add(struct reader *r, const struct trace_line *line)
{
	struct trace *t = r->trace;

	if ((t->count & (t->count + 1)) == 0) {
		t->item = must_realloc(t->item, (2 * (size_t)t->count + 2) * sizeof(*t->item));
	}
	t->item[t->count++] = *line;
}

static void read_line(struct reader *r)
{
	static const char *const kinds[] = {"denied", "audited", "allowed", "refused"};
	struct trace_line line = {.line = r->line};
	unsigned kind = 0, wanted;
	bool good;

	while (kind < 4 && strcmp(kinds[kind], r->word[0]) != 0) {
		kind++;
	}
	if (kind == 4) {
		fault(r, "expected denied, audited, allowed or refused, found `%s'", r->word[0]);
		return;
	}
	wanted = kind <= TRACE_AUDITED ? 7 : 5;
	if (r->words != wanted) {
		fault(r, "expected `%s %s CLASS PERM COUNT', found %u words instead of %u",
		      r->word[0], wanted == 7 ? "SUBJECT OBJECT RELATION" : "SUBJECT", r->words,
		      wanted);
		return;
	}
	line.kind = (enum trace_kind)kind;
	good = read_context(r, r->word[1], &line.right.subject);
	if (wanted == 7) {
		good = read_object(r, good, &line.right);
	}
	good &= read_perm(r, r->word[wanted - 3], r->word[wanted - 2], &line.right);
	good &= read_count(r, r->word[wanted - 1], &line.count);
	if (good && wanted == 5 && r->p->is_self[line.right.subject] &&
	    !policy_occurs(r->p, line.right.subject, line.right.subject, XSM_RELATION_SAME)) {
		fault(r, "%s is never a subject: it stands for a domain as its own object",
		      r->word[1]);
	} else if (good) {
		add(r, &line);
	}
}

static int compare(const void *left, const void *right)
{
	const struct trace_line *a = left, *b = right;
	const unsigned x[] = {a->kind,           a->right.subject, a->right.object,
			      a->right.relation, a->right.cls,     a->right.perm};
	const unsigned y[] = {b->kind,           b->right.subject, b->right.object,
			      b->right.relation, b->right.cls,     b->right.perm};

	for (unsigned i = 0; i < sizeof(x) / sizeof(x[0]); i++) {
		if (x[i] != y[i]) {
			return x[i] < y[i] ? -1 : 1;
		}
	}
	return 0;
}

static void add_up(struct trace *t)
{
	unsigned kept = 0;

	if (t->count == 0) {
		return;
	}
	qsort(t->item, t->count, sizeof(*t->item), compare);
	for (unsigned i = 1; i < t->count; i++) {
		struct trace_line *last = &t->item[kept];

		if (compare(last, &t->item[i]) != 0) {
			t->item[++kept] = t->item[i];
			continue;
		}
		last->count = words_sum(last->count, t->item[i].count);
		last->line = last->line < t->item[i].line ? last->line : t->item[i].line;
	}
	t->count = kept + 1;
}

/* The first byte that no trace in text form has; it is not shown as it is, for it may speak to the
 * terminal. */
static const char *not_text(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if ((text[i] < ' ' || text[i] > '~') && strchr("\t\r\n", text[i]) == NULL) {
			return &text[i];
		}
	}
	return memchr(text, '\0', length);
}

static void read_lines(struct reader *r, FILE *file)
{
	char *text = NULL;
	const char *odd;
	size_t room = 0;
	ssize_t length;

	while (r->faults.count < FAULTS_MAX && (length = getline(&text, &room, file)) >= 0) {
		r->line++;
		odd = not_text(text, (size_t)length);
		if (odd != NULL) {
			fault(r, "byte 0x%02x: this is not a trace in text form",
			      (unsigned char)*odd);
			break;
		}
		if (r->line > LINES_MAX) {
			fault(r, "more than %u lines", LINES_MAX);
			break;
		}
		split(r, text);
		if (r->words == 0) {
			continue;
		}
		if (!r->has_header) {
			read_header(r);
			if (r->faults.count != 0) {
				break; /* some other file: its lines would say nothing */
			}
		} else {
			read_line(r);
		}
	}
	if (ferror(file)) {
		fault(r, "%s", strerror(errno));
	} else if (!r->has_header && r->faults.count == 0) {
		fault(r, "empty: expected a first line `corbel-trace 1 SHA256-OF-THE-POLICY'");
	}
	free(text);
}

static bool read_file(struct reader *r, const char *path, bool json)
{
	bool standard = strcmp(path, "-") == 0, good;
	const char *why = NULL;
	FILE *file = standard ? stdin : files_open_argument(path, &why);

	r->name = standard ? "standard input" : path;
	*r->trace = (struct trace){.path = r->name};
	if (file == NULL) {
		find_bad_input(&r->faults, path, 0, "%s", why);
	} else {
		read_lines(r, file);
		fclose(file);
	}
	good = r->faults.count == 0;
	if (!good) {
		findings_print(&r->faults, json);
		trace_free(r->trace);
	}
	findings_free(&r->faults);
	add_up(r->trace);
	return good;
}

bool trace_read(struct trace *trace, const char *path, const struct policy *p, bool json)
{
	struct reader r = {.trace = trace, .p = p};

	return read_file(&r, path, json);
}

bool trace_read_gaps(struct trace *trace, const char *path, const struct policy *p,
		     const struct policy *recorded, bool json)
{
	struct reader r = {.trace = trace, .p = p, .recorded = recorded, .lenient = true};

	return read_file(&r, path, json);
}

void trace_free(struct trace *trace)
{
	for (unsigned i = 0; i < trace->gaps; i++) {
		free(trace->gap[i].text);
	}
	free(trace->gap);
	free(trace->item);
	*trace = (struct trace){0};
}

uint64_t trace_in_ring(const struct trace *trace, enum trace_kind kind, const struct right *right)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < trace->count; i++) {
		const struct trace_line *l = &trace->item[i];

		if (l->kind == kind && l->right.subject == right->subject &&
		    l->right.cls == right->cls && l->right.perm == right->perm) {
			sum = words_sum(sum, l->count);
		}
	}
	return sum;
}

bool trace_is_of(const struct trace *trace, const struct policy *p)
{
	return memcmp(trace->digest, p->digest, sizeof(trace->digest)) == 0;
}
