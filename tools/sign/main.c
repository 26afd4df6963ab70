/* SPDX-License-Identifier: MIT */
/*
 * corbel-sign: an owner says with a signature which domain may be started in his name.  Owns the
 * command line only; see manifest.h.  Runs where the owner's key is, never on the host that starts
 * the domain.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/corbel/config.h"
#include "tools/corbel/guest.h"
#include "tools/corbel/json.h"
#include "tools/sign/manifest.h"
#include "tools/lib/files.h"

enum { STATUS_yes, STATUS_no, STATUS_bad };

struct options {
	const char *key, *output, *config, *show, *digest_of;
	bool output_from_config;
	struct manifest_input input;
	bool json, has_min_policy, has_min_builder;
};

static const char usage[] =
	"usage: corbel-sign --key OWNER.pem --config DOMAIN.cfg [KEY=VALUE...] [-o MANIFEST]\n"
	"                   [--min-policy SERIAL] [--min-builder VERSION]\n"
	"       corbel-sign --key OWNER.pem --kernel FILE [--initrd FILE] --cmdline TEXT\n"
	"                   --label USER:ROLE:TYPE -o MANIFEST\n"
	"                   [--min-policy SERIAL] [--min-builder VERSION]\n"
	"       corbel-sign --show MANIFEST [--config DOMAIN.cfg] [--json]\n"
	"       corbel-sign --key-digest KEY.pem [--json]\n";

static const char help[] =
	"\n"
	"Signs what may be launched in an owner's name: kernel, initrd, command line and label.\n"
	"The key is ECDSA on P-256.  With --config they are read as `corbel create` reads them, and\n"
	"the manifest goes to the file that owner_manifest= names unless -o is given; a file outside\n"
	"the current folder is only written with -o.  Paths that are the host's are overridden by words\n"
	"like 'kernel=\"vmlinuz\"'.  --min-policy and --min-builder say on which hosts: whose policy in\n"
	"force has this serial or a higher one (`corbel policy show`), and whose builder has this\n"
	"security version or a higher one (hypervisor/abi/log.h); 0, or neither: on any.  --show prints a manifest and verifies it, with --config against\n"
	"that domain too.  --key-digest prints by what the owner is known on a host (`corbel launch`\n"
	"shows it).\n"
	"\n"
	"Exit status: 0 signed or verified; 1 the signature, or the domain, is another; 2 bad use or\n"
	"bad input.\n"
	"\n"
	"Example:\n"
	"  openssl ecparam -name prime256v1 -genkey -noout -out owner.pem\n"
	"  corbel-sign --key owner.pem --config shop.cfg -o shop.manifest\n"
	"  corbel-sign --show shop.manifest\n";

static int bad(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int bad(const char *format, ...)
{
	va_list arguments;

	fputs("corbel-sign: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return STATUS_bad;
}

/* ---- the domain's configuration ------------------------------------------------------------- */

static int read_config(struct options *options, int count, char **extra)
{
	static struct guest guest;
	struct config config;
	int ret;

	config_init(&config);
	ret = config_parse_file(&config, options->config);
	for (int i = 0; i < count && !ret; i++) {
		ret = config_parse(&config, "command line", extra[i], strlen(extra[i]));
	}
	if (!ret) {
		ret = guest_from_config(&guest, &config, stderr);
	}
	if (ret) {
		bad("%s", config.error);
	}
	options->input.kernel = guest.kernel;
	options->input.initrd = guest.ramdisk;
	options->input.cmdline = guest.request.cmdline;
	options->input.label = guest.request.label;
	if (!options->output && !options->show) {
		options->output = guest.owner_manifest;
		options->output_from_config = true;
	}
	config_free(&config);
	return ret ? STATUS_bad : STATUS_yes;
}

/* A configuration is written for the host where the domain runs: its paths are that machine's. */
static int bad_input(const struct options *options, const char *error)
{
	const char *const paths[] = {options->input.kernel, options->input.initrd};
	const char *const keys[] = {"kernel", "ramdisk"};

	bad("%s", error);
	for (int i = 0; i < 2 && options->config; i++) {
		if (paths[i] && paths[i][0] && access(paths[i], F_OK)) {
			fprintf(stderr,
				"corbel-sign: where the file lies on this machine is said by a word "
				"behind the configuration: '%s=\"%s\"'\n",
				keys[i],
				strrchr(paths[i], '/') ? strrchr(paths[i], '/') + 1 : paths[i]);
		}
	}
	return STATUS_bad;
}

