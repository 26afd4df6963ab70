/* SPDX-License-Identifier: MIT */
/*
 * Verb attest: runs corbel-attest, which lies beside this program and needs the TPM's libraries, so
 * that this one stays static.  Domains are given to it by number, since names are notes of this
 * tool.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/corbel/corbel.h"
#include "tools/corbel/domains.h"

#define ARGUMENTS_MAX 1024

static const char domain_option[] = "--domain", request_option[] = "--request";

/* BEFORE, the number of the domain called `name`, AFTER; NULL if there is none, said already. */
static char *with_number(const char *before, int before_size, const char *name, const char *after)
{
	uint16_t domid = 0;
	char *text;

	if (!name[0]) {
		tool_error(0, "attest: a domain's name or number is missing");
		return NULL;
	}
	if (name[strspn(name, "0123456789")] != '\0') {
		int ret = domains_resolve(name, &domid);

		if (ret == -ESRCH) {
			tool_error(
				0,
				"attest: no domain called `%s' lives; one that has ended goes by "
				"its number",
				name);
			if (domains_are_hidden() > 0) {
				domains_say_hidden();
			}
			return NULL;
		}
		if (ret) {
			tool_error(ret, "attest: cannot look up `%s'", name);
			return NULL;
		}
		if (asprintf(&text, "%.*s%u%s", before_size, before, domid, after) < 0) {
			text = NULL;
		}
	} else if (asprintf(&text, "%.*s%s%s", before_size, before, name, after) < 0) {
		text = NULL;
	}
	if (!text) {
		tool_error(ENOMEM, "attest");
	}
	return text;
}

/* NONCE:DOMAIN:FILE; a word of another form is left for corbel-attest to refuse. */
static char *request(const char *word, size_t value)
{
	const char *first = strchr(word + value, ':');
	const char *second = first ? strchr(first + 1, ':') : NULL;
	char *name, *text;

	if (!second || second == first + 1) {
		return strdup(word);
	}
	name = strndup(first + 1, (size_t)(second - first - 1));
	text = name ? with_number(word, (int)(first + 1 - word), name, second) : NULL;
	free(name);
	return text;
}

/* `what` is the option whose value this word is, or NULL. */
static char *argument(const char *word, const char *what)
{
	size_t domain = sizeof(domain_option) - 1, asked = sizeof(request_option) - 1;

	if (what == domain_option) {
		return with_number("", 0, word, "");
	}
	if (what == request_option) {
		return request(word, 0);
	}
	if (!strncmp(word, domain_option, domain) && word[domain] == '=') {
		return with_number(word, (int)domain + 1, word + domain + 1, "");
	}
	if (!strncmp(word, request_option, asked) && word[asked] == '=') {
		return request(word, asked + 1);
	}
	return strdup(word);
}

static int run(char **arguments)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - sizeof("corbel-attest"));
	char *slash;

	path[length > 0 ? length : 0] = '\0';
	slash = strrchr(path, '/');
	if (!slash) {
		return tool_error(errno, "attest: cannot find out where this program lies");
	}
	strcpy(slash + 1, "corbel-attest");
	arguments[0] = path;
	fflush(NULL);
	execv(path, arguments);
	return tool_error(errno, "attest: cannot run %s", path);
}

/* The option whose value the next word will be. */
static const char *option_of(const char *word)
{
	if (!strcmp(word, domain_option)) {
		return domain_option;
	}
	return strcmp(word, request_option) ? NULL : request_option;
}

static bool make_arguments(int argc, char **argv, char **arguments)
{
	const char *what = NULL;

	for (int i = 1; i < argc; i++) {
		arguments[i] = argument(argv[i], what);
		if (!arguments[i]) {
			return false;
		}
		what = what ? NULL : option_of(argv[i]);
	}
	return true;
}

int verb_attest(int argc, char **argv)
{
	char *arguments[ARGUMENTS_MAX + 1] = {NULL};
	int ret = EXIT_ERROR;

	if (argc < 2) {
		return verb_usage("attest", 1);
	}
	if (argc > ARGUMENTS_MAX) {
		return tool_error(0, "attest: more than %d words", ARGUMENTS_MAX - 1);
	}
	if (make_arguments(argc, argv, arguments)) {
		ret = run(arguments);
	}
	for (int i = 1; i < argc; i++) {
		free(arguments[i]);
	}
	return ret;
}
