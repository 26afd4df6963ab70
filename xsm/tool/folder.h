/* SPDX-License-Identifier: MIT */
/*
 * The sources of a policy: generated classes, the base folder, the author's folder; and their
 * compilation in memory with what the compiler says turned into findings.
 */
#ifndef XSM_TOOL_FOLDER_H
#define XSM_TOOL_FOLDER_H
#include <sepol/policydb.h>
#include "xsm/tool/tool.h"

struct source_file {
	char *path;
	char *text; /* ends with NUL */
	size_t size;
	bool own; /* of the author's folder, not of base */
};

struct folder {
	struct source_file *file; /* [0] is the generated one */
	unsigned count;
	char *base; /* the base folder that was found */
};

#define FOLDER_FILE_MAX ((size_t)4 << 20)
/* Name of the file that `extra` of folder_compile() is for the compiler. */
#define FOLDER_EXTRA "(added)"

/* Reads the *.cil files of a folder and of the base; false: findings say why. */
bool folder_read(struct folder *folder, const char *path, const char *base,
		 struct findings *findings);
void folder_free(struct folder *folder);
/* Where the next form "(WORD" begins at or behind `from`, comments and strings aside; the file's
 * size: there is none.  *name, unless NULL: where the word stands. */
size_t source_form(const struct source_file *file, const char *word, size_t from, size_t *name);
unsigned source_line(const struct source_file *file, size_t at);
/* A copy that can be changed. */
void folder_copy(struct folder *to, const struct folder *from);
/* The file and line of the first "(WORD" outside a comment; NULL: there is none. */
const struct source_file *folder_keyword(const struct folder *folder, const char *word,
					 unsigned *line);

/* Compiles, with more source text unless `extra` is NULL, and with or without neverallow rules.
 * NULL: findings say why.  Findings of broken neverallow rules have `rule` and `forbidden_by` set.
 */
sepol_policydb_t *folder_compile(const struct folder *folder, const char *extra, bool neverallow,
				 struct findings *findings);
#endif
