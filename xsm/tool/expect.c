/* SPDX-License-Identifier: MIT */
/*
 * Test lines: read from comments, judged by the model.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "xsm/tool/expect.h"
#include "xsm/tool/names.h"
#include "xsm/tool/folder.h"
#include "xsm/tool/reason.h"

#define MAX_WORDS 36
#define BLANKS    " \t\r\f"

/* Words of a comment line, up to a second ';'.  Their number, of which MAX_WORDS are stored. */
static unsigned split(char *line, char **word)
{
	unsigned count = 0;
	char *rest = NULL, *end = strchr(line, ';');

	if (end != NULL) {
		*end = 0;
	}
	for (char *w = strtok_r(line, BLANKS, &rest); w != NULL;
	     w = strtok_r(NULL, BLANKS, &rest)) {
		if (count < MAX_WORDS) {
			word[count] = w;
		}
		count++;
	}
	return count;
}

static bool read_perm(struct right *right, const char *cls, const char *perm, bool star,
		      const char **why)
{
	int c = class_named(cls), b;

	if (c < 0) {
		*why = "no such class";
		return false;
	}
	right->cls = (unsigned)c;
	right->perm = UINT32_MAX;
	if (strcmp(perm, "*") == 0) {
		*why = "'*' is for deny lines";
		return star;
	}
	b = perm_named((unsigned)c, perm);
	*why = "the class has no such permission";
	right->perm = (unsigned)b;
	return b >= 0;
}

bool expect_covers(const struct expect *e, const struct policy *p, const struct right *r)
{
	bool own = p->xsm.context[r->subject].self == r->object;

	return e->subject != NULL && e->subject[r->subject] &&
	       (e->object != NULL ? e->object[r->object] : own) && e->cls == r->cls &&
	       (e->perm == UINT32_MAX || e->perm == r->perm) &&
	       (e->relation < 0 || (unsigned)e->relation == r->relation);
}

/* Whether the line asks something that can occur. */
static bool asks_something(const struct expect *e, const struct policy *p)
{
	struct right right = RIGHT_START;

	while (right_next(p, &right)) {
		if (expect_covers(e, p, &right)) {
			return true;
		}
	}
	return false;
}

static const char *read_contexts(struct expect *e, const struct policy *p, char **word,
				 const char **what)
{
	const char *why = NULL;
	bool self = strcmp(word[3], "self") == 0;

	*what = word[2];
	e->subject = policy_contexts(p, word[2], &why);
	if (e->subject != NULL) {
		*what = word[3];
		e->object = self ? NULL : policy_contexts(p, word[3], &why);
	}
	if (why == NULL && e->allow && (strcmp(word[2], "*") == 0 || strcmp(word[3], "*") == 0)) {
		why = "'*' is for deny lines";
	}
	return why;
}

/* NULL, or what is wrong; *what is the word it is about. */
static const char *read_words(struct expect *e, const struct policy *p, char **word, unsigned count,
			      const char **what)
{
	struct right right = {0};
	const char *why;

	*what = count > 1 ? word[1] : "";
	if (count < 6 || count > 7 ||
	    (strcmp(word[1], "allow") != 0 && strcmp(word[1], "deny") != 0)) {
		return "'; expect allow|deny SUBJECT OBJECT CLASS PERM [RELATION]' was expected";
	}
	e->allow = strcmp(word[1], "allow") == 0;
	why = read_contexts(e, p, word, what);
	if (why != NULL) {
		return why;
	}
	*what = class_named(word[4]) < 0 ? word[4] : word[5];
	if (!read_perm(&right, word[4], word[5], !e->allow, &why)) {
		return why;
	}
	e->cls = right.cls;
	e->perm = right.perm;
	e->relation = count > 6 ? relation_named(word[6]) : -1;
	*what = count > 6 ? word[6] : "";
	if (count > 6 && e->relation < 0) {
		return "same, over, under or apart was expected";
	}
	if (asks_something(e, p)) {
		return NULL;
	}
	return e->relation < 0 ? "nobody but its own domain is asked about a self object"
			       : "these two cannot stand in this relation";
}

static char *join(char **word, unsigned count)
{
	char *text = must_print("%s", count > 1 ? word[1] : "");

	for (unsigned i = 2; i < count; i++) {
		char *more = must_print("%s %s", text, word[i]);

		free(text);
		text = more;
	}
	return text;
}

static void add_expect(struct expectations *all, const struct policy *p, const char *file,
		       unsigned line, char **word, unsigned count, struct findings *findings)
{
	struct expect e = {.file = file, .line = line, .text = join(word, count)};
	const char *what, *why = read_words(&e, p, word, count, &what);

	if (why != NULL) {
		find(findings, file, line, "expect line: %s%s%s%s", *what != 0 ? "'" : "", what,
		     *what != 0 ? "': " : "", why);
		e.bad = true;
	}
	all->item = must_realloc(all->item, (all->count + 1) * sizeof(*all->item));
	all->item[all->count++] = e;
}

