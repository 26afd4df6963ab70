/* SPDX-License-Identifier: MIT */
/*
 * Reads the sources of a policy.  The files are the author's; what is not text is refused here, so
 * that the compiler sees text only.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tools/lib/files.h"
#include "xsm/compiler/source.h"
#include "xsm/tool/folder.h"

static bool is_folder(const char *path)
{
	struct stat s;

	return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

static void add_file(struct folder *folder, char *path, char *text, size_t size, bool own)
{
	folder->file = must_realloc(folder->file, (folder->count + 1) * sizeof(*folder->file));
	folder->file[folder->count++] =
		(struct source_file){.path = path, .text = text, .size = size, .own = own};
}

/* Line of the first byte that no text file has; 0: none. */
static unsigned not_text(const char *text, size_t size)
{
	unsigned line = 1;

	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == 127 || (c < ' ' && strchr("\t\n\r\f", c) == NULL) || c == 0) {
			return line;
		}
		line += c == '\n';
	}
	return 0;
}

static bool read_one(struct folder *folder, char *path, bool own, struct findings *findings)
{
	const char *why;
	FILE *f = files_open_stream(path, &why);
	char *text;
	size_t size;
	unsigned line;

	if (f == NULL) {
		find_bad_input(findings, path, 0, "cannot read: %s", why);
		free(path);
		return false;
	}
	text = must_alloc(FOLDER_FILE_MAX + 1);
	size = fread(text, 1, FOLDER_FILE_MAX + 1, f);
	if (ferror(f)) {
		find_bad_input(findings, path, 0, "cannot read: %s", strerror(errno));
		fclose(f);
		free(text);
		free(path);
		return false;
	}
	fclose(f);
	line = size <= FOLDER_FILE_MAX ? not_text(text, size) : 0;
	if (size > FOLDER_FILE_MAX || line != 0) {
		if (line != 0) {
			find_bad_input(findings, path, line,
				       "not text; a file of CIL rules was expected");
		} else {
			find_bad_input(findings, path, 0, "larger than %zu MiB, the most here",
				       FOLDER_FILE_MAX >> 20);
		}
		free(text);
		free(path);
		return false;
	}
	text = must_realloc(text, size + 1);
	text[size] = 0;
	add_file(folder, path, text, size, own);
	return true;
}

static int is_cil(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 4 &&
	       strcmp(entry->d_name + length - 4, ".cil") == 0;
}

static bool read_all(struct folder *folder, const char *path, bool own, struct findings *findings)
{
	struct dirent **list = NULL;
	int count = scandir(path, &list, is_cil, alphasort);
	size_t length = strlen(path);
	bool good = count > 0;

	if (count < 0) {
		find_bad_input(findings, path, 0, "cannot read the folder: %s", strerror(errno));
	} else if (count == 0) {
		find_bad_input(findings, path, 0, "no *.cil file in this folder");
	}
	for (int i = 0; i < count; i++) {
		const char *slash = length > 0 && path[length - 1] == '/' ? "" : "/";

		good &= read_one(folder, must_print("%s%s%s", path, slash, list[i]->d_name), own,
				 findings);
		free(list[i]);
	}
	free(list);
	return good;
}

/* Relative where it is below the current folder: short messages. */
static char *shorten(char *path)
{
	char here[PATH_MAX];
	size_t length;

	if (getcwd(here, sizeof(here)) != NULL) {
		length = strlen(here);
		if (strncmp(path, here, length) == 0 && path[length] == '/') {
			memmove(path, path + length + 1, strlen(path + length + 1) + 1);
		}
	}
	return path;
}

/* xsm/policy/base in the source tree that this program was built in, or what is installed. */
static char *base_of_program(void)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash, *base;

	if (length > 0) {
		path[length] = 0;
		while ((slash = strrchr(path, '/')) != NULL) {
			*slash = 0;
			base = must_print("%s/xsm/policy/base", path);
			if (is_folder(base)) {
				return shorten(base);
			}
			free(base);
		}
	}
	return must_print("/usr/share/corbel/policy/base");
}

