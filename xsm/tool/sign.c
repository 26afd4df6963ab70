/* SPDX-License-Identifier: MIT */
/*
 * Verb sign: the operator's signature on a policy (struct corbel_signed_policy,
 * builder-domain/abi.h).  It signs only what the hypervisor would load: parsed and held against the
 * floor first.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <json-c/json.h>
#include "xsm/tool/check.h"
#include "tools/lib/files.h"
#include "tools/lib/p256.h"
#include "xsm/tool/promises.h"
#include "xsm/tool/words.h"

#define SIGNED_MAX (sizeof(struct corbel_signed_policy) + CORBEL_POLICY_MAX)

/* ---- signing -------------------------------------------------------------------------------- */

static bool read_serial(const char *text, uint64_t *serial)
{
	char *end = NULL;

	if (text == NULL) {
		complain("--serial is missing: a number above that of every policy signed before");
		return false;
	}
	errno = 0;
	*serial = strtoull(text, &end, 10);
	if (strspn(text, "0123456789") != strlen(text) || text[0] == '\0' || errno != 0) {
		complain("--serial %s: expected a decimal number below 2^64", text);
		return false;
	}
	if (*serial == 0) {
		complain("--serial 0: that is the boot policy's; the first signed one is 1");
		return false;
	}
	return true;
}

/* What the hypervisor would say. */
static int refuse(const struct policy *p)
{
	const char *why = NULL;

	if (p->form == POLICY_SIGNED) {
		return complain("%s: is signed already, with serial %llu; sign the blob", p->path,
				(unsigned long long)p->header.serial);
	}
	if (p->size > CORBEL_POLICY_MAX) {
		return complain("%s: %zu bytes, the hypervisor takes %u", p->path, p->size,
				CORBEL_POLICY_MAX);
	}
	if (xsm_floor_check(&p->xsm, &why) != 0) {
		complain("%s: not signed, the hypervisor would refuse it: %s", p->path, why);
		return STATUS_NO;
	}
	return STATUS_YES;
}

static int write_signed(const struct policy *p, const struct p256_key *key,
			struct corbel_signed_policy *header, const char *output)
{
	uint8_t *file = must_alloc(sizeof(*header) + p->size);
	char error[512];
	int ret;

	memcpy(header->magic, CORBEL_SIGNED_MAGIC, sizeof(header->magic));
	header->size = (uint32_t)p->size;
	memcpy(header->digest, p->digest, sizeof(header->digest));
	memcpy(header->key, key->point, sizeof(header->key));
	if (p256_sign(key, header, CORBEL_POLICY_SIGNED, header->signature) != 0) {
		free(file);
		return complain("the key cannot sign");
	}
	memcpy(file, header, sizeof(*header));
	memcpy(file + sizeof(*header), p->blob, p->size);
	ret = files_write(output, file, sizeof(*header) + p->size, error, sizeof(error));
	free(file);
	return ret != 0 ? complain("%s", error) : STATUS_YES;
}

/* A folder is checked as verb check does; a file has no tests. */
static int open_checked(struct policy *p, const char *path, const struct arguments *arguments)
{
	struct findings findings = {0};
	unsigned expected;
	struct stat s;
	int status;

	if (stat(path, &s) != 0 || !S_ISDIR(s.st_mode)) {
		return policy_open(p, path, arguments) ? STATUS_YES : STATUS_BAD;
	}
	if (check_policy(p, path, arguments->base, &findings, &expected)) {
		return STATUS_YES;
	}
	findings_print(&findings, arguments->json);
	status = check_status(&findings);
	findings_free(&findings);
	policy_free(p);
	complain("%s: not signed: `corbel-policy check' objects to it", path);
	return status;
}

/* Whether the policy makes all promises of the one before it. */
static int keeps_promises(const struct policy *p, const char *since,
			  const struct arguments *arguments)
{
	struct findings gone = {0};
	struct policy old;
	int status = STATUS_YES;

	if (since == NULL) {
		return STATUS_YES;
	}
	if (!policy_open(&old, since, arguments)) {
		return STATUS_BAD;
	}
	if (!promises_gone(&old, p, &gone)) {
		status = complain("--since wants two folders: only sources have promises");
	} else if (gone.count > 0) {
		findings_print(&gone, arguments->json);
		complain("%s: not signed: %u expect lines or neverallow rules of %s are gone or "
			 "cover less",
			 p->path, gone.count, since);
		status = STATUS_NO;
	}
	findings_free(&gone);
	policy_free(&old);
	return status;
}

