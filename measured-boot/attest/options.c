/* SPDX-License-Identifier: MIT */
/*
 * corbel-attest: the command line.  Run by `corbel attest', which turns names of domains into
 * numbers.  Exit status: 0 done, 1 it failed, 2 wrong use.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "measured-boot/attest/attest.h"
#include "tools/lib/hex.h"
#include "tools/corbel/launchlog.h"
#include "tools/lib/files.h"

static const char usage_text[] =
	"usage: corbel attest --nonce HEX [--domain DOMAIN]... [--since SIZE] -o FILE\n"
	"       corbel attest --request NONCE:DOMAIN:FILE... [--since SIZE]\n"
	"       corbel attest --enroll -o FILE\n"
	"       corbel attest --activate FILE\n"
	"\n"
	"  --nonce HEX     the verifier's 32 bytes\n"
	"  --domain DOMAIN also the records of this domain\n"
	"  --since SIZE    also a proof that the log of SIZE records was continued\n"
	"  -o FILE         where it goes; - is stdout\n"
	"  --request ...   one quote for several verifiers; DOMAIN may be empty\n"
	"  --enroll        what a verifier needs to enrol this host\n"
	"  --activate FILE the answer to his challenge\n"
	"  --tcti TCTI     how to reach the TPM, usually device:/dev/tpmrm0\n"
	"  --store FOLDER  where the launch log is, usually /var/lib/corbel/launchlog\n";

enum {
	OPTION_nonce = 256,
	OPTION_domain,
	OPTION_since,
	OPTION_tcti,
	OPTION_request,
	OPTION_enroll,
	OPTION_activate,
	OPTION_store
};

static const struct option longs[] = {
	{"nonce", required_argument, NULL, OPTION_nonce},
	{"domain", required_argument, NULL, OPTION_domain},
	{"since", required_argument, NULL, OPTION_since},
	{"tcti", required_argument, NULL, OPTION_tcti},
	{"request", required_argument, NULL, OPTION_request},
	{"enroll", no_argument, NULL, OPTION_enroll},
	{"activate", required_argument, NULL, OPTION_activate},
	{"store", required_argument, NULL, OPTION_store},
	{"output", required_argument, NULL, 'o'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* The single form and the batch form share the table of requests: the single one is its first. */
struct line {
	struct options options;
	struct request single;
	bool has_nonce, has_single; /* --nonce; any of --nonce --domain -o */
};

static bool refuse(const char *option, const char *value, const char *expected)
{
	attest_error("%s %s: expected %s", option, value, expected);
	return false;
}

static bool read_number(const char *text, uint64_t max, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	/* What it takes before digits, blanks and signs, comes before them in ASCII, too. */
	return text[0] >= '0' && !errno && *end == '\0' && *out <= max;
}

static bool add_domain(struct request *request, const char *text)
{
	uint64_t number;

	if (!read_number(text, CORBEL_LOG_NONE - 1, &number)) {
		return refuse("--domain", text,
			      "a domain's number (`corbel attest' takes names too)");
	}
	if (request->domids == ATTEST_DOMAINS_MAX) {
		return refuse("--domain", text, "no more than 256 domains");
	}
	request->domid[request->domids++] = (uint16_t)number;
	return true;
}

static bool add_request(struct options *options, char *text)
{
	static const char expected[] = "NONCE:DOMAIN:FILE, NONCE of 64 hex digits";
	char *domain = strchr(text, ':');
	char *file = domain ? strchr(domain + 1, ':') : NULL;
	struct request *request;

	if (!file || !file[1]) {
		return refuse("--request", text, expected);
	}
	if (options->requests == ATTEST_REQUESTS_MAX) {
		return refuse("--request", text, "no more than 1024 requests");
	}
	request = &options->request[options->requests++];
	*domain++ = '\0';
	*file++ = '\0';
	for (size_t i = 0; i + 1 < options->requests; i++) {
		if (strcmp(file, "-") && files_same(options->request[i].output, file)) {
			attest_error("--request: two verifiers' evidence would go to %s", file);
			return false;
		}
	}
	request->output = file;
	if (!hex_decode(text, request->nonce, CORBEL_NONCE_LEN)) {
		return refuse("--request", text, expected);
	}
	return !*domain || add_domain(request, domain);
}

