/* SPDX-License-Identifier: MIT */
/*
 * What the sources declare, to say which name a statement that cannot be resolved has wrong and
 * where a name is declared twice.  The compiler decides whether anything is wrong; this finds
 * where.
 */
#ifndef XSM_TOOL_NAMES_H
#define XSM_TOOL_NAMES_H
#include "xsm/tool/forms.h"

struct declaration {
	const char *name;
	const struct form *form; /* (type t): its keyword is the kind */
	bool is_parameter;       /* of a macro */
	char *path;              /* enclosing blocks and macros, "shop." */
};

struct names {
	struct declaration *item;
	unsigned count;
};

void names_read(struct names *names, const struct forms *forms);
void names_free(struct names *names);

/* Something of this kind (NULL: of any) that has the name; NULL: nothing has. */
const struct declaration *names_named(const struct names *names, const char *name,
				      const char *kind);
/* Whether something has it. */
bool names_has(const struct names *names, const char *name, const char *kind);
/* A finding for each statement of the author that uses a name which nothing declares, or a name of
 * another kind than it wants. */
void names_find_unknown(const struct names *names, const struct forms *forms,
			struct findings *findings);
/* A finding for each declaration of the author that repeats one, also by inheritance. */
void names_find_twice(const struct names *names, const struct forms *forms,
		      struct findings *findings);
/* A finding for each call of the author that does not fit its macro (calls.c). */
void calls_find_wrong(const struct names *names, const struct forms *forms,
		      struct findings *findings);
#endif