static void print_signed(const struct policy *p, const struct corbel_signed_policy *header,
			 const struct p256_key *key, const char *output, bool json)
{
	struct json_object *o;

	if (p->folder == NULL) {
		fprintf(stderr, "%s: signed as it is; it has no sources, so no tests were run\n",
			p->path);
	}
	if (json) {
		o = json_object_new_object();
		put_text(o, "path", output);
		put_count(o, "serial", header->serial);
		put_count(o, "flags", header->flags);
		put_bool(o, "no_rollback", (header->flags & CORBEL_POLICY_NO_ROLLBACK) != 0);
		put_count(o, "size", header->size);
		put_hex(o, "policy", header->digest, sizeof(header->digest));
		put_hex(o, "key_digest", key->digest, sizeof(key->digest));
		put_bool(o, "tested", p->folder != NULL);
		print_json(o);
	}
}

static int sign(const struct arguments *arguments, const char *path, const char *output)
{
	struct corbel_signed_policy header = {0};
	const char *key_path = argument(arguments, "key");
	struct p256_key key;
	struct policy p;
	char error[512];
	int status;

	if (!read_serial(argument(arguments, "serial"), &header.serial)) {
		return STATUS_BAD;
	}
	if (key_path == NULL || output == NULL) {
		return complain("%s is missing", key_path == NULL ? "--key KEY.pem" : "-o FILE");
	}
	if (argument(arguments, "no-rollback") != NULL) {
		header.flags = CORBEL_POLICY_NO_ROLLBACK;
	}
	status = open_checked(&p, path, arguments);
	if (status != STATUS_YES) {
		return status;
	}
	status = refuse(&p);
	if (status == STATUS_YES) {
		status = keeps_promises(&p, argument(arguments, "since"), arguments);
	}
	if (status == STATUS_YES && p256_load(&key, key_path, true, error, sizeof(error)) != 0) {
		status = complain("%s", error);
	} else if (status == STATUS_YES) {
		status = write_signed(&p, &key, &header, output);
		if (status == STATUS_YES) {
			print_signed(&p, &header, &key, output, arguments->json);
		}
		p256_free(&key);
	}
	policy_free(&p);
	return status;
}

/* ---- showing -------------------------------------------------------------------------------- */

/* Why the builder or the hypervisor would refuse it, or NULL. */
static const char *verify(const struct corbel_signed_policy *header, const void *blob, size_t size)
{
	struct xsm_policy parsed;
	const char *why = NULL;
	uint8_t digest[32];

	if (header->serial == 0) {
		return "the serial is 0";
	}
	if ((header->flags & ~CORBEL_POLICY_NO_ROLLBACK) != 0) {
		return "it has flags that do not exist";
	}
	if (header->size != size) {
		return "the blob has another size than was signed";
	}
	p256_sha256(blob, size, digest);
	if (memcmp(digest, header->digest, sizeof(digest)) != 0) {
		return "the blob is another than was signed";
	}
	if (!p256_verify(header->key, header, CORBEL_POLICY_SIGNED, header->signature)) {
		return "the signature is not of this key over this header";
	}
	return xsm_policy_parse(&parsed, blob, size, &why) != 0 ||
			       xsm_floor_check(&parsed, &why) != 0
		       ? why
		       : NULL;
}

static const char *flags_word(uint32_t flags)
{
	if (flags == 0) {
		return "none";
	}
	return (flags & CORBEL_POLICY_NO_ROLLBACK) != 0 ? "no-rollback" : "unknown";
}

static void print_show(const struct corbel_signed_policy *header, const char *finding, bool json)
{
	bool no_rollback = (header->flags & CORBEL_POLICY_NO_ROLLBACK) != 0;
	struct json_object *o;
	uint8_t key[32];
	char text[65];

	p256_digest(header->key, key);
	if (json) {
		o = json_object_new_object();
		put_count(o, "serial", header->serial);
		put_count(o, "flags", header->flags);
		put_bool(o, "no_rollback", no_rollback);
		put_count(o, "size", header->size);
		put_hex(o, "policy", header->digest, sizeof(header->digest));
		put_hex(o, "key_digest", key, sizeof(key));
		put_bool(o, "verified", finding == NULL);
		if (finding != NULL) {
			put_text(o, "finding", finding);
		}
		print_json(o);
		return;
	}
	printf("serial      %llu\n", (unsigned long long)header->serial);
	printf("flags       %s\n", flags_word(header->flags));
	p256_hex(header->digest, sizeof(header->digest), text);
	printf("policy      %s  (%u bytes)\n", text, header->size);
	p256_hex(key, sizeof(key), text);
	printf("key         %s\n", text);
	printf("verdict     %s\n",
	       finding != NULL ? finding : "signed by this key, and the hypervisor would load it");
}

