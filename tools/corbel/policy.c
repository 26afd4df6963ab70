/* SPDX-License-Identifier: MIT */
/*
 * Verb policy: what is in force, what it has decided so far, and the word that keeps a new one or
 * takes it back.  Loading is in policy_load.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measured-boot/shared/sha2.h"
#include "tools/corbel/corbel.h"
#include "tools/corbel/facts.h"
#include "tools/corbel/force.h"
#include "tools/corbel/json.h"
#include "tools/corbel/names.h"
#include "tools/corbel/policy.h"

int policy_usage(void)
{
	return verb_usage("policy", 0);
}

void hex_digest(const uint8_t digest[CORBEL_DIGEST_LEN], char text[HEX_DIGEST])
{
	for (int i = 0; i < CORBEL_DIGEST_LEN; i++) {
		sprintf(text + 2 * i, "%02x", digest[i]);
	}
}

void policy_key_digest(const uint8_t key[64], uint8_t digest[CORBEL_DIGEST_LEN])
{
	uint8_t point[65] = {0x04};

	memcpy(point + 1, key, 64);
	sha256(point, sizeof(point), digest);
}

/* Only --json, where it is known, and no further word; false when something else was given. */
static bool parse(int argc, char **argv, bool *json)
{
	static const struct option with_json[] = {{"json", no_argument, NULL, 'J'},
						  {NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "", json ? with_json : with_json + 1, NULL)) !=
	       -1) {
		if (option != 'J' || !json) {
			return false;
		}
		*json = true;
	}
	if (optind < argc) {
		tool_error(0, "policy %s: `%s' is too much", argv[0], argv[optind]);
		return false;
	}
	return true;
}

/* ---- confirm, rollback --------------------------------------------------------------------- */

int policy_decide(bool keep)
{
	struct corbel_policy_confirm confirm = {.keep = keep};

	return host_corbel(CORBEL_OP_policy_confirm, &confirm, sizeof(confirm));
}

static int decide(int argc, char **argv, bool keep)
{
	struct corbel_policy_info info;
	char digest[HEX_DIGEST];
	int ret;

	if (!parse(argc, argv, NULL)) {
		return policy_usage();
	}
	ret = policy_decide(keep);
	if (ret == -ENOENT) {
		return tool_error(0, "no policy waits for its confirmation");
	}
	if (ret < 0) {
		return tool_call_error(ret, CALL_CORBEL(CORBEL_OP_policy_confirm), "cannot %s",
				       keep ? "confirm the policy" : "roll the policy back");
	}
	if (force_info(&info) < 0) {
		printf("%s\n", keep ? "the new policy stays" : "the policy before is in force");
		return EXIT_OK;
	}
	hex_digest(info.digest, digest);
	printf("policy %s, serial %llu, %s\n", digest, (unsigned long long)info.serial,
	       keep ? "stays in force" : "is in force again");
	return EXIT_OK;
}

static int policy_confirm(int argc, char **argv)
{
	return decide(argc, argv, true);
}

static int policy_rollback(int argc, char **argv)
{
	return decide(argc, argv, false);
}

/* ---- show, dump ---------------------------------------------------------------------------- */

static void fact_keys(struct facts *facts, const struct corbel_policy_info *info)
{
	static const uint8_t none[CORBEL_DIGEST_LEN];
	char text[2 * HEX_DIGEST] = "", digest[HEX_DIGEST];

	for (int i = 0; i < 2; i++) {
		if (memcmp(info->key[i], none, sizeof(none)) != 0) {
			hex_digest(info->key[i], digest);
			sprintf(text + strlen(text), "%s%s", text[0] ? " " : "", digest);
		}
	}
	fact_words(facts, "keys", text);
}

static int policy_show(int argc, char **argv)
{
	struct corbel_policy_info info;
	struct facts facts = {0};
	bool json = false;
	int ret;

	if (!parse(argc, argv, &json)) {
		return policy_usage();
	}
	ret = force_info(&info);
	if (ret < 0) {
		return tool_call_error(ret, CALL_CORBEL(CORBEL_OP_policy_info),
				       "cannot ask for the policy in force");
	}
	fact_hex(&facts, "digest", info.digest, sizeof(info.digest));
	fact_number(&facts, "serial", (long long)info.serial);
	fact_bool(&facts, "boot_policy", !memcmp(info.digest, info.boot, sizeof(info.boot)));
	fact_hex(&facts, "boot_digest", info.boot, sizeof(info.boot));
	fact_number(&facts, "size", info.size);
	fact_number(&facts, "contexts", info.contexts);
	fact_bool(&facts, "waits", info.seconds_left);
	fact_number(&facts, "seconds_left", info.seconds_left);
	fact_number(&facts, "previous_serial", (long long)info.previous);
	fact_number(&facts, "switches", info.switches);
	fact_keys(&facts, &info);
	facts_print(&facts, NULL, json);
	return EXIT_OK;
}

