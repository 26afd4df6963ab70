/* SPDX-License-Identifier: MIT */
/*
 * Runs libsepol's CIL compiler in this process and reads what it says.  Its messages come in pieces
 * without structure; here they become findings with file, line and the chain of calls.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sepol/cil/cil.h>
#include <sepol/debug.h>
#include "xsm/tool/folder.h"

/* A report can name every rule of a type; the first ones will do, and "..." for the rest. */
#define MOST_LINKS 12u

/* What the compiler has said; it knows one handler. */
static struct {
	char *text;
	size_t length;
} said;

static void hear(int level, const char *message)
{
	size_t length = strlen(message);

	(void)level;
	said.text = must_realloc(said.text, said.length + length + 1);
	memcpy(said.text + said.length, message, length + 1);
	said.length += length;
}

/* Splits "... at FILE:LINE" or "... at line LINE of FILE"; false: the text names no place. */
static bool split_place(char *text, char **file, unsigned *line)
{
	char *at = NULL, *colon, *end;

	for (char *next = strstr(text, " at "); next != NULL; next = strstr(next + 1, " at ")) {
		at = next;
	}
	if (at == NULL) {
		return false;
	}
	if (sscanf(at, " at line %u of ", line) == 1 && (end = strstr(at, " of ")) != NULL) {
		*file = end + 4;
		*at = 0;
		return true;
	}
	colon = strrchr(at, ':');
	if (colon == NULL || !isdigit((unsigned char)colon[1])) {
		return false;
	}
	*line = (unsigned)strtoul(colon + 1, &end, 10);
	*colon = 0;
	*file = at + 4;
	*at = 0;
	return true;
}

/* The compiler's own steps and sums, which say nothing about the policy. */
static bool is_noise(const char *text)
{
	static const char *const noise[] = {
		"Parsing ",
		"Building ",
		"Destroying ",
		"Resolving ",
		"Qualifying ",
		"Compile post ",
		"Checking ",
		"Writing ",
		"Failed to resolve AST",
		"Failed to build AST",
		"Failed to generate binary",
		"Failed to compile",
		"Failed to parse",
		"Post process",
		"Pass ",
		"Failed to verify cil database",
	};

	for (size_t i = 0; i < sizeof(noise) / sizeof(noise[0]); i++) {
		if (strncmp(text, noise[i], strlen(noise[i])) == 0) {
			return true;
		}
	}
	return *text == 0;
}

struct reader {
	const struct folder *folder;
	struct findings *findings;
	char *pending; /* messages that wait for one with a place */
	char *forbidden_by, *neverallow;
	char **chain;
	unsigned links;
};

static void remember(struct reader *r, const char *text)
{
	char *joined = r->pending == NULL ? must_print("%s", text)
					  : must_print("%s: %s", text, r->pending);

	free(r->pending);
	r->pending = joined;
}

/* Messages that nothing else named a place for; an unknown keyword can be searched. */
static void flush(struct reader *r)
{
	static const char unknown[] = "Unknown keyword ";
	const char *word = r->pending != NULL ? strstr(r->pending, unknown) : NULL;
	const struct source_file *file = NULL;
	unsigned line = 0;

	if (word != NULL) {
		word += sizeof(unknown) - 1;
		file = folder_keyword(r->folder, word, &line);
		find(r->findings, file != NULL ? file->path : NULL, line, "unknown keyword '%s'",
		     word);
	} else if (r->pending != NULL) {
		find(r->findings, NULL, 0, "%s", r->pending);
	}
	free(r->pending);
	r->pending = NULL;
}

static void drop_chain(struct reader *r)
{
	for (unsigned i = 0; i < r->links; i++) {
		free(r->chain[i]);
	}
	free(r->chain);
	r->chain = NULL;
	r->links = 0;
}

/* The finding of another neverallow that the same rule breaks; not for a probe, which has to know
 * its own. */
static struct finding *same_rule(const struct reader *r, const char *file, unsigned line,
				 const char *rule)
{
	for (unsigned i = 0; i < r->findings->count; i++) {
		struct finding *f = &r->findings->item[i];

		if (f->rule != NULL && strcmp(f->rule, rule) == 0 && f->line == line &&
		    f->file != NULL && file != NULL && strcmp(f->file, file) == 0 &&
		    strncmp(r->forbidden_by, FOLDER_EXTRA, sizeof(FOLDER_EXTRA) - 1) != 0 &&
		    strncmp(f->forbidden_by, FOLDER_EXTRA, sizeof(FOLDER_EXTRA) - 1) != 0) {
			return f;
		}
	}
	return NULL;
}

/* The rule that a chain led to.  The finding's place is the chain's first: what the author wrote
 * last, most of the time. */