static bool find_base(struct folder *folder, const char *base, struct findings *findings)
{
	const char *from = getenv("CORBEL_POLICY_BASE");

	if (base != NULL) {
		folder->base = must_print("%s", base);
	} else if (from != NULL && *from != 0) {
		folder->base = must_print("%s", from);
	} else {
		folder->base = base_of_program();
	}
	if (is_folder(folder->base)) {
		return true;
	}
	find_bad_input(findings, folder->base, 0,
		       "no such folder; the policy's base (types, roles, invariants) was expected "
		       "here: name it with --base DIR or $CORBEL_POLICY_BASE");
	return false;
}

static bool same_folder(const char *one, const char *other)
{
	struct stat a, b;

	return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

bool folder_read(struct folder *folder, const char *path, const char *base,
		 struct findings *findings)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out;

	*folder = (struct folder){0};
	out = open_memstream(&text, &size);
	if (out == NULL) {
		find_bad_input(findings, NULL, 0, "out of memory");
		return false;
	}
	classes_print(out);
	fclose(out);
	add_file(folder, must_print("(generated)"), text, size, false);
	if (!find_base(folder, base, findings)) {
		return false;
	}
	if (same_folder(path, folder->base)) {
		return read_all(folder, path, true, findings);
	}
	return read_all(folder, folder->base, false, findings) &&
	       read_all(folder, path, true, findings);
}

/* ---- forms ---------------------------------------------------------------------------------- */

/* Behind blanks and comments. */
static size_t skip_blanks(const struct source_file *f, size_t at)
{
	bool comment = false;

	while (at < f->size && (comment || strchr(" \t\r\n\f;", f->text[at]) != NULL)) {
		comment = f->text[at] != '\n' && (comment || f->text[at] == ';');
		at++;
	}
	return at;
}

size_t source_form(const struct source_file *f, const char *word, size_t from, size_t *name)
{
	size_t length = strlen(word);
	bool comment = false, quoted = false;

	for (size_t at = from; at < f->size; at++) {
		char c = f->text[at];
		size_t start;

		comment = c != '\n' && (comment || (c == ';' && !quoted));
		quoted ^= c == '"' && !comment;
		if (comment || quoted || c != '(') {
			continue;
		}
		start = skip_blanks(f, at + 1);
		start += f->text[start] == '"'; /* the compiler takes keywords in quotes, too */
		if (strncmp(f->text + start, word, length) == 0 &&
		    strchr(" \t\r\n\f)(;\"", f->text[start + length]) != NULL) {
			if (name != NULL) {
				*name = start;
			}
			return at;
		}
	}
	return f->size;
}

unsigned source_line(const struct source_file *f, size_t at)
{
	unsigned line = 1;

	for (size_t i = 0; i < at; i++) {
		line += f->text[i] == '\n';
	}
	return line;
}

const struct source_file *folder_keyword(const struct folder *folder, const char *word,
					 unsigned *line)
{
	for (unsigned i = 1; i < folder->count; i++) {
		const struct source_file *f = &folder->file[i];
		size_t at = source_form(f, word, 0, NULL);

		if (at < f->size) {
			*line = source_line(f, at);
			return f;
		}
	}
	return NULL;
}

void folder_copy(struct folder *to, const struct folder *from)
{
	*to = (struct folder){.count = from->count, .base = must_print("%s", from->base)};
	to->file = must_alloc(from->count * sizeof(*to->file));
	for (unsigned i = 0; i < from->count; i++) {
		struct source_file *f = &to->file[i];

		*f = from->file[i];
		f->path = must_print("%s", from->file[i].path);
		f->text = must_alloc(f->size + 1);
		memcpy(f->text, from->file[i].text, f->size);
	}
}

void folder_free(struct folder *folder)
{
	for (unsigned i = 0; i < folder->count; i++) {
		free(folder->file[i].path);
		free(folder->file[i].text);
	}
	free(folder->file);
	free(folder->base);
	*folder = (struct folder){0};
}
