/* SPDX-License-Identifier: MIT */
/*
 * See forms.h.  The files come from the author; every byte may be anything that is text.
 */
#include <stdlib.h>
#include <string.h>
#include "xsm/tool/forms.h"

#define BLANKS    " \t\r\n\f"
#define ENDS_WORD BLANKS "();\""

struct reader {
	const struct source_file *file;
	size_t at;
	unsigned line;
	struct findings *findings;
};

static void add(struct form ***list, unsigned *count, struct form *form)
{
	*list = must_realloc(*list, (*count + 1) * sizeof(struct form *));
	form->position = *count;
	(*list)[(*count)++] = form;
}

static void complain_at(const struct reader *r, unsigned line, const char *what)
{
	if (r->file->own) {
		find(r->findings, r->file->path, line, "%s", what);
	}
}

/* Behind blanks and comments; false: the file has ended. */
static bool skip(struct reader *r)
{
	const char *text = r->file->text;

	while (r->at < r->file->size) {
		if (text[r->at] == ';') {
			r->at += strcspn(text + r->at, "\n");
		} else if (strchr(BLANKS, text[r->at]) == NULL) {
			return true;
		} else {
			r->line += text[r->at++] == '\n';
		}
	}
	return false;
}

static struct form *new_form(const struct reader *r, struct form *parent)
{
	struct form *form = must_alloc(sizeof(*form));

	*form = (struct form){.file = r->file, .at = r->at, .line = r->line, .parent = parent};
	return form;
}

static struct form *read_word(struct reader *r, struct form *parent)
{
	const char *text = r->file->text + r->at;
	struct form *form = new_form(r, parent);
	size_t length;

	form->quoted = *text == '"';
	length = strcspn(text + form->quoted, form->quoted ? "\"\n" : ENDS_WORD);
	form->word = must_print("%.*s", (int)length, text + form->quoted);
	r->at += length + form->quoted;
	if (form->quoted && r->at < r->file->size && r->file->text[r->at] == '"') {
		r->at++;
	} else if (form->quoted) {
		complain_at(r, form->line, "a quotation mark that nothing closes");
	}
	form->end = r->at;
	return form;
}

/* The whole list that begins here.  No recursion: its depth is the author's. */
static struct form *read_list(struct reader *r)
{
	struct form *first = new_form(r, NULL), *list = first;

	r->at++;
	while (list != NULL) {
		struct form *in = list;

		if (!skip(r)) {
			complain_at(r, list->line, "a parenthesis that nothing closes");
			for (; list != NULL; list = list->parent) {
				list->end = r->at;
			}
		} else if (r->file->text[r->at] == ')') {
			list->end = ++r->at;
			list = list->parent;
		} else if (r->file->text[r->at] == '(') {
			list = new_form(r, in);
			add(&in->child, &in->children, list);
			r->at++;
		} else {
			add(&in->child, &in->children, read_word(r, in));
		}
	}
	return first;
}

static void read_file(struct reader *r, struct forms *forms)
{
	while (skip(r)) {
		char c = r->file->text[r->at];
		unsigned line = r->line;

		if (c == '(') {
			add(&forms->top, &forms->count, read_list(r));
		} else if (c == ')') {
			complain_at(r, line, "a parenthesis that closes nothing");
			r->at++;
		} else {
			struct form *word = read_word(r, NULL);

			complain_at(r, line, "a word outside all parentheses");
			free(word->word);
			free(word);
		}
	}
}

static void look_for_empty(const struct form *form, void *with)
{
	if (form->children == 0 && form->file->own && form->parent == NULL) {
		find(with, form->file->path, form->line, "an empty pair of parentheses");
	}
}

void forms_read(struct forms *forms, const struct folder *folder, struct findings *findings)
{
	*forms = (struct forms){0};
	for (unsigned i = 0; i < folder->count; i++) {
		struct reader r = {.file = &folder->file[i], .line = 1, .findings = findings};

		read_file(&r, forms);
	}
	forms_walk(forms, look_for_empty, findings);
}

static struct form *next_sibling(const struct form *form, const struct form *root)
{
	while (form != root) {
		const struct form *parent = form->parent;

		if (form->position + 1 < parent->children) {
			return parent->child[form->position + 1];
		}
		form = parent;
	}
	return NULL;
}

void form_walk(const struct form *root, void (*work)(const struct form *form, void *with),
	       void *with)
{
	for (const struct form *form = root; form != NULL;) {
		if (form->word == NULL) {
			work(form, with);
		}
		form = form->children > 0 ? form->child[0] : next_sibling(form, root);
	}
}

void forms_walk(const struct forms *forms, void (*work)(const struct form *form, void *with),
		void *with)
{
	for (unsigned i = 0; i < forms->count; i++) {
		form_walk(forms->top[i], work, with);
	}
}

static void free_form(struct form *form)
{
	free(form->child);
	free(form->word);
	free(form);
}

void forms_free(struct forms *forms)
{
	for (unsigned i = 0; i < forms->count; i++) {
		struct form *form = forms->top[i];

		while (form != NULL) {
			struct form *parent = form->parent;

			if (form->children > 0) {
				form = form->child[--form->children];
				continue;
			}
			free_form(form);
			form = parent;
		}
	}
	free(forms->top);
	*forms = (struct forms){0};
}

const char *form_word(const struct form *form, unsigned position)
{
	return position < form->children ? form->child[position]->word : NULL;
}

const char *form_keyword(const struct form *form)
{
	const char *word = form->word == NULL ? form_word(form, 0) : NULL;

	return word != NULL ? word : "";
}

bool form_is(const struct form *form, const char *keyword)
{
	return strcmp(form_keyword(form), keyword) == 0;
}

char *form_text(const struct form *form, unsigned most)
{
	const char *from = form->file->text + form->at, *end = form->file->text + form->end;
	char *text = must_alloc(form->end - form->at + 4), *to = text;
	bool comment = false, quoted = false;

	for (; from < end && to < text + most; from++) {
		comment = *from != '\n' && (comment || (*from == ';' && !quoted));
		quoted ^= *from == '"' && !comment;
		if (comment || (strchr(BLANKS, *from) != NULL && !quoted)) {
			if (to > text && to[-1] != ' ') {
				*to++ = ' ';
			}
		} else {
			*to++ = *from;
		}
	}
	strcpy(to, from < end ? "..." : "");
	return text;
}