static void add_rule(struct reader *r, const char *rule)
{
	char *first = r->links > 0 ? must_print("%s", r->chain[0]) : must_print("%s", "");
	struct finding *finding;
	char *file = NULL;
	unsigned line = 0;

	split_place(first, &file, &line);
	finding = same_rule(r, file, line, rule);
	if (finding != NULL) {
		finding_link(finding, "forbidden by %s, too", r->forbidden_by);
		free(first);
		drop_chain(r);
		return;
	}
	finding = find(r->findings, file, line, "%s is forbidden by %s, %s", rule, r->forbidden_by,
		       r->neverallow != NULL ? r->neverallow : "a neverallow");
	finding->rule = must_print("%s", rule);
	finding->forbidden_by = must_print("%s", r->forbidden_by);
	for (unsigned i = 0; i < r->links; i++) {
		finding_link(finding, "%s", r->chain[i]);
	}
	free(first);
	drop_chain(r);
}

/* One line of a report on a broken neverallow. */
static void read_neverallow(struct reader *r, char *text)
{
	char *word = text + strspn(text, " ");

	if (strcmp(word, "<root>") == 0) {
		drop_chain(r);
	} else if (strncmp(word, "(neverallow", 11) == 0) {
		free(r->neverallow);
		r->neverallow = must_print("%s", word);
	} else if (*word == '(') {
		add_rule(r, word);
	} else {
		r->chain = must_realloc(r->chain, (r->links + 1) * sizeof(*r->chain));
		r->chain[r->links++] = must_print("%s", word);
	}
}

/* A message with a place; the ones before it, which have none, say the details. */
static void add_placed(struct reader *r, const char *file, unsigned line, const char *text)
{
	const struct finding *last =
		r->findings->count > 0 ? &r->findings->item[r->findings->count - 1] : NULL;

	if (strcmp(text, "Problem") == 0) {
		if (r->pending != NULL && strstr(r->pending, "Unknown keyword") == NULL) {
			find(r->findings, file, line, "%s", r->pending);
		} else if (r->pending != NULL) {
			flush(r);
		} else if (last == NULL) {
			find(r->findings, file, line, "the compiler refuses this");
		}
	} else if (r->pending != NULL) {
		find(r->findings, file, line, "%s: %s", text, r->pending);
	} else {
		find(r->findings, file, line, "%s", text);
	}
	free(r->pending);
	r->pending = NULL;
}

static void read_line(struct reader *r, char *text)
{
	static const char broken[] = "neverallow check failed at ";
	struct finding *last;
	char *file;
	unsigned line;

	if (strncmp(text, broken, sizeof(broken) - 1) == 0) {
		free(r->forbidden_by);
		r->forbidden_by = must_print("%s", text + sizeof(broken) - 1);
	} else if (r->forbidden_by != NULL && *text == ' ') {
		read_neverallow(r, text);
	} else if (*text == ' ') {
		flush(r);
		last = r->findings->count > 0 ? &r->findings->item[r->findings->count - 1] : NULL;
		text += strspn(text, " ");
		if (last != NULL && last->links < MOST_LINKS && strcmp(text, "<root>") != 0) {
			finding_link(last, "%s", last->links + 1 < MOST_LINKS ? text : "...");
		}
	} else if (is_noise(text)) {
		return;
	} else if (split_place(text, &file, &line)) {
		add_placed(r, file, line, text);
	} else {
		remember(r, text);
	}
}

static void read_said(const struct folder *folder, struct findings *findings)
{
	struct reader reader = {.folder = folder, .findings = findings};
	char *line = said.text, *end;

	while (line != NULL && *line != 0) {
		end = strchr(line, '\n');
		if (end != NULL) {
			*end++ = 0;
		}
		read_line(&reader, line);
		line = end;
	}
	flush(&reader);
	drop_chain(&reader);
	free(reader.chain);
	free(reader.neverallow);
	free(reader.forbidden_by);
}

static bool add_sources(cil_db_t *db, const struct folder *folder, const char *extra)
{
	for (unsigned i = 0; i < folder->count; i++) {
		const struct source_file *f = &folder->file[i];

		if (cil_add_file(db, f->path, f->text, f->size) != 0) {
			return false;
		}
	}
	return extra == NULL || cil_add_file(db, FOLDER_EXTRA, extra, strlen(extra)) == 0;
}

sepol_policydb_t *folder_compile(const struct folder *folder, const char *extra, bool neverallow,
				 struct findings *findings)
{
	sepol_policydb_t *policy = NULL;
	cil_db_t *db;
	bool good;

	sepol_debug(0);
	cil_set_log_handler(hear);
	/* At this level only are reports of neverallow rules complete. */
	cil_set_log_level(CIL_INFO);
	cil_db_init(&db);
	cil_set_policy_version(db, 30);
	cil_set_target_platform(db, SEPOL_TARGET_XEN);
	cil_set_disable_neverallow(db, neverallow ? 0 : 1);
	good = add_sources(db, folder, extra) && cil_compile(db) == 0 &&
	       cil_build_policydb(db, &policy) == 0;
	cil_db_destroy(&db);
	if (!good) {
		unsigned before = findings->count;

		read_said(folder, findings);
		if (findings->count == before) {
			find(findings, NULL, 0, "the compiler refuses the policy without a reason");
		}
	}
	free(said.text);
	said.text = NULL;
	said.length = 0;
	return good ? policy : NULL;
}