/* A store that is made here would look like one that has lost all its records. */
static bool is_folder(const char *path)
{
	struct stat status;

	if (stat(path, &status)) {
		attest_error("--store %s: %s", path,
			     errno == ENOENT ? "the folder does not exist" : strerror(errno));
		return false;
	}
	return S_ISDIR(status.st_mode) || refuse("--store", path, "a folder");
}

static bool take(struct line *line, int option, char *value)
{
	struct options *options = &line->options;

	switch (option) {
	case OPTION_nonce:
		line->has_nonce = line->has_single = true;
		return hex_decode(value, line->single.nonce, CORBEL_NONCE_LEN) ||
		       refuse("--nonce", value, "64 hex digits");
	case OPTION_domain:
		line->has_single = true;
		return add_domain(&line->single, value);
	case 'o':
		line->has_single = true;
		line->single.output = value;
		return true;
	case OPTION_since:
		return (read_number(value, UINT64_MAX, &options->since) && options->since) ||
		       refuse("--since", value, "the number of records of an older log");
	case OPTION_tcti:
		options->tcti = value;
		return true;
	case OPTION_request:
		return add_request(options, value);
	case OPTION_enroll:
		options->enrol = true;
		return true;
	case OPTION_activate:
		options->activate = value;
		return true;
	case OPTION_store:
		launchlog_root = value;
		return is_folder(value);
	default:
		return false;
	}
}

static bool wrong(const char *what)
{
	attest_error("%s", what);
	return false;
}

/* Exactly one of the four forms of the usage text, whole. */
static bool check(struct line *line)
{
	struct options *options = &line->options;
	int forms = (line->has_nonce || line->single.domids) + (options->requests > 0) +
		    options->enrol + (options->activate != NULL);

	if (forms != 1) {
		return wrong(
			"expected one of --nonce, --request, --enroll and --activate; --help says "
			"more");
	}
	if (options->requests) {
		options->batch = true;
		return !line->has_single ||
		       wrong("-o does not go with --request, which names the file");
	}
	if (options->activate) {
		return (!line->has_single && !options->since) ||
		       wrong("--activate takes no other option but --tcti and --store");
	}
	if (!line->single.output) {
		return wrong("-o FILE is missing");
	}
	if (options->enrol && options->since) {
		return wrong("--since does not go with --enroll");
	}
	if (!options->enrol && !line->has_nonce) {
		return wrong("--nonce HEX is missing");
	}
	options->request[options->requests++] = line->single;
	return true;
}

int attest_main(int argc, char **argv)
{
	static struct line line;
	struct options *options = &line.options;
	bool good = true;
	int option, ret;

	memset(&line, 0, sizeof(line));
	options->tcti = "device:/dev/tpmrm0";
	options->request = attest_alloc((ATTEST_REQUESTS_MAX + 1) * sizeof(*options->request));
	while (good && (option = getopt_long(argc, argv, "o:h", longs, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage_text, stdout);
			free(options->request);
			return ATTEST_OK;
		}
		good = take(&line, option, optarg);
	}
	if (good && optind < argc) {
		attest_error("`%s' is too much", argv[optind]);
		good = false;
	}
	if (!good || !check(&line)) {
		free(options->request);
		return ATTEST_USAGE;
	}
	if (options->enrol) {
		ret = enrol_make(options);
	} else if (options->activate) {
		ret = enrol_activate(options);
	} else {
		ret = evidence_make(options);
	}
	free(options->request);
	return ret;
}
