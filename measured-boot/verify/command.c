/* SPDX-License-Identifier: MIT */
/*
 * corbel-verify: the command line of the verifier.  It reads evidence and the verifier's own files,
 * and prints a verdict; all judging is libcorbel-verify's.
 */
#include "measured-boot/verify/command.h"
#include "measured-boot/verify/identity.h"
#include "measured-boot/verify/json.h"
#include "tools/lib/hex.h"
#include "measured-boot/verify/bootlog.h"
#include "tools/lib/files.h"
#include <errno.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LIST_MAX 32u

static const char usage[] =
	"usage: corbel-verify check EVIDENCE --nonce HEX --roots PEM... --hosts FILE\n"
	"           --reference FILE... --firmware FILE --firmware-key PEM [--limits FILE]\n"
	"           [--expect FILE] [--bound FILE] [--since FILE] [--allow-test-tpm]\n"
	"           [--strict] [--json | --html OUT]\n"
	"       corbel-verify enroll HOST.JSON --name NAME --roots PEM... -o CHALLENGE\n"
	"           --secret SECRET [--allow-test-tpm]\n"
	"       corbel-verify admit SECRET HEX --hosts FILE [--replace]\n"
	"       corbel-verify nonce\n"
	"\n"
	"check says whether a host, and a domain on it, are what you expect, from evidence that\n"
	"`corbel attest` made there.  Nothing that is not listed is accepted.\n"
	"  --nonce HEX           the 64 digits that you had `corbel-verify nonce` draw for this\n"
	"  --roots PEM...        certificates of TPM makers: roots and those between\n"
	"  --hosts FILE          the hosts that you enrolled\n"
	"  --reference FILE...   what may boot, made by `corbel-reference host`\n"
	"  --firmware FILE       profile of the firmware; its signature lies in FILE.sig\n"
	"  --firmware-key PEM    public key of whoever signs profiles for you\n"
	"  --limits FILE         least versions, and what was revoked\n"
	"  --expect FILE         the domain, made by `corbel-reference tenant`\n"
	"  --bound FILE          what the domain's report must bind, e.g. its public key\n"
	"  --since FILE          older evidence of the same boot: nothing in the log was changed\n"
	"  --allow-test-tpm      accept a TPM emulator, and say so in the verdict\n"
	"  --strict              what the verdict warns of is not trusted; demands --limits\n"
	"  --json                one object for programs, on standard output, whatever happens\n"
	"  --html OUT            also write it as one page\n"
	"\n"
	"enroll judges the keys of a new host (`corbel attest --enroll`) and writes a challenge for\n"
	"it (`corbel attest --activate CHALLENGE` answers it) and a secret for you to keep; admit\n"
	"puts the host into the list if the answer HEX is right.  nonce draws a fresh nonce.\n"
	"\n"
	"Example:\n"
	"  N=$(corbel-verify nonce)\n"
	"  corbel-verify check evidence.json --nonce $N --roots tpm-makers.pem --hosts hosts.json \\\n"
	"      --reference host.json --firmware board.json --firmware-key profile-key.pem\n"
	"\n"
	"Exit status: 0 trusted (or done); 1 not trusted; 2 could not judge, or wrong usage.\n";

struct options {
	const char *word[2]; /* without an option before them */
	unsigned words;
	const char *nonce, *hosts, *firmware, *firmware_key, *limits, *expect, *bound, *since;
	const char *html, *name, *output, *secret;
	const char *roots[LIST_MAX + 1], *references[LIST_MAX + 1];
	bool allow_test_tpm, strict, json, replace;
};

/* Of `check --json`: standard output gets one object whatever happens.  The first thing said is the
 * reason when no verdict was reached. */
static char reason[1024];

static void complain(const char *text)
{
	fprintf(stderr, "corbel-verify: %s\n", text);
	if (!reason[0]) {
		snprintf(reason, sizeof(reason), "%s", text);
	}
}

/* Words of the command line may hold anything; a terminal gets them harmless. */
static void say(const char *what, const char *word, const char *end)
{
	char text[512], line[1024];

	text_escape(word, strlen(word), text, sizeof(text));
	snprintf(line, sizeof(line), "%s '%s'%s", what, text, end);
	complain(line);
}

static int wrong(const char *what, const char *word)
{
	say(what, word, " (--help shows the usage)");
	return VERDICT_cannot_judge;
}

/* What was asked for was right, and could not be done: errno says why. */
static int failed(const char *what, const char *word)
{
	int why = errno;
	char end[128];

	snprintf(end, sizeof(end), ": %s", strerror(why ? why : EIO));
	say(what, word, end);
	return VERDICT_cannot_judge;
}

/* Whether all that was printed got out. */
static int printed(int status)
{
	errno = 0;
	return fflush(stdout) == 0 && !ferror(stdout) ? status
						      : failed("cannot write", "standard output");
}

/* ---- the command line --------------------------------------------------------------------- */

