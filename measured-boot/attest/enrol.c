/* SPDX-License-Identifier: MIT */
/*
 * Enrolment: what a verifier needs to know this host by, and the answer to his challenge, which
 * only the TPM with that EK can give, and only if the AK lies in it.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measured-boot/attest/attest.h"
#include "tools/lib/hex.h"
#include "measured-boot/verify/json.h"

static struct tpm tpm;
static struct identity identity;

static int open_key(const struct options *options)
{
	int ret = tpm_open(&tpm, options->tcti);

	if (!ret) {
		ret = key_ready(&tpm, &identity);
		if (ret) {
			tpm_close(&tpm);
		}
	}
	return ret;
}

int enrol_make(const struct options *options)
{
	struct json_object *root;
	static struct blob ek;
	int ret = open_key(options);

	if (ret) {
		return ret;
	}
	ret = key_ek_public(&tpm, &ek);
	tpm_close(&tpm);
	if (ret) {
		return ret;
	}
	root = json_object_new_object();
	output_text(root, "format", "corbel.enroll.1");
	output_base64(root, "ek_certificate", identity.ek_certificate.data,
		      identity.ek_certificate.length);
	output_hex(root, "ek_public", ek.data, ek.length);
	output_hex(root, "ak_public", identity.ak_public.data, identity.ak_public.length);
	ret = output_write(root, options->request[0].output);
	json_object_put(root);
	return ret;
}

static void take(struct json_node node, struct blob *out)
{
	struct bytes bytes = {0};

	json_hex_bytes(node, sizeof(out->data), &bytes);
	if (bytes.data) {
		memcpy(out->data, bytes.data, bytes.length);
		out->length = bytes.length;
	}
	free(bytes.data);
}

static int read_challenge(const char *path, struct blob *credential, struct blob *secret)
{
	struct json_file file;
	struct json_node root;
	int ret = ATTEST_OK;

	if (json_open_path(&file, &root, path, JSON_FILE_MAX)) {
		json_format(&root, "corbel.challenge.1");
		json_only(&root, (const char *[]){"format", "credential", "secret", NULL});
		take(json_member(&root, "credential"), credential);
		take(json_member(&root, "secret"), secret);
	}
	if (!json_ok(&file)) {
		attest_error("%s", file.error);
		ret = ATTEST_USAGE;
	}
	json_close(&file);
	return ret;
}

int enrol_activate(const struct options *options)
{
	static struct blob credential, secret, out;
	char text[2 * sizeof(TPMU_HA) + 1];
	int ret = read_challenge(options->activate, &credential, &secret);

	ret = ret ? ret : open_key(options);
	if (ret) {
		return ret;
	}
	ret = key_activate(&tpm, &credential, &secret, &out);
	tpm_close(&tpm);
	if (!ret) {
		hex_encode(out.data, out.length, text);
		puts(text);
		if (fflush(stdout)) {
			ret = attest_error("cannot write to stdout");
		}
	}
	return ret;
}
