/* SPDX-License-Identifier: MIT */
/*
 * The sources of a policy as trees: lists in parentheses and words, each with its place.  Says what
 * is no such tree; means nothing by itself.
 */
#ifndef XSM_TOOL_FORMS_H
#define XSM_TOOL_FORMS_H
#include "xsm/tool/folder.h"

/* A list, or a word. */
struct form {
	const struct source_file *file;
	size_t at, end; /* its text: [at, end) */
	unsigned line;
	char *word; /* without quotes; NULL: a list */
	bool quoted;
	struct form *parent; /* NULL: at the top of its file */
	unsigned position;   /* among its parent's children */
	struct form **child;
	unsigned children;
};

struct forms {
	struct form **top; /* in the order of the files */
	unsigned count;
};

/* Parses all files.  What is no tree in the author's files becomes findings; the rest is there in
 * any case.  To be freed before the folder. */
void forms_read(struct forms *forms, const struct folder *folder, struct findings *findings);
void forms_free(struct forms *forms);

/* The first word of a list, "" if it has none or is a word itself. */
const char *form_keyword(const struct form *form);
bool form_is(const struct form *form, const char *keyword);
/* The word at a position of a list, NULL: there is none. */
const char *form_word(const struct form *form, unsigned position);
/* Its text in one line, shortened to `most` characters; the caller frees it. */
char *form_text(const struct form *form, unsigned most);

/* Calls work for every list, outer ones first; of one form, or of all. */
void form_walk(const struct form *root, void (*work)(const struct form *form, void *with),
	       void *with);
void forms_walk(const struct forms *forms, void (*work)(const struct form *form, void *with),
		void *with);
#endif