/* Exactly one of the pointers is set. */
struct option {
	const char *name;
	const char **value;
	const char **list;
	bool *flag;
};

static bool add_to(const char **list, const char *word)
{
	size_t count = 0;

	while (list[count]) {
		count++;
	}
	if (count == LIST_MAX) {
		return false;
	}
	list[count] = word;
	return true;
}

/* A word without an option: an operand while one is wanted, else one more for the list that the
 * last option began. */
static bool take_word(struct options *o, const char *word, unsigned wanted, const char **list)
{
	if (o->words < wanted) {
		o->word[o->words++] = word;
		return true;
	}
	return list && add_to(list, word);
}

static const struct option *find(const struct option *table, const char *name)
{
	while (table->name && strcmp(table->name, name) != 0) {
		table++;
	}
	return table->name ? table : NULL;
}

static bool parse(int count, char **argument, const struct option *table, unsigned wanted,
		  struct options *o)
{
	const char **list = NULL;

	for (int i = 2; i < count; i++) {
		const struct option *option = find(table, argument[i]);

		if (argument[i][0] != '-') {
			if (!take_word(o, argument[i], wanted, list)) {
				return wrong("unexpected word", argument[i]), false;
			}
		} else if (!option) {
			return wrong("unknown option", argument[i]), false;
		} else if (option->flag) {
			*option->flag = true;
		} else if (i + 1 == count) {
			return wrong("nothing follows", argument[i]), false;
		} else if (option->list) {
			list = option->list;
			if (!add_to(list, argument[++i])) {
				return wrong("too many", argument[i - 1]), false;
			}
		} else if (*option->value) {
			return wrong("given twice:", argument[i]), false;
		} else {
			*option->value = argument[++i];
		}
	}
	if (o->words < wanted) {
		return wrong("a file name is missing after", argument[1]), false;
	}
	return true;
}

/* ---- check -------------------------------------------------------------------------------- */

/* A verdict is on standard output. */
static bool judged;

static bool write_page(const struct verdict *verdict, const char *title, const char *path)
{
	FILE *out;
	bool good = false;

	errno = 0;
	out = fopen(path, "we");
	if (out) {
		verdict_html(verdict, title, out);
		good = !ferror(out);
		good = fclose(out) == 0 && good;
	}
	if (!good) {
		failed("cannot write", path);
	}
	return good;
}

static int judge_files(const struct options *o, const struct verify_inputs *in,
		       const struct evidence *e, const struct bytes *text)
{
	struct verdict verdict = {0};
	int status;

	verify_evidence_name(&verdict, o->word[0], text);
	verify_judge(in, e, &verdict);
	status = (int)verdict.status;
	if (o->html && !write_page(&verdict, o->word[0], o->html)) {
		status = VERDICT_cannot_judge;
	}
	/* one object: a verdict, or why the whole of what was asked for was not done */
	if (!o->json || status == (int)verdict.status) {
		(o->json ? verdict_json : verdict_text)(&verdict, stdout);
		judged = true;
	}
	verdict_free(&verdict);
	return printed(status);
}

static bool is_same(const char *one, const char *other)
{
	return one && files_same(one, other);
}

/* Also what lies beside the profile, and a file under another name. */
static bool is_input(const struct options *o, const char *path)
{
	const char *const file[] = {o->word[0], o->hosts,  o->firmware, o->firmware_key,
				    o->limits,  o->expect, o->bound,    o->since};
	char signature[4096] = "";
	bool found = false;

	for (size_t i = 0; i < sizeof(file) / sizeof(file[0]); i++) {
		found |= is_same(file[i], path);
	}
	for (size_t i = 0; o->roots[i]; i++) {
		found |= is_same(o->roots[i], path);
	}
	for (size_t i = 0; o->references[i]; i++) {
		found |= is_same(o->references[i], path);
	}
	if (o->firmware) {
		snprintf(signature, sizeof(signature), "%s.sig", o->firmware);
	}
	return found || is_same(signature, path);
}

static int check_with(const struct options *o)
{
	struct verify_inputs in = {
		.roots = o->roots,
		.hosts = o->hosts,
		.references = o->references,
		.firmware = o->firmware,
		.firmware_key = o->firmware_key,
		.limits = o->limits,
		.expect = o->expect,
		.bound = o->bound,
		.since = o->since,
		.allow_test_tpm = o->allow_test_tpm,
		.strict = o->strict,
	};
	struct evidence e;
	struct bytes text;
	char error[256];
	int status;

	if (!o->nonce || !hex_decode(o->nonce, in.nonce, CORBEL_NONCE_LEN)) {
		return wrong("--nonce: expected 64 hex digits, found",
			     o->nonce ? o->nonce : "none");
	}
	if (o->bound && !o->expect) {
		return wrong("without --expect there is no report for", "--bound");
	}
	if (o->strict && !o->limits) {
		return wrong("--strict: missing option", "--limits");
	}
	if (o->html && is_input(o, o->html)) {
		return wrong("--html: the page would replace an input,", o->html);
	}
	if (!file_read(o->word[0], EVIDENCE_MAX, &text, error)) {
		complain(error);
		return VERDICT_cannot_judge;
	}
	if (verify_evidence_read(&e, (const char *)text.data, text.length, error)) {
		status = judge_files(o, &in, &e, &text);
		verify_evidence_free(&e);
	} else {
		char name[512], line[1024];

		/* the message begins with "evidence: ", for callers without a file */
		text_escape(o->word[0], strlen(o->word[0]), name, sizeof(name));
		snprintf(line, sizeof(line), "%s: %s", name, strchr(error, ' ') + 1);
		complain(line);
		status = VERDICT_cannot_judge;
	}
	free(text.data);
	return status;
}