static int write_blob(const struct force *force, const char *path)
{
	bool to_stdout = !strcmp(path, "-");
	FILE *out = to_stdout ? stdout : fopen(path, "we");
	bool good;

	if (!out) {
		return tool_error(errno, "cannot write %s", path);
	}
	good = fwrite(force->blob, 1, force->info.size, out) == force->info.size && !fflush(out);
	if (!good) {
		tool_error(errno, "cannot write %s", path);
	}
	if (!to_stdout && fclose(out) && good) {
		tool_error(errno, "cannot write %s", path);
		good = false;
	}
	return good ? EXIT_OK : EXIT_ERROR;
}

static int policy_dump(int argc, char **argv)
{
	struct force force = {0};
	const char *path = NULL;
	char why[FORCE_WHY];
	int option, code;

	while ((option = getopt(argc, argv, "o:")) != -1) {
		if (option != 'o') {
			return policy_usage();
		}
		path = optarg;
	}
	if (!path || optind < argc) {
		tool_error(0, "policy dump: needs -o FILE%s", path ? " and nothing else" : "");
		return policy_usage();
	}
	if (!strcmp(path, "-") && isatty(STDOUT_FILENO)) {
		return tool_error(0, "a policy is binary: redirect it to a file");
	}
	if (force_load(&force, why)) {
		return tool_error(0, "%s", why);
	}
	code = write_blob(&force, path);
	force_free(&force);
	return code;
}

/* ---- counters ------------------------------------------------------------------------------ */

static void print_counter(const struct force *force, size_t at,
			  const struct corbel_policy_counter *counter, struct json *json)
{
	const char *context =
		force_context(&force->policy, (unsigned)(at / 32 / CORBEL_COUNTER_CLASSES));
	char permission[64];

	permission_name((unsigned)(at / 32 % CORBEL_COUNTER_CLASSES), (unsigned)(at % 32),
			permission, sizeof(permission));
	if (!json) {
		printf("%-40s %-24s %12llu %12llu\n", context, permission,
		       (unsigned long long)counter->allowed, (unsigned long long)counter->denied);
		return;
	}
	json_open_map(json, NULL);
	json_text(json, "context", context);
	json_text(json, "permission", permission);
	json_number(json, "allowed", (long long)counter->allowed);
	json_number(json, "denied", (long long)counter->denied);
	json_close_map(json);
}

static int print_counters(struct force *force, bool as_json)
{
	struct corbel_policy_counter *counters = NULL;
	struct json *json = NULL;
	char why[FORCE_WHY];
	int error = -EAGAIN;

	for (int i = 0; i < 3 && error == -EAGAIN; i++) { /* not torn by a switch */
		error = force_load(force, why);
		if (!error) {
			counters = force_counters(force, &error, why);
		}
	}
	if (!counters) {
		return tool_error(0, "%s", why);
	}
	if (as_json) {
		json = json_new(true);
		json_open_array(json, NULL);
	} else {
		printf("%-40s %-24s %12s %12s\n", "Security Label", "Permission", "Allowed",
		       "Denied");
	}
	for (size_t i = 0; i < FORCE_COUNTERS(force->policy.contexts); i++) {
		if (counters[i].allowed || counters[i].denied) {
			print_counter(force, i, &counters[i], json);
		}
	}
	if (json) {
		json_close_array(json);
		json_print(json);
	}
	free(counters);
	return EXIT_OK;
}

static int policy_counters(int argc, char **argv)
{
	struct force force = {0};
	bool json = false;
	int code;

	if (!parse(argc, argv, &json)) {
		return policy_usage();
	}
	code = print_counters(&force, json);
	force_free(&force);
	return code;
}

/* ---- the verb ------------------------------------------------------------------------------ */

int verb_policy(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} words[] = {
		{"load", policy_load}, {"confirm", policy_confirm}, {"rollback", policy_rollback},
		{"show", policy_show}, {"dump", policy_dump},       {"counters", policy_counters},
	};

	if (argc < 2) {
		return verb_usage("policy", 1);
	}
	if (argc > 2 && (!strcmp(argv[2], "-h") || !strcmp(argv[2], "--help"))) {
		verb_help(verb_find("policy"));
		return EXIT_OK;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcmp(argv[1], words[i].name)) {
			return words[i].run(argc - 1, argv + 1);
		}
	}
	tool_error(0, "policy: `%s' is neither load, confirm, rollback, show, dump nor counters",
		   argv[1]);
	return policy_usage();
}