/* Is the file's folder the current one, or below? */
static bool is_here(const char *path)
{
	char *copy = strdup(path), *folder = NULL, *here = realpath(".", NULL);
	size_t length = here ? strlen(here) : 0;
	bool inside;

	if (copy) {
		folder = realpath(dirname(copy), NULL);
	}
	inside = folder && here && !strncmp(folder, here, length) &&
		 (!folder[length] || folder[length] == '/' || length == 1);
	free(copy);
	free(folder);
	free(here);
	return inside;
}

/* ---- what the program does ------------------------------------------------------------------- */

static int sign(const struct options *options)
{
	struct corbel_owner_manifest manifest;
	struct p256_key key;
	char error[512];
	int ret;

	if (!options->output || !options->output[0]) {
		return bad("no output: give -o FILE, or owner_manifest= in the configuration");
	}
	if (options->output_from_config && !is_here(options->output)) {
		return bad("owner_manifest=%s is outside the current folder: it names the file's "
			   "place on the host; say with -o FILE where to write it here",
			   options->output);
	}
	if (p256_load(&key, options->key, true, error, sizeof(error))) {
		return bad("%s", error);
	}
	ret = manifest_make(&manifest, &options->input, &key, error, sizeof(error));
	p256_free(&key);
	if (ret) {
		return bad_input(options, error);
	}
	if (files_write(options->output, &manifest, sizeof(manifest), error, sizeof(error))) {
		return bad("%s", error);
	}
	return STATUS_yes;
}

static void print_text(const struct corbel_owner_manifest *manifest, const uint8_t owner[32],
		       const char *finding)
{
	const struct {
		const char *name;
		const uint8_t *digest;
	} rows[] = {{"owner", owner},
		    {"kernel", manifest->kernel},
		    {"initrd", manifest->initrd},
		    {"cmdline", manifest->cmdline}};
	uint8_t nothing[32];
	char text[65];

	p256_sha256("", 0, nothing);
	printf("%-10s %s\n", "label", manifest->label);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		p256_hex(rows[i].digest, 32, text);
		printf("%-10s %s%s\n", rows[i].name, text,
		       memcmp(rows[i].digest, nothing, 32) ? "" : "  (of no bytes)");
	}
	printf("%-10s %" PRIu64 "%s\n", "policy", manifest->min_policy,
	       manifest->min_policy ? " or later" : "  (any)");
	printf("%-10s %u%s\n", "builder", manifest->min_builder,
	       manifest->min_builder ? " or later" : "  (any)");
	printf("%-10s %s\n", "verdict", finding ? finding : "signed by this owner");
}

static void print_json(const struct corbel_owner_manifest *manifest, const uint8_t owner[32],
		       const char *finding)
{
	struct json *json = json_new(true);

	json_open_map(json, NULL);
	json_text(json, "label", manifest->label);
	json_hex(json, "owner", owner, 32);
	json_hex(json, "kernel", manifest->kernel, 32);
	json_hex(json, "initrd", manifest->initrd, 32);
	json_hex(json, "cmdline", manifest->cmdline, 32);
	json_number(json, "min_policy", (long long)manifest->min_policy);
	json_number(json, "min_builder", manifest->min_builder);
	json_bool(json, "verified", !finding);
	if (finding) {
		json_text(json, "finding", finding);
	}
	json_close_map(json);
	json_print(json);
}

static int show(const struct options *options)
{
	struct corbel_owner_manifest manifest;
	const char *finding = NULL;
	char error[512] = "";
	uint8_t owner[32];

	if (manifest_read(&manifest, options->show, error, sizeof(error))) {
		return bad("%s", error);
	}
	p256_digest(manifest.key, owner);
	if (!p256_verify(manifest.key, &manifest, CORBEL_OWNER_SIGNED, manifest.signature)) {
		finding = "the signature is not of this key over these fields";
	} else if (options->config) {
		finding = manifest_compare(&manifest, &options->input, error, sizeof(error));
		if (finding == error) {
			return bad_input(options, error);
		}
	}
	(options->json ? print_json : print_text)(&manifest, owner, finding);
	return finding ? STATUS_no : STATUS_yes;
}

static int key_digest(const struct options *options)
{
	struct p256_key key;
	char error[512], text[65];
	struct json *json;

	if (p256_load(&key, options->digest_of, false, error, sizeof(error))) {
		return bad("%s", error);
	}
	if (options->json) {
		json = json_new(true);
		json_open_map(json, NULL);
		json_hex(json, "key_digest", key.digest, sizeof(key.digest));
		json_close_map(json);
		json_print(json);
	} else {
		p256_hex(key.digest, sizeof(key.digest), text);
		puts(text);
	}
	p256_free(&key);
	return STATUS_yes;
}