static int check(int count, char **argument)
{
	struct options o = {0};
	int status;
	const struct option table[] = {
		{"--nonce", .value = &o.nonce},
		{"--roots", .list = o.roots},
		{"--hosts", .value = &o.hosts},
		{"--reference", .list = o.references},
		{"--firmware", .value = &o.firmware},
		{"--firmware-key", .value = &o.firmware_key},
		{"--limits", .value = &o.limits},
		{"--expect", .value = &o.expect},
		{"--bound", .value = &o.bound},
		{"--since", .value = &o.since},
		{"--allow-test-tpm", .flag = &o.allow_test_tpm},
		{"--strict", .flag = &o.strict},
		{"--json", .flag = &o.json},
		{"--html", .value = &o.html},
		{.name = NULL},
	};

	status = parse(count, argument, table, 1, &o) ? check_with(&o) : VERDICT_cannot_judge;
	for (int i = 2; i < count && !judged; i++) {
		/* also when the words behind it are wrong */
		if (!strcmp(argument[i], "--json")) {
			verdict_json_error(reason, stdout);
			judged = true;
		}
	}
	return printed(status);
}

/* ---- the other verbs ---------------------------------------------------------------------- */

static int enroll_verb(int count, char **argument)
{
	struct options o = {0};
	const struct option table[] = {
		{"--name", .value = &o.name},
		{"--roots", .list = o.roots},
		{"-o", .value = &o.output},
		{"--secret", .value = &o.secret},
		{"--allow-test-tpm", .flag = &o.allow_test_tpm},
		{.name = NULL},
	};
	struct enroll_inputs in;

	if (!parse(count, argument, table, 1, &o)) {
		return VERDICT_cannot_judge;
	}
	if (!o.name) {
		return wrong("missing option", "--name");
	}
	if (!o.output || !o.secret) {
		return wrong("missing option", o.output ? "--secret" : "-o");
	}
	in = (struct enroll_inputs){.name = o.name,
				    .evidence = o.word[0],
				    .challenge = o.output,
				    .pending = o.secret,
				    .roots = o.roots,
				    .allow_test_tpm = o.allow_test_tpm};
	return printed(enroll(&in, stdout));
}

static int admit_verb(int count, char **argument)
{
	struct options o = {0};
	const struct option table[] = {
		{"--hosts", .value = &o.hosts},
		{"--replace", .flag = &o.replace},
		{.name = NULL},
	};

	if (!parse(count, argument, table, 2, &o)) {
		return VERDICT_cannot_judge;
	}
	return o.hosts ? admit(o.hosts, o.word[0], o.word[1], o.replace)
		       : wrong("missing option", "--hosts");
}

static int nonce_verb(int count, char **argument)
{
	uint8_t nonce[CORBEL_NONCE_LEN];
	char text[2 * CORBEL_NONCE_LEN + 1];

	if (count > 2) {
		return wrong("unexpected word", argument[2]);
	}
	if (RAND_bytes(nonce, sizeof(nonce)) != 1) {
		fputs("corbel-verify: no random numbers for a nonce\n", stderr);
		return VERDICT_cannot_judge;
	}
	hex_encode(nonce, sizeof(nonce), text);
	puts(text);
	return printed(0);
}

int verify_command(int count, char **argument)
{
	static const struct {
		const char *name;
		int (*run)(int count, char **argument);
	} verbs[] = {{"check", check},
		     {"enroll", enroll_verb},
		     {"admit", admit_verb},
		     {"nonce", nonce_verb}};

	/* tss2-mu would comment on malformed evidence; the verdict does */
	setenv("TSS2_LOG", "all+none", 0);
	/* Only alone or behind a verb: 0 says trusted, and a file may be called "-h". */
	for (int i = 1; i < count && count <= 3; i++) {
		if (strcmp(argument[i], "--help") == 0 || strcmp(argument[i], "-h") == 0) {
			fputs(usage, stdout);
			return printed(0);
		}
	}
	for (size_t i = 0; count > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(argument[1], verbs[i].name) == 0) {
			return verbs[i].run(count, argument);
		}
	}
	return count > 1 ? wrong("unknown verb", argument[1]) : wrong("no verb", "");
}
