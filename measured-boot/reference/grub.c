/* SPDX-License-Identifier: MIT */
/*
 * GRUB runs the configuration that is embedded in its image line by line: words, quotes, no
 * control flow.  A command whose effect on the measurements is not known here is refused, and so is
 * what depends on the running machine (variables, other devices): the values would be a guess.
 */
#include "measured-boot/reference/grub.h"
#include "measured-boot/reference/reference.h"
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 64

struct line {
	const char *shown;
	unsigned number;
	unsigned count;
	char *word[WORDS_MAX];
	char text[4096]; /* the words, each with its NUL */
};

/* Commands that load and measure nothing. */
static const char *const harmless[] = {"serial", "terminal_output", "terminal_input", "echo",
				       "halt"};

static bool refuse(const struct line *line, const char *why, const char *what)
{
	return bad("%s: configuration line %u: %s '%.80s'", line->shown, line->number, why, what);
}

static bool split(struct line *line, const char *from, size_t len)
{
	char quote = 0, *to = line->text;
	bool inside = false;

	line->count = 0;
	if (len >= sizeof(line->text)) {
		return refuse(line, "longer than 4095 bytes:", "");
	}
	for (size_t i = 0; i < len; i++) {
		char c = from[i];

		if (c == '\\' || (c == '$' && quote != '\'')) {
			return refuse(line,
				      "a variable or an escape cannot be told off-line:", from);
		}
		if (!quote && (c == ' ' || c == '\t' || c == '\r')) {
			if (inside) {
				*to++ = '\0';
			}
			inside = false;
			continue;
		}
		if (!inside && line->count == WORDS_MAX) {
			return refuse(line, "more than 64 words:", line->word[0]);
		}
		if (!inside) {
			line->word[line->count++] = to;
		}
		inside = true;
		if (c == quote) {
			quote = 0;
		} else if (!quote && (c == '\'' || c == '"')) {
			quote = c;
		} else {
			*to++ = c;
		}
	}
	*to = '\0';
	return !quote || refuse(line, "a quote is not closed:", line->word[0]);
}

/* The words from `first` on as GRUB joins them: one with blanks in quotes, quotes escaped. */
static char *join(const struct line *line, unsigned first)
{
	char *string = malloc(2 * sizeof(line->text) + 3 * WORDS_MAX), *to = string;

	for (unsigned i = first; string && i < line->count; i++) {
		bool blanks = strchr(line->word[i], ' ') != NULL;

		if (i > first) {
			*to++ = ' ';
		}
		if (blanks) {
			*to++ = '"';
		}
		for (const char *c = line->word[i]; *c; c++) {
			if (*c == '\'' || *c == '"') {
				*to++ = '\\';
			}
			*to++ = *c;
		}
		if (blanks) {
			*to++ = '"';
		}
	}
	if (string) {
		*to = '\0';
	}
	return string;
}

static bool add(struct grub_entry *entry, const struct line *line)
{
	bool first = strcmp(line->word[0], "multiboot2") == 0;
	struct grub_file *file = &entry->file[entry->count];

	if (first != (entry->count == 0)) {
		return refuse(line, "expected one multiboot2 and then module2 commands, found",
			      line->word[0]);
	}
	if (entry->count == GRUB_FILES_MAX) {
		return refuse(line, "more than 15 modules:", line->word[1]);
	}
	if (line->count < 2 || line->word[1][0] != '/') {
		return refuse(line, "expected an absolute path without device, found",
			      line->count < 2 ? "nothing" : line->word[1]);
	}
	file->line = line->number;
	file->path = strdup(line->word[1]);
	file->string = join(line, 2);
	entry->count++;
	return (file->path && file->string) || bad("out of memory");
}

/* 1: go on, 0: the boot command, -1: refused. */
static int run(struct grub_entry *entry, const struct line *line)
{
	const char *command = line->count ? line->word[0] : "echo";

	if (strcmp(command, "boot") == 0) {
		return 0;
	}
	if (strcmp(command, "multiboot2") == 0 || strcmp(command, "module2") == 0) {
		return add(entry, line) ? 1 : -1;
	}
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		if (strcmp(command, harmless[i]) == 0) {
			return 1;
		}
	}
	refuse(line, "what this command measures is not known here:", command);
	return -1;
}

bool grub_parse(const char *shown, const char *config, struct grub_entry *entry)
{
	static struct line line;
	int more = 1;

	memset(entry, 0, sizeof(*entry));
	line.shown = shown;
	for (line.number = 1; *config && more > 0; line.number++) {
		size_t len = strcspn(config, "\n");

		more = split(&line, config, len) ? run(entry, &line) : -1;
		config += len + (config[len] == '\n');
	}
	if (more > 0) {
		bad("%s: configuration: expected a command boot", shown);
	} else if (more == 0 && entry->count == 0) {
		more = bad("%s: configuration: expected multiboot2 before boot", shown) ? 0 : -1;
	}
	if (more != 0) {
		grub_free(entry);
	}
	return more == 0;
}

void grub_free(struct grub_entry *entry)
{
	for (unsigned i = 0; i < entry->count; i++) {
		free(entry->file[i].path);
		free(entry->file[i].string);
	}
	entry->count = 0;
}