static void add_retired(struct expectations *all, const char *file, unsigned line, char **word,
			unsigned count, struct findings *findings)
{
	struct right right;
	const char *why = "'; retired CLASS PERM' was expected";
	bool good = count > 2;

	if (count == 3 && strcmp(word[1], "*") == 0 && strcmp(word[2], "*") == 0) {
		memset(all->retired, 0xff, sizeof(all->retired));
		return;
	}
	for (unsigned i = 2; i < count && good; i++) {
		good = read_perm(&right, word[1], word[i], true, &why);
		if (good) {
			all->retired[right.cls] |=
				right.perm == UINT32_MAX ? UINT32_MAX : 1u << right.perm;
		}
	}
	if (!good) {
		find(findings, file, line, "retired line: %s", why);
	}
}

/* ---- comments that look like test lines --------------------------------------------------- */

#define LOOKS_LIKE                                                                                 \
	"this comment looks like a test line but is none: it begins with '%s', and not with '%s'"

/* How many letters have to be changed, added, dropped or swapped with the next one. */
static unsigned distance(const char *a, const char *b)
{
	enum { LONGEST = 16 };
	unsigned d[LONGEST + 1][LONGEST + 1];
	size_t m = strlen(a), n = strlen(b);

	if (m > LONGEST || n > LONGEST) {
		return LONGEST;
	}
	for (size_t i = 0; i <= m; i++) {
		for (size_t j = 0; j <= n; j++) {
			unsigned best = (unsigned)(i + j), other;

			if (i > 0 && j > 0) {
				best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
				other = (d[i - 1][j] < d[i][j - 1] ? d[i - 1][j] : d[i][j - 1]) + 1;
				best = other < best ? other : best;
			}
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] + 1 < best) {
				best = d[i - 2][j - 2] + 1;
			}
			d[i][j] = best;
		}
	}
	return d[m][n];
}

/* In small letters, without what stands for a pause in prose. */
static void plain(char *to, size_t size, const char *word)
{
	size_t length = 0;

	while (word[length] != 0 && length + 1 < size) {
		to[length] = (char)tolower((unsigned char)word[length]);
		length++;
	}
	while (length > 0 && strchr(":,.-", to[length - 1]) != NULL) {
		length--;
	}
	to[length] = 0;
}

static bool has_letters(const char *word)
{
	while (*word != 0 && !isalpha((unsigned char)*word)) {
		word++;
	}
	return *word != 0;
}

/* What the comment was probably meant to begin with, marks like `*' and `-' aside; NULL: it is
 * prose.  Prose may well begin with such a word, so the second one has to fit, too. */
static const char *meant(char **word, unsigned count)
{
	char first[32], second[32];
	int cls;

	count = count < MAX_WORDS ? count : MAX_WORDS;
	for (; count > 0 && !has_letters(word[0]); word++) {
		count--;
	}
	if (count < 3) {
		return NULL;
	}
	plain(first, sizeof(first), word[0]);
	plain(second, sizeof(second), word[1]);
	if ((strncmp(first, "expect", 6) == 0 || (count > 4 && distance(first, "expect") <= 2)) &&
	    (distance(second, "allow") <= 1 || distance(second, "deny") <= 1)) {
		return "expect";
	}
	cls = class_named(second);
	if ((strncmp(first, "retire", 6) == 0 || distance(first, "retired") <= 2) && cls >= 0 &&
	    (strcmp(word[2], "*") == 0 || perm_named((unsigned)cls, word[2]) >= 0)) {
		return "retired";
	}
	return NULL;
}

/* ---- files ---------------------------------------------------------------------------------- */

/* The comment that ends a line, without its semicolons; NULL: none. */
static char *comment_of(char *line)
{
	bool quoted = false;

	for (; *line != 0; line++) {
		quoted ^= *line == '"';
		if (*line == ';' && !quoted) {
			return line + strspn(line, ";");
		}
	}
	return NULL;
}

/* Names the test lines behind another ';' in the comment: nothing reads them. */
static void look_behind(const char *comment, const char *file, unsigned line,
			struct findings *findings)
{
	char *word[MAX_WORDS];

	for (comment = strchr(comment, ';'); comment != NULL; comment = strchr(comment, ';')) {
		char *copy = must_print("%s", comment += strspn(comment, ";" BLANKS));

		if (meant(word, split(copy, word)) != NULL) {
			find(findings, file, line,
			     "this comment looks like a test line but is none: it stands behind "
			     "another ';'; give it a line of its own");
		}
		free(copy);
	}
}

/* The words of the comment, NULL: there is none.  Their number. */
static unsigned read_comment(char *comment, char **word, const char *file, unsigned line,
			     struct findings *findings)
{
	if (comment == NULL) {
		return 0;
	}
	look_behind(comment, file, line, findings);
	return split(comment, word);
}

