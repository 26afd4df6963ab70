/* SPDX-License-Identifier: MIT */
/*
 * See audits.h.  Asks the compiler: each auditallow becomes a neverallow in a copy of the sources,
 * and one that nothing breaks names what nobody may do.
 */
#include <stdlib.h>
#include <string.h>
#include "xsm/tool/audits.h"

static const char audit[] = "auditallow", never[] = "neverallow"; /* equally long */

/* False: there is nothing to ask about. */
static bool turn(struct folder *folder)
{
	bool found = false;

	for (unsigned i = 1; i < folder->count; i++) {
		struct source_file *f = &folder->file[i];
		size_t name = 0;

		for (size_t at = 0; f->own && (at = source_form(f, audit, at, &name)) < f->size;
		     at++) {
			memcpy(f->text + name, never, sizeof(never) - 1);
			found = true;
		}
	}
	return found;
}

/* Whether the neverallow at this place ("FILE:LINE") is broken. */
static bool is_broken(const struct findings *said, const char *place)
{
	char *too = must_print("forbidden by %s, too", place);
	bool broken = false;

	for (unsigned i = 0; i < said->count; i++) {
		const struct finding *f = &said->item[i];

		broken |= f->forbidden_by != NULL && strcmp(f->forbidden_by, place) == 0;
		for (unsigned l = 0; l < f->links; l++) {
			broken |= strcmp(f->chain[l], too) == 0;
		}
	}
	free(too);
	return broken;
}

/* Whether the compiler has said nothing but which neverallow rules are broken. */
static bool has_answered(const struct findings *said)
{
	for (unsigned i = 0; i < said->count; i++) {
		if (said->item[i].rule == NULL) {
			return false;
		}
	}
	return true;
}

static void judge(const struct source_file *f, const struct findings *said,
		  struct findings *findings)
{
	for (size_t at = 0; (at = source_form(f, audit, at, NULL)) < f->size; at++) {
		unsigned line = source_line(f, at);
		char *place = must_print("%s:%u", f->path, line);

		if (!is_broken(said, place)) {
			find(findings, f->path, line,
			     "warning: this auditallow names only what nobody may do, so it will "
			     "never record a call; it allows nothing by itself");
		}
		free(place);
	}
}

void audits_check(const struct folder *folder, struct findings *findings)
{
	struct findings said = {0};
	struct folder copy;

	folder_copy(&copy, folder);
	if (turn(&copy)) {
		sepol_policydb_free(folder_compile(&copy, NULL, true, &said));
		for (unsigned i = 1; i < folder->count && has_answered(&said); i++) {
			if (folder->file[i].own) {
				judge(&folder->file[i], &said, findings);
			}
		}
	}
	findings_free(&said);
	folder_free(&copy);
}