static int show(const char *path, bool json)
{
	struct corbel_signed_policy header;
	const char *finding;
	char error[512];
	size_t size = 0;
	uint8_t *bytes = files_read(path, SIGNED_MAX, &size, error, sizeof(error));
	void *blob;

	if (bytes == NULL) {
		return complain("%s", error);
	}
	if (size < sizeof(header) || memcmp(bytes, CORBEL_SIGNED_MAGIC, 8) != 0) {
		free(bytes);
		return complain("%s: not a signed policy (expected %s and at least %zu bytes)",
				path, CORBEL_SIGNED_MAGIC, sizeof(header));
	}
	memcpy(&header, bytes, sizeof(header));
	blob = must_alloc(size - sizeof(header)); /* aligned, as the parser wants it */
	memcpy(blob, bytes + sizeof(header), size - sizeof(header));
	finding = verify(&header, blob, size - sizeof(header));
	print_show(&header, finding, json);
	free(blob);
	free(bytes);
	return finding != NULL ? STATUS_NO : STATUS_YES;
}

static int key_digest(const char *path, bool json)
{
	struct p256_key key;
	char error[512], text[65];
	struct json_object *o;

	if (p256_load(&key, path, false, error, sizeof(error)) != 0) {
		return complain("%s", error);
	}
	if (json) {
		o = json_object_new_object();
		put_hex(o, "key_digest", key.digest, sizeof(key.digest));
		print_json(o);
	} else {
		p256_hex(key.digest, sizeof(key.digest), text);
		puts(text);
	}
	p256_free(&key);
	return STATUS_YES;
}

static int run(const struct arguments *arguments)
{
	const char *shown = argument(arguments, "show");
	const char *digest_of = argument(arguments, "key-digest");
	bool signing =
		argument(arguments, "key") != NULL || argument(arguments, "serial") != NULL ||
		argument(arguments, "no-rollback") != NULL || argument(arguments, "since") != NULL;
	const char *output = argument(arguments, "o");

	if (shown != NULL || digest_of != NULL) {
		if ((shown != NULL && digest_of != NULL) || arguments->words != 0 ||
		    output != NULL || signing) {
			return complain("--show FILE and --key-digest KEY.pem stand alone");
		}
		return shown != NULL ? show(shown, arguments->json)
				     : key_digest(digest_of, arguments->json);
	}
	if (arguments->words != 1) {
		return complain("sign wants one policy; see corbel-policy sign --help");
	}
	return sign(arguments, arguments->word[0], output);
}

static const struct flag flags[] = {
	{"key", "KEY.pem", "the operator's private key: ECDSA on P-256"},
	{"serial", "N", "1 or more; a host loads only what is above the serial in force"},
	{"no-rollback", NULL, "in force for good at once, without waiting for a confirmation"},
	{"since", "OLD",
	 "do not sign if an expect line or neverallow rule of that folder is gone or weaker"},
	{"o", "FILE", "where the signed policy goes"},
	{"show", "FILE", "print a signed policy's header and verify it"},
	{"key-digest", "KEY.pem", "print what the hypervisor's option policy-key= wants"},
	{NULL, NULL, NULL},
};

const struct verb verb_sign = {
	.name = "sign",
	.summary = "sign a policy for a live host, or look at a signed one",
	.synopsis =
		"POLICY --key KEY.pem --serial N [--no-rollback] [--since OLD] -o FILE | --show FILE | "
		"--key-digest KEY.pem",
	.help = "Signs what `corbel policy load` loads.  A folder that `corbel-policy check` objects to is\n"
		"not signed.  A blob or policydb has no tests to run; it is held against the\n"
		"hypervisor's parser and floor and signed as it is.  The host knows the key by a digest, given at boot as\n"
		"policy-key=DIGEST (two, with a comma, while keys change over).\n"
		"\n"
		"Exit status: 0 signed, or verified; 1 the hypervisor would refuse the policy, or the\n"
		"signature does not hold; 2 bad use or bad input.\n"
		"\n"
		"Example:\n"
		"  openssl ecparam -name prime256v1 -genkey -noout -out operator.pem\n"
		"  corbel-policy sign --key-digest operator.pem\n"
		"  corbel-policy sign my-site/ --key operator.pem --serial 7 -o my-site.signed\n"
		"  corbel-policy sign --show my-site.signed",
	.min_words = 0,
	.max_words = 1,
	.flags = flags,
	.run = run,
};