static void read_line(struct expectations *all, const struct policy *p, const char *file,
		      unsigned line, const char *text, size_t length, struct findings *findings)
{
	char *copy = must_print("%.*s", (int)length, text), *comment = comment_of(copy);
	char *word[MAX_WORDS];
	unsigned count = read_comment(comment, word, file, line, findings);
	const char *other = meant(word, count);
	bool is_retired = count > 0 && strcmp(word[0], "retired") == 0;

	if (count > MAX_WORDS && (is_retired || strcmp(word[0], "expect") == 0)) {
		find(findings, file, line, "%s line: %u words, and at most %u are read", word[0],
		     count, MAX_WORDS);
	} else if (count > 0 && strcmp(word[0], "expect") == 0) {
		add_expect(all, p, file, line, word, count, findings);
	} else if (is_retired) {
		add_retired(all, file, line, word, count, findings);
	} else if (other != NULL) {
		find(findings, file, line, LOOKS_LIKE, word[0], other);
	}
	free(copy);
}

/* Whether something in the sources has the first part of the name: "tenant" of tenant.t. */
static bool is_declared(const struct names *names, const char *word)
{
	char *part = must_print("%.*s", (int)strcspn(word, "."), word);
	bool found = strcmp(word, "*") == 0 || strcmp(word, "self") == 0 ||
		     strchr(word, ':') != NULL || names_has(names, part, NULL);

	free(part);
	return found;
}

/* Of a line of sources that do not compile: what can be seen without a policy. */
static void look_at_line(const struct names *names, const char *file, unsigned line,
			 const char *text, size_t length, struct findings *findings)
{
	char *copy = must_print("%.*s", (int)length, text), *comment = comment_of(copy);
	char *word[MAX_WORDS];
	unsigned count = read_comment(comment, word, file, line, findings);
	bool is_expect = count > 3 && count <= MAX_WORDS && strcmp(word[0], "expect") == 0;
	bool is_retired = count > 0 && strcmp(word[0], "retired") == 0;
	const char *other = meant(word, count);

	for (unsigned i = 2; is_expect && i < 4; i++) {
		if (!is_declared(names, word[i])) {
			find(findings, file, line, "expect line: nothing here declares '%s'",
			     word[i]);
		}
	}
	if (other != NULL && !is_retired && strcmp(word[0], "expect") != 0) {
		find(findings, file, line, LOOKS_LIKE, word[0], other);
	}
	free(copy);
}

void expectations_look(const struct folder *folder, struct findings *findings)
{
	struct findings said = {0};
	struct forms forms;
	struct names names;

	forms_read(&forms, folder, &said);
	names_read(&names, &forms);
	for (unsigned i = 1; i < folder->count; i++) {
		const struct source_file *f = &folder->file[i];
		const char *line = f->text, *end;
		unsigned number = 1;

		for (; line != NULL; line = end != NULL ? end + 1 : NULL) {
			end = strchr(line, '\n');
			look_at_line(&names, f->path, number++, line,
				     end != NULL ? (size_t)(end - line) : strlen(line), findings);
		}
	}
	names_free(&names);
	forms_free(&forms);
	findings_free(&said);
}

void expectations_read(struct expectations *e, const struct policy *p, struct findings *findings)
{
	*e = (struct expectations){0};
	for (unsigned i = 1; p->folder != NULL && i < p->folder->count; i++) {
		const struct source_file *f = &p->folder->file[i];
		const char *line = f->text, *end;
		unsigned number = 1;

		for (; line != NULL; line = end != NULL ? end + 1 : NULL) {
			end = strchr(line, '\n');
			read_line(e, p, f->path, number++, line,
				  end != NULL ? (size_t)(end - line) : strlen(line), findings);
		}
	}
}

void expectations_free(struct expectations *e)
{
	for (unsigned i = 0; i < e->count; i++) {
		free(e->item[i].text);
		free(e->item[i].subject);
		free(e->item[i].object);
	}
	free(e->item);
	*e = (struct expectations){0};
}

static void add_finding(const struct expect *e, const struct policy *p, const struct right *right,
			struct findings *findings)
{
	char *what = right_text(p, right), *why, *rest = NULL;
	struct finding *finding;
	struct reason reason;

	reason_find(&reason, p, right);
	why = reason_text(&reason, p, "");
	finding = find(findings, e->file, e->line, "expected: %s; but it is %s: %s", e->text,
		       e->allow ? "denied" : "allowed", what);
	for (char *line = strtok_r(why, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		finding_link(finding, "%s", line);
	}
	reason_free(&reason);
	free(why);
	free(what);
}

bool expect_holds(const struct expect *e, const struct policy *p, struct findings *findings)
{
	struct right right = RIGHT_START;

	while (right_next(p, &right)) {
		if (expect_covers(e, p, &right) && policy_allows(p, &right) != e->allow) {
			add_finding(e, p, &right, findings);
			return false;
		}
	}
	return true;
}
