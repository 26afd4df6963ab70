/* SPDX-License-Identifier: MIT */
/*
 * corbel-policy's frame: verbs, their arguments and exit statuses, and findings (what is wrong with
 * a policy, and where).  Runs on the author's machine; trusts nobody's files.
 */
#ifndef XSM_TOOL_TOOL_H
#define XSM_TOOL_TOOL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit statuses of every verb. */
enum {
	STATUS_YES = 0, /* done; nothing to object to */
	STATUS_NO = 1,  /* the answer is no, or there is a finding */
	STATUS_BAD = 2  /* bad use or bad input */
};

/* A flag of one verb: --name, or --name VALUE if `value` says what the value is. */
struct flag {
	const char *name;
	const char *value; /* NULL: takes none */
	const char *text;  /* one line for --help */
};

struct verb;

/* A verb's command line.  --help, --json and --base are every verb's. */
struct arguments {
	const struct verb *verb;
	bool json;
	const char *base;  /* --base DIR, or NULL */
	const char **word; /* what is not a flag */
	unsigned words;
	const char **value; /* of verb->flags, in their order; "" for a flag without value */
};

struct verb {
	const char *name;
	const char *summary;  /* one line */
	const char *synopsis; /* "[POLICY] [--subject S] ..." without --json, --help, --base */
	const char *help;     /* more, with an example; lines of at most 100 columns */
	unsigned min_words, max_words;
	const struct flag *flags; /* ends with a NULL name; may be NULL */
	int (*run)(const struct arguments *arguments);
};

/* The flag's value; NULL: not given. */
const char *argument(const struct arguments *arguments, const char *flag);

/* "corbel-policy VERB: " and the message on stderr; returns STATUS_BAD. */
int complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* With --json: the first complaint, unless an object has been printed, is an object on stdout. */
void complain_as_json(bool json);
void complaint_print(void);

/* Something wrong with a policy.  `file` is NULL if no place can be named, `line` 0 if no line. */
struct finding {
	bool bad_input; /* not a policy at all, as opposed to a policy with a fault */
	char *file;
	unsigned line;
	char *text;   /* may have several lines */
	char **chain; /* "call at site.cil:10", "allow at base.cil:32: (allow ...)" */
	unsigned links;
	char *rule;         /* the rule at the end of the chain, when it breaks a neverallow: */
	char *forbidden_by; /* FILE:LINE of that one */
};

struct findings {
	struct finding *item;
	unsigned count;
};

/* Adds a finding; the returned one is valid until the next is added. */
struct finding *find(struct findings *findings, const char *file, unsigned line, const char *format,
		     ...) __attribute__((format(printf, 4, 5)));
struct finding *find_bad_input(struct findings *findings, const char *file, unsigned line,
			       const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Moves a finding, which leaves nothing behind. */
void finding_move(struct findings *to, struct finding *from);
/* Whether one of them is of the same file and line. */
bool findings_have_place(const struct findings *findings, const struct finding *f);
void finding_link(struct finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* "FILE:LINE: TEXT" lines on stderr, chains indented; with json an array member "findings" of an
 * object on stdout, whose member "error" is the first. */
void findings_print(const struct findings *findings, bool json);
struct json_object;
struct json_object *findings_json(const struct findings *findings);
/* Member "error" of an object: the first finding, with its place. */
void put_error(struct json_object *object, const struct findings *findings);
void findings_free(struct findings *findings);

/* Prints an object (json-c) on stdout, pretty, and frees it; what is not UTF-8 becomes U+FFFD. */
void print_json(struct json_object *object);

/* malloc and friends that end the program when there is no memory. */
void *must_alloc(size_t size); /* zeroed */
void *must_realloc(void *old, size_t size);
char *must_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
#endif