/* ---- options --------------------------------------------------------------------------------- */

/* A decimal number in [0, most]. */
static bool take_number(const char *name, uint64_t most, bool *given, uint64_t *number)
{
	char *end;

	if (*given) {
		bad("an option is given twice: `%s'", optarg);
		return false;
	}
	*given = true;
	errno = 0;
	*number = strtoull(optarg, &end, 10);
	if (optarg[0] < '0' || optarg[0] > '9' || *end || errno || *number > most) {
		bad("%s `%s': expected a number, 0 to %" PRIu64, name, optarg, most);
		return false;
	}
	return true;
}

static bool take_minimum(struct options *options, int option)
{
	uint64_t number;

	if (option == 'P') {
		return take_number("--min-policy", INT64_MAX, &options->has_min_policy,
				   &options->input.min_policy);
	}
	if (!take_number("--min-builder", UINT32_MAX, &options->has_min_builder, &number)) {
		return false;
	}
	options->input.min_builder = (uint32_t)number;
	return true;
}

static const char **slot_of(struct options *options, int option)
{
	switch (option) {
	case 'k':
		return &options->key;
	case 'o':
		return &options->output;
	case 'c':
		return &options->config;
	case 's':
		return &options->show;
	case 'd':
		return &options->digest_of;
	case 'K':
		return &options->input.kernel;
	case 'I':
		return &options->input.initrd;
	case 'C':
		return &options->input.cmdline;
	case 'L':
		return &options->input.label;
	default:
		return NULL;
	}
}

static bool take_option(struct options *options, int option)
{
	const char **slot = slot_of(options, option);

	if (option == 'j') {
		options->json = true;
		return true;
	}
	if (option == 'P' || option == 'B') {
		return take_minimum(options, option);
	}
	if (!slot) {
		return false; /* getopt has said what */
	}
	if (*slot) {
		bad("an option is given twice: `%s'", optarg);
		return false;
	}
	*slot = optarg;
	return true;
}

static const char *missing(const struct options *options)
{
	const struct manifest_input *input = &options->input;
	bool given = input->kernel || input->initrd || input->cmdline || input->label;
	bool minimum = options->has_min_policy || options->has_min_builder;

	if (options->show || options->digest_of) {
		return options->key || options->output || given || minimum ||
				       (options->show && options->digest_of)
			       ? "--show and --key-digest stand alone"
			       : NULL;
	}
	if (!options->key) {
		return "--key is missing";
	}
	if (options->config) {
		return given ? "--config says kernel, initrd, command line and label already"
			     : NULL;
	}
	if (!input->kernel) {
		return "--kernel is missing (or --config)";
	}
	if (!input->cmdline) {
		return "--cmdline is missing; --cmdline '' signs an empty one";
	}
	return input->label ? NULL : "--label is missing";
}

static int run(struct options *options, int count, char **extra)
{
	const char *what = missing(options);

	if (!what && count > 0 && !options->config) {
		what = "KEY=VALUE goes with --config only";
	}
	if (what) {
		bad("%s", what);
		fputs(usage, stderr);
		return STATUS_bad;
	}
	if (options->digest_of) {
		return key_digest(options);
	}
	if (options->config && read_config(options, count, extra) != STATUS_yes) {
		return STATUS_bad;
	}
	return options->show ? show(options) : sign(options);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{"key", required_argument, NULL, 'k'},
		{"kernel", required_argument, NULL, 'K'},
		{"initrd", required_argument, NULL, 'I'},
		{"cmdline", required_argument, NULL, 'C'},
		{"label", required_argument, NULL, 'L'},
		{"min-policy", required_argument, NULL, 'P'},
		{"min-builder", required_argument, NULL, 'B'},
		{"output", required_argument, NULL, 'o'},
		{"config", required_argument, NULL, 'c'},
		{"show", required_argument, NULL, 's'},
		{"key-digest", required_argument, NULL, 'd'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct options options = {0};
	int option;

	while ((option = getopt_long(argc, argv, "o:", longs, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			fputs(help, stdout);
			return STATUS_yes;
		}
		if (!take_option(&options, option)) {
			fputs(usage, stderr);
			return STATUS_bad;
		}
	}
	return run(&options, argc - optind, argv + optind);
}
